"""Normalisation over batches, channels, rows and neighbours."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import surface as s
from bafe.onnx import kit
from bafe.onnx.convolution import scaled
from bafe.onnx.kit import op
from bafe.onnx.registry import lowering
from bafe.sliding import windows
from bafe.tracer import Constant


@lowering("BatchNormalization")
def _batch(n: Any, x: Any, scale: Any, bias: Any, mean: Any, var: Any) -> Any:
    epsilon, momentum = n.float("epsilon", 1e-5), n.float("momentum", 0.9)
    n.int("spatial", 1)
    n.ints("consumed_inputs")
    training = n.int("training_mode", 0) if n.version >= 14 else not n.int("is_test", 1)
    if training:
        over = tuple(i for i in range(x.ndim) if i != 1)
        now_mean = kit.mean(x, over)
        now_var = kit.like(s.var(x, over), x)
        out = _scaled(n, x, scale, bias, now_mean, now_var, epsilon)
        rest = 1.0 - momentum
        means = mean * momentum + kit.like(now_mean, mean) * rest
        return out, means, var * momentum + kit.like(now_var, var) * rest
    return _scaled(n, x, scale, bias, mean, var, epsilon)


def _scaled(n: Any, x: Any, scale: Any, bias: Any, mean: Any, var: Any, epsilon: float) -> Any:
    """One product and one sum an element when the statistics are known."""
    parts = (scale, bias, mean, var)
    if all(n.is_known(one) for one in parts):
        a, b, m, v = (n.known(one).astype(np.float64) for one in parts)
        factor = a / np.sqrt(v + epsilon)
        at = [-1 if i == 1 else 1 for i in range(x.ndim)]
        convolution = scaled(n, x, factor, b - m * factor)
        if convolution is not None:
            return convolution
        made = (factor.astype(x.dtype), (b - m * factor).astype(x.dtype))
        by, offset = (Constant(one.reshape(at)) for one in made)
        return x * by + offset
    a, b, m, v = (kit.expand_to(kit.like(one, x), x.ndim, 1) for one in parts)
    return (x - m) / op("sqrt", v + epsilon) * a + b


@lowering("InstanceNormalization")
def _instance(n: Any, x: Any, scale: Any, bias: Any) -> Any:
    n.ints("consumed_inputs")
    over = tuple(range(2, x.ndim))
    out = s.layer_norm(x, axis=over, eps=n.float("epsilon", 1e-5))
    return out * kit.expand_to(scale, x.ndim, 1) + kit.expand_to(bias, x.ndim, 1)


@lowering("LayerNormalization", since=17)
def _layer(n: Any, x: Any, scale: Any, bias: Any = None) -> Any:
    axis = n.axis(n.int("axis", -1), x.ndim)
    epsilon = n.float("epsilon", 1e-5)
    y = x if n.int("stash_type", 1) != 1 else kit.wide(x)
    over = tuple(range(axis, x.ndim))
    out = kit.like(s.layer_norm(y, axis=over, eps=epsilon), x) * scale
    out = out if bias is None else out + bias
    if len(n.outputs) < 2:
        return out
    mean = kit.mean(y, over, True)
    centred = y - mean
    var = kit.mean(op("square", centred), over, True)
    return out, mean, 1.0 / op("sqrt", var + epsilon)


@lowering("RMSNormalization", since=23)
def _rms(n: Any, x: Any, scale: Any) -> Any:
    axis = n.axis(n.int("axis", -1), x.ndim)
    y = x if n.int("stash_type", 1) != 1 else kit.wide(x)
    power = kit.mean(op("square", y), tuple(range(axis, x.ndim)), True)
    out = y / op("sqrt", power + n.float("epsilon", 1e-5))
    return kit.like(out, x) * scale


@lowering("LpNormalization")
def _lp(n: Any, x: Any) -> Any:
    axis, p = n.axis(n.int("axis", -1), x.ndim), n.int("p", 2)
    if p not in (1, 2):
        n.malformed(f"p is {p}")
    if p == 1:
        size = kit.total(op("abs", x), axis, True)
    else:
        size = op("sqrt", kit.total(op("square", x), axis, True))
    return s.where(op("equal", size, 0.0), 0.0, x / size)


@lowering("LRN")
def _lrn(n: Any, x: Any) -> Any:
    size = n.int("size")
    alpha, beta, bias = n.float("alpha", 1e-4), n.float("beta", 0.75), n.float("bias", 1.0)
    before = (size - 1) // 2
    low = [before if i == 1 else 0 for i in range(x.ndim)]
    high = [size - 1 - before if i == 1 else 0 for i in range(x.ndim)]
    padded = s.pad(op("square", x), low, high, 0)
    total = kit.total(windows(padded, 1, size), x.ndim)
    return x / op("pow", total * (alpha / size) + bias, beta)
