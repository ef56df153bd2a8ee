"""Sizes with names: one program for all of them, and what a kernel serves."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bafe import _core, captures
from bafe.call import _Call, _trace
from bafe.tracer import _place

_DRAWS = 2  # programs beside the one at hand: three are enough to see one for all sizes


def checked(dynamic: Any) -> Any:
    """TraceError unless ``dynamic`` is a bool, None or axes by argument."""
    if dynamic is None or isinstance(dynamic, bool):
        return dynamic or None
    fits = isinstance(dynamic, Mapping) and all(isinstance(name, str) for name in dynamic)
    if not fits:
        raise _core.TraceError(
            f"{_place()}jit: dynamic is {dynamic!r}\n"
            '  fix: give True, or the axes that vary by argument: {"x": (0,)}'
        )
    axes = {}
    for name, given in dynamic.items():
        given = (given,) if isinstance(given, (int, np.integer)) else given
        try:
            axes[name] = tuple(int(axis) for axis in given)
        except (TypeError, ValueError):
            raise _core.TraceError(
                f"{_place()}jit: dynamic[{name!r}] is {given!r}\n  fix: give axes, as in (0, 1)"
            ) from None
    return axes


def named_sizes(call: _Call) -> dict[int, tuple[Any, ...]]:
    """Sizes by leaf, names where they vary: of specs, annotations or ``dynamic=``."""
    found: dict[int, tuple[Any, ...]] = dict(call.named)
    signature, dynamic = call.options.signature, call.options.dynamic
    for number, (leaf, name) in enumerate(zip(call.leaves, call.names)):
        if number in found or not isinstance(leaf, np.ndarray):
            continue
        kind = signature.parameters.get(name) if signature is not None else None
        if kind is not None and any(isinstance(size, str) for size in kind.sizes or ()):
            found[number] = kind.sizes
        elif dynamic is not None:
            found[number] = _varying(call, name, leaf.shape, dynamic)
    return {number: sizes for number, sizes in found.items() if any(map(_is_name, sizes))}


def _is_name(size: Any) -> bool:
    return isinstance(size, str)


def _varying(call: _Call, name: str, shape: Sequence[int], dynamic: Any) -> tuple[Any, ...]:
    """Equal sizes have one name: a square matrix stays square."""
    axes = range(len(shape)) if dynamic is True else dynamic.get(name, ())
    axes = [axis % len(shape) for axis in axes if -len(shape) <= axis < len(shape)]
    return tuple(f"n{n}" if axis in axes and n >= 2 else n for axis, n in enumerate(shape))


def _binding(call: _Call, named: Mapping[int, tuple[Any, ...]]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for number, wanted in named.items():
        for size, want in zip(call.leaves[number].shape, wanted):
            if _is_name(want):
                sizes[want] = size
    return sizes


def _traced(call: _Call, named: Mapping[int, tuple[Any, ...]], sizes: Mapping[str, int]) -> Any:
    other = copy.copy(call)
    other.leaves = list(call.leaves)
    for number, wanted in named.items():
        shape = [sizes.get(want, want) if _is_name(want) else want for want in wanted]
        shape = [
            n if isinstance(n, int) else call.leaves[number].shape[i] for i, n in enumerate(shape)
        ]
        other.leaves[number] = np.empty(shape, call.leaves[number].dtype)
    return _trace(other)[0]


def _samples(call: _Call, named: Mapping[int, tuple[Any, ...]], sizes: Mapping[str, int]) -> Any:
    made = []
    for draw in range(1, _DRAWS + 1):
        drawn = {
            name: draw * size + (2 * i + 3) * draw * draw
            for i, (name, size) in enumerate(sizes.items())
        }
        try:
            made.append(_traced(call, named, drawn))
        except (_core.BafeError, MemoryError, ValueError, TypeError, IndexError, OverflowError):
            return None
    return made


def samples(call: _Call) -> list[Any]:
    """The function traced for other sizes; empty where none vary."""
    named = named_sizes(call)
    sizes = _binding(call, named)
    sizes = {name: size for name, size in sizes.items() if size >= 2}
    if not sizes:
        return []
    made = _samples(call, named, sizes)
    if made is None:  # some size is bound to a number of the function: the others vary
        free = {n: s for n, s in sizes.items() if _samples(call, named, {n: s}) is not None}
        made = _samples(call, named, free) if free else None
    return made or []


def teach(call: _Call, program: Any) -> None:
    """Let one kernel serve all sizes of a program whose sizes were said to vary."""
    if not (call.named or call.options.dynamic or call.options.signature):
        return
    options = call.options.search["options"]
    if _core.size_family(program, options)["general"]:
        return
    found = samples(call)
    if found:
        _core.teach_sizes(program, options, found)


def fits(like: _Call, call: _Call) -> bool:
    """Has a call the types of another one whose specs had names for sizes?"""
    if like.parts != call.parts or len(like.leaves) != len(call.leaves):
        return False
    sizes: dict[str, int] = {}
    for number, (a, b) in enumerate(zip(like.leaves, call.leaves)):
        x, y = _core.leaf_type(a), _core.leaf_type(b)
        wanted = like.named.get(number, x[1])
        if x[0] != y[0] or x[2] != y[2] or len(wanted) != len(y[1]):
            return False
        for want, size in zip(wanted, y[1]):
            if (sizes.setdefault(want, size) if _is_name(want) else want) != size:
                return False
    return True


def guards(call: _Call, program: Any, tracer: Any) -> dict[str, Any]:
    """What one compiled signature serves, and what is tested before it runs.

    Returns:
        ``arguments``: a sentence for each; ``values``: one for each captured array and name;
        ``sizes``: symbols, and whether one kernel serves all of them.
    """
    options = call.options.search["options"]
    family = _core.size_family(program, options)
    texts = [f"{_core.leaf_type(leaf)[0]}{list(_core.leaf_type(leaf)[1])}" for leaf in call.leaves]
    found = samples(call) if call.named or call.options.dynamic or call.options.signature else []
    types = family["refused"]
    if not types and len(found) == _DRAWS:
        types = _core.symbolic_types([program, *found])
    if isinstance(types, tuple):
        texts = [f"{d}[{', '.join(sizes)}]" for d, sizes in types[0][: len(texts)]]
        texts = _renamed(call, texts, types[0])
    elif family["general"]:
        texts = family["inputs"][: len(texts)]
    arguments = []
    for name, text in zip(call.names, texts):
        varies = any(
            part.strip()[:1].isalpha() for part in text[text.index("[") + 1 : -1].split(",")
        )
        more = "any sizes of at least 2" if varies else "another shape or dtype is compiled apart"
        arguments.append(f"{name}: {text}, {more}")
    refused = types if isinstance(types, str) else ""
    return {
        "arguments": arguments,
        "values": _values(call, tracer),
        "sizes": {
            "any": any("any sizes" in line for line in arguments),
            "kernels": family["kernels"],
            "apart": refused,
        },
    }


def _renamed(call: _Call, texts: list[str], inputs: list[Any]) -> list[str]:
    """Symbols by the names that the caller gave."""
    import re

    names: dict[str, str] = {}
    for number, wanted in named_sizes(call).items():
        for symbol, want in zip(inputs[number][1], wanted):
            if symbol.isidentifier() and _is_name(want):
                names[symbol] = want
    return [
        text[: text.index("[")]
        + re.sub(r"[A-Za-z_]\w*", lambda m: names.get(m[0], m[0]), text[text.index("[") :])
        for text in texts
    ]


def _values(call: _Call, tracer: Any) -> list[str]:
    hidden, found = captures.find(call.options.fn, tracer.captured, call.looked_into())
    lines = [
        f"captured array {i}: {_core.leaf_type(array)[0]}{list(array.shape)}, read at every call"
        for i, (_, array) in enumerate(hidden)
    ]
    named = sorted({str(place[1]) for place, _ in found if isinstance(place[1], str)})
    lines += [f"{name}: another object of this name traces anew" for name in named]
    static = [(where, value) for where, kind, value in call.parts if kind == "static"]
    return lines + [
        f"argument {where} is {value!r}: another value traces anew" for where, value in static
    ]
