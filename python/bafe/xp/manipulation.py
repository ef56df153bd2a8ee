"""Manipulation: elements move, nothing is computed.

Eager arrays share memory where NumPy's views do (reshape, permute_dims, flip …); concat, stack,
tile, repeat and roll copy. Traced values are moved by BAFE's operators.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bafe import _core
from bafe import surface as s
from bafe.tracer import _indices, _place
from bafe.xp.array_object import Array, wrap
from bafe.xp.data_types import ANY, INTEGER, check_kind, promote
from bafe.xp.eager import fresh, host, is_traced, move, run, view


def _error(what: str, fact: str, fix: str) -> Exception:
    return _core.ShapeError(f"{_place()}{what}: {fact}\n  fix: {fix}")


class AxisError(_core.ShapeError, IndexError):
    """An axis that an array does not have."""


def axis_in(what: str, axis: Any, rank: int) -> int:
    """An axis counted from the front; AxisError beyond the rank."""
    (at,) = _indices(what, "axis", (axis,))
    if not -rank <= at < rank:
        raise AxisError(
            f"{_place()}{what}: axis {at} of an array of {rank} axes\n"
            f"  fix: use {-rank} … {rank - 1}"
        )
    return at % rank


def _axes_in(what: str, axes: Any, rank: int) -> tuple[int, ...]:
    out = tuple(axis_in(what, axis, rank) for axis in _indices(what, "axis", axes))
    if len(set(out)) < len(out):
        raise _error(what, f"an axis is named twice in {axes!r}", "name each once")
    return out


def broadcast_to(x: Any, /, shape: Any) -> Any:
    """Repeat axes of size 1 and add leading axes; the result is read-only.

    Example:
        >>> import bafe.xp as xp
        >>> xp.broadcast_to(xp.asarray([1, 2]), (2, 2))
        Array([[1, 2],
               [1, 2]], dtype=int64)
    """
    sizes = _indices("broadcast_to", "shape", shape)
    try:
        return view("broadcast_to", lambda a: np.broadcast_to(a, sizes), x)
    except ValueError as error:
        if isinstance(error, _core.BafeError):
            raise
        raise _error(
            "broadcast_to", f"{x.shape} does not go with {sizes}", "sizes must be 1 or equal"
        ) from None


def broadcast_arrays(*arrays: Any) -> list[Any]:
    """Arrays repeated to the shape they have in common.

    Example:
        >>> import bafe.xp as xp
        >>> [a.shape for a in xp.broadcast_arrays(xp.ones((2, 1)), xp.ones(3))]
        [(2, 3), (2, 3)]
    """
    shape = common_shape("broadcast_arrays", *(x.shape for x in arrays))
    return [broadcast_to(x, shape) for x in arrays]


def common_shape(what: str, *shapes: tuple[int, ...]) -> tuple[int, ...]:
    """The shape that several broadcast to."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        listed = ", ".join(map(str, shapes))
        raise _error(what, f"{listed} do not go together", "sizes must be 1 or equal") from None


def concat(arrays: Any, /, *, axis: int | None = 0) -> Any:
    """Join arrays along an axis they have; None flattens them first.

    Example:
        >>> import bafe.xp as xp
        >>> xp.concat([xp.asarray([1, 2]), xp.asarray([3])])
        Array([1, 2, 3], dtype=int64)
    """
    parts = [reshape(x, (-1,)) for x in arrays] if axis is None else list(arrays)
    return _joined("concat", np.concatenate, s.concat, parts, axis or 0, 0)


def stack(arrays: Any, /, *, axis: int = 0) -> Any:
    """Join arrays of one shape along a new axis.

    Example:
        >>> import bafe.xp as xp
        >>> xp.stack([xp.asarray([1, 2]), xp.asarray([3, 4])])
        Array([[1, 2],
               [3, 4]], dtype=int64)
    """
    return _joined("stack", np.stack, s.stack, list(arrays), axis, 1)


def _joined(what: str, eager: Any, traced: Any, parts: list[Any], axis: int, more: int) -> Any:
    if not parts:
        raise _error(what, "there is no array", "give at least one")
    for x in parts:
        check_kind(what, ANY, x)
    dtype = promote(what, [x.dtype for x in parts])
    at = axis_in(what, axis, parts[0].ndim + more)
    shapes = [x.shape if more else x.shape[:at] + x.shape[at + 1 :] for x in parts]
    if any(shape != shapes[0] for shape in shapes):
        listed = ", ".join(str(x.shape) for x in parts)
        raise _error(what, f"shapes {listed} differ beside axis {axis}", "give equal sizes there")
    if is_traced(*parts):
        return run(
            lambda *xs: fresh(traced([x.astype(dtype) for x in map(_tensor, xs)], at)), *parts
        )
    return host(what, lambda *xs: eager([x.astype(dtype, copy=False) for x in xs], at), *parts)


def _tensor(x: Any) -> Any:
    return s.constant(x)._here() if isinstance(x, np.ndarray) else x


def expand_dims(x: Any, /, axis: int) -> Any:
    """Add an axis of size 1 at this place of the result."""
    at = axis_in("expand_dims", axis, x.ndim + 1)
    return view("expand_dims", lambda a: a[(slice(None),) * at + (None,)], x)


def squeeze(x: Any, /, axis: Any) -> Any:
    """Remove axes of size 1.

    Raises:
        ShapeError: an axis has another size.
    """
    axes = _axes_in("squeeze", axis, x.ndim)
    for at in axes:
        if x.shape[at] != 1:
            raise _error("squeeze", f"axis {at} has size {x.shape[at]}", "name axes of size 1")
    return view("squeeze", lambda a: a.squeeze(axes), x)


def permute_dims(x: Any, /, axes: Any) -> Any:
    """Permute the axes."""
    order = _axes_in("permute_dims", axes, x.ndim)
    if len(order) != x.ndim:
        raise _error("permute_dims", f"{len(order)} axes for {x.ndim}", "name each axis once")
    return view("permute_dims", lambda a: a.transpose(order), x)


def moveaxis(x: Any, source: Any, destination: Any, /) -> Any:
    """Move axes to other places; the others keep their order."""
    rank = x.ndim
    come = _axes_in("moveaxis", source, rank)
    go = _axes_in("moveaxis", destination, rank)
    if len(come) != len(go):
        raise _error("moveaxis", f"{len(come)} axes to {len(go)} places", "give as many of each")
    order = [axis for axis in range(rank) if axis not in come]
    for at, axis in sorted(zip(go, come)):
        order.insert(at, axis)
    return permute_dims(x, tuple(order))


def reshape(x: Any, /, shape: Any, *, copy: bool | None = None) -> Any:
    """Give the elements, row by row, other axes; one size may be -1.

    Args:
        x: array.
        shape: sizes of the new axes.
        copy: True copies, False never does (ValueError when it would have to).

    Raises:
        ShapeError: the sizes do not multiply to the number of elements.
    """
    sizes = _indices("reshape", "shape", shape)
    if is_traced(x):
        return run(lambda a: (a._copied() if copy else a).reshape(sizes), x)
    data = x._data if type(x) is Array else x
    try:
        out = host("reshape", lambda a: a.reshape(sizes), x)
    except ValueError:
        raise _error(
            "reshape", f"{data.size} elements do not fill {sizes}", "let the sizes multiply to it"
        ) from None
    if copy is False and not np.shares_memory(out._data, data) and data.size:
        raise ValueError(f"{_place()}reshape: this order needs a copy\n  fix: leave copy out")
    return wrap(out._data.copy()) if copy and np.shares_memory(out._data, data) else out


def flip(x: Any, /, *, axis: Any = None) -> Any:
    """Reverse the order along axes, all of them by default.

    Example:
        >>> import bafe.xp as xp
        >>> xp.flip(xp.asarray([1, 2, 3]))
        Array([3, 2, 1], dtype=int64)
    """
    axes = range(x.ndim) if axis is None else _axes_in("flip", axis, x.ndim)
    key = tuple(slice(None, None, -1 if at in axes else None) for at in range(x.ndim))
    return view("flip", lambda a: a[key], x)


def roll(x: Any, /, shift: Any, *, axis: Any = None) -> Any:
    """Move elements along axes; what leaves at one end comes in at the other.

    Example:
        >>> import bafe.xp as xp
        >>> xp.roll(xp.asarray([1, 2, 3]), 1)
        Array([3, 1, 2], dtype=int64)
    """
    if axis is None:
        (by,) = _indices("roll", "shift", shift)
        flat = reshape(x, (-1,))
        return reshape(roll(flat, by, axis=0), x.shape)
    axes = _indices("roll", "axis", axis)
    shifts = _indices("roll", "shift", shift)
    shifts = shifts * len(axes) if len(shifts) == 1 else shifts
    if len(shifts) != len(axes):
        raise _error("roll", f"{len(shifts)} shifts for {len(axes)} axes", "give one an axis")
    axes = tuple(axis_in("roll", at, x.ndim) for at in axes)

    def traced(a: Any) -> Any:
        for by, at in zip(shifts, axes):
            size = a.shape[at]
            cut = -by % size if size else 0
            front = (slice(None),) * at
            if cut:
                a = s.concat([a[front + (slice(cut, None),)], a[front + (slice(0, cut),)]], at)
        return a

    return move("roll", lambda a: np.roll(a, shifts, axes), traced, x)


def repeat(x: Any, repeats: Any, /, *, axis: int | None = None) -> Any:
    """Repeat each element, flattened first without an axis; ``repeats`` a number or an array.

    Example:
        >>> import bafe.xp as xp
        >>> xp.repeat(xp.asarray([1, 2]), 2)
        Array([1, 1, 2, 2], dtype=int64)
    """
    if axis is None:
        return repeat(reshape(x, (-1,)), repeats, axis=0)
    at = axis_in("repeat", axis, x.ndim)
    if not isinstance(repeats, int):
        check_kind("repeat", INTEGER, repeats)
        return host("repeat", lambda a, count: np.repeat(a, count, at), x, repeats)

    def traced(a: Any) -> Any:
        sizes = list(a.shape)
        out = s.expand_dims(a, at + 1)
        out = s.broadcast_to(out, (*sizes[: at + 1], repeats, *sizes[at + 1 :]))
        sizes[at] *= repeats
        return s.reshape(out, tuple(sizes))

    return move("repeat", lambda a: np.repeat(a, repeats, at), traced, x)


def tile(x: Any, repetitions: Sequence[int], /) -> Any:
    """Repeat the whole array along each axis.

    Example:
        >>> import bafe.xp as xp
        >>> xp.tile(xp.asarray([1, 2]), (2,))
        Array([1, 2, 1, 2], dtype=int64)
    """
    times = _indices("tile", "repetitions", repetitions)

    def traced(a: Any) -> Any:
        rank = max(a.ndim, len(times))
        counts = (1,) * (rank - len(times)) + times
        a = s.reshape(a, (1,) * (rank - a.ndim) + tuple(a.shape))
        for at, count in enumerate(counts):
            if count == 0:
                return s.full(tuple(n * c for n, c in zip(a.shape, counts)), 0, a.dtype)
            a = s.concat([a] * count, at) if count > 1 else a
        return a

    return move("tile", lambda a: np.tile(a, times), traced, x)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Any, ...]:
    """Give the slices along an axis, one by one.

    Example:
        >>> import bafe.xp as xp
        >>> xp.unstack(xp.asarray([[1, 2], [3, 4]]))[1]
        Array([3, 4], dtype=int64)
    """
    at = axis_in("unstack", axis, x.ndim)
    return tuple(x[(slice(None),) * at + (i,)] for i in range(x.shape[at]))
