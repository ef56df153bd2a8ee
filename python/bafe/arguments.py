"""Options of public functions: their names and numbers are checked, with a word on how to go on."""

from __future__ import annotations

import functools
import inspect
import math
import operator
from typing import Any, Callable, TypeVar

from bafe import _core
from bafe.tracer import _place

_F = TypeVar("_F", bound=Callable[..., Any])


def _nearest(wrong: str, names: list[str]) -> str:
    import difflib  # 2 ms, and only a mistake needs it

    begun = [name for name in names if len(wrong) > 2 and name.startswith(wrong)]
    near = begun or difflib.get_close_matches(wrong, names, 1, 0.5)
    return f"did you mean {near[0]}?" if near else "use one of " + ", ".join(names)


def named(function: _F) -> _F:
    """Let a keyword that the function does not have be an error that names the nearest one."""
    names = list(inspect.signature(function).parameters)

    @functools.wraps(function)
    def checked(*args: Any, **kwargs: Any) -> Any:
        if not kwargs.keys() <= set(names):
            wrong = next(name for name in kwargs if name not in names)
            fix = _nearest(wrong, [name for name in names if name != "fn"])
            raise _core.TraceError(
                f"{_place()}{function.__name__}: there is no option {wrong}\n  fix: {fix}"
            )
        return function(*args, **kwargs)

    return checked  # type: ignore[return-value]


def _is_integer(value: Any) -> bool:
    try:
        operator.index(value)
    except TypeError:
        return False
    return not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    try:
        return not math.isnan(float(value))
    except (TypeError, ValueError, OverflowError):
        return False


def _refuse(where: str, name: str, value: Any, fact: str, fix: str) -> Exception:
    return _core.TraceError(f"{_place()}{where}: {name}={value!r} {fact}\n  fix: {fix}")


def check_most(where: str, most: int, **counts: Any) -> None:
    """Checked integers, or None, that the core must be able to hold."""
    for name, value in counts.items():
        if value is not None and operator.index(value) > most:
            raise _refuse(where, name, value, f"is more than {most}", "give a smaller integer")


def check_switches(where: str, **switches: Any) -> None:
    """True or False."""
    for name, value in switches.items():
        if type(value).__name__ not in ("bool", "bool_"):
            raise _refuse(where, name, value, "is neither True nor False", "give one of them")


def check_choice(where: str, name: str, value: Any, choices: tuple[str, ...]) -> None:
    """One of some words."""
    if value not in choices:
        fix = _nearest(value, list(choices)) if isinstance(value, str) else "use one of "
        fix = fix if isinstance(value, str) else fix + ", ".join(choices)
        raise _refuse(where, name, value, "is unknown", fix)


def check_counts(where: str, least: int, **counts: Any) -> None:
    """Integers of at least ``least``, or None."""
    for name, value in counts.items():
        if value is not None and not (_is_integer(value) and least <= value):
            fact = "is not an integer" if not _is_integer(value) else f"is less than {least}"
            fix = f"give an integer of at least {least}, or leave it out"
            raise _refuse(where, name, value, fact, fix)


def check_numbers(where: str, **numbers: Any) -> None:
    """Numbers or None; NaN is none."""
    for name, value in numbers.items():
        if value is not None and not _is_number(value):
            raise _refuse(where, name, value, "is not a number", "give 0 or more, or leave it out")


def check_amounts(where: str, **amounts: Any) -> None:
    """Numbers of at least 0, or None."""
    check_numbers(where, **amounts)
    for name, value in amounts.items():
        if value is not None and value < 0:
            raise _refuse(where, name, value, "is negative", "give 0 or more, or leave it out")


def checked_growth(where: str, growth: Any) -> float | None:
    """A number of at least 1, or None."""
    if growth is None:
        return None
    number = not isinstance(growth, (str, bytes, bool)) and _is_number(growth)
    if not number or float(growth) < 1:
        fact = "is less than 1" if number else "is not a number"
        fix = "give 1 (never worse than written) or more, or leave it out"
        raise _refuse(where, "max_error_growth", growth, fact, fix)
    return float(growth)


def check_jit(
    threads: Any, iters: Any, temperature: Any, seed: Any, time_budget_ms: Any, budget: Any
) -> None:
    """Check the numbers that ``jit`` takes."""
    check_counts("jit", 1, threads=threads)
    check_counts("jit", 0, iters=iters, seed=seed)
    check_most("jit", 2**31 - 1, threads=threads, iters=iters)
    check_most("jit", 2**64 - 1, seed=seed)
    check_amounts("jit", temperature=temperature, time_budget_ms=time_budget_ms)
    if budget is not None and not isinstance(budget, _core.SearchBudget):
        fix = f"use budget=bafe.make_search_budget(max_iters={budget!r})"
        fix = fix if _is_integer(budget) else "give what bafe.make_search_budget() returns"
        raise _refuse("jit", "budget", budget, "is no search budget", fix)


def static_names(names: Any) -> tuple[str, ...]:
    """One name, several, or None for none, as a tuple."""
    if names is None or isinstance(names, str):
        return () if names is None else (names,)
    try:
        given = tuple(names)
    except TypeError:
        given = (None,)
    if any(not isinstance(name, str) for name in given):
        fix = "give the name of a parameter, or a list of names"
        raise _refuse("jit", "static_argnames", names, "is no name", fix)
    return given


def check_static(fn: Any, numbers: Any, names: Any) -> None:
    """Static arguments are parameters of the function."""
    try:
        parameters = inspect.signature(fn).parameters
    except (TypeError, ValueError):
        return  # a builtin: its parameters are not known
    kinds = {one.kind for one in parameters.values()}
    for name in names:
        if name not in parameters and inspect.Parameter.VAR_KEYWORD not in kinds:
            fix = _nearest(str(name), list(parameters))
            raise _core.TraceError(
                f"{_place()}jit: static_argnames: the function has no parameter {name}\n"
                f"  fix: {fix}"
            )
    count = len(parameters)
    for number in numbers:
        if number < -count or (number >= count and inspect.Parameter.VAR_POSITIONAL not in kinds):
            fix = f"give positions from 0 to {count - 1}, or leave it out"
            raise _core.TraceError(
                f"{_place()}jit: static_argnums: the function has no parameter {number}\n"
                f"  fix: {fix if count else 'leave it out: there is no parameter'}"
            )
