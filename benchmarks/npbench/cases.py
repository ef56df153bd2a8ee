"""Arguments of the programs. NumPy takes about 10 ms for preset S and 100 ms for M on one core;
``tiny`` is for tests."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

import numpy as np

from . import networks, products, stencils


class Case(NamedTuple):
    """One program.

    Attributes:
        name: what the table calls it.
        function: plain NumPy.
        sizes: of ``make`` by preset.
        make: arguments from a generator and sizes.
    """

    name: str
    function: Callable[..., Any]
    sizes: dict[str, tuple[int, ...]]
    make: Callable[..., tuple[Any, ...]]


def _floats(rng: Any, *shapes: tuple[int, ...], dtype: Any = np.float64) -> list[np.ndarray]:
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def _sized(tiny: tuple[int, ...], s: tuple[int, ...], m: tuple[int, ...]) -> dict[str, Any]:
    return {"tiny": tiny, "S": s, "M": m}


def _square(n: int) -> dict[str, Any]:
    return _sized((13,), (n,), (round(n * 3.2),))


def _gemver(rng: Any, n: int) -> tuple[Any, ...]:
    return (1.5, 1.2, *_floats(rng, (n, n), *[(n,)] * 8))


def _arc(rng: Any, n: int) -> tuple[Any, ...]:
    return tuple(rng.uniform(-1.5, 1.5, n) for _ in range(4))


def _softmax(rng: Any, n: int, h: int, s: int) -> tuple[Any, ...]:
    return tuple(_floats(rng, (n, h, s, s), dtype=np.float32))


def _mlp(rng: Any, n: int, a: int, b: int, c: int) -> tuple[Any, ...]:
    """Weights of variance 1 / inputs, as networks start: the last layer's softmax stays smooth."""
    shapes = [(n, a), (a, b), (b,), (b, c), (c,), (c, 10), (10,)]
    given = _floats(rng, *shapes, dtype=np.float32)
    return tuple(w / np.float32(np.sqrt(w.shape[0])) for w in given)


def _compute(rng: Any, m: int, n: int) -> tuple[Any, ...]:
    x, y = rng.integers(0, 1000, (2, m, n))
    return x, y, 4, 3, 9


def _hdiff(rng: Any, i: int, j: int, k: int) -> tuple[Any, ...]:
    field, result, coefficient = rng.random((i + 4, j + 4, k)), *rng.random((2, i, j, k))
    return field, result, coefficient


CASES = [
    Case(
        "gemm",
        products.gemm,
        _sized((7, 9, 5), (600, 600, 600), (1300, 1300, 1300)),
        lambda rng, i, j, k: (1.5, 1.2, *_floats(rng, (i, j), (i, k), (k, j))),
    ),
    Case(
        "2mm",
        products.two_products,
        _sized((7, 5, 9, 6), (450, 500, 480, 520), (1000, 1100, 1050, 1080)),
        lambda rng, i, j, k, m: (1.5, 1.2, *_floats(rng, (i, k), (k, j), (j, m), (i, m))),
    ),
    Case(
        "3mm",
        products.three_products,
        _sized((7, 5, 9, 6, 4), (420, 440, 400, 460, 430), (900, 950, 920, 970, 930)),
        lambda rng, i, j, k, m, n: tuple(_floats(rng, (i, k), (k, j), (j, m), (m, n))),
    ),
    Case(
        "atax",
        products.atax,
        _sized((9, 7), (3000, 3200), (9000, 9600)),
        lambda rng, m, n: tuple(_floats(rng, (m, n), (n,))),
    ),
    Case(
        "bicg",
        products.bicg,
        _sized((9, 7), (3000, 3200), (9000, 9600)),
        lambda rng, m, n: tuple(_floats(rng, (m, n), (n,), (m,))),
    ),
    Case(
        "mvt", products.mvt, _square(3000), lambda rng, n: tuple(_floats(rng, *[(n,)] * 4, (n, n)))
    ),
    Case("gemver", products.gemver, _square(1000), _gemver),
    Case(
        "gesummv",
        products.gesummv,
        _square(1800),
        lambda rng, n: (1.5, 1.2, *_floats(rng, (n, n), (n, n), (n,))),
    ),
    Case(
        "doitgen",
        products.doitgen,
        _sized((4, 5, 6), (90, 90, 120), (170, 180, 200)),
        lambda rng, r, q, p: tuple(_floats(rng, (r, q, p), (p, p))),
    ),
    Case(
        "covariance",
        products.covariance,
        _sized((9, 7), (700, 600), (1500, 1300)),
        lambda rng, n, m: tuple(_floats(rng, (n, m))),
    ),
    Case(
        "symm",
        products.symm,
        _sized((7, 5), (500, 520), (1150, 1200)),
        lambda rng, m, n: (1.5, 1.2, *_floats(rng, (m, n), (m, m), (m, n))),
    ),
    Case("softmax", networks.softmax, _sized((2, 3, 7), (8, 16, 192), (32, 16, 256)), _softmax),
    Case(
        "mlp",
        networks.mlp,
        _sized((4, 7, 9, 5), (128, 784, 1500, 512), (512, 1024, 3000, 1024)),
        _mlp,
    ),
    Case("arc distance", stencils.arc_distance, _sized((17,), (200_000,), (2_000_000,)), _arc),
    Case("compute", stencils.compute, _sized((7, 9), (2000, 2000), (6400, 6400)), _compute),
    Case("hdiff", stencils.hdiff, _sized((5, 6, 4), (110, 110, 70), (256, 256, 120)), _hdiff),
    Case(
        "jacobi 2d, a step",
        stencils.jacobi_step,
        _sized((7, 9), (1300, 1300), (3600, 3600)),
        lambda rng, m, n: tuple(_floats(rng, (m, n), (m, n))),
    ),
]
PRESETS = ("tiny", "S", "M")


def arguments(case: Case, preset: str) -> tuple[Any, ...]:
    """The same numbers at every call, in arrays of their own."""
    return case.make(np.random.default_rng(17), *case.sizes[preset])


def validate(got: Any, wanted: Any) -> bool:
    """NPBench's check: close at rtol 1e-5, or a relative norm of the error of at most 1e-5."""
    pairs = zip(got, wanted) if isinstance(wanted, (tuple, list)) else [(got, wanted)]
    for one, other in pairs:
        if one is None or np.allclose(one, other, rtol=1e-5):
            continue
        gap = np.linalg.norm(np.asarray(one) - np.asarray(other))
        if not gap <= 1e-5 * np.linalg.norm(np.asarray(other)):
            return False
    return True
