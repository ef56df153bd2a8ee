"""What ``f.certificate`` returns."""

from __future__ import annotations

import os
from typing import Any


class Certificate:
    """The proof that a compiled program equals the function as written, as ``bafe-check`` reads it.

    Attributes:
        text: the certificate: terms, and the steps that make them equal.
        program_class: weakest numeric class of a step: ``bits``, ``signs``, ``finite``, ``reals``,
            ``domain`` or ``approx``.
        error_factor: roundings that the steps moved, summed: for sums, products and extremes the
            results differ, to first order, by at most this many units of roundoff of the program of
            absolute values.
        error_growth: error factor of the chosen program over that of the function as written: what
            ``max_error_growth`` limits.
        steps: how many steps were replayed.
        assumptions: sentences that the proof takes for granted.
        math: what the function was compiled with.
        from_cache: it was stored with the compiled program, and is not new.
    """

    text: str
    program_class: str
    error_factor: float
    error_growth: float
    steps: int
    assumptions: list[str]
    math: str
    from_cache: bool

    def __init__(self, fields: dict[str, Any]) -> None:
        self.text = fields["text"]
        self.program_class = fields["program_class"]
        self.error_factor = fields["error_factor"]
        self.error_growth = fields["error_growth"]
        self.steps = fields["steps"]
        self.assumptions = list(fields["assumptions"])
        self.math = fields["math"]
        self.from_cache = fields["from_cache"]
        self._traced, self._chosen = fields["traced"], fields["chosen"]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the text to a file, for ``bafe-check``."""
        with open(path, "w", encoding="utf-8") as out:
            out.write(self.text)

    def __str__(self) -> str:
        lines = [
            f"{self._traced}  ==  {self._chosen}",
            f"{self.steps} steps, class {self.program_class}, math={self.math}, "
            f"error factor {self.error_factor:g}, growth {self.error_growth:g}",
        ]
        return "\n".join(lines + [f"assumes: {sentence}" for sentence in self.assumptions])

    def __repr__(self) -> str:
        return (
            f"<bafe.Certificate: {self.steps} steps, class {self.program_class}, "
            f"{len(self.text)} bytes>"
        )
