"""What can be wrong with a model: errors that name the node, and the package they need."""

from __future__ import annotations

from typing import Any

from bafe import _core
from bafe.tracer import _place


class UnsupportedError(_core.TraceError):
    """A model asks for an operator, an attribute or a dtype that BAFE does not have.

    Attributes:
        operator: domain and name of the operator, as in ``Conv`` or ``ai.onnx.ml.Scaler``.
    """

    operator: str = ""


class NeedsValue(Exception):
    """Shapes or indices depend on the values of graph inputs; the model is traced for them anew.

    Attributes:
        inputs: names of those graph inputs.
        place: what asked, for the error when values may not be used.
    """

    def __init__(self, inputs: frozenset[str], place: str) -> None:
        super().__init__(place)
        self.inputs = inputs
        self.place = place


def require_onnx() -> Any:
    """The package ``onnx``.

    Raises:
        TraceError: it is not installed.
    """
    try:
        import onnx  # noqa: PLC0415
    except ImportError:
        raise _core.TraceError(
            f"{_place()}onnx: models are read with the package onnx, which is not installed\n"
            "  fix: pip install 'bafe-engine[onnx]'"
        ) from None
    return onnx


def malformed(fact: str, fix: str = "export the model anew") -> Exception:
    """Error for a model that is no model."""
    return _core.ParseError(f"{_place()}onnx: {fact}\n  fix: {fix}")


def unsupported(operator: str, where: str, fact: str, fix: str) -> UnsupportedError:
    """Error for what BAFE cannot do."""
    error = UnsupportedError(f"{_place()}onnx: {where}: {fact}\n  fix: {fix}")
    error.operator = operator
    return error
