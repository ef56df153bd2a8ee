"""The array object of ``bafe.xp``: values in NumPy's memory, or a value that is being traced.

An ``Array`` holds one of three: a NumPy array (eager), a ``Tensor`` (inside ``bafe.jit``) or a
lazy array. Its operators are installed by ``bafe.xp.elementwise`` and ``bafe.xp.linear_algebra``,
which hold the functions they stand for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from bafe import _core, trees
from bafe.array_methods import ArrayMethods
from bafe.tracer import _place

CPU = "cpu"  # the one device there is
_new, _array, _ndarray = object.__new__, np.asarray, np.ndarray


class Array:
    """An array of ``bafe.xp``: made by ``asarray``, ``from_dlpack`` and the creation functions.

    Indexing, reshaping and the like share memory with the array they come from, as in NumPy.
    ``np.asarray(x)`` and ``np.from_dlpack(x)`` see the same memory without a copy.
    """

    __slots__ = ("_data", "__weakref__")
    __array_priority__ = 2000  # NumPy's arrays leave the operators to us
    __hash__ = None  # type: ignore[assignment]

    _data: Any

    if TYPE_CHECKING:  # installed from the tables of operators

        def __add__(self, other: Any, /) -> Array: ...
        def __sub__(self, other: Any, /) -> Array: ...
        def __mul__(self, other: Any, /) -> Array: ...
        def __truediv__(self, other: Any, /) -> Array: ...
        def __matmul__(self, other: Any, /) -> Array: ...
        def __neg__(self, /) -> Array: ...

    def __init__(self) -> None:
        raise _core.TraceError(
            f"{_place()}xp: arrays are not made by their class\n  fix: use bafe.xp.asarray(values)"
        )

    # What it is
    @property
    def dtype(self) -> np.dtype:
        """Type of the elements, one of the namespace's dtypes."""
        return self._data.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return self._data.shape

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self._data.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(self._data.size)

    @property
    def device(self) -> str:
        """Where the elements are, ``"cpu"``."""
        return CPU

    @property
    def T(self) -> Array:
        """A matrix transposed; ShapeError for any other number of axes."""
        if self.ndim != 2:
            raise _core.ShapeError(
                f"{_place()}T: an array of {self.ndim} axes is no matrix\n"
                "  fix: use x.mT for the last two axes, or xp.permute_dims(x, axes)"
            )
        return wrap(self._data.T)

    @property
    def mT(self) -> Array:
        """The last two axes exchanged."""
        from bafe.xp.linear_algebra import matrix_transpose

        return matrix_transpose(self)

    def numpy(self) -> np.ndarray:
        """Give the elements as a NumPy array on the same memory."""
        return eager_value(self, "numpy")

    def to_device(self, device: Any, /, *, stream: Any = None) -> Array:
        """Give the array itself: there is one device.

        Raises:
            DTypeError: ``device`` is not ``"cpu"``, or a stream is given.
        """
        check_device("to_device", device)
        if stream is not None:
            raise _core.DTypeError(
                f"{_place()}to_device: the CPU has no streams\n  fix: leave stream out"
            )
        return self

    # Other libraries
    def __array_namespace__(self, /, *, api_version: str | None = None) -> Any:
        return namespace(api_version)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        value = eager_value(self, "__array__")
        if dtype is not None and np.dtype(dtype) != value.dtype:
            if copy is False:
                raise ValueError("a conversion to another dtype copies")
            return value.astype(dtype)
        return value.copy() if copy else value

    def __dlpack__(
        self,
        /,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[Any, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        from bafe.xp.exchange import capsule

        return capsule(eager_value(self, "__dlpack__"), stream, max_version, dl_device, copy)

    def __dlpack_device__(self, /) -> tuple[int, int]:
        return 1, 0  # kDLCPU

    # One element as a Python number
    def _item(self, what: str) -> Any:
        value = eager_value(self, what)
        if value.ndim:
            raise TypeError(
                f"{_place()}{what}: an array of shape {value.shape} is no single element\n"
                "  fix: index one element, or reduce with xp.all, xp.any, xp.sum"
            )
        return value[()]

    def __bool__(self, /) -> bool:
        return bool(self._item("__bool__"))

    def __int__(self, /) -> int:
        return int(self._item("__int__"))

    def __float__(self, /) -> float:
        return float(self._item("__float__"))

    def __complex__(self, /) -> complex:
        return complex(self._item("__complex__"))

    def __index__(self, /) -> int:
        item = self._item("__index__")
        if item.dtype.kind not in "iu":
            raise TypeError(
                f"{_place()}__index__: an index is an integer, not {item.dtype}\n"
                "  fix: convert with xp.astype(x, xp.int64)"
            )
        return int(item)

    def __len__(self) -> int:
        if not self.shape:
            raise TypeError("len() of an array without axes")
        return self.shape[0]

    def __iter__(self) -> Iterator[Array]:
        return (self[i] for i in range(len(self)))

    # Square brackets
    def __getitem__(self, key: Any, /) -> Array:
        if type(key) is int:
            return wrap(self._data[key])
        return wrap(self._data[_key_of(self._data, key)])

    def __setitem__(self, key: Any, value: Any, /) -> None:
        from bafe.xp.indexing import assign

        assign(self, key, value)

    def __repr__(self) -> str:
        if isinstance(self._data, np.ndarray):
            body = np.array2string(self._data, separator=", ", prefix="Array(")
            return f"Array({body}, dtype={self.dtype})"
        return f"Array({self._data!r})"


def _key_of(data: Any, key: Any) -> Any:
    from bafe.xp.indexing import plain_key

    return plain_key(data, key)


def wrap(data: Any) -> Array:
    """Put an ndarray, NumPy's scalar, a tensor or a lazy array into an Array; nothing is copied."""
    out = _new(Array)
    out._data = data if type(data) is _ndarray or not isinstance(data, np.generic) else _array(data)
    return out


def eager_value(x: Any, what: str) -> np.ndarray:
    """Elements of an array; a lazy one is computed. TraceError for a value that is traced."""
    data = x._data if type(x) is Array else x
    if isinstance(data, np.ndarray):
        return data
    if hasattr(data, "_pending"):
        return data.numpy()
    if isinstance(data, ArrayMethods):
        raise _core.TraceError(
            f"{_place()}{what}: {data!r} has no values while tracing, and BAFE has no operator for "
            "this\n  fix: call it outside the jitted function, or pass its result as an argument"
        )
    raise _core.DTypeError(
        f"{_place()}{what}: a {type(x).__name__} is no array of bafe.xp\n"
        "  fix: convert it with bafe.xp.asarray(x)"
    )


def check_device(what: str, device: Any) -> None:
    """Accept None and ``"cpu"``."""
    if device is not None and device != CPU:
        raise _core.DTypeError(
            f'{_place()}{what}: device {device!r} is unknown\n  fix: use "cpu", or leave it out'
        )


def namespace(api_version: str | None = None) -> Any:
    """``bafe.xp`` for a version of the standard that it keeps to."""
    from bafe import xp

    if api_version is not None and api_version not in ("2022.12", "2023.12", "2024.12"):
        raise ValueError(
            f"{_place()}__array_namespace__: version {api_version!r} is not provided\n"
            '  fix: ask for "2024.12", or leave it out'
        )
    return xp


trees.register_pytree(Array, lambda x: ([x._data], None), lambda _, children: wrap(children[0]))
