"""What a traced function looks up outside its arguments: captured arrays become hidden inputs,
other values guards."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

import numpy as np

_PLAIN = (int, float, complex, bool, str, bytes, type(None), np.generic)
_DEPTH = 3  # how far lists, dicts and objects are searched
_OWN = ("bafe", "numpy")  # modules whose attributes no user rebinds
_LIMIT = 500  # names looked at

Place = Any  # (container, key): globals and "name", a cell and None, a list and a position


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from _names(const)


def _own(function: types.FunctionType) -> Iterator[tuple[Place, Any]]:
    """Cells and globals that the function's code names."""
    for cell in function.__closure__ or ():
        try:
            yield (cell, None), cell.cell_contents
        except ValueError:
            continue
    space = function.__globals__
    names = list(dict.fromkeys(_names(function.__code__)))
    for name in names:
        if name not in space:
            continue
        value = space[name]
        yield (space, name), value
        if isinstance(value, types.ModuleType) and not value.__name__.startswith(_OWN):
            inside = value.__dict__
            yield from (((inside, n), inside[n]) for n in names if n in inside)


def _children(value: Any) -> Iterator[tuple[Place, Any]]:
    if isinstance(value, dict):
        yield from (((value, key), item) for key, item in list(value.items()))
    elif isinstance(value, list):
        yield from (((value, i), item) for i, item in enumerate(value))
    elif isinstance(value, tuple):
        for item in value:
            yield from _children(item)
    elif isinstance(value, types.FunctionType):
        if not (value.__module__ or "").startswith(_OWN):
            yield from _own(value)
    elif not isinstance(value, (type, types.ModuleType)) and hasattr(value, "__dict__"):
        space = value.__dict__
        if type(space) is dict and not type(value).__module__.startswith(_OWN):
            yield from (((space, name), item) for name, item in list(space.items()))


def find(function: Any, captured: list[Any]) -> tuple[list[Any], list[Any]]:
    """Say where captured arrays and other outer values are found.

    Args:
        function: the traced Python function.
        captured: arrays that tracing captured.

    Returns:
        (hidden, guards): hidden has (place or None, array) for each captured array; guards has
        (place, value) for
        numbers, texts, functions and containers the function's names lead to.
    """
    places: dict[int, Place] = {}
    guards: list[tuple[Place, Any]] = []
    wanted = {id(array) for array in captured}
    seen: set[int] = set()
    start = function.__func__ if isinstance(function, types.MethodType) else function
    todo = [(0, place, value) for place, value in _children(start)]
    while todo and len(seen) < _LIMIT:
        depth, place, value = todo.pop(0)
        if id(value) in wanted:
            places.setdefault(id(value), place)
            continue
        if isinstance(value, np.ndarray) or isinstance(value, (types.ModuleType, type)):
            continue
        if isinstance(value, _PLAIN):
            guards.append((place, value))
            continue
        guards.append((place, value))
        if id(value) not in seen and depth < _DEPTH:
            seen.add(id(value))
            todo.extend((depth + 1, p, v) for p, v in _children(value))
    return [(places.get(id(array)), array) for array in captured], guards
