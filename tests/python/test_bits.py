"""math="bits": the fixed slice of benchmarks/bench_bits.py."""

import importlib.util
from pathlib import Path

import pytest

PATH = Path(__file__).resolve().parents[2] / "benchmarks/bench_bits.py"
SPEC = importlib.util.spec_from_file_location("bench_bits", PATH)
bench_bits = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(bench_bits)


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 7])
def test_bits_depend_on_no_thread_tile_cache_or_tier(seed):
    assert bench_bits.differences(seed) == []


def test_the_comparison_sees_one_bit_and_the_sign_of_zero():
    import numpy as np

    x = np.array([1.0, np.nan, 0.0])
    assert bench_bits.same_bits(x, x.copy())
    assert not bench_bits.same_bits(x, np.array([np.nextafter(1, 2), np.nan, 0.0]))
    assert not bench_bits.same_bits(x, np.array([1.0, np.nan, -0.0]))
