"""Sizes with names: annotations checked for all sizes, one kernel for all, guards told."""

# ruff: noqa: F821, UP037 - sizes are names, not forward references

import bafe
import numpy as np
import pytest
from bafe import f32, f64, i64


def compiles():
    return bafe.cache.info().compiles


def test_a_fitting_signature_is_accepted_and_runs():
    @bafe.jit
    def affine(a: f32["m", "k"], b: f32["k", "n"], c: f32["n"]) -> f32["m", "n"]:
        return a @ b + c

    for m, k, n in [(2, 3, 4), (5, 5, 5), (1, 2, 1), (0, 3, 2)]:
        a, b, c = np.ones((m, k), "f4"), np.ones((k, n), "f4"), np.ones(n, "f4")
        np.testing.assert_array_equal(affine(a, b, c), a @ b + c)


def test_inner_sizes_that_differ_are_refused_at_decoration():
    def product(a: f32["m", "k"], b: f32["n", "k"]) -> f32["m", "n"]:
        return a @ b

    with pytest.raises(bafe.ShapeError) as caught:
        bafe.jit(product)
    text = str(caught.value)
    assert text.startswith("test_signatures.py:")
    assert "product: it does not fit its annotations" in text
    assert "product(a: f32[m, k], b: f32[n, k]) -> f32[m, n]" in text
    assert "axis 1 is k" in text and "axis 0 is n" in text and "fix:" in text


@pytest.mark.parametrize(
    ("declared", "error", "told"),
    [
        (f32["k", "m"], bafe.ShapeError, "computed  f32[m, k]"),
        (f64["m", "k"], bafe.DTypeError, "another dtype"),
        (f32["m"], bafe.ShapeError, "computed  f32[m, k]"),
        ((f32["m", "k"], f32["m"]), bafe.TraceError, "put together"),
        (f32["m", 59], bafe.ShapeError, "computed  f32[m, k]"),
    ],
)
def test_a_wrong_result_is_refused_at_decoration(declared, error, told):
    def double(a: f32["m", "k"]):
        return a * 2

    double.__annotations__["return"] = declared
    with pytest.raises(error, match=told.replace("[", r"\[")):
        bafe.jit(double)


def test_results_may_have_sizes_that_are_computed():
    @bafe.jit
    def join(a: f64["m", "k"], b: f64["n", "k"]) -> tuple[f64["m + n", "k"], f64["m*k"], i64[()]]:
        return np.concatenate([a, b]), a.reshape(-1), np.argmax(a[0])

    first, second, third = join(np.ones((2, 3)), np.ones((4, 3)))
    assert (first.shape, second.shape, third) == ((6, 3), (6,), 0)

    def wrong(a: f64["m", "k"], b: f64["n", "k"]) -> f64["m", "k"]:
        return np.concatenate([a, b])

    with pytest.raises(bafe.ShapeError, match=r"computed  f64\[m \+ n, k\]"):
        bafe.jit(wrong)


def test_programs_that_depend_on_sizes_are_checked_at_several():
    @bafe.jit
    def total(a: f64["m", "k"]) -> f64["k"]:
        out = a[0]
        for i in range(1, a.shape[0]):
            out = out + a[i]
        return out

    np.testing.assert_allclose(total(np.ones((3, 2))), [3, 3])

    def wrong(a: f64["m", "k"]) -> f64["m"]:
        out = a[0]
        for i in range(1, a.shape[0]):
            out = out + a[i]
        return out

    with pytest.raises(bafe.ShapeError, match="another shape"):
        bafe.jit(wrong)


def test_arguments_are_checked_against_the_annotations():
    @bafe.jit
    def product(a: f32["m", "k"], b: f32["k", 4]) -> f32["m", 4]:
        return a @ b

    with pytest.raises(bafe.ShapeError, match="k is 3 by axis 1 of a and 2 by axis 0 of b"):
        product(np.ones((2, 3), "f4"), np.ones((2, 4), "f4"))
    with pytest.raises(bafe.ShapeError, match="axis 1 is 5, its annotation says 4"):
        product(np.ones((2, 3), "f4"), np.ones((3, 5), "f4"))
    with pytest.raises(bafe.DTypeError, match="argument a has another dtype"):
        product(np.ones((2, 3)), np.ones((3, 4), "f4"))
    with pytest.raises(bafe.ShapeError, match="a has 1 axes, its annotation 2"):
        product(np.ones(3, "f4"), np.ones((3, 4), "f4"))
    with pytest.raises(bafe.TraceError, match="argument a is no array"):
        product((np.ones(3, "f4"),), np.ones((3, 4), "f4"))
    assert product(np.ones((2, 3), "f4"), np.ones((3, 4), "f4")).shape == (2, 4)


def test_numbers_of_python_bend_to_an_annotation_without_axes():
    scale = bafe.jit(_scaled)
    np.testing.assert_array_equal(scale(np.ones(3, "f4"), 2), np.full(3, 2, "f4"))


def _scaled(x: f32["n"], s: f32[()]) -> f32["n"]:
    return x * s


def test_partly_annotated_functions_are_checked_when_called():
    @bafe.jit
    def add(a: f64["n"], b):
        return a + b

    assert add(np.ones(2), 1.0).shape == (2,)
    with pytest.raises(bafe.DTypeError):
        add(np.ones(2, "f4"), 1.0)


def test_wrong_annotations_say_so():
    with pytest.raises(bafe.ShapeError, match="is no size"):
        f32["m", -1]
    with pytest.raises(bafe.ShapeError, match="is no size"):
        f32["m ** 2 !"]
    with pytest.raises(bafe.ShapeError, match="which no argument has"):

        @bafe.jit
        def f(a: f32["m"]) -> f32["q"]:
            return a

    with pytest.raises(bafe.ShapeError, match="is no name"):

        @bafe.jit
        def g(a: f32["2*m"]) -> f32["m"]:
            return a


def test_loops_may_be_annotated():
    @bafe.jit
    def smooth(x: f64["n"], steps: i64[()]) -> f64["n"]:
        return bafe.fori_loop(0, steps, lambda i, s: 0.5 * (s + np.roll(s, 1)), x)

    want = x = np.arange(5.0)
    for _ in range(3):
        want = 0.5 * (want + np.roll(want, 1))
    np.testing.assert_allclose(smooth(x, 3), want)


@pytest.mark.parametrize("dynamic", [True, {"x": (0,)}])
def test_one_kernel_serves_all_sizes(dynamic):
    f = bafe.jit(lambda x, w: np.tanh(x @ w).sum(axis=0), dynamic=dynamic, tier="compiled")
    w = np.random.default_rng(0).standard_normal((48, 40))
    before = compiles()
    for n in (96, 128, 160, 224, 96):
        x = np.random.default_rng(n).standard_normal((n, 48))
        np.testing.assert_allclose(f(x, w), np.tanh(x @ w).sum(axis=0), rtol=1e-9, atol=1e-9)
    assert compiles() - before <= 2
    for n in (0, 1, 2, 3, 97):  # other kernels, the same values
        x = np.ones((n, 48))
        np.testing.assert_allclose(f(x, w), np.tanh(x @ w).sum(axis=0), rtol=1e-9, atol=1e-9)


def test_sizes_bound_to_numbers_of_the_function_stay():
    f = bafe.jit(lambda x: x.reshape(4, -1) + np.arange(8.0), dynamic=True, tier="compiled")
    np.testing.assert_allclose(f(np.ones(32)), np.ones((4, 8)) + np.arange(8))
    with pytest.raises(bafe.ShapeError):
        f(np.ones(36))


def test_specs_have_named_sizes():
    f = bafe.jit(lambda x, w: np.maximum(x @ w, 0), tier="compiled")
    spec, w = bafe.ShapeDtype(("n", 32), "float64"), bafe.ShapeDtype((32, 8), "float64")
    assert repr(spec) == "ShapeDtype(('n', 32), float64)"
    told = f.explain(spec, w)
    assert "x: f64[n, 32], any sizes of at least 2" in str(told)
    assert "w: f64[32, 8], another shape or dtype is compiled apart" in str(told)
    guards = told.to_dict()["guards"]
    assert guards["sizes"]["any"] and guards["arguments"][0].startswith("x: f64[n, 32]")
    f.compile(spec, w)
    before = compiles()
    a, b = np.random.default_rng(1).standard_normal((400, 32)), np.ones((32, 8))
    np.testing.assert_allclose(f(a, b), np.maximum(a @ b, 0), atol=1e-9)
    assert compiles() - before <= 1
    with pytest.raises(bafe.ShapeError, match="is no shape"):
        bafe.ShapeDtype(("n", -2))
    with pytest.raises(bafe.TraceError, match="no values"):
        f(spec, w)


WEIGHT = np.ones(3)


def test_guards_name_what_is_looked_up():
    f = bafe.jit(lambda x, k: x * WEIGHT + k, static_argnames="k")
    guards = f.explain(np.ones(3), k=2).to_dict()["guards"]
    assert guards["arguments"] == [
        "x: f64[3], another shape or dtype is compiled apart",
    ]
    assert any("captured array 0: f64[3], read at every call" in line for line in guards["values"])
    assert any("k is 2" in line for line in guards["values"])
    global WEIGHT
    try:
        assert f(np.ones(3), k=2).tolist() == [3, 3, 3]
        WEIGHT = np.full(3, 5.0)
        assert f(np.ones(3), k=2).tolist() == [7, 7, 7]
    finally:
        WEIGHT = np.ones(3)


def test_a_wrong_dynamic_says_so():
    with pytest.raises(bafe.TraceError, match="dynamic is 3"):
        bafe.jit(lambda x: x, dynamic=3)
    with pytest.raises(bafe.TraceError, match="give axes"):
        bafe.jit(lambda x: x, dynamic={"x": "a"})


def test_what_is_compiled_for_named_sizes_takes_them_all():
    f = bafe.jit(lambda x, y: x @ y, tier="compiled")
    g = f.compile(bafe.ShapeDtype(("n", "k"), "float64"), bafe.ShapeDtype(("k", 8), "float64"))
    for n, k in [(64, 96), (128, 32), (3, 5)]:
        x, y = np.ones((n, k)), np.ones((k, 8))
        np.testing.assert_array_equal(g(x, y), x @ y)
    with pytest.raises(bafe.ShapeError, match="compiled for other arguments"):
        g(np.ones((4, 5)), np.ones((6, 8)))
    with pytest.raises(bafe.ShapeError, match="compiled for other arguments"):
        g(np.ones((4, 5), "f4"), np.ones((5, 8)))
