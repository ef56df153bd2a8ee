"""Runs the nodes of a model in order, on tensors of a trace and on arrays that are known already.

In: values of the graph's inputs, each a tensor, an array, a list (sequence) or ``ABSENT`` (an
optional without a value). Out: values of its outputs. A node whose inputs are all known is folded;
every other one is recorded. Between nodes every name has one value and the graph inputs whose
values it depends on.
"""

from __future__ import annotations

from collections import ChainMap
from typing import Any, NamedTuple

import numpy as np

from bafe import _core
from bafe import tracer as _t
from bafe.onnx import functions, registry
from bafe.onnx.errors import NeedsValue, malformed, unsupported
from bafe.onnx.folding import check_value, fold, is_static
from bafe.onnx.node import Node, qualified
from bafe.onnx.reading import Source, domain_of
from bafe.onnx.tensors import array_of
from bafe.surface import broadcast_to
from bafe.tensor import Tensor

_MOST_NODES = 20_000  # lowered for one program: loops and functions are unrolled
_DEEPEST = 48  # functions and graphs within each other
_NOTHING: frozenset[str] = frozenset()


class _Absent:
    """An optional without a value."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT = _Absent()


class Bound(NamedTuple):
    """What a name stands for, and the graph inputs it was computed from."""

    value: Any
    depends: frozenset[str] = _NOTHING


class Frame(NamedTuple):
    """What holds inside one function body or the main graph."""

    opsets: dict[str, int]
    attributes: dict[str, Any]
    depth: int


class Evaluation:
    """One pass over a model."""

    def __init__(
        self, source: Source, arrays: dict[str, np.ndarray], may_regroup: bool = True
    ) -> None:
        self.source = source
        self.may_regroup = may_regroup  # known factors may be joined: equal over the reals
        self.linear: dict[int, Any] = {}  # convolutions with known weights, by tensor
        self._arrays = arrays  # initialisers read so far, by name; shared by all passes
        self._constants: dict[tuple[int, int], tuple[Any, Any]] = {}
        self._budget = _MOST_NODES

    def run(self, inputs: dict[str, Any], is_variable: set[str]) -> list[Any]:
        """Values of the model's outputs.

        Args:
            inputs: value of each input of the graph.
            is_variable: names of those that differ from call to call.
        """
        graph = self.source.proto.graph
        scope: Any = ChainMap()
        for name, value in inputs.items():
            scope[name] = Bound(value, frozenset([name]) if name in is_variable else _NOTHING)
        frame = Frame(self.source.opsets, {}, 0)
        return [bound.value for bound in self.run_graph(graph, scope, frame)]

    def array_of(self, tensor: Any) -> np.ndarray:
        """Values of a tensor of the model."""
        return array_of(tensor, self.source.folder)

    def run_graph(self, graph: Any, scope: Any, frame: Frame) -> list[Bound]:
        """Run a graph whose inputs are in ``scope``."""
        for one in graph.sparse_initializer:
            raise unsupported(
                "sparse_initializer",
                f"graph {graph.name!r}",
                f"initialiser {one.values.name!r} is sparse",
                "store it as a dense tensor",
            )
        for tensor in graph.initializer:
            if tensor.name not in scope.maps[0]:  # an input of that name wins
                scope[tensor.name] = Bound(self._initializer(graph, tensor))
        self.run_nodes(graph.node, scope, frame)
        return [self._lookup(scope, one.name, f"graph {graph.name!r}") for one in graph.output]

    def _initializer(self, graph: Any, tensor: Any) -> np.ndarray:
        if graph is not self.source.proto.graph:
            return self.array_of(tensor)
        if tensor.name not in self._arrays:
            self._arrays[tensor.name] = self.array_of(tensor)
        return self._arrays[tensor.name]

    def run_nodes(self, nodes: Any, scope: Any, frame: Frame) -> None:
        """Run nodes in order; their results become names of ``scope``."""
        if frame.depth > _DEEPEST:
            raise malformed("functions and graphs lie too deep, or a function calls itself")
        for node in nodes:
            self._budget -= 1
            if self._budget < 0:
                raise malformed(
                    f"more than {_MOST_NODES} nodes after unrolling",
                    "make loops shorter, or run them outside of the model",
                )
            results = self.run_node(node, scope, frame)
            for name, bound in zip(node.output, results):
                if name and bound is not None:
                    scope[name] = bound

    def _lookup(self, scope: Any, name: str, where: str) -> Bound:
        bound = scope.get(name)
        if bound is None:
            raise malformed(f"{where}: nothing computes {name!r}")
        return bound

    def run_node(self, proto: Any, scope: Any, frame: Frame) -> list[Bound]:
        """Results of one node."""
        operator = qualified(proto.domain, proto.op_type)
        domain = domain_of(proto.domain)
        inputs = [self._lookup(scope, name, operator) if name else None for name in proto.input]
        depends = _NOTHING.union(*(one.depends for one in inputs if one is not None))
        attributes = functions.resolved(proto, frame.attributes)
        key = (domain, proto.op_type, getattr(proto, "overload", ""))
        own = self.source.functions.get(key)
        if own is not None:
            return functions.call(self, own, attributes, inputs, frame)
        version = frame.opsets.get(domain)
        if version is None:
            raise malformed(f"node {operator} is of a domain that the model does not import")
        entry = registry.find(domain, proto.op_type, version)
        if entry is None:
            body = functions.body_of(proto, attributes, inputs, version, frame.opsets)
            if body is None:
                is_known = registry.knows(domain, proto.op_type)
                raise unsupported(
                    operator,
                    f"node {proto.name!r} ({operator})" if proto.name else f"node {operator}",
                    f"{f'version {version} of ' * is_known}this operator is not supported",
                    "express it by other operators, or split the model there",
                )
            return functions.call(self, body, attributes, inputs, frame, version)
        node = Node(proto, version, attributes)
        node.evaluation, node.frame, node.scope, node.depends = self, frame, scope, depends
        return self._lowered(node, entry, inputs)

    def _lowered(self, node: Node, entry: Any, inputs: list[Bound | None]) -> list[Bound]:
        values = [None if one is None else one.value for one in inputs]
        for one in inputs:
            if one is not None and isinstance(one.value, Tensor):
                node.depends_of[one.value._index] = one.depends
        try:
            made = self._made(node, entry, values)
            extra = node.unread()
        except (_core.BafeError, NeedsValue, RecursionError) as error:
            raise _placed(error, node) from error.__cause__
        except (ValueError, TypeError, LookupError, OverflowError, AttributeError) as error:
            raise malformed(f"{node.where}: does not fit its inputs ({error})") from error
        if extra:
            node.refuse(f"attribute {extra[0]!r} is not supported", "leave the attribute out")
        results = made if isinstance(made, tuple) else (made,)
        if len(results) < len([name for name in node.outputs if name]):
            node.refuse(f"it has {len(results)} results here, not {len(node.outputs)}")
        check_value(results, node.where)
        return [Bound(value, node.depends) for value in results]

    def _made(self, node: Node, entry: Any, values: list[Any]) -> Any:
        if entry.is_raw:
            return entry.function(node, *values)
        if any(value is ABSENT for value in values):
            node.refuse("an optional without a value is no tensor")
        if all(is_static(value) for value in values):
            return fold(lambda: entry.function(node, *self.lifted(node, values, True)), node.where)
        return entry.function(node, *self.lifted(node, values, False))

    def lifted(self, node: Node, values: list[Any], is_folding: bool) -> list[Any]:
        """Values as tensors of the present trace; the node remembers the known ones."""
        lifted: list[Any] = []
        for value in values:
            if isinstance(value, list):
                lifted.append(self.lifted(node, value, is_folding))
            elif isinstance(value, (np.ndarray, np.generic)):
                lifted.append(self._constant(node, np.asarray(value), is_folding))
            else:
                lifted.append(value)
        return lifted

    def _constant(self, node: Node, array: np.ndarray, is_folding: bool) -> Any:
        if not _core.is_supported(array):
            node.refuse(f"values of dtype {array.dtype} are not supported", "convert the values")
        tracer = _t._state.tracer
        key = (id(tracer), id(array))
        found = self._constants.get(key)
        if found is None:
            lifted = tracer.lift(array) if is_folding else _literal(tracer, array)
            found = (lifted, (array, tracer))  # kept: ids stay theirs
            self._constants[key] = found
        node.known_values[found[0]._index] = array
        return found[0]


def _literal(tracer: Any, array: np.ndarray) -> Any:
    """A constant of the trace; one number everywhere is a literal, which rules can read."""
    number = array.reshape(-1)[:1]
    if array.size and array.tobytes() == number.tobytes() * array.size:
        value = number.astype(np.float64) if array.dtype.kind not in "biu" else number
        scalar = tracer.tensor(tracer.trace.scalar(value[0].item(), array.dtype))
        return broadcast_to(scalar, array.shape)
    return tracer.lift(_t.Constant(array))


def _placed(error: Any, node: Node) -> Any:
    """The error with the node's name, once."""
    if isinstance(error, RecursionError):
        return malformed(f"{node.where}: graphs lie too deep")
    text = str(error)
    if isinstance(error, NeedsValue) or "node " in text:
        return error
    return type(error)(f"{node.where}: {text}")
