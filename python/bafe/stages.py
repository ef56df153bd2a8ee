"""The stages of a jitted function as objects: ``f.trace``, ``f.lower`` and ``f.compile``.

Example:
    >>> f = bafe.jit(lambda a, b, v: a @ b @ v, tier="compiled")
    >>> a, v = bafe.ShapeDtype((64, 64)), bafe.ShapeDtype((64, 1))
    >>> lowered = f.trace(a, a, v).lower()
    >>> lowered.out_info
    ShapeDtype((64, 1), float32)
    >>> int(lowered.cost_analysis().flops), lowered.rules
    (16384, ['matmul-regroup'])
    >>> compiled = lowered.compile()
    >>> x, y = np.ones((64, 64), "f4"), np.ones((64, 1), "f4")
    >>> float(compiled(x, x, y)[0, 0])
    4096.0
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bafe import _core, trees
from bafe.call import ShapeDtype, _Call, _trace
from bafe.tracer import _place

if TYPE_CHECKING:
    from bafe.cost_table import CostAnalysis
    from bafe.memory import MemoryAnalysis

FORMS = ("ir", "json", "dot", "chosen", "egraph", "c", "asm")


def _refused(form: Any, forms: tuple[str, ...], stage: str, later: str) -> Exception:
    if form in FORMS and later:
        fix = f'ask a later stage: {later}.as_text("{form}")'
    else:
        import difflib

        near = difflib.get_close_matches(str(form), forms, 1)
        listed = ", ".join(f'"{one}"' for one in forms)
        fix = f'did you mean "{near[0]}"?' if near else f"use one of {listed}"
    return _core.TraceError(
        f"{_place()}as_text: a {stage} program has no text {form!r}\n  fix: {fix}"
    )


def info_of(call: _Call) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Arguments of a call as specs, put together as they were; static ones as they are."""
    from bafe.surface import numpy_dtype

    specs = []
    for number, leaf in enumerate(call.leaves):
        dtype, shape, _, _ = _core.leaf_type(leaf)
        specs.append(ShapeDtype(call.named.get(number, shape), numpy_dtype(dtype)))
    args, kwargs = call.rebuild(specs)
    return tuple(args), kwargs


def _result_shapes(call: _Call, program: Any) -> list[tuple[Any, ...]]:
    """Shapes of the results. Where the arguments' sizes have names, theirs are texts: ``n``,
    ``2*n+1``; ``?`` where it is no such expression."""
    shapes = [shape for _, shape in program.root_specs()]
    if not call.symbols:
        return shapes
    from bafe import sizes

    draws = [call.symbols]
    for draw in range(1, 4):  # two say what an expression is, the third that it is one
        draws.append({n: s * draw + 7 * i + draw for i, (n, s) in enumerate(call.symbols.items())})
    try:
        traced = [sizes._traced(call, call.named, drawn).root_specs() for drawn in draws[1:]]
    except _core.BafeError:
        return shapes  # a size is bound to a number of the function
    seen = [shapes, *([shape for _, shape in one] for one in traced)]
    return [
        tuple(_size_text(values, draws) for values in zip(*(one[root] for one in seen)))
        for root in range(len(shapes))
    ]


def _size_text(values: tuple[int, ...], draws: list[dict[str, int]]) -> Any:
    if len(set(values)) == 1:
        return values[0]
    for name in draws[0]:
        x = [drawn[name] for drawn in draws]
        factor, rest = divmod(values[1] - values[0], x[1] - x[0]) if x[1] != x[0] else (0, 1)
        offset = values[0] - factor * x[0]
        if rest == 0 and all(v == factor * n + offset for v, n in zip(values, x)):
            text = name if factor == 1 else f"{factor}*{name}"
            return text + (f"{offset:+d}" if offset else "")
    return "?"


def _results_info(call: _Call, program: Any) -> list[ShapeDtype]:
    from bafe.surface import numpy_dtype

    found = []
    for (dtype, shape), sized in zip(program.root_specs(), _result_shapes(call, program)):
        spec = ShapeDtype(shape, numpy_dtype(dtype))
        spec.shape = sized
        found.append(spec)
    return found


class Traced:
    """A function traced for one signature: the program as written.

    Attributes:
        name: of the function.
        program: the traced program.
        in_info: (positional arguments, named arguments) as trees of ``ShapeDtype``.
        out_info: the results as a tree of ``ShapeDtype``; sizes that follow from sizes with names
            are texts, such as ``2*n+1``.
    """

    def __init__(self, function: Any, call: _Call) -> None:
        self._function, self._call = function, call
        self.name: str = function.__name__
        self.program, _, structure, output_of_root = _trace(call)
        specs = _results_info(call, self.program)
        self.in_info = info_of(call)
        self.out_info = trees.unflatten(structure, (specs[i] for i in output_of_root))

    def __repr__(self) -> str:
        return f"<bafe {type(self).__name__} {self.name}: {self.program.brief()}>"

    def as_text(self, form: str = "ir") -> str:
        """Give the program as text.

        Args:
            form: ``ir``, ``json`` or ``dot`` (Graphviz).

        Raises:
            TraceError: another form, or one that a later stage has.
        """
        if form == "ir":
            return self.program.text()
        if form == "json":
            return self.program.to_json()
        if form == "dot":
            from bafe.dot import dot_of

            return dot_of(self.program)
        later = ".lower()" if form in ("chosen", "egraph") else ".lower().compile()"
        raise _refused(form, ("ir", "json", "dot"), "traced", later)

    def lower(self) -> Lowered:
        """Search for the cheapest equal program; nothing is compiled."""
        return Lowered(self)

    def compile(self) -> Any:
        """Search and compile, as ``lower().compile()``."""
        return self.lower().compile()


class Lowered:
    """A traced function with what the search chose for it.

    Attributes:
        name, in_info, out_info: as of ``Traced``.
        program: the chosen program.
        rules: names of the rules between both programs, in order.
    """

    def __init__(self, traced: Traced) -> None:
        from bafe.methods import searched

        self._traced = traced
        self._found = searched(traced._call)
        self.name, self.in_info, self.out_info = traced.name, traced.in_info, traced.out_info
        self.rules: list[str] = [step["rule"] for step in self._found["steps"]]

    @property
    def program(self) -> Any:
        """The chosen program, without layouts."""
        options = self._traced._call.options.search["options"]
        return _core.optimized(self._traced.program, options)

    def __repr__(self) -> str:
        return f"<bafe Lowered {self.name}: {self._found['chosen']}>"

    def as_text(self, form: str = "chosen") -> str:
        """Give the program as text.

        Args:
            form: ``chosen`` (the program with layouts and groups), ``ir`` (as written), ``json`` or
                ``dot`` (the chosen one; Graphviz), ``egraph`` (Graphviz, one cluster a class).

        Raises:
            TraceError: another form, or one that a later stage has.
        """
        if form == "chosen":
            return str(self._found["chosen_text"])
        if form == "ir":
            return self._traced.as_text()
        if form == "json":
            return self.program.to_json()
        if form == "dot":
            from bafe.dot import dot_of

            return dot_of(self.program)
        if form == "egraph":
            options = self._traced._call.options.search["options"]
            return _core.egraph_of_program(self._traced.program, options).dot()
        later = ".compile()" if form in FORMS else ""
        raise _refused(form, ("chosen", "ir", "json", "dot", "egraph"), "lowered", later)

    def cost_analysis(self) -> CostAnalysis:
        """Give floating-point operations, bytes and predicted seconds, for each kernel and in all.

        A table when printed; fields ``flops``, ``bytes``, ``predicted_seconds`` and ``kernels``.
        """
        from bafe.cost_table import CostAnalysis

        return CostAnalysis(self._found["candidates"][0])

    def compile(self) -> Any:
        """Compile; give an object that is called like the function, for this signature only.

        Raises:
            TraceError: what the function captured has changed since it was lowered.
            CompileError: the C compiler failed.
        """
        function, call = self._traced._function, self._traced._call
        made = compiled(function, call)
        if traced_text(made._record) != self._traced.program.text():
            raise _core.TraceError(
                f"{_place()}compile: what {self.name} captured has changed since it was lowered\n"
                "  fix: lower it again"
            )
        return made


def traced_text(record: Any) -> str:
    """The program as written of a record, without what was found in its arguments."""
    return str((record.dense or record).executable.traced_text)


def compiled(function: Any, call: _Call) -> Any:
    """The function compiled for the signature of ``call``."""
    from bafe.staging import finished_record

    record = finished_record(function, call)
    made = _core.Compiled(_resolve)
    made._function, made._options, made._call = function, call.options, _without_values(call)
    made._key, made._record = call.key(), record
    made.__name__ = function.__name__
    made.__doc__ = function.__doc__
    made._configure(*call.options.parameters())
    args, kwargs = call.rebuild(call.leaves)
    made._publish(record, tuple(args), kwargs, call.parts)
    return made


def _without_values(call: _Call) -> _Call:
    """The call with arrays that only lie as its own do, so that those may be freed."""
    import numpy as np

    like = _Call(call.options, (), {})
    like.leaves = [np.empty_like(x) if isinstance(x, np.ndarray) else x for x in call.leaves]
    like.names, like.parts, like.has_values = call.names, call.parts, False
    like.named, like.symbols, like.numbers = call.named, call.symbols, call.numbers
    return like


def _resolve(made: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A call that no record of the compiled object fits: mostly an error."""
    from bafe.record import _record_for
    from bafe.sizes import fits
    from bafe.tensor import Tensor

    given, out = kwargs, None
    if made._options.owns_out and "out" in kwargs:
        kwargs = dict(kwargs)
        out = kwargs.pop("out")
    call = _Call(made._options, args, kwargs)
    if any(isinstance(leaf, Tensor) for leaf in call.leaves):
        return made._options.fn(*args, **kwargs)  # inside another trace: inlined
    if not call.has_values:
        raise _core.TraceError(
            f"{_place()}{made.__name__}: a ShapeDtype has no values to compute with\n"
            "  fix: pass arrays"
        )
    if made._call.named and fits(made._call, call):
        made._publish(_record_for(made._function, call), args, given, call.parts)
        return _record_for(made._function, call).run(call.leaves, out)
    if call.key() != made._key:
        raise _other_signature(made, call)
    record = _record_for(made._function, call)
    if traced_text(record) != traced_text(made._record):
        raise _core.TraceError(
            f"{_place()}{made.__name__}: what it captured has changed since it was compiled\n"
            "  fix: compile it again, or call the jitted function, which does"
        )
    made._record = record
    made._publish(record, args, given, call.parts)
    return record.run(call.leaves, out)


def _other_signature(made: Any, call: _Call) -> Exception:
    from bafe.context import differences, signature

    lines = "\n".join(differences(call, signature(made._call)))
    return _core.ShapeError(
        f"{_place()}{made.__name__}: it was compiled for other arguments\n{lines}\n"
        "  fix: compile it for these, or call the jitted function, which does"
    )


def _as_text(self: Any, form: str = "chosen") -> str:
    """Give the compiled program as text.

    Args:
        form: ``chosen`` (the program that runs, with layouts), ``ir`` (as written), ``c``
            (generated C), ``asm`` (what the compiler makes of it), ``json``, ``dot``, ``egraph``.

    Raises:
        TraceError: another form; or ``c`` and ``asm`` where the interpreter runs.
        CompileError: no compiler can make assembly.
    """
    executable = self.executable
    if form == "chosen":
        return str(executable.chosen_text)
    if form == "ir":
        return str(executable.traced_text)
    if form in ("c", "asm"):
        if not executable.c_text:
            raise _core.TraceError(
                f"{_place()}as_text: {self.__name__} runs in the interpreter: it has no C\n"
                "  fix: install gcc or clang (bafe doctor says what is missing)"
            )
        return str(executable.c_text if form == "c" else _core.assembly_of(executable.c_text))
    if form in FORMS:
        return _lowered(self).as_text(form)
    raise _refused(form, FORMS, "compiled", "")


def _lowered(self: Any) -> Lowered:
    return Lowered(Traced(self._function, self._call))


def _cost(self: Any) -> CostAnalysis:
    """Give floating-point operations, bytes and predicted seconds, for each kernel and in all."""
    from bafe.cost_table import CostAnalysis

    candidates = _lowered(self)._found["candidates"]
    chosen = [one for one in candidates if one["program"] == self.executable.chosen_brief]
    return CostAnalysis((chosen or candidates)[0])


def _memory(self: Any) -> MemoryAnalysis:
    """Say what memory a call holds: arguments, results, temporaries, code, and the peak."""
    from bafe.memory import MemoryAnalysis

    executable = self.executable
    buffers, plan = _core.buffer_bytes(executable), _core.memory_plan(executable)
    return MemoryAnalysis(buffers, plan, _core.code_bytes(executable.key) or 0)


def _attribute(self: Any, name: str) -> Any:
    """Fields of the executable (``key``, ``c_text``, ``predicted_ns`` …) are the object's too."""
    if name.startswith("_"):
        raise AttributeError(name)
    return getattr(self._record.executable, name)


_FIELDS: dict[str, Any] = {
    "as_text": _as_text,
    "cost_analysis": _cost,
    "memory_analysis": _memory,
    "executable": property(lambda self: self._record.executable),
    "in_info": property(lambda self: info_of(self._call)),
    "out_info": property(lambda self: Traced(self._function, self._call).out_info),
    "__getattr__": _attribute,
    "__repr__": lambda self: f"<bafe Compiled {self.__name__}: {self.executable.chosen_brief}>",
}
for _name, _value in _FIELDS.items():
    setattr(_core.Compiled, _name, _value)

__all__ = ["Lowered", "Traced"]
