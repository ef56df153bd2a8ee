"""Threads change the time of a call and nothing else; who says how many is documented."""

import os
import subprocess
import sys

import bafe
import numpy as np
import pytest


def normal(*shape, dtype=np.float32, seed=3):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def layer_norm(x):
    d = x - x.mean(axis=-1, keepdims=True)
    return d / np.sqrt((d * d).mean(axis=-1, keepdims=True) + np.float32(1e-5))


# One of every family of kernels, large enough that many threads are worth waking, sizes odd.
FAMILIES = {
    "matmul": (lambda a, b: a @ b, (normal(517, 301), normal(301, 523))),
    "matmul f64": (
        lambda a, b: a @ b,
        (normal(259, 301, dtype=np.float64),) * 1 + (normal(301, 261, dtype=np.float64),),
    ),
    "matmul of transposes": (lambda a, b: a.T @ b.T, (normal(301, 517), normal(523, 301))),
    "matmul with epilogue": (
        lambda a, b, c: np.maximum(a @ b + c, 0),
        (normal(517, 301), normal(301, 523), normal(523)),
    ),
    "thin matmul": (lambda a, b: a @ b, (normal(3, 2001), normal(2001, 2003))),
    "batched matmul": (lambda a, b: a @ b, (normal(300, 31, 33), normal(300, 33, 29))),
    "matrix times vector": (lambda a, v: a @ v, (normal(2001, 2003), normal(2003))),
    "vector times matrix": (lambda a, v: v @ a, (normal(2001, 2003), normal(2001))),
    "symmetric": (lambda a: a @ a.T, (normal(517, 301),)),
    "triangular": (lambda a, b: np.tril(a) @ b, (normal(517, 517), normal(517, 301))),
    "tridiagonal": (
        lambda a, b: np.triu(np.tril(a, 1), -1) @ b,
        (normal(1501, 1501), normal(1501, 1301)),
    ),
    "element-wise": (
        lambda a, b: np.tanh(a * b) - np.exp(-np.abs(a)),
        (normal(1201, 1003), normal(1201, 1003, seed=4)),
    ),
    "full sum": (lambda x: x.sum(), (normal(2001, 1003),)),
    "sums of rows": (lambda x: (x * x).sum(1), (normal(2001, 1003),)),
    "sums of columns": (lambda x: (x * x).sum(0), (normal(2001, 1003),)),
    "full max": (lambda x: x.max(), (normal(2001, 1003),)),
    "argmax": (lambda x: np.argmax(x, axis=1), (normal(2001, 1003),)),
    "softmax": (softmax, (normal(2001, 503),)),
    "layer norm": (layer_norm, (normal(2001, 503),)),
    "attention": (
        lambda q, k, v: softmax(q @ k.transpose(0, 2, 1)) @ v,
        tuple(normal(5, 131, 33, seed=s) for s in range(3)),
    ),
    "cumsum": (lambda x: np.cumsum(x, axis=1), (normal(2001, 503),)),
    "transpose": (lambda x: x.transpose(2, 0, 1) + 0, (normal(101, 203, 67),)),
    "take": (
        lambda x, i: np.take(x, i, axis=0),
        (normal(3001, 67), np.random.default_rng(1).integers(0, 3001, 20_001)),
    ),
}


@pytest.fixture
def default_threads():
    yield
    bafe.set_num_threads(None)


@pytest.mark.parametrize("name", FAMILIES)
def test_results_are_the_same_bits_for_one_to_sixteen_threads(name, default_threads):
    function, arguments = FAMILIES[name]
    compiled = bafe.jit(function, tier="compiled")
    bafe.set_num_threads(1)
    alone = compiled(*arguments)
    for threads in range(2, 17):
        bafe.set_num_threads(threads)
        np.testing.assert_array_equal(compiled(*arguments), alone, f"{threads} threads")


CHOICES = {
    "normalised product": (
        lambda a, b: ((a - a.mean(axis=0)) / np.sqrt(a.var(axis=0) + 1e-5)) @ b,
        (normal(200, 200), normal(200, 200, seed=1)),
    ),
    "gram matrix by a vector": (lambda a: (a.T @ a) @ a[:, 0], (normal(96, 96),)),
    "small attention": (
        lambda q, k, v: softmax(q @ k.T) @ v,
        (normal(17, 32), normal(129, 32, seed=1), normal(129, 32, seed=2)),
    ),
}


@pytest.mark.parametrize("name", CHOICES)
def test_which_program_is_chosen_does_not_depend_on_the_threads(name, default_threads):
    function, arguments = CHOICES[name]
    results = {}
    for threads in (1, 2, 4, 8, 16):
        bafe.set_num_threads(threads)
        compiled = bafe.jit(function, tier="compiled")
        results[threads] = (compiled.explain(*arguments).chosen, compiled(*arguments).tobytes())
    assert len(set(results.values())) == 1


def threads_used(function, *arguments):
    """Count the threads of this process that worked during some calls."""

    def times():
        out = {}
        for task in os.listdir("/proc/self/task"):
            try:
                with open(f"/proc/self/task/{task}/schedstat") as file:
                    out[task] = int(file.read().split()[0])
            except OSError:  # the thread has ended
                continue
        return out

    function(*arguments)
    before = times()
    for _ in range(20):
        function(*arguments)
    after = times()
    return sum(after[task] - before.get(task, 0) > 200_000 for task in after)


def test_large_calls_use_the_threads_they_are_given_and_small_ones_one(default_threads):
    x = normal(2001, 503)
    function = bafe.jit(softmax, tier="compiled")
    bafe.set_num_threads(1)
    assert threads_used(function, x) == 1
    bafe.set_num_threads(3)
    assert threads_used(function, x) > 1
    small = normal(8, 16)
    function(small)
    assert threads_used(function, small) <= 1


def test_a_number_of_threads_is_an_integer_of_python_or_numpy(default_threads):
    bafe.set_num_threads(np.int64(2))
    assert bafe.get_num_threads() == 2
    for wrong in (1.5, 0, True, "2"):
        with pytest.raises(bafe.TraceError, match="set_num_threads"):
            bafe.set_num_threads(wrong)


def test_threads_of_jit_go_before_those_of_the_process(default_threads):
    x = normal(2001, 503)
    bafe.set_num_threads(3)
    assert threads_used(bafe.jit(softmax, tier="compiled", threads=1), x) == 1


@pytest.mark.parametrize(
    ("variables", "want"),
    [
        ({"BAFE_NUM_THREADS": "7", "BAFE_THREADS": "5", "OMP_NUM_THREADS": "1"}, 7),
        ({"BAFE_THREADS": "5"}, 5),
        ({"OMP_NUM_THREADS": "1"}, 1),
        ({"BAFE_NUM_THREADS": "many", "OMP_NUM_THREADS": "1"}, 1),
    ],
)
def test_the_environment_says_how_many_threads(variables, want):
    kept = {k: v for k, v in os.environ.items() if not k.endswith("_THREADS")}
    code = "import bafe; print(bafe.get_num_threads())"
    found = subprocess.run(
        [sys.executable, "-c", code], env={**kept, **variables}, capture_output=True, text=True
    )
    assert found.stdout.strip() == str(want), found.stderr


def test_affinity_limits_threads_at_once():
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        if not any(os.environ.get(n) for n in ("BAFE_NUM_THREADS", "BAFE_THREADS")):
            assert bafe.get_num_threads() == 1
    finally:
        os.sched_setaffinity(0, before)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_computes_with_threads_of_its_own(default_threads):
    x = normal(2001, 503)
    function = bafe.jit(softmax, tier="compiled")
    bafe.set_num_threads(3)
    want = function(x)
    child = os.fork()
    if child == 0:
        same = np.array_equal(function(x), want)
        os._exit(0 if same and threads_used(function, x) > 1 else 1)
    _, status = os.waitpid(child, 0)
    assert status == 0


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2"])
def test_a_count_that_is_none_is_refused(count):
    with pytest.raises(bafe.TraceError, match="is not a number of threads"):
        bafe.set_num_threads(count)
