"""What ``BAFE_LOG=recompiles`` and ``BAFE_TRACE`` say of a new signature. Bookkeeping only."""

from __future__ import annotations

import sys
import weakref
from typing import Any

from bafe import _core, captures
from bafe.call import _Call, _Options

_MOST_NAMED = 3  # values that one line names
_last: weakref.WeakKeyDictionary[_Options, Any] = weakref.WeakKeyDictionary()


def recorder() -> Any:
    """What writes the records of BAFE_TRACE; None while that is not set."""
    folder = _core.option("BAFE_TRACE")
    if not folder:
        started = sys.modules.get("bafe.report.recorder")
        if started is not None:
            started.rest()
        return None
    from bafe.report import recorder as recording

    return recording.of(folder)


recorder()  # spans are kept from the first call on


def note_signature(
    call: _Call, program: Any, executable: Any, guards: list[tuple[Any, Any]]
) -> None:
    """Tell the log and the trace how a call differs from the signature before, and what runs."""
    trace = recorder()
    is_logged = _core.log_enabled("recompiles")
    if not is_logged and trace is None:
        return
    options = call.options
    name = getattr(options.fn, "__name__", type(options.fn).__name__)
    static = {where: value for where, kind, value in call.parts if kind == "static"}
    before, static_before, guards_before = _last.get(options, (None, {}, []))
    changes = [
        (_parameter(options, where), static_before[where], value)
        for where, value in static.items()
        if where in static_before and not _same(static_before[where], value)
    ]
    changes += captures.changed(guards_before)
    lines = [f"{what} was {_brief(was)}, is {_brief(now)}" for what, was, now in changes]
    if is_logged:
        _core.log_recompile(": ".join([name, *lines[:_MOST_NAMED]]), before, program, executable)
    if trace is not None:
        why = _core.signature_change(before, program)
        if lines and why.startswith("a static argument"):
            why = "; ".join(lines)
        trace.add(name, why, _core.recompile_outcome(executable), options, program, executable)
    _last[options] = program, static, guards


def _same(a: Any, b: Any) -> bool:
    return a is b or (type(a) is type(b) and repr(a) == repr(b))


def _parameter(options: _Options, where: Any) -> str:
    names = options.parameter_names
    return names[where] if isinstance(where, int) and where < len(names) else str(where)


def _brief(value: Any) -> str:
    """A number or a short text as it is, else its class."""
    text = repr(value) if isinstance(value, (int, float, complex, str, tuple)) else ""
    return text if 0 < len(text) <= 40 else f"a {type(value).__name__}"
