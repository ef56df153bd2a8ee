"""Elementary functions over 32,768 elements in cache, beside NumPy and torch."""

import bafe
import numpy as np
from bafe.testing import time_together
from rich.console import Console
from rich.table import Table

try:
    import torch
except ImportError:
    torch = None

COUNT = 1 << 15
POSITIVE = ("log", "sqrt", "rsqrt")
NAMES = (
    *("exp", "log", "log1p", "expm1", "tanh", "sigmoid", "erf", "erfc", "gelu", "silu"),
    *("sin", "cos", "sqrt", "rsqrt"),
)


def ways(name, x):
    """Name of the library -> a call."""
    f = bafe.jit(getattr(bafe, name), tier="compiled")
    found = {"BAFE": lambda: f(x)}
    if hasattr(np, name):
        function, out = getattr(np, name), np.empty_like(x)
        found["NumPy"] = lambda: function(x, out)
    if torch:
        t = torch.from_numpy(x)
        eager = getattr(torch, name, None) or getattr(torch.nn.functional, name)
        found["torch"] = lambda: eager(t)
    return found


table = Table(title="ns an element, one thread")
for column in ("function", "BAFE f32", "NumPy", "torch", "BAFE f64", "NumPy", "torch"):
    table.add_column(column)
rng = np.random.default_rng(1)
if torch:
    torch.set_num_threads(1)
for name in NAMES:
    cells = [name]
    for dtype in (np.float32, np.float64):
        x = (rng.standard_normal(COUNT) * 3).astype(dtype)
        if name in POSITIVE:
            x = np.abs(x) + dtype(0.01)
        elif name == "log1p":
            x = np.abs(x)
        calls = ways(name, x)
        times = time_together(calls)
        for library in ("BAFE", "NumPy", "torch"):
            took = times.get(library)
            cells.append("" if took is None else f"{took.ms * 1e6 / COUNT:.2f}")
    table.add_row(*cells)
Console(width=100).print(table)
