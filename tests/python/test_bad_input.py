"""Arguments that are legal and unusual: every result is NumPy's, or an error that says why not."""

import os
import warnings

import bafe
import numpy as np
import pytest

TIERS = ("compiled", "interpreted")
FUNCTIONS = {
    "chain": lambda a: np.tanh(a * 2 + 1) - a,
    "sum": lambda a: a.sum(),
    "row sums": lambda a: a.sum(axis=-1),
    "column sums": lambda a: a.sum(axis=0),
    "transpose": lambda a: a.T + 1,
    "cumsum": lambda a: np.cumsum(a, axis=-1),
    "product": lambda a: a @ a.T,
    "row program": lambda a: np.exp(a - a.mean(axis=-1, keepdims=True)),
}


def both(function, *args, **options):
    """The compiled and the interpreted result."""
    return [bafe.jit(function, tier=tier, **options)(*args) for tier in TIERS]


def agree(function, *args):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = np.asarray(function(*args))
    for got in both(function, *args):
        assert got.shape == want.shape and got.dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=2e-6, atol=1e-6)


# ---- sizes


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (0, 0), (1, 1), (1, 7), (7, 1), (17, 33)])
def test_dims_of_zero_and_one(name, shape, rng):
    agree(FUNCTIONS[name], rng.standard_normal(shape).astype("f4"))


@pytest.mark.parametrize("name", ["max", "min", "argmax", "argmin"])
def test_an_extreme_of_nothing_is_an_error_with_the_place(name):
    for tier in TIERS:
        with pytest.raises(bafe.ShapeError, match=r"test_bad_input.py:\d+"):
            bafe.jit(lambda a: getattr(a, name)(axis=1), tier=tier)(np.ones((3, 0)))


def test_arrays_without_dims():
    x = np.array(2.5, "f4")
    agree(lambda a: np.sqrt(a) * a + 1, x)
    agree(lambda a: a.sum(), x)
    agree(lambda a, b: a + b, x, np.ones((2, 3), "f4"))
    assert both(lambda a: a.argmax(), x)[0] == 0


def test_ranks_up_to_numpys_limit():
    rank = 32 if np.lib.NumpyVersion(np.__version__) < "2.0.0" else 64
    x = np.arange(6.0).reshape((1,) * (rank - 2) + (2, 3))
    for function in (lambda a: a * 2 + 1, lambda a: a.sum(axis=-1), lambda a: a.T + 1):
        agree(function, x)
    y = np.arange(2.0**12).reshape((2,) * 12)
    agree(lambda a: a.transpose(tuple(range(11, -1, -1))).sum(axis=(0, 3, 5)), y)


# ---- storage


def stored(x):
    """The same values, stored in unusual ways."""
    spaced = np.zeros((x.shape[0] * 3, x.shape[1] * 2), x.dtype)
    spaced[::3, ::2] = x
    raw = np.zeros(x.nbytes + 3, np.uint8)
    shifted = raw[3:].view(x.dtype).reshape(x.shape)
    shifted[...] = x
    frozen = x.copy()
    frozen.flags.writeable = False
    record = np.zeros(x.shape, [("pad", "u1"), ("value", x.dtype)])
    record["value"] = x
    return {
        "negative strides": np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1],
        "one negative stride": np.ascontiguousarray(x[:, ::-1])[:, ::-1],
        "spaced": spaced[::3, ::2],
        "shifted by three bytes": shifted,
        "Fortran order": np.asfortranarray(x),
        "read-only": frozen,
        "other byte order": x.astype(x.dtype.newbyteorder()),
        "a field of records": record["value"],
    }


@pytest.mark.parametrize("how", stored(np.ones((2, 2))))
@pytest.mark.parametrize("name", FUNCTIONS)
def test_storage_does_not_matter(how, name, rng):
    x = rng.standard_normal((13, 37)).astype("f4")
    function = FUNCTIONS[name]
    for one, other in zip(both(function, stored(x)[how]), both(function, x)):
        np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_strides_of_zero(name, rng):
    row, column = rng.standard_normal((1, 19)), rng.standard_normal((23, 1))
    agree(FUNCTIONS[name], np.broadcast_to(row, (23, 19)))
    agree(FUNCTIONS[name], np.broadcast_to(column, (23, 19)))
    agree(FUNCTIONS[name], np.broadcast_to(1.5, (23, 19)))


def test_arguments_that_share_memory(rng):
    x = rng.standard_normal(101).astype("f4")
    before = x.copy()
    agree(lambda a, b: a * b + a, x, x)
    agree(lambda a, b: a[:50] * 2 - b[50:100], x, x)
    agree(lambda a, b: np.cumsum(a) - b, x[:-1], x[1:])
    agree(lambda a, b: a + b, x, x[::-1])
    agree(lambda a: a.sum(axis=1), np.lib.stride_tricks.sliding_window_view(x, 5))
    assert np.array_equal(x, before)


def test_results_never_share_memory(rng):
    x = rng.standard_normal((4, 5))
    f = bafe.jit(lambda a: (a, a.T, a[:2], a + 0), tier="compiled")
    results = f(x)
    for i, one in enumerate(results):
        assert one.flags.writeable and not np.shares_memory(one, x)
        for other in results[i + 1 :]:
            assert not np.shares_memory(one, other)
    results[0][...] = 7
    assert np.array_equal(f(x)[0], x)


@pytest.mark.parametrize("dtype", [object, "S3", "U3", "M8[s]", "m8[s]", "V4", "c8", "c16", "g"])
def test_other_dtypes_are_refused_by_name(dtype):
    x = np.zeros(3, dtype)
    if x.dtype == np.dtype("f8"):
        pytest.skip("long double is double here")
    for tier in TIERS:
        with pytest.raises(bafe.DTypeError, match=r"fix:"):
            bafe.jit(lambda a: a + a, tier=tier)(x)


def test_records_are_refused_by_name():
    with pytest.raises(bafe.DTypeError, match=r"fix:"):
        bafe.jit(lambda a: a + a)(np.zeros(3, [("x", "f4"), ("y", "i4")]))


# ---- more elements than 2^31

MANY = 2**31 + 5


def test_indices_beyond_32_bits():
    """No memory is needed: what is counted exists inside the kernel only."""
    count = bafe.jit(
        lambda x: (np.broadcast_to(x, (MANY,)) > 0).sum(), tier="compiled", math="bits"
    )
    assert count(np.ones(1, "i1")) == MANY
    assert count(np.zeros(1, "i1")) == 0


def test_positions_beyond_32_bits():
    f = bafe.jit(lambda at: np.argmax(bafe.iota(MANY) == at), tier="compiled", math="bits")
    assert f(np.int64(2**31 + 3)) == 2**31 + 3


def test_views_beyond_32_bits():
    """A view of stride 0 is what a user has; the bytes behind it are few until a kernel asks."""
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if free < 6 * 2**30:
        pytest.skip("needs 6 GB of free memory")
    wide = np.broadcast_to(np.array([2], "u1"), (MANY,))
    f = bafe.jit(lambda a: (a[2**31 + 1 :: 2].sum(), a[::-1][:3], a.max()), tier="compiled")
    total, last, most = f(wide)
    assert total == 4 and last.tolist() == [2, 2, 2] and most == 2


def test_more_elements_than_an_index_can_count_are_an_error():
    f = bafe.jit(lambda x: np.broadcast_to(x, (2**40, 2**40)).sum(axis=(0, 1)))
    with pytest.raises(bafe.ShapeError, match="62 bits"):
        f(np.ones((1, 1), "f4"))


# ---- numbers


def test_subnormal_numbers_stay():
    tiny = np.array([1e-45, -1e-45, 1e-40, 1.1754942e-38], "f4")
    agree(lambda a: a * np.float32(1), tiny)
    for got in both(lambda a: a + a, tiny):
        assert np.array_equal(got, tiny + tiny) and got.all()
    for got in both(lambda a: a.sum(), tiny):
        assert got == tiny.sum()
    for got in both(lambda a, b: a @ b, tiny[None], np.ones((4, 1), "f4")):
        assert got[0, 0] != 0
    assert np.float32(1e-45) * np.float32(1) != 0, "the thread's floating-point mode is as before"


INTEGERS = ["i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integers_wrap(dtype):
    info = np.iinfo(dtype)
    a = np.array([info.max, info.min, info.max // 2 + 1, 3] * 9, dtype)
    b = np.array([1, info.max, 2, 7] * 9, dtype)
    for function in (
        lambda x, y: x + y,
        lambda x, y: x - y,
        lambda x, y: x * y,
        lambda x, y: -x,
        lambda x, y: abs(x),
        lambda x, y: np.square(x),
        lambda x, y: x**3,
        lambda x, y: x[None] @ y[:, None],
        lambda x, y: np.cumsum(x),
        lambda x, y: np.prod(x),
    ):
        with np.errstate(all="ignore"):
            want = function(a, b)
        for got in both(function, a, b):
            assert got.dtype == want.dtype and np.array_equal(got, want)


@pytest.mark.parametrize("dtype", INTEGERS[:4])
def test_the_lowest_integer_by_minus_one_wraps(dtype):
    low, minus = np.array([np.iinfo(dtype).min] * 33, dtype), np.full(33, -1, dtype)
    for got in both(lambda a, b: a // b, low, minus):
        assert (got == low).all()
    for got in both(lambda a, b: a % b, low, minus):
        assert (got == 0).all()


@pytest.mark.parametrize("dtype", INTEGERS)
@pytest.mark.parametrize("name", ["floor_divide", "remainder"])
def test_integer_division_by_zero_raises(name, dtype):
    function = getattr(np, name)
    a, b = np.arange(40).astype(dtype), np.ones(40, dtype)
    for tier in TIERS:
        f = bafe.jit(lambda x, y: function(x, y), tier=tier)
        assert np.array_equal(f(a, b), function(a, b))
        for where in (0, 17, 39):
            zero = b.copy()
            zero[where] = 0
            with pytest.raises(ZeroDivisionError, match="division by zero") as caught:
                f(a, zero)
            assert isinstance(caught.value, bafe.BafeError)
        assert np.array_equal(f(a, b), function(a, b)), "an error leaves the function usable"


DIVISIONS = {
    "times zero": lambda a, b: (a // b) * 0 + a,
    "less itself": lambda a, b: (a // b) - (a // b) + a,
    "sliced": lambda a, b: (a // b)[:1],
    "chosen": lambda a, b: np.where(b == 0, a, a // b),
    "remainder": lambda a, b: (a % b)[::-1][:1],
}


@pytest.mark.parametrize("math", ["bits", "reals", "fast"])
@pytest.mark.parametrize("name", sorted(DIVISIONS))
def test_a_division_by_zero_raises_or_its_result_is_not_used(name, math):
    """A program may be chosen that leaves out divisions; it then gives what they do not touch."""
    a, b = np.arange(7, 47), np.ones(40, np.int64)
    f = DIVISIONS[name]
    zero = b.copy()
    zero[20] = 0
    want = f(a, b)  # the divisor's other elements are 1 too
    if name == "chosen":
        want[20] = a[20]
    for tier in TIERS:
        jitted = bafe.jit(f, tier=tier, math=math)
        assert np.array_equal(jitted(a, b), f(a, b))
        try:
            got = jitted(a, zero)
        except ZeroDivisionError as error:
            assert isinstance(error, bafe.DivisionError)
        else:
            assert np.array_equal(got, want)
        used = bafe.jit(lambda a, b: (a // b).sum(), tier=tier, math=math)
        with pytest.raises(bafe.DivisionError):
            used(a, zero)
    assert "may be left out" in bafe.DivisionError.__doc__


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_float_division_by_zero_does_not_raise(dtype):
    a, b = np.array([1, -1, 0, np.nan], dtype), np.zeros(4, dtype)
    for name in ("divide", "floor_divide", "remainder"):
        with np.errstate(all="ignore"):
            want = getattr(np, name)(a, b)
        for got in both(getattr(np, name), a, b):
            np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("source", ["f2", "f4", "f8"])
@pytest.mark.parametrize("target", INTEGERS)
def test_floats_outside_an_integer_are_defined(source, target):
    """Kernels, whatever vectors they use, and the interpreter give the same integer."""
    big = [0.5, -0.5, 1e3, -1e3, 7e4, -7e4, 3e9, -3e9, 1e19, -1e19, np.inf, -np.inf, np.nan]
    with np.errstate(over="ignore"):
        x = np.array(big * 5, source)
    compiled, interpreted = both(lambda a: a.astype(target), x)
    assert np.array_equal(compiled, interpreted)
    fits = np.isfinite(x) & (np.abs(x) < 100) & ((x > -1) | (np.dtype(target).kind == "i"))
    assert np.array_equal(compiled[fits], x[fits].astype(target))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_shifts_by_the_width_and_more(dtype):
    bits = np.iinfo(dtype).bits
    a = np.array([1, 5, np.iinfo(dtype).max, np.iinfo(dtype).min] * 12, dtype)
    by = np.repeat(np.array([0, 1, bits - 1, bits, bits + 1, 100], dtype), 8)
    for name in ("left_shift", "right_shift"):
        want = getattr(np, name)(a, by)
        for got in both(getattr(np, name), a, by):
            assert np.array_equal(got, want)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_nan_in_comparisons_extremes_and_clip(dtype, rng):
    x = rng.standard_normal((7, 41)).astype(dtype)
    x[rng.random(x.shape) < 0.1] = np.nan
    x[0, 0], x[6, 40] = np.nan, np.nan
    y = x[::-1].copy()
    for function in (
        lambda a, b: a < b,
        lambda a, b: a >= b,
        lambda a, b: a == b,
        lambda a, b: a != b,
        lambda a, b: np.maximum(a, b),
        lambda a, b: np.minimum(a, b),
        lambda a, b: a.max(axis=1),
        lambda a, b: a.min(axis=0),
        lambda a, b: a.max(),
        lambda a, b: a.argmax(axis=1),
        lambda a, b: a.argmin(axis=0),
        lambda a, b: a.argmax(),
        lambda a, b: np.clip(a, -1, 1),
        lambda a, b: np.clip(a, b, 1),
        lambda a, b: np.where(a > b, a, b),
        lambda a, b: np.isnan(a),
        lambda a, b: np.sign(a),
        lambda a, b: np.maximum(a, 0),
    ):
        want = function(x, y)
        for got in both(function, x, y):
            assert got.dtype == want.dtype
            np.testing.assert_array_equal(got, want)
