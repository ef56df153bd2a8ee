"""Every reduction of the table against NumPy: every set of axes, empty and one-element arrays, NaN,
infinities, negative zeros, extreme integers, in every dtype; errors where NumPy has errors."""

import functools
import itertools
import warnings

import bafe
import numpy as np
import pytest
from bafe import ops
from special_values import DTYPES, FLOATS, INTS, both_zero, dtype_of, finfo, wide

REDUCTIONS = [
    name
    for name, function in vars(ops).items()
    if callable(function) and (function.__doc__ or "").startswith("Reduce over")
]
REFERENCE = {
    "reduce_sum": np.sum,
    "reduce_prod": np.prod,
    "reduce_max": np.max,
    "reduce_min": np.min,
    "argmax": np.argmax,
    "argmin": np.argmin,
    "mean": np.mean,
}
SHAPES = [(), (0,), (1,), (5,), (70,), (0, 3), (3, 0), (1, 1), (2, 3), (2, 0, 3), (2, 3, 4)]
# Differences from NumPy that a user accepts, by what the comparison below allows:
#   sums, products, means: the order of the terms is ours; |error| <= n·u·Σ|x| (products: Π|x|);
#   float16, bfloat16: they accumulate in float32 and round once, NumPy rounds products in between.
BLANKS = [0.0, -0.0]


def fills(dtype):
    """Endless special values by name, so that no sum overflows in one order only."""
    if dtype == "bool":
        return {"both": [True, False, True], "false": [False], "true": [True]}
    if dtype in INTS:
        info = np.iinfo(dtype)
        return {
            "extremes": [info.max, info.min, 1, info.max, 3, 0, info.min],
            "ties": [7, 7, info.min, info.min],
        }
    tiny = float(finfo(dtype_of(dtype)).smallest_subnormal)
    return {
        "ordinary": [0.5, -2.0, 3.0, 1.25, -0.75, 2.0, 1.0],
        "zeros": [-0.0],
        "mixed zeros": BLANKS,
        "a nan": [1.0, 2.0, float("nan"), -1.0, float("inf")],
        "infinite": [1.0, float("inf"), -2.0, 0.5],
        "infinities": [float("-inf"), 3.0, float("inf"), 1.0],
        "subnormal": [tiny, -3 * tiny, 5 * tiny],
    }


def axes_of(rank, name):
    if name.startswith("arg"):
        return [None, *range(rank), *range(-rank, 0)]
    sets = [c for k in range(rank + 1) for c in itertools.combinations(range(rank), k)]
    return [
        None,
        *sets,
        *([-1, (-1, 0), (1, 0)] if rank == 2 else []),
        *([-1] if rank == 1 else []),
    ]


def cases(dtype, shapes):
    for shape, (label, fill) in itertools.product(shapes, fills(dtype).items()):
        x = np.resize(np.array(fill, dtype=object).astype(dtype_of(dtype)), shape)
        for name in REFERENCE:
            for axes, keepdims in itertools.product(axes_of(len(shape), name), (False, True)):
                yield (dtype, label, shape, name, axes, keepdims), x


def numpy_of(x, case):
    _, _, _, name, axes, keepdims = case
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            return np.asarray(REFERENCE[name](x, axis=axes, keepdims=keepdims))
        except ValueError as error:
            return error


def ours(x, case):
    _, _, _, name, axes, keepdims = case
    return getattr(bafe, name)(x, axes, keepdims)


def agree(x, case, got, want, zero_signs=True):
    got = np.asarray(got)
    if got.shape != want.shape or got.dtype != want.dtype:
        return False
    if got.dtype.kind not in "fV":
        return np.array_equal(got, want)
    name, axes, keepdims = case[3:]
    if name in ("reduce_max", "reduce_min"):
        return bool(((got == want) | (np.isnan(got) & np.isnan(want))).all())
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        terms = wide(x) if x.dtype.kind in "fV" else x.astype(np.longdouble)
        exact = REFERENCE[name](terms, axis=axes, keepdims=keepdims)
        size = REFERENCE[name](abs(terms), axis=axes, keepdims=keepdims)
        info = finfo(got.dtype)
        bound = max(1, x.size) * float(info.eps) * size + float(info.smallest_subnormal)
        near = abs(wide(got) - exact) <= bound
    signs = np.signbit(got) == np.signbit(want)
    is_zero = both_zero(got, want)
    same = (got == want) | (wide(got) == exact) | (np.isnan(got) & np.isnan(want)) | near
    return bool((same & (signs | ~is_zero | (not zero_signs))).all())


def test_every_reduction_has_a_reference():
    assert set(REDUCTIONS) <= set(REFERENCE), "give a new reduction its NumPy function here"


@pytest.mark.parametrize("dtype", DTYPES)
def test_interpreted_reductions_are_numpys(dtype):
    wrong = []
    for case, x in cases(dtype, SHAPES):
        want = numpy_of(x, case)
        function = bafe.jit(lambda v: ours(v, case), tier="interpreted")  # noqa: B023
        try:
            got = function(x)
        except bafe.ShapeError as error:
            got = error
        if isinstance(got, Exception) or isinstance(want, Exception):
            if not (isinstance(got, ValueError) and isinstance(want, ValueError)):
                wrong.append((case, got, want))
        elif not agree(x, case, got, want):
            wrong.append((case, got, want))
    assert not wrong, f"{len(wrong)} differ: {wrong[:4]}"


@pytest.mark.parametrize(
    "dtype, math",
    [
        *(("bool", "reals"), ("int8", "bits"), ("uint64", "reals"), ("float16", "reals")),
        *(("float32", "bits"), ("float64", "reals")),
    ],
)
def test_compiled_reductions_are_numpys(dtype, math):
    """All cases of a shape in one program, as siblings in one pass."""
    shape = {"bool": (70,), "int8": (2, 3, 4), "uint64": (0, 3)}.get(dtype, (3, 70))
    some = {
        str(case): (case, x)
        for case, x in cases(dtype, [shape])
        if not isinstance(numpy_of(x, case), Exception) and not case[5]
    }
    given = {key: x for key, (_, x) in some.items()}
    function = bafe.jit(
        lambda all_: {key: ours(all_[key], case) for key, (case, _) in some.items()},
        tier="compiled",
        math=math,
    )
    got = function(given)
    wrong = [
        (key, got[key], numpy_of(x, case))
        for key, (case, x) in some.items()
        if not agree(x, case, got[key], numpy_of(x, case), zero_signs=math == "bits")
    ]
    assert not wrong, wrong[:4]


@pytest.mark.parametrize("tier", ["interpreted", "compiled"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_row_functions_keep_special_values(dtype, tier):
    rows = np.array(
        [
            [1, 2, 3, 4],
            [np.nan, 0, 1, 2],
            [-np.inf] * 4,
            [np.inf, 0, 1, -np.inf],
            [1e30, 0, -1e30, 7],
        ]
    ).astype(dtype)

    def all_of(v):
        return {
            "softmax": bafe.softmax(v, (1,)),
            "logsumexp": bafe.logsumexp(v, (1,), True),
            "norm": bafe.norm(v, (1,), True),
            "cumsum": bafe.cumsum(v, 1),
        }

    got = bafe.jit(all_of, tier=tier)(rows)
    with np.errstate(all="ignore"):
        x = rows.astype(np.float64)
        top = x.max(1, keepdims=True)
        e = np.exp(x - top)
        want = {
            "softmax": e / e.sum(1, keepdims=True),
            "logsumexp": np.logaddexp.reduce(x, 1, keepdims=True),
            "norm": np.sqrt((rows * rows).sum(1, keepdims=True)),
            "cumsum": np.cumsum(rows, 1),
        }
    for name, value in want.items():
        np.testing.assert_allclose(got[name], value, rtol=1e-5, err_msg=name)


@pytest.mark.parametrize("dtype", FLOATS)
def test_reductions_over_strides_are_those_of_copies(dtype):
    x = np.arange(120).reshape(5, 4, 6).astype(dtype_of(dtype))
    for view in (x[::-1, ::2, 1::3], x.T, np.broadcast_to(x[:1], (3, 4, 6)), x[:, 2:2]):
        for axes in ((0,), (1, 2), None):
            total = functools.partial(bafe.reduce_sum, axes=axes)
            got = bafe.jit(total, tier="interpreted")(view)
            want = bafe.jit(lambda v: bafe.reduce_sum(v, axes), tier="interpreted")(  # noqa: B023
                np.ascontiguousarray(view)
            )
            assert np.array_equal(got, want)
