"""Functions written against the array API standard inside bafe.jit, and on lazy arrays."""

import bafe
import bafe.xp as xp
import numpy as np
import pytest


def softened(x, w):
    """A function that knows nothing but the standard."""
    ns = x.__array_namespace__()
    y = ns.tanh(x @ w.mT)
    y = ns.where(y > 0, y, ns.expm1(y))
    y = ns.reshape(ns.concat([y, ns.zeros((1, y.shape[1]), dtype=y.dtype)]), (-1,))
    return ns.sum(y * ns.arange(y.size, dtype=y.dtype)) / ns.sqrt(ns.asarray(2.0, dtype=y.dtype))


def expected(x, w):
    y = np.tanh(x @ w.T)
    y = np.where(y > 0, y, np.expm1(y))
    y = np.concatenate([y, np.zeros((1, y.shape[1]))]).ravel()
    return (y * np.arange(y.size)).sum() / np.sqrt(2.0)


def test_code_of_the_standard_is_one_program():
    x, w = np.linspace(-1, 1, 12).reshape(4, 3), np.linspace(0, 2, 6).reshape(2, 3)
    f = bafe.jit(softened)
    want = expected(x, w)
    np.testing.assert_allclose(f(x, w), want, rtol=1e-12)
    text = f.ir(x, w)
    assert text.count("program ") == 1
    for operator in ("matmul", "tanh", "expm1", "where", "concat", "reduce_sum"):
        assert operator in text
    given = f(xp.asarray(x), xp.asarray(w))
    assert type(given) is xp.Array
    np.testing.assert_allclose(float(given), want, rtol=1e-12)
    np.testing.assert_allclose(float(softened(xp.asarray(x), xp.asarray(w))), want, rtol=1e-12)


def test_arrays_go_in_and_out_and_are_read_at_every_call():
    weight = xp.ones((2, 2))
    f = bafe.jit(lambda pair: (pair[0] @ weight, {"sum": xp.sum(pair[1], axis=0)}))
    x = xp.ones((2, 2))
    product, more = f((x, x))
    assert type(product) is type(more["sum"]) is xp.Array
    assert np.asarray(product).tolist() == [[2, 2], [2, 2]]
    weight[0, 0] = 5
    assert np.asarray(f((x, x))[0]).tolist() == [[6, 2], [6, 2]]
    weight = xp.ones((2, 2)) * 7
    assert np.asarray(f((x, x))[0]).tolist() == [[14, 14], [14, 14]]


def test_writes_inside_a_traced_function_are_seen():
    @bafe.jit
    def f(x):
        y = x + 0
        y[1:] = 9
        y += 1
        return y

    x = xp.asarray([1.0, 2.0, 3.0])
    assert np.asarray(f(x)).tolist() == [2, 10, 10]
    assert np.asarray(x).tolist() == [1, 2, 3]


UNARY = "abs acosh asinh atanh ceil cos cosh exp expm1 floor isfinite isinf isnan log log10 log1p "
UNARY += "log2 negative positive reciprocal round sign sin sinh sqrt square tan tanh trunc"


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_traced_functions_agree_with_eager_ones(dtype):
    tiny, huge = (1e-30, 1e30) if dtype == "float32" else (1e-200, 1e200)
    values = [0.0, -0.0, 0.3, -0.3, 0.99, 1.0, -1.5, 2.5, 20.0, -20.0, tiny, -tiny, huge, -huge]
    x = np.array([*values, np.inf, -np.inf, np.nan], dtype)
    names = UNARY.split()
    f = bafe.jit(lambda v: tuple(getattr(xp, name)(v) for name in names), math="bits")
    limit = 1e-6 if dtype == "float32" else 1e-14
    for name, got in zip(names, f(x)):
        want = np.asarray(getattr(xp, name)(xp.asarray(x)))
        if name in ("sin", "cos", "tan"):
            got, want = got[np.abs(x) < 1e3], want[np.abs(x) < 1e3]
        np.testing.assert_allclose(got, want, rtol=limit, err_msg=name)
        assert np.array_equal(np.signbit(got), np.signbit(want)) or np.isnan(want).any(), name


def test_traced_hypot_neither_overflows_nor_loses_infinity():
    a = np.array([3.0, 1e200, 1e-200, np.inf, np.nan, np.nan, 0.0])
    b = np.array([4.0, 1e200, 1e-200, np.nan, -np.inf, 1.0, 0.0])
    np.testing.assert_allclose(bafe.jit(xp.hypot)(a, b), np.hypot(a, b), rtol=1e-14)


def test_manipulation_traces_to_what_numpy_does():
    x = np.arange(24.0).reshape(2, 3, 4)
    cases = {
        "roll": (lambda v: xp.roll(v, 5, axis=1), np.roll(x, 5, 1)),
        "roll all": (lambda v: xp.roll(v, -7), np.roll(x, -7)),
        "flip": (lambda v: xp.flip(v, axis=(0, 2)), np.flip(x, (0, 2))),
        "tile": (lambda v: xp.tile(v, (2, 1, 3)), np.tile(x, (2, 1, 3))),
        "repeat": (lambda v: xp.repeat(v, 2, axis=1), np.repeat(x, 2, 1)),
        "moveaxis": (lambda v: xp.moveaxis(v, 0, -1), np.moveaxis(x, 0, -1)),
        "stack": (lambda v: xp.stack(xp.unstack(v, axis=2)), np.moveaxis(x, 2, 0)),
        "diff": (lambda v: xp.diff(v, n=2, prepend=v[..., :1]), np.diff(x, 2, prepend=x[..., :1])),
        "cumulative": (
            lambda v: xp.cumulative_sum(v, axis=1, include_initial=True)[:, 1:],
            np.cumsum(x, 1),
        ),
        "tensordot": (
            lambda v: xp.tensordot(v, v, axes=([0, 2], [0, 2])),
            np.tensordot(x, x, ([0, 2], [0, 2])),
        ),
        "take": (lambda v: xp.take(v, xp.asarray([2, 0]), axis=1), x[:, [2, 0]]),
        "vecdot": (lambda v: xp.vecdot(v, v), (x * x).sum(-1)),
        "std": (lambda v: xp.std(v, axis=0, correction=1), x.std(0, ddof=1)),
        "meshgrid": (
            lambda v: xp.meshgrid(v[0, 0], v[0, :, 0])[0],
            np.meshgrid(x[0, 0], x[0, :, 0])[0],
        ),
        "outer": (lambda v: xp.linalg.outer(v[0, 0], v[0, 1]), np.outer(x[0, 0], x[0, 1])),
        "cross": (lambda v: xp.linalg.cross(v[0].mT, v[1].mT), np.cross(x[0].T, x[1].T)),
        "trace": (lambda v: xp.linalg.trace(v[:, :, :3]), np.trace(x[:, :, :3], axis1=1, axis2=2)),
        "norm": (lambda v: xp.linalg.vector_norm(v, axis=1, ord=3), np.linalg.norm(x, 3, 1)),
    }
    f = bafe.jit(lambda v: tuple(case(v) for case, _ in cases.values()))
    for name, got in zip(cases, f(x)):
        np.testing.assert_allclose(got, cases[name][1], rtol=1e-12, err_msg=name)
        eager = cases[name][0](xp.asarray(x))
        np.testing.assert_allclose(np.asarray(eager), cases[name][1], rtol=1e-12, err_msg=name)


def test_what_has_no_operator_says_so_while_tracing():
    for function in (xp.sort, xp.nonzero, xp.unique_values, xp.atan, xp.linalg.svd, xp.signbit):
        with pytest.raises(bafe.TraceError, match=r"no operator for this\n  fix: "):
            bafe.jit(lambda v, function=function: function(v))(np.ones((2, 2)))


def test_lazy_arrays_wait():
    x = bafe.lazy(np.arange(4.0))
    y = xp.sum(xp.exp(x) * 2)
    assert isinstance(y, bafe.LazyArray) and not y.is_computed
    np.testing.assert_allclose(float(y), 2 * np.exp(np.arange(4.0)).sum())
    assert np.asarray(xp.sort(x)).tolist() == [0, 1, 2, 3]


def test_copies_and_views_are_the_same_traced_and_eager():
    def steps(x):
        copies = [
            xp.asarray(x, copy=True),
            xp.astype(x, x.dtype),
            xp.positive(x),
            xp.reshape(x, (4,), copy=True),
            xp.sum(x, axis=()),
            xp.ceil(xp.astype(x, xp.int64)),
            xp.roll(x, 0, axis=0),
            xp.concat([x]),
            xp.tile(x, (1, 1)),
            xp.repeat(x, 1, axis=0),
            xp.clip(x),
        ]
        for one in copies:
            one += 10
        views = [
            xp.reshape(x, (4,)),
            x.mT,
            xp.permute_dims(x, (1, 0)),
            xp.expand_dims(x, axis=1),
            xp.squeeze(xp.expand_dims(x, axis=0), axis=0),
            xp.flip(x, axis=0),
            x[:, 1],
        ]
        for at, one in enumerate(views):
            one *= at + 2
        return copies, views, x + 0

    start = np.arange(4.0).reshape(2, 2)
    eager, traced = xp.asarray(start, copy=True), xp.asarray(start, copy=True)
    want, got = steps(eager), bafe.jit(steps)(traced)
    for a, b in zip([*want[0], *want[1], want[2]], [*got[0], *got[1], got[2]]):
        assert np.array_equal(np.asarray(a), np.asarray(b))
    assert np.array_equal(np.asarray(eager), np.asarray(traced))


def test_traced_values_are_not_written_into_arrays_made_outside():
    kept = xp.zeros(2)

    @bafe.jit
    def f(x):
        kept[0] = x[0]
        return x

    with pytest.raises(bafe.TraceError, match=r"made outside\n  fix: "):
        f(xp.ones(2))
    assert np.asarray(kept).tolist() == [0, 0]
