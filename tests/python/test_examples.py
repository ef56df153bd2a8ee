"""Every example runs, in a process of its own; README code runs too; docstrings hold."""

import doctest
import importlib
import os
import pkgutil
import re
import subprocess
import sys
from pathlib import Path

import bafe
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("example", sorted((ROOT / "examples").glob("0*.py")), ids=lambda p: p.stem)
def test_example_runs(example):
    done = subprocess.run(
        [sys.executable, str(example)], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert len(example.read_text().splitlines()) < 60


def test_the_cpp_example_builds_and_runs(tmp_path):
    package = Path(bafe._core.__file__).parent / "lib" / "cmake" / "bafe"
    configure = [
        "cmake",
        "-S",
        str(ROOT / "examples" / "embed_cpp"),
        "-B",
        str(tmp_path),
        "-G",
        "Ninja",
        f"-Dbafe_DIR={package}",
    ]
    for command in (configure, ["cmake", "--build", str(tmp_path)], [str(tmp_path / "embed")]):
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    assert "chosen" in done.stdout


def test_readme_code_runs(tmp_path):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.S)
    assert blocks
    script = tmp_path / "readme.py"
    script.write_text("\n".join(blocks))
    done = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        env={**os.environ, "BAFE_CACHE_DIR": str(tmp_path / "cache")},
    )
    assert done.returncode == 0, done.stderr
    assert "```text output" in (ROOT / "README.md").read_text()
    for output in re.findall(r"```text output\n(.*?)```", (ROOT / "README.md").read_text(), re.S):
        for line in output.strip().splitlines():
            assert line.strip() in done.stdout, (
                f"the README shows a line that was not printed: {line}"
            )


MODULES = [
    "bafe",
    *(m.name for m in pkgutil.walk_packages(bafe.__path__, "bafe.") if m.name != "bafe._core"),
]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_hold(name):
    module = importlib.import_module(name)
    flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    result = doctest.testmod(module, extraglobs={"np": np, "bafe": bafe}, optionflags=flags)
    assert result.failed == 0


def test_every_public_name_has_a_docstring():
    for name in bafe.__all__:
        value = getattr(bafe, name)
        if callable(value):
            assert value.__doc__, name
