"""Random programs: compiled, interpreted and NumPy results agree."""

import warnings

import pytest
import random_check


@pytest.mark.parametrize("block", range(10))
def test_three_hundred_random_programs_agree_with_numpy(block):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wrong = [
            found
            for seed in range(block * 30, block * 30 + 30)
            if (found := random_check.check(seed))
        ]
    assert not wrong, "\n".join(wrong)
