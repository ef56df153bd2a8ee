"""The machine's limits, measured beside the programs by small C kernels of our own."""

from __future__ import annotations

import ctypes
import functools
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Callable, NamedTuple

import numpy as np

SOURCE = Path(__file__).with_name("probe.c")
ALIGNED = 64  # bytes of a vector; a multiple of the unit by which threads split


class Probe(NamedTuple):
    """A call, and how many times the program's work it does."""

    call: Callable[[], Any]
    share: float


@functools.cache
def library() -> Any:
    """Compile the probes with the machine's gcc and load them."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "probe.so")
        subprocess.run(
            ["gcc", "-O3", "-march=native", "-shared", "-fPIC", "-pthread", "-Wno-psabi"]
            + [str(SOURCE), "-o", out],
            check=True,
        )
        found = ctypes.CDLL(out)
    for name in ("multiply_adds", "streams", "fma_operations"):
        getattr(found, name).restype = ctypes.c_double
    others = sorted(os.sched_getaffinity(0))[:-1]  # the caller has the last one
    found.use_cores((ctypes.c_int * len(others))(*others), len(others))
    return found


def aligned(count: int) -> np.ndarray:
    """Give `count` floats that start on a vector's boundary, all pages present."""
    room = np.ones(count + ALIGNED, np.float32)
    skip = (-room.ctypes.data % (ALIGNED)) // 4
    return room[skip : skip + count]


def fma(is_double: bool, flops: float, threads: int) -> Probe:
    """Probe multiply-adds that stay in registers, for about a millisecond on each thread."""
    found, times = library(), 100_000
    one = aligned(16)
    one[:] = 0
    call = functools.partial(
        found.multiply_adds,
        int(is_double),
        ctypes.c_long(times),
        threads,
        ctypes.c_void_p(one.ctypes.data),
    )
    done = found.fma_operations(int(is_double), ctypes.c_long(times)) * threads
    call.array = one  # type: ignore[attr-defined]  # lives as long as the call
    return Probe(call, done / flops)


def streams(read_bytes: int, written_bytes: int, threads: int) -> dict[str, Probe]:
    """Probe the same mix of reads and writes, with plain and with streaming stores.

    Whole streams are used: r reads for one write, r the rounded ratio, at most 4; a program that
    reads more than that for a write is compared with reads alone. The share corrects the bytes.
    """
    ratio = read_bytes / max(written_bytes, 1)
    reads = min(4, max(1, round(ratio)))
    only_reads = ratio > 5
    bytes_all = read_bytes + written_bytes
    count = bytes_all // (4 if only_reads else 4 * (reads + 1))
    count = max(count // (128 * threads), 1) * 128 * threads
    arrays = [aligned(count) for _ in range(1 if only_reads else reads)]
    out = None if only_reads else aligned(count)
    moved = 4 * count * (1 if only_reads else reads + 1)
    times = max(1, int(2e6 // moved))
    pointers = (ctypes.c_void_p * 4)(*(a.ctypes.data for a in arrays))
    probes = {}
    for name, streaming in (("plain", 0), ("streaming", 1)):
        if streaming and only_reads:
            continue
        to = ctypes.c_void_p(out.ctypes.data if out is not None else None)
        call = functools.partial(
            library().streams,
            pointers,
            len(arrays),
            to,
            ctypes.c_long(count),
            streaming,
            ctypes.c_long(times),
            threads,
        )
        call.arrays = (arrays, out)  # type: ignore[attr-defined]
        probes[name] = Probe(call, times * moved / bytes_all)
    return probes
