"""Rules of the user's own are proven when they are added; what unproven ones make stays private."""

import os
import time
from pathlib import Path

import bafe
import numpy as np
import pytest

TRUE = "(rule mine-{} (mul (add ?a ?a) {}) => (mul ?a {}) :class reals :when (is-float ?a))"
WRONG = "(rule swap (sub ?a ?b) => (sub ?b ?a) :class reals)"
# Distribution in a lattice: what normal forms leave to the solver.
SOLVED = """(rule lattice-{} (maximum (minimum ?a ?b) (minimum ?a ?c))
  => (minimum ?a (maximum ?b ?c)) :class finite)"""
OPEN = """(rule pythagoras-{} (add (square (sin (mul ?x {}))) (square (cos (mul ?x {})))) => 1
  :class reals :when (is-float ?x))"""


@pytest.fixture(autouse=True)
def _no_rule_stays():
    yield
    bafe.rules.reset()


def names():
    return {rule.name for rule in bafe.rules.all()}


def stamps():
    return sorted(Path(bafe.cache.info().dir).glob("*.stamp"))


def entries():
    bafe.cache.info()  # ends when every entry is a file
    return sorted(Path(bafe.cache.info().dir).rglob("*.bafe"))


def test_a_wrong_rule_is_refused_with_numbers():
    with pytest.raises(bafe.RuleError) as caught:
        bafe.rules.add(WRONG, "mine.rules")
    message = str(caught.value)
    assert message.startswith("mine.rules:1:1: rule swap: it is wrong")
    assert "left  =" in message and "fix:" in message
    assert "swap" not in names()


def test_a_rule_that_nothing_proves_is_taken_on_request_only():
    text = OPEN.format(3, 3, 3)
    with pytest.raises(bafe.RuleError, match="it is not proven") as caught:
        bafe.rules.add(text)
    assert "allow_unproven=True" in str(caught.value)
    bafe.rules.add(text, allow_unproven=True)
    assert "pythagoras-3" in names()


def test_one_wrong_rule_keeps_all_of_its_text_out():
    with pytest.raises(bafe.RuleError, match="swap"):
        bafe.rules.add(TRUE.format(1, 0.5, 1) + "\n" + WRONG)
    assert "mine-1" not in names()


def test_a_rule_without_a_match_is_refused():
    with pytest.raises(bafe.RuleError, match="never"):
        bafe.rules.add("(rule never (relu ?x) => ?x :when (= (rank ?x) 1) (= (rank ?x) 2))")


def test_a_proof_costs_once():
    text = TRUE.format(2, 0.25, 0.5)
    before = stamps()
    bafe.rules.add(text)
    (stamp,) = set(stamps()) - set(before)
    assert stamp.stat().st_mode & 0o777 == 0o600
    bafe.rules.reset()
    written = stamp.stat().st_mtime_ns
    begin = time.perf_counter()
    bafe.rules.add(text)
    assert time.perf_counter() - begin < 5  # no hang; it was read
    assert stamp.stat().st_mtime_ns == written


@pytest.mark.parametrize("damage", ["cut", "other", "proof of another"])
def test_a_damaged_stamp_is_not_believed(damage):
    text = TRUE.format(4, 2, 4)
    before = stamps()
    bafe.rules.add(text)
    (stamp,) = set(stamps()) - set(before)
    good = stamp.read_text()
    bad = {
        "cut": good[: len(good) // 2],
        "other": "{}",
        "proof of another": good.replace("mine-4", "mine-5"),
    }[damage]
    stamp.write_text(bad)
    bafe.rules.reset()
    bafe.rules.add(text)  # proven again
    # All but the last word, which is how long the proof took.
    assert stamp.read_text().rsplit(maxsplit=1)[0] == good.rsplit(maxsplit=1)[0]
    stamp.unlink()


def test_a_forged_stamp_of_a_wrong_rule_is_found_out(tmp_path):
    before = stamps()
    bafe.rules.add(TRUE.format(6, 2, 4))
    (stamp,) = set(stamps()) - set(before)
    for path in (stamp, stamp.with_name("0" * 64 + ".stamp")):
        path.write_text(stamp.read_text())
    with pytest.raises(bafe.RuleError):
        bafe.rules.add(WRONG)
    stamp.with_name("0" * 64 + ".stamp").unlink()


def test_what_unproven_rules_make_is_never_a_file(rng):
    bafe.rules.add(OPEN.format(7, 7, 7), allow_unproven=True)
    x = rng.standard_normal((64, 3)).astype(np.float32)
    before = entries()
    f = bafe.jit(lambda a: np.sin(a * 7) ** 2 + np.cos(a * 7) ** 2 + 0.25)
    np.testing.assert_allclose(f(x), 1.25, rtol=1e-6)
    assert entries() == before
    bafe.rules.reset()
    g = bafe.jit(lambda a: np.sin(a * 7) ** 2 + np.cos(a * 7) ** 2 + 0.25)
    np.testing.assert_allclose(g(x), 1.25, rtol=1e-6)
    assert len(entries()) > len(before)  # the same program, by the rules that are proven


def test_what_proven_rules_make_is_shared():
    bafe.rules.add(TRUE.format(8, 0.125, 0.25))
    before = entries()
    f = bafe.jit(lambda a: (a + a) * 0.125 - 3.5)
    assert f(np.float32([8.0]))[0] == -1.5
    assert len(entries()) > len(before)


def test_without_the_solver_no_rule_that_needs_it_is_taken(monkeypatch):
    text = SOLVED.format(9)
    monkeypatch.setenv("BAFE_SMT", "/nonexistent/bafe-smt")
    with pytest.raises(bafe.RuleError, match="bafe-smt"):
        bafe.rules.add(text)
    assert "lattice-9" not in names()
    monkeypatch.delenv("BAFE_SMT")
    bafe.rules.add(text)
    assert "lattice-9" in names()


def test_a_solver_that_dies_or_says_nonsense_proves_nothing(monkeypatch, tmp_path):
    text = SOLVED.format(10)
    bodies = ["kill -9 $$", "exit 3", "echo unsatisfactory", "head -c 100 >/dev/null; kill -9 $$"]
    for i, body in enumerate(bodies):
        fake = tmp_path / f"smt{i}"
        fake.write_text(f"#!/bin/sh\n{body}\n")
        fake.chmod(0o755)
        monkeypatch.setenv("BAFE_SMT", os.fspath(fake))
        with pytest.raises(bafe.RuleError, match="not proven"):
            bafe.rules.add(text)
