"""Small tables of the ai.onnx.ml domain."""

from __future__ import annotations

from typing import Any

from bafe import surface as s
from bafe.onnx import kit
from bafe.onnx.kit import op
from bafe.onnx.registry import lowering


@lowering("Binarizer", domain="ai.onnx.ml")
def _binarizer(n: Any, x: Any) -> Any:
    return kit.like(op("greater", x, n.float("threshold", 0.0)), x)


@lowering("ArrayFeatureExtractor", domain="ai.onnx.ml")
def _features(n: Any, x: Any, places: Any) -> Any:
    found = s.take(x, s.reshape(places, (places.size,)), x.ndim - 1)
    return s.reshape(found, (1, *found.shape)) if x.ndim == 1 else found


@lowering("Scaler", domain="ai.onnx.ml")
def _scaler(n: Any, x: Any) -> Any:
    y = x if kit.is_float(x) else s.cast(x, "float32")
    offset, scale = n.floats("offset") or [0.0], n.floats("scale") or [1.0]
    row = [s.full((len(one),), 0.0, y.dtype) + _list(one, y) for one in (offset, scale)]
    return s.cast((y - row[0]) * row[1], "float32")


def _list(values: list[float], like: Any) -> Any:
    import numpy as np

    from bafe.tracer import Constant

    return Constant(np.array(values, like.dtype))
