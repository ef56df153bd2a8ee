"""Known zeros of matrices: declared, found in arguments, guarded at every call."""

import threading

import bafe
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

N = 256


def _normal(*shape, seed=0, dtype=np.float32):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def _product(a, b):
    return a @ b


def _jit(function=_product, **options):
    return bafe.jit(function, threads=1, tier="compiled", **options)


def _record(function):
    (record,) = function._options.records.values()
    return record


def _close(got, want):
    assert_allclose(got, want, rtol=0, atol=2e-6 * N * float(np.abs(want).max() + 1))


@pytest.mark.parametrize(
    "structure, part",
    [
        ("lower", np.tril),
        ("upper", np.triu),
        ("diagonal", lambda x: np.diag(np.diag(x))),
        ("tridiagonal", lambda x: np.triu(np.tril(x, 1), -1)),
        ("banded(2,0)", lambda x: np.triu(np.tril(x, 0), -2)),
        ("identity", lambda x: np.eye(len(x), dtype=x.dtype)),
        ("zero", np.zeros_like),
        ("symmetric", lambda x: np.tril(x) + np.tril(x, -1).T),
        (
            "block_diagonal(3)",
            lambda x: x * (np.arange(len(x))[:, None] // 3 == np.arange(len(x)) // 3),
        ),
    ],
)
def test_a_declaration_means_its_part_of_the_matrix(structure, part):
    def f(a, b):
        bafe.input(a.shape, a.dtype, name="a", structure=structure)
        return a @ b

    for n in (7, 40):
        a, b = _normal(n, n), _normal(n, n + 1, seed=1)
        for tier in ("compiled", "interpreted"):
            got = bafe.jit(f, threads=1, tier=tier)(a, b)
            assert_allclose(got, part(a) @ b, rtol=0, atol=1e-4)
        assert_allclose(bafe.jit(f, threads=1, math="bits")(a, b), part(a) @ b, rtol=0, atol=1e-4)


def test_what_a_declaration_excludes_is_never_read():
    @_jit
    def f(a, b):
        return bafe.input((N, N), name="a", structure="lower") @ b

    a, b = _normal(N, N), _normal(N, N, seed=1)
    want = np.tril(a) @ b
    a[np.triu_indices(N, 1)] = np.nan
    _close(f(a, b), want)


def test_unknown_structures_say_which_there_are():
    def f(a, b):
        return bafe.input((4, 4), name="a", structure="lowre") @ b

    with pytest.raises(bafe.ParseError, match="use lower, upper"):
        bafe.jit(f)(_normal(4, 4), _normal(4, 4))
    with pytest.raises(bafe.ShapeError, match="square"):
        bafe.jit(lambda a: bafe.input((4, 5), name="a", structure="identity"))(_normal(4, 5))
    with pytest.raises(bafe.TraceError, match='structure="of"'):
        bafe.jit(_product, structure="of")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "part",
    [np.tril, np.triu, lambda x: np.triu(np.tril(x, 1), -1), lambda x: np.triu(np.tril(x, 30), -9)],
)
@pytest.mark.parametrize("left", [True, False])
def test_structure_is_found_in_an_argument(dtype, order, part, left):
    matrix = np.asarray(part(_normal(N, N, dtype=dtype)), order=order)
    other = _normal(N, N, seed=1, dtype=dtype)
    arguments = (matrix, other) if left else (other, matrix)
    f = _jit()
    _close(f(*arguments), arguments[0] @ arguments[1])
    assert _record(f).dense is not None


def test_a_failed_guard_runs_the_dense_program():
    a, b = np.tril(_normal(N, N)), _normal(N, N, seed=1)
    f = _jit()
    _close(f(a, b), a @ b)
    record = _record(f)
    assert record.dense is not None and record.dense_calls == 0
    for value in (3.0, np.nan, np.inf):
        a[0, N - 1] = value
        assert_array_equal(np.isnan(f(a, b)), np.isnan(a @ b))
        with np.errstate(invalid="ignore"):
            assert_allclose(f(a, b)[1:], (a @ b)[1:], rtol=0, atol=1e-2)
    assert record.dense_calls == 6
    a[0, N - 1] = -0.0
    _close(f(a, b), a @ b)
    assert record.dense_calls == 6
    _close(f(b, b), b @ b)
    assert record.dense_calls == 7


def test_structure_is_found_in_a_captured_array():
    weight = np.tril(_normal(N, N))
    f = _jit(lambda x: weight @ x)
    x = _normal(N, N, seed=2)
    _close(f(x), weight @ x)
    assert _record(f).dense is not None
    weight[3, 200] = 5
    _close(f(x), weight @ x)
    assert _record(f).dense_calls == 1


def test_dense_arguments_and_small_ones_get_no_guard():
    f = _jit()
    f(_normal(N, N), _normal(N, N, seed=1))
    assert _record(f).dense is None
    g = _jit()
    g(np.tril(_normal(8, 8)), _normal(8, 8))
    assert _record(g).dense is None


@pytest.mark.parametrize("options", [{"structure": "off"}, {"math": "bits"}])
def test_off_and_bits_look_for_nothing(options):
    a, b = np.tril(_normal(N, N)), _normal(N, N, seed=1)
    b[N - 1, 0] = np.inf  # 0 * inf is NaN: nothing may be skipped
    f = _jit(**options)
    with np.errstate(invalid="ignore"):
        assert_array_equal(np.isnan(f(a, b)), np.isnan(a @ b))
    assert _record(f).dense is None


def test_programs_that_tell_nan_apart_skip_nothing():
    a, b = np.tril(_normal(N, N)), _normal(N, N, seed=1)
    b[N - 1, 0] = np.inf
    f = _jit(lambda x, y: np.isnan(x @ y))
    with np.errstate(invalid="ignore"):
        assert_array_equal(f(a, b), np.isnan(a @ b))


@pytest.mark.parametrize(
    "test",
    [
        lambda y: y == y,
        lambda y: y != y,
        lambda y: y <= y,
        lambda y: y >= y,
        lambda y: np.logical_not(y == y),
        lambda y: np.equal(y, y * 1),
        lambda y: np.where(y == y, 1.0, 0.0),
    ],
)
def test_a_comparison_with_itself_is_a_test_of_nan(test):
    a, b = _normal(N, N), _normal(N, N, seed=1)
    b[N - 1, 0] = np.nan
    f = _jit(lambda x, y: test(np.tril(x) @ y))
    assert_array_equal(f(a, b), test(np.tril(a) @ b))
    two = _jit(lambda x, y: (np.tril(x) @ y) == (np.tril(x) @ y))
    assert_array_equal(two(a, b), (np.tril(a) @ b) == (np.tril(a) @ b))


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "uint8", "int16", "int32", "int64", "float16", "float32", "float64"]
)
@pytest.mark.parametrize("options", [{}, {"tier": "interpreted"}, {"math": "bits"}])
def test_a_symmetric_declaration_mirrors_every_dtype_exactly(dtype, options):
    def f(a):
        return bafe.input(a.shape, a.dtype, name="a", structure="symmetric")

    a = (1 + np.arange(25).reshape(5, 5) % 7).astype(dtype)
    if np.issubdtype(a.dtype, np.floating):
        tiny = np.finfo(a.dtype).smallest_subnormal
        a[0, 0], a[1, 1], a[3, 1], a[2, 2] = tiny, 3 * tiny, -tiny, np.inf
    want = np.where(np.tril(np.ones((5, 5), bool)), a, a.T)
    if np.issubdtype(a.dtype, np.floating):
        a[0, 1], a[1, 4], a[0, 2] = np.nan, np.inf, -np.inf  # above the diagonal: never read
    assert_array_equal(bafe.jit(f, threads=1, **{"tier": "compiled", **options})(a), want)


@pytest.mark.parametrize(
    "function",
    [
        lambda z: np.linalg.inv(np.tril(np.triu(z))),
        lambda z: np.linalg.solve(np.tril(np.triu(z)), z),
        lambda z: np.linalg.inv(np.tril(np.triu(z))) @ z,
    ],
)
def test_a_singular_diagonal_matrix_stays_an_error(function):
    with pytest.raises(Exception, match="singular"):
        _jit(function)(np.zeros((3, 3)))
    with pytest.raises(Exception, match="singular"):
        _jit(lambda d: bafe.inv(bafe.diag(d)))(np.array([1.0, 0, 2]))
    with pytest.raises(Exception, match="singular"):
        _jit(lambda d: bafe.inv(bafe.diag(np.exp(d))))(np.array([1.0, -2000, 2]))


def test_a_diagonal_that_is_never_zero_needs_no_system():
    d, b = _normal(50, dtype=np.float64), _normal(50, 3, seed=1, dtype=np.float64)
    f = _jit(lambda d, b: np.linalg.solve(np.diag(d * d + 1), b))
    assert_allclose(f(d, b), b / (d * d + 1)[:, None], rtol=1e-12)
    assert "solve" not in str(f.explain(d, b).to_dict()["chosen"])
    g = _jit(lambda d: np.linalg.inv(np.diag(-1 - d * d)))
    assert_allclose(g(d), np.diag(-1 / (d * d + 1)), rtol=1e-12)


def test_threads_may_mutate_between_calls():
    f = _jit()
    b = _normal(N, N, seed=1)
    f(np.tril(_normal(N, N)), b)
    wrong = []

    def work(seed):
        a = np.tril(_normal(N, N, seed=seed))
        for round_ in range(20):
            a[0, N - 1] = round_ % 2
            if np.abs(f(a, b) - a @ b).max() > 1e-2:
                wrong.append((seed, round_))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_symmetric_products_compute_half():
    f = _jit(lambda a: a @ a.T)
    a = _normal(200, 300)
    _close(f(a), a @ a.T)
    assert "_mirror(" in f.source(a)
    assert_array_equal(f(a), f(a).T)
    g = _jit(lambda a: a @ a.T, structure="off")
    _close(g(a), a @ a.T)
    assert "_mirror(" not in g.source(a)


def test_explain_and_search_stats_say_what_was_found():
    a, b = np.tril(_normal(N, N)), _normal(N, N, seed=1)
    f = _jit()
    text = str(f.explain(a, b))
    assert "structure: a is lower" in text and "tested at every call" in text
    assert f.search_stats(a, b).structure[0].startswith("a is lower")
    assert f.explain(b, b).to_dict()["structure"] == []


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_diagonal_blocks_are_found_and_guarded(dtype):
    a, b = _normal(N, N).astype(dtype), _normal(N, N, seed=1).astype(dtype)
    block = np.arange(N) // (N // 3)
    a *= block[:, None] == block[None, :]
    f = _jit()
    text = str(f.explain(a, b))
    assert f"block_diagonal({N // 3}): found in the argument" in text
    _close(f(a, b), a @ b)
    assert f.explain(a, b).to_dict()["flops"] < 2 * N**3 // 2
    a[0, -1] = 7  # outside: the dense program runs
    _close(f(a, b), a @ b)
    a[0, -1] = np.nan
    assert np.isnan(f(a, b)[0]).all()


@pytest.mark.parametrize(
    "structure, operations",
    [
        ("lower", N * (N + 1) * N),
        ("tridiagonal", 2 * (3 * N - 2) * N),
        ("identity", 0),
        ("block_diagonal(64)", 2 * N * 64 * N),
    ],
)
def test_declared_structure_saves_what_it_promises(structure, operations):
    def f(a, b):
        return bafe.input((N, N), name="a", structure=structure) @ b

    found = _jit(f).explain(_normal(N, N), _normal(N, N, seed=1)).to_dict()
    assert found["flops"] == operations


def test_operations_that_no_kernel_skips_are_counted():
    def f(a, b):
        return np.tril(a) @ b

    def gram(a):
        return a @ a.T

    for dtype in ("int32", "float16"):
        a = np.ones((N, N), dtype)
        assert _jit(f).explain(a, a).to_dict()["flops"] == 2 * N**3
        assert _jit(gram).explain(a).to_dict()["flops"] == 2 * N**3
