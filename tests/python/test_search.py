"""What the search finds, how it is bounded, that it is the same everywhere."""

import bafe
import numpy as np
import pytest

S = bafe.ShapeDtype


def four(n=64):
    return [S((n, n))] * 4


def program(a, b, c, d):
    return bafe.relu(a @ b + c * d)


def stats(temperature=2.0, seed=42, iters=5, **limits):
    budget = bafe.make_search_budget(**limits) if limits else None
    return bafe.jit(
        program, budget=budget, iters=iters, temperature=temperature, seed=seed
    ).search_stats(*four())


def test_one_pass_of_the_classical_sixteen_gives_two_alternatives():
    f = bafe.jit(program, budget=bafe.make_search_budget(enable_multi_pass=False))
    assert f.search_stats(*four()).alternatives == 2


def test_five_passes_give_at_least_thirty_two():
    assert stats().alternatives >= 32


def test_low_temperature_accepts_no_more_than_high():
    accepted = [stats(temperature=t).matches_accepted for t in (0.0, 0.1, 1.0, 10.0)]
    assert accepted == sorted(accepted)


@pytest.mark.parametrize("max_nodes", [16, 64, 256])
def test_limits_are_never_exceeded(max_nodes):
    found = stats(max_nodes=max_nodes, max_rewrites=20)
    assert found.nodes_after <= max(max_nodes, found.nodes_before)


def test_the_same_seed_gives_the_same_result_in_every_process(run_python):
    code = (
        "import bafe\n"
        "f = bafe.jit(lambda a, b, c, d: bafe.relu(a @ b + c * d),\n"
        "             iters=5, temperature=2.0, seed=42)\n"
        "s = f.search_stats(*[bafe.ShapeDtype((64, 64))] * 4).to_dict(); s.pop('ms')\n"
        "print(s, f.explain(*[bafe.ShapeDtype((64, 64))] * 4).chosen)"
    )
    first, second = run_python(code), run_python(code, PYTHONHASHSEED="7")
    assert first[0] == 0, first[2]
    assert first[1] == second[1]


EFFORTS = {
    "default": "",
    "light": "time_budget_ms=10, ",
    "deep": "deep=True",
    "long": "time_budget_ms=60000",
    "stochastic": "iters=4, temperature=3.0, seed=7",
    "deep stochastic": "deep=True, iters=3, seed=11",
}


@pytest.mark.parametrize("effort", EFFORTS)
def test_every_effort_gives_one_result_in_every_process(effort, run_python):
    code = (
        "import bafe, numpy as np\n"
        "def norm(x, g, w):\n"
        "    c = x - x.mean(axis=1, keepdims=True)\n"
        "    return (c / np.sqrt((c * c).mean(axis=1, keepdims=True) + 1e-5) * g) @ w @ w\n"
        "S = bafe.ShapeDtype\n"
        f"e = bafe.jit(norm, threads=1, {EFFORTS[effort]}).explain("
        "S((64, 32)), S((32,)), S((32, 32))).to_dict()\n"
        "ms = e['stats'].pop('ms')\n"
        "print('time' if e['stats']['stop_reason'].startswith('time') else e)"
    )
    first, second = run_python(code), run_python(code, PYTHONHASHSEED="7")
    assert first[0] == 0, first[2]
    assert first[1] == second[1] or "time\n" in (first[1], second[1])


def test_ctrl_c_ends_a_search_and_leaves_everything_usable(run_python):
    code = """
import os, signal, statistics, threading, time
import bafe, numpy as np

def tower(x, *w):
    for i in range(0, len(w), 2):
        x = x + np.tanh(x @ w[i] * bafe.sigmoid(x @ w[i])) @ w[i + 1]
    return x

S = bafe.ShapeDtype
specs = [S((64, 64))]
for i in range(80):
    specs += [S((64, 64 + i)), S((64 + i, 64))]
f = bafe.jit(tower, deep=True)
sent = []

def send():
    time.sleep(0.15)
    sent.append(time.perf_counter())
    os.kill(os.getpid(), signal.SIGINT)

late = []
for _ in range(5):
    thread = threading.Thread(target=send)
    thread.start()
    try:
        f.explain(*specs)
        late.append(None)
    except KeyboardInterrupt:
        late.append(time.perf_counter() - sent[-1])
    thread.join()
print("interrupted", all(x is not None for x in late), statistics.median(late) < 0.1)
g = bafe.jit(lambda a, b: a @ b + 1)
print((g(np.ones((2, 2)), np.ones((2, 2))) == 3).all())
"""
    done = run_python(code)
    assert done[0] == 0, done[2]
    assert done[1].split("\n")[:2] == ["interrupted True True", "True"]


def test_a_contradicting_rule_is_reported_and_left_out():
    bafe.rules.add(
        """(rule forget-axis (tanh ?x) => (reduce_sum (tanh ?x) :axes (0))
             :class reals :set simplify :why "wrong")""",
        allow_unproven=True,
    )
    try:
        f = bafe.jit(lambda a, b, v: (a @ b) @ np.tanh(v))
        with pytest.warns(RuntimeWarning, match="forget-axis"):
            found = f.explain(S((256, 256)), S((256, 256)), S((256, 1)))
        assert "without rule forget-axis" in found.to_dict()["stats"]["stop_reason"]
        assert "matmul-regroup" in found.rules
        assert any("forget-axis" in what for what, _ in found.to_dict()["rejected"])
        assert "rule forget-axis" in str(found)
    finally:
        bafe.rules.reset()


def test_a_rule_that_grows_for_ever_meets_a_limit():
    bafe.rules.add(
        """(rule grow (sin ?x) => (add (sin (add ?x 1)) 0.5)
             :class reals :set simplify :why "wrong")""",
        allow_unproven=True,
    )
    try:
        f = bafe.jit(lambda a, b, v: (a @ b) @ np.sin(v))
        found = f.explain(S((256, 256)), S((256, 256)), S((256, 1))).to_dict()
        assert found["stats"]["stop_reason"].endswith("limit")
        assert found["predicted_ns"] < found["predicted_ns_as_written"] / 3
    finally:
        bafe.rules.reset()


REWRITES = {
    "chain to a vector": (
        lambda a, b, v: (a @ b) @ v,
        [S((512, 512))] * 2 + [S((512,))],
        "matmul-regroup",
        0.2,
    ),
    "common factor": (lambda a, b, c: a @ b + a @ c, [S((512, 512))] * 3, None, 0.7),
    "transposes": (lambda a, b: (a.T @ b.T).T, [S((512, 512))] * 2, None, 1.0),
    "sum of a product": (lambda a, b: (a @ b).sum(), [S((512, 512))] * 2, None, 0.2),
}


@pytest.mark.parametrize("name", REWRITES)
def test_linear_algebra_is_found(name):
    function, specs, rule, ratio = REWRITES[name]
    found = bafe.jit(function).explain(*specs).to_dict()
    assert found["steps"], "no rule between the program as written and the one chosen"
    assert found["predicted_ns"] < ratio * found["predicted_ns_as_written"]
    if rule:
        assert rule in [step["rule"] for step in found["steps"]]


def test_bits_mode_changes_no_sum():
    found = bafe.jit(lambda a, b, v: (a @ b) @ v, math="bits").explain(
        S((512, 512)), S((512, 512)), S((512,))
    )
    assert "matmul-regroup" not in found.rules


def test_regimes():
    names = [bafe.pruning_regime_name(t) for t in (0.5, 1, 5, 10, 50, 100, 500, 0)]
    assert names == ["greedy", "greedy", "light", "light", "beam", "beam", "deep", "deep"]
    assert [bafe.pruning_regime_beam_width(t) for t in (1, 10, 100, 0)] == [1, 4, 16, 64]
    assert [bafe.pruning_regime_iters(t) for t in (1, 10, 100, 0)] == [1, 2, 4, 8]
    assert bafe.pruning_regime_name(None, True) == "deep"


def test_an_added_rule_is_used_and_taken_back():
    text = """(rule pythagoras (add (square (sin ?x)) (square (cos ?x))) => 1
                :class reals :set simplify :when (is-float ?x) :why "a constant")"""
    x = np.linspace(-3, 3, 100, dtype=np.float32)
    bafe.rules.add(text, allow_unproven=True)
    try:
        f = bafe.jit(lambda a: np.sin(a) ** 2 + np.cos(a) ** 2)
        assert "pythagoras" in f.explain(x).rules
        assert (f(x) == 1).all()
    finally:
        bafe.rules.reset()
    assert "pythagoras" not in f.explain(x).rules


def test_every_builtin_rule_has_a_reason_a_class_and_a_set():
    rules = bafe.rules.all()
    assert len(rules) >= 76 and len({rule.name for rule in rules}) == len(rules)
    for rule in rules:
        assert rule.why, rule.name
        assert rule.move or rule.classes, rule.name


def test_the_sixteen_classical_names_are_there():
    names = {rule.name for rule in bafe.rules.all() if rule.theme == "classic"}
    assert names == {
        "add_commutative",
        "add_assoc_left",
        "add_assoc_right",
        "mul_commutative",
        "distribute_mul_over_add_l",
        "distribute_mul_over_add_r",
        "sub_sub_to_sub_add",
        "transpose_transpose",
        "fuse_matmul_relu",
        "fuse_bias_relu",
        "fuse_matmul_bias",
        "fuse_matmul_bias_relu",
        "free_transpose_col_to_row",
        "free_transpose_row_to_col",
        "redundant_layout_transform",
        "double_layout_transform",
    }
