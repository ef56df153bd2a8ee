"""Where time goes: a trace of calls, kernels, searches and compiles for a trace viewer."""

from __future__ import annotations

import os
from typing import Any

from bafe import _core, shapes
from bafe.tracer import _place

_profiles: list[profile] = []  # the one being taken, if any


class profile:  # noqa: N801 - used like a function
    """Write what happens until the block ends as a Chrome trace, one row a thread.

    Perfetto (ui.perfetto.dev) and chrome://tracing open the file. Calls of jitted functions, the
    kernels in them, traces, searches, compiles, cache look-ups and swaps are in it. While no
    profile is taken it costs one load a call. At most 2^20 events are kept; how many
    were dropped stands in ``otherData``.

    Args:
        path: of the JSON file; made at once, so that a path that cannot be written is told first.

    Raises:
        OSError: the file cannot be written.
        TraceError: another profile is being taken.

    Example:
        >>> import json, tempfile, os
        >>> path = os.path.join(tempfile.mkdtemp(), "trace.json")
        >>> f = bafe.jit(lambda x: x + 1)
        >>> with bafe.profile(path):
        ...     _ = f(np.ones(4))
        >>> with open(path) as file:
        ...     "call" in {event.get("cat") for event in json.load(file)["traceEvents"]}
        True
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)

    def start(self) -> None:
        """Begin, as entering the block does."""
        self._recorder = shapes.recorder()
        if _profiles or (self._recorder is None and _core.trace_is_on()):
            raise _core.TraceError(
                f"{_place()}profile: another profile is being taken\n"
                "  fix: end it first; one trace holds all threads"
            )
        with open(self.path, "w", encoding="utf-8"):
            if self._recorder is not None:
                self._recorder.absorb(_core.trace_stop())
            _core.trace_start()
        _profiles.append(self)

    def stop(self) -> None:
        """End and write the file, as leaving the block does."""
        text = _core.trace_stop()
        _profiles.clear()
        if self._recorder is not None:
            self._recorder.absorb(text)
            self._recorder.resume()
        with open(self.path, "w", encoding="utf-8") as file:
            file.write(text)

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.stop()
