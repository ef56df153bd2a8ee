"""Tables of ratios, shared by the suites."""

from __future__ import annotations

import platform
from typing import Any, Callable, NamedTuple

import bafe
import numpy as np
from bafe.testing import largest_error, time_together
from rich.console import Console
from rich.table import Table


class Row(NamedTuple):
    """One program: BAFE's function beside NumPy's, with the promise as text."""

    title: str
    function: Callable[..., Any]
    reference: Callable[..., Any]
    arguments: tuple[Any, ...]
    promise: str
    tolerance: float = 2e-5


def machine() -> str:
    """Name what is measured on."""
    return f"NumPy {np.__version__} · {platform.processor() or platform.machine()}"


def console() -> Console:
    """Give a console wide enough for the tables, whatever the terminal."""
    return Console(width=150)


def measure(rows: list[Row], title: str, rounds: int = 21) -> None:
    """Check each row's result, time both sides in interleaved rounds, print times and ratios."""
    table = Table(title=f"{title} · {machine()}")
    table.add_column("program")
    for name in ("NumPy µs", "BAFE µs", "NumPy / BAFE", "promise", "largest error"):
        table.add_column(name, justify="right")
    for row in rows:
        error = largest_error(row.function(*row.arguments), row.reference(*row.arguments))
        assert error <= row.tolerance, f"{row.title}: error {error}"
        times = time_together(
            {
                "numpy": lambda r=row: r.reference(*r.arguments),
                "bafe": lambda r=row: r.function(*r.arguments),
            },
            rounds=rounds,
            sample_ms=5,
        )
        table.add_row(
            row.title,
            f"{times['numpy'].ms * 1e3:.1f}",
            f"{times['bafe'].ms * 1e3:.1f}",
            f"{times['numpy'].ms / times['bafe'].ms:.2f}",
            row.promise,
            f"{error:.1e}",
        )
    console().print(table)


def jitted(
    title: str, function: Callable[..., Any], *arguments: Any, promise: str, tolerance: float = 2e-5
) -> Row:
    """Make a row whose reference is the same function run by NumPy."""
    return Row(
        title,
        bafe.jit(function, threads=1, tier="compiled"),
        function,
        arguments,
        promise,
        tolerance,
    )
