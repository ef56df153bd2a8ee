"""Lazy arrays: what waits, what is joined, and what is computed when."""

import pickle

import bafe
import numpy as np
import pytest


@bafe.jit
def double(x):
    return x * 2


@bafe.jit
def layer(x, w):
    return bafe.relu(x @ w)


def compiles(function):
    before = bafe.cache.info().compiles
    function()
    return bafe.cache.info().compiles - before


def test_a_jitted_function_of_a_lazy_array_gives_a_lazy_array():
    y = double(bafe.lazy(np.arange(3.0)))
    assert isinstance(y, bafe.LazyArray)
    assert y.shape == (3,) and y.dtype == np.float64 and not y.is_computed
    assert repr(y) == "LazyArray(f64[3], 1 calls pending)"
    assert np.array_equal(np.asarray(y), [0, 2, 4])
    assert y.is_computed


def test_several_functions_become_one_program(rng):
    x, w, v = (rng.standard_normal((8, 8)).astype(np.float32) for _ in range(3))

    def run():
        y = double(layer(layer(bafe.lazy(x), w), v))
        want = np.maximum(np.maximum(x @ w, 0) @ v, 0) * 2
        np.testing.assert_allclose(y.numpy(), want, rtol=1e-4, atol=1e-4)

    assert compiles(run) == 1
    assert compiles(run) == 0, "the same join is compiled once"


def test_products_across_functions_are_regrouped(rng):
    a, b = (bafe.lazy(rng.standard_normal((300, 300))) for _ in range(2))
    v = bafe.lazy(rng.standard_normal((300, 1)))
    product = bafe.jit(lambda a, b: a @ b)
    assert "matmul-regroup" in str(product(product(a, b), v).explain())


def test_several_results_are_computed_in_one_program(rng):
    x = bafe.lazy(rng.standard_normal(1000))
    y = double(x)

    def run():
        total, most = bafe.force(y.sum(), y.max())
        assert most == (2 * x.numpy()).max()
        np.testing.assert_allclose(total, (2 * x.numpy()).sum())

    assert compiles(run) == 1


def test_operators_and_numpys_functions_stay_lazy():
    x = bafe.lazy(np.arange(6.0).reshape(2, 3))
    for y, want in (
        (1 - x.T, 1 - np.arange(6.0).reshape(2, 3).T),
        (np.exp(x), np.exp(np.arange(6.0).reshape(2, 3))),
        (np.ones((2, 3)) + x, 1 + np.arange(6.0).reshape(2, 3)),
        (x[1] ** 2, np.arange(3.0, 6) ** 2),
        (bafe.relu(x - 2), np.maximum(np.arange(6.0).reshape(2, 3) - 2, 0)),
        (np.sum(x, axis=0), np.arange(6.0).reshape(2, 3).sum(0)),
    ):
        assert isinstance(y, bafe.LazyArray)
        np.testing.assert_allclose(y.numpy(), want, rtol=1e-14)


def test_other_functions_of_numpy_compute_the_value():
    x = bafe.lazy(np.arange(3.0)) + 1
    assert np.array_equal(x, [1, 2, 3]) and x.is_computed
    assert np.median([x, x]) == 2
    assert np.add.outer(x, x).shape == (3, 3)


def test_later_changes_of_an_array_do_not_show():
    x, w = np.ones(4), np.full(4, 3.0)
    y = bafe.jit(lambda a, b: a + b)(bafe.lazy(x), w)
    x[:] = 0
    w[:] = 0
    assert np.array_equal(y.numpy(), np.full(4, 4.0))


def test_arrays_are_copied_unless_the_caller_promises_not_to_change_them():
    whole = np.ones(4)
    view = whole[:]
    view.flags.writeable = False
    y = bafe.lazy(view) + 0.0
    z = bafe.lazy(view, copy=False)
    whole[:] = 7
    assert np.array_equal(y.numpy(), np.ones(4))
    assert np.shares_memory(z.numpy(), whole)


def test_results_of_other_options_keep_them_when_forced_together(rng):
    arrays = [rng.standard_normal((64, 64)) for _ in range(3)]
    fast = bafe.jit(lambda a, b, c: (a @ b) @ c, math="fast")
    bits = bafe.jit(lambda a, b, c: (a @ b) @ c, math="bits")
    want = bits(*arrays)
    lazy = [bafe.lazy(array) for array in arrays]
    first, second = bafe.force(fast(*lazy), bits(*lazy))
    assert np.array_equal(second, want)
    np.testing.assert_allclose(first, want, rtol=1e-9, atol=1e-9)


def test_out_with_a_lazy_argument_is_checked_as_ever():
    x = bafe.lazy(np.ones((2, 3)))
    out = np.empty((2, 3))
    assert double(x, out=out) is out and np.array_equal(out, np.full((2, 3), 2.0))
    for wrong in (np.empty((4, 2, 3)), np.empty((2, 3), np.float32)):
        with pytest.raises(bafe.BafeError, match="fix: "):
            double(x, out=wrong)


def test_a_lazy_argument_is_computed_where_values_are_asked_for():
    x = bafe.lazy(np.ones((2, 3)))
    assert double.memory_analysis(x).output_bytes == 48
    assert double.compile(x) is not None
    assert "mul" in str(double.explain(x)) or "*" in str(double.explain(x))


_bias = np.ones(3)


def test_captured_arrays_have_their_values_of_the_call():
    add = bafe.jit(lambda x: x + _bias)
    y = add(bafe.lazy(np.zeros(3)))
    _bias[:] = 5
    try:
        assert np.array_equal(y.numpy(), np.ones(3))
    finally:
        _bias[:] = 1


def test_values_are_read_only():
    y = double(bafe.lazy(np.ones(2))).numpy()
    with pytest.raises(ValueError):
        y[0] = 1


def test_results_keep_their_structure():
    f = bafe.jit(lambda p: {"sum": p["a"] + p["b"], "both": (p["a"], p["a"])})
    out = f({"a": bafe.lazy(np.ones(2)), "b": np.ones(2)})
    assert np.array_equal(out["sum"].numpy(), [2, 2])
    assert isinstance(out["both"], tuple) and np.array_equal(out["both"][1], [1, 1])


def test_functions_of_other_options_are_not_joined():
    bits = bafe.jit(lambda x: x + 1, math="bits")
    y = double(bits(bafe.lazy(np.ones(2))))
    assert repr(y) == "LazyArray(f64[2], 1 calls pending)"
    assert np.array_equal(y.numpy(), [4, 4])


def test_long_chains_are_computed_so_far():
    x = bafe.lazy(np.zeros(3))
    for _ in range(300):
        x = x + 1
        assert int(repr(x).split("], ")[1].split()[0]) <= 64
    assert np.array_equal(x.numpy(), np.full(3, 300.0))


def test_a_value_used_twice_is_computed_once(rng):
    x = bafe.lazy(rng.standard_normal(10))
    y = double(x)
    z = y * y + y
    want = 2 * x.numpy()
    np.testing.assert_allclose(z.numpy(), want * want + want)


def test_scalars_truth_and_pickles():
    x = bafe.lazy(np.arange(3.0))
    assert float(x.sum()) == 3 and int(x.max()) == 2 and bool(x.max() > 1)
    assert x.sum().item() == 3 and (x + 1).tolist() == [1, 2, 3]
    assert np.array_equal(pickle.loads(pickle.dumps(x + 1)).numpy(), [1, 2, 3])
    assert list(range(4))[x.astype(np.int64).sum()] == 3


def test_a_lazy_array_that_a_function_captures_is_computed():
    w = bafe.lazy(np.ones(3)) * 2
    assert np.array_equal(bafe.jit(lambda x: x + w)(np.ones(3)), [3, 3, 3])


def test_errors_come_when_the_call_is_made():
    with pytest.raises(bafe.ShapeError, match="inner sizes"):
        layer(bafe.lazy(np.ones((2, 3))), np.ones((2, 3)))
    with pytest.raises(bafe.TraceError, match="fix: give what bafe.lazy"):
        bafe.force(np.ones(3))
    with pytest.raises(bafe.DTypeError, match="fix: convert"):
        bafe.lazy(np.array(["a"]))


def test_an_error_of_the_values_comes_when_they_are_computed():
    x = bafe.lazy(np.arange(3.0))
    y = bafe.take(x, bafe.lazy(np.array([7])), 0)
    with pytest.raises(bafe.ShapeError, match="out of range"):
        y.numpy()
    assert np.array_equal(x.numpy(), [0, 1, 2])
