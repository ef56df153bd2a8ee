"""BAFE: NumPy functions as searched, compiled, cached C kernels.

Example:
    >>> import bafe, numpy as np
    >>> f = bafe.jit(lambda a, b, v: (a @ b) @ v)
    >>> f(np.eye(2), np.eye(2), np.ones(2))
    array([1., 1.])
"""

from bafe import _core, cache, egraph, rules, verify
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
from bafe.autotune import (
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
from bafe.call import ShapeDtype
from bafe.declare import input
from bafe.explanation import Explanation, SearchStats
from bafe.jit import JitFunction, fuse, jit
from bafe.ops import *  # noqa: F403
from bafe.ops import __all__ as _operators
from bafe.sliding import avg_pool2d, conv2d, max_pool2d, windows
from bafe.subscripts import einsum
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
from bafe.threads import get_num_threads, set_num_threads
from bafe.tracer import Constant
from bafe.trees import register_pytree

__version__: str = _core.__version__

__all__ = sorted(
    {name for name in dir() if not name.startswith("_") and name not in ("annotations",)}
    | set(_operators)
)
