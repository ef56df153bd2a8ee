"""Structure found in arguments: matrices that are zero outside a band get kernels that skip it."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import _core

_WORTH = 5.0  # the saved time must be this many times the scan's


class Specialisation:
    """A program that relies on zeros of its inputs, and what the guards of a call test.

    Attributes:
        program: the traced program, with those inputs masked.
        claims: (input, below, above, block size or 0) of each guarded input.
        texts: one sentence for each claim.
        scan_ns: predicted nanoseconds of all guards.
    """

    def __init__(self, program: Any, found: list[Any], names: list[str]) -> None:
        self.claims = [claim for claim, _, _ in found]
        self.program = _core.with_bands(program, self.claims)
        self.scan_ns = sum(ns for _, _, ns in found)
        self.texts = [
            f"{names[claim[0]]} is {kind}: found in the argument, tested at every call "
            f"({ns / 1e3:.3g} \u00b5s predicted), the dense program runs when it fails"
            for claim, kind, ns in found
        ]


def propose(options: Any, program: Any, arrays: list[Any], names: list[str]) -> Any:
    """Look at the arrays that large products read.

    Returns:
        A ``Specialisation`` when one of them is zero outside a band, else None. Dense arrays end
        the look within their first lines.
    """
    if not _core.uses_structure(options.search["options"]):
        return None
    found = _core.find_bands(program, arrays)
    return Specialisation(program, found, names) if found else None


def pays(dense_ns: float, special_ns: float, scan_ns: float) -> bool:
    """Say whether the time saved is worth the guards."""
    return dense_ns - special_ns >= _WORTH * scan_ns


def arrays_of(call: Any, captured: list[np.ndarray]) -> tuple[list[Any], list[str]]:
    """The arrays behind a program's inputs, in order, and their names."""
    names = [*call.names, *(f"captured array {i}" for i in range(len(captured)))]
    return [*call.leaves, *captured], names
