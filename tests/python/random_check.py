"""Comparing one random program's compiled, interpreted and NumPy results."""

import bafe
import numpy as np
from random_program import RandomProgram


def narrowest(program):
    """Largest unit roundoff of any float value in the program."""
    floats = [d for d in program._dtypes if d.kind == "f"]
    return max((float(np.finfo(d).eps) for d in floats), default=0.0)


def mismatch(got, want, wide, eps):
    """Describe the first element of ``got`` that differs from ``want`` beyond rounding; None when
    all agree."""
    got, want, wide = np.asarray(got), np.asarray(want), np.asarray(wide)
    if got.dtype != want.dtype or got.shape != want.shape:
        return f"{got.dtype}{got.shape} instead of {want.dtype}{want.shape}"
    if want.dtype.kind != "f":
        bad = np.argwhere(got != want)
        return (
            None
            if not len(bad)
            else f"at {tuple(bad[0])}: {got[tuple(bad[0])]} instead of {want[tuple(bad[0])]}"
        )
    with np.errstate(all="ignore"):
        g, w, r = got.astype(np.longdouble), want.astype(np.longdouble), wide.astype(np.longdouble)
        settled = np.isfinite(w) & np.isfinite(r)
        own = np.where(settled, np.abs(w - r), 0)
        scale = np.max(np.abs(np.where(settled, w, 0)), initial=0)
        bound = 32 * np.max(own, initial=0) + 64 * eps * scale + np.finfo(want.dtype).tiny
        same = (g == w) | (np.isnan(g) & np.isnan(w))
        doubtful = np.isfinite(w) != np.isfinite(r)  # overflow or 0/0 decided by low bits
        wrong = ~same & ~doubtful & ~(np.abs(g - w) <= bound)
    if not wrong.any():
        return None
    at = tuple(np.argwhere(wrong)[0])
    return f"at {at}: {got[at]!r} instead of {want[at]!r}, bound {float(bound):.3g}"


def check(seed):
    """Compare compiled, interpreted and NumPy results of one random program; None or what
    differs."""
    program = RandomProgram(seed)
    with np.errstate(all="ignore"):
        want, wide = program.run(*program.inputs), program.run_wide()
        compiled = bafe.jit(program.run, tier="compiled")(*program.inputs)
        interpreted = bafe.jit(program.run, tier="interpreted")(*program.inputs)
    eps = narrowest(program)
    for name, results in (("compiled", compiled), ("interpreted", interpreted)):
        for i, (got, w, r) in enumerate(zip(results, want, wide)):
            found = mismatch(got, w, r, eps)
            if found:
                return f"seed {seed}, {name}, result {i}: {found}"
    return None
