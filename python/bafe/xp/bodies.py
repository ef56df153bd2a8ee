"""Definitions over BAFE's operators of functions that have no operator of their own.

In come tensors or lazy arrays of a floating dtype (where nothing else is said), out comes one of
the same dtype and shape. Where NumPy's function is the more exact one, the eager namespace calls
that, and these serve traces only.
"""

from __future__ import annotations

from typing import Any

from bafe import surface as s
from bafe.tracer import _call

_LN2 = 0.6931471805599453
_HUGE = 1e8  # beyond its square, 1 is lost in float64


def _abs(x: Any) -> Any:
    return _call("abs", (x,))


def _signed(x: Any, magnitude: Any) -> Any:
    """``magnitude`` with the sign of x; zeros and NaN as x has them."""
    return s.where(x == 0, x, s.where(x < 0, -magnitude, magnitude))


def isnan(x: Any) -> Any:
    """No integer is NaN."""
    return _call("isnan", (x,)) if x.dtype.kind == "f" else s.full(x.shape, False, "bool")


def isfinite(x: Any) -> Any:
    """Every integer is finite."""
    return _call("isfinite", (x,)) if x.dtype.kind == "f" else s.full(x.shape, True, "bool")


def isinf(x: Any) -> Any:
    """No integer is infinite."""
    return _abs(x) == float("inf") if x.dtype.kind == "f" else s.full(x.shape, False, "bool")


def trunc(x: Any) -> Any:
    """Towards zero; the sign of zero stays."""
    return s.where(x < 0, _call("ceil", (x,)), _call("floor", (x,)))


def log2(x: Any) -> Any:
    """Logarithm to base 2."""
    return _call("log", (x,)) * (1 / _LN2)


def log10(x: Any) -> Any:
    """Logarithm to base 10."""
    return _call("log", (x,)) * 0.4342944819032518


def tan(x: Any) -> Any:
    """Sine over cosine."""
    return _call("sin", (x,)) / _call("cos", (x,))


def sinh(x: Any) -> Any:
    """Exact near zero by expm1, without overflow before the result's by the root of exp."""
    size = _abs(x)
    small = _call("expm1", (size,))
    root = _call("exp", (size * 0.5,))
    return _signed(
        x,
        s.where(
            size < 1, (small + small / (small + 1)) * 0.5, root * 0.5 * root - 0.5 / root / root
        ),
    )


def cosh(x: Any) -> Any:
    """Mean of exp(x) and exp(-x), by the root of exp so that it overflows last."""
    root = _call("exp", (_abs(x) * 0.5,))
    return root * 0.5 * root + 0.5 / root / root


def asinh(x: Any) -> Any:
    """log(x + sqrt(x² + 1)) without cancellation or overflow."""
    size = _abs(x)
    near = s.where(size < _HUGE, size, 1)
    square = near * near
    small = _call("log1p", (near + square / (1 + _call("sqrt", (1 + square,))),))
    return _signed(x, s.where(size < _HUGE, small, _call("log", (size,)) + _LN2))


def acosh(x: Any) -> Any:
    """log(x + sqrt(x² - 1)) without cancellation or overflow; NaN below 1."""
    near = s.where(x < _HUGE, x, 1) - 1
    small = _call("log1p", (near + _call("sqrt", (near * (near + 2),)),))
    large = _call("log", (x,)) + _LN2
    return s.where(x < 1, float("nan"), s.where(x < _HUGE, small, large))


def atanh(x: Any) -> Any:
    """Half of log((1 + x) / (1 - x))."""
    size = _abs(x)
    return _signed(x, _call("log1p", (2 * size / (1 - size),)) * 0.5)


def floor_divide(a: Any, b: Any) -> Any:
    """The standard's: with an infinite operand the rounded quotient, where NumPy has NaN or -1."""
    out = _call("floor_divide", (a, b))
    if out.dtype.kind != "f":
        return out
    is_endless = isinf(a) | isinf(b)
    return s.where(is_endless, _call("floor", (_call("div", (a, b)),)), out)


def hypot(a: Any, b: Any) -> Any:
    """Scaled by the larger, so that no square overflows; infinite beside NaN too."""
    a, b = _abs(a), _abs(b)
    large, small = _call("maximum", (a, b)), _call("minimum", (a, b))
    ratio = small / s.where(large == 0, 1, large)
    length = large * _call("sqrt", (1 + ratio * ratio,))
    is_endless = (a == float("inf")) | (b == float("inf"))
    return s.where(is_endless, float("inf"), length)
