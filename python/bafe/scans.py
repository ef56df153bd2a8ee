"""Running products, largest and smallest elements: by doubling, since there is no such operator."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe.numpy_protocol import _unknown, as_tensor
from bafe.tracer import _method

_BINARY = {"multiply": np.multiply, "maximum": np.maximum, "minimum": np.minimum}


def accumulate(name: str, array: Any, axis: int = 0, dtype: Any = None) -> Any:
    """``ufunc.accumulate``: after k rounds each element holds the result over 2^k elements."""
    x = as_tensor(array)
    if dtype is not None:
        x = x.astype(dtype)
    if name == "add":
        return _method("cumsum", x, axis) if x.ndim else x
    if name not in _BINARY:
        raise _unknown(f"{name}.accumulate")
    axis = axis % x.ndim
    distance = 1
    head: Any = (slice(None),) * axis
    while distance < x.shape[axis]:
        both = _BINARY[name](
            x[head + (slice(distance, None),)], x[head + (slice(None, -distance),)]
        )
        x = np.concatenate([x[head + (slice(None, distance),)], both], axis)
        distance *= 2
    return x
