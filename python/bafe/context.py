"""Blocks that change how jitted functions of this thread are made and called.

``bafe.options`` and ``bafe.stance`` keep their state for each thread. Calls of jitted functions
take a detour through ``_detoured`` while a block says so; others stay on the fast path.
"""

from __future__ import annotations

import threading
from typing import Any

from bafe import _core, arguments
from bafe.tracer import _place

STANCES = ("default", "eager", "fail_on_recompile", "no_tune")
MODES: dict[str, dict[str, Any]] = {
    "fast-compile": {"time_budget_ms": 1.0},
    "default": {},
    "max-autotune": {"deep": True, "autotune": True},
}
NAMES = (
    "budget", "iters", "temperature", "seed", "autotune", "time_budget_ms", "deep", "math",
    "threads", "tier", "structure", "max_error_growth", "rewrite", "verify", "mode",
)  # fmt: skip


class _State(threading.local):
    stance = "default"
    options: dict[str, Any] = {}  # noqa: RUF012 - never written into: each block makes a new one


_state = _State()


def in_force() -> dict[str, Any]:
    """The options of the blocks that this thread is in."""
    return _state.options


def _renew() -> None:
    """Let calls take the detour where the state asks for it."""
    wants = _state.stance in ("eager", "no_tune") or bool(_state.options)
    _core.set_detour(_detoured if wants else None)


def _detoured(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if _state.stance == "eager":
        from bafe import trees

        options = function._options
        kwargs = dict(kwargs)
        out = kwargs.pop("out", None) if options.owns_out else None
        return trees.fill(out, options.fn(*args, **kwargs))
    return variant(function)._direct(*args, **kwargs)


def variant(function: Any) -> Any:
    """The function as the blocks of this thread have it: itself where they add nothing."""
    given = function._options.given
    changes = {name: value for name, value in _state.options.items() if name not in given}
    if _state.stance == "no_tune" and (given.get("autotune") or given.get("mode")):
        changes.update(autotune=False)
    if not changes:
        return function
    key = tuple(sorted((name, repr(value)) for name, value in changes.items()))
    known = function._options.variants
    if key not in known:
        from bafe.jit import jit

        known[key] = jit(function._options.fn, **{**given, **changes})
    return known[key]


class _Block:
    """What was in force before comes back at the end of the block."""

    def __init__(self, **changes: Any) -> None:
        self._before = {name: getattr(_state, name) for name in changes}
        for name, value in changes.items():
            setattr(_state, name, value)
        _renew()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: Any) -> None:
        for name, value in self._before.items():
            setattr(_state, name, value)
        _renew()


class stance(_Block):  # noqa: N801 - used like a function
    """Say what calls of jitted functions may do, in this thread from now on or for a block.

    ``default``
        trace and compile what is new.
    ``eager``
        run the Python functions on NumPy arrays.
    ``fail_on_recompile``
        a function that was compiled is not compiled for another signature, nor because a value
        that it captured has changed: such a call raises CompileError. Its first call compiles,
        and sizes that one kernel serves (``dynamic=``) are no other signature.
    ``no_tune``
        as if ``autotune`` were not given: nothing is timed to find something faster.

    Called alone it holds from now on; as a context manager it ends with the block. Other threads
    are not concerned, and compiled objects (``f.compile(...)``) run as they are.

    Raises:
        TraceError: there is no such stance.

    Example:
        >>> f = bafe.jit(lambda x: x + 1)
        >>> y = f(np.ones(3))
        >>> with bafe.stance("fail_on_recompile"):
        ...     y = f(np.ones(3))
        ...     try:
        ...         f(np.ones(4))
        ...     except bafe.CompileError as error:
        ...         print(error)
        <lambda>: the stance fail_on_recompile forbids to compile it again
          argument x  f64[4], compiled for f64[3]
          fix: call it with such arguments before, or outside of bafe.stance("fail_on_recompile")
    """

    def __init__(self, name: str) -> None:
        arguments.check_choice("stance", "name", name, STANCES)
        super().__init__(stance=name)


class disable_jit(_Block):  # noqa: N801 - used like a function
    """Run decorated functions as plain Python on NumPy arrays, for a block in this thread.

    Args:
        disable: False lets them be compiled again inside such a block.

    Example:
        >>> f = bafe.jit(lambda x: np.maximum(x, 0))
        >>> with bafe.disable_jit():
        ...     f(np.array([-1.0, 2.0]))
        array([0., 2.])
    """

    def __init__(self, disable: bool = True) -> None:
        arguments.check_switches("disable_jit", disable=disable)
        super().__init__(stance="eager" if disable else "default")


class options(_Block):  # noqa: N801 - used like a function
    """Give options of ``jit`` to all functions of a block that were not told otherwise.

    Functions called inside, by this thread, run with these options; functions decorated inside
    keep them. What ``jit`` itself was given goes first, then the innermost block. Called alone it
    holds from now on.

    Args:
        **given: ``math``, ``threads``, ``mode``, ``tier``, ``budget``, ``iters``, ``temperature``,
            ``seed``, ``autotune``, ``time_budget_ms``, ``deep``, ``structure``,
            ``max_error_growth``, ``rewrite``, ``verify``: as of ``jit``.

    Raises:
        TraceError: there is no such option, or ``jit`` would not take its value.

    Example:
        >>> f = bafe.jit(lambda a, b, v: a @ b @ v)
        >>> a, v = np.ones((64, 64), "f4"), np.ones((64, 1), "f4")
        >>> with bafe.options(math="bits", threads=1):
        ...     f.explain(a, a, v).rules
        []
    """

    def __init__(self, **given: Any) -> None:
        for name in given:
            if name not in NAMES:
                raise _core.TraceError(
                    f"{_place()}options: there is no option {name}\n"
                    f"  fix: {arguments._nearest(name, list(NAMES))}"
                )
        from bafe.jit import jit

        wanted = {**_state.options, **given}
        if wanted:
            jit(**wanted)  # checks them
        super().__init__(options=wanted)


def refuse_recompile(options: Any, call: Any, record: Any) -> None:
    """Raise under ``fail_on_recompile`` where ``call`` would compile a compiled function again.

    Args:
        options: of the function.
        call: what has no record, or one that no longer holds.
        record: the latter, or None.
    """
    if _state.stance != "fail_on_recompile" or not options.records:
        return
    from bafe.call import _trace

    program = _trace(call)[0]
    if _core.size_family(program, options.search["options"])["general"]:
        return  # one kernel serves all sizes
    if record is not None:
        if program.text() == (record.dense or record).executable.traced_text:
            return  # a better kernel has come, or a value changed back
        changes = ["  a value that it captured has changed"]
    else:
        changes = differences(call, options.signatures[-1] if options.signatures else [])
    name = getattr(options.fn, "__name__", type(options.fn).__name__)
    lines = "\n".join(changes)
    raise _core.CompileError(
        f"{name}: the stance fail_on_recompile forbids to compile it again\n{lines}\n"
        '  fix: call it with such arguments before, or outside of bafe.stance("fail_on_recompile")'
    )


def signature(call: Any) -> list[tuple[str, str]]:
    """Names and types of the arguments of a call, static ones with their values."""
    found = []
    for number, (name, leaf) in enumerate(zip(call.names, call.leaves)):
        dtype, shape, weak, layout = _core.leaf_type(leaf)
        shape = call.named.get(number, shape)
        text = f"{dtype}[{', '.join(map(str, shape))}]" if not weak else f"a number ({dtype})"
        text += ", a number of NumPy's" if number in call.numbers else ""
        found.append((name, text + ("" if layout == "row" else f" in order {layout}")))
    names = call.options.parameter_names
    for where, kind, value in call.parts:
        if kind == "static":
            known = isinstance(where, int) and where < len(names)
            found.append((names[where] if known else str(where), repr(value)))
    return found


def differences(call: Any, before: list[tuple[str, str]]) -> list[str]:
    """How the arguments of a call differ from those before, a line each."""
    known = dict(before)
    found = [
        f"  argument {name}  {text}, compiled for {known.get(name, 'none of this name')}"
        for name, text in signature(call)
        if known.get(name) != text
    ]
    return found or ["  the arguments are put together in another way"]


__all__ = ["disable_jit", "options", "stance"]
