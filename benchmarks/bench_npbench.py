"""The seventeen loop-free programs, with nothing but the decorator, against NumPy, interleaved."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

os.environ["BAFE_TIER"] = "auto"  # what a user has who sets nothing

import bafe  # noqa: E402
from npbench.cases import CASES, Case, arguments, validate  # noqa: E402
from report import console, machine  # noqa: E402
from rich.table import Table  # noqa: E402


def run(case: Case, preset: str, rounds: int) -> tuple[bool, float, float]:
    """(whether the results are NumPy's, median milliseconds of NumPy and of BAFE)."""
    jitted = bafe.jit(case.function)
    ours, theirs = arguments(case, preset), arguments(case, preset)
    result, wanted = jitted(*ours), case.function(*theirs)
    is_right = validate(result, wanted) and validate(ours, theirs)
    jitted.wait()
    ours, theirs = arguments(case, preset), arguments(case, preset)  # the kernel's turn
    result, wanted = jitted(*ours), case.function(*theirs)
    is_right = is_right and validate(result, wanted) and validate(ours, theirs)
    samples: tuple[list[float], list[float]] = ([], [])
    fresh = arguments(case, preset)
    writes = [(a, b) for a, b in zip(ours, fresh) if hasattr(a, "shape")]
    for _ in range(rounds):
        for taken, function in zip(samples, (case.function, jitted)):
            for a, b in writes:  # in-place programs would grow without end
                if is_written(case):
                    a[...] = b
            start = time.perf_counter()
            function(*ours)
            taken.append(time.perf_counter() - start)
    return is_right, *(sorted(taken)[len(taken) // 2] * 1e3 for taken in samples)


def is_written(case: Case) -> bool:
    """Whether the program writes into its arguments."""
    return case.name in ("gemm", "2mm", "mvt", "gemver", "doitgen", "symm")


def main(words: list[str]) -> int:
    """Print the table; 1 if a program is wrong or more than 2 % slower than NumPy."""
    words = [word.removeprefix("--") for word in words]
    presets = [word for word in words if word in ("S", "M")] or ["S", "M"]
    chosen = [c for c in CASES if not set(words) - {"S", "M"} or c.name in words]
    table = Table(title=f"NPBench's loop-free programs, ratio of NumPy's time; {machine()}")
    for head in ("program", "preset", "NumPy ms", "BAFE ms", "ratio", "rtol 1e-5"):
        table.add_column(head, justify="left" if head == "program" else "right")
    failed = 0
    for case in chosen:
        for preset in presets:
            is_right, numpy_ms, ours_ms = run(case, preset, 15 if preset == "S" else 7)
            ratio = numpy_ms / ours_ms
            failed += not is_right or ratio < 0.98
            row: list[Any] = [f"{numpy_ms:.2f}", f"{ours_ms:.2f}", f"{ratio:.2f}"]
            table.add_row(case.name, preset, *row, "yes" if is_right else "NO")
    console().print(table)
    print(f"{len(chosen)} programs, {failed} rows wrong or more than 2 % slower than NumPy")
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
