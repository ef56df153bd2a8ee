"""Convolutions of any number of image axes, and their transposes."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from bafe import surface as s
from bafe.onnx import kit
from bafe.onnx.registry import lowering
from bafe.sliding import conv2d, windows
from bafe.tracer import Constant


class Geometry:
    """Attributes of a convolution."""

    def __init__(self, n: Any, x: Any, w: Any) -> None:
        self.rank = x.ndim - 2
        if self.rank < 1 or w.ndim != x.ndim:
            n.malformed(f"weights with {w.ndim} axes and images with {x.ndim}")
        self.kernel = list(w.shape[2:])
        if (n.ints("kernel_shape") or self.kernel) != self.kernel:
            n.malformed("kernel_shape differs from the weights' shape")
        self.strides = kit.positive(n, "strides", n.ints("strides"), self.rank)
        self.dilations = kit.positive(n, "dilations", n.ints("dilations"), self.rank)
        self.group = n.int("group", 1)
        if self.group < 1:
            n.malformed(f"group is {self.group}")


def convolve(
    x: Any, w: Any, bias: Any, strides: Any, low: Any, high: Any, dilations: Any, group: int
) -> Any:
    """Slide weights [M, C / group, …] over images [N, C, …]; padding is not negative."""
    rank = x.ndim - 2
    if rank == 2 and isinstance(w, np.ndarray) and group == 1:
        # known weights are stored with their outputs side by side, where vectors run along them
        y = conv2d(
            s.transpose(x, (0, 2, 3, 1)),
            Constant(w.transpose(2, 3, 1, 0)),
            bias,
            tuple(strides),
            tuple(zip(low, high)),
            tuple(dilations),
            layout="NHWC",
        )
        return s.transpose(y, (0, 3, 1, 2))
    w = Constant(w) if isinstance(w, np.ndarray) else w
    if rank == 2:
        padding = tuple(zip(low, high))
        return conv2d(x, w, bias, tuple(strides), padding, tuple(dilations), group)
    if rank == 1:
        out = conv2d(
            s.expand_dims(x, 2),
            s.expand_dims(w, 2),
            bias,
            (1, strides[0]),
            ((0, 0), (low[0], high[0])),
            (1, dilations[0]),
            group,
        )
        return s.squeeze(out, 2)
    x = s.pad(x, (0, 0, *low), (0, 0, *high), 0)
    sliding = windows(x, tuple(range(2, 2 + rank)), w.shape[2:], strides, dilations)
    batch, channels, *sizes = sliding.shape
    out_sizes, kernel = sizes[:rank], sizes[rank:]
    each, maps = channels // group, w.shape[0] // group
    split = s.reshape(sliding, (batch, group, each, *sizes))
    order = (0, 1, *range(3, 3 + rank), 2, *range(3 + rank, 3 + 2 * rank))
    rows = s.transpose(split, order)
    inner = each * math.prod(kernel)
    rows = s.reshape(rows, (batch, group, math.prod(out_sizes), inner))
    columns = s.transpose(s.reshape(w, (group, maps, inner)), (0, 2, 1))
    out = s.transpose(s.matmul(rows, columns), (0, 1, 3, 2))
    out = s.reshape(out, (batch, group * maps, *out_sizes))
    return out if bias is None else out + kit.expand_to(bias, out.ndim, 1)


def _checked(n: Any, x: Any, w: Any, g: Geometry, low: Any, high: Any) -> None:
    if min((*low, *high), default=0) < 0:
        n.refuse("negative padding is not supported", "cut the images with Slice")
    if x.shape[1] != w.shape[1] * g.group or w.shape[0] % g.group:
        n.malformed(f"weights {list(w.shape)} in {g.group} groups for images {list(x.shape)}")
    for i in range(g.rank):
        reach = (g.kernel[i] - 1) * g.dilations[i] + 1
        if x.shape[2 + i] + low[i] + high[i] < reach:
            n.malformed(f"windows of {reach} over {x.shape[2 + i]} elements")


@lowering("Conv")
def _conv(n: Any, x: Any, w: Any, bias: Any = None) -> Any:
    g = Geometry(n, x, w)
    low, high = kit.pads_of(n, g.rank, x.shape[2:], g.kernel, g.strides, g.dilations)
    _checked(n, x, w, g, low, high)
    weights = n.known(w) if n.is_known(w) else w
    out = convolve(x, weights, bias, g.strides, low, high, g.dilations, g.group)
    if n.is_known(w) and (bias is None or n.is_known(bias)):
        offset = np.zeros(w.shape[0]) if bias is None else n.known(bias)
        rest = (g.strides, low, high, g.dilations, g.group)
        n.evaluation.linear[out._index] = _Linear(x, n.known(w), offset, rest)
    return out


class _Linear(NamedTuple):
    """A convolution with known weights, which a scale a channel can go into."""

    x: Any
    weights: np.ndarray
    offset: np.ndarray
    rest: tuple[Any, ...]


def scaled(n: Any, out: Any, factor: np.ndarray, offset: np.ndarray) -> Any:
    """``out * factor + offset`` a channel, as a convolution if ``out`` is one; else None."""
    known = n.evaluation.linear.get(out._index)
    if known is None or not n.evaluation.may_regroup:
        return None
    at = [-1] + [1] * (known.weights.ndim - 1)
    weights = (known.weights * factor.reshape(at)).astype(known.weights.dtype)
    bias = Constant((known.offset * factor + offset).astype(known.weights.dtype))
    return convolve(known.x, weights, bias, *known.rest)


@lowering("ConvInteger", since=10)
def _conv_integer(n: Any, x: Any, w: Any, x_zero: Any = None, w_zero: Any = None) -> Any:
    return integer_convolution(n, x, w, x_zero, w_zero)


def integer_convolution(n: Any, x: Any, w: Any, x_zero: Any, w_zero: Any) -> Any:
    """Convolution of small integers in 32 bits."""
    g = Geometry(n, x, w)
    images, weights = s.cast(x, "int32"), s.cast(w, "int32")
    if x_zero is not None:
        images = images - s.cast(x_zero, "int32")
    if w_zero is not None:
        zero = s.cast(w_zero, "int32")
        weights = weights - (kit.expand_to(zero, w.ndim, 0) if zero.ndim == 1 else zero)
    low, high = kit.pads_of(n, g.rank, x.shape[2:], g.kernel, g.strides, g.dilations)
    _checked(n, x, w, g, low, high)
    out = convolve(images, weights, None, g.strides, low, high, g.dilations, g.group)
    return s.cast(out, "int32")


@lowering("ConvTranspose")
def _conv_transpose(n: Any, x: Any, w: Any, bias: Any = None) -> Any:
    g = Geometry(n, x, w)
    extra = n.ints("output_padding") or [0] * g.rank
    reach = [(k - 1) * d + 1 for k, d in zip(g.kernel, g.dilations)]
    low, high = _transposed_pads(n, g, x.shape[2:], reach, extra)
    batch, channels, *sizes = x.shape
    if w.shape[0] != channels or channels % g.group:
        n.malformed(f"weights {list(w.shape)} in {g.group} groups for images {list(x.shape)}")
    n.sizes([batch, channels, *(a * b for a, b in zip(sizes, g.strides))], 4)
    for i, stride in enumerate(g.strides):
        x = _spread(x, 2 + i, stride)
    before = [r - 1 - p for r, p in zip(reach, low)]
    after = [r - 1 - p + e for r, p, e in zip(reach, high, extra)]
    for i in range(g.rank):  # more padding than the window reaches cuts the images
        begin, end = max(-before[i], 0), x.shape[2 + i] - max(-after[i], 0)
        if begin > end:
            n.malformed("pads are larger than the result")
        x = kit.part(x, 2 + i, begin, end)
    flip = (slice(None), slice(None), *(slice(None, None, -1),) * g.rank)
    maps = w.shape[1]
    w = s.reshape(w[flip], (g.group, channels // g.group, maps, *g.kernel))
    w = s.transpose(w, (0, 2, 1, *range(3, 3 + g.rank)))
    w = s.reshape(w, (g.group * maps, channels // g.group, *g.kernel))
    before, after = [max(p, 0) for p in before], [max(p, 0) for p in after]
    return convolve(x, w, bias, [1] * g.rank, before, after, g.dilations, g.group)


def _transposed_pads(n: Any, g: Geometry, sizes: Any, reach: Any, extra: Any) -> Any:
    mode = n.text("auto_pad", "NOTSET")
    pads = n.ints("pads")
    wanted = n.ints("output_shape")
    if wanted is None and mode in ("NOTSET", "", "VALID"):
        pads = (pads if mode != "VALID" else None) or [0] * (2 * g.rank)
        return pads[: g.rank], pads[g.rank :]
    if wanted is None:
        wanted = [size * stride for size, stride in zip(sizes, g.strides)]
    low, high = [], []
    for i, size in enumerate(wanted[-g.rank :]):
        total = g.strides[i] * (sizes[i] - 1) + extra[i] + reach[i] - size
        less = total // 2
        low.append(less if mode == "SAME_UPPER" else total - less)
        high.append(total - less if mode == "SAME_UPPER" else less)
    return low, high


def _spread(x: Any, axis: int, stride: int) -> Any:
    """Zeros between the elements of an axis."""
    if stride == 1 or x.shape[axis] == 0:
        return x
    size = x.shape[axis]
    wide = s.expand_dims(x, axis + 1)
    none = [0] * wide.ndim
    after = list(none)
    after[axis + 1] = stride - 1
    wide = s.pad(wide, none, after, 0)
    shape = (*x.shape[:axis], size * stride, *x.shape[axis + 1 :])
    return kit.part(s.reshape(wide, shape), axis, 0, (size - 1) * stride + 1)
