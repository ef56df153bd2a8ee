"""A namespace after the Python array API standard, version 2024.12: arrays that compute at once.

``asarray`` and ``from_dlpack`` make arrays on NumPy's memory. Element-wise functions, reductions
and products run as BAFE's programs, one a call; inside ``bafe.jit`` the same functions record, so
that a function written against the standard (``xp = x.__array_namespace__()``) becomes one
program, and on lazy arrays they wait. Complex dtypes and the extension ``fft`` are not provided.

What NumPy computes on the same memory, because BAFE's IR has no operator for it:

==============================================================  ==================================
functions                                                       inside ``bafe.jit``
==============================================================  ==================================
acos, asin, atan, atan2, copysign, nextafter, signbit           TraceError
acosh, asinh, atanh, cosh, hypot, log2, log10, sinh, tan        made of several operators
sort, argsort, searchsorted, nonzero, unique_*                  TraceError
cumulative_prod, repeat by an array                             TraceError
//, % of large integer arrays by one positive number            operators of that name
linalg: det, slogdet, eigh, eigvalsh, qr, svd, svdvals, pinv,
matrix_rank, matrix_norm except ``fro``                         TraceError
linalg: cholesky, inv, solve (LAPACK)                           operators of that name
views and copies: reshape, concat, stack, flip, roll, tile,
take, permute_dims, square brackets …                           operators that move elements
arange, linspace, eye, full …                                   constants and fills
==============================================================  ==================================

Example:
    >>> import bafe.xp as xp
    >>> x = xp.linspace(0, 1, 5)
    >>> xp.sum(xp.where(x > 0.5, x, 0))
    Array(1.75, dtype=float64)
    >>> f = bafe.jit(lambda x: x.__array_namespace__().exp(-x) + 1)
    >>> f(xp.zeros(2))
    Array([2., 2.], dtype=float64)
"""

from __future__ import annotations

from math import e, inf, nan, pi

from bafe.xp import linalg
from bafe.xp.array_object import Array
from bafe.xp.creation import (
    arange,
    asarray,
    empty,
    empty_like,
    eye,
    full,
    full_like,
    linspace,
    meshgrid,
    ones,
    ones_like,
    tril,
    triu,
    zeros,
    zeros_like,
)
from bafe.xp.data_types import (
    astype,
    bool_,
    can_cast,
    finfo,
    float16,
    float32,
    float64,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    isdtype,
    result_type,
    uint8,
    uint16,
    uint32,
    uint64,
)
from bafe.xp.elementwise import *  # noqa: F403
from bafe.xp.elementwise import __all__ as _elementwise
from bafe.xp.exchange import from_dlpack
from bafe.xp.indexing import take, take_along_axis
from bafe.xp.info import __array_namespace_info__
from bafe.xp.linear_algebra import matmul, matrix_transpose, tensordot, vecdot
from bafe.xp.manipulation import (
    broadcast_arrays,
    broadcast_to,
    concat,
    expand_dims,
    flip,
    moveaxis,
    permute_dims,
    repeat,
    reshape,
    roll,
    squeeze,
    stack,
    tile,
    unstack,
)
from bafe.xp.searching import argmax, argmin, count_nonzero, nonzero, searchsorted
from bafe.xp.sets import unique_all, unique_counts, unique_inverse, unique_values
from bafe.xp.sorting import argsort, sort
from bafe.xp.statistics import (
    cumulative_prod,
    cumulative_sum,
    max,
    mean,
    min,
    prod,
    std,
    sum,
    var,
)
from bafe.xp.utility import all, any, diff

__array_api_version__ = "2024.12"
bool = bool_
newaxis = None

__all__ = [
    *(
        "Array all any arange argmax argmin argsort asarray astype bool broadcast_arrays "
        "broadcast_to can_cast concat count_nonzero cumulative_prod cumulative_sum diff e empty "
        "empty_like expand_dims eye finfo flip float16 float32 float64 from_dlpack full full_like "
        "iinfo inf int16 int32 int64 int8 isdtype linalg linspace matmul matrix_transpose max mean "
        "meshgrid min moveaxis nan newaxis nonzero ones ones_like permute_dims pi prod repeat "
        "reshape result_type roll searchsorted sort squeeze stack std sum take take_along_axis "
        "tensordot tile tril triu uint16 uint32 uint64 uint8 unique_all unique_counts "
        "unique_inverse unique_values unstack var vecdot zeros zeros_like"
    ).split(),
    *_elementwise,
    "__array_api_version__",
    "__array_namespace_info__",
]
