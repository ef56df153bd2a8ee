"""Search budgets, regimes, and symbolic programs: ``optimize`` and ``graph_summary``."""

from __future__ import annotations

from collections import Counter
from typing import Any

from bafe import _core, arguments
from bafe.tensor import Tensor
from bafe.tracer import Tracer, _place

SearchBudget = _core.SearchBudget


@arguments.named
def make_search_budget(
    max_iters: int = 4,
    max_nodes: int = 256,
    max_rewrites: int = 64,
    time_budget_ms: float = 0,
    temperature: float = 1.0,
    seed: int = 0xBAFE5EED,
    enable_multi_pass: bool = True,
) -> Any:
    """Limit a search. The result has these seven attributes.

    Args:
        max_iters: stochastic passes.
        max_nodes: e-nodes; when the input alone exceeds it, only rules that do not grow the graph
        run.
        max_rewrites: accepted matches in all.
        time_budget_ms: 0 is no limit.
        temperature: of the Boltzmann acceptance.
        seed: of the stochastic passes.
        enable_multi_pass: False runs one pass of the classical sixteen rules.

    Raises:
        ShapeError: a number is negative.

    Example:
        >>> bafe.make_search_budget(max_iters=2).max_iters
        2
    """
    arguments.check_numbers(
        "make_search_budget", time_budget_ms=time_budget_ms, temperature=temperature
    )
    given = (max_iters, max_nodes, max_rewrites, time_budget_ms, temperature, seed)
    if any(value < 0 for value in given):
        raise _core.ShapeError(
            f"{_place()}make_search_budget: a limit is negative\n  fix: use 0 or more"
        )
    budget = SearchBudget()
    budget.max_iters, budget.max_nodes, budget.max_rewrites = max_iters, max_nodes, max_rewrites
    budget.time_budget_ms, budget.temperature, budget.seed = time_budget_ms, temperature, seed
    budget.enable_multi_pass = enable_multi_pass
    return budget


def _program(root: Any) -> Any:
    roots = list(root) if isinstance(root, (tuple, list)) else [root]
    for one in roots:
        if not isinstance(one, Tensor):
            raise _core.TraceError(
                f"{_place()}optimize: a {type(one).__name__} is not a tensor\n"
                "  fix: build the program from bafe.input(...), or use bafe.jit"
            )
    return roots[0].tracer.trace.finish_used([one._index for one in roots])


def optimize(root: Any, budget: Any = None, max_error_growth: float | None = None) -> Any:
    """Search for the cheapest equal program of symbolic tensors.

    Args:
        root: a tensor made from ``bafe.input``, or several.
        budget: a ``make_search_budget`` result.
        max_error_growth: as of ``jit``: 1.0 takes no program whose error factor is larger.

    Returns:
        A tensor (or a list) of the chosen program.

    Raises:
        TraceError: ``max_error_growth`` is no number of at least 1.

    Example:
        >>> a, b, v = bafe.input((64, 64)), bafe.input((64, 64)), bafe.input((64, 1))
        >>> print(bafe.graph_summary(bafe.optimize((a @ b) @ v)).splitlines()[-1])
        x @ (x @ x)
        >>> rows = bafe.reduce_sum(bafe.input((64, 64)), axes=(1,))
        >>> total = bafe.reduce_sum(rows)
        >>> print(bafe.graph_summary(bafe.optimize(total)).splitlines()[-1])
        squeeze(squeeze(sum(x, axes=(0,1)), axes=(1)), axes=(0))
        >>> print(bafe.graph_summary(bafe.optimize(total, max_error_growth=1)).splitlines()[-1])
        squeeze(sum(squeeze(sum(x, axes=(1)), axes=(1)), axes=(0)), axes=(0))
    """
    program = _program(root)
    options = _core.search_options("reals", budget, None, False, "auto", 0, False)
    _core.limit_error_growth(options, arguments.checked_growth("optimize", max_error_growth))
    found = _core.optimized(program, options)
    tracer = Tracer()
    inputs = [
        tracer.trace.input(name, dtype, shape, weak, layout)
        for name, dtype, shape, weak, layout in found.inputs()
    ]
    tensors = [tracer.tensor(i) for i in tracer.trace.inline_program(found, inputs)]
    return tensors if isinstance(root, (tuple, list)) else tensors[0]


def graph_summary(root: Any) -> str:
    """Describe a symbolic program: node count, operators, result types, one line of text.

    Example:
        >>> print(bafe.graph_summary(bafe.relu(bafe.input((2, 3), name="a"))))
        2 nodes: 1 input, 1 relu
        result: f32[2, 3]
        relu(a)
    """
    program = _program(root)
    names = Counter(program.op_names())
    counts = ", ".join(f"{count} {name}" for name, count in sorted(names.items()))
    types = ", ".join(program.root_types())
    return f"{sum(names.values())} nodes: {counts}\nresult: {types}\n{program.brief()}"


def pruning_regime_name(time_budget_ms: float | None = None, deep: bool = False) -> str:
    """Name the regime a time budget gives: greedy, light, beam or deep.

    Example:
        >>> bafe.pruning_regime_name(5)
        'light'
    """
    return _core.regime_name(time_budget_ms, deep)


def pruning_regime_beam_width(time_budget_ms: float | None = None, deep: bool = False) -> int:
    """Give the number of candidates the regime plans."""
    return _core.regime_beam_width(time_budget_ms, deep)


def pruning_regime_iters(time_budget_ms: float | None = None, deep: bool = False) -> int:
    """Give the number of rounds the regime saturates."""
    return _core.regime_iters(time_budget_ms, deep)
