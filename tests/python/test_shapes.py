"""Sizes that change: one search and few kernels for all of them, and the right numbers always."""

import bafe
import numpy as np
import pytest

SIZES = [2, 3, 5, 8, 12, 13, 15, 16, 17, 24, 31, 32, 33, 47, 48, 49, 63, 64, 65, 100, 127, 129, 200]
SMALL = [0, 1]


def compiles():
    return bafe.cache.info().compiles


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def layer_norm(x, g, b):
    m = x.mean(axis=1, keepdims=True)
    v = ((x - m) ** 2).mean(axis=1, keepdims=True)
    return (x - m) / np.sqrt(v + 1e-5) * g + b


def f32(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


# name: function, the same in NumPy, arguments for a size, most kernels that all sizes may need
CASES = {
    "softmax": (bafe.softmax, softmax, lambda r, n: [f32(r, n, 40)], 8),
    "softmax of long rows": (bafe.softmax, softmax, lambda r, n: [f32(r, 9, n + 1)], 20),
    "pointwise": (
        lambda a, b, c: bafe.relu(a * b + c),
        lambda a, b, c: np.maximum(a * b + c, 0),
        lambda r, n: [f32(r, n, 20), f32(r, n, 20), f32(r, n, 20)],
        6,
    ),
    "layer_norm": (
        bafe.layer_norm,
        layer_norm,
        lambda r, n: [f32(r, n, 48), f32(r, 48), f32(r, 48)],
        8,
    ),
    "sum of columns": (
        lambda x: bafe.reduce_sum(x, (0,)),
        lambda x: x.sum(axis=0),
        lambda r, n: [f32(r, n, 24)],
        12,
    ),
    "mean of rows": (
        lambda x: x.mean(axis=1),
        lambda x: x.mean(axis=1),
        lambda r, n: [f32(r, 7, n + 1)],
        20,
    ),
    "matmul rows": (
        lambda x, w, b: bafe.relu(x @ w + b),
        lambda x, w, b: np.maximum(x @ w + b, 0),
        lambda r, n: [f32(r, n, 64), f32(r, 64, 32), f32(r, 32)],
        16,
    ),
    "matmul columns": (
        lambda x, w: x @ w,
        lambda x, w: x @ w,
        lambda r, n: [f32(r, 24, 32), f32(r, 32, n)],
        30,
    ),
    "matmul depth": (
        lambda x, w: x @ w,
        lambda x, w: x @ w,
        lambda r, n: [f32(r, 24, n), f32(r, n, 32)],
        30,
    ),
    "transpose": (
        lambda x: bafe.transpose(x, (1, 0)) * 2,
        lambda x: x.T * 2,
        lambda r, n: [f32(r, n, 12)],
        12,
    ),
    "twice as long": (
        lambda x, y: y * bafe.concatenate([x, x], axis=0),
        lambda x, y: y * np.concatenate([x, x], axis=0),
        lambda r, n: [f32(r, n, 8), f32(r, 2 * n, 8)],
        12,
    ),
    "split axis": (
        lambda x: bafe.reduce_sum(x.reshape(-1, 4), (1,)),
        lambda x: x.reshape(-1, 4).sum(axis=1),
        lambda r, n: [f32(r, 4 * n)],
        12,
    ),
    "differences": (
        lambda x: x[1:] - x[:-1] * x[::-1][1:],
        lambda x: x[1:] - x[:-1] * x[::-1][1:],
        lambda r, n: [f32(r, n + 2, 6)],
        8,
    ),
    "two sizes": (
        lambda x, y: bafe.tanh(x) @ y,
        lambda x, y: np.tanh(x) @ y,
        lambda r, n: [f32(r, n, 16), f32(r, 16, 3 * n + 1)],
        40,
    ),
    "integers": (
        lambda x: (x * 3 + 7) // 5,
        lambda x: (x * 3 + 7) // 5,
        lambda r, n: [r.integers(-(2**31), 2**31, (n, 6)).astype(np.int32)],
        6,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_size_gives_what_numpy_gives(name, rng):
    fn, reference, arguments, most = CASES[name]
    f = bafe.jit(fn, tier="auto")
    before = compiles()
    for n in [*SIZES, *reversed(SIZES)]:
        args = arguments(rng, n)
        for _ in range(2):
            np.testing.assert_allclose(f(*args), reference(*args), rtol=2e-4, atol=2e-4)
        f.compile(*args)
        np.testing.assert_allclose(f(*args), reference(*args), rtol=2e-4, atol=2e-4)
    assert compiles() - before <= most


@pytest.mark.parametrize("name", ["softmax", "pointwise", "matmul rows"])
def test_sizes_zero_and_one_keep_their_own_rules(name, rng):
    fn, reference, arguments, _ = CASES[name]
    f = bafe.jit(fn, tier="auto")
    for n in [5, 9, 1, 14, 0, 23, 1, 0, 2]:
        args = arguments(rng, n)
        np.testing.assert_allclose(f(*args), reference(*args), rtol=2e-4, atol=2e-4)
        f.compile(*args)


def test_a_new_size_is_neither_searched_nor_compiled(rng):
    f = bafe.jit(lambda x, y: bafe.exp(x * y) + y, tier="auto")
    for n in (8, 12, 20, 28):
        f.compile(f32(rng, n, 30), f32(rng, n, 30))
    before = compiles()
    for n in range(40, 80):
        f(f32(rng, n, 30), f32(rng, n, 30))
        assert f.state(f32(rng, n, 30), f32(rng, n, 30)).tier == "compiled"
    assert compiles() == before


def test_python_branches_on_sizes_stay_right(rng):
    @bafe.jit(tier="auto")
    def f(x):
        if x.shape[0] > 10:
            return bafe.relu(x) * 2
        return bafe.relu(x) + 1

    for n in [3, 5, 7, 9, 10, 11, 12, 30, 4, 10, 11, 60]:
        x = f32(rng, n, 6)
        want = np.maximum(x, 0) * 2 if n > 10 else np.maximum(x, 0) + 1
        f.compile(x)
        np.testing.assert_allclose(f(x), want, rtol=1e-6)


def test_values_made_of_sizes_are_never_stale(rng):
    @bafe.jit(tier="auto")
    def f(x):
        return x * x.shape[0] + x.shape[1]

    for n in [3, 5, 7, 9, 16, 40, 41]:
        x = f32(rng, n, 6)
        f.compile(x)
        np.testing.assert_allclose(f(x), x * n + 6, rtol=1e-6)


def test_equal_sizes_that_part_later_are_told_apart(rng):
    f = bafe.jit(lambda x, y: bafe.reduce_sum(x, (0,)) + bafe.reduce_sum(y, (0,)), tier="auto")
    for n, m in [(4, 4), (6, 6), (9, 9), (11, 11), (5, 8), (7, 3), (20, 21), (13, 50)]:
        x, y = f32(rng, n, 10), f32(rng, m, 10)
        f.compile(x, y)
        np.testing.assert_allclose(f(x, y), x.sum(0) + y.sum(0), rtol=1e-4, atol=1e-4)


def test_a_second_process_has_the_kernel_at_once(run_python):
    code = """
import bafe, numpy as np
f = bafe.jit(lambda x: bafe.tanh(x) * 3 + x, tier="auto")
for n in {sizes}:
    x = np.linspace(-1, 1, n * 10).reshape(n, 10)
    f.compile(x)
    assert np.allclose(f(x), np.tanh(x) * 3 + x)
print(bafe.cache.info().compiles)
"""
    first = run_python(code.format(sizes="(4, 6, 10, 14)"))
    assert first[0] == 0, first[2]
    second = run_python(code.format(sizes="(22, 33, 44)"))
    assert second[0] == 0, second[2]
    assert second[1].strip() == "0"


def test_the_log_says_which_argument_changed(run_python):
    code = """
import bafe, numpy as np
f = bafe.jit(lambda x, y: x * y + 1, tier="auto")
for n in (32, 48, 64, 80):
    f.compile(np.ones((n, 3), np.float32), np.ones(3, np.float32))
f(np.ones((80, 3)), np.ones(3, np.float32))
"""
    status, _, log = run_python(code, BAFE_LOG="recompiles")
    assert status == 0, log
    assert "<lambda>: first signature" in log
    assert "x: axis 0 was 32, is 48" in log
    assert "x: axis 0 was 64, is 80: the kernel for any size is used" in log
    assert "x: f64, was f32" in log
    assert "one program for any sizes: x * y + 1" in log


def test_a_program_that_cannot_be_general_says_so(run_python):
    code = """
import bafe, numpy as np
f = bafe.jit(lambda x: x[: x.shape[0] // 3] * 2, tier="auto")
for n in (32, 48, 65, 83, 90):
    x = np.ones((n, 3), np.float32)
    f.compile(x)
    assert f(x).shape == (n // 3, 3)
"""
    status, _, log = run_python(code, BAFE_LOG="recompiles")
    assert status == 0, log
    assert "kernels for each size:" in log


def test_threads_with_ever_new_sizes_get_the_right_numbers():
    import threading

    f = bafe.jit(lambda x, w: bafe.tanh(x @ w) + 1, tier="auto")
    w = np.linspace(-1, 1, 96).reshape(8, 12).astype(np.float32)
    wrong = []

    def work(seed):
        r = np.random.default_rng(seed)
        for n in r.integers(0, 70, 40):
            x = f32(r, int(n), 8)
            if not np.allclose(f(x, w), np.tanh(x @ w) + 1, rtol=1e-4, atol=1e-4):
                wrong.append(int(n))

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    f.wait()
    assert not wrong


def test_a_child_of_fork_goes_on_while_its_parent_compiled(run_python):
    code = """
import os, time
import bafe, numpy as np
f = bafe.jit(lambda x: bafe.tanh(x) * 2 + bafe.exp(x), tier="auto")
want = lambda x: np.tanh(x) * 2 + np.exp(x)
for n in (8, 12, 20):
    x = np.linspace(0, 1, n * 5).reshape(n, 5)
    assert np.allclose(f(x), want(x))
    for k in range(6):
        time.sleep(0.01 * k)
        child = os.fork()
        if child == 0:
            for m in (30 + k, 40 + k):
                y = np.linspace(0, 1, m * 5).reshape(m, 5)
                assert np.allclose(f(y), want(y))
            os._exit(0 if f.wait(60) else 1)
        assert os.waitpid(child, 0)[1] == 0
print("done")
"""
    status, out, log = run_python(code)
    assert status == 0 and out.strip() == "done", log
