"""Element-wise functions and the operators of arrays.

Each is a body over BAFE's operators, compiled on its own for NumPy's memory and recorded while
tracing. What the IR has no operator for is computed by NumPy on the same memory (``host``); some
of these have a body for traces made of several operators.
"""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from bafe import surface as s
from bafe.array_methods import ArrayMethods
from bafe.tracer import _call
from bafe.xp import bodies
from bafe.xp.array_object import Array, wrap
from bafe.xp.data_types import (
    ANY,
    BITS,
    BOOLEAN,
    FLOATING,
    INTEGER,
    NUMERIC,
    WORDS,
    astype,
    check_kind,
    is_scalar,
    operands,
    promote,
)
from bafe.xp.eager import LARGE, fresh, host, is_traced, kernel, run

__all__ = (
    "abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_invert bitwise_left_shift "
    "bitwise_or bitwise_right_shift bitwise_xor ceil clip conj copysign cos cosh divide equal exp "
    "expm1 floor floor_divide greater greater_equal hypot imag isfinite isinf isnan less "
    "less_equal log log10 log1p log2 logaddexp logical_and logical_not logical_or logical_xor "
    "maximum minimum multiply negative nextafter not_equal positive pow real reciprocal remainder "
    "round sign signbit sin sinh sqrt square subtract tan tanh trunc where"
).split()

_Function = Callable[..., Any]
_DIVISIONS = {"floor_divide": np.floor_divide, "remainder": np.remainder}
_runs: dict[str, _Function] = {}  # of binary functions, for the operators
KINDS: dict[str, str] = {}


def _documented(function: _Function, name: str, text: str, kinds: str) -> _Function:
    """Name and documentation; the text ends with an example ``arguments -> result``."""
    what, _, example = text.rpartition(": ")
    given, _, result = example.partition(" -> ")
    call = ", ".join(f"xp.asarray({one})" for one in given.split(", "))
    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"{what}.\n\nTakes {WORDS[kinds]}; other dtypes raise DTypeError.\n\n"
        "Example:\n    >>> import bafe.xp as xp\n"
        f"    >>> print(np.asarray(xp.{name}({call})))\n    {result}\n"
    )
    return function


def _how(name: str, body: _Function | None, host: _Function | None, operator: str) -> _Function:
    """What runs: a kernel of the body or operator, or NumPy's function on the memory."""
    if host is not None:
        return _hosted(name, host, body)
    made = kernel(body or _body(operator or name))
    return _by_number(_DIVISIONS[name], made) if name in _DIVISIONS else made


def _unary(
    name: str,
    kinds: str,
    text: str,
    *,
    operator: str = "",
    body: _Function | None = None,
    host: _Function | None = None,
) -> _Function:
    run_it = _how(name, body, host, operator)

    def function(x: Any, /) -> Any:
        if type(x) is Array and x._data.dtype.kind in kinds:
            return wrap(run_it(x._data))
        check_kind(name, kinds, x)
        return run(run_it, x)

    return _documented(function, name, text, kinds)


def _binary(
    name: str,
    kinds: str,
    text: str,
    *,
    operator: str = "",
    body: _Function | None = None,
    host: _Function | None = None,
) -> _Function:
    KINDS[name] = kinds
    run_it = _runs[name] = _how(name, body, host, operator)

    def function(x1: Any, x2: Any, /) -> Any:
        if type(x1) is Array and type(x2) is Array:
            a, b = x1._data, x2._data
            dtype = a.dtype
            if dtype is b.dtype and dtype.kind in kinds:
                return wrap(run_it(a, b))
        return run(run_it, *operands(name, kinds, x1, x2))

    return _documented(function, name, text, kinds)


def _fits_always(value: Any, kind: str) -> bool:
    """Whether a Python number is one that every dtype of the kind can hold."""
    if type(value) is float:
        return kind == "f"
    return type(value) is int and kind in "iuf" and 0 <= value < 128


def _operator(name: str, kinds: str, run_it: _Function) -> tuple[_Function, _Function, _Function]:
    """The methods ``__name__``, ``__rname__``, ``__iname__`` of an array."""

    def method(self: Any, other: Any, /) -> Any:
        if type(other) is Array:
            a, b = self._data, other._data
            dtype = a.dtype
            if dtype is b.dtype and dtype.kind in kinds:
                return wrap(run_it(a, b))
        elif _fits_always(other, self._data.dtype.kind) and self._data.dtype.kind in kinds:
            return wrap(run_it(self._data, other))
        elif not (is_scalar(other) or isinstance(other, (ArrayMethods, np.ndarray, complex))):
            return NotImplemented
        return run(run_it, *operands(name, kinds, self, other))

    def reflected(self: Any, other: Any, /) -> Any:
        if _fits_always(other, self._data.dtype.kind) and self._data.dtype.kind in kinds:
            return wrap(run_it(other, self._data))
        if not (is_scalar(other) or isinstance(other, (ArrayMethods, np.ndarray, complex))):
            return NotImplemented
        return run(run_it, *operands(name, kinds, other, self))

    def in_place(self: Any, other: Any, /) -> Any:
        from bafe.xp.indexing import replace

        return replace(self, method(self, other), name)

    return method, reflected, in_place


def _body(operator: str) -> _Function:
    return lambda *values: _call(operator, values)


def _hosted(name: str, function: _Function, body: _Function | None) -> _Function:
    """NumPy on the memory of arrays, the body on tensors and lazy arrays."""

    def run_it(*values: Any) -> Any:
        if body is not None and is_traced(*values):
            return fresh(body(*values))
        return host(name, function, *values)._data

    return run_it


def _by_number(divide: _Function, run_it: _Function) -> _Function:
    """Large integer arrays divided by one positive number: NumPy multiplies by its inverse, where
    a kernel that reads the number divides."""

    def function(a: Any, b: Any) -> Any:
        if type(b) is int and b > 0 and type(a) is np.ndarray:
            if a.size >= LARGE and a.dtype.kind in "iu":
                return divide(a, b)
        return run_it(a, b)

    return function


def _whole(operator: _Function) -> _Function:
    """The body of a rounding function: integers are whole already."""
    return lambda x: operator(x) if x.dtype.kind == "f" else x


abs = _unary("abs", NUMERIC, "Absolute value: -2 -> 2")
acos = _unary("acos", FLOATING, "Inverse cosine in radians: 1.0 -> 0.0", host=np.arccos)
acosh = _unary(
    "acosh", FLOATING, "Inverse hyperbolic cosine: 1.0 -> 0.0", host=np.arccosh, body=bodies.acosh
)
asin = _unary("asin", FLOATING, "Inverse sine in radians: 0.0 -> 0.0", host=np.arcsin)
asinh = _unary(
    "asinh", FLOATING, "Inverse hyperbolic sine: 0.0 -> 0.0", host=np.arcsinh, body=bodies.asinh
)
atan = _unary("atan", FLOATING, "Inverse tangent in radians: 0.0 -> 0.0", host=np.arctan)
atanh = _unary(
    "atanh", FLOATING, "Inverse hyperbolic tangent: 0.0 -> 0.0", host=np.arctanh, body=bodies.atanh
)
bitwise_invert = _unary("bitwise_invert", BITS, "Every bit turned: 2 -> -3", operator="bitwise_not")
ceil = _unary("ceil", NUMERIC, "Least integer not below: 1.5 -> 2.0", body=_whole(_body("ceil")))
cos = _unary("cos", FLOATING, "Cosine of radians: 0.0 -> 1.0")
cosh = _unary("cosh", FLOATING, "Hyperbolic cosine: 0.0 -> 1.0", host=np.cosh, body=bodies.cosh)
exp = _unary("exp", FLOATING, "Exponential: 0.0 -> 1.0")
expm1 = _unary("expm1", FLOATING, "Exponential less 1, exact near 0: 0.0 -> 0.0")
floor = _unary(
    "floor", NUMERIC, "Largest integer not above: 1.5 -> 1.0", body=_whole(_body("floor"))
)
isfinite = _unary(
    "isfinite", NUMERIC, "Neither infinite nor NaN: 1.0 -> True", body=bodies.isfinite
)
isinf = _unary("isinf", NUMERIC, "Infinite, of either sign: 1.0 -> False", body=bodies.isinf)
isnan = _unary("isnan", NUMERIC, "Not a number: 1.0 -> False", body=bodies.isnan)
log = _unary("log", FLOATING, "Natural logarithm: 1.0 -> 0.0")
log1p = _unary("log1p", FLOATING, "Logarithm of 1 + x, exact near 0: 0.0 -> 0.0")
log2 = _unary("log2", FLOATING, "Logarithm to base 2: 8.0 -> 3.0", host=np.log2, body=bodies.log2)
log10 = _unary(
    "log10", FLOATING, "Logarithm to base 10: 100.0 -> 2.0", host=np.log10, body=bodies.log10
)
logical_not = _unary("logical_not", BOOLEAN, "Not: True -> False")
negative = _unary(
    "negative", NUMERIC, "Sign turned, unsigned numbers wrap: 2 -> -2", operator="neg"
)
positive = _unary("positive", NUMERIC, "A copy: 2 -> 2", host=np.positive, body=lambda x: x)
reciprocal = _unary(
    "reciprocal", FLOATING, "One divided by each element: 4.0 -> 0.25", body=lambda x: 1 / x
)
round = _unary(
    "round", NUMERIC, "Nearest integer, ties to even: 2.5 -> 2.0", body=_whole(_body("round"))
)
sign = _unary("sign", NUMERIC, "-1, 0 or 1, NaN stays: -3 -> -1")
signbit = _unary("signbit", FLOATING, "Whether the sign bit is set: -0.0 -> True", host=np.signbit)
sin = _unary("sin", FLOATING, "Sine of radians: 0.0 -> 0.0")
sinh = _unary("sinh", FLOATING, "Hyperbolic sine: 0.0 -> 0.0", host=np.sinh, body=bodies.sinh)
sqrt = _unary("sqrt", FLOATING, "Square root: 4.0 -> 2.0")
square = _unary("square", NUMERIC, "Each element times itself: 3 -> 9")
tan = _unary("tan", FLOATING, "Tangent of radians: 0.0 -> 0.0", host=np.tan, body=bodies.tan)
tanh = _unary("tanh", FLOATING, "Hyperbolic tangent: 0.0 -> 0.0")
trunc = _unary("trunc", NUMERIC, "Next integer towards 0: -1.5 -> -1.0", body=_whole(bodies.trunc))
add = _binary("add", NUMERIC, "Sum: 1, 2 -> 3")
atan2 = _binary(
    "atan2", FLOATING, "Angle of the point (x2, x1) in radians: 0.0, 1.0 -> 0.0", host=np.arctan2
)
bitwise_and = _binary("bitwise_and", BITS, "Bits set in both: 6, 3 -> 2")
bitwise_left_shift = _binary(
    "bitwise_left_shift", INTEGER, "Bits moved up by x2: 1, 3 -> 8", operator="left_shift"
)
bitwise_or = _binary("bitwise_or", BITS, "Bits set in either: 6, 3 -> 7")
bitwise_right_shift = _binary(
    "bitwise_right_shift", INTEGER, "Bits moved down by x2: 8, 3 -> 1", operator="right_shift"
)
bitwise_xor = _binary("bitwise_xor", BITS, "Bits set in one of both: 6, 3 -> 5")
copysign = _binary(
    "copysign", FLOATING, "x1 with the sign of x2: 1.0, -0.0 -> -1.0", host=np.copysign
)
divide = _binary("divide", FLOATING, "Quotient: 1.0, 4.0 -> 0.25", operator="div")
equal = _binary("equal", ANY, "Equal, which NaN never is: 1, 1 -> True")
floor_divide = _binary(
    "floor_divide", NUMERIC, "Quotient rounded down: -3, 2 -> -2", body=bodies.floor_divide
)
greater = _binary("greater", NUMERIC, "x1 > x2: 2, 1 -> True")
greater_equal = _binary("greater_equal", NUMERIC, "x1 >= x2: 1, 1 -> True")
hypot = _binary(
    "hypot",
    FLOATING,
    "Length of the vector (x1, x2): 3.0, 4.0 -> 5.0",
    host=np.hypot,
    body=bodies.hypot,
)
less = _binary("less", NUMERIC, "x1 < x2: 1, 2 -> True")
less_equal = _binary("less_equal", NUMERIC, "x1 <= x2: 1, 1 -> True")
logaddexp = _binary(
    "logaddexp", FLOATING, "log(exp(x1) + exp(x2)) without overflow: 0.0, -1e9 -> 0.0"
)
logical_and = _binary("logical_and", BOOLEAN, "Both: True, False -> False")
logical_or = _binary("logical_or", BOOLEAN, "Either: True, False -> True")
logical_xor = _binary("logical_xor", BOOLEAN, "One of both: True, True -> False")
maximum = _binary("maximum", NUMERIC, "The larger, NaN wins: 1, 2 -> 2")
minimum = _binary("minimum", NUMERIC, "The smaller, NaN wins: 1, 2 -> 1")
multiply = _binary("multiply", NUMERIC, "Product: 2, 3 -> 6", operator="mul")
nextafter = _binary(
    "nextafter", FLOATING, "Next float from x1 towards x2: 1.0, 1.0 -> 1.0", host=np.nextafter
)
not_equal = _binary("not_equal", ANY, "Not equal, which NaN always is: 1, 1 -> False")
pow = _binary("pow", NUMERIC, "x1 to the power x2: 2, 3 -> 8")
remainder = _binary("remainder", NUMERIC, "Remainder with the sign of x2: -3, 2 -> 1")
subtract = _binary("subtract", NUMERIC, "Difference: 1, 2 -> -1", operator="sub")

# Python's operator: function
_OPERATORS = {
    "add": "add",
    "and": "bitwise_and",
    "eq": "equal",
    "floordiv": "floor_divide",
    "ge": "greater_equal",
    "gt": "greater",
    "le": "less_equal",
    "lshift": "bitwise_left_shift",
    "lt": "less",
    "mod": "remainder",
    "mul": "multiply",
    "ne": "not_equal",
    "or": "bitwise_or",
    "pow": "pow",
    "rshift": "bitwise_right_shift",
    "sub": "subtract",
    "truediv": "divide",
    "xor": "bitwise_xor",
}
_COMPARISONS = {"eq", "ge", "gt", "le", "lt", "ne"}


def _install() -> None:
    """Give Array its operators."""
    for name, function in _OPERATORS.items():
        kinds = KINDS[function]
        method, reflected, in_place = _operator(function, kinds, _runs[function])
        methods = {f"__{name}__": method}
        if name not in _COMPARISONS:
            methods.update({f"__r{name}__": reflected, f"__i{name}__": in_place})
        for dunder, one in methods.items():
            one.__name__ = dunder
            setattr(Array, dunder, one)
    for dunder, one in (
        ("__abs__", abs),
        ("__invert__", bitwise_invert),
        ("__neg__", negative),
        ("__pos__", positive),
    ):
        setattr(Array, dunder, one)


def where(condition: Any, x1: Any, x2: Any, /) -> Any:
    """Take x1 where the condition holds, else x2; one of them may be a Python number.

    Example:
        >>> import bafe.xp as xp
        >>> xp.where(xp.asarray([True, False]), xp.asarray([1, 2]), 0)
        Array([1, 0], dtype=int64)
    """
    check_kind("where", BOOLEAN, condition)
    return run(_where, condition, *operands("where", ANY, x1, x2))


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """Limit the elements to [min, max], each an array, a Python number or None; NaN stays.

    Example:
        >>> import bafe.xp as xp
        >>> xp.clip(xp.asarray([1, 5, 9]), 2, 6)
        Array([2, 5, 6], dtype=int64)
    """
    out = x
    for bound, limit in ((min, maximum), (max, minimum)):
        if bound is not None:
            if not is_scalar(bound) and bound.dtype != x.dtype:
                promote("clip", [x.dtype, bound.dtype])
                bound = astype(bound, x.dtype)
            out = limit(out, bound)
    check_kind("clip", NUMERIC, x)
    return positive(x) if out is x else out


def real(x: Any, /) -> Any:
    """Real part: a copy, since there are no complex dtypes."""
    return positive(x)


def conj(x: Any, /) -> Any:
    """Complex conjugate: a copy, since there are no complex dtypes."""
    return positive(x)


def imag(x: Any, /) -> Any:
    """Imaginary part: zeros, since there are no complex dtypes."""
    check_kind("imag", NUMERIC, x)
    return run(_zeros, x)


_where = kernel(s.where)
_zeros = kernel(lambda x: s.full(x.shape, 0, x.dtype))
_install()
