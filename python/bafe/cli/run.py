"""``bafe run``: a program of a file, compiled and run on arrays of files."""

from __future__ import annotations

import os
from typing import Any

import click

from bafe.cli.output import Output, time_text, with_json


@click.command(
    epilog="""\b
A program is written by f.trace(*args).as_text("json") (or "ir").

\b
JSON: {"inputs": [{"name", "dtype", "shape"}], "outputs": [{"dtype", "shape", "min", "max",
"mean", "file"}], "chosen", "median_ns", "predicted_ns"}"""
)
@click.argument("program", metavar="PROGRAM.json")
@click.option(
    "--input", "inputs", multiple=True, metavar="FILE",
    help="A .npy file, or a number, for each input in order.",
)  # fmt: skip
@click.option(
    "--output", "outputs", multiple=True, metavar="FILE", help="A .npy file for each result."
)
@click.option("--math", type=click.Choice(["bits", "reals", "fast"]), default="reals")
@click.option("--threads", type=click.IntRange(1, 256), help="Most threads a call may use.")
@with_json
def run(
    out: Output,
    program: str,
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    math: str,
    threads: int | None,
) -> None:
    """Compile a program and run it on arrays."""
    from bafe.cli.inputs import array_of, program_of
    from bafe.jit import jit

    parsed = program_of(program)
    wanted = parsed.inputs()
    arrays = _checked(parsed, [array_of(path) for path in inputs], inputs)
    if outputs and len(outputs) != len(parsed.root_specs()):
        raise click.UsageError(
            f"the program has {len(parsed.root_specs())} results, --output names {len(outputs)}"
        )
    for path in outputs:
        folder = os.path.dirname(path) or "."
        if not os.path.isdir(folder):
            raise FileNotFoundError(2, "there is no such folder", folder)
    function = jit(_named(parsed), math=math, threads=threads)
    compiled = function.compile(*arrays)
    results, median = _timed(compiled, arrays)
    for path, result in zip(outputs, results):
        _save(path, result)
    out.result(
        {
            "inputs": [{"name": n, "dtype": d, "shape": s} for n, d, s, _, _ in wanted],
            "outputs": [
                {**_summary(result), "file": path}
                for result, path in zip(results, [*outputs, *[None] * len(results)])
            ],
            "chosen": compiled.chosen_brief,
            "median_ns": median,
            "predicted_ns": compiled.predicted_ns,
        }
    )
    out.line(f"chosen: {compiled.chosen_brief}")
    out.line(f"a call: {time_text(median)} (predicted {time_text(compiled.predicted_ns)})")
    keys = ("dtype", "shape", "min", "max", "mean")
    rows = []
    for i, result in enumerate(results):
        found = _summary(result)
        rows.append([str(i), *(_text(found[key]) for key in keys), outputs[i] if outputs else ""])
    out.table(("result", *keys, "file"), rows, right="min max mean")


def _named(program: Any) -> Any:
    """The program as a function whose parameters are called like its inputs."""
    import inspect

    from bafe.staging import _inlined

    def function(*values: Any) -> Any:
        return _inlined(program, values)

    names = [name for name, *_ in program.inputs()]
    if len(set(names)) == len(names) and all(name.isidentifier() for name in names):
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = [inspect.Parameter(name, kind) for name in names]
        function.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return function


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _checked(program: Any, arrays: list[Any], files: tuple[str, ...]) -> list[Any]:
    """Inputs as the program declares them; what differs is named."""
    import numpy as np

    from bafe import _core
    from bafe.surface import numpy_dtype

    wanted = program.inputs()
    listed = ", ".join(f"{name}: {dtype}{list(shape)}" for name, dtype, shape, _, _ in wanted)
    if len(arrays) != len(wanted):
        raise click.UsageError(
            f"the program takes {len(wanted)} inputs ({listed}), --input names {len(arrays)}"
        )
    found = []
    for array, path, (name, dtype, shape, weak, _) in zip(arrays, files, wanted):
        if not isinstance(array, np.ndarray):
            found.append(array if weak else np.asarray(array, numpy_dtype(dtype)))
            array = found[-1]
        else:
            found.append(array)
        if np.shape(array) != tuple(shape):
            raise _core.ShapeError(
                f"{path}: input {name} is {dtype}{list(shape)}, the file has shape "
                f"{list(np.shape(array))}\n  fix: give an array of that shape"
            )
        if isinstance(array, np.ndarray) and array.dtype != numpy_dtype(dtype):
            raise _core.DTypeError(
                f"{path}: input {name} is {dtype}, the file has dtype {array.dtype}\n"
                f"  fix: convert it with x.astype(numpy.{numpy_dtype(dtype)})"
            )
    return found


def _timed(compiled: Any, arrays: list[Any]) -> tuple[Any, float]:
    """Results, and the median nanoseconds of a few calls."""
    import statistics
    import time

    results = compiled(*arrays)
    times: list[int] = []
    end = time.perf_counter() + 0.2
    while len(times) < 3 or (len(times) < 101 and time.perf_counter() < end):
        begin = time.perf_counter_ns()
        compiled(*arrays)
        times.append(time.perf_counter_ns() - begin)
    return results, float(statistics.median(times))


def _save(path: str, result: Any) -> None:
    """The file appears when it is whole."""
    import numpy as np

    temporary = f"{path}.{os.getpid()}.new"
    try:
        with open(temporary, "xb") as file:
            np.save(file, np.asarray(result), allow_pickle=False)
        os.replace(temporary, path)
    except BaseException:
        if os.path.exists(temporary):
            os.unlink(temporary)
        raise


def _summary(result: Any) -> dict[str, Any]:
    import numpy as np

    array = np.asarray(result)
    found: dict[str, Any] = {"dtype": str(array.dtype), "shape": list(array.shape)}
    values = array.astype(np.float64) if array.size else np.full(1, np.nan)
    return {
        **found, "min": float(values.min()), "max": float(values.max()),
        "mean": float(values.mean()),
    }  # fmt: skip
