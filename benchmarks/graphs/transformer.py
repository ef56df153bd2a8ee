"""Parts of transformer blocks."""

from __future__ import annotations

from typing import Any

import numpy as np


def softmax(x: Any) -> Any:
    """Softmax of rows."""
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def layer_norm(x: Any, gain: Any, shift: Any) -> Any:
    """Normalised rows."""
    d = x - x.mean(axis=-1, keepdims=True)
    return d / np.sqrt((d * d).mean(axis=-1, keepdims=True) + np.float32(1e-5)) * gain + shift


def gelu(x: Any) -> Any:
    """The tanh form, as BERT's first code has it."""
    inner = np.float32(0.7978845608) * (x + np.float32(0.044715) * x * x * x)
    return np.float32(0.5) * x * (np.float32(1) + np.tanh(inner))


def heads_of(x: Any, heads: int) -> Any:
    """[n, h * d] as [h, n, d]."""
    n, width = x.shape
    return x.reshape(n, heads, width // heads).transpose(1, 0, 2)


def attention(x: Any, wq: Any, wk: Any, wv: Any, wo: Any, mask: Any, heads: int) -> Any:
    """Self-attention with an additive mask."""
    q, k, v = heads_of(x @ wq, heads), heads_of(x @ wk, heads), heads_of(x @ wv, heads)
    scores = q @ k.transpose(0, 2, 1) * np.float32(1 / np.sqrt(q.shape[-1])) + mask
    mixed = softmax(scores) @ v
    return mixed.transpose(1, 0, 2).reshape(x.shape) @ wo
