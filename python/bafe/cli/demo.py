"""``bafe demo``: NumPy programs as written, as BAFE chose them, and both times."""

from __future__ import annotations

import click

from bafe.cli.output import Output, with_json


@click.command(
    epilog='JSON: {"version", "numpy", "rows": as of bafe bench}. Exit status 1 when a result '
    "differs from NumPy's by more than rounding."
)
@click.option("--size", type=click.IntRange(1, 4096), default=512, show_default=True)
@with_json
def demo(out: Output, size: int) -> int:
    """Show what BAFE makes of small NumPy programs."""
    import numpy

    import bafe
    from bafe.cli.bench import measured, show

    out.line(f"BAFE {bafe.__version__} beside NumPy {numpy.__version__}", "bold")
    rows = measured(out, size, 5, "running")
    out.result({"version": bafe.__version__, "numpy": numpy.__version__, "rows": rows})
    show(out, rows, ("program", "as chosen", "numpy", "bafe", "ratio", "error"))
    out.line()
    out.line("next: bafe explain FILE.py:FUNCTION --arg f32[64,64], bafe doctor, bafe --help")
    return 0 if all(row["agrees"] for row in rows) else 1
