"""``bafe rules``: list, show, verify, prove."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bafe.cli.output import Output, with_json

if TYPE_CHECKING:
    from bafe.verify import Report


def _prove(name: str) -> dict[str, Any]:
    from bafe import _core, verify

    return _core.verify_written_rule(name, verify.smt_program())


@contextmanager
def _no_ctrl_c() -> Iterator[None]:
    """Children that start here leave Ctrl-C to this process, where it waits for the end."""
    met: list[int] = []
    handler = signal.signal(signal.SIGINT, lambda number, frame: met.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # which children keep
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
    if met:
        raise KeyboardInterrupt


def _proofs(names: list[str], workers: int) -> Iterator[dict[str, Any]]:
    """Prove in processes of their own, so that a proof that dies takes no other with it."""
    if workers <= 1 or len(names) < 4:
        yield from map(_prove, names)
        return
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from multiprocessing import get_context

    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        with _no_ctrl_c():
            asked = [pool.submit(_prove, name) for name in names]
        try:
            for done in as_completed(asked):
                yield done.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _prove_all(out: Output, names: list[str], workers: int) -> Report:
    from bafe import verify

    found = []
    with out.progress("proving", len(names)) as step:
        for proof in _proofs(names, workers):
            found.append(proof)
            step(proof["name"])
    place = {name: i for i, name in enumerate(names)}
    found.sort(key=lambda proof: place[proof["name"]])
    return verify.Report(verify.Proof(**proof) for proof in found)


def _totals(report: Report) -> dict[str, int]:
    return {status: report.count(status) for status in ("proven", "bounded", "tested", "refuted")}


def _as_data(report: Report) -> list[dict[str, Any]]:
    return [{k: v for k, v in p._asdict().items() if k != "smt"} for p in report]


def _chosen(given: tuple[str, ...]) -> list[str]:
    from bafe import _core
    from bafe.arguments import _nearest

    names = _core.written_rules()
    unknown = sorted(set(given) - set(names))
    if unknown:
        near = _nearest(unknown[0], names)
        fix = near if near.startswith("did") else "bafe rules list shows the names"
        raise _core.RuleError(f"no rule is called {', '.join(unknown)}\n  fix: {fix}")
    return list(given) or names


def _complete(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    from bafe import _core

    return [name for name in _core.written_rules() if name.startswith(begun)]


@click.group()
def rules() -> None:
    """The rewrite rules and what is proven about them."""


@rules.command("list", epilog='JSON: a list of {"name", "theme", "set", "classes", "move", "why"}')
@click.option("--theme", help="Only rules of this theme, as of the file rules/THEME.rules.")
@with_json
def list_(out: Output, theme: str | None) -> None:
    """List every rule in force."""
    from bafe import _core
    from bafe import rules as in_force
    from bafe.arguments import _nearest

    found = in_force.all()
    themes = sorted({rule.theme for rule in found})
    if theme is not None and theme not in themes:
        raise _core.RuleError(f"no rule has the theme {theme}\n  fix: {_nearest(theme, themes)}")
    found = [rule for rule in found if theme in (None, rule.theme)]
    keys = ("name", "theme", "set", "classes", "move", "why")
    out.result([{key: getattr(rule, key) for key in keys} for rule in found])
    rows = [
        (one.name, one.theme, one.set, "move" if one.move else " ".join(one.classes))
        for one in found
    ]
    out.table(("rule", "theme", "set", "class"), rows)


@rules.command(
    epilog='JSON: {"name", "theme", "text", "why", "set", "classes", "move", "proof": {"status", '
    '"engine", "detail", "counterexample", "ms", …}}'
)
@click.argument("name", metavar="RULE", shell_complete=_complete)
@with_json
def show(out: Output, name: str) -> None:
    """Show one rule and prove it now."""
    from bafe import rules as in_force
    from bafe import verify

    _chosen((name,))
    rule, proof = in_force.get(name), verify.Proof(**_prove(name))
    out.result({**rule._asdict(), "proof": _as_data(verify.Report([proof]))[0]})
    out.line(rule.text)
    out.line(str(proof))


@rules.command(
    epilog='JSON: {"totals": {"proven", "bounded", "tested", "refuted"}, "proofs": [{"name", '
    '"status", "engine", "detail", "counterexample", "ms", …}]}. Exit status 1 if one is refuted.'
)
@click.argument("names", nargs=-1, metavar="[RULE]...", shell_complete=_complete)
@click.option("--html", metavar="FILE", help="Also write a page.")
@click.option("--workers", type=click.IntRange(1, 256), default=2, show_default=True)
@with_json
def verify(out: Output, names: tuple[str, ...], html: str | None, workers: int) -> int:
    """Prove rules now, all by default."""
    report = _prove_all(out, _chosen(names), workers)
    out.result({"totals": _totals(report), "proofs": _as_data(report)})
    rows = [(p.name, p.status, p.engine, f"{p.ms:.1f}") for p in report]
    out.table(("rule", "status", "engine", "ms"), rows, right="ms")
    for proof in report:
        if proof.status == "refuted":
            out.line(f"{proof.name}: {proof.detail}\n{proof.counterexample}", "red")
    out.line(str(report).splitlines()[-1])
    if html:
        Path(html).write_text(report.html(), encoding="utf-8")
        out.line(f"{html}: written")
    return 1 if report.count("refuted") else 0


@rules.command(
    epilog='JSON: {"lock", "changed", "totals", "wrong": [names]}. Exit status 1 if a rule may not '
    "be used as it is."
)
@click.option("--lock", default="rules/rules.lock", show_default=True, metavar="FILE")
@click.option("--workers", type=click.IntRange(1, 256), default=2, show_default=True)
@with_json
def prove(out: Output, lock: str, workers: int) -> int:
    """Prove all rules and write rules.lock."""
    from bafe import _core
    from bafe import verify as prover

    path = Path(lock)
    if not path.parent.is_dir():
        raise FileNotFoundError(2, "there is no such folder", str(path.parent))
    report = _prove_all(out, _core.written_rules(), workers)
    before = path.read_text(encoding="utf-8") if path.exists() else ""
    proofs = [proof._asdict() for proof in report]
    text = _core.rules_lock_text(proofs, prover.solvers(), before)
    if text != before:
        temporary = path.with_name(path.name + ".new")
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, path)
    wrong = [proof for proof in report if proof.status not in ("proven", "bounded")]
    out.result(
        {
            "lock": lock,
            "changed": text != before,
            "totals": _totals(report),
            "wrong": [proof.name for proof in wrong],
        }
    )
    out.line(str(report).splitlines()[-1])
    for proof in wrong:
        out.line(f"{proof.name}: {proof.status}: {proof.detail}\n{proof.counterexample}".rstrip())
    if wrong:
        out.line(f"{len(wrong)} rules may not be used as they are; mend them or take them out")
    return 1 if wrong else 0
