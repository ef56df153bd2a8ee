"""Operators that make values of nothing but sizes: constants, ranges, unit matrices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bafe import surface as s
from bafe.onnx import kit
from bafe.onnx.registry import lowering


@lowering("Constant", raw=True)
def _constant(n: Any) -> Any:
    if n.has("sparse_value"):
        n.refuse("sparse values are not supported", "store a dense tensor")
    for name, kind in (("value_float", np.float32), ("value_int", np.int64)):
        if n.has(name):
            value = n.float(name, 0.0) if name == "value_float" else n.int(name)
            return np.array(value, kind)
    if n.has("value_floats"):
        return np.array(n.floats("value_floats"), np.float32)
    if n.has("value_ints"):
        return np.array(n.ints("value_ints"), np.int64)
    if n.has("value_string") or n.has("value_strings"):
        return np.array(n.texts("value_strings") or n.text("value_string", ""), object)
    value = n.tensor("value")
    if value is None:
        n.malformed("it has no value")
    return value


@lowering("ConstantOfShape", since=9)
def _constant_of_shape(n: Any, shape: Any) -> Any:
    value = n.tensor("value")
    value = np.zeros(1, np.float32) if value is None else value
    sizes = n.sizes(n.known_ints(shape), value.dtype.itemsize)
    return s.full(sizes, value.ravel()[0].item(), value.dtype)


@lowering("Range", since=11)
def _range(n: Any, start: Any, limit: Any, delta: Any) -> Any:
    first, last, step = (n.known(one).ravel()[0] for one in (start, limit, delta))
    if step == 0:
        n.malformed("delta is 0")
    count = max(math.ceil((float(last) - float(first)) / float(step)), 0)
    (size,) = n.sizes([count], first.dtype.itemsize)
    return kit.like(s.cast(s.iota(size), start.dtype) * step + first, start)


@lowering("EyeLike", since=9)
def _eye(n: Any, x: Any) -> Any:
    if x.ndim != 2:
        n.malformed(f"a value with {x.ndim} axes")
    rows, columns = s.iota(x.shape, 0), s.iota(x.shape, 1)
    found = kit.op("equal", rows + n.int("k", 0), columns)
    return kit.cast_to(n, found, n.int("dtype")) if n.has("dtype") else kit.like(found, x)


@lowering(
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
    "Bernoulli",
    "Multinomial",
    raw=True,
)
def _random(n: Any, *inputs: Any) -> Any:
    n.refuse("random numbers are not supported", "pass them as an input")
