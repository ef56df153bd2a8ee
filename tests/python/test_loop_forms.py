"""What loops and branches may be made of: eager against both tiers."""

import bafe
import numpy as np
import pytest
from bafe import trees


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


W = draw(4, 4, seed=9)
FORMS = {
    "rows of a dict": lambda x: bafe.scan(
        lambda s, r: ({"t": s["t"] + r["a"].sum() * r["b"]}, [r["a"] * 2, s["t"]]),
        {"t": np.float64(0)},
        {"a": x, "b": x[:, 0]},
    ),
    "a row by its index": lambda x: bafe.fori_loop(
        0, 5, lambda i, s: s + np.take(x, i, axis=0), np.zeros(4)
    ),
    "states that change places": lambda x: bafe.fori_loop(
        0, 3, lambda i, s: (s[1], s[0]), (x, x * 2)
    ),
    "a state that stays": lambda x: bafe.fori_loop(0, 3, lambda i, s: (s[0], s[1] @ s[0]), (W, x)),
    "masks": lambda x: bafe.fori_loop(0, 3, lambda i, s: (s[0] & (x > i), ~s[1]), (x > -9, x > 0)),
    "branches that capture": lambda x: bafe.cond(
        x.sum() > 0, lambda a: a @ W + x[0], lambda a: a - x[1] * W[0], x
    ),
    "a loop in a branch": lambda x: bafe.cond(
        x[0, 0] > -9,
        lambda a: bafe.fori_loop(0, 4, lambda i, s: np.tanh(s @ W), a),
        lambda a: a,
        x,
    ),
    "a scan in a scan": lambda x: bafe.scan(
        lambda s, r: bafe.scan(lambda t, q: (t * 0.5 + q, t), s, r), np.float64(1), x
    ),
    "steps without rows": lambda x: bafe.scan(lambda s, _: (s * 2, s), x[0], length=4),
    "no results": lambda x: bafe.scan(lambda s, r: (s + r, None), x[0], x),
    "negative bounds": lambda x: bafe.fori_loop(-3, 2, lambda i, s: s * i + x, x),
    "an empty range": lambda x: bafe.fori_loop(5, 2, lambda i, s: s * i, x),
    "a vector's test": lambda x: bafe.while_loop(
        lambda s: (abs(s) > 1e-3).any(), lambda s: s * 0.5, x
    ),
    "axes exchanged": lambda x: bafe.fori_loop(0, 3, lambda i, s: s.T * 1.5, W),
    "values that are no numbers": lambda x: bafe.fori_loop(
        0, 3, lambda i, s: np.where(np.isnan(s), 0, s * 0 + s), x / 0
    ),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("mode", ["compiled", "prebuilt"])
def test_eager_and_traced_loops_agree(form, mode):
    x = draw(5, 4, seed=4)
    tier = "compiled" if mode == "compiled" else "auto"
    with np.errstate(all="ignore"):
        want = FORMS[form](x)
        got = bafe.jit(FORMS[form], tier=tier)(x)
    expected, found = [], []
    assert trees.flatten(want, expected) == trees.flatten(got, found)
    for a, b in zip(map(np.asarray, expected), map(np.asarray, found)):
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        np.testing.assert_allclose(b, a, rtol=1e-9, atol=1e-12)
