"""Pytrees: nested tuples, lists, dicts, dataclasses and registered types as flat lists of
leaves."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Callable

import numpy as np

from bafe import _core

_Flatten = Callable[[Any], "tuple[list[Any], Hashable]"]
_registry: dict[type, tuple[_Flatten, Callable[[Hashable, list[Any]], Any]]] = {}
registrations = 0  # part of every key: a class registered anew is flattened otherwise
_core.set_pytree_registry(_registry)  # the core flattens what it has seen once by itself


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
    global registrations
    registrations += 1
    _registry[kind] = (flatten, unflatten)
    _core.set_pytree_registry(_registry)


def flatten(value: Any, leaves: list[Any]) -> Hashable:
    """Append the leaves of ``value``; give the structure, hashable."""
    kind = type(value)
    if value is None:
        return None
    if kind in _registry:
        children, rest = _registry[kind][0](value)
        return (kind, rest, tuple(flatten(child, leaves) for child in children))
    if kind is list:
        return (kind, None, tuple(flatten(child, leaves) for child in value))
    if kind is tuple or (isinstance(value, tuple) and hasattr(kind, "_fields")):
        return (kind, None, tuple(flatten(child, leaves) for child in tuple.__iter__(value)))
    if kind is dict:
        keys = tuple(value)
        return (kind, keys, tuple(flatten(value[key], leaves) for key in keys))
    if hasattr(kind, "__dataclass_fields__"):
        from dataclasses import fields  # who made one has imported it

        names = tuple(field.name for field in fields(value))
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
    if hasattr(kind, "__dataclass_fields__"):
        made = kind.__new__(kind)  # __init__ and __post_init__ ran once and would apply twice
        for name, child in zip(rest, children):
            object.__setattr__(made, name, child)
        return made
    return tuple.__new__(kind, children)  # named tuple


def fill(out: Any, result: Any) -> Any:
    """Copy the arrays of ``result`` into those of ``out``, of the same structure; give ``out``."""
    if out is None:
        return result
    targets: list[Any] = []
    values: list[Any] = []
    if flatten(out, targets) != flatten(result, values):
        raise _core.TraceError(
            "out: it is put together otherwise than the results\n"
            "  fix: pass arrays in the same tuples, lists and dicts"
        )
    for target, value in zip(targets, map(np.asarray, values)):
        if target.shape != value.shape or target.dtype != value.dtype:
            raise _core.ShapeError(
                f"out: a result is {value.dtype}{list(value.shape)}, the array given for it "
                f"{target.dtype}{list(target.shape)}\n  fix: pass numpy.empty_like of the result"
            )
        np.copyto(target, value)
    return out
