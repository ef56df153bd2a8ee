"""Binaries are replayed before they are trusted; a wrong one never runs; bounds hold."""

import os
import re
import stat
import subprocess
import sys
import warnings

import bafe
import numpy as np
import pytest
import random_program

WRONG_COMPILER = """#!/bin/sh
sed '/^int bafe_k/,$ s/{pattern}/{instead}/' | exec cc "$@"
"""


def test_small_results_are_compared_whole():
    f = bafe.jit(lambda a, b: np.maximum(a @ b, 0), tier="compiled")
    a = np.ones((12, 9), "f4")
    record = f.validation(a, np.ones((9, 7), "f4"))
    assert "integers: all 84 elements equal in every bit" in record
    assert "floats: all 84 elements within the derived bound" in record


def test_rows_of_large_products_are_all_checked():
    f = bafe.jit(lambda a, b: a @ b, tier="compiled")
    a = np.ones((700, 650), "f4")
    record = f.validation(a, np.ones((650, 900), "f4"))
    assert "of 630000 elements equal in every bit, every row of the product by Freivalds" in record


def test_a_cached_kernel_keeps_its_record():
    def f(x):
        return np.exp(x) + x.sum()

    x = np.ones(33, "f4")
    first = bafe.jit(f, tier="compiled").validation(x)
    assert "derived bound" in first
    assert bafe.jit(f, tier="compiled").validation(x) == first


CASES = {
    "a wrong sign": (" + ", " - ", "x + y * x"),
    "a wrong operator": (" \\* ", " + ", "x * y + y"),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("tier", ["compiled", "auto"])
def test_a_miscompiled_kernel_never_runs(name, tier, tmp_path):
    pattern, instead, body = CASES[name]
    compiler = tmp_path / "wrong_cc"
    compiler.write_text(WRONG_COMPILER.format(pattern=pattern, instead=instead))
    compiler.chmod(compiler.stat().st_mode | stat.S_IXUSR)
    code = f"""
import warnings, numpy as np, bafe
x = np.linspace(-2, 3, 500).astype("f4").reshape(20, 25)
y = x[::-1].copy()
fn = lambda x, y: {body}
with warnings.catch_warnings(record=True) as seen:
    warnings.simplefilter("always")
    for _ in range(2):
        f = bafe.jit(fn, tier={tier!r})
        f(x, y)
        f.wait()
        np.testing.assert_allclose(f(x, y), fn(x, y), rtol=1e-5, atol=1e-5)
told = [str(w.message) for w in seen if "differs from the program" in str(w.message)]
assert len(told) == 1, told
print(told[0].split("python ")[1])
"""
    env = dict(os.environ, BAFE_CC=str(compiler), BAFE_CACHE_DIR=str(tmp_path / "cache"))
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    path = done.stdout.strip()
    assert path.endswith(".py") and os.path.exists(path)
    env.pop("BAFE_CC")  # with the right compiler both ways agree
    assert subprocess.run([sys.executable, path], env=env, timeout=120).returncode == 0


def test_random_programs_raise_no_alarm():
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        warnings.filterwarnings("error", message="bafe")
        for seed in range(40):
            program = random_program.RandomProgram(seed)
            bafe.jit(program.run, tier="compiled").compile(*program.inputs)


def exact_softmax(x):
    e = np.exp(x.astype(np.longdouble))
    return (e / e.sum(axis=1, keepdims=True)).astype("f8")


def worst_share(f, args, exact):
    """Largest error of the result as a share of its bound, and the middle bound over errors."""
    bound = f.error_bound(*args)
    error = np.abs(np.asarray(f(*args), dtype=np.float64) - exact)
    assert bound.shape == error.shape and (bound >= 0).all()
    return float((error / np.where(bound > 0, bound, 1)).max())


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_errors_stay_within_their_bounds(scale):
    rng = np.random.default_rng(3)
    a = (scale * rng.normal(size=(24, 50))).astype("f4")
    b = (scale * rng.normal(size=(50, 20))).astype("f4")
    wide = a.astype("f8"), b.astype("f8")
    assert worst_share(bafe.jit(lambda a, b: a @ b), (a, b), wide[0] @ wide[1]) <= 1
    cancels = np.concatenate([a, -a], axis=1)
    assert worst_share(bafe.jit(lambda x: x.sum(axis=1)), (cancels,), np.zeros(24)) <= 1
    offset = (a + np.float32(1e4)).astype("f4")
    exact = offset.astype("f8")
    exact = (exact - exact.mean(axis=1, keepdims=True)) ** 2
    f = bafe.jit(lambda x: (x - x.mean(axis=1, keepdims=True)) ** 2)
    assert worst_share(f, (offset,), exact) <= 1
    if scale == 1.0:
        softmax = bafe.jit(lambda x: bafe.softmax(x, 1))
        assert worst_share(softmax, (a,), exact_softmax(a)) <= 1


def test_a_bound_is_no_guess_where_rounding_decides():
    f = bafe.jit(lambda x: np.floor(x * np.float32(3)))
    bound = f.error_bound(np.array([1.0, 1.4], "f4"))
    assert bound[0] >= 1 and bound[1] < 1e-3


def off_by(f, *args):
    """Result and bound, as long floats."""
    return np.asarray(f(*args)).astype(np.longdouble), f.error_bound(*args)


@pytest.mark.parametrize("math", ["bits", "reals"])
@pytest.mark.parametrize(
    "function, arguments",
    [
        (lambda x: x * x, [np.full(3, 1e20, "f4")]),
        (lambda x: x * x * np.float32(1e-30), [np.full(3, 1e20, "f4")]),
        (lambda x: np.exp(x), [np.array([12.0, 11.5], "f2")]),
        (lambda x: np.sum(x) * np.float32(1e-10), [np.full(8, 1e38, "f4")]),
        (lambda x: np.prod(x), [np.full(8, 1e-30, "f4")]),
        (lambda x: x @ x, [np.full((2, 2), 1e-30, "f4")]),
        (lambda x: x @ x, [np.full((2, 2), 1e-4, "f2")]),
        (
            lambda x: (x * x).astype("int64").astype("float64"),
            [np.linspace(9e8, 1e9, 64, dtype="f4")],
        ),
        (lambda x: np.tanh((x * x - x * x) * np.float32(1e-9)), [np.full(3, 1e20, "f4")]),
    ],
)
def test_overflow_underflow_and_long_integers_stay_within_their_bounds(function, arguments, math):
    with np.errstate(all="ignore"):
        exact = function(*[a.astype(np.longdouble) for a in arguments])
        if arguments[0].size == 64:  # without a cast NumPy has the real product
            exact = np.floor(arguments[0].astype(np.longdouble) ** 2)
    got, bound = off_by(bafe.jit(function, math=math, tier="compiled"), *arguments)
    with np.errstate(all="ignore"):
        assert ((np.abs(got - exact) <= bound) | np.isinf(bound)).all()


def test_jumps_inside_the_box_of_errors_are_seen():
    x = np.array([0.1], "f4")
    same = bafe.jit(lambda x, y: np.where(x * np.float32(3) == y, 100.0, 0.0), math="bits")
    got, bound = off_by(same, x, x * np.float32(3))
    assert abs(got - 0) <= bound  # the real product is another number
    wraps = np.linspace(0.1, 10, 200).astype("f4")
    f = bafe.jit(lambda x: np.mod(x * np.float32(1e9), np.float32(1)), math="bits")
    got, bound = off_by(f, wraps)
    exact = np.mod(wraps.astype(np.longdouble) * np.longdouble(np.float32(1e9)), 1)
    assert (np.abs(got - exact) <= bound).all()
    flips = bafe.jit(lambda x: np.logical_xor(x * 3 > x + x + x, x * 3 <= x + x + x), math="bits")
    assert (flips.error_bound(wraps) >= 1).any()
    pole = bafe.jit(
        lambda x: (x * np.float32(3) - np.float32(0.3)) ** np.float32(-2.0), math="bits"
    )
    assert np.isinf(pole.error_bound(x))


def test_a_program_too_large_for_a_bound_says_so():
    large = np.ones((1100, 1100), "f4")
    with pytest.raises(ValueError, match="too large, or holds an operator"):
        bafe.jit(lambda a: a @ a).error_bound(large)


def test_large_results_are_compared_or_said_not_to_be():
    rng = np.random.default_rng(0)
    q, k, v = (rng.normal(size=(1, 4, 600, 64)).astype("f4") for _ in range(3))
    attend = bafe.jit(
        lambda q, k, v: bafe.softmax(q @ np.swapaxes(k, -1, -2), -1) @ v, tier="compiled"
    )
    record = attend.validation(q, k, v)
    assert int(re.search(r"floats: (\d+) of 153600 elements", record)[1]) > 0
    record = bafe.jit(lambda x: x.sum(), tier="compiled").validation(np.ones((3000, 1500), "f4"))
    assert " 0 of " not in record
    assert "not compared" in record


def test_a_bound_needs_values():
    spec = bafe.ShapeDtype((8, 8), "float32")
    with pytest.raises(bafe.TraceError, match="error_bound: a ShapeDtype has no values"):
        bafe.jit(lambda a, b: a @ b).error_bound(spec, np.ones((8, 8), "f4"))
