"""Operators one by one against NumPy, over dtypes and edge values, compiled and interpreted."""

import warnings

import bafe
import numpy as np
import pytest

INTS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
FLOATS = ["float16", "float32", "float64"]
EDGES = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    0.5,
    1.5,
    2.5,
    -2.5,
    1e-3,
    20.0,
    -20.0,
    np.inf,
    -np.inf,
    np.nan,
    1e-40,
    6e4,
]
BINARY = [
    "add",
    "subtract",
    "multiply",
    "maximum",
    "minimum",
    "equal",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "logical_and",
    "logical_or",
    "logical_xor",
]


def both(function, *arguments):
    for tier in ("compiled", "interpreted"):
        yield tier, bafe.jit(function, tier=tier)(*arguments)


def numpy_of(function, *arguments):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return function(*arguments)


@pytest.mark.parametrize("dtype", ["bool", *INTS, *FLOATS])
@pytest.mark.parametrize("name", BINARY)
def test_exact_binary_functions(name, dtype):
    if name == "subtract" and dtype == "bool":
        pytest.skip("NumPy has no boolean subtract; BAFE's error is frozen in test_errors")
    if dtype in FLOATS:
        values = np.array(EDGES).astype(dtype)
    else:
        info = np.iinfo(dtype) if dtype != "bool" else None
        values = np.array(
            [0, 1, 2, 3] if info is None else [0, 1, 2, 7, info.min, info.max], dtype=object
        ).astype(dtype)
    a, b = np.meshgrid(values, values)
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    function = getattr(np, name)
    want = numpy_of(function, a, b)
    for tier, got in both(function, a, b):
        assert got.dtype == want.dtype, tier
        assert np.array_equal(got, want, equal_nan=dtype in FLOATS), tier


@pytest.mark.parametrize("dtype", INTS)
@pytest.mark.parametrize(
    "name",
    [
        "floor_divide",
        "remainder",
        "bitwise_and",
        "bitwise_or",
        "bitwise_xor",
        "left_shift",
        "right_shift",
    ],
)
def test_integer_functions(name, dtype):
    info = np.iinfo(dtype)
    a, b = np.meshgrid(
        np.array([0, 1, 5, 7, info.max, info.min], dtype=dtype),
        np.array([1, 2, 3, 7]).astype(dtype),
    )
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    want = numpy_of(getattr(np, name), a, b)
    for tier, got in both(getattr(np, name), a, b):
        assert got.dtype == want.dtype and np.array_equal(got, want), tier


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["floor_divide", "remainder", "divide"])
def test_float_division(name, dtype):
    values = np.array([v for v in EDGES if v != 1e-40]).astype(dtype)
    a, b = np.meshgrid(values, values)
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    want = numpy_of(getattr(np, name), a, b)
    for tier, got in both(getattr(np, name), a, b):
        np.testing.assert_allclose(got, want, rtol=1e-6, err_msg=tier)


@pytest.mark.parametrize("dtype", ["bool", *INTS, *FLOATS])
@pytest.mark.parametrize("name", ["sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tanh"])
def test_smooth_functions(name, dtype):
    values = np.array(EDGES) if dtype in FLOATS else np.array([0, 1, 2, 3, 10])
    x = numpy_of(lambda v: v.astype(dtype), values)
    function = getattr(np, name)
    want = numpy_of(function, x)
    eps = np.finfo(want.dtype).eps
    for tier, got in both(function, x):
        assert got.dtype == want.dtype, tier
        np.testing.assert_allclose(
            got.astype("f8"), want.astype("f8"), rtol=8 * eps, atol=0, err_msg=tier
        )


@pytest.mark.parametrize(
    "name", ["floor", "ceil", "rint", "sign", "abs", "negative", "square", "isnan", "isfinite"]
)
def test_unary_functions(name):
    x = np.array(EDGES)
    want = numpy_of(getattr(np, name), x)
    for tier, got in both(getattr(np, name), x):
        assert got.dtype == want.dtype and np.array_equal(got, want, equal_nan=True), tier
        if got.dtype.kind == "f" and name != "sign":
            assert np.array_equal(np.signbit(got), np.signbit(want)), tier


def test_erf_sigmoid_gelu_and_silu():
    scipy_special = pytest.importorskip("scipy.special", reason="scipy comes with scikit-learn")
    x = np.linspace(-6, 6, 1001)
    for dtype, tolerance in (("f8", 1e-14), ("f4", 2e-6)):
        y = x.astype(dtype)
        wide = y.astype("f8")
        cases = {
            bafe.erf: scipy_special.erf(wide),
            bafe.erfc: scipy_special.erfc(wide),
            bafe.sigmoid: scipy_special.expit(wide),
            bafe.silu: wide * scipy_special.expit(wide),
            bafe.gelu: wide * scipy_special.ndtr(wide),
        }
        for function, want in cases.items():
            for tier, got in both(function, y):
                np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance, err_msg=tier)


@pytest.mark.parametrize("dtype", ["bool", *INTS, *FLOATS])
def test_reductions(dtype):
    x = np.arange(1, 61).reshape(3, 4, 5).astype(dtype)
    for name in ("sum", "max", "min", "mean", "any", "all", "argmax", "argmin", "cumsum"):
        axes = (
            (None, 0, 1, 2, -1)
            if name in ("argmax", "argmin", "cumsum")
            else (None, 0, 1, -1, (0, 2), ())
        )
        for axis in axes:
            if axis == () and name in ("any", "all"):
                continue
            want = numpy_of(getattr(np, name), x, axis)
            for tier, got in both(lambda a, n=name, ax=axis: getattr(np, n)(a, axis=ax), x):
                assert np.asarray(got).dtype == want.dtype, (name, axis, tier)
                np.testing.assert_allclose(
                    np.asarray(got, "f8"),
                    np.asarray(want, "f8"),
                    rtol=2e-3 if dtype == "float16" else 1e-6,
                    err_msg=f"{name} {axis} {tier}",
                )


def test_reductions_let_nan_win():
    x = np.array([[1.0, np.nan, 3.0], [4.0, 5.0, 6.0]])
    for name in ("max", "min", "argmax", "argmin", "sum"):
        for axis in (0, 1):
            want = getattr(np, name)(x, axis=axis)
            for tier, got in both(lambda a, n=name, ax=axis: getattr(np, n)(a, axis=ax), x):
                assert np.array_equal(got, want, equal_nan=want.dtype.kind == "f"), (name, tier)


def test_sums_are_at_least_as_accurate_as_numpys(rng):
    x = rng.standard_normal(1 << 20).astype("f4") + np.float32(100)
    exact = x.astype("f8").sum()
    got, numpys = bafe.jit(lambda a: a.sum())(x), x.sum()
    assert abs(float(got) - exact) <= abs(float(numpys) - exact) + exact * 2e-7


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8", "bool", "float16"])
def test_products(dtype, rng):
    shapes = [
        ((3,), (3,)),
        ((2, 3), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3, 4)),
        ((5, 2, 3), (3, 4)),
        ((5, 2, 3), (5, 3, 4)),
        ((4, 1, 2, 3), (5, 3, 2)),
        ((2, 0), (0, 3)),
        ((17, 33), (33, 65)),
        ((130, 70), (70, 49)),
        ((1, 300), (300, 1)),
        ((300, 1), (1, 300)),
        ((64, 257), (257, 1)),
    ]
    for left, right in shapes:
        a = rng.integers(0, 3, left).astype(dtype)
        b = rng.integers(0, 3, right).astype(dtype)
        want = a @ b
        for tier, got in both(lambda x, y: x @ y, a, b):
            assert np.asarray(got).dtype == want.dtype and np.shape(got) == want.shape, (
                left,
                right,
                tier,
            )
            assert np.array_equal(got, want), (left, right, tier)


@pytest.mark.parametrize("source", ["bool", *INTS, *FLOATS])
def test_casts(source):
    x = np.array([0, 1, 2, 100]).astype(source)
    for target in ["bool", *INTS, *FLOATS]:
        want = x.astype(target)
        for tier, got in both(lambda a, t=target: a.astype(t), x):
            assert got.dtype == want.dtype and np.array_equal(got, want), (source, target, tier)


def test_float_to_half_rounds_to_even():
    x = np.array(
        [1 + 2**-11, 1 + 3 * 2**-11, 65519.0, 65520.0, 2**-25, 1.5 * 2**-25, 6e-8, np.nan, -np.inf],
        "f8",
    )
    want = numpy_of(lambda a: a.astype("f2"), x)
    for tier, got in both(lambda a: a.astype("f2"), x):
        assert np.array_equal(got, want, equal_nan=True), tier


def test_movement(rng):
    x = rng.standard_normal((4, 5, 6))
    index = np.array([[1], [0], [-1]])
    functions = [
        lambda a: np.transpose(a, (2, 0, 1)),
        lambda a: np.reshape(a, (10, 12)),
        lambda a: a[1:3, ::-2, None, 4],
        lambda a: a[..., -1],
        lambda a: np.broadcast_to(a[:, :1], (2, 4, 5, 6)),
        lambda a: np.tril(a, 1),
        lambda a: np.triu(a, -1),
        lambda a: np.diag(a[0]),
        lambda a: np.diag(a[0, 0], 2),
        lambda a: np.pad(a, ((1, 2), (0, 1), (3, 0))),
        lambda a: np.pad(a, 1, constant_values=2.5),
        lambda a: np.trace(a[0], 1),
        lambda a: np.outer(a[0], a[1, 2]),
        lambda a: np.concatenate([a, a[:, :2]], axis=1),
        lambda a: np.stack([a, a + 1], axis=-1),
        lambda a: np.take(a, index, axis=1),
        lambda a: a[np.array([3, 0])],
        lambda a: np.swapaxes(a, 0, 2).ravel(),
        lambda a: np.squeeze(a[:, :1]),
        lambda a: np.expand_dims(a, (0, -1)),
        lambda a: np.where(a > 0, a, 0),
        lambda a: np.clip(a, -0.5, 0.5),
        lambda a: np.var(a, axis=1),
        lambda a: np.std(a, axis=(0, 2), keepdims=True),
        lambda a: np.linalg.inv(a[0, :5, :5]),
        lambda a: np.linalg.solve(a[0, :5, :5], a[1, :5, :2]),
        lambda a: np.linalg.cholesky(a[0, :5] @ a[0, :5].T + 9 * np.eye(5)),
    ]
    for i, function in enumerate(functions):
        want = function(x)
        for tier, got in both(function, x):
            np.testing.assert_allclose(got, want, rtol=1e-9, atol=1e-9, err_msg=f"{i} {tier}")


def test_row_programs(rng):
    x = rng.standard_normal((7, 1000)).astype("f4") * 10
    e = np.exp((x - x.max(1, keepdims=True)).astype("f8"))
    d = (x - x.mean(1, keepdims=True)).astype("f8")
    cases = {
        "softmax": (lambda a: bafe.softmax(a, axis=1), e / e.sum(1, keepdims=True)),
        "logsumexp": (lambda a: bafe.logsumexp(a, 1), np.log(e.sum(1)) + x.max(1)),
        "layer_norm": (
            lambda a: bafe.layer_norm(a),
            d / np.sqrt((d * d).mean(1, keepdims=True) + 1e-5),
        ),
        "rms_norm": (
            lambda a: a / np.sqrt((a * a).mean(axis=1, keepdims=True)),
            x / np.sqrt((x.astype("f8") ** 2).mean(1, keepdims=True)),
        ),
    }
    for name, (function, want) in cases.items():
        for tier, got in both(function, x):
            np.testing.assert_allclose(got, want, rtol=3e-5, atol=1e-6, err_msg=f"{name} {tier}")


@pytest.mark.parametrize("n", [4, 9, 100])
def test_row_programs_that_feed_row_programs(n):
    x = np.linspace(0, 1, n)

    def softmax(a):
        e = np.exp(a - np.max(a, axis=-1, keepdims=True))
        return e / np.sum(e, axis=-1, keepdims=True)

    def program(a):
        return softmax(softmax(a)) ** 2, softmax(softmax(softmax(a)))

    for tier, got in both(program, x):
        for one, want in zip(got, program(x)):
            np.testing.assert_allclose(one, want, rtol=1e-12, err_msg=tier)


def test_arrays_in_any_axis_order_mean_their_values():
    whole = np.arange(24.0).reshape(2, 3, 4)
    for x in (whole.transpose(0, 2, 1), whole.transpose(2, 0, 1), whole.T, whole[0].T):
        for tier, got in both(lambda a: a * 2, x):
            np.testing.assert_array_equal(got, x * 2, err_msg=tier)


def test_logaddexp_is_numpys_and_replaces_the_naive_form():
    a, b = np.meshgrid(np.array(EDGES), np.array(EDGES))
    a, b = np.ascontiguousarray(a), np.ascontiguousarray(b)
    want = numpy_of(np.logaddexp, a, b)
    for tier, got in both(np.logaddexp, a, b):
        np.testing.assert_allclose(got, want, rtol=1e-14, atol=1e-300, err_msg=tier)
    naive = bafe.jit(lambda x, y: np.log(np.exp(x) + np.exp(y)))
    assert "log-of-sum-of-exps" in naive.explain(a, b).rules
    high = np.full(a.shape, 1000.0)
    assert (naive(high, high) == 1000.0 + np.log(2)).all()


def test_a_mean_of_large_integers_does_not_wrap():
    for dtype, value in ((np.int64, 2**62), (np.uint8, 255), (bool, True)):
        x = np.full((3, 8), value, dtype)
        for function in (lambda a: a.mean(), lambda a: np.mean(a, axis=1), lambda a: np.var(a)):
            for tier, got in both(function, x):
                np.testing.assert_allclose(got, function(x), err_msg=tier)


def test_a_mean_of_nothing_stays_nan():
    x = np.ones((0, 3))
    for tier, got in both(lambda a: np.mean(a) - np.mean(a), x):
        assert np.isnan(got), tier


def test_logsumexp_of_minus_infinity_is_minus_infinity():
    x = np.full((2, 3), -np.inf)
    for _, got in both(lambda a: bafe.logsumexp(a, 1), x):
        assert got.tolist() == [-np.inf, -np.inf]


def test_bits_mode_gives_the_interpreters_bits(rng):
    a, b = rng.standard_normal((70, 90)).astype("f4"), rng.standard_normal((90, 50)).astype("f4")
    for function in (
        lambda x, y: x @ y,
        lambda x, y: (x @ y).sum(axis=0),
        lambda x, y: bafe.relu(x @ y + 1) * 3,
        lambda x, y: x.sum() + y.sum(),
    ):
        compiled = bafe.jit(function, math="bits", tier="compiled")(a, b)
        interpreted = bafe.jit(function, math="bits", tier="interpreted")(a, b)
        assert np.asarray(compiled).tobytes() == np.asarray(interpreted).tobytes()


def test_results_do_not_depend_on_the_number_of_threads(rng):
    a, b = (
        rng.standard_normal((300, 200)).astype("f4"),
        rng.standard_normal((200, 310)).astype("f4"),
    )
    for function in (
        lambda x, y: x @ y,
        lambda x, y: (x * 2).sum(axis=0),
        lambda x, y: np.exp(x).sum(),
    ):
        one, two = bafe.jit(function, threads=1)(a, b), bafe.jit(function, threads=2)(a, b)
        assert np.asarray(one).tobytes() == np.asarray(two).tobytes()
