"""Results made element by element lie in memory as NumPy's do; the user's layouts stay as asked."""

import bafe
import numpy as np
import pytest

X = np.arange(3 * 4 * 5, dtype=np.float32).reshape(3, 4, 5) - 20
COL = np.asfortranarray(X)
MOVED = np.ascontiguousarray(X.transpose(1, 2, 0)).transpose(2, 0, 1)
Y = np.arange(5 * 3 * 4, dtype=np.float32).reshape(5, 3, 4)
ROW = np.arange(5, dtype=np.float32)
M = np.arange(42, dtype=np.float32).reshape(6, 7)

CASES = {
    "permuted": (lambda x: x.transpose(2, 0, 1) + 1, X),
    "reversed": (lambda x: x.T * 2, X),
    "twice": (lambda x: (x.transpose(2, 0, 1) + 1).transpose(1, 0, 2) * 3, X),
    "moved after": (lambda x: (x + 1).transpose(2, 0, 1), X),
    "moved back": (lambda x: (x.transpose(2, 0, 1) + 1).transpose(1, 2, 0), X),
    "column input": (lambda x: x * x - 1, COL),
    "column input, transposed": (lambda x: x.T - 1, COL),
    "third order": (lambda x: x + 1, MOVED),
    "third order, permuted": (lambda x: np.exp(x.transpose(0, 2, 1) * 0.01), MOVED),
    "rows first": (lambda x, y: x.transpose(2, 0, 1) + y, X, Y),
    "rows last": (lambda x, y: y - x.transpose(2, 0, 1), X, Y),
    "both permuted": (lambda x: x.transpose(2, 0, 1) * x.transpose(2, 0, 1), X),
    "two orders": (lambda x, z: x + z, COL, MOVED),
    "repeated vector": (lambda x, v: x.transpose(1, 0, 2) * v, X, ROW),
    "repeated matrix": (lambda x, m: x.transpose(2, 1, 0)[..., None] + m[0, :3, None], X, M),
    "outer": (lambda v, w: v[:, None] * w[None, :], ROW, ROW),
    "axis of one": (lambda x: x.transpose(2, 0, 1)[:, None] * 2, X),
    "slice": (lambda x: x[:, 1:3].transpose(1, 2, 0) + 1, X),
    "steps back": (lambda x: x.transpose(2, 0, 1)[::-1, :, ::2] + 1, X),
    "matrix": (lambda m: m.T + 1, M),
    "matrix and its transpose": (lambda m: m[:, :6] + m[:, :6].T, M),
    "comparison": (lambda m: m.T > 3, M),
    "cast": (lambda m: m.T.astype(np.float64) * 0.5, M),
    "choice": (lambda m: np.where(m.T > 3, m.T, -m.T), M),
    "chain": (lambda m, v: np.maximum(m.T * 0.5 + v[0], 0) - m.T, M, ROW),
}


@pytest.mark.parametrize("math", ["bits", "reals"])
@pytest.mark.parametrize("name", CASES)
def test_arithmetic_keeps_numpys_order(name, math):
    function, *args = CASES[name]
    wanted = function(*args)
    f = bafe.jit(function, math=math, tier="compiled")
    got = f(*args)
    assert got.dtype == wanted.dtype and got.shape == wanted.shape
    assert got.strides == wanted.strides
    assert np.allclose(got, wanted, rtol=1e-6)


def test_a_layout_that_was_asked_for_stays():
    f = bafe.jit(lambda m: bafe.layout_transform(m.T + 1, "row"), tier="compiled")
    assert f(M).flags.c_contiguous and np.array_equal(f(M), M.T + 1)
    g = bafe.jit(lambda m: bafe.layout_transform(m + 1, "col"), tier="compiled")
    assert g(M).flags.f_contiguous and np.array_equal(g(M), M + 1)


def test_products_and_copies_are_row_major():
    for function in (lambda m: m.T, lambda m: m.T @ m, lambda m: (m.T @ m).T + 1):
        got = bafe.jit(function, tier="compiled")(M)
        assert got.flags.c_contiguous and np.array_equal(got, function(M))


def test_several_results_each_keep_their_order():
    def several(x, m):
        t = x.transpose(2, 0, 1) + 1
        return t, x + 1, t * 2, t.sum(axis=0), m @ m.T, t

    f = bafe.jit(several, tier="compiled")
    for got, wanted in zip(f(X, M), several(X, M)):
        assert np.array_equal(got, wanted)
    assert [one.strides for one in f(X, M)[:3]] == [one.strides for one in several(X, M)[:3]]


def test_a_result_that_a_product_and_a_routine_read_is_right():
    def both(m, a):
        t = m.T + 1
        s = a.T + np.float32(0)
        return t, t @ m, s, np.linalg.solve(s, s[:, :1])

    a = (np.eye(6, dtype=np.float32) * 4 + M[:, :6] * 0.1).astype(np.float32)
    for got, wanted in zip(bafe.jit(both, tier="compiled")(M, a), both(M, a)):
        assert np.allclose(got, wanted, rtol=1e-4, atol=1e-5)


def test_explain_tells_the_order():
    f = bafe.jit(lambda x: x.transpose(2, 0, 1) + 1)
    assert "@order(1 2 0)" in f.explain(X).to_dict()["chosen_text"]


def test_row_layouts_alone_when_asked(monkeypatch):
    monkeypatch.setenv("BAFE_LAYOUTS", "row")
    assert bafe.jit(lambda m: m.T + 3, tier="compiled")(M).flags.c_contiguous
