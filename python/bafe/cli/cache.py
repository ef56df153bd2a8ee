"""``bafe cache``: what the kernel cache holds, emptying and checking it."""

from __future__ import annotations

import click

from bafe.cli.output import Output, bytes_text, with_json


@click.group()
def cache() -> None:
    """The cache of compiled kernels."""


@cache.command(epilog='JSON: {"dir", "entries", "bytes", "bytes_cap", "stays_on_disk"}')
@with_json
def info(out: Output) -> None:
    """Say where the cache is and how much it holds."""
    import bafe
    from bafe import _core

    found = bafe.cache.info()
    cap = int(_core.option("BAFE_CACHE_BYTES"))
    out.result(
        {
            "dir": found.dir,
            "entries": found.entries,
            "bytes": found.bytes,
            "bytes_cap": cap,
            "stays_on_disk": bool(found.dir),
        }
    )
    rows = [
        ("folder", found.dir or "none: this process keeps kernels in memory"),
        ("entries", str(found.entries)),
        ("size", f"{bytes_text(found.bytes)} of at most {bytes_text(cap)} (BAFE_CACHE_BYTES)"),
    ]
    out.table(("cache", ""), rows)


@cache.command(epilog='JSON: {"removed", "bytes", "dir"}')
@with_json
def clear(out: Output) -> None:
    """Remove every entry; kernels are compiled again when they are needed."""
    import bafe

    before = bafe.cache.info()
    bafe.cache.clear()
    left = bafe.cache.info()
    removed, freed = before.entries - left.entries, before.bytes - left.bytes
    out.result({"removed": removed, "bytes": freed, "dir": before.dir})
    out.line(f"{removed} entries removed, {bytes_text(freed)} freed: {before.dir}")


@cache.command(epilog='JSON: {"good", "removed", "dir"}. Exit status 1 when entries were removed.')
@with_json
def verify(out: Output) -> int:
    """Read every entry, compare its hash, remove damaged ones."""
    import bafe

    good, removed = bafe.cache.verify()
    folder = bafe.cache.info().dir
    out.result({"good": good, "removed": removed, "dir": folder})
    out.line(f"{good} entries are good, {removed} damaged ones were removed: {folder}")
    return 1 if removed else 0
