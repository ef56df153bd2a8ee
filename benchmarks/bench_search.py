"""Search times against their promises: long chains and sums, repeated layers, time budgets.

Fails when a median misses its promise.
"""

import statistics
from typing import Any, Callable

import bafe
import numpy as np
from graphs import layers
from report import console, machine
from rich.table import Table

ROUNDS = 7
BUDGETS_MS = (1, 5, 20, 100, 500)
rng = np.random.default_rng(5)


def search_ms(function: Callable[..., Any], arguments: tuple[Any, ...], **options: Any) -> float:
    """Give the median milliseconds of a search, the first left out."""
    jitted = bafe.jit(function, threads=1, **options)
    times = [jitted.search_stats(*arguments).ms for _ in range(ROUNDS + 1)]
    return statistics.median(times[1:])


def matrix(rows: int, columns: int) -> np.ndarray:
    """Give a dense matrix: zeros would be noticed."""
    return rng.standard_normal((rows, columns), dtype=np.float32)


def chain(*matrices: Any) -> Any:
    """Multiply from the left, as written."""
    result = matrices[0]
    for other in matrices[1:]:
        result = result @ other
    return result


def sum_of_products(lefts: list[Any], rights: list[Any]) -> Any:
    """Add up 60 products with common factors."""
    return sum(
        (lefts[i % len(lefts)] @ rights[i % len(rights)] for i in range(1, 60)),
        lefts[0] @ rights[0],
    )


class Promises:
    """Rows of measured values beside what they are promised to stay below."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.missed: list[str] = []

    def add(self, title: str, value: float, limit: float | None = None, unit: str = "ms") -> None:
        """Add a row; without a limit it is shown only."""
        self.table.add_row(
            title, f"{value:.2f} {unit}", "-" if limit is None else f"<= {limit:.1f} {unit}"
        )
        if limit is not None and value > limit:
            self.missed.append(f"{title}: {value:.2f} {unit} instead of {limit:.1f} {unit}")


def long_programs(promises: Promises) -> None:
    """Chains and sums that are grouped by computation."""
    sizes = rng.integers(10, 1000, 81)
    matrices = tuple(matrix(int(a), int(b)) for a, b in zip(sizes, sizes[1:]))
    promises.add("chain of 80 matrices", search_ms(chain, matrices), 50)
    for lefts, rights in ((7, 11), (1, 60), (60, 60)):
        arguments = (
            [matrix(200, 200) for _ in range(lefts)],
            [matrix(200, 200) for _ in range(rights)],
        )
        title = f"sum of 60 products, {lefts} left and {rights} right factors"
        promises.add(title, search_ms(sum_of_products, arguments), 50)


def repeated_layers(promises: Promises) -> None:
    """Equal layers are searched once."""
    times = {}
    for count in (1, 24):
        graph = layers.build(rng, count)
        times[count] = search_ms(graph.function, graph.activations + graph.weights)
        promises.add(f"{count} equal layers", times[count])
    promises.add("24 layers / 1 layer", times[24] / times[1], 2, "times")


def budgets(promises: Promises) -> None:
    """Time budgets on a program whose deep search is long."""
    graph = layers.build(rng, 2)
    arguments = graph.activations + graph.weights
    for budget in BUDGETS_MS:
        used = search_ms(graph.function, arguments, time_budget_ms=budget)
        promises.add(f"budget of {budget} ms", used, budget * 1.1 + 2)


def main() -> int:
    """Print one table; give 1 when a promise was missed."""
    table = Table(title=f"search · {machine()} · one thread")
    table.add_column("program")
    table.add_column("median", justify="right")
    table.add_column("promise", justify="right")
    promises = Promises(table)
    long_programs(promises)
    repeated_layers(promises)
    budgets(promises)
    console().print(table)
    for line in promises.missed:
        console().print(f"search: a promise is missed: {line}")
    return 1 if promises.missed else 0


if __name__ == "__main__":
    raise SystemExit(main())
