"""Function bodies: those of the model, and those that ONNX itself gives for an operator."""

from __future__ import annotations

from collections import ChainMap
from typing import Any

import numpy as np

from bafe.onnx.errors import require_onnx
from bafe.onnx.reading import domain_of, opsets_of


def resolved(proto: Any, outer: dict[str, Any]) -> dict[str, Any]:
    """Attributes of a node; those that name an attribute of the enclosing function are looked up.
    One that the call left out is left out here too."""
    found = {}
    for attribute in proto.attribute:
        if attribute.ref_attr_name:
            if attribute.ref_attr_name in outer:
                found[attribute.name] = outer[attribute.ref_attr_name]
        else:
            found[attribute.name] = attribute
    return found


def call(
    evaluation: Any,
    body: Any,
    attributes: dict[str, Any],
    inputs: list[Any],
    frame: Any,
    version: int | None = None,
) -> list[Any]:
    """Run a function's nodes on the values of a call; names inside are its own."""
    defaults = {one.name: one for one in body.attribute_proto}
    opsets = opsets_of(body.opset_import) or dict(frame.opsets)
    if version is not None:
        opsets.setdefault(domain_of(body.domain), version)
    scope: Any = ChainMap()
    for name, bound in zip(body.input, inputs):
        if bound is not None:
            scope[name] = bound
    inner = frame._replace(
        opsets={**frame.opsets, **opsets},
        attributes={**defaults, **attributes},
        depth=frame.depth + 1,
    )
    evaluation.run_nodes(_without_missing(body.node, scope, body.input), scope, inner)
    return [scope.get(name) for name in body.output]  # None: not computed for this call


def _without_missing(nodes: Any, known: Any, formal: Any) -> list[Any]:
    """Nodes whose inputs that the call left out are empty names."""
    missing = {name for name in formal if name and name not in known}
    if not missing:
        return list(nodes)
    found = []
    for node in nodes:
        if missing.intersection(node.input):
            copy = type(node)()
            copy.CopyFrom(node)
            copy.input[:] = ["" if name in missing else name for name in node.input]
            node = copy
        found.append(node)
    return found


def body_of(
    proto: Any,
    attributes: dict[str, Any],
    inputs: list[Any],
    version: int,
    opsets: dict[str, int],
) -> Any:
    """The body that ONNX defines for an operator; None when it is a primitive."""
    onnx = require_onnx()
    defs = onnx.defs
    try:
        schema = defs.get_schema(proto.op_type, version, proto.domain)
    except defs.SchemaError:
        return None
    if schema.has_function:
        versions = [v for v in schema.function_opset_versions if v <= version]
        if not versions:
            return None
        data = schema.get_function_with_opset_version(max(versions))
    elif schema.has_context_dependent_function:
        versions = [v for v in schema.context_dependent_function_opset_versions if v <= version]
        types = [_type_of(one) for one in inputs]
        if not versions or None in types:
            return None
        node = type(proto)()
        node.CopyFrom(proto)
        del node.attribute[:]
        for name, attribute in attributes.items():
            node.attribute.add().CopyFrom(attribute)
            node.attribute[-1].name = name
        data = schema.get_context_dependent_function_with_opset_version(
            max(versions), node.SerializeToString(), types
        )
    else:
        return None
    body = onnx.FunctionProto.FromString(data)
    for name in schema.attributes:
        default = schema.attributes[name].default_value
        if default.name and name not in {one.name for one in body.attribute_proto}:
            body.attribute_proto.add().CopyFrom(default)
    return body


def has_body(proto: Any, version: int) -> bool:
    """Whether ONNX defines the operator by others."""
    defs = require_onnx().defs
    try:
        schema = defs.get_schema(proto.op_type, version, proto.domain)
    except defs.SchemaError:
        return False
    return bool(schema.has_function or schema.has_context_dependent_function)


def _type_of(bound: Any) -> bytes | None:
    """A value's type as ONNX writes it; None where it is no array."""
    onnx = require_onnx()
    if bound is None:
        return onnx.TypeProto().SerializeToString()
    value = bound.value
    if not hasattr(value, "dtype") or not hasattr(value, "shape"):
        return None
    element = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(value.dtype))
    made = onnx.helper.make_tensor_type_proto(element, tuple(value.shape))
    return made.SerializeToString()
