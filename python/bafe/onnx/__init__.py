"""ONNX models as BAFE functions. Needs the package ``onnx``: pip install 'bafe-engine[onnx]'.

Example:
    >>> from onnx import TensorProto, helper
    >>> x, y = (helper.make_tensor_value_info(n, TensorProto.FLOAT, ["n"]) for n in "xy")
    >>> graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", [x], [y])
    >>> model = bafe.onnx.load(helper.make_model(graph))
    >>> model(np.array([-1, 2], np.float32))
    [array([0., 2.], dtype=float32)]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bafe.onnx.errors import UnsupportedError
from bafe.onnx.model import Model, load

if TYPE_CHECKING:
    from bafe.onnx import backend

__all__ = ["Model", "UnsupportedError", "backend", "load"]


def __getattr__(name: str) -> Any:
    if name == "backend":  # its classes derive from onnx's, so onnx is imported then
        from importlib import import_module

        return import_module("bafe.onnx.backend")
    raise AttributeError(f"module 'bafe.onnx' has no attribute {name!r}")
