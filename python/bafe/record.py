"""From one call to the record that runs it: traced, prepared, and published to the core."""

from __future__ import annotations

import warnings
from typing import Any

from bafe import _core, captures, specialise, trees
from bafe.call import _Call, _Options, _trace
from bafe.tracer import Tracer


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
