"""Reads the records of a folder that BAFE_TRACE named. In: files of any number of processes. Out:
programs and one timeline. A file that is no record is passed over with a note."""

from __future__ import annotations

import json
import os
import statistics
from typing import Any, NamedTuple

from bafe import _core
from bafe.report import timeline
from bafe.report.recorder import FORMAT

_MOST_BYTES = 128 << 20
_MOST_PROGRAMS = 300
_MOST_ENODES = 60_000  # of all e-graphs of a page


_NUMBER = (int, float)
_SIGNATURE: dict[str, Any] = {
    **dict.fromkeys(("name", "place", "signature"), str),
    **dict.fromkeys(("written", "chosen", "stats", "machine", "made"), dict),
    **dict.fromkeys(("written_lines", "chosen_lines", "steps", "chains", "kernels"), list),
    **dict.fromkeys(("candidates", "rounds", "limits", "rejected", "facts"), list),
    **dict.fromkeys(("predicted_ns", "predicted_ns_as_written"), _NUMBER),
}
_SPANS: dict[str, dict[str, Any]] = {
    "M": {"pid": int, "tid": int, "args": dict},
    "X": {"pid": int, "tid": int, "name": str, "cat": str, "ts": _NUMBER, "dur": _NUMBER},
}


class Session(NamedTuple):
    """What a folder holds."""

    programs: list[dict[str, Any]]
    timeline: dict[str, Any]
    processes: int
    notes: list[str]


def _records(folder: str, notes: list[str]) -> list[dict[str, Any]]:
    found = []
    for name in sorted(os.listdir(folder)):
        path = os.path.join(folder, name)
        if not name.endswith(".json") or not os.path.isfile(path):
            continue
        try:
            if os.path.getsize(path) > _MOST_BYTES:
                raise ValueError("it is too large")
            with open(path, encoding="utf-8") as file:
                record = json.load(file)
            if not isinstance(record, dict) or record.get("bafe_trace") != FORMAT:
                raise ValueError("it is no record of this version")
            _check(record)
            found.append(record)
        except (OSError, ValueError, RecursionError) as error:
            notes.append(f"{name} was passed over: {error}")
    return found


def _require(row: Any, fields: dict[str, Any]) -> None:
    for name, kind in fields.items():
        if not isinstance(row, dict) or not isinstance(row.get(name), kind):
            raise ValueError(f"its {name!r} is missing or damaged")


def _check(record: dict[str, Any]) -> None:
    """ValueError naming what a record lacks."""
    _require(record, {"process": int})
    if "signature" in record:
        _require(record["signature"], _SIGNATURE)
        return
    _require(record, {"spans": list, "events": list})
    for span in record["spans"]:
        _require(span, {"ph": str})
        _require(span, _SPANS.get(span["ph"], {"a known kind": str}))
    for event in record["events"]:
        if not (isinstance(event, list) and len(event) == 3 and isinstance(event[0], _NUMBER)):
            raise ValueError("an event of it is damaged")


def read(folder: str | os.PathLike[str]) -> Session:
    """Everything in a folder, oldest first.

    Raises:
        TraceError: there is no record in it.
    """
    folder = os.fspath(folder)
    notes: list[str] = []
    records = _records(folder, notes)
    if not records:
        raise _core.TraceError(
            f"report: {folder} holds no record of BAFE_TRACE\n"
            "  fix: run a program with BAFE_TRACE set to that folder first"
        )
    programs = []
    for record in records:
        if "signature" in record:
            programs.append({**record["signature"], "process": record["process"]})
    if len(programs) > _MOST_PROGRAMS:
        notes.append(f"{len(programs) - _MOST_PROGRAMS} signatures are left out")
        programs = programs[:_MOST_PROGRAMS]
    _keep_small(programs)
    logs = [record for record in records if "spans" in record]
    _measure(programs, logs)
    return Session(programs, _timeline(logs), len({record["process"] for record in records}), notes)


def _keep_small(programs: list[dict[str, Any]]) -> None:
    left = _MOST_ENODES
    for one in programs:
        size = len(one["egraph"]["nodes"]) if one.get("egraph") else 0
        left -= size
        if size and left < 0:
            one["egraph"] = None
            one["no_egraph"] = f"{size:,} e-nodes are left out to keep this page small."


def _measure(programs: list[dict[str, Any]], logs: list[dict[str, Any]]) -> None:
    """Kernel spans inside one call belong to the one program whose kernels have those names."""
    for log in logs:
        mine: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        for one in programs:
            if one["process"] == log["process"] and one.get("made", {}).get("tier") == "compiled":
                labels = tuple(kernel.get("span", "") for kernel in one["kernels"])
                mine.setdefault(labels, []).append(one)
        runs: dict[tuple[str, ...], list[list[float]]] = {}
        for spans in _calls(log["spans"]):
            labels = tuple(span["name"] for span in spans)
            if len(mine.get(labels, ())) == 1:
                runs.setdefault(labels, []).append([1e3 * span["dur"] for span in spans])
        for labels, times in runs.items():
            (one,) = mine[labels]
            medians = [statistics.median(column) for column in zip(*times)]
            for kernel, ns in zip(one["kernels"], medians):
                kernel["measured_ns"] = ns
            one["measured_ns"] = sum(medians)


def _calls(spans: list[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The kernel spans of each call, in order."""
    by_thread: dict[Any, list[dict[str, Any]]] = {}
    for span in spans:
        if span["ph"] == "X" and span["cat"] in ("call", "kernel"):
            by_thread.setdefault(span["tid"], []).append(span)
    out = []
    for row in by_thread.values():
        row.sort(key=lambda span: (span["ts"], -span["dur"]))
        end = -1.0
        kernels: list[dict[str, Any]] | None = None
        for span in row:
            if span["cat"] == "call":
                end, kernels = timeline.end_of(span), []
                out.append(kernels)
            elif kernels is not None and timeline.end_of(span) <= end + 1e-3:
                kernels.append(span)
    return [kernels for kernels in out if kernels]


def _timeline(logs: list[dict[str, Any]]) -> dict[str, Any]:
    spans = [span for log in logs for span in log["spans"]]
    line = timeline.lanes_of(spans, name_process=True)
    for log in logs:
        if log["events"]:
            lane = len(line["lanes"])
            line["lanes"].append(f"process {log['process']}, signatures")
            line["events"] += [[lane, *event] for event in log["events"]]
    line["events"].sort(key=lambda event: event[1])
    return line
