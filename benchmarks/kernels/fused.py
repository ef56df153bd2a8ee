"""Programs of several operators, f32: products with epilogues, long chains, row programs."""

from __future__ import annotations

from typing import Any

import numpy as np

from kernels import loops
from kernels.gemm import relu_bias
from kernels.program import Program, normal

MILLION = 1 << 20


def _mlp(xp: Any, x: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    return xp.maximum(x @ w1 + b1, 0) @ w2 + b2


def _torch_mlp(x: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    return (x @ w1 + b1).relu() @ w2 + b2


def _gate(xp: Any, a: Any, b: Any, c: Any, d: Any) -> Any:
    return 1 / (1 + xp.exp(-(a * b + c))) * xp.tanh(d) - a


def _torch_gate(a: Any, b: Any, c: Any, d: Any) -> Any:
    return (a * b + c).sigmoid() * d.tanh() - a


def _bafe_gate(a: Any, b: Any, c: Any, d: Any) -> Any:
    import bafe

    return bafe.sigmoid(a * b + c) * bafe.tanh(d) - a


def _jax_gate(a: Any, b: Any, c: Any, d: Any) -> Any:
    import jax

    return jax.nn.sigmoid(a * b + c) * jax.numpy.tanh(d) - a


def _softmax(xp: Any, x: Any) -> Any:
    e = xp.exp(x - xp.max(x, axis=-1, keepdims=True))
    return e / xp.sum(e, axis=-1, keepdims=True)


def _layer_norm(xp: Any, x: Any) -> Any:
    d = x - xp.mean(x, axis=-1, keepdims=True)
    return d / xp.sqrt(xp.mean(d * d, axis=-1, keepdims=True) + np.float32(1e-5))


def _torch_layer_norm(x: Any) -> Any:
    import torch

    return torch.nn.functional.layer_norm(x, x.shape[-1:])


def _jax_softmax(x: Any) -> Any:
    import jax

    return jax.nn.softmax(x, axis=-1)


def _attention(xp: Any, q: Any, k: Any, v: Any) -> Any:
    return _softmax(xp, q @ xp.transpose(k, (0, 2, 1)) * np.float32(0.125)) @ v


def _torch_attention(q: Any, k: Any, v: Any) -> Any:
    import torch

    return torch.nn.functional.scaled_dot_product_attention(q, k, v)


def _jax_attention(q: Any, k: Any, v: Any) -> Any:
    import jax

    return jax.nn.softmax(q @ k.transpose(0, 2, 1) * np.float32(0.125), axis=-1) @ v


def _bafe_gelu_mlp(x: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    import bafe

    return bafe.gelu(x @ w1 + b1) @ w2 + b2


def _numpy_gelu_mlp(xp: Any, x: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    """NumPy has no erf: SciPy's, the fastest at hand."""
    from scipy.special import erf

    h = x @ w1 + b1
    return (h * (erf(h * h.dtype.type(2**-0.5)) + 1) * h.dtype.type(0.5)) @ w2 + b2


def _jax_gelu_mlp(x: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    import jax

    return jax.nn.gelu(x @ w1 + b1, approximate=False) @ w2 + b2


def _torch_gelu_mlp(x: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    import torch

    return torch.nn.functional.gelu(x @ w1 + b1) @ w2 + b2


def _layers(rows: int, *widths: int) -> tuple[np.ndarray, ...]:
    out = [normal(rows, widths[0])]
    for inner, outer in zip(widths, widths[1:]):
        out += [normal(inner, outer) / np.float32(inner**0.5), normal(outer)]
    return tuple(out)


def _flat(count: int, arrays: int) -> tuple[np.ndarray, ...]:
    return tuple(normal(count, seed=s) for s in range(arrays))


def _square_sums(axis: int, title: str, loop: Any) -> Program:
    return Program(
        "fused",
        f"{title} sums of squares 4096x4096",
        lambda: (normal(4096, 4096),),
        lambda xp, x: (x * x).sum(axis),
        {"numba": loop},
        depth=4096,
    )


PROGRAMS = [
    *(relu_bias("fused", n) for n in (64, 256, 1024)),
    Program(
        "fused",
        "matmul 4096x64x4096",
        lambda: (normal(4096, 64), normal(64, 4096)),
        lambda xp, a, b: a @ b,
        flops=2.0 * 4096 * 64 * 4096,
        depth=64,
        compiled=False,
    ),
    Program(
        "fused",
        "MLP 64x784x512x10",
        lambda: _layers(64, 784, 512, 10),
        _mlp,
        {"torch": _torch_mlp},
        flops=2.0 * 64 * (784 * 512 + 512 * 10),
        depth=784,
    ),
    Program(
        "fused",
        "sigmoid(ab+c)tanh(d)-a 4M",
        lambda: _flat(4 * MILLION, 4),
        _gate,
        {"torch": _torch_gate, "bafe": _bafe_gate, "jax": _jax_gate, "numba": loops.gate},
    ),
    Program(
        "fused",
        "relu(ab+a) 16M",
        lambda: _flat(16 * MILLION, 2),
        lambda xp, a, b: xp.maximum(a * b + a, 0),
        {"torch": lambda a, b: (a * b + a).relu(), "numba": loops.relu_chain},
    ),
    _square_sums(0, "column", loops.column_squares),
    _square_sums(1, "row", loops.row_squares),
    Program(
        "fused",
        "softmax 4096x1024",
        lambda: (normal(4096, 1024),),
        _softmax,
        {"torch": lambda x: x.softmax(-1), "jax": _jax_softmax, "numba": loops.softmax},
        depth=1024,
    ),
    Program(
        "fused",
        "layer norm 4096x1024",
        lambda: (normal(4096, 1024),),
        _layer_norm,
        {"torch": _torch_layer_norm, "numba": loops.layer_norm},
        depth=1024,
    ),
    Program(
        "fused",
        "attention 8x512x64",
        lambda: tuple(normal(8, 512, 64, seed=s) for s in range(3)),
        _attention,
        {"torch": _torch_attention, "jax": _jax_attention},
        flops=2.0 * 8 * 512 * 512 * 64 * 2,
        depth=512,
    ),
    Program(
        "fused",
        "GELU-MLP 256x768x3072",
        lambda: _layers(256, 768, 3072, 768),
        _numpy_gelu_mlp,
        {"torch": _torch_gelu_mlp, "jax": _jax_gelu_mlp, "bafe": _bafe_gelu_mlp},
        flops=2.0 * 256 * 768 * 3072 * 2,
        depth=3072,
    ),
]
