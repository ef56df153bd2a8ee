"""Products of structured matrices: NumPy, BAFE without structure, BAFE with it, interleaved."""

from __future__ import annotations

from typing import Any, Callable

import bafe
import numpy as np
from bafe.testing import largest_error, time_together
from report import console, machine
from rich.table import Table

rng = np.random.default_rng(8)


def normal(*shape: int, dtype: Any = np.float32) -> np.ndarray:
    return rng.standard_normal(shape).astype(dtype)


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
        times = time_together(
            {
                "numpy": lambda f=function, a=arguments: f(*a),
                "off": lambda f=off, a=arguments: f(*a),
                "auto": lambda f=auto, a=arguments: f(*a),
            },
            rounds=15,
            sample_ms=5,
        )
        numpy, dense_ms, found = (times[k].ms for k in ("numpy", "off", "auto"))
        cells = [f"{x * 1e3:.1f}" for x in (numpy, dense_ms, found)]
        table.add_row(title, *cells, f"{numpy / found:.2f}", f"{dense_ms / found:.2f}", promise)
    with_declaration = bafe.jit(declared, threads=1, tier="compiled")
    times = time_together(
        {
            "numpy": lambda: lower @ other,
            "auto": lambda: with_declaration(lower, other),
        },
        rounds=15,
        sample_ms=5,
    )
    table.add_row(
        "triangular @ dense, declared",
        f"{times['numpy'].ms * 1e3:.1f}",
        "-",
        f"{times['auto'].ms * 1e3:.1f}",
        f"{times['numpy'].ms / times['auto'].ms:.2f}",
        "-",
        "-",
    )
    console().print(table)


if __name__ == "__main__":
    main()
