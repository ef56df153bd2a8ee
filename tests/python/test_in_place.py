"""Writes in traced functions: views see them, arguments keep them, as in NumPy."""

import bafe
import numpy as np
import pytest

A = np.arange(24.0).reshape(4, 6)


def both(function, *args, tier="interpreted"):
    """Arguments afterwards and results, of NumPy and of two calls of the traced function."""
    wanted = [np.copy(a) for a in args]
    want = function(*wanted)
    traced = bafe.jit(function, tier=tier)
    for _ in range(2):
        given = [np.copy(a) for a in args]
        got = traced(*given)
        for one, other in zip(given, wanted):
            np.testing.assert_array_equal(one, other)
        assert (got is None) == (want is None)
        if want is not None:
            np.testing.assert_array_equal(got, want)
    return given, got


def base_after_view(a):
    a[1:3][:, 2] = -1
    return a.sum()


def view_after_base(a):
    part = a[1:3].T
    a[2] = 100
    a += 1
    return part * 1


def views_of_views(a):
    flat = a.reshape(-1)
    flat[3:20:4] = 0
    square = flat.reshape(6, 4)[::-1, 1:3]
    square *= 3
    return a[0] + 0


def swap(a):
    a[0], a[1] = a[1].copy(), a[0].copy()


def loop(a):
    for i in range(1, 4):
        a[i] += a[i - 1]


def rows(a):
    for row in a:
        row /= row.sum()


def own(a):
    made = np.zeros_like(a)
    made[1:, ::2] = a[1:, ::2]
    other = made
    other += 1
    return made


def copies(a):
    kept, flat = a.copy(), a.flatten()
    a[...] = 0
    return kept + flat.reshape(a.shape)


def reshape_that_copies(a):
    a.T.reshape(-1)[0] = 100
    return a + 0


def number_is_no_view(a):
    x = a[1, 2]
    a[1, 2] = 50
    x += 1
    return x


@pytest.mark.parametrize(
    "function",
    [
        *(base_after_view, view_after_base, views_of_views, swap, loop, rows, own, copies),
        *(reshape_that_copies, number_is_no_view),
    ],
)
def test_views_share_memory_as_in_numpy(function):
    both(function, A)


def test_a_written_argument_that_is_returned_is_the_argument():
    def grow(a):
        a += 1
        return a, a[1:], a + 0

    (given,), got = both(lambda a: grow(a)[0], A)
    assert got is given
    x = A.copy()
    same, part, fresh = bafe.jit(grow, tier="interpreted")(x)
    assert same is x and not np.shares_memory(part, x) and not np.shares_memory(fresh, x)


def test_compiled_kernels_write_where_the_program_says():
    def step(a, b):
        b[1:-1, 1:-1] = 0.5 * (a[:-2, 1:-1] + a[2:, 1:-1])
        a[::2] = b[::2]

    both(step, A, A * 2, tier="compiled")


@pytest.mark.parametrize("order", ["F", "strided", "negative"])
def test_arguments_of_any_layout_are_written(order):
    def grow(a):
        a[1:] *= 2
        a[:, 0] = 7

    def laid_out():
        if order == "F":
            return np.asfortranarray(A)
        big = np.zeros((8, 12))
        view = big[::2, ::2] if order == "strided" else big[:4, :6][::-1, ::-1]
        view[:] = A
        return view

    wanted, given = laid_out(), laid_out()
    grow(wanted)
    bafe.jit(grow, tier="interpreted")(given)
    np.testing.assert_array_equal(given, wanted)


def test_arguments_that_share_memory_get_what_numpy_gives():
    def grow(x, y):
        x += y
        return y.sum()

    f = bafe.jit(grow, tier="interpreted")
    for cut in ((slice(1, None), slice(None, -1)), (slice(None), slice(None))):
        ours, theirs = np.arange(6.0), np.arange(6.0)
        want = grow(theirs[cut[0]], theirs[cut[1]])
        assert f(ours[cut[0]], ours[cut[1]]) == want
        np.testing.assert_array_equal(ours, theirs)


def test_only_the_written_region_is_touched():
    first, second = np.zeros((4, 6)), np.zeros((4, 6))
    f = bafe.jit(lambda a, v: a.__setitem__((1, slice(2, 4)), v) or v, tier="interpreted")
    f(first, np.ones(2))
    assert "slice" not in f.ir(second, np.ones(2)) and first.sum() == 2


def frozen():
    x = A.copy()
    x.flags.writeable = False
    return x


def grow(a):
    a += 1


@pytest.mark.parametrize(
    ("function", "args", "text"),
    [
        (grow, lambda: (frozen(),), "read-only"),
        (grow, lambda: (np.broadcast_to(np.ones(3), (2, 3)),), "read-only"),
        (grow, lambda: (bafe.lazy(A),), "lazy"),
        (lambda a: np.broadcast_to(a, (2, 4, 6)).__setitem__(0, 1), lambda: (A,), "read-only"),
        (lambda a: np.diagonal(a).__setitem__(0, 1), lambda: (A,), "read-only"),
        (lambda a: a.__iadd__(0.5), lambda: (np.arange(3),), "float64"),
        (lambda a: a.__setitem__(0, np.ones(7)), lambda: (A,), "shape"),
        (lambda a: a.__setitem__(9, 1), lambda: (A,), "out of range"),
        (lambda a: a.__setitem__(a > 0, np.ones(5)), lambda: (A,), "mask"),
        (lambda a: a[a > 0], lambda: (A,), "mask"),
        (lambda a: a[a > 0] + a[a > 1], lambda: (A,), "another mask"),
    ],
)
def test_what_cannot_be_written_is_refused_and_nothing_changes(function, args, text):
    given = args()
    before = [np.array(a) for a in given]
    with pytest.raises(bafe.BafeError, match=rf"(?s){text}.*fix:"):
        bafe.jit(function, tier="interpreted")(*given)
    for one, other in zip(given, before):
        np.testing.assert_array_equal(np.asarray(one), other)


def test_a_reshape_that_numpy_may_have_copied_is_refused_when_it_matters():
    def f(a):
        b = a.T + 1
        flat = b.reshape(-1)
        b += 1
        return flat

    def g(a):
        b = a.T + 1
        flat = b.reshape(-1)
        flat += 1
        return flat

    with pytest.raises(bafe.TraceError, match=r"(?s)copied.*fix:.*\.copy\(\)"):
        bafe.jit(f, tier="interpreted")(A)
    both(g, A)


def test_jitted_functions_inside_others_write_as_functions_do():
    inner = bafe.jit(grow, tier="interpreted")

    def outer(a):
        inner(a[1:])
        return a * 2

    both(outer, A)


def test_out_is_refused_beside_written_arguments():
    with pytest.raises(bafe.TraceError, match="(?s)out.*fix:"):
        bafe.jit(grow, tier="interpreted")(A.copy(), out=A.copy())


@pytest.mark.parametrize(
    "view",
    [
        *(lambda a: a.view(), lambda a: a.real, lambda a: np.asarray(a), lambda a: a.T),
        *(lambda a: np.rot90(a), lambda a: np.flip(a), lambda a: np.moveaxis(a, 0, 1)),
        *(lambda a: np.split(a, 2)[1], lambda a: np.squeeze(a[None]), lambda a: np.ravel(a)),
        *(lambda a: np.atleast_3d(a), lambda a: np.linalg.matrix_power(a[:, :4], 1)),
        *(lambda a: a.astype(float, copy=False), lambda a: np.expand_dims(a, 1)),
        *(
            lambda a: +a,
            lambda a: np.tile(a, 1),
            lambda a: np.clip(a, 0, 99),
            lambda a: a.flatten(),
        ),
        *(lambda a: np.roll(a, 0), lambda a: np.where(a > 0, a, 0), lambda a: a.astype(float)),
        *(lambda a: np.round(a), lambda a: np.pad(a, 0), lambda a: np.concatenate([a])),
    ],
)
def test_what_is_a_view_in_numpy_is_a_view_and_what_is_a_copy_a_copy(view):
    def write(a):
        part = view(a)
        part[0] = 55
        a[1] = 66
        return part * 1

    both(write, A)
