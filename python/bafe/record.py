"""From one call to the record that runs it: traced, prepared, and published to the core."""

from __future__ import annotations

import atexit
import warnings
from typing import Any

from bafe import _core, captures, context, shapes, specialise
from bafe.call import _Call, _Options, _trace, rebuilt
from bafe.tracer import Tracer

_MOST_RECORDS = 4096  # of a function; as in the core, the next one starts anew


def _show_warnings(stacklevel: int) -> None:
    for message in _core.take_warnings():
        warnings.warn(message, RuntimeWarning, stacklevel=stacklevel)


def _finish() -> None:
    """At exit: entries that still wait become files; what went wrong is said."""
    _core.cache_flush()
    _show_warnings(2)


atexit.register(_finish)


def _make_record(call: _Call) -> Any:
    program, tracer, structure, output_of_root = _trace(call)
    if call.named or call.options.dynamic or call.options.signature:
        from bafe import sizes

        sizes.teach(call, program)
    executable = _core.prepare(program, call.options.search["options"])
    hidden, guards = captures.find(call.options.fn, tracer.captured, call.looked_into())
    shapes.note_signature(call, program, executable, guards)
    _show_warnings(6)

    def record_of(made: Any, traced: Any) -> Any:
        record = _core.make_record(
            call.leaves,
            made,
            list(range(len(call.leaves))),
            hidden,
            guards,
            output_of_root,
            structure,
            call.options.search["threads"],
            f"{id(call.options)}" if call.options.autotune else "",
            traced,
        )
        if call.numbers and tracer.rebinds:
            _core.mark_numbers(record, call.numbers)
        if tracer.writes:
            _core.add_writes(record, tracer.writes, tracer.same_as, _plain(call), traced)
        return record

    call.options.numbers_matter |= bool(call.numbers and tracer.rebinds) or any(
        not start for _, start, *_ in tracer.writes
    )
    record = record_of(executable, program)
    found = _specialised(call, program, tracer)
    if found is None:
        return record
    special = _core.prepare(found.program, call.options.search["options"])
    pending = [one for one in (executable, special) if _core.tier_state(one)["pending"]]
    if pending:  # prices are known once both are compiled: the record is made again then
        _core.want_compiled(special)
        _core.renew_when_settled(record, pending)
        return record
    if (
        executable.interpreted
        or special.interpreted
        or not specialise.pays(executable.predicted_ns, special.predicted_ns, found.scan_ns)
    ):
        return record
    guarded = record_of(special, found.program)
    _core.guard_bands(guarded, found.claims, record)
    return guarded


def _plain(call: _Call) -> Any:
    """The function on a list of leaves, for arguments that share memory; keeps no array alive."""
    fn, parts = call.options.fn, call.parts

    def plain(leaves: list[Any]) -> Any:
        args, kwargs = rebuilt(parts, leaves)
        return fn(*args, **kwargs)

    return plain


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
        context.refuse_recompile(options, call, record)
        record = _make_record(call)
        if len(options.records) >= _MOST_RECORDS:
            options.records.clear()
            options.signatures.clear()
        if key not in options.records:
            options.signatures.append(context.signature(call))
        options.records[call.key()] = record  # tracing may have made it another
    return record
