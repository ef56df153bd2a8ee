"""Side effects of traced functions: they happen once, while tracing, so they are said once."""

from __future__ import annotations

import dis
import os
import types
import warnings
import zlib
from typing import Any

import numpy as np

from bafe import _core
from bafe.tracer import _place

_MOST_BYTES = 1 << 18  # of a captured array that is looked at for writes
_said: set[str] = set()  # places that were warned of; a place once


class TraceWarning(UserWarning):
    """A traced function does something that happens while tracing and not at every call."""


def warn(fact: str, fix: str, place: str = "") -> None:
    """Warn once for each place and fact; the place is the user's line unless it is given."""
    text = f"{place or _place()}trace: {fact}\n  fix: {fix}"
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
        tensor.tracer.is_shown = True
        warn(
            f"{tensor!r} is turned into text while tracing: that happens once, and shows no values",
            "print outside the jitted function, or debug with BAFE_DISABLE_JIT=1",
        )


class Watch:
    """What a function could change outside itself, looked at before and after it is traced."""

    def __init__(self, function: Any) -> None:
        self._function = getattr(function, "__func__", function)
        self._before: list[tuple[str, Any, int]] = []
        self._given: list[tuple[Any, list[Any]]] = []  # containers among the arguments
        if not isinstance(self._function, types.FunctionType):
            return
        for name, value in _outer(self._function):
            if type(value) in (list, dict, set):
                self._before.append((name, value, len(value)))
            elif type(value) is np.ndarray and value.nbytes <= _MOST_BYTES:
                self._before.append((name, value, _sum(value)))

    def take(self, value: Any) -> None:
        """Look at the containers of an argument: calls give a function copies of them."""
        inside = _inside(value)
        if inside:
            self._given.append((value, inside))
            for item in inside:
                self.take(item)

    def _report_given(self) -> None:
        for value, before in self._given:
            now = _inside(value)
            if len(now) != len(before) or any(a is not b for a, b in zip(now, before)):
                warn(
                    f"the function changes a {type(value).__name__} that it was given: the "
                    "caller's stays as it is, but for the arrays in it that are written into",
                    "return the value, or write into the array: x[...] = value",
                )

    def check(self, tracer: Any) -> None:
        """TraceError where an array of the function's own changed after it met a tensor: a call
        would read what it held in the end."""
        known = [value for _, value, _ in self._before]
        for array, before in zip(tracer.captured, tracer.captured_sums):
            if _sum(array) == before or any(array is value for value in known):
                continue
            error = _core.TraceError(
                f"{_place()}trace: a plain array {list(array.shape)} is written into after "
                "it met a tensor, and calls would read what it held in the end\n"
                "  fix: make it with np.zeros_like(x), pass it as an argument, or write before"
            )
            error.values_needed = True  # the function may have made it itself
            raise error

    def _place(self) -> str:
        code = getattr(self._function, "__code__", None)
        return f"{os.path.basename(code.co_filename)}:{code.co_firstlineno}: " if code else ""

    def report(self, is_shown: bool = False) -> None:
        """Warn of what changed, or will change at the first call only; ``is_shown``: of a tensor
        that was printed it has been said."""
        self._report_given()
        if _prints(self._function) and not is_shown:
            warn(
                "the function prints: that happens while tracing and not at every call",
                "print outside the jitted function, or debug with BAFE_DISABLE_JIT=1",
                self._place(),
            )
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


def _prints(function: Any) -> bool:
    """Whether Python's print is called by name."""
    if not isinstance(function, types.FunctionType):
        return False
    return "print" in function.__code__.co_names and "print" not in function.__globals__


def _inside(value: Any) -> list[Any]:
    """The items of a list, the keys and values of a dict, the fields of a dataclass."""
    if type(value) in (list, tuple):
        return list(value)
    if type(value) is dict:
        return [*value, *value.values()]
    if hasattr(type(value), "__dataclass_fields__"):
        return list(getattr(value, "__dict__", {}).values())
    return []


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
