"""Dtypes of bafe.xp: the standard's promotion tables, Python numbers, and what is refused."""

import itertools

import bafe
import bafe.xp as xp
import numpy as np
import pytest

SIGNED = ["int8", "int16", "int32", "int64"]
UNSIGNED = ["uint8", "uint16", "uint32", "uint64"]
FLOATS = ["float32", "float64"]
DTYPES = ["bool", *SIGNED, *UNSIGNED, *FLOATS]


def by_the_standard(a, b):
    """The common dtype of two, or None: written out from the rules, not from NumPy."""
    if a == b:
        return a
    for kind in (SIGNED, UNSIGNED, FLOATS):
        if a in kind and b in kind:
            return max(a, b, key=kind.index)
    for one, other in ((a, b), (b, a)):
        if one in SIGNED and other in UNSIGNED and other != "uint64":
            return max(one, SIGNED[UNSIGNED.index(other) + 1], key=SIGNED.index)
    return None


@pytest.mark.parametrize(("a", "b"), list(itertools.product(DTYPES, DTYPES)))
def test_dtypes_promote_by_the_standards_tables(a, b):
    x, y = xp.ones(2, dtype=getattr(xp, a)), xp.ones(2, dtype=getattr(xp, b))
    expected = by_the_standard(a, b)
    if expected is None:
        with pytest.raises(bafe.DTypeError, match="no common dtype"):
            xp.result_type(x, y)
        with pytest.raises(bafe.DTypeError, match="fix: convert one"):
            xp.equal(x, y)
    else:
        assert xp.result_type(x, y).name == xp.result_type(x.dtype, y.dtype).name == expected
        assert xp.equal(x, y).dtype == xp.bool
        if a != "bool":
            assert (x + y).dtype.name == expected
            assert xp.concat([x, y]).dtype.name == expected
            assert xp.where(xp.asarray([True, False]), x, y).dtype.name == expected


@pytest.mark.parametrize("name", DTYPES)
def test_python_numbers_take_the_dtype_beside_them(name):
    x = xp.ones(2, dtype=getattr(xp, name))
    kind = x.dtype.kind
    for value, fits in ((True, "b"), (1, "iuf"), (1.5, "f")):
        if kind in fits:
            assert xp.equal(x, value).dtype == xp.bool
            assert xp.where(x == x, x, value).dtype.name == name
            if kind != "b":
                assert (x + value).dtype == (value + x).dtype == xp.add(x, value).dtype == x.dtype
        else:
            with pytest.raises(bafe.DTypeError, match="does not go with"):
                xp.equal(x, value)


def test_no_dtype_depends_on_values():
    x = xp.asarray([100], dtype=xp.int8)
    assert np.asarray(x + 100).tolist() == [-56]
    with pytest.raises(OverflowError, match="300 is out of range for int8"):
        x + 300


@pytest.mark.parametrize(
    "bad",
    [np.array([1j]), [1j], 1j, np.array(["a"]), np.array([object()]), ["a"], [None], {"a": 1}],
)
def test_complex_objects_and_strings_are_refused(bad):
    with pytest.raises(bafe.DTypeError, match=r"asarray: .*\n  fix: "):
        xp.asarray(bad)


def test_dtypes_that_are_not_there_are_refused_by_name():
    for dtype in (complex, "complex64", np.dtype("O"), "S3", "nonsense", np.longdouble):
        with pytest.raises(bafe.DTypeError, match=r"full: .*\n  fix: "):
            xp.zeros(2, dtype=dtype)
    with pytest.raises(bafe.DTypeError, match="real numbers only"):
        xp.astype(xp.ones(2), np.complex128)


def test_masked_arrays_ragged_lists_and_foreign_arrays_are_refused():
    with pytest.raises(bafe.DTypeError, match=r"MaskedArray.*\n  fix: .*filled"):
        xp.asarray(np.ma.masked_array([1, 2], [0, 1]))
    with pytest.raises(bafe.ShapeError, match="unequal lengths"):
        xp.asarray([[1, 2], [3]])
    with pytest.raises(bafe.DTypeError, match="fix: convert it with bafe.xp.asarray"):
        xp.exp(np.ones(2))
    with pytest.raises(bafe.DTypeError, match="a ndarray is no array of bafe.xp"):
        xp.ones(2) + np.ones(2)
    with pytest.raises(bafe.DTypeError, match="a ndarray is no array of bafe.xp"):
        np.ones(2) + xp.ones(2)
    with pytest.raises(TypeError):
        xp.ones(2) + "a"


def test_functions_refuse_other_kinds_and_say_what_to_do():
    with pytest.raises(bafe.DTypeError, match=r"exp: it takes a floating.*int64\n  fix: .*float64"):
        xp.exp(xp.asarray([1]))
    with pytest.raises(bafe.DTypeError, match="add: it takes a numeric dtype, not bool"):
        xp.add(xp.asarray([True]), xp.asarray([True]))
    with pytest.raises(bafe.DTypeError, match="logical_and: it takes bool, not int64"):
        xp.logical_and(xp.asarray([1]), xp.asarray([1]))
    with pytest.raises(bafe.DTypeError, match="no array among the operands"):
        xp.add(1, 2)


def test_the_namespace_tells_what_it_can():
    info = xp.__array_namespace_info__()
    assert xp.__array_api_version__ == "2024.12"
    assert info.capabilities()["boolean indexing"] is True
    assert info.devices() == ["cpu"] and info.default_device() == "cpu"
    assert info.default_dtypes()["integral"] == xp.int64
    assert set(info.dtypes()) == set(DTYPES)
    assert set(info.dtypes(kind="unsigned integer")) == set(UNSIGNED)
    assert info.dtypes(kind="complex floating") == {}
    assert xp.finfo(xp.float32).eps == 2**-23 and xp.iinfo(xp.uint8).max == 255
    assert xp.ones(1).__array_namespace__(api_version="2024.12") is xp
    with pytest.raises(ValueError, match="1999"):
        xp.ones(1).__array_namespace__(api_version="1999.12")
