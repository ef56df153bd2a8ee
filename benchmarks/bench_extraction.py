"""Extraction of the e-graphs in a folder: cost, bound, gap and time of each, against references.

The folder is the first argument, or BAFE_EXTRACTION_GYM, or ``shared/extraction-gym`` next to the
repository. ``reference.json`` in it, if there is one, gives the costs of other extractors; then
every file needs one there, no cost may be above the better of them, and the whole set is to take
less than ten seconds. A folder without e-graphs is an error.
"""

import json
import os
import sys
import time
from pathlib import Path

import bafe
from rich.console import Console
from rich.table import Table

BESIDE = Path(__file__).resolve().parents[2] / "shared/extraction-gym"
LIMIT_S = 10


def folder() -> Path:
    """Find the folder of e-graphs."""
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("BAFE_EXTRACTION_GYM")
    return Path(given) if given else BESIDE


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
    """Print one table; give 1 when a file is above a reference or has none, or the set is slow."""
    root = folder()
    if not root.exists() and root == BESIDE:
        print(f"extraction: skipped, there is no {root}; name a folder: ./run bench extraction DIR")
        return 0
    files = sorted(p for p in root.rglob("*.json") if p.name != "reference.json")
    if not files:
        print(f"extraction: no e-graphs in {root}; name a folder: ./run bench extraction DIR")
        return 1
    known = references(root)
    columns = ("nodes", "classes", "DAG cost", "bound", "gap", "best reference", "ratio", "ms")
    table = Table(title=f"extraction · {len(files)} e-graphs")
    table.add_column("file")
    for name in columns:
        table.add_column(name, justify="right")
    total_ms, worse, unknown = 0.0, [], []
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
        if best is None:
            unknown.append(name)
        elif found.cost > best * (1 + 1e-9):
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
    if not known:
        return 0
    absent = sorted(set(known) - {p.relative_to(root).as_posix() for p in files})
    slow = total_ms >= LIMIT_S * 1e3
    failures = {
        "not in reference.json": unknown,
        "in reference.json without a file": absent,
        f"not below the promised {LIMIT_S} s": ["the whole set"] if slow else [],
    }
    for what, names in failures.items():
        if names:
            console.print(f"extraction: {what}: {', '.join(names)}")
    return 1 if worse or any(failures.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
