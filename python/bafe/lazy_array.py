"""Lazy arrays: programs that grow over several calls and run, fused, when a value is asked for.

A lazy array is a root of a *pending* piece: a traced program and the lazy arrays or values that
its inputs take. Asking for a value joins the pieces it depends on to one program, compiles it as
``jit`` would, and keeps the value; the same pieces joined the same way are compiled once.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any, Callable

import numpy as np

from bafe import _core, trees
from bafe import tracer as _t
from bafe.array_methods import ArrayMethods
from bafe.call import _Call, _Options, _trace
from bafe.tracer import ArrayLike, Tracer, _place

_MOST_PIECES = 64  # a longer program is computed so far before it grows on
_MOST_JOINED = 256  # compiled joins kept, least recently used go first


class _Pending:
    """A program waiting for its inputs; ``options`` None joins with any other."""

    __slots__ = ("program", "operands", "options")

    def __init__(self, program: Any, operands: list[Any], options: _Options | None) -> None:
        self.program = program
        self.operands = operands
        self.options = options


class LazyArray(ArrayMethods):
    """An array that is computed when somebody looks: with ``numpy()``, ``np.asarray`` or printing.

    Operators, methods, NumPy's functions and jitted functions on it give lazy arrays again. A
    function of NumPy that BAFE has no operator for computes the value.
    """

    __slots__ = ("_pending", "_root", "_spec", "_value", "__weakref__")

    def __init__(self, pending: _Pending | None, root: int, value: np.ndarray | None) -> None:
        self._pending = pending
        self._root = root
        self._value = value
        if pending is not None:
            self._spec = pending.program.root_specs()[root]
        else:
            assert value is not None
            self._spec = _core.dtype_name(value.dtype), value.shape

    @property
    def _dtype(self) -> str:
        return self._spec[0]

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes, known without computing."""
        return self._spec[1]

    @property
    def dtype(self) -> np.dtype:
        """NumPy's dtype of the elements."""
        from bafe.surface import numpy_dtype

        return numpy_dtype(self._dtype)

    @property
    def is_computed(self) -> bool:
        """Whether the value is known already."""
        return self._pending is None

    def numpy(self) -> np.ndarray:
        """Compute the value, once, and give it as a read-only array."""
        if self._pending is not None:
            force(self)
        assert self._value is not None
        return self._value

    def explain(self) -> Any:
        """Explain the joined program that computing this array runs, as ``f.explain`` does."""
        join = _Join([self])
        return join.function().explain(*join.leaves)

    def __repr__(self) -> str:
        if self._pending is None:
            return f"LazyArray({self._value!r})"
        size = ", ".join(map(str, self.shape))
        return f"LazyArray({self._dtype}[{size}], {len(_pieces([self]))} calls pending)"

    __hash__ = object.__hash__

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        value = self.numpy()
        if dtype is not None and np.dtype(dtype) != value.dtype:
            return value.astype(dtype)
        return value.copy() if copy else value

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        from bafe.numpy_protocol import apply_ufunc

        try:
            return apply_ufunc(ufunc, method, inputs, kwargs)
        except _core.TraceError:  # what no program can hold, NumPy does with the values
            return getattr(ufunc, method)(*_computed(inputs), **_computed(kwargs))

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from bafe.numpy_protocol import apply_function

        try:
            return apply_function(func, args, kwargs)
        except _core.TraceError:
            return func(*_computed(args), **_computed(kwargs))

    def __bool__(self) -> bool:
        return bool(self.numpy())

    def __float__(self) -> float:
        return float(self.numpy())

    def __int__(self) -> int:
        return int(self.numpy())

    def __index__(self) -> int:
        return self.numpy().__index__()

    def __reduce__(self) -> Any:
        return lazy, (self.numpy(),)

    def item(self) -> Any:
        """Compute the value of an array of one element as a Python number."""
        return self.numpy().item()

    def tolist(self) -> Any:
        """Compute the value as nested lists."""
        return self.numpy().tolist()


def lazy(x: ArrayLike, *, copy: bool = True) -> LazyArray:
    """Make an array lazy: what is computed from it waits until a value is asked for.

    Jitted functions that are given a lazy array return lazy arrays, so that several of them become
    one program, as with ``bafe.fuse``, and what nobody asks for is never computed.

    Args:
        x: an array or a number; a lazy array is returned as it is.
        copy: keep a copy, so that later changes of ``x`` do not show. With ``False`` the caller
            promises not to change ``x``.

    Returns:
        A lazy array. A program of more than 64 pending calls is computed so far and grows on.

    Raises:
        DTypeError: the dtype cannot be used.

    Example:
        >>> x = bafe.lazy(np.arange(3.0))
        >>> y = bafe.jit(lambda x: x * 2)(x) + 1
        >>> y
        LazyArray(f64[3], 2 calls pending)
        >>> np.asarray(y)
        array([1., 3., 5.])
    """
    if isinstance(x, LazyArray):
        return x
    return LazyArray(None, 0, _snapshot(np.asarray(x), copy))


def force(*arrays: LazyArray) -> tuple[np.ndarray, ...]:
    """Compute several lazy arrays in one program, so that what they share is computed once.

    Example:
        >>> x = bafe.lazy(np.arange(3.0))
        >>> bafe.force(x.sum(), x.max())
        (array(3.), array(2.))
    """
    for array in arrays:
        if not isinstance(array, LazyArray):
            raise _core.TraceError(
                f"{_place()}force: a {type(array).__name__} is not lazy\n"
                "  fix: give what bafe.lazy or a function of lazy arrays returned"
            )
    for waiting in _alike(dict.fromkeys(arrays)):
        join = _Join(waiting)
        for array, value in zip(waiting, join.function()(*join.leaves)):
            value = np.asarray(value)
            value.setflags(write=False)
            array._value = value
            array._pending = None
    return tuple(array.numpy() for array in arrays)


def _alike(arrays: Iterable[LazyArray]) -> list[list[LazyArray]]:
    """Arrays that wait, in groups of equal options; those without options join the first."""
    groups: dict[Any, list[LazyArray]] = {}
    free: list[LazyArray] = []
    for array in arrays:
        pending = array._pending
        if pending is None:
            continue
        if pending.options is None:
            free.append(array)
        else:
            groups.setdefault(pending.options.settings, []).append(array)
    out = list(groups.values())
    if free:
        out[:1] = [[*free, *(out[0] if out else [])]]
    return out


def _computed(value: Any) -> Any:
    """Lazy arrays in ``value``, nested in lists, tuples and dicts too, as their values."""
    if isinstance(value, LazyArray):
        return value.numpy()
    if isinstance(value, dict):
        return {key: _computed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_computed(item) for item in value)
    return value


def _snapshot(x: np.ndarray, copy: bool) -> np.ndarray:
    """``x`` as nobody changes it: a copy, unless the caller promises not to."""
    if not _core.is_supported(x):
        raise _core.DTypeError(
            f"{_place()}lazy: arrays of dtype {x.dtype} cannot be used\n"
            "  fix: convert with x.astype(numpy.float64) or another numeric dtype"
        )
    out = x.copy(order="K") if copy else x.view()
    out.setflags(write=False)
    return out


def record(values: Sequence[Any], build: Callable[[Tracer, list[int]], int]) -> LazyArray:
    """One operator on lazy arrays: a piece of one node, joined with whatever it meets."""
    tracer = Tracer()
    operands = [_operand(value) for value in values]
    ids = []
    for at, one in enumerate(operands):
        dtype, shape, weak = _spec(one)
        ids.append(tracer.trace.input(f"x{at}", dtype, shape, weak, "row"))
    return LazyArray(_grow(tracer.trace.finish([build(tracer, ids)]), operands, None), 0, None)


def _operand(value: Any) -> Any:
    """What a pending piece keeps: a lazy array, a number, or an array nobody can change."""
    if isinstance(value, _t.Constant):
        return value.array
    if isinstance(value, LazyArray):
        return value if value._pending is not None else value.numpy()
    if isinstance(value, (int, float)) and not isinstance(value, np.generic):
        return value
    return _snapshot(np.asarray(value), True)


def _spec(one: Any) -> tuple[str, tuple[int, ...], bool]:
    if isinstance(one, LazyArray):
        return one._dtype, one.shape, False
    return _core.leaf_type(one)[:3]


def call(options: _Options, args: _Call) -> Any:
    """A jitted function on arguments of which some are lazy: traced, not run.

    Returns:
        The function's result with lazy arrays for arrays.
    """
    given = [_operand(leaf) for leaf in args.leaves]
    # A lazy argument stands in as an array of its type that is never read.
    args.leaves = [
        np.empty(one.shape, one.dtype) if isinstance(one, LazyArray) else one for one in given
    ]
    program, tracer, structure, output_of_root = _trace(args)
    if tracer.writes:
        raise _core.TraceError(
            f"{_place()}lazy: the function writes into argument {args.names[tracer.writes[0][0]]!r}"
            "\n  fix: give it arrays, x.numpy().copy(), instead of lazy ones"
        )
    operands = [*given, *(_operand(array) for array in tracer.captured)]
    piece = _grow(program, operands, options)
    results = [LazyArray(piece, root, None) for root in range(len(program.root_specs()))]
    return trees.unflatten(structure, iter([results[root] for root in output_of_root]))


def _grow(program: Any, operands: list[Any], options: _Options | None) -> _Pending:
    """A new piece. What was pending under other options, or is long, is computed first."""
    for at, one in enumerate(operands):
        if not isinstance(one, LazyArray) or one._pending is None:
            continue
        theirs = one._pending.options
        if options is None or theirs is None or theirs.settings == options.settings:
            options = options or theirs
        else:
            operands[at] = one.numpy()
    piece = _Pending(program, operands, options)
    waiting = [one for one in operands if isinstance(one, LazyArray)]
    if waiting and len(_pieces(waiting)) >= _MOST_PIECES:
        force(*waiting)
    return piece


def _pieces(arrays: Sequence[LazyArray]) -> list[_Pending]:
    """The pieces that the arrays depend on, operands first. Chains are long: no recursion."""
    order: dict[_Pending, None] = {}
    todo = [(array._pending, False) for array in reversed(arrays)]
    while todo:
        piece, is_done = todo.pop()
        if piece is None or piece in order:
            continue
        if is_done:
            order[piece] = None
            continue
        todo.append((piece, True))
        todo.extend(
            (one._pending, False) for one in reversed(piece.operands) if isinstance(one, LazyArray)
        )
    return list(order)


class _Join:
    """Pending pieces as one program: the values it reads, and how the pieces are wired."""

    def __init__(self, arrays: Sequence[LazyArray]) -> None:
        self.leaves: list[Any] = []
        self.pieces = _pieces(arrays)
        self._leaf_at: dict[int, int] = {}
        self._number = {piece: at for at, piece in enumerate(self.pieces)}
        # Each input of each piece: (-1, leaf) or (piece, root).
        self.wires = tuple(
            tuple(self._wire(one) for one in piece.operands) for piece in self.pieces
        )
        self.outputs = tuple(self._wire(array) for array in arrays)
        self.options = next((piece.options for piece in self.pieces if piece.options), None)

    def _wire(self, one: Any) -> tuple[int, int]:
        if isinstance(one, LazyArray):
            pending = one._pending  # read once: another thread may compute it meanwhile
            if pending in self._number:
                return self._number[pending], one._root
            one = one.numpy()
        at = self._leaf_at.get(id(one)) if isinstance(one, np.ndarray) else None
        if at is None:
            at = self._leaf_at[id(one)] = len(self.leaves)
            self.leaves.append(one)
        return -1, at

    def _build(self) -> Callable[..., Any]:
        programs = [piece.program for piece in self.pieces]
        wires, outputs = self.wires, self.outputs

        def joined(*leaves: Any) -> Any:
            tracer = _t._state.tracer
            roots: list[list[int]] = []

            def value(wire: tuple[int, int]) -> int:
                return leaves[wire[1]]._index if wire[0] < 0 else roots[wire[0]][wire[1]]

            for program, inputs in zip(programs, wires):
                roots.append(tracer.trace.inline_program(program, [value(w) for w in inputs]))
            return tuple(tracer.tensor(value(wire)) for wire in outputs)

        return joined

    def function(self) -> Any:
        """The jitted function of the leaves that gives the arrays; compiled once for each join."""
        from bafe.jit import jitted

        settings = self.options.settings if self.options else None
        texts = tuple(piece.program.canonical_text() for piece in self.pieces)
        key = (settings, texts, self.wires, self.outputs)
        found = _joined.pop(key, None)
        if found is None:
            found = jitted(self._build(), self.options)
        _joined[key] = found  # now the latest used
        while len(_joined) > _MOST_JOINED:
            _joined.popitem(last=False)
        return found


_joined: OrderedDict[Any, Any] = OrderedDict()
