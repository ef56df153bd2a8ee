"""Faults met from Python: Ctrl-C anywhere, failing system calls, clocks that jump.

A slice by default; BAFE_FAULTS=all takes every case.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = str(Path(__file__).parent)
ALL = os.environ.get("BAFE_FAULTS") == "all"

START = f"""
import os, signal, sys, warnings
sys.path.insert(0, {HERE!r})
warnings.simplefilter("ignore")
import faults
import numpy as np, bafe
ALL = {ALL}
folder = sys.argv[1]
os.mkdir(folder + "/tmp")
os.environ["TMPDIR"] = folder + "/tmp"
os.environ["BAFE_NUM_THREADS"] = "1"
tracer = faults.Tracer(folder)
if not tracer.is_possible:
    print("processes cannot be traced here")
    sys.exit(0)
x = np.arange(16.0).reshape(4, 4)
def body(a, b):
    return bafe.relu(a @ b - 1)
right = np.maximum(x @ x - 1, 0)
bafe.jit(lambda a: a * 2 + 1, tier="compiled")(x)   # what is made once a process is made
count = 0
def empty():
    global count
    count += 1
    os.environ["BAFE_CACHE_DIR"] = f"{{folder}}/cache{{count}}"
TIER = "compiled"
def call(mark_end):
    f = bafe.jit(body, tier=TIER)
    code = 2
    try:
        try:
            code = 0 if np.array_equal(f(x, x), right) else 2
        except bafe.CompileError:
            code = 3
        except MemoryError:
            code = 4
        except KeyboardInterrupt:
            code = 1
        mark_end()
    except KeyboardInterrupt:
        code = 1
    try:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    except KeyboardInterrupt:
        code = 1
    again = np.array_equal(f(x, x), right) and np.array_equal(bafe.jit(body)(x, x), right)
    return code + (0 if again else 10)
def clean(mark_end):
    f, g = bafe.jit(body, tier="compiled"), bafe.jit(body, tier="compiled")
    if not np.array_equal(f(x, x), right):
        return 1
    before = bafe.cache.info()
    if not np.array_equal(g(x, x), right):
        return 2
    after = bafe.cache.info()
    return 0 if after.compiles == before.compiles and after.entries == 1 else 3
def check(what, outcome, name, allowed):
    good = os.WIFEXITED(outcome.status) and os.WEXITSTATUS(outcome.status) in allowed
    good = good or (os.WIFSIGNALED(outcome.status) and -os.WTERMSIG(outcome.status) in allowed)
    if outcome.is_hung or not good:
        print(what, name, "ended with", hex(outcome.status), "hung" * outcome.is_hung)
    if not faults.ended(folder + "/tmp/"):
        print(what, name, "left", faults.processes(folder + "/tmp/"))
    if (code := faults.plainly(clean)) != 0:
        print(what, name, "spoiled the next process:", code)
empty()
calls = tracer.run(call)[0].calls
assert calls > 20, calls
"""

SIGINT_AT_CALLS = """
for at in range(0, calls, 1 if ALL else 5):
    empty()
    outcome, name = tracer.run(call, at, faults.SIGNAL, signal.SIGINT)
    check(f"SIGINT at call {at}", outcome, name, {0, 1})
"""

SIGINT_AFTER_DELAYS = """
import threading, time
for step in range(60 if ALL else 12):
    empty()
    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = call(lambda: None)
        except KeyboardInterrupt:
            code = 1
        finally:
            os._exit(code)
    time.sleep(step * 0.12 / (60 if ALL else 12))
    os.kill(child, signal.SIGINT)
    outcome = faults.Outcome()
    outcome.status = os.waitpid(child, 0)[1]
    check(f"SIGINT after step {step}", outcome, "", {0, 1})
"""

FAILURES = """
import errno
for TIER, allowed in (("compiled", {0, 3, 4}), ("auto", {0, 4})):
    for at in range(0, calls, 1 if ALL else 6):
        for error in (errno.ENOSPC, errno.EIO, errno.EMFILE, errno.EACCES, errno.EINTR):
            if not ALL and error % 5 != at // 6 % 5:
                continue
            empty()
            outcome, name = tracer.run(call, at, faults.FAIL, error)
            check(f"{TIER}: {errno.errorcode[error]} at call {at}", outcome, name, allowed)
"""

KILLS = """
for at in range(0, calls, 1 if ALL else 8):
    empty()
    outcome, name = tracer.run(call, at, faults.KILL, 9)
    check(f"killed at call {at}", outcome, name, {-9, 0})
"""


@pytest.mark.parametrize(
    "what",
    [SIGINT_AT_CALLS, SIGINT_AFTER_DELAYS, FAILURES, KILLS],
    ids=["interrupt at a call", "interrupt after a delay", "failing call", "kill"],
)
def test_a_first_call_survives(what, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", START + what, str(tmp_path)],
        env={**os.environ, "BAFE_CACHE_DIR": str(tmp_path / "cache")},
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    if "cannot be traced" in done.stdout:
        pytest.skip(done.stdout)
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr[-2000:]


CLOCK = """
import sys, time, warnings
warnings.simplefilter("error")
import numpy as np, bafe
x = np.arange(16.0).reshape(4, 4)
first = [time.time() for _ in range(40)]
assert max(first) - min(first) > 86400, "the clock does not jump"
for i in range(5):
    f = bafe.jit(lambda a, b, i=i: bafe.relu(a @ b - i), tier="compiled")
    assert np.array_equal(f(x, x), np.maximum(x @ x - i, 0))
good, removed = bafe.cache.verify()
assert good >= 5 and removed == 0, (good, removed)
print(bafe.cache.info().compiles)
g = bafe.jit(lambda a: a * 3, autotune=True)
for i in range(30):
    assert np.array_equal(g(x), x * 3)
"""


def test_clocks_that_jump_by_days_change_nothing(run_python, tmp_path):
    sys.path.insert(0, HERE)
    import faults

    clock = faults.library("clock", tmp_path)
    for _ in range(2):
        code, out, err = run_python(CLOCK, LD_PRELOAD=clock, BAFE_CACHE_BYTES="30000000")
        assert code == 0, err
    assert out.split() == ["0"], out
