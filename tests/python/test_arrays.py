"""Arrays as users have them: strides, order, alignment, byte order, overlap, read-only."""

import bafe
import numpy as np
import pytest

f = bafe.jit(lambda a, b: a @ b + a)
g = bafe.jit(lambda a: a * 2 + 1)


def variants(x):
    """The same values stored in many ways."""
    big = np.zeros((x.shape[0] * 2, x.shape[1] * 3), x.dtype)
    big[::2, ::3] = x
    raw = np.zeros(x.nbytes + 1, np.uint8)
    unaligned = raw[1:].view(x.dtype).reshape(x.shape)
    unaligned[...] = x
    frozen = x.copy()
    frozen.setflags(write=False)
    return {
        "row": x,
        "col": np.asfortranarray(x),
        "transposed view": np.ascontiguousarray(x.T).T,
        "strided": big[::2, ::3],
        "negative strides": np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1],
        "unaligned": unaligned,
        "read-only": frozen,
        "byte-swapped": x.astype(x.dtype.newbyteorder()),
        "memory map like": x.view(np.ndarray),
    }


@pytest.mark.parametrize("name", variants(np.ones((2, 2))))
@pytest.mark.parametrize("dtype", ["f4", "f8", "i4"])
def test_storage_never_changes_values(name, dtype, rng):
    x = (rng.integers(-9, 9, (13, 13))).astype(dtype)
    stored = variants(x)[name]
    assert np.array_equal(f(stored, x), x @ x + x)
    assert np.array_equal(f(x, stored), x @ x + x)
    assert np.array_equal(g(stored), x * 2 + 1)
    assert g(stored).dtype.isnative


def test_broadcast_views_and_overlap():
    x = np.arange(12.0)
    assert np.array_equal(g(np.broadcast_to(x[:3], (4, 3))), np.broadcast_to(x[:3], (4, 3)) * 2 + 1)
    h = bafe.jit(lambda a, b: a - b)
    assert np.array_equal(h(x[:-1], x[1:]), x[:-1] - x[1:])
    windows = np.lib.stride_tricks.sliding_window_view(x, 4)
    assert np.array_equal(g(windows), windows * 2 + 1)


def test_results_never_alias_arguments():
    x = np.arange(6.0).reshape(2, 3)
    for function in (lambda a: a, lambda a: a.T, lambda a: a.reshape(3, 2), lambda a: (a, a + 1)):
        out = bafe.jit(function)(x)
        for one in out if isinstance(out, tuple) else (out,):
            assert not np.shares_memory(one, x)


def test_other_dense_orders():
    x = np.arange(24.0).reshape(2, 3, 4)
    y = np.ascontiguousarray(x.transpose(2, 0, 1)).transpose(1, 2, 0)
    assert y.strides != x.strides and np.array_equal(x, y)
    assert np.array_equal(bafe.jit(lambda a: a.sum(axis=1) + 1)(y), x.sum(axis=1) + 1)


def test_every_dtype_round_trips():
    for name in (
        "bool",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float16",
        "float32",
        "float64",
    ):
        x = np.array([[0, 1], [1, 1]]).astype(name)
        out = bafe.jit(lambda a: a.T)(x)
        assert out.dtype == x.dtype and np.array_equal(out, x.T)


def test_bfloat16_arrays():
    ml_dtypes = pytest.importorskip(
        "ml_dtypes", reason="bfloat16 arrays come from the ml_dtypes package"
    )
    x = np.array([1.0, 2.5], dtype=ml_dtypes.bfloat16)
    out = bafe.jit(lambda a: a + a)(x)
    assert out.dtype == x.dtype and out.astype(np.float32).tolist() == [2, 5]
