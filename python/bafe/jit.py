"""The decorator: trace a function once for each signature, then call compiled code."""

from __future__ import annotations

import functools
import inspect
import re
import sys
import types
from collections.abc import Mapping, Sequence
from typing import Any, Callable, TypeVar

import numpy as np

from bafe import _core, arguments, context, methods, staging, trees  # noqa: F401
from bafe.call import _Call, _Options
from bafe.record import _record_for
from bafe.tensor import Tensor
from bafe.tracer import Tracer, _indices, _place

JitFunction = _core.JitFunction


def _resolve(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Slow path of a call: the core found no record that fits."""
    options: _Options = function._options
    given, out = kwargs, None
    if options.owns_out and "out" in kwargs:
        kwargs = dict(kwargs)
        out = kwargs.pop("out")
    if _core.option("BAFE_DISABLE_JIT") == "1":
        return trees.fill(out, options.fn(*args, **kwargs))
    call = _Call(options, args, kwargs, keep_lazy=out is None)
    if any(isinstance(leaf, Tensor) for leaf in call.leaves):
        if out is not None:
            raise _core.TraceError(
                f"{_place()}jit: out= inside a traced function: tensors are values, not memory\n"
                "  fix: give out= to the outer call"
            )
        return options.fn(*args, **kwargs)  # inside another trace: inlined
    if not call.has_values:
        raise _core.TraceError(
            f"{_place()}jit: a ShapeDtype has no values to compute with\n"
            "  fix: pass arrays, or ask explain, source or compile"
        )
    if any(hasattr(leaf, "_pending") for leaf in call.leaves):
        from bafe import lazy_array

        return lazy_array.call(options, call)
    record = _record_for(function, call)
    if options.verify:  # never published: every call comes here
        from bafe import verified

        return verified.run(call, record, out)
    function._publish(record, args, given, call.parts)
    return record.run(call.leaves, out)


def evaluate_nullary(build: Callable[[Tracer], int]) -> np.ndarray:
    """Value of a program without inputs."""
    tracer = Tracer()
    (result,) = tracer.trace.finish([build(tracer)]).evaluate([])
    return result


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


_Maker = TypeVar("_Maker", bound=Callable[..., Any])


def _remembering(make: _Maker) -> _Maker:
    """Let a jitted function know what it was given: the rest may come from a block or a mode."""

    @functools.wraps(make)
    def made(*args: Any, **named: Any) -> Any:
        fn = args[0] if args else named.pop("fn", None)
        given = {**context.in_force(), **named} if context.in_force() else named
        arguments.check_choice("jit", "mode", given.get("mode") or "default", tuple(context.MODES))
        if given.get("mode"):
            function = make(fn, *args[1:], **{**context.MODES[given["mode"]], **given})
        else:
            function = make(fn, *args[1:], **given)
        if fn is None:
            return functools.partial(jit, **given)
        function._options.given = given
        return function

    return made  # type: ignore[return-value]


@arguments.named
@_remembering
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
    max_error_growth: float | None = None,
    rewrite: bool = True,
    verify: bool = False,
    mode: str | None = None,
    dynamic: bool | Mapping[str, Any] | None = None,
    static_argnums: int | Sequence[int] = (),
    static_argnames: str | Sequence[str] = (),
) -> Any:
    """Compile a function of arrays into a searched, cached C kernel.

    Args:
        fn: the function; left out when options are given: ``@bafe.jit(deep=True)``.
        budget: a ``make_search_budget`` result; stochastic passes follow the saturation.
        iters: stochastic passes; any of iters, temperature, seed gives a budget with max_iters 8, T
            1.0, seed 0xBAFE5EED unless given.
        temperature: of the Boltzmann acceptance; 0 accepts nothing that costs more.
        seed: of the stochastic passes; equal seeds give equal programs in every process.
        autotune: time calls, keep a log, refit the cost model.
        time_budget_ms: search effort: greedy up to 1, light up to 10, beam up to 100, deep above or
            at 0.
        deep: the deepest regime.
        math: ``bits`` (same bits as written), ``reals`` (equal over the reals and stable) or
            ``fast``.
        threads: most threads a call may use; default ``get_num_threads()``.
        tier: ``auto`` runs at once on tier 0 and compiles in the background, unless ``autotune``,
            ``budget``, ``iters`` or ``deep`` ask for more; ``compiled`` compiles in the first call;
            ``interpreted`` never does. Default ``BAFE_TIER``.
        structure: ``auto`` skips known zeros of matrices (declared, or found in the arguments and
            tested at every call), ``off`` never does; ``math="bits"`` implies ``off``.
        max_error_growth: a limit on the rounding that a rewrite may add: only programs whose error
            factor is at most this many times that of the function as written are taken; 1.0 is
            never worse than written, None (default) no limit. The factor counts roundings before
            any value is known (a sum of n terms n - 1, a product of matrices one a term, factors of
            a product add up), so it says nothing of cancellation; ``f.error_bound`` does. Each size
            is compiled on its own then.
        rewrite: False compiles the program as written: operators are fused, no rule is applied.
        verify: True compares the results of every call with those of the interpreter, within the
            rounding of both, and raises CompileError where they differ; for tests, since it takes
            many times as long.
        mode: ``fast-compile`` searches least (``time_budget_ms=1``), ``max-autotune`` most
            (``deep`` and ``autotune``); options that are given too go first. ``bafe.options``
            gives options to all functions of a block.
        dynamic: True says that the sizes of arguments will vary: from the first call on one kernel
            that reads them at run time serves all (sizes 0 and 1 and sizes bound to numbers of the
            function have their own); ``{"x": (0,)}`` names the axes. Else a kernel for any size is
            made at the third signature. Names in ``ShapeDtype`` and annotations say the same.
        static_argnums: positions of arguments that are not arrays; a new value compiles anew.
        static_argnames: the same by name.

    Returns:
        A callable with ``explain``, ``source``, ``search_stats``, ``memory_analysis``, ``trace``,
        ``lower``, ``compile``, ``ir`` and ``clear_cache``. Arguments are arrays, numbers and
        tuples, lists, dicts, dataclasses and registered types of them. ``f(a, b, out=y)`` writes
        the results into ``y``, put together like them, and returns it; ``y`` may share memory with
        an argument. A function with a parameter ``out`` or with ``**kwargs`` gets ``out`` itself.
        What ``fn`` writes into its arguments (``x += 1``, ``x[1:-1] = y``, ``np.exp(x, out=y)``) is
        in the caller's arrays afterwards, as in NumPy; where arguments share memory, the plain
        function runs. Results are arrays of their own, but for a written argument that is returned.
        Any number of threads may call it; only the main interpreter of a process may, and a Python
        without a global lock switches the lock on when BAFE is imported. What ``fn`` reads outside
        its arguments may change between calls: arrays that it computes with are read anew, and a
        rebound name, attribute or element is seen. Not seen: writing into an array that NumPy or
        Python read while tracing (``W.sum()``, ``float(W[0])``), into a set, a deque or an object
        with ``__slots__``.

    Raises:
        TraceError: ``fn`` is not callable, or an option is unknown.

    Example:
        >>> @bafe.jit
        ... def f(a, b):
        ...     return bafe.relu(a @ b - 1)
        >>> f(np.ones((1, 2)), np.ones((2, 1)))
        array([[1.]])
    """
    arguments.check_jit(threads, iters, temperature, seed, time_budget_ms, budget)
    arguments.check_switches("jit", deep=deep, autotune=autotune, rewrite=rewrite, verify=verify)
    arguments.check_choice("jit", "math", math, ("bits", "reals", "fast"))
    max_error_growth = arguments.checked_growth("jit", max_error_growth)
    dynamic = _checked_dynamic(dynamic)
    if structure not in ("auto", "off"):
        raise _core.TraceError(
            f'{_place()}jit: structure="{structure}" is unknown\n  fix: use "auto" or "off"'
        )
    tier_name = staging.tier_named(tier)
    if fn is None:
        return None
    if not callable(fn):
        raise _core.TraceError(
            f"{_place()}jit: a {type(fn).__name__} cannot be called\n  fix: decorate a function"
        )
    search = _core.search_options(
        math,
        _budget_of(budget, iters, temperature, seed),
        time_budget_ms,
        deep,
        tier_name,
        threads or 0,
        autotune,
    )
    _core.use_rewrites(search, rewrite)
    _core.use_structure(search, structure == "auto" and math != "bits")
    _core.limit_error_growth(search, max_error_growth)
    settings = (
        math,
        budget,
        iters,
        temperature,
        seed,
        time_budget_ms,
        deep,
        tier,
        threads,
        autotune,
    )
    numbers = _indices("jit", "static_argnums", static_argnums)
    names = arguments.static_names(static_argnames)
    wrapped = fn._options.fn if isinstance(fn, JitFunction) else fn
    arguments.check_static(wrapped, numbers, names)
    options = _Options(
        wrapped, {"options": search, "threads": threads or 0}, autotune, numbers, names
    )
    options.settings = (*settings, structure, max_error_growth, rewrite)
    options.verify = verify
    options.dynamic = dynamic
    _read_annotations(options)
    function = _made_of(options)
    functools.update_wrapper(function, wrapped) if isinstance(
        wrapped, types.FunctionType
    ) else setattr(function, "__name__", type(wrapped).__name__)
    return function


def _checked_dynamic(dynamic: Any) -> Any:
    if dynamic is None:
        return None
    from bafe import sizes

    return sizes.checked(dynamic)


_ARRAY_TYPE = re.compile(r"\b([fiu](8|16|32|64)|boolean)\b")


def _read_annotations(options: _Options) -> None:
    """Array types among the annotations are checked now, for all sizes."""
    found = getattr(options.fn, "__annotations__", None)
    if not found:
        return
    is_known = "bafe.signatures" in sys.modules  # else nobody has made an array type
    if not is_known and not any(
        isinstance(a, str) and _ARRAY_TYPE.search(a) for a in found.values()
    ):
        return
    from bafe import signatures

    signature = signatures.signature_of(options.fn)
    if signature is None:
        return
    signature.check_all_sizes(options)
    options.signature = signature


def _made_of(options: _Options, resolve: Callable[..., Any] = _resolve) -> Any:
    function = JitFunction(resolve)
    function._options = options
    function._configure(*options.parameters())
    return function


def jitted(fn: Callable[..., Any], like: _Options | None) -> Any:
    """Jit ``fn`` with the options of another jitted function; None: with the defaults."""
    if like is None:
        return jit(fn)
    options = _Options(fn, like.search, like.autotune, (), ())
    options.settings, options.given = like.settings, like.given
    return _made_of(options)


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
