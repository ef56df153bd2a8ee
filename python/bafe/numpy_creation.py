"""NumPy's functions that make arrays like others, and what can be asked of an array's type."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import surface as s
from bafe import tracer as _t
from bafe.memory_views import copied_strides
from bafe.numpy_protocol import as_tensor, by_name, write_out


def filled(shape: Any, value: Any, dtype: Any) -> Any:
    """A new array of one value: memory of the traced function's own."""
    sizes = tuple(shape) if np.iterable(shape) else (shape,)
    if _t._state.tracer is None:
        return np.full(sizes, value, dtype)
    exact = np.empty((), dtype)
    exact[()] = value
    made = s.full(sizes, exact.item(), np.dtype(dtype))
    made._is_scalar = False
    return made


def _like(value: Any) -> Any:
    def apply(
        a: Any, dtype: Any = None, order: Any = "K", subok: Any = True, shape: Any = None, **kw: Any
    ) -> Any:
        x = as_tensor(a)
        made = filled(x.shape if shape is None else shape, value, dtype or x.dtype)
        return _ordered(made, x, order)

    return apply


def _full_like(
    a: Any,
    fill_value: Any,
    dtype: Any = None,
    order: Any = "K",
    subok: Any = True,
    shape: Any = None,
) -> Any:
    x = as_tensor(a)
    size, kind = x.shape if shape is None else shape, dtype or x.dtype
    if isinstance(fill_value, (bool, int, float)):
        return _ordered(filled(size, fill_value, kind), x, order)
    made: Any = np.broadcast_to(as_tensor(fill_value).astype(kind), size)
    return _ordered(made._copied("C"), x, order)


def _ordered(made: Any, like: Any, order: Any) -> Any:
    """Memory as ``order`` says; an array of another rank is row-major."""
    if hasattr(made, "_strides") and hasattr(like, "_strides"):
        if made.shape == like.shape:
            made._strides = copied_strides(like, str(order).upper())
        elif made.ndim == like.ndim or order in ("F", "f"):
            made._strides = copied_strides(made, "F") if order in ("F", "f") else None
    return made


def _copy(a: Any, order: Any = "K", subok: Any = False) -> Any:
    return as_tensor(a)._copied(str(order).upper())


def _copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    value = src if where is True else np.where(where, src, dst)
    write_out(dst, as_tensor(value), "copyto")


def _result_type(*values: Any) -> Any:
    return np.result_type(*(v.dtype if hasattr(v, "tracer") else v for v in values))


def _can_cast(from_: Any, to: Any, casting: str = "safe") -> Any:
    kinds: list[Any] = [v.dtype if hasattr(v, "dtype") else v for v in (from_, to)]
    rule: Any = casting
    return np.can_cast(kinds[0], kinds[1], rule)


FUNCTIONS = by_name(
    {
        "zeros_like": _like(0),
        "ones_like": _like(1),
        "empty_like": _like(0),
        "full_like": _full_like,
        "copy": _copy,
        "copyto": _copyto,
        "shape": lambda a: a.shape,
        "ndim": lambda a: a.ndim,
        "size": lambda a, axis=None: a.size if axis is None else a.shape[axis],
        "result_type": _result_type,
        "can_cast": _can_cast,
        "may_share_memory": lambda a, b, max_work=None: _shares(a, b),
        "shares_memory": lambda a, b, max_work=None: _shares(a, b),
    },
    np,
)


def _shares(a: Any, b: Any) -> bool:
    return getattr(a, "_storage", 0) is getattr(b, "_storage", 1)
