"""Activation functions."""

from __future__ import annotations

import math
from typing import Any

from bafe import surface as s
from bafe.onnx import kit
from bafe.onnx.kit import op
from bafe.onnx.registry import lowering


def softplus(x: Any) -> Any:
    """Logarithm of 1 + exp(x)."""
    return op("logaddexp", x, kit.full_like(x, 0))


@lowering("Relu", "Sigmoid", "Tanh")
def _plain(n: Any, x: Any) -> Any:
    n.ints("consumed_inputs")
    return op(n.op.lower(), x)


@lowering("Softplus", "Softsign")
def _soft(n: Any, x: Any) -> Any:
    return softplus(x) if n.op == "Softplus" else x / (1.0 + op("abs", x))


@lowering("LeakyRelu", "ThresholdedRelu")
def _leaky(n: Any, x: Any) -> Any:
    n.ints("consumed_inputs")
    if n.op == "LeakyRelu":
        return s.where(op("less", x, 0.0), x * n.float("alpha", 0.01), x)
    return s.where(op("greater", x, n.float("alpha", 1.0)), x, 0.0)


@lowering("PRelu")
def _prelu(n: Any, x: Any, slope: Any) -> Any:
    n.ints("consumed_inputs")
    if n.version < 7 and slope.ndim == 1 and slope.shape[0] > 1:
        slope = kit.expand_to(slope, x.ndim, 1)
    return s.where(op("less", x, 0), x * slope, x)


@lowering("Elu", "Celu", "Selu")
def _exponential(n: Any, x: Any) -> Any:
    n.ints("consumed_inputs")
    if n.op == "Selu":
        alpha = n.float("alpha", 1.67326319217681884765625)
        gamma = n.float("gamma", 1.05070102214813232421875)
        return s.where(op("less_equal", x, 0.0), op("expm1", x) * alpha, x) * gamma
    alpha = n.float("alpha", 1.0)
    inner = x / alpha if n.op == "Celu" else x
    return s.where(op("less", x, 0.0), op("expm1", inner) * alpha, x)


@lowering("HardSigmoid", "HardSwish")
def _hard(n: Any, x: Any) -> Any:
    n.ints("consumed_inputs")
    if n.op == "HardSwish":
        return x * (x / 6.0 + 0.5).clip(0.0, 1.0)
    return (x * n.float("alpha", 0.2) + n.float("beta", 0.5)).clip(0.0, 1.0)


@lowering("Gelu", since=20)
def _gelu(n: Any, x: Any) -> Any:
    mode = n.text("approximate", "none")
    if mode == "none":
        return op("gelu", x)
    if mode != "tanh":
        n.malformed(f"approximate is {mode!r}")
    inner = (x + x * x * x * 0.044715) * math.sqrt(2.0 / math.pi)
    return x * 0.5 * (op("tanh", inner) + 1.0)


@lowering("Mish", "Swish")
def _gated(n: Any, x: Any) -> Any:
    if n.op == "Mish":
        return x * op("tanh", softplus(x))
    alpha = n.float("alpha", 1.0)
    return op("silu", x) if alpha == 1.0 else x * op("sigmoid", x * alpha)


@lowering("Shrink", since=9)
def _shrink(n: Any, x: Any) -> Any:
    bias, limit = n.float("bias", 0.0), n.float("lambd", 0.5)
    if not kit.is_float(x):
        y = s.cast(x, "float64")
        return kit.like(_shrunk(y, bias, limit), x)
    return _shrunk(x, bias, limit)


def _shrunk(x: Any, bias: float, limit: float) -> Any:
    low = s.where(op("less", x, -limit), x + bias, 0.0)
    return s.where(op("greater", x, limit), x - bias, low)


@lowering("Softmax", "LogSoftmax", "Hardmax", since=13)
def _softmax(n: Any, x: Any) -> Any:
    axis = n.axis(n.int("axis", -1), x.ndim)
    return _normalised(n.op, x, axis)


@lowering("Softmax", "LogSoftmax", "Hardmax", since=1)
def _old_softmax(n: Any, x: Any) -> Any:
    axis = n.axis(n.int("axis", 1), x.ndim)
    return s.reshape(_normalised(n.op, kit.flat2(x, axis), 1), x.shape)


def _normalised(name: str, x: Any, axis: int) -> Any:
    if name == "Softmax":
        return kit.like(s.softmax(kit.wide(x), axis), x)
    if name == "LogSoftmax":
        y = kit.wide(x)
        return kit.like(y - s.logsumexp(y, axis, True), x)
    if x.size == 0:
        return x
    place = s.iota(x.shape, axis)
    return kit.like(op("equal", place, x.argmax(axis, keepdims=True)), x)
