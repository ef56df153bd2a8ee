"""``f.validation`` and ``f.error_bound``: why a compiled result may be trusted, and how far."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import _core, staging
from bafe.call import _Call, _trace
from bafe.surface import numpy_dtype


def validation(self: Any, *args: Any, **kwargs: Any) -> str:
    """Say what was compared before the compiled program for these arguments was trusted.

    The binary is run at the real sizes: on small integers that pass through without rounding, where
    every bit must be equal (and every row of a product is checked by a product with a drawn
    vector), and on floats, which must lie within the derived rounding bounds. Of large results the
    corners, the borders of tiles and drawn elements are computed one by one.

    Args:
        *args: arrays or ``ShapeDtype`` specs; what the background has begun is waited for.
        **kwargs: likewise.

    Returns:
        The record stored with the compiled program. A kernel for any size, or a program without a
        compiled kernel, says so.

    Example:
        >>> f = bafe.jit(lambda a, b: a @ b, tier="compiled")
        >>> a = np.ones((8, 8), "f4")
        >>> f.validation(a, a).split("; ")[0]
        'integers: all 64 elements equal in every bit'
    """
    call = _Call(self._options, args, kwargs)
    executable = staging.finished_record(self, call).executable
    record = _core.validation_record(executable.key)
    if record is not None:
        return str(record)
    if executable.interpreted:
        return "nothing was compiled: the interpreter is the meaning of the program"
    return "no entry in the cache: a kernel for any size was compared when it was made"


def error_bound(self: Any, *args: Any, **kwargs: Any) -> Any:
    """Bound how far rounding may move each element of the result from the exact real one.

    A running error bound of the program that the search chose, at these arguments: every operator
    adds its rounding (sums and products unit * terms * the same sum of absolute values) to what the
    errors of its operands can do to it, over the whole box of their bounds. Arguments count as
    exact. It holds for any order of the sums, any number of threads and any tiles.

    Args:
        *args: arrays.
        **kwargs: likewise.

    Returns:
        An array of float64 like the result, or a tuple of them in the order of the results; ``inf``
        where nothing can be said (behind a comparison that rounding may turn over, at a pole).

    Raises:
        TraceError: an argument is a ``ShapeDtype``.
        ValueError: the program holds an operator without such a rule (a solver, a loop), or asks
            for more than about 10^9 operations.

    Example:
        >>> f = bafe.jit(lambda a, b: a @ b)
        >>> a = np.ones((8, 8), "f4")
        >>> bool((f.error_bound(a, a) < 1e-5).all())
        True
    """
    call = _Call(self._options, args, kwargs)
    if not call.has_values:
        raise _core.TraceError(
            "error_bound: a ShapeDtype has no values to bound errors at\n  fix: pass arrays"
        )
    program, tracer = _trace(call)[:2]
    options = self._options.search["options"]
    arrays = [np.asarray(leaf) for leaf in [*call.leaves, *tracer.captured]]
    inputs = [
        np.ascontiguousarray(array.astype(numpy_dtype(dtype), copy=False)).reshape(shape)
        for array, (_, dtype, shape, _, _) in zip(arrays, program.inputs())
    ]
    bounds = _core.error_bound(
        _core.optimized(program, options), str(self._options.settings[0]), inputs
    )
    if bounds is None:
        raise ValueError(
            "error_bound: the program is too large, or holds an operator without an error bound\n"
            "  fix: ask with smaller arguments, or for the part before solve, cholesky, "
            "inv or a loop"
        )
    return bounds[0] if len(bounds) == 1 else tuple(bounds)
