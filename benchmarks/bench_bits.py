"""math="bits" gives the same bits on 1 to 16 threads, compiled, loaded, on tier 0 and interpreted.

    python benchmarks/bench_bits.py [programs] [--seed N]

Random programs of tests/python/random_program.py. Every result of every way is compared with the
interpreter's in every bit (NaN payloads aside); functions without bits of their own (exp, log, sin
and their like) are compared between the compiled ways, which share one code, and with the others
within four units.
"""

import argparse
import os
import sys
import tempfile
import warnings

os.environ.setdefault("BAFE_CACHE_DIR", tempfile.mkdtemp())
sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "tests", "python"))

import bafe  # noqa: E402
import numpy as np  # noqa: E402
from random_program import SMOOTH, RandomProgram  # noqa: E402

THREADS = (1, 2, 3, 4, 5, 7, 8, 12, 16)
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


def differences(seed):
    program = RandomProgram(seed)
    args = program.inputs
    results = {}
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        results["interpreted"] = bafe.jit(program.run, math="bits", tier="interpreted")(*args)
        lazy = bafe.jit(program.run, math="bits", tier="auto")
        results["tier 0"] = lazy(*args)
        lazy.wait()
        results["after the wait"] = lazy(*args)
        for threads in THREADS:
            f = bafe.jit(program.run, math="bits", tier="compiled", threads=threads)
            results[f"{threads} threads"] = f(*args)
        hit = bafe.jit(program.run, math="bits", tier="compiled", threads=1)
        results["cache hit"] = hit(*args)
        text = str(hit.compile(*args).chosen_text)
    base = results["1 threads" if is_elementary(text) else "interpreted"]
    compiled = [name for name in results if "threads" in name or name == "cache hit"]
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
    options = parser.parse_args()
    found, done = [], 0
    for seed in range(options.seed, options.seed + options.programs):
        new = differences(seed)
        done += 1
        found += new
        for line in new:
            print(line, flush=True)
    print(f"{done} programs, {len(THREADS) + 4} ways each: {len(found)} differences")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
