"""Traces, timings of kernels, and what the logs say."""

import json

import bafe
import numpy as np
import pytest


def test_a_profile_holds_calls_kernels_searches_and_compiles(tmp_path):
    f = bafe.jit(lambda a, b: bafe.relu(a @ b) + 3.25, tier="compiled")
    x = np.ones((16, 16), np.float32)
    path = tmp_path / "trace.json"
    with bafe.profile(path):
        f(x, x)
        f(x, x)
    events = json.loads(path.read_text())["traceEvents"]
    spans = [event for event in events if event["ph"] == "X"]
    assert {"search", "compile", "call"} <= {event["name"] for event in spans}
    assert sum(event["cat"] == "kernel" for event in spans) >= 1
    assert sum(event["cat"] == "call" for event in spans) == 2
    named = {event["tid"] for event in events if event["ph"] == "M"}
    assert {event["tid"] for event in spans} <= named
    assert all(event["dur"] >= 0 and event["ts"] > 0 for event in spans)


def test_a_profile_ends_with_its_block(tmp_path):
    f = bafe.jit(lambda a: a + 1)
    with bafe.profile(tmp_path / "a.json"):
        pass
    f(np.ones(3))
    assert json.loads((tmp_path / "a.json").read_text())["traceEvents"] == []


def test_profiles_do_not_nest_and_paths_are_checked_first(tmp_path):
    with bafe.profile(tmp_path / "a.json"):
        with pytest.raises(bafe.TraceError, match="fix: end it first"):
            bafe.profile(tmp_path / "b.json").start()
    with pytest.raises(OSError):
        bafe.profile(tmp_path / "none" / "a.json").start()


def test_timings_name_every_kernel():
    f = bafe.jit(lambda a, b: np.linalg.inv(a) @ b, tier="compiled")
    x = np.eye(8)
    found = f.timings(x, x)
    assert len(found.steps) >= 1
    assert all(step.ns > 0 for step in found.steps)
    assert found.total_ns == pytest.approx(sum(step.ns for step in found.steps))
    assert "kernel" in str(found) and found.steps[0].label[:20] in str(found)
    assert found.to_dict()["steps"][0]["ns"] == found.steps[0].ns
    with pytest.raises(bafe.TraceError, match="fix: pass arrays"):
        f.timings(bafe.ShapeDtype((8, 8)), bafe.ShapeDtype((8, 8)))


def test_timings_hold_in_every_tier():
    for tier in ("auto", "compiled"):
        f = bafe.jit(lambda a: np.exp(a) * 3.5, tier=tier)
        f(np.ones((9, 9)))
        f.wait()
        assert len(f.timings(np.ones((9, 9))).steps) == 1, tier


def test_dispatch_tells_what_runs_and_what_replaces_it(run_python):
    code = (
        "import bafe, numpy as np\n"
        "f = bafe.jit(lambda a: np.exp(a) * 2.5)\n"
        "f(np.ones(3))\nf.compile(np.ones(3))\n"
    )
    status, _, said = run_python(code, BAFE_LOG="dispatch", BAFE_TIER="auto")
    assert status == 0 and "bafe[dispatch]: " in said and "takes over" in said


def test_timings_read_captured_arrays():
    w = np.full((4, 4), 2.0)
    f = bafe.jit(lambda a: a @ w, tier="compiled")
    assert len(f.timings(np.ones((4, 4))).steps) == 1


def test_rewrites_and_candidates_are_logged(run_python):
    code = (
        "import bafe, numpy as np\n"
        "f = bafe.jit(lambda a, b, v: (a @ b) @ v, tier='compiled')\n"
        "f(np.eye(64), np.eye(64), np.ones(64))\n"
    )
    status, _, said = run_python(code, BAFE_LOG="rewrites,extract")
    assert status == 0
    assert "bafe[rewrites]:   matmul-regroup: " in said
    assert "ns predicted as written" in said
    status, _, said = run_python(code.replace("64", "48"), BAFE_DEBUG="5")
    assert status == 0 and "bafe[code]: " in said and "bafe[cache]: " in said
    status, _, said = run_python(code)
    assert status == 0 and said == ""
