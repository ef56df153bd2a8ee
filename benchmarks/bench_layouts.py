"""One product with row- and column-major operands, and a program for which another layout is
chosen."""

import bafe
import numpy as np
from bafe.testing import largest_error, time_together
from rich.console import Console

rng = np.random.default_rng(3)
product = bafe.jit(lambda x, y: x @ y, threads=1, tier="compiled")
console = Console(width=140)

for n in (256, 1024):
    a, b = (
        rng.standard_normal((n, n), dtype=np.float32),
        rng.standard_normal((n, n), dtype=np.float32),
    )
    f, g = np.asfortranarray(a), np.asfortranarray(b)
    variants = {"row+row": (a, b), "row+col": (a, g), "col+row": (f, b), "col+col": (f, g)}
    for name, pair in variants.items():
        assert largest_error(product(*pair), a @ b) < 2e-5, name
    times = time_together(
        {
            "numpy": lambda a=a, b=b: a @ b,
            **{name: (lambda p=pair: product(*p)) for name, pair in variants.items()},
        },
        rounds=21,
        sample_ms=5,
    )
    base = times["row+row"].ms
    console.print(
        f"n = {n}: "
        + ", ".join(f"{k} {t.ms * 1e3:.0f} µs ({t.ms / base:.2f})" for k, t in times.items())
    )

x, w = (
    rng.standard_normal((512, 512), dtype=np.float32),
    bafe.constant(rng.standard_normal((512, 512), dtype=np.float32)),
)
chosen = bafe.jit(lambda v: bafe.relu(v @ w), threads=1).explain(x).to_dict()["chosen_text"]
console.print("\na product with a constant, layouts as chosen:\n" + chosen, markup=False)
