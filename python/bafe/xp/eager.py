"""How a function of the namespace runs: one definition over tensors, three ways to use it.

In comes a *body*, a Python function that records BAFE's operators on tensors. Inside ``bafe.jit``
it records into the program that is being traced, on lazy arrays it grows a pending program, and on
NumPy's memory it is compiled on its own. Small arrays of a shape that is met for the first few
times are evaluated by the interpreter, since a kernel for every shape that passes by would cost
more than it gives; large ones and shapes met often run compiled code through the core's call path.
Arithmetic and reductions have the same bits either way; exp, tanh and their like, exact to one unit
in the last place (two for composites) both times, may differ by that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable

import numpy as np

from bafe import _core, context, trees
from bafe import tracer as _t
from bafe.array_methods import ArrayMethods
from bafe.jit import _made_of, _resolve, jit
from bafe.xp.array_object import Array, eager_value, wrap

LARGE = 4096  # elements from which on a compiled or prebuilt kernel pays at once
_OFTEN = 8  # calls with one signature that are evaluated before it is compiled
_MOST = 1024  # signatures and parameters remembered


class _Signature:
    """A program for arguments of one kind, and how often it was evaluated."""

    __slots__ = ("program", "structure", "outputs", "calls")

    def __init__(self, body: Callable[..., Any], args: Sequence[Any]) -> None:
        tracer = _t.Tracer()
        tensors = []
        for at, value in enumerate(args):
            dtype, shape, weak, layout = _core.leaf_type(value)
            tensors.append(tracer.tensor(tracer.trace.input(f"x{at}", dtype, shape, weak, layout)))
        outer, _t._state.tracer = _t._state.tracer, tracer
        try:
            result = body(*tensors)
        finally:
            _t._state.tracer = outer
        leaves: list[Any] = []
        self.structure = trees.flatten(result, leaves)
        roots = [tracer.lift(leaf)._index for leaf in leaves]
        distinct = list(dict.fromkeys(roots))
        self.outputs = [distinct.index(root) for root in roots]
        self.program = tracer.trace.finish(distinct)
        self.calls = 0

    def evaluate(self, args: Sequence[Any]) -> Any:
        values = self.program.evaluate([np.asarray(arg) for arg in args])
        return trees.unflatten(self.structure, iter([values[at] for at in self.outputs]))


def _compiled(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Run compiled code; a new size is no compilation that the caller's stance forbids."""
    if context._state.stance != "fail_on_recompile":
        return _resolve(function, args, kwargs)
    with context.stance("default"):
        return _resolve(function, args, kwargs)


def kernel(body: Callable[..., Any], math: str = "bits") -> Any:
    """Make a body callable on ndarrays, tensors and lazy arrays.

    Args:
        body: records operators on its arguments, arrays and Python numbers.
        math: ``bits`` gives the same bits interpreted and compiled; ``reals`` lets products run in
            the fastest order.
    """
    seen: dict[Any, _Signature] = {}

    def resolve(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        size = 0
        parts: list[Any] = []
        for arg in args:
            kind = type(arg)
            if kind is np.ndarray:
                size += arg.size
                parts.append((arg.dtype, arg.shape))
            elif kind is float or kind is int:
                parts.append(kind)
            else:
                return fresh(_resolve(function, args, kwargs))
        if size >= LARGE:
            return _compiled(function, args, kwargs)
        key = tuple(parts)
        known = seen.get(key)
        if known is None:
            if len(seen) >= _MOST:
                seen.clear()
            known = seen[key] = _Signature(body, args)
        known.calls += 1
        if known.calls > _OFTEN:
            return _compiled(function, args, kwargs)
        return known.evaluate(args)

    return _made_of(jit(body, math=math)._options, resolve)


_with_parameters: dict[Any, Any] = {}


def parametrised(body: Callable[..., Any], math: str = "bits", /, **parameters: Any) -> Any:
    """Give the kernel of a body whose keyword arguments are fixed; made once for each."""
    key = (body, math, *((name, type(value), value) for name, value in parameters.items()))
    found = _with_parameters.get(key)
    if found is None:
        if len(_with_parameters) >= _MOST:
            _with_parameters.clear()
        found = _with_parameters[key] = kernel(lambda *args: body(*args, **parameters), math)
    return found


def fresh(out: Any) -> Any:
    """A traced result in memory of its own: a body may give back what it was given, or a view."""
    return out._copied() if isinstance(out, ArrayMethods) else out


def run(function: Callable[..., Any], *values: Any) -> Any:
    """Call a kernel on what arrays hold; an Array comes back if one went in."""
    is_wrapped = any(type(value) is Array for value in values)
    out = function(*(value._data if type(value) is Array else value for value in values))
    return wrap(out) if is_wrapped else out


def is_traced(*values: Any) -> bool:
    """Whether a program is being recorded over any of the values, traced or lazy."""
    return any(
        isinstance(value._data if type(value) is Array else value, ArrayMethods) for value in values
    )


def host(what: str, function: Callable[..., Any], *values: Any) -> Any:
    """Call a NumPy function on the memory of arrays; lazy ones are computed first.

    Raises:
        TraceError: a value is being traced: BAFE has no operator for this function.
    """
    arrays = [eager_value(value, what) for value in values]
    with np.errstate(all="ignore"):
        out = function(*arrays)
    return tuple(wrap(one) for one in out) if isinstance(out, tuple) else wrap(out)


def move(what: str, eager: Callable[..., Any], traced: Callable[..., Any], *values: Any) -> Any:
    """Copy elements to other places: NumPy on its memory, BAFE's operators while tracing."""
    if is_traced(*values):
        return run(lambda *given: fresh(traced(*given)), *values)
    return host(what, eager, *values)


def view(what: str, function: Callable[..., Any], x: Any) -> Any:
    """Look at elements in another order or shape, on the same memory, traced or not."""
    return run(function, x) if is_traced(x) else host(what, function, x)
