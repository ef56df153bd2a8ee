"""The main job: NumPy programs as written, as BAFE chose them, and both times.

Run with ``./run demo``. Every line is checked against NumPy before it is printed.
"""

from __future__ import annotations

import platform
from typing import Any, Callable, NamedTuple

import bafe
import numpy as np
from bafe.testing import largest_error, time_together
from rich.console import Console
from rich.table import Table
from sklearn.datasets import load_digits

rng = np.random.default_rng(7)


class Case(NamedTuple):
    title: str
    bafe_function: Callable[..., Any]
    numpy_function: Callable[..., Any]
    arguments: tuple[Any, ...]
    tolerance: float


def normal(*shape: int) -> np.ndarray:
    return rng.standard_normal(shape).astype(np.float32)


def fit_digits() -> tuple[np.ndarray, np.ndarray, tuple[np.ndarray, ...]]:
    """Fit a 64-48-10 network to the digits by gradient descent in NumPy."""
    digits = load_digits()
    x = (digits.data / 16).astype(np.float32)
    target = np.eye(10, dtype=np.float32)[digits.target]
    w1, w2 = normal(64, 48) * np.float32(0.2), normal(48, 10) * np.float32(0.2)
    b1, b2 = np.zeros(48, np.float32), np.zeros(10, np.float32)
    for _ in range(300):
        hidden = np.maximum(x @ w1 + b1, 0)
        scores = hidden @ w2 + b2
        e = np.exp(scores - scores.max(1, keepdims=True))
        delta = (e / e.sum(1, keepdims=True) - target) / np.float32(len(x))
        back = (delta @ w2.T) * (hidden > 0)
        for weight, step in (
            (w2, hidden.T @ delta),
            (b2, delta.sum(0)),
            (w1, x.T @ back),
            (b1, back.sum(0)),
        ):
            weight -= np.float32(0.5) * step
    return x, digits.target, (w1, b1, w2, b2)


def softmax(x: Any) -> Any:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def layer_norm(x: Any, g: Any, b: Any) -> Any:
    d = x - x.mean(axis=1, keepdims=True)
    return d / np.sqrt((d * d).mean(axis=1, keepdims=True) + np.float32(1e-5)) * g + b


def chain(a: Any, b: Any, c: Any) -> Any:
    return np.maximum(a * b + c, 0) * np.float32(0.5) - np.abs(a) * c + b


def network(x: Any, w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
    return np.maximum(x @ w1 + b1, 0) @ w2 + b2


def cases() -> list[Case]:
    n = 1024
    a, b, c, v = normal(n, n), normal(n, n), normal(n, n), normal(n)
    pixels, _, weights = fit_digits()
    flat = [normal(4 << 20) for _ in range(3)]
    rows = normal(4096, 1024)

    def case(
        title: str, function: Callable[..., Any], *arguments: Any, tolerance: float = 2e-5
    ) -> Case:
        return Case(title, bafe.jit(function), function, arguments, tolerance)

    return [
        case(
            "relu(A@B + C), 512",
            lambda a, b, c: np.maximum(a @ b + c, 0),
            a[:512, :512].copy(),
            b[:512, :512].copy(),
            c[:512, :512].copy(),
        ),
        case("digits MLP, 1797x64-48-10", network, pixels, *weights),
        case("(A@B)@v, 1024", lambda a, b, v: (a @ b) @ v, a, b, v),
        case("A@B + A@C, 1024", lambda a, b, c: a @ b + a @ c, a, b, c),
        case("(A.T @ B.T).T, 1024", lambda a, b: (a.T @ b.T).T, a, b),
        case("sum(A@B), 1024", lambda a, b: (a @ b).sum(), a, b, tolerance=2e-3),
        case("element-wise chain, 4M", chain, *flat),
        case("softmax, 4096x1024", softmax, rows),
        case("layer norm, 4096x1024", layer_norm, rows, normal(1024), normal(1024)),
    ]


def digits_agree(case: Case, labels: np.ndarray) -> str:
    ours = np.argmax(case.bafe_function(*case.arguments), axis=1)
    numpys = np.argmax(case.numpy_function(*case.arguments), axis=1)
    assert (ours == numpys).all(), "a prediction differs from NumPy's"
    right = np.mean(ours == labels)
    return f"digits: all {len(ours)} predictions equal NumPy's; {right:.1%} are right"


def main() -> None:
    console = Console()
    if not console.is_terminal:
        console = Console(width=150)
    table = Table(
        title=f"BAFE {bafe.__version__} beside NumPy {np.__version__} on {platform.machine()}"
    )
    for name, style in (
        ("program as written", "bold"),
        ("as chosen", ""),
        ("rules between", "dim"),
    ):
        table.add_column(name, style=style, overflow="fold", ratio=3)
    for name in ("NumPy ms", "BAFE ms", "ratio", "largest error"):
        table.add_column(name, justify="right", no_wrap=True)
    notes = []
    for case in cases():
        got, want = case.bafe_function(*case.arguments), case.numpy_function(*case.arguments)
        error = largest_error(got, want)
        assert error <= case.tolerance, f"{case.title}: error {error}"
        times = time_together(
            {
                "numpy": lambda c=case: c.numpy_function(*c.arguments),
                "bafe": lambda c=case: c.bafe_function(*c.arguments),
            },
            rounds=7,
        )
        found = case.bafe_function.explain(*case.arguments)
        ratio = times["numpy"].ms / times["bafe"].ms
        table.add_row(
            case.title,
            found.chosen,
            ", ".join(found.rules) or "-",
            f"{times['numpy'].ms:.3f}",
            f"{times['bafe'].ms:.3f}",
            f"{ratio:.2f}x",
            f"{error:.1e}",
        )
        if case.title.startswith("digits"):
            notes.append(digits_agree(case, load_digits().target))
    console.print(table)
    for note in notes:
        console.print(note)


if __name__ == "__main__":
    main()
