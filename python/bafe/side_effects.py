"""Side effects of traced functions: they happen once, while tracing, so they are said once."""

from __future__ import annotations

import dis
import types
import warnings
import zlib
from typing import Any

import numpy as np

from bafe.tracer import _place

_MOST_BYTES = 1 << 18  # of a captured array that is looked at for writes
_said: set[str] = set()  # places that were warned of; a place once


class TraceWarning(UserWarning):
    """A traced function does something that happens while tracing and not at every call."""


def warn(fact: str, fix: str) -> None:
    """Warn once for each place and fact."""
    text = f"{_place()}trace: {fact}\n  fix: {fix}"
    if text in _said:
        return
    _said.add(text)
    warnings.warn(text, TraceWarning, stacklevel=_depth())


def _depth() -> int:
    """How far up the caller's own line is, counted from ``warn``."""
    import sys

    depth, frame = 1, sys._getframe(1)
    while frame.f_back is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] != "bafe":
            break
        frame = frame.f_back
        depth += 1
    return depth


def note_text(tensor: Any) -> None:
    """Somebody turned a tensor to text, most likely to print it."""
    if not tensor.tracer.is_closed:
        warn(
            f"{tensor!r} is turned into text while tracing: that happens once, and shows no values",
            "print outside the jitted function, or debug with BAFE_DISABLE_JIT=1",
        )


class Watch:
    """What a function could change outside itself, looked at before and after it is traced."""

    def __init__(self, function: Any) -> None:
        self._function = getattr(function, "__func__", function)
        self._before: list[tuple[str, Any, int]] = []
        if not isinstance(self._function, types.FunctionType):
            return
        for name, value in _outer(self._function):
            if type(value) in (list, dict, set):
                self._before.append((name, value, len(value)))
            elif type(value) is np.ndarray and value.nbytes <= _MOST_BYTES:
                self._before.append((name, value, _sum(value)))

    def report(self) -> None:
        """Warn of what changed, or will change at the first call only."""
        for name, value, size in self._before:
            now = _sum(value) if isinstance(value, np.ndarray) else len(value)
            if now != size:
                warn(
                    f"the function changes {name!r}, which it did not make: that happens while "
                    "tracing and not at every call",
                    "return the value and collect it outside the function",
                )
        if isinstance(self._function, types.FunctionType):
            for name in _bound(self._function.__code__):
                warn(
                    f"the function binds the outer name {name!r}: that happens while tracing and "
                    "not at every call",
                    "return the value and bind the name outside the function",
                )


def _sum(array: np.ndarray) -> int:
    return zlib.crc32(array.tobytes()) if array.dtype != object else 0


def _outer(function: types.FunctionType) -> list[tuple[str, Any]]:
    code, out = function.__code__, []
    for name, cell in zip(code.co_freevars, function.__closure__ or ()):
        try:
            out.append((name, cell.cell_contents))
        except ValueError:
            continue
    space = function.__globals__
    out += [(name, space[name]) for name in code.co_names if name in space]
    return out


def _bound(code: types.CodeType) -> list[str]:
    """Global and closure names that the code binds."""
    if not _may_bind(code):
        return []
    return list(
        dict.fromkeys(
            one.argval
            for one in dis.get_instructions(code)
            if one.opname == "STORE_GLOBAL"
            or (one.opname == "STORE_DEREF" and one.argval in code.co_freevars)
        )
    )


def _may_bind(code: types.CodeType) -> bool:
    """A quick look, since reading all instructions takes long."""
    wanted = {dis.opmap["STORE_GLOBAL"], dis.opmap["STORE_DEREF"]}
    return any(op in wanted for op in code.co_code[::2])
