"""Differences, integrals, covariances and comparisons of NumPy on tensors."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import tracer as _t
from bafe.numpy_protocol import _unknown, as_tensor, by_name
from bafe.tracer import _indices


def _axis(axis: Any) -> Any:
    return None if axis is None else _indices("axis", "axis", axis)


def _diff(
    a: Any, n: int = 1, axis: int = -1, prepend: Any = np._NoValue, append: Any = np._NoValue
) -> Any:
    x = as_tensor(a)
    axis = axis % x.ndim
    parts = []
    for extra in (prepend, x, append):
        if extra is np._NoValue:
            continue
        part = as_tensor(extra)
        if not part.shape:
            part = np.broadcast_to(part, x.shape[:axis] + (1,) + x.shape[axis + 1 :])
        parts.append(part)
    x = np.concatenate(parts, axis) if len(parts) > 1 else x
    head: Any = (slice(None),) * axis
    for _ in range(n):
        high, low = x[head + (slice(1, None),)], x[head + (slice(None, -1),)]
        x = (high != low) if x.dtype.kind == "b" else high - low
    return x


def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    values = as_tensor(y)
    axis = axis % values.ndim
    head: Any = (slice(None),) * axis
    step: Any = dx
    if x is not None:
        step = np.diff(as_tensor(x), axis=-1 if np.ndim(x) == 1 else axis)
        if np.ndim(x) == 1:
            step = step.reshape((1,) * axis + (-1,) + (1,) * (values.ndim - axis - 1))
    both = values[head + (slice(1, None),)] + values[head + (slice(None, -1),)]
    return (step * both / 2.0).sum(axis=axis)


def _allclose(
    a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    return _truth("allclose") and _isclose(a, b, rtol, atol, equal_nan).all()


def _isclose(
    a: Any, b: Any, rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False
) -> Any:
    x, y = as_tensor(a), as_tensor(b)
    finite = np.isfinite(x) & np.isfinite(y)
    near = np.abs(x - y) <= atol + rtol * np.abs(y)
    result = np.where(finite, near, x == y)
    return result | (np.isnan(x) & np.isnan(y)) if equal_nan else result


def _gradient(f: Any, *spacing: Any, axis: Any = None, edge_order: int = 1) -> Any:
    x = as_tensor(f)
    x = x if x.dtype.kind == "f" else x.astype(np.float64)
    axes = range(x.ndim) if axis is None else [i % x.ndim for i in _axis(axis)]
    steps = list(spacing) * (len(axes) if len(spacing) == 1 else 1) or [1.0] * len(axes)
    if edge_order != 1 or any(np.ndim(step) for step in steps):
        raise _unknown("gradient with coordinates or edge_order=2")
    out = []
    for i, step in zip(axes, steps):
        head: Any = (slice(None),) * i

        def cut(start: Any, stop: Any, head: Any = head) -> Any:
            return x[head + (slice(start, stop),)]

        first = (cut(1, 2) - cut(0, 1)) / step
        last = (cut(-1, None) - cut(-2, -1)) / step
        middle = (cut(2, None) - cut(None, -2)) / (2.0 * step)
        out.append(np.concatenate([first, middle, last], i))
    return out[0] if len(out) == 1 else tuple(out)


def _sinc(x: Any) -> Any:
    angle = np.pi * as_tensor(x)
    safe = np.where(angle == 0, 1.0, angle)
    return np.where(angle == 0, 1.0, np.sin(safe) / safe)


def _nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    given = as_tensor(x)
    if given.dtype.kind != "f":
        return given._copied()
    info = np.finfo(given.dtype)
    high = float(info.max) if posinf is None else posinf
    low = float(info.min) if neginf is None else neginf
    infinite = np.isinf(given)
    value = np.where(np.isnan(given), nan, np.where(infinite & (given > 0), high, given))
    value = np.where(infinite & (given < 0), low, value).astype(given.dtype)
    if not copy:
        given._write(value)
        return given
    return value


def _cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: Any = None, **kw: Any
) -> Any:
    if kw.get("fweights") is not None or kw.get("aweights") is not None:
        raise _unknown("cov with weights")
    x = as_tensor(m)
    x = x if x.dtype.kind == "f" and kw.get("dtype") is None else x.astype(kw.get("dtype") or float)
    x = np.atleast_2d(x)
    x = x.T if not rowvar and x.shape[0] != 1 else x
    if y is not None:
        other = np.atleast_2d(as_tensor(y).astype(x.dtype))
        x = np.concatenate([x, other.T if not rowvar and other.shape[0] != 1 else other], 0)
    ddof = ddof if ddof is not None else 0 if bias else 1
    centred = x - x.mean(axis=1, keepdims=True)
    return np.squeeze(centred @ centred.T / float(x.shape[1] - ddof))


def _corrcoef(x: Any, y: Any = None, rowvar: bool = True, **kw: Any) -> Any:
    c = _cov(x, y, rowvar, dtype=kw.get("dtype"))
    if c.ndim == 0:
        return c / c
    d = np.sqrt(np.diagonal(c))
    return np.clip(c / d[:, None] / d[None, :], -1, 1)


def _array_equal(a1: Any, a2: Any, equal_nan: bool = False) -> Any:
    x, y = as_tensor(a1), as_tensor(a2)
    if x.shape != y.shape:
        return False
    same = x == y
    return (
        _truth("array_equal") and (same | (np.isnan(x) & np.isnan(y)) if equal_nan else same).all()
    )


def _truth(name: str) -> bool:
    """A lazy array's truth is asked for at once: its values are computed."""
    if _t._state.tracer is None:
        raise _unknown(name)
    return True


FUNCTIONS = by_name(
    {
        "cov": _cov,
        "corrcoef": _corrcoef,
        "diff": _diff,
        "ediff1d": lambda ary: np.diff(as_tensor(ary).ravel()),
        "trapezoid": _trapezoid,
        "trapz": _trapezoid,
        "allclose": _allclose,
        "isclose": _isclose,
        "gradient": _gradient,
        "sinc": _sinc,
        "nan_to_num": _nan_to_num,
        "array_equal": _array_equal,
    },
    np,
)
