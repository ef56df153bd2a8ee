"""Runs benchmark suites, each in a process of its own, pinned to one core, with one thread."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SUITES = (
    "kernels",
    "laab",
    "bf16",
    "layouts",
    "calls",
    "warm",
    "tiers",
    "shapes",
    "elementary",
    "egraph",
    "extraction",
    "algebra",
    "search",
    "structure",
    "graphs",
    "cost_model",
    "floor",
    "fuzz",
    "bits",
    "npbench",
    "onnx",
)
OWN_PIN = (
    "bits",
    "cost_model",
    "fuzz",
    "kernels",
    "laab",
    "tiers",
)  # use several cores, or choose theirs
ONE_THREAD = {
    name: "1"
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "BAFE_NUM_THREADS")
}


def main(arguments: list[str]) -> int:
    options = next((i for i, a in enumerate(arguments) if a.startswith("--")), len(arguments))
    arguments, given = arguments[:options], arguments[options:]
    passed = [a for a in arguments if a.isdigit() or os.path.isdir(a)] + given
    names = [a for a in arguments if a not in passed] or [
        s for s in SUITES if s not in ("fuzz", "bits")
    ]
    unknown = [name for name in names if name not in SUITES]
    if unknown:
        print(
            f"no benchmark is called {unknown[0]}; there are: {', '.join(SUITES)}", file=sys.stderr
        )
        return 2
    cores = sorted(os.sched_getaffinity(0))
    failed: dict[str, int] = {}
    for name in names:
        with tempfile.TemporaryDirectory() as cache:
            env = {**os.environ, **ONE_THREAD, "BAFE_TIER": "compiled", "BAFE_CACHE_DIR": cache}
            command = [sys.executable, str(HERE / f"bench_{name}.py"), *passed]
            pin = {cores[-1]} if name not in OWN_PIN else set(cores)
            code = subprocess.run(
                command,
                env=env,
                check=False,
                preexec_fn=lambda pin=pin: os.sched_setaffinity(0, pin),
            ).returncode
        if code:
            failed[name] = code
            print(f"benchmark {name} failed with exit code {code}", file=sys.stderr)
    return next(iter(failed.values()), 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
