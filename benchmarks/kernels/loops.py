"""Numba's wording, as loops: each function takes the module and whether to use its threads."""

from __future__ import annotations

import math
from typing import Any

import numpy as np


def _compile(nb: Any, parallel: bool, function: Any) -> Any:
    # fastmath lets LLVM vectorise sums: Numba at its best, though it promises less than BAFE.
    return nb.njit(parallel=parallel, fastmath=True)(function)


def gate(nb: Any, parallel: bool) -> Any:
    """sigmoid(ab+c)tanh(d)-a."""
    prange, one = nb.prange, np.float32(1)

    def run(a: Any, b: Any, c: Any, d: Any) -> Any:
        out = np.empty_like(a)
        for i in prange(a.size):
            out[i] = one / (one + math.exp(-(a[i] * b[i] + c[i]))) * math.tanh(d[i]) - a[i]
        return out

    return _compile(nb, parallel, run)


def relu_chain(nb: Any, parallel: bool) -> Any:
    """relu(ab+a)."""
    prange, zero = nb.prange, np.float32(0)

    def run(a: Any, b: Any) -> Any:
        out = np.empty_like(a)
        for i in prange(a.size):
            out[i] = max(a[i] * b[i] + a[i], zero)
        return out

    return _compile(nb, parallel, run)


def column_squares(nb: Any, parallel: bool) -> Any:
    """Sums of squares down the columns, by strips of columns."""
    prange, width = nb.prange, 1024

    def run(x: Any) -> Any:
        out = np.zeros(x.shape[1], x.dtype)
        for strip in prange((x.shape[1] + width - 1) // width):
            low, high = strip * width, min((strip + 1) * width, x.shape[1])
            for i in range(x.shape[0]):
                for j in range(low, high):
                    out[j] += x[i, j] * x[i, j]
        return out

    return _compile(nb, parallel, run)


def row_squares(nb: Any, parallel: bool) -> Any:
    """Sums of squares along the rows."""
    prange = nb.prange

    def run(x: Any) -> Any:
        out = np.empty(x.shape[0], x.dtype)
        for i in prange(x.shape[0]):
            total = x.dtype.type(0)
            for j in range(x.shape[1]):
                total += x[i, j] * x[i, j]
            out[i] = total
        return out

    return _compile(nb, parallel, run)


def softmax(nb: Any, parallel: bool) -> Any:
    """Softmax of the rows."""
    prange = nb.prange

    def run(x: Any) -> Any:
        out = np.empty_like(x)
        for i in prange(x.shape[0]):
            top = x[i, 0]
            for j in range(1, x.shape[1]):
                top = max(top, x[i, j])
            total = x.dtype.type(0)
            for j in range(x.shape[1]):
                out[i, j] = math.exp(x[i, j] - top)
                total += out[i, j]
            for j in range(x.shape[1]):
                out[i, j] /= total
        return out

    return _compile(nb, parallel, run)


def layer_norm(nb: Any, parallel: bool) -> Any:
    """Layer norm of the rows."""
    prange, small = nb.prange, np.float32(1e-5)

    def run(x: Any) -> Any:
        out, count = np.empty_like(x), x.dtype.type(x.shape[1])
        for i in prange(x.shape[0]):
            total = x.dtype.type(0)
            for j in range(x.shape[1]):
                total += x[i, j]
            mean, square = total / count, x.dtype.type(0)
            for j in range(x.shape[1]):
                square += (x[i, j] - mean) * (x[i, j] - mean)
            scale = x.dtype.type(1) / math.sqrt(square / count + small)
            for j in range(x.shape[1]):
                out[i, j] = (x[i, j] - mean) * scale
        return out

    return _compile(nb, parallel, run)
