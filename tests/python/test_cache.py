"""The kernel cache and the compiler, through new processes: hits, damage, bad folders, bad
compilers."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import sys, warnings
warnings.simplefilter("always")
import numpy as np, bafe
f = bafe.jit(lambda a, b: bafe.relu(a @ b - 1))
x = np.arange(16.0).reshape(4, 4)
assert np.array_equal(f(x, x), np.maximum(x @ x - 1, 0))
i = bafe.cache.info()
print(i.hits, i.misses, i.compiles, i.compile_failures, i.removed)
"""


def test_a_second_process_neither_searches_nor_compiles(run_python):
    assert run_python(CODE)[1].split() == ["0", "1", "1", "0", "0"]
    assert run_python(CODE)[1].split() == ["1", "0", "0", "0", "0"]


def test_entries_are_private(run_python, tmp_path):
    run_python(CODE)
    folder = tmp_path / "cache"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(
        stat.S_IMODE(p.stat().st_mode) & 0o077 == 0 for p in folder.rglob("*") if p.is_file()
    )


@pytest.mark.parametrize("damage", ["truncate", "flip", "empty", "foreign", "swap"])
def test_a_damaged_entry_is_removed_and_made_anew(run_python, tmp_path, damage):
    run_python(CODE)
    (entry,) = [
        p for p in (tmp_path / "cache").rglob("*") if p.is_file() and p.stat().st_size > 1000
    ]
    data = entry.read_bytes()
    os.chmod(entry, 0o600)
    changed = {
        "truncate": data[: len(data) // 2],
        "flip": data[: len(data) // 2]
        + bytes([data[len(data) // 2] ^ 1])
        + data[len(data) // 2 + 1 :],
        "empty": b"",
        "foreign": b"#!/bin/sh\necho pwned\n" * 100,
        "swap": data[len(data) // 2 :] + data[: len(data) // 2],
    }[damage]
    entry.write_bytes(changed)
    code, out, err = run_python(CODE)
    assert code == 0, err
    assert out.split() == ["0", "1", "1", "0", "1"]
    assert run_python(CODE)[1].split()[0] == "1"


def test_a_cache_folder_that_cannot_be_used_costs_one_warning(run_python, tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    code, out, err = run_python(CODE, BAFE_CACHE_DIR=str(blocker / "cache"))
    assert code == 0 and out.split()[2] == "1", err
    assert err.count("RuntimeWarning") == 1 and "cache" in err


def test_a_folder_that_others_may_write_is_not_trusted(run_python, tmp_path):
    folder = tmp_path / "open"
    folder.mkdir()
    os.chmod(folder, 0o777)
    code, _, err = run_python(CODE, BAFE_CACHE_DIR=str(folder))
    assert code == 0 and "RuntimeWarning" in err
    assert not any(folder.iterdir())


def sleeping_compiler(tmp_path):
    script = tmp_path / "sleepy-cc"
    script.write_text("#!/bin/sh\nsleep 60\n")
    script.chmod(0o755)
    return str(script)


@pytest.mark.parametrize("compiler", ["false", "/nonexistent/cc", "sleepy"])
def test_without_a_working_compiler_tier_0_answers_and_one_warning_says_so(
    run_python, tmp_path, compiler
):
    if compiler == "sleepy":
        compiler = sleeping_compiler(tmp_path)
    code, out, err = run_python(
        CODE + "f.wait(timeout=60)",
        CC=compiler,
        BAFE_CC=compiler,
        BAFE_COMPILE_SECONDS="1",
        BAFE_TIER="auto",
    )
    assert code == 0, err
    assert err.count("RuntimeWarning") == 1
    assert "compiler" in err


def test_a_compiled_tier_reports_a_broken_compiler(run_python):
    code, _, err = run_python(
        "import numpy as np, bafe\nbafe.jit(lambda a: a + 1, tier='compiled')(np.ones(2))",
        CC="false",
        BAFE_CC="false",
    )
    assert code != 0 and "CompileError" in err and "fix:" in err


def test_several_processes_may_compile_the_same_program_at_once(tmp_path):
    env = {**os.environ, "BAFE_CACHE_DIR": str(tmp_path / "cache")}
    running = [
        subprocess.Popen([sys.executable, "-c", CODE], env=env, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert all(p.wait(timeout=300) == 0 for p in running)
    for p in running:
        p.stdout.close()
    files = [
        p for p in Path(tmp_path / "cache").rglob("*") if p.is_file() and p.stat().st_size > 1000
    ]
    assert len(files) == 1


def test_clear_and_verify(run_python):
    code, out, err = run_python(
        CODE
        + """
print(bafe.cache.verify())
bafe.cache.clear()
print(bafe.cache.info().entries)
"""
    )
    assert code == 0, err
    assert out.splitlines()[1:] == ["(1, 0)", "0"]


def test_a_fork_after_use_works(run_python):
    code, out, err = run_python(
        CODE
        + """
import os
if (child := os.fork()) == 0:
    y = np.arange(512.0 * 512).reshape(512, 512)
    ok = np.allclose(bafe.jit(lambda a: a @ a.T + 1)(y), y @ y.T + 1)
    os._exit(0 if ok else 1)
assert os.waitpid(child, 0)[1] == 0
print("child ok")
"""
    )
    assert code == 0 and "child ok" in out, err


def test_ctrl_c_stops_a_hanging_compile(tmp_path):
    import signal
    import time

    code = (
        "import numpy as np, bafe\nprint('ready', flush=True)\n"
        "try:\n    bafe.jit(lambda a: a + 1)(np.ones(3))\n"
        "except KeyboardInterrupt:\n    print('interrupted', flush=True)\n"
    )
    env = {
        **os.environ,
        "BAFE_CACHE_DIR": str(tmp_path / "c"),
        "BAFE_CC": sleeping_compiler(tmp_path),
    }
    with subprocess.Popen(
        [sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        time.sleep(1.5)
        start = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == "interrupted\n"
        assert time.monotonic() - start < 5
