"""What tracing cannot do says why, and what to do instead; nothing is written, nothing leaks."""

import warnings

import bafe
import numpy as np
import pytest
from bafe.side_effects import TraceWarning

REMEDIES = r"np\.where.*static_argnames.*bafe\.fori_loop"
A = np.arange(6.0).reshape(2, 3)
TABLE = np.ones(3)
COLLECTED = []


def traced(function, *args, **options):
    return bafe.jit(function, tier="interpreted", **options)(*args)


def loop_while(x):
    while x.sum() > 0:
        x = x - 1
    return x


CONTROL = {
    "if": lambda x: x if x.sum() > 0 else -x,
    "while": loop_while,
    "and": lambda x: (x > 0).any() and x,
    "int": lambda x: int(x[0, 0]),
    "float": lambda x: float(x[0, 0]),
    "range": lambda x: [i for i in range(x[0, 0].astype(int))],
    "in": lambda x: 1.0 in x,
    "list": lambda x: [1, 2, 3][x[0, 0].astype(int)],
    "over a number": lambda x: [i for i in x[0, 0]],
    "item": lambda x: x[0, 0].item(),
    "tolist": lambda x: x.tolist(),
}


@pytest.mark.parametrize("name", CONTROL)
def test_control_flow_on_values_names_the_line_the_value_and_three_remedies(name):
    with pytest.raises(bafe.TraceError, match=r"test_trace_errors\.py:\d+.*Tensor\(") as caught:
        traced(CONTROL[name], A)
    assert caught.match(rf"(?s){REMEDIES}")


@pytest.mark.parametrize(
    "name", ["sort", "argsort", "unique", "nonzero", "flatnonzero", "argwhere", "median", "lexsort"]
)
def test_functions_without_an_operator_are_refused_with_a_fix(name):
    with pytest.raises(bafe.TraceError, match=r"(?s)test_trace_errors\.py:\d+.*fix:"):
        traced(lambda x: getattr(np, name)(x), A)


def test_plain_loops_over_ranges_unroll():
    def f(x):
        for i in range(3):
            x = x * i + 1
        return x

    np.testing.assert_array_equal(traced(f, A), f(A))


def test_arrays_that_the_function_makes_may_hold_tensors():
    def helper(x, n):
        out = np.zeros((n, x.shape[1]))
        for i in range(n):
            out[i] = x[0] * i
        return out

    def f(x):
        total = np.empty(3)
        total[:] = np.array([x[0, 0], 1.0, x[1, 2]])
        both = np.full((2, 3), 2.0)
        both[1, 1:] += x[1, 1:]
        return helper(x, 3) + total, np.asarray(x) + both

    for got, want in zip(traced(f, A), f(A)):
        np.testing.assert_array_equal(got, want)
    assert np.zeros(2).sum() == 0


def test_a_tensor_does_not_fit_into_an_array_from_outside():
    def f(x):
        TABLE[0] = x[0, 0]
        return x

    with pytest.raises(bafe.TraceError, match=r"(?s)written into a plain array.*fix:"):
        traced(f, A)
    assert TABLE.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    "write", [lambda x: np.add(x[0], 1, out=TABLE), lambda x: TABLE.__iadd__(x[0])]
)
def test_a_captured_array_is_not_written(write):
    with pytest.raises(bafe.TraceError, match="(?s)fix: pass it as an argument"):
        traced(write, A)
    assert TABLE.tolist() == [1, 1, 1]


# ---- side effects


def test_printing_a_tensor_is_said_once():
    def f(x):
        return x + len(f"{x}") * 0

    with pytest.warns(TraceWarning, match=r"test_trace_errors\.py:\d+.*turned into text"):
        traced(f, A)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        traced(f, A)  # the same place


def test_a_list_from_outside_that_grows_is_said_and_its_tensors_are_of_no_use():
    def f(x):
        COLLECTED.append(x + 1)
        return x

    with pytest.warns(TraceWarning, match="changes 'COLLECTED'"):
        traced(f, A)
    leaked = COLLECTED[0]
    for use in (
        lambda: leaked + 1,
        lambda: np.exp(leaked),
        lambda: leaked[0],
        lambda: leaked.__setitem__(0, 1),
        lambda: traced(lambda x: x + leaked, A),
        lambda: bool(leaked),
    ):
        with pytest.raises(bafe.TraceError, match="(?s)after the traced function returned.*fix:"):
            use()
    assert leaked.shape == (2, 3)


def test_bound_globals_and_written_arrays_are_said():
    seen = np.zeros(2)
    count = 0

    def f(x):
        nonlocal count
        count += 1
        return x

    def g(x):
        seen[0] = 7
        return x + 1

    with pytest.warns(TraceWarning, match="binds the outer name 'count'"):
        traced(f, A)
    with pytest.warns(TraceWarning, match="changes 'seen'"):
        traced(g, A)


def test_an_error_while_tracing_leaves_no_trace_open():
    with pytest.raises(ZeroDivisionError):
        traced(lambda x: x + 1 // 0, A)
    assert isinstance(bafe.relu(A), np.ndarray)


# ---- captured arrays


def test_captured_arrays_are_read_at_every_call_and_constants_are_frozen():
    w = np.ones(3)
    frozen = bafe.constant(w)
    f = bafe.jit(lambda x: (x + w, x + frozen), tier="interpreted")
    f(A)
    w[:] = 5
    read, kept = f(A)
    np.testing.assert_array_equal(read, A + 5)
    np.testing.assert_array_equal(kept, A + 1)


@pytest.mark.parametrize("kind", ["masked", "object", "text"])
def test_captured_arrays_of_other_kinds_are_refused(kind):
    other = {
        "masked": np.ma.array([1.0, 2, 3], mask=[0, 1, 0]),
        "object": np.array([1, "a", None], object),
        "text": np.array(["a", "b", "c"]),
    }[kind]
    with pytest.raises((bafe.TraceError, bafe.DTypeError), match=r"(?s)test_trace_errors.*fix:"):
        traced(lambda x: x + other, A)


def test_memory_maps_are_read_and_written(tmp_path):
    mapped = np.memmap(tmp_path / "x", "f8", "w+", shape=(2, 3))
    mapped[:] = A

    def double(x):
        x *= 2

    assert traced(double, mapped) is None
    np.testing.assert_array_equal(mapped, A * 2)
    f = bafe.jit(lambda x: x + mapped, tier="interpreted")
    np.testing.assert_array_equal(f(A), A * 3)
    mapped[:] = 0
    np.testing.assert_array_equal(f(A), A)


# ---- shapes


@pytest.mark.parametrize(
    "call",
    [
        lambda: traced(lambda x: x.reshape(np.nan), A),
        lambda: traced(lambda x: x.reshape((2, float("nan"))), A),
        lambda: traced(lambda x: np.broadcast_to(x, (np.nan, 2, 3)), A),
        lambda: traced(lambda x: np.tile(x, np.nan), A),
        lambda: traced(lambda x: np.zeros_like(x, shape=(np.nan,)), A),
        lambda: bafe.ShapeDtype((np.nan, 2)),
        lambda: bafe.ShapeDtype((2.5,)),
    ],
)
def test_sizes_that_are_no_integers_are_refused(call):
    with pytest.raises((bafe.TraceError, bafe.ShapeError), match="(?s)fix:"):
        call()


def test_specs_of_other_dtypes_are_refused():
    with pytest.raises(bafe.DTypeError, match="(?s)object.*fix:"):
        bafe.ShapeDtype((2,), object)


# ---- arrays of other libraries


def test_tensors_of_torch_are_read_and_written_in_their_memory():
    torch = pytest.importorskip("torch")
    given = torch.arange(6.0).reshape(2, 3)

    def grow(x):
        x += 1
        return x.sum()

    assert traced(grow, given) == 21
    assert given.tolist() == [[1, 2, 3], [4, 5, 6]]
    with pytest.raises(bafe.TraceError, match=r"(?s)requires gradients.*x\.detach\(\)"):
        traced(lambda x: x + 1, torch.ones(3, requires_grad=True))
    with pytest.raises(bafe.TraceError, match=r"(?s)meta.*x\.cpu\(\)"):
        traced(lambda x: x + 1, torch.ones(3, device="meta"))
    with pytest.raises(bafe.DTypeError, match="(?s)fix:"):
        traced(lambda x: x + 1, torch.ones(3, dtype=torch.bfloat16))


class Foreign:
    """An array of another library, by the protocol only."""

    def __init__(self, array, device=1, requires_grad=False):
        self.array, self.place, self.requires_grad = array, device, requires_grad

    def __dlpack_device__(self):
        return self.place, 0

    def __dlpack__(self, **options):
        return self.array.__dlpack__()

    def __array__(self, dtype=None, copy=None):
        return self.array


def test_arrays_of_other_libraries_are_taken_without_a_copy_or_refused():
    given = np.arange(3.0)

    def grow(x):
        x += 1

    traced(grow, Foreign(given))
    assert given.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(traced(lambda x: x + Foreign(given), A), A + given)
    with pytest.raises(bafe.TraceError, match=r"(?s)CPU.*x\.cpu\(\)"):
        traced(grow, Foreign(given, device=2))
    with pytest.raises(bafe.TraceError, match=r"(?s)gradients.*detach"):
        traced(grow, Foreign(given, requires_grad=True))
    assert given.tolist() == [1, 2, 3]


def test_printing_anything_is_said_once(capsys):
    def shouts(x):
        print("hello")
        return x + 1

    f = bafe.jit(shouts)
    with pytest.warns(TraceWarning, match="the function prints"):
        f(np.ones(3, np.float32))
    f(np.ones(4, np.float32))  # traced again, said no more: warnings are errors here
    assert capsys.readouterr().out == "hello\n" * 2


def test_a_number_s_text_is_refused_with_the_remedies():
    f = bafe.jit(lambda x: x + len(f"{x[0]:.3f}"))
    with pytest.raises(bafe.TraceError, match=r"of the form '.3f' is asked for(.|\n)*np.where"):
        f(np.ones(3, np.float32))
