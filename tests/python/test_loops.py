"""Loops and branches with one body: against loops of Python, eager and compiled."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import dataclass

import bafe
import numpy as np
import pytest

MODES = ["eager", "compiled", "prebuilt", "bits"]


def made(mode, fn, **options):
    """The function itself, or jitted for one tier."""
    if mode == "eager":
        return fn
    if mode == "bits":
        return bafe.jit(fn, tier="compiled", math="bits", **options)
    return bafe.jit(fn, tier="auto" if mode == "prebuilt" else mode, **options)


def draw(*shape, dtype="float64", seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def power(a, v):
    def step(i, v):
        w = a @ v
        return w / bafe.norm(w, axes=(0,))

    return bafe.fori_loop(0, 25, step, v)


@pytest.mark.parametrize("mode", MODES)
def test_power_iteration(mode):
    a = draw(12, 12) + 5 * np.eye(12)
    v = np.ones(12)
    want = v
    for _ in range(25):
        want = a @ want
        want = want / np.linalg.norm(want)
    np.testing.assert_allclose(made(mode, power)(a, v), want, rtol=1e-10)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("steps", [0, 1, 2, 7])
def test_jacobi_step_alternates_between_buffers(mode, steps):
    def solve(u, f):
        def step(i, u):
            new = u.copy()
            new[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] + f)
            return new

        return bafe.fori_loop(0, steps, step, u)

    u, f = draw(9, 11), draw(7, 9, seed=1)
    want = u.copy()
    for _ in range(steps):
        old = want.copy()
        want[1:-1, 1:-1] = 0.25 * (
            old[:-2, 1:-1] + old[2:, 1:-1] + old[1:-1, :-2] + old[1:-1, 2:] + f
        )
    np.testing.assert_allclose(made(mode, solve)(u, f), want, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("mode", MODES)
def test_rnn_stacks_what_each_step_gives(mode):
    def rnn(xs, h, w, u):
        def step(h, x):
            h = np.tanh(x @ w + h @ u)
            return h, h * 2

        return bafe.scan(step, h, xs)

    xs, h = draw(6, 3, 8, dtype="float32"), np.zeros((3, 5), "float32")
    w, u = draw(8, 5, dtype="float32", seed=1), draw(5, 5, dtype="float32", seed=2)
    want, state = [], h
    for x in xs:
        state = np.tanh(x @ w + state @ u)
        want.append(state * 2)
    last, all_of = made(mode, rnn)(xs, h, w, u)
    assert all_of.dtype == np.float32 and all_of.shape == (6, 3, 5)
    np.testing.assert_allclose(last, state, rtol=2e-5, atol=2e-6)
    np.testing.assert_allclose(all_of, np.stack(want), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("mode", MODES)
def test_fibonacci_carries_two_integers(mode):
    def fibonacci(n):
        return bafe.fori_loop(0, n, lambda i, s: (s[1], s[0] + s[1]), (0, 1))

    f = made(mode, fibonacci)
    for n, want in [(0, (0, 1)), (1, (1, 1)), (10, (55, 89)), (50, (12586269025, 20365011074))]:
        assert tuple(int(x) for x in f(np.int64(n))) == want


@pytest.mark.parametrize("mode", MODES)
def test_loops_inside_loops(mode):
    def table(x):
        def row(i, total):
            return bafe.fori_loop(0, i, lambda j, t: t + x[j] * i, total)

        return bafe.fori_loop(0, 5, row, 0.0)

    x = draw(5)
    want = sum(x[j] * i for i in range(5) for j in range(i))
    np.testing.assert_allclose(made(mode, table)(x), want)


@pytest.mark.parametrize("mode", MODES)
def test_branches_inside_a_scan(mode):
    def clip(xs):
        def step(total, x):
            total = bafe.cond(x > 0, lambda t: t + x, lambda t: t * 0.5, total)
            return total, (total, total > 1)

        return bafe.scan(step, np.float64(0), xs)

    xs = draw(9)
    want, total = [], 0.0
    for x in xs:
        total = total + x if x > 0 else total * 0.5
        want.append(total)
    last, (totals, flags) = made(mode, clip)(xs)
    np.testing.assert_allclose(last, total)
    np.testing.assert_allclose(totals, want)
    np.testing.assert_array_equal(flags, np.array(want) > 1)


@pytest.mark.parametrize("mode", MODES)
def test_while_stops_at_the_first_state_that_fails(mode):
    def root(a):
        def goes_on(s):
            x, steps = s
            return abs(x * x - a) > 1e-12 * a

        return bafe.while_loop(goes_on, lambda s: (0.5 * (s[0] + a / s[0]), s[1] + 1), (a, 0))

    f = made(mode, root)
    for a in (2.0, 1.0, 9e4):
        x, steps = a, 0
        while abs(x * x - a) > 1e-12 * a:
            x, steps = 0.5 * (x + a / x), steps + 1
        got, counted = f(a)
        assert int(counted) == steps
        np.testing.assert_allclose(got, x)


@dataclass
class Particle:
    place: np.ndarray
    speed: np.ndarray


@pytest.mark.parametrize("mode", MODES)
def test_states_are_trees(mode):
    def fall(p, dt):
        def step(i, state):
            p, log = state["p"], state["log"]
            speed = p.speed - 9.81 * dt
            return {"p": Particle(p.place + speed * dt, speed), "log": [log[0] + 1]}

        return bafe.fori_loop(0, 4, step, {"p": p, "log": [np.int32(0)]})

    p = Particle(draw(3), draw(3, seed=1))
    place, speed = p.place, p.speed
    for _ in range(4):
        speed = speed - 9.81 * 0.1
        place = place + speed * 0.1
    got = made(mode, fall)(p, 0.1)
    np.testing.assert_allclose(got["p"].place, place)
    np.testing.assert_allclose(got["p"].speed, speed)
    assert int(got["log"][0]) == 4


SCALE = np.ones(4)


def test_captured_arrays_are_read_anew_at_every_call():
    @bafe.jit
    def f(x):
        return bafe.fori_loop(0, 3, lambda i, s: s * SCALE + i, x)

    SCALE[:] = 1
    np.testing.assert_array_equal(f(np.zeros(4)), np.full(4, 3.0))
    SCALE[:] = 2
    np.testing.assert_array_equal(f(np.zeros(4)), np.full(4, 4.0))
    SCALE[:] = 1


def test_constants_inside_a_body():
    weight = bafe.constant(draw(4, 4))

    @bafe.jit(tier="compiled")
    def f(x):
        return bafe.fori_loop(0, 2, lambda i, s: weight @ s, x)

    x = draw(4, seed=3)
    np.testing.assert_allclose(f(x), weight.array @ (weight.array @ x))


def test_the_program_does_not_grow_with_the_number_of_iterations():
    def text(n):
        f = bafe.jit(lambda x: bafe.fori_loop(0, n, lambda i, s: np.sin(s) * i, x))
        return f.ir(np.ones(3))

    assert text(10).replace("10:i64", "?") == text(1_000_000).replace("1000000:i64", "?")


@pytest.mark.parametrize("mode", ["compiled", "prebuilt"])
def test_no_iteration_gives_the_first_state_and_empty_rows(mode):
    f = made(mode, lambda x, xs: bafe.scan(lambda s, row: (s + row, s), x, xs))
    last, rows = f(np.ones(3), np.zeros((0, 3)))
    np.testing.assert_array_equal(last, np.ones(3))
    assert rows.shape == (0, 3)
    eager = bafe.scan(lambda s, row: (s + row, s), np.ones(3), np.zeros((0, 3)))
    assert eager[1].shape == (0, 3)


def test_bits_equal_an_unrolled_loop():
    a, x = draw(16, 16, dtype="float32"), draw(16, 16, dtype="float32", seed=1)

    def step(i, s):
        return np.tanh(a @ s) + s / (i + 1).astype("float32")

    def unrolled(x):
        for i in range(5):
            x = step(np.int64(i), x)
        return x

    kept = bafe.jit(lambda x: bafe.fori_loop(0, 5, step, x), math="bits", tier="compiled")
    plain = bafe.jit(lambda x: unrolled(x), math="bits", tier="compiled")
    assert kept(x).tobytes() == plain(x).tobytes()


def test_threads_do_not_change_results():
    a, x = draw(300, 300), draw(300, 300, seed=1)
    results = [
        bafe.jit(lambda a, x: bafe.fori_loop(0, 3, lambda i, s: np.tanh(a @ s), x), threads=t)(a, x)
        for t in (1, 2)
    ]
    assert results[0].tobytes() == results[1].tobytes()


def test_results_go_where_out_says():
    f = bafe.jit(lambda x: bafe.fori_loop(0, 3, lambda i, s: s * 2, x), tier="compiled")
    x, y = draw(5), np.empty(5)
    assert f(x, out=y) is y
    np.testing.assert_array_equal(y, x * 8)
    want = x * 8
    f(x, out=x)
    np.testing.assert_array_equal(x, want)


def test_only_the_chosen_branch_runs():
    def f(x, i):
        return bafe.cond(i < 4, lambda: np.take(x, i), lambda: x[0])

    for mode in ("compiled", "prebuilt", "interpreted"):
        g = bafe.jit(f, tier="auto" if mode == "prebuilt" else mode)
        assert g(np.arange(4.0), np.int64(2)) == 2
        assert g(np.arange(4.0), np.int64(100)) == 0  # the other would be out of range


def test_an_iteration_out_of_range_is_an_error():
    f = bafe.jit(lambda x, n: bafe.fori_loop(0, n, lambda i, s: s + np.take(x, i), 0.0))
    assert f(np.ones(4), np.int64(4)) == 4
    with pytest.raises(bafe.ShapeError, match="out of range"):
        f(np.ones(4), np.int64(6))


def test_errors_name_the_leaf():
    def run(body, init):
        bafe.jit(lambda x: bafe.fori_loop(0, 2, body, init(x)))(np.ones(3, "float32"))

    with pytest.raises(bafe.DTypeError, match=r"init\['b'\]\[0\] is f32\[3\].*gives f64\[3\]"):
        run(
            lambda i, s: {"a": s["a"], "b": [s["b"][0] * np.float64(2)]},
            lambda x: {"a": x, "b": [x]},
        )
    with pytest.raises(bafe.ShapeError, match=r"init is f32\[3\], the body gives f32\[6\]"):
        run(lambda i, s: np.concatenate([s, s]), lambda x: x)
    with pytest.raises(bafe.TraceError, match="put together differently"):
        run(lambda i, s: (s, s), lambda x: x)
    with pytest.raises(bafe.TraceError, match="upper is"):
        bafe.fori_loop(0, 1.5, lambda i, s: s, 0.0)
    with pytest.raises(bafe.TraceError, match="lengths differ: xs\\[0\\] 3, xs\\[1\\] 4"):
        bafe.scan(lambda s, x: (s, None), 0.0, (np.ones(3), np.ones(4)))
    with pytest.raises(bafe.TraceError, match="neither xs nor length"):
        bafe.scan(lambda s, x: (s, None), 0.0)
    with pytest.raises(bafe.TraceError, match="body is a int"):
        bafe.fori_loop(0, 1, 3, 0.0)
    with pytest.raises(bafe.TraceError, match="the condition is"):
        bafe.jit(lambda x: bafe.cond(x > 0, lambda: x, lambda: x))(np.ones(3))
    with pytest.raises(bafe.ShapeError, match=r"true_fn is f64\[3\], false_fn gives f64\[\]"):
        bafe.jit(lambda x: bafe.cond(x[0] > 0, lambda: x, lambda: x[0]))(np.ones(3))


def test_a_body_writes_only_into_its_own_arrays():
    def bad(x):
        def step(i, s):
            x[0] = s
            return s

        return bafe.fori_loop(0, 2, step, 1.0)

    with pytest.raises(bafe.TraceError, match="writes into"):
        bafe.jit(bad)(np.ones(3))

    def good(x):
        def step(i, s):
            t = x.copy()
            t[0] = s
            return t.sum()

        return bafe.fori_loop(0, 2, step, 1.0)

    assert bafe.jit(good)(np.ones(3)) == 5.0


def test_programs_with_loops_survive_text_and_json():
    f = bafe.jit(lambda x: bafe.scan(lambda s, r: (s + r, s * 2), 0.0, x))
    program = f.ir(np.ones(4))
    assert "loop" in str(program) and "program" in str(program)


SECOND = """
import numpy as np, bafe
f = bafe.jit(lambda x: bafe.fori_loop(0, 9, lambda i, s: np.cos(s) @ s, x), tier="compiled")
y = f(np.full((5, 5), 0.1))
print(float(y.sum()), bafe.cache.info().hits)
"""


def test_a_second_process_finds_the_kernel(tmp_path, monkeypatch):
    monkeypatch.setenv("BAFE_CACHE_DIR", str(tmp_path))
    runs = [
        subprocess.run([sys.executable, "-c", SECOND], capture_output=True, text=True, check=True)
        for _ in range(2)
    ]
    first, second = (run.stdout.split() for run in runs)
    assert first[0] == second[0]
    assert (int(first[1]), int(second[1])) == (0, 1)


def test_a_loop_without_end_is_interrupted():
    def stop(number, frame):
        raise TimeoutError

    f = bafe.jit(lambda x: bafe.while_loop(lambda s: s < 2, lambda s: s * 0.5, x))
    assert f(4.0) == 4.0
    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(TimeoutError):
            f(1.0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_bodies_are_optimised_and_explained(tmp_path):
    def f(a, b, v):
        return bafe.fori_loop(0, 4, lambda i, s: (a @ b) @ s / 64, v)

    a, b, v = draw(64, 64), draw(64, 64, seed=1), draw(64, 1, seed=2)
    told = bafe.jit(f).explain(a, b, v)
    (body,) = told.to_dict()["bodies"]
    assert body["written"] != body["chosen"]
    assert "matmul-regroup" in told.rules and "body of a loop" in str(told)
    told.html(str(tmp_path / "page.html"))
    want = v
    for _ in range(4):
        want = a @ (b @ want) / 64
    np.testing.assert_allclose(bafe.jit(f)(a, b, v), want, rtol=1e-9)
