"""Sorting, by NumPy on the same memory: the IR has no operator for it. NaN comes last, or first
where the order is descending."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe.xp.array_object import Array
from bafe.xp.data_types import NUMERIC, check_kind
from bafe.xp.eager import host
from bafe.xp.manipulation import axis_in


def argsort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Array:
    """Indices that sort along an axis; equal elements keep their order if ``stable``.

    Example:
        >>> import bafe.xp as xp
        >>> xp.argsort(xp.asarray([3, 1, 2]))
        Array([1, 2, 0], dtype=int64)
    """
    check_kind("argsort", NUMERIC, x)
    at = axis_in("argsort", axis, x.ndim)
    kind: Any = "stable" if stable else None

    def eager(a: np.ndarray) -> np.ndarray:
        if not descending:
            return np.argsort(a, at, kind)
        # Sorted from behind and turned, equal elements keep their order.
        behind = np.argsort(np.flip(a, at), at, kind)
        return a.shape[at] - 1 - np.flip(behind, at)

    return host("argsort", eager, x)


def sort(x: Any, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Array:
    """The elements along an axis in order.

    Example:
        >>> import bafe.xp as xp
        >>> xp.sort(xp.asarray([3, 1, 2]), descending=True)
        Array([3, 2, 1], dtype=int64)
    """
    check_kind("sort", NUMERIC, x)
    at = axis_in("sort", axis, x.ndim)
    kind: Any = "stable" if stable else None

    def eager(a: np.ndarray) -> np.ndarray:
        if not descending:
            return np.sort(a, at, kind)
        return np.flip(np.sort(np.flip(a, at), at, kind), at).copy()

    return host("sort", eager, x)
