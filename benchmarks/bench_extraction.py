"""Extraction of the e-graphs in a folder: cost, bound, gap and time of each, against references.

The folder is the first argument, or BAFE_EXTRACTION_GYM, or ``shared/extraction-gym`` next to the
repository. ``reference.json`` in it, if there is one, gives the costs of other extractors.
"""

import json
import os
import sys
import time
from pathlib import Path

import bafe
from rich.console import Console
from rich.table import Table


def folder() -> Path:
    """Find the folder of e-graphs."""
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("BAFE_EXTRACTION_GYM")
    return Path(given) if given else Path(__file__).resolve().parents[2] / "shared/extraction-gym"


def references(root: Path) -> dict[str, dict[str, dict[str, float]]]:
    """Read the costs that other extractors reach."""
    path = root / "reference.json"
    return json.loads(path.read_text())["results"] if path.exists() else {}


def cost_of_choice(graph: bafe.egraph.EGraph, choices: dict[str, str]) -> float:
    """Price a choice anew, each node once; fails on a hole or a cycle."""
    nodes = {node.name: node for node in graph.nodes}
    state: dict[str, int] = {}
    total = 0.0
    stack = list(graph.roots)
    while stack:
        name = stack[-1]
        if name not in state:
            state[name] = 1
            node = nodes[choices[name]]
            total += node.cost
            for child in node.children:
                assert state.get(child) != 1, f"class {child} needs itself"
                if child not in state:
                    stack.append(child)
        else:
            state[name] = 2
            stack.pop()
    return total


def main() -> int:
    root = folder()
    files = sorted(p for p in root.rglob("*.json") if p.name != "reference.json")
    if not files:
        print(f"extraction: no e-graphs in {root}; name a folder: ./run bench extraction DIR")
        return 0
    known = references(root)
    columns = ("nodes", "classes", "DAG cost", "bound", "gap", "best reference", "ratio", "ms")
    table = Table(title=f"extraction · {len(files)} e-graphs")
    table.add_column("file")
    for name in columns:
        table.add_column(name, justify="right")
    total_ms, worse = 0.0, []
    for path in files:
        name = path.relative_to(root).as_posix()
        begin = time.perf_counter()
        graph = bafe.egraph.load(path)
        loaded = time.perf_counter()
        found = graph.extract()
        ms = (time.perf_counter() - begin) * 1e3
        total_ms += ms
        assert abs(cost_of_choice(graph, found.choices) - found.cost) <= 1e-9 * (1 + found.cost)
        best = min((r["dag_cost"] for r in known.get(name, {}).values()), default=None)
        if best is not None and found.cost > best * (1 + 1e-9):
            worse.append(name)
        table.add_row(
            name,
            str(graph.num_nodes),
            str(graph.num_classes),
            f"{found.cost:.6f}",
            f"{found.lower_bound:.6f}",
            "proven" if found.optimal else f"{100 * found.gap:.1f} %",
            "" if best is None else f"{best:.6f}",
            "" if best is None else f"{found.cost / best:.4f}",
            f"{ms:.1f} ({(loaded - begin) * 1e3:.1f} read)",
        )
    console = Console(width=150)
    console.print(table)
    console.print(f"whole set {total_ms / 1e3:.2f} s; above a reference: {worse or 'none'}")
    return 1 if worse else 0


if __name__ == "__main__":
    raise SystemExit(main())
