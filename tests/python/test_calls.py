"""What a warm call does: arguments in every form, trees, static values, results into ``out=``."""

import collections
import dataclasses
import gc
import inspect
import sys

import bafe
import numpy as np
import pytest

Point = collections.namedtuple("Point", "x y")


@dataclasses.dataclass
class Layer:
    weights: object
    bias: object


@dataclasses.dataclass(frozen=True)
class Frozen:
    x: object
    y: object = None


@dataclasses.dataclass
class Doubled:
    x: object
    total: object = dataclasses.field(init=False, default=None)

    def __post_init__(self):
        self.x = self.x * 2
        self.total = self.x + 1


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self, a, b):
        self.a, self.b = a, b


SlottedData = dataclasses.make_dataclass("SlottedData", ["x"], namespace={"__slots__": ("x",)})


class Count:
    """A number that guards of captured values do not look into."""

    __slots__ = ("value",)

    def __init__(self):
        self.value = 0

    def __len__(self):
        return self.value


def traced(fn, **options):
    """The jitted function, and how often it was traced."""
    traces = Count()

    def counted(*args, **kwargs):
        traces.value += 1
        return fn(*args, **kwargs)

    counted.__signature__ = inspect.signature(fn)
    return bafe.jit(counted, tier="interpreted", **options), traces


def three_times(f, *args, **kwargs):
    """The last of three calls: the first traces, the others take the core's path."""
    return [f(*args, **kwargs) for _ in range(3)][-1]


x, y = np.arange(4.0), np.full(4, 2.0)


def test_keywords_in_any_order_are_one_program_and_three_layouts():
    f, traces = traced(lambda a, b, c=1.0: a - b * c)
    for _ in range(3):
        assert np.array_equal(f(x, b=y), x - y)
        assert np.array_equal(f(x, c=3.0, b=y), x - 3 * y)
        assert np.array_equal(f(x, b=y, c=3.0), x - 3 * y)
        assert np.array_equal(f(c=3.0, b=y, a=x), x - 3 * y)
        assert np.array_equal(f(**{"b": y, "a": x}), x - y)
    assert len(traces) == 4


def test_wrong_arguments_are_refused_as_python_does_it():
    f = bafe.jit(lambda a, b: a + b)
    three_times(f, x, b=y)
    for args, kwargs, text in (
        ((x, y), {"b": y}, "multiple values for argument 'b'"),
        ((x,), {}, "missing 1 required positional argument"),
        ((x,), {"c": y}, "unexpected keyword argument 'c'"),
        ((x, y, x), {}, "takes 2 positional arguments but 3 were given"),
    ):
        with pytest.raises(TypeError, match=text):
            f(*args, **kwargs)


def test_default_arrays_are_those_of_the_definition_and_read_at_every_call():
    weights = np.ones(4)

    def f(a, w=weights, n=2.0):
        return a * w + n

    g = bafe.jit(f, tier="interpreted")
    assert np.array_equal(three_times(g, x), x + 2)
    weights[:] = 3
    assert np.array_equal(three_times(g, x), x * 3 + 2)
    weights = np.zeros(4)
    assert np.array_equal(three_times(g, x), x * 3 + 2)
    assert np.array_equal(three_times(g, x, n=1.0), x * 3 + 1)


def test_static_values_are_told_apart_by_type_and_value():
    f, traces = traced(
        lambda a, s: (a * 0, str(s))[0] + float(s if s == s else 9), static_argnums=1
    )
    values = [1, True, 1.0, 0.0, -0.0, 2**70, float("nan")]
    for _ in range(3):
        for value in values:
            expected = float(value) if value == value else 9
            assert f(x, value)[0] == expected
    assert len(traces) == len(values)


def test_static_tuples_and_texts_match_by_value():
    f, traces = traced(lambda a, mode, axes: a.sum(axes) if mode == "sum" else a.max(axes),
                       static_argnames=("mode", "axes"))  # fmt: skip
    m = np.arange(6.0).reshape(2, 3)
    for _ in range(3):
        assert f(m, mode="".join(["su", "m"]), axes=(0, 1)[:1]).tolist() == [3, 5, 7]
        assert f(m, "max", (1,)).tolist() == [2, 5]
        with pytest.raises(bafe.TraceError, match="an integer is needed, got bool"):
            f(m, "max", (True,))
    assert len(traces) == 2 + 3


def test_static_positions_may_count_from_the_end():
    f = bafe.jit(lambda a, n: a * n, static_argnums=-1, tier="interpreted")
    assert three_times(f, x, 3).tolist() == (x * 3).tolist()
    assert f(x, n=2).tolist() == (x * 2).tolist()


def test_an_unhashable_static_argument_is_named():
    f = bafe.jit(lambda a, axes: a.sum(axes), static_argnames="axes", tier="interpreted")
    f(x, 0)
    with pytest.raises(bafe.TraceError, match="static argument 'axes' is a list"):
        f(x, [0])
    with pytest.raises(bafe.TraceError, match="static argument 'axes' is a list"):
        f(x, axes=[0])


def test_a_static_value_may_compare_by_the_users_code():
    class Mode:
        def __init__(self, name):
            self.name = name

        def __eq__(self, other):
            return isinstance(other, Mode) and self.name == other.name

        def __hash__(self):
            return hash(self.name)

        def __repr__(self):
            return f"Mode({self.name})"

    f, traces = traced(lambda a, m: a * 2 if m.name == "b" else a, static_argnums=1)
    for _ in range(3):
        assert f(x, Mode("a")).tolist() == x.tolist()
        assert f(x, Mode("b")).tolist() == (2 * x).tolist()
    assert len(traces) == 2


TREES = {
    "tuple": ((x, y), lambda t: t[0] - t[1]),
    "list": ([x, y], lambda t: t[0] - t[1]),
    "dict": ({"p": x, "q": y}, lambda t: t["p"] - t["q"]),
    "named tuple": (Point(x, y), lambda t: t.x - t.y),
    "dataclass": (Layer(x, y), lambda t: t.weights - t.bias),
    "frozen dataclass": (Frozen(x, y), lambda t: t.x - t.y),
    "dataclass with slots": (SlottedData(x), lambda t: t.x - 2),
    "nested": ({"a": [x, (y, None)], 3: Point(Layer(x, y), [])}, lambda t: t["a"][0] - t[3].x.bias),
    "None beside": ((x, None, {}), lambda t: t[0] if t[1] is None and t[2] == {} else -t[0]),
}


@pytest.mark.parametrize("name", TREES)
def test_trees_are_taken_and_given_back(name):
    tree, reads = TREES[name]
    f, traces = traced(lambda t, s: (reads(t) * s, t))
    expected = reads(tree) * 2
    for _ in range(3):
        value, back = f(tree, 2.0)
        assert np.array_equal(value, expected)
        assert type(back) is type(tree)
        assert np.array_equal(reads(back), reads(tree))
    assert len(traces) == 1


def test_trees_of_another_form_are_other_programs():
    def describe(t):
        return (
            len(t) if not isinstance(t, dict) else sum(10 ** (i + 1) * k for i, k in enumerate(t))
        )

    f, traces = traced(lambda t, a: a * 0 + describe(t))
    trees = [[x], [x, y], (x,), (x, y), [], {1: x, 2: y}, {2: x, 1: y}, [x, None], {}, {1: (x, y)}]
    for _ in range(3):
        for tree in trees:
            assert f(tree, x)[0] == describe(tree)
    assert len(traces) == len(trees)


def test_keys_that_compare_equal_are_told_apart():
    f, traces = traced(lambda t: {key: value * 2 for key, value in t.items()})
    for _ in range(3):
        for key in (1, True, 1.0, "1"):
            (got,) = f({key: x})
            assert type(got) is type(key)
    assert len(traces) == 4


def test_subclasses_of_dict_and_list_are_no_trees():
    class Own(dict):
        pass

    f = bafe.jit(lambda t: t["a"] * 2, tier="interpreted")
    three_times(f, {"a": x})
    for other in (Own(a=x), collections.OrderedDict(a=x), collections.defaultdict(int, a=x)):
        with pytest.raises(bafe.TraceError, match=type(other).__name__):
            f(other)


def test_a_list_that_grows_between_calls_is_seen():
    f = bafe.jit(lambda t: sum(t, 0.0 * t[0]), tier="interpreted")
    items = [x]
    for count in (1, 2, 3):
        assert np.array_equal(three_times(f, items), x * count)
        items.append(x)


def test_a_dataclass_is_rebuilt_without_running_its_constructor_again():
    given = Doubled(x)
    f = bafe.jit(lambda d: (d.x + d.total, Doubled(d.x)), tier="interpreted")
    for _ in range(3):
        value, made = f(given)
        assert np.array_equal(value, given.x + given.total)
        assert np.array_equal(made.x, 4 * x)
        assert np.array_equal(made.total, 4 * x + 1)


def test_registered_types_are_flattened_by_their_functions():
    bafe.register_pytree(
        Slotted, lambda s: ([s.a], ("b", s.b)), lambda rest, c: Slotted(c[0], rest[1])
    )
    f, traces = traced(lambda s: Slotted(s.a * s.b, s.b))
    for _ in range(3):
        for b in (2, 3):
            got = f(Slotted(x, b))
            assert got.b == b and np.array_equal(got.a, x * b)
    assert len(traces) == 2


def test_a_class_registered_anew_is_flattened_anew():
    class Two:
        def __init__(self, a, b):
            self.a, self.b = a, b

    f = bafe.jit(lambda t: t.a - t.b, tier="interpreted")
    bafe.register_pytree(Two, lambda t: ([t.a, t.b], None), lambda _, c: Two(*c))
    assert np.array_equal(three_times(f, Two(x, y)), x - y)
    bafe.register_pytree(Two, lambda t: ([t.b, t.a], None), lambda _, c: Two(c[1], c[0]))
    assert np.array_equal(three_times(f, Two(x, y)), x - y)


def test_more_arguments_than_fit_the_stack_are_taken():
    f = bafe.jit(lambda *parts: [part + 1 for part in parts], tier="interpreted")
    parts = [np.full(3, float(i)) for i in range(70)]
    out = [np.empty(3) for _ in parts]
    for _ in range(3):
        assert [part[0] for part in f(*parts)] == [i + 1 for i in range(70)]
        assert f(*parts, out=out) is out and out[69][0] == 70


def test_references_are_given_back():
    f = bafe.jit(lambda t, s=1.0: {"r": t["a"] + t["b"].x * s}, tier="interpreted")
    tree, out = {"a": x, "b": Point(y, None)}, {"r": np.empty(4)}
    objects = (x, y, tree, tree["b"], out, out["r"])

    def calls():
        three_times(f, tree)
        three_times(f, s=2.0, t=tree)
        three_times(f, tree, out=out)
        for args, kwargs in (
            (({"a": x},), {}),
            ((tree, 1.0, 2.0), {}),
            ((tree,), {"out": {"r": np.empty(3)}}),
            ((tree,), {"out": 3}),
        ):
            with pytest.raises((TypeError, KeyError, ValueError)):
                f(*args, **kwargs)
        gc.collect()
        return [sys.getrefcount(one) for one in objects]

    calls()
    assert calls() == calls()


def test_numbers_of_numpy_take_the_place_of_arrays_without_axes():
    f, traces = traced(lambda a, s: a * s)
    for _ in range(3):
        for s in (np.float64(3), np.array(3.0), np.float32(3), np.int8(3), np.bool_(True)):
            got = f(x, s)
            assert got.dtype == (x * s).dtype and np.array_equal(got, x * s)
    assert len(traces) == 4


def test_readers_see_strided_and_foreign_arrays_in_trees():
    f, traces = traced(lambda t: t["a"] * 2 + t["b"])
    wide = np.arange(8.0)
    for _ in range(3):
        assert np.array_equal(f({"a": wide[::2], "b": wide[1::2]}), wide[::2] * 2 + wide[1::2])
        assert np.array_equal(f({"a": wide[:4], "b": wide[4:].astype(">f8")}),
                              wide[:4] * 2 + wide[4:])  # fmt: skip
    assert len(traces) == 2
