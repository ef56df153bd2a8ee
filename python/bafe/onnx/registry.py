"""The one table from ONNX operators to BAFE programs: (domain, name, since version) -> function.

A lowering takes a ``Node`` and the node's inputs, tensors of the trace (None where left out), and
returns one value or a tuple of them. It reads every attribute it honours: one that is present and
was not read is an error, so that nothing is ignored silently.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Any, Callable, NamedTuple

Lowering = Callable[..., Any]

_FAMILIES = (
    "activations",
    "arithmetic",
    "control",
    "convolution",
    "generators",
    "indexing",
    "lookups",
    "movement",
    "normalization",
    "pooling",
    "products",
    "quantization",
    "recurrent",
    "reductions",
    "scatters",
    "selection",
    "sequences",
)


class Entry(NamedTuple):
    """One lowering: which versions of the operator it covers, and how it takes its inputs."""

    since: int
    function: Lowering
    is_raw: bool


_TABLE: dict[tuple[str, str], list[Entry]] = {}


def lowering(
    *names: str, since: int = 1, domain: str = "", raw: bool = False
) -> Callable[[Lowering], Lowering]:
    """Register a function for operators of a domain from a version on.

    Args:
        *names: operators; ``node.op`` tells them apart.
        since: first version of the operator set that means what the function does.
        domain: of the operators.
        raw: the function takes values as they are: arrays, tensors, lists.
    """

    def register(function: Lowering) -> Lowering:
        for name in names:
            entries = _TABLE.setdefault((domain, name), [])
            entries.append(Entry(since, function, raw))
            entries.sort(key=lambda entry: entry.since)
        return function

    return register


def _load() -> None:
    if not _TABLE:
        for family in _FAMILIES:
            import_module(f"bafe.onnx.{family}")


def find(domain: str, name: str, version: int) -> Entry | None:
    """The lowering of the newest operator that is not newer than ``version``."""
    _load()
    found = [e for e in _TABLE.get((domain, name), []) if e.since <= version]
    return found[-1] if found else None


def knows(domain: str, name: str) -> bool:
    """Whether there is a lowering for some version of the operator."""
    _load()
    return (domain, name) in _TABLE


def operators() -> Iterator[tuple[str, str, int]]:
    """Domain, name and first version of everything in the table."""
    _load()
    for (domain, name), entries in sorted(_TABLE.items()):
        for entry in entries:
            yield domain, name, entry.since
