"""Proofs through Python."""

import bafe
import pytest

# Two ways to the middle of three: orders that cannot be need linear arithmetic.
MEDIANS = (
    "(rule r (maximum (minimum ?x ?y) (minimum (maximum ?x ?y) ?z))"
    " => (minimum (maximum ?x ?y) (maximum (minimum ?x ?y) ?z)) :class finite)"
)


@pytest.fixture(scope="module")
def report():
    return bafe.verify.rules()


def second_opinions(text):
    """What cvc5 says to each question of a transcript."""
    cvc5 = pytest.importorskip("cvc5", reason="the cvc5 wheel is not installed: pip install cvc5")
    answers = []
    for question in text.split("(reset)\n"):
        if not question.strip():
            continue
        solver = cvc5.Solver()
        parser = cvc5.InputParser(solver)
        parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, question, "proof")
        said = ""
        while True:
            command = parser.nextCommand()
            if command.isNull():
                break
            said += str(command.invoke(solver, parser.getSymbolManager()))
        answers.append(said.strip())
    return answers


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


def test_every_builtin_rule_has_a_status_and_none_is_refuted(report):
    assert report.count("refuted") == 0
    assert report.count("proven") + report.count("bounded") + report.count("tested") == len(report)
    assert report.count("proven") >= 180
    assert f"{len(report)} rules" in str(report)


def test_rules_of_single_elements_are_proven_for_all_sizes(report):
    themes = {rule.name: rule.theme for rule in bafe.rules.all()}
    open_ones = [
        proof.name
        for proof in report
        if themes[proof.name] in ("identity", "exponential", "mask") and proof.status == "tested"
    ]
    assert open_ones == []


def test_a_rule_of_class_bits_shows_why(report):
    by_name = {proof.name: proof for proof in report}
    assert "f16: all 65536" in by_name["abs-neg"].class_evidence
    assert "same operations" in by_name["where-of-mul-same-left"].class_evidence
    assert "i8: all 65536" in by_name["mul-neg-neg"].class_evidence


def test_a_second_solver_confirms_every_question_of_the_builtin_proofs(report):
    asked = [proof for proof in report if proof.smt]
    for proof in asked:
        answers = second_opinions(proof.smt)
        assert answers == ["unsat"] * len(answers), proof.name


def test_a_second_solver_confirms_a_kept_question_and_sees_a_changed_one():
    proof = bafe.verify.rule(MEDIANS)
    assert proof.status == "proven" and proof.engine == "z3"
    answers = second_opinions(proof.smt)
    assert answers and set(answers) == {"unsat"}
    first = proof.smt.split("(reset)\n")[0]
    weaker = "\n".join(line for line in first.split("\n") if not line.startswith("(assert (>"))
    assert second_opinions(weaker + "\n") == ["sat"]


def test_laws_of_functions_are_named():
    proof = bafe.verify.rule("(rule r (sub 1 (sigmoid ?x)) => (sigmoid (neg ?x)))")
    assert proof.status == "proven" and "sigmoid" in proof.lemmas
    assert "laws used" in str(proof)


@pytest.mark.parametrize("program", ["/nonexistent/bafe-smt", "/bin/false"])
def test_without_its_solver_a_rule_is_only_tested(program, run_python):
    code = f"""
import bafe
proof = bafe.verify.rule({MEDIANS!r})
print(proof.status, proof.smt == "", "no answer" in proof.notes)
"""
    _, out, err = run_python(code, BAFE_SMT=program)
    assert out.split() == ["tested", "True", "True"], out + err
