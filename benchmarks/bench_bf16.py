"""Products through bf16: stored bf16, f32 rounded under math="fast", f32 as six products on AMX.

Ratios are time of the other / time of BAFE in one run, errors the largest against f64.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

import bafe
import numpy as np
from kernels.rounds import time_in_turns
from report import console, machine
from rich.table import Table

rng = np.random.default_rng(5)
NO_AMX = "this machine has no AMX"


def flags() -> set[str]:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return set(next((line for line in lines if line.startswith("flags")), "").split())


def product(a: Any, b: Any) -> Any:
    return a @ b


def own(math: str, *arrays: np.ndarray) -> Callable[[], Any]:
    function = bafe.jit(product, math=math, tier="compiled", threads=1)
    function(*arrays)
    return lambda: function(*arrays)


def peers(a: np.ndarray, b: np.ndarray) -> dict[str, Callable[[], Any]]:
    calls: dict[str, Callable[[], Any]] = {"numpy": lambda: a @ b}
    try:
        import torch
    except ImportError:
        return calls
    torch.set_num_threads(1)
    x, y = torch.from_numpy(a), torch.from_numpy(b)
    calls["torch"] = lambda: x @ y
    return calls


def error(got: Any, a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(np.asarray(got, dtype=float) - a.astype(float) @ b).max())


def row(table: Table, what: str, us: dict[str, float], base: str, flops: float, note: str) -> None:
    own_us = us["bafe"]
    cells = (f"{own_us:.0f}", f"{flops / own_us / 1e3:.0f}", base, f"{us[base] / own_us:.2f}")
    table.add_row(what, *cells, note)


def square(n: int) -> tuple[np.ndarray, np.ndarray]:
    a, b = (rng.random((n, n), dtype=np.float32) - 0.5 for _ in range(2))
    return a, b


def stored_bf16(table: Table, has_amx: bool, n: int = 1024) -> None:
    what = f"bf16 {n}, {'AMX' if has_amx else 'vectors'}"
    try:
        import ml_dtypes
    except ImportError:
        table.add_row(what, "-", "-", "-", "-", "needs ml_dtypes")
        return
    a, b = square(n)
    x, y = a.astype(ml_dtypes.bfloat16), b.astype(ml_dtypes.bfloat16)
    us = time_in_turns({"bafe": own("reals", x, y), "own f32": own("bits", a, b)}, 1, 9, 4)
    row(table, what, us, "own f32", 2.0 * n**3, "" if has_amx else NO_AMX)


def rounded(table: Table, n: int) -> None:
    a, b = square(n)
    fast = own("fast", a, b)
    us = time_in_turns({"bafe": fast, "own f32": own("bits", a, b), **peers(a, b)}, 1, 9, 4)
    for base in us:
        if base != "bafe":
            note = f"error {error(fast(), a, b):.1e}, f32 {error(a @ b, a, b):.1e}"
            row(table, f'f32 {n}, math="fast"', us, base, 2.0 * n**3, note)


def six(table: Table, has_amx: bool, n: int) -> None:
    what = f"f32 {n}, six products"
    if not has_amx:
        table.add_row(what, "-", "-", "-", "-", NO_AMX)
        return
    a, b = square(n)
    reals = own("reals", a, b)
    us = time_in_turns({"bafe": reals, "own f32": own("bits", a, b), **peers(a, b)}, 1, 9, 4)
    best = min((name for name in us if name not in ("bafe", "own f32")), key=us.__getitem__)
    note = f"error {error(reals(), a, b):.1e}, NumPy's {error(a @ b, a, b):.1e}"
    for base in ("own f32", best):
        row(table, what, us, base, 2.0 * n**3, note)


def main() -> None:
    out = console()
    has_amx = "amx_bf16" in flags()
    if "avx512_bf16" not in flags():
        out.print("this machine has no bf16 arithmetic")
        return
    bafe.calibrate()  # the decisions follow measured rates
    table = Table(title=machine())
    for head in ("product", "µs", "GFLOP/s", "against", "ratio", ""):
        table.add_column(head)
    stored_bf16(table, has_amx)
    for n in (256, 512, 1024):
        rounded(table, n)
    for n in (512, 1024, 2048):
        six(table, has_amx, n)
    out.print(table)


if __name__ == "__main__":
    main()
