"""Results of 64 KiB and more live in memory that is used again."""

import gc
import os
import pickle
import subprocess
import sys

import bafe
import numpy as np
import pytest
from bafe import _core


@pytest.fixture(scope="module")
def double():
    return bafe.jit(lambda x: x + x)


def big(value, n=1 << 16):
    return np.full(n, value, np.float32)


def test_results_never_share_memory(double):
    kept = []
    for i in range(60):
        kept.append(double(big(i)))
        if i % 3 == 2:
            del kept[i // 5]
    for i, a in enumerate(kept):
        assert (a == a[0]).all()
        for b in kept[:i]:
            assert not np.shares_memory(a, b)
    assert len({a.ctypes.data for a in kept}) == len(kept)
    assert all(a.ctypes.data % 64 == 0 for a in kept)


def test_memory_of_a_dead_result_is_used_again(double):
    x = big(1, 1 << 18)
    double(x)
    before = _core.memory_use()["reused"]
    for _ in range(5):
        double(x)
    assert _core.memory_use()["reused"] >= before + 4


def test_an_array_behaves_like_any_other(double):
    x = big(3)
    y = double(x)
    assert y.flags.owndata and y.flags.writeable and y.flags.aligned and y.base is None
    y.resize(2 * y.size, refcheck=False)
    assert (y[: x.size] == 6).all() and (y[x.size :] == 0).all()
    y.resize(10, refcheck=False)
    assert (y == 6).all()
    z = pickle.loads(pickle.dumps(double(x)))
    assert (z == 6).all()
    view = double(x)[::2]
    gc.collect()
    double(x + 1)
    assert (view == 6).all()


def test_a_thousand_results_can_be_kept(double):
    used = _core.memory_use()["used_bytes"]
    kept = [double(big(i, 1 << 14)) for i in range(1000)]
    assert all(a[0] == 2 * i and a[-1] == 2 * i for i, a in enumerate(kept))
    assert _core.memory_use()["used_bytes"] - used < 1000 * (1 << 16) * 1.2
    del kept
    gc.collect()
    assert _core.memory_use()["used_bytes"] - used < 1 << 20
    _core.trim_memory(0)
    assert _core.memory_use()["idle_bytes"] == 0


def test_idle_memory_is_bounded():
    code = """
import numpy as np, bafe
from bafe import _core
f = bafe.jit(lambda x: x + x)
kept = [f(np.ones(1 << 18, np.float32)) for _ in range(40)]
del kept
print(_core.memory_use()["idle_bytes"])
"""
    env = dict(os.environ, BAFE_MEMORY_BYTES=str(8 << 20))
    out = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=True)
    assert 0 < int(out.stdout) <= 8 << 20


def test_results_may_outlive_the_interpreter_shutdown():
    code = """
import numpy as np, bafe, sys
f = bafe.jit(lambda x: x * 2)
sys.kept_forever = f(np.ones(1 << 20, np.float32))
class Late:
    def __del__(self): self.array = None
late = Late(); late.array = f(np.ones(1 << 20, np.float32))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True)
    assert done.returncode == 0 and not done.stderr
