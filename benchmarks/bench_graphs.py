"""Network graphs: search time, predicted and measured speed-up over the program as written."""

import statistics

import bafe
import numpy as np
from bafe.testing import largest_error, time_together
from graphs import ALL
from report import console, machine
from rich.table import Table

SEARCHES = 5

table = Table(title=f"graphs · {machine()} · one thread")
table.add_column("graph")
for name in (
    "search ms",
    "promise",
    "nodes",
    "predicted gain",
    "measured gain",
    "as written µs",
    "chosen µs",
    "NumPy / chosen",
    "largest error",
):
    table.add_column(name, justify="right")

for graph in ALL:
    function, arguments = graph.build(np.random.default_rng(1))
    chosen = bafe.jit(function, threads=1, tier="compiled")
    written = bafe.jit(function, threads=1, tier="compiled", rewrite=False)
    found = chosen.explain(*arguments).to_dict()
    search_ms = statistics.median(
        chosen.search_stats(*arguments).ms for _ in range(SEARCHES)
    )
    want = function(*arguments)
    error = max(
        largest_error(chosen(*arguments), want), largest_error(written(*arguments), want)
    )
    assert error <= 1e-4, f"{graph.NAME}: error {error}"
    times = time_together(
        {
            "numpy": lambda: function(*arguments),
            "written": lambda: written(*arguments),
            "chosen": lambda: chosen(*arguments),
        },
        rounds=11,
        sample_ms=5,
    )
    table.add_row(
        graph.NAME,
        f"{search_ms:.1f}",
        "< 300",
        str(found["stats"]["nodes_after"]),
        f"{found['predicted_ns_as_written'] / found['predicted_ns']:.2f}",
        f"{times['written'].ms / times['chosen'].ms:.2f}",
        f"{times['written'].ms * 1e3:.0f}",
        f"{times['chosen'].ms * 1e3:.0f}",
        f"{times['numpy'].ms / times['chosen'].ms:.2f}",
        f"{error:.1e}",
    )

console().print(table)
