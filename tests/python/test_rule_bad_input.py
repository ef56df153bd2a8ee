"""Rule texts that nobody should write: a clear error with its place, no crash, no hang, and never
an accepted rule. Each runs in a process of its own, which must answer within a minute."""

import json

import pytest

LEAST, MOST, NINES = -(2**63), 2**63 - 1, "9" * 100


def rule(left, right="?x", clauses=""):
    return f"(rule r {left} => {right} {clauses})"


def nested(open_, inner, close, depth):
    return open_ * depth + inner + close * depth


def for_each(variable, letter, body):
    words = " ".join(f"{letter}{i}" for i in range(100))
    return f"(for-each ?{variable} ({words}) {body})"


def simple(count):
    return "\n".join(f"(rule r{i} (neg (neg ?x)) => ?x)" for i in range(count))


TWICE = "(neg (neg ?x))"
TEXTS = {
    "ten megabytes of rules": lambda: simple(300_000),
    "ten megabytes of comment": lambda: ";" + "a" * 10_000_000,
    "too many rules": lambda: simple(10_001),
    "a term of depth 1e6": lambda: rule(nested("(neg ", "?x", ")", 10**6)),
    "a condition of depth 1e6": lambda: rule(
        TWICE, "?x", ":when " + nested("(or ", "1", ")", 10**6)
    ),
    "a composite in itself": lambda: rule(nested("(softmax ", "?x", " :axes (0))", 150)),
    "a wide term": lambda: rule(f"(concat {'?x ' * 100_000} :axis 0)"),
    "many variables": lambda: rule(
        f"(concat {' '.join(f'?v{i}' for i in range(70_000))} :axis 0)", "?v0"
    ),
    "for-each in for-each": lambda: for_each(
        "a", "u", for_each("b", "v", for_each("c", "w", f"(rule r-?a-?b-?c {TWICE} => ?x)"))
    ),
    "for-each of long words": lambda: (
        f"(for-each ?a ({'w' * 100_000}) (rule r{'?a' * 100_000} (neg ?x) => ?x))"
    ),
    "a duplicate name": lambda: rule(TWICE) + rule("(abs (abs ?x))", "(abs ?x)"),
    "a name of a default rule": lambda: "(rule neg-neg (neg (neg ?x)) => ?x)",
    "a zero byte in a symbol": lambda: rule("(neg (neg ?x\0))", "?x\0"),
    "a zero byte in a text": lambda: rule(TWICE, "?x", ':why "a\0b"'),
    "nothing but zero bytes": lambda: "\0" * 1000,
    "an unknown operator": lambda: rule("(negg (neg ?x))"),
    "an unknown function": lambda: rule(TWICE, "?x", ":when (prime (rank ?x))"),
    "an integer of 100 digits": lambda: rule(f"(add ?x {NINES})"),
    "a size of 100 digits": lambda: rule(TWICE, "?x", f":types (?x [{NINES}])"),
    "an axis of 19 digits": lambda: rule(f"(reduce_sum ?x :axes ({MOST}))"),
    "the least integer over -1": lambda: rule(
        TWICE, "?x", f":when (= (exact-div {LEAST} -1) (rank ?x))"
    ),
    "does -1 divide the least integer": lambda: rule(
        "(neg (abs ?x))", "?x", f":when (divides -1 {LEAST})"
    ),
    "iota of everything": lambda: rule(
        "(reduce_sum ?x :axes ?a)", "?x", f":when (= ?a (iota {LEAST} {MOST}))"
    ),
    "contradicting conditions": lambda: rule(
        "(relu ?x)", "?x", ":when (< (rank ?x) 2) (< 3 (rank ?x))"
    ),
    "contradicting types": lambda: rule(TWICE, "?x", ":types (?x [3]) :when (= (dim ?x 0) 4)"),
    "a size that no tensor has": lambda: rule(TWICE, "(abs ?x)", ":types (?x [100000000000000])"),
    "half a rule": lambda: f"(rule r {TWICE} =>",
    "no text at all in brackets": lambda: "()",
    "brackets of the wrong kind": lambda: "(rule r (neg (neg ?x]) => ?x)",
    "no rule": lambda: "hello",
    "products of sums, 60 deep": lambda: rule(nested("(mul (add ?a ?b) ", "?a", ")", 60), "?a"),
    "a right side of 150 functions": lambda: rule("(neg ?x)", nested("(neg (abs ", "?x", "))", 75)),
}

CODE = """
import bafe, json, signal
signal.alarm(60)
try:
    bafe.rules.add(open({path!r}, encoding="utf-8", newline="").read(), "bad.rules")
    print(json.dumps(["accepted", ""]))
except (bafe.ParseError, bafe.RuleError) as error:
    print(json.dumps([type(error).__name__, str(error)]))
assert bafe.rules.all() and not [r for r in bafe.rules.all() if r.theme == "bad"]
"""


@pytest.mark.parametrize("name", TEXTS)
def test_is_refused_with_its_place_and_quickly(name, run_python, tmp_path):
    path = tmp_path / "bad.rules"
    path.write_bytes(TEXTS[name]().encode())
    status, out, err = run_python(CODE.format(path=str(path)))
    assert status == 0, (status, err[-2000:])
    kind, message = json.loads(out)
    assert kind in ("ParseError", "RuleError"), message
    place = message.split(": ", 1)[0].split(":")
    assert place[0] == "bad.rules" and int(place[1]) >= 1 and int(place[2]) >= 1, message[:300]
    assert "fix:" in message, message[:300]
    assert len(message) < 20_000, "a message is read by a person"


def test_a_text_without_rules_adds_nothing():
    import bafe

    before = len(bafe.rules.all())
    bafe.rules.add("; nothing\n\n")
    assert len(bafe.rules.all()) == before
