"""Linear-algebra awareness: expressions whose best evaluation needs algebra, as users write them.

After the Linear Algebra Awareness Benchmark (Sankaran, Alashti, Psarras, Bientinesi 2022),
n = 1000, f32, one thread. For every expression three evaluations are timed in turns on the same
arrays: what a library makes of it, the best by hand with BLAS (``best``), and the bad (``bad``),
which knows no algebra: products from left to right, every one dense, common parts computed again.

    loss = max(0, t - t_best) / (t_bad - t_best)

is the part of the avoidable slowdown that is left: 0 is as fast as the hand, 1 as slow as the bad
evaluation, more than 1 slower still. The slowdowns against the best are t / t_best - 1 and
t_bad / t_best - 1; the loss is their quotient. Where the bad evaluation is less than 5 % slower
there is nothing to avoid, and the loss is t / t_best - 1. An expression passes with at most 0.05.
All results are compared with the expression in double before anything is timed.
"""

from __future__ import annotations

import functools
from typing import Any, Callable, NamedTuple

import numpy as np
from kernels.program import Program, normal
from kernels.structured import block_diagonal, block_diagonal_by_hand

N = 1000
PASSING, PROMISED_MEAN = 0.05, 0.03


class Expression(NamedTuple):
    """``run(xp, …)`` as a user writes it; ``best`` and ``bad`` by hand with NumPy and BLAS."""

    name: str
    shapes: str  # a letter an argument: M is n x n, v has n elements, B is n/2 x n/2
    run: Callable[..., Any]
    best: Callable[..., Any]
    bad: Callable[..., Any]


def _blas() -> Any:
    from scipy.linalg import blas

    return blas


def _tridiagonal(a: Any, b: Any) -> Any:
    middle, low, high = (np.diagonal(a, k)[:, None] for k in (0, -1, 1))
    out = middle * b
    out[1:] += low * b[:-1]
    out[:-1] += high * b[1:]
    return out


def _dense(a: Any) -> Any:
    """A copy with its own memory: BLAS then cannot know what it is a transpose of."""
    return np.array(a, order="C", copy=True)


def _square(s: Any) -> Any:
    return s.T @ s  # NumPy calls BLAS's symmetric product for this


def _loop(xp: Any, a: Any, b: Any, y: Any) -> Any:
    for _ in range(3):
        y = xp.tanh((a @ b) * y)
    return y


def _loop_by_hand(a: Any, b: Any, y: Any) -> Any:
    p = a @ b
    out = np.multiply(p, y)
    np.tanh(out, out=out)
    for _ in range(2):
        np.multiply(p, out, out=out)
        np.tanh(out, out=out)
    return out


EXPRESSIONS = (
    Expression(
        "AᵀB",
        "MM",
        lambda xp, a, b: a.T @ b,
        lambda a, b: a.T @ b,
        lambda a, b: _dense(a.T) @ b,
    ),
    Expression(
        "LB",
        "MM",
        lambda xp, a, b: xp.tril(a) @ b,
        lambda a, b: _blas().strmm(1.0, a.T, b.T, side=1, lower=0).T,
        lambda a, b: np.tril(a) @ b,
    ),
    Expression(
        "AAᵀ",
        "M",
        lambda xp, a: a @ a.T,
        lambda a: a @ a.T,
        lambda a: a @ _dense(a.T),
    ),
    Expression(
        "TB",
        "MM",
        lambda xp, a, b: xp.triu(xp.tril(a, 1), -1) @ b,
        _tridiagonal,
        lambda a, b: np.triu(np.tril(a, 1), -1) @ b,
    ),
    Expression(
        "AᵀB+AᵀB",
        "MM",
        lambda xp, a, b: a.T @ b + a.T @ b,
        lambda a, b: _blas().sgemm(2.0, b.T, a.T, trans_b=1).T,
        lambda a, b: a.T @ b + a.T @ b,
    ),
    Expression(
        "(AᵀB)ᵀ(AᵀB)",
        "MM",
        lambda xp, a, b: (a.T @ b).T @ (a.T @ b),
        lambda a, b: _square(a.T @ b),
        lambda a, b: (a.T @ b).T @ (a.T @ b),
    ),
    Expression(
        "(AᵀB)ᵀAᵀB",
        "MM",
        lambda xp, a, b: (a.T @ b).T @ a.T @ b,
        lambda a, b: _square(a.T @ b),
        lambda a, b: (a.T @ b).T @ a.T @ b,
    ),
    Expression(
        "AᵀBAᵀBy",
        "MMv",
        lambda xp, a, b, y: a.T @ b @ a.T @ b @ y,
        lambda a, b, y: a.T @ (b @ (a.T @ (b @ y))),
        lambda a, b, y: a.T @ b @ a.T @ b @ y,
    ),
    Expression(
        "HᵀHx",
        "Mv",
        lambda xp, h, x: h.T @ h @ x,
        lambda h, x: h.T @ (h @ x),
        lambda h, x: h.T @ _dense(h) @ x,
    ),
    Expression(
        "yᵀHᵀH",
        "Mv",
        lambda xp, h, y: y @ h.T @ h,
        lambda h, y: (y @ h.T) @ h,
        lambda h, y: y @ (h.T @ h),
    ),
    Expression(
        "HᵀyxᵀH",
        "Mvv",
        lambda xp, h, x, y: h.T @ y[:, None] @ x[None, :] @ h,
        lambda h, x, y: np.multiply.outer(h.T @ y, x @ h),
        lambda h, x, y: np.multiply.outer(h.T @ y, x) @ h,
    ),
    Expression(
        "AB+AC",
        "MMM",
        lambda xp, a, b, c: a @ b + a @ c,
        lambda a, b, c: a @ (b + c),
        lambda a, b, c: a @ b + a @ c,
    ),
    Expression(
        "(A−HᵀH)x",
        "MMv",
        lambda xp, a, h, x: (a - h.T @ h) @ x,
        lambda a, h, x: a @ x - h.T @ (h @ x),
        lambda a, h, x: (a - h.T @ h) @ x,
    ),
    Expression(
        "BᵀAAᵀB",
        "MM",
        lambda xp, a, b: b.T @ a @ a.T @ b,
        lambda a, b: _square(a.T @ b),
        lambda a, b: b.T @ a @ a.T @ b,
    ),
    Expression(
        "block-diagonal times dense",
        "BBM",
        block_diagonal,
        block_diagonal_by_hand,
        functools.partial(block_diagonal, np),
    ),
    Expression(
        "a product in an unrolled loop",
        "MMM",
        _loop,
        _loop_by_hand,
        functools.partial(_loop, np),
    ),
    Expression(
        "(A+B)[2,2]",
        "MM",
        lambda xp, a, b: (a + b)[2, 2],
        lambda a, b: a[2, 2] + b[2, 2],
        lambda a, b: (a + b)[2, 2],
    ),
    Expression(
        "(AB)[2,2]",
        "MM",
        lambda xp, a, b: (a @ b)[2, 2],
        lambda a, b: a[2] @ b[:, 2],
        lambda a, b: (a @ b)[2, 2],
    ),
)


def program_of(expression: Expression) -> Program:
    """Give the expression as a program of the kernels' benchmark."""
    shapes = {"M": (N, N), "v": (N,), "B": (N // 2, N // 2)}

    def arrays() -> tuple[np.ndarray, ...]:
        given = [shapes[letter] for letter in expression.shapes]
        return tuple(normal(*shape, seed=i) / np.float32(N**0.25) for i, shape in enumerate(given))

    return Program("laab", expression.name, arrays, expression.run, depth=3 * N)


def loss(us: float, best_us: float, bad_us: float) -> float:
    """Give the part of the avoidable slowdown that is left, as the head of this file defines it."""
    avoidable = bad_us - best_us
    if (
        avoidable < 0.05 * best_us
    ):  # the bad evaluation is no slower: nothing but the best to compare
        avoidable = best_us
    return max(0.0, us - best_us) / avoidable


def measure(expression: Expression, names: set[str], rounds: int, limit_s: float) -> dict[str, Any]:
    """Compare all results, time all in turns; give microseconds and losses by name."""
    from bafe.testing import largest_error
    from kernels.case import reference
    from kernels.peers import calls_of
    from kernels.program import tolerance
    from kernels.quiet import quiet
    from kernels.rounds import time_in_turns

    program = program_of(expression)
    arrays = program.arrays()
    calls = {
        "best": functools.partial(expression.best, *arrays),
        "bad": functools.partial(expression.bad, *arrays),
        **calls_of(program, arrays, 1, names),
    }
    want, allowed = reference(program, arrays), tolerance(program, np.dtype(np.float32))
    for name, call in calls.items():
        error = float(largest_error(np.asarray(call()), want))
        assert error <= allowed, f"{expression.name}: {name} errs by {error:.1e}, not {allowed:.1e}"
    with quiet():
        us = time_in_turns(calls, 1, rounds, limit_s)
    losses = {name: loss(us[name], us["best"], us["bad"]) for name in calls if name in names}
    return {"name": expression.name, "us": us, "losses": losses}
