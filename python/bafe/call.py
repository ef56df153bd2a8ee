"""One call of a jitted function: its arguments flattened and checked, the function traced."""

from __future__ import annotations

import inspect
import operator
import os
from collections.abc import Sequence
from typing import Any, Callable

import numpy as np

from bafe import _core, trees
from bafe import memory_views as _views
from bafe import tracer as _t
from bafe.array_methods import ArrayMethods
from bafe.plain_arrays import clone, is_reason
from bafe.side_effects import Watch
from bafe.tensor import Tensor
from bafe.tracer import Tracer, _place


class ShapeDtype:
    """The shape and dtype of an argument without its values, for ``explain``, ``source`` and
    ``compile``.

    A size may be a name: it stands for all sizes of at least 2, and is the same wherever the name
    is. What is compiled for such a spec serves them all.

    Example:
        >>> bafe.ShapeDtype(("n", 512), "float32")
        ShapeDtype(('n', 512), float32)
    """

    def __init__(self, shape: Sequence[int | str], dtype: Any = "float32") -> None:
        try:
            given: Any = shape
            self.shape: tuple[Any, ...] = tuple(
                n if _is_symbol(n) else operator.index(n) for n in given
            )
        except TypeError:
            self.shape = (-1,)
        if isinstance(shape, str) or any(not _is_symbol(n) and n < 0 for n in self.shape):
            raise _core.ShapeError(
                f"{_place()}ShapeDtype: {shape!r} is no shape\n"
                "  fix: give a tuple of integers of at least 0 and names, as in (2, 3) or "
                '("n", 512)'
            )
        self.dtype = np.dtype(dtype)
        if self.dtype.kind not in "biuf" and self.dtype.name != "bfloat16":
            raise _core.DTypeError(
                f"{_place()}ShapeDtype: dtype {self.dtype} cannot be used\n"
                "  fix: give a numeric dtype, such as float32"
            )

    def __repr__(self) -> str:
        return f"ShapeDtype({self.shape}, {self.dtype})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ShapeDtype):
            return NotImplemented
        return (self.shape, self.dtype) == (other.shape, other.dtype)

    def __hash__(self) -> int:
        return hash((self.shape, self.dtype))


def _is_symbol(size: Any) -> bool:
    return isinstance(size, str) and size.isidentifier()


_SYMBOL_BEGINS = 256  # sizes that names stand for where one must be chosen: 256, 320 …


class _Options:
    """What ``jit`` was given, and the signatures compiled so far."""

    def __init__(
        self,
        fn: Callable[..., Any],
        search: dict[str, Any],
        autotune: bool,
        static_argnums: Sequence[int],
        static_argnames: Sequence[str],
    ) -> None:
        self.fn = fn
        self.search = search
        self.autotune = autotune
        self.parameter_names, takes_any = _parameter_names(fn)
        names = self.parameter_names
        self.static_argnums = tuple(n + len(names) if n < 0 else n for n in static_argnums)
        self.static_argnames = static_argnames
        self.owns_out = not (takes_any or "out" in names)  # out= says where results go
        self.records: dict[Any, Any] = {}
        self.numbers_matter = False  # NumPy's numbers have other programs than arrays of rank 0
        self.dynamic: Any = None  # True, or axes by argument: sizes.py
        self.signature: Any = None  # annotated types: signatures.py
        self.given: dict[str, Any] = {}  # by name, as jit was told
        self.verify = False  # results are compared with the interpreter's
        self.variants: dict[Any, Any] = {}  # what blocks with other options made of it
        self.signatures: list[Any] = []  # of the records, in order
        self.settings: Any = ()  # equal for functions whose programs may be joined

    def parameters(self) -> tuple[list[int], tuple[str, ...], bool]:
        """What the core must know: static positions, static names, whether out= is BAFE's."""
        names, named = self.parameter_names, set(self.static_argnames)
        positions = {*self.static_argnums, *(i for i, n in enumerate(names) if n in named)}
        named.update(names[i] for i in self.static_argnums if 0 <= i < len(names))
        return sorted(positions), tuple(sorted(named)), self.owns_out


def _kind(value: Any) -> str:
    return type(value).__name__


def _parameter_names(fn: Callable[..., Any]) -> tuple[list[str], bool]:
    """Names in order, and whether any keyword is taken."""
    try:
        parameters = inspect.signature(fn).parameters
    except (TypeError, ValueError):
        return [], False
    return list(parameters), any(p.kind is p.VAR_KEYWORD for p in parameters.values())


def _typed(value: Any) -> tuple[type, str]:
    """Tells apart what compares equal: 1, True and 1.0, in tuples and keys too."""
    return type(value), repr(value)


class _Call:
    """One call's arguments, flattened."""

    def __init__(
        self,
        options: _Options,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        keep_lazy: bool = False,
    ) -> None:
        self.options = options
        self.keep_lazy = keep_lazy  # else lazy arguments are computed
        self.leaves: list[Any] = []
        self.names: list[str] = []
        self.parts: list[
            tuple[Any, str, Any]
        ] = []  # (position or name, "static" or structure, value)
        self.numbers: list[int] = []  # leaves that are NumPy's numbers: rebound, never written
        self.has_values = True
        self.named: dict[int, tuple[Any, ...]] = {}  # sizes of specs with names, by leaf
        self.symbols: dict[str, int] = {}
        names = options.parameter_names
        for position, value in enumerate(args):
            name = names[position] if position < len(names) else f"arg{position}"
            self._add(position, name, value, position in options.static_argnums)
        for key in sorted(kwargs):
            at = names.index(key) if key in names else -1
            self._add(key, key, kwargs[key], at in options.static_argnums)

    def _add(self, where: Any, name: str, value: Any, static: bool) -> None:
        if static or name in self.options.static_argnames:
            try:
                hash(value)
            except TypeError:
                raise _core.TraceError(
                    f"{_place()}jit: the static argument {name!r} is a {_kind(value)}, which "
                    "cannot be hashed\n  fix: pass a tuple or another hashable value"
                ) from None
            self.parts.append((where, "static", value))
            return
        before = len(self.leaves)
        structure = trees.flatten(value, self.leaves)
        try:
            hash(structure)
        except TypeError as error:
            raise _core.TraceError(
                f"{_place()}jit: argument {name!r}: what its class was registered with describes "
                f"the rest by something that cannot be hashed ({error})\n"
                "  fix: let flatten return a tuple or another hashable value as the rest"
            ) from None
        for i in range(before, len(self.leaves)):
            self.has_values = self.has_values and not isinstance(self.leaves[i], ShapeDtype)
            if hasattr(self.leaves[i], "_pending") and not self.keep_lazy:
                self.leaves[i] = self.leaves[i].numpy()
            if isinstance(self.leaves[i], ShapeDtype):
                self.leaves[i] = self._sized(i, self.leaves[i])
            if isinstance(self.leaves[i], np.generic):
                self.numbers.append(i)
            self.leaves[i] = _leaf(self.leaves[i], name)
            self.names.append(name if structure == "*" else f"{name}[{i - before}]")
        self.parts.append((where, "tree", structure))

    def _sized(self, number: int, spec: ShapeDtype) -> ShapeDtype:
        """A spec with numbers for its names."""
        names = [size for size in spec.shape if isinstance(size, str)]
        if not names:
            return spec
        for name in names:
            self.symbols.setdefault(name, _SYMBOL_BEGINS + 64 * len(self.symbols))
        self.named[number] = spec.shape
        return ShapeDtype([self.symbols.get(size, size) for size in spec.shape], spec.dtype)

    def key(self) -> Any:
        parts = tuple(
            (where, kind, value if value is None or type(value) is str else _typed(value), value)
            for where, kind, value in self.parts
        )
        numbers = tuple(self.numbers) if self.options.numbers_matter else ()
        return parts, trees.registrations, _core.signature(self.leaves), numbers

    def looked_into(self) -> list[Any]:
        """Static arguments, and the classes of the others: their attributes are captured values."""
        args, kwargs = self.rebuild(self.leaves)
        static = [value for _, kind, value in self.parts if kind == "static"]
        return static + [type(value) for value in (*args, *kwargs.values())]

    def rebuild(self, leaves: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """The call's arguments with new leaves."""
        return rebuilt(self.parts, leaves)


def rebuilt(parts: Sequence[Any], leaves: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
    """Arguments put together from the parts of a call and new leaves."""
    source = iter(leaves)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for where, kind, value in parts:
        item = value if kind == "static" else trees.unflatten(value, source)
        if isinstance(where, int):
            args.append(item)
        else:
            kwargs[where] = item
    return args, kwargs


def _leaf(value: Any, name: str) -> Any:
    """Arrays, numbers and specs as leaves; a clear error for the rest."""
    if isinstance(value, ShapeDtype):
        return np.empty(value.shape, value.dtype)
    if isinstance(value, (np.generic, np.ndarray)):
        array = value if isinstance(value, np.ndarray) else np.asarray(value)
        return _t.plain_array(array, f"argument {name!r}")
    if isinstance(value, bool) or type(value) in (int, float):
        if type(value) is int and not -(2**63) <= value < 2**63:
            raise OverflowError(f"argument {name!r}: Python integer {value} does not fit 64 bits")
        return value
    if isinstance(value, ArrayMethods):
        return value
    if hasattr(type(value), "__dlpack_device__"):
        return _exchanged(value, name)
    raise _core.TraceError(
        f"{_place()}jit: argument {name!r} is a {type(value).__name__}, not an array or a number\n"
        "  fix: pass numpy.asarray(x), or name the argument in static_argnames"
    )


def _exchanged(value: Any, name: str) -> np.ndarray:
    """An array of another library, such as a tensor of torch, in the same memory."""
    kind = f"{type(value).__module__.partition('.')[0]}.{type(value).__name__}"
    if getattr(value, "requires_grad", False):
        raise _core.TraceError(
            f"{_place()}jit: argument {name!r} is a {kind} that requires gradients, which BAFE "
            "does not follow\n  fix: pass x.detach()"
        )
    try:
        is_here = int(value.__dlpack_device__()[0]) == 1
    except (TypeError, ValueError, RuntimeError, BufferError):
        is_here = False
    if not is_here:
        raise _core.TraceError(
            f"{_place()}jit: argument {name!r} is a {kind} on {getattr(value, 'device', 'a GPU')}, "
            "and BAFE computes on the CPU\n  fix: pass x.cpu()"
        )
    try:
        array = np.asarray(value) if hasattr(value, "__array__") else np.from_dlpack(value)
    except (TypeError, RuntimeError, BufferError) as error:
        raise _core.DTypeError(
            f"{_place()}jit: argument {name!r} is a {kind} that NumPy cannot hold: {error}\n"
            "  fix: convert its elements to float32 or another of NumPy's dtypes"
        ) from None
    return _t.plain_array(array, f"argument {name!r}")


def _trace(call: _Call) -> tuple[Any, Tracer, Any, list[int]]:
    """Run the function on tensors.

    Returns:
        (program, tracer, structure of the results, output of each result). Arguments that the
        function wrote into are further roots, after the results: ``tracer.writes`` says which.
    """
    try:
        return _traced(call, call.options.fn)
    except (TypeError, ValueError) as error:
        if not is_reason(error):
            raise
        first = error
    try:
        return _traced(call, clone(call.options.fn))
    except Exception as error:
        if isinstance(error, _core.BafeError) and not is_reason(error):
            raise
        if isinstance(first, _core.BafeError):
            raise first from None
        raise _core.TraceError(
            f"{_place()}trace: a tensor is written into a plain array of NumPy's\n"
            "  fix: make the array with np.zeros_like(x), pass it as an argument, or join the "
            "parts with np.stack"
        ) from None


def _traced(call: _Call, function: Callable[..., Any]) -> tuple[Any, Tracer, Any, list[int]]:
    if call.options.signature is not None:
        call.options.signature.check(call)
    tracer = Tracer()
    for name, leaf in zip(call.names, call.leaves):
        dtype, shape, weak, layout = _core.leaf_type(leaf)
        number = len(tracer.input_ids)
        tracer.parameters.append((name, number))
        index = tracer.trace.input(name, dtype, shape, weak, layout)
        tracer.input_ids.append(index)
        given = None if number in call.numbers else leaf
        tracer.arguments.append(_parameter(tracer, index, number, given, layout))
    args, kwargs = call.rebuild(tracer.arguments)
    watch = Watch(call.options.fn)
    watch.take([*args, *kwargs.values()])
    outer, _t._state.tracer = _t._state.tracer, tracer
    try:
        result = function(*args, **kwargs)
        structure, roots, output_of_root = _roots(call, tracer, result)
    finally:
        _t._state.tracer = outer
        tracer.is_closed = True
    watch.report(tracer.is_shown)
    watch.check(tracer)
    return tracer.trace.finish(roots), tracer, structure, output_of_root


def _parameter(tracer: Tracer, index: int, number: int, leaf: Any, layout: str) -> Tensor:
    """The tensor of an argument; of an array, its memory may be written."""
    if not isinstance(leaf, np.ndarray):
        return tracer.tensor(index)
    made = Tensor(tracer, index, parameter=number)
    is_dense = leaf.flags.c_contiguous or layout != "row"
    made._strides = tuple(s // leaf.itemsize for s in leaf.strides) if is_dense else None
    return made


def _roots(call: _Call, tracer: Tracer, result: Any) -> tuple[Any, list[int], list[int]]:
    from bafe.scatter import Selection

    leaves: list[Any] = []
    structure = trees.flatten(result, leaves)
    for argument in tracer.arguments:
        _views.known(argument._storage)  # the caller reads it after the call
    written = [p._storage for p in tracer.arguments if p._storage.region is not None]
    if not leaves and not written:
        raise _result_error(call.options.fn, result)
    roots: list[int] = []
    output_of_root: list[int] = []

    def add(index: int) -> None:
        if index not in roots:
            roots.append(index)
        output_of_root.append(roots.index(index))

    for leaf in leaves:
        if isinstance(leaf, Selection):
            raise leaf._no_size("the result")
        if not isinstance(leaf, (Tensor, np.ndarray, np.generic, int, float, _t.Constant)):
            raise _result_error(call.options.fn, leaf)
        own = leaf._storage if isinstance(leaf, Tensor) else None
        is_written = own in written and any(p is leaf for p in tracer.arguments)
        tracer.same_as.append(own.parameter if own is not None and is_written else -1)
        add(tracer.lift(leaf)._index)
    for storage in written:
        tracer.writes.append((storage.parameter, *storage.region))
        add(_views.written_root(tracer, storage))
    return structure, roots, output_of_root


def _result_error(fn: Callable[..., Any], value: Any) -> Exception:
    code = getattr(fn, "__code__", None)
    place = f"{os.path.basename(code.co_filename)}:{code.co_firstlineno}: " if code else ""
    return _core.TraceError(
        f"{place}jit: the function returns a {type(value).__name__}, not a tensor\n"
        "  fix: return tensors, or tuples, lists and dicts of them"
    )
