"""The Python surface on random arguments: what NumPy computes is computed, what it refuses is a
documented error, and nothing else ever leaves a call."""

import bafe
import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

# Derandomized: a failing run fails again. Interpreted: compilation has its own tests.
quick = settings(
    derandomize=True,
    deadline=None,
    max_examples=80,
    database=None,
    suppress_health_check=list(HealthCheck),
)
DTYPES = ["bool", "int8", "uint16", "int32", "int64", "float16", "float32", "float64"]
NUMPY_ERRORS = (ValueError, TypeError, IndexError)


def interpreted(function, **options):
    return bafe.jit(function, tier="interpreted", **options)


@st.composite
def arrays(draw, dtypes=DTYPES, max_dims=4, max_side=4):
    """Small integers as any dtype, so that every sum is exact, seen through a random view."""
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=max_dims, min_side=0, max_side=max_side))
    base = np.arange(int(np.prod(shape))) * 7 % 11 - 3
    x = np.abs(base) if draw(st.booleans()) else base
    x = x.reshape(shape).astype(draw(st.sampled_from(dtypes)))
    kind = draw(st.sampled_from(["plain", "steps", "turned", "broadcast", "read-only", "swapped"]))
    if kind == "steps":
        x = x[tuple(slice(None, None, draw(st.sampled_from([-2, -1, 1, 2]))) for _ in shape)]
    elif kind == "turned":
        x = x.transpose(draw(st.permutations(range(x.ndim))))
    elif kind == "broadcast":
        x = np.broadcast_to(x, (2, *x.shape))
    elif kind == "read-only":
        x.flags.writeable = False
    elif kind == "swapped" and x.dtype.itemsize > 1:
        x = np.asfortranarray(x)
    return x


def outcome(function, *given):
    """What NumPy gives, or None where it refuses."""
    try:
        with np.errstate(all="ignore"):
            return np.asarray(function(*given))
    except NUMPY_ERRORS:
        return None


def check(function, *given, exact=True):
    """The same value, dtype and shape; or errors on both sides, ours a documented one."""
    want = outcome(function, *given)
    try:
        got = interpreted(function)(*given)
    except bafe.BafeError as error:
        assert not isinstance(error, bafe.InternalError), error
        assert want is None, f"NumPy gives {want!r}; {error}"
        return
    assert want is not None, f"NumPy refuses; here it is {got!r}"
    assert (got.shape, got.dtype) == (want.shape, want.dtype)
    if exact:
        assert np.array_equal(got, want, equal_nan=want.dtype.kind == "f")
    else:
        np.testing.assert_allclose(got, want, rtol=1e-3, atol=1e-3)


EXACT = {
    "twice": lambda x: x + x,
    "times three": lambda x: x * 3,
    "absolute": lambda x: abs(x),
    "positive part": lambda x: np.where(x > 0, x, 0),
    "larger": lambda x: np.maximum(x, x[..., ::-1]) if x.ndim else x,
    "turned": lambda x: x.T + 1,
    "flat": lambda x: x.reshape(-1),
    "total": lambda x: x.sum(),
    "rows": lambda x: x.sum(-1) if x.ndim else x.sum(),
    "joined": lambda x: np.concatenate([x, x[:1]]) if x.ndim else x,
    "stacked": lambda x: np.stack([x, x * 0], axis=-1),
    "one axis more": lambda x: np.expand_dims(x, 0) == x,
    "as float": lambda x: x.astype("float32") / 2,
    "truth": lambda x: (x > 1) | (x == 0),
}


@quick
@given(arrays(), st.sampled_from(sorted(EXACT)))
def test_a_function_of_any_view_is_numpys(x, name):
    check(EXACT[name], x)


@quick
@given(arrays(), st.data())
def test_basic_indices_are_numpys(x, data):
    index = data.draw(hnp.basic_indices(x.shape, allow_newaxis=True, allow_ellipsis=True))
    check(lambda v: v[index], x)


@quick
@given(arrays(max_dims=3), st.lists(st.integers(-4, 3), min_size=1, max_size=4))
def test_transposes_are_numpys(x, axes):
    check(lambda v: np.transpose(v, axes), x)


SETS_OF_AXES = st.none() | st.integers(-4, 3) | st.lists(st.integers(-4, 3), max_size=3).map(tuple)


@quick
@given(
    arrays(max_dims=3),
    SETS_OF_AXES,
    st.booleans(),
    st.sampled_from(["sum", "max", "min", "prod", "argmax", "any", "all"]),
)
def test_reductions_over_any_axes_are_numpys(x, axes, keepdims, name):
    if x.ndim == 0:
        axes = None  # NumPy takes axis=0 of a number, but not axis=(0,); here both are taken
    if name.startswith("arg") and isinstance(axes, tuple):
        axes = None  # several axes are one position here, in NumPy an error
    check(lambda v: getattr(np, name)(v, axis=axes, keepdims=keepdims), x)


@quick
@given(arrays(max_dims=3), st.lists(st.integers(-1, 12), max_size=4))
def test_reshapes_are_numpys(x, shape):
    check(lambda v: np.reshape(v, shape), x)


@quick
@given(
    st.text("ijk.,->", max_size=9),
    arrays(max_dims=3, max_side=2, dtypes=["int64", "float64"]),
    arrays(max_dims=3, max_side=2, dtypes=["int64", "float64"]),
)
def test_einsum_takes_what_numpy_takes(equation, a, b):
    for given_ in ((a,), (a, b)):
        check(lambda *v: np.einsum(equation, *v), *given_)  # noqa: B023


@st.composite
def equations(draw):
    """Equations that fit: letters have sizes, operands are made for them."""
    sizes = {letter: draw(st.integers(0, 3)) for letter in "ijkl"}
    operands = draw(st.lists(st.text("ijkl", max_size=3), min_size=1, max_size=3))
    used = sorted(set("".join(operands)))
    result = draw(
        st.permutations(used).flatmap(lambda p: st.integers(0, len(p)).map(lambda n: p[:n]))
    )
    given_ = [
        np.arange(int(np.prod([sizes[c] for c in o]))).reshape([sizes[c] for c in o]) % 5
        for o in operands
    ]
    return ",".join(operands) + "->" + "".join(result), given_


@quick
@given(equations())
def test_einsum_of_fitting_operands_is_numpys(case):
    equation, operands = case
    check(lambda *v: np.einsum(equation, *v), *operands)


TREES = st.recursive(
    arrays(max_dims=2, max_side=3) | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text("abc", min_size=1, max_size=2), inner, max_size=3)
    ),
    max_leaves=6,
)


def mapped(function, tree):
    if isinstance(tree, dict):
        return {key: mapped(function, value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return type(tree)(mapped(function, item) for item in tree)
    return None if tree is None else function(tree)


def same(a, b):
    if isinstance(a, dict):
        return type(b) is dict and a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if a is None or b is None:
        return a is b
    return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind == "f")


@quick
@given(TREES)
def test_trees_keep_their_form(tree):
    assume("array(" in repr(tree))  # a function returns a tensor at least
    got = interpreted(lambda t: mapped(lambda x: x + x, t))(tree)
    assert same(got, mapped(lambda x: np.asarray(x + x), tree))


@quick
@given(
    arrays(dtypes=["float64"], max_dims=2),
    st.integers(-3, 3)
    | st.text(max_size=3)
    | st.booleans()
    | st.none()
    | st.floats(allow_nan=False),
)
def test_static_arguments_may_be_anything_hashable(x, value):
    def function(v, chosen):
        return v + 1 if chosen else v * 2

    got = interpreted(function, static_argnums=1)(x, value)
    assert np.array_equal(got, function(x, value))
    named = interpreted(function, static_argnames="chosen")(x, chosen=value)
    assert np.array_equal(named, got)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["bits", "reals", "fast", "auto", "compiled", "interpreted", "off"]),
    st.lists(st.integers(-3, 3), max_size=2),
    st.just(np.float32(1)),
    st.just(object()),
)
OPTIONS = [
    *("budget", "iters", "temperature", "seed", "autotune", "time_budget_ms", "deep", "math"),
    *("threads", "tier", "structure", "max_error_growth", "rewrite", "static_argnums"),
    *("static_argnames", "nonsense"),
]


@settings(quick, max_examples=300)
@given(st.dictionaries(st.sampled_from(OPTIONS), VALUES, min_size=1, max_size=2))
def test_options_of_jit_are_taken_or_refused_with_a_way_on(options):
    try:
        bafe.jit(lambda x, y=0: x + 1, **options)
    except bafe.BafeError as error:
        assert not isinstance(error, bafe.InternalError) and "fix:" in str(error)
    except TypeError as error:
        assert "nonsense" in options and "nonsense" in str(error)


@quick
@given(arrays(dtypes=["float64", "int64"], max_dims=2), st.integers(1, 4))
def test_fused_functions_are_their_chain(x, count):
    steps = [lambda v: v + 1, lambda v: v * 2, lambda v: v - 3, lambda v: v * v]
    fused, want = bafe.jit(steps[0], tier="interpreted"), steps[0](x)
    for step in steps[1:count]:
        fused, want = bafe.fuse(fused, bafe.jit(step, tier="interpreted")), step(want)
    assert np.array_equal(fused(x), want)


@settings(quick, max_examples=25)
@given(arrays(dtypes=["float64"], max_dims=2), st.integers(1, 5))
def test_lazy_chains_are_their_eager_values(x, count):
    step = interpreted(lambda v: v * 2 + 1)
    value, want = bafe.lazy(x), x
    for _ in range(count):
        value, want = step(value), want * 2 + 1
    assert np.array_equal(np.asarray(value), want)


@quick
@given(arrays(dtypes=["float32", "int32"], max_dims=3), st.data())
def test_out_is_filled_or_refused_untouched(x, data):
    """A result array of another dtype or shape, or one that overlaps an input, is an error."""
    function = interpreted(lambda v: v + 1)
    want = np.asarray(x + 1)
    out = data.draw(
        st.sampled_from(
            [np.zeros_like(want), np.zeros(want.shape, "int8"), np.zeros((*want.shape, 2)), 3, None]
        )
    )
    try:
        got = function(x, out=out)
    except (bafe.BafeError, TypeError) as error:
        assert not isinstance(error, bafe.InternalError)
        assert isinstance(out, int) or (out.dtype, out.shape) != (want.dtype, want.shape)
        assert isinstance(out, int) or not out.any()
        return
    assert np.array_equal(got, want) and (out is None or got is out)


RULE = """(rule surface-fuzz (add (mul ?a ?b) (mul ?a ?c)) => (mul ?a (add ?b ?c))
  :class reals :set structural :when (is-float ?a) :why "one product less")"""
TOKENS = RULE.replace("(", " ( ").replace(")", " ) ").split()
SPARE = [*TOKENS, "?d", "0", "1.5", "[m k]", ":types", "<=>", ":axes", "matmul", "(rank ?a)", '"']


@quick
@given(st.text(max_size=60) | st.text('()[]?:;"=> abrule0-', max_size=60))
def test_texts_that_are_no_rules_are_refused(text):
    try:
        bafe.rules.add(text)
    except bafe.BafeError as error:
        assert not isinstance(error, bafe.InternalError)
    finally:
        bafe.rules.reset()


@settings(quick, max_examples=40)
@given(st.lists(st.tuples(st.integers(0, len(TOKENS) - 1), st.sampled_from(SPARE)), max_size=2))
def test_rules_with_other_words_are_proven_or_refused(changes):
    words = list(TOKENS)
    for at, word in changes:
        words[at] = word
    try:
        bafe.rules.add(" ".join(words))
    except bafe.BafeError as error:
        assert not isinstance(error, bafe.InternalError)
    finally:
        bafe.rules.reset()


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    path = tmp_path_factory.mktemp("pack") / "kernels"
    bafe.jit(lambda x: x * 3 + 1, tier="compiled")(np.arange(5.0))
    assert bafe.cache.export(path) >= 1
    return path.read_bytes()


@quick
@given(st.data())
def test_damaged_packs_are_counted_or_refused(pack, tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "damaged"
    damaged = bytearray(pack)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(
            st.integers(0, min(len(damaged) - 1, 200)) | st.integers(0, len(damaged) - 1)
        )
        damaged[at] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.none() | st.integers(0, len(damaged)))
    path.write_bytes(bytes(damaged[:cut]))
    try:
        counts = bafe.cache.import_(path)
    except bafe.ParseError:
        return
    assert counts.added == 0, "an entry whose bytes changed is not taken"


def test_what_was_imported_is_whole():
    assert bafe.cache.verify()[1] == 0
