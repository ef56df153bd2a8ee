"""Matrix products, contractions and Fourier transforms."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import surface as s
from bafe.onnx import kit
from bafe.onnx.registry import lowering
from bafe.subscripts import einsum
from bafe.tracer import Constant

_MOST_POINTS = 8192  # of a Fourier transform, which is a product with a matrix


@lowering("MatMul")
def _matmul(n: Any, a: Any, b: Any) -> Any:
    return kit.like(s.matmul(a, b), a)


@lowering("Gemm")
def _gemm(n: Any, a: Any, b: Any, c: Any = None) -> Any:
    alpha, beta = n.float("alpha", 1.0), n.float("beta", 1.0)
    n.int("broadcast", 0)  # before version 7
    a = s.transpose(a, (1, 0)) if n.int("transA", 0) else a
    b = s.transpose(b, (1, 0)) if n.int("transB", 0) else b
    out = s.matmul(a, b)
    if not kit.is_float(a) and not (alpha.is_integer() and beta.is_integer()):
        n.refuse(f"alpha {alpha} and beta {beta} of integers are not supported", "use floats")
    if alpha != 1.0:
        out = out * (alpha if kit.is_float(a) else int(alpha))
    if c is None or beta == 0.0:
        return out
    if beta != 1.0:
        c = c * (beta if kit.is_float(a) else int(beta))
    return out + c


@lowering("MatMulInteger", since=10)
def _matmul_integer(n: Any, a: Any, b: Any, a_zero: Any = None, b_zero: Any = None) -> Any:
    left, right = s.cast(a, "int32"), s.cast(b, "int32")
    if a_zero is not None:
        zero = s.cast(a_zero, "int32")
        left = left - (s.expand_dims(zero, 1) if zero.ndim == 1 and zero.shape[0] > 1 else zero)
    if b_zero is not None:
        right = right - s.cast(b_zero, "int32")
    return s.cast(s.matmul(left, right), "int32")


@lowering("Einsum", since=12)
def _einsum(n: Any, *operands: Any) -> Any:
    equation = n.text("equation", "").replace(" ", "")
    return kit.like(einsum(_spelled(n, equation, operands), *operands), operands[0])


def _spelled(n: Any, equation: str, operands: Any) -> str:
    """An equation without an ellipsis, and with its result."""
    left, arrow, right = equation.partition("->")
    terms = left.split(",")
    if len(terms) != len(operands):
        n.malformed(f"{len(operands)} operands for {equation!r}")
    if not arrow:
        used = "".join(terms).replace(".", "")
        right = "..." * ("..." in left) + "".join(
            sorted(c for c in set(used) if used.count(c) == 1)
        )
    if "..." not in left:
        return f"{left}->{right}"
    free = [c for c in "ZYXWVUTSRQPONMLKJIHGFEDCBAzyxwvutsrqponmlkjihgfedcba" if c not in equation]
    ranks = [x.ndim - len(t.replace("...", "")) for t, x in zip(terms, operands) if "..." in t]
    if len(set(ranks)) != 1 or not 0 <= ranks[0] <= len(free):
        n.refuse(
            "an ellipsis that stands for different numbers of axes is not supported",
            "write the axes as letters",
        )
    letters = "".join(free[: ranks[0]])
    return f"{','.join(terms)}->{right}".replace("...", letters)


@lowering("DFT", since=20)
def _dft(n: Any, x: Any, length: Any = None, axis: Any = None) -> Any:
    value = -2 if axis is None else n.known_ints(axis)[0]
    return _transformed(n, x, length, value)


@lowering("DFT", since=17)
def _old_dft(n: Any, x: Any, length: Any = None) -> Any:
    return _transformed(n, x, length, n.int("axis", 1))


def _transformed(n: Any, x: Any, length: Any, axis: int) -> Any:
    at = n.axis(axis, x.ndim)
    inverse, one_sided = n.int("inverse", 0), n.int("onesided", 0)
    if at == x.ndim - 1 or x.shape[-1] not in (1, 2):
        n.malformed(f"axis {axis} of a value of shape {list(x.shape)}")
    if inverse and one_sided:
        n.refuse("a one-sided inverse is not supported", "use two-sided transforms")
    points = x.shape[at] if length is None else n.known_ints(length)[0]
    if not 0 < points <= _MOST_POINTS:
        n.refuse(f"{points} points; at most {_MOST_POINTS} are supported")
    have = min(points, x.shape[at])
    x = kit.part(x, at, 0, have)
    results = points // 2 + 1 if one_sided else points
    angles = np.outer(np.arange(have), np.arange(results)) % points * (2 * np.pi / points)
    scale = 1.0 / points if inverse else 1.0
    turn = 1.0 if inverse else -1.0
    cos, sin = (Constant((f(angles) * scale).astype(x.dtype)) for f in (np.cos, np.sin))
    order = [i for i in range(x.ndim - 1) if i != at] + [at]
    parts = [s.transpose(x[..., i], order) for i in range(x.shape[-1])]
    real, imag = s.matmul(parts[0], cos), s.matmul(parts[0], sin) * turn
    if len(parts) == 2:
        real = real - s.matmul(parts[1], sin) * turn
        imag = imag + s.matmul(parts[1], cos)
    back = [order.index(i) for i in range(x.ndim - 1)]
    return s.stack([s.transpose(real, back), s.transpose(imag, back)], -1)
