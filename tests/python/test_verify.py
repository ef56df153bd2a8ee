"""Proofs through Python."""

import bafe


def test_a_true_rule_is_proven_and_a_false_one_refuted_with_numbers():
    good = bafe.verify.rule("(rule r (add ?a ?b) => (add ?b ?a))")
    assert good.status == "proven" and good.ms > 0
    bad = bafe.verify.rule("(rule r (sub ?a ?b) => (sub ?b ?a))")
    assert bad.status == "refuted" and any(c.isdigit() for c in bad.counterexample)


def test_the_known_bad_rules_are_refuted():
    for text in (
        "(rule r (div ?a ?b) => (div ?b ?a) :class reals)",
        "(rule r (matmul ?a ?b) => (matmul ?b ?a) :class reals)",
        "(rule r (relu (neg ?a)) => (neg (relu ?a)) :class reals)",
        "(rule r (reduce_max (add ?a ?b) :axes ?s)"
        " => (add (reduce_max ?a :axes ?s) (reduce_max ?b :axes ?s)) :class reals)",
    ):
        assert bafe.verify.rule(text).status == "refuted", text


def test_every_builtin_rule_has_a_status_and_none_is_refuted():
    report = bafe.verify.rules()
    assert report.count("refuted") == 0
    assert report.count("proven") + report.count("bounded") + report.count("tested") == len(report)
    assert report.count("proven") >= 20
    assert f"{len(report)} rules" in str(report)
