"""Dtypes, promotion by the standard's tables, and what is accepted where.

Kinds follow NumPy's letters: ``b`` bool, ``i`` signed, ``u`` unsigned, ``f`` floating. Dtypes of
different kinds never promote, nor does uint64 with signed integers; nothing depends on values. A
Python number takes the dtype of the arrays beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Union

import numpy as np

from bafe import _core
from bafe.array_methods import ArrayMethods
from bafe.tracer import Constant, _place
from bafe.xp.array_object import Array, check_device, wrap
from bafe.xp.eager import is_traced, run

bool_ = np.dtype("bool")  # exported as bool
int8, int16, int32, int64 = (np.dtype(f"int{bits}") for bits in (8, 16, 32, 64))
uint8, uint16, uint32, uint64 = (np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64))
float16, float32, float64 = (np.dtype(f"float{bits}") for bits in (16, 32, 64))  # 16: our own

BOOLEAN, INTEGER, BITS, FLOATING, NUMERIC, ANY = "b", "iu", "iub", "f", "iuf", "biuf"
WORDS = {
    BOOLEAN: "bool",
    INTEGER: "an integer dtype",
    BITS: "bool or an integer dtype",
    FLOATING: "a floating-point dtype",
    NUMERIC: "a numeric dtype",
    ANY: "a real dtype",
}
_NAMES = {
    "bool": (bool_,),
    "signed integer": (int8, int16, int32, int64),
    "unsigned integer": (uint8, uint16, uint32, uint64),
    "real floating": (float32, float64),
    "complex floating": (),
}
_NAMES["integral"] = _NAMES["signed integer"] + _NAMES["unsigned integer"]
_NAMES["numeric"] = _NAMES["integral"] + _NAMES["real floating"]
DTYPES = {dtype.name: dtype for dtype in _NAMES["bool"] + _NAMES["numeric"]}
Scalar = Union[int, float]


def refuse(what: str, fact: str, fix: str) -> Exception:
    """A DTypeError of place, fact and fix."""
    return _core.DTypeError(f"{_place()}{what}: {fact}\n  fix: {fix}")


def checked(what: str, dtype: Any) -> np.dtype:
    """One of the namespace's dtypes, native; DTypeError for complex numbers, objects and others."""
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if found is None or isinstance(dtype, (Array, np.ndarray)):
        raise refuse(what, f"{dtype!r} is no dtype", "use one of bafe.xp's, as bafe.xp.float32")
    if found.kind == "c":
        raise refuse(
            what,
            f"dtype {found} is complex, and BAFE has real numbers only",
            "keep real and imaginary part in two arrays",
        )
    if found.kind not in ANY or found.itemsize > 8:
        raise refuse(what, f"dtype {found} cannot be used", "convert to a numeric dtype first")
    return found.newbyteorder("=")


def promote(what: str, dtypes: Sequence[np.dtype]) -> np.dtype:
    """The dtype that several share by the standard's tables."""
    out = dtypes[0]
    for other in dtypes[1:]:
        if other is out or other == out:
            continue
        both = {"i" if dtype.kind == "u" else dtype.kind for dtype in (out, other)}
        found = np.promote_types(out, other)
        if len(both) > 1 or (found.kind == "f" and out.kind != "f"):
            raise refuse(
                what,
                f"{out} and {other} have no common dtype in the standard",
                f"convert one, as in bafe.xp.astype(x, bafe.xp.{found.name})",
            )
        out = found
    return out


def is_scalar(value: Any) -> bool:
    """Whether a value is a Python number: NumPy's scalars of float64 count as float."""
    return isinstance(value, (int, float))


def check_scalar(what: str, value: Any, dtype: np.dtype) -> Any:
    """A Python number beside an array of ``dtype`` is of a kind that fits."""
    if isinstance(value, int) and not isinstance(value, bool):
        fits = dtype.kind in "iuf"
    else:
        fits = dtype.kind == ("b" if isinstance(value, bool) else "f")
    if not fits:
        raise refuse(
            what,
            f"the Python {type(value).__name__} {value!r} does not go with {dtype}",
            "convert the array first with bafe.xp.astype",
        )
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        if not info.min <= value <= info.max:
            raise OverflowError(
                f"{_place()}{what}: Python integer {value} is out of range for {dtype}\n"
                "  fix: convert the array to a wider dtype with bafe.xp.astype"
            )
    return value


def operands(what: str, kinds: str, *values: Any) -> tuple[Any, ...]:
    """Values as a kernel takes them: arrays checked, Python numbers as arrays of their dtype.

    Returns:
        The values, Arrays still wrapped. A number beside a tensor stays a number.
    """
    given = [value for value in values if not is_scalar(value)]
    dtype = promote(what, [_array_dtype(what, value, given) for value in given]) if given else None
    if dtype is None:
        raise refuse(what, "there is no array among the operands", "use bafe.xp.asarray on one")
    for value in given:
        _check_dtype(what, kinds, np.dtype(value.dtype))
    traced = is_traced(*given)
    out = []
    for value in values:
        if is_scalar(value):
            value = check_scalar(what, value, dtype)
            value = value if traced else np.asarray(value, dtype)
        out.append(value)
    return tuple(out)


def _array_dtype(what: str, value: Any, others: Sequence[Any]) -> np.dtype:
    if type(value) is Array or isinstance(value, ArrayMethods):
        return value.dtype
    if isinstance(value, (np.ndarray, Constant)):  # NumPy's are at home beside traced values
        if any(isinstance(other, ArrayMethods) for other in others):
            return checked(what, np.asarray(value).dtype)
    fix = "convert it with bafe.xp.asarray(x)"
    if isinstance(value, complex):
        fix = "keep real and imaginary part in two arrays: BAFE has real numbers only"
    raise refuse(what, f"a {type(value).__name__} is no array of bafe.xp", fix)


def check_kind(what: str, kinds: str, x: Any) -> None:
    """Refuse an array of another kind."""
    _check_dtype(what, kinds, _array_dtype(what, x, ()))


def _check_dtype(what: str, kinds: str, dtype: np.dtype) -> None:
    if dtype.kind not in kinds:
        fix = "float64" if kinds == FLOATING else "int64" if kinds == INTEGER else "bool"
        fix = "float64" if kinds == NUMERIC else fix
        raise refuse(
            what,
            f"it takes {WORDS[kinds]}, not {dtype}",
            f"convert with bafe.xp.astype(x, bafe.xp.{fix})",
        )


def astype(x: Any, dtype: Any, /, *, copy: bool = True, device: Any = None) -> Any:
    """Convert the elements; floats are cut towards zero, anything but zero is true.

    Args:
        x: array.
        dtype: the dtype to have.
        copy: False gives ``x`` itself if it has the dtype already.
        device: None or ``"cpu"``.

    Raises:
        DTypeError: the dtype is complex or none of the namespace's.

    Example:
        >>> import bafe.xp as xp
        >>> xp.astype(xp.asarray([1.5, -1.5]), xp.int8)
        Array([ 1, -1], dtype=int8)
    """
    check_device("astype", device)
    wanted = checked("astype", dtype)
    if x.dtype == wanted and not copy:
        return x
    if is_traced(x):
        return run(lambda one: one.astype(wanted) if one.dtype != wanted else one._copied(), x)
    with np.errstate(all="ignore"):
        return wrap(_ndarray(x).astype(wanted))


def _ndarray(x: Any) -> np.ndarray:
    from bafe.xp.array_object import eager_value

    return eager_value(x, "astype")


def result_type(*arrays_and_dtypes: Any) -> np.dtype:
    """Give the dtype that arrays, dtypes and Python numbers share.

    Raises:
        DTypeError: the standard's tables have no common dtype, or only numbers are given.

    Example:
        >>> import bafe.xp as xp
        >>> xp.result_type(xp.int8, xp.uint8)
        dtype('int16')
        >>> xp.result_type(xp.asarray([1.0], dtype=xp.float32), 2)
        dtype('float32')
    """
    dtypes = []
    for one in arrays_and_dtypes:
        if type(one) is Array or isinstance(one, ArrayMethods):
            dtypes.append(one.dtype)
        elif isinstance(one, complex) or not is_scalar(one):
            dtypes.append(checked("result_type", one))
    if not dtypes:
        raise refuse("result_type", "there is no array and no dtype", "give at least one")
    out = promote("result_type", dtypes)
    for one in arrays_and_dtypes:
        if is_scalar(one):
            check_scalar("result_type", one, out)
    return out


def can_cast(from_: Any, to: Any, /) -> bool:
    """Whether promotion leads from one dtype (or an array's) to another.

    Example:
        >>> import bafe.xp as xp
        >>> xp.can_cast(xp.uint8, xp.int16), xp.can_cast(xp.int32, xp.float64)
        (True, False)
    """
    source = from_.dtype if hasattr(from_, "dtype") else checked("can_cast", from_)
    wanted = checked("can_cast", to)
    try:
        return bool(promote("can_cast", [source, wanted]) == wanted)
    except _core.DTypeError:
        return False


def isdtype(dtype: Any, kind: Any) -> bool:
    """Whether a dtype is of a kind: a dtype, one of the standard's names, or a tuple of them.

    Example:
        >>> import bafe.xp as xp
        >>> xp.isdtype(xp.float32, ("integral", "real floating"))
        True
    """
    if isinstance(kind, tuple):
        return any(isdtype(dtype, one) for one in kind)
    if isinstance(kind, str):
        if kind not in _NAMES:
            raise refuse("isdtype", f"kind {kind!r} is unknown", f"use one of {', '.join(_NAMES)}")
        is_half = checked("isdtype", dtype) == float16 and kind in ("real floating", "numeric")
        return is_half or checked("isdtype", dtype) in _NAMES[kind]
    return checked("isdtype", dtype) == checked("isdtype", kind)


class FloatInfo(NamedTuple):
    """Limits of a floating-point dtype, as Python numbers."""

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: np.dtype


class IntegerInfo(NamedTuple):
    """Limits of an integer dtype, as Python numbers."""

    bits: int
    max: int
    min: int
    dtype: np.dtype


def finfo(type: Any, /) -> FloatInfo:
    """Give the limits of a floating-point dtype or of an array's.

    Example:
        >>> import bafe.xp as xp
        >>> xp.finfo(xp.float32).bits
        32
    """
    dtype = checked("finfo", getattr(type, "dtype", type))
    if dtype.kind != "f":
        raise refuse("finfo", f"{dtype} is no floating-point dtype", "use bafe.xp.iinfo")
    info = np.finfo(dtype)
    return FloatInfo(
        int(info.bits),
        float(info.eps),
        float(info.max),
        float(info.min),
        float(info.tiny),
        dtype,
    )


def iinfo(type: Any, /) -> IntegerInfo:
    """Give the limits of an integer dtype or of an array's.

    Example:
        >>> import bafe.xp as xp
        >>> xp.iinfo(xp.int8).max
        127
    """
    dtype = checked("iinfo", getattr(type, "dtype", type))
    if dtype.kind not in "iu":
        raise refuse("iinfo", f"{dtype} is no integer dtype", "use bafe.xp.finfo")
    info = np.iinfo(dtype)
    return IntegerInfo(int(info.bits), int(info.max), int(info.min), dtype)
