"""Convolutions beside torch and JAX, f32, batches of images."""

from __future__ import annotations

from typing import Any

import numpy as np

from kernels.program import Program, normal

CASES = (  # batch, channels in, height and width, channels out, kernel, stride, padding, groups
    (1, 3, 224, 64, 7, 2, 3, 1),
    (1, 64, 56, 64, 3, 1, 1, 1),
    (8, 64, 56, 64, 3, 1, 1, 1),
    (1, 256, 56, 64, 1, 1, 0, 1),
    (1, 128, 28, 128, 3, 2, 1, 1),
    (1, 512, 7, 512, 3, 1, 1, 1),
    (1, 64, 56, 64, 3, 1, 1, 64),
    (1, 128, 28, 128, 3, 1, 1, 4),
)


def _numpy(stride: int, padding: int, groups: int) -> Any:
    """Windows as a view, then one product for each group."""

    def run(x: Any, w: Any) -> Any:
        size = w.shape[-1]
        x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
        seen = np.lib.stride_tricks.sliding_window_view(x, (size, size), axis=(2, 3))
        seen = seen[:, :, ::stride, ::stride]
        n, _, high, wide = seen.shape[:4]
        inner, out = w.shape[1], w.shape[0] // groups
        parts = []
        for g in range(groups):
            part = seen[:, g * inner : (g + 1) * inner].transpose(1, 4, 5, 0, 2, 3)
            part = part.reshape(inner * size * size, -1)
            parts.append(w[g * out : (g + 1) * out].reshape(out, -1) @ part)
        joined = np.concatenate(parts, axis=0).reshape(w.shape[0], n, high, wide)
        return np.ascontiguousarray(joined.transpose(1, 0, 2, 3))

    return run


def _jax(stride: int, padding: int, groups: int) -> Any:
    def run(x: Any, w: Any) -> Any:
        from jax import lax

        pads = ((padding, padding), (padding, padding))
        return lax.conv_general_dilated(x, w, (stride, stride), pads, feature_group_count=groups)

    return run


def _torch(stride: int, padding: int, groups: int) -> Any:
    def run(x: Any, w: Any) -> Any:
        import torch

        return torch.nn.functional.conv2d(x, w, None, stride, padding, 1, groups)

    return run


def _bafe(stride: int, padding: int, groups: int) -> Any:
    def run(x: Any, w: Any) -> Any:
        import bafe

        return bafe.conv2d(x, w, stride=stride, padding=padding, groups=groups)

    return run


def _one(
    n: int, inner: int, side: int, outer: int, size: int, stride: int, padding: int, groups: int
) -> Program:
    after = (side + 2 * padding - size) // stride + 1
    terms = inner // groups * size * size
    how = (stride, padding, groups)
    return Program(
        "conv",
        f"{n}x{inner}x{side}x{side} by {outer} of {size}x{size}, stride {stride}"
        + (f", {groups} groups" if groups > 1 else ""),
        lambda: (
            normal(n, inner, side, side),
            normal(outer, inner // groups, size, size) / np.float32(terms**0.5),
        ),
        lambda xp, x, w: None,
        {"numpy": _numpy(*how), "jax": _jax(*how), "torch": _torch(*how), "bafe": _bafe(*how)},
        flops=2.0 * n * outer * after * after * terms,
        depth=terms,
        compiled=False,
    )


def programs() -> list[Program]:
    """Give the convolutions; none where BAFE has no conv2d."""
    import bafe

    return [_one(*case) for case in CASES] if hasattr(bafe, "conv2d") else []
