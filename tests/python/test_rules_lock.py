"""rules.lock vouches for every rule that is written; what it says is what is searched with."""

from pathlib import Path

import bafe
import pytest
from bafe import _core

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "rules" / "rules.lock"
ENFORCED = "kLockIsEnforced = true" in (ROOT / "src" / "rules" / "rule_set.cpp").read_text()
stale_is_wrong = pytest.mark.skipif(
    not ENFORCED, reason="the lock may lag behind the rules until it is enforced"
)


@pytest.fixture(scope="module")
def text():
    return LOCK.read_text(encoding="utf-8")


def stamps(text):
    lines = [line.split() for line in text.splitlines() if not line.startswith(";")]
    return {words[0]: words for words in lines if len(words) == 5 and len(words[1]) == 32}


@stale_is_wrong
def test_every_written_rule_has_a_stamp_that_fits(text):
    problems = {name: _core.rules_lock_problem(text, name) for name in _core.written_rules()}
    wrong = {name: why for name, why in problems.items() if why}
    assert not wrong, f"{wrong}\n./run prove writes rules.lock again"


@stale_is_wrong
def test_the_lock_names_no_rule_that_is_gone(text):
    assert set(stamps(text)) <= set(_core.written_rules())


def test_what_is_searched_with_is_what_the_lock_vouches_for(text):
    in_force = {rule.name for rule in bafe.rules.all()}
    assert in_force == set(_core.written_rules())


@stale_is_wrong
def test_a_lock_of_the_same_proofs_is_the_same_text(text):
    proofs = [
        dict(name=n, status=w[2], engine=w[3], detail="", counterexample="", ms=float(w[4]) * 2)
        for n, w in stamps(text).items()
    ]
    solvers = next(line for line in text.splitlines() if line.startswith("solvers "))[8:]
    again = _core.rules_lock_text(proofs, solvers, text)
    assert again == text, "a time that is twice as long changes nothing"


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda t: t.replace("lock 1\n", "lock 2\n", 1), "form 2"),
        (lambda t: t.replace("operators ", "operator ", 1), "'operators"),
        (lambda t: t + "another line\n", "ascend"),
        (lambda t: "", "bafe-rules-lock"),
    ],
)
def test_a_broken_lock_says_its_place_and_the_fix(text, damage, message):
    with pytest.raises(bafe.ParseError, match=message) as caught:
        _core.rules_lock_problem(damage(text), "add-zero")
    assert str(caught.value).startswith("rules/rules.lock:") and "./run prove" in str(caught.value)


def test_a_lock_of_another_prover_vouches_for_nothing(text):
    version = next(line for line in text.splitlines() if line.startswith("prover "))
    other = text.replace(version, "prover 999", 1)
    assert "another version" in _core.rules_lock_problem(other, "add-zero")


def test_the_command_verifies_rules_and_writes_a_page(run_python, tmp_path):
    page = tmp_path / "proofs.html"
    code = f"""
from bafe.cli import main
assert main(["rules", "verify", "neg-neg", "add-zero", "--html", {str(page)!r}]) == 0
assert main(["rules", "show", "neg-neg"]) == 0
assert main(["rules", "list"]) == 0
assert main(["rules", "verify", "no-such-rule"]) == 3
"""
    status, out, err = run_python(code)
    assert status == 0, err
    assert "neg-neg" in out and "proven" in out and "no rule is called no-such-rule" in err
    html = page.read_text()
    assert "http" not in html.replace("http-equiv", "") and "(neg (neg ?x))" in html


def test_a_refuted_rule_is_red_in_the_page_and_shows_its_numbers():
    report = bafe.verify.Report([bafe.verify.rule("(rule swap (sub ?a ?b) => (sub ?b ?a))")])
    html = report.html()
    assert 'class="refuted"' in html and "left  =" in html and "<details open>" in html
