"""Autotune: timed calls make a log, the log refits the eight-feature model, the log is dumped as
JSON lines."""

import json
import tempfile

import bafe
import numpy as np


@bafe.jit(autotune=True)
def step(a, b, c):
    return bafe.relu(a @ b + c)


def main() -> None:
    bafe.autotune_reset()
    bafe.configure_autotune(refit_threshold=10, warmup_calls=1, timing_iters=3)
    rng = np.random.default_rng(0)
    for n in (16, 32, 64, 96, 128):
        a, b, c = (rng.standard_normal((n, n), dtype=np.float32) for _ in range(3))
        for _ in range(10):
            step(a, b, c)
    stats, model = bafe.autotune_stats(), bafe.autotune_model()
    print(
        f"{stats['total_calls']} calls, {stats['log_size']} records, {stats['total_refits']} refits"
    )
    print(f"R² {model['r_squared']:.3f} over {model['n_samples']} samples")
    assert stats["log_size"] == 45 and stats["total_refits"] == 4 and model["r_squared"] >= 0.9
    with tempfile.NamedTemporaryFile("r", suffix=".jsonl") as file:
        assert bafe.autotune_dump_log(file.name) == 45
        record = json.loads(file.readline())
    print(
        "first record:",
        {key: record[key] for key in ("graph_hash", "predicted_cost", "observed_ms")},
    )


if __name__ == "__main__":
    main()
