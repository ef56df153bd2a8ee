"""The documentation: its code runs, prints what it shows, and its tables are complete."""

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import bafe
import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
sys.path.insert(0, str(DOCS / "_ext"))
FENCE = re.compile(r"^(`{3,})([^\n]*)\n(.*?)^\1`*$", re.M | re.S)


def blocks(page):
    """Fenced blocks of a page: (words after the fence, text, line)."""
    text = page.read_text()
    return [
        (match[2].strip(), match[3], text.count("\n", 0, match.start()) + 2)
        for match in FENCE.finditer(text)
    ]


def pages_with(*kinds):
    found = [page for page in PAGES if any(kind in kinds for kind, _, _ in blocks(page))]
    return [pytest.param(page, id=str(page.relative_to(DOCS))) for page in found]


def run_prompt(code, names, where):
    """Run a block of ``>>>`` lines as a doctest, with what ran before it on the page."""
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    test = doctest.DocTestParser().get_doctest(code, names, where, where, 0)
    runner = doctest.DocTestRunner(optionflags=flags, verbose=False)
    told = io.StringIO()
    runner.run(test, out=told.write, clear_globs=False)
    names.update(test.globs)
    assert not runner.failures, told.getvalue()


@pytest.mark.parametrize("page", pages_with("python"))
def test_python_blocks_of_a_page_run_in_order(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "__docs__"}
    printed = ""
    for kind, code, line in blocks(page):
        where = f"{page.name}:{line}"
        if kind == "python" and code.lstrip().startswith(">>>"):
            run_prompt(code, names, where)
        elif kind == "python":
            with contextlib.redirect_stdout(io.StringIO()) as told:
                exec(compile("\n" * (line - 1) + code, str(page), "exec"), names)
            printed = told.getvalue()
        elif kind == "text output":
            for shown in code.strip().splitlines():
                assert shown.strip() in printed, f"{where} shows a line that was not printed"
    bafe.rules.reset()


@pytest.mark.parametrize("page", pages_with("lisp"))
def test_rules_of_a_page_are_rules(page):
    for kind, code, line in blocks(page):
        if kind == "lisp":
            assert bafe.verify.rule(code).status in ("proven", "bounded"), f"{page.name}:{line}"


@pytest.mark.parametrize("page", pages_with("console"))
def test_commands_of_a_page_run(page, tmp_path, monkeypatch, capsys):
    from bafe.cli import main

    monkeypatch.chdir(tmp_path)
    for kind, text, line in blocks(page):
        for command in re.findall(r"^\$ bafe (.*)$", text, re.M) if kind == "console" else ():
            assert main(shlex.split(command)) == 0, f"{page.name}:{line}: bafe {command}"
            assert capsys.readouterr().out


def test_exit_codes_are_those_of_the_command():
    import bafe_sources
    from bafe.cli import app

    listed = {int(code) for code, _ in bafe_sources.exit_codes()}
    constants = (app.OK, app.FOUND, app.USAGE, app.BAD_INPUT, app.BROKEN)
    assert listed == {*constants, app.INTERRUPTED, app.PIPE}


def test_every_variable_that_the_sources_read_is_in_the_table():
    import bafe_sources

    listed = {variable.name for variable in bafe_sources.variables()}
    read = bafe_sources.read_variables()
    assert len(read) >= 10
    assert not read - listed


def test_every_operator_is_in_the_table():
    import bafe_sources

    listed = [one.name for one in bafe_sources.operators()]
    assert len(listed) == len(set(listed))
    assert not set(bafe._core.operator_names()) - set(listed)
    assert all(one.kind and not one.kind.startswith("k") for one in bafe_sources.operators())


def test_every_rule_is_in_the_table_with_its_proof():
    import bafe_sources

    rows = bafe_sources.rules()
    assert {row.name for row in rows} == {rule.name for rule in bafe.rules.all()}
    assert len(rows) >= 500 and all(row.status and row.statement for row in rows)
    for row in rows:
        assert any(mark in row.statement for mark in ("=>", ":from", ":equal")), row


def test_every_public_name_is_in_the_reference():
    text = "".join(page.read_text() for page in (DOCS / "api").glob("*.md"))
    listed = set(re.findall(r"^bafe\.(\w+)", text, re.M))
    kinds = {n for n in bafe.__all__ if isinstance(getattr(bafe, n), bafe.ArrayType)}
    listed |= {name for name in kinds if f"`{name}`" in text}
    missing = [name for name in bafe.__all__ if name not in listed]
    assert not missing


def test_every_name_of_the_array_namespace_is_in_the_reference():
    import bafe_sources

    text = (DOCS / "api" / "xp.md").read_text()
    for module, namespace in (("", bafe.xp), (".linalg", bafe.xp.linalg)):
        listed = set()
        for home in re.findall(r":from: (\S+)", text):
            listed.update(name.rsplit(".", 1)[1] for name in bafe_sources.defined_in(home))
        functions = [n for n in namespace.__all__ if hasattr(getattr(namespace, n), "__code__")]
        missing = [n for n in functions if n not in listed and f"bafe.xp.{n}" not in text]
        assert functions and not missing, module


def test_every_diagram_is_shown_once_and_has_a_title():
    shown = [name for page in PAGES for name in re.findall(r"{diagram} (\S+)", page.read_text())]
    drawn = [path.stem for path in (DOCS / "diagrams").glob("*.svg")]
    assert sorted(shown) == sorted(drawn) and len(drawn) >= 7
    for path in (DOCS / "diagrams").glob("*.svg"):
        text = path.read_text()
        assert 'role="img"' in text and "<title" in text
        assert "http" not in text.replace("http://www.w3.org/2000/svg", "")


def test_the_pages_are_built_without_a_warning(tmp_path):
    """Everything but the writing of HTML, which ``./run docs`` does: links, names, docstrings."""
    pytest.importorskip("myst_parser")
    pytest.importorskip("furo")
    command = [sys.executable, "-m", "sphinx", "-W", "-q", "-b", "dummy", "-d", tmp_path / "trees"]
    command += ["-D", "bafe_run_examples=0", DOCS, tmp_path / "pages"]
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert done.returncode == 0, done.stderr
    built = {path.stem for path in (tmp_path / "trees").rglob("*.doctree")}
    assert {page.stem for page in PAGES} == built
