"""Traces: programs under construction, the arrays they capture, and how nodes are recorded."""

from __future__ import annotations

import operator
import os
import sys
import threading
import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Callable, Union

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from bafe import _core

if TYPE_CHECKING:
    from bafe.tensor import Tensor

ArrayLike = Any
DTypeLike = Any
Axes = Union[int, Sequence[int]]


class _State(threading.local):
    """The trace this thread is in, if any, and the one that ``bafe.input`` uses outside of one."""

    def __init__(self) -> None:
        self.tracer: Any = None
        self.ambient: Any = None


_state = _State()


def user_loc() -> tuple[str, int] | None:
    """File and line of the innermost frame that is not BAFE's own."""
    frame = sys._getframe(1)
    while frame is not None:
        module = frame.f_globals.get("__name__", "")
        if module.partition(".")[0] != "bafe":  # generated files may lie elsewhere
            return os.path.basename(frame.f_code.co_filename), frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return None


def _place() -> str:
    loc = user_loc()
    return f"{loc[0]}:{loc[1]}: " if loc else ""


def _index(subject: str, name: str, value: Any) -> int:
    """An integer of Python or NumPy; TraceError for anything else."""
    try:
        return operator.index(value)
    except TypeError:
        raise _core.TraceError(
            f"{_place()}{subject}: {name} is {value!r}\n  fix: give an integer"
        ) from None


def _indices(subject: str, name: str, value: Any) -> tuple[int, ...]:
    """One integer or a sequence of them."""
    try:
        return (operator.index(value),)
    except TypeError:
        pass
    try:
        return tuple(operator.index(entry) for entry in value)
    except TypeError:
        raise _core.TraceError(
            f"{_place()}{subject}: {name} is {value!r}\n"
            "  fix: give an integer or a sequence of integers"
        ) from None


class Tracer:
    """One program under construction, with the arrays it captured."""

    def __init__(self) -> None:
        self.trace = _core.Trace()
        self.captured: list[Any] = []
        self.captured_sums: list[int] = []  # of what they held when they were captured
        self.captured_ids: dict[int, int] = {}
        self._kept: list[Any] = []  # captured arrays of classes of their own: ids stay theirs
        self.parameters: list[tuple[str, int]] = []
        self.input_ids: list[int] = []
        self.arguments: list[Any] = []  # the tensors that stand for the parameters
        self.next_parameter = 0
        self.writes: list[Any] = []  # (argument, start, size, step) of each one written into
        self.same_as: list[int] = []  # of each result: the written argument that it is; else -1
        self.depth = 0  # of a loop's body: one more than of the trace around it
        self.bodies = 0  # loop bodies inside of it that are being traced
        self.rebinds = False  # a number was changed where an array would have been written into
        self.is_closed = False  # its function has returned
        self.is_shown = False  # a tensor was turned into text

    def check_open(self) -> None:
        """TraceError for a tensor that outlived the function it was made in."""
        if self.is_closed:
            raise _core.TraceError(
                f"{_place()}trace: a tensor is used after the traced function returned: it stood "
                "for a value of that function and has none\n"
                "  fix: return it from the function instead of keeping it in a global, a list or "
                "an attribute"
            )

    def tensor(self, index: int, is_row: bool = True) -> Tensor:
        """Wrap a value of the trace; ``is_row``: NumPy would store it row by row."""
        from bafe.tensor import Tensor

        return Tensor(self, index, is_row)

    def lift(self, value: Any, like: Tensor | None = None) -> Tensor:
        """Make a tensor of this trace from a tensor, an array, a constant or a number."""
        if hasattr(value, "__array_namespace__") and not isinstance(value, np.ndarray):
            value = getattr(value, "_data", value)
        if hasattr(value, "tracer"):
            if value.tracer is self:
                return value
            value.tracer.check_open()
            raise _core.TraceError(
                f"{_place()}trace: a tensor of another trace is used here\n"
                "  fix: pass it as an argument, or build both with the same function"
            )
        if isinstance(value, Constant):
            return self.tensor(self.trace.constant(value.array))
        if hasattr(value, "_pending"):  # a lazy array that the function captured
            value = value.numpy()
        if isinstance(value, (bool, np.bool_)):
            return self.tensor(self.trace.scalar(bool(value), "bool"))
        if isinstance(value, (int, float)) and not isinstance(value, np.generic):
            return self._number(value, like)
        if isinstance(value, np.generic):
            value = np.asarray(value)
        if isinstance(value, np.ndarray):
            return self._capture(value)
        if isinstance(value, (list, tuple)):
            array = np.asarray(value)
            if array.dtype.kind in "biuf":
                return self.tensor(self.trace.constant(array))
        if hasattr(type(value), "__dlpack_device__"):
            from bafe.call import _exchanged

            return self._capture(_exchanged(value, "a captured array"))
        raise _core.TraceError(
            f"{_place()}trace: a {type(value).__name__} cannot be used with a tensor\n"
            "  fix: use arrays, tensors or numbers"
        )

    def _number(self, value: float, like: Tensor | None) -> Tensor:
        """Type a Python number beside ``like`` as NEP 50 does."""
        dtype = like._dtype if like is not None else None
        if isinstance(value, int):
            kind = "i64" if dtype in (None, "bool") else dtype
        else:
            kind = dtype if dtype in ("f16", "bf16", "f32", "f64") else "f64"
        assert kind is not None
        if isinstance(value, int) and kind[0] in "iu":
            info = np.iinfo(("uint" if kind[0] == "u" else "int") + kind[1:])
            if not info.min <= value <= info.max:
                raise OverflowError(f"Python integer {value} out of bounds for {info.dtype}")
        return self.tensor(self.trace.scalar(value, kind))

    def _capture(self, array: np.ndarray) -> Tensor:
        found = self.captured_ids.get(id(array))
        if found is None:
            original, array = array, plain_array(array, "a captured array")
            self.captured_ids[id(original)] = found = self._hidden(array)
            self._kept.append(original)
        return self.tensor(found, array.flags.c_contiguous)

    def _hidden(self, array: np.ndarray) -> int:
        found = self.captured_ids.get(id(array))
        if found is None:
            dtype, shape, weak, layout = _core.leaf_type(array)
            found = self.trace.input(f"captured{len(self.captured)}", dtype, shape, weak, layout)
            self.captured.append(array)
            self.captured_sums.append(zlib.crc32(np.ascontiguousarray(array).view(np.uint8).data))
            self.captured_ids[id(array)] = found
        return found


def has_own_arithmetic(value: np.ndarray) -> bool:
    """Matrices and masked arrays. ``numpy.ma`` takes 8 ms to import; who has one has done so."""
    masked = sys.modules.get("numpy.ma")
    return isinstance(value, np.matrix) or (
        masked is not None and isinstance(value, masked.MaskedArray)
    )


def plain_array(value: np.ndarray, subject: str) -> np.ndarray:
    """An array of numbers without a class of its own, in the same memory."""
    if type(value) is not np.ndarray and has_own_arithmetic(value):
        raise _core.TraceError(
            f"{_place()}jit: {subject} is a {type(value).__name__}, whose arithmetic differs "
            "from an array's\n  fix: pass numpy.asarray(x)"
        )
    value = value if type(value) is np.ndarray else value.view(np.ndarray)
    if not _core.is_supported(value):
        raise _core.DTypeError(
            f"{_place()}jit: {subject} has dtype {value.dtype}\n"
            "  fix: convert it with x.astype(numpy.float64) or another numeric dtype"
        )
    return value


class Constant(NDArrayOperatorsMixin):
    """An array whose values are part of the program: copied, folded, packed once. See
    ``bafe.constant``.

    In a traced function it stands for a tensor, outside of one for its array.
    """

    __hash__ = object.__hash__

    def __init__(self, array: ArrayLike) -> None:
        self.array = np.array(array, copy=True)
        self.array.setflags(write=False)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.array if dtype is None else self.array.astype(dtype)

    def _here(self) -> Any:
        return self.array if _state.tracer is None else _state.tracer.lift(self)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        return getattr(ufunc, method)(*_here_all(inputs), **kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        return func(*_here_all(args), **kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name == "tracer":  # what tells a tensor from others
            raise AttributeError(name)
        return getattr(self._here(), name)

    def __getitem__(self, key: Any) -> Any:
        return self._here()[key]

    def __len__(self) -> int:
        return len(self.array)

    def __iter__(self) -> Any:
        return iter(self._here())


def _here_all(values: Any) -> Any:
    """Constants in ``values``, nested in lists and tuples too, as what they stand for here."""
    if isinstance(values, Constant):
        return values._here()
    if isinstance(values, (list, tuple)):
        return type(values)(_here_all(value) for value in values)
    return values


def tracer_of(values: Sequence[Any]) -> Tracer | None:
    """Find the trace that the values belong to, else the one being recorded: the innermost."""
    found, here = None, _state.tracer
    for value in values:
        if hasattr(value, "tracer"):
            value.tracer.check_open()
            if found is None or value.tracer.depth > found.depth:
                found = value.tracer
    if found is None or (here is not None and here.depth > found.depth):
        return here
    return found


def _is_row(value: Any) -> bool:
    if hasattr(value, "tracer"):
        return bool(value._is_row())
    return value.flags.c_contiguous if isinstance(value, np.ndarray) else True


def _record(values: Sequence[Any], build: Callable[[Tracer, list[int]], int]) -> Any:
    """Record a node over ``values``; without a trace, compute it at once."""
    tracer = tracer_of(values)
    if tracer is None:
        if any(hasattr(value, "_pending") for value in values):
            from bafe.lazy_array import record

            return record(values, build)
        return _eager(values, build)
    like = _like(tracer, values)
    index = build(tracer, [tracer.lift(v, like)._index for v in values])
    return tracer.tensor(index, all(map(_is_row, values)))


def _like(tracer: Tracer, values: Sequence[Any]) -> Any:
    """What Python numbers among the values take their dtype from: no mask, if there is another."""
    given = [v for v in values if hasattr(v, "tracer")]
    if all(v._dtype == "bool" for v in given):
        given += [tracer.lift(v) for v in values if isinstance(v, (np.ndarray, Constant))]
    return next((v for v in given if v._dtype != "bool"), given[0] if given else None)


def _eager(values: Sequence[Any], build: Callable[[Tracer, list[int]], int]) -> Any:
    tracer = Tracer()
    arrays: list[np.ndarray] = []
    tensors: list[int] = []
    for value in values:
        value = value.array if isinstance(value, Constant) else value
        if not isinstance(value, (int, float)) or isinstance(value, np.generic):
            value = np.asarray(value)
        dtype, shape, weak, _ = _core.leaf_type(value)
        tensors.append(tracer.trace.input(f"x{len(arrays)}", dtype, shape, weak, "row"))
        arrays.append(np.asarray(value))
    root = build(tracer, tensors)
    (result,) = tracer.trace.finish([root]).evaluate(arrays)
    return result[()] if result.ndim == 0 else result


def _call(name: str, operands: Sequence[Any], fields: tuple[Any, ...] = ()) -> Any:
    loc = user_loc()
    return _record(operands, lambda t, ids: t.trace.call(name, ids, fields, loc))


def _reduce(name: str, x: Any, axes: Axes | None, keepdims: bool) -> Any:
    loc = user_loc()
    axes = (axes,) if isinstance(axes, (int, np.integer)) else axes
    if name == "mean" and np.dtype(getattr(x, "dtype", float)).kind in "biu":
        x = _call("cast", (x,), ("f64",))  # as NumPy sums: no integer overflows
    return _record([x], lambda t, ids: t.trace.reduce(name, ids[0], axes, bool(keepdims), loc))


def _named(name: str, operands: Sequence[Any]) -> Any:
    loc = user_loc()
    return _record(operands, lambda t, ids: t.trace.named(name, ids, loc))


def _method(name: str, x: Any, *args: Any) -> Any:
    """Call a builder method with manners of its own (reshape, transpose …)."""
    loc = user_loc()
    return _record([x], lambda t, ids: getattr(t.trace, name)(ids[0], *args, loc))
