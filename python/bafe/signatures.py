"""Array types as annotations: ``def f(a: f32["m", "k"]) -> f32["k"]``, checked for all sizes."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, Callable

import numpy as np

from bafe import _core, trees
from bafe.call import ShapeDtype, _Call, _Options, _trace
from bafe.tracer import _place

# Sizes that stand for symbols while a signature is checked: no two draws are alike.
_PRIMES = (53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107, 109, 113, 127, 131, 137, 139, 149)
_SMALL = (5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47)  # for arrays of many axes
_DRAWS = 4
_MOST_BYTES = 2**31
_TEXTS = {
    **{"f16": "float16", "f32": "float32", "f64": "float64", "bool": "bool"},
    **{f"i{n}": f"int{n}" for n in (8, 16, 32, 64)},
    **{f"u{n}": f"uint{n}" for n in (8, 16, 32, 64)},
}


class ArrayType:
    """An element type with sizes: ``bafe.f32["m", 512]``; ``bafe.f32[()]`` has no axes.

    A size is an integer, a name (one size for all places that have the name) or, in results, a
    polynomial of names such as ``"2*m + 1"``. Without sizes any shape fits.

    Example:
        >>> bafe.f32["m", 512]
        f32[m, 512]
    """

    __slots__ = ("dtype", "sizes", "text")

    def __init__(self, text: str, sizes: tuple[Any, ...] | None = None) -> None:
        self.text, self.sizes = text, sizes
        self.dtype = np.dtype(_TEXTS[text])

    def __getitem__(self, sizes: Any) -> ArrayType:
        sizes = sizes if isinstance(sizes, tuple) else (sizes,)
        if self.sizes is not None:
            raise _core.TraceError(
                f"{_place()}{self!r}: sizes are given twice\n  fix: give them once"
            )
        return ArrayType(self.text, tuple(_size(self.text, size) for size in sizes))

    def __repr__(self) -> str:
        if self.sizes is None:
            return self.text
        return f"{self.text}[{', '.join(map(str, self.sizes))}]"

    def __call__(self, *args: Any) -> Any:
        """Arrays are not made here: annotations have to be callable."""
        raise TypeError(f"{self!r} is an annotation; make arrays with numpy")


def _size(text: str, size: Any) -> Any:
    if isinstance(size, str):
        found = _core.size_text(size)
        if found is not None:
            return found
    elif isinstance(size, (int, np.integer)) and not isinstance(size, bool) and size >= 0:
        return int(size)
    raise _core.ShapeError(
        f"{_place()}{text}: {size!r} is no size\n"
        '  fix: give integers of at least 0 and names, as in f32["m", 512]'
    )


def _names_in(size: Any) -> list[str]:
    return re.findall(r"[A-Za-z_]\w*", size) if isinstance(size, str) else []


class Signature:
    """The annotated types of a function."""

    def __init__(self, fn: Callable[..., Any], parameters: dict[str, ArrayType], result: Any):
        self.fn = fn
        self.parameters = parameters
        self.result = result
        self.names: list[str] = []
        for parameter, kind in parameters.items():
            for size in kind.sizes or ():
                if isinstance(size, str) and not size.isidentifier():
                    raise self._error(
                        f"the size {size!r} of {parameter} is no name",
                        "name the size of an argument; results may have polynomials of names",
                    )
                self.names += [name for name in _names_in(size) if name not in self.names]
        for kind in self._results()[1]:
            missing = [n for size in kind.sizes or () for n in _names_in(size)]
            missing = [name for name in missing if name not in self.names]
            if missing and len(self.parameters) > 0:
                raise self._error(
                    f"the result {kind!r} has the size {missing[0]!r}, which no argument has",
                    "use the names of the arguments' sizes",
                )

    def __repr__(self) -> str:
        inner = ", ".join(f"{name}: {kind!r}" for name, kind in self.parameters.items())
        result = "" if self.result is None else f" -> {_result_text(self.result)}"
        return f"{getattr(self.fn, '__name__', 'function')}({inner}){result}"

    def _results(self) -> tuple[Any, list[ArrayType]]:
        leaves: list[Any] = []
        structure = trees.flatten(self.result, leaves)
        return structure, leaves

    def place(self) -> str:
        """Where the function is defined."""
        code = getattr(self.fn, "__code__", None)
        return f"{os.path.basename(code.co_filename)}:{code.co_firstlineno}: " if code else ""

    def _error(self, fact: str, fix: str, kind: Any = None, lines: Sequence[str] = ()) -> Any:
        name = getattr(self.fn, "__name__", "function")
        told = "".join(f"\n  {line}" for line in lines)
        return (kind or _core.ShapeError)(f"{self.place()}{name}: {fact}{told}\n  fix: {fix}")

    # Calls
    def check(self, call: _Call) -> None:
        """ShapeError or DTypeError for arguments that do not have the annotated types."""
        sizes: dict[str, tuple[int, str]] = {}
        leaves = iter(zip(call.leaves, call.names))
        for where, kind, structure in call.parts:
            if kind == "static":
                continue
            count = _count(structure)
            given = [next(leaves) for _ in range(count)]
            names = call.options.parameter_names
            at = isinstance(where, int) and where < len(names)
            wanted = self.parameters.get(names[where] if at else str(where))
            if wanted is None:
                continue
            if structure != "*":
                raise self._error(
                    f"argument {names[where] if at else where} is no array",
                    f"pass an array of type {wanted!r}",
                    _core.TraceError,
                )
            self._check_leaf(given[0][1], given[0][0], wanted, sizes)

    def _check_leaf(
        self, name: str, leaf: Any, wanted: ArrayType, sizes: dict[str, tuple[int, str]]
    ) -> None:
        dtype, shape, weak, _ = (
            _core.leaf_type(leaf)
            if not hasattr(leaf, "tracer")
            else (
                leaf._dtype,
                leaf.shape,
                False,
                "row",
            )
        )
        bends = weak and (
            wanted.dtype.kind == "f" or (dtype == "i64" and wanted.dtype.kind in "iu")
        )
        has = f"{dtype}[{', '.join(map(str, shape))}]"
        lines = [f"declared  {name}: {wanted!r}", f"given     {name}: {has}"]
        if dtype != wanted.text and not bends:
            fix = f"convert it: {name}.astype({wanted.dtype.name!r})"
            fact = f"argument {name} has another dtype than its annotation"
            raise self._error(fact, fix, _core.DTypeError, lines)
        if wanted.sizes is None:
            return
        if len(shape) != len(wanted.sizes):
            fact = f"argument {name} has {len(shape)} axes, its annotation {len(wanted.sizes)}"
            raise self._error(fact, f"pass an array of type {wanted!r}", None, lines)
        for axis, (size, want) in enumerate(zip(shape, wanted.sizes)):
            if isinstance(want, int):
                if size != want:
                    fact = f"argument {name}: axis {axis} is {size}, its annotation says {want}"
                    raise self._error(fact, f"pass an array of type {wanted!r}", None, lines)
                continue
            known, first = sizes.setdefault(want, (size, f"axis {axis} of {name}"))
            if known != size:
                fact = f"{want} is {known} by {first} and {size} by axis {axis} of {name}"
                fix = f"pass arrays that agree on {want}"
                raise self._error(fact, fix, None, [repr(self), *lines])

    # All sizes
    def check_all_sizes(self, options: _Options) -> bool:
        """Trace the function for sizes that stand for all; False when that has to wait for a call.

        Raises:
            ShapeError, DTypeError, TraceError: it does not fit its annotations.
        """
        if not self._is_whole(options):
            return False
        programs, bindings, structure = [], [], None
        for number in range(_DRAWS):
            sizes = self._sizes(number)
            try:
                program, _, structure, outputs = self._traced(options, sizes)
            except (NameError, UnboundLocalError):
                return False  # what it reads outside is not there yet
            except (_core.ShapeError, _core.DTypeError) as error:
                raise self._misfit(error, sizes) from None
            programs.append(program)
            bindings.append(sizes)
        if self.result is not None:
            self._check_results(programs, bindings, structure, outputs)
        return True

    def _is_whole(self, options: _Options) -> bool:
        try:
            parameters = inspect.signature(self.fn).parameters.values()
        except (TypeError, ValueError):
            return False
        for position, p in enumerate(parameters):
            static = position in options.static_argnums or p.name in options.static_argnames
            known = p.name in self.parameters and self.parameters[p.name].sizes is not None
            if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.POSITIONAL_ONLY):
                return False
            if not known and (static or p.default is p.empty):
                return False
        return True

    def _sizes(self, number: int) -> dict[str, int]:
        pool = _PRIMES if self._fits(_PRIMES) else _SMALL
        count, step = len(self.names), 2 * number + 1
        return {n: pool[(number + i * step) % len(pool)] for i, n in enumerate(self.names[:count])}

    def _fits(self, pool: Sequence[int]) -> bool:
        most = max(pool)
        for kind in self.parameters.values():
            total = kind.dtype.itemsize
            for size in kind.sizes or ():
                total *= most if isinstance(size, str) else max(size, 1)
            if total > _MOST_BYTES:
                return False
        return True

    def _traced(self, options: _Options, sizes: Mapping[str, int]) -> Any:
        specs = {}
        for name, kind in self.parameters.items():
            shape = [sizes[s] if isinstance(s, str) else s for s in kind.sizes or ()]
            specs[name] = ShapeDtype(shape, kind.dtype)
        return _trace(_Call(options, (), specs))

    def _misfit(self, error: Exception, sizes: Mapping[str, int]) -> Exception:
        named = {str(size): name for name, size in sizes.items()}
        text = re.sub(r"(?<![\w.])\d+(?![\w.])", lambda m: named.get(m[0], m[0]), str(error))
        lines = [repr(self), *text.splitlines()]
        fix = "correct the annotations or the function"
        if lines[-1].strip().startswith("fix:"):
            fix = f"{lines.pop().strip()[5:]}; or correct the annotations"
        kind = type(error)
        return self._error("it does not fit its annotations", fix, kind, lines)

    def _check_results(
        self, programs: list[Any], bindings: list[dict[str, int]], structure: Any, outputs: Any
    ) -> None:
        wanted_structure, wanted = self._results()
        if wanted_structure != structure:
            raise self._error(
                "its result is put together otherwise than declared",
                "declare a tuple of types for a tuple of results",
                _core.TraceError,
                [repr(self)],
            )
        computed = self._result_types(programs, bindings)
        for number, kind in enumerate(wanted):
            dtype, sizes = computed[outputs[number]]
            got = f"{dtype}[{', '.join(sizes)}]"
            lines = [repr(self), f"declared  {kind!r}", f"computed  {got}"]
            which = "the result" if len(wanted) == 1 else f"result {number}"
            if dtype != kind.text:
                fix = f"declare {dtype}, or convert it: .astype({kind.dtype.name!r})"
                fact = f"{which} has another dtype than declared"
                raise self._error(fact, fix, _core.DTypeError, lines)
            if kind.sizes is not None and [str(s) for s in kind.sizes] != list(sizes):
                fact = f"{which} has another shape than declared"
                raise self._error(fact, f"declare {got}, or give that shape", None, lines)

    def _result_types(self, programs: list[Any], bindings: list[dict[str, int]]) -> Any:
        """Types of the outputs over the declared names."""
        found = _core.symbolic_types(programs) if self.names else "no size has a name"
        if not isinstance(found, str):
            inputs, roots = found
            names: dict[str, str] = {}
            kinds = [
                self.parameters[name] for name in sorted(self.parameters)
            ]  # as calls sort them
            for (_, sizes), kind in zip(inputs, kinds):
                for symbol, declared in zip(sizes, kind.sizes or ()):
                    if symbol.isidentifier() and isinstance(declared, str):
                        names[symbol] = declared
            rename = lambda m: names.get(m[0], m[0])  # noqa: E731
            return [
                (d, [_core.size_text(re.sub(r"[A-Za-z_]\w*", rename, s)) for s in sizes])
                for d, sizes in roots
            ]
        return self._sampled_types(programs, bindings)

    def _sampled_types(self, programs: list[Any], bindings: list[dict[str, int]]) -> Any:
        """Where the program itself depends on sizes: the declared size if it fits every draw."""
        wanted = [kind.sizes for kind in self._results()[1]]
        out = []
        for position, (dtype, _) in enumerate(programs[0].root_specs()):
            shapes = [program.root_specs()[position][1] for program in programs]
            sizes = []
            for axis in range(len(shapes[0])):
                values = [int(shape[axis]) for shape in shapes]
                sizes.append(_common(values, bindings, wanted, axis))
            out.append((dtype, sizes))
        return out


def _common(values: list[int], bindings: list[dict[str, int]], wanted: Any, axis: int) -> str:
    for sizes in wanted:
        if sizes is None or axis >= len(sizes):
            continue
        want = str(sizes[axis])
        if all(_core.size_value(want, b) == v for b, v in zip(bindings, values)):
            return want
    return str(values[0]) if len(set(values)) == 1 else "?"


def _result_text(result: Any) -> str:
    if isinstance(result, tuple):
        return "(" + ", ".join(map(_result_text, result)) + ")"
    return repr(result)


def _count(structure: Any) -> int:
    if structure is None or structure == "*":
        return 0 if structure is None else 1
    return sum(map(_count, structure[2]))


def signature_of(fn: Callable[..., Any]) -> Signature | None:
    """The array types among a function's annotations; None when there are none."""
    found = getattr(fn, "__annotations__", None)
    if not found:
        return None
    types = {name: _evaluated(fn, value) for name, value in found.items()}
    result = _tree(types.pop("return", None))
    parameters = {name: kind for name, kind in types.items() if isinstance(kind, ArrayType)}
    if not parameters and result is None:
        return None
    return Signature(fn, parameters, result)


def _evaluated(fn: Any, value: Any) -> Any:
    """An annotation that may be a text, as under ``from __future__ import annotations``."""
    if not isinstance(value, str):
        return value
    names = dict(getattr(fn, "__globals__", {}))
    code = getattr(fn, "__code__", None)
    for name, cell in zip(code.co_freevars if code else (), getattr(fn, "__closure__", None) or ()):
        try:
            names[name] = cell.cell_contents
        except ValueError:  # not bound yet
            continue
    try:
        return eval(value, names)  # noqa: S307 - the function's own annotation, in its own names
    except (_core.BafeError, SyntaxError):
        raise
    except Exception:  # another library's, or a name that is only there for type checkers
        return None


def _tree(value: Any) -> Any:
    """A result's annotation as a tree of types; None when it holds anything else."""
    arguments = getattr(value, "__args__", None)
    if arguments and getattr(value, "__origin__", None) is tuple:
        value = tuple(arguments)
    if isinstance(value, tuple):
        parts = tuple(map(_tree, value))
        return None if any(part is None for part in parts) else parts
    return value if isinstance(value, ArrayType) else None


f16, f32, f64 = ArrayType("f16"), ArrayType("f32"), ArrayType("f64")
i8, i16, i32, i64 = (ArrayType(f"i{n}") for n in (8, 16, 32, 64))
u8, u16, u32, u64 = (ArrayType(f"u{n}") for n in (8, 16, 32, 64))
boolean = ArrayType("bool")

__all__ = ["ArrayType", "Signature", "signature_of"]
