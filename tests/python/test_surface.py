"""The surface fixed by BAFE 0.1: names, parameters, defaults."""

import inspect

import bafe

SIGNATURES = {
    "matmul": ["a", "b"],
    "add": ["a", "b"],
    "sub": ["a", "b"],
    "mul": ["a", "b"],
    "relu": ["x"],
    "sigmoid": ["x"],
    "tanh": ["x"],
    "neg": ["x"],
    "scale": ["x", "s"],
    "bias_add": ["x", "bias"],
    "transpose": ["x", "perm"],
    "reduce_sum": ["x", "axes", "keepdims"],
    "reduce_max": ["x", "axes", "keepdims"],
    "reshape": ["x", "shape"],
    "broadcast_to": ["x", "shape"],
    "layout_transform": ["x", "layout"],
    "input": ["shape", "dtype", "name", "layout", "structure"],  # structure is new after 0.1
    "fuse": ["f", "g"],
    "autotune_dump_log": ["path"],
}
DEFAULTS = {
    "make_search_budget": {
        "max_iters": 4,
        "max_nodes": 256,
        "max_rewrites": 64,
        "time_budget_ms": 0,
        "temperature": 1.0,
        "seed": 0xBAFE5EED,
        "enable_multi_pass": True,
    },
    "configure_autotune": {
        "refit_threshold": 20,
        "invalidation_drift": 0.25,
        "warmup_calls": 2,
        "timing_iters": 5,
    },
    "jit": {
        "fn": None,
        "budget": None,
        "iters": None,
        "temperature": None,
        "seed": None,
        "autotune": False,
        "time_budget_ms": None,
        "deep": False,
    },
    "input": {"dtype": "float32", "name": "x", "layout": "row"},
}


def test_parameters_have_the_fixed_names():
    for name, parameters in SIGNATURES.items():
        assert list(inspect.signature(getattr(bafe, name)).parameters) == parameters, name


def test_defaults_are_the_fixed_ones():
    for name, wanted in DEFAULTS.items():
        have = {
            p.name: p.default for p in inspect.signature(getattr(bafe, name)).parameters.values()
        }
        for parameter, default in wanted.items():
            assert have[parameter] == default, (name, parameter)


def test_names_of_the_fixed_surface_exist():
    for name in (
        "Tensor",
        "optimize",
        "graph_summary",
        "__version__",
        "autotune_stats",
        "autotune_model",
        "autotune_refit",
        "autotune_reset",
        "calibrate",
        "calibrated_cost_model",
        "pruning_regime_name",
        "pruning_regime_beam_width",
        "pruning_regime_iters",
    ):
        assert hasattr(bafe, name), name
    assert bafe.__version__ == "0.1.0"


def test_a_budget_has_its_seven_attributes():
    budget = bafe.make_search_budget()
    assert {name: getattr(budget, name) for name in DEFAULTS["make_search_budget"]} == DEFAULTS[
        "make_search_budget"
    ]


def test_error_classes_have_their_builtin_bases():
    bases = {
        bafe.ShapeError: ValueError,
        bafe.ParseError: ValueError,
        bafe.RuleError: ValueError,
        bafe.DTypeError: TypeError,
        bafe.TraceError: TypeError,
        bafe.CompileError: RuntimeError,
    }
    for kind, builtin in bases.items():
        assert issubclass(kind, builtin) and issubclass(kind, bafe.BafeError)


def test_layout_of_a_tensor_is_what_was_declared():
    assert bafe.input((4, 8), layout="col").layout == "col"
    assert bafe.input((4, 8)).layout == "row"
