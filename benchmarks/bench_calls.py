"""First calls, warm calls, imports; processes are started anew for each sample."""

import os
import statistics
import subprocess
import sys
import tempfile

import bafe
import numpy as np
from bafe.testing import time_together
from rich.console import Console

FIRST = """
import time, numpy as np, bafe
x = np.ones((256, 256), np.float32)
f = bafe.jit(lambda a, b, c: bafe.relu(a @ b + c), tier="compiled")
t = time.perf_counter(); y = f(x, x, x); print(time.perf_counter() - t)
assert (y == 257).all()
"""
IMPORT_NUMPY = "import time; t = time.perf_counter(); import numpy; print(time.perf_counter() - t)"
IMPORT_BAFE = (
    "import numpy, time; t = time.perf_counter(); import bafe; print(time.perf_counter() - t)"
)


def run(code, cache):
    env = {**os.environ, "BAFE_CACHE_DIR": cache}
    out = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    return float(out.stdout) * 1e3


cold, filled, numpy_ms, bafe_ms = [], [], [], []
for _ in range(9):
    with tempfile.TemporaryDirectory() as cache:
        cold.append(run(FIRST, cache))
        filled.append(run(FIRST, cache))
        numpy_ms.append(run(IMPORT_NUMPY, cache))
        bafe_ms.append(run(IMPORT_BAFE, cache))

console = Console(width=140)
for title, values, promise in (
    ("first call of relu(A@B+C), empty cache", cold, "< 200 ms"),
    ("first call in a new process, filled cache", filled, "< 3 ms"),
    ("import bafe after numpy", bafe_ms, "< 30 ms"),
    ("import numpy", numpy_ms, ""),
):
    console.print(
        f"{title:<45} median {statistics.median(values):7.1f} ms, "
        f"worst {max(values):7.1f} ms   {promise}"
    )

small = [np.ones((8, 8), np.float32) for _ in range(3)]
layer = bafe.jit(lambda a, b, c: bafe.relu(a @ b + c), tier="compiled")
pair = bafe.jit(lambda a, b: a * b + a, tier="compiled")
x, y = np.ones(16, np.float32), np.ones(16, np.float32)
assert np.array_equal(layer(*small), np.maximum(small[0] @ small[1] + small[2], 0))
times = time_together(
    {
        "relu(a@b+c) 8x8, BAFE": lambda: layer(*small),
        "relu(a@b+c) 8x8, NumPy": lambda: np.maximum(small[0] @ small[1] + small[2], 0),
        "a*b+a 16, BAFE": lambda: pair(x, y),
        "a*b+a 16, NumPy": lambda: x * y + x,
    },
    rounds=31,
)
for title, timing in times.items():
    console.print(
        f"warm {title:<40} {timing.ms * 1e6:8.0f} ns   {'< 2 µs' if '8x8, BAFE' in title else ''}"
    )
