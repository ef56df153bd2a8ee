"""Writes by index: where each element of the result comes from is found while tracing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bafe import surface as s
from bafe.onnx import kit
from bafe.onnx.kit import op
from bafe.onnx.registry import lowering
from bafe.tracer import Constant

_MOST_ROUNDS = 256  # updates of one element


def scatter(n: Any, x: Any, places: np.ndarray, updates: Any, how: str) -> Any:
    """Write updates into the flattened ``x`` at known places, in order.

    Args:
        n: the node.
        x: values that stay where nothing is written.
        places: integers, one an update.
        updates: as many values.
        how: none (the last update counts), add, mul, max or min.
    """
    flat = s.reshape(x, (x.size,))
    places = places.ravel()
    if places.size == 0 or x.size == 0:
        return x
    if places.min() < 0 or places.max() >= x.size:
        n.malformed("an index lies outside of the value")
    values = s.reshape(updates, (updates.size,))
    if how == "none":
        source = np.full(x.size, -1)
        source[places] = np.arange(places.size)
        return s.reshape(_written(flat, values, source, lambda old, new: new), x.shape)
    combine = {"add": "add", "mul": "mul", "max": "maximum", "min": "minimum"}.get(how)
    if combine is None:
        raise n.malformed(f"reduction is {how!r}")
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    counts = np.diff(np.r_[starts, ordered.size])
    if counts.max() > _MOST_ROUNDS:
        n.refuse(f"{counts.max()} updates of one element; at most {_MOST_ROUNDS} are supported")
    turn = np.arange(ordered.size) - np.repeat(starts, counts)
    for one in range(int(counts.max())):
        source = np.full(x.size, -1)
        chosen = turn == one
        source[ordered[chosen]] = order[chosen]
        flat = _written(flat, values, source, lambda old, new: op(combine, old, new))
    return s.reshape(flat, x.shape)


def _written(flat: Any, values: Any, source: np.ndarray, combine: Any) -> Any:
    new = s.take(values, Constant(np.maximum(source, 0)), 0)
    return s.where(Constant(source >= 0), combine(flat, new), flat)


@lowering("ScatterElements", since=11)
@lowering("Scatter", since=9)
def _scatter_elements(n: Any, x: Any, indices: Any, updates: Any) -> Any:
    axis = n.axis(n.int("axis", 0), x.ndim)
    index = n.known(indices)
    if index.ndim != x.ndim or index.shape != tuple(updates.shape):
        n.malformed(f"indices {list(index.shape)}, updates {list(updates.shape)}")
    size = x.shape[axis]
    if index.size and (index.min() < -size or index.max() >= size):
        n.malformed(f"an index lies outside of axis {axis} of {size}")
    at = list(np.indices(index.shape))
    at[axis] = index % max(size, 1)
    if any(one.size and one.max() >= size for one, size in zip(at, x.shape)):
        n.malformed(f"indices {list(index.shape)} for a value of shape {list(x.shape)}")
    places = np.ravel_multi_index(tuple(at), x.shape) if x.ndim else np.zeros(index.shape, int)
    return scatter(n, x, places, updates, n.text("reduction", "none"))


@lowering("ScatterND", since=11)
def _scatter_nd(n: Any, x: Any, indices: Any, updates: Any) -> Any:
    index = n.known(indices)
    depth = index.shape[-1]
    if not 1 <= depth <= x.ndim:
        n.malformed(f"indices {list(index.shape)} for a value of shape {list(x.shape)}")
    sizes = np.array(x.shape[:depth])
    if index.size and ((index < -sizes) | (index >= sizes)).any():
        n.malformed("an index lies outside of the value")
    rest = math.prod(x.shape[depth:])
    first = np.ravel_multi_index(tuple(np.moveaxis(index % np.maximum(sizes, 1), -1, 0)), sizes)
    places = first[..., None] * rest + np.arange(rest)
    if updates.size != places.size:
        n.malformed(f"updates {list(updates.shape)} for indices {list(index.shape)}")
    return scatter(n, x, places, updates, n.text("reduction", "none"))


@lowering("TensorScatter", since=24)
def _tensor_scatter(n: Any, past: Any, update: Any, starts: Any = None) -> Any:
    axis, mode = n.axis(n.int("axis", -2), past.ndim), n.text("mode", "linear")
    begin = np.zeros(past.shape[0], int) if starts is None else n.known(starts).ravel()
    at = list(np.indices(update.shape))
    at[axis] = at[axis] + begin.reshape([-1] + [1] * (past.ndim - 1))
    if mode == "circular":
        at[axis] %= past.shape[axis]
    elif mode != "linear" or (at[axis].size and at[axis].max() >= past.shape[axis]):
        n.malformed(f"mode {mode!r}, or more than the cache can hold")
    return scatter(n, past, np.ravel_multi_index(tuple(at), past.shape), update, "none")


@lowering("MaxUnpool", since=9)
def _max_unpool(n: Any, x: Any, indices: Any, shape: Any = None) -> Any:
    kernel = n.ints("kernel_shape") or []
    rank = len(kernel)
    strides = n.ints("strides") or [1] * rank
    pads = n.ints("pads") or [0] * (2 * rank)
    if rank != x.ndim - 2:
        n.malformed(f"kernel_shape {kernel} for a value with {x.ndim} axes")
    inner = [
        (size - 1) * strides[i] + kernel[i] - pads[i] - pads[i + rank]
        for i, size in enumerate(x.shape[2:])
    ]
    small = n.sizes([*x.shape[:2], *inner], 4)
    large = small if shape is None else n.sizes(n.known_ints(shape), 4)
    index = n.known(indices)
    if index.size and not 0 <= index.min() <= index.max() < math.prod(small):
        n.malformed("an index lies outside of the result")
    places = np.asarray(np.ravel_multi_index(np.unravel_index(index.ravel(), small), large))
    return scatter(n, s.full(large, 0, x.dtype), places, x, "none")


@lowering("Col2Im", since=18)
def _col2im(n: Any, x: Any, image: Any, block: Any) -> Any:
    sizes, kernel = n.known_ints(image), n.known_ints(block)
    rank = len(sizes)
    strides = kit.positive(n, "strides", n.ints("strides"), rank)
    dilations = kit.positive(n, "dilations", n.ints("dilations"), rank)
    pads = n.ints("pads") or [0] * (2 * rank)
    batch, channels = x.shape[0], x.shape[1] // max(math.prod(kernel), 1)
    wide = [size + pads[i] + pads[i + rank] for i, size in enumerate(sizes)]
    counts = [
        (w - (k - 1) * d - 1) // t + 1 for w, k, d, t in zip(wide, kernel, dilations, strides)
    ]
    n.sizes([batch, channels, *wide], 4)
    grid = np.indices((*kernel, *counts)).reshape(2 * rank, -1)
    at = [grid[i] * dilations[i] + grid[rank + i] * strides[i] for i in range(rank)]
    inside = np.ravel_multi_index(tuple(at), wide)
    planes = np.arange(batch * channels)[:, None] * math.prod(wide) + inside
    out = scatter(n, s.full((batch, channels, *wide), 0, x.dtype), planes, x, "add")
    for i, size in enumerate(sizes):
        out = kit.part(out, 2 + i, pads[i], pads[i] + size)
    return out
