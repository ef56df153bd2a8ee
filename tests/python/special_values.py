"""Every pointwise operator on every special value of every dtype, and what NumPy says of it.

The operators are those that the generated functions call element-wise: a new one is tested when it
has a reference here. NumPy is asked in a wider type where it has one, so that its own rounding is
no measure of ours.
"""

import math
import warnings

import bafe
import ml_dtypes
import numpy as np
from bafe import ops

INTS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
FLOATS = ["float16", "bfloat16", "float32", "float64"]
DTYPES = ["bool", *INTS, *FLOATS]

POINTWISE = [
    name
    for name, function in vars(ops).items()
    if callable(function) and (function.__doc__ or "").startswith("Element-wise")
]


def dtype_of(name):
    return np.dtype(ml_dtypes.bfloat16) if name == "bfloat16" else np.dtype(name)


def finfo(dtype):
    return ml_dtypes.finfo(dtype)


def values(name):
    """The special values of a dtype, each once."""
    dtype = dtype_of(name)
    if name == "bool":
        return np.array([False, True])
    if name in INTS:
        info = np.iinfo(dtype)
        bits = info.bits
        wanted = {0, 1, 2, 3, 7, bits - 1, bits, bits + 1, 100, info.max, info.max - 1, info.min}
        wanted |= {-1, -2, -7, info.min + 1, -bits} if info.min < 0 else {1 << (bits - 1)}
        return np.array(sorted(wanted), dtype=object).astype(dtype)
    info = finfo(dtype)
    small = [float(info.smallest_subnormal), float(info.tiny), float(info.eps)]
    most = float(info.max)
    positive = [0.0, *small, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, math.pi, 10.0, 88.0, 700.0, 3e4]
    positive += [1.0 + float(info.eps), 1.0 - float(info.eps) / 2, most, math.inf]
    with np.errstate(all="ignore"):
        return np.array([*positive, *(-v for v in positive), math.nan]).astype(dtype)


def wide(x):
    """The same numbers in a type whose rounding does not matter."""
    if x.dtype == np.float64:
        return x.astype(np.longdouble)
    return x.astype(np.float64) if x.dtype.kind in "fV" else x


def elementwise(function):
    """A function of one Python float, for arrays; what it cannot say is NaN."""

    def one(v):
        try:
            return function(float(v))
        except OverflowError:
            return math.inf

    return lambda x: np.array([one(v) for v in x.ravel()], dtype=np.float64).reshape(x.shape)


def sigmoid(x):
    return 1 / (1 + np.exp(-exact_float(x)))


def gelu(x):
    """x·erfc(-x/√2)/2, with erfc's argument corrected to first order for what rounding took."""
    at = -x / np.sqrt(x.dtype.type(2))
    near = at.astype(np.float64)
    with np.errstate(all="ignore"):
        missing = np.where(np.isfinite(at), at - near, 0)
        slope = -2 / math.sqrt(math.pi) * np.exp(-near * near)
    return x * ((elementwise(math.erfc)(near) + slope * missing) / 2)


def exact_float(x):
    """Integers as floats that hold them, where a formula needs a float."""
    return x if x.dtype.kind in "fV" else x.astype(np.longdouble)


# What NumPy calls an operator, where the names differ, or its formula where NumPy has none.
REFERENCE = {
    "div": np.true_divide,
    "sub": np.subtract,
    "mul": np.multiply,
    "neg": np.negative,
    "pow": np.power,
    "round": np.rint,
    "rsqrt": lambda x: 1 / np.sqrt(x),
    "sigmoid": sigmoid,
    "relu": lambda x: np.maximum(x, np.zeros((), x.dtype)),
    "erf": elementwise(math.erf),
    "erfc": elementwise(math.erfc),
    "gelu": lambda x: gelu(exact_float(x)),
    "silu": lambda x: exact_float(x) * sigmoid(x),
}


# Where an integer operator of two operands has a value; elsewhere it is an error.
PARTIAL = {
    "pow": lambda b: b >= 0,
    "floor_divide": lambda b: b != 0,
    "remainder": lambda b: b != 0,
}


def reference(name):
    return REFERENCE.get(name) or getattr(np, name)


def arity(name):
    code = getattr(ops, name).__code__
    return code.co_argcount - (name == "cast")


def arguments(name, dtype):
    """One array an operand; together every combination of special values."""
    given = values(dtype)
    if name == "where":
        return [np.repeat([True, False], len(given)), np.tile(given, 2), np.tile(given[::-1], 2)]
    grid = np.meshgrid(*[given] * arity(name), indexing="ij")
    flat = [np.ascontiguousarray(g).ravel() for g in grid]
    if dtype not in FLOATS and name in PARTIAL:
        is_defined = PARTIAL[name](flat[1])
        flat = [g[is_defined] for g in flat]
    return flat


def taken(name, dtype):
    """Does the operator take this dtype?"""
    try:
        bafe.jit(getattr(ops, name), tier="interpreted")(*[a[:1] for a in arguments(name, dtype)])
    except bafe.DTypeError:
        return False
    return True


def numpy_takes(name, dtype):
    try:
        numpy_of(name, *[a[:1] for a in arguments(name, dtype)])
    except TypeError:
        return False
    return True


def numpy_of(name, *given, widened=False):
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return np.asarray(reference(name)(*[wide(g) if widened else g for g in given]))


def ordered(x):
    """Floats as integers in their order: neighbours differ by one."""
    bits = x.view(np.dtype(f"i{x.dtype.itemsize}")).astype(object)
    return np.where(bits < 0, -(bits + (1 << (8 * x.dtype.itemsize - 1))), bits)


def units_apart(got, want):
    """Units in the last place between two arrays of a float type; 2^70 where only one is NaN."""
    out = np.zeros(got.shape, dtype=object)
    out[np.isnan(got) != np.isnan(want)] = 1 << 70
    both = ~np.isnan(got) & ~np.isnan(want)
    out[both] = abs(ordered(got[both]) - ordered(want[both]))
    return out


def both_zero(got, want):
    return (got == 0) & (want == 0)


# Differences from NumPy that a user accepts: operator -> (where, reason). Nothing else may differ.
ACCEPTED = {
    "maximum": (
        lambda given, got, want: both_zero(got, want),
        "NumPy's zero of max(-0, +0) depends on its vector unit; ours is +0, always",
    ),
    "minimum": (
        lambda given, got, want: both_zero(got, want),
        "NumPy's zero of min(-0, +0) depends on its vector unit; ours is -0, always",
    ),
    "relu": (
        lambda given, got, want: both_zero(got, want),
        "it is max(x, 0), so -0 gives +0",
    ),
    "logaddexp": (
        lambda given, got, want: (
            abs(wide(got) - wide(want))
            <= 4 * float(finfo(got.dtype).eps) * np.maximum(1, np.minimum(*map(abs, given)))
        ),
        "near a result of 0 both sum a number and its opposite: the error is that of the operands",
    ),
}
# Operators whose dtypes are not NumPy's: (operator, dtype) -> reason.
OTHER_DTYPES = {
    ("relu", "bool"): "max(x, 0) of truth values is x: nobody writes it, the error names the cast",
}


def differences(name, given, got):
    """Texts for the values that differ by more than ACCEPTED allows; README states two ULP."""
    if got.dtype.kind not in "fV":
        want = numpy_of(name, *given)
        wrong = got != want
    else:
        with np.errstate(all="ignore"):
            want = numpy_of(name, *given, widened=True).astype(got.dtype)
        other_zero = both_zero(got, want) & (np.signbit(got) != np.signbit(want))
        wrong = (units_apart(got, want) > 2) | other_zero
    if name in ACCEPTED and wrong.any():
        with np.errstate(all="ignore"):
            wrong &= ~ACCEPTED[name][0](given, got, want)
    return [
        f"{name}({', '.join(str(g[i]) for g in given)}) is {got[i]}, NumPy says {want[i]}"
        for i in np.flatnonzero(wrong)[:5]
    ]


def all_operators(dtype, **options):
    """Differences of every operator that takes `dtype`, computed by one function."""
    given = {
        name: [
            np.tile(a, -(-64 // len(a))) for a in arguments(name, dtype)
        ]  # as loops, not unrolled
        for name in POINTWISE
        if name != "cast" and taken(name, dtype)
    }
    function = bafe.jit(lambda all_: {n: getattr(ops, n)(*a) for n, a in all_.items()}, **options)
    got = function(given)
    tier = function.state(given).tier
    return tier, [d for n, a in given.items() for d in differences(n, a, np.asarray(got[n]))]
