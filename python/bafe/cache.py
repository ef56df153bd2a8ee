"""The kernel cache: what is in it, and how to empty or check it."""

from __future__ import annotations

from typing import NamedTuple

from bafe import _core


class CacheInfo(NamedTuple):
    """Counters of this process, and the size of the folder shared by all of them."""

    hits: int
    misses: int
    compiles: int
    compile_failures: int
    removed: int
    entries: int
    bytes: int
    dir: str


def info() -> CacheInfo:
    """Count hits, misses, compiles, entries and bytes.

    Example:
        >>> bafe.cache.info().compile_failures
        0
    """
    return CacheInfo(**_core.cache_info())


def clear() -> None:
    """Remove every entry, in memory and on disk."""
    _core.cache_clear()


def verify() -> tuple[int, int]:
    """Read every entry and remove damaged ones; give (good, removed)."""
    return _core.cache_verify()


__all__ = ["CacheInfo", "clear", "info", "verify"]
