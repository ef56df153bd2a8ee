"""Products by pairs of bf16: what math= allows, the stated bound, and what explain says."""

import bafe
import numpy as np
import pytest

SIZES = [(192, 200, 256), (257, 193, 300), (8, 500, 400)]


def operands(m, n, k, seed=0):
    r = np.random.default_rng(seed)
    a = r.standard_normal((m, k)).astype(np.float32)
    return a, r.standard_normal((k, n)).astype(np.float32)


def product(a, b):
    return a @ b


@pytest.mark.parametrize("sizes", SIZES)
def test_fast_stays_within_the_stated_bound(sizes):
    a, b = operands(*sizes)
    got = bafe.jit(product, math="fast", tier="compiled")(a, b)
    exact, size = a.astype(float) @ b, np.abs(a).astype(float) @ np.abs(b)
    bound = 2**-7 + 2**-15 + sizes[2] * 2**-23
    assert (np.abs(got - exact) <= bound * size).all()


@pytest.mark.parametrize("sizes", SIZES)
def test_reals_and_bits_are_as_exact_as_numpy(sizes):
    a, b = operands(*sizes)
    exact, size = a.astype(float) @ b, np.abs(a).astype(float) @ np.abs(b)
    numpy_error = np.max(np.abs(a @ b - exact) / size)
    for math in ("reals", "bits"):
        got = bafe.jit(product, math=math, tier="compiled")(a, b)
        assert np.max(np.abs(got - exact) / size) <= 2 * numpy_error


def test_fast_gives_inf_and_nan_where_f32_does():
    a, b = operands(192, 192, 192)
    a[3, 5], a[4, 6], a[5, 7], b[9, 11] = np.inf, -np.inf, np.nan, np.inf
    a[6, 8] = np.finfo(np.float32).max
    with np.errstate(all="ignore"):
        want = a @ b
    got = bafe.jit(product, math="fast", tier="compiled")(a, b)
    assert (np.isnan(got) == np.isnan(want)).all()
    infinite = np.isinf(want)
    assert (got[infinite] == want[infinite]).all()
    assert np.isfinite(got[np.isfinite(want)]).all()


def test_explain_names_the_approximation_under_fast_alone():
    a, b = operands(256, 256, 256)
    fast = str(bafe.jit(product, math="fast").explain(a, b))
    for math in ("bits", "reals"):
        assert "rounded to bf16" not in str(bafe.jit(product, math=math).explain(a, b))
    if "rounded to bf16" in fast:
        assert "approx" in fast
        assert "|error| <= (2^-7" in fast
    else:  # nothing says so where nothing is rounded
        got = bafe.jit(product, math="fast", tier="compiled")(a, b)
        assert np.abs(got - a.astype(float) @ b).max() < 1e-3


def rounds(executable):
    return "dpbf16" in executable.c_text or "tdpbf16ps" in executable.c_text


SMALL = [(m, n, k) for m in (8, 16, 64) for n in (16, 32, 64, 128) for k in (16, 32, 64, 128)]


@pytest.mark.parametrize("sizes", [*SMALL, (48, 48, 48), (96, 96, 96)])
def test_small_products_compile_and_explain_says_what_they_do(sizes):
    a, b = operands(*sizes)
    f = bafe.jit(product, math="fast")
    made = f.compile(a, b)
    assert not made.interpreted  # the compiled program agreed with its meaning
    assert ("rounded to bf16" in str(f.explain(a, b))) == rounds(made)
    bound = 2**-7 + 2**-15 + sizes[2] * 2**-23
    size = np.abs(a).astype(float) @ np.abs(b)
    assert (np.abs(f(a, b) - a.astype(float) @ b) <= bound * size).all()


@pytest.mark.parametrize("sizes", [(64, 128, 128), (256, 256, 256)])
def test_explain_speaks_of_the_plan_that_timing_chose(sizes):
    a, b = operands(*sizes)
    f = bafe.jit(product, math="fast", autotune=True)
    made = f.compile(a, b)
    assert ("rounded to bf16" in str(f.explain(a, b))) == rounds(made)


def test_results_do_not_depend_on_threads():
    a, b = operands(300, 300, 300)
    one = bafe.jit(product, math="fast", tier="compiled", threads=1)(a, b)
    two = bafe.jit(product, math="fast", tier="compiled", threads=2)(a, b)
    assert (one == two).all()


def test_a_constant_is_packed_once_and_gives_the_same_product():
    a, b = operands(64, 1024, 1024)
    w = bafe.constant(b)
    f = bafe.jit(lambda x: x @ w, math="fast", tier="compiled")
    plain = bafe.jit(product, math="fast", tier="compiled")(a, b)
    assert (f(a) == plain).all()
    assert (f(a + 1) != plain).any()
    text = str(f.explain(a))
    assert ("rounded to bf16" in text) == ("@tc" in text)
