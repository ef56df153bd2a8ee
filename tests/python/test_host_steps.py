"""Host steps: NumPy's own routines as steps of a plan, the floor of a race under autotune."""

import bafe
import numpy as np
import pytest
from bafe import _core
from bafe.methods import _program

RNG = np.random.default_rng(3)


def draw(*shape, dtype=np.float32):
    return (RNG.standard_normal(shape) * 8).astype(dtype)


def hosted(function, *arrays):
    """Run a function with all its groups as host steps that can be; (steps, results)."""
    jitted = bafe.jit(function, rewrite=False)
    program = _program(jitted, arrays, {})
    return _core.host_values(program, jitted._options.search["options"], list(arrays))


CASES = {
    "product": (lambda a, b: a @ b, (draw(5, 7), draw(7, 3))),
    "product of transposes": (lambda a, b: a.T @ b.T, (draw(7, 5), draw(3, 7))),
    "batched product": (lambda a, b: a @ b, (draw(2, 5, 7), draw(2, 7, 3))),
    "product of slices": (lambda a, b: a[1:, ::2] @ b[2:6], (draw(5, 8), draw(7, 3))),
    "sum of rows": (lambda a: np.sum(a, axis=1), (draw(5, 70),)),
    "sum of all": (lambda a: np.sum(a), (draw(5, 70, dtype=np.float64),)),
    "sums, sizes kept": (lambda a: np.sum(a, axis=(0, 2), keepdims=True), (draw(3, 4, 5),)),
    "product of columns": (lambda a: np.prod(a, axis=0), (draw(3, 4),)),
    "max": (lambda a: np.max(a, axis=0), (draw(9, 4),)),
    "min of integers": (lambda a: np.min(a, axis=1), (draw(9, 4, dtype=np.int32),)),
    "argmax": (lambda a: np.argmax(a, axis=1), (draw(9, 14),)),
    "argmin": (lambda a: np.argmin(a, axis=0), (draw(9, 14),)),
    "copy of a transpose": (lambda a: np.transpose(a, (0, 2, 1)), (draw(3, 4, 5),)),
    "copy of a reversed slice": (lambda a: a[::-1, 1:], (draw(3, 4),)),
}


@pytest.mark.parametrize("name", CASES)
def test_a_host_step_computes_what_numpy_does(name):
    function, arrays = CASES[name]
    steps, (got,) = hosted(function, *arrays)
    want = function(*arrays)
    assert steps == 1, "one step, and the host's"
    assert got.dtype == want.dtype and got.shape == want.shape
    np.testing.assert_allclose(got, want, rtol=1e-6)


def test_the_rest_of_a_plan_is_generated():
    a, b = draw(6, 6), draw(6, 6)
    steps, (got,) = hosted(lambda a, b: np.exp(a) @ b, a, b)
    np.testing.assert_allclose(got, np.exp(a) @ b, rtol=1e-4)
    assert steps <= 1


@pytest.mark.parametrize(
    "function",
    [lambda a: a + 1, lambda a: np.tril(a), lambda a: a[:0], lambda a: np.sum(a[:1, :1])],
)
def test_what_is_no_routine_of_the_host_is_generated(function):
    a = draw(4, 4)
    steps, (got,) = hosted(function, a)
    assert steps == 0
    np.testing.assert_array_equal(got, function(a))


def test_nan_is_found_by_the_hosts_extremes():
    a = draw(4, 4)
    a[1, 2] = np.nan
    _, (got,) = hosted(lambda a: np.max(a, axis=1), a)
    assert np.isnan(got[1]) and not np.isnan(got[[0, 2, 3]]).any()
