"""Sums, products, extremes and norms over axes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bafe import surface as s
from bafe.onnx import kit
from bafe.onnx.kit import op
from bafe.onnx.registry import lowering

_NAMES = (
    "ReduceSum",
    "ReduceMean",
    "ReduceMax",
    "ReduceMin",
    "ReduceProd",
    "ReduceL1",
    "ReduceL2",
    "ReduceLogSum",
    "ReduceLogSumExp",
    "ReduceSumSquare",
)


@lowering(*_NAMES)
def _reduce(n: Any, x: Any, axes: Any = None) -> Any:
    given = n.known_ints(axes) if axes is not None else n.ints("axes") or []
    keep = bool(n.int("keepdims", 1))
    alone = n.int("noop_with_empty_axes", 0)
    if not given and alone:
        return _without_axes(n.op, x)
    over = tuple(sorted({n.axis(axis, x.ndim) for axis in given or range(x.ndim)}))
    if x.ndim == 0:
        return _without_axes(n.op, x)
    if n.op in ("ReduceMax", "ReduceMin"):
        return _extreme(n.op, x, over, keep)
    if kit.is_float(x):
        return kit.like(_numbers(n.op, kit.wide(x), over, keep), x)
    if n.op in ("ReduceSum", "ReduceProd", "ReduceSumSquare", "ReduceL1"):
        return kit.like(_numbers(n.op, x, over, keep), x)
    return kit.like(_numbers(n.op, s.cast(x, "float64"), over, keep), x)


def _without_axes(name: str, x: Any) -> Any:
    """What a reduction does with each element alone."""
    if name == "ReduceSumSquare":
        return x * x
    if name in ("ReduceL1", "ReduceL2"):
        return op("abs", x)
    return op("log", x) if name == "ReduceLogSum" else x


def _numbers(name: str, x: Any, over: Any, keep: bool) -> Any:
    if name == "ReduceSum":
        return kit.total(x, over, keep)
    if name == "ReduceMean":
        return kit.mean(x, over, keep)
    if name == "ReduceProd":
        return x.prod(over, keepdims=keep)
    if name == "ReduceL1":
        return kit.total(op("abs", x), over, keep)
    if name == "ReduceLogSumExp":
        if math.prod(x.shape[axis] for axis in over) == 0:
            return op("log", kit.total(x, over, keep))
        return s.logsumexp(x, over, keep)
    if name == "ReduceLogSum":
        return op("log", kit.total(x, over, keep))
    total = kit.total(op("square", x), over, keep)
    return total if name == "ReduceSumSquare" else op("sqrt", total)


def _extreme(name: str, x: Any, over: Any, keep: bool) -> Any:
    if math.prod(x.shape[axis] for axis in over) == 0:
        shape = [1 if i in over else size for i, size in enumerate(x.shape)]
        if not keep:
            shape = [size for i, size in enumerate(x.shape) if i not in over]
        return s.full(shape, lowest(x) if name == "ReduceMax" else highest(x), x.dtype)
    if x._dtype == "bool":
        return _extreme(name, s.cast(x, "uint8"), over, keep).astype("bool")
    return x.max(over, keepdims=keep) if name == "ReduceMax" else x.min(over, keepdims=keep)


def lowest(x: Any) -> Any:
    """Smallest value of the dtype: minus infinity for floating-point numbers."""
    if kit.is_float(x):
        return -math.inf
    return 0 if x._dtype == "bool" else int(np.iinfo(x.dtype).min)


def highest(x: Any) -> Any:
    """Largest value of the dtype."""
    if kit.is_float(x):
        return math.inf
    return 1 if x._dtype == "bool" else int(np.iinfo(x.dtype).max)


@lowering("ArgMax", "ArgMin")
def _arg(n: Any, x: Any) -> Any:
    axis = n.axis(n.int("axis", 0), x.ndim)
    keep = bool(n.int("keepdims", 1))
    last = n.int("select_last_index", 0)
    if last:
        x = x[(slice(None),) * axis + (slice(None, None, -1),)]
    place = x.argmax(axis, keepdims=keep) if n.op == "ArgMax" else x.argmin(axis, keepdims=keep)
    place = s.cast(place, "int64")
    return (x.shape[axis] - 1) - place if last else place


@lowering("GlobalAveragePool", "GlobalMaxPool", "GlobalLpPool")
def _global(n: Any, x: Any) -> Any:
    over = tuple(range(2, x.ndim))
    if n.op == "GlobalMaxPool":
        return x.max(over, keepdims=True)
    if n.op == "GlobalAveragePool":
        return kit.mean(x, over, True)
    p = n.int("p", 2)
    total = kit.total(op("pow", op("abs", x), float(p)), over, True)
    return op("pow", total, 1.0 / p)
