"""What the cost model is judged on: kernels drawn over families and sizes, and programs with many
candidate plans. Everything is a function of the seed."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any, NamedTuple

import bafe
import numpy as np
from bafe import ShapeDtype

SEED = 20_261_121
MOST_BYTES = 48 << 20  # of all arguments
MOST_FLOPS = 4e8


class Kernel(NamedTuple):
    """One program to be timed."""

    name: str
    function: Callable[..., Any]
    arguments: tuple[ShapeDtype, ...]
    math: str = "reals"


def _spec(*shape: int, dtype: str = "float32") -> ShapeDtype:
    return ShapeDtype(shape, dtype)


def _size(draw: random.Random, low: int, high: int) -> int:
    """Log-uniform; every other one round, as real sizes are."""
    value = math.exp(draw.uniform(math.log(low), math.log(high)))
    if draw.random() < 0.5:
        step = 2 ** max(0, int(math.log2(value)) - 2)
        value = round(value / step) * step
    return max(low, min(high, round(value)))


def _product(draw: random.Random, dtype: str, low: int = 4) -> Kernel:
    high = 1536 if dtype == "float32" else 1024
    m, n, k = (_size(draw, low, high) for _ in range(3))
    while 2.0 * m * n * k > MOST_FLOPS:
        m, n, k = (max(4, size * 3 // 4) for size in (m, n, k))
    turned_a, turned_b = draw.random() < 0.25, draw.random() < 0.25
    epilogue = draw.choice(["", "", "relu", "bias", "bias relu", "scale", "add"])
    batch = draw.choice([0, 0, 0, 0, 2, 8]) if m * n * k < 1 << 21 else 0

    def run(a: Any, b: Any, c: Any = None) -> Any:
        y = (np.swapaxes(a, -1, -2) if turned_a else a) @ (
            np.swapaxes(b, -1, -2) if turned_b else b
        )
        if "bias" in epilogue or epilogue == "add":
            y = y + c
        if epilogue == "scale":
            y = y * 0.5
        return bafe.relu(y) if "relu" in epilogue else y

    head = (batch,) if batch else ()
    a = (*head, k, m) if turned_a else (*head, m, k)
    b = (*head, n, k) if turned_b else (*head, k, n)
    arguments = [_spec(*a, dtype=dtype), _spec(*b, dtype=dtype)]
    if "bias" in epilogue:
        arguments.append(_spec(n, dtype=dtype))
    if epilogue == "add":
        arguments.append(_spec(*head, m, n, dtype=dtype))
    return Kernel(f"product {m}x{k}x{n} {epilogue}", run, tuple(arguments))


def _large_product(draw: random.Random, dtype: str) -> Kernel:
    return _product(draw, dtype, low=100)


UNARY = [bafe.exp, bafe.tanh, bafe.sigmoid, bafe.relu, bafe.sqrt, bafe.square, bafe.sin, bafe.erf]


def _chain(draw: random.Random) -> Callable[..., Any]:
    """A pointwise function of one to three arguments."""
    steps = [
        (draw.random(), draw.choice(UNARY), draw.randrange(3)) for _ in range(draw.randint(1, 6))
    ]

    def run(*values: Any) -> Any:
        y = values[0]
        for value in values[1:]:
            y = y * value
        for kind, unary, index in steps:
            other = values[index % len(values)]
            if kind < 0.4:
                y = unary(bafe.abs(y) + 0.5)
            elif kind < 0.7:
                y = y + other
            else:
                y = y * other - 0.25
        return y

    return run


def _shape(draw: random.Random, low: int = 64, high: int = 1 << 22) -> tuple[int, ...]:
    """Shapes of one to three axes with about a log-uniform number of elements."""
    total = _size(draw, low, high)
    rank = draw.randint(1, 3)
    if rank == 1:
        return (total,)
    inner = min(_size(draw, 3, 2048), total)
    if rank == 2:
        return (max(1, total // inner), inner)
    middle = min(_size(draw, 2, 64), max(1, total // inner))
    return (max(1, total // inner // middle), middle, inner)


def _pointwise(draw: random.Random, dtype: str) -> Kernel:
    shape = _shape(draw)
    arguments = []
    for i in range(draw.randint(1, 3)):
        kind = draw.random() if i else 1.0
        if kind < 0.25:
            arguments.append(_spec(shape[-1], dtype=dtype))
        elif kind < 0.4:
            arguments.append(_spec(*shape[:-1], 1, dtype=dtype))
        else:
            arguments.append(_spec(*shape, dtype=dtype))
    return Kernel(f"pointwise {shape}", _chain(draw), tuple(arguments))


def _reduction(draw: random.Random, dtype: str) -> Kernel:
    shape = _shape(draw)
    axis = draw.choice([None, *range(len(shape))])
    fold = draw.choice([np.sum, np.max, np.mean, np.sum])
    count = draw.randint(1, 2)
    chain = _chain(draw) if draw.random() < 0.5 else (lambda *v: v[0] * v[-1])

    def run(*values: Any) -> Any:
        return fold(chain(*values), axis=axis)

    return Kernel(f"reduction {shape} axis {axis}", run, (_spec(*shape, dtype=dtype),) * count)


def _row(draw: random.Random, dtype: str) -> Kernel:
    rows, columns = _size(draw, 1, 4096), _size(draw, 8, 8192)
    while rows * columns > 1 << 21:
        rows = max(1, rows // 2)
    kind = draw.randrange(5)

    def run(x: Any, w: Any) -> Any:
        if kind == 0:
            return bafe.softmax(x, axis=-1)
        if kind == 1:
            return bafe.softmax(x * 0.5 + w, axis=-1)
        if kind == 2:
            return x / bafe.sqrt(np.mean(x * x, axis=-1, keepdims=True) + 1e-5) * w
        if kind == 3:
            mean = np.mean(x, axis=-1, keepdims=True)
            spread = np.mean(bafe.square(x - mean), axis=-1, keepdims=True)
            return (x - mean) / bafe.sqrt(spread + 1e-5) * w
        return x - np.max(x, axis=-1, keepdims=True) + w

    shapes = (_spec(rows, columns, dtype=dtype), _spec(columns, dtype=dtype))
    return Kernel(f"row {kind} {rows}x{columns}", run, shapes)


def _movement(draw: random.Random, dtype: str) -> Kernel:
    rows, columns = _size(draw, 4, 2048), _size(draw, 4, 2048)
    while rows * columns > 1 << 21:
        rows, columns = rows // 2, columns
    depth, kind = draw.randint(2, 6), draw.randrange(6)

    def run(x: Any) -> Any:
        if kind == 0:
            return bafe.transpose(x, (1, 0))
        if kind == 1:
            return bafe.concat([x, x[::2]], 0)
        if kind == 2:
            return x[1:, : columns - columns // 4]
        if kind == 3:
            return bafe.broadcast_to(bafe.reshape(x, (rows, 1, columns)), (rows, depth, columns))
        if kind == 4:
            return bafe.stack([x, x], 1)
        return x[::-1, ::2]

    return Kernel(f"movement {kind} {rows}x{columns}", run, (_spec(rows, columns, dtype=dtype),))


def _windows(draw: random.Random, dtype: str) -> Kernel:
    size, channels, filters = _size(draw, 7, 64), _size(draw, 2, 64), _size(draw, 2, 64)
    width, images = draw.choice([3, 3, 5]), draw.choice([1, 1, 4])

    def run(x: Any, w: Any) -> Any:
        return bafe.conv2d(x, w, padding="same")

    return Kernel(
        f"windows {size} {channels}->{filters} {width}",
        run,
        (
            _spec(images, channels, size, size, dtype=dtype),
            _spec(filters, channels, width, width, dtype=dtype),
        ),
    )


def _attention(draw: random.Random, dtype: str) -> Kernel:
    heads, queries, width = draw.choice([1, 2, 8]), _size(draw, 16, 512), _size(draw, 16, 128)
    keys = queries if draw.random() < 0.5 else _size(draw, 16, 512)
    scale = 1 / math.sqrt(width)

    def run(q: Any, k: Any, v: Any) -> Any:
        return bafe.softmax((q @ np.swapaxes(k, -1, -2)) * scale, axis=-1) @ v

    shapes = ((heads, queries, width), (heads, keys, width), (heads, keys, width))
    return Kernel(
        f"attention {heads} {queries} {keys} {width}",
        run,
        tuple(_spec(*shape, dtype=dtype) for shape in shapes),
    )


def _structured(draw: random.Random, dtype: str) -> Kernel:
    n, p, kind = _size(draw, 48, 1024), _size(draw, 16, 512), draw.randrange(3)

    def run(a: Any, b: Any) -> Any:
        if kind == 0:
            return bafe.tril(a) @ b
        if kind == 1:
            return bafe.triu(a) @ b
        return bafe.tril(bafe.triu(a, -2), 2) @ b

    return Kernel(
        f"structured {kind} {n} {p}", run, (_spec(n, n, dtype=dtype), _spec(n, p, dtype=dtype))
    )


def _scan(draw: random.Random, dtype: str) -> Kernel:
    shape = _shape(draw, high=1 << 19)
    axis = draw.randrange(len(shape))
    return Kernel(
        f"scan {shape} axis {axis}",
        lambda x: bafe.cumsum(x, axis=axis),
        (_spec(*shape, dtype=dtype),),
    )


FAMILIES: dict[str, tuple[Callable[[random.Random, str], Kernel], str, int]] = {
    "product f32": (_product, "float32", 70),
    "product f64": (_product, "float64", 40),
    "product by pairs": (_large_product, "float32", 36),
    "pointwise f32": (_pointwise, "float32", 50),
    "pointwise f64": (_pointwise, "float64", 20),
    "reduction": (_reduction, "float32", 50),
    "row": (_row, "float32", 46),
    "movement": (_movement, "float32", 46),
    "windows": (_windows, "float32", 34),
    "attention": (_attention, "float32", 34),
    "structured": (_structured, "float32", 34),
    "scan": (_scan, "float32", 30),
}


def _bytes(kernel: Kernel) -> int:
    return sum(math.prod(a.shape) * a.dtype.itemsize for a in kernel.arguments)


def draw_kernels(share: float = 1.0) -> list[Kernel]:
    """Draw the kernels of all families, shuffled."""
    kernels = []
    for name, (make, dtype, count) in FAMILIES.items():
        draw = random.Random(f"{SEED} {name}")
        for _ in range(max(1, round(count * share))):
            kernel = make(draw, dtype)
            while _bytes(kernel) > MOST_BYTES:
                kernel = make(draw, dtype)
            kernels.append(kernel._replace(math="fast") if "pairs" in name else kernel)
    random.Random(SEED).shuffle(kernels)
    return kernels


def many_candidates() -> list[Kernel]:
    """Programs that can run in many ways: chains, fusions, tiles."""

    def chain(*names: int) -> Kernel:
        shapes = tuple(_spec(a, b) for a, b in zip(names, names[1:]))

        def run(*matrices: Any) -> Any:
            y = matrices[0]
            for matrix in matrices[1:]:
                y = y @ matrix
            return y

        return Kernel("chain " + "x".join(map(str, names)), run, shapes)

    def layers(rows: int, *widths: int) -> Kernel:
        shapes = [_spec(rows, widths[0])]
        for a, b in zip(widths, widths[1:]):
            shapes += [_spec(a, b), _spec(b)]

        def run(x: Any, *weights: Any) -> Any:
            for w, b in zip(weights[::2], weights[1::2]):
                x = bafe.relu(x @ w + b)
            return x

        return Kernel(f"layers {rows} " + "-".join(map(str, widths)), run, tuple(shapes))

    def normed(rows: int, inner: int, columns: int) -> Kernel:
        def run(x: Any, w: Any, g: Any) -> Any:
            y = x @ w
            mean = np.mean(y, axis=-1, keepdims=True)
            spread = np.mean(bafe.square(y - mean), axis=-1, keepdims=True)
            return (y - mean) / bafe.sqrt(spread + 1e-5) * g

        shapes = (_spec(rows, inner), _spec(inner, columns), _spec(columns))
        return Kernel(f"normed product {rows}x{inner}x{columns}", run, shapes)

    def shared(rows: int, columns: int) -> Kernel:
        def run(a: Any, b: Any, c: Any) -> Any:
            return bafe.tanh(a @ b + a @ c) * bafe.sigmoid(a @ b)

        shapes = (_spec(rows, columns), _spec(columns, columns), _spec(columns, columns))
        return Kernel(f"shared products {rows}x{columns}", run, shapes)

    return [
        chain(300, 64, 500, 40),
        chain(96, 96, 96, 96, 96),
        chain(400, 120, 30, 350),
        layers(64, 200, 300, 100),
        layers(17, 128, 512, 64),
        layers(250, 90, 90, 90),
        normed(200, 150, 210),
        normed(65, 400, 130),
        shared(120, 140),
        shared(64, 256),
        chain(1000, 33, 47, 20),
        normed(31, 77, 600),
    ]
