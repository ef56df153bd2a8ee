"""How commands show what they found: tables with colours on a terminal, plain aligned text in
pipes, one JSON value under ``--json``."""

from __future__ import annotations

import json
import math
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Callable

import click

STYLES = {
    "ok": "green", "warn": "yellow", "fail": "bold red", "proven": "green", "bounded": "cyan",
    "tested": "yellow", "refuted": "bold red",
}  # fmt: skip


def is_rich(stream: Any) -> bool:
    """Whether colours and moving bars are wanted: a terminal, and nobody said no."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return bool(hasattr(stream, "isatty") and stream.isatty())


def plain(value: Any) -> Any:
    """Data as JSON has it: numbers that JSON cannot say become null, tuples lists."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    return str(value)


def write_json(value: Any) -> None:
    """Write one value to standard output."""
    click.echo(json.dumps(plain(value), indent=2, ensure_ascii=False))


class Output:
    """What one command writes. Under ``--json`` only ``result`` reaches standard output."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.is_rich = is_rich(sys.stdout) and not as_json

    def result(self, value: Any) -> None:
        """The command's JSON; nothing otherwise."""
        if self.as_json:
            write_json(value)

    def line(self, text: str = "", style: str = "") -> None:
        """A line of text for people."""
        if self.as_json:
            return
        if self.is_rich and style:
            from rich.console import Console
            from rich.text import Text

            Console(highlight=False).print(Text(text, style=style))
        else:
            click.echo(text)

    def table(self, heads: Sequence[str], rows: Iterable[Sequence[str]], right: str = "") -> None:
        """Rows under heads. ``right`` names the heads of columns of numbers, by blanks."""
        if self.as_json:
            return
        lines = [list(row) for row in rows]
        is_right = [head in right.split() for head in heads]
        if self.is_rich:
            _rich_table(heads, lines, is_right)
            return
        cells = [list(heads), *lines]
        widths = [max(len(row[i]) for row in cells) for i in range(len(heads))]
        for row in cells:
            padded = [
                text.rjust(width) if push else text.ljust(width)
                for text, width, push in zip(row, widths, is_right)
            ]
            click.echo("  ".join(padded).rstrip())

    @contextmanager
    def progress(self, title: str, total: int) -> Iterator[Callable[[str], None]]:
        """A bar on a terminal's standard error; the value is called after each step."""
        if not is_rich(sys.stderr):
            yield lambda step: None
            return
        from rich.console import Console
        from rich.progress import Progress

        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(title, total=total)
            yield lambda step: bar.update(task, advance=1, description=f"{step:<40.40}")


def _rich_table(heads: Sequence[str], rows: list[list[str]], is_right: list[bool]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="bold", pad_edge=False)
    for head, push in zip(heads, is_right):
        table.add_column(head, justify="right" if push else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell, style=STYLES.get(cell, "")) for cell in row))
    Console(highlight=False).print(table)


def time_text(nanoseconds: float) -> str:
    """A time with its unit, three digits."""
    from bafe.explanation import _time

    return _time(nanoseconds)


def bytes_text(count: float) -> str:
    """A size with its unit."""
    from bafe.memory import _bytes

    return _bytes(int(count))


def with_json(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--json`` and its ``Output`` as first argument."""
    import functools

    @click.option("--json", "as_json", is_flag=True, help="Print one JSON value instead of text.")
    @functools.wraps(command)
    def with_output(*args: Any, as_json: bool, **given: Any) -> Any:
        click.get_current_context().find_root().meta["json"] = as_json
        return command(Output(as_json), *args, **given)

    return with_output
