"""Branches and loops: the branch is chosen and loops are unrolled while tracing."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import surface as s
from bafe.onnx import kit
from bafe.onnx.registry import lowering

_MOST_TURNS = 10_000


def _run(n: Any, graph: Any, values: list[Any]) -> list[Any]:
    """Results of an inner graph, which sees the names around it."""
    from bafe.onnx.evaluation import Bound

    if len(values) > len(graph.input):
        n.malformed(f"{len(values)} values for {len(graph.input)} inputs of {graph.name!r}")
    scope = n.scope.new_child()
    for one, value in zip(graph.input, values):
        scope[one.name] = Bound(value, n.depends)
    frame = n.frame._replace(depth=n.frame.depth + 1)
    bounds = n.evaluation.run_graph(graph, scope, frame)
    n.depends = n.depends.union(*(bound.depends for bound in bounds))
    return [bound.value for bound in bounds]


def _tensor(value: Any) -> Any:
    """A value that BAFE's functions take."""
    from bafe.tracer import Constant

    return Constant(value) if isinstance(value, np.ndarray) else value


def _stacked(values: list[Any], axis: int) -> Any:
    if all(isinstance(value, np.ndarray) for value in values):
        return np.stack(values, axis)
    return s.stack([_tensor(value) for value in values], axis)


@lowering("If", raw=True)
def _if(n: Any, condition: Any) -> Any:
    branches = n.graph("then_branch"), n.graph("else_branch")
    chosen = branches[0] if bool(n.known(condition).ravel()[0]) else branches[1]
    return tuple(_run(n, chosen, []))


@lowering("Loop", raw=True)
def _loop(n: Any, count: Any = None, condition: Any = None, *carried: Any) -> Any:
    body = n.graph("body")
    turns = None if count is None else int(n.known(count).ravel()[0])
    going = True if condition is None else bool(n.known(condition).ravel()[0])
    values = list(carried)
    collected: list[list[Any]] = [[] for _ in range(len(body.output) - 1 - len(values))]
    turn = 0
    while going and (turns is None or turn < turns):
        if turn >= _MOST_TURNS:
            n.refuse(f"more than {_MOST_TURNS} turns are not supported", "make the loop shorter")
        given = condition if condition is not None else np.array(True)
        test, *made = _run(n, body, [np.array(turn, np.int64), given, *values])
        values = made[: len(values)]
        for one, value in zip(collected, made[len(values) :]):
            one.append(value)
        condition, turn = test, turn + 1
        if not isinstance(test, np.ndarray) and turn == turns:
            break
        going = bool(n.known(test).ravel()[0])
    return (*values, *(_collected(n, one, body, i) for i, one in enumerate(collected)))


def _collected(n: Any, values: list[Any], body: Any, at: int) -> Any:
    if not values:
        n.refuse("a loop of no turns whose results are collected", "make it run at least once")
    return _stacked(values, 0)


@lowering("Scan", since=9, raw=True)
def _scan(n: Any, *inputs: Any) -> Any:
    body, scanned = n.graph("body"), n.int("num_scan_inputs")
    states, sequences = list(inputs[: len(inputs) - scanned]), inputs[len(inputs) - scanned :]
    count = len(body.output) - len(states)
    axes = n.ints("scan_input_axes") or [0] * scanned
    turned = n.ints("scan_input_directions") or [0] * scanned
    out_axes = n.ints("scan_output_axes") or [0] * count
    out_turned = n.ints("scan_output_directions") or [0] * count
    axes = [n.axis(axis, len(kit.dims(x))) for axis, x in zip(axes, sequences)]
    lengths = {kit.dims(x)[axis] for axis, x in zip(axes, sequences)}
    if len(lengths) != 1 or not scanned:
        n.malformed(f"sequences of lengths {sorted(lengths)}")
    (length,) = lengths
    if not 0 < length <= _MOST_TURNS:
        n.refuse(f"sequences of length {length} are not supported")
    collected: list[list[Any]] = [[] for _ in range(count)]
    for turn in range(length):
        parts = []
        for x, axis, back in zip(sequences, axes, turned):
            at = length - 1 - turn if back else turn
            parts.append(x[(slice(None),) * axis + (at,)])
        made = _run(n, body, [*states, *parts])
        states = made[: len(states)]
        for one, value in zip(collected, made[len(states) :]):
            one.append(value)
    results = []
    for values, axis, back in zip(collected, out_axes, out_turned):
        rank = len(kit.dims(values[0])) + 1
        results.append(_stacked(values[::-1] if back else values, n.axis(axis, rank)))
    return (*states, *results)
