"""Products of structured matrices: NumPy, BAFE without structure, BAFE with it, interleaved."""

from __future__ import annotations

import time
from typing import Any, Callable

import bafe
import numpy as np
from bafe.testing import largest_error
from report import console, machine
from rich.table import Table

rng = np.random.default_rng(8)


def normal(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return rng.standard_normal(shape).astype(dtype)


def medians(functions: dict[str, Callable[[], Any]], rounds: int = 25) -> dict[str, float]:
    """Give median milliseconds of processor time, taken in interleaved rounds: other processes on
    the machine then count little."""
    samples: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.process_time()
            function()
            samples[name].append(time.process_time() - start)
    return {name: sorted(taken)[len(taken) // 2] * 1e3 for name, taken in samples.items()}


def band(x: np.ndarray, below: int, above: int) -> np.ndarray:
    return np.triu(np.tril(x, above), -below)


def product(a, b):
    return a @ b


def gram(a):
    return a @ a.T


def declared(a, b):
    a = bafe.input(a.shape, a.dtype, name="a", structure="lower")
    return a @ b


n = 1000
dense, other, vector = normal(n, n), normal(n, n), normal(n)
lower = np.tril(dense)
Rows = list[tuple[str, Callable[..., Any], tuple[np.ndarray, ...], str]]
ROWS: Rows = [
    ("triangular @ dense, found", product, (lower, other), ">= 1.6 of off"),
    ("dense @ triangular, found", product, (other, lower), ">= 1.6 of off"),
    (
        "triangular @ dense, f64",
        product,
        (lower.astype(np.float64), normal(n, n, dtype=np.float64)),
        "-",
    ),
    ("triangular @ triangular", product, (lower, np.tril(other)), "-"),
    ("A @ A.T", gram, (dense,), ">= 1.5 of off"),
    ("tridiagonal @ dense", product, (band(dense, 1, 1), other), ">= 20 of NumPy"),
    ("dense @ tridiagonal", product, (other, band(dense, 1, 1)), ">= 20 of NumPy"),
    ("banded(8,8) @ dense", product, (band(dense, 8, 8), other), "-"),
    ("banded(60,20) @ dense", product, (band(dense, 60, 20), other), "-"),
    ("diagonal @ dense", product, (band(dense, 0, 0), other), "-"),
    ("triangular @ vector", product, (lower, vector), "-"),
    ("dense @ dense (guards cost nothing)", product, (dense, other), "1.0 of off"),
]


def main() -> None:
    table = Table(title=f"structured products, n = {n} · {machine()}")
    table.add_column("program")
    for name in ("NumPy µs", "off µs", "auto µs", "NumPy / auto", "off / auto", "promise"):
        table.add_column(name, justify="right")
    for title, function, arguments, promise in ROWS:
        auto = bafe.jit(function, threads=1, tier="compiled")
        off = bafe.jit(function, threads=1, tier="compiled", structure="off")
        for one in (auto, off):
            scale = float(np.abs(function(*arguments)).max())
            error = largest_error(one(*arguments) / scale, function(*arguments) / scale)
            assert error <= 1e-5, f"{title}: error {error}"
        times = medians(
            {
                "numpy": lambda f=function, a=arguments: f(*a),
                "off": lambda f=off, a=arguments: f(*a),
                "auto": lambda f=auto, a=arguments: f(*a),
            }
        )
        numpy, dense_ms, found = (times[k] for k in ("numpy", "off", "auto"))
        cells = [f"{x * 1e3:.1f}" for x in (numpy, dense_ms, found)]
        table.add_row(title, *cells, f"{numpy / found:.2f}", f"{dense_ms / found:.2f}", promise)
    with_declaration = bafe.jit(declared, threads=1, tier="compiled")
    times = medians(
        {
            "numpy": lambda: lower @ other,
            "auto": lambda: with_declaration(lower, other),
        }
    )
    table.add_row(
        "triangular @ dense, declared",
        f"{times['numpy'] * 1e3:.1f}",
        "-",
        f"{times['auto'] * 1e3:.1f}",
        f"{times['numpy'] / times['auto']:.2f}",
        "-",
        "-",
    )
    console().print(table)


if __name__ == "__main__":
    main()
