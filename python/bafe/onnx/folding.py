"""Values that are known while a model is traced: computed at once, with the same lowerings."""

from __future__ import annotations

import math
from typing import Any, Callable

import numpy as np

from bafe import tracer as _t
from bafe.onnx.errors import malformed
from bafe.onnx.node import check_size
from bafe.surface import numpy_dtype
from bafe.tensor import Tensor

_MOST_FOLDED = 1 << 30  # bytes of a value that is computed while tracing


def is_static(value: Any) -> bool:
    """Whether a value holds no tensor of a trace."""
    if isinstance(value, list):
        return all(is_static(one) for one in value)
    return not isinstance(value, Tensor)


def fold(build: Callable[[], Any], where: str) -> Any:
    """Compute what ``build`` records in a trace of its own.

    Raises:
        ParseError: a result would not fit into memory.
    """
    tracer = _t.Tracer()
    outer, _t._state.tracer = _t._state.tracer, tracer
    try:
        made = build()
    finally:
        _t._state.tracer = outer
    leaves: list[Tensor] = []
    _leaves(made, leaves, where)
    if not leaves:
        return made
    roots = list(dict.fromkeys(leaf._index for leaf in leaves))
    program = tracer.trace.finish(roots)
    arrays = dict(zip(roots, program.evaluate(tracer.captured)))
    return _filled(made, arrays)


def check_value(value: Any, where: str) -> None:
    """Refuse tensors that would not fit into memory."""
    if isinstance(value, (list, tuple)):
        for one in value:
            check_value(one, where)
    elif isinstance(value, Tensor):
        check_size(value.shape, numpy_dtype(value._dtype).itemsize, where)


def _leaves(value: Any, leaves: list[Tensor], where: str) -> None:
    if isinstance(value, (list, tuple)):
        for one in value:
            _leaves(one, leaves, where)
    elif isinstance(value, Tensor):
        size = math.prod(value.shape) * numpy_dtype(value._dtype).itemsize
        if size > _MOST_FOLDED:
            raise malformed(
                f"{where}: a constant of shape {list(value.shape)} exceeds the limit of "
                f"{_MOST_FOLDED >> 30} GiB",
                "make the model's shapes smaller",
            )
        leaves.append(value)


def _filled(value: Any, arrays: dict[int, np.ndarray]) -> Any:
    if isinstance(value, (list, tuple)):
        return type(value)(_filled(one, arrays) for one in value)
    return arrays[value._index] if isinstance(value, Tensor) else value
