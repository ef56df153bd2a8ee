"""Random programs on arrays that lie in memory in every way: the bits are those of plain arrays."""

import warnings

import bafe
import numpy as np
import pytest
from random_program import RandomProgram


def _strided(x):
    wide = np.zeros([2 * n + 1 for n in x.shape], x.dtype)
    view = wide[(..., *(slice(1, 2 * n + 1, 2) for n in x.shape))]
    view[...] = x
    return view


def _backwards(x):
    turn = (..., *(slice(None, None, -1) for _ in x.shape))
    return x[turn].copy()[turn]


def _misaligned(x):
    raw = np.zeros(x.nbytes + 1, np.uint8)
    view = raw[1 : 1 + x.nbytes].view(x.dtype).reshape(x.shape)
    view[...] = x
    return view


def _swapped(x):
    return x.astype(x.dtype.newbyteorder("S"))


def _read_only(x):
    view = x.view()
    view.flags.writeable = False
    return view


LAYOUTS = {
    "columns": np.asfortranarray,
    "strided": _strided,
    "backwards": _backwards,
    "misaligned": _misaligned,
    "another byte order": _swapped,
    "read-only": _read_only,
}


def _same(a, b):
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


@pytest.mark.parametrize("name", LAYOUTS)
def test_layouts_change_no_bit(name):
    wrong = []
    for seed in range(9000, 9012):
        program = RandomProgram(seed)
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            f = bafe.jit(program.run, math="bits", tier="compiled")
            want = f(*program.inputs)
            got = f(*(LAYOUTS[name](np.asarray(x)) for x in program.inputs))
        if not all(_same(np.asarray(w), np.asarray(g)) for w, g in zip(want, got)):
            wrong.append(seed)
    assert not wrong


def test_zero_strides_and_one_array_twice_change_no_bit():
    """An array that repeats one row, and the same array as several arguments."""
    row = np.linspace(-2, 2, 7, dtype=np.float32)
    rows = np.broadcast_to(row, (5, 7))
    f = bafe.jit(lambda a, b: (a @ b.T, np.exp(a) + b, np.sum(a * b, axis=0)), math="bits")
    for want, got in zip(f(rows.copy(), rows.copy()), f(rows, rows)):
        assert _same(np.asarray(want), np.asarray(got))
    whole = np.arange(12.0).reshape(3, 4)
    g = bafe.jit(lambda a, b: (a * 2 + b, b[::-1] - a), math="bits")
    for want, got in zip(g(whole.copy(), whole.copy()), g(whole, whole)):
        assert _same(np.asarray(want), np.asarray(got))
    for want, got in zip(g(whole[::-1].copy(), whole.copy()), g(whole[::-1], whole)):
        assert _same(np.asarray(want), np.asarray(got))
