"""Operators that work element by element: numbers, comparisons, logic, bits and conversions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bafe import _core
from bafe import surface as s
from bafe.onnx import elementary, kit
from bafe.onnx.kit import op
from bafe.onnx.registry import lowering

_UNARY = {
    "Abs": "abs",
    "BitwiseNot": "bitwise_not",
    "Ceil": "ceil",
    "Cos": "cos",
    "Erf": "erf",
    "Exp": "exp",
    "Floor": "floor",
    "IsNaN": "isnan",
    "Log": "log",
    "Neg": "neg",
    "Not": "logical_not",
    "Round": "round",
    "Sign": "sign",
    "Sin": "sin",
    "Sqrt": "sqrt",
}
_BINARY = {
    "Add": "add",
    "And": "logical_and",
    "BitwiseAnd": "bitwise_and",
    "BitwiseOr": "bitwise_or",
    "BitwiseXor": "bitwise_xor",
    "Equal": "equal",
    "Greater": "greater",
    "GreaterOrEqual": "greater_equal",
    "Less": "less",
    "LessOrEqual": "less_equal",
    "Mul": "mul",
    "Or": "logical_or",
    "Sub": "sub",
    "Xor": "logical_xor",
}
_COMPOSED = {
    "Acos": elementary.acos,
    "Acosh": elementary.acosh,
    "Asin": elementary.asin,
    "Asinh": elementary.asinh,
    "Atan": elementary.atan,
    "Atanh": elementary.atanh,
    "Cosh": elementary.cosh,
    "Sinh": elementary.sinh,
    "Tan": elementary.tan,
}


def _old_broadcast(n: Any, a: Any, b: Any) -> Any:
    """Before version 7 the second operand was put below the first one's axes by an attribute."""
    if n.version >= 7:
        return b
    n.ints("consumed_inputs")
    if not n.int("broadcast", 0):
        return b
    axis = n.int("axis", -1)
    after = 0 if axis < 0 else a.ndim - axis - b.ndim
    return s.reshape(b, (*b.shape, *(1,) * after))


@lowering(*_UNARY)
def _unary(n: Any, x: Any) -> Any:
    n.ints("consumed_inputs")
    return op(_UNARY[n.op], x)


@lowering(*_COMPOSED)
def _composed(n: Any, x: Any) -> Any:
    return kit.like(_COMPOSED[n.op](kit.wide(x)), x)


@lowering(*_BINARY)
def _binary(n: Any, a: Any, b: Any) -> Any:
    return op(_BINARY[n.op], a, _old_broadcast(n, a, b))


@lowering("Div")
def _div(n: Any, a: Any, b: Any) -> Any:
    b = _old_broadcast(n, a, b)
    return a / b if kit.is_float(a) else kit.integer_divide(a, b)


@lowering("Reciprocal")
def _reciprocal(n: Any, x: Any) -> Any:
    n.ints("consumed_inputs")
    return 1.0 / x


@lowering("Pow")
def _pow(n: Any, a: Any, b: Any) -> Any:
    b = _old_broadcast(n, a, b)
    if kit.is_float(a):
        if n.is_known(b) and n.known(b).size == 1 and float(n.known(b).ravel()[0]) == 2.0:
            return s.broadcast_to(op("square", a), np.broadcast_shapes(a.shape, b.shape))
        return op("pow", a, kit.like(b, a))
    if kit.is_float(b):
        return kit.like(op("pow", s.cast(a, "float64"), s.cast(b, "float64")), a)
    return op("pow", a, kit.like(b, a))


@lowering("Mod")
def _mod(n: Any, a: Any, b: Any) -> Any:
    if not n.int("fmod", 0):
        return op("remainder", a, b)
    if not kit.is_float(a):
        return a - kit.integer_divide(a, b) * b
    size = op("remainder", op("abs", a), op("abs", b))
    return s.where(op("less", a, 0.0), op("neg", size), size)


@lowering("BitShift", since=11)
def _bit_shift(n: Any, a: Any, b: Any) -> Any:
    direction = n.text("direction", "")
    if direction not in ("LEFT", "RIGHT"):
        n.malformed(f"direction is {direction!r}")
    return op("left_shift" if direction == "LEFT" else "right_shift", a, b)


@lowering("Max", "Min", since=1)
def _extremes(n: Any, first: Any, *others: Any) -> Any:
    n.ints("consumed_inputs")
    for one in others:
        first = op("maximum" if n.op == "Max" else "minimum", first, one)
    return first


@lowering("Sum", "Mean", since=1)
def _sums(n: Any, first: Any, *others: Any) -> Any:
    n.ints("consumed_inputs")
    total = first
    for one in others:
        total = total + one
    return total if n.op == "Sum" else total / float(1 + len(others))


@lowering("Where", since=9)
def _where(n: Any, condition: Any, a: Any, b: Any) -> Any:
    return s.where(condition, a, b)


@lowering("IsInf", since=10)
def _is_inf(n: Any, x: Any) -> Any:
    found = s.full(x.shape, False, "bool")
    if n.int("detect_positive", 1):
        found = op("logical_or", found, op("equal", x, math.inf))
    if n.int("detect_negative", 1):
        found = op("logical_or", found, op("equal", x, -math.inf))
    return found


@lowering("Clip", since=11)
def _clip(n: Any, x: Any, low: Any = None, high: Any = None) -> Any:
    x = x if low is None else op("maximum", x, low)
    return x if high is None else op("minimum", x, high)


@lowering("Clip")
def _old_clip(n: Any, x: Any) -> Any:
    n.ints("consumed_inputs")
    return x.clip(n.float("min", -math.inf), n.float("max", math.inf))


@lowering("Cast", since=6)
def _cast(n: Any, x: Any) -> Any:
    n.int("saturate", 1)  # of 8-bit floats, which are refused
    n.text("round_mode", "")
    return kit.cast_to(n, x, n.int("to"))


@lowering("CastLike", since=15)
def _cast_like(n: Any, x: Any, other: Any) -> Any:
    n.int("saturate", 1)
    n.text("round_mode", "")
    return kit.like(x, other)


@lowering("BitCast", since=1, raw=True)
def _bit_cast(n: Any, x: Any) -> Any:
    from bafe.onnx.tensors import dtype_of

    dtype = dtype_of(n.int("to"))
    array = n.known(x)
    if dtype is None or not _core.is_supported(np.empty(0, dtype)) or array.dtype.kind == "O":
        raise n.refuse(f"bits as {dtype} are not supported", "convert to another dtype")
    if dtype.itemsize != array.dtype.itemsize:
        n.malformed(f"{array.dtype} and {dtype} have different sizes")
    return np.ascontiguousarray(array).view(dtype).reshape(array.shape)


@lowering("CumSum", "CumProd", since=11)
def _cumulative(n: Any, x: Any, axis: Any) -> Any:
    (value,) = n.known_ints(axis)
    at = n.axis(value, x.ndim)
    exclusive, reverse = n.int("exclusive", 0), n.int("reverse", 0)
    if x.shape[at] == 0:
        return x
    turn = (slice(None),) * at + (slice(None, None, -1),)
    x = x[turn] if reverse else x
    if exclusive:
        neutral = 0 if n.op == "CumSum" else 1
        first = s.full((*x.shape[:at], 1, *x.shape[at + 1 :]), neutral, x.dtype)
        x = s.concat([first, kit.part(x, at, 0, x.shape[at] - 1)], at)
    out = kit.like(s.cumsum(x, at), x) if n.op == "CumSum" else _products(x, at)
    return out[turn] if reverse else out


def _products(x: Any, axis: int) -> Any:
    """Prefix products by doubling."""
    step = 1
    while step < x.shape[axis]:
        head = kit.part(x, axis, 0, step)
        tail = kit.part(x, axis, step, x.shape[axis]) * kit.part(x, axis, 0, x.shape[axis] - step)
        x = s.concat([head, tail], axis)
        step *= 2
    return x


@lowering("Identity", raw=True)
def _identity(n: Any, x: Any) -> Any:
    return x


@lowering("Dropout", since=12)
def _dropout(n: Any, x: Any, ratio: Any = None, training: Any = None) -> Any:
    n.int("seed", 0)
    share = 0.5 if ratio is None else float(n.known(ratio))
    if training is not None and bool(n.known(training)) and share != 0.0:
        n.refuse("training with random numbers is not supported", "set training_mode to false")
    return x, s.full(x.shape, True, "bool")


@lowering("Dropout")
def _old_dropout(n: Any, x: Any) -> Any:
    n.float("ratio", 0.5)
    n.ints("consumed_inputs")
    if n.version < 7 and not n.int("is_test", 0):
        n.refuse("training with random numbers is not supported", "set is_test to 1")
    return x, s.full(x.shape, True, "bool" if n.version >= 10 else x.dtype)
