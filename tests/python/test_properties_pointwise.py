"""Every pointwise operator of the table against NumPy on special values, in every tier and mode."""

from pathlib import Path

import bafe
import numpy as np
import pytest
from bafe import ops
from special_values import (
    ACCEPTED,
    DTYPES,
    FLOATS,
    INTS,
    OTHER_DTYPES,
    PARTIAL,
    POINTWISE,
    all_operators,
    arguments,
    dtype_of,
    numpy_of,
    numpy_takes,
    reference,
    taken,
    values,
)

PREBUILT = """
import sys, warnings
sys.path.insert(0, {folder!r})
warnings.simplefilter("ignore")
from special_values import DTYPES, all_operators
tiers = set()
for dtype in DTYPES:
    tier, wrong = all_operators(dtype)
    tiers.add(tier)
    for text in wrong:
        print(dtype, text)
print(sorted(tiers))
"""


@pytest.mark.parametrize("name", POINTWISE)
def test_every_operator_takes_the_dtypes_that_numpy_takes(name):
    if name == "cast":
        pytest.skip("it has a test of its own below")
    assert callable(reference(name)), "give special_values.py NumPy's name for a new operator"
    takes = {d: taken(name, d) for d in DTYPES if (name, d) not in OTHER_DTYPES}
    assert takes == {d: numpy_takes(name, d) for d in takes}


def test_the_table_of_accepted_differences_names_operators():
    assert set(ACCEPTED) <= set(POINTWISE)
    assert {name for name, _ in OTHER_DTYPES} <= set(POINTWISE)


@pytest.mark.parametrize("math", ["bits", "reals"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_interpreted_values_are_numpys(dtype, math):
    assert all_operators(dtype, tier="interpreted", math=math) == ("interpreted", [])


@pytest.mark.parametrize("math", ["bits", "reals"])
@pytest.mark.parametrize("dtype", ["int8", "uint64", *FLOATS])
def test_compiled_values_are_numpys(dtype, math):
    assert all_operators(dtype, tier="compiled", math=math) == ("compiled", [])


def test_prebuilt_values_are_numpys(run_python):
    code = PREBUILT.format(folder=str(Path(__file__).parent))
    status, out, err = run_python(code, BAFE_TIER="auto", BAFE_CC="/nonexistent/cc")
    assert status == 0, err
    assert out.strip() == "['prebuilt']", out


@pytest.mark.parametrize("tier", ["interpreted", "compiled"])
def test_casts_are_numpys_where_the_number_fits(tier):
    given, want = {}, {}
    for source in DTYPES:
        for target in DTYPES:
            x = values(source)
            if source in FLOATS and target in INTS:
                info = np.iinfo(target)
                wide = x.astype(np.longdouble)
                x = x[(wide > np.longdouble(info.min) - 1) & (wide < np.longdouble(info.max) + 1)]
            key = f"{source}_{target}"
            given[key] = np.tile(x, -(-64 // len(x)))
            with np.errstate(all="ignore"):
                want[key] = given[key].astype(dtype_of(target))

    def casts(all_):
        return {k: bafe.astype(v, dtype_of(k.split("_")[1])) for k, v in all_.items()}

    for key, got in bafe.jit(casts, tier=tier)(given).items():
        assert got.dtype == want[key].dtype, key
        is_same = (got == want[key]) | (np.isnan(got) & np.isnan(want[key]))
        assert is_same.all(), (key, given[key][~is_same][:3], got[~is_same][:3])


@pytest.mark.parametrize("dtype", ["int8", "uint32", "int64"])
@pytest.mark.parametrize("name", PARTIAL)
def test_integers_without_a_value_are_an_error(name, dtype):
    """NumPy refuses negative powers too; of a division by zero it says 0 and warns."""
    if name == "pow" and dtype[0] == "u":
        pytest.skip("no exponent is negative")
    base, bad = np.arange(1, 40, dtype=dtype), np.full(39, -1 if name == "pow" else 0).astype(dtype)
    kind = ValueError if name == "pow" else bafe.DivisionError
    for tier in ("interpreted", "compiled"):
        with pytest.raises(kind):
            bafe.jit(getattr(ops, name), tier=tier)(base, bad)


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["maximum", "minimum", "relu", "clip"])
def test_a_nan_stays_a_nan(name, dtype):
    """NumPy's maximum propagates NaN; torch's and C's do not."""
    x = np.full(70, np.nan).astype(dtype_of(dtype))
    others = {"maximum": [x * 0 + 1], "minimum": [x * 0 + 1], "relu": [], "clip": [0.0, 1.0]}
    function = getattr(bafe, name)
    for tier in ("interpreted", "compiled"):
        got = bafe.jit(lambda v: function(v, *others[name]), tier=tier)(x)  # noqa: B023
        assert np.isnan(got).all()


def test_weak_numbers_meet_special_values_as_in_numpy():
    """A Python scalar takes the array's dtype, where NumPy 2 does."""
    for dtype in ("int8", "float16", "float32"):
        x = arguments("neg", dtype)[0]
        got = bafe.jit(lambda v: (v + 3, v * 2, v - 1), tier="interpreted")(x)
        for g, w in zip(got, (("add", 3), ("mul", 2), ("sub", 1))):
            want = numpy_of(w[0], x, x.dtype.type(w[1]))
            assert g.dtype == x.dtype and np.array_equal(g, want, equal_nan=x.dtype.kind == "f")


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_mask_does_not_give_its_dtype_to_numbers(dtype):
    """``np.where(x > 0, x, 0)`` keeps the dtype of x, also where x is no argument."""
    x = np.arange(4).astype(dtype_of(dtype))
    functions = [
        lambda v: np.where(v == 1, v, 0),
        lambda v: np.where(v == 1, 1, v),
        lambda v: bafe.where(v == 1, x, 0),
        lambda v: ops.where(v == 1, 1, v),
    ]
    for function in functions:
        got = bafe.jit(function, tier="interpreted")(x)
        want = np.where(x == 1, x, 0)
        assert got.dtype == want.dtype and np.array_equal(got, function(x))


def test_every_pointwise_operator_was_found():
    assert len(POINTWISE) >= 52
    assert all(hasattr(ops, name) for name in POINTWISE)
