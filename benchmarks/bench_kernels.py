"""Single-thread f32 programs beside NumPy."""

import numpy as np
from report import jitted, measure

rng = np.random.default_rng(3)


def normal(*shape):
    return rng.standard_normal(shape).astype(np.float32)


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def layer_norm(x):
    d = x - x.mean(axis=1, keepdims=True)
    return d / np.sqrt((d * d).mean(axis=1, keepdims=True) + np.float32(1e-5))


def chain(a, b, c):
    return np.maximum(a * b + c, 0) * np.float32(0.5) - np.abs(a) * c + b


n = 1024
a, b, c, v = normal(n, n), normal(n, n), normal(n, n), normal(n)
s, t, u = normal(256, 256), normal(256, 256), normal(256, 256)
flat = [normal(4 << 20) for _ in range(3)]
rows = normal(4096, 1024)

measure(
    [
        jitted(
            "matmul 64", lambda x, y: x @ y, a[:64, :64].copy(), b[:64, :64].copy(), promise="-"
        ),
        jitted("matmul 256", lambda x, y: x @ y, s, t, promise=">= 0.80"),
        jitted("matmul 1024", lambda x, y: x @ y, a, b, promise=">= 0.80"),
        jitted(
            "relu(A@B + C) 256",
            lambda x, y, z: np.maximum(x @ y + z, 0),
            s,
            t,
            u,
            promise=">= 0.87",
        ),
        jitted("chain, 4M", chain, *flat, promise=">= 1.5"),
        jitted("softmax 4096x1024", softmax, rows, promise=">= 2"),
        jitted("layer norm 4096x1024", layer_norm, rows, promise=">= 2"),
        jitted("(A@B)@v 1024", lambda x, y, z: (x @ y) @ z, a, b, v, promise=">= 15"),
        jitted("sum(A@B) 1024", lambda x, y: (x @ y).sum(), a, b, promise=">= 15", tolerance=5e-3),
        jitted("A@B + A@C 1024", lambda x, y, z: x @ y + x @ z, a, b, c, promise=">= 1.7"),
        jitted("(A.T @ B.T).T 1024", lambda x, y: (x.T @ y.T).T, a, b, promise="-"),
    ],
    "kernels",
)
