"""What one program's part of the report page holds, as plain data. Runs only what is asked."""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from bafe import _core
from bafe.report import words

_MOST_CANDIDATES = 5
_MOST_EGRAPH_SOURCE = 2000  # values of a program: beyond, growing its e-graph again takes seconds


class Subject(NamedTuple):
    """What a page is about: a function, and the arguments that one signature stands for."""

    function: Any
    args: tuple[Any, ...]
    kwargs: dict[str, Any]


def _place_of(fn: Any) -> str:
    code = getattr(fn, "__code__", None)
    return f"{code.co_filename}:{code.co_firstlineno}" if code else ""


def described(options: Any, program: Any) -> dict[str, Any]:
    """Name, place and signature of a traced function."""
    fn = options.fn
    inputs = [
        f"{name or 'x'}: {dtype}[{', '.join(map(str, shape))}]"
        for name, dtype, shape, _, _ in program.inputs()
    ]
    return {
        "name": getattr(fn, "__qualname__", type(fn).__name__).replace("<locals>.", ""),
        "place": _place_of(fn),
        "signature": ", ".join(inputs),
        "math": str(options.settings[0]) if options.settings else "reals",
    }


def searched(found: dict[str, Any]) -> dict[str, Any]:
    """The part that a search alone gives: programs, steps, effort."""
    terms = found.get("step_terms") or [None] * len(found["steps"])
    rules = sorted({step["rule"] for step in found["steps"]})
    proofs = dict(zip(rules, _core.rule_proofs(rules)))
    steps = []
    for step, term in zip(found["steps"], terms):
        status, engine = proofs[step["rule"]]
        steps.append({**step, "status": status, "engine": engine, **(term or {})})
    return {
        "written": found["written_graph"],
        "chosen": found["chosen_graph"],
        "written_lines": found["written_lines"],
        "chosen_lines": found["chosen_lines"],
        "written_brief": found["written"],
        "chosen_brief": found["chosen"],
        "steps": steps,
        "chains": found["chains"],
        "predicted_ns": found["predicted_ns"],
        "predicted_ns_as_written": found["predicted_ns_as_written"],
        "flops": found["flops"],
        "flops_as_written": found["flops_as_written"],
        "error_growth": found["error_growth"],
        "stats": {k: v for k, v in found["stats"].items() if k != "structure"},
        "rounds": found["rounds"],
        "limits": found["limits"],
        "rejected": [list(pair) for pair in found["rejected"]],
        "facts": [*found.get("structure", []), *found["facts"], *found["products"]],
        "guards": _guards(found.get("guards")),
        "bodies": [
            [body["written"], body["chosen"], body["predicted_ns"]]
            for body in found.get("bodies", ())
        ],
        "candidates": found["candidates"][:_MOST_CANDIDATES],
        "kernels": [
            {**kernel, "label": f"{kernel['kind']}: {kernel['operators']} -> {kernel['results']}"}
            for kernel in found["candidates"][0]["kernels"]
        ],
    }


def _guards(guards: dict[str, Any] | None) -> list[str]:
    """What a call must fit to run this program, a sentence each."""
    if not guards:
        return []
    apart = guards["sizes"]["apart"]
    own = [f"each size is compiled apart: {apart}"] if apart else []
    return [*guards["arguments"], *guards["values"], *own]


def egraph_of(program: Any, options: Any, parts: dict[str, Any]) -> dict[str, Any] | None:
    """The e-graph that the search grows, with the nodes of both programs marked.

    Also puts the price of each node by itself into the programs of ``parts``.
    """
    if len(parts["written"]["nodes"]) > _MOST_EGRAPH_SOURCE:
        return None
    graph = _core.egraph_of_program(program, options.search["options"], True)
    names = {name: number for number, name in enumerate(graph.classes)}
    rows: list[list[Any]] = []
    index: dict[Any, int] = {}
    for name, op, cls, children, cost in graph.nodes():
        row = (op, names[cls], [names[child] for child in children], cost)
        index.setdefault((op, tuple(row[2])), len(rows))
        rows.append([*row, name])
    marked: dict[str, list[int]] = {}
    missing = 0
    for which in ("written", "chosen"):
        found = _looked_up(parts[which]["nodes"], rows, index)
        parts[which]["costs"] = [None if i is None else rows[i][3] for i in found]
        marked[which] = sorted({i for i in found if i is not None})
        missing = sum(i is None for i in found)  # of a program put together from pieces
    return {
        "classes": [[name, type_] for name, type_ in zip(graph.classes, graph.class_types)],
        "nodes": rows,
        "roots": [names[root] for root in graph.roots],
        **marked,
        "missing": missing,
    }


def _looked_up(nodes: list[Any], rows: list[Any], index: dict[Any, int]) -> list[int | None]:
    """The e-node of each node of a program; None where the e-graph says it otherwise."""
    found: list[int | None] = []
    classes: list[int | None] = []
    for op, fields, operands, *_ in nodes:
        below = tuple(classes[i] for i in operands)
        at = index.get((op + fields, below))
        if at is None and op == "layout_transform":
            classes.append(below[0])  # the identity on values: no node of its own
        else:
            classes.append(None if at is None else rows[at][1])
        found.append(at)
    return found


_ITEM = re.compile(r"\b(bafe_\w+)\s*\(")


def code_of_kernels(text: str, symbols: list[str]) -> list[str]:
    """The functions of each kernel in the C text; helpers are named after their kernel."""
    items: list[tuple[str, list[str]]] = []
    item: list[str] = []
    for line in text.splitlines():
        item.append(line)
        ends = line == "}" or (
            line[:1] not in (" ", "}", "") and line.rstrip().endswith((";", "}"))
        )
        if ends or line.startswith("#"):
            head = _ITEM.search(item[0])
            items.append((head[1] if head else "", item))
            item = []
    out = []
    for symbol in symbols:
        mine = [
            "\n".join(lines)
            for name, lines in items
            if symbol and (name == symbol or name.startswith(symbol + "_"))
        ]
        out.append("\n".join(mine))
    return out


def compiled(parts: dict[str, Any], executable: Any) -> None:
    """What is known of the compiled program; kernels become those of its plan."""
    state = _core.tier_state(executable)
    made: dict[str, Any] = {
        "tier": state["tier"],
        "pending": state["pending"],
        "why": state["why"],
        "swaps": state["swaps"],
        "now_ns": state["now_ns"],
        "other_ns": state["other_ns"],
        "reproducer": state["reproducer"],
        "key": executable.key,
        "interpreted": executable.interpreted,
        "from_cache": executable.from_cache,
        "search_ms": executable.search_ms,
        "compile_ms": executable.compile_ms,
        "compiler": executable.compiler,
        "validation": _core.validation_record(executable.key) or "",
    }
    plan = _core.memory_plan(executable)
    if plan and state["tier"] == "compiled":
        steps = plan["steps"]
        codes = code_of_kernels(executable.c_text, [step["symbol"] for step in steps])
        parts["kernels"] = [
            {
                "label": step["label"],
                "span": span_name(plan, step),
                "predicted_ns": step["predicted_ns"],
                "flops": step["flops"],
                "bytes": step["bytes"],
                "code": code,
            }
            for step, code in zip(steps, codes)
        ]
        parts["c_text"] = executable.c_text
    parts["made"] = made


def span_name(plan: dict[str, Any], step: dict[str, Any]) -> str:
    """What the core calls a step in traces."""
    slots = step["slots"]
    return f"{step['label']} {plan['slots'][slots[-1]]['type']}" if slots else step["label"]


def certified(parts: dict[str, Any], program: Any, options: Any, key: str) -> None:
    """The certificate of the compiled program, replayed now."""
    found = _core.certificate(program, options.search["options"], key)
    parts["certificate"] = {
        name: found[name]
        for name in (
            *("accepted", "reason", "math", "program_class", "error_factor", "error_growth"),
            *("steps", "assumptions", "from_cache"),
        )
    }
    parts["certificate"]["text"] = found["text"][:200_000]


def measured(parts: dict[str, Any], subject: Subject) -> None:
    """Time of each kernel on copies of the arguments; why not, where that fails."""
    try:
        timings = subject.function.timings(*subject.args, **subject.kwargs)
    except (_core.BafeError, MemoryError, ValueError) as error:
        parts["not_measured"] = str(error).splitlines()[0]
        return
    if len(timings.steps) == len(parts["kernels"]):
        for kernel, step in zip(parts["kernels"], timings.steps):
            kernel["measured_ns"] = step.ns
        parts["measured_ns"] = timings.total_ns


def machine(threads: int) -> dict[str, Any]:
    """The machine that prices are made for, as the cost model has it."""
    return {**json.loads(_core.machine_json(max(1, threads))), "target": _core.host_target()}


def finished(parts: dict[str, Any]) -> dict[str, Any]:
    """Add the sentences to the numbers."""
    parts["headline"] = words.headline(parts)
    return parts


def bounded(parts: dict[str, Any], subject: Subject) -> None:
    """The largest running error bound of any result; null where an element has none."""
    import numpy as np

    try:
        bounds = subject.function.error_bound(*subject.args, **subject.kwargs)
    except (_core.BafeError, ValueError):
        return
    each = bounds if isinstance(bounds, tuple) else (bounds,)
    most = max((float(np.max(one)) for one in each if one.size), default=0.0)
    parts["error_bound"] = most if np.isfinite(most) else None
