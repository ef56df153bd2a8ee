"""Einsum against NumPy's, equation by equation."""

import re

import bafe
import numpy as np
import pytest

SIZES = {"a": 3, "b": 4, "c": 2, "d": 5, "i": 4, "j": 3, "k": 5, "l": 2, "m": 3, "n": 2}
EQUATIONS = [
    "i->i", "i->", "i", "ij->ji", "ij", "ji", "ij->", "ij->j", "ijk->kij", "ii->i", "ii->", "ii",
    "iij->ij", "iij->j", "iji->ij", "iijj->ij", "iiij->ij", "iji", "i,i->", "i,i->i", "i,j->ij",
    "i,j->", "i,i", "ij,jk->ik", "ij,jk", "ij,kj->ik", "ji,jk->ki", "ij,jk->", "ij,ij->",
    "ij,ij->ij", "ij,j->i", "j,ij->i", "ij,i->ij", "bij,bjk->bik", "bij,jk->bik", "bi,bj->bij",
    "bij,bij->b", "abij,abkj->abik", "aij,bjk->abik", "ijk,kl->ijl", "ijkl,jl->ik", "ii,ij->j",
    "iij,jk->ik", "ij,jk,kl->il", "i,ij,j->", "ij,jk,kl,lm->im", "ai,bi,ci->abc", "i,i,i->i",
    "ab,bc,cd,da->", "a,b,c,d->dcba", "ij,k->ijk", "abc,cb->a", "A,Ab->b", " i j , j k -> i k ",
]  # fmt: skip
OPEN = [
    ("...i->...", [(2, 3, 4)]),
    ("...ii->...i", [(2, 3, 3)]),
    ("i...->...", [(2, 3, 4)]),
    ("...ij,...jk->...ik", [(2, 1, 3, 4), (5, 4, 2)]),
    ("...ij,jk", [(2, 3, 4), (4, 2)]),
    ("...,...->...", [(3, 1), (4,)]),
    ("i...,...i->i...", [(4, 3), (2, 3, 4)]),
    ("b...i,b...i->b...", [(2, 3, 4), (2, 1, 4)]),
    ("...", [(2, 3)]),
    ("...a,...b->ab...", [(2, 3), (2, 4)]),
    ("ij,ij->ij", [(1, 3), (4, 1)]),
    ("ij,jk->ik", [(2, 1), (3, 4)]),
    ("ij,jk->ijk", [(2, 1), (3, 1)]),
    ("ij,jk->ik", [(2, 0), (0, 4)]),
    ("ij,jk->ik", [(0, 3), (3, 4)]),
    ("ij->", [(0, 3)]),
    (",->", [(), ()]),
    (",i->i", [(), (3,)]),
    ("->", [()]),
]


def operands_of(equation, dtype, rng):
    inputs = equation.replace(" ", "").split("->")[0].split(",")
    shapes = [tuple(SIZES.get(c.lower(), 3) for c in part) for part in inputs]
    return [rng.integers(-3, 4, shape).astype(dtype) for shape in shapes]


def check(equation, arrays, rtol=0.0):
    want = np.einsum(equation, *arrays)
    eager = bafe.einsum(equation, *arrays)
    traced = bafe.jit(lambda *x: np.einsum(equation, *x))(*arrays)
    interpreted = bafe.jit(lambda *x: bafe.einsum(equation, *x), tier="interpreted")(*arrays)
    for got in (eager, traced, interpreted):
        assert np.shape(got) == want.shape and np.asarray(got).dtype == want.dtype
        np.testing.assert_allclose(got, want, rtol=rtol, atol=rtol)


@pytest.mark.parametrize("equation", EQUATIONS)
def test_equations_are_numpys(rng, equation):
    check(equation, operands_of(equation, "float32", rng))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "float16", "float64"])
def test_dtypes_stay(rng, dtype):
    for equation in ("ij,jk->ik", "ij->", "ii", "i,i->i", "ij,jk,kl->il", "abc,cb->a"):
        arrays = operands_of(equation, "int64", rng)
        if dtype[0] == "u":
            arrays = [np.abs(a) for a in arrays]
        check(equation, [a.astype(dtype) for a in arrays])


def test_mixed_dtypes_are_promoted(rng):
    a, b = rng.integers(-3, 4, (2, 3)).astype(np.int32), rng.standard_normal((3, 4))
    check("ij,jk->ik", [a, b.astype(np.float32)], 1e-6)
    assert bafe.jit(lambda x: bafe.einsum("i,->i", x, 2.0))(np.ones(3, np.float32)).dtype == "f4"


@pytest.mark.parametrize("case", OPEN, ids=str)
def test_open_axes_and_axes_that_stretch(rng, case):
    equation, shapes = case
    check(equation, [rng.integers(-3, 4, shape).astype(np.float64) for shape in shapes])


def test_a_diagonal_of_one_element_stretches_beside_others(rng):
    one, many = rng.random((1, 1)), rng.random(3)
    want = np.einsum("ii,i->i", one, many)
    np.testing.assert_allclose(bafe.einsum("ii,i->i", one, many), want)
    np.testing.assert_allclose(bafe.einsum("i,ii->i", many, one), want)


def test_axis_numbers(rng):
    a, b = rng.standard_normal((3, 4)), rng.standard_normal((4, 5))
    want = a @ b
    for arguments in ((a, [0, 1], b, [1, 2], [0, 2]), (a, [0, 1], b, [1, 2])):
        np.testing.assert_allclose(bafe.einsum(*arguments), want)
    got = bafe.jit(lambda x, y: np.einsum(x, [0, 30], y, [30, 2], [0, 2], optimize=True))(a, b)
    np.testing.assert_allclose(got, want)
    got = bafe.jit(lambda x: np.einsum(x, [Ellipsis, 1], [Ellipsis]))(a)
    np.testing.assert_allclose(got, a.sum(-1))


@pytest.mark.parametrize("seed", range(30))
def test_random_equations(seed):
    rng = np.random.default_rng(seed)
    letters = list("abcdef")
    count = int(rng.integers(1, 6))
    parts = ["".join(rng.choice(letters, int(rng.integers(0, 4)))) for _ in range(count)]
    used = sorted(set("".join(parts)))
    kept = [str(c) for c in rng.permutation(used) if rng.integers(0, 2)] if used else []
    equation = ",".join(parts) + "->" + "".join(kept)
    sizes = {c: int(rng.choice([1, 2, 3, 5])) for c in letters}
    arrays = [rng.integers(-2, 3, tuple(sizes[c] for c in part)) for part in parts]
    check(equation, arrays)


def test_a_chain_is_contracted_in_the_cheap_order(rng):
    arrays = [rng.standard_normal(shape) for shape in ((60, 2), (2, 60), (60, 2), (2, 60))]
    f = bafe.jit(lambda *x: bafe.einsum("ab,bc,cd,de->ae", *x))
    np.testing.assert_allclose(f(*arrays), np.linalg.multi_dot(arrays))
    wide = [rng.standard_normal((2, 2)) for _ in range(10)]  # more than the exact order takes
    equation = ",".join("abcdefghijk"[i : i + 2] for i in range(10)) + "->ak"
    np.testing.assert_allclose(bafe.einsum(equation, *wide), np.linalg.multi_dot(wide))


def test_other_arguments_of_numpy_cannot_be_traced(rng):
    with pytest.raises(bafe.TraceError, match="einsum"):
        bafe.jit(lambda x: np.einsum("ij->i", x, dtype="float64"))(np.ones((2, 2), np.float32))


ones = np.ones
ERRORS = {
    "einsum_sizes": lambda: bafe.einsum("ij,jk->ik", ones((2, 3)), ones((4, 5))),
    "einsum_letter": lambda: bafe.einsum("i1->i", ones((2, 3))),
    "einsum_result": lambda: bafe.einsum("ij->ik", ones((2, 3))),
    "einsum_result_twice": lambda: bafe.einsum("ij->ii", ones((2, 3))),
    "einsum_operands": lambda: bafe.einsum("ij,jk->ik", ones((2, 3))),
    "einsum_rank": lambda: bafe.einsum("ijk->k", ones((2, 3))),
    "einsum_dots": lambda: bafe.einsum("i..->i", ones((2, 3))),
    "einsum_open_result": lambda: bafe.einsum("...j->j", ones((2, 3))),
    "einsum_diagonal": lambda: bafe.einsum("ii->i", ones((2, 3))),
    "einsum_diagonal_of_one": lambda: bafe.einsum("ii->i", ones((1, 3))),
    "einsum_axis_number": lambda: bafe.einsum(ones((2, 3)), [0, -1]),
    "einsum_nothing": lambda: bafe.einsum("i->i"),
}


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_message_is_frozen(name, golden):
    with pytest.raises(bafe.ShapeError) as caught:
        bafe.jit(lambda x: ERRORS[name]() + x)(1.0)
    message = re.sub(r"test_einsum\.py:\d+", "test_einsum.py:LINE", str(caught.value))
    golden(f"errors/python/{name}.txt", message)
