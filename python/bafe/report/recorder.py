"""BAFE_TRACE: records of every traced signature of this process, written behind the calls.

In: signatures as they are traced. Out: in the folder, ``<process>-<number>.json`` for each
signature and ``<process>-events.json`` for spans and recompiles, each written whole or not at all.
A call pays for one entry in a queue when it traces anew; a warm call pays nothing.
"""

from __future__ import annotations

import atexit
import json
import os
import queue
import sys
import threading
import time
import warnings
from typing import Any

from bafe import _core
from bafe.report import gather, page

FORMAT = 1
_MOST_SPANS = 50_000
_MOST_SIGNATURES = 1000
_EVERY_SECONDS = 2.0  # events are written at most so often while signatures come


class Recorder:
    """Writes the records of one process into one folder."""

    def __init__(self, folder: str) -> None:
        self.folder = os.path.abspath(folder)
        os.makedirs(self.folder, exist_ok=True)
        self._lock = threading.Lock()
        self._begin()

    def _begin(self) -> None:
        self.process = os.getpid()
        self._since_us = time.monotonic_ns() / 1e3
        self._stem = f"{time.time_ns():x}-{self.process}"
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._idle = threading.Event()
        self._idle.set()
        self._thread: threading.Thread | None = None
        self._count = 0
        self._events: list[list[Any]] = []
        self._absorbed: list[str] = []
        self._unsettled: list[tuple[int, Any, Any, Any]] = []
        self._written_at = 0.0

    def add(self, name: str, why: str, outcome: str, options: Any, program: Any, made: Any) -> None:
        """Take a signature that was just traced."""
        is_first = why.endswith("first signature")
        kind = "signature" if is_first else "recompile"
        with self._lock:
            at = time.monotonic_ns() / 1e3
            self._events.append([at, kind, f"{name}: {why}: {outcome}"])
            self._count += 1
            if self._count > _MOST_SIGNATURES:
                return
            self._idle.clear()
            self._queue.put((self._count, options, program, made))
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="bafe trace", daemon=True)
                self._thread.start()
                util = sys.modules.get("multiprocessing.util")
                if util is not None:  # its children end without the handlers of atexit
                    util.Finalize(None, flush, exitpriority=10)

    def _work(self) -> None:
        while True:
            item = self._queue.get()
            try:
                self._write_signature(*item)
                if time.monotonic() - self._written_at > _EVERY_SECONDS:
                    self._write_events()
            except Exception as error:  # noqa: BLE001 - a trace never breaks what it watches
                warn(f"a record was not written: {error}")
            with self._lock:
                if self._queue.empty():
                    self._idle.set()

    def _path(self, name: Any) -> str:
        return os.path.join(self.folder, f"{self._stem}-{name}.json")

    def _write_signature(self, number: int, options: Any, program: Any, made: Any) -> None:
        found = dict(_core.search(program, options.search["options"]))
        parts = {**gather.described(options, program), **gather.searched(found)}
        parts["egraph"] = gather.egraph_of(program, options, parts)
        parts["machine"] = gather.machine(options.search["threads"])
        self._finish(parts, options, program, made)
        self._write(number, parts)
        if parts["made"]["pending"]:
            self._unsettled.append((number, options, program, made))

    def _finish(self, parts: dict[str, Any], options: Any, program: Any, made: Any) -> None:
        gather.compiled(parts, made)
        if parts["made"]["tier"] == "compiled":
            gather.certified(parts, program, options, made.key)

    def _write(self, number: int, parts: dict[str, Any]) -> None:
        record = {"bafe_trace": FORMAT, "process": self.process, "signature": parts}
        page.write(self._path(number), page.data_block(record))

    def _renew(self) -> None:
        """Signatures that were compiled behind the calls since they were written."""
        for number, options, program, made in self._unsettled:
            with open(self._path(number), encoding="utf-8") as file:
                parts = json.load(file)["signature"]
            self._finish(parts, options, program, made)
            self._write(number, parts)
        self._unsettled = []

    def _write_events(self) -> None:
        self._written_at = time.monotonic()
        texts = list(self._absorbed)
        if _spans_of[-1:] == [self]:
            texts.append(_core.trace_events())
        spans = [event for text in texts for event in json.loads(text)["traceEvents"]]
        since = self._since_us
        spans = [one for one in spans if one["ph"] == "M" or one["ts"] + one["dur"] >= since]
        for event in spans:
            event["pid"] = self.process
        with self._lock:
            events = list(self._events)
        record = {"bafe_trace": FORMAT, "process": self.process, "events": events, "spans": spans}
        page.write(self._path("events"), page.data_block(record))

    def absorb(self, text: str) -> None:
        """Keep spans that a profile took away."""
        self._absorbed.append(text)

    def resume(self) -> None:
        """Record spans again after a profile."""
        _core.trace_start(_MOST_SPANS)

    def finish(self, seconds: float) -> None:
        """Wait for what is queued, then write what changed since."""
        self._idle.wait(seconds)
        self._renew()
        self._write_events()

    def forked(self) -> None:
        """A child has a name and a thread of its own; it keeps nothing of its parent's."""
        self._lock = threading.Lock()
        self._begin()


def warn(fact: str) -> None:
    """Say it once; the program goes on."""
    warnings.warn(f"bafe: BAFE_TRACE: {fact}", RuntimeWarning, stacklevel=2)


_of_folder: dict[str, Recorder | None] = {}
_spans_of: list[Recorder] = []  # whose spans are being taken; at most one


def of(folder: str) -> Recorder | None:
    """The recorder of this process for a folder; None where it cannot be written."""
    if folder not in _of_folder:
        try:
            _of_folder[folder] = Recorder(folder)
        except OSError as error:
            _of_folder[folder] = None
            warn(f"{error}; nothing is recorded\n  fix: name a folder that can be written")
    recorder = _of_folder[folder]
    if recorder is not None and _spans_of != [recorder]:
        rest()
        if not _core.trace_is_on():  # else a profile is being taken: later
            recorder.resume()
            _spans_of.append(recorder)
    return recorder


def rest() -> None:
    """Take no spans any more: BAFE_TRACE names another folder now, or none."""
    while _spans_of:
        _spans_of.pop().absorb(_core.trace_stop())


def flush(seconds: float = 60.0) -> None:
    """Write everything; at the end of a process too."""
    for recorder in _of_folder.values():
        if recorder is None:
            continue
        try:
            recorder.finish(seconds)
        except (OSError, ValueError, _core.BafeError) as error:
            warn(str(error))


def _forked() -> None:
    for recorder in _of_folder.values():
        if recorder is not None:
            recorder.forked()


atexit.register(flush)
os.register_at_fork(after_in_child=_forked)
