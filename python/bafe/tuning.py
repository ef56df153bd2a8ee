"""``bafe.autotune``: tune a function for given arguments now, and say what was found."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, Callable, NamedTuple

import numpy as np

from bafe import _core, arguments
from bafe.call import _Call, _trace
from bafe.jit import JitFunction, jit
from bafe.record import _show_warnings


class Candidate(NamedTuple):
    """One way to run the program."""

    what: str
    state: str  # winner, slower, beaten, open, untried or failed
    predicted_ns: float
    warm_ns: float  # 0: never timed
    cold_ns: float
    ratio: float  # to what ran when it was timed
    rounds: int
    stored: bool  # the times are an earlier process's
    reason: str


class TuningSummary(NamedTuple):
    """What ``bafe.autotune`` found; prints as a table."""

    winner: str
    speed_up: float
    interval: tuple[float, float]  # of the speed-up, 95 %
    candidates: tuple[Candidate, ...]
    builds: int
    rounds: int
    seconds: float
    complete: bool  # nothing left was worth a timing
    ended: str  # "decided", "time", "stopped" or "cannot be timed"

    def __str__(self) -> str:
        low, high = self.interval
        lines = [
            f"{self.winner}: {self.speed_up:.3f} times as fast as before "
            f"({low:.3f} to {high:.3f}); {self.builds} built, {self.rounds} rounds "
            f"in {self.seconds:.2f} s, {self.ended}",
            f"{'':2}{'way':56} {'state':8} {'warm':>10} {'cold':>10} {'ratio':>6} {'rounds':>6}",
        ]
        for one in self.candidates:
            times = [f"{ns / 1e3:.2f} us" if ns > 0 else "-" for ns in (one.warm_ns, one.cold_ns)]
            ratio = f"{one.ratio:.3f}" if one.ratio > 0 else "-"
            lines.append(
                f"{'':2}{one.what[:56]:56} {one.state:8} {times[0]:>10} {times[1]:>10} "
                f"{ratio:>6} {one.rounds:>6}"
            )
        return "\n".join(lines)


@contextlib.contextmanager
def _progress(seconds: float) -> Iterator[Callable[[float, str], None]]:
    """A bar on a terminal, where rich is installed; else nothing."""
    try:
        if not sys.stderr.isatty():
            raise ImportError
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
    except ImportError:
        yield lambda share, what: None
        return
    columns = (BarColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("searching", total=1.0)
        yield lambda share, what: bar.update(task, completed=share, description=what)


def _values(call: _Call, captured: Sequence[Any]) -> list[np.ndarray]:
    """The program's inputs in order, numbers as arrays of no axes."""
    return [np.asarray(leaf) for leaf in [*call.leaves, *captured]]


@arguments.named
def _call_ns(function: Any, args: Sequence[Any], seconds: float) -> float:
    """Nanoseconds of a compiled call among calls in a row; 0 where calls time themselves or fail.

    The lower quartile of the later calls: the first ones still fill caches and wake the processor.
    Where it lies between a run on warm caches and one on cold caches says how much each counts.
    """
    if function._options.autotune:
        return 0.0
    samples: list[int] = []
    try:
        function.compile(*args)
        function(*args)
        while len(samples) < 64 and sum(samples) <= seconds * 1e9:
            start = time.perf_counter_ns()
            function(*args)
            samples.append(time.perf_counter_ns() - start)
    except _core.BafeError:
        return 0.0
    later = sorted(samples[len(samples) // 2 :])
    return float(later[len(later) // 4])


@arguments.named
def autotune(f: Callable[..., Any], args: Sequence[Any], *, seconds: float = 5.0) -> TuningSummary:
    """Build and time several ways to run ``f(*args)`` and keep the fastest.

    The winner is what the next call of ``f`` with such arguments runs, and what the cache holds
    for later processes. Every timing goes to the profile store, and what it holds is not timed
    again. Ctrl-C ends the tuning and keeps the best so far. Caches are taken to be as warm as calls
    of ``f`` in a row find them: tune with arguments as large as the real ones.

    Args:
        f: a jitted function, or a function, which is then jitted.
        args: the arguments of one call, as a sequence; their values are copied.
        seconds: no new timing begins later.

    Returns:
        What was tried, the times, the winner, and the speed-up with an interval of 95 %.

    Raises:
        TraceError: ``args`` is no sequence of arguments, or an argument has no values.
        ShapeError: ``seconds`` is not a positive number.

    Example:
        >>> f = bafe.jit(lambda a, b: bafe.relu(a @ b))
        >>> found = bafe.autotune(f, (np.ones((8, 8)), np.ones((8, 8))), seconds=0.2)
        >>> found.speed_up >= 1
        True
    """
    function = f if isinstance(f, JitFunction) else jit(f)
    if not isinstance(args, (tuple, list)):
        raise _core.TraceError(
            f"autotune: args is a {type(args).__name__}, not a tuple\n"
            "  fix: pass the arguments of one call, as in bafe.autotune(f, (x, y))"
        )
    if not isinstance(seconds, (int, float)) or not 0 < seconds < float("inf"):
        raise _core.ShapeError(
            f"autotune: seconds={seconds!r} is not a positive number\n"
            "  fix: say how long tuning may take, as in seconds=5"
        )
    call = _Call(function._options, tuple(args), {})
    if not call.has_values:
        raise _core.TraceError(
            "autotune: a ShapeDtype has no values to time with\n  fix: pass arrays"
        )
    program, tracer, _, _ = _trace(call)
    options = function._options.search["options"]
    values = _values(call, tracer.captured)
    call_ns = _call_ns(function, args, seconds / 10)
    with _progress(float(seconds)) as tell:
        found = _core.tune(program, options, values, float(seconds), call_ns, tell)
    _show_warnings(3)
    function._options.records.pop(call.key(), None)
    function._forget()
    arms = tuple(Candidate(**arm) for arm in found.pop("candidates"))
    return TuningSummary(candidates=arms, **found)
