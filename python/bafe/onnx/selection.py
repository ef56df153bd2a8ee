"""Operators that choose elements: the largest, those that are not zero, those that differ."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bafe import surface as s
from bafe.onnx import kit
from bafe.onnx.kit import op
from bafe.onnx.registry import lowering

_MOST_SORTED = 4096  # elements of a row that is sorted by comparing every pair


@lowering("TopK", since=10)
def _top_k(n: Any, x: Any, count: Any) -> Any:
    return _largest(n, x, n.known_ints(count)[0], n.int("largest", 1))


@lowering("TopK")
def _old_top_k(n: Any, x: Any) -> Any:
    return _largest(n, x, n.int("k"), 1)


def _largest(n: Any, x: Any, k: int, largest: int) -> Any:
    """Ranks by counting the elements that come first; equal ones keep their order."""
    axis = n.axis(n.int("axis", -1), x.ndim)
    n.int("sorted", 1)  # a sorted result is one of the unsorted ones
    size = x.shape[axis]
    if not 0 <= k <= size:
        n.malformed(f"{k} of {size} elements")
    if size > _MOST_SORTED:
        n.refuse(f"rows of {size} elements; at most {_MOST_SORTED} are supported")
    order = [i for i in range(x.ndim) if i != axis] + [axis]
    back = [order.index(i) for i in range(x.ndim)]
    rows = s.transpose(x, order)
    if k == 0:
        none = s.transpose(kit.part(rows, x.ndim - 1, 0, 0), back)
        return none, s.cast(none, "int64")
    one, other = s.expand_dims(rows, x.ndim), s.expand_dims(rows, x.ndim - 1)
    number = s.iota(size)
    earlier = op("less", number, s.expand_dims(number, 1))
    before = op("greater" if largest else "less", other, one)
    equal = op("equal", other, one)
    if kit.is_float(x):  # NaN is larger than every number
        nans = op("isnan", other), op("isnan", one)
        last, first = nans if largest else nans[::-1]
        before = op("logical_or", before, kit.both(last, op("logical_not", first)))
        equal = op("logical_or", equal, kit.both(*nans))
    before = op("logical_or", before, kit.both(equal, earlier))
    rank = s.cast(before, "int64").sum(x.ndim)
    wanted = s.expand_dims(s.iota(k), 1)
    found = op("equal", s.expand_dims(rank, x.ndim - 1), wanted)
    place = s.cast(found, "uint8").argmax(x.ndim)
    values = s.gather(rows, place, -1)
    return s.transpose(values, back), s.transpose(s.cast(place, "int64"), back)


@lowering("NonZero", since=9)
def _non_zero(n: Any, x: Any) -> Any:
    return np.array(np.nonzero(np.atleast_1d(n.known(x))), np.int64)[: max(x.ndim, 1)]


@lowering("Compress", since=9)
def _compress(n: Any, x: Any, condition: Any) -> Any:
    chosen = np.flatnonzero(n.known(condition))
    if not n.has("axis"):
        return s.take(s.reshape(x, (x.size,)), chosen, 0)
    return s.take(x, chosen, n.axis(n.int("axis"), x.ndim))


@lowering("Unique", since=11)
def _unique(n: Any, x: Any) -> Any:
    values = n.known(x)
    axis = n.axis(n.int("axis"), x.ndim) if n.has("axis") else None
    found, first, inverse, count = np.unique(
        values, return_index=True, return_inverse=True, return_counts=True, axis=axis
    )
    inverse = inverse.ravel()
    if not n.int("sorted", 1):
        order = np.argsort(first, kind="stable")
        found = np.take(found, order, axis or 0)
        first, count = first[order], count[order]
        inverse = np.argsort(order)[inverse]
    return found, *(one.astype(np.int64) for one in (first, inverse, count))


def _overlap(a: np.ndarray, b: np.ndarray, is_centred: int) -> float:
    """Intersection over union of two boxes."""
    if is_centred:
        a, b = (np.r_[box[:2] - box[2:] / 2, box[:2] + box[2:] / 2] for box in (a, b))
    a_low, a_high = np.minimum(a[:2], a[2:]), np.maximum(a[:2], a[2:])
    b_low, b_high = np.minimum(b[:2], b[2:]), np.maximum(b[:2], b[2:])
    sides = np.minimum(a_high, b_high) - np.maximum(a_low, b_low)
    if (sides <= 0).any():
        return 0.0
    shared = float(np.prod(sides))
    whole = float(np.prod(a_high - a_low) + np.prod(b_high - b_low)) - shared
    return shared / whole if whole > 0 else 0.0


@lowering("NonMaxSuppression", since=10)
def _suppress(
    n: Any, boxes: Any, scores: Any, most: Any = None, overlap: Any = None, score: Any = None
) -> Any:
    places, values = n.known(boxes), n.known(scores)
    limit = 0 if most is None else n.known_ints(most)[0]
    threshold = 0.0 if overlap is None else float(n.known(overlap).ravel()[0])
    least = -math.inf if score is None else float(n.known(score).ravel()[0])
    is_centred = n.int("center_point_box", 0)
    chosen = []
    for batch, kind in np.ndindex(*values.shape[:2]):
        row = values[batch, kind]
        kept: list[int] = []
        for at in np.argsort(-row, kind="stable"):
            if len(kept) >= limit or row[at] <= least:
                break
            box = places[batch, at]
            if all(_overlap(box, places[batch, k], is_centred) <= threshold for k in kept):
                kept.append(int(at))
        chosen += [(batch, kind, at) for at in kept]
    return np.array(chosen, np.int64).reshape(-1, 3)
