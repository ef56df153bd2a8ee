"""Sets: distinct elements, ascending, by NumPy on the same memory. Every NaN is distinct."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from bafe.xp.array_object import Array, wrap
from bafe.xp.data_types import ANY, check_kind
from bafe.xp.eager import host


class UniqueAll(NamedTuple):
    """What ``unique_all`` gives."""

    values: Array
    indices: Array
    inverse_indices: Array
    counts: Array


class UniqueCounts(NamedTuple):
    """What ``unique_counts`` gives."""

    values: Array
    counts: Array


class UniqueInverse(NamedTuple):
    """What ``unique_inverse`` gives."""

    values: Array
    inverse_indices: Array


def _unique(a: np.ndarray) -> tuple[np.ndarray, ...]:
    """Values, first indices, inverse indices and counts. NaN differs from itself."""
    flat = a.reshape(-1)
    order = np.argsort(flat, kind="stable")
    ranked = flat[order]
    is_new = np.ones(flat.size, np.bool_)
    is_new[1:] = ranked[1:] != ranked[:-1]
    starts = np.flatnonzero(is_new)
    inverse = np.empty(flat.size, np.int64)
    inverse[order] = np.cumsum(is_new) - 1
    counts = np.diff(np.append(starts, flat.size)).astype(np.int64)
    return ranked[starts], order[starts].astype(np.int64), inverse.reshape(a.shape), counts


def unique_all(x: Any, /) -> UniqueAll:
    """Distinct values, where each comes first, which one each element is, and how many there are.

    Example:
        >>> import bafe.xp as xp
        >>> xp.unique_all(xp.asarray([2, 1, 2])).inverse_indices
        Array([1, 0, 1], dtype=int64)
    """
    check_kind("unique_all", ANY, x)
    return UniqueAll(*host("unique_all", _unique, x))


def unique_counts(x: Any, /) -> UniqueCounts:
    """Distinct values, and how many there are of each.

    Example:
        >>> import bafe.xp as xp
        >>> xp.unique_counts(xp.asarray([2, 1, 2])).counts
        Array([1, 2], dtype=int64)
    """
    check_kind("unique_counts", ANY, x)
    found = host("unique_counts", _unique, x)
    return UniqueCounts(found[0], found[3])


def unique_inverse(x: Any, /) -> UniqueInverse:
    """Distinct values, and which one each element is.

    Example:
        >>> import bafe.xp as xp
        >>> xp.unique_inverse(xp.asarray([2, 1, 2])).values
        Array([1, 2], dtype=int64)
    """
    check_kind("unique_inverse", ANY, x)
    found = host("unique_inverse", _unique, x)
    return UniqueInverse(found[0], found[2])


def unique_values(x: Any, /) -> Array:
    """Distinct values.

    Example:
        >>> import bafe.xp as xp
        >>> xp.unique_values(xp.asarray([2, 1, 2]))
        Array([1, 2], dtype=int64)
    """
    check_kind("unique_values", ANY, x)
    return wrap(host("unique_values", _unique, x)[0]._data)
