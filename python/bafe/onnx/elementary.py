"""Functions that BAFE has no operator for, composed of those that it has; a few units in the last
place in single precision. Arguments out of a function's domain give NaN."""

from __future__ import annotations

import math
from typing import Any

from bafe import surface as s
from bafe.onnx.kit import op

_HUGE = 1e8  # beyond it 1 + x * x is x * x in double precision
_TERMS = 12  # of the arc tangent's series up to tan(pi / 16): 0.2 ** 25 / 25 < 1e-18


def _odd(x: Any, value: Any) -> Any:
    """``value``, computed of ``abs(x)``, with the sign of ``x``."""
    return s.where(op("less", x, 0.0), op("neg", value), value)


def atan(x: Any) -> Any:
    """Arc tangent: reciprocal above 1, then half the angle twice, then the series."""
    size = op("abs", x)
    above = op("greater", size, 1.0)
    small = s.where(above, 1.0 / size, size)
    for _ in range(2):
        small = small / (1.0 + op("sqrt", 1.0 + small * small))
    square = small * small
    total = s.full(x.shape, 0.0, x.dtype)
    for k in range(_TERMS - 1, -1, -1):
        total = total * square + (-1.0) ** k / (2 * k + 1)
    angle = total * small * 4.0
    return _odd(x, s.where(above, math.pi / 2 - angle, angle))


def asin(x: Any) -> Any:
    """Arc sine."""
    return atan(x / op("sqrt", (1.0 - x) * (1.0 + x)))


def acos(x: Any) -> Any:
    """Arc cosine."""
    return atan(op("sqrt", (1.0 - x) / (1.0 + x))) * 2.0


def tan(x: Any) -> Any:
    """Tangent."""
    return op("sin", x) / op("cos", x)


def sinh(x: Any) -> Any:
    """Hyperbolic sine."""
    size = op("abs", x)
    half = op("exp", size * 0.5)
    large = (0.5 * half) * half - 0.5 / (half * half)
    minus = op("expm1", size)
    small = (minus + minus / (minus + 1.0)) * 0.5
    return _odd(x, s.where(op("less", size, 1.0), small, large))


def cosh(x: Any) -> Any:
    """Hyperbolic cosine."""
    half = op("exp", op("abs", x) * 0.5)
    return (0.5 * half) * half + 0.5 / (half * half)


def asinh(x: Any) -> Any:
    """Inverse of the hyperbolic sine."""
    size = op("abs", x)
    square = size * size
    small = op("log1p", size + square / (1.0 + op("sqrt", square + 1.0)))
    return _odd(x, s.where(op("greater", size, _HUGE), op("log", size) + math.log(2.0), small))


def acosh(x: Any) -> Any:
    """Inverse of the hyperbolic cosine."""
    over = x - 1.0
    small = op("log1p", over + op("sqrt", over * (over + 2.0)))
    value = s.where(op("greater", x, _HUGE), op("log", x) + math.log(2.0), small)
    return s.where(op("less", x, 1.0), math.nan, value)


def atanh(x: Any) -> Any:
    """Inverse of the hyperbolic tangent."""
    size = op("abs", x)
    return _odd(x, op("log1p", 2.0 * size / (1.0 - size)) * 0.5)
