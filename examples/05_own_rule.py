"""A rule of your own: write it, have it proven, see it used; a wrong rule is refuted with
numbers."""

import bafe
import numpy as np

RULE = """
(rule pythagoras
  (add (square (sin ?x)) (square (cos ?x))) => 1
  :class reals :set simplify :when (is-float ?x)
  :why "nothing is left to compute")
"""


def main() -> None:
    good = bafe.verify.rule("(rule swap (add ?a ?b) => (add ?b ?a))")
    bad = bafe.verify.rule("(rule swap (sub ?a ?b) => (sub ?b ?a))")
    print(good)
    print(bad)
    assert good.status == "proven" and bad.status == "refuted" and bad.counterexample
    print(bafe.verify.rule(RULE))
    try:
        bafe.rules.add("(rule swap (sub ?a ?b) => (sub ?b ?a))")
    except bafe.RuleError as error:
        print(error)  # with numbers
    # No engine knows this law of sin and cos: it is taken on our word, and what it makes is not
    # put into the cache on disk.
    bafe.rules.add(RULE, "05_own_rule.py", allow_unproven=True)
    try:
        f = bafe.jit(lambda x: np.sin(x) ** 2 + np.cos(x) ** 2, tier="compiled")
        x = np.linspace(-4, 4, 1000, dtype=np.float32)
        found = f.explain(x)
        print(found.written, "=>", found.chosen, "by", found.rules)
        assert "pythagoras" in found.rules
        assert (f(x) == 1).all()
    finally:
        bafe.rules.reset()


if __name__ == "__main__":
    main()
