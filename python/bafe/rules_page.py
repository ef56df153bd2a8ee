"""Proofs as one HTML page that needs nothing else: sorted by a click, searched by typing."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bafe.verify import Proof

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem }
h1 { font-size: 1.5rem; margin: 0 } .totals { margin: .2rem 0 1rem }
.totals b { padding: .1rem .5rem; border-radius: .4rem; margin-right: .5rem }
input { font: inherit; width: 100%; padding: .4rem .6rem; margin-bottom: .8rem;
  box-sizing: border-box; border: 1px solid var(--line); border-radius: .4rem;
  background: transparent; color: inherit }
table { border-collapse: collapse; width: 100% }
th { text-align: left; cursor: pointer; user-select: none; border-bottom: 2px solid var(--line) }
th::after { content: " \\2195"; opacity: .4 } th.up::after { content: " \\2191"; opacity: 1 }
th.down::after { content: " \\2193"; opacity: 1 }
td, th { padding: .3rem .6rem; vertical-align: top } td { border-bottom: 1px solid var(--soft) }
td.ms, th.ms { text-align: right; font-variant-numeric: tabular-nums }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: var(--soft); padding: .6rem;
  border-radius: .4rem; margin: .4rem 0; font-size: 13px }
code, summary { font-family: ui-monospace, monospace; font-size: 13.5px }
summary { cursor: pointer } .proven { background: #2a92 } .bounded { background: #28c2 }
.tested { background: #c922 } .refuted { background: #d335 }
td.status b { padding: .05rem .45rem; border-radius: .4rem; font-weight: 600 }
"""

_SCRIPT = """
const body = document.querySelector('tbody'), heads = [...document.querySelectorAll('th')];
heads.forEach((head, i) => head.onclick = () => {
  const up = !head.classList.contains('up');
  heads.forEach(h => h.classList.remove('up', 'down'));
  head.classList.add(up ? 'up' : 'down');
  const key = row => row.cells[i].dataset.key;
  const order = (a, b) => i == 3 ? key(a) - key(b) : key(a).localeCompare(key(b));
  [...body.rows].sort((a, b) => up ? order(a, b) : order(b, a)).forEach(row => body.append(row));
});
document.querySelector('input').oninput = event => {
  const wanted = event.target.value.toLowerCase().split(/\\s+/);
  for (const row of body.rows)
    row.hidden = !wanted.every(word => row.textContent.toLowerCase().includes(word));
};
"""

_RANK = {"refuted": "0", "tested": "1", "bounded": "2", "proven": "3"}


def _row(proof: Proof, texts: dict[str, str]) -> str:
    text = texts.get(proof.name, "")
    more = f"<pre>{html.escape(text)}</pre>" if text else ""
    more += f"<div>{html.escape(proof.detail)}</div>" if proof.detail else ""
    if proof.counterexample:
        more += f"<pre>{html.escape(proof.counterexample)}</pre>"
    opened = " open" if proof.status == "refuted" else ""
    name, engine, status = (html.escape(t) for t in (proof.name, proof.engine, proof.status))
    return (
        f'<tr><td data-key="{name}"><details{opened}><summary>{name}</summary>{more}</details></td>'
        f'<td class="status" data-key="{_RANK.get(proof.status, "9")}">'
        f'<b class="{status}">{status}</b></td>'
        f'<td data-key="{engine}">{engine}</td>'
        f'<td class="ms" data-key="{proof.ms:.3f}">{proof.ms:.1f}</td></tr>'
    )


def page(proofs: Iterable[Proof]) -> str:
    """Give the page: a row a rule, its text, proof and counterexample behind a click."""
    from bafe import _core

    texts = {rule["name"]: rule["text"] for rule in _core.list_rules()}
    found = list(proofs)
    totals = "".join(
        f'<b class="{status}">{sum(p.status == status for p in found)} {status}</b>'
        for status in ("proven", "bounded", "tested", "refuted")
    )
    rows = "\n".join(_row(proof, texts) for proof in found)
    seconds = sum(proof.ms for proof in found) / 1e3
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>BAFE: proofs of rules</title>
<meta name="viewport" content="width=device-width"><style>{_STYLE}</style></head>
<body><h1>Proofs of {len(found)} rules</h1>
<p class="totals">{totals} in {seconds:.1f} s of proving</p>
<input type="search" placeholder="words of a name, a text, a status, an engine" aria-label="filter">
<table><thead><tr><th>rule</th><th>status</th><th>engine</th><th class="ms">ms</th></tr></thead>
<tbody>
{rows}
</tbody></table><script>{_SCRIPT}</script></body></html>
"""
