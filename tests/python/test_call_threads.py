"""One function, many threads; one process, many interpreters."""

import gc
import sys
import threading

import bafe
import numpy as np
import pytest

THREADS = 32


def race(work):
    """Run ``work(number)`` in many threads at once; raise the first error."""
    start, errors = threading.Barrier(THREADS), []

    def guarded(number):
        start.wait()
        try:
            work(number)
        except BaseException as error:
            errors.append(error)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=guarded, args=(i,)) for i in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(before)
    if errors:
        raise errors[0]


def test_first_calls_may_race():
    f = bafe.jit(lambda p, s, n: {"y": p["a"] * s + n, "n": p["b"]}, static_argnames="n")
    a = np.arange(12.0)

    def work(number):
        for turn in range(60):
            size, n = 1 + (number + turn) % 5, turn % 3
            got = f({"a": a[:size], "b": a[size:]}, s=float(number), n=n)
            assert np.array_equal(got["y"], a[:size] * number + n)
            assert np.array_equal(got["n"], a[size:])

    race(work)


def test_calls_may_race_with_forgetting():
    f = bafe.jit(lambda a, k: a + k, static_argnums=1, tier="interpreted")
    x = np.ones(3)

    def work(number):
        for turn in range(30):
            if number == 0 and turn % 5 == 0:
                f.clear_cache()
                gc.collect()
            y = np.empty(3)
            assert f(x, turn % 4, out=y) is y
            assert y[0] == 1 + turn % 4

    race(work)


def test_what_kernels_read_lives_as_long_as_they_run():
    big = np.ones((300, 300))
    parts = [big, big]
    f = bafe.jit(lambda p: p[0] @ p[1], tier="compiled")
    f(parts)

    def work(number):
        for _ in range(10):
            if number % 2:
                parts[:] = [np.ones((300, 300)), np.ones((300, 300))]
            else:
                assert f(parts)[0, 0] == 300

    race(work)


def test_records_that_no_call_uses_die():
    class Marker:
        pass

    f = bafe.jit(lambda a, m: a + 1, static_argnums=1, tier="interpreted")
    x, markers = np.ones(2), []
    for _ in range(5):
        marker = Marker()
        markers.append(__import__("weakref").ref(marker))
        f(x, marker)
        f(x, marker)
    del marker
    f.clear_cache()
    gc.collect()
    assert all(marker() is None for marker in markers)


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="later Pythons refuse by themselves")
def test_another_interpreter_is_told_to_stay_out(run_python):
    pytest.importorskip("_xxsubinterpreters")
    code, out, err = run_python("""
import sys, _xxsubinterpreters as interpreters
import bafe, numpy as np
text = '''
import sys
sys.path[:0] = %r
try:
    import bafe
except ImportError as error:
    print(error)
''' % sys.path
inner = interpreters.create()
interpreters.run_string(inner, text)
interpreters.destroy(inner)
print(bafe.jit(lambda a: a + 1, tier="interpreted")(np.ones(1)))
""")
    assert code == 0, err
    assert "only the main interpreter" in out and "fix: " in out and "[2.]" in out


@pytest.mark.parametrize("tier", ["compiled", "auto", "autotune"])
def test_a_process_ends_while_daemon_threads_are_inside_long_calls(run_python, tier):
    option = "autotune=True" if tier == "autotune" else f"tier={tier!r}"
    code = (
        "import threading, time, numpy as np, bafe\n"
        f"f = bafe.jit(lambda a, b: bafe.relu(a @ b) + 1, {option})\n"
        "x = np.ones((256, 256))\n"
        "f(x, x)\n"
        "def work():\n"
        "    while True: f(x, x)\n"
        "for _ in range(2): threading.Thread(target=work, daemon=True).start()\n"
        "time.sleep(0.1)\n"
    )
    status, _, err = run_python(code)
    assert status == 0, err
