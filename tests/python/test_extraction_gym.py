"""The extraction gym, where it is at hand: small files of egg against the best known costs."""

import json
import os
from pathlib import Path

import bafe
import pytest

MOST_BYTES = 100_000
BESIDE = Path(__file__).resolve().parents[3] / "shared/extraction-gym"
GYM = Path(os.environ.get("BAFE_EXTRACTION_GYM") or BESIDE)
FILES = sorted(p for p in GYM.glob("egg/*.json") if p.stat().st_size < MOST_BYTES)
WHY_NOT = f"no e-graphs in {GYM}; name a folder in BAFE_EXTRACTION_GYM"


@pytest.fixture(scope="module")
def known():
    return json.loads((GYM / "reference.json").read_text())["results"]


def price(graph, choices):
    """Sum up the nodes that the roots reach, each once; a hole is a KeyError."""
    nodes = {node.name: node for node in graph.nodes}
    paid, todo = {}, list(graph.roots)
    while todo:
        name = todo.pop()
        if name not in paid:
            node = nodes[choices[name]]
            paid[name] = node.cost
            todo += node.children
    return sum(paid.values())


@pytest.mark.skipif(not FILES, reason=WHY_NOT)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_small_files_cost_no_more_than_the_best_known(path, known):
    best = min(row["dag_cost"] for row in known[f"egg/{path.name}"].values())
    graph = bafe.egraph.load(path)
    found = graph.extract()
    assert found.cost == pytest.approx(price(graph, found.choices), rel=1e-9)
    assert found.lower_bound <= best * (1 + 1e-9)
    assert found.cost <= best * (1 + 1e-9)
    assert found.optimal == (found.cost == found.lower_bound)
