"""What ``explain`` and ``search_stats`` return."""

from __future__ import annotations

from typing import Any


class SearchStats:
    """Counts of one search; equal in every process but for ``ms``.

    Attributes:
        alternatives: distinct e-nodes that rules added in classes reachable from a root.
        matches_accepted: raw accepted matches.
        nodes_before, nodes_after, classes_before, classes_after: size of the e-graph.
        iterations, work_units: how much was done.
        stop_reason: why it ended.
        regime: greedy, light, beam or deep.
        ms: wall milliseconds.
        structure: a sentence for each argument whose zeros the program relies on.
    """

    def __init__(self, fields: dict[str, Any]) -> None:
        self.__dict__.update(fields)

    def __getitem__(self, name: str) -> Any:
        return self.__dict__[name]

    def keys(self) -> Any:
        """Names of the fields."""
        return self.__dict__.keys()

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return dict(self.__dict__)

    def __repr__(self) -> str:
        return "SearchStats(" + ", ".join(f"{k}={v!r}" for k, v in self.__dict__.items()) + ")"


def _time(nanoseconds: float) -> str:
    for limit, unit, divisor in ((1e3, "ns", 1.0), (1e6, "µs", 1e3), (1e9, "ms", 1e6)):
        if nanoseconds < limit:
            return f"{nanoseconds / divisor:.3g} {unit}"
    return f"{nanoseconds / 1e9:.3g} s"


def _short(text: str, width: int = 110) -> str:
    return text if len(text) <= width else text[: width - 2] + " …"


class Explanation:
    """Why a program runs as it does. Prints as text; ``to_dict()`` gives the same as data."""

    def __init__(self, found: dict[str, Any]) -> None:
        self._found = found

    @property
    def rules(self) -> list[str]:
        """Names of the rules between the program as written and the one chosen, in order."""
        return [step["rule"] for step in self._found["steps"]]

    @property
    def written(self) -> str:
        """The program as written, in one line."""
        return self._found["written"]

    @property
    def chosen(self) -> str:
        """The program chosen, in one line."""
        return self._found["chosen"]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data."""
        return self._found

    def __repr__(self) -> str:
        return str(self)

    def __str__(self) -> str:
        found = self._found
        lines = [
            f"{step['rule']}: {_short(step['before'])}  =>  {_short(step['after'])}"
            for step in found["steps"]
        ]
        if not lines:
            lines = ["no rewrite: the program runs as written"]
        lines += [
            "",
            f"as written  {_short(found['written'])}",
            f"            {_time(found['predicted_ns_as_written'])} predicted",
            f"chosen      {_short(found['chosen'])}",
            f"            {_time(found['predicted_ns'])} predicted",
            "",
            "best candidates (predicted):",
        ]
        lines += [
            f"  {_time(c['predicted_ns']):>9}  {_short(c['program'])}"
            for c in found["candidates"][:5]
        ]
        for line in found.get("structure", ()):
            lines += ["", f"structure: {line}"]
        stats = found["stats"]
        lines += [
            "",
            f"search: {stats['alternatives']} alternatives, {stats['nodes_after']} nodes in "
            f"{stats['classes_after']} classes, {stats['iterations']} iterations, stopped by "
            f"{stats['stop_reason']}, {stats['ms']:.1f} ms",
            "",
            "program chosen, with layouts:",
            found["chosen_text"],
        ]
        return "\n".join(lines)
