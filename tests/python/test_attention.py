"""Attention, as users spell it, is one kernel over blocks of queries and keys."""

import bafe
import numpy as np
import pytest

INF = np.float32(np.inf)


def swap(k):
    return np.swapaxes(k, -1, -2)


def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def plain(q, k, v):
    return softmax((q @ swap(k)) * 0.125) @ v


def scaled_queries(q, k, v):
    x = (q * 0.125) @ swap(k)
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return (e @ v) / e.sum(axis=-1, keepdims=True)


def composite(q, k, v):
    return bafe.softmax(bafe.matmul(q, swap(k)) / 8, axis=-1) @ v


def soft_cap(q, k, v):
    return softmax(np.tanh((q @ swap(k)) / 240) * 30) @ v


def einsum(q, k, v):
    p = softmax(np.einsum("...id,...jd->...ij", q, k) * 0.125)
    return np.einsum("...ij,...jd->...id", p, v)


def causal(q, k, v):
    x = (q @ swap(k)) * 0.125
    rows, columns = np.arange(x.shape[-2]), np.arange(x.shape[-1])
    return softmax(np.where(rows[:, None] >= columns[None, :], x, -INF)) @ v


def additive(q, k, v, mask):
    return softmax((q @ swap(k)) * 0.125 + mask) @ v


def boolean(q, k, v, mask):
    return softmax(np.where(mask, (q @ swap(k)) * 0.125, np.float32(-1e9))) @ v


def exact(fn, *arrays):
    wide = [a if a.dtype == bool else a.astype(np.float64) for a in arrays]
    with np.errstate(all="ignore"):
        return plain(*wide) if fn is composite else fn(*wide)


def draw(shape_q, shape_k, dtype=np.float32, seed=0):
    random = np.random.default_rng(seed)
    return [random.standard_normal(s).astype(dtype) for s in (shape_q, shape_k, shape_k)]


def is_one_kernel(jitted, *arrays):
    return "attention" in jitted.explain(*arrays).to_dict()["chosen_text"]


FORMS = [plain, scaled_queries, composite, soft_cap, einsum, causal]


@pytest.mark.parametrize("fn", FORMS, ids=lambda fn: fn.__name__)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_spelling_is_one_kernel(fn, dtype):
    arrays = draw((4, 256, 64), (4, 256, 64), dtype)
    jitted = bafe.jit(fn, tier="compiled")
    assert is_one_kernel(jitted, *arrays)
    bound = 4e-6 if dtype is np.float32 else 1e-14
    assert np.abs(jitted(*arrays) - exact(fn, *arrays)).max() < bound


@pytest.mark.parametrize("fn", [additive, boolean], ids=lambda fn: fn.__name__)
def test_masks_from_memory_stay_inside(fn):
    arrays = draw((4, 200, 64), (4, 150, 64))
    random = np.random.default_rng(1)
    mask = random.random((200, 150)) > 0.4
    if fn is additive:
        mask = np.where(mask, 0, -INF).astype(np.float32)
    jitted = bafe.jit(fn, tier="compiled")
    assert is_one_kernel(jitted, *arrays, mask)
    assert np.abs(jitted(*arrays, mask) - exact(fn, *arrays, mask)).max() < 4e-6


@pytest.mark.parametrize(
    "m, n, d",
    [
        (1, 2, 16),
        (7, 300, 33),
        (65, 129, 17),
        (128, 131, 128),
        (300, 5, 64),
        (33, 1, 16),
        (3, 9, 300),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_any_sizes_are_right(m, n, d, dtype):
    arrays = draw((2, 3, m, d), (2, 3, n, d), dtype)
    for fn in (plain, soft_cap, causal if m == n else plain):
        got = bafe.jit(fn, tier="compiled")(*arrays)
        bound = 1e-5 if dtype is np.float32 else 1e-13
        assert np.abs(got - exact(fn, *arrays)).max() < bound


def test_queries_that_share_keys():
    def grouped(q, k, v):
        return softmax((q @ swap(k)[:, None]) * 0.125) @ v[:, None]

    q, _, _ = draw((2, 4, 130, 64), (1,))
    _, k, v = draw((1,), (2, 140, 64))
    jitted = bafe.jit(grouped, tier="compiled")
    assert np.abs(jitted(q, k, v) - exact(grouped, q, k, v)).max() < 4e-6


def test_heads_may_be_moved_afterwards():
    def heads_last(q, k, v):
        return np.swapaxes(plain(q, k, v), 1, 2)

    arrays = draw((2, 3, 128, 64), (2, 3, 128, 64))
    got = bafe.jit(heads_last, tier="compiled")(*arrays)
    assert np.abs(got - exact(heads_last, *arrays)).max() < 4e-6


def test_rows_without_keys_are_as_numpy_has_them():
    arrays = draw((2, 256, 64), (2, 256, 64))
    mask = np.zeros((256, 256), np.float32)
    mask[3] = -INF
    mask[70:200, :130] = -INF
    mask[5, 9] = INF
    mask[6, 200] = np.nan
    jitted = bafe.jit(additive, tier="compiled")
    assert is_one_kernel(jitted, *arrays, mask)
    got, want = jitted(*arrays, mask), exact(additive, *arrays, mask)
    assert np.array_equal(np.isnan(got), np.isnan(want))
    assert np.isnan(want[:, 3]).all() and np.isnan(want[:, 5]).all() and np.isnan(want[:, 6]).all()
    assert np.nanmax(np.abs(got - want)) < 4e-6


@pytest.mark.parametrize("which", [0, 1, 2])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_specials_reach_the_result(which, value):
    arrays = draw((1, 256, 64), (1, 256, 64))
    arrays[which][0, 100, 7] = value
    jitted = bafe.jit(plain, tier="compiled")
    assert is_one_kernel(jitted, *arrays)
    got, want = jitted(*arrays), exact(plain, *arrays)
    assert np.array_equal(np.isfinite(got), np.isfinite(want))


@pytest.mark.parametrize("fn", [plain, causal], ids=lambda fn: fn.__name__)
def test_threads_do_not_show(fn):
    arrays = draw((3, 190, 64), (3, 190, 64))
    one = bafe.jit(fn, threads=1, tier="compiled")(*arrays)
    for threads in (2, 3, 8):
        assert np.array_equal(bafe.jit(fn, threads=threads, tier="compiled")(*arrays), one)


def test_bits_keep_the_order_of_sums():
    arrays = draw((4, 256, 64), (4, 256, 64))
    assert not is_one_kernel(bafe.jit(plain, math="bits"), *arrays)


def test_weights_that_are_also_returned_are_stored():
    def both(q, k, v):
        p = softmax(q @ swap(k))
        return p, p @ v

    arrays = draw((2, 128, 64), (2, 128, 64))
    jitted = bafe.jit(both, tier="compiled")
    assert not is_one_kernel(jitted, *arrays)
    for got, want in zip(jitted(*arrays), exact(both, *arrays)):
        assert np.abs(got - want).max() < 4e-5


@pytest.mark.parametrize("scale", [1e-4, 1, 30, 1e4])
def test_large_logits_lose_no_more_than_in_parts(scale):
    q, k, v = draw((2, 256, 64), (2, 256, 64))
    q = (q * np.float32(scale)).astype(np.float32)
    want = exact(plain, q, k, v)
    whole = np.abs(bafe.jit(plain, tier="compiled")(q, k, v) - want).max()
    parts = np.abs(bafe.jit(plain, math="bits", tier="compiled")(q, k, v) - want).max()
    assert whole <= 2 * parts + 1e-6
