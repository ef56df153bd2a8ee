"""``bafe bench``: a small benchmark beside NumPy, or the suites of a checkout."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, Callable

import click

from bafe.cli.output import Output, time_text, with_json


def measured(out: Output, size: int, rounds: int, title: str) -> list[dict[str, Any]]:
    """Each small program beside NumPy: errors, medians, what was chosen."""
    from bafe.cli.programs import cases
    from bafe.jit import jit
    from bafe.testing import largest_error, time_together

    rows = []
    found = cases(size)
    with out.progress(title, len(found)) as step:
        for case in found:
            f = jit(case.function, tier="compiled")
            error = largest_error(f(*case.arguments), case.function(*case.arguments))
            calls: dict[str, Callable[[], Any]] = {
                "numpy": partial(case.function, *case.arguments),
                "bafe": partial(f, *case.arguments),
            }
            times = time_together(calls, rounds)
            told = f.explain(*case.arguments)
            rows.append(
                {
                    "title": case.title,
                    "numpy_ns": times["numpy"].ms * 1e6,
                    "bafe_ns": times["bafe"].ms * 1e6,
                    "ratio": times["numpy"].ms / times["bafe"].ms,
                    "error": error,
                    "agrees": bool(error <= case.tolerance),
                    "chosen": told.chosen,
                    "rules": told.rules,
                }
            )
            step(case.title)
    return rows


def show(out: Output, rows: list[dict[str, Any]], heads: tuple[str, ...]) -> None:
    """A table of such rows."""
    from bafe.explanation import _short

    texts: dict[str, Callable[[dict[str, Any]], str]] = {
        "program": lambda r: r["title"],
        "as chosen": lambda r: _short(r["chosen"], 60),
        "rules": lambda r: ", ".join(r["rules"]) or "-",
        "numpy": lambda r: time_text(r["numpy_ns"]),
        "bafe": lambda r: time_text(r["bafe_ns"]),
        "ratio": lambda r: f"{r['ratio']:.2f}",
        "error": lambda r: f"{r['error']:.1e}" + ("" if r["agrees"] else " DIFFERS"),
    }
    cells = [[texts[head](row) for head in heads] for row in rows]
    out.table(heads, cells, right="numpy bafe ratio error")


def _checkout() -> Path | None:
    """The folder of a checkout with benchmarks, from here or beside the package."""
    import bafe

    for start in (Path.cwd(), Path(bafe.__file__).resolve().parent):
        for folder in (start, *start.parents):
            if (folder / "benchmarks" / "run.py").is_file() and (folder / "run").is_file():
                return folder
    return None


@click.command(
    context_settings={"ignore_unknown_options": True},
    epilog="""\b
Without SUITE: small programs beside NumPy, ratio above 1 where BAFE is faster.
With SUITE (in a checkout only): ./run bench SUITE; further arguments go there.

\b
JSON: {"rows": [{"title", "numpy_ns", "bafe_ns", "ratio", "error", "agrees", "chosen", "rules"}],
"geomean"}. Exit status 1 when a result differs from NumPy's by more than rounding.""",
)
@click.argument("suite", nargs=-1, type=click.UNPROCESSED, metavar="[SUITE]...")
@click.option("--size", type=click.IntRange(1, 4096), default=512, show_default=True)
@click.option("--rounds", type=click.IntRange(1, 1000), default=5, show_default=True)
@with_json
def bench(out: Output, suite: tuple[str, ...], size: int, rounds: int) -> int:
    """Time small programs beside NumPy, or run suites of a checkout."""
    if suite:
        folder = _checkout()
        if folder is None or out.as_json:
            raise click.UsageError(
                "suites run in a checkout: clone the repository and call ./run bench there"
                if folder is None
                else "--json is for the small programs: suites write benchmarks/results"
            )
        command = [sys.executable, str(folder / "benchmarks" / "run.py"), *suite]
        return subprocess.run(command, env=dict(os.environ), check=False).returncode
    rows = measured(out, size, rounds, "timing")
    mean = math.exp(sum(math.log(row["ratio"]) for row in rows) / len(rows))
    out.result({"rows": rows, "geomean": mean})
    show(out, rows, ("program", "numpy", "bafe", "ratio", "error"))
    out.line(f"geometric mean of the ratios: {mean:.2f}")
    return 0 if all(row["agrees"] for row in rows) else 1
