"""The seventeen programs without Python loops: with the decorator they do what NumPy does."""

import sys
from pathlib import Path

import pytest

import bafe

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
