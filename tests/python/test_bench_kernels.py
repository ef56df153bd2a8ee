"""The benchmark beside peers measures what it says: programs, tolerances, ratios, losses."""

import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"


@pytest.fixture(autouse=True)
def benchmarks(monkeypatch):
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    yield
    for name in set(sys.modules) - before:
        if name == "laab" or name.split(".")[0] == "kernels":
            del sys.modules[name]


def all_programs():
    from kernels import convolution, fused, gemm, movement, structured

    lists = (gemm.PROGRAMS, fused.PROGRAMS, movement.PROGRAMS, structured.PROGRAMS)
    return [program for programs in lists for program in programs] + convolution.programs()


def test_programs_have_names_of_their_own_and_gemm_has_sixty_cases_a_dtype():
    names = Counter((p.family, p.name) for p in all_programs())
    assert max(names.values()) == 1
    families = Counter(family for family, _ in names)
    assert families["gemm_f32"] >= 60
    assert families["gemm_f64"] >= 60


def test_small_programs_agree_with_numpy_within_the_tolerance():
    from kernels import gemm, peers
    from kernels.case import reference
    from kernels.program import tolerance

    for program in [p for p in gemm.PROGRAMS if p.family == "small"][::4]:
        arrays = program.arrays()
        calls = peers.calls_of(program, arrays, 1, {"numpy", "bafe"})
        want = reference(program, arrays)
        for call in calls.values():
            got = call()
            allowed = tolerance(program, got.dtype) * np.abs(want).max()
            assert np.abs(got - want).max() <= allowed, program.name


def test_a_wrong_result_lies_outside_the_tolerance():
    from kernels import gemm
    from kernels.program import tolerance

    program = next(p for p in gemm.PROGRAMS if p.name == "64x64x64")
    assert 1e-7 < tolerance(program, np.dtype(np.float32)) < 1e-4
    assert tolerance(program, np.dtype(np.int64)) == 0


def test_medians_come_from_rounds_in_turns(monkeypatch):
    from kernels import rounds

    monkeypatch.setattr(rounds, "SAMPLE_S", 0.0)
    order = []
    calls = {name: (lambda name=name: order.append(name)) for name in "ab"}
    found = rounds.time_in_turns(calls, threads=1, rounds=4, limit_s=10)
    assert set(found) == {"a", "b"}
    assert all(us > 0 for us in found.values())
    assert order[-16:] == ["a", "a", "b", "b", "b", "b", "a", "a"] * 2  # one of two is counted


def test_the_limit_of_a_program_is_the_slower_of_arithmetic_and_memory():
    from kernels.case import _limit

    assert _limit({"fma": 5.0}) == 5.0
    assert _limit({"plain": 4.0, "streaming": 3.0}) == 3.0
    assert _limit({"fma": 1.0, "plain": 4.0, "streaming": 3.0}) == 3.0


def test_probes_do_the_work_they_claim():
    from kernels import probe

    for name, one in probe.streams(1 << 20, 1 << 19, 2).items():
        one.call()
        assert one.share > 0.9, name
    assert probe.fma(True, 1e6, 1).share * 1e6 == 2 * 12 * 8 * 100_000


def case(name, ratio, family="fused", wrong=(), of_limit=1.0, limits_us=None):
    return {
        "family": family,
        "name": name,
        "ratio": ratio,
        "ratio_to_numpy": ratio,
        "wrong": list(wrong),
        "of_limit": of_limit,
        "limits_us": limits_us or {"fma": 1.0},
    }


def test_promises_that_are_missed_are_named():
    from kernels import table

    assert table.missed([case("a", 1.3), case("b", 1.3)]) == []
    assert any("a: 0.90" in line for line in table.missed([case("a", 0.9), case("b", 3.0)]))
    assert any("geomean 1.10" in line for line in table.missed([case("a", 1.1)]))
    assert any("outside" in line for line in table.missed([case("a", 2.0, wrong=["bafe"])]))
    assert table.missed([case("a", 2.0, wrong=["jax"])]) == []


def test_shares_of_the_machine_that_are_missed_are_named():
    from kernels import table

    def product(name, share):
        return case(name, 1.2, "gemm_f32", of_limit=share)

    def moved(share, us):
        return case("copy", 1.2, "movement", of_limit=share, limits_us={"plain": us, "fma": 2.0})

    (line,) = table.missed([product("1024x2048x1024 nt", 0.79)])
    assert "0.79 of the FMA peak" in line
    assert table.missed([product("1024x2048x1024 nt", 0.81)]) == []
    assert table.missed([product("1024x64x1024", 0.5)]) == []
    (line,) = table.missed([moved(0.84, 5e3)])
    assert "0.84 of the probe's bandwidth" in line
    assert table.missed([moved(0.86, 5e3)]) == table.missed([moved(0.5, 5.0)]) == []


def test_cases_are_kept_by_name(tmp_path, monkeypatch):
    from kernels import results

    monkeypatch.setattr(results, "FOLDER", tmp_path / "results")
    results.keep(1, [case("a", 1.0), case("b", 2.0)])
    results.keep(1, [case("b", 3.0)])
    assert [c["ratio"] for c in results.load(1)] == [1.0, 3.0]
    assert results.load(2) == []


def test_a_loss_is_the_part_of_the_avoidable_slowdown_that_is_left():
    import laab

    assert laab.loss(10, 10, 30) == 0
    assert laab.loss(9, 10, 30) == 0
    assert laab.loss(20, 10, 30) == 0.5
    assert laab.loss(40, 10, 30) == 1.5
    assert laab.loss(11, 10, 10.1) == pytest.approx(0.1)  # the bad one is not bad
    assert laab.loss(11, 10, 9) == pytest.approx(0.1)


def test_the_hand_and_the_bad_evaluation_mean_the_expression(monkeypatch):
    import laab

    pytest.importorskip("scipy")
    monkeypatch.setattr(laab, "N", 12)
    assert len(laab.EXPRESSIONS) == 18
    square = np.ones((2, 2))
    assert not np.shares_memory(laab._dense(square), square)
    for expression in laab.EXPRESSIONS:
        arrays = laab.program_of(expression).arrays()
        want = expression.run(np, *arrays)
        for evaluation in (expression.best, expression.bad):
            got = evaluation(*arrays)
            np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4, err_msg=expression.name)
