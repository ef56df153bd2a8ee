"""math="bits" gives the same bits on 1 to 16 threads, with other tiles, compiled, loaded, on tier 0
and interpreted.

    python benchmarks/bench_bits.py [programs] [--seed N] [--seconds S]

Random programs of tests/python/random_program.py, every fourth one a large product with sums, on
numbers whose sums round. Every result of every way is compared with the interpreter's in every bit
(NaN payloads aside); programs with functions that have no bits of their own (exp, log, sin and
their like) are compared between the compiled ways only, which share one code.
"""

import argparse
import os
import sys
import tempfile
import time
import warnings

os.environ.setdefault("BAFE_CACHE_DIR", tempfile.mkdtemp())
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tests", "python"))

import bafe  # noqa: E402
import numpy as np  # noqa: E402
import random_program  # noqa: E402
from random_program import SMOOTH  # noqa: E402

LARGER = (1, 2, 3, 24, 40)  # sizes of every third program: enough for several threads
TILED = []  # seeds of programs that another way to cut products changed
ELEMENTARY = (*SMOOTH, "sigmoid", "silu", "gelu", "logaddexp", "pow", "erf", "tanh", "exp")


def same_bits(a, b):
    a, b = np.asarray(a), np.asarray(b)
    if a.dtype != b.dtype or a.shape != b.shape:
        return False
    if a.dtype.kind == "f":
        nan = np.isnan(a)
        return bool((nan == np.isnan(b)).all()) and (a[~nan].tobytes() == b[~nan].tobytes())
    return a.tobytes() == b.tobytes()


def is_elementary(text):
    return any(f"{name} " in text for name in ELEMENTARY)


def threads_of(seed):
    """1, 16 and three numbers between."""
    drawn = np.random.default_rng(seed).permutation(np.arange(2, 16))[:3]
    return (1, *sorted(map(int, drawn)), 16)


class LargeProgram:
    """A product and sums over its axes, large enough for several threads and several tiles."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        m, n, k = (int(rng.integers(1, 130)) for _ in range(3))
        dtype = ("f4", "f8")[int(rng.integers(0, 2))]
        batch = (3,) if rng.integers(0, 4) == 0 else ()
        self.inputs = [
            (rng.integers(-16, 17, shape) / 4).astype(dtype)
            for shape in ((*batch, m, k), (k, n), (n,))
        ]
        self.axis, self.epilogue = int(rng.integers(-2, 0)), int(rng.integers(0, 3))

    def run(self, a, b, c):
        y = a @ b
        if self.epilogue:
            y = np.maximum(y + c, 0)
        if self.epilogue == 2:
            y = y / (1 + np.sum(y * y, axis=-1, keepdims=True))
        return y, np.sum(y, axis=self.axis), np.mean(y), np.sum(a)


def drawn_program(seed):
    if seed % 4 == 3:
        return LargeProgram(seed)
    sizes = random_program.DIMS
    if seed % 3 == 2:
        random_program.DIMS = LARGER
    try:
        return random_program.RandomProgram(seed)
    finally:
        random_program.DIMS = sizes


def rounded(x, rng):
    """Floats of full mantissas: sums of the generator's own are exact in every order."""
    return (x * rng.uniform(0.5, 1.5, x.shape)).astype(x.dtype) if x.dtype.kind == "f" else x


def differences(seed):
    program = drawn_program(seed)
    args = [rounded(x, np.random.default_rng(seed)) for x in program.inputs]
    results = {}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results["interpreted"] = bafe.jit(program.run, math="bits", tier="interpreted")(*args)
        lazy = bafe.jit(program.run, math="bits", tier="auto")
        results["tier 0"] = lazy(*args)
        lazy.wait()
        results["after the wait"] = lazy(*args)
        for threads in threads_of(seed):
            f = bafe.jit(program.run, math="bits", tier="compiled", threads=threads)
            results[f"{threads} threads"] = f(*args)
        for tiling in ("1", "2", "3"):
            os.environ["BAFE_TILING"] = tiling
            other = bafe.jit(program.run, math="bits", tier="compiled", threads=2)
            results[f"tiling {tiling}"] = other(*args)
            alike = str(other.compile(*args).c_text) == str(f.compile(*args).c_text)
            if alike:
                break
            TILED.append(seed)
        os.environ.pop("BAFE_TILING", None)
        hit = bafe.jit(program.run, math="bits", tier="compiled", threads=1)
        results["cache hit"] = hit(*args)
        text = str(hit.compile(*args).chosen_text)
    base = results["1 threads" if is_elementary(text) else "interpreted"]
    compiled = [
        name for name in results if "threads" in name or "tiling" in name or "cache" in name
    ]
    ways = compiled if is_elementary(text) else list(results)
    return [
        f"seed {seed}, {way}, result {i}"
        for way in ways
        for i, (a, b) in enumerate(zip(base, results[way]))
        if not same_bits(a, b)
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("programs", nargs="?", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    options = parser.parse_args()
    found, done, end = [], 0, time.monotonic() + options.seconds
    for seed in range(options.seed, options.seed + options.programs):
        if time.monotonic() > end:
            break
        new = differences(seed)
        done += 1
        found += new
        for line in new:
            print(line, flush=True)
    print(
        f"seeds {options.seed} to {options.seed + done - 1}: {done} programs, 9 ways each, and "
        f"{len(TILED)} other tilings: {len(found)} differences"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
