"""Integers that stand for scaled numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import surface as s
from bafe.onnx import kit
from bafe.onnx.convolution import integer_convolution
from bafe.onnx.kit import op
from bafe.onnx.registry import lowering
from bafe.onnx.tensors import dtype_of


def _along(n: Any, x: Any, scale: Any, axis: int, block: int) -> Any:
    """A scale or zero point as an array that goes with ``x``."""
    if scale.ndim == 0 or scale.size == 1 and scale.ndim == 1 and not block:
        return s.reshape(scale, ())
    at = n.axis(axis, x.ndim)
    if scale.ndim == 1 and not block:
        return kit.expand_to(scale, x.ndim, at)
    if not block or scale.ndim != x.ndim:
        n.malformed(f"scales of shape {list(scale.shape)} for {list(x.shape)}")
    places = np.arange(x.shape[at]) // block
    return s.take(scale, places, at)


def quantized(y: Any, zero: Any, dtype: np.dtype) -> Any:
    """Scaled numbers rounded to even, shifted and kept within the dtype."""
    limits = np.iinfo(dtype)
    rounded = op("round", kit.wide(y))
    if zero is not None:
        rounded = rounded + kit.like(zero, rounded)
    return s.cast(rounded.clip(float(limits.min), float(limits.max)), dtype)


@lowering("QuantizeLinear", since=10)
def _quantize(n: Any, x: Any, scale: Any, zero: Any = None) -> Any:
    axis, block = n.int("axis", 1), n.int("block_size", 0)
    n.int("saturate", 1)
    if n.int("precision", 0) not in (0, 1, scale_type(scale)):
        n.refuse("a precision other than the scale's is not supported")
    element = n.int("output_dtype", 0)
    dtype = zero.dtype if zero is not None else dtype_of(element) if element else np.dtype("uint8")
    if dtype is None or dtype not in (np.int8, np.uint8, np.int16, np.uint16):
        raise n.refuse(f"values of dtype {dtype} are not supported", "quantise to 8 or 16 bits")
    y = kit.wide(x) if kit.is_float(x) else s.cast(x, "float32")
    y = y / kit.like(_along(n, x, scale, axis, block), y)
    shift = None if zero is None else _along(n, x, zero, axis, block)
    return quantized(y, shift, dtype)


def scale_type(scale: Any) -> int:
    """ONNX's element type of a scale."""
    return {"f32": 1, "f16": 10, "bf16": 16, "f64": 11}.get(scale._dtype, 0)


@lowering("DynamicQuantizeLinear", since=11)
def _dynamic(n: Any, x: Any) -> Any:
    """Bytes over the range of the values and 0; where that is empty any scale would do."""
    low, high = op("minimum", x.min(), 0.0), op("maximum", x.max(), 0.0)
    is_empty = op("equal", high, low)
    scale = s.where(is_empty, 1.0, high - low) / 255.0
    zero = quantized(op("neg", low) / scale, None, np.dtype("uint8"))
    return quantized(x / scale, zero, np.dtype("uint8")), kit.like(scale, x), zero


@lowering("DequantizeLinear", since=10)
def _dequantize(n: Any, x: Any, scale: Any, zero: Any = None) -> Any:
    axis, block = n.int("axis", 1), n.int("block_size", 0)
    element = n.int("output_dtype", 0)
    y = s.cast(x, "int32")
    if zero is not None:
        y = y - s.cast(_along(n, x, zero, axis, block), "int32")
    by = _along(n, x, scale, axis, block)
    out = s.cast(y, "float32") * kit.wide(by)
    return kit.cast_to(n, out, element) if element else kit.like(out, scale)


@lowering("QLinearMatMul", since=10)
def _matmul(n: Any, *inputs: Any) -> Any:
    a, a_scale, a_zero, b, b_scale, b_zero, y_scale, y_zero = inputs
    left = s.cast(a, "int32") - s.cast(_row(a_zero, a, -2), "int32")
    right = s.cast(b, "int32") - s.cast(_row(b_zero, b, -1), "int32")
    total = s.cast(s.matmul(left, right), "float32")
    by = kit.wide(_row(a_scale, a, -2)) * kit.wide(_row(b_scale, b, -1)) / kit.wide(y_scale)
    return quantized(total * by, y_zero, y_zero.dtype)


def _row(value: Any, matrix: Any, axis: int) -> Any:
    """A vector of row or column scales beside its matrix."""
    if value.ndim == 1 and value.shape[0] > 1:
        return kit.expand_to(value, max(matrix.ndim, 2), max(matrix.ndim, 2) + axis)
    return s.reshape(value, ()) if value.size == 1 else value


@lowering("QLinearConv", since=10)
def _conv(n: Any, *inputs: Any) -> Any:
    x, x_scale, x_zero, w, w_scale, w_zero, y_scale, y_zero = inputs[:8]
    total = integer_convolution(n, x, w, s.reshape(x_zero, ()), w_zero)
    if len(inputs) > 8 and inputs[8] is not None:
        total = total + kit.expand_to(inputs[8], total.ndim, 1)
    by = w_scale * s.reshape(x_scale, ()) / s.reshape(y_scale, ())
    by = kit.expand_to(by, total.ndim, 1) if by.ndim == 1 else by
    return quantized(s.cast(total, "float32") * by, s.reshape(y_zero, ()), y_zero.dtype)
