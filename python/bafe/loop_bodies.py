"""Bodies of loops and branches while they are traced, and what their states must be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable

import numpy as np

from bafe import _core, trees
from bafe import tracer as _t
from bafe.tensor import Tensor
from bafe.tracer import Constant, Tracer, _place, user_loc


class BodyTracer(Tracer):
    """A body under construction. What it takes from outside becomes an operand of its loop."""

    def __init__(self, parent: Tracer) -> None:
        super().__init__()
        self.parent = parent
        self.depth = parent.depth + 1
        self.outer: list[Tensor] = []  # the values that stand for its hidden inputs
        self.outer_ids: dict[int, int] = {}

    def parameter(self, name: str, dtype: str, shape: Sequence[int]) -> Tensor:
        """One more input."""
        return self.tensor(self.trace.input(name, dtype, shape, False, "row"))

    def lift(self, value: Any, like: Tensor | None = None) -> Tensor:
        """As of any trace; a tensor of a trace around this one is captured."""
        if hasattr(value, "tracer") and value.tracer is not self:
            return self._outside(self.parent.lift(value))
        return super().lift(value, like)

    def _capture(self, array: np.ndarray) -> Tensor:
        return self._outside(self.parent._capture(array))

    def _outside(self, value: Tensor) -> Tensor:
        index = value._index
        found = self.outer_ids.get(index)
        if found is None:
            name = f"outer{len(self.outer)}"
            dtype = value.tracer.trace.dtype_of(index)
            found = self.trace.input(name, dtype, value.shape, False, "row")
            self.outer.append(value)
            self.outer_ids[index] = found
        return self.tensor(found, value._is_row())


def wrong(subject: str, fact: str, fix: str, kind: Any = None) -> Any:
    """Make an error: place, fact, fix."""
    return (kind or _core.TraceError)(f"{_place()}{subject}: {fact}\n  fix: {fix}")


def path_of(structure: Any, number: int, prefix: str) -> str:
    """Where leaf ``number`` is in a value: "state['x'][1]"."""
    counted = [0]

    def walk(part: Any, path: str) -> str | None:
        if part is None:
            return None
        if part == "*":
            counted[0] += 1
            return path if counted[0] == number + 1 else None
        kind, rest, parts = part
        for i, child in enumerate(parts):
            if kind is dict:
                step = f"[{rest[i]!r}]"
            elif hasattr(kind, "__dataclass_fields__"):
                step = f".{rest[i]}"
            else:
                step = f"[{i}]"
            found = walk(child, path + step)
            if found is not None:
                return found
        return None

    return walk(structure, prefix) or prefix


def text_of(leaf: Any) -> str:
    """Spell the type of a leaf, "f32[8]"."""
    if isinstance(leaf, Tensor):
        return str(leaf.tracer.trace.text_of(leaf._index))
    leaf = np.asarray(leaf)
    return f"{_core.leaf_type(leaf)[0]}{list(leaf.shape)}"


def check_same(
    subject: str, what: tuple[str, str], before: tuple[Any, list[Any]], after: tuple[Any, list[Any]]
) -> None:
    """Both values are put together alike, leaf by leaf of one shape and dtype."""
    (name, later), (structure, old), (structure_after, new) = what, before, after
    if structure != structure_after:
        raise wrong(
            subject,
            f"{name} and {later} are put together differently\n"
            f"  {name}: {_shape_of_tree(structure)}\n  {later}: {_shape_of_tree(structure_after)}",
            "return the same tuples, lists and dicts, with arrays in the same places",
        )
    for i, (a, b) in enumerate(zip(old, new)):
        if text_of(a) == text_of(b):
            continue
        same_shape = np.shape(a) == np.shape(b) if not isinstance(a, Tensor) else a.shape == b.shape
        fix = "keep its shape, or begin with an array of the shape it grows to"
        if same_shape:
            fix = "begin with that dtype, or convert the result: x.astype(…)"
        raise wrong(
            subject,
            f"{path_of(structure, i, name)} is {text_of(a)}, {later} gives {text_of(b)} for it",
            fix,
            _core.DTypeError if same_shape else _core.ShapeError,
        )


def _shape_of_tree(structure: Any) -> str:
    if structure is None or structure == "*":
        return "None" if structure is None else "an array"
    kind, rest, parts = structure
    inner = [_shape_of_tree(part) for part in parts]
    if kind is dict:
        inner = [f"{key!r}: {text}" for key, text in zip(rest, inner)]
    return f"{kind.__name__}({', '.join(inner)})"


def array_of(subject: str, value: Any) -> Any:
    """A leaf as an array or a tensor; numbers of Python get NumPy's dtype."""
    if hasattr(value, "tracer"):
        return value
    if hasattr(value, "_pending"):
        value = value.numpy()
    array = value.array if isinstance(value, Constant) else np.asarray(value)
    if not _core.is_supported(array):
        raise wrong(
            subject,
            f"a value of type {type(value).__name__} with dtype {array.dtype} cannot be carried",
            "carry arrays, numbers and tuples, lists or dicts of them",
            _core.DTypeError,
        )
    return array


def flat(subject: str, value: Any) -> tuple[Any, list[Any]]:
    """Give the structure of a value and its leaves as arrays or tensors."""
    leaves: list[Any] = []
    structure = trees.flatten(value, leaves)
    return structure, [array_of(subject, leaf) for leaf in leaves]


def check_callable(subject: str, name: str, fn: Any) -> None:
    """TraceError for what is no function."""
    if not callable(fn):
        raise wrong(subject, f"{name} is a {type(fn).__name__}", "pass a function")


class Body:
    """A body traced once: its program, what its function returned, and what it captured."""

    def __init__(self, parent: Tracer) -> None:
        self.tracer = BodyTracer(parent)

    def parameters(self, name: str, types: Sequence[tuple[str, Sequence[int]]]) -> list[Tensor]:
        """Add inputs of the body."""
        return [self.tracer.parameter(f"{name}{i}", *t) for i, t in enumerate(types)]

    def run(self, fn: Callable[..., Any], args: Sequence[Any]) -> Any:
        """Call a function while its operations are recorded in the body."""
        tracer, outer = self.tracer, _t._state.tracer
        lent = tracer.parent
        _t._state.tracer = tracer
        lent.bodies += 1
        try:
            return fn(*args)
        finally:
            lent.bodies -= 1
            _t._state.tracer = outer

    def lifted(self, subject: str, value: Any, like: Sequence[Any] = ()) -> tuple[Any, list[Any]]:
        """What the function returned, as tensors of the body; Python numbers as ``like`` is."""
        leaves: list[Any] = []
        structure = trees.flatten(value, leaves)
        out = []
        for i, leaf in enumerate(leaves):
            number = isinstance(leaf, (bool, int, float)) and not isinstance(leaf, np.generic)
            beside = like[i] if number and i < len(like) else None
            if not number and not hasattr(leaf, "tracer"):
                leaf = array_of(subject, leaf)
            out.append(self.tracer.lift(leaf, beside))
        return structure, out

    def finish(self, roots: Sequence[Tensor]) -> Any:
        """End the trace; its program gives ``roots``."""
        program = self.tracer.trace.finish([root._index for root in roots])
        self.tracer.is_closed = True
        return program


def type_of(leaf: Any) -> tuple[str, tuple[int, ...]]:
    """Give dtype and shape."""
    return leaf._dtype, tuple(leaf.shape)


def row_type(leaf: Any) -> tuple[str, tuple[int, ...]]:
    """Give dtype and shape of one row."""
    return leaf._dtype, tuple(leaf.shape[1:])


class Loop:
    """A loop being built in a trace."""

    def __init__(
        self, subject: str, parent: Tracer, states: Sequence[Any], sequences: Sequence[Any] = ()
    ) -> None:
        self.subject = subject
        self.parent = parent
        self.states = [parent.lift(leaf)._copied() for leaf in states]  # a test may write into them
        self.sequences = [parent.lift(leaf) for leaf in sequences]
        self.body = Body(parent)
        self.index = self.body.tracer.parameter("i", "i64", ())
        self.state_inputs = self.body.parameters("state", [type_of(t) for t in self.states])
        self.row_inputs = self.body.parameters("row", [row_type(t) for t in self.sequences])

    def close(self, bounds: Sequence[Any], roots: Sequence[Tensor], length: int, test: int) -> Any:
        """The results, as tensors of the trace around the loop."""
        program = self.body.finish(roots)
        first_last = [self._bound(bound) for bound in bounds]
        captured = self.body.tracer.outer
        operands = [*first_last, *self.states, *self.sequences, *captured]
        fields = [len(self.states), len(self.sequences), length, test]
        made = self.parent.trace.control(
            "loop", [t._index for t in operands], [program], fields, user_loc()
        )
        return [self.parent.tensor(index) for index in made]

    def _bound(self, bound: Any) -> Tensor:
        if isinstance(bound, int):
            return self.parent.tensor(self.parent.trace.scalar(bound, "i64"))
        found = self.parent.lift(bound)
        if found._dtype != "i64":
            index = self.parent.trace.cast(found._index, "i64", user_loc())
            found = self.parent.tensor(index)
        return found
