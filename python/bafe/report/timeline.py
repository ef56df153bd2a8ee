"""Spans of the core as lanes of the report's timeline."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any

from bafe import _core

_MOST_SPANS = 40_000
_KEPT = 20_000  # of a page about one signature


class watch:  # noqa: N801 - used like a function
    """Record spans until the block ends; beside a trace that is being taken, as part of it."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> watch:
        self._is_mine = not _core.trace_is_on()
        if self._is_mine:
            _core.trace_start(_KEPT)
        else:
            seen = json.loads(_core.trace_events())["traceEvents"]
            self._after = max((end_of(event) for event in seen if event["ph"] == "X"), default=0.0)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        text = _core.trace_stop() if self._is_mine else _core.trace_events()
        after = 0.0 if self._is_mine else self._after
        self.events = [
            event
            for event in json.loads(text)["traceEvents"]
            if event["ph"] == "M" or event["ts"] >= after
        ]


def end_of(event: dict[str, Any]) -> float:
    """Microseconds at which a span ended."""
    return float(event["ts"]) + float(event["dur"])


def lanes_of(events: list[dict[str, Any]], name_process: bool = False) -> dict[str, Any]:
    """Spans by process and thread. Texts and lanes are numbered, so that a page stays small."""
    names: dict[str, int] = {}
    cats: dict[str, int] = {}
    lanes: dict[tuple[int, int], int] = {}
    titles: dict[tuple[int, int], str] = {}
    for event in events:
        if event["ph"] == "M":
            titles[event["pid"], event["tid"]] = event["args"]["name"]
    spans = [event for event in events if event["ph"] == "X"]
    dropped = len(spans) - _MOST_SPANS
    if dropped > 0:
        spans = sorted(spans, key=lambda event: -event["dur"])[:_MOST_SPANS]
    spans.sort(key=lambda event: (event["pid"], event["tid"], event["ts"]))
    rows = []
    for event in spans:
        lane = lanes.setdefault((event["pid"], event["tid"]), len(lanes))
        name = names.setdefault(event["name"], len(names))
        cat = cats.setdefault(event["cat"], len(cats))
        rows.append([lane, name, cat, round(event["ts"], 3), round(event["dur"], 3)])
    told = [
        (f"process {pid}, " if name_process else "") + titles.get((pid, tid), f"thread {tid}")
        for pid, tid in lanes
    ]
    return {
        "lanes": told,
        "names": list(names),
        "cats": list(cats),
        "spans": rows,
        "events": [],
        "note": f"{dropped:,} short spans are left out." if dropped > 0 else "",
    }


def of_explanation(events: list[dict[str, Any]], parts: dict[str, Any]) -> dict[str, Any]:
    """The timeline of one signature: what was watched, and what an earlier making took."""
    line = lanes_of(events)
    made = parts.get("made")
    note = "Search, compile and runs for this page."
    if made and made["tier"] == "compiled" and "compile" not in line["names"]:
        _add_making(line, made)
        note = (
            "The first lane shows how long search and compile took when the program was made, "
            "not when that was; the others are work for this page."
        )
    line["note"] = f"{note} {line['note']}".strip() if line["spans"] else ""
    return line


def _add_making(line: dict[str, Any], made: dict[str, Any]) -> None:
    """Search and compile as stored, ending where the rest begins."""
    begin = min((span[3] for span in line["spans"]), default=0.0)
    for span in line["spans"]:
        span[0] += 1
    line["lanes"].insert(0, "when it was made")
    cat = len(line["cats"])
    line["cats"].append("stored")
    at = begin - 1e3 * (made["search_ms"] + made["compile_ms"])
    for name, ms in (("search", made["search_ms"]), ("compile", made["compile_ms"])):
        if name not in line["names"]:
            line["names"].append(name)
        line["spans"].append([0, line["names"].index(name), cat, at, 1e3 * ms])
        at += 1e3 * ms
