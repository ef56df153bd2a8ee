"""Search: what the e-graph found, how budgets and regimes bound it, equal seeds give equal
programs."""

import bafe
import numpy as np


def program(a, b, c, d):
    return bafe.relu(a @ b + c * d)


def main() -> None:
    rng = np.random.default_rng(0)
    arguments = [rng.standard_normal((64, 64), dtype=np.float32) for _ in range(4)]
    single = bafe.jit(program, budget=bafe.make_search_budget(enable_multi_pass=False))
    stats = single.search_stats(*arguments)
    print("one pass of the classical sixteen:", stats)
    assert stats.alternatives == 2
    wide = bafe.jit(program, iters=5, temperature=2.0, seed=42)
    stats = wide.search_stats(*arguments)
    print("five stochastic passes at T = 2:", stats)
    assert stats.alternatives >= 32
    again = bafe.jit(program, iters=5, temperature=2.0, seed=42)
    assert again.search_stats(*arguments).alternatives == stats.alternatives
    np.testing.assert_allclose(wide(*arguments), program(*arguments), rtol=1e-4, atol=1e-4)
    chain = bafe.jit(lambda a, b, v: (a @ b) @ v, time_budget_ms=5)
    print(bafe.pruning_regime_name(5), "regime:")
    print(chain.explain(arguments[0], arguments[1], arguments[2][0]))


if __name__ == "__main__":
    main()
