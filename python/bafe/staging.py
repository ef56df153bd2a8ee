"""Tiers: how a call runs now, what may replace it, and a kernel that was wrong, shown again."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from bafe import _core
from bafe.call import _Call
from bafe.tracer import _place

_KINDS = {"f": "float", "i": "int", "u": "uint"}
TIERS = ("auto", "compiled", "interpreted")


class TierState(NamedTuple):
    """How one signature runs.

    Attributes:
        tier: ``prebuilt``, ``interpreted`` or ``compiled``: what a call runs now; ``none`` before
            the first call.
        pending: something may replace it soon.
        why: the last decision, in words.
        now_ns: median time of what ran when the two were timed; 0: they were not.
        other_ns: median time of what it was timed against.
        ratio: median of ``other_ns / now_ns`` over runs in turns.
        runs: runs of each.
        swaps: how often something else took over.
        reproducer: path of a program that shows a wrong kernel; empty: none was met.
    """

    tier: str
    pending: bool = False
    why: str = ""
    now_ns: float = 0.0
    other_ns: float = 0.0
    ratio: float = 0.0
    runs: int = 0
    swaps: int = 0
    reproducer: str = ""


def tier_named(tier: str | None) -> str:
    """Check the name of a tier; None is ``BAFE_TIER``."""
    name = tier if tier is not None else _core.option("BAFE_TIER")
    if name in TIERS:
        return name
    import difflib

    near = difflib.get_close_matches(str(name), TIERS, 1)
    fix = f'did you mean "{near[0]}"?' if near else 'use "auto", "compiled" or "interpreted"'
    where = "tier" if tier is not None else "BAFE_TIER"
    raise _core.TraceError(f"{_place()}jit: {where}={name!r} is unknown\n  fix: {fix}")


def finished_record(function: Any, call: _Call) -> Any:
    """The record of a call with everything compiled that may be, in this call."""
    from bafe.record import _record_for, _show_warnings

    record = _record_for(function, call)
    for executable in executables_of(record):
        _core.finish_compiling(executable)
    _show_warnings(4)
    return _record_for(function, call)


def executables_of(record: Any) -> list[Any]:
    """What a record runs and what it waits for."""
    return [record.executable, *_core.awaited(record)]


def wait(self: Any, timeout: float | None = None) -> bool:
    """Wait until nothing is pending for this function.

    Args:
        timeout: most seconds to wait; None waits as long as it takes. Ctrl-C ends the wait.

    Returns:
        True when nothing is pending, False when the time was over first.

    Example:
        >>> f = bafe.jit(lambda x: x + 1, tier="auto")
        >>> y = f(np.ones(3))
        >>> f.wait()
        True
        >>> f.state(np.ones(3)).pending
        False
    """
    from time import monotonic

    from bafe import arguments
    from bafe.record import _show_warnings

    arguments.check_amounts("wait", timeout=timeout)
    end = None if timeout is None else monotonic() + timeout
    done = True
    functions = [self, *self._options.variants.values()]
    records = [record for one in functions for record in one._options.records.values()]
    for record in records:
        for executable in executables_of(record):
            left = -1.0 if end is None else max(0.0, end - monotonic())
            done = _core.wait_for_tiers(executable, left) and done
    _show_warnings(3)
    return done


def state(self: Any, *args: Any, **kwargs: Any) -> TierState:
    """Say how a call with such arguments runs now; nothing is traced or started.

    Example:
        >>> f = bafe.jit(lambda x: x + 1)
        >>> f.state(np.ones(3)).tier
        'none'
        >>> y = f(np.ones(3))
        >>> f.state(np.ones(3)).tier
        'compiled'
    """
    record = self._options.records.get(_Call(self._options, args, kwargs).key())
    if record is None:
        return TierState("none", why="not called with such arguments yet")
    return TierState(**_core.tier_state(record.executable))


def _array(dtype: str, shape: Sequence[int], order: Sequence[int], value: Any, rest: bytes) -> Any:
    kind = np.dtype(re.sub(r"^([fiu])(?=\d)", lambda m: _KINDS[m[1]], dtype))
    count = int(np.prod(shape, dtype=np.int64))
    data = bytes.fromhex(value) if isinstance(value, str) else rest[value:]
    flat = np.frombuffer(data, kind, count)
    return flat.reshape([shape[axis] for axis in order]).transpose(np.argsort(order))


def reproduce(program: str, arguments: Sequence[Any], *, math: str, found: str, beside: str) -> int:
    """Run a reported program compiled and interpreted, and print both: reproducers call this.

    Args:
        program: text of the traced program.
        arguments: (dtype, shape, axes slowest first, bytes as hex or their place in the file
            beside).
        math: numeric class it was compiled for.
        found: what was reported.
        beside: path of the reproducer, whose ``.bin`` file holds large arguments.

    Returns:
        1 when the results differ by more than rounding, else 0.
    """
    from bafe.jit import jit

    rest = b""
    if any(not isinstance(argument[3], str) for argument in arguments):
        with open(os.path.splitext(beside)[0] + ".bin", "rb") as file:
            rest = file.read()
    arrays = [_array(d, shape, order, value, rest) for d, shape, order, value in arguments]
    parsed = _core.parse_program(program)
    wanted = parsed.evaluate([np.ascontiguousarray(array) for array in arrays])
    compiled = jit(lambda *xs: _inlined(parsed, xs), math=math, tier="compiled")
    with warnings.catch_warnings(record=True) as met:
        warnings.simplefilter("always")
        results = compiled(*arrays)
    print(f"reported: {found}")
    refused = any("differs from the program's meaning" in str(one.message) for one in met)
    if refused or compiled.compile(*arrays).interpreted:
        print("the kernel is refused before it runs")
        return 1
    worst = 0.0
    for i, (want, got) in enumerate(zip(wanted, results)):
        scale = max((float(np.max(np.abs(a))) for a in (want, *arrays) if a.size), default=1.0)
        gap = np.abs(np.asarray(got, np.float64) - np.asarray(want, np.float64))
        gap = gap[np.isfinite(np.asarray(want, np.float64))]
        most = float(np.max(gap)) if gap.size else 0.0
        allowed = 0.0 if want.dtype.kind in "biu" else 4096 * float(np.finfo(want.dtype).eps)
        print(f"result {i}: largest difference {most:.6g}, largest value {scale:.6g}")
        worst = max(worst, most / max(allowed * scale, 1e-300) if most else 0.0)
    print("the kernel differs" if worst > 1 else "the kernel agrees here")
    return int(worst > 1)


def _inlined(program: Any, tensors: Sequence[Any]) -> tuple[Any, ...]:
    """The program's results inside the function that is being traced."""
    from bafe import tracer as tracing

    tracer = tracing._state.tracer
    indices = [tracer.lift(tensor)._index for tensor in tensors]
    return tuple(tracer.tensor(i) for i in tracer.trace.inline_program(program, indices))


__all__ = ["TIERS", "TierState", "reproduce"]
