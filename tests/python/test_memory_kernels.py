"""Kernels bound by memory: stores around the caches, turned tiles, extremes with NaN, columns."""

import bafe
import numpy as np
import pytest

rng = np.random.default_rng(5)


def values(shape, dtype):
    if np.issubdtype(dtype, np.integer):
        return rng.integers(-100, 100, shape).astype(dtype)
    return rng.standard_normal(shape).astype(dtype)


def same(f, *args, math="reals"):
    got, want = bafe.jit(f, math=math)(*args), f(*args)
    assert got.dtype == want.dtype and got.shape == want.shape
    np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("n", [(3 << 20) + 5, 4 << 20])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16])
def test_long_results_are_whole(n, dtype):
    x = values(n, dtype)
    same(lambda a: a + a, x)
    same(lambda a: a[1:] * a[:-1], x)


@pytest.mark.parametrize("columns", [1000, 1024, 129, 5000])
def test_rows_of_large_results_are_whole(columns):
    x = values(((5 << 20) // columns, columns), np.float32)
    same(lambda a, b: a * b, x, values(columns, np.float32))
    got = bafe.jit(lambda a: a - a.max(axis=1, keepdims=True))(x)
    np.testing.assert_array_equal(got, x - x.max(axis=1, keepdims=True))


def test_unaligned_results_of_large_calls(monkeypatch):
    x = values((1001, 5003), np.float32)
    same(lambda a: np.concatenate([a + 1, a * 2], axis=1), x)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.int32, np.int16, np.int8])
@pytest.mark.parametrize(
    "shape", [(1, 70), (70, 1), (32, 64), (33, 31), (100, 257), (8, 8), (4, 5)]
)
def test_transposes_move_every_element(shape, dtype):
    same(lambda a: a.T + a.dtype.type(1), values(shape, dtype))
    same(lambda a: np.transpose(a), values(shape, dtype))


@pytest.mark.parametrize("order", [(0, 2, 1), (2, 0, 1), (1, 2, 0), (2, 1, 0), (1, 0, 2)])
def test_permuted_axes(order):
    for shape in [(5, 40, 33), (64, 7, 65), (3, 4, 5), (130, 130, 130)]:
        same(lambda a: np.transpose(a, order) + np.float32(1), values(shape, np.float32))


def test_large_transposes_go_around_the_caches():
    for shape in [(2048, 2048), (1500, 3001)]:
        same(lambda a: a.T + np.float32(1), values(shape, np.float32))


def test_transposed_bits_are_kept():
    bits = rng.integers(0, 1 << 32, (64, 96), dtype=np.uint32)
    x = bits.view(np.float32)
    got = bafe.jit(lambda a: np.transpose(a))(x)
    np.testing.assert_array_equal(np.ascontiguousarray(got).view(np.uint32), bits.T)


@pytest.mark.parametrize("math", ["bits", "reals"])
@pytest.mark.parametrize("shape", [(3, 5), (4, 100), (7, 1000), (300, 70), (2, 20000)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extremes_know_of_nan(shape, dtype, math):
    for case in range(5):
        x = values(shape, dtype)
        if case == 1:
            x[shape[0] // 2, shape[1] - 1] = np.nan
        if case == 2:
            x[:] = -np.inf
        if case == 3:
            x[0, shape[1] // 2] = np.nan
            x[1, 0] = np.inf
        if case == 4:
            x[:, ::2] = np.inf
        for axis in (None, 0, 1):
            for f in (np.max, np.min, np.argmax, np.argmin):
                same(lambda a, f=f, axis=axis: f(a, axis=axis), x, math=math)


def test_all_nan_is_nan():
    x = np.full((40, 300), np.nan, np.float32)
    for axis in (None, 0, 1):
        same(lambda a, axis=axis: a.max(axis=axis), x)
        same(lambda a, axis=axis: a.argmin(axis=axis), x)


@pytest.mark.parametrize(
    "shape", [(1, 4000), (7, 130), (8, 128), (257, 999), (3000, 65), (5000, 8)]
)
def test_sums_are_at_least_as_close_as_numpys(shape):
    x = values(shape, np.float32) + np.float32(3)
    for axis in (0, 1, None):
        exact = np.sum(x.astype(np.float64), axis=axis)
        got = bafe.jit(lambda a, axis=axis: a.sum(axis=axis))(x)
        near = np.abs(np.sum(x, axis=axis) - exact).max()
        ulp = np.spacing(np.abs(exact).max().astype(np.float32))
        assert np.abs(got - exact).max() <= max(near, 2 * ulp)


@pytest.mark.parametrize("dtype", [np.int8, np.int32, np.int64, np.uint16])
def test_integer_columns_are_exact(dtype):
    x = values((300, 77), np.int64).astype(dtype)
    same(lambda a: a.max(axis=0), x)
    same(lambda a: a.min(axis=0), x)
    same(lambda a: a.sum(axis=0), x)
    same(lambda a: (a > 0).any(axis=0), x)


@pytest.mark.parametrize("math", ["bits", "reals"])
@pytest.mark.parametrize("shape", [(131_073,), (3, 140_000), (200_003,)])
def test_places_in_large_arrays(shape, math):
    """Searches start at the unit that has the extreme: ties, NaN and ends are the edges."""
    x = values(shape, np.float32)
    n = shape[-1]
    for at in (0, 1, 65_535, 65_536, n - 1):
        for value in (9.0, np.inf, np.nan, -np.inf):
            y = x.copy()
            y[..., at] = value
            y[..., min(at + 70_000, n - 1)] = value  # a later equal one must not win
            for f in (np.argmax, np.argmin):
                same(lambda a, f=f: f(a, axis=-1), y, math=math)
    y = np.zeros(shape, np.float32)
    y[..., 1::2] = -0.0
    same(lambda a: a.argmin(axis=-1), y, math=math)
    y[..., n // 2] = np.nan
    y[..., 5] = np.inf  # the extreme of what is not NaN comes first
    same(lambda a: a.argmax(axis=-1), y, math=math)


@pytest.mark.parametrize("dtype", [np.int8, np.int64, np.uint16, np.bool_, np.float16, np.float64])
def test_places_of_every_type(dtype):
    for shape in [(5, 127), (5, 128), (5, 129), (4, 1000), (150_001,)]:
        x = (values(shape, np.float64) * 3).astype(dtype)
        same(lambda a: a.argmax(axis=-1), x)
        same(lambda a: a.argmin(axis=-1), x)
        same(lambda a: a[..., ::-1].argmax(axis=-1), x)
        same(lambda a: a[..., ::2].argmin(axis=-1), x)
        same(lambda a: (a > 0).argmax(axis=-1), x)
        same(lambda a: (a > 100).astype(np.int32).argmax(axis=-1), x)


def test_flags_of_columns():
    x = values((77, 300), np.float32)
    same(lambda a: (a > 2).astype(np.int32).max(axis=0), x)
    same(lambda a: (a > 9).astype(np.int32).max(axis=0), x)
    same(lambda a: (a < 0).any(axis=0), x)
    for row in range(0, 77, 11):
        y = x.copy()
        y[row, :] = np.nan
        same(lambda a: a.max(axis=0), y)
        y[row, 1:] = 0
        same(lambda a: a.min(axis=0), y)
