"""The profile store: times that tuning has measured, shared by processes and machines."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from bafe import _core


class MergeCount(NamedTuple):
    """Rows that a merge added or renewed."""

    timings: int
    steps: int
    machines: int


def path() -> str:
    """Give the store's file; empty where the cache is in memory.

    Example:
        >>> bafe.profile_store.path().endswith("profile.sqlite")
        True
    """
    return _core.profile_path()


def merge(sources: Iterable[str | os.PathLike[str]], into: str | os.PathLike[str]) -> MergeCount:
    """Put the rows of several stores into one file, which is made when it is missing.

    Merging the same file again, or the files in another order, gives the same rows; counts of
    samples add up over processes and machines.

    Args:
        sources: files that BAFE's profile store wrote; they are only read.
        into: the file that takes the rows.

    Returns:
        How many rows were added or renewed.

    Raises:
        ParseError: a source is missing or is no profile store; none of its rows is taken.
        OSError: ``into`` cannot be written.
    """
    return MergeCount(*_core.profile_merge([os.fspath(one) for one in sources], os.fspath(into)))
