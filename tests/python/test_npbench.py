"""The seventeen programs without Python loops: with the decorator they do what NumPy does."""

import sys
from pathlib import Path

import bafe
import numpy as np
import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))
from npbench.cases import CASES, arguments, validate  # noqa: E402

sys.path.remove(str(BENCHMARKS))


def test_there_are_seventeen():
    assert len(CASES) == 17


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_program_gives_what_numpy_gives(case):
    ours, theirs = arguments(case, "tiny"), arguments(case, "tiny")
    traced = bafe.jit(case.function)
    for _ in range(2):
        result, wanted = traced(*ours), case.function(*theirs)
        assert (result is None) == (wanted is None)
        assert validate(result, wanted) and validate(ours, theirs)


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_covariance_far_from_zero_keeps_its_digits(dtype, rng):
    """A centred matrix is not taken apart: products of uncentred columns would cancel."""
    covariance = next(case.function for case in CASES if case.name == "covariance")
    data = (rng.standard_normal((300, 40)) + 1e4).astype(dtype)
    exact = np.cov(data.astype("f8"), rowvar=False)
    found = bafe.jit(covariance)(data)
    assert np.abs(found - exact).max() < (1e-3 if dtype == "f4" else 1e-11)
