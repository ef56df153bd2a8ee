"""``bafe explain``: what a function was written as, what was chosen for it, and why."""

from __future__ import annotations

import click

from bafe.cli.output import Output, with_json

_HEADS = ("as written:", "chosen:", "rewrites", "search", "best candidates", "not taken", "program")


@click.command(
    epilog="""\b
Examples:
  bafe explain model.py:forward --arg f32[8,512] --arg f32[512,4]
  bafe explain mypackage.layers:dense --arg x=f32[8,512] --html report.html

JSON: what Explanation.to_dict() gives: {"written", "chosen", "steps", "candidates", "stats", …}"""
)
@click.argument("target", metavar="MODULE:FUNCTION")
@click.option(
    "--arg", "specs", multiple=True, metavar="SPEC",
    help="Of each argument in order: f32[64,64], i64[], a number, or name=SPEC.",
)  # fmt: skip
@click.option("--html", metavar="FILE", help="Also write a page.")
@click.option("--math", type=click.Choice(["bits", "reals", "fast"]), help="Numeric class.")
@click.option("--threads", type=click.IntRange(1, 256), help="Most threads a call may use.")
@click.option("--mode", type=click.Choice(["fast-compile", "default", "max-autotune"]))
@with_json
def explain(
    out: Output,
    target: str,
    specs: tuple[str, ...],
    html: str | None,
    math: str | None,
    threads: int | None,
    mode: str | None,
) -> None:
    """Explain the search for a function; nothing is executed.

    TARGET is module:function or path/to/file.py:function.
    """
    from bafe import _core
    from bafe.cli.inputs import argument_of, function_of
    from bafe.jit import JitFunction, jit

    given = [argument_of(spec) for spec in specs]
    function = function_of(target)
    if not isinstance(function, JitFunction):
        function = jit(function)
    _check_count(function, given, target)
    options = {"math": math, "threads": threads, "mode": mode}
    wanted = {name: value for name, value in options.items() if value is not None}
    if wanted:
        function = jit(function, **{**function._options.given, **wanted})
    positional = [value for name, value in given if not name]
    try:
        found = function.explain(*positional, **{name: value for name, value in given if name})
    except _core.BafeError:
        raise
    except Exception as error:
        raise _core.TraceError(
            f"{target}: it fails while it is traced: {type(error).__name__}: {error}\n"
            "  fix: bafe --debug explain shows where"
        ) from error
    out.result(found.to_dict())
    for line in str(found).splitlines():
        out.line(line, "bold" if line.startswith(_HEADS) else "")
    if html:
        found.html(html)
        out.line(f"{html}: written")


def _check_count(function: object, given: list[tuple[str, object]], target: str) -> None:
    """Missing arguments are named before the function is traced."""
    import inspect

    try:
        signature = inspect.signature(function._options.fn)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        return
    positional = [value for name, value in given if not name]
    try:
        signature.bind(*positional, **{name: value for name, value in given if name})
    except TypeError as error:
        raise click.UsageError(
            f"{target}{signature}: {error}: give --arg for each argument, as in --arg f32[64,64]"
        ) from None
