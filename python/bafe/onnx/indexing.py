"""Lookups by index."""

from __future__ import annotations

import math
from typing import Any

from bafe import surface as s
from bafe.onnx import kit
from bafe.onnx.kit import op
from bafe.onnx.registry import lowering


@lowering("Gather")
def _gather(n: Any, x: Any, indices: Any) -> Any:
    axis = n.axis(n.int("axis", 0), x.ndim)
    if n.is_known(indices):
        found = n.known_ints(indices)
        size = x.shape[axis]
        if any(not -size <= one < size for one in found):
            n.malformed(
                f"an index of {sorted(set(found))[:4]}… lies outside of axis {axis} of {size}"
            )
        if len(found) == 1:
            at = found[0] % size
            one = kit.part(x, axis, at, at + 1)
            return s.reshape(one, (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :]))
    return s.take(x, indices, axis)


@lowering("GatherElements", since=11)
def _gather_elements(n: Any, x: Any, indices: Any) -> Any:
    axis = n.axis(n.int("axis", 0), x.ndim)
    for i, size in enumerate(indices.shape):
        if i != axis and size != x.shape[i]:
            x = kit.part(x, i, 0, size)
    return s.gather(x, indices, axis)


@lowering("GatherND", since=11)
def _gather_nd(n: Any, x: Any, indices: Any) -> Any:
    batch = n.int("batch_dims", 0)
    depth = indices.shape[-1]
    if not 0 <= batch < min(x.ndim, indices.ndim) or not 1 <= depth <= x.ndim - batch:
        n.malformed(f"indices {list(indices.shape)} into {list(x.shape)} after {batch} axes")
    inner, rest = x.shape[batch : batch + depth], x.shape[batch + depth :]
    outer = math.prod(x.shape[:batch])
    table = s.reshape(x, (outer * math.prod(inner), *rest))
    flat = s.reshape(s.cast(indices, "int64"), (outer, -1 if indices.size else 0, depth))
    place = s.broadcast_to(s.iota((outer, 1)), flat.shape[:2])
    for i, size in enumerate(inner):
        one = flat[..., i]
        place = place * size + s.where(op("less", one, 0), one + size, one)
    found = s.take(table, s.reshape(place, (place.size,)), 0)
    return s.reshape(found, (*indices.shape[:-1], *rest))


@lowering("ReverseSequence", since=10)
def _reverse_sequence(n: Any, x: Any, lengths: Any) -> Any:
    time, batch = n.axis(n.int("time_axis", 0), x.ndim), n.axis(n.int("batch_axis", 1), x.ndim)
    shape = [x.shape[i] if i in (time, batch) else 1 for i in range(x.ndim)]
    step = s.iota(shape, time)
    length = kit.expand_to(s.cast(lengths, "int64"), x.ndim, batch)
    place = s.where(op("less", step, length), length - 1 - step, step)
    return s.gather(x, s.broadcast_to(place, x.shape), time)


@lowering("OneHot", since=9)
def _one_hot(n: Any, indices: Any, depth: Any, values: Any) -> Any:
    (count,) = n.sizes([int(n.known(depth).ravel()[0])])
    axis = n.int("axis", -1)
    rank = indices.ndim + 1
    at = n.axis(axis, rank)
    n.sizes([*indices.shape, count], 8)
    place = s.expand_dims(s.cast(indices, "int64"), at)
    place = s.where(op("less", place, 0), place + count, place)
    slots = s.reshape(s.iota(count), [count if i == at else 1 for i in range(rank)])
    return s.where(op("equal", place, slots), values[1], values[0])
