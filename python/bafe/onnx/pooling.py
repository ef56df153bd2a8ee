"""Pooling over windows of any number of image axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bafe import surface as s
from bafe.onnx import kit
from bafe.onnx.kit import op
from bafe.onnx.reductions import lowest
from bafe.onnx.registry import lowering
from bafe.sliding import windows
from bafe.tracer import Constant


class _Pool:
    """Attributes of a pooling operator, and the padding that makes all its windows fit."""

    def __init__(self, n: Any, x: Any) -> None:
        rank = self.rank = x.ndim - 2
        self.sizes = x.shape[2:]
        kernel = n.ints("kernel_shape")
        if rank < 1 or kernel is None:
            n.malformed(f"kernel_shape is {kernel} for a value with {x.ndim} axes")
        self.kernel = kit.positive(n, "kernel_shape", kernel, rank)
        self.strides = kit.positive(n, "strides", n.ints("strides"), rank)
        self.dilations = kit.positive(n, "dilations", n.ints("dilations"), rank)
        self.low, self.high = kit.pads_of(
            n, rank, self.sizes, self.kernel, self.strides, self.dilations
        )
        if min((*self.low, *self.high)) < 0:
            n.refuse("negative padding is not supported", "cut the images with Slice")
        self.given_high = list(self.high)
        ceil_mode = n.int("ceil_mode", 0)
        self.out: list[int] = []
        for i, size in enumerate(self.sizes):
            reach = (self.kernel[i] - 1) * self.dilations[i] + 1
            room = size + self.low[i] + self.high[i] - reach
            if room < 0:
                n.malformed(f"windows of {reach} over {size} elements")
            stride = self.strides[i]
            count = (-(-room // stride) if ceil_mode else room // stride) + 1
            if ceil_mode and (count - 1) * stride >= size + self.low[i]:
                count -= 1
            self.out.append(count)
            need = (count - 1) * stride + reach - size - self.low[i]
            self.high[i] = max(self.high[i], need)
        self.axes = tuple(range(x.ndim, x.ndim + rank))

    def over(self, n: Any, x: Any, value: Any, reduce: Any) -> Any:
        """[N, C, out…]: ``reduce`` of the windows. Images of networks with convolutions are read
        with their channels side by side, as those leave them."""
        if self.rank != 2 or not n.evaluation.linear:
            return reduce(self.windows(x, value), self.axes)
        low, high = (0, *self.low, 0), (0, *self.high, 0)
        last = s.transpose(x, (0, 2, 3, 1))
        padded = s.pad(last, low, high, value) if any((*low, *high)) else last
        made = windows(padded, (1, 2), self.kernel, self.strides, self.dilations)
        for axis, count in zip((1, 2), self.out):
            made = kit.part(made, axis, 0, count) if made.shape[axis] != count else made
        return s.transpose(reduce(made, (4, 5)), (0, 3, 1, 2))

    def windows(self, x: Any, value: Any) -> Any:
        """[N, C, out…, kernel…] of the padded images."""
        low, high = (0, 0, *self.low), (0, 0, *self.high)
        padded = s.pad(x, low, high, value) if any((*low, *high)) else x
        over = tuple(range(2, 2 + self.rank))
        made = windows(padded, over, self.kernel, self.strides, self.dilations)
        for axis, count in zip(over, self.out):
            made = kit.part(made, axis, 0, count) if made.shape[axis] != count else made
        return made

    def counts(self, with_padding: bool) -> np.ndarray:
        """How many elements of each window count."""
        found = np.ones([1] * self.rank)
        for i, size in enumerate(self.sizes):
            first = -self.low[i] if with_padding else 0
            last = size + self.given_high[i] if with_padding else size
            starts = np.arange(self.out[i]) * self.strides[i] - self.low[i]
            places = starts[:, None] + np.arange(self.kernel[i]) * self.dilations[i]
            inside = ((places >= first) & (places < last)).sum(1)
            found = found * inside.reshape([-1 if k == i else 1 for k in range(self.rank)])
        return found


@lowering("MaxPool")
def _max_pool(n: Any, x: Any) -> Any:
    pool = _Pool(n, x)
    column_major = n.int("storage_order", 0)
    if len(n.outputs) < 2 or not n.outputs[1]:
        return pool.over(n, x, lowest(x), lambda made, axes: made.max(axes))
    made = pool.windows(x, lowest(x))
    out = made.max(pool.axes)
    return out, _places(pool, x, made, column_major)


def _places(pool: _Pool, x: Any, made: Any, column_major: int) -> Any:
    """Where in the flattened input each largest element lies."""
    count = math.prod(pool.kernel)
    flat = s.reshape(made, (*x.shape[:2], *pool.out, count))
    number = np.arange(math.prod(pool.sizes)).reshape(
        pool.sizes, order="F" if column_major else "C"
    )
    for i in range(pool.rank):
        starts = np.arange(pool.out[i]) * pool.strides[i] - pool.low[i]
        places = starts[:, None] + np.arange(pool.kernel[i]) * pool.dilations[i]
        number = np.take(number, np.clip(places, 0, pool.sizes[i] - 1), axis=2 * i)
    order = [2 * i for i in range(pool.rank)] + [2 * i + 1 for i in range(pool.rank)]
    number = number.transpose(order).reshape(1, 1, *pool.out, count)
    best = s.expand_dims(flat.argmax(-1), flat.ndim - 1)
    inside = s.squeeze(
        s.gather(s.broadcast_to(Constant(number), flat.shape), best, -1), flat.ndim - 1
    )
    first = np.arange(x.shape[0] * x.shape[1]) * math.prod(pool.sizes)
    return s.cast(inside, "int64") + Constant(
        first.reshape(*x.shape[:2], *[1] * pool.rank).astype(np.int64)
    )


@lowering("AveragePool")
def _average_pool(n: Any, x: Any) -> Any:
    pool = _Pool(n, x)
    counts = pool.counts(bool(n.int("count_include_pad", 0)))
    total = pool.over(n, x, 0, kit.total)
    if (counts == counts.flat[0]).all():
        return total / float(counts.flat[0])
    return total / Constant(counts.astype(x.dtype))


@lowering("LpPool", since=2)
def _lp_pool(n: Any, x: Any) -> Any:
    pool = _Pool(n, x)
    p = n.int("p", 2)
    if p == 2:
        return op("sqrt", kit.total(op("square", pool.windows(x, 0)), pool.axes))
    total = kit.total(op("pow", op("abs", pool.windows(x, 0)), float(p)), pool.axes)
    return op("pow", total, 1.0 / p)
