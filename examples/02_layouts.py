"""Layouts: the same product with row-major and column-major operands; values never change, times
hardly do."""

import bafe
import numpy as np
from bafe.testing import time_together


@bafe.jit
def product(a, b):
    return a @ b


@bafe.jit
def declared(a, b):
    a = bafe.input(a.shape, "float32", name="a", layout="row")
    b = bafe.input(b.shape, "float32", name="b", layout="col")
    return bafe.layout_transform(a @ b, "col")


def main() -> None:
    rng = np.random.default_rng(0)
    a = rng.standard_normal((256, 256), dtype=np.float32)
    b = rng.standard_normal((256, 256), dtype=np.float32)
    a_col, b_col = np.asfortranarray(a), np.asfortranarray(b)
    want = a @ b
    variants = {"row+row": (a, b), "row+col": (a, b_col), "col+col": (a_col, b_col)}
    for name, arguments in variants.items():
        error = float(np.abs(product(*arguments) - want).max())
        assert error <= 5e-5, (name, error)
        print(f"{name}: largest error {error:.1e}")
    result = declared(a, b_col)
    assert result.flags.f_contiguous and float(np.abs(result - want).max()) <= 5e-5
    times = time_together(
        {
            "NumPy": lambda: a @ b,
            **{name: (lambda p=arguments: product(*p)) for name, arguments in variants.items()},
        }
    )
    for name, timing in times.items():
        print(f"{name:>8}  {timing.ms * 1e3:8.1f} µs")


if __name__ == "__main__":
    main()
