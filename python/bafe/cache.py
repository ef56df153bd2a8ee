"""The kernel cache: what is in it, how to empty or check it, and how to take it elsewhere."""

from __future__ import annotations

import os
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
        >>> bafe.cache.info().entries >= 0
        True
    """
    return CacheInfo(**_core.cache_info())


def clear() -> None:
    """Remove every entry, in memory and on disk."""
    _core.cache_clear()


def verify() -> tuple[int, int]:
    """Read every entry and remove damaged ones; give (good, removed)."""
    return _core.cache_verify()


class Imported(NamedTuple):
    """What became of the entries of an exported cache."""

    added: int
    known: int  #: were here already
    other_build: int  #: of another version of BAFE, which never asks for them
    refused: int  #: damaged, or no entries


def export(path: str | os.PathLike[str], *, this_machine: bool = False) -> int:
    """Write the good entries to one file, for ``import_`` on another machine; give their number.

    Args:
        path: the file; it appears when it is whole.
        this_machine: only entries whose code runs on processors like this one.

    Raises:
        OSError: the file cannot be written.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "kernels")
        >>> bafe.cache.export(path) == bafe.cache.info().entries
        True
    """
    return _core.cache_export(os.path.abspath(os.fspath(path)), this_machine)


def import_(path: str | os.PathLike[str]) -> Imported:
    """Take the entries of a file that ``export`` wrote.

    Each one is checked before it is published: its bytes against its hash, its key against the
    program and options it was made for, its version. Entries hold machine code, which a later call
    will run: take files only from whom you would take a program. Code of another compiler is used,
    and compiled anew in the background.

    Raises:
        OSError: the file cannot be read, or an entry cannot be written.
        ParseError: it is no exported cache, or one of another format.

    Example:
        >>> import os, tempfile
        >>> path = os.path.join(tempfile.mkdtemp(), "kernels")
        >>> bafe.cache.export(path) == bafe.cache.import_(path).known
        True
    """
    return Imported(*_core.cache_import(os.path.abspath(os.fspath(path))))


__all__ = ["CacheInfo", "Imported", "clear", "export", "import_", "info", "verify"]
