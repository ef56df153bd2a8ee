"""Tables of the documentation, read from the sources that the program itself is made of.

Operators come from ``include/bafe/ir/ops.def``, rules from the library and ``rules/rules.lock``,
variables from the library's option table, commands from the ``bafe`` command itself.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Operator(NamedTuple):
    """One line of the operator table."""

    name: str
    kind: str
    operands: str
    meaning: str
    algebra: str


class RuleRow(NamedTuple):
    """One rule with what is known of it."""

    name: str
    theme: str
    statement: str
    classes: str
    status: str
    engine: str
    why: str


class Variable(NamedTuple):
    """One environment variable."""

    name: str
    default: str
    meaning: str


_ALGEBRA = {
    "kCommutes": "commutes",
    "kAssociates": "associates",
    "kAssociatesInReals": "associates over the reals",
    "kIdempotent": "idempotent",
    "kInvolution": "undoes itself",
    "kZeroAtZero": "0 at 0",
    "kNoAlgebra": "",
}
_KINDS = {
    "kLeaf": "leaf",
    "kMovement": "movement",
    "kLayout": "layout",
    "kContraction": "contraction",
    "kReduction": "reduction",
    "kScan": "scan",
    "kLibrary": "library",
    "kControl": "control",
    "kExpand": "composite, expanded",
    "kNamed": "composite, named",
}


def _parts(text: str) -> list[str]:
    """Split at the commas and semicolons that lie outside of brackets and quotes."""
    found, depth, quoted, start = [], 0, False, 0
    for i, letter in enumerate(text):
        if letter == '"':
            quoted = not quoted
        elif not quoted and letter in "([{":
            depth += 1
        elif not quoted and letter in ")]}":
            depth -= 1
        elif not quoted and not depth and letter == ",":
            found.append(text[start:i].strip())
            start = i + 1
    return [*found, text[start:].strip()]


def _algebra(flags: str) -> str:
    words = [_ALGEBRA.get(flag.strip(), flag.strip()) for flag in flags.split("|")]
    return ", ".join(word for word in words if word)


def _operator(form: str, fields: list[str]) -> Operator:
    name = fields[1].strip('"')
    if form == "POINTWISE":
        return Operator(name, "pointwise", fields[2], fields[4], _algebra(fields[5]))
    if form == "COMPOSITE":
        definition = fields[4].strip('"')
        operands = str(len([w for w in fields[3].strip('"').split() if w.startswith("?")]))
        return Operator(name, _KINDS.get(fields[2], fields[2]), operands, definition, "")
    operands = "any" if fields[2] == "kVariadic" else fields[2]
    return Operator(
        name, _KINDS.get(fields[3], fields[3]), operands, fields[4].strip('"'), _algebra(fields[7])
    )


def operators() -> list[Operator]:
    """Give every operator of the table, in its order."""
    text = (ROOT / "include" / "bafe" / "ir" / "ops.def").read_text()
    found = []
    for line in text.splitlines():
        match = re.match(r"BAFE_(POINTWISE|SHAPED|COMPOSITE)\((.*)\)\s*(?://.*)?$", line)
        if match:
            found.append(_operator(match[1], _parts(match[2])))
    return found


def _statement(text: str) -> str:
    """What a rule says: the part between its name and the clauses about when and why."""
    body = re.sub(r"^\((rule|move) \S+\s*", "", text.strip())[:-1]
    depth = 0
    for i, letter in enumerate(body):
        depth += (letter in "([") - (letter in ")]")
        if depth == 0 and re.match(r":(types|let|when|distinct|class|set|why)\b", body[i:]):
            return body[:i].strip()
    return body.strip()


def lock() -> dict[str, tuple[str, str]]:
    """Give status and engine of every rule in ``rules/rules.lock``."""
    found = {}
    for line in (ROOT / "rules" / "rules.lock").read_text().splitlines():
        words = line.split()
        if len(words) == 5 and re.fullmatch(r"[0-9a-f]{32}", words[1]):
            found[words[0]] = (words[2], words[3])
    return found


def rules() -> list[RuleRow]:
    """Give every rule that is compiled into the library, with its proof."""
    import bafe

    known = lock()
    rows = []
    for rule in bafe.rules.all():
        name = rule.name
        status, engine = known.get(name, known.get(name.split("<")[0], ("", "")))
        if rule.move and not status:
            status, engine = "move", "same bytes"
        statement = _statement(rule.text)
        rows.append(
            RuleRow(name, rule.theme, statement, ", ".join(rule.classes), status, engine, rule.why)
        )
    return rows


# Read by Python or by the programs of the repository, so not in the library's own table.
_ELSEWHERE: list[Variable] = []


def variables() -> list[Variable]:
    """Give every environment variable that BAFE reads."""
    import bafe

    return [*(Variable(*row) for row in bafe._core.option_table()), *_ELSEWHERE]


def read_variables() -> set[str]:
    """Find the names that the sources of library and package read from the environment."""
    found = set()
    pattern = re.compile(r'(?:environ|getenv|option\w*|system_variable)\W{0,40}"(BAFE_[A-Z_]+)"')
    for folder in ("src", "python", "include"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".cpp", ".h", ".py"} and path.is_file():
                text = path.read_text()
                found.update(pattern.findall(text))
                found.update(re.findall(r'environ\w*(?:\.\w+)?[\[(]"(BAFE_[A-Z_]+)"', text))
    return found


def defined_in(module: str) -> list[str]:
    """Give the functions and classes that ``bafe.xp`` has from one of its modules."""
    if not module:
        return []
    import bafe

    namespace = bafe.xp.linalg if module.endswith(".linalg") else bafe.xp
    names = [name for name in namespace.__all__ if not name.startswith("_")]
    homes = {name: getattr(getattr(namespace, name), "__module__", "") for name in names}
    found = [name for name in names if homes[name] == module]
    if not found:
        raise ValueError(f"{namespace.__name__} has nothing from {module}")
    return [f"{namespace.__name__}.{name}" for name in sorted(found)]


def commands() -> list[tuple[str, str]]:
    """Give the path and the help of ``bafe`` and each command below it."""
    import click
    from bafe.cli.app import bafe

    found = []

    def walk(command: click.Command, path: str, parent: click.Context | None) -> None:
        name = path.split()[-1]
        context = click.Context(command, info_name=name, parent=parent, max_content_width=84)
        found.append((path, command.get_help(context)))
        if isinstance(command, click.Group):
            for below in command.list_commands(context):
                walk(command.get_command(context, below), f"{path} {below}", context)

    walk(bafe, "bafe", None)
    return found


def exit_codes() -> list[tuple[str, str]]:
    """Give code and meaning of each exit status that the help of ``bafe`` lists."""
    text = commands()[0][1]
    return re.findall(r"^\s+(\d{1,3})\s{2,}(\S.*)$", text, re.M)
