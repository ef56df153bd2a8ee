"""Network graphs: search time, predicted and measured speed-up over the program as written.

Weights are arguments in one row and constants of the program in the next. Fails when the median
search of a row takes as long as promised or longer.
"""

import os
import statistics
from typing import Any, Callable

import bafe
import numpy as np
from bafe.testing import largest_error, time_together
from graphs import ALL
from graphs.weights import Graph
from report import console, machine
from rich.table import Table

SEARCHES = 5
LIMIT_MS = 300


def frozen(weights: Any) -> Any:
    """Weights as constants of the program, nested as they were."""
    if isinstance(weights, np.ndarray):
        return bafe.constant(weights)
    return [frozen(weight) for weight in weights]


def without_weights(graph: Graph) -> Callable[..., Any]:
    """Give the function of the activations alone."""
    constants = frozen(graph.weights)
    return lambda *activations: graph.function(*activations, *constants)


def as_written(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Callable[..., Any]:
    """Compile without rewrites and with every value stored by rows."""
    compiled = bafe.jit(function, threads=1, tier="compiled", rewrite=False)
    os.environ["BAFE_LAYOUTS"] = "row"
    try:
        compiled.compile(*arguments)
    finally:
        os.environ.pop("BAFE_LAYOUTS")
    return compiled


def add_row(
    table: Table,
    title: str,
    function: Callable[..., Any],
    arguments: tuple[Any, ...],
    reference: Callable[[], Any],
) -> float:
    """Search, check, time, and add what was found; give the median milliseconds of a search."""
    chosen = bafe.jit(function, threads=1, tier="compiled")
    written = as_written(function, arguments)
    found = chosen.explain(*arguments).to_dict()
    search_ms = statistics.median(chosen.search_stats(*arguments).ms for _ in range(SEARCHES))
    want = reference()
    error = max(largest_error(run(*arguments), want) for run in (chosen, written))
    assert error <= 1e-4, f"{title}: error {error}"
    times = time_together(
        {
            "numpy": reference,
            "written": lambda: written(*arguments),
            "chosen": lambda: chosen(*arguments),
        },
        rounds=11,
        sample_ms=5,
    )
    table.add_row(
        title,
        f"{search_ms:.1f}",
        str(found["stats"]["nodes_after"]),
        f"{found['predicted_ns_as_written'] / found['predicted_ns']:.2f}",
        f"{times['written'].ms / times['chosen'].ms:.2f}",
        f"{times['chosen'].ms * 1e3:.0f}",
        f"{times['numpy'].ms / times['chosen'].ms:.2f}",
        f"{error:.1e}",
    )
    return search_ms


def main() -> int:
    """Print one table; give 1 when a search took too long."""
    slow = []
    table = Table(title=f"graphs · {machine()} · one thread")
    table.add_column("graph")
    for name in (
        f"search ms (< {LIMIT_MS})",
        "nodes",
        "predicted gain",
        "measured gain",
        "µs",
        "NumPy / BAFE",
        "largest error",
    ):
        table.add_column(name, justify="right")
    for module in ALL:
        graph = module.build(np.random.default_rng(1))
        arguments = graph.activations + graph.weights
        reference = lambda g=graph, a=arguments: g.function(*a)  # noqa: E731
        found = {module.NAME: add_row(table, module.NAME, graph.function, arguments, reference)}
        if graph.weights:
            title = "  its weights constant"
            frozen_ms = add_row(table, title, without_weights(graph), graph.activations, reference)
            found[f"{module.NAME}, its weights constant"] = frozen_ms
        slow += [f"{title}: {ms:.0f} ms" for title, ms in found.items() if ms >= LIMIT_MS]
    console().print(table)
    for line in slow:
        console().print(f"graphs: a search takes {LIMIT_MS} ms or more: {line}")
    return 1 if slow else 0


if __name__ == "__main__":
    raise SystemExit(main())
