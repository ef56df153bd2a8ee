"""The decorator: trace a function once for each signature, then call compiled code."""

from __future__ import annotations

import functools
import inspect
import types
import warnings
from collections.abc import Sequence
from typing import Any, Callable

import numpy as np

from bafe import _core, captures, specialise, trees
from bafe.call import _Call, _Options, _trace
from bafe.explanation import Explanation, SearchStats
from bafe.tensor import Tensor
from bafe.tracer import Tracer, _indices, _place

JitFunction = _core.JitFunction


def _tree_of(structure: Any) -> tuple[int, Any]:
    """How the core puts results together: 0 single, 1 tuple, 2 list, 3 by calling the function
    given."""
    if structure == "*":
        return 0, None
    if structure[0] in (tuple, list) and all(part == "*" for part in structure[2]):
        return (1 if structure[0] is tuple else 2), None
    return 3, lambda results: trees.unflatten(structure, iter(results))


def _show_warnings(stacklevel: int) -> None:
    for message in _core.take_warnings():
        warnings.warn(message, RuntimeWarning, stacklevel=stacklevel)


def _make_record(call: _Call) -> Any:
    program, tracer, structure, output_of_root = _trace(call)
    executable = _core.prepare(program, call.options.search["options"])
    _show_warnings(6)
    hidden, guards = captures.find(call.options.fn, tracer.captured)
    tree, build = _tree_of(structure)

    def record_of(made: Any, traced: Any) -> Any:
        return _core.make_record(
            call.leaves,
            made,
            list(range(len(call.leaves))),
            hidden,
            guards,
            output_of_root,
            tree,
            build,
            call.options.search["threads"],
            f"{id(call.options)}" if call.options.autotune else "",
            traced,
        )

    record = record_of(executable, program)
    found = _specialised(call, program, tracer)
    if found is None or executable.interpreted:
        return record
    special = _core.prepare(found.program, call.options.search["options"])
    if special.interpreted or not specialise.pays(
        executable.predicted_ns, special.predicted_ns, found.scan_ns
    ):
        return record
    guarded = record_of(special, found.program)
    _core.guard_bands(guarded, found.claims, record)
    return guarded


def _specialised(call: _Call, program: Any, tracer: Tracer) -> Any:
    """What the arrays of this call would allow; None without values."""
    if not call.has_values:
        return None
    arrays, names = specialise.arrays_of(call, tracer.captured)
    return specialise.propose(call.options, program, arrays, names)


def _record_for(function: Any, call: _Call) -> Any:
    options: _Options = function._options
    key = call.key()
    record = options.records.get(key)
    if record is None or not record.guards_hold():
        record = options.records[key] = _make_record(call)
        if call.plain:
            function._publish(record)
    return record


def _resolve(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Slow path of a call: the core found no record that fits."""
    options: _Options = function._options
    if _core.option("BAFE_DISABLE_JIT") == "1":
        return options.fn(*args, **kwargs)
    call = _Call(options, args, kwargs)
    if any(isinstance(leaf, Tensor) for leaf in call.leaves):
        return options.fn(*args, **kwargs)  # inside another trace: inlined
    if not call.has_values:
        raise _core.TraceError(
            f"{_place()}jit: a ShapeDtype has no values to compute with\n"
            "  fix: pass arrays, or ask explain, source or compile"
        )
    return _record_for(function, call).run(call.leaves)


def evaluate_nullary(build: Callable[[Tracer], int]) -> np.ndarray:
    """Value of a program without inputs."""
    tracer = Tracer()
    (result,) = tracer.trace.finish([build(tracer)]).evaluate([])
    return result


def _program(self: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    call = _Call(self._options, args, kwargs)
    return _trace(call)[0]


def _explain(self: Any, *args: Any, **kwargs: Any) -> Explanation:
    """Say what was tried and what was chosen for these arguments.

    Args:
        *args: arrays or ``ShapeDtype`` specs; nothing is executed.
        **kwargs: likewise.

    Returns:
        An object that prints as text and has ``to_dict()``: the program as written, the program
        chosen, the rules
        between them in order, predicted nanoseconds of the best candidates.

    Raises:
        TraceError: the function branched on an array value.
        ShapeError: operands do not fit; the message names the operator, both shapes and a fix.
    """
    return Explanation(_searched(self, args, kwargs))


def _searched(self: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Search as a call would: over the structure of the arguments where that pays."""
    call = _Call(self._options, args, kwargs)
    program, tracer, _, _ = _trace(call)
    options = self._options.search["options"]
    found = _core.search(program, options)
    special = _specialised(call, program, tracer)
    lines: list[str] = []
    if special is not None:
        other = _core.search(special.program, options)
        if specialise.pays(found["predicted_ns"], other["predicted_ns"], special.scan_ns):
            found, lines = other, special.texts
        else:
            lines = [f"{text} (not adopted: it saves too little)" for text in special.texts]
    found["structure"] = found["stats"]["structure"] = lines
    _show_warnings(4)
    return dict(found)


def _source(self: Any, *args: Any, **kwargs: Any) -> str:
    """Give the generated C text for these arguments; empty when the interpreter runs the
    function."""
    call = _Call(self._options, args, kwargs)
    return _record_for(self, call).executable.c_text


def _search_stats(self: Any, *args: Any, **kwargs: Any) -> SearchStats:
    """Report what the search did for these arguments: counts, limits, stop reason, milliseconds."""
    return SearchStats(_searched(self, args, kwargs)["stats"])


def _compile(self: Any, *args: Any, **kwargs: Any) -> Any:
    """Trace, search and compile for these arguments without calling; give the compiled program."""
    return _record_for(self, _Call(self._options, args, kwargs)).executable


def _ir(self: Any, *args: Any, **kwargs: Any) -> str:
    """Give the traced program as text."""
    return _program(self, args, kwargs).text()


def _clear(self: Any) -> None:
    """Forget every compiled signature of this function."""
    self._options.records.clear()
    self._forget()


_METHODS: list[tuple[str, Any]] = [
    ("explain", _explain),
    ("source", _source),
    ("search_stats", _search_stats),
    ("compile", _compile),
    ("ir", _ir),
    ("clear_cache", _clear),
    ("__repr__", lambda self: f"<bafe.jit of {self.__name__}>"),
]
for _name, _method in _METHODS:
    setattr(JitFunction, _name, _method)


def _budget_of(budget: Any, iters: Any, temperature: Any, seed: Any) -> Any:
    if iters is None and temperature is None and seed is None:
        return budget
    base = budget if budget is not None else _core.SearchBudget()
    given = {"max_iters": iters, "temperature": temperature, "seed": seed}
    default = {"max_iters": 8, "temperature": 1.0, "seed": 0xBAFE5EED}
    for field, value in given.items():
        if value is not None:
            setattr(base, field, value)
        elif budget is None:
            setattr(base, field, default[field])
    return base


def jit(
    fn: Callable[..., Any] | None = None,
    *,
    budget: Any = None,
    iters: int | None = None,
    temperature: float | None = None,
    seed: int | None = None,
    autotune: bool = False,
    time_budget_ms: float | None = None,
    deep: bool = False,
    math: str = "reals",
    threads: int | None = None,
    tier: str | None = None,
    structure: str = "auto",
    rewrite: bool = True,
    static_argnums: int | Sequence[int] = (),
    static_argnames: str | Sequence[str] = (),
) -> Any:
    """Compile a function of arrays into a searched, cached C kernel.

    Args:
        fn: the function; left out when options are given: ``@bafe.jit(deep=True)``.
        budget: a ``make_search_budget`` result; stochastic passes follow the saturation.
        iters: stochastic passes; any of iters, temperature, seed gives a budget with max_iters 8, T
        1.0, seed
            0xBAFE5EED unless given.
        temperature: of the Boltzmann acceptance; 0 accepts nothing that costs more.
        seed: of the stochastic passes; equal seeds give equal programs in every process.
        autotune: time calls, keep a log, refit the cost model.
        time_budget_ms: search effort: greedy up to 1, light up to 10, beam up to 100, deep above or
        at 0.
        deep: the deepest regime.
        math: ``bits`` (same bits as written), ``reals`` (equal over the reals and stable) or
            ``fast``.
        threads: most threads a call may use; default ``get_num_threads()``.
        tier: ``auto``, ``compiled`` or ``interpreted``; default ``BAFE_TIER``.
        structure: ``auto`` skips known zeros of matrices (declared, or found in the arguments and
            tested at every call), ``off`` never does; ``math="bits"`` implies ``off``.
        rewrite: False compiles the program as written: operators are fused, no rule is applied.
        static_argnums: positions of arguments that are not arrays; a new value compiles anew.
        static_argnames: the same by name.

    Returns:
        A callable with ``explain``, ``source``, ``search_stats``, ``compile``, ``ir`` and
        ``clear_cache``.

    Raises:
        TraceError: ``fn`` is not callable, or an option is unknown.

    Example:
        >>> @bafe.jit
        ... def f(a, b):
        ...     return bafe.relu(a @ b - 1)
        >>> f(np.ones((1, 2)), np.ones((2, 1)))
        array([[1.]])
    """
    if fn is None:
        return functools.partial(
            jit,
            budget=budget,
            iters=iters,
            temperature=temperature,
            seed=seed,
            autotune=autotune,
            time_budget_ms=time_budget_ms,
            deep=deep,
            math=math,
            threads=threads,
            tier=tier,
            structure=structure,
            rewrite=rewrite,
            static_argnums=static_argnums,
            static_argnames=static_argnames,
        )
    if not callable(fn):
        raise _core.TraceError(
            f"{_place()}jit: a {type(fn).__name__} cannot be called\n  fix: decorate a function"
        )
    search = _core.search_options(
        math,
        _budget_of(budget, iters, temperature, seed),
        time_budget_ms,
        deep,
        tier if tier is not None else _core.option("BAFE_TIER"),
        threads or 0,
        autotune,
    )
    if structure not in ("auto", "off"):
        raise _core.TraceError(
            f'{_place()}jit: structure="{structure}" is unknown\n  fix: use "auto" or "off"'
        )
    _core.use_rewrites(search, rewrite)
    _core.use_structure(search, structure == "auto" and math != "bits")
    function = JitFunction(_resolve)
    numbers = _indices("jit", "static_argnums", static_argnums)
    names = (static_argnames,) if isinstance(static_argnames, str) else tuple(static_argnames)
    wrapped = fn._options.fn if isinstance(fn, JitFunction) else fn
    function._options = _Options(
        wrapped, {"options": search, "threads": threads or 0}, autotune, numbers, names
    )
    functools.update_wrapper(function, wrapped) if isinstance(
        wrapped, types.FunctionType
    ) else setattr(function, "__name__", type(wrapped).__name__)
    return function


def fuse(f: Callable[..., Any], g: Callable[..., Any]) -> Any:
    """Join two functions into one program: ``h(*a) = g(f(first n_f of a), *rest)``.

    Args:
        f: runs on its own number of arguments, the first ones.
        g: takes f's result and the remaining arguments.

    Returns:
        A jitted function; chains fuse on.

    Raises:
        TypeError: f or g is not callable, or f's number of parameters is not known.

    Example:
        >>> h = bafe.fuse(lambda a, b: a @ b, lambda c, d: bafe.relu(c - d))
        >>> h(np.ones((1, 1)), np.ones((1, 1)), 0.5)
        array([[0.5]])
    """
    for one in (f, g):
        if not callable(one):
            raise TypeError(
                f"fuse: a {type(one).__name__} is not a function\n  fix: pass two functions"
            )
    inner, outer = _plain(f), _plain(g)
    count, rest = _arity(inner), _arity(outer) - 1
    if rest < 0:
        raise TypeError(
            "fuse: the second function takes no argument\n  fix: let it take f's result"
        )

    def fused(*args: Any) -> Any:
        if len(args) != count + rest:
            raise TypeError(f"fused function takes {count + rest} arguments, got {len(args)}")
        return outer(inner(*args[:count]), *args[count:])

    fused.__name__ = f"{_name_of(outer)}_of_{_name_of(inner)}"
    fused._bafe_arity = count + rest  # type: ignore[attr-defined]
    return jit(fused)


def _name_of(fn: Any) -> str:
    return getattr(fn, "__name__", type(fn).__name__)


def _plain(fn: Any) -> Any:
    return fn._options.fn if isinstance(fn, JitFunction) else fn


def _arity(fn: Any) -> int:
    known = getattr(fn, "_bafe_arity", None)
    if known is not None:
        return int(known)
    try:
        parameters = inspect.signature(fn).parameters.values()
    except ValueError:
        raise TypeError(f"fuse: the parameters of {_name_of(fn)} are not known") from None
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        raise TypeError(
            f"fuse: {_name_of(fn)} takes a variable number of arguments\n"
            "  fix: give it named parameters"
        )
    return sum(p.default is p.empty for p in parameters)
