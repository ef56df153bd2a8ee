"""Sums of products over named axes."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import _core
from bafe import tracer as _t
from bafe.tracer import _place


def _letters(operands: tuple[Any, ...]) -> tuple[str, list[Any]]:
    """NumPy's other form, operands with lists of axis numbers, as an equation."""

    def text(axes: Any) -> str:
        out = ""
        for axis in axes:
            if axis is Ellipsis:
                out += "..."
            elif isinstance(axis, (int, np.integer)) and 0 <= axis < 52:
                out += chr(ord("A") + axis) if axis < 26 else chr(ord("a") + axis - 26)
            else:
                raise _core.ShapeError(
                    f"{_place()}einsum: {axis!r} is no axis number\n"
                    "  fix: number the axes from 0 to 51"
                )
        return out

    inputs = operands[1 : len(operands) // 2 * 2 : 2]
    equation = ",".join(text(axes) for axes in inputs)
    if len(operands) % 2:
        equation += "->" + text(operands[-1])
    return equation, list(operands[: len(operands) // 2 * 2 : 2])


def einsum(equation: Any, *operands: Any) -> Any:
    """Sum products over named axes, as ``numpy.einsum``.

    Letters that the result does not name are summed. A letter twice in one operand takes its
    diagonal, ``...`` stands for leading axes. More than two operands are contracted two at a time
    in the cheapest order. The result has the operands' common dtype.

    Raises:
        ShapeError: the equation does not fit the operands.

    Example:
        >>> bafe.einsum("ij,kj->ik", np.ones((2, 3)), np.ones((1, 3)))
        array([[3.],
               [3.]])
    """
    if not isinstance(equation, str):
        equation, arrays = _letters((equation, *operands))
    else:
        arrays = list(operands)
    loc = _t.user_loc()
    if not arrays:
        raise _core.ShapeError(
            f"{_place()}einsum: no operands are given\n  fix: give at least one array"
        )
    return _t._record(arrays, lambda t, ids: t.trace.einsum(equation, ids, loc))
