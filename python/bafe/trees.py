"""Pytrees: nested tuples, lists, dicts, dataclasses and registered types as flat lists of
leaves."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable
from typing import Any, Callable

_Flatten = Callable[[Any], "tuple[list[Any], Hashable]"]
_registry: dict[type, tuple[_Flatten, Callable[[Hashable, list[Any]], Any]]] = {}


def register_pytree(
    kind: type, flatten: _Flatten, unflatten: Callable[[Hashable, list[Any]], Any]
) -> None:
    """Teach BAFE a container type.

    Args:
        kind: the class.
        flatten: gives the children and a hashable description of the rest.
        unflatten: builds the object from the description and new children.

    Example:
        >>> class Pair:
        ...     def __init__(self, a, b): self.a, self.b = a, b
        >>> bafe.register_pytree(Pair, lambda p: ([p.a, p.b], None), lambda _, c: Pair(*c))
        >>> bafe.jit(lambda p: p.a + p.b)(Pair(np.ones(1), np.ones(1)))
        array([2.])
    """
    _registry[kind] = (flatten, unflatten)


def flatten(value: Any, leaves: list[Any]) -> Hashable:
    """Append the leaves of ``value``; give the structure, hashable."""
    kind = type(value)
    if value is None:
        return None
    if kind in _registry:
        children, rest = _registry[kind][0](value)
        return (kind, rest, tuple(flatten(child, leaves) for child in children))
    if kind in (tuple, list) or (isinstance(value, tuple) and hasattr(kind, "_fields")):
        return (kind, None, tuple(flatten(child, leaves) for child in value))
    if kind is dict:
        keys = tuple(value)
        return (kind, keys, tuple(flatten(value[key], leaves) for key in keys))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = tuple(field.name for field in dataclasses.fields(value))
        return (kind, names, tuple(flatten(getattr(value, name), leaves) for name in names))
    leaves.append(value)
    return "*"


def unflatten(structure: Any, leaves: Any) -> Any:
    """Rebuild a value; ``leaves`` is an iterator over its leaves."""
    if structure is None:
        return None
    if structure == "*":
        return next(leaves)
    kind, rest, parts = structure
    children = [unflatten(part, leaves) for part in parts]
    if kind in _registry:
        return _registry[kind][1](rest, children)
    if kind in (tuple, list):
        return kind(children)
    if kind is dict:
        return dict(zip(rest, children))
    if dataclasses.is_dataclass(kind):
        build: Any = kind
        return build(**dict(zip(rest, children)))
    return kind(*children)  # named tuple
