"""Is any function slower under BAFE than in NumPy, once tuned? The grid of `kernels`, and random
programs.

Each case: BAFE's function is tuned (`bafe.autotune`), then both are called in turns, 31 pairs. A
case fails when the 95 % interval of the median ratio (NumPy's time by BAFE's, by order statistics)
lies below 0.98.
"""

from __future__ import annotations

import argparse
import functools
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable, NamedTuple

import bafe
import numpy as np
from bafe.testing import largest_error

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "python"))

PAIRS = 31
LOW, HIGH = 9, 21  # ranks of a 95 % interval of the median of 31, from 0 (binomial, 97 %)
FLOOR = 0.98
SAMPLE_S = 3e-4


class Case(NamedTuple):
    name: str
    numpy: Callable[..., Any]
    bafe: Callable[..., Any]
    arrays: tuple[np.ndarray, ...]
    exact: bool  # the two results may be compared by their size alone


def grid(families: list[str] | None) -> Iterator[Case]:
    from bench_kernels import chosen

    everything = argparse.Namespace(family=families, case=None)
    for program in chosen(everything):
        numpy_run = program.own.get("numpy") or functools.partial(program.run, np)
        bafe_run = program.own.get("bafe") or functools.partial(program.run, np)
        yield Case(f"{program.family} {program.name}", numpy_run, bafe_run, program.arrays(), True)


def random_programs(count: int) -> Iterator[Case]:
    from random_program import RandomProgram

    for seed in range(2_000_000, 2_000_000 + count):
        program = RandomProgram(seed)
        yield Case(f"random {seed}", program.run, program.run, tuple(program.inputs), False)


def _repeats(call: Callable[[], Any]) -> int:
    start = time.perf_counter()
    call()
    return max(1, int(SAMPLE_S / max(time.perf_counter() - start, 1e-7)))


def ratios(ours: Callable[[], Any], numpys: Callable[[], Any]) -> list[float]:
    """Give NumPy's time by ours, a pair at a time, sorted."""
    calls = ((numpys, _repeats(numpys)), (ours, _repeats(ours)))
    found = []
    for pair in range(PAIRS):
        seconds = [0.0, 0.0]
        for which in (0, 1) if pair % 2 else (1, 0):
            call, repeats = calls[which]
            start = time.perf_counter()
            for _ in range(repeats):
                call()
            seconds[which] = (time.perf_counter() - start) / repeats
        found.append(seconds[0] / seconds[1])
    return sorted(found)


def measure(case: Case, seconds: float) -> tuple[float, float, float, str]:
    """Give the median ratio, its interval, and the way that tuning chose."""
    function = bafe.jit(case.bafe, threads=1)
    tuned = bafe.autotune(function, case.arrays, seconds=seconds)
    ours = functools.partial(function, *case.arrays)
    numpys = functools.partial(case.numpy, *case.arrays)
    got, want = ours(), numpys()
    if case.exact:
        error = largest_error(got, want)
        assert error < 1e-2, f"{case.name}: the results differ by {error}"
    found = ratios(ours, numpys)
    return found[PAIRS // 2], found[LOW], found[HIGH], tuned.winner


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run bench floor", description=__doc__)
    parser.add_argument("--family", action="append", help="of the grid; may be repeated")
    parser.add_argument("--random", type=int, default=100, help="random programs (default 100)")
    parser.add_argument("--seconds", type=float, default=2.0, help="tuning of a case (default 2)")
    parser.add_argument("--every", type=int, default=1, help="only every n-th case of the grid")
    args, _ = parser.parse_known_args()
    warnings.simplefilter("ignore")
    cases = [*list(grid(args.family))[:: args.every], *random_programs(args.random)]
    slower, medians, hosts = [], [], 0
    for case in cases:
        with np.errstate(all="ignore"):
            median, low, high, winner = measure(case, args.seconds)
        medians.append(median)
        hosts += "host" in winner
        line = f"{case.name:58} {median:7.2f}  [{low:.2f}, {high:.2f}]  {winner}"
        if high < FLOOR:
            slower.append(line)
        print(line, flush=True)
    logs = np.log(medians)
    print(
        f"{len(cases)} cases, geometric mean {np.exp(logs.mean()):.2f} of NumPy's speed; "
        f"{hosts} run a host step; {len(slower)} are slower than {FLOOR}x with 95 % confidence"
    )
    print(*slower, sep="\n")
    return len(slower) > 0


if __name__ == "__main__":
    raise SystemExit(main())
