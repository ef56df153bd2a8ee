"""Python integers beside arrays of narrow types: NumPy's result, or its error."""

import bafe
import numpy as np
import pytest

TIERS = ("compiled", "interpreted", "auto")


@pytest.mark.parametrize("tier", TIERS)
@pytest.mark.parametrize(
    "dtype", ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64"]
)
def test_an_integer_that_does_not_fit_is_an_error_at_every_call(tier, dtype):
    x = np.array([1, 2], dtype)
    f = bafe.jit(lambda x, n: x + n, tier=tier)
    info = np.iinfo(dtype)
    for n in (0, 1, min(info.max, 2**63 - 1) - 2, info.min):
        np.testing.assert_array_equal(f(x, n), x + np.array(n, dtype))
    for n in (info.max + 1, info.min - 1, -(2**63), 2**63 - 1):
        if info.min <= n <= info.max or not -(2**63) <= n < 2**63:
            continue
        with pytest.raises(OverflowError, match=rf"'n'.*{n}"):
            f(x, n)
    np.testing.assert_array_equal(f(x, 3), x + 3)


@pytest.mark.parametrize("tier", TIERS)
def test_the_first_call_may_be_the_one_that_does_not_fit(tier):
    f = bafe.jit(lambda x, n: x * n, tier=tier)
    with pytest.raises(OverflowError, match="'n'.*out of bounds for uint8"):
        f(np.array([1, 2], np.uint8), -1)
    np.testing.assert_array_equal(f(np.array([1, 2], np.uint8), 7), [7, 14])


def test_wide_types_and_floats_take_any_integer():
    f = bafe.jit(lambda x, n: x + n, tier="interpreted")
    np.testing.assert_array_equal(f(np.array([1.0, 2.0]), 300), [301, 302])
    np.testing.assert_array_equal(f(np.array([1, 2]), -(2**40)), np.array([1, 2]) - 2**40)
    np.testing.assert_array_equal(f(np.array([True]), 300), [301])


def test_an_integer_in_a_container_is_named():
    f = bafe.jit(lambda x, p: x + p["n"], tier="interpreted")
    with pytest.raises(OverflowError, match=r"'p\[0\]'"):
        f(np.array([1], np.int8), {"n": 128})


def test_the_integer_is_tested_once_for_each_type_it_meets():
    f = bafe.jit(lambda x, y, n: (x + n, y + n), tier="interpreted")
    x, y = np.array([1], np.uint8), np.array([1], np.int16)
    assert [int(one[0]) for one in f(x, y, 200)] == [201, 201]
    for n in (-1, 256, 40000):
        with pytest.raises(OverflowError):
            f(x, y, n)
