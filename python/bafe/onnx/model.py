"""A model as a callable: traced once for each signature, through the same path as any function."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any, NamedTuple

import numpy as np

from bafe import _core
from bafe.call import _exchanged
from bafe.jit import jit
from bafe.onnx.errors import NeedsValue, malformed, unsupported
from bafe.onnx.evaluation import ABSENT, Evaluation
from bafe.onnx.reading import Source, read
from bafe.onnx.tensors import dtype_of
from bafe.tracer import Constant, _place

_MOST_SPECIALISED = 4096  # elements of an input whose values a program may depend on
_MOST_FUNCTIONS = 64  # programs for different values of such inputs


class Port(NamedTuple):
    """An input or output: its name, dtype (None: no tensor) and shape, names for unknown sizes."""

    name: str
    dtype: np.dtype | None
    shape: tuple[Any, ...] | None


def _port(info: Any) -> Port:
    kind = info.type.WhichOneof("value")
    if kind != "tensor_type":
        return Port(info.name, None, None)
    tensor = info.type.tensor_type
    if not tensor.HasField("shape"):
        return Port(info.name, dtype_of(tensor.elem_type), None)
    sizes = tuple(
        int(dim.dim_value) if dim.HasField("dim_value") else dim.dim_param or "?"
        for dim in tensor.shape.dim
    )
    if any(isinstance(size, int) and size < 0 for size in sizes):
        raise malformed(f"{info.name!r} has the shape {list(sizes)}")
    return Port(info.name, dtype_of(tensor.elem_type), sizes)


class _Traced:
    """The function that is traced: a model whose inputs ``fixed`` have known values."""

    def __init__(self, model: Model, names: list[str], fixed: dict[str, Any]) -> None:
        self._model = model
        self._names = names
        self._fixed = fixed

    def __call__(self, *inputs: Any) -> list[Any]:
        given = dict(zip(self._names, inputs))
        values = self._model._evaluated({**self._fixed, **given}, set(given))
        return [_outgoing(value) for value in values]


def _outgoing(value: Any) -> Any:
    if isinstance(value, list):
        return [_outgoing(one) for one in value]
    return Constant(value) if isinstance(value, np.ndarray) else value


class Model:
    """An ONNX model that is called like a function of arrays; ``bafe.onnx.load`` makes it.

    ``model(x, y)`` and ``model(x=…, y=…)`` give a list of the outputs in the model's order;
    ``model.run({"x": …})`` gives a dict of them by name. Weights are part of the compiled program:
    folded and packed once.

    Attributes:
        inputs: name, dtype and shape of what a call takes; those with an initialiser are optional.
        outputs: the same of what it gives.
    """

    def __init__(self, source: Source, values: str, options: dict[str, Any]) -> None:
        graph = source.proto.graph
        self._source = source
        self._values = values
        self._options = options
        self._arrays: dict[str, np.ndarray] = {}
        self._stored = {tensor.name for tensor in graph.initializer}
        self.inputs = [_port(info) for info in graph.input]
        self.outputs = [_port(info) for info in graph.output]
        self._required = [one.name for one in self.inputs if one.name not in self._stored]
        self._fixed_names: frozenset[str] = frozenset()
        self._functions: OrderedDict[Any, Any] = OrderedDict()
        self._lock = threading.Lock()
        self._last: Any = None  # signature of the last call by position, and what ran it

    def __repr__(self) -> str:
        inputs = ", ".join(one.name for one in self.inputs if one.name in self._required)
        outputs = ", ".join(one.name for one in self.outputs)
        return f"<bafe.onnx.Model ({inputs}) -> ({outputs})>"

    def __call__(self, *args: Any, **kwargs: Any) -> list[Any]:
        """Compute the outputs, in the model's order.

        Args:
            *args: arrays for the inputs without an initialiser, in the model's order.
            **kwargs: arrays by the input's name.

        Raises:
            UnsupportedError: the model needs what BAFE does not have; the operator is named.
            ShapeError: an array has another shape than the model declares.
            DTypeError: an array has another dtype than the model declares.
        """
        last = self._last
        if last is not None and not kwargs and last[0] == [_signature(one) for one in args]:
            return last[1](*args)  # as checked before, and no value matters
        given = self._bound(args, kwargs)
        while True:
            names, function = self._function(given)
            try:
                made = function(*(given[name] for name in names))
            except NeedsValue as need:
                self._fix(need, given)
                continue
            if not kwargs and len(names) == len(args) and all(map(_is_plain, args)):
                self._last = [_signature(one) for one in args], function
            return made

    def run(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Compute the outputs by name.

        Args:
            inputs: arrays by the input's name.
        """
        return dict(zip((one.name for one in self.outputs), self(**inputs)))

    def explain(self, *args: Any, **kwargs: Any) -> Any:
        """Say what was tried and chosen for these arguments, as for jitted functions."""
        return self._asked("explain", args, kwargs)

    def ir(self, *args: Any, **kwargs: Any) -> str:
        """Give the traced program as text."""
        return str(self._asked("ir", args, kwargs))

    def compile(self, *args: Any, **kwargs: Any) -> Any:
        """Search and compile for these arguments; later calls run the kernels."""
        return self._asked("compile", args, kwargs)

    def _asked(self, what: str, args: Any, kwargs: Any) -> Any:
        given = self._bound(args, kwargs)
        while True:
            names, function = self._function(given)
            if not names:
                raise _core.TraceError(
                    f"{_place()}onnx: every output is a constant: there is no program\n"
                    "  fix: call the model"
                )
            try:
                return getattr(function, what)(*(given[name] for name in names))
            except NeedsValue as need:
                self._fix(need, given)

    def _bound(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
        ports = {one.name: one for one in self.inputs}
        if len(args) > len(self._required):
            raise _core.TraceError(
                f"{_place()}onnx: {len(args)} arguments for {len(self._required)} inputs\n"
                f"  fix: the inputs are {', '.join(self._required)}"
            )
        given = {**dict(zip(self._required, args)), **kwargs}
        missing = [name for name in self._required if name not in given]
        unknown = [name for name in given if name not in ports]
        twice = [name for name in self._required[: len(args)] if name in kwargs]
        if missing or unknown or twice:
            what = (missing or unknown or twice)[0]
            how = "missing" if missing else "unknown" if unknown else "given twice"
            raise _core.TraceError(
                f"{_place()}onnx: input {what!r} is {how}\n"
                f"  fix: the inputs are {', '.join(self._required)}"
            )
        return {name: _checked(value, ports[name]) for name, value in given.items()}

    def _function(self, given: dict[str, Any]) -> tuple[list[str], Any]:
        """The jitted function for the values of inputs that shapes depend on."""
        fixed = [n for n in given if n in self._fixed_names or not _is_variable(given[n])]
        key = tuple((name, _mark(given[name])) for name in fixed), tuple(given)
        with self._lock:
            found = self._functions.get(key)
            if found is None:
                names = [name for name in given if name not in fixed]
                traced = _Traced(self, names, {name: _copied(given[name]) for name in fixed})
                if names:
                    function = jit(traced, **self._options)
                else:
                    function = _constant(self, traced)
                found = self._functions[key] = (names, function)
                while len(self._functions) > _MOST_FUNCTIONS:
                    self._functions.popitem(last=False)
            else:
                self._functions.move_to_end(key)
        return found

    def _fix(self, need: NeedsValue, given: dict[str, Any]) -> None:
        """Trace for the values of some inputs from now on; refuse where that cannot pay."""
        names = need.inputs - self._fixed_names
        large = [name for name in sorted(names) if not self._may_fix(given.get(name))]
        if large or not names:
            raise unsupported(
                "values",
                need.place,
                f"shapes or indices depend on the values of {', '.join(map(repr, large))}",
                'store them as initialisers, or pass values="any" to bafe.onnx.load: the model is '
                "then traced anew for every new value",
            )
        self._fixed_names |= names

    def _may_fix(self, value: Any) -> bool:
        if self._values == "any":
            return True
        return (
            isinstance(value, np.ndarray)
            and value.dtype.kind in "biu"
            and value.size <= _MOST_SPECIALISED
        )

    def _evaluated(self, inputs: dict[str, Any], variable: set[str]) -> list[Any]:
        may_regroup = self._options.get("math") != "bits"
        return Evaluation(self._source, self._arrays, may_regroup).run(inputs, variable)


def _is_plain(value: Any) -> bool:
    return type(value) is np.ndarray and _core.is_supported(value)


def _signature(value: Any) -> Any:
    return (value.shape, value.dtype) if type(value) is np.ndarray else None


def _constant(model: Model, traced: _Traced) -> Any:
    """A function without inputs whose outputs were computed while tracing."""
    made: list[Any] = []

    def function() -> list[Any]:
        if not made:
            made.append(model._evaluated(traced._fixed, set()))
        return [_fresh(value) for value in made[0]]

    return function


def _fresh(value: Any) -> Any:
    if isinstance(value, list):
        return [_fresh(one) for one in value]
    return None if value is ABSENT else np.array(value)


def _is_variable(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(_is_variable(one) for one in value)
    return isinstance(value, np.ndarray) and _core.is_supported(value)


def _copied(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value


def _mark(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_mark(one) for one in value)
    if value is ABSENT:
        return None
    return value.dtype.str, value.shape, value.tobytes()


def _array(value: Any, port: Port) -> np.ndarray:
    """Numbers, lists and arrays of other libraries, as jitted functions take them."""
    try:
        if hasattr(type(value), "__dlpack_device__"):
            return _exchanged(value, port.name)
        return np.asarray(value, dtype=port.dtype if np.isscalar(value) else None)
    except (ValueError, TypeError, OverflowError, RuntimeError) as error:
        if isinstance(error, _core.BafeError):
            raise
        raise _core.TraceError(
            f"{_place()}onnx: input {port.name!r} is a {type(value).__name__} that is no array: "
            f"{error}\n  fix: pass a NumPy array"
        ) from None


def _checked(value: Any, port: Port) -> Any:
    """A call's argument as the model declares it."""
    if value is None:
        return ABSENT
    if isinstance(value, (list, tuple)) and port.dtype is None:
        return [_checked(one, Port(port.name, None, None)) for one in value]
    if not isinstance(value, np.ndarray):
        value = _array(value, port)
    if port.dtype is not None and value.dtype != port.dtype:
        raise _core.DTypeError(
            f"{_place()}onnx: input {port.name!r} has dtype {value.dtype}, the model declares "
            f"{port.dtype}\n  fix: convert it with x.astype(numpy.{port.dtype})"
        )
    wanted = port.shape
    if wanted is not None and (
        len(wanted) != value.ndim
        or any(isinstance(w, int) and w != s for w, s in zip(wanted, value.shape))
    ):
        raise _core.ShapeError(
            f"{_place()}onnx: input {port.name!r} has shape {list(value.shape)}, the model "
            f"declares {list(wanted)}\n  fix: pass an array of the declared shape"
        )
    return value


def load(model: Any, *, values: str = "small", **options: Any) -> Model:
    """Load an ONNX model as a callable.

    Args:
        model: a path, the bytes of a model file, or an ``onnx.ModelProto``.
        values: which inputs a program may be traced anew for when shapes or indices depend on
            their values: ``small`` integers (up to 4,096 elements), or ``any``.
        **options: of ``bafe.jit``: ``math``, ``tier``, ``threads`` …

    Returns:
        A ``Model``: call it with arrays by position or name.

    Raises:
        ParseError: this is no model, or one that contradicts itself, or its external data lies
            outside of its folder.
        TraceError: the package onnx is missing, or an option is unknown.
    """
    if values not in ("small", "any"):
        raise _core.TraceError(
            f'{_place()}onnx.load: values="{values}" is unknown\n  fix: use "small" or "any"'
        )
    return Model(read(model), values, options)


__all__ = ["Model", "Port", "load"]
