"""BAFE: NumPy functions as searched, compiled, cached C kernels.

Example:
    >>> import bafe, numpy as np
    >>> f = bafe.jit(lambda a, b, v: (a @ b) @ v)
    >>> f(np.eye(2), np.eye(2), np.ones(2))
    array([1., 1.])
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bafe import _core
from bafe._core import (
    BafeError,
    CompileError,
    DivisionError,
    DTypeError,
    InternalError,
    ParseError,
    RuleError,
    ShapeError,
    TraceError,
)
from bafe.call import ShapeDtype
from bafe.context import disable_jit, options, stance
from bafe.jit import JitFunction, fuse, jit
from bafe.ops import *  # noqa: F403
from bafe.ops import __all__ as _operators
from bafe.surface import (
    astype,
    broadcast_to,
    cast,
    concat,
    concatenate,
    constant,
    cumsum,
    diag,
    expand_dims,
    full,
    gather,
    iota,
    layer_norm,
    layout_transform,
    logsumexp,
    matmul,
    mean,
    norm,
    ones,
    pad,
    reshape,
    softmax,
    squeeze,
    stack,
    take,
    transpose,
    tril,
    triu,
    var,
    where,
    zeros,
)
from bafe.tensor import Tensor
from bafe.tracer import Constant
from bafe.trees import register_pytree

if TYPE_CHECKING:  # at run time these come when they are asked for, by the table below
    from bafe import cache, egraph, onnx, profile_store, report, rules, stages, verify, xp
    from bafe._autotune import (
        autotune_dump_log,
        autotune_model,
        autotune_refit,
        autotune_reset,
        autotune_stats,
        calibrate,
        calibrated_cost_model,
        configure_autotune,
    )
    from bafe.budget import (
        SearchBudget,
        graph_summary,
        make_search_budget,
        optimize,
        pruning_regime_beam_width,
        pruning_regime_iters,
        pruning_regime_name,
    )
    from bafe.certificate import Certificate
    from bafe.declare import input
    from bafe.explanation import Explanation, SearchStats
    from bafe.lazy_array import LazyArray, force, lazy
    from bafe.loops import cond, fori_loop, scan, while_loop
    from bafe.profiling import profile
    from bafe.side_effects import TraceWarning
    from bafe.signatures import (
        ArrayType,
        boolean,
        f16,
        f32,
        f64,
        i8,
        i16,
        i32,
        i64,
        u8,
        u16,
        u32,
        u64,
    )
    from bafe.sliding import avg_pool2d, conv2d, max_pool2d, windows
    from bafe.subscripts import einsum
    from bafe.threads import get_num_threads, set_num_threads
    from bafe.tuning import TuningSummary, autotune

__version__: str = _core.__version__

# Where names are found that a first call does not need: importing BAFE stays short.
_MODULES = (
    "cache", "egraph", "onnx", "profile_store", "report", "rules", "stages", "verify", "xp",
)  # fmt: skip
_LATER = {
    "_autotune": (
        "autotune_dump_log autotune_model autotune_refit autotune_reset autotune_stats calibrate "
        "calibrated_cost_model configure_autotune"
    ),
    "budget": (
        "SearchBudget graph_summary make_search_budget optimize pruning_regime_beam_width "
        "pruning_regime_iters pruning_regime_name"
    ),
    "declare": "input",
    "certificate": "Certificate",
    "explanation": "Explanation SearchStats",
    "lazy_array": "LazyArray force lazy",
    "loops": "cond fori_loop scan while_loop",
    "signatures": "ArrayType boolean f16 f32 f64 i8 i16 i32 i64 u8 u16 u32 u64",
    "profiling": "profile",
    "side_effects": "TraceWarning",
    "sliding": "avg_pool2d conv2d max_pool2d windows",
    "subscripts": "einsum",
    "threads": "get_num_threads set_num_threads",
    "tuning": "TuningSummary autotune",
}
_HOME = {name: home for home, names in _LATER.items() for name in names.split()}
for _name in _HOME:
    globals().pop(_name, None)  # an operator's raw form gives way to the function with manners


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"bafe.{name}")
    if name not in _HOME:
        raise AttributeError(f"module 'bafe' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f"bafe.{_HOME[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME, *_MODULES})


_PRIVATE = {"Any", "TYPE_CHECKING", "annotations"}
_own = {
    name
    for name, value in globals().items()
    if not name.startswith("_") and type(value) is not type(_core)
}
__all__ = sorted({*_own, *_operators, *_HOME, *_MODULES} - _PRIVATE)
