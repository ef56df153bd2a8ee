"""What shares memory in NumPy shares it in a traced function, and nothing else does: whatever
order the arrays have in memory."""

import bafe
import numpy as np
import numpy_forms as forms
import pytest
from test_numpy_forms import arguments, names_in

A = np.arange(12.0).reshape(3, 4) - 5
GROUPS = ("UFUNCS", "OPERATORS", "METHODS", "JOINS", "LINEAR", "STATISTICS", "INDEXING")


def agree(function, *args, tier="interpreted"):
    """NumPy's results and arguments afterwards; the traced function's, twice."""
    wanted = [np.copy(a) if isinstance(a, np.ndarray) else a for a in args]
    want = function(*wanted)
    traced = bafe.jit(function, tier=tier)
    for _ in range(2):
        given = [np.copy(a) if isinstance(a, np.ndarray) else a for a in args]
        got = traced(*given)
        for one, other in zip((got, *given), (want, *wanted)):
            np.testing.assert_array_equal(one, other)


def all_of(value):
    if isinstance(value, (tuple, list)):
        return [leaf for item in value for leaf in all_of(item)]
    return [value]


WRITES = {
    "into the results": "for x in r: x[...] = 0",
    "into reshaped results": "for x in r: x.reshape(-1)[...] = 0",
    "into the arguments": "for x in ARGS: x[...] = 0",
}


def written(text, order, where):
    """(NumPy's, the traced function's) results and arguments; None where either refuses."""
    names = names_in(text)
    guard = "if hasattr(x, 'shape') and x.shape and x.dtype != bool"
    what = WRITES[where].replace(": x", f":\n        {guard}: x")
    body = what.replace("ARGS", f"[{', '.join(names)}]")
    source = f"def f({', '.join(names)}):\n    r = all_of({text})\n    {body}\n    return r"
    space = {"np": np, "all_of": all_of}
    exec(source, space)  # noqa: S102 - the table is ours
    out = []
    for function in (space["f"], bafe.jit(space["f"], tier="interpreted")):
        given = [np.array(v, order=order) for k, v in arguments().items() if k in names]
        try:
            out.append((function(*given), given))
        except (ValueError, bafe.BafeError):
            return None
    return out


@pytest.mark.parametrize("where", WRITES)
@pytest.mark.parametrize("order", "CF")
@pytest.mark.filterwarnings("ignore")
def test_writes_reach_what_they_reach_in_numpy(order, where):
    compared = 0
    for group in GROUPS:
        for text in getattr(forms, group):
            found = written(text, order, where)
            if found is None:
                continue
            compared += 1
            (want, wanted), (got, given) = found
            for one, other in zip((*all_of(got), *given), (*all_of(want), *wanted)):
                np.testing.assert_allclose(one, other, 2e-5, 2e-5, err_msg=f"{text} {where}")
    assert compared > 300


def selection(a):
    s = a[a > 0]
    a[...] = 1
    return s.sum()


def selection_by_a_mask_that_changes(a):
    m = a > 0
    s = a[m]
    m[...] = True
    return s.sum()


def flat(a):
    a.flat[2] = 99
    a.flat[5:7] *= 2
    return a * 1


def flat_of_a_view(a):
    for i, x in enumerate(a.T.flat):
        a.flat[i] = x


def kept_order(a):
    f = np.empty_like(a.T)
    f[...] = a.T
    f.T.reshape(-1)[1] = 9
    return f * 1


def result_of_ones_own(a):
    out = np.zeros((3, 3))
    np.dot(a, a.T, out=out)
    return out


def contiguous(a):
    c = np.ascontiguousarray(a.T)
    c[0, 1] = 50
    return c + np.ascontiguousarray(a)[0, 0]


def diagonal(a):
    v = np.einsum("ii->i", a[:3, :3])
    a[0] = 7
    return v * 1


@pytest.mark.parametrize(
    "function",
    [
        *(selection, selection_by_a_mask_that_changes, flat, flat_of_a_view, kept_order),
        *(result_of_ones_own, contiguous, diagonal),
    ],
)
def test_copies_are_copies(function):
    agree(function, A)
    agree(function, A, tier="compiled")


@pytest.mark.parametrize("order", "CFAK")
@pytest.mark.parametrize("name", ["ravel", "flatten"])
def test_orders_are_those_in_memory(name, order):
    for x in (A, np.asfortranarray(A), A[::-1].T, np.arange(24.0).reshape(2, 3, 4)):
        given = np.array(x, order="K")
        want = getattr(given, name)(order)
        np.testing.assert_array_equal(bafe.jit(lambda a: getattr(a, name)(order))(given), want)
    with pytest.raises(ValueError, match="order must be"):
        bafe.jit(lambda a: getattr(a, name)("Q"))(A)


def test_an_order_that_is_not_known_is_refused():
    with pytest.raises(bafe.TraceError, match="order in memory"):
        bafe.jit(lambda a: (a.T + 1).ravel("K"))(A)
    np.testing.assert_array_equal(
        bafe.jit(lambda a: a.reshape((4, 3), order="A"))(np.asfortranarray(A)),
        np.asfortranarray(A).reshape((4, 3), order="A"),
    )


def test_windows_of_what_is_written_later_are_refused():
    def f(a):
        w = np.lib.stride_tricks.sliding_window_view(a[0], 2)
        a[0] = 1
        return w * 1

    with pytest.raises(bafe.TraceError, match="windows"):
        bafe.jit(f)(A.copy())


def rebinds(x):
    before = x
    x += 1
    return before * 1


def test_numbers_of_numpy_are_rebound_and_arrays_written():
    traced = bafe.jit(rebinds)
    for _ in range(2):  # neither record serves the other's calls
        array = np.array(2.0)
        assert traced(np.float64(2.0)) == 2.0
        assert traced(array) == 3.0
        assert array == 3.0
    compiled = traced.lower(np.float64(2.0)).compile()
    assert compiled(np.float64(5.0)) == 5.0
    with pytest.raises(bafe.ShapeError, match="a number"):
        compiled(np.array(5.0))


def grows(s, r):
    s += r
    return s, s


def doubles(s, r):
    r *= 2
    return s + r.sum(), r


def twice(i, s):
    a, b = s
    a += 1
    b *= 2
    return a, a


LOOPS = {
    "a state that is also the result": lambda x: bafe.scan(grows, np.zeros(1), x[:, 0]),
    "rows": lambda x: bafe.scan(doubles, 0.0, x),
    "one array as two states": lambda x: bafe.fori_loop(0, 3, twice, (x, x)),
    "operands": lambda x: (bafe.cond(x[0, 0] < 0, lambda v: grows(v, 1)[0], lambda v: v, x), x * 1),
    "a test": lambda x: bafe.while_loop(lambda s: grows(s, 1)[0].sum() < 99, lambda s: s * 2, x),
}


@pytest.mark.parametrize("name", LOOPS)
def test_bodies_write_into_states_of_their_own(name):
    function, traced = LOOPS[name], bafe.jit(LOOPS[name])
    given, wanted = A.copy(), A.copy()
    for one, other in zip(all_of(traced(given)), all_of(function(wanted))):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(given, A)
    np.testing.assert_array_equal(wanted, A)


def test_an_array_around_an_eager_loop_is_not_written():
    around = np.ones(2)

    def body(i, s):
        s += 1
        return around

    bafe.fori_loop(0, 3, body, np.zeros(2))
    np.testing.assert_array_equal(around, 1.0)


def doubles_a_view(x):
    x.reshape(-1)[::2] *= 2


def doubles_a_row(x):
    v = x[None].reshape(x.shape)
    v *= 2


def ravels(x):
    v = x.ravel()
    x += 1
    return v * 1


def test_reshapes_of_arrays_with_gaps_reach_the_caller_or_are_refused():
    for function in (doubles_a_view, doubles_a_row, ravels):
        for step in (1, 2, -1, -2):
            given, wanted = np.arange(12.0), np.arange(12.0)
            got, want = bafe.jit(function)(given[::step]), function(wanted[::step])
            np.testing.assert_array_equal(given, wanted)
            assert (got is None and want is None) or np.array_equal(got, want)
    for part in (A[:, ::2], A[::-1, ::-1]):
        with pytest.raises(bafe.TraceError, match="whether NumPy copied"):
            bafe.jit(doubles_a_view)(part.copy()[:, ::2] if part.shape[1] == 4 else part)


def test_numbers_have_no_memory():
    def f(x):
        total = x.sum()
        total.reshape(-1)[0] = 9
        total[None][0] = 9
        return total

    assert bafe.jit(f)(np.ones(3)) == f(np.ones(3)) == 3.0
    for g in (lambda x: np.cumsum(x, 0), lambda x: np.cumsum(x), lambda x: np.repeat(x, 2, 0)):
        np.testing.assert_array_equal(bafe.jit(g)(np.array(3.0)), g(np.array(3.0)))
    for g in (np.trunc, lambda x: x.clip(0, 2), lambda x: +x, np.conj, np.arctan):

        def write(x, g=g):
            y = g(x)
            y.reshape(-1)[0] = 9
            return y

        assert bafe.jit(write)(np.array(0.5)) == pytest.approx(g(np.float64(0.5)), rel=1e-12)
    assert bafe.jit(np.conj)(np.array([True])).dtype == np.int8


def writes_after_use(x):
    w = np.zeros(3)
    first = x + w
    w[0] = 5
    return first, x + w


def steps_after_use(x):
    w = np.arange(3.0)
    first = x * w
    w += 1
    return first, x * w


@pytest.mark.parametrize("function", [writes_after_use, steps_after_use])
def test_plain_arrays_that_change_between_uses(function):
    x = np.ones(3)
    for got, want in zip(bafe.jit(function)(x), function(x)):
        np.testing.assert_array_equal(got, want)


def test_plain_arrays_that_change_unseen_are_refused():
    def f(x):
        w = np.linspace(0, 1, 3).copy()
        w = np.logspace(0, 1, 3)
        y = x + w
        w[0] = 5
        return y

    with pytest.raises(bafe.TraceError, match="written into after it met a tensor"):
        bafe.jit(f)(np.ones(3))


def binds_an_item(d):
    d["x"] += 1
    d["y"] = d["x"] * 2
    return d["y"]


def grows_a_list(d):
    d["z"].append(d["x"])
    return d["x"] * 2


@pytest.mark.parametrize("function", [binds_an_item, grows_a_list])
def test_containers_that_are_changed_are_told(function):
    given = {"x": np.ones(2), "y": np.zeros(2), "z": [np.ones(1)]}
    with pytest.warns(bafe.TraceWarning, match="that it was given"):
        bafe.jit(function)(given)


def test_arrays_in_containers_are_written_without_a_word():
    def f(d):
        d["x"] += 1

    given = {"x": np.ones(2)}
    bafe.jit(f)(given)
    np.testing.assert_array_equal(given["x"], 2.0)


@pytest.mark.parametrize("use", [lambda x: x.setflags(write=False), lambda x: x.put(0, 1)])
def test_what_only_arrays_have_is_refused_with_a_fix(use):
    with pytest.raises(AttributeError, match="not available while tracing\n  fix: "):
        bafe.jit(use)(np.ones(3, "f4"))
