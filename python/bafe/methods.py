"""What a jitted function can be asked besides being called: one table of methods."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from bafe import _core, context, specialise, staging, validation
from bafe.call import _Call, _trace
from bafe.record import _record_for, _show_warnings, _specialised

if TYPE_CHECKING:
    from bafe.certificate import Certificate
    from bafe.explanation import Explanation, SearchStats
    from bafe.memory import MemoryAnalysis
    from bafe.stages import Lowered, Traced
    from bafe.timings import Timings


def _program(self: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    call = _Call(self._options, args, kwargs)
    return _trace(call)[0]


def _explain(self: Any, *args: Any, **kwargs: Any) -> Explanation:
    """Say what was tried and what was chosen for these arguments.

    Args:
        *args: arrays or ``ShapeDtype`` specs; nothing is executed.
        **kwargs: likewise.

    Returns:
        An object that prints as text and has ``to_dict()`` and ``html(path)``: the program as
        written, the program chosen, the rules between them in order, predicted nanoseconds of the
        best candidates. It keeps the arguments for ``html``.

    Raises:
        TraceError: the function branched on an array value.
        ShapeError: operands do not fit; the message names the operator, both shapes and a fix.
    """
    from bafe.explanation import Explanation
    from bafe.report.gather import Subject

    found = _searched(self, args, kwargs)
    program = found.pop("program")
    return Explanation(found, Subject(self, args, kwargs), program)


def _searched(self: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    return searched(_Call(self._options, args, kwargs))


def searched(call: _Call) -> dict[str, Any]:
    """Search as a call would: over the structure of the arguments where that pays."""
    program, tracer, _, _ = _trace(call)
    traced = program
    options = call.options.search["options"]
    found = _core.search(program, options)
    special = _specialised(call, program, tracer)
    lines: list[str] = []
    if special is not None:
        other = _core.search(special.program, options)
        if specialise.pays(found["predicted_ns"], other["predicted_ns"], special.scan_ns):
            found, lines, program = other, special.texts, special.program
        else:
            lines = [f"{text} (not adopted: it saves too little)" for text in special.texts]
    found["structure"] = found["stats"]["structure"] = lines
    found["program"] = program
    from bafe import sizes

    found["guards"] = sizes.guards(call, traced, tracer)
    _show_warnings(4)
    return dict(found)


def _source(self: Any, *args: Any, **kwargs: Any) -> str:
    """Give the generated C text for these arguments; compiles them first. Empty when no compiler
    made code."""
    call = _Call(self._options, args, kwargs)
    return staging.finished_record(self, call).executable.c_text


def _search_stats(self: Any, *args: Any, **kwargs: Any) -> SearchStats:
    """Report what the search did for these arguments: counts, limits, stop reason, milliseconds."""
    from bafe.explanation import SearchStats

    return SearchStats(_searched(self, args, kwargs)["stats"])


def _certificate(self: Any, *args: Any, **kwargs: Any) -> Certificate:
    """Give the proof that the compiled program equals the function as written.

    Args:
        *args: arrays or ``ShapeDtype`` specs; what the background has begun is waited for.
        **kwargs: likewise.

    Returns:
        The certificate that was replayed before the program was compiled, from the cache after a
        hit. ``save(path)`` writes what the program ``bafe-check`` replays.

    Example:
        >>> f = bafe.jit(lambda a, b, v: a @ b @ v, tier="compiled")
        >>> a, v = np.ones((64, 64), "f4"), np.ones((64, 1), "f4")
        >>> proof = f.certificate(a, a, v)
        >>> proof.program_class, proof.steps
        ('reals', 1)
    """
    from bafe.certificate import Certificate

    call = _Call(self._options, args, kwargs)
    executable = staging.finished_record(self, call).executable
    program, options = _trace(call)[0], self._options.search["options"]
    return Certificate(_core.certificate(program, options, executable.key))


def _new_trace(self: Any, *args: Any, **kwargs: Any) -> Traced:
    """Trace the function for these arguments; give the first of its stages.

    Args:
        *args: arrays or ``ShapeDtype`` specs; nothing is executed.
        **kwargs: likewise.

    Returns:
        A ``Traced``: ``as_text("ir" | "json" | "dot")``, ``in_info``, ``out_info``, ``lower()``.

    Example:
        >>> f = bafe.jit(lambda x: {"double": x * 2})
        >>> f.trace(bafe.ShapeDtype((3,))).out_info
        {'double': ShapeDtype((3,), float32)}
    """
    from bafe.stages import Traced

    return Traced(self, _Call(self._options, args, kwargs))


def _lower(self: Any, *args: Any, **kwargs: Any) -> Lowered:
    """Trace the function and search for the cheapest equal program, as ``trace(...).lower()``.

    Example:
        >>> f = bafe.jit(lambda a, b, v: a @ b @ v)
        >>> a, v = bafe.ShapeDtype((64, 64)), bafe.ShapeDtype((64, 1))
        >>> print(f.lower(a, a, v).as_text().splitlines()[4])
          %3 = matmul %1 %2 : f32[64, 1] @row
    """
    return _new_trace(self, *args, **kwargs).lower()


def _compile(self: Any, *args: Any, **kwargs: Any) -> Any:
    """Trace, search and compile for these arguments without calling.

    What the background has begun is waited for; calls run the kernel from then on.

    Args:
        *args: arrays or ``ShapeDtype`` specs.
        **kwargs: likewise.

    Returns:
        A compiled object, called like the function and as fast, for this signature only: other
        shapes are a ShapeError. ``as_text("c")``, ``cost_analysis()``, ``memory_analysis()``,
        ``in_info``, ``out_info``; ``executable`` and its fields say how it was made.

    Example:
        >>> f = bafe.jit(lambda x: x + 1, tier="compiled")
        >>> g = f.compile(bafe.ShapeDtype((2,), "float64"))
        >>> g(np.ones(2))
        array([2., 2.])
        >>> try:
        ...     g(np.ones(3))
        ... except bafe.ShapeError as error:
        ...     print(str(error).splitlines()[1])
          argument x  f64[3], compiled for f64[2]
    """
    from bafe.stages import compiled

    return compiled(self, _Call(self._options, args, kwargs))


def _memory_analysis(self: Any, *args: Any, **kwargs: Any) -> MemoryAnalysis:
    """Say what memory a call with these arguments holds; nothing is executed.

    Args:
        *args: arrays or ``ShapeDtype`` specs.
        **kwargs: likewise.

    Returns:
        Peak, argument, result, arena and constant bytes, and the lifetime of each slot; prints as
        a table.

    Example:
        >>> f = bafe.jit(lambda a, b: a @ b, tier="compiled")
        >>> spec = bafe.ShapeDtype((64, 64), "float32")
        >>> f.memory_analysis(spec, spec).output_bytes
        16384
    """
    from bafe.memory import MemoryAnalysis

    executable = _record_for(self, _Call(self._options, args, kwargs)).executable
    return MemoryAnalysis(_core.buffer_bytes(executable), _core.memory_plan(executable))


def _ir(self: Any, *args: Any, **kwargs: Any) -> str:
    """Give the traced program as text."""
    return _program(self, args, kwargs).text()


def _timings(self: Any, *args: Any, **kwargs: Any) -> Timings:
    from bafe.timings import timings

    return timings(self, *args, **kwargs)


def _clear(self: Any) -> None:
    """Forget every compiled signature of this function."""
    for made in self._options.variants.values():
        made.clear_cache()
    self._options.records.clear()
    self._options.signatures.clear()
    self._forget()


_METHODS: list[tuple[str, Any]] = [
    ("explain", _explain),
    ("source", _source),
    ("search_stats", _search_stats),
    ("certificate", _certificate),
    ("trace", _new_trace),
    ("lower", _lower),
    ("compile", _compile),
    ("validation", validation.validation),
    ("error_bound", validation.error_bound),
    ("wait", staging.wait),
    ("state", staging.state),
    ("memory_analysis", _memory_analysis),
    ("timings", _timings),
    ("ir", _ir),
    ("clear_cache", _clear),
    ("__repr__", lambda self: f"<bafe.jit of {self.__name__}>"),
]
_AS_IS = ("wait", "clear_cache", "__repr__")  # the rest asks what a call here would run


def _in_block(method: Any) -> Any:
    """The method of what the blocks of this thread make of the function."""

    @functools.wraps(method)
    def asked(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(context.variant(self), *args, **kwargs)

    return asked


for _name, _method in _METHODS:
    setattr(_core.JitFunction, _name, _method if _name in _AS_IS else _in_block(_method))
