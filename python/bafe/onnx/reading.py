"""From bytes to a checked model: sizes, names, order and depth are known to be sane afterwards.

In: a path, bytes or a ``ModelProto``. Out: a ``Source``. Nothing is written and no code of the
model runs; external data is read when a value is asked for.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import Any

from bafe.onnx.errors import malformed, require_onnx

_MOST_FILE = 1 << 31  # bytes; protobuf reads no more
_DEEPEST = 24  # graphs within graphs


@dataclass
class Source:
    """A model that was read and checked, and the folder its external data may lie in."""

    proto: Any
    folder: str | None
    opsets: dict[str, int]
    functions: dict[tuple[str, str, str], Any]


def _check_text(values: Any, where: str) -> None:
    """Protobuf gives bytes where a text is not UTF-8."""
    for value in values:
        if not isinstance(value, str):
            raise malformed(f"{where}: {value!r} is no text")


def domain_of(name: str) -> str:
    """ONNX's own domain has two names."""
    return "" if name == "ai.onnx" else name


def opsets_of(imports: Any) -> dict[str, int]:
    """Version of each domain that a model or a function imports."""
    return {domain_of(one.domain): int(one.version) for one in imports}


def read(model: Any) -> Source:
    """Read and check a model.

    Args:
        model: a path, the bytes of a model file, or a ``ModelProto``.

    Raises:
        ParseError: this is no model, or one that contradicts itself.
        TraceError: the package onnx is missing, or ``model`` is none of the three.
    """
    onnx = require_onnx()
    folder = None
    if isinstance(model, onnx.ModelProto):
        proto = model
    else:
        if isinstance(model, (bytes, bytearray, memoryview)):
            data = bytes(model)
        else:
            data, folder = _file(model)
        proto = _decoded(data)
    _check_text((one.domain for one in proto.opset_import), "operator sets")
    opsets = opsets_of(proto.opset_import)
    if not proto.HasField("graph") or not opsets:
        raise malformed("the bytes hold no graph or no operator set: this is no ONNX model")
    functions = {}
    for one in proto.functions:
        _check_text((one.domain, one.name, *one.input, *one.output, *one.attribute), "function")
        _check_text((each.domain for each in one.opset_import), "operator sets")
        key = (domain_of(one.domain), one.name, getattr(one, "overload", ""))
        if key in functions:
            raise malformed(f"function {one.name!r} is defined twice")
        functions[key] = one
    source = Source(proto, folder, opsets, functions)
    _check_graph(proto.graph, set(), 0)
    for one in proto.functions:
        _check_nodes(one.node, set(one.input), f"function {one.name!r}", 0)
    return source


def _file(path: Any) -> tuple[bytes, str]:
    try:
        path = os.fspath(path)
    except TypeError:
        raise malformed(
            f"a {type(path).__name__} is no model", "pass a path, bytes or a ModelProto"
        ) from None
    try:
        with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):  # a pipe or a device may never end
                raise malformed(f"{path!r} is no regular file", "save the model to a file")
            size = status.st_size
            if size > _MOST_FILE:
                raise malformed(f"{path!r} has {size} bytes", "store the weights as external data")
            return file.read(), os.path.dirname(os.path.abspath(path))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise malformed(f"{path!r} cannot be read ({why})", "check the path") from None


def _decoded(data: bytes) -> Any:
    onnx = require_onnx()
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        return onnx.ModelProto.FromString(data)
    except DecodeError as error:
        raise malformed(
            f"{len(data)} bytes are no ONNX model ({error})", "check that the file is complete"
        ) from None


def _check_graph(graph: Any, outer: set[str], depth: int) -> None:
    where = f"graph {graph.name!r}"
    named = (*graph.input, *graph.output, *graph.initializer)
    _check_text((graph.name, *(one.name for one in named)), where)
    names: set[str] = set()
    for one in graph.input:
        if not one.name or one.name in names:
            raise malformed(f"{where}: input {one.name!r} is named twice or not at all")
        names.add(one.name)
    stored: set[str] = set()
    for one in graph.initializer:
        if not one.name or one.name in stored:
            raise malformed(f"{where}: initialiser {one.name!r} is named twice or not at all")
        stored.add(one.name)
    for sparse in graph.sparse_initializer:
        stored.add(sparse.values.name)
    known = names | stored
    known |= _check_nodes(graph.node, known | outer, where, depth)
    for one in graph.output:
        if one.name not in known and one.name not in outer:
            raise malformed(f"{where}: nothing computes the output {one.name!r}")


def _check_nodes(nodes: Any, known: set[str], where: str, depth: int) -> set[str]:
    """Every value is computed once, before it is used."""
    if depth > _DEEPEST:
        raise malformed(f"{where} lies {depth} graphs deep", "flatten the model")
    seen = set(known)
    made: set[str] = set()
    for node in nodes:
        _check_text((node.name, node.op_type, node.domain, *node.input, *node.output), where)
        _check_text((x for a in node.attribute for x in (a.name, a.ref_attr_name)), where)
        what = f"{where}: node {node.name!r} ({node.op_type})"
        for name in node.input:
            if name and name not in seen:
                raise malformed(
                    f"{what} uses {name!r}, which nothing before it computes: a cycle, a missing "
                    "node, or nodes out of order"
                )
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                if graph.ByteSize():
                    _check_graph(graph, seen, depth + 1)
        for name in node.output:
            if name and name in seen:
                raise malformed(f"{what} computes {name!r}, which is there already")
            if name:
                seen.add(name)
                made.add(name)
    return made
