"""``bafe.input``: symbolic inputs, and parameters declared anew inside a traced function."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import _core
from bafe import tracer as _t
from bafe.surface import numpy_dtype
from bafe.tensor import Tensor
from bafe.tracer import Axes, DTypeLike, _place


def input(  # noqa: A001 - the name is BAFE 0.1's
    shape: Axes,
    dtype: DTypeLike = "float32",
    name: str = "x",
    layout: str = "row",
    structure: str | None = None,
) -> Tensor:
    """Declare an input.

    Inside a traced function it re-declares the parameter of that name (else the next one): the
    values never change, an
    array stored otherwise is read by strides or converted. Outside it makes a symbolic input for
    ``optimize``.

    ``structure`` says which part of a matrix counts: ``lower``, ``upper``, ``diagonal``,
    ``tridiagonal``, ``banded(below,above)``, ``identity``, ``zero``, ``symmetric`` (the lower part
    and its mirror) or ``block_diagonal(size)``. As in BLAS the rest is never read and counts as
    zero: ``lower`` makes the value ``tril(x)``.

    Raises:
        ShapeError: the shape differs from the argument's, or the layout is unknown.
        ParseError: the structure is unknown.
        TraceError: the structure is no text.
        DTypeError: the dtype differs from the argument's.

    Example:
        >>> bafe.input((8, 16), name="a", layout="col").layout
        'col'
    """
    if structure is not None and not isinstance(structure, str):
        raise _core.TraceError(
            f"{_place()}input: structure={structure!r} is no text\n"
            "  fix: use lower, upper, diagonal, tridiagonal, banded(below,above), identity, zero, "
            "symmetric or block_diagonal(size)"
        )
    sizes = (shape,) if isinstance(shape, (int, np.integer)) else tuple(shape)
    tracer = _t._state.tracer
    if tracer is None:
        ambient = _t._state.ambient
        if ambient is None:
            ambient = _t._state.ambient = _t.Tracer()
        index = ambient.trace.input(name, dtype, sizes, False, layout)
        if structure is not None:
            index = ambient.trace.structured(index, structure, _t.user_loc())
        return ambient.tensor(index)
    declared = _redeclare(tracer, sizes, dtype, name, layout)
    if structure is not None:
        declared._index = tracer.trace.structured(declared._index, structure, _t.user_loc())
        declared._storage.frozen = (
            f"an argument declared {structure} is written into: its other part is never read\n"
            "  fix: write into a copy: x = x.copy()"
        )
    return declared


def _redeclare(
    tracer: Any, shape: tuple[int, ...], dtype: DTypeLike, name: str, layout: str
) -> Tensor:
    names = [parameter for parameter, _ in tracer.parameters]
    at = names.index(name) if name in names else tracer.next_parameter
    if at >= len(tracer.parameters):
        raise _core.TraceError(
            f"{_place()}input: {name!r} is no parameter, and every parameter is declared already\n"
            f"  fix: the parameters are {', '.join(names)}"
        )
    tracer.next_parameter = at + 1
    parameter, number = tracer.parameters[at]
    declared: Tensor = tracer.arguments[number]
    if declared.shape != shape:
        raise _core.ShapeError(
            f"{_place()}input: {parameter!r} has another shape than its argument\n"
            f"  declared  {list(shape)}\n  argument  {list(declared.shape)}\n"
            "  fix: declare the argument's shape"
        )
    if declared.dtype != np.dtype(numpy_dtype(_core.dtype_name(dtype))):
        raise _core.DTypeError(
            f"{_place()}input: {parameter!r} has another dtype than its argument\n"
            f"  declared  {numpy_dtype(_core.dtype_name(dtype))}\n  argument  {declared.dtype}\n"
            "  fix: declare the argument's dtype; convert with x.astype inside the function"
        )
    tracer.trace.set_layout(number, layout)
    return declared
