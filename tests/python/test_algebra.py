"""The algebra table: what the search finds costs no more than the best evaluation known by hand."""

import bafe
import numpy as np
import pytest
from algebra_table import TABLE, THIN, arguments, found_flops, same_count
from bafe import _core
from bafe.methods import _program

SMALL, SMALL_THIN = 48, 4


@pytest.fixture(params=TABLE, ids=[row.name for row in TABLE])
def row(request):
    if request.param.rule:
        bafe.rules.add(request.param.rule, allow_unproven=True)
    yield request.param
    bafe.rules.reset()


def test_the_chosen_program_needs_as_few_operations_as_the_best_by_hand(row):
    found = found_flops(row)
    assert same_count(found.flops, row.best(1000, THIN)), str(found)


def test_the_chosen_program_means_what_was_written(row, rng):
    args = arguments(row, SMALL, SMALL_THIN, rng)
    want = row.function(*[a.astype(np.float64) if a.dtype == np.float32 else a for a in args])
    function = bafe.jit(row.function)
    program = _program(function, args, {})
    chosen = _core.optimized(program, function._options.search["options"])  # run, not compiled
    (got,) = chosen.evaluate(args)
    size = max(1.0, float(np.max(np.abs(want))))
    np.testing.assert_allclose(got, want, rtol=2e-4, atol=2e-4 * size)


def test_the_table_has_the_seventeen_kinds_and_more_than_forty_rows():
    names = [row.name for row in TABLE]
    assert len(names) == len(set(names)) >= 40
