"""max_error_growth: what a rewrite may add to the roundings of the function as written."""

import bafe
import numpy as np
import pytest


def sum_of_sums(x):
    return bafe.reduce_sum(bafe.reduce_sum(x, axes=(1,)))


def limited(most, **options):
    return bafe.jit(sum_of_sums, tier="compiled", max_error_growth=most, **options)


X = np.random.default_rng(3).standard_normal((64, 128)).astype("f4")
FACTOR = (64 * 128 - 1) / (127 + 63)  # of one long sum over that of sums of sums


def test_a_worse_program_is_chosen_without_a_limit_and_not_with_one():
    free, strict = limited(None), limited(1.0)
    assert free.explain(X).rules and not strict.explain(X).rules
    assert free.explain(X).chosen != strict.explain(X).chosen == strict.explain(X).written
    want = X.astype("f8").sum()
    for f in (free, strict, limited(2.0)):
        assert abs(f(X) - want) < 1e-2
    assert free.compile(X).chosen_brief != strict.compile(X).chosen_brief
    assert free.compile(X).key != strict.compile(X).key != limited(2.0).compile(X).key


def test_a_limit_above_the_growth_changes_nothing():
    assert limited(FACTOR * 1.01).explain(X).chosen == limited(None).explain(X).chosen
    assert limited(FACTOR * 0.99).explain(X).chosen == limited(1.0).explain(X).chosen


def test_the_growth_is_told_by_explain_statistics_and_certificate():
    free, strict = limited(None), limited(1)
    assert free.search_stats(X).error_growth == pytest.approx(FACTOR)
    assert free.search_stats(X).max_error_growth is None
    assert free.certificate(X).error_growth == pytest.approx(FACTOR)
    assert strict.search_stats(X).error_growth == strict.certificate(X).error_growth == 1
    assert strict.search_stats(X).max_error_growth == 1.0
    assert "at most 1 by max_error_growth" in str(strict.explain(X))
    assert any("error factor" in why for _, why in strict.explain(X).to_dict()["rejected"])


def test_what_is_no_worse_is_still_rewritten():
    def chain(a, b, v):
        return (a @ b) @ v

    a = np.ones((128, 128), "f4")
    found = bafe.jit(chain, max_error_growth=1.0).explain(a, a, a[:, 0])
    assert "matmul-regroup" in found.rules


def test_sizes_that_change_are_compiled_each_within_the_limit():
    f = bafe.jit(sum_of_sums, max_error_growth=1.0)
    for rows in (8, 9, 10, 11, 12):
        x = X[:rows]
        assert abs(f(x) - x.astype("f8").sum()) < 1e-2
    f.wait()
    for rows in (9, 13):
        assert abs(f(X[:rows]) - X[:rows].astype("f8").sum()) < 1e-2


def test_lazy_arrays_keep_functions_of_other_limits_apart():
    strict, free = limited(1.0), bafe.jit(lambda s: s * 2, tier="compiled")
    assert abs(np.asarray(free(strict(bafe.lazy(X)))) - 2 * X.astype("f8").sum()) < 1e-2


def test_optimize_takes_the_limit_too():
    x = bafe.input((64, 128), name="x")
    free, strict = bafe.optimize(sum_of_sums(x)), bafe.optimize(sum_of_sums(x), max_error_growth=1)
    assert bafe.graph_summary(free) != bafe.graph_summary(strict)
    with pytest.raises(bafe.TraceError, match=r"optimize: max_error_growth=0.5 is less than 1"):
        bafe.optimize(sum_of_sums(x), max_error_growth=0.5)
