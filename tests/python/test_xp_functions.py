"""Eager functions of bafe.xp: what the public suite leaves out, and how calls run."""

import copy
import doctest
import importlib
import pickle
import pkgutil

import bafe
import bafe.xp as xp
import numpy as np
import pytest

MODULES = ["bafe.xp", *(f"bafe.xp.{one.name}" for one in pkgutil.iter_modules(xp.__path__))]


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_the_documentation_run(name):
    module = importlib.import_module(name)
    for case in doctest.DocTestFinder(exclude_empty=True).find(
        module, globs={"np": np, "bafe": bafe}
    ):
        result = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(case)
        assert result.failed == 0, case.name


def test_every_public_function_is_documented():
    for name in xp.__all__:
        value = getattr(xp, name)
        if callable(value):
            assert value.__doc__ and not value.__doc__.startswith("None"), name


def values(dtype):
    if np.dtype(dtype).kind == "f":
        special = [0.0, -0.0, 1.0, -1.0, 0.1, -0.7, 3.5, 1e10, -1e10, np.inf, -np.inf, np.nan]
        return np.array(special, dtype)
    info = np.iinfo(dtype)
    return np.array([info.min, info.min + 1, 0, 1, 2, 3, 7, info.max - 1, info.max], dtype)


@pytest.mark.parametrize(
    "dtype", ["int8", "int32", "int64", "uint8", "uint64", "float32", "float64"]
)
def test_remainders_and_quotients_are_numpys_but_for_infinity(dtype):
    a = values(dtype)
    x1, x2 = np.repeat(a, a.size), np.tile(a, a.size)
    if x1.dtype.kind != "f":
        x1, x2 = x1[x2 != 0], x2[x2 != 0]
    else:
        x1, x2 = x1[np.isfinite(x1) & np.isfinite(x2)], x2[np.isfinite(x1) & np.isfinite(x2)]
    with np.errstate(all="ignore"):
        for name, want in (("remainder", x1 % x2), ("floor_divide", x1 // x2)):
            got = np.asarray(getattr(xp, name)(xp.asarray(x1), xp.asarray(x2)))
            assert np.array_equal(got, want, equal_nan=want.dtype.kind == "f"), name


def test_quotients_of_infinity_are_the_standards():
    inf = float("inf")
    x1 = xp.asarray([inf, -inf, inf, 1.0, -1.0, 1.0, inf])
    x2 = xp.asarray([2.0, 2.0, -2.0, -inf, inf, inf, inf])
    got = np.asarray(x1 // x2)
    assert np.array_equal(got, [inf, -inf, -inf, -0.0, -0.0, 0.0, np.nan], equal_nan=True)
    assert np.signbit(got[3]) and np.signbit(got[4]) and not np.signbit(got[5])


def test_arithmetic_and_sums_have_the_same_bits_interpreted_and_compiled():
    x = xp.asarray(np.random.default_rng(1).uniform(size=(7, 33)).astype(np.float32))
    first = [np.asarray(f(x)) for f in (xp.square, xp.sqrt, xp.sum, xp.std, xp.max)]
    for _ in range(20):
        later = [np.asarray(f(x)) for f in (xp.square, xp.sqrt, xp.sum, xp.std, xp.max)]
    for a, b in zip(first, later):
        assert a.tobytes() == b.tobytes()


def test_large_arrays_and_strided_ones_are_right():
    a = np.random.default_rng(2).normal(size=(300, 200))
    for view in (a, a.T, a[::-2, ::3], np.broadcast_to(a[:1], (50, 200)), a[:0]):
        x = xp.asarray(view)
        np.testing.assert_allclose(np.asarray(xp.exp(x) * x), np.exp(view) * view, rtol=1e-14)
        np.testing.assert_allclose(
            np.asarray(xp.sum(x, axis=0)), view.sum(0), rtol=1e-11, atol=1e-11
        )
        np.testing.assert_allclose(np.asarray(x @ x.T), view @ view.T, rtol=1e-10, atol=1e-10)


def test_views_share_memory_and_forms_in_place_write_into_it():
    x = xp.reshape(xp.arange(6.0, dtype=xp.float64), (2, 3))
    row, turned = x[0], x.T
    x += 1
    assert np.asarray(row).tolist() == [1, 2, 3]
    turned[0, 1] = 50
    assert float(x[1, 0]) == 50
    with pytest.raises(bafe.ShapeError, match="write x = x"):
        row += x
    with pytest.raises(bafe.DTypeError, match="write x = x"):
        y = xp.asarray([1], dtype=xp.int8)
        y += xp.asarray([1], dtype=xp.int16)
    with pytest.raises(bafe.TraceError, match="read-only"):
        xp.broadcast_to(row, (2, 3))[0, 0] = 1


def test_square_brackets_follow_the_standard():
    a = np.arange(24).reshape(2, 3, 4)
    x = xp.asarray(a)
    for key in (0, -1, (1, 2), (..., 0), (slice(None), None, 1), (0, slice(None, None, -2)), ...):
        assert np.array_equal(np.asarray(x[key]), a[key])
    assert np.array_equal(np.asarray(x[x > 5]), a[a > 5])
    assert np.array_equal(np.asarray(x[xp.asarray([1, 0]), 2]), a[[1, 0], 2])
    x[x > 20] = 0
    assert int(xp.max(x)) == 20
    with pytest.raises(bafe.DTypeError, match="does not fit"):
        x[0, 0, 0] = xp.asarray(1.5) if xp.float64 == x.dtype else xp.asarray(1, dtype=xp.uint8) + 0
        xp.asarray([1], dtype=xp.int8)[0] = xp.asarray(1000)
    with pytest.raises(IndexError):
        x["a"]


def test_single_elements_become_python_numbers():
    assert bool(xp.asarray(True)) is True and int(xp.asarray(3.7)) == 3
    assert float(xp.asarray(3)) == 3.0 and complex(xp.asarray(2.0)) == 2
    assert [10, 20][xp.asarray(1)] == 20
    with pytest.raises(TypeError, match="an index is an integer"):
        [10][xp.asarray(0.0)]
    with pytest.raises(TypeError, match="no single element"):
        bool(xp.ones(2))


def test_sets_tell_nans_apart_and_sorting_is_stable():
    x = xp.asarray([2.0, float("nan"), 1.0, 2.0, float("nan"), -0.0, 0.0])
    found = xp.unique_all(x)
    assert found.values.shape == (5,) and np.asarray(found.counts).tolist() == [2, 1, 2, 1, 1]
    assert np.asarray(found.indices).tolist() == [5, 2, 0, 1, 4]
    y = xp.asarray([1, 0, 1, 0])
    assert np.asarray(xp.argsort(y, descending=True)).tolist() == [0, 2, 1, 3]
    assert np.asarray(xp.argsort(y)).tolist() == [1, 3, 0, 2]


def test_sizes_that_do_not_fit_are_named():
    x = xp.ones((2, 3))
    for call in (
        lambda: x + xp.ones(4),
        lambda: x @ x,
        lambda: xp.reshape(x, (5,)),
        lambda: xp.concat([x, xp.ones((2, 2))]),
        lambda: xp.squeeze(x, 0),
        lambda: xp.max(x[:0]),
        lambda: xp.sum(x, axis=5),
        lambda: xp.linalg.inv(x),
        lambda: xp.linalg.inv(xp.zeros((2, 2))),
        lambda: xp.broadcast_to(x, (3, 3)),
    ):
        with pytest.raises(bafe.ShapeError, match=r"\n  fix: "):
            call()


@pytest.mark.parametrize("dtype", ["int8", "int64", "uint16", "uint64"])
def test_large_integer_arrays_are_divided_by_a_number_as_small_ones_are(dtype):
    a = np.resize(values(dtype), 5_000)
    x = xp.asarray(a)
    for number in (1, 3, 100):
        for name in ("floor_divide", "remainder"):
            got = np.asarray(x // number if name == "floor_divide" else x % number)
            assert got.dtype == a.dtype
            small = np.asarray(getattr(xp, name)(x[:9], number))
            assert np.array_equal(got[:9], small)
            assert np.array_equal(got, getattr(np, name)(a, a.dtype.type(number)))
    with pytest.raises(bafe.DivisionError):
        x // 0


def test_new_sizes_are_no_compilation_that_a_stance_forbids():
    with bafe.stance("fail_on_recompile"):
        for size in (5_000, 6_000, 7_000):
            assert float(xp.sum(xp.ones(size) + 1)) == 2 * size
    with bafe.disable_jit(), bafe.options(math="fast"):
        assert float(xp.sum(xp.ones(3) + 1)) == 6


def test_arrays_are_copied_and_pickled():
    x = xp.asarray([1, 2, 3], dtype=xp.int16)
    for y in (copy.copy(x), copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        assert y.dtype == x.dtype and np.asarray(y).tolist() == [1, 2, 3]
