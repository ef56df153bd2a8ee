"""Stages: trace, lower and compile give objects with texts, costs, memory and types."""

import collections
import re
import shutil

import bafe
import numpy as np
import pytest

# functions that count how often they run
pytestmark = pytest.mark.filterwarnings("ignore::bafe.side_effects.TraceWarning")

S = bafe.ShapeDtype


def product(a, b, v):
    return bafe.relu(a @ b @ v)


SPECS = (S((64, 64)), S((64, 64)), S((64, 1)))


def arrays(rng):
    return [rng.standard_normal(spec.shape).astype(np.float32) for spec in SPECS]


@pytest.fixture(scope="module")
def f():
    return bafe.jit(product, tier="compiled")


@pytest.fixture(scope="module")
def compiled(f):
    return f.lower(*SPECS).compile()


def test_every_stage_says_what_goes_in_and_comes_out(f, compiled):
    traced = f.trace(*SPECS)
    for stage in (traced, traced.lower(), compiled):
        args, kwargs = stage.in_info
        assert [(s.shape, s.dtype.name) for s in args] == [(s.shape, s.dtype.name) for s in SPECS]
        assert kwargs == {}
        assert (stage.out_info.shape, stage.out_info.dtype) == ((64, 1), np.float32)
        assert "product" in repr(stage)


def test_types_of_results_are_a_tree_like_the_results():
    Pair = collections.namedtuple("Pair", "sum double")
    f = bafe.jit(lambda d, *, y: {"pair": Pair(d["x"].sum(), d["x"] * 2), "y": [y, None]})
    info = f.trace({"x": S((3, 2), "float64")}, y=S((4,), "int32")).out_info
    assert isinstance(info["pair"], Pair) and info["pair"].sum.shape == ()
    assert info["pair"].double.shape == (3, 2) and info["y"][0].dtype == np.int32
    assert info["y"][1] is None
    args, kwargs = f.trace({"x": S((3, 2), "float64")}, y=S((4,), "int32")).in_info
    assert args[0]["x"].shape == (3, 2) and kwargs["y"].shape == (4,)


def test_texts_of_each_stage(f, compiled):
    traced, lowered = f.trace(*SPECS), f.lower(*SPECS)
    written = "relu (matmul (matmul a b) v)"
    assert written in traced.as_text() == lowered.as_text("ir") == compiled.as_text("ir")
    assert bafe._core.program_from_json(traced.as_text("json")).text() == traced.as_text()
    assert "%3 = matmul %1 %2" in lowered.as_text() == lowered.as_text("chosen")
    assert "matmul %1 %2" in compiled.as_text()
    assert "int bafe_" in compiled.as_text("c") and "#include" not in compiled.as_text("c")
    assert lowered.as_text("egraph").startswith("digraph") and "cluster" in lowered.as_text(
        "egraph"
    )
    for text in (traced.as_text("dot"), compiled.as_text("dot")):
        assert text.startswith("digraph program {") and text.count("matmul") == 2


def test_assembly_is_what_the_compiler_makes_of_the_c_text(compiled):
    text = compiled.as_text("asm")
    assert ".text" in text and re.search(r"\bret\b", text)


def test_dot_escapes_what_graphviz_would_read():
    f = bafe.jit(lambda x: x + 1)
    quoted = f.trace(S((2,))).as_text("dot")
    assert all(line.count('"') % 2 == 0 for line in quoted.splitlines())
    if shutil.which("dot"):
        import subprocess

        subprocess.run(["dot", "-Tsvg"], input=quoted.encode(), capture_output=True, check=True)


def test_costs_add_up(f, compiled):
    for cost in (f.lower(*SPECS).cost_analysis(), compiled.cost_analysis()):
        assert cost.flops == 2 * 2 * 64 * 64 + 64 == sum(k.flops for k in cost.kernels)
        assert cost.bytes >= 4 * (2 * 64 * 64 + 64)
        assert 0 < sum(k.predicted_seconds for k in cost.kernels) <= cost.predicted_seconds < 1e-3
        assert cost.to_dict()["kernels"][0]["label"].startswith("matmul")
        assert len(str(cost).splitlines()) == len(cost.kernels) + 2


def test_memory_counts_arguments_results_temporaries_and_code(compiled):
    memory = compiled.memory_analysis()
    assert memory.argument_bytes == 4 * (64 * 64 * 2 + 64) and memory.output_bytes == 256
    assert memory.temp_bytes == memory.arena_bytes + memory.scratch_bytes > 0
    assert memory.generated_code_bytes > 100
    assert memory.peak_bytes >= memory.argument_bytes + memory.output_bytes + memory.temp_bytes


def test_a_compiled_object_gives_what_the_function_gives(f, compiled, rng):
    args = arrays(rng)
    np.testing.assert_array_equal(compiled(*args), f(*args))
    out = np.empty((64, 1), np.float32)
    assert compiled(*args, out=out) is out
    np.testing.assert_array_equal(out, f(*args))


def test_a_compiled_object_never_traces_again(rng):
    traces = []
    f = bafe.jit(lambda x: (traces.append(1), x * 2)[1], tier="compiled")
    g = f.compile(S((3,), "float64"))
    before = len(traces)
    for _ in range(3):
        np.testing.assert_array_equal(g(np.ones(3)), np.full(3, 2.0))
    assert len(traces) == before


@pytest.mark.parametrize(
    "args",
    [
        (np.ones((8, 64), "f4"), np.ones((64, 64), "f4"), np.ones((64, 1), "f4")),
        (np.ones((64, 64)), np.ones((64, 64), "f4"), np.ones((64, 1), "f4")),
        (np.ones((64, 64), "f4"), np.ones((64, 64), "f4")),
        (np.ones((64, 64), "f4").T, np.ones((64, 64), "f4"), np.ones((64, 1), "f4")),
    ],
    ids=["shape", "dtype", "count", "order"],
)
def test_other_arguments_are_refused_by_name(compiled, args):
    with pytest.raises(bafe.ShapeError, match="compiled for other arguments") as caught:
        compiled(*args)
    assert "fix: compile it for these" in str(caught.value)


def test_a_spec_is_no_argument_of_a_call(compiled):
    with pytest.raises(bafe.TraceError, match="has no values"):
        compiled(*SPECS)


def test_static_arguments_are_part_of_the_signature():
    f = bafe.jit(lambda x, n: x * n, static_argnames="n", tier="compiled")
    g = f.compile(np.ones(2), 3)
    np.testing.assert_array_equal(g(np.ones(2), 3), [3, 3])
    with pytest.raises(bafe.ShapeError, match="argument n  4, compiled for 3"):
        g(np.ones(2), 4)
    assert g.in_info[0][1] == 3


def test_a_captured_value_that_changed_is_never_stale():
    scope = {"s": 2.0}
    f = bafe.jit(lambda x: x * scope["s"], tier="compiled")
    lowered = f.lower(np.ones(2))
    g = f.compile(np.ones(2))
    assert g(np.ones(2))[0] == 2.0
    scope["s"] = 3.0
    with pytest.raises(bafe.TraceError, match="captured has changed since it was compiled"):
        g(np.ones(2))
    with pytest.raises(bafe.TraceError, match="captured has changed since it was lowered"):
        lowered.compile()
    scope["s"] = 2.0
    assert g(np.ones(2))[0] == 2.0


def test_captured_arrays_are_read_at_every_call():
    w = np.ones(2)
    g = bafe.jit(lambda x: x * w, tier="compiled").compile(np.ones(2))
    w[:] = 5
    np.testing.assert_array_equal(g(np.ones(2)), [5, 5])


def test_a_compiled_object_inside_a_traced_function_is_inlined(compiled, rng):
    outer = bafe.jit(lambda a, b, v: compiled(a, b, v) + 1)
    args = arrays(rng)
    np.testing.assert_allclose(outer(*args), compiled(*args) + 1, rtol=1e-5)


def test_a_compiled_object_keeps_no_argument_alive():
    import weakref

    class Owner(np.ndarray):
        pass

    owner = np.ones(1000)
    g = bafe.jit(lambda x: x + 1, tier="compiled").compile(owner)
    gone = weakref.ref(owner)
    del owner
    assert gone() is None and g(np.ones(1000))[0] == 2


def test_a_text_that_a_stage_lacks_names_the_stage_that_has_it(f, compiled):
    with pytest.raises(bafe.TraceError, match=r'\.lower\(\)\.compile\(\)\.as_text\("asm"\)'):
        f.trace(*SPECS).as_text("asm")
    with pytest.raises(bafe.TraceError, match=r'\.compile\(\)\.as_text\("c"\)'):
        f.lower(*SPECS).as_text("c")
    with pytest.raises(bafe.TraceError, match="did you mean"):
        compiled.as_text("chosn")
    with pytest.raises(bafe.TraceError, match="use one of"):
        compiled.as_text(7)


def test_the_interpreter_has_no_c_text():
    g = bafe.jit(lambda x: x + 1, tier="interpreted").compile(np.ones(3))
    assert g(np.ones(3))[0] == 2 and g.memory_analysis().interpreted
    with pytest.raises(bafe.TraceError, match="it has no C"):
        g.as_text("asm")


@pytest.mark.parametrize("shape", [(), (0,), (1,), (7, 0, 3)])
def test_odd_sizes_compile(shape):
    f = bafe.jit(lambda x: (x * 2, x.sum()), tier="compiled")
    g = f.compile(S(shape))
    x = np.ones(shape, np.float32)
    double, total = g(x)
    np.testing.assert_array_equal(double, x * 2)
    assert total == x.sum() and g.out_info[0].shape == shape


def test_methods_of_a_class_have_stages():
    class Model:
        def __init__(self):
            self.w = np.full(3, 2.0)

        def forward(self, x):
            return x * self.w

    f = bafe.jit(Model().forward)
    assert f.trace(S((3,), "float64")).out_info.shape == (3,)


def test_sizes_with_names_are_told_by_name():
    f = bafe.jit(lambda a, w: (a @ w, np.concatenate([a, a[1:]]), a.sum(), a.reshape(-1)))
    traced = f.trace(S(("n", 512)), S((512, 4)))
    assert traced.in_info == ((S(("n", 512)), S((512, 4))), {})
    assert [one.shape for one in traced.out_info] == [("n", 4), ("2*n-1", 512), (), ("512*n",)]
    compiled = traced.lower().compile()
    assert compiled.in_info == traced.in_info and compiled.out_info[0] == S(("n", 4))
    for n in (2, 5):
        assert compiled(np.ones((n, 512), "f4"), np.ones((512, 4), "f4"))[0].shape == (n, 4)
    with pytest.raises(bafe.ShapeError, match="compiled for"):
        compiled(np.ones((2, 511), "f4"), np.ones((512, 4), "f4"))


def test_sizes_of_two_names_are_kept_apart():
    f = bafe.jit(lambda a, b: (a @ b, (a @ b).reshape(-1)))
    info = f.trace(S(("m", "k")), S(("k", "n"))).out_info
    assert [one.shape for one in info] == [("m", "n"), ("?",)]
