"""What a new process with a filled cache touches; entries taken elsewhere; a compiler that
changed."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import bafe
import pytest

CALL = """
import json, sys, warnings
warnings.simplefilter("always")
import numpy as np
before = set(sys.modules)
import bafe
f = bafe.jit(lambda a, b: bafe.relu(a @ b - 1), tier="compiled")
x = np.arange(16.0).reshape(4, 4)
assert np.array_equal(f(x, x), np.maximum(x @ x - 1, 0))
"""
SAY = """
print(json.dumps({**bafe.cache.info()._asdict(), "modules": sorted(set(sys.modules) - before),
                  "maps": open("/proc/self/maps").read()}))
"""


def said(done):
    code, out, err = done
    assert code == 0, err
    return json.loads(out.splitlines()[-1])


@pytest.fixture
def counting_compiler(tmp_path):
    """A compiler that notes its calls; ``change()`` makes it another one."""

    class Compiler:
        path = tmp_path / "counting-cc"
        log = tmp_path / "calls"

        def write(self, remark="", command='exec cc "$@"'):
            self.path.write_text(f'#!/bin/sh\n# {remark}\necho call >> "{self.log}"\n{command}\n')
            self.path.chmod(0o755)

        def calls(self):
            return len(self.log.read_text().split()) if self.log.exists() else 0

    compiler = Compiler()
    compiler.write()
    return compiler


def test_a_hit_runs_no_compiler_and_loads_neither_z3_nor_a_database(
    run_python, counting_compiler, tmp_path
):
    cc = str(counting_compiler.path)
    said(run_python(CALL + SAY, BAFE_CC=cc))
    calls = counting_compiler.calls()
    assert calls >= 1
    files = {p.name for p in (tmp_path / "cache").iterdir()}
    second = said(run_python(CALL + SAY, BAFE_CC=cc))
    assert (second["hits"], second["misses"], second["compiles"]) == (1, 0, 0)
    assert counting_compiler.calls() == calls
    assert "libz3" not in second["maps"]
    assert {p.name for p in (tmp_path / "cache").iterdir()} == files
    assert all(name.endswith(".bafe") for name in files)


def test_a_first_call_imports_only_what_it_needs(run_python):
    modules = said(run_python(CALL + SAY))["modules"]
    for name in ("numpy.ma", "sqlite3", "ctypes", "subprocess", "pathlib", "difflib"):
        assert name not in modules
    for name in ("egraph", "rules", "verify", "explanation", "budget", "sliding", "subscripts"):
        assert f"bafe.{name}" not in modules


def test_names_that_come_later_are_those_the_type_checker_sees():
    tree = ast.parse(Path(bafe.__file__).read_text())
    (block,) = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
    ]
    seen = {
        (node.module, name.name)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for name in node.names
    }
    table = {(f"bafe.{home}", name) for name, home in bafe._HOME.items()}
    assert seen == table | {("bafe", name) for name in bafe._MODULES}
    assert set(bafe.__all__) <= set(dir(bafe))
    for name in bafe.__all__:
        assert getattr(bafe, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'relux'"):
        _ = bafe.relux


REBUILD = """
import time
end = time.monotonic() + 60
while bafe.cache.info().compiles < {wanted} and time.monotonic() < end:
    time.sleep(0.02)
"""


def test_another_compiler_is_no_miss_and_makes_the_entry_anew_once(run_python, counting_compiler):
    cc = str(counting_compiler.path)
    said(run_python(CALL + SAY, BAFE_CC=cc))
    counting_compiler.write("a new version")
    calls = counting_compiler.calls()
    second = said(run_python(CALL + REBUILD.format(wanted=1) + SAY, BAFE_CC=cc))
    assert (second["hits"], second["misses"]) == (1, 0)
    assert (second["compiles"], second["compile_failures"]) == (1, 0)
    assert counting_compiler.calls() == calls + 1
    third = said(run_python(CALL + "import time; time.sleep(0.5)" + SAY, BAFE_CC=cc))
    assert (third["hits"], third["misses"], third["compiles"]) == (1, 0, 0)
    assert counting_compiler.calls() == calls + 1


def test_another_compiler_that_fails_leaves_the_entry(run_python, counting_compiler):
    cc = str(counting_compiler.path)
    said(run_python(CALL + SAY, BAFE_CC=cc))
    counting_compiler.write("broken", "exit 1")
    second = said(run_python(CALL + REBUILD.format(wanted=1) + SAY, BAFE_CC=cc))
    assert (second["hits"], second["compiles"], second["compile_failures"]) == (1, 1, 1)
    counting_compiler.path.unlink()
    third = said(run_python(CALL + "import time; time.sleep(0.3)" + SAY, BAFE_CC=cc))
    assert (third["hits"], third["misses"], third["compiles"]) == (1, 0, 0)


def test_an_exported_cache_serves_another_folder(run_python, tmp_path):
    pack = tmp_path / "pack"
    first = run_python(CALL + f"assert bafe.cache.export({str(pack)!r}, this_machine=True) == 1")
    assert first[0] == 0, first[2]
    take = f"import bafe; print(tuple(bafe.cache.import_({str(pack)!r})))"
    elsewhere = str(tmp_path / "elsewhere")
    assert run_python(take, BAFE_CACHE_DIR=elsewhere)[1].strip() == "(1, 0, 0, 0)"
    assert run_python(take, BAFE_CACHE_DIR=elsewhere)[1].strip() == "(0, 1, 0, 0)"
    second = said(run_python(CALL + SAY, BAFE_CACHE_DIR=elsewhere))
    assert (second["hits"], second["misses"], second["compiles"]) == (1, 0, 0)


def test_what_is_no_exported_cache_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="missing"):
        bafe.cache.import_(tmp_path / "missing")
    with pytest.raises(OSError):
        bafe.cache.export(tmp_path / "missing" / "pack")
    (tmp_path / "text").write_text("no cache")
    with pytest.raises(bafe.ParseError, match="fix: give a file"):
        bafe.cache.import_(tmp_path / "text")


def test_a_call_has_its_result_whatever_becomes_of_the_file(run_python, tmp_path):
    blocked = """
import shutil
folder = bafe.cache.info().dir
shutil.rmtree(folder)
open(folder, "w").close()
g = bafe.jit(lambda a: a * 3 + 1, tier="compiled")
assert np.array_equal(g(x), x * 3 + 1) and np.array_equal(g(x), x * 3 + 1)
"""
    code, _, err = run_python(CALL + blocked)
    assert code == 0, err
    assert err.count("RuntimeWarning: bafe: cannot write to the cache directory") == 1


def test_two_processes_fill_one_folder(tmp_path):
    env = {**os.environ, "BAFE_CACHE_DIR": str(tmp_path / "cache")}
    code = CALL + "f(x.astype(np.float32), x.astype(np.float32))" + SAY
    running = [
        subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for process in running:
        assert json.loads(process.communicate(timeout=300)[0])["compile_failures"] == 0
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    last = json.loads(done.stdout)
    assert (last["hits"], last["misses"], last["entries"]) == (2, 0, 2)
