"""Directives that make parts of pages from the sources: diagrams, outputs, tables, commands."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
import tempfile
from typing import Any

import bafe_sources as sources
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.util.docutils import SphinxDirective

_outputs: dict[str, str] = {}


def _cell(*parts: Any) -> nodes.entry:
    paragraph = nodes.paragraph()
    for part in parts:
        paragraph += part if isinstance(part, nodes.Node) else nodes.Text(part)
    return nodes.entry("", paragraph)


def _code(text: str) -> nodes.literal:
    return nodes.literal(text, text)


def _words(text: str) -> list[Any]:
    """A sentence whose parts between backticks are code, broken after commas where it may be."""
    parts = re.sub(r",(?=\S)", ", ", text).split("`")
    return [_code(part) if i % 2 else part for i, part in enumerate(parts)]


def _table(widths: list[int], head: list[str], rows: list[list[nodes.entry]]) -> nodes.table:
    table = nodes.table(classes=["bafe-table"])
    group = nodes.tgroup(cols=len(head))
    for width in widths:
        group += nodes.colspec(colwidth=width)
    group += nodes.thead("", nodes.row("", *(_cell(text) for text in head)))
    group += nodes.tbody("", *(nodes.row("", *row) for row in rows))
    table += group
    return table


def _section(title: str, name: str) -> nodes.section:
    section = nodes.section(ids=[nodes.make_id(name)], names=[name])
    section += nodes.title(title, title)
    return section


class Diagram(SphinxDirective):
    """Put ``diagrams/NAME.svg`` into the page, where it takes the colours of the theme."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Give the drawing as raw HTML."""
        path = sources.ROOT / "docs" / "diagrams" / f"{self.arguments[0]}.svg"
        self.env.note_dependency(str(path))
        svg = re.sub(r"<!--.*?-->\s*", "", path.read_text(), flags=re.S)
        html = f'<div class="bafe-diagram">{svg}</div>'
        return [nodes.raw("", html, format="html")]


class ExampleOutput(SphinxDirective):
    """Run ``examples/NAME.py`` in a process of its own and show what it prints."""

    required_arguments = 1
    option_spec = {"from": directives.unchanged, "lines": directives.positive_int}

    def run(self) -> list[nodes.Node]:
        """Give the output, from the first line that holds ``from``, at most ``lines`` lines."""
        if not self.config.bafe_run_examples:
            return []
        name = self.arguments[0]
        self.env.note_dependency(str(sources.ROOT / "examples" / f"{name}.py"))
        lines = self._output(name).splitlines()
        start = self.options.get("from")
        if start:
            begin = next((i for i, line in enumerate(lines) if start in line), None)
            if begin is None:
                raise self.error(f"{name} prints no line with {start!r}")
            lines = lines[begin:]
        text = "\n".join(lines[: self.options.get("lines", len(lines))])
        return [nodes.literal_block(text, text, language="text", classes=["bafe-output"])]

    def _output(self, name: str) -> str:
        if name not in _outputs:
            with tempfile.TemporaryDirectory(prefix="bafe-docs-") as cache:
                done = subprocess.run(
                    [sys.executable, str(sources.ROOT / "examples" / f"{name}.py")],
                    env={**os.environ, "BAFE_CACHE_DIR": cache, "COLUMNS": "88"},
                    capture_output=True,
                    text=True,
                    timeout=300,
                    check=False,
                )
            if done.returncode:
                raise self.error(f"examples/{name}.py failed:\n{done.stderr}")
            _outputs[name] = done.stdout.rstrip()
        return _outputs[name]


class Names(SphinxDirective):
    """Document the names of the body, one a line, each by what it is.

    ``:from: module`` adds what is in ``__all__`` of ``bafe.xp`` and was defined in that module.
    """

    has_content = True
    option_spec = {"from": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        """Give the entries that autodoc makes."""
        lines = ["````{eval-rst}"]
        names = [line.strip() for line in self.content if line.strip()]
        for name in [*names, *sources.defined_in(self.options.get("from", ""))]:
            kind = self._kind(name)
            lines += [f".. {kind}:: {name}"]
            if kind == "autoclass" and not any(f"{name}." in line for line in self.content):
                lines += ["   :members:"]
            lines += [""]
        container = nodes.container()
        self.state.nested_parse([*lines, "````"], self.content_offset, container)
        return container.children

    def _kind(self, name: str) -> str:
        import inspect

        module, _, attribute = name.rpartition(".")
        try:
            owner: Any = importlib.import_module(module)
        except ModuleNotFoundError:
            package, _, holder = module.rpartition(".")
            owner = getattr(importlib.import_module(package), holder)
        value = getattr(owner, attribute)
        if inspect.isclass(owner):
            return "automethod"
        if inspect.isclass(value):
            return "autoexception" if issubclass(value, BaseException) else "autoclass"
        return "autofunction"


class OperatorTable(SphinxDirective):
    """Every operator of ``ops.def``."""

    def run(self) -> list[nodes.Node]:
        """Give the table."""
        rows = []
        for one in sources.operators():
            rows.append(
                [
                    _cell(_code(one.name)),
                    _cell(one.kind),
                    _cell(one.operands),
                    _cell(_code(one.meaning)) if one.meaning else _cell(""),
                    _cell(one.algebra),
                ]
            )
        head = ["operator", "kind", "operands", "value of one element, or fields", "algebra"]
        return [_table([16, 15, 11, 38, 20], head, rows)]


class RuleTable(SphinxDirective):
    """Every rule, by theme, with its class and its proof."""

    def run(self) -> list[nodes.Node]:
        """Give a section for each theme."""
        themes: dict[str, list[sources.RuleRow]] = {}
        for rule in sources.rules():
            themes.setdefault(rule.theme, []).append(rule)
        found: list[nodes.Node] = []
        for theme, rules in themes.items():
            section = _section(f"{theme}.rules", f"rules-{theme}")
            section += nodes.paragraph("", f"{len(rules)} rules.")
            section += self._table(rules)
            found.append(section)
        return found

    def _table(self, rules: list[sources.RuleRow]) -> nodes.table:
        rows = []
        for rule in rules:
            statement = _cell(_code(rule.statement))
            if rule.why:
                statement += nodes.paragraph(rule.why, rule.why, classes=["bafe-why"])
            status = nodes.inline(rule.status, rule.status, classes=[f"bafe-{rule.status}"])
            rows.append([_cell(_code(rule.name)), statement, _cell(rule.classes), _cell(status)])
        return _table([22, 54, 12, 12], ["rule", "statement", "class", "proof"], rows)


class RuleCounts(SphinxDirective):
    """How many rules have which proof, from ``rules.lock``."""

    def run(self) -> list[nodes.Node]:
        """Give one sentence."""
        states = [status for status, _ in sources.lock().values()]
        listed = [
            f"{states.count(one)} {one}"
            for one in ("proven", "bounded", "tested", "refuted")
            if one in states
        ]
        text = f"{len(states)} rules: {', '.join(listed)}."
        return [nodes.paragraph(text, text)]


class VariableTable(SphinxDirective):
    """Every environment variable."""

    def run(self) -> list[nodes.Node]:
        """Give the table."""
        rows = [
            [_cell(_code(v.name)), _cell(_code(v.default) if v.default else "not set")]
            + [_cell(*_words(v.meaning))]
            for v in sources.variables()
        ]
        table = _table([28, 16, 56], ["variable", "default", "meaning"], rows)
        table["classes"].append("bafe-names")
        return [table]


class Commands(SphinxDirective):
    """The command ``bafe`` and all below it, as ``--help`` prints them."""

    def run(self) -> list[nodes.Node]:
        """Give a section for each command."""
        found: list[nodes.Node] = []
        for path, text in sources.commands():
            section = _section(path, "command-" + path.replace(" ", "-"))
            section += nodes.literal_block(text, text, language="text")
            found.append(section)
        return found


class ExitCodes(SphinxDirective):
    """The exit codes of ``bafe``, from its own help."""

    def run(self) -> list[nodes.Node]:
        """Give the table."""
        rows = [[_cell(_code(code)), _cell(text)] for code, text in sources.exit_codes()]
        return [_table([12, 88], ["code", "meaning"], rows)]


def _split_attributes(
    _app: Any, _what: str, _name: str, _value: Any, _options: Any, lines: list[str]
) -> None:
    """Give each of ``a, b: text`` under Attributes an entry of its own."""
    if "Attributes:" not in lines:
        return
    begin, found = lines.index("Attributes:") + 1, []
    for line in lines[begin:]:
        match = re.match(r"(\s+)(\w+(?:, \w+)+): (.*)", line)
        names = match[2].split(", ") if match else []
        found += [f"{match[1]}{name}: {match[3]}" for name in names] if match else [line]
    lines[begin:] = found


def _strip_blocks(_app: Any, tree: nodes.document) -> None:
    """Take away the blank lines that a cut leaves at the end of a block."""
    for block in tree.findall(nodes.literal_block):
        text = block.astext().rstrip("\n")
        block.rawsource = text
        block.children = [nodes.Text(text)]


def setup(app: Any) -> dict[str, Any]:
    """Tell Sphinx of the directives."""
    app.add_config_value("bafe_run_examples", True, "env", types=(bool, int, str))
    app.connect("doctree-read", _strip_blocks)
    app.connect("autodoc-process-docstring", _split_attributes, priority=400)
    app.add_directive("diagram", Diagram)
    app.add_directive("example-output", ExampleOutput)
    app.add_directive("commands", Commands)
    app.add_directive("exit-codes", ExitCodes)
    app.add_directive("names", Names)
    app.add_directive("operator-table", OperatorTable)
    app.add_directive("rule-table", RuleTable)
    app.add_directive("rule-counts", RuleCounts)
    app.add_directive("variable-table", VariableTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
