"""The machine held for one measurement: one at a time, undisturbed where the system allows it."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator


def _each_thread() -> list[int]:
    return [int(name) for name in os.listdir("/proc/self/task")]


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
        _set_priority(os.SCHED_FIFO, 10)
        try:
            yield
        finally:
            _set_priority(os.SCHED_OTHER, 0)
            fcntl.flock(file, fcntl.LOCK_UN)
