"""Arrays that share memory, as a trace sees them.

NumPy's slices, transposes and most reshapes are views: writing into one changes the array behind it
and every other view. A trace has values only, so a ``Storage`` stands for memory: it holds the
value that the memory has now, and each tensor on it the steps that lead from that value to its own.
Writing makes a new value; a view that is read afterwards takes its steps again. Where NumPy may or
may not have copied (a reshape of a result whose order in memory is not known), a value that
depends on it is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bafe import _core
from bafe.tracer import _place, user_loc

Step = Any  # (method of the trace, its arguments)


class Storage:
    """One piece of memory of a traced function.

    Attributes:
        index: the value that it holds now.
        shape: of that value.
        version: how often it was written.
        parameter: the argument of the call whose memory it is; -1: memory of the function's own.
        region: (start, size, step) of all that was written, None: nothing; only for parameters.
        update: the last write as (region, value), so that a read of that region is the value.
        kin: storages of reshapes that NumPy may or may not have copied.
        unclear: where one of them was written, so that the value here is not known.
        frozen: why nothing can be written here; empty: it can.
    """

    __slots__ = (
        *("index", "shape", "version", "parameter", "region", "update"),
        *("kin", "unclear", "frozen"),
    )

    def __init__(self, index: int, shape: tuple[int, ...], parameter: int = -1) -> None:
        self.index = index
        self.shape = shape
        self.version = 0
        self.parameter = parameter
        self.region: Any = None
        self.update: Any = None
        self.kin: list[Storage] = []
        self.unclear = ""
        self.frozen = ""


def row_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Steps in elements from one index to the next of a row-major array."""
    out, step = [], 1
    for size in reversed(shape):
        out.append(step)
        step *= max(size, 1)
    return tuple(reversed(out))


def is_row_major(shape: Sequence[int], strides: Sequence[int] | None) -> bool:
    """Whether the elements lie one after another, as far as is known."""
    if strides is None:
        return False
    wanted = row_strides(shape)
    return 0 in shape or all(s == w or n == 1 for s, w, n in zip(strides, wanted, shape))


def copied_strides(x: Any, order: str) -> tuple[int, ...] | None:
    """Strides of a copy that NumPy orders C, F, A or as x is (K); None: not known."""
    shape = x.shape
    if order == "F" or (order == "A" and x._is_column("A")):
        return row_strides(shape[::-1])[::-1]
    is_line = sum(n != 1 for n in shape) < 2
    if order in ("C", "A") or is_line or is_row_major(shape, x._strides):
        return row_strides(shape)
    if x._strides is None or min(x._strides) < 0:
        return None
    axes = memory_axes(x)
    dense = row_strides([shape[axis] for axis in axes])
    return tuple(dense[axes.index(axis)] for axis in range(len(shape)))


def memory_axes(x: Any) -> list[int]:
    """Axes by their strides, the largest first; TraceError where they are not known."""
    axes, strides = list(range(len(x.shape))), x._strides
    if sum(n != 1 for n in x.shape) < 2 or is_row_major(x.shape, strides):
        return axes
    if strides is None:
        raise _core.TraceError(
            f"{_place()}trace: the order in memory of {x!r} is not known, and order= asks for it\n"
            "  fix: say order='C' or order='F'"
        )
    return sorted(axes, key=lambda axis: -abs(strides[axis]))


def reshaped_strides(
    shape: Sequence[int], strides: Sequence[int] | None, new: Sequence[int]
) -> tuple[int, ...] | None | bool:
    """Strides of a reshape that is a view; None: order not known; False: NumPy copies."""
    if is_row_major(shape, strides):
        return row_strides(new)
    if strides is None:
        return None
    old = [(n, s) for n, s in zip(shape, strides) if n != 1]
    out: list[int] = []
    left = list(new)
    at = 0
    while at < len(old):
        size, end = old[at][0], at + 1
        group: list[int] = []
        count = 1
        while count != size or not group:
            if count < size or not group:
                if not left:
                    return False
                group.append(left.pop(0))
                count *= group[-1]
            else:
                size *= old[end][0]
                end += 1
        if any(old[i][1] != old[i + 1][1] * old[i + 1][0] for i in range(at, end - 1)):
            return False
        inner = old[end - 1][1]
        out += [step * inner for step in row_strides(group)]
        at = end
    return tuple(out + [1] * len(left))


def is_split(shape: Sequence[int], new: Sequence[int]) -> bool:
    """Whether a reshape joins no axes: a view whatever the strides."""
    left = [n for n in new if n != 1]
    for size in (n for n in shape if n != 1):
        count = 1
        while count < size and left:
            count *= left.pop(0)
        if count != size:
            return False
    return not left


def take_step(trace: Any, index: int, step: Step) -> int:
    """The value that a step leads to."""
    name, *args = step
    if name == "call":
        operator, fields = args
        return int(trace.call(operator, [index], fields, user_loc()))
    return int(getattr(trace, name)(index, *args, user_loc()))


def take_steps(trace: Any, index: int, steps: Sequence[Step]) -> int:
    """The value at the end of some steps."""
    for step in steps:
        index = take_step(trace, index, step)
    return index


def _back(trace: Any, step: Step, parent: int, value: int) -> int:
    """The value of what a step was taken from, once the step's result is ``value``."""
    name, *args = step
    loc = user_loc()
    if name == "transpose":
        rank = len(trace.shape_of(parent))
        order = [i % rank for i in args[0]] if args[0] is not None else range(rank)[::-1]
        return int(trace.transpose(value, tuple(int(i) for i in np.argsort(order)), loc))
    if name == "slice":
        start, size, stride = args
        return _written_slice(trace, parent, start, size, stride, value)
    return int(trace.reshape(value, trace.shape_of(parent), loc))


def _written_slice(
    trace: Any,
    parent: int,
    start: Sequence[int],
    size: Sequence[int],
    step: Sequence[int],
    value: int,
) -> int:
    """``parent`` with ``value`` at a slice: neighbours are joined to it, axis by axis; where the
    slice has steps, the value is spread and chosen by a mask."""
    loc = user_loc()
    if 0 in size:
        return parent
    reverse = [s < 0 for s in step]
    if any(reverse):
        at = tuple(n - 1 if r else 0 for n, r in zip(size, reverse))
        value = trace.slice(value, at, tuple(size), tuple(-1 if r else 1 for r in reverse), loc)
        start = [a + (n - 1) * s if s < 0 else a for a, n, s in zip(start, size, step)]
        step = [abs(s) for s in step]
    step = [s if n > 1 else 1 for s, n in zip(step, size)]
    if any(s > 1 for s in step):
        return _spread(trace, parent, start, size, step, value)
    return _joined(trace, parent, list(start), list(size), value)


def _joined(trace: Any, parent: int, start: list[int], size: list[int], value: int) -> int:
    """Concatenate what lies around the value; the innermost axis first."""
    loc = user_loc()
    shape = trace.shape_of(parent)
    ones = (1,) * len(shape)
    for axis in reversed(range(len(shape))):
        if size[axis] == shape[axis]:
            continue
        parts = []
        for low, high in ((0, start[axis]), (start[axis] + size[axis], shape[axis])):
            at, count = list(start), list(size)
            at[axis], count[axis] = low, high - low
            piece = trace.slice(parent, tuple(at), tuple(count), ones, loc) if high > low else None
            parts.append(piece)
        value = trace.concat([p for p in (parts[0], value, parts[1]) if p is not None], axis, loc)
        start[axis], size[axis] = 0, shape[axis]
    return int(value)


def _spread(trace: Any, parent: int, start: Any, size: Any, step: Sequence[int], value: int) -> int:
    """Put ``step - 1`` zeros between the elements, pad to the parent's size, choose by a mask."""
    loc = user_loc()
    shape = trace.shape_of(parent)
    mask = trace.broadcast(trace.scalar(True, "bool"), tuple(size), loc)

    def place(index: int) -> int:
        for axis, every in enumerate(step):
            sizes = list(trace.shape_of(index))
            if every > 1:
                index = trace.expand_dims(index, (axis + 1,), loc)
                low, high = [0] * (len(sizes) + 1), [0] * (len(sizes) + 1)
                high[axis + 1] = every - 1
                index = trace.call("pad", [index], (low, high, 0), loc)
                sizes[axis] *= every
                index = trace.reshape(index, tuple(sizes), loc)
            room = shape[axis] - start[axis]
            if sizes[axis] > room:
                sizes[axis] = room
                none = (0,) * len(sizes)
                index = trace.slice(index, none, tuple(sizes), (1,) * len(sizes), loc)
            low, high = [0] * len(sizes), [0] * len(sizes)
            low[axis], high[axis] = start[axis], shape[axis] - start[axis] - sizes[axis]
            if low[axis] or high[axis]:
                index = trace.call("pad", [index], (low, high, 0), loc)
        return index

    return int(trace.call("where", [place(mask), place(value), parent], (), loc))


def write(tracer: Any, storage: Storage, steps: Sequence[Step], value: int) -> None:
    """Let the memory that the steps lead to hold ``value``."""
    if storage.frozen:
        raise _core.TraceError(f"{_place()}trace: {storage.frozen}")
    trace = tracer.trace
    parents = [known(storage)]
    for one in steps[:-1]:
        parents.append(take_step(trace, parents[-1], one))
    region, update = whole(storage.shape), None
    for at in reversed(range(len(steps))):
        if at == 0 and steps[0][0] == "slice":
            region, update = tuple(tuple(part) for part in steps[0][1:]), value
        value = _back(trace, steps[at], parents[at], value)
    update = value if update is None else update
    storage.index = value
    storage.version += 1
    storage.update = (region, update)
    for other in storage.kin:
        other.unclear = _place().rstrip(": ") or "above"
    if storage.parameter >= 0:
        storage.region = region if storage.region is None else _around(storage.region, region)


def whole(shape: Sequence[int]) -> Any:
    """The region of all elements."""
    return (0,) * len(shape), tuple(shape), (1,) * len(shape)


def _around(a: Any, b: Any) -> Any:
    """The smallest region without steps that holds two."""
    if a == b:
        return a
    boxes = []
    for start, size, step in (a, b):
        last = [s + (n - 1) * d for s, n, d in zip(start, size, step)]
        if 0 in size:
            continue
        boxes.append((list(map(min, start, last)), list(map(max, start, last))))
    if not boxes:
        return a
    low = tuple(min(box[0][i] for box in boxes) for i in range(len(a[0])))
    high = tuple(max(box[1][i] for box in boxes) for i in range(len(a[0])))
    return low, tuple(h - w + 1 for w, h in zip(low, high)), (1,) * len(low)


def known(storage: Storage) -> int:
    """The value of a storage; TraceError when NumPy decides it by an order that is not known."""
    if storage.unclear:
        raise _core.TraceError(
            f"{_place()}trace: this array's value depends on whether NumPy copied in a reshape, or "
            f"on windows that slide over what was written ({storage.unclear})\n"
            "  fix: write x.reshape(...).copy() before the write, or write into x itself"
        )
    return storage.index


def read(tracer: Any, storage: Storage, steps: Sequence[Step]) -> int:
    """The value that the steps lead to now."""
    index = known(storage)
    if storage.update is not None and steps and steps[0][0] == "slice":
        region, value = storage.update
        if tuple(tuple(part) for part in steps[0][1:]) == region:
            return take_steps(tracer.trace, value, steps[1:])
    return take_steps(tracer.trace, index, steps)


def written_root(tracer: Any, storage: Storage) -> int:
    """What a call copies into the region that was written of an argument."""
    region, value = storage.update
    if region == storage.region:
        return int(value)
    start, size, step = storage.region
    return int(tracer.trace.slice(storage.index, start, size, step, user_loc()))
