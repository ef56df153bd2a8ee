"""A benchmark that misses its promise fails, and says which."""

import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture
def suite(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))

    def load(name):
        monkeypatch.delitem(sys.modules, name, raising=False)
        return importlib.import_module(name)

    yield load
    for name in ("report", "run", "graphs", *(p.stem for p in BENCHMARKS.glob("bench_*.py"))):
        sys.modules.pop(name, None)


def test_every_suite_can_be_run_and_exit_codes_pass_through(suite, monkeypatch, capsys):
    run = suite("run")
    assert {f"bench_{name}.py" for name in run.SUITES} == {
        p.name for p in BENCHMARKS.glob("bench_*.py")
    }
    codes = {"bench_search.py": 3}
    done = []

    def fake(command, **_):
        done.append(Path(command[1]).name)
        return SimpleNamespace(returncode=codes.get(done[-1], 0))

    monkeypatch.setattr(run.subprocess, "run", fake)
    assert run.main(["search", "graphs"]) == 3
    assert done == ["bench_search.py", "bench_graphs.py"]
    assert "search failed with exit code 3" in capsys.readouterr().err
    assert run.main(["graphs"]) == 0


@pytest.mark.parametrize(("ms", "code"), [(0.5, 0), (70, 1)])
def test_search_fails_when_a_median_misses_its_promise(suite, monkeypatch, capsys, ms, code):
    bench = suite("bench_search")
    monkeypatch.setattr(bench, "search_ms", lambda *_, **__: ms)
    assert bench.main() == code
    missed = [line for line in capsys.readouterr().out.splitlines() if "is missed" in line]
    assert len(missed) == (7 if code else 0)  # the chain, three sums, budgets of 1, 5 and 20 ms


@pytest.mark.parametrize(("ms", "code"), [(299.0, 0), (300.0, 1)])
def test_graphs_fails_when_a_search_takes_too_long(suite, monkeypatch, ms, code):
    bench = suite("bench_graphs")
    monkeypatch.setattr(bench, "add_row", lambda *_: ms)
    monkeypatch.setattr(bench, "ALL", bench.ALL[:1])
    assert bench.main() == code


@pytest.fixture
def gym(tmp_path, suite, monkeypatch):
    """Run the suite over a folder of one e-graph whose cheapest choice costs 2."""
    bench = suite("bench_extraction")
    (tmp_path / "a.json").write_text(
        '{"nodes": {"a": {"op": "x", "eclass": "1", "cost": 2}}, "root_eclasses": ["1"]}'
    )
    monkeypatch.setattr(sys, "argv", ["bench_extraction.py", str(tmp_path)])

    def run(costs, limit_s=10):
        monkeypatch.setattr(bench, "LIMIT_S", limit_s)
        rows = {name: {"greedy": {"dag_cost": cost}} for name, cost in costs.items()}
        (tmp_path / "reference.json").write_text(json.dumps({"results": rows}))
        return bench.main()

    return run


def test_extraction_fails_above_a_reference_and_beyond_its_time(gym, capsys):
    assert gym({"a.json": 2}) == 0
    assert gym({"a.json": 1.5}) == 1
    assert gym({"a.json": 2}, limit_s=0) == 1
    assert "not below the promised 0 s" in capsys.readouterr().out


def test_extraction_reports_files_without_a_reference_and_the_reverse(gym, capsys):
    assert gym({"b.json": 2}) == 1
    out = capsys.readouterr().out
    assert "not in reference.json: a.json" in out
    assert "in reference.json without a file: b.json" in out


def test_extraction_of_an_empty_folder_is_an_error(suite, monkeypatch, tmp_path, capsys):
    bench = suite("bench_extraction")
    monkeypatch.setattr(sys, "argv", ["bench_extraction.py", str(tmp_path)])
    assert bench.main() == 1
    assert "no e-graphs in" in capsys.readouterr().out
