"""The public autotune of BAFE 0.1: records, refits, model, log."""

import json
import math

import bafe
import numpy as np
import pytest


@pytest.fixture(autouse=True)
def _fresh():
    bafe.autotune_reset()
    bafe.configure_autotune(refit_threshold=10, warmup_calls=1, timing_iters=3)
    yield
    bafe.autotune_reset()
    bafe.configure_autotune()


def arrays(n):
    rng = np.random.default_rng(n)
    return [rng.standard_normal((n, n)).astype(np.float32) for _ in range(3)]


def test_fifty_calls_over_five_sizes(tmp_path):
    step = bafe.jit(lambda a, b, c: bafe.relu(a @ b + c), autotune=True)
    for n in (16, 32, 64, 96, 128):
        a, b, c = arrays(n)
        for _ in range(10):
            np.testing.assert_allclose(
                step(a, b, c), np.maximum(a @ b + c, 0), rtol=1e-4, atol=1e-4
            )
    stats, model = bafe.autotune_stats(), bafe.autotune_model()
    assert stats["total_calls"] == 50 and stats["log_size"] == 45 and stats["total_refits"] == 4
    assert model["valid"] and model["r_squared"] >= 0.9 and len(model["weights"]) == 8
    assert model["n_samples"] == 40 and stats["last_refit_r_squared"] == model["r_squared"]
    path = tmp_path / "log.jsonl"
    assert bafe.autotune_dump_log(path) == 45
    with pytest.raises(FileNotFoundError, match=r"missing/log\.jsonl"):
        bafe.autotune_dump_log(tmp_path / "missing" / "log.jsonl")
    records = [json.loads(line) for line in path.read_text().splitlines()]
    for record in records:
        assert set(record) >= {
            "graph_hash",
            "features",
            "predicted_cost",
            "observed_runtime",
            "observed_ms",
        }
        assert (
            len(record["features"]) == 8 and record["observed_runtime"] == record["observed_ms"] > 0
        )


def test_fifty_calls_at_one_shape():
    step = bafe.jit(lambda a, b, c: bafe.relu(a @ b + c), autotune=True)
    a, b, c = arrays(64)
    for _ in range(50):
        step(a, b, c)
    assert bafe.autotune_stats()["log_size"] == 49
    assert math.isfinite(bafe.autotune_model()["r_squared"])


def test_refit_on_demand_and_reset():
    step = bafe.jit(lambda a: a * 2, autotune=True)
    for n in (10, 100, 1000):
        for _ in range(4):
            step(np.ones(n))
    assert bafe.autotune_refit() and bafe.autotune_model()["valid"]
    bafe.autotune_reset()
    assert bafe.autotune_stats()["log_size"] == 0 and not bafe.autotune_model()["valid"]


def test_functions_without_autotune_leave_no_record():
    bafe.jit(lambda a: a * 2)(np.ones(4))
    assert bafe.autotune_stats()["log_size"] == 0


def test_the_machine_model_has_the_seven_numbers():
    assert set(bafe.calibrated_cost_model()) == {
        "alpha_flops",
        "beta_bytes",
        "gamma_intermediate",
        "delta_fuse",
        "epsilon_layout_conv",
        "zeta_layout_fuse",
        "eta_contiguous",
    }


def test_bad_configuration_is_refused():
    with pytest.raises(ValueError):
        bafe.configure_autotune(refit_threshold=0)
