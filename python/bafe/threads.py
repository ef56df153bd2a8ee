"""How many threads the calls of this process may use."""

from __future__ import annotations

import operator

from bafe import _core
from bafe.tracer import _place


def set_num_threads(count: int | None) -> None:
    """Let every call from now on use at most so many threads, unless ``jit(threads=)`` says it.

    Results do not depend on it. It goes before ``BAFE_NUM_THREADS``, ``OMP_NUM_THREADS``, the
    affinity mask and the container's quota; ``None`` gives the choice back to them.

    Args:
        count: at least 1, or ``None``.

    Raises:
        TraceError: the count is not a positive integer.

    Example:
        >>> bafe.set_num_threads(1)
        >>> bafe.get_num_threads()
        1
        >>> bafe.set_num_threads(None)
    """
    try:
        wanted = 0 if count is None else operator.index(count)
    except TypeError:
        wanted = -1
    if count is not None and (isinstance(count, bool) or wanted < 1):
        raise _core.TraceError(
            f"{_place()}set_num_threads: {count!r} is not a number of threads\n"
            "  fix: give an integer of at least 1, or None for the default"
        )
    _core.set_usable_threads(min(wanted, 256))


def get_num_threads() -> int:
    """Give the number of threads that calls may use now.

    Example:
        >>> bafe.get_num_threads() >= 1
        True
    """
    return _core.usable_threads()
