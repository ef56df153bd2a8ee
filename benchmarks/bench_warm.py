"""Warm calls of small programs: nanoseconds a call, and NumPy's beside them.

With ``jax`` or ``torch`` also those, where they are installed.
"""

import dataclasses
import sys

import bafe
import numpy as np
from bafe.testing import time_together
from rich.console import Console
from rich.table import Table


@dataclasses.dataclass
class Layer:
    weights: object
    bias: object


def jit(fn, **options):
    return bafe.jit(fn, tier="compiled", **options)


def fma(a, b):
    return a * b + a


def dense(a, b, c):
    return np.maximum(a @ b + c, 0)


def total(*arrays):
    out = arrays[0]
    for array in arrays[1:]:
        out = out + array
    return out


def total_of(parts):
    return total(*parts.values())


def scaled(a, b, s=2.0):
    return a * s + b


def moded(a, b, mode):
    return a * b if mode == "mul" else a + b


def layered(p, x):
    return x @ p.weights + p.bias


x, y, out = (np.ones(16, np.float32) for _ in range(3))
m, n, o, wide = (np.full((8, 8), 0.5, np.float32) for _ in range(4))
sixteen = [np.full(16, i, np.float32) for i in range(16)]
eight = {f"layer{i}": np.full(16, i, np.float32) for i in range(8)}
layer = Layer(m, np.ones(8, np.float32))
pair, relu = jit(fma), jit(dense)
adds, dicts, layers = jit(total), jit(total_of), jit(layered)
scales, modes = jit(scaled), jit(moded, static_argnames="mode")
two = jit(lambda a, b: (a + b, a * b))

# name: (BAFE, NumPy, most nanoseconds the issue allows or None)
CASES = {
    "a*b+a, 16": (lambda: pair(x, y), lambda: fma(x, y), 200),
    "a*b+a, 16, out=": (lambda: pair(x, y, out=out), lambda: np.add(np.multiply(x, y, out), x, out),
                        None),
    "a*b+a, 16, keywords": (lambda: pair(b=y, a=x), lambda: fma(b=y, a=x), None),
    "relu(a@b+c), 8x8": (lambda: relu(m, n, o), lambda: dense(m, n, o), 350),
    "relu(a@b+c), 8x8, out=": (lambda: relu(m, n, o, out=wide), lambda: dense(m, n, o), None),
    "16 arrays": (lambda: adds(*sixteen), lambda: total(*sixteen), 600),
    "dict of 8 arrays": (lambda: dicts(eight), lambda: total_of(eight), 800),
    "dataclass": (lambda: layers(layer, m), lambda: layered(layer, m), None),
    "default argument": (lambda: scales(x, y), lambda: scaled(x, y), None),
    "number by keyword": (lambda: scales(x, y, s=3.0), lambda: scaled(x, y, s=3.0), None),
    "static text": (lambda: modes(x, y, mode="mul"), lambda: moded(x, y, mode="mul"), None),
    "two results": (lambda: two(x, y), lambda: (x + y, x * y), None),
}  # fmt: skip


def peers(wanted):
    """Some cases in JAX and torch.compile: {case: {peer: call}}."""
    found = {"a*b+a, 16": {}, "relu(a@b+c), 8x8": {}, "dict of 8 arrays": {}}
    if "jax" in wanted:
        import jax

        jax.config.update("jax_platforms", "cpu")
        a, b = jax.numpy.asarray(x), jax.numpy.asarray(y)
        p, q, r = (jax.numpy.asarray(v) for v in (m, n, o))
        parts = {name: jax.numpy.asarray(v) for name, v in eight.items()}
        one, other, third = jax.jit(fma), jax.jit(
            lambda a, b, c: jax.numpy.maximum(a @ b + c, 0)
        ), jax.jit(total_of)  # fmt: skip
        found["a*b+a, 16"]["JAX"] = lambda: one(a, b)
        found["relu(a@b+c), 8x8"]["JAX"] = lambda: other(p, q, r)
        found["dict of 8 arrays"]["JAX"] = lambda: third(parts)
    if "torch" in wanted:
        import torch

        torch.set_num_threads(1)
        ta, tb = torch.from_numpy(x), torch.from_numpy(y)
        tp, tq, tr = (torch.from_numpy(v) for v in (m, n, o))
        first, second = torch.compile(fma), torch.compile(lambda a, b, c: torch.relu(a @ b + c))
        found["a*b+a, 16"]["torch.compile"] = lambda: first(ta, tb)
        found["relu(a@b+c), 8x8"]["torch.compile"] = lambda: second(tp, tq, tr)
    return found


def main(arguments):
    others = peers(arguments)
    table = Table(title="warm calls, medians of interleaved rounds")
    for column in ("call", "BAFE ns", "NumPy ns", "NumPy / BAFE", "peers / BAFE", "allowed ns"):
        table.add_column(column, justify="left" if column == "call" else "right")
    for name, (own, plain, allowed) in CASES.items():
        for got, want in zip(np.atleast_2d(own()), np.atleast_2d(plain())):
            assert np.allclose(got, want)
        calls = {"BAFE": own, "NumPy": plain, **others.get(name, {})}
        ns = {peer: timing.ms * 1e6 for peer, timing in time_together(calls, rounds=31).items()}
        ratios = [f"{peer} {ns[peer] / ns['BAFE']:.0f}x" for peer in list(calls)[2:]]
        table.add_row(
            name,
            f"{ns['BAFE']:.0f}",
            f"{ns['NumPy']:.0f}",
            f"{ns['NumPy'] / ns['BAFE']:.2f}",
            ", ".join(ratios),
            str(allowed or ""),
        )
    Console(width=140).print(table)


if __name__ == "__main__":
    main(sys.argv[1:])
