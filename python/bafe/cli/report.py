"""``bafe report``: one page of what a folder written by ``BAFE_TRACE`` holds."""

from __future__ import annotations

import click

from bafe.cli.output import Output, with_json


@click.command(epilog='JSON: {"output", "bytes"}')
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False))
@click.option("-o", "--output", metavar="FILE", help="The page to write; default: DIR/report.html.")
@with_json
def report(out: Output, folder: str, output: str | None) -> None:
    """Write one self-contained HTML page of a folder that BAFE_TRACE=DIR filled."""
    import os

    from bafe.report import write_report

    path = output or os.path.join(folder, "report.html")
    write_report(folder, path)
    size = os.path.getsize(path)
    out.result({"output": path, "bytes": size})
    out.line(f"{path}: written, {size} bytes")
