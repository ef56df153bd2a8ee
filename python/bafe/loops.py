"""Loops and branches that keep their structure: one body, whatever the number of iterations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Callable

import numpy as np

from bafe import tracer as _t
from bafe import trees
from bafe.loop_bodies import (
    Body,
    Loop,
    array_of,
    check_callable,
    check_same,
    flat,
    path_of,
    text_of,
    type_of,
    wrong,
)
from bafe.tensor import Tensor
from bafe.tracer import Tracer, tracer_of, user_loc

_MOST = 2**63 - 1  # iterations of a while_loop


def _bound(subject: str, name: str, value: Any) -> Any:
    """An integer, or an integer tensor without axes."""
    if hasattr(value, "tracer"):
        if value.shape == () and value.dtype.kind in "iu":
            return value
        raise wrong(
            subject,
            f"{name} is {text_of(value)}",
            "give an integer, or an integer array without axes",
        )
    return _t._index(subject, name, np.asarray(value)[()] if np.ndim(value) == 0 else value)


def fori_loop(lower: Any, upper: Any, body: Callable[[Any, Any], Any], init: Any) -> Any:
    """Apply ``state = body(i, state)`` for i in ``range(lower, upper)``.

    In a traced function the loop stays a loop: the body is traced once, optimised and compiled, and
    runs without Python, so the time to compile does not depend on the number of iterations. Outside
    of one it is a loop over NumPy arrays.

    Args:
        lower: the first i, an integer or an integer tensor without axes.
        upper: the end, likewise; with ``upper <= lower`` the result is ``init``.
        body: takes i (an int64 scalar) and the state, gives the next state. It may read arrays and
            tensors around it; arrays are read anew at every call.
        init: the first state: arrays, numbers and tuples, lists, dicts … of them. Numbers become
            int64 and float64 arrays.

    Returns:
        The last state, put together like ``init``.

    Raises:
        TraceError: ``body`` gives a value that is put together otherwise, or writes into an array
            around the loop.
        ShapeError, DTypeError: a leaf of the state would change its shape or dtype.

    Example:
        >>> f = bafe.jit(lambda x: bafe.fori_loop(0, 10, lambda i, s: s + i * x, 0.0))
        >>> float(f(2.0))
        90.0
    """
    check_callable("fori_loop", "body", body)
    lower, upper = (
        _bound("fori_loop", name, value) for name, value in (("lower", lower), ("upper", upper))
    )
    structure, leaves = flat("fori_loop", init)
    tracer = tracer_of([lower, upper, *leaves])
    if tracer is None:
        return _eager_fori(int(lower), int(upper), body, structure, leaves)
    loop = Loop("fori_loop", tracer, leaves)
    state = trees.unflatten(structure, iter(loop.state_inputs))
    given = loop.body.run(body, (loop.index, state))
    after, roots = loop.body.lifted("fori_loop", given, loop.state_inputs)
    before = (structure, loop.state_inputs)
    check_same("fori_loop", ("init", "the body"), before, (after, roots))
    return trees.unflatten(structure, iter(loop.close((lower, upper), roots, 0, 0)))


def _own(leaves: Sequence[Any]) -> list[Any]:
    """Copies: a body may write into its state."""
    return [np.array(leaf) for leaf in leaves]


def _plain(leaf: Any) -> Any:
    return leaf[()] if leaf.ndim == 0 else leaf


def _next(subject: str, value: Any, before: tuple[Any, list[Any]]) -> list[Any]:
    """The leaves that an eager body gave, checked against those it took."""
    leaves: list[Any] = []
    structure = trees.flatten(value, leaves)
    after = []
    for i, leaf in enumerate(leaves):
        weak = isinstance(leaf, (bool, int, float)) and not isinstance(leaf, np.generic)
        like = before[1][i] if weak and i < len(before[1]) else None
        after.append(np.asarray(leaf, like.dtype) if like is not None else array_of(subject, leaf))
    check_same(subject, ("init", "the body"), before, (structure, after))
    return _own(after)  # one array may be given twice, or be one around the loop


def _eager_fori(lower: int, upper: int, body: Any, structure: Any, leaves: list[Any]) -> Any:
    leaves = _own(leaves)
    for i in range(lower, upper):
        state = trees.unflatten(structure, map(_plain, leaves))
        leaves = _next("fori_loop", body(np.int64(i), state), (structure, leaves))
    return trees.unflatten(structure, map(_plain, leaves))


def while_loop(cond: Callable[[Any], Any], body: Callable[[Any], Any], init: Any) -> Any:
    """Apply ``state = body(state)`` while ``cond(state)`` holds.

    Args:
        cond: takes the state, gives one bool.
        body: takes the state, gives the next one.
        init: the first state, as of ``fori_loop``.

    Returns:
        The first state for which ``cond`` does not hold. A loop that never ends can be interrupted
        (Ctrl-C).

    Raises:
        TraceError, ShapeError, DTypeError: as ``fori_loop``; ``cond`` gives no single bool.

    Example:
        >>> f = bafe.jit(lambda n: bafe.while_loop(lambda s: s * s < n, lambda s: s + 1, 0))
        >>> int(f(30))
        6
    """
    check_callable("while_loop", "cond", cond)
    check_callable("while_loop", "body", body)
    structure, leaves = flat("while_loop", init)
    tracer = tracer_of(leaves)
    if tracer is None:
        return _eager_while(cond, body, structure, leaves)
    loop = Loop("while_loop", tracer, leaves)
    begins = _flag("while_loop", tracer, cond(trees.unflatten(structure, iter(loop.states))))
    state = trees.unflatten(structure, iter(loop.state_inputs))
    given = loop.body.run(body, (state,))
    after, roots = loop.body.lifted("while_loop", given, loop.state_inputs)
    before = (structure, loop.state_inputs)
    check_same("while_loop", ("init", "the body"), before, (after, roots))
    held = loop.body.run(cond, (trees.unflatten(structure, iter(roots)),))
    roots.append(_flag("while_loop", loop.body.tracer, held))
    last = _t._call("where", (begins, np.int64(_MOST), np.int64(0)))
    return trees.unflatten(structure, iter(loop.close((0, last), roots, 0, 1)))


def _flag(subject: str, tracer: Tracer, value: Any) -> Tensor:
    """One bool, as a tensor."""
    value = value if hasattr(value, "tracer") else np.asarray(value)[()]
    found = tracer.lift(value)
    if found.shape != () or found._dtype != "bool":
        raise wrong(subject, f"the condition is {text_of(found)}", "give one bool: x.any(), x < 1")
    return found


def _eager_flag(subject: str, value: Any) -> bool:
    value = np.asarray(value)
    if value.shape != () or value.dtype != bool:
        raise wrong(subject, f"the condition is {text_of(value)}", "give one bool: x.any(), x < 1")
    return bool(value)


def _eager_while(cond: Any, body: Any, structure: Any, leaves: list[Any]) -> Any:
    leaves = _own(leaves)
    state = trees.unflatten(structure, map(_plain, leaves))
    while _eager_flag("while_loop", cond(state)):
        leaves = _next("while_loop", body(state), (structure, leaves))
        state = trees.unflatten(structure, map(_plain, leaves))
    return state


def scan(
    f: Callable[[Any, Any], Any], init: Any, xs: Any = None, length: int | None = None
) -> tuple[Any, Any]:
    """Carry a state over the rows of arrays and stack what every step gives.

    Args:
        f: takes the state and one row of ``xs``, gives the next state and a result (or None).
        init: the first state, as of ``fori_loop``.
        xs: arrays of one length, put together in any way; row k of each is ``x[k]``. None: the rows
            are None, and ``length`` says how many steps there are.
        length: the number of steps; may be left out where ``xs`` says it.

    Returns:
        The last state, and the results of all steps stacked along a new first axis.

    Raises:
        TraceError: no length, or different ones; ``f`` gives no pair.
        ShapeError, DTypeError: as ``fori_loop``.

    Example:
        >>> f = bafe.jit(lambda x: bafe.scan(lambda total, row: (total + row, total), 0.0, x))
        >>> total, before = f(np.array([1.0, 2.0, 3.0]))
        >>> float(total), before
        (6.0, array([0., 1., 3.]))
    """
    check_callable("scan", "f", f)
    structure, leaves = flat("scan", init)
    row_structure, sequences = flat("scan", xs)
    steps = _steps(sequences, row_structure, length)
    tracer = tracer_of([*leaves, *sequences])
    if tracer is None:
        return _eager_scan(f, (structure, leaves), (row_structure, sequences), steps)
    loop = Loop("scan", tracer, leaves, sequences)
    state = trees.unflatten(structure, iter(loop.state_inputs))
    row = trees.unflatten(row_structure, iter(loop.row_inputs))
    given, result = _pair(loop.body.run(f, (state, row)))
    after, roots = loop.body.lifted("scan", given, loop.state_inputs)
    before = (structure, loop.state_inputs)
    check_same("scan", ("init", "the body"), before, (after, roots))
    result_structure, rows = loop.body.lifted("scan", result)
    made = loop.close((0, steps), [*roots, *rows], steps, 0)
    count = len(roots)
    return (
        trees.unflatten(structure, iter(made[:count])),
        trees.unflatten(result_structure, iter(made[count:])),
    )


def _steps(sequences: Sequence[Any], structure: Any, length: Any) -> int:
    lengths = []
    for i, leaf in enumerate(sequences):
        if len(leaf.shape) == 0:
            path = path_of(structure, i, "xs")
            raise wrong("scan", f"{path} has no axis to scan along", "give it a first axis")
        lengths.append(int(leaf.shape[0]))
    if length is not None:
        length = _t._index("scan", "length", length)
    known = [*lengths, *([length] if length is not None else [])]
    if not known:
        raise wrong("scan", "neither xs nor length is given", "pass arrays, or length=10")
    if len(set(known)) > 1 or known[0] < 0:
        told = ", ".join(f"{path_of(structure, i, 'xs')} {n}" for i, n in enumerate(lengths))
        given = "" if length is None else f"{', ' if told else ''}length {length}"
        raise wrong("scan", f"the lengths differ: {told}{given}", "scan arrays of one length")
    return known[0]


def _pair(value: Any) -> Any:
    if isinstance(value, tuple) and len(value) == 2:
        return value
    raise wrong("scan", f"f gives a {type(value).__name__}", "return the pair (state, result)")


def _eager_scan(f: Any, state: tuple[Any, list[Any]], xs: tuple[Any, list[Any]], steps: int) -> Any:
    structure, leaves = state
    leaves = _own(leaves)
    rows: list[list[Any]] = []
    result_structure: Any = None
    # With no step to run, one on zeros tells what the results are.
    for k in range(steps) if steps else (None,):
        row = [
            _plain(np.array(x[k] if k is not None else np.zeros_like(x, shape=x.shape[1:])))
            for x in xs[1]
        ]
        arguments = map(_plain, leaves if k is not None else _own(leaves))
        given, result = _pair(
            f(trees.unflatten(structure, arguments), trees.unflatten(xs[0], iter(row)))
        )
        result_structure, parts = flat("scan", result)
        rows.append(_own(parts))
        after = _next("scan", given, (structure, leaves))
        leaves = after if k is not None else leaves
    for parts in rows:
        check_same("scan", ("the first result", "a later one"), (0, rows[0]), (0, parts))
    stacked = [np.stack([parts[i] for parts in rows])[:steps] for i in range(len(rows[0]))]
    last = trees.unflatten(structure, map(_plain, leaves))
    return last, trees.unflatten(result_structure, iter(stacked))


def cond(
    pred: Any, true_fn: Callable[..., Any], false_fn: Callable[..., Any], *operands: Any
) -> Any:
    """Give ``true_fn(*operands)`` where ``pred`` holds, else ``false_fn(*operands)``.

    In a traced function both are traced, and only the one that ``pred`` chooses runs.

    Args:
        pred: one bool, of Python, NumPy or the trace.
        true_fn: a function of the operands.
        false_fn: another, with results of the same shapes and dtypes.
        *operands: arrays, numbers and tuples, lists, dicts … of them; what a function writes into
            them stays there.

    Returns:
        The results of the function chosen.

    Raises:
        TraceError: ``pred`` is no single bool, or the results are put together differently.
        ShapeError, DTypeError: a leaf of the results differs.

    Example:
        >>> f = bafe.jit(lambda x: bafe.cond(x.sum() > 0, lambda v: v, lambda v: -v, x))
        >>> f(np.array([-1.0, -2.0]))
        array([1., 2.])
    """
    check_callable("cond", "true_fn", true_fn)
    check_callable("cond", "false_fn", false_fn)
    structure, leaves = flat("cond", operands)
    tracer = tracer_of([pred, *leaves])
    if tracer is None or not hasattr(pred, "tracer"):
        return (true_fn if _eager_flag("cond", pred) else false_fn)(*_copies(operands))
    flag = _flag("cond", tracer, pred)
    given = [tracer.lift(leaf) for leaf in leaves]
    bodies: list[Any] = []
    results: list[Any] = []
    for fn in (true_fn, false_fn):
        body = Body(tracer)
        inputs = body.parameters("x", [type_of(t) for t in given])
        for outer in bodies[0].tracer.outer if bodies else ():
            body.tracer._outside(outer)  # so that both take the same in one order
        value = body.run(fn, trees.unflatten(structure, iter(inputs)))
        results.append(body.lifted("cond", value, results[0][1] if results else ()))
        bodies.append(body)
    check_same("cond", ("true_fn", "false_fn"), *results)
    captured = bodies[1].tracer.outer
    for outer in captured[len(bodies[0].tracer.outer) :]:
        bodies[0].tracer._outside(outer)
    programs = [body.finish(roots) for body, (_, roots) in zip(bodies, results)]
    indices = [t._index for t in (flag, *given, *captured)]
    made = tracer.trace.control("cond", indices, programs, [], user_loc())
    return trees.unflatten(results[0][0], (tracer.tensor(index) for index in made))


def _copies(operands: Any) -> Any:
    """The operands in memory of their own, as a traced branch has them."""
    leaves: list[Any] = []
    structure = trees.flatten(operands, leaves)
    for i, leaf in enumerate(leaves):
        if isinstance(leaf, np.ndarray):
            leaves[i] = np.array(leaf)
        elif isinstance(leaf, Tensor):
            leaves[i] = leaf._copied()
    return trees.unflatten(structure, iter(leaves))


__all__ = ["cond", "fori_loop", "scan", "while_loop"]
