"""One program measured: results compared, then everything timed in turns."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from bafe.testing import largest_error

from kernels import peers, probe
from kernels.program import Arrays, Program, tolerance
from kernels.quiet import quiet
from kernels.rounds import time_in_turns

FLOPS_A_BYTE = 16  # above, no memory is slow enough to bound a product


def _in_double(arrays: Arrays) -> Arrays:
    return tuple(a.astype(np.float64) if a.dtype == np.float32 else a for a in arrays)


def reference(program: Program, arrays: Arrays) -> np.ndarray:
    """Give NumPy's result, computed in double."""
    run = program.own.get("numpy") or functools.partial(program.run, np)
    return np.asarray(run(*_in_double(arrays)))


def _probes(program: Program, arrays: Arrays, out: np.ndarray, threads: int) -> dict[str, Any]:
    read = sum(a.nbytes for a in arrays)
    fma, found = program.flops, {}
    if fma > 0:
        found = {"fma": probe.fma(arrays[0].dtype == np.float64, fma, threads)}
    if fma < FLOPS_A_BYTE * (read + out.nbytes):
        found.update(probe.streams(read, out.nbytes, threads))
    return found


def _limit(limits: dict[str, float]) -> float:
    """Give the time that neither arithmetic nor memory allows to beat."""
    moves = [us for name, us in limits.items() if name != "fma"]
    return max(limits.get("fma", 0.0), min(moves, default=0.0))


def measure(
    program: Program, threads: int, names: set[str], rounds: int, limit_s: float
) -> dict[str, Any]:
    """Give what was found as plain data; ``wrong`` names the libraries outside the tolerance."""
    arrays = program.arrays()
    calls = peers.calls_of(program, arrays, threads, names)
    want = reference(program, arrays)
    got = {name: np.asarray(call()) for name, call in calls.items()}
    errors = {name: float(largest_error(value, want)) for name, value in got.items()}
    first = next(iter(got.values()))
    # Doubles have no wider reference here: both sides may err.
    allowed = tolerance(program, got["bafe"].dtype) * (2 if arrays[0].dtype == np.float64 else 1)
    probes = _probes(program, arrays, first, threads)
    del got, want
    timed = {**calls, **{f"probe {name}": one.call for name, one in probes.items()}}
    with quiet():
        us = time_in_turns(timed, threads, rounds, limit_s)
    limits = {name: us.pop(f"probe {name}") / one.share for name, one in probes.items()}
    others = {name: value for name, value in us.items() if name != "bafe"}
    best = min(others, key=others.__getitem__)
    return {
        "family": program.family,
        "name": program.name,
        "us": us,
        "limits_us": limits,
        "of_limit": _limit(limits) / us["bafe"],
        "best": best,
        "ratio": others[best] / us["bafe"],
        "ratio_to_numpy": us["numpy"] / us["bafe"],
        "error": errors,
        "allowed": allowed,
        "wrong": [name for name, error in errors.items() if not error <= allowed],
    }
