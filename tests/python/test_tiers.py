"""Tier "auto": right at once, compiled later, never wrong, nothing left behind."""

import os
import subprocess
import sys
import textwrap
import threading
import time

import bafe
import numpy as np
import pytest

PROGRAM = """
import warnings
import numpy as np, bafe, os, signal, sys, time
warnings.simplefilter("always")
x = np.linspace(-2, 2, {size}, dtype=np.float32)
wanted = np.tanh(x * np.float32(3.0)) + 1
f = bafe.jit(lambda x: bafe.tanh(x * 3.0) + 1, tier="auto")
def right():
    return np.allclose(f(x), wanted, rtol=1e-5, atol=1e-6)
"""


def script(body, size=50):
    return PROGRAM.format(size=size) + textwrap.dedent(body)


def compiler(folder, name, body):
    """A program that stands in for the C compiler."""
    path = folder / name
    path.write_text("#!/bin/bash\n" + body)
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def slow(tmp_path):
    """A compiler that takes its time, and notes its number."""
    return compiler(tmp_path, "slow", f'echo $$ >> {tmp_path}/pids\nsleep 30\nexec gcc "$@"\n')


def test_first_and_later_results_are_right():
    f = bafe.jit(lambda a, b: bafe.relu(a @ b - 2) * 0.5, tier="auto")
    a, b = np.ones((7, 5), np.float32), np.arange(15, dtype=np.float32).reshape(5, 3)
    wanted = np.maximum(a @ b - 2, 0) * np.float32(0.5)
    assert f.state(a, b).tier == "none"
    assert np.allclose(f(a, b), wanted)
    assert f.state(a, b).tier in ("prebuilt", "interpreted", "compiled")
    assert f.wait()
    state = f.state(a, b)
    assert not state.pending and state.why
    assert state.tier == "compiled" or state.runs >= 5
    assert np.allclose(f(a, b), wanted)
    assert np.allclose(f(a * 3, b), np.maximum(a * 3 @ b - 2, 0) * np.float32(0.5))


def test_compile_runs_the_kernel_from_then_on():
    f = bafe.jit(lambda x: np.exp(x) - 3 * x, tier="auto")
    x = np.linspace(-1, 1, 33)
    before = bafe.cache.info().compiles
    first = f(x)
    made = f.compile(x)
    assert f.state(x).tier == "compiled" and not f.state(x).pending
    assert not made.interpreted and made.c_text and f.source(x) == made.c_text
    assert bafe.cache.info().compiles == before + 1
    assert np.allclose(f(x), first) and np.allclose(first, np.exp(x) - 3 * x)


def test_compile_before_any_call():
    f = bafe.jit(lambda x: x * 7 - 2, tier="auto")
    f.compile(bafe.ShapeDtype((11,), "float64"))
    assert f.state(np.ones(11)).tier == "compiled"
    assert np.array_equal(f(np.ones(11)), np.full(11, 5.0))


def test_effort_that_was_asked_for_is_spent_in_the_call():
    for options in ({"iters": 2}, {"deep": True}, {"autotune": True}):
        f = bafe.jit(lambda x: x * 5 - 1, tier="auto", **options)
        assert np.array_equal(f(np.ones(6)), np.full(6, 4.0))
        assert f.state(np.ones(6)).tier == "compiled"


def test_two_threads_compile_once():
    f = bafe.jit(lambda x: np.sin(x) * np.cos(x) + 2, tier="auto")
    x = np.linspace(0, 3, 41)
    before = bafe.cache.info().compiles
    results = [None] * 8

    def work(i):
        results[i] = f(x)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert f.wait()
    assert bafe.cache.info().compiles == before + 1
    for result in results:
        assert np.allclose(result, np.sin(x) * np.cos(x) + 2)


def test_an_unknown_tier_is_named_with_a_suggestion(run_python):
    with pytest.raises(bafe.TraceError, match='did you mean "compiled"'):
        bafe.jit(lambda x: x, tier="compile")
    code, _, err = run_python("import bafe; bafe.jit(lambda x: x)", BAFE_TIER="atuo")
    assert code == 1 and "BAFE_TIER='atuo' is unknown" in err and 'did you mean "auto"' in err


def test_an_entry_of_the_cache_runs_at_once(run_python, tmp_path):
    code, out, err = run_python(script("assert right(); f.compile(x)"))
    assert code == 0, err
    code, out, err = run_python(script("assert right(); print(f.state(x).tier, f.state(x).why)"))
    assert code == 0 and out.startswith("compiled loaded"), out + err


def test_without_a_compiler_tier_0_answers_with_one_warning(run_python):
    body = """
    assert right() and right()
    g = bafe.jit(lambda x: x - 5, tier="auto")
    assert np.array_equal(g(x), x - 5) and f.wait(5) and g.wait(5)
    state = f.state(x)
    print(state.tier, state.pending, "names no program" in state.why)
    f.compile(x)
    assert right()
    """
    code, out, err = run_python(script(body), BAFE_CC="/nonexistent/cc")
    assert code == 0, err
    assert out.split()[0] in ("prebuilt", "interpreted") and out.split()[1:] == ["False", "True"]
    assert err.count("RuntimeWarning") == 1


def test_a_compiler_that_fails_leaves_tier_0(run_python, tmp_path):
    broken = compiler(tmp_path, "broken", "echo no such luck >&2\nexit 1\n")
    body = "assert right() and f.wait(60) and right(); print(f.state(x).tier, f.state(x).why)"
    code, out, err = run_python(script(body), BAFE_CC=broken)
    assert code == 0, err
    assert not out.startswith("compiled") and "ended with code 1" in out
    assert err.count("RuntimeWarning") == 1


# Small programs are compared with the interpreter on drawn arguments too, large ones on a call's.
@pytest.mark.parametrize("size", [50, 1_500_000])
def test_a_wrong_kernel_never_runs_and_is_reported_once(run_python, tmp_path, size):
    wrong = compiler(
        tmp_path, "wrong", "sed 's/0x1\\.8p+1/0x1.9p+1/g; s/0x40400000/0x40480000/g' | gcc \"$@\"\n"
    )
    body = """
    assert right() and f.wait(300) and right()
    state = f.state(x)
    assert state.tier != "compiled" and not state.pending and state.swaps == 0
    assert bafe.cache.info().entries == 0
    f.wait(), f.compile(x), right()
    assert f.state(x).tier != "compiled" and right()
    print(state.reproducer)
    """
    code, out, err = run_python(script(body, size), BAFE_CC=wrong)
    assert code == 0, err
    assert err.count("RuntimeWarning") == 1 and "differs from the program's meaning" in err
    report = out.strip()
    assert report.endswith(".py") and os.path.dirname(report).endswith("reports")
    for cc, wanted in ((wrong, 1), ("gcc", 0)):
        env = {**os.environ, "BAFE_CC": cc, "BAFE_CACHE_DIR": str(tmp_path / f"again{wanted}")}
        done = subprocess.run(
            [sys.executable, report], env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == wanted, done.stdout + done.stderr


def test_a_fork_while_a_compile_is_pending(run_python, tmp_path):
    late = compiler(tmp_path, "late", 'sleep 0.4\nexec gcc "$@"\n')
    body = """
    assert right()
    for _ in range(3):
        child = os.fork()
        if child == 0:
            ok = right() and f.wait(60) and right() and not f.state(x).pending
            os._exit(0 if ok else 7)
        assert os.waitpid(child, 0)[1] == 0
    assert f.wait(60) and right() and not f.state(x).pending
    """
    code, _, err = run_python(script(body), BAFE_CC=late)
    assert code == 0, err


def test_exit_while_a_compile_is_pending(run_python, tmp_path, slow):
    body = f"""
    assert right() and f.state(x).pending
    end = time.time() + 20
    while not os.path.exists({str(tmp_path / "pids")!r}) and time.time() < end:
        time.sleep(0.01)
    print(time.time())
    """
    code, out, err = run_python(script(body), BAFE_CC=slow)
    assert code == 0, err
    assert time.time() - float(out) < 10  # the compiler sleeps for 30 s
    for pid in (tmp_path / "pids").read_text().split():
        status = f"/proc/{pid}/status"
        assert not os.path.exists(status) or "zombie" in open(status).read()


def test_waits_end_in_time_and_by_ctrl_c(run_python, slow):
    body = """
    assert right()
    begin = time.time()
    assert not f.wait(0.2) and f.state(x).pending
    for wait in (f.wait, lambda: f.compile(x)):
        signal.setitimer(signal.ITIMER_REAL, 0.3)
        signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
        try:
            wait()
            sys.exit(5)
        except KeyboardInterrupt:
            pass
    assert time.time() - begin < 10 and right()
    """
    code, _, err = run_python(script(body), BAFE_CC=slow)
    assert code == 0, err


def test_structure_of_arguments_is_used_once_kernels_are_there(rng):
    n = 256
    band = np.triu(np.tril(rng.standard_normal((n, n)), 2), -2)
    other = rng.standard_normal((n, n))
    f = bafe.jit(lambda a, b: a @ b, tier="auto")
    assert np.allclose(f(band, other), band @ other)
    f.compile(band, other)
    (record,) = f._options.records.values()
    assert record.dense is not None
    assert np.allclose(f(band, other), band @ other)
    assert np.allclose(f(other, band), other @ band)


def test_results_lie_in_memory_as_before_the_swap():
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    f = bafe.jit(lambda x: x.T * 2 + 1, tier="auto")
    before = f(x)
    f.wait()
    f.compile(x)
    after = f(x)
    assert np.array_equal(before, x.T * 2 + 1) and np.array_equal(after, before)
    if f.state(x).tier == "compiled":
        assert before.strides == after.strides
    else:
        assert "order of axes" in f.state(x).why


def test_a_handler_of_signals_still_runs_while_the_background_works(slow, run_python):
    body = """
    seen = []
    signal.signal(signal.SIGUSR1, lambda *_: seen.append(1))
    assert right()
    os.kill(os.getpid(), signal.SIGUSR1)
    assert seen == [1] and right()
    """
    code, _, err = run_python(script(body), BAFE_CC=slow)
    assert code == 0, err


def test_a_short_process_leaves_what_it_was_compiling(run_python):
    code = (
        "import bafe, numpy as np\n"
        "f = bafe.jit(lambda a: a * 3 + 1)\n"
        "f(np.ones(5, np.float32))\n"
        "print(f.state(np.ones(5, np.float32)).tier, bafe.cache.info().hits)\n"
    )
    patient = {"BAFE_TIER": "auto", "BAFE_EXIT_SECONDS": "60"}
    assert run_python(code, **patient)[:2] == (0, "prebuilt 0\n")
    status, said, _ = run_python(code, **patient)
    assert status == 0 and said.endswith(" 1\n"), "the second process finds the entry"
