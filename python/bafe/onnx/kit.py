"""Small words that the lowerings are written in, over BAFE's own functions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from bafe import _core
from bafe import surface as s
from bafe.onnx.tensors import dtype_of
from bafe.tracer import _call

FLOATS = ("f16", "bf16", "f32", "f64")
HALVES = ("f16", "bf16")


def op(name: str, *operands: Any) -> Any:
    """Record one of BAFE's operators."""
    return _call(name, operands)


def is_float(x: Any) -> bool:
    """Whether the elements are floating-point numbers."""
    return x._dtype in FLOATS


def wide(x: Any) -> Any:
    """Half-precision values in single precision, others as they are."""
    return s.cast(x, "float32") if x._dtype in HALVES else x


def like(x: Any, other: Any) -> Any:
    """``x`` in the dtype of ``other``."""
    return x if x._dtype == other._dtype else s.cast(x, other.dtype)


def cast_to(node: Any, x: Any, element: int) -> Any:
    """``x`` in an ONNX element type."""
    dtype = dtype_of(element)
    if dtype is None or not _core.is_supported(np.empty(0, dtype)):
        node.refuse(f"values of dtype {dtype} are not supported", "convert to another dtype")
    return x if x.dtype == dtype else s.cast(x, dtype)


def scalar(value: Any, like: Any) -> Any:
    """One number in the dtype of ``like``."""
    return s.full((), value, like.dtype)


def full_like(x: Any, value: Any) -> Any:
    """One number everywhere, in the shape and dtype of ``x``."""
    return s.full(x.shape, value, x.dtype)


def total(x: Any, axes: Any, keepdims: bool = False) -> Any:
    """Sum in the dtype of ``x``."""
    return like(x.sum(axes, keepdims=keepdims), x)


def mean(x: Any, axes: Any, keepdims: bool = False) -> Any:
    """Mean of floating-point numbers."""
    return s.mean(x, axes, keepdims)


def mismatch(a: Any, b: Any) -> Any:
    """Where two arrays differ."""
    return op("not_equal", a, b)


def both(a: Any, b: Any) -> Any:
    """Logical and."""
    return op("logical_and", a, b)


def part(x: Any, axis: int, start: int, stop: int) -> Any:
    """A range of one axis."""
    return x[(slice(None),) * axis + (slice(start, stop),)]


def expand_to(x: Any, rank: int, axis: int) -> Any:
    """A vector as an array of ``rank`` axes, along ``axis``."""
    return s.reshape(x, tuple(x.shape[0] if i == axis else 1 for i in range(rank)))


def flat2(x: Any, axis: int) -> Any:
    """Two axes: those before ``axis``, and the rest."""
    return s.reshape(x, (math.prod(x.shape[:axis]), math.prod(x.shape[axis:])))


def pads_of(
    node: Any,
    rank: int,
    sizes: Sequence[int],
    windows: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
) -> tuple[list[int], list[int]]:
    """Padding before and after each image axis, from ``pads`` or ``auto_pad``."""
    mode = node.text("auto_pad", "NOTSET")
    pads = node.ints("pads")
    if mode in ("NOTSET", ""):
        pads = pads or [0] * (2 * rank)
        if len(pads) != 2 * rank:
            node.malformed(f"{len(pads)} pads for {rank} axes")
        return list(pads[:rank]), list(pads[rank:])
    if mode == "VALID":
        return [0] * rank, [0] * rank
    if mode not in ("SAME_UPPER", "SAME_LOWER"):
        node.malformed(f"auto_pad is {mode!r}")
    low, high = [], []
    for size, window, stride, dilation in zip(sizes, windows, strides, dilations):
        out = -(-size // stride)
        extra = max((out - 1) * stride + (window - 1) * dilation + 1 - size, 0)
        less = extra // 2
        low.append(less if mode == "SAME_UPPER" else extra - less)
        high.append(extra - less if mode == "SAME_UPPER" else less)
    return low, high


def positive(node: Any, name: str, values: Sequence[int] | None, rank: int) -> list[int]:
    """A list of one positive number an axis; ones when left out."""
    found = list(values) if values is not None else [1] * rank
    if len(found) != rank or any(value < 1 for value in found):
        node.malformed(f"{name} is {found} for {rank} axes")
    return found


def integer_divide(a: Any, b: Any) -> Any:
    """Quotient of integers, rounded to zero."""
    quotient = op("floor_divide", a, b)
    if a._dtype.startswith("u"):
        return quotient
    inexact = mismatch(quotient * b, a)
    signs = op("logical_xor", op("less", a, 0), op("less", b, 0))
    return quotient + like(both(inexact, signs), a)


def dims(x: Any) -> tuple[int, ...]:
    """Shape of a value of any kind."""
    return tuple(np.shape(x)) if isinstance(x, np.ndarray) else tuple(x.shape)
