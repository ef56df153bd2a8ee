"""NumPy's functions that join, split, repeat and pad, on tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import _core
from bafe import surface as s
from bafe.numpy_protocol import _unknown, as_tensor, by_name, no_size, write_out
from bafe.tracer import _call, _indices, _place


def _axes(axis: Any) -> tuple[int, ...]:
    return tuple(_indices("axis", "axis", axis))


def _concatenate(
    arrays: Any, axis: Any = 0, out: Any = None, *, dtype: Any = None, **kw: Any
) -> Any:
    parts = [as_tensor(a) for a in arrays]
    if axis is None:
        parts, axis = [p.ravel() for p in parts], 0
    result = s.concat(parts if dtype is None else [p.astype(dtype) for p in parts], axis)
    return write_out(out, result, "concatenate")


def _stack(arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, **kw: Any) -> Any:
    parts = [as_tensor(a) for a in arrays]
    result = s.stack(parts if dtype is None else [p.astype(dtype) for p in parts], axis)
    return write_out(out, result, "stack")


def _at_least(rank: int) -> Any:
    def one(a: Any) -> Any:
        x = as_tensor(a)
        if x.ndim >= rank:
            return x
        if rank == 1:
            return x.reshape(1)
        if rank == 2:
            return x.reshape((1, 1)) if not x.ndim else x[None, :]
        return (
            x.reshape((1, 1, 1))
            if not x.ndim
            else x[None, :, None]
            if x.ndim == 1
            else x[..., None]
        )

    def apply(*arrays: Any) -> Any:
        results = tuple(one(a) for a in arrays)
        return results[0] if len(results) == 1 else results

    return apply


def _vstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    return _concatenate([_at_least(2)(a) for a in tup], 0, dtype=dtype)


def _hstack(tup: Any, *, dtype: Any = None, casting: Any = "same_kind") -> Any:
    parts = [_at_least(1)(a) for a in tup]
    return _concatenate(parts, 0 if parts[0].ndim == 1 else 1, dtype=dtype)


def _column_stack(tup: Any) -> Any:
    parts = [as_tensor(a) for a in tup]
    return _concatenate([p if p.ndim > 1 else _at_least(2)(p).T for p in parts], 1)


def _block(arrays: Any) -> Any:
    def depth(value: Any) -> int:
        return 1 + depth(value[0]) if isinstance(value, list) else 0

    def leaves(value: Any) -> list[Any]:
        if isinstance(value, list):
            return [leaf for item in value for leaf in leaves(item)]
        return [as_tensor(value)]

    levels = depth(arrays)
    rank = max(levels, *(leaf.ndim for leaf in leaves(arrays)))

    def join(value: Any, level: int) -> Any:
        if not isinstance(value, list):
            x = as_tensor(value)
            return x.reshape((1,) * (rank - x.ndim) + x.shape)
        return s.concat([join(item, level - 1) for item in value], rank - level)

    return join(arrays, levels)


def _split(ary: Any, sections: Any, axis: int = 0, strict: bool = True) -> list[Any]:
    x = as_tensor(ary)
    axis = axis % x.ndim
    size = x.shape[axis]
    if isinstance(sections, (int, np.integer)):
        count = int(sections)
        if strict and size % count:
            raise _core.ShapeError(
                f"{_place()}split: axis {axis} of size {size} has no {count} equal parts\n"
                "  fix: use np.array_split, or give the places to split at"
            )
        each, extra = divmod(size, count)
        cuts = np.cumsum([0] + [each + 1] * extra + [each] * (count - extra)).tolist()
    else:
        cuts = [0, *(int(i) for i in sections), size]
    head: Any = (slice(None),) * axis
    ends = [*cuts[1:-1], None] if not isinstance(sections, (int, np.integer)) else cuts[1:]
    return [x[head + (slice(a, b),)] for a, b in zip(cuts[:-1], ends)]


def _tile(A: Any, reps: Any) -> Any:
    x = as_tensor(A)
    times = _axes(reps)
    rank = max(x.ndim, len(times))
    times = (1,) * (rank - len(times)) + tuple(times)
    shape = (1,) * (rank - x.ndim) + x.shape
    spread = tuple(n for pair in zip((1,) * rank, shape) for n in pair)
    full = tuple(n for pair in zip(times, shape) for n in pair)
    result = s.broadcast_to(x.reshape(spread), full)
    return result.reshape(tuple(a * b for a, b in zip(times, shape)))._copied("C")


def _repeat(a: Any, repeats: Any, axis: Any = None) -> Any:
    x = as_tensor(a)
    if axis is None or not x.ndim:
        x, axis = x.reshape(-1), 0
    axis = axis % x.ndim
    if hasattr(repeats, "_dtype"):
        raise _unknown("repeat with counts that depend on values")
    counts = np.asarray(repeats)
    if counts.size == 1:
        count = int(counts.reshape(-1)[0])
        wide = x.shape[: axis + 1] + (count,) + x.shape[axis + 1 :]
        spread = s.broadcast_to(s.expand_dims(x, axis + 1), wide)
        sizes = x.shape[:axis] + (x.shape[axis] * count,) + x.shape[axis + 1 :]
        return spread.reshape(sizes)._copied("C")
    return s.take(x, s.constant(np.repeat(np.arange(x.shape[axis]), counts)), axis)


def _pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    x = as_tensor(array)
    if isinstance(pad_width, dict):
        pad_width = [pad_width.get(i, pad_width.get(i - x.ndim, 0)) for i in range(x.ndim)]
        pad_width = [w if np.iterable(w) else (w, w) for w in pad_width]
    widths = np.broadcast_to(np.asarray(pad_width), (x.ndim, 2)).tolist()
    if mode == "constant":
        values = np.asarray(kwargs.get("constant_values", 0))
        if values.size == 1:
            low, high = [w[0] for w in widths], [w[1] for w in widths]
            return _call("pad", (x,), (low, high, values.reshape(-1)[0].item()))
        per_side = np.broadcast_to(values, (x.ndim, 2))
        for axis, (low, high) in enumerate(widths):
            sizes = [x.shape[:axis] + (n,) + x.shape[axis + 1 :] for n in (low, high)]
            ends = [np.full_like(x, v.item(), shape=z) for v, z in zip(per_side[axis], sizes)]
            x = s.concat([ends[0], x, ends[1]], axis)
        return x
    if (
        mode not in ("edge", "wrap", "reflect", "symmetric")
        or kwargs.get("reflect_type", "even") != "even"
    ):
        raise _unknown(f"pad with mode={mode!r}")
    for axis, (low, high) in enumerate(widths):
        if not low and not high:
            continue
        indices = np.pad(np.arange(x.shape[axis]), (low, high), mode=mode)
        head: Any = (slice(None),) * axis
        x = s.concat([x[head + (one,)] for one in _runs(indices)], axis)
    return x


def _runs(indices: np.ndarray) -> list[slice]:
    """Indices as slices of step 1, -1 or single ones."""
    out, at, values = [], 0, indices.tolist()
    while at < len(values):
        end = at + 1
        step = values[end] - values[at] if end < len(values) else 1
        if step in (1, -1):
            while end < len(values) and values[end] - values[end - 1] == step:
                end += 1
        else:
            step = 1
        stop = values[end - 1] + step
        out.append(slice(values[at], stop if stop >= 0 else None, step))
        at = end
    return out


def _append(arr: Any, values: Any, axis: Any = None) -> Any:
    return _concatenate([arr, values], axis)


def _delete(arr: Any, obj: Any, axis: Any = None) -> Any:
    x = as_tensor(arr)
    if axis is None:
        x, axis = x.ravel(), 0
    if hasattr(obj, "_dtype"):
        return no_size("delete")
    kept = np.delete(np.arange(x.shape[axis]), obj)
    head: Any = (slice(None),) * (axis % x.ndim)
    return s.concat([x[head + (one,)] for one in _runs(kept)] or [x[head + (slice(0, 0),)]], axis)


FUNCTIONS = by_name(
    {
        "concatenate": _concatenate,
        "concat": _concatenate,
        "stack": _stack,
        "vstack": _vstack,
        "row_stack": _vstack,
        "hstack": _hstack,
        "column_stack": _column_stack,
        "block": _block,
        "split": _split,
        "tile": _tile,
        "repeat": _repeat,
        "pad": _pad,
        "append": _append,
        "delete": _delete,
        "dstack": lambda tup: _concatenate([_at_least(3)(a) for a in tup], 2),
        "atleast_1d": _at_least(1),
        "atleast_2d": _at_least(2),
        "atleast_3d": _at_least(3),
        "array_split": lambda ary, sections, axis=0: _split(ary, sections, axis, strict=False),
        "vsplit": lambda ary, sections: _split(ary, sections, 0),
        "hsplit": lambda ary, sections: _split(ary, sections, 0 if ary.ndim == 1 else 1),
        "dsplit": lambda ary, sections: _split(ary, sections, 2),
    },
    np,
)
