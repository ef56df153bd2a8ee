"""One expression of the algebra table, and the shapes and helpers that rows share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable, NamedTuple

import bafe
import numpy as np


class Row(NamedTuple):
    """One expression: its shapes and best count for a size n and a thin size t."""

    name: str
    function: Callable[..., Any]
    shapes: Callable[[int, int], Sequence[Any]]
    best: Callable[[int, int], float]
    derivation: str
    rule: str = ""  # a rule of the user's own, in force for this row
    positive: bool = False  # arguments are drawn from [1, 2) for the check of values


def squares(count: int) -> Callable[[int, int], Sequence[Any]]:
    return lambda n, t: [(n, n)] * count


def with_vectors(squares: int, vectors: int) -> Callable[[int, int], Sequence[Any]]:
    return lambda n, t: [(n, n)] * squares + [(n,)] * vectors


class Index(NamedTuple):
    """A vector of positions below its size, as an argument."""

    size: int


def eye(like: Any) -> Any:
    if isinstance(like, np.ndarray):
        return np.eye(like.shape[0], dtype=like.dtype)
    return bafe.diag(bafe.ones((like.shape[0],), dtype=like.dtype))
