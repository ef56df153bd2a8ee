"""Small programs that ``demo``, ``bench`` and the self-test of ``doctor`` run beside NumPy."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

import numpy as np


class Case(NamedTuple):
    """A program with its arguments and the error that rounding may leave."""

    title: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    tolerance: float = 2e-5


def softmax(x: Any) -> Any:
    """Of each row."""
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def layer_norm(x: Any, g: Any, b: Any) -> Any:
    """Of each row."""
    d = x - x.mean(axis=1, keepdims=True)
    return d / np.sqrt((d * d).mean(axis=1, keepdims=True) + 1e-5) * g + b


def chain(a: Any, b: Any, c: Any) -> Any:
    """Element by element: one pass over memory does."""
    return np.maximum(a * b + c, 0) * 0.5 - np.abs(a) * c + b


def dense(a: Any, b: Any, c: Any) -> Any:
    """A layer of a network."""
    return np.maximum(a @ b + c, 0)


def cases(n: int) -> list[Case]:
    """The programs at a size that ``n`` rows stand for: 32 for tests, 512 to look at."""
    rng = np.random.default_rng(7)

    def normal(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(np.float32)

    a, b, c, v = normal(n, n), normal(n, n), normal(n, n), normal(n, 1)
    flat = [normal(16 * n * n) for _ in range(3)]
    return [
        Case("a * b + a, 16 elements", lambda a, b: a * b + a, (normal(16), normal(16))),
        Case(f"relu(A@B + C), {n}", dense, (a, b, c)),
        Case(f"(A@B)@v, {n}", lambda a, b, v: (a @ b) @ v, (a, b, v), 2e-4),
        Case(f"A@B + A@C, {n}", lambda a, b, c: a @ b + a @ c, (a, b, c)),
        Case(f"sum(A@B), {n}", lambda a, b: (a @ b).sum(), (a, b), 2e-3),
        Case(f"element-wise chain, {16 * n * n}", chain, tuple(flat)),
        Case(f"softmax, {4 * n}x{n}", softmax, (normal(4 * n, n),)),
        Case(f"layer norm, {4 * n}x{n}", layer_norm, (normal(4 * n, n), normal(n), normal(n))),
    ]
