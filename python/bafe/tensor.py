"""Tensors: values of a program that is being traced.

A Tensor behaves like the NumPy array it stands for: operators, slicing, methods and NumPy's own
functions record nodes. Called on plain arrays outside a trace, BAFE's functions compute at once
with the interpreter.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import _core
from bafe.array_methods import ArrayMethods
from bafe.tracer import Tracer, _place


class Tensor(ArrayMethods):
    """A value of a traced program: shape, dtype and everything NumPy lets one do with it."""

    __slots__ = ("tracer", "_index")

    def __init__(self, tracer: Tracer, index: int) -> None:
        self.tracer = tracer
        self._index = index

    # What it is
    @property
    def _dtype(self) -> str:
        return self.tracer.trace.dtype_of(self._index)

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return self.tracer.trace.shape_of(self._index)

    @property
    def dtype(self) -> np.dtype:
        """NumPy's dtype of the elements."""
        from bafe.surface import numpy_dtype

        return numpy_dtype(self._dtype)

    @property
    def layout(self) -> str:
        """How the caller stores the value; ``row`` unless it was declared otherwise."""
        return self.tracer.trace.layout_of(self._index)

    def __repr__(self) -> str:
        return f"Tensor({self.tracer.trace.text_of(self._index)})"

    __hash__ = object.__hash__

    # What a tracer cannot know
    def _no_value(self, what: str, fix: str) -> Any:
        raise _core.TraceError(
            f"{_place()}trace: {what}, but {self!r} has no value while tracing\n  fix: {fix}"
        )

    def __bool__(self) -> bool:
        return self._no_value(
            "the function branches on an array value",
            "use bafe.where(condition, a, b), or name the argument in static_argnums",
        )

    def __float__(self) -> float:
        return self._no_value("a float is needed", "keep it as an array")

    def __int__(self) -> int:
        return self._no_value("an int is needed", "keep it as an array")

    def __index__(self) -> int:
        return self._no_value("an index is needed", "use bafe.take, or a static argument")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return self._no_value(
            "NumPy asks for the array's values", "use the bafe function of that name"
        )

    def item(self) -> Any:
        """Not available while tracing; raises TraceError."""
        return self._no_value("item() asks for a value", "return the tensor and read it outside")
