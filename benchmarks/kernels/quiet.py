"""The machine held for one measurement: one at a time, undisturbed where the system allows it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator


def _each_thread() -> list[int]:
    return [int(name) for name in os.listdir("/proc/self/task")]


def _name(thread: int) -> str:
    try:
        with open(f"/proc/self/task/{thread}/comm") as file:
            return file.read().strip()
    except OSError:
        return ""


def _pin(cores: list[int], spread: bool) -> None:
    """Put the calling thread on the last core and workers that wait by spinning on the others.

    Two real-time threads of which one spins must not share a core. OpenMP's, OpenBLAS's and BAFE's
    workers have the process's name; those of JAX have names of their own, never spin, and may run
    anywhere.
    """
    caller = os.getpid()
    for thread in _each_thread():
        place = set(cores)
        if spread and thread == caller:
            place = {cores[-1]}
        elif spread and _name(thread) == _name(caller):
            place = set(cores[:-1])
        with contextlib.suppress(OSError):
            os.sched_setaffinity(thread, place)


def _set_priority(policy: int, priority: int) -> None:
    for thread in _each_thread():
        with contextlib.suppress(OSError):  # not permitted, or the thread has ended
            os.sched_setscheduler(thread, policy, os.sched_param(priority))


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Hold the lock file named by ``BAFE_BENCH_LOCK`` and run at real-time priority.

    Both are left out where there is no such variable or no permission. Threads of all libraries
    get the priority, so that none of them is held up by what the others may not be held up by.
    """
    path = os.environ.get("BAFE_BENCH_LOCK")
    if not path:
        yield
        return
    with open(path, "a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        cores = sorted(os.sched_getaffinity(0))
        _set_priority(os.SCHED_FIFO, 10)
        _pin(cores, spread=len(cores) > 1)
        try:
            yield
        finally:
            _set_priority(os.SCHED_OTHER, 0)
            _pin(cores, spread=False)
            fcntl.flock(file, fcntl.LOCK_UN)
