"""Reductions and movements of data: nothing but memory bounds them."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from kernels.program import Arrays, Program, normal


def _matrix() -> Arrays:
    return (normal(4096, 4096),)


def _pair() -> Arrays:
    return normal(2048, 4096), normal(2048, 4096, seed=8)


def _rows() -> Arrays:
    return (normal(4096, 1024),)


def _table() -> Arrays:
    return normal(50_000, 64), np.random.default_rng(3).integers(0, 50_000, 100_000)


def _picks() -> Arrays:
    return normal(4096, 1024), np.random.default_rng(3).integers(0, 1024, (4096, 256))


def _one(name: str, arrays: Callable[[], Arrays], run: Any, depth: int = 1, **own: Any) -> Program:
    return Program("movement", name, arrays, run, own, depth=depth)


def _torch(name: str, *rest: Any, **named: Any) -> Callable[..., Any]:
    def run(*arrays: Any) -> Any:
        import torch

        return getattr(torch, name)(*arrays, *rest, **named)

    return run


def _torch_joined(axis: int) -> Callable[..., Any]:
    def run(*arrays: Any) -> Any:
        import torch

        return torch.cat(arrays, axis)

    return run


def _turned(name: str, shape: tuple[int, ...], perm: tuple[int, ...]) -> Program:
    """Give a transpose that is stored: a view alone would move nothing."""

    def numpy_version(x: Any) -> Any:
        return np.ascontiguousarray(x.transpose(perm))

    return Program(
        "movement",
        name,
        lambda: (normal(*shape),),
        lambda xp, x: xp.transpose(x, perm),
        {"numpy": numpy_version, "torch": lambda x: x.permute(perm).contiguous()},
    )


PROGRAMS = [
    _one("sum 4096x4096", _matrix, lambda xp, x: x.sum(), 4096 * 4096),
    _one("mean of columns", _matrix, lambda xp, x: x.mean(0), 4096),
    _one("max 4096x4096", _matrix, lambda xp, x: x.max()),
    _one("max of rows", _matrix, lambda xp, x: x.max(1), torch=lambda x: x.amax(1)),
    _one("max of columns", _matrix, lambda xp, x: x.max(0), torch=lambda x: x.amax(0)),
    _one("argmax 4096x4096", _matrix, lambda xp, x: xp.argmax(x)),
    _one("argmax of rows", _matrix, lambda xp, x: xp.argmax(x, axis=1), torch=_torch("argmax", 1)),
    _one(
        "argmax of columns", _matrix, lambda xp, x: xp.argmax(x, axis=0), torch=_torch("argmax", 0)
    ),
    _turned("transpose 4096x4096", (4096, 4096), (1, 0)),
    _turned("transpose (2,0,1) of 256x256x64", (256, 256, 64), (2, 0, 1)),
    _turned("transpose (0,2,1,3) of 8x512x8x64", (8, 512, 8, 64), (0, 2, 1, 3)),
    _turned("transpose (0,2,1) of 64x500x300", (64, 500, 300), (0, 2, 1)),
    _one(
        "concat by rows",
        _pair,
        lambda xp, a, b: xp.concatenate([a, b], axis=0),
        torch=_torch_joined(0),
    ),
    _one(
        "concat by columns",
        _pair,
        lambda xp, a, b: xp.concatenate([a, b], axis=1),
        torch=_torch_joined(1),
    ),
    _one(
        "cumsum of rows",
        _rows,
        lambda xp, x: xp.cumsum(x, axis=1),
        1024,
        torch=_torch("cumsum", 1),
    ),
    _one(
        "cumsum of columns",
        _rows,
        lambda xp, x: xp.cumsum(x, axis=0),
        4096,
        torch=_torch("cumsum", 0),
    ),
    _one(
        "take 100k rows of 50k x 64",
        _table,
        lambda xp, x, i: xp.take(x, i, axis=0),
        torch=lambda x, i: x[i],
    ),
    _one(
        "take along rows",
        _picks,
        lambda xp, x, i: xp.take_along_axis(x, i, axis=1),
        torch=lambda x, i: x.gather(1, i),
    ),
    _one("f32 to f64", _rows, lambda xp, x: x.astype(np.float64), torch=lambda x: x.double()),
]
