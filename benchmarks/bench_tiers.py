"""Tier "auto": first calls of new signatures, time until the kernel takes over, calls meanwhile.

Every process has an empty cache. ``first`` is the first call of a signature in a process that has
made other first calls before (imports and tables are warm); ``swapped`` is from that call until
``state`` says that nothing is pending. ``meanwhile`` compares warm calls of another, compiled
function before, while and after the background compiles.
"""

import os
import statistics
import subprocess
import sys
import tempfile

from rich.console import Console

PROGRAMS = {
    "a*b+a, 16": ("lambda a, b: a * b + a", "(16,), (16,)"),
    "relu(a@b+c), 8x8": ("lambda a, b, c: bafe.relu(a @ b + c)", "(8, 8), (8, 8), (8, 8)"),
    "softmax row, 32x64": (
        "lambda x: bafe.softmax(x, -1)",
        "(32, 64),",
    ),
    "sum of squares, 1000": ("lambda x: (x * x).sum()", "(1000,),"),
    "layer, 64x128x64": (
        "lambda x, w, b: bafe.tanh(x @ w + b)",
        "(64, 128), (128, 64), (64,)",
    ),
}

FIRST = """
import time, numpy as np, bafe
rng = np.random.default_rng(1)
warm = bafe.jit(lambda x: x - 0.5, tier="auto")
warm(np.ones(3, np.float32)), warm.wait()
f = bafe.jit({function}, tier="auto")
args = [rng.standard_normal(s).astype(np.float32) for s in ({shapes})]
t = time.perf_counter(); f(*args); first = time.perf_counter() - t
f.wait(); swapped = time.perf_counter() - t
t = time.perf_counter(); f(*args)
print(first * 1e3, swapped * 1e3, f.state(*args).tier, round(f.state(*args).ratio, 3))
"""

MEANWHILE = """
import time, numpy as np, bafe
x = np.ones(4096, np.float32)
f = bafe.jit(lambda x: bafe.tanh(x) * 2 + x, tier="compiled")
f(x)
def calls():
    times = []
    for _ in range(3000):
        t = time.perf_counter(); f(x); times.append(time.perf_counter() - t)
    times.sort()
    return times[len(times) // 2], times[int(len(times) * 0.99)]
calls()
before = calls()
others = [bafe.jit(eval(f"lambda a, b: bafe.tanh(a @ b * {i} + 1)"), tier="auto") for i in range(6)]
a = np.ones((24, 24), np.float32)
for g in others: g(a, a)
meanwhile, passes = [], 0
while bafe._core.background_jobs() and passes < 400:
    meanwhile.append(calls()); passes += 1
for g in others: g.wait()
after = calls()
mid = sorted(m[0] for m in meanwhile)[len(meanwhile) // 2]
tail = sorted(m[1] for m in meanwhile)[len(meanwhile) // 2]
print(before[0] * 1e6, mid * 1e6, after[0] * 1e6, before[1] * 1e6, tail * 1e6, len(meanwhile))
"""


def run(code: str) -> list[str]:
    """Run in a new process with an empty cache; give the words it prints."""
    with tempfile.TemporaryDirectory() as cache:
        env = {**os.environ, "BAFE_CACHE_DIR": cache, "BAFE_TIER": "auto"}
        done = subprocess.run(
            [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
        )
    return done.stdout.split()


def main() -> None:
    console = Console(width=140)
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    for name, (function, shapes) in PROGRAMS.items():
        samples = [run(FIRST.format(function=function, shapes=shapes)) for _ in range(rounds)]
        first = [float(s[0]) for s in samples]
        swapped = [float(s[1]) for s in samples]
        tiers = sorted({s[2] for s in samples})
        ratio = statistics.median(float(s[3]) for s in samples)
        console.print(
            f"{name:<24} first {statistics.median(first):7.2f} ms (worst {max(first):7.2f}, goal 2)"
            f"   settled {statistics.median(swapped):7.1f} ms, then {'/'.join(tiers)}, "
            f"kernel / tier 0 {ratio:.3f}"
        )
    words = [float(w) for w in run(MEANWHILE)]
    console.print(
        f"warm call, median: before {words[0]:.2f} µs, while compiling {words[1]:.2f} µs, "
        f"after {words[2]:.2f} µs; 99th percentile {words[3]:.2f} and {words[4]:.2f} µs; "
        f"{int(words[5])} passes"
    )


main()
