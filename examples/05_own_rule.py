"""A rule of your own: write it, have it proven, see it used; a wrong rule is refuted with
numbers."""

import bafe
import numpy as np

RULE = """
(rule sigmoid-twice-minus-one
  (sub (mul (sigmoid ?x) 2) 1) => (tanh (mul ?x 0.5))
  :class reals :set simplify :when (is-float ?x)
  :why "one function instead of three operators")
"""


def main() -> None:
    good = bafe.verify.rule("(rule swap (add ?a ?b) => (add ?b ?a))")
    bad = bafe.verify.rule("(rule swap (sub ?a ?b) => (sub ?b ?a))")
    print(good)
    print(bad)
    assert good.status == "proven" and bad.status == "refuted" and bad.counterexample
    print(bafe.verify.rule(RULE))
    bafe.rules.add(RULE, "05_own_rule.py")
    try:
        f = bafe.jit(lambda x: bafe.sigmoid(x) * 2 - 1)
        x = np.linspace(-4, 4, 1000, dtype=np.float32)
        found = f.explain(x)
        print(found.written, "=>", found.chosen, "by", found.rules)
        assert "sigmoid-twice-minus-one" in found.rules
        np.testing.assert_allclose(f(x), np.tanh(x / 2), rtol=1e-5, atol=1e-6)
    finally:
        bafe.rules.reset()


if __name__ == "__main__":
    main()
