"""Fifty batch sizes in a loop: kernels for any size against kernels for each, and NumPy.

    python benchmarks/bench_shapes.py

For each program three figures of the loop over fifty new sizes (each called twice): seconds and
compiles with tier="auto" (one search, few kernels), with tier="compiled" (a search and a kernel for
each size), and NumPy's seconds. Then, for five of the sizes, the warm time of the kernel for any
size over that of the kernel made for the size, as timed by the runtime in interleaved runs.
"""

import os
import statistics
import tempfile
import time

os.environ["BAFE_CACHE_DIR"] = tempfile.mkdtemp(prefix="bafe-bench-shapes-")

import bafe  # noqa: E402
import numpy as np  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.markup import escape  # noqa: E402
from rich.table import Table  # noqa: E402

SIZES = [int(n) for n in np.random.default_rng(3).permutation(np.arange(20, 420, 8))][:50]
WARM = [24, 65, 130, 257, 400]


def f32(*shape):
    return np.random.default_rng(1).standard_normal(shape).astype(np.float32)


def numpy_softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


W, B = f32(256, 128), f32(128)
PROGRAMS = {
    "softmax(x[n, 256])": (bafe.softmax, numpy_softmax, lambda n: [f32(n, 256)]),
    "relu(a * b + c), [n, 256]": (
        lambda a, b, c: bafe.relu(a * b + c),
        lambda a, b, c: np.maximum(a * b + c, 0),
        lambda n: [f32(n, 256), f32(n, 256), f32(n, 256)],
    ),
    "relu(x @ w + b), x [n, 256]": (
        lambda x, w, b: bafe.relu(x @ w + b),
        lambda x, w, b: np.maximum(x @ w + b, 0),
        lambda n: [f32(n, 256), W, B],
    ),
    "sum over axis 0, [n, 256]": (
        lambda x: bafe.reduce_sum(x, (0,)),
        lambda x: x.sum(axis=0),
        lambda n: [f32(n, 256)],
    ),
}


def loop(fn, arguments, settle):
    """Seconds of two calls with each size, and compiles."""
    before = bafe.cache.info().compiles
    given = [arguments(n) for n in SIZES]
    start = time.perf_counter()
    for args in given:
        fn(*args)
        fn(*args)
    seconds = time.perf_counter() - start
    settle()
    return seconds, bafe.cache.info().compiles - before


def ratios(fn, arguments):
    """Warm times of the kernel for any size over those of kernels made for the sizes: what the
    runtime itself finds once a size is called often."""
    f = bafe.jit(fn, tier="auto")
    for n in (31, 44, 52, 77, *WARM):
        f.compile(*arguments(n))
    out = []
    for n in WARM:
        args = arguments(n + 1)  # never met: begins on a kernel for any size
        f(*args)
        if f.state(*args).tier != "compiled":
            continue  # a form of its own: the time would be that of tier 0
        for _ in range(500):
            f(*args)
        f.wait()
        state = f.state(*args)
        if state.runs > 0:
            out.append(1 / state.ratio)
    return out or [float("nan")]


def main():
    table = Table(title="fifty batch sizes")
    for column in (
        "program",
        "any size",
        "compiles",
        "each size",
        "compiles",
        "NumPy",
        "warm, any/each",
    ):
        table.add_column(column)
    for name, (fn, reference, arguments) in PROGRAMS.items():
        general = bafe.jit(fn, tier="auto")
        seconds, compiles = loop(general, arguments, general.wait)
        bafe.cache.clear()
        each_seconds, each_compiles = loop(bafe.jit(fn, tier="compiled"), arguments, lambda: None)
        numpy_seconds, _ = loop(reference, arguments, lambda: None)
        warm = ratios(fn, arguments)
        table.add_row(
            escape(name),
            f"{seconds:.3f} s",
            str(compiles),
            f"{each_seconds:.3f} s",
            str(each_compiles),
            f"{numpy_seconds:.4f} s",
            f"{statistics.median(warm):.2f} ({min(warm):.2f}..{max(warm):.2f})",
        )
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
