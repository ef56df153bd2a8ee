"""Proofs of rewrite rules.

Example:
    >>> bafe.verify.rule("(rule r (add ?a ?b) => (add ?b ?a))").status
    'proven'
    >>> bafe.verify.rule("(rule r (sub ?a ?b) => (sub ?b ?a))").status
    'refuted'
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

from bafe import _core


def smt_program() -> str:
    """Give the path of the solver's child process; ``BAFE_SMT`` overrides the installed one."""
    given = _core.option("BAFE_SMT")
    return given or os.path.join(os.path.dirname(_core.__file__), "bin", "bafe-smt")


class Proof(NamedTuple):
    """What is known of one rule.

    ``status`` is ``proven`` (all sizes), ``bounded`` (small sizes, index by index), ``tested``
    (values only) or
    ``refuted`` (then ``counterexample`` has the numbers). ``class_evidence`` says what shows the
    numeric class: the same operations, every value of a small type, a ring. ``notes`` names
    conditions that could be dropped. ``smt`` holds the questions that the solver answered
    ``unsat``, as SMT-LIB 2 with a ``(reset)`` after each; ``lemmas`` the laws of functions that
    were used.
    """

    name: str
    status: str
    engine: str
    detail: str
    counterexample: str
    ms: float
    class_evidence: str = ""
    notes: str = ""
    smt: str = ""
    lemmas: tuple[str, ...] = ()

    def __str__(self) -> str:
        text = f"{self.name}: {self.status} ({self.engine}, {self.ms:.1f} ms)"
        if self.detail:
            text += f"\n  {self.detail}"
        for label, value in (("class", self.class_evidence), ("note", self.notes)):
            text += f"\n  {label}: {value}" if value else ""
        text += f"\n  laws used: {', '.join(self.lemmas)}" if self.lemmas else ""
        return text + (f"\n  counterexample: {self.counterexample}" if self.counterexample else "")


class Report(list):  # type: ignore[type-arg]
    """Proofs of many rules; prints as a table with totals."""

    def __init__(self, proofs: Iterable[Proof]) -> None:
        super().__init__(proofs)

    def count(self, status: str) -> int:
        """Say how many rules have this status."""
        return sum(proof.status == status for proof in self)

    def html(self) -> str:
        """Give a page of its own: every rule, sortable, with proofs and counterexamples."""
        from bafe.rules_page import page

        return page(self)

    def __str__(self) -> str:
        width = max((len(proof.name) for proof in self), default=0)
        lines = [f"{p.name:<{width}}  {p.status:<8}  {p.ms:8.1f} ms  {p.engine}" for p in self]
        totals = ", ".join(
            f"{self.count(s)} {s}" for s in ("proven", "bounded", "tested", "refuted")
        )
        return "\n".join([*lines, f"{len(self)} rules: {totals}"])


def rules(names: Iterable[str] | None = None) -> Report:
    """Prove every rule in force, or the ones named; takes seconds.

    Raises:
        KeyError: no rule has such a name.
    """
    from bafe import rules as in_force

    if names is None:
        return Report(Proof(**proof) for proof in _core.verify_rules(smt_program()))
    texts = [in_force.get(name).text for name in names]
    return Report(Proof(**_core.verify_rule(text, smt_program())[0]) for text in texts)


def solvers() -> str:
    """Name the solvers with their versions: those that proofs ask, and those that confirm them."""
    import subprocess

    try:
        done = subprocess.run(
            [smt_program(), "--version"], capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return "none"
    return done.stdout.strip() or "none"


def rule(text: str) -> Proof:
    """Prove a rule given as text; of ``<=>`` the weaker direction's result counts.

    Raises:
        ParseError: the text is malformed.
        RuleError: it is no rule over BAFE's operators.
    """
    proofs = [Proof(**proof) for proof in _core.verify_rule(text, smt_program())]
    order = ("refuted", "tested", "bounded", "proven")
    return min(proofs, key=lambda proof: order.index(proof.status))


__all__ = ["Proof", "Report", "rule", "rules", "solvers"]
