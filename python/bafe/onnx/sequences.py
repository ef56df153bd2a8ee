"""Sequences and optionals: lists of values while tracing."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import surface as s
from bafe.onnx import kit
from bafe.onnx.registry import lowering


def _position(n: Any, value: Any, length: int) -> int:
    at = int(n.known(value).ravel()[0])
    if not -length <= at <= length:
        n.malformed(f"place {at} of a sequence of {length}")
    return at + length if at < 0 else at


@lowering("SequenceConstruct", since=11, raw=True)
def _construct(n: Any, *values: Any) -> Any:
    return list(values)


@lowering("SequenceEmpty", since=11, raw=True)
def _empty(n: Any) -> Any:
    n.int("dtype", 1)
    return []


@lowering("SequenceAt", since=11, raw=True)
def _at(n: Any, values: Any, place: Any) -> Any:
    return values[_position(n, place, len(values))]


@lowering("SequenceInsert", since=11, raw=True)
def _insert(n: Any, values: Any, value: Any, place: Any = None) -> Any:
    at = len(values) if place is None else _position(n, place, len(values))
    return [*values[:at], value, *values[at:]]


@lowering("SequenceErase", since=11, raw=True)
def _erase(n: Any, values: Any, place: Any = None) -> Any:
    at = len(values) - 1 if place is None else _position(n, place, len(values))
    return values[:at] + values[at + 1 :]


@lowering("SequenceLength", since=11, raw=True)
def _length(n: Any, values: Any) -> Any:
    return np.array(len(values), np.int64)


@lowering("ConcatFromSequence", since=11)
def _concat(n: Any, values: Any) -> Any:
    if n.int("new_axis", 0):
        return s.stack(values, n.axis(n.int("axis"), values[0].ndim + 1))
    return s.concat(values, n.axis(n.int("axis"), values[0].ndim))


@lowering("SplitToSequence", since=11)
def _split(n: Any, x: Any, split: Any = None) -> Any:
    axis = n.axis(n.int("axis", 0), x.ndim)
    length = x.shape[axis]
    keep = n.int("keepdims", 1)
    if split is None:
        sizes = [1] * length
    elif split.ndim == 0:
        each = n.known_ints(split)[0]
        if each < 1:
            n.malformed(f"parts of {each}")
        sizes = [min(each, length - at) for at in range(0, length, each)]
    else:
        sizes = n.known_ints(split)
    if sum(sizes) != length or any(size < 0 for size in sizes):
        n.malformed(f"parts {sizes[:9]} of an axis of {length}")
    ends = np.cumsum([0, *sizes])
    parts = [kit.part(x, axis, int(a), int(b)) for a, b in zip(ends, ends[1:])]
    # the list is one value, not several results
    return ([s.squeeze(one, axis) if split is None and not keep else one for one in parts],)


@lowering("Optional", since=15, raw=True)
def _optional(n: Any, value: Any = None) -> Any:
    from bafe.onnx.evaluation import ABSENT

    n.has("type")
    return ABSENT if value is None else value


@lowering("OptionalHasElement", since=15, raw=True)
def _has_element(n: Any, value: Any = None) -> Any:
    from bafe.onnx.evaluation import ABSENT

    return np.array(value is not None and value is not ABSENT)


@lowering("OptionalGetElement", since=15, raw=True)
def _get_element(n: Any, value: Any) -> Any:
    from bafe.onnx.evaluation import ABSENT

    if value is ABSENT:
        n.malformed("the optional has no value")
    return value
