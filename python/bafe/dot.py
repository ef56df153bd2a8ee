"""A program as Graphviz text: one box an operator, an edge for each operand."""

from __future__ import annotations

import json
from typing import Any


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _label(node: dict[str, Any], inputs: list[dict[str, Any]], at: int) -> str:
    if node["op"] == "input":
        type_ = inputs[at]["type"]
        return f"{inputs[at]['name']}\n{type_['dtype']}{type_['shape']}"
    rest = {k: v for k, v in node.items() if k not in ("op", "args")}
    fields = ", ".join(f"{k}={json.dumps(v)}" for k, v in rest.items())
    return node["op"] + (f"\n{fields[:60]}" if fields else "")


def dot_of(program: Any) -> str:
    """Give a program as Graphviz text.

    Example:
        >>> f = bafe.jit(lambda x: bafe.relu(x) + x)
        >>> print(f.trace(bafe.ShapeDtype((3,))).as_text("dot"))
        digraph program {
          rankdir=TB;
          node [shape=box, fontname="monospace"];
          n0 [label="x\\nf32[3]", shape=ellipse];
          n1 [label="relu"];
          n2 [label="add"];
          n0 -> n1;
          n1 -> n2 [label="0"];
          n0 -> n2 [label="1"];
          result0 [label="result 0", shape=ellipse];
          n2 -> result0;
        }
        <BLANKLINE>
    """
    found = json.loads(program.to_json())
    boxes, edges = [], []
    number = 0
    for i, node in enumerate(found["nodes"]):
        is_input = node["op"] == "input"
        label = _quoted(_label(node, found["inputs"], number))
        number += is_input
        boxes.append(f"  n{i} [label={label}{', shape=ellipse' if is_input else ''}];")
        args = node.get("args", [])
        for place, operand in enumerate(args):
            edges.append(f"  n{operand} -> n{i}" + (f' [label="{place}"];' if args[1:] else ";"))
    for i, root in enumerate(found["roots"]):
        edges.append(f'  result{i} [label="result {i}", shape=ellipse];')
        edges.append(f"  n{root} -> result{i};")
    head = ["digraph program {", "  rankdir=TB;", '  node [shape=box, fontname="monospace"];']
    return "\n".join([*head, *boxes, *edges, "}"]) + "\n"
