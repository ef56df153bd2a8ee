"""Tensors: values of a program that is being traced.

A Tensor behaves like the NumPy array it stands for: operators, slicing, methods and NumPy's own
functions record nodes. Called on plain arrays outside a trace, BAFE's functions compute at once
with the interpreter.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import _core
from bafe import memory_views as m
from bafe.array_methods import ArrayMethods
from bafe.tracer import Tracer, _place, _state, user_loc

REMEDIES = (
    "  fix: keep it an array with np.where or bafe.cond, make the argument a Python value with "
    "static_argnames, or keep the loop with bafe.fori_loop"
)


class Tensor(ArrayMethods):
    """A value of a traced program: shape, dtype and everything NumPy lets one do with it."""

    __slots__ = (
        *("tracer", "_storage", "_steps", "_at", "_version", "_strides", "_is_scalar"),
        *("_is_read_only", "_shape"),
    )

    def __init__(self, tracer: Tracer, index: int, is_row: bool = True, parameter: int = -1):
        self.tracer = tracer
        shape = tracer.trace.shape_of(index)
        self._shape = shape
        self._storage = m.Storage(index, shape, parameter)
        self._steps: tuple[m.Step, ...] = ()
        self._at = index
        self._version = 0
        is_row = is_row or sum(n != 1 for n in shape) < 2
        self._strides = m.row_strides(shape) if is_row else None  # in elements; None: not known
        self._is_scalar = not shape and parameter < 0  # NumPy gives a number, which has no memory
        self._is_read_only = False

    # What it is
    @property
    def _index(self) -> int:
        """The node of the value that it has now."""
        storage = self._storage
        if self._version != storage.version or storage.unclear:
            self._at = m.read(self.tracer, storage, self._steps)
            self._version = storage.version
        return self._at

    @_index.setter
    def _index(self, index: int) -> None:
        self._storage.index = self._at = index

    @property
    def _dtype(self) -> str:
        return self.tracer.trace.dtype_of(self._at)

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return self._shape

    @property
    def dtype(self) -> np.dtype:
        """NumPy's dtype of the elements."""
        from bafe.surface import numpy_dtype

        return numpy_dtype(self._dtype)

    @property
    def layout(self) -> str:
        """How the caller stores the value; ``row`` unless it was declared otherwise."""
        return self.tracer.trace.layout_of(self._index)

    def __repr__(self) -> str:
        return f"Tensor({self.tracer.trace.text_of(self._at)})"

    def __str__(self) -> str:
        from bafe.side_effects import note_text

        note_text(self)
        return repr(self)

    def __format__(self, spec: str) -> str:
        if spec:
            self._no_value(f"a text of the form {spec!r} is asked for")
        return str(self)

    __hash__ = object.__hash__

    # Memory
    def _step(self, name: str, *args: Any, sees: bool = False) -> Tensor:
        """A view: what a movement of the elements leads to, in the same memory.

        ``sees``: it is one also where NumPy's reshape copies, and only read.
        """
        trace, step = self.tracer.trace, (name, *args)
        self.tracer.check_open()
        index = m.take_step(trace, self._index, step)
        shape = trace.shape_of(index)
        strides = self._moved(name, args, shape)
        is_apart = self._is_scalar or strides is False
        is_open = strides is None and name == "reshape" and not m.is_split(self._shape, shape)
        if (is_apart or is_open) and not sees:
            made = Tensor(self.tracer, index)
            made._is_read_only = name in ("broadcast", "call")
            made._is_scalar = self._is_scalar and name in ("transpose", "squeeze")
            if is_open and not is_apart:
                made._storage.kin.append(self._storage)
                self._storage.kin.append(made._storage)
                made._strides = None
            return made
        made = Tensor.__new__(Tensor)
        made.tracer, made._storage, made._at = self.tracer, self._storage, index
        made._steps = (*self._steps, step)
        made._version = self._storage.version
        made._shape = shape
        made._strides = strides or (None if shape else ())
        made._is_scalar = False
        made._is_read_only = self._is_read_only or sees or name in ("broadcast", "call")
        return made

    def _moved(self, name: str, args: Any, shape: tuple[int, ...]) -> Any:
        """Strides after a step; None: not known, False: NumPy copies."""
        old = self._strides
        if name == "reshape":
            return m.reshaped_strides(self.shape, old, shape)
        if old is None or name in ("broadcast", "call"):
            return None
        if name == "slice":
            return tuple(stride * step for stride, step in zip(old, args[2]))
        if name == "transpose":
            order = args[0] if args[0] is not None else tuple(reversed(range(len(old))))
            return tuple(old[axis] for axis in order)
        if name == "squeeze":
            gone = {axis % len(old) for axis in args[0]} if args[0] is not None else None
            sizes = enumerate(self.shape)
            kept = [a for a, n in sizes if (n != 1 if gone is None else a not in gone)]
            return tuple(old[axis] for axis in kept)
        rest = iter(old)
        new = {axis % len(shape) for axis in args[0]}  # expand_dims
        return tuple(0 if axis in new else next(rest) for axis in range(len(shape)))

    def _is_row(self) -> bool:
        return m.is_row_major(self._shape, self._strides)

    def _memory_axes(self) -> list[int]:
        return m.memory_axes(self)

    def _in_one_piece(self) -> Any:
        """Elements side by side: NumPy's ravel copies others."""
        if self._strides is not None:
            return self if self._is_row() else self._copied("C")
        whole = all(step[0] == "reshape" for step in self._steps)
        if self._storage.parameter >= 0 and whole:
            return self._copied("C")  # the argument has gaps
        made = self._copied("C")
        made._storage.kin.append(self._storage)
        self._storage.kin.append(made._storage)
        return made

    def _flat(self) -> Any:
        return self.reshape(-1) if self._is_row() else self._step("reshape", (-1,), sees=True)

    def _copied(self, order: str = "K") -> Tensor:
        """The value in memory of its own: ordered as this is, or as ``order`` says."""
        here = _state.tracer
        if here is not None and here.depth > self.tracer.depth:
            made = here.lift(self)._copied(order)  # inside a loop's body: a copy an iteration
        else:
            made = Tensor(self.tracer, self._index)
            made._strides = m.copied_strides(self, order)
        made._is_scalar = False
        return made

    def _write(self, value: Any, casting: str = "unsafe") -> None:
        """Let the memory of this tensor hold a value, broadcast and converted as NumPy does."""
        self.tracer.check_open()
        if self.tracer.bodies:
            raise _core.TraceError(
                f"{_place()}trace: the body of a loop or branch writes into {self!r}, which lies "
                "outside of it\n  fix: make it part of the state, or write into a copy: x.copy()"
            )
        if self._is_read_only or self._is_scalar:
            what = "a read-only view" if self._is_read_only else "a number"
            raise _core.TraceError(
                f"{_place()}trace: {self!r} is {what}, and nothing can be written into it\n"
                "  fix: write into the array it comes from, or into a copy: x.copy()"
            )
        index = _fitted(self, value, casting)
        m.write(self.tracer, self._storage, self._steps, index)

    def _is_rebound(self) -> bool:
        """Whether ``x += 1`` gives the name another value, as for numbers, and writes nothing."""
        tracer = self.tracer
        while hasattr(tracer, "parent"):
            tracer = tracer.parent
        tracer.rebinds = tracer.rebinds or self._is_scalar
        return self._is_scalar

    def _in_place(self, result: Any) -> Any:
        if self._is_scalar or result is NotImplemented:
            return NotImplemented  # numbers are rebound, as in NumPy
        self._write(result, "same_kind")
        return self

    def __setitem__(self, key: Any, value: Any) -> None:
        from bafe.indexing import setitem

        setitem(self, key, value)

    def __iadd__(self, other: Any) -> Any:
        return NotImplemented if self._is_rebound() else self._in_place(self + other)

    def __isub__(self, other: Any) -> Any:
        return NotImplemented if self._is_rebound() else self._in_place(self - other)

    def __imul__(self, other: Any) -> Any:
        return NotImplemented if self._is_rebound() else self._in_place(self * other)

    def __itruediv__(self, other: Any) -> Any:
        return NotImplemented if self._is_rebound() else self._in_place(self / other)

    def __ifloordiv__(self, other: Any) -> Any:
        return NotImplemented if self._is_rebound() else self._in_place(self // other)

    def __imod__(self, other: Any) -> Any:
        return NotImplemented if self._is_rebound() else self._in_place(self % other)

    def __ipow__(self, other: Any) -> Any:
        return NotImplemented if self._is_rebound() else self._in_place(self**other)

    def __imatmul__(self, other: Any) -> Any:
        return NotImplemented if self._is_rebound() else self._in_place(self @ other)

    def __iand__(self, other: Any) -> Any:
        return NotImplemented if self._is_rebound() else self._in_place(self & other)

    def __ior__(self, other: Any) -> Any:
        return NotImplemented if self._is_rebound() else self._in_place(self | other)

    def __ixor__(self, other: Any) -> Any:
        return NotImplemented if self._is_rebound() else self._in_place(self ^ other)

    def __ilshift__(self, other: Any) -> Any:
        return NotImplemented if self._is_rebound() else self._in_place(self << other)

    def __irshift__(self, other: Any) -> Any:
        return NotImplemented if self._is_rebound() else self._in_place(self >> other)

    # What a tracer cannot know
    def _no_value(self, what: str, may_be_made: bool = False) -> Any:
        """``may_be_made``: a plain array asked, which could have been a tensor."""
        self.tracer.check_open()
        error = _core.TraceError(
            f"{_place()}trace: {what}, but {self!r} has no value while tracing\n{REMEDIES}"
        )
        error.values_needed = may_be_made
        raise error

    def __getattr__(self, name: str) -> Any:
        text = f"'Tensor' has no attribute {name!r}"
        if not name.startswith("_") and hasattr(np.ndarray, name):
            text = (
                f"{_place()}trace: {name} of NumPy's arrays is not available while tracing\n"
                "  fix: use a function that computes a new array, or do it outside of the function"
            )
        raise AttributeError(text)

    def __bool__(self) -> bool:
        return self._no_value("the function branches on an array value")

    def __float__(self) -> float:
        return self._no_value("a float is needed", True)

    def __int__(self) -> int:
        return self._no_value("an int is needed", True)

    def __complex__(self) -> complex:
        return self._no_value("a complex number is needed")

    def __index__(self) -> int:
        return self._no_value("an integer is needed (a size, a range, an index of a list)")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._no_value("NumPy asks for the array's values", True)

    def __iter__(self) -> Any:
        if not self._shape:
            self._no_value("the function iterates over a number")
        return (self[i] for i in range(self._shape[0]))

    def __contains__(self, value: Any) -> bool:
        return bool((self == value).any())

    def __reduce__(self) -> Any:
        return self._no_value("pickling asks for the values")

    def item(self, *args: Any) -> Any:
        """Not available while tracing; raises TraceError."""
        return self._no_value("item() asks for a value")

    def tolist(self) -> Any:
        """Not available while tracing; raises TraceError."""
        return self._no_value("tolist() asks for the values")

    def tobytes(self, order: str = "C") -> bytes:
        """Not available while tracing; raises TraceError."""
        return self._no_value("tobytes() asks for the values")


def _fitted(target: Tensor, value: Any, casting: Any) -> int:
    """A value as the target's dtype and shape."""
    tracer, trace = target.tracer, target.tracer.trace
    dtype, shape = target.dtype, target.shape
    is_number = isinstance(value, (bool, int, float)) and not isinstance(value, np.generic)
    if is_number:
        exact = np.empty((), dtype)
        exact[()] = value  # NumPy's own word on what fits
        index = trace.scalar(exact.item(), target._dtype)
    else:
        lifted = tracer.lift(value, target)
        index = lifted._index
        if casting != "unsafe" and not np.can_cast(lifted.dtype, dtype, casting):
            raise _core.DTypeError(
                f"{_place()}trace: a result of dtype {lifted.dtype} cannot be written in place "
                f"into {target!r}\n  fix: convert it with .astype({str(dtype)!r}), or bind a new "
                "name: y = x + 1"
            )
        if trace.dtype_of(index) != target._dtype:
            index = trace.cast(index, target._dtype, user_loc())
    given = trace.shape_of(index)
    while len(given) > len(shape) and given[0] == 1 and casting == "unsafe":
        index = trace.squeeze(index, (0,), user_loc())
        given = given[1:]
    if given == shape:
        return int(index)
    padded = (1,) * (len(shape) - len(given)) + tuple(given)
    if len(padded) != len(shape) or any(g not in (1, n) for g, n in zip(padded, shape)):
        raise _core.ShapeError(
            f"{_place()}trace: a value of shape {list(given)} cannot be written into "
            f"{list(shape)}\n  fix: give a value of that shape, or one that broadcasts to it"
        )
    return int(trace.broadcast(index, tuple(shape), user_loc()))
