"""Functions that write tensors into arrays of their own, as in ``out = np.zeros(3); out[0] = x``.

NumPy makes such arrays without asking BAFE, and cannot hold a tensor in one. When tracing fails for
that reason the function is traced once more as a copy whose global names ``np`` and ``numpy`` mean
a stand-in: there ``zeros``, ``array`` and the like make tensors. The user's function, module and
NumPy itself stay as they are.
"""

from __future__ import annotations

import types
from typing import Any, Callable

import numpy as np

from bafe import tracer as _t


def is_reason(error: BaseException) -> bool:
    """Whether a stand-in for NumPy may help."""
    if getattr(error, "values_needed", False):
        return True
    text = str(error)
    return isinstance(error, ValueError) and text.startswith("setting an array element")


def _new(value: Any) -> Callable[..., Any]:
    def make(shape: Any, dtype: Any = float, order: Any = "C", **kwargs: Any) -> Any:
        from bafe.numpy_creation import filled

        return filled(shape, value, np.dtype(dtype))

    return make


def _full(shape: Any, fill_value: Any, dtype: Any = None, order: Any = "C", **kwargs: Any) -> Any:
    kind = dtype or np.result_type(
        getattr(
            fill_value,
            "dtype",
            np.asarray(0).dtype if isinstance(fill_value, int) else type(fill_value),
        )
    )
    made = _new(0)(shape, kind)
    made[...] = fill_value
    return made


def _has_tensor(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return any(map(_has_tensor, value))
    return hasattr(value, "tracer")


def _array(value: Any, dtype: Any = None, **kwargs: Any) -> Any:
    """Lists of tensors are stacked."""
    if not _has_tensor(value):
        return np.array(value, dtype, **kwargs)
    if isinstance(value, (list, tuple)):
        parts = [_array(part) for part in value]
        made = np.stack([_t._state.tracer.lift(part) for part in parts])
    else:
        made = value._copied(str(kwargs.get("order", "K")).upper())
    return made if dtype is None or made.dtype == np.dtype(dtype) else made.astype(dtype)


def _asarray(value: Any, dtype: Any = None, *args: Any, **kwargs: Any) -> Any:
    if hasattr(value, "tracer"):
        return value if dtype is None else value.astype(dtype, copy=False)
    return _array(value, dtype) if _has_tensor(value) else np.asarray(value, dtype)


def _number(name: str) -> Callable[..., Any]:
    def convert(value: Any = 0) -> Any:
        kind = getattr(np, name)
        return value.astype(kind) if hasattr(value, "tracer") else kind(value)

    return convert


def _own(name: str) -> Callable[..., Any]:
    def make(*args: Any, **kwargs: Any) -> Any:
        if _has_tensor(args) or _has_tensor(list(kwargs.values())):
            return getattr(np, name)(*args, **kwargs)
        made = getattr(np, name)(*args, **kwargs)
        return _t._state.tracer.tensor(_t._state.tracer.trace.constant(made))

    return make


def _contiguous(name: str, order: str) -> Callable[..., Any]:
    """NumPy copies what has another order; what may have is no view to be written through."""

    def make(value: Any, dtype: Any = None, **kwargs: Any) -> Any:
        if not hasattr(value, "tracer"):
            return _asarray(value, dtype) if _has_tensor(value) else getattr(np, name)(value, dtype)
        turned = value if order == "C" else value.T
        is_line = sum(n != 1 for n in value.shape) < 2
        if turned._is_row() or (is_line and value._strides is None):
            return _asarray(value, dtype)
        made = _asarray(value, dtype)
        return made._copied(order) if made is value else made

    return make


_MADE: dict[str, Callable[..., Any]] = {
    "zeros": _new(0),
    "empty": _new(0),
    "ones": _new(1),
    "full": _full,
    "eye": _own("eye"),
    **{name: _own(name) for name in ("identity", "arange", "linspace", "tri")},
    "array": _array,
    **{name: _asarray for name in ("asarray", "asanyarray")},
    "ascontiguousarray": _contiguous("ascontiguousarray", "C"),
    "asfortranarray": _contiguous("asfortranarray", "F"),
    **{name: _number(name) for name in ("float64", "float32", "int64", "int32")},
}


class _StandIn:
    """NumPy, but for what makes arrays."""

    def __getattr__(self, name: str) -> Any:
        return _MADE[name] if name in _MADE else getattr(np, name)


_stand_in = _StandIn()


class _Globals(dict):  # type: ignore[type-arg]
    """Reads a function's globals; NumPy and plain functions are replaced on the way."""

    def __init__(self, space: dict[str, Any], known: dict[int, Any]) -> None:
        super().__init__()
        self._space, self._known = space, known

    def __missing__(self, name: str) -> Any:
        return _replaced(self._space[name], self._known)


def _replaced(value: Any, known: dict[int, Any]) -> Any:
    if value is np:
        return _stand_in
    if isinstance(value, types.BuiltinFunctionType) and value in (np.zeros, np.empty, np.array):
        return _MADE[value.__name__]
    if isinstance(value, types.FunctionType):
        module = str(value.__globals__.get("__name__", ""))
        return value if module.partition(".")[0] in ("bafe", "numpy") else clone(value, known)
    return value


def clone(function: Any, known: dict[int, Any] | None = None) -> Any:
    """The function with a stand-in for NumPy; other callables as they are."""
    known = {} if known is None else known
    if isinstance(function, types.MethodType):
        return types.MethodType(clone(function.__func__, known), function.__self__)
    if not isinstance(function, types.FunctionType):
        return function
    if id(function) in known:
        return known[id(function)]
    cells = tuple(types.CellType() for _ in function.__closure__ or ())
    space = _Globals(function.__globals__, known)
    space["__builtins__"] = function.__globals__.get("__builtins__", __builtins__)
    space["__name__"] = function.__globals__.get("__name__", "")
    made = types.FunctionType(
        function.__code__, space, function.__name__, function.__defaults__, cells or None
    )
    made.__kwdefaults__ = function.__kwdefaults__
    known[id(function)] = made
    for cell, original in zip(cells, function.__closure__ or ()):
        try:
            cell.cell_contents = _replaced(original.cell_contents, known)
        except ValueError:
            continue
    return made
