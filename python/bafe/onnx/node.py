"""A node as lowerings see it: typed attributes, values that must be known, and how to refuse."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NoReturn

import numpy as np

from bafe.onnx.errors import NeedsValue, malformed, unsupported

MOST_BYTES = 1 << 33  # of one value of a program
_KINDS = {1: "f", 2: "i", 3: "s", 4: "t", 5: "g", 6: "floats", 7: "ints", 8: "strings"}


def qualified(domain: str, name: str) -> str:
    """Name of an operator, with its domain unless that is ONNX's own."""
    return f"{domain}.{name}" if domain else name


class Node:
    """One node that is being lowered.

    Attributes:
        op: operator's name.
        version: of the operator set that the model imports.
        outputs: names of the results, empty where nobody asks.
        evaluation: what runs the model, for operators that hold graphs.
    """

    def __init__(self, proto: Any, version: int, attributes: dict[str, Any]) -> None:
        self.op: str = proto.op_type
        self.operator = qualified(proto.domain, proto.op_type)
        self.name: str = proto.name
        self.version = version
        self.outputs: list[str] = list(proto.output)
        self.attributes = attributes
        self.evaluation: Any = None
        self.frame: Any = None
        self.scope: Any = None
        self.known_values: dict[int, np.ndarray] = {}
        self.depends: frozenset[str] = frozenset()
        self.depends_of: dict[int, frozenset[str]] = {}  # by tensor
        self._read: set[str] = set()

    # Attributes
    def _attribute(self, name: str, kinds: tuple[str, ...]) -> Any:
        self._read.add(name)
        attribute = self.attributes.get(name)
        if attribute is None:
            return None
        kind = _KINDS.get(attribute.type, "?")
        if kind not in kinds:
            raise malformed(f"{self.where}: attribute {name} is of the kind {kind!r}")
        return getattr(attribute, kind)

    def has(self, name: str) -> bool:
        """Whether the attribute is given."""
        self._read.add(name)
        return name in self.attributes

    def int(self, name: str, default: int | None = None) -> Any:
        """An integer; an error when there is neither value nor default."""
        value = self._attribute(name, ("i",))
        if value is None and default is None:
            raise malformed(f"{self.where}: attribute {name} is missing")
        return default if value is None else int(value)

    def float(self, name: str, default: float) -> float:
        """A floating-point number."""
        value = self._attribute(name, ("f",))
        return default if value is None else float(value)

    def text(self, name: str, default: str) -> str:
        """A string."""
        value = self._attribute(name, ("s",))
        return default if value is None else value.decode("utf-8", "replace")

    def texts(self, name: str) -> list[str]:
        """A list of strings."""
        value = self._attribute(name, ("strings",))
        return [one.decode("utf-8", "replace") for one in value or ()]

    def ints(self, name: str) -> list[Any] | None:
        """A list of integers; None when left out."""
        value = self._attribute(name, ("ints",))
        return None if value is None else [int(one) for one in value]

    def floats(self, name: str) -> list[Any] | None:
        """A list of floating-point numbers; None when left out."""
        value = self._attribute(name, ("floats",))
        return None if value is None else [float(one) for one in value]

    def tensor(self, name: str) -> Any:
        """An array; None when left out."""
        value = self._attribute(name, ("t",))
        return None if value is None else self.evaluation.array_of(value)

    def graph(self, name: str) -> Any:
        """A graph; an error when left out."""
        value = self._attribute(name, ("g",))
        if value is None:
            raise malformed(f"{self.where}: attribute {name} is missing")
        return value

    def unread(self) -> list[str]:
        """Attributes that the lowering did not look at."""
        return sorted(set(self.attributes) - self._read)

    # Values
    def known(self, x: Any) -> np.ndarray:
        """The array behind an input whose value must be known while tracing."""
        if isinstance(x, np.ndarray):
            return x
        value = self.known_values.get(x._index)
        if value is None:
            depends = self.depends_of.get(x._index, self.depends)
            raise NeedsValue(depends, f"{self.where} needs the values of an input")
        return value

    def known_ints(self, x: Any) -> list[Any]:
        """The integers of such an input."""
        return [int(one) for one in self.known(x).ravel()]

    def is_known(self, x: Any) -> bool:
        """Whether ``known`` would succeed."""
        return isinstance(x, np.ndarray) or x._index in self.known_values

    def sizes(self, shape: Sequence[Any], item_bytes: Any = 1) -> tuple[Any, ...]:
        """A shape that fits into memory."""
        check_size(shape, item_bytes, self.where)
        return tuple(int(size) for size in shape)

    def axis(self, value: Any, rank: Any) -> Any:
        """An axis counted from the front."""
        if not -rank <= value < max(rank, 1):
            raise malformed(f"{self.where}: axis {value} of a value with {rank} axes")
        return value % max(rank, 1)

    # Errors
    @property
    def where(self) -> str:
        """Operator, and name if there is one."""
        return f"node {self.name!r} ({self.operator})" if self.name else f"node {self.operator}"

    def refuse(self, fact: str, fix: str = "rewrite this part of the model") -> NoReturn:
        """Raise the error for what BAFE cannot do."""
        raise unsupported(self.operator, self.where, fact, fix)

    def malformed(self, fact: str) -> NoReturn:
        """Raise the error for a node that contradicts the standard."""
        raise malformed(f"{self.where}: {fact}")


def check_size(shape: Sequence[Any], item_bytes: Any, where: str) -> None:
    """Refuse negative sizes and values beyond the limit."""
    sizes = [int(size) for size in shape]
    if any(size < 0 for size in sizes):
        raise malformed(f"{where}: shape {sizes} has a negative size")
    if math.prod(sizes) * item_bytes > MOST_BYTES or any(size > MOST_BYTES for size in sizes):
        raise malformed(
            f"{where}: a value of shape {sizes} exceeds the limit of {MOST_BYTES >> 30} GiB",
            "make the model's shapes smaller",
        )
