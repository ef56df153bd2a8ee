"""Blocks: bafe.options, bafe.stance and bafe.disable_jit, in one thread and in others."""

import threading

import bafe
import numpy as np
import pytest

# functions that count how often they run
pytestmark = pytest.mark.filterwarnings("ignore::bafe.side_effects.TraceWarning")

A, V = np.ones((64, 64), "f4"), np.ones((64, 1), "f4")


def product(a, b, v):
    return a @ b @ v


def rules(f):
    return f.explain(A, A, V).rules


def kind(f):
    """What runs the function: the class of what it sees."""
    seen = []

    def look(x):
        seen.append(type(x).__name__)
        return x + 1

    f(look)(np.ones(3))
    return seen[-1]


def test_disable_jit_runs_the_function_on_numpy():
    seen = []

    @bafe.jit
    def f(x):
        seen.append(type(x))
        return np.maximum(x, 0)

    f(np.array([-1.0, 2.0]))
    with bafe.disable_jit():
        got = f(np.array([-1.0, 2.0]))
        assert seen[-1] is np.ndarray
        with bafe.disable_jit(False):
            f(np.array([-1.0, 2.0]))
            count = len(seen)
        out = np.empty(2)
        assert f(np.array([-3.0, 4.0]), out=out) is out and out.tolist() == [0, 4]
    assert got.tolist() == [0, 2] and len(seen) == count + 1


def test_a_stance_holds_for_its_block_and_comes_back():
    assert kind(bafe.jit) == "Tensor"
    with bafe.stance("eager"):
        assert kind(bafe.jit) == "ndarray"
        with bafe.stance("default"):
            assert kind(bafe.jit) == "Tensor"
        assert kind(bafe.jit) == "ndarray"
    assert kind(bafe.jit) == "Tensor"


def test_a_stance_comes_back_after_an_error():
    with pytest.raises(ZeroDivisionError), bafe.stance("eager"):
        raise ZeroDivisionError
    assert kind(bafe.jit) == "Tensor"


def test_called_alone_a_stance_holds_from_then_on():
    found = []

    def work():
        bafe.stance("eager")
        found.append(kind(bafe.jit))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == ["ndarray"] and kind(bafe.jit) == "Tensor", "of its thread only"


def test_a_compiled_object_runs_as_it_is_in_every_stance():
    calls = []
    f = bafe.jit(lambda x: (calls.append(1), x + 1)[1], tier="compiled")
    g = f.compile(np.ones(3))
    count = len(calls)
    with bafe.stance("eager"):
        assert g(np.ones(3))[0] == 2
    assert len(calls) == count


def test_fail_on_recompile_lets_known_signatures_run_and_names_what_is_new():
    f = bafe.jit(lambda x, n=2: x * n, static_argnames="n", tier="compiled")
    with bafe.stance("fail_on_recompile"):
        f(np.ones(3))
        assert f(np.ones(3))[0] == 2
        with pytest.raises(bafe.CompileError, match=r"argument x  f64\[4\], compiled for f64\[3\]"):
            f(np.ones(4))
        with pytest.raises(bafe.CompileError, match="argument n  3"):
            f(np.ones(3), n=3)
        with pytest.raises(RuntimeError, match="argument x  f32"):
            f(np.ones(3, np.float32))
    assert f(np.ones(4))[0] == 2


def test_sizes_that_one_kernel_serves_are_no_recompile():
    f = bafe.jit(lambda x: x * 3 + 1, dynamic=True, tier="compiled")
    f(np.ones(300))
    with bafe.stance("fail_on_recompile"):
        for n in (301, 17, 1000):
            assert f(np.ones(n))[-1] == 4
        with pytest.raises(bafe.CompileError, match="argument x  f32"):
            f(np.ones(300, np.float32))


def test_fail_on_recompile_refuses_a_captured_value_that_changed():
    scope = {"s": 2.0}
    f = bafe.jit(lambda x: x * scope["s"], tier="compiled")
    f(np.ones(3))
    with bafe.stance("fail_on_recompile"):
        scope["s"] = 3.0
        with pytest.raises(bafe.CompileError, match="captured has changed"):
            f(np.ones(3))
        scope["s"] = 2.0
        assert f(np.ones(3))[0] == 2


def test_no_tune_compiles_without_timing():
    f = bafe.jit(lambda x: x + 1, mode="max-autotune")
    with bafe.stance("no_tune"):
        assert f(np.ones(3))[0] == 2
        before = bafe.autotune_stats()["total_calls"]
        for _ in range(5):
            f(np.ones(3))
        assert bafe.autotune_stats()["total_calls"] == before


def test_options_hold_for_functions_called_in_the_block():
    f = bafe.jit(product, tier="compiled")
    assert rules(f) == ["matmul-regroup"]
    with bafe.options(math="bits"):
        assert rules(f) == []
        assert f.certificate(A, A, V).program_class == "bits"
        np.testing.assert_array_equal(f(A, A, V), A @ A @ V)
        with bafe.options(math="reals", threads=1):
            assert rules(f) == ["matmul-regroup"]
        assert rules(f) == []
    assert rules(f) == ["matmul-regroup"]


def test_what_jit_was_given_goes_first():
    f = bafe.jit(product, math="reals", tier="compiled")
    with bafe.options(math="bits"):
        assert rules(f) == ["matmul-regroup"]
        np.testing.assert_array_equal(f(A, A, V), A @ A @ V)


def test_functions_made_in_the_block_keep_its_options():
    with bafe.options(math="bits"):
        f = bafe.jit(product)
        g = bafe.jit(deep=False)(product)
    assert rules(f) == rules(g) == []


def test_options_are_of_their_thread():
    f, found = bafe.jit(product), []
    with bafe.options(math="bits"):
        thread = threading.Thread(target=lambda: found.append(rules(f)))
        thread.start()
        thread.join()
    assert found == [["matmul-regroup"]]


def test_warm_calls_in_a_block_do_not_trace():
    traces = []
    f = bafe.jit(lambda x: (traces.append(1), x + 1)[1], tier="compiled")
    with bafe.options(math="bits"):
        for _ in range(5):
            assert f(np.ones(3))[0] == 2
    assert len(traces) == 1
    f.clear_cache()
    with bafe.options(math="bits"):
        f(np.ones(3))
    assert len(traces) == 2, "clear_cache forgets what blocks have made too"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"maths": "bits"}, "did you mean math"),
        ({"thread": 1}, "did you mean threads"),
        ({"math": "bit"}, "did you mean bits"),
        ({"threads": 0}, "less than 1"),
        ({"mode": "fast"}, "fast-compile"),
        ({"tier": "compile"}, "did you mean"),
        ({"structure": "on"}, "auto"),
    ],
)
def test_options_are_checked_when_the_block_is_made(given, message):
    with pytest.raises(bafe.TraceError, match=message):
        bafe.options(**given)
    assert rules(bafe.jit(product)) == ["matmul-regroup"], "nothing is in force"


def test_an_unknown_stance_names_the_nearest():
    with pytest.raises(bafe.TraceError, match="did you mean fail_on_recompile"):
        bafe.stance("fail_on_recompiles")
    with pytest.raises(bafe.TraceError, match="neither True nor False"):
        bafe.disable_jit("yes")


def test_modes_are_names_for_search_effort():
    def regime(**given):
        return bafe.jit(product, **given).search_stats(A, A, V).regime

    assert regime(mode="fast-compile") == "greedy"
    assert regime(mode="default") == regime()
    assert regime(mode="max-autotune") == "deep"
    assert regime(mode="fast-compile", time_budget_ms=50) == "beam", "what is given goes first"
    with bafe.options(mode="fast-compile"):
        assert regime() == "greedy"
    with pytest.raises(bafe.TraceError, match="did you mean max-autotune"):
        bafe.jit(product, mode="max-autotun")


def test_verify_compares_every_result_with_the_programs_meaning(monkeypatch, rng):
    from bafe import verified

    def program(a, b, v):
        return {"p": bafe.relu(a @ b @ v), "n": np.argmax(v), "l": (a.sum(), v[0] > 0)}

    a, v = rng.standard_normal((64, 64)).astype("f4"), rng.standard_normal((64, 1)).astype("f4")
    f = bafe.jit(program, tier="compiled", verify=True)
    g = bafe.jit(program, tier="compiled")
    for one in (f, f):
        np.testing.assert_array_equal(one(a, a, v)["p"], g(a, a, v)["p"])
    special = a.copy()
    special[0, :3] = np.nan, np.inf, -0.0
    f(special, a, v)
    right = verified.meaning
    monkeypatch.setattr(verified, "meaning", lambda *given: [x + 1 for x in right(*given)])
    with pytest.raises(bafe.CompileError, match=r"result 0 differs .*\n  element \[0, 0\]"):
        f(a, a, v)
    g(a, a, v)
    with bafe.options(verify=True), pytest.raises(bafe.CompileError, match="64 of 64"):
        g(a, a, v)


def test_verify_sees_arguments_as_they_were_before_the_call():
    @bafe.jit(verify=True, tier="compiled")
    def f(x):
        x *= 2
        return x + 1

    x = np.ones(3)
    assert f(x).tolist() == [3, 3, 3] and x.tolist() == [2, 2, 2]
    assert f(np.ones(0)).tolist() == []


@pytest.mark.parametrize("math", ["bits", "reals", "fast"])
def test_verify_holds_in_every_numeric_class(math, rng):
    x = rng.standard_normal((33, 17)).astype("f4")

    def softmax(x):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        return e / e.sum(axis=1, keepdims=True)

    got = bafe.jit(softmax, math=math, verify=True, tier="compiled")(x)
    np.testing.assert_allclose(got, softmax(x), rtol=1e-5)
