"""What ``timings`` returns: measured nanoseconds of each kernel of one signature."""

from __future__ import annotations

import statistics
from typing import Any, NamedTuple

from bafe import _core
from bafe.call import _Call, _trace

_RUNS = 21


class StepTime(NamedTuple):
    """One kernel: median nanoseconds of 21 runs, and what the model predicted."""

    label: str
    ns: float
    predicted_ns: float


class Timings:
    """Where the time of a call and of its preparation goes; prints as a table.

    Attributes:
        steps: a ``StepTime`` for each kernel, in order; none where the interpreter runs.
        total_ns: their sum: a call takes the way from Python and back beside it.
        search_ms: of the process that made the program.
        compile_ms: likewise.
        from_cache: the program was found in the cache.
    """

    def __init__(self, executable: Any, runs: list[list[float]]) -> None:
        plan = _core.memory_plan(executable)
        labels = plan["steps"] if plan else []
        medians = [statistics.median(times) for times in zip(*runs)]
        self.steps = [
            StepTime(step["label"], ns, step["predicted_ns"]) for step, ns in zip(labels, medians)
        ]
        self.total_ns: float = sum(medians)
        self.search_ms: float = executable.search_ms
        self.compile_ms: float = executable.compile_ms
        self.from_cache: bool = executable.from_cache

    def to_dict(self) -> dict[str, Any]:
        """Give the fields as plain data."""
        return {**vars(self), "steps": [step._asdict() for step in self.steps]}

    def __str__(self) -> str:
        lines = [f"{'kernel':60} {'measured':>12} {'predicted':>12} {'share':>6}"]
        for step in self.steps:
            share = step.ns / self.total_ns if self.total_ns > 0 else 0
            lines.append(
                f"{step.label[:60]:60} {step.ns / 1e3:9.2f} us {step.predicted_ns / 1e3:9.2f} us "
                f"{share:6.1%}"
            )
        made = "found in the cache" if self.from_cache else "made in this process"
        lines.append(
            f"{'all':60} {self.total_ns / 1e3:9.2f} us; {made}: search {self.search_ms:.1f} ms, "
            f"compile {self.compile_ms:.1f} ms"
        )
        return "\n".join(lines)

    __repr__ = __str__


def timings(self: Any, *args: Any, **kwargs: Any) -> Timings:
    """Measure each kernel of the compiled program on copies of these arguments.

    Nothing is compiled in the background meanwhile.

    Returns:
        A ``Timings``: per kernel the median of 21 runs, on one thread, beside the prediction.

    Raises:
        TraceError: an argument has no values.

    Example:
        >>> f = bafe.jit(lambda a, b: bafe.relu(a @ b))
        >>> len(f.timings(np.ones((8, 8)), np.ones((8, 8))).steps)
        1
    """
    from bafe.staging import finished_record
    from bafe.tuning import _values

    call = _Call(self._options, args, kwargs)
    if not call.has_values:
        raise _core.TraceError(
            "timings: a ShapeDtype has no values to compute with\n  fix: pass arrays"
        )
    record = finished_record(self, call)
    captured = _trace(call)[1].captured
    values = _values(call, captured)
    return Timings(record.executable, _core.time_steps(record.executable, values, _RUNS))
