"""What every array of BAFE can do, a traced tensor or a lazy array: operators, slicing, methods
and NumPy's own functions, each of which records a node."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import numpy as np

from bafe import _core
from bafe.tracer import (
    Axes,
    Constant,
    DTypeLike,
    _call,
    _indices,
    _method,
    _place,
    _record,
    user_loc,
)


def _binary(name: str) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        if not _usable(other):
            return NotImplemented
        return _call(name, (self, other))

    return method


def _reflected(name: str) -> Callable[[Any, Any], Any]:
    def method(self: Any, other: Any) -> Any:
        if not _usable(other):
            return NotImplemented
        return _call(name, (other, self))

    return method


def _usable(value: Any) -> bool:
    kinds = (ArrayMethods, Constant, np.ndarray, np.generic, int, float, list, tuple)
    return isinstance(value, kinds) or hasattr(type(value), "__dlpack_device__")


class ArrayMethods:
    """Everything NumPy lets one do with an array that has ``shape`` and ``_dtype``."""

    __slots__ = ()
    __array_priority__ = 1000

    if TYPE_CHECKING:  # what the two kinds bring

        @property
        def shape(self) -> tuple[int, ...]:
            """Sizes of the axes."""

        @property
        def dtype(self) -> np.dtype:
            """NumPy's dtype of the elements."""

        @property
        def _dtype(self) -> str: ...

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.prod(self.shape, dtype=np.int64))

    @property
    def T(self) -> Any:
        """All axes reversed."""
        return self.transpose()

    @property
    def device(self) -> str:
        """Where the elements are: ``"cpu"``."""
        return "cpu"

    def to_device(self, device: Any, /, *, stream: Any = None) -> Any:
        """Give the value itself: there is one device."""
        from bafe.xp.array_object import check_device

        check_device("to_device", device)
        return self

    def __array_namespace__(self, /, *, api_version: str | None = None) -> Any:
        from bafe.xp.array_object import namespace

        return namespace(api_version)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of a 0-d tensor")
        return self.shape[0]

    def __iter__(self) -> Any:
        return (self[i] for i in range(len(self)))

    __hash__ = object.__hash__

    # Arithmetic
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
    __eq__ = _binary("equal")
    __ne__ = _binary("not_equal")

    def __matmul__(self, other: Any) -> Any:
        return _matmul(self, other) if _usable(other) else NotImplemented

    def __rmatmul__(self, other: Any) -> Any:
        return _matmul(other, self) if _usable(other) else NotImplemented

    def __pow__(self, exponent: Any) -> Any:
        if isinstance(exponent, (int, float)) and not isinstance(exponent, bool) and exponent == 2:
            if self._dtype != "bool":
                return _call("square", (self,))
        return _call("pow", (self, exponent)) if _usable(exponent) else NotImplemented

    def __neg__(self) -> Any:
        return _call("neg", (self,))

    def __pos__(self) -> Any:
        return np.positive(self)

    def __divmod__(self, other: Any) -> Any:
        return (self // other, self % other) if _usable(other) else NotImplemented

    def __rdivmod__(self, other: Any) -> Any:
        return (other // self, other % self) if _usable(other) else NotImplemented

    def __abs__(self) -> Any:
        return _call("abs", (self,))

    def __invert__(self) -> Any:
        return _call("bitwise_not", (self,))

    def __getitem__(self, key: Any) -> Any:
        from bafe.indexing import getitem

        return getitem(self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        raise _core.TraceError(
            f"{_place()}lazy: a lazy array cannot be changed in place\n"
            "  fix: build the result with np.where or np.concatenate, or change x.numpy().copy()"
        )

    def _step(self, name: str, *args: Any) -> Any:
        """A movement of elements; of a tensor it is a view, as in NumPy."""
        return _method(name, self, *args)

    def _copied(self, order: str = "K") -> Any:
        return self

    # Shape
    def reshape(self, *shape: Any, order: str = "C") -> Any:
        """Row-major reshape; one size may be -1."""
        sizes = _indices("reshape", "shape", shape[0] if len(shape) == 1 else shape)
        if self._is_column(order):
            return self.T._step("reshape", sizes[::-1]).T
        return self._step("reshape", sizes)

    def transpose(self, *perm: Any) -> Any:
        """Permute the axes; without arguments reverse them."""
        order = perm[0] if len(perm) == 1 and not isinstance(perm[0], (int, np.integer)) else perm
        return self._step("transpose", tuple(order) if order else None)

    def swapaxes(self, a: int, b: int) -> Any:
        """Exchange two axes."""
        order = list(range(self.ndim))
        order[a], order[b] = order[b], order[a]
        return self.transpose(order)

    def ravel(self, order: str = "C") -> Any:
        """Flatten to one axis, row-major unless ``order`` says otherwise."""
        if str(order).upper() == "K":
            return self.transpose(self._memory_axes()).reshape(-1)._in_one_piece()
        return self.reshape(-1, order="F" if self._is_column(order) else "C")._in_one_piece()

    def _in_one_piece(self) -> Any:
        return self

    def flatten(self, order: str = "C") -> Any:
        """Flatten to one axis in memory of its own."""
        return self.ravel(order)._copied("C")

    def _is_column(self, order: Any) -> bool:
        """Whether an order of NumPy's goes along the first axis first."""
        name = str(order).upper()
        if name not in ("C", "F", "A"):
            raise ValueError(f"order must be one of 'C', 'F', 'A' or 'K', not {order!r}")
        turned = list(range(self.ndim))[::-1]
        return name == "F" or (name == "A" and self.ndim > 1 and self._memory_axes() == turned)

    def _memory_axes(self) -> list[int]:
        """Axes in the order that they have in memory, slowest first."""
        return list(range(self.ndim))

    def squeeze(self, axis: Axes | None = None) -> Any:
        """Remove axes of size 1."""
        return self._step("squeeze", (axis,) if isinstance(axis, (int, np.integer)) else axis)

    def astype(self, dtype: DTypeLike, *args: Any, copy: bool = True, **kwargs: Any) -> Any:
        """Convert the elements as NumPy's astype does."""
        if not copy and np.dtype(dtype) == self.dtype:
            return self
        return _method("cast", self, dtype)

    def copy(self, order: str = "C") -> Any:
        """The same values in memory of their own."""
        return self._copied(order.upper())

    def view(self, dtype: DTypeLike = None) -> Any:
        """The same memory; other dtypes are refused, since bytes are no part of a program."""
        if dtype is not None and np.dtype(dtype) != self.dtype:
            raise _core.TraceError(
                f"{_place()}trace: a view of {self!r} as {np.dtype(dtype)} reads its bytes\n"
                "  fix: convert the elements with astype, or take the view outside the function"
            )
        return self[...]

    def diagonal(self, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
        """The diagonal of two axes, as the last axis; read-only, as in NumPy."""
        return np.diagonal(self, offset, axis1, axis2)  # type: ignore[call-overload]

    def trace(self, offset: int = 0, axis1: int = 0, axis2: int = 1, *args: Any) -> Any:
        """Sum of the diagonal."""
        return np.trace(self, offset, axis1, axis2, *args)  # type: ignore[call-overload]

    def repeat(self, repeats: Any, axis: int | None = None) -> Any:
        """Each element several times."""
        return np.repeat(self, repeats, axis)  # type: ignore[call-overload]

    def take(self, indices: Any, axis: int | None = None, *args: Any, **kwargs: Any) -> Any:
        """Pick elements by integer indices."""
        return np.take(self, indices, axis, *args, **kwargs)  # type: ignore[call-overload]

    def fill(self, value: Any) -> None:
        """Write one value everywhere."""
        self[...] = value

    @property
    def mT(self) -> Any:
        """The last two axes exchanged."""
        return self.swapaxes(-1, -2)

    @property
    def real(self) -> Any:
        """The array itself: there are no complex dtypes."""
        return self

    @property
    def imag(self) -> Any:
        """Zeros: there are no complex dtypes."""
        made: Any = np.zeros_like(self)
        return np.broadcast_to(made, self.shape)

    @property
    def itemsize(self) -> int:
        """Bytes of one element."""
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.size * self.itemsize

    @property
    def flat(self) -> Any:
        """The elements in row-major order, in the same memory."""
        return self._flat()

    def _flat(self) -> Any:
        return self.reshape(-1)

    def conj(self) -> Any:
        """The array itself: there are no complex dtypes."""
        return self

    conjugate = conj

    # Reductions, with NumPy's arguments
    def sum(self, axis: Axes | None = None, *args: Any, **kwargs: Any) -> Any:
        """Sum; small integers accumulate in 64 bits as in NumPy."""
        return np.sum(self, axis, *args, **kwargs)  # type: ignore[call-overload]

    def prod(self, axis: Axes | None = None, *args: Any, **kwargs: Any) -> Any:
        """Product."""
        return np.prod(self, axis, *args, **kwargs)  # type: ignore[call-overload]

    def max(self, axis: Axes | None = None, *args: Any, **kwargs: Any) -> Any:
        """Largest element; NaN wins."""
        return np.max(self, axis, *args, **kwargs)  # type: ignore[call-overload]

    def min(self, axis: Axes | None = None, *args: Any, **kwargs: Any) -> Any:
        """Smallest element; NaN wins."""
        return np.min(self, axis, *args, **kwargs)  # type: ignore[call-overload]

    def mean(self, axis: Axes | None = None, *args: Any, **kwargs: Any) -> Any:
        """Arithmetic mean."""
        return np.mean(self, axis, *args, **kwargs)  # type: ignore[call-overload]

    def var(self, axis: Axes | None = None, *args: Any, **kwargs: Any) -> Any:
        """Variance, from centred values."""
        return np.var(self, axis, *args, **kwargs)  # type: ignore[call-overload]

    def std(self, axis: Axes | None = None, *args: Any, **kwargs: Any) -> Any:
        """Take the square root of the variance."""
        return np.std(self, axis, *args, **kwargs)  # type: ignore[call-overload]

    def any(self, axis: Axes | None = None, *args: Any, **kwargs: Any) -> Any:
        """Whether any element is not zero."""
        return np.any(self, axis, *args, **kwargs)  # type: ignore[call-overload]

    def all(self, axis: Axes | None = None, *args: Any, **kwargs: Any) -> Any:
        """Whether all elements are not zero."""
        return np.all(self, axis, *args, **kwargs)  # type: ignore[call-overload]

    def argmax(self, axis: int | None = None, *args: Any, **kwargs: Any) -> Any:
        """Index of the first largest element."""
        return np.argmax(self, axis, *args, **kwargs)  # type: ignore[call-overload]

    def argmin(self, axis: int | None = None, *args: Any, **kwargs: Any) -> Any:
        """Index of the first smallest element."""
        return np.argmin(self, axis, *args, **kwargs)  # type: ignore[call-overload]

    def cumsum(self, axis: int | None = None, *args: Any, **kwargs: Any) -> Any:
        """Prefix sums along an axis; flattened when None."""
        return np.cumsum(self, axis, *args, **kwargs)  # type: ignore[call-overload]

    def cumprod(self, axis: int | None = None, *args: Any, **kwargs: Any) -> Any:
        """Prefix products along an axis; flattened when None."""
        return np.cumprod(self, axis, *args, **kwargs)  # type: ignore[call-overload]

    def ptp(self, axis: int | None = None, *args: Any, **kwargs: Any) -> Any:
        """Largest minus smallest element."""
        return np.ptp(self, axis, *args, **kwargs)  # type: ignore[call-overload]

    def clip(self, lo: Any = None, hi: Any = None, out: Any = None, **kwargs: Any) -> Any:
        """Limit the elements to [lo, hi]; None leaves a side open."""
        return np.clip(self, lo, hi, out=out, **kwargs)  # type: ignore[call-overload]

    def round(self, decimals: int = 0, out: Any = None) -> Any:
        """Round to a number of decimals, ties to even."""
        return np.round(self, decimals, out)  # type: ignore[call-overload]

    def dot(self, other: Any, out: Any = None) -> Any:
        """Matrix product with ``other``, as ``numpy.dot``."""
        return np.dot(self, other, out)  # type: ignore[call-overload]

    def nonzero(self) -> Any:
        """Not available: the number of results depends on values; raises TraceError."""
        return np.nonzero(self)  # type: ignore

    def sort(self, *args: Any, **kwargs: Any) -> Any:
        """Not available: there is no operator that sorts; raises TraceError."""
        return np.sort(self, *args, **kwargs)  # type: ignore[call-overload]

    def argsort(self, *args: Any, **kwargs: Any) -> Any:
        """Not available: there is no operator that sorts; raises TraceError."""
        return np.argsort(self, *args, **kwargs)  # type: ignore

    def searchsorted(self, *args: Any, **kwargs: Any) -> Any:
        """Places where values would be put into this sorted array."""
        return np.searchsorted(self, *args, **kwargs)  # type: ignore[call-overload]

    # NumPy's own functions
    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        from bafe.numpy_protocol import apply_ufunc

        return apply_ufunc(ufunc, method, inputs, kwargs)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from bafe.numpy_protocol import apply_function

        return apply_function(func, args, kwargs)


def _matmul(a: Any, b: Any) -> Any:
    loc = user_loc()
    return _record([a, b], lambda t, ids: t.trace.matmul(ids[0], ids[1], loc))
