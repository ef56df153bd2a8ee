"""Results into the caller's arrays: ``f(a, b, out=y)``."""

import dataclasses

import bafe
import numpy as np
import pytest


@dataclasses.dataclass
class Pair:
    low: object
    high: object


def jit(fn):
    return bafe.jit(fn, tier="compiled")


@pytest.fixture
def a(rng):
    return rng.standard_normal((5, 7)).astype(np.float32)


@pytest.fixture
def b(rng):
    return rng.standard_normal((5, 7)).astype(np.float32)


@jit
def fma(a, b):
    return a * b + a


@jit
def turned(a, b):
    return np.maximum(a.T @ b, 0)


def calls(f, *args, out):
    """Call three times: the first traces, later ones take the core's path."""
    for _ in range(3):
        assert f(*args, out=out) is out
    return out


def test_an_array_is_filled_and_comes_back(a, b):
    y = np.empty_like(a)
    assert np.array_equal(calls(fma, a, b, out=y), fma(a, b))
    assert np.array_equal(fma(a, b, out=None), y)
    assert np.array_equal(fma(b=b, out=y, a=a), fma(a, b))


@pytest.mark.parametrize("form", [tuple, list])
def test_several_results_fill_arrays_in_the_same_form(a, form):
    f = jit(lambda a: form((a + 1, a.sum(), a.T * 2)))
    out = form((np.empty((5, 7), np.float32), np.empty((), np.float32), np.empty((7, 5), "f4")))
    calls(f, a, out=out)
    for got, want in zip(out, f(a)):
        assert np.array_equal(got, want)


def test_dicts_and_dataclasses_of_results(a):
    f = jit(lambda a: {"pair": Pair(a.min(), a.max()), "none": None})
    out = {"pair": Pair(np.empty((), "f4"), np.empty((), "f4")), "none": None}
    calls(f, a, out=out)
    assert (out["pair"].low, out["pair"].high) == (a.min(), a.max())


def test_equal_results_fill_both_arrays(a):
    f = jit(lambda a: (a * 2, a * 2))
    p, q = calls(f, a, out=(np.empty_like(a), np.empty_like(a)))
    assert np.array_equal(p, a * 2) and np.array_equal(q, a * 2)


@pytest.mark.parametrize(
    "make",
    [
        lambda: np.empty((5, 14), "f4")[:, ::2],
        lambda: np.empty((7, 5), "f4").T,
        lambda: np.empty((5, 7), ">f4"),
        lambda: np.empty((5, 7), "f4")[::-1],
        lambda: np.empty(141, "u1")[1:].view("f4").reshape(5, 7),
        lambda: np.empty((5, 7, 1), "f4")[..., 0],
    ],
    ids=["strided", "column order", "byte order", "reversed", "unaligned", "squeezed"],
)
def test_arrays_of_any_layout_are_filled(a, b, make):
    assert np.array_equal(calls(fma, a, b, out=make()), fma(a, b))


def test_an_argument_may_be_the_result(a, b):
    want = fma(a, b)
    got = a.copy()
    assert fma(got, b, out=got) is got and np.array_equal(got, want)
    square = np.arange(16.0).reshape(4, 4)
    want = np.maximum(square.T @ square, 0)
    turned(square.copy(), square)
    assert np.array_equal(turned(square, square, out=square), want)


def test_results_that_overlap_arguments_are_right(rng):
    f = jit(lambda v: np.cumsum(v) + v)
    for _ in range(3):
        memory = rng.standard_normal(20)
        for begin in range(5):
            held = memory.copy()
            want = f(held[:12].copy())
            f(held[:12], out=held[begin : begin + 12])
            assert np.array_equal(held[begin : begin + 12], want)


def test_results_that_overlap_captured_arrays_are_right():
    weights = np.arange(6.0)
    f = jit(lambda a: np.cumsum(a) + weights[::-1])
    for _ in range(3):
        want = f(np.ones(6))
        held = weights.copy()
        f(np.ones(6), out=weights)
        assert np.array_equal(weights, want)
        weights[:] = held


def test_empty_results_and_results_without_axes():
    f = jit(lambda a: (a + 1, a.sum()))
    for size in (0, 1, 3):
        v = np.arange(float(size))
        p, q = calls(f, v, out=(np.empty(size), np.empty(())))
        assert np.array_equal(p, v + 1) and q == v.sum()


@pytest.mark.parametrize(
    ("out", "error", "text"),
    [
        (np.empty((5, 6), "f4"), bafe.ShapeError, r"out: the shapes differ\n  out +f32\[5, 6\]"),
        (np.empty((1, 5, 7), "f4"), bafe.ShapeError, "shapes differ"),
        (np.empty((5, 7), "f8"), bafe.DTypeError, r"types differ\n  out +f64\[5, 7\]\n  result"),
        (np.empty((5, 7), object), bafe.DTypeError, r"out +object"),
        ([[1.0]], bafe.TraceError, "a list is no array"),
        (3.0, bafe.TraceError, "a float is no array"),
        ((np.empty((5, 7), "f4"),), bafe.TraceError, "a tuple is no array"),
    ],
)
def test_what_does_not_fit_is_refused_with_place_fact_and_fix(a, b, out, error, text):
    fma(a, b)
    for _ in range(3):
        with pytest.raises(error, match=r"^test_out.py:\d+: (?s:.*)" + text) as caught:
            fma(a, b, out=out)
        assert "\n  fix: " in str(caught.value)


def test_the_first_call_names_the_users_line_too(a, b):
    with pytest.raises(bafe.ShapeError, match=r"^test_out.py:\d+: out: the shapes differ"):
        jit(lambda a, b: a - b)(a, b, out=np.empty(3, "f4"))


def test_read_only_arrays_and_wrong_forms_are_refused(a, b):
    y = np.empty_like(a)
    y.flags.writeable = False
    with pytest.raises(bafe.ShapeError, match="read-only"):
        fma(a, b, out=y)
    f = jit(lambda a: (a, {"k": a + 1}))
    p, q = np.empty_like(a), np.empty_like(a)
    for out in (p, (p,), (p, q), (p, {"j": q}), [p, {"k": q}], (p, {"k": q}, q)):
        with pytest.raises(bafe.TraceError, match=r"results  \(array, \{'k': array\}\)"):
            f(a, out=out)
    with pytest.raises(bafe.ShapeError, match="same array is given for two"):
        f(a, out=(p, {"k": p}))
    calls(f, a, out=(p, {"k": q}))
    assert np.array_equal(q, a + 1)


def test_a_parameter_of_that_name_wins(a):
    f = jit(lambda a, out: a + out)
    assert np.array_equal(f(a, out=a), a + a)
    g = jit(lambda a, **rest: a + rest["out"])
    assert np.array_equal(g(a, out=a), a + a)


def test_inside_a_trace_there_is_no_memory_to_fill(a, b):
    y = np.empty_like(a)
    with pytest.raises(bafe.TraceError, match="out= inside a traced function"):
        bafe.jit(lambda a, b: fma(a, b, out=y))(a, b)


def test_without_jit_arrays_are_filled_too(a, b, monkeypatch):
    want = fma(a, b)
    monkeypatch.setenv("BAFE_DISABLE_JIT", "1")
    y = np.empty_like(a)
    f = bafe.jit(lambda a, b: a * b + a)
    assert f(a, b, out=y) is y and np.array_equal(y, want)


def test_errors_of_kernels_leave_the_call_usable():
    f = jit(lambda a, i: np.take(a, i))
    y = np.empty(2)
    with pytest.raises(ValueError):
        f(np.ones(3), np.array([0, 7]), out=y)
    assert calls(f, np.arange(3.0), np.array([0, 2]), out=y).tolist() == [0, 2]
