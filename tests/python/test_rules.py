"""Rules of the user's own that are wrong: reported with rule and match, and the search goes on."""

import warnings

import bafe
import numpy as np
import pytest

S = bafe.ShapeDtype
WRONG = {
    "lose_axis": """(rule lose-axis (sin ?x) => (reduce_sum (sin ?x) :axes (0)))""",
    "ill_typed": """(rule square-it (sin ?x) => (matmul ?x ?x))""",
    "two_constants": """(rule one (sin ?x) => 1)  (rule two (sin ?x) => 2)""",
}


def program(a, b, v):
    return np.sin(a @ b @ v)


def explain(rule):
    bafe.rules.add(rule, "mine.rules", allow_unproven=True)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bafe.jit(program).explain(S((256, 256)), S((256, 256)), S((256, 1))).to_dict()
    finally:
        bafe.rules.reset()
        bafe._core.take_warnings()


def blamed(found):
    return [f"{what}: {why}" for what, why in found["rejected"] if what.startswith("rule ")]


@pytest.mark.parametrize("name", WRONG)
def test_rule_and_match_are_named_and_the_best_sound_program_is_kept(name, golden):
    found = explain(WRONG[name])
    golden(f"errors/python/rule_{name}.txt", blamed(found)[0])
    if name != "two_constants":  # alone, either of them is believed
        assert found["predicted_ns"] < found["predicted_ns_as_written"] / 3


def test_a_rule_that_grows_for_ever_is_named_with_its_last_match():
    found = explain("(rule grow (sin ?x) => (add (sin (add ?x 1)) 0.5))")
    assert found["stats"]["stop_reason"].endswith("limit")
    (blame,) = [text for text in blamed(found) if text.startswith("rule grow: ")]
    assert "limit, the last of (sin (add" in blame
    assert found["predicted_ns"] < found["predicted_ns_as_written"] / 3


def test_a_variable_that_is_not_bound_is_refused_when_the_rule_is_added(golden):
    with pytest.raises(bafe.RuleError) as caught:
        bafe.rules.add("(rule loose (sin ?x) => (add ?x ?y))", "mine.rules")
    golden("errors/python/rule_loose.txt", str(caught.value))
    assert "loose" not in [rule.name for rule in bafe.rules.all()]


def test_distinct_asks_for_terms_of_the_left_side(golden):
    with pytest.raises(bafe.RuleError) as caught:
        bafe.rules.add("(rule r (sin (sin ?x)) => ?x :distinct ?x ?y)", "mine.rules")
    golden("errors/python/rule_distinct.txt", str(caught.value))


def test_every_family_of_rules_is_in_force():
    names = [rule.name for rule in bafe.rules.all()]
    themes = {rule.theme for rule in bafe.rules.all()}
    assert len(names) == len(set(names)) >= 150
    assert themes >= {
        "broadcast",
        "classic",
        "exponential",
        "identity",
        "mask",
        "matmul",
        "reduce",
        "slice",
        "solve",
        "structure",
        "transpose",
    }


def test_a_rule_that_drops_an_operand_stays_out_where_the_program_looks_for_nan():
    x = np.ones((4, 8), dtype=np.float32)
    x[1, 2] = np.nan
    f = bafe.jit(lambda x: np.isnan((x - x.mean(axis=1, keepdims=True)).sum(axis=1)))
    np.testing.assert_array_equal(f(x), [False, True, False, False])


def test_gelu_and_silu_move_as_tanh_does():
    names = {rule.name for rule in bafe.rules.all()}
    moves = ("transpose", "slice", "concat", "take", "diagonal", "where", "broadcast", "squeeze")
    of_tanh = {n for n in names if "tanh" in n and n.replace("tanh", "").strip("-of") in moves}
    assert len(of_tanh) == len(moves)
    for name in sorted(of_tanh):
        for function in ("gelu", "silu"):
            assert name.replace("tanh", function) in names
