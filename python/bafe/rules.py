"""The rewrite rules in force, and rules of your own.

Example:
    >>> bafe.rules.add('''
    ...   (rule halve-sum (mul (add ?a ?a) 0.5) => ?a
    ...     :class reals :set simplify :when (is-float ?a) :why "two halves")''')
    >>> bafe.rules.get("halve-sum").why
    'two halves'
    >>> bafe.rules.reset()
"""

from __future__ import annotations

from typing import NamedTuple

from bafe import _core
from bafe.verify import smt_program


class Rule(NamedTuple):
    """One rule: its name, theme, canonical text, reason, set, numeric class a direction, whether it
    is a move."""

    name: str
    theme: str
    text: str
    why: str
    set: str
    classes: tuple[str, ...]
    move: bool


def all() -> list[Rule]:  # noqa: A001 - reads as bafe.rules.all()
    """Give every rule in force, built-in ones first."""
    return [Rule(**{**rule, "classes": tuple(rule["classes"])}) for rule in _core.list_rules()]


def get(name: str) -> Rule:
    """Give the rule of this name.

    Raises:
        KeyError: there is none.
    """
    for rule in all():
        if rule.name == name:
            return rule
    raise KeyError(name)


def add(text: str, file: str = "<rules>", *, allow_unproven: bool = False) -> None:
    """Add rules; all of the text's or none. Functions compiled before keep their programs.

    Each rule is proven first, which takes from milliseconds to seconds; the cache folder keeps a
    stamp, so that it is once.

    Args:
        text: rules in the language of ``rules/README.md``.
        file: the name that messages give as the place.
        allow_unproven: take the rules as they are. What they make stays out of the cache on disk.

    Raises:
        ParseError: the text is malformed; the message has line and column.
        RuleError: a rule says what a rule may not say, its name is taken, it is wrong (then the
            message has a counterexample), or nothing proves it.
    """
    _core.add_rules(text, file, allow_unproven, smt_program())


def reset() -> None:
    """Take back everything that was added."""
    _core.reset_rules()


__all__ = ["Rule", "add", "all", "get", "reset"]
