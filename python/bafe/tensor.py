"""Tensors: values of a program that is being traced.

A Tensor behaves like the NumPy array it stands for: operators, slicing, methods and NumPy's own functions record
nodes. Called on plain arrays outside a trace, BAFE's functions compute at once with the interpreter.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import Any, Callable, Sequence, Union

import numpy as np

from bafe import _core

ArrayLike = Any
DTypeLike = Any
Axes = Union[int, Sequence[int]]

_PACKAGE = os.path.dirname(os.path.abspath(__file__))


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
        name = frame.f_code.co_filename
        if not name.startswith(_PACKAGE):
            return os.path.basename(name), frame.f_lineno
        frame = frame.f_back  # type: ignore[assignment]
    return None


def _place() -> str:
    loc = user_loc()
    return f"{loc[0]}:{loc[1]}: " if loc else ""


class Tracer:
    """One program under construction, with the arrays it captured."""

    def __init__(self) -> None:
        self.trace = _core.Trace()
        self.captured: list[Any] = []
        self.captured_ids: dict[int, int] = {}
        self.parameters: list[tuple[str, int]] = []
        self.next_parameter = 0

    def tensor(self, index: int) -> Tensor:
        return Tensor(self, index)

    def lift(self, value: Any, like: Tensor | None = None) -> Tensor:
        """Make a tensor of this trace from a tensor, an array, a constant or a number."""
        if isinstance(value, Tensor):
            if value.tracer is self:
                return value
            raise _core.TraceError(
                f"{_place()}trace: a tensor of another trace is used here\n"
                "  fix: pass it as an argument, or build both with the same function"
            )
        if isinstance(value, Constant):
            return self.tensor(self.trace.constant(value.array))
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
            if array.dtype != object:
                return self.tensor(self.trace.constant(array))
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
            dtype, shape, weak, layout = _core.leaf_type(array)
            found = self.trace.input(f"captured{len(self.captured)}", dtype, shape, weak, layout)
            self.captured.append(array)
            self.captured_ids[id(array)] = found
        return self.tensor(found)


def tracer_of(values: Sequence[Any]) -> Tracer | None:
    """Find the trace that any of the values belongs to, else the one being recorded."""
    for value in values:
        if isinstance(value, Tensor):
            return value.tracer
    return _state.tracer  # type: ignore[no-any-return]


def _record(values: Sequence[Any], build: Callable[[Tracer, list[int]], int]) -> Any:
    """Record a node over ``values``; without a trace, compute it at once."""
    tracer = tracer_of(values)
    if tracer is None:
        return _eager(values, build)
    like = next((v for v in values if isinstance(v, Tensor)), None)
    if like is None:
        like = next((tracer.lift(v) for v in values if isinstance(v, (np.ndarray, Constant))), None)
    return tracer.tensor(build(tracer, [tracer.lift(v, like)._index for v in values]))


def _eager(values: Sequence[Any], build: Callable[[Tracer, list[int]], int]) -> Any:
    tracer = Tracer()
    arrays, tensors = [], []
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
    return _record([x], lambda t, ids: t.trace.reduce(name, ids[0], axes, bool(keepdims), loc))


def _named(name: str, operands: Sequence[Any]) -> Any:
    loc = user_loc()
    return _record(operands, lambda t, ids: t.trace.named(name, ids, loc))


def _method(name: str, x: Any, *args: Any) -> Any:
    """Call a builder method with manners of its own (reshape, transpose …)."""
    loc = user_loc()
    return _record([x], lambda t, ids: getattr(t.trace, name)(ids[0], *args, loc))


class Constant:
    """An array whose values are part of the program: copied, folded, packed once. See ``bafe.constant``."""

    __array_ufunc__ = None

    def __init__(self, array: ArrayLike) -> None:
        self.array = np.array(array, copy=True)
        self.array.setflags(write=False)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self.array if dtype is None else self.array.astype(dtype)


def _binary(name: str) -> Callable[[Tensor, Any], Any]:
    def method(self: Tensor, other: Any) -> Any:
        if not _usable(other):
            return NotImplemented
        return _call(name, (self, other))

    return method


def _reflected(name: str) -> Callable[[Tensor, Any], Any]:
    def method(self: Tensor, other: Any) -> Any:
        if not _usable(other):
            return NotImplemented
        return _call(name, (other, self))

    return method


def _usable(value: Any) -> bool:
    return isinstance(value, (Tensor, Constant, np.ndarray, np.generic, int, float, list, tuple))


class Tensor:
    """A value of a traced program: shape, dtype and everything NumPy lets one do with it."""

    __slots__ = ("tracer", "_index")
    __array_priority__ = 1000

    def __init__(self, tracer: Tracer, index: int) -> None:
        self.tracer = tracer
        self._index = index

    # What it is ------------------------------------------------------------------------------------------------
    @property
    def _dtype(self) -> str:
        return self.tracer.trace.dtype_of(self._index)  # type: ignore[no-any-return]

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return self.tracer.trace.shape_of(self._index)  # type: ignore[no-any-return]

    @property
    def dtype(self) -> np.dtype:
        """NumPy's dtype of the elements."""
        from bafe.surface import numpy_dtype

        return numpy_dtype(self._dtype)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def layout(self) -> str:
        """How the caller stores the value; ``row`` unless it was declared otherwise."""
        return self.tracer.trace.layout_of(self._index)  # type: ignore[no-any-return]

    @property
    def T(self) -> Tensor:
        """All axes reversed."""
        return self.transpose()

    def __repr__(self) -> str:
        return f"Tensor({self.tracer.trace.text_of(self._index)})"

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d tensor")
        return self.shape[0]

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    __hash__ = object.__hash__

    # What a tracer cannot know ----------------------------------------------------------------------------------
    def _no_value(self, what: str, fix: str) -> Any:
        raise _core.TraceError(
            f"{_place()}trace: {what}, but {self!r} has no value while tracing\n  fix: {fix}"
        )

    def __bool__(self) -> bool:
        return self._no_value(  # type: ignore[no-any-return]
            "the function branches on an array value",
            "use bafe.where(condition, a, b), or name the argument in static_argnums",
        )

    def __float__(self) -> float:
        return self._no_value("a float is needed", "keep it as an array")  # type: ignore[no-any-return]

    def __int__(self) -> int:
        return self._no_value("an int is needed", "keep it as an array")  # type: ignore[no-any-return]

    def __index__(self) -> int:
        return self._no_value("an index is needed", "use bafe.take, or a static argument")  # type: ignore[no-any-return]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._no_value(  # type: ignore[no-any-return]
            "NumPy asks for the array's values", "use the bafe function of that name"
        )

    def item(self) -> Any:
        """Not available while tracing; raises TraceError."""
        return self._no_value("item() asks for a value", "return the tensor and read it outside")

    # Arithmetic -------------------------------------------------------------------------------------------------
    __add__, __radd__ = _binary("add"), _reflected("add")
    __sub__, __rsub__ = _binary("sub"), _reflected("sub")
    __mul__, __rmul__ = _binary("mul"), _reflected("mul")
    __truediv__, __rtruediv__ = _binary("div"), _reflected("div")
    __floordiv__, __rfloordiv__ = _binary("floor_divide"), _reflected("floor_divide")
    __mod__, __rmod__ = _binary("remainder"), _reflected("remainder")
    __rpow__ = _reflected("pow")
    __and__, __rand__ = _binary("bitwise_and"), _reflected("bitwise_and")
    __or__, __ror__ = _binary("bitwise_or"), _reflected("bitwise_or")
    __xor__, __rxor__ = _binary("bitwise_xor"), _reflected("bitwise_xor")
    __lshift__, __rlshift__ = _binary("left_shift"), _reflected("left_shift")
    __rshift__, __rrshift__ = _binary("right_shift"), _reflected("right_shift")
    __lt__, __le__ = _binary("less"), _binary("less_equal")
    __gt__, __ge__ = _binary("greater"), _binary("greater_equal")
    __eq__ = _binary("equal")  # type: ignore[assignment]
    __ne__ = _binary("not_equal")  # type: ignore[assignment]

    def __matmul__(self, other: Any) -> Any:
        return _matmul(self, other) if _usable(other) else NotImplemented

    def __rmatmul__(self, other: Any) -> Any:
        return _matmul(other, self) if _usable(other) else NotImplemented

    def __pow__(self, exponent: Any) -> Any:
        if isinstance(exponent, (int, float)) and not isinstance(exponent, bool) and exponent == 2:
            if self._dtype != "bool":
                return _call("square", (self,))
        return _call("pow", (self, exponent)) if _usable(exponent) else NotImplemented

    def __neg__(self) -> Tensor:
        return _call("neg", (self,))  # type: ignore[no-any-return]

    def __pos__(self) -> Tensor:
        return self

    def __abs__(self) -> Tensor:
        return _call("abs", (self,))  # type: ignore[no-any-return]

    def __invert__(self) -> Tensor:
        return _call("bitwise_not", (self,))  # type: ignore[no-any-return]

    def __getitem__(self, key: Any) -> Tensor:
        from bafe.indexing import getitem

        return getitem(self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise _core.TraceError(
            f"{_place()}trace: a tensor cannot be changed in place\n"
            "  fix: build the result with bafe.where or bafe.concat"
        )

    # Shape ------------------------------------------------------------------------------------------------------
    def reshape(self, *shape: Any) -> Tensor:
        """Row-major reshape; one size may be -1."""
        sizes = shape[0] if len(shape) == 1 and not isinstance(shape[0], (int, np.integer)) else shape
        return _method("reshape", self, tuple(sizes))  # type: ignore[no-any-return]

    def transpose(self, *perm: Any) -> Tensor:
        """Permute the axes; without arguments reverse them."""
        order = perm[0] if len(perm) == 1 and not isinstance(perm[0], (int, np.integer)) else perm
        return _method("transpose", self, tuple(order) if order else None)  # type: ignore[no-any-return]

    def swapaxes(self, a: int, b: int) -> Tensor:
        """Exchange two axes."""
        order = list(range(self.ndim))
        order[a], order[b] = order[b], order[a]
        return self.transpose(order)

    def ravel(self) -> Tensor:
        """Flatten to one axis, row-major."""
        return self.reshape(-1)

    flatten = ravel

    def squeeze(self, axis: Axes | None = None) -> Tensor:
        """Remove axes of size 1."""
        axes = (axis,) if isinstance(axis, (int, np.integer)) else axis
        return _method("squeeze", self, axes)  # type: ignore[no-any-return]

    def astype(self, dtype: DTypeLike) -> Tensor:
        """Convert the elements as NumPy's astype does."""
        return _method("cast", self, dtype)  # type: ignore[no-any-return]

    # Reductions -------------------------------------------------------------------------------------------------
    def sum(self, axis: Axes | None = None, keepdims: bool = False) -> Tensor:
        """Sum; small integers accumulate in 64 bits as in NumPy."""
        return _reduce("reduce_sum", self, axis, keepdims)  # type: ignore[no-any-return]

    def prod(self, axis: Axes | None = None, keepdims: bool = False) -> Tensor:
        """Product."""
        return _reduce("reduce_prod", self, axis, keepdims)  # type: ignore[no-any-return]

    def max(self, axis: Axes | None = None, keepdims: bool = False) -> Tensor:
        """Largest element; NaN wins."""
        return _reduce("reduce_max", self, axis, keepdims)  # type: ignore[no-any-return]

    def min(self, axis: Axes | None = None, keepdims: bool = False) -> Tensor:
        """Smallest element; NaN wins."""
        return _reduce("reduce_min", self, axis, keepdims)  # type: ignore[no-any-return]

    def mean(self, axis: Axes | None = None, keepdims: bool = False) -> Tensor:
        """Arithmetic mean."""
        return _reduce("mean", self, axis, keepdims)  # type: ignore[no-any-return]

    def var(self, axis: Axes | None = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
        """Variance, from centred values."""
        from bafe.surface import var

        return var(self, axis, ddof, keepdims)

    def std(self, axis: Axes | None = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
        """Take the square root of the variance."""
        return _call("sqrt", (self.var(axis, ddof, keepdims),))  # type: ignore[no-any-return]

    def any(self, axis: Axes | None = None, keepdims: bool = False) -> Tensor:
        """Whether any element is not zero."""
        return _reduce("reduce_max", self.astype(bool), axis, keepdims)  # type: ignore[no-any-return]

    def all(self, axis: Axes | None = None, keepdims: bool = False) -> Tensor:
        """Whether all elements are not zero."""
        return _reduce("reduce_min", self.astype(bool), axis, keepdims)  # type: ignore[no-any-return]

    def argmax(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        """Index of the first largest element."""
        return _reduce("argmax", self, axis, keepdims)  # type: ignore[no-any-return]

    def argmin(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        """Index of the first smallest element."""
        return _reduce("argmin", self, axis, keepdims)  # type: ignore[no-any-return]

    def cumsum(self, axis: int | None = None) -> Tensor:
        """Prefix sums along an axis; flattened when None."""
        return _method("cumsum", self, axis)  # type: ignore[no-any-return]

    def clip(self, lo: Any = None, hi: Any = None) -> Tensor:
        """Limit the elements to [lo, hi]; None leaves a side open."""
        out: Any = self
        if lo is not None:
            out = _call("maximum", (out, lo))
        return out if hi is None else _call("minimum", (out, hi))  # type: ignore[no-any-return]

    def round(self) -> Tensor:
        """Round to the nearest integer, ties to even."""
        return _call("round", (self,))  # type: ignore[no-any-return]

    def dot(self, other: Any) -> Tensor:
        """Matrix product with ``other`` (at most two axes, as NumPy's dot where both agree)."""
        return _matmul(self, other) if self.ndim and np.ndim(other) else _call("mul", (self, other))  # type: ignore[no-any-return]

    # NumPy's own functions ----------------------------------------------------------------------------------------
    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        from bafe.numpy_protocol import apply_ufunc

        return apply_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from bafe.numpy_protocol import apply_function

        return apply_function(func, args, kwargs)


def _matmul(a: Any, b: Any) -> Any:
    loc = user_loc()
    return _record([a, b], lambda t, ids: t.trace.matmul(ids[0], ids[1], loc))
