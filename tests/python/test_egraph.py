"""E-graphs from Python: files, searches, costs of one's own."""

import itertools
import json
import math

import bafe
import numpy as np
import pytest


def write(path, nodes, roots):
    rows = {
        name: {"op": op, "eclass": cls, "children": children, "cost": cost}
        for name, op, cls, children, cost in nodes
    }
    path.write_text(json.dumps({"nodes": rows, "root_eclasses": roots}))


@pytest.fixture
def shared(tmp_path):
    path = tmp_path / "shared.json"
    nodes = [
        ("s", "s", "S", [], 10.0),
        ("a", "a", "A", ["s"], 1.0),
        ("b", "b", "B", ["s"], 1.0),
        ("f", "f", "R", ["a", "b"], 1.0),
        ("g", "g", "R", ["t"], 0.0),
        ("t", "t", "T", [], 14.0),
        ("loop", "loop", "S", ["a"], 0.0),
    ]
    write(path, nodes, ["R"])
    return path


def test_a_shared_class_is_paid_once(shared):
    found = bafe.egraph.load(shared).extract()
    assert found.cost == found.lower_bound == 13
    assert found.optimal and found.gap == 0
    assert found.choices == {"S": "s", "A": "a", "B": "b", "R": "f"}
    assert "style=filled" in found.dot


def test_saving_and_loading_keeps_everything(shared, tmp_path):
    first = bafe.egraph.load(shared)
    first.save(tmp_path / "again.json")
    second = bafe.egraph.load(tmp_path / "again.json")
    # A child is a class in memory; which node of the class names it may differ.
    assert second.nodes == first.nodes
    assert second.roots == first.roots and second.dumps() == first.dumps()
    assert (second.num_nodes, second.num_classes) == (7, 5)


def test_functions_of_the_module_do_what_the_methods_do(shared, tmp_path):
    graph = bafe.egraph.load(shared)
    bafe.egraph.save(graph, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_text() == graph.dumps()
    assert bafe.egraph.extract(graph) == graph.extract()
    assert bafe.egraph.extract(graph, roots=["A", "T"], cost=lambda n: 1.0, work=1000).cost == 3
    assert {"save", "extract"} <= set(bafe.egraph.__all__)


def test_a_key_that_is_there_twice_is_refused(tmp_path):
    path = tmp_path / "twice.json"
    path.write_text('{"nodes": {"a": {"op": "x", "eclass": "1"}, "a": {"op": "y", "eclass": "1"}}}')
    with pytest.raises(bafe.ParseError, match='twice.json: egraph: "nodes" has the key "a" twice'):
        bafe.egraph.load(path)


def test_an_extraction_needs_a_root_and_a_node():
    graph = bafe.egraph.loads('{"nodes": {"a": {"op": "x", "eclass": "1", "cost": 2}}}')
    for roots in (None, []):
        with pytest.raises(bafe.ParseError, match=r"fix: pass roots=\[...\]"):
            graph.extract(roots=roots)
    assert graph.extract(roots=["1"]).cost == 2
    with pytest.raises(bafe.ParseError, match="no nodes"):
        bafe.egraph.loads('{"nodes": {}, "root_eclasses": []}').extract()


def test_a_class_without_a_program_is_named_as_in_the_file():
    graph = bafe.egraph.loads(
        '{"nodes": {"a": {"op": "x", "eclass": "1", "children": ["a"]}}, "root_eclasses": ["1"]}'
    )
    with pytest.raises(bafe.ParseError, match='root class "1" has no program of finite cost'):
        graph.extract()


def test_costs_and_roots_of_ones_own(shared):
    graph = bafe.egraph.load(shared)
    dear = graph.extract(cost=lambda node: math.inf if node.op == "f" else node.cost)
    assert dear.cost == 14 and dear.choices["R"] == "g"
    assert graph.extract(roots=["A", "T"]).cost == 25
    with pytest.raises(bafe.ParseError, match=r'node "f" \(f\) costs nan'):
        graph.extract(cost=lambda node: math.nan if node.op == "f" else node.cost)
    with pytest.raises(bafe.ParseError, match="no program of finite cost"):
        graph.extract(cost=lambda node: math.inf)
    with pytest.raises(bafe.ParseError, match='no class "X"'):
        graph.extract(roots=["X"])


def test_damaged_files_name_themselves(tmp_path):
    path = tmp_path / "bad.json"
    path.write_text("{")
    with pytest.raises(bafe.ParseError, match="bad.json"):
        bafe.egraph.load(path)
    with pytest.raises(OSError):
        bafe.egraph.load(tmp_path / "absent.json")


def cheapest(nodes, roots):
    by_class = {}
    for node in nodes:
        by_class.setdefault(node[2], []).append(node)
    cls_of = {node[0]: node[2] for node in nodes}
    best = math.inf
    for choice in itertools.product(*by_class.values()):
        chosen = {node[2]: node for node in choice}
        paid, open_ = {}, set()

        def visit(cls, chosen=chosen, paid=paid, open_=open_):
            if cls in paid:
                return True
            if cls in open_:
                return False
            open_.add(cls)
            if not all(visit(cls_of[child]) for child in chosen[cls][3]):
                return False
            paid[cls] = chosen[cls][4]
            return True

        if all(visit(root) for root in roots):
            best = min(best, sum(paid.values()))
    return best


def test_random_files_against_brute_force(tmp_path):
    random = np.random.default_rng(11)
    path = tmp_path / "random.json"
    for _ in range(150):
        names = [(f"{c}_{i}", str(c)) for c in range(5) for i in range(1 + random.integers(3))]
        nodes = [
            (
                name,
                name,
                cls,
                [names[j][0] for j in random.integers(len(names), size=random.integers(3))],
                float(random.integers(9)),
            )
            for name, cls in names
        ]
        roots = sorted({str(c) for c in random.integers(5, size=2)})
        write(path, nodes, roots)
        best = cheapest(nodes, roots)
        graph = bafe.egraph.load(path)
        if best == math.inf:
            with pytest.raises(bafe.ParseError):
                graph.extract()
        else:
            found = graph.extract()
            assert found.optimal and found.cost == pytest.approx(best, rel=1e-9)


def test_the_egraph_of_a_search():
    a = np.ones((64, 64), np.float32)
    f = bafe.jit(lambda a, b, v: (a @ b) @ v)
    graph = bafe.egraph.of(f, a, a, a[:, :1])
    found = graph.extract()
    products = [n for n in graph.nodes if n.name in found.choices.values() and n.op == "matmul"]
    assert found.optimal and len(products) == 2
    assert bafe.egraph.loads(graph.dumps()).extract().cost == found.cost
    assert "f32[64, 64]" in graph.dot()
    with pytest.raises(bafe.TraceError, match="not a jitted function"):
        bafe.egraph.of(lambda x: x, a)
