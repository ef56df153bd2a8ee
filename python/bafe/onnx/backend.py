"""BAFE behind ONNX's own interface: ``prepare``, ``run_model``, ``run_node``, ``supports_device``.

Example:
    >>> from onnx import helper
    >>> node = helper.make_node("Abs", ["x"], ["y"])
    >>> bafe.onnx.backend.run_node(node, [np.float32([-1])])
    (array([1.], dtype=float32),)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bafe import _core
from bafe.onnx.errors import require_onnx
from bafe.onnx.model import Model, load
from bafe.tracer import _place

require_onnx()

import onnx  # noqa: E402
import onnx.backend.base as base  # noqa: E402


class BafeBackendRep(base.BackendRep):
    """A prepared model."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def run(self, inputs: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Compute the outputs.

        Args:
            inputs: arrays in the model's order, one array, or a dict by name.
        """
        if isinstance(inputs, dict):
            return tuple(self.model(**inputs))
        if isinstance(inputs, np.ndarray):
            inputs = [inputs]
        return tuple(self.model(*inputs))


class BafeBackend(base.Backend):
    """The class that ONNX's test suite asks."""

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """Only the CPU."""
        return device.upper().partition(":")[0] == "CPU"

    @classmethod
    def is_compatible(cls, model: Any, device: str = "CPU", **kwargs: Any) -> bool:
        """Whether BAFE has every operator of the main graph, its own or by a function body."""
        from bafe.onnx.functions import has_body
        from bafe.onnx.reading import domain_of, read
        from bafe.onnx.registry import find

        if not cls.supports_device(device):
            return False
        source = read(model)
        for node in source.proto.graph.node:
            domain = domain_of(node.domain)
            version = source.opsets.get(domain, 0)
            own = (domain, node.op_type, getattr(node, "overload", "")) in source.functions
            if not own and not find(domain, node.op_type, version) and not has_body(node, version):
                return False
        return True

    @classmethod
    def prepare(cls, model: Any, device: str = "CPU", **kwargs: Any) -> BafeBackendRep:
        """Load a model; keywords are options of ``bafe.jit``."""
        if not cls.supports_device(device):
            raise _core.TraceError(
                f'{_place()}onnx: device "{device}" is not supported\n  fix: use "CPU"'
            )
        options = {key: value for key, value in kwargs.items() if key not in ("rtol", "atol")}
        return BafeBackendRep(load(model, **{"values": "any", **options}))

    @classmethod
    def run_model(
        cls, model: Any, inputs: Any, device: str = "CPU", **kwargs: Any
    ) -> tuple[Any, ...]:
        """Load a model and compute its outputs."""
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def run_node(
        cls,
        node: Any,
        inputs: Any,
        device: str = "CPU",
        outputs_info: Sequence[Any] | None = None,
        **kwargs: Any,
    ) -> tuple[Any, ...]:
        """Compute one operator; ``opset_version`` says which version, default the newest."""
        version = kwargs.pop("opset_version", onnx.defs.onnx_opset_version())
        arrays = [np.asarray(one) for one in ([inputs] if hasattr(inputs, "dtype") else inputs)]
        helper = onnx.helper
        infos = [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(one.dtype), one.shape
            )
            for name, one in zip([name for name in node.input if name], arrays)
        ]
        results = [onnx.ValueInfoProto(name=name) for name in node.output if name]
        graph = helper.make_graph([node], "node", infos, results)
        imports = [helper.make_opsetid(node.domain, version)]
        model = helper.make_model(graph, opset_imports=imports)
        return cls.run_model(model, arrays, device, **kwargs)


is_compatible = BafeBackend.is_compatible
prepare = BafeBackend.prepare
run_model = BafeBackend.run_model
run_node = BafeBackend.run_node
supports_device = BafeBackend.supports_device
