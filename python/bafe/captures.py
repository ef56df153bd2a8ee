"""What a traced function looks up outside its arguments: captured arrays become hidden inputs,
other values guards. Whatever a name of the code leads to has a guard at every step of the way."""

from __future__ import annotations

import functools
import gc
import sys
import types
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from bafe import _core

_PLAIN = (int, float, complex, bool, str, bytes, type(None), np.generic)
_OWN = ("bafe", "numpy")  # packages whose attributes no user rebinds, beside Python's own
_LIMIT = 20_000  # values looked at; beyond it the function is traced at every call
_DEFAULTS, _KEYWORD_DEFAULTS = 0, 1  # what the core reads of a function
_UNREAD = {"__repr__", "__str__", "__reduce__", "__init_subclass__"}  # methods nobody traces
_USUAL = {"np": "numpy"}  # modules under other names than their own

# (container, key): a dict and a key, a cell and its name, a list and a position, a function and
# one of the two numbers above. None: nobody can rebind it.
Place = Any
Found = Iterator["tuple[Place, Any]"]


def _is_own(module: Any) -> bool:
    """Of BAFE, NumPy or Python itself; ``numpy_model`` is somebody else's."""
    root = str(module or "").partition(".")[0]
    return root in _OWN or root in sys.stdlib_module_names


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for const in code.co_consts:
        if isinstance(const, types.CodeType):
            yield from _names(const)
        elif type(const) is str and const.isidentifier():
            yield const  # getattr(x, "name")


def _dict_of(kind: type) -> Any:
    """The dict behind a class, which guards read; None where Python keeps it to itself."""
    inside = gc.get_referents(kind.__dict__)
    return inside[0] if len(inside) == 1 and type(inside[0]) is dict else None


def _is_usual(name: str, module: types.ModuleType) -> bool:
    return module.__name__ == _USUAL.get(name, name)


class _Search:
    """One walk over what a function can reach."""

    def __init__(self, captured: list[Any]) -> None:
        self.wanted = {id(array): array for array in captured}
        self.places: dict[int, list[Place]] = {}
        self.guards: list[tuple[Place, Any]] = []
        self.is_complete = True
        self._names: set[str] = set()  # that any function found so far uses
        self._classes: dict[int, Any] = {}  # their dicts
        self._known: set[tuple[int, Any]] = set()  # places with a guard
        self._seen: dict[int, Any] = {}  # values looked into; kept, so that ids stay theirs
        self._todo: list[tuple[Place, Any]] = []

    def walk(self, roots: Iterable[Any]) -> None:
        self._todo = [(None, root) for root in roots]
        at = 0
        while at < len(self._todo):
            if at > _LIMIT:
                self.is_complete = False
                return
            place, value = self._todo[at]
            at += 1
            if place is not None and not self._is_new(place):
                continue
            if isinstance(value, np.ndarray) and id(value) in self.wanted:
                self.places.setdefault(id(value), []).append(place)
                continue
            if place is not None:
                self.guards.append((place, value))
            if isinstance(value, (*_PLAIN, np.ndarray)) or id(value) in self._seen:
                continue
            self._seen[id(value)] = value
            self._todo.extend(self._inside(value))

    def _is_new(self, place: Place) -> bool:
        container, key = place
        try:
            mark = (id(container), (type(key), key))
            is_new = mark not in self._known
            self._known.add(mark)
        except TypeError:
            return True
        return is_new

    def _inside(self, value: Any) -> Found:
        if isinstance(value, dict):
            yield from (((value, key), item) for key, item in list(value.items()))
        elif isinstance(value, list):
            yield from (((value, i), item) for i, item in enumerate(value))
        elif isinstance(value, (tuple, frozenset, set)):
            yield from ((None, item) for item in value)
        elif isinstance(value, types.FunctionType):
            yield from self._of_function(value)
        elif isinstance(value, type):
            yield from self._of_class(value)
        elif isinstance(value, types.MethodType):
            yield from ((None, part) for part in (value.__func__, value.__self__))
        elif isinstance(value, (_core.JitFunction, _core.Compiled)):
            yield None, value._options.fn
        elif not isinstance(value, types.ModuleType):
            yield from self._of_object(value)

    def _of_object(self, value: Any) -> Found:
        if isinstance(value, functools.partial):
            yield from ((None, part) for part in (value.func, value.args, value.keywords))
        elif isinstance(value, property):
            yield None, value.fget
        elif isinstance(value, (staticmethod, classmethod)):
            yield None, value.__func__
        kind = type(value)
        if kind.__module__.partition(".")[0] in _OWN:
            return
        space = getattr(value, "__dict__", None)
        if type(space) is dict:
            yield ([space], 0), space  # its size is guarded too: a new attribute hides a class's
        yield None, kind

    def _of_class(self, kind: type) -> Found:
        for one in kind.__mro__:
            space = None if _is_own(one.__module__) else _dict_of(one)
            if space is None or id(space) in self._classes:
                continue
            self._classes[id(space)] = self._seen[id(space)] = space
            yield ([space], 0), space  # its size: a new attribute hides a base's
            for name, item in list(space.items()):
                is_special = name[:2] == "__" and isinstance(item, types.FunctionType)
                if name in self._names or (is_special and name not in _UNREAD):
                    yield (space, name), item

    def _of_function(self, function: types.FunctionType) -> Found:
        code = function.__code__
        for name, cell in zip(code.co_freevars, function.__closure__ or ()):
            try:
                yield (cell, name), cell.cell_contents
            except ValueError:
                continue
        if function.__defaults__:
            yield (function, _DEFAULTS), function.__defaults__
        if function.__kwdefaults__:
            yield (function, _KEYWORD_DEFAULTS), function.__kwdefaults__
        space = function.__globals__
        if _is_own(space.get("__name__")):
            return
        names = list(dict.fromkeys(_names(code)))
        yield from self._in_classes(names)
        yield from self._of_names(names, space)
        for key, item in list(function.__dict__.items()):
            yield (function.__dict__, key), item

    def _of_names(self, names: list[str], space: dict[str, Any]) -> Found:
        """What the names mean among the globals, and in the modules they lead to."""
        spaces, seen = [space], {id(space)}
        while spaces:
            space = spaces.pop()
            for name in names:
                if name not in space:
                    continue
                value = space[name]
                if not isinstance(value, types.ModuleType):
                    yield (space, name), value
                    continue
                if not _is_usual(name, value):
                    yield (space, name), value
                if id(value.__dict__) not in seen and not _is_own(value.__name__):
                    seen.add(id(value.__dict__))
                    spaces.append(value.__dict__)

    def _in_classes(self, names: list[str]) -> Found:
        """Attributes of classes found before that this function is the first to name."""
        new = [name for name in names if name not in self._names]
        self._names.update(new)
        for space in list(self._classes.values()):
            yield from (((space, name), space[name]) for name in new if name in space)


def find(
    function: Any, captured: list[Any], others: Iterable[Any] = ()
) -> tuple[list[Any], list[Any]]:
    """Say where captured arrays and other outer values are found.

    Args:
        function: the traced Python function.
        captured: arrays that tracing captured.
        others: static arguments and classes of arguments, whose attributes the function may read.

    Returns:
        (hidden, guards): hidden has (place or None, array) for each captured array; guards has
        (place, value) for all else that the function's names lead to. Where one array has several
        places, or NumPy made one while tracing, they have guards and no place: one may be rebound
        without the others. When there is too much to look at, one guard never holds.
    """
    search = _Search(captured)
    search.walk([function, *others])
    places = [search.places.get(id(array), []) for array in captured]
    reads = not all(places)  # some array was made while tracing, maybe from another by NumPy
    hidden = []
    for array, found in zip(captured, places):
        is_fixed = reads or len(found) != 1
        hidden.append((None if is_fixed else found[0], array))
        if is_fixed:
            search.guards.extend((place, array) for place in found if place is not None)
    if not search.is_complete:
        search.guards.append((([None], 0), object()))
    return hidden, search.guards


def _now(place: Place) -> Any:
    container, key = place
    try:
        if isinstance(container, types.CellType):
            return container.cell_contents
        if isinstance(container, types.FunctionType):
            return container.__kwdefaults__ if key else container.__defaults__
        return container[key]
    except (LookupError, ValueError):
        return None


def changed(guards: list[tuple[Place, Any]]) -> list[tuple[str, Any, Any]]:
    """(name, value before, value now) of guards that hold no more."""
    pairs = ((place, before, _now(place)) for place, before in guards)
    return [(str(place[1]), before, now) for place, before, now in pairs if before is not now]
