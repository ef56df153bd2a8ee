"""NumPy's own functions on tensors: ``np.exp(x)`` and the like record BAFE's operators.

Functions are found in tables, by what they do: ``numpy_ufuncs``, ``numpy_statistics``,
``numpy_calculus``, ``numpy_shapes``, ``numpy_joins``, ``numpy_linear``, ``numpy_creation``. A
function that has no operator of its own is put together from those there are.
"""

from __future__ import annotations

import functools
from typing import Any, Callable

import numpy as np

from bafe import _core
from bafe import tracer as _t
from bafe.array_methods import ArrayMethods
from bafe.tracer import _place


def _unknown(name: str) -> Exception:
    return _core.TraceError(
        f"{_place()}numpy.{name}: BAFE cannot trace this function\n"
        "  fix: write it with BAFE's operators, or call it outside the jitted function"
    )


def as_tensor(value: Any) -> Any:
    """An array-like as a tensor of the trace; a lazy array stays one."""
    if isinstance(value, ArrayMethods):
        return value
    tracer = _t._state.tracer
    if tracer is not None:
        return tracer.lift(value)
    from bafe.lazy_array import lazy

    return lazy(value)


def no_size(name: str) -> Any:
    """TraceError for a result whose size depends on values."""
    raise _core.TraceError(
        f"{_place()}numpy.{name}: the size of the result depends on values\n"
        "  fix: keep the shape with np.where(mask, x, 0), compute it outside the jitted function, "
        "or make the argument a Python value with static_argnames"
    )


def write_out(out: Any, result: Any, name: str, where: Any = True) -> Any:
    """Put a result where ``out=`` says."""
    target = out[0] if isinstance(out, tuple) and len(out) == 1 else out
    if target is None:
        return result
    if not hasattr(target, "_write"):
        kind = type(target).__name__
        error = _core.TraceError(
            f"{_place()}numpy.{name}: out is a {kind} that the traced function did not make and "
            "was not given: writing there would happen once, not at every call\n"
            "  fix: pass it as an argument, which may be written, or return the result"
        )
        error.values_needed = True  # the function may have made it itself
        raise error
    if where is not True:
        result = np.where(where, result, target)
    target._write(result, "same_kind")
    return target


def apply_ufunc(ufunc: Any, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Record a ufunc call."""
    from bafe import numpy_ufuncs

    return numpy_ufuncs.apply(ufunc, method, inputs, dict(kwargs))


@functools.lru_cache(maxsize=1)
def _functions() -> dict[Any, Callable[..., Any]]:
    from bafe import (
        numpy_calculus,
        numpy_creation,
        numpy_joins,
        numpy_linear,
        numpy_shapes,
        numpy_statistics,
    )

    return {
        **numpy_creation.FUNCTIONS,
        **numpy_shapes.FUNCTIONS,
        **numpy_joins.FUNCTIONS,
        **numpy_statistics.FUNCTIONS,
        **numpy_linear.FUNCTIONS,
        **numpy_calculus.FUNCTIONS,
    }


def apply_function(func: Any, args: Any, kwargs: Any) -> Any:
    """Record a NumPy function call."""
    known = _functions().get(func)
    if known is None:
        raise _unknown(getattr(func, "__name__", str(func)))
    try:
        return known(*args, **kwargs)
    except TypeError as error:
        if isinstance(error, _core.BafeError):
            raise
        raise _unknown(func.__name__) from error


def by_name(table: dict[str, Callable[..., Any]], *homes: Any) -> dict[Any, Callable[..., Any]]:
    """A table by NumPy's functions; names that this NumPy lacks are left out."""
    out = {}
    for name, function in table.items():
        for home in homes:
            found = getattr(home, name, None)
            if found is not None:
                out[found] = function
                break
    return out
