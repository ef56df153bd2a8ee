"""NumPy's ufuncs on tensors: operators of BAFE by their names, and compositions of them.

``out=``, ``where=`` and ``dtype=`` mean what they mean in NumPy; ``reduce``, ``accumulate``,
``outer`` and ``at`` are put together from the operator.
"""

from __future__ import annotations

import math
from typing import Any, Callable

import numpy as np

from bafe import _core
from bafe import surface as s
from bafe.numpy_protocol import _unknown, as_tensor, write_out
from bafe.tracer import _call, _place

# NumPy's ufunc name where it differs from BAFE's operator.
_OPERATORS = {
    "subtract": "sub",
    "multiply": "mul",
    "divide": "div",
    "true_divide": "div",
    "negative": "neg",
    "absolute": "abs",
    "power": "pow",
    "rint": "round",
    "invert": "bitwise_not",
    "bitwise_invert": "bitwise_not",
    "mod": "remainder",
    "bitwise_left_shift": "left_shift",
    "bitwise_right_shift": "right_shift",
}
_REDUCTIONS = {
    "add": "sum",
    "multiply": "prod",
    "maximum": "max",
    "minimum": "min",
    "logical_and": "all",
    "logical_or": "any",
}


def _float(x: Any) -> Any:
    """As NumPy converts the argument of a function of floats."""
    x = as_tensor(x)
    kind = x.dtype.kind
    if kind == "f" or x._dtype == "bf16":
        return x
    return x.astype(
        "float16" if x.dtype.itemsize == 1 else "float32" if x.dtype.itemsize == 2 else "float64"
    )


def _poly(x: Any, coefficients: tuple[float, ...]) -> Any:
    out: Any = coefficients[0]
    for c in coefficients[1:]:
        out = out * x + c
    return out


# atan(x) = x + x^3 P(x^2) for |x| <= tan(pi/8): a minimax fit with a relative error of 6e-18.
_ATAN = (
    -0.0191659065063043,
    0.03922268882347632,
    -0.050851391487066376,
    0.05858089538610203,
    -0.06664504610032648,
    0.0769218270524632,
    -0.09090904557214267,
    0.11111111014741562,
    -0.1428571428466014,
    0.1999999999999549,
    -0.3333333333333333,
)


def _arctan(x: Any) -> Any:
    x = _float(x)
    return _atan2(x, np.ones_like(x))


def _both(x: Any, y: Any) -> tuple[Any, Any]:
    """Two arguments in their common floating dtype."""
    kinds = [v.dtype if hasattr(v, "dtype") else v for v in (x, y)]
    common = np.result_type(*kinds)
    if common.kind != "f":
        common = np.result_type(common, np.float64)
    return as_tensor(x).astype(common), as_tensor(y).astype(common)


def _atan2(y: Any, x: Any) -> Any:
    """The quotient of the smaller by the larger, then the octant."""
    y, x = _both(y, x)
    ay, ax = np.abs(y), np.abs(x)
    steep = ay > ax
    small, large = np.minimum(ay, ax), np.maximum(ay, ax)
    both_far = np.isinf(ay) & np.isinf(ax)
    safe = np.where(large == 0, 1.0, large)
    q = np.where(both_far, 1.0, small / safe)
    near = q > 0.4142135623730950
    r = np.where(near, (q - 1.0) / (q + 1.0), q)
    z = r * r
    fit = r + r * (z * _poly(z, _ATAN))
    angle = np.where(near, math.pi / 4 + (fit + 3.061616997868383e-17), fit)
    angle = np.where(steep, math.pi / 2 - angle, angle)
    angle = np.where(_signbit(x), math.pi - angle, angle)
    angle = np.where(np.isnan(y) | np.isnan(x), np.nan, angle)
    return np.where(_signbit(y), -angle, angle).astype(y.dtype)


def _signbit(x: Any) -> Any:
    x = as_tensor(x)
    if x.dtype.kind != "f":
        return x < 0
    return (x < 0) | ((x == 0) & (1.0 / np.where(x == 0, x, 1.0) < 0))


def _arcsin(x: Any) -> Any:
    x = _float(x)
    return _atan2(x, np.sqrt((1.0 - x) * (1.0 + x)))


def _arccos(x: Any) -> Any:
    x = _float(x)
    return 2.0 * _atan2(np.sqrt(1.0 - x), np.sqrt(1.0 + x))


def _sinh(x: Any) -> Any:
    x = _float(x)
    e = np.expm1(np.abs(x))
    half = np.exp(0.5 * np.abs(x))
    big = 0.5 * half * half
    value = np.where(np.abs(x) > 20.0, big, 0.5 * (e + e / (e + 1.0)))
    return np.where(x < 0, -value, value)


def _cosh(x: Any) -> Any:
    half = np.exp(0.5 * np.abs(_float(x)))
    return 0.5 * half * half + 0.5 / (half * half)


def _arcsinh(x: Any) -> Any:
    x = _float(x)
    a = np.abs(x)
    big = np.log(a) + math.log(2.0)
    safe = np.where(a > 1e8, 1.0, a)
    value = np.where(a > 1e8, big, np.log1p(safe + safe * safe / (1.0 + np.sqrt(safe * safe + 1))))
    return np.where(x < 0, -value, value)


def _arccosh(x: Any) -> Any:
    x = _float(x)
    t = x - 1.0
    safe = np.where(t > 1e8, 1.0, t)
    return np.where(
        t > 1e8, np.log(x) + math.log(2.0), np.log1p(safe + np.sqrt(2.0 * safe + safe * safe))
    )


def _arctanh(x: Any) -> Any:
    x = _float(x)
    a = np.abs(x)
    value = 0.5 * np.log1p(2.0 * a / (1.0 - a))
    return np.where(x < 0, -value, np.where(x == 0, x, value))


def _hypot(x: Any, y: Any) -> Any:
    x, y = _both(x, y)
    large, small = np.maximum(np.abs(x), np.abs(y)), np.minimum(np.abs(x), np.abs(y))
    safe = np.where((large == 0) | np.isinf(large), 1.0, large)
    ratio = small / safe
    value = np.where(np.isinf(large), large, large * np.sqrt(1.0 + ratio * ratio))
    infinite = np.isinf(x) | np.isinf(y)
    return np.where(infinite, np.inf, value)


def _fmax(x: Any, y: Any) -> Any:
    if not _may_be_nan(x, y):
        return np.maximum(x, y)
    return np.where(np.isnan(x), y, np.where(np.isnan(y), x, np.maximum(x, y)))


def _fmin(x: Any, y: Any) -> Any:
    if not _may_be_nan(x, y):
        return np.minimum(x, y)
    return np.where(np.isnan(x), y, np.where(np.isnan(y), x, np.minimum(x, y)))


def _may_be_nan(*values: Any) -> bool:
    return any(np.dtype(getattr(v, "dtype", type(v))).kind == "f" for v in values)


def _trunc(x: Any) -> Any:
    x = as_tensor(x)
    return +x if x.dtype.kind != "f" else np.where(x < 0, np.ceil(x), np.floor(x))


def _fmod(x: Any, y: Any) -> Any:
    x, y = _both(x, y) if _may_be_nan(x, y) else (as_tensor(x), as_tensor(y))
    value = np.remainder(np.abs(x), np.abs(y))
    return np.where(x < 0, -value, value)


def _copysign(x: Any, y: Any) -> Any:
    x, y = _both(x, y)
    a = np.abs(x)
    return np.where(_signbit(y), -a, a)


def _heaviside(x: Any, at_zero: Any) -> Any:
    x, at_zero = _both(x, at_zero)
    return np.where(np.isnan(x), x, np.where(x == 0, at_zero, (x > 0).astype(x.dtype)))


def _cbrt(x: Any) -> Any:
    x = _float(x)
    a = np.abs(x)
    is_plain = (a > 0) & np.isfinite(a)
    safe = np.where(is_plain, a, 1.0)
    root = np.exp(np.log(safe) / 3.0)
    root = root - (root - safe / (root * root)) / 3.0  # one step of Newton's
    return np.where(is_plain, np.where(x < 0, -root, root), x)


def _logaddexp2(x: Any, y: Any) -> Any:
    ln2 = math.log(2.0)
    x, y = _both(x, y)
    return np.logaddexp(x * ln2, y * ln2) / ln2


def _is_bool(x: Any) -> bool:
    return bool(as_tensor(x).dtype.kind == "b")


def _isinf(x: Any) -> Any:
    x = as_tensor(x)
    if x.dtype.kind != "f":
        return np.zeros_like(x, dtype=bool)
    return np.logical_not(np.isfinite(x) | np.isnan(x))


def _reciprocal(x: Any) -> Any:
    x = as_tensor(x)
    return 1.0 / x if x.dtype.kind == "f" else (1 // x)


def _sign(x: Any) -> Any:
    return _call("sign", (x,))


def _power(x: Any, y: Any) -> Any:
    if isinstance(y, (int, float)) and not isinstance(y, bool) and hasattr(x, "__pow__"):
        return as_tensor(x) ** y
    return _call("pow", (x, y))


_COMPOSED: dict[str, Callable[..., Any]] = {
    "arctan": _arctan,
    "arctan2": _atan2,
    "arcsin": _arcsin,
    "arccos": _arccos,
    "sinh": _sinh,
    "cosh": _cosh,
    "arcsinh": _arcsinh,
    "arccosh": _arccosh,
    "arctanh": _arctanh,
    "tan": lambda x: np.sin(_float(x)) / np.cos(_float(x)),
    "hypot": _hypot,
    "log2": lambda x: np.log(_float(x)) * (1.0 / math.log(2.0)),
    "log10": lambda x: np.log(_float(x)) * (1.0 / math.log(10.0)),
    "exp2": lambda x: np.exp(_float(x) * math.log(2.0)),
    "cbrt": _cbrt,
    "degrees": lambda x: _float(x) * (180.0 / math.pi),
    "rad2deg": lambda x: _float(x) * (180.0 / math.pi),
    "radians": lambda x: _float(x) * (math.pi / 180.0),
    "deg2rad": lambda x: _float(x) * (math.pi / 180.0),
    "reciprocal": _reciprocal,
    "positive": lambda x: as_tensor(x)._copied(),
    "fabs": lambda x: np.abs(_float(x)),
    "fmax": _fmax,
    "fmin": _fmin,
    "fmod": _fmod,
    "trunc": _trunc,
    "copysign": _copysign,
    "signbit": _signbit,
    "heaviside": _heaviside,
    "float_power": lambda x, y: _call(
        "pow", (as_tensor(x).astype(np.float64), as_tensor(y).astype(np.float64))
    ),
    "logaddexp2": _logaddexp2,
    "isinf": _isinf,
    "conjugate": lambda x: as_tensor(x) + np.int8(0) if _is_bool(x) else as_tensor(x)._copied(),
    "matmul": lambda a, b: s.matmul(a, b),
    "vecdot": lambda a, b: (as_tensor(a) * as_tensor(b)).sum(axis=-1),
    "matvec": lambda a, b: (as_tensor(a) @ as_tensor(b)[..., None])[..., 0],
    "vecmat": lambda a, b: (as_tensor(a)[..., None, :] @ as_tensor(b))[..., 0, :],
    "power": _power,
}
_PAIRS: dict[str, Callable[..., tuple[Any, Any]]] = {
    "divmod": lambda x, y: (np.floor_divide(x, y), np.remainder(x, y)),
    "modf": lambda x: (_float(x) - _trunc(_float(x)), _trunc(_float(x))),
}


def apply(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Record a ufunc, or one of its methods.

    Raises:
        TraceError: BAFE has no operator for it, or ``out`` is no tensor.
    """
    name = ufunc.__name__
    if method != "__call__":
        return _method(ufunc, method, inputs, kwargs)
    out, where, dtype = (
        kwargs.pop(k, d) for k, d in (("out", None), ("where", True), ("dtype", None))
    )
    kwargs.pop("casting", None), kwargs.pop("order", None), kwargs.pop("subok", None)
    if any(value is not None for value in kwargs.values()):
        raise _unknown(f"{name} with {', '.join(kwargs)}")
    if name in _PAIRS:
        results = _PAIRS[name](*inputs)
        if out is None:
            return results
        return tuple(write_out(o, r, name) for o, r in zip(out, results))
    if dtype is not None:
        inputs = tuple(as_tensor(value).astype(dtype) for value in inputs)
    result = _value(name, inputs)
    if hasattr(result, "_is_scalar") and not result.shape:
        result = result.tracer.tensor(result._index)  # NumPy gives a number
    if where is not True and out is None:
        raise _core.TraceError(
            f"{_place()}numpy.{name}: where= without out= leaves elements without a value\n"
            "  fix: give out=, or use np.where(condition, value, other)"
        )
    return write_out(out, result, name, where)


def _value(name: str, inputs: tuple[Any, ...]) -> Any:
    composed = _COMPOSED.get(name)
    if composed is not None:
        return composed(*inputs)
    operator = _OPERATORS.get(name, name)
    if operator not in _core.operator_names():
        raise _unknown(name)
    return _call(operator, inputs)


def _method(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    from bafe.scans import accumulate

    name = ufunc.__name__
    if method == "reduce" and name in _REDUCTIONS:
        function = getattr(np, _REDUCTIONS[name])
        array, axis = inputs[0], inputs[1] if len(inputs) > 1 else kwargs.pop("axis", 0)
        return function(array, axis=axis, **{k: v for k, v in kwargs.items() if v is not None})
    if method == "accumulate":
        return write_out(
            kwargs.get("out"), accumulate(name, inputs[0], axis=kwargs.get("axis", 0)), name
        )
    if method == "outer" and len(inputs) == 2:
        a, b = as_tensor(inputs[0]), as_tensor(inputs[1])
        return write_out(
            kwargs.get("out"), _value(name, (a.reshape(a.shape + (1,) * b.ndim), b)), name
        )
    if method == "at":
        from bafe.scatter import update_at

        return update_at(name, *inputs)
    raise _unknown(f"{name}.{method}")
