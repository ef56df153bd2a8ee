"""``jit(verify=True)``: every result is compared with what the program means."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import _core, trees
from bafe.call import _Call, _trace
from bafe.surface import numpy_dtype
from bafe.tracer import _place

_ROUNDINGS = 4096.0  # of the largest value, where no bound is known


def run(call: _Call, record: Any, out: Any) -> Any:
    """Run a record, and the program as written in the interpreter; compare.

    Raises:
        CompileError: a result differs by more than rounding explains.
    """
    program, tracer, _, output_of_root = _trace(call)
    arrays = [np.asarray(leaf) for leaf in [*call.leaves, *tracer.captured]]
    inputs = [
        np.array(array.astype(numpy_dtype(dtype)), order="C").reshape(shape)  # writes come later
        for array, (_, dtype, shape, _, _) in zip(arrays, program.inputs())
    ]
    result = record.run(call.leaves, out)
    got: list[Any] = []
    trees.flatten(result, got)
    meant = meaning(program, inputs)
    allowed = _allowed(call, program, inputs, meant)
    for number, (value, root) in enumerate(zip(got, output_of_root)):
        _compare(call, number, np.asarray(value), meant[root], allowed[root])
    return result


def meaning(program: Any, inputs: list[np.ndarray]) -> list[np.ndarray]:
    """The results of the interpreter."""
    return list(program.evaluate(inputs))


def _allowed(
    call: _Call, program: Any, inputs: list[np.ndarray], meant: list[np.ndarray]
) -> list[Any]:
    """How far each element may lie from the interpreter's: both have rounded."""
    math = str(call.options.settings[0])
    chosen = _core.optimized(program, call.options.search["options"])
    bounds = [_core.error_bound(one, math, inputs) for one in (program, chosen)]
    if bounds[0] is not None and bounds[1] is not None:
        return [np.asarray(a) + np.asarray(b) for a, b in zip(*bounds)]
    largest = [np.max(np.abs(x), initial=0.0) for x in [*inputs, *meant] if x.dtype.kind == "f"]
    scale = float(max([x for x in largest if np.isfinite(x)], default=0.0))
    return [_ROUNDINGS * scale * _unit(one.dtype) for one in meant]


def _unit(dtype: np.dtype) -> float:
    return float(np.finfo(dtype).eps) if dtype.kind == "f" else 0.0


def _compare(call: _Call, number: int, got: np.ndarray, meant: np.ndarray, allowed: Any) -> None:
    if got.dtype.kind not in "f" or meant.dtype.kind not in "f":
        wrong = got != meant
    else:
        a, b = got.astype(np.float64), meant.astype(np.float64)
        with np.errstate(invalid="ignore"):
            near = np.abs(a - b) <= np.asarray(allowed) * (1 + 1e-6)
        wrong = ~(near | (a == b) | (np.isnan(a) & np.isnan(b)) | np.isinf(allowed))
    if not np.any(wrong):
        return
    at = tuple(int(i) for i in np.argwhere(wrong)[0])
    limit = float(np.broadcast_to(allowed, got.shape)[at])
    name = getattr(call.options.fn, "__name__", type(call.options.fn).__name__)
    raise _core.CompileError(
        f"{_place()}{name}: result {number} differs from what the program means\n"
        f"  element {list(at)}  {got[at]} instead of {meant[at]}; rounding explains {limit:.3g}\n"
        f"  {int(np.count_nonzero(wrong))} of {got.size} elements differ\n"
        "  fix: report it; until then bafe.jit(tier='interpreted') runs what the program means"
    )
