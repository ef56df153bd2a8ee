"""Operators that move elements without computing: shapes, joins, cuts and repeats."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bafe import surface as s
from bafe.onnx import kit
from bafe.onnx.registry import lowering


@lowering("Shape", raw=True)
def _shape(n: Any, x: Any) -> Any:
    shape = kit.dims(x)
    start, end = n.int("start", 0), n.int("end", len(shape))
    return np.array(shape[start:end], np.int64)


@lowering("Size", raw=True)
def _size(n: Any, x: Any) -> Any:
    return np.array(math.prod(kit.dims(x)), np.int64)


@lowering("Reshape", since=5)
def _reshape(n: Any, x: Any, shape: Any) -> Any:
    return _reshaped(n, x, n.known_ints(shape), n.int("allowzero", 0))


@lowering("Reshape")
def _old_reshape(n: Any, x: Any) -> Any:
    n.ints("consumed_inputs")
    return _reshaped(n, x, n.ints("shape") or [], 0)


def _reshaped(n: Any, x: Any, wanted: list[int], allow_zero: int) -> Any:
    if not allow_zero:
        if any(size == 0 and i >= x.ndim for i, size in enumerate(wanted)):
            n.malformed(f"shape {wanted} copies an axis that {list(x.shape)} does not have")
        wanted = [x.shape[i] if size == 0 else size for i, size in enumerate(wanted)]
    if wanted.count(-1) == 1:
        rest = math.prod(size for size in wanted if size != -1)
        if rest == 0 or x.size % rest:
            n.malformed(f"{list(x.shape)} cannot become {wanted}")
        wanted = [x.size // rest if size == -1 else size for size in wanted]
    return s.reshape(x, n.sizes(wanted))


@lowering("Flatten")
def _flatten(n: Any, x: Any) -> Any:
    axis = n.int("axis", 1)
    if not -x.ndim <= axis <= x.ndim:
        n.malformed(f"axis {axis} of a value with {x.ndim} axes")
    return kit.flat2(x, axis + x.ndim if axis < 0 else axis)


@lowering("Transpose")
def _transpose(n: Any, x: Any) -> Any:
    return s.transpose(x, n.ints("perm") or list(range(x.ndim))[::-1])


def _axes(n: Any, given: Any, rank: int) -> list[int]:
    """Axes from an input or an attribute, counted from the front; empty when left out."""
    values = n.known_ints(given) if given is not None else n.ints("axes") or []
    axes = [n.axis(value, rank) for value in values]
    if len(set(axes)) != len(axes):
        n.malformed(f"axes {values} name one axis twice")
    return axes


@lowering("Squeeze")
def _squeeze(n: Any, x: Any, axes: Any = None) -> Any:
    given = axes is not None or n.has("axes")
    chosen = _axes(n, axes, x.ndim)
    return s.squeeze(x, chosen if given else [i for i in range(x.ndim) if x.shape[i] == 1])


@lowering("Unsqueeze")
def _unsqueeze(n: Any, x: Any, axes: Any = None) -> Any:
    count = len(n.known_ints(axes) if axes is not None else n.ints("axes") or [])
    if count > 64:
        n.malformed(f"{count} new axes")
    return s.expand_dims(x, sorted(_axes(n, axes, x.ndim + count)))


@lowering("Concat")
def _concat(n: Any, *parts: Any) -> Any:
    axis = n.int("axis", 1 if n.version < 4 else None)
    return s.concat(list(parts), n.axis(axis, parts[0].ndim))


@lowering("Split", since=13)
def _split(n: Any, x: Any, sizes: Any = None) -> Any:
    axis = n.axis(n.int("axis", 0), x.ndim)
    length = x.shape[axis]
    if sizes is not None:
        return _cut(n, x, axis, n.known_ints(sizes))
    count = n.int("num_outputs", len(n.outputs))
    if count < 1:
        n.malformed(f"{count} outputs")
    each = -(-length // count)
    return _cut(n, x, axis, [max(min(each, length - i * each), 0) for i in range(count)])


@lowering("Split")
def _old_split(n: Any, x: Any) -> Any:
    axis = n.axis(n.int("axis", 0), x.ndim)
    count = max(len(n.outputs), 1)
    return _cut(n, x, axis, n.ints("split") or [x.shape[axis] // count] * count)


def _cut(n: Any, x: Any, axis: int, sizes: list[int]) -> Any:
    if any(size < 0 for size in sizes) or sum(sizes) != x.shape[axis]:
        n.malformed(f"parts {sizes} of an axis of {x.shape[axis]}")
    ends = np.cumsum([0, *sizes])
    return tuple(kit.part(x, axis, int(a), int(b)) for a, b in zip(ends, ends[1:]))


@lowering("Slice", since=10)
def _slice(n: Any, x: Any, starts: Any, ends: Any, axes: Any = None, steps: Any = None) -> Any:
    first, last = n.known_ints(starts), n.known_ints(ends)
    over = n.known_ints(axes) if axes is not None else list(range(len(first)))
    by = n.known_ints(steps) if steps is not None else [1] * len(first)
    return _sliced(n, x, first, last, over, by)


@lowering("Slice")
def _old_slice(n: Any, x: Any) -> Any:
    first, last = n.ints("starts") or [], n.ints("ends") or []
    over = n.ints("axes") or list(range(len(first)))
    return _sliced(n, x, first, last, over, [1] * len(first))


def _sliced(
    n: Any, x: Any, starts: list[int], ends: list[int], axes: list[int], steps: list[int]
) -> Any:
    if not len(starts) == len(ends) == len(axes) == len(steps):
        n.malformed("starts, ends, axes and steps have different lengths")
    cuts = [slice(None)] * x.ndim
    for start, end, axis, step in zip(starts, ends, axes, steps):
        if step == 0:
            n.malformed("a step is 0")
        at = n.axis(axis, x.ndim)
        size = x.shape[at]
        begin = start + size if start < 0 else start
        stop = end + size if end < 0 else end
        if step > 0:
            cuts[at] = slice(min(max(begin, 0), size), min(max(stop, 0), size), min(step, 2**60))
        else:
            begin, stop = min(max(begin, 0), size - 1), min(max(stop, -1), size - 1)
            step = max(step, -(2**60))
            cuts[at] = slice(begin, None if stop < 0 else stop, step) if begin >= 0 else slice(0, 0)
    return x[tuple(cuts)]


@lowering("Expand", since=8)
def _expand(n: Any, x: Any, shape: Any) -> Any:
    wanted = n.sizes(n.known_ints(shape))
    rank = max(x.ndim, len(wanted))
    pairs = zip((1,) * (rank - x.ndim) + x.shape, (1,) * (rank - len(wanted)) + wanted)
    return s.broadcast_to(x, n.sizes([b if a == 1 else a for a, b in pairs], 4))


@lowering("Tile", since=6)
def _tile(n: Any, x: Any, repeats: Any) -> Any:
    times = n.known_ints(repeats)
    if len(times) != x.ndim:
        n.malformed(f"{len(times)} repeats for {x.ndim} axes")
    out = n.sizes([size * count for size, count in zip(x.shape, times)], 4)
    spread = s.reshape(x, [one for size in x.shape for one in (1, size)])
    wide = [one for size, count in zip(x.shape, times) for one in (count, size)]
    return s.reshape(s.broadcast_to(spread, wide), out)


@lowering("Pad", since=11)
def _pad(n: Any, x: Any, pads: Any, value: Any = None, axes: Any = None) -> Any:
    amounts = n.known_ints(pads)
    over = [n.axis(a, x.ndim) for a in (n.known_ints(axes) if axes is not None else range(x.ndim))]
    if len(amounts) != 2 * len(over):
        n.malformed(f"{len(amounts)} pads for {len(over)} axes")
    low, high = [0] * x.ndim, [0] * x.ndim
    for at, before, after in zip(over, amounts, amounts[len(over) :]):
        low[at], high[at] = before, after
    return _padded(n, x, low, high, 0 if value is None else n.known(value).ravel()[0].item())


@lowering("Pad")
def _old_pad(n: Any, x: Any) -> Any:
    amounts = n.ints("pads") or n.ints("paddings") or []
    if len(amounts) != 2 * x.ndim:
        n.malformed(f"{len(amounts)} pads for {x.ndim} axes")
    return _padded(n, x, amounts[: x.ndim], amounts[x.ndim :], n.float("value", 0.0))


def _padded(n: Any, x: Any, low: list[int], high: list[int], value: Any) -> Any:
    mode = n.text("mode", "constant")
    for axis, size in enumerate(x.shape):  # negative padding cuts
        begin, end = max(-low[axis], 0), size - max(-high[axis], 0)
        if begin > end:
            n.malformed(f"axis {axis} of {size} loses more than it has")
        x = kit.part(x, axis, begin, end)
    low, high = [max(one, 0) for one in low], [max(one, 0) for one in high]
    n.sizes([a + size + b for a, size, b in zip(low, x.shape, high)], 4)
    if mode == "constant":
        if x._dtype == "bool":
            return s.pad(s.cast(x, "uint8"), low, high, int(value)).astype("bool")
        return s.pad(x, low, high, value)
    if mode not in ("reflect", "edge", "wrap"):
        n.malformed(f"mode is {mode!r}")
    for axis, size in enumerate(x.shape):
        if low[axis] or high[axis]:
            if size == 0 or (mode == "reflect" and size == 1):
                n.malformed(f"mode {mode} of an axis of {size}")
            places = np.pad(np.arange(size), (low[axis], high[axis]), mode=mode)
            x = s.take(x, places, axis)
    return x


@lowering("DepthToSpace", "SpaceToDepth")
def _blocks(n: Any, x: Any) -> Any:
    block = n.int("blocksize")
    if block < 1 or x.ndim != 4:
        n.malformed(f"blocks of {block} over {x.ndim} axes")
    batch, channels, height, width = x.shape
    if n.op == "SpaceToDepth":
        six = s.reshape(x, (batch, channels, height // block, block, width // block, block))
        out = s.transpose(six, (0, 3, 5, 1, 2, 4))
        return s.reshape(out, (batch, channels * block**2, height // block, width // block))
    rest = channels // block**2
    if n.text("mode", "DCR") == "DCR":
        six = s.reshape(x, (batch, block, block, rest, height, width))
        out = s.transpose(six, (0, 3, 4, 1, 5, 2))
    else:
        six = s.reshape(x, (batch, rest, block, block, height, width))
        out = s.transpose(six, (0, 1, 4, 2, 5, 3))
    return s.reshape(out, (batch, rest, height * block, width * block))


@lowering("Trilu", since=14)
def _trilu(n: Any, x: Any, k: Any = None) -> Any:
    by = 0 if k is None else n.known_ints(k)[0]
    by = min(max(by, -x.shape[-2] - 1), x.shape[-1] + 1)
    cut = s.triu if n.int("upper", 1) else s.tril
    if x._dtype == "bool":
        return cut(s.cast(x, "uint8"), by).astype("bool")
    return cut(x, by)


@lowering("CenterCropPad", since=18)
def _center(n: Any, x: Any, shape: Any) -> Any:
    over = [n.axis(axis, x.ndim) for axis in n.ints("axes") or range(x.ndim)]
    wanted = n.sizes(n.known_ints(shape))
    for axis, size in zip(over, wanted):
        have = x.shape[axis]
        if have > size:
            begin = (have - size) // 2
            x = kit.part(x, axis, begin, begin + size)
        elif have < size:
            low = [0] * x.ndim
            high = [0] * x.ndim
            low[axis] = (size - have) // 2
            high[axis] = size - have - low[axis]
            x = s.pad(x, low, high, 0)
    return x
