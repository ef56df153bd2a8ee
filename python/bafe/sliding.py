"""Convolution and pooling of images, and windows of arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, Union

from bafe import _core
from bafe import tracer as _t
from bafe.tracer import ArrayLike, Axes, _call, _index, _indices, _place

Layout = Literal["NCHW", "NHWC"]
Padding = Union[int, Literal["same", "valid"], Sequence[Union[int, Sequence[int]]]]


def _pair(subject: str, name: str, value: Any) -> tuple[int, int]:
    """One number for both image axes, or one for each."""
    try:
        entries = _indices(subject, name, value)
    except _core.TraceError:
        entries = ()
    if len(entries) == 2:
        return entries[0], entries[1]
    if len(entries) == 1 and not isinstance(value, (list, tuple)):
        return entries[0], entries[0]
    raise _core.ShapeError(
        f"{_place()}{subject}: {name} is {value!r}\n"
        "  fix: give an integer, or one for the height and one for the width"
    )


def _padding(subject: str, padding: Any) -> dict[str, Any]:
    if isinstance(padding, str):
        if padding not in ("same", "valid"):
            raise _core.ShapeError(
                f"{_place()}{subject}: padding is {padding!r}\n"
                '  fix: use "same", "valid" or numbers'
            )
        return {"low": (0, 0), "high": (0, 0), "same": padding == "same"}
    if isinstance(padding, (list, tuple)) and len(padding) == 2:
        sides = [_pair(subject, "padding", side) for side in padding]
        return {
            "low": (sides[0][0], sides[1][0]),
            "high": (sides[0][1], sides[1][1]),
            "same": False,
        }
    both = _pair(subject, "padding", padding)
    return {"low": both, "high": both, "same": False}


def _geometry(
    subject: str, stride: Any, padding: Any, dilation: Any, layout: str, ceil_mode: bool = False
) -> dict[str, Any]:
    return {
        "layout": str(layout),
        "stride": _pair(subject, "stride", stride),
        "dilation": _pair(subject, "dilation", dilation),
        "ceil_mode": bool(ceil_mode),
        **_padding(subject, padding),
    }


def conv2d(
    x: ArrayLike,
    w: ArrayLike,
    bias: ArrayLike | None = None,
    stride: Axes = 1,
    padding: Padding = 0,
    dilation: Axes = 1,
    groups: int = 1,
    layout: Layout = "NCHW",
) -> Any:
    """Slide weights over images and sum the products (a cross-correlation, as in networks).

    Args:
        x: images [N, C, H, W], or [N, H, W, C] with ``layout="NHWC"``.
        w: weights [O, C / groups, KH, KW], or [KH, KW, C / groups, O] with ``layout="NHWC"``.
        bias: one number for each of the O output channels.
        stride: steps of the window, one number or (height, width).
        padding: zeros around the images: one number, (height, width), ((top, bottom), (left,
            right)), ``"valid"`` for none, or ``"same"`` for results of size ceil(size / stride).
        dilation: distance between the elements of a window.
        groups: the channels fall into so many groups that do not meet; C of them is depthwise.
        layout: order of the image axes, of the result too.

    Raises:
        ShapeError: sizes, groups or windows do not fit; the message names them and a fix.
        TraceError: ``groups`` is no integer.

    Example:
        >>> bafe.conv2d(np.ones((1, 1, 3, 3)), np.ones((1, 1, 2, 2)))
        array([[[[4., 4.],
                 [4., 4.]]]])
    """
    geometry = _geometry("conv2d", stride, padding, dilation, layout)
    count = _index("conv2d", "groups", groups)
    loc = _t.user_loc()
    operands = [x, w] if bias is None else [x, w, bias]
    return _t._record(operands, lambda t, ids: t.trace.conv2d(ids, geometry, count, loc))


def _pool(name: str, x: Any, window: Any, geometry: dict[str, Any], include: bool) -> Any:
    geometry["window"] = None if window is None else _pair(name, "window", window)
    loc = _t.user_loc()
    return _t._record([x], lambda t, ids: t.trace.pool2d(name, ids[0], geometry, include, loc))


def max_pool2d(
    x: ArrayLike,
    window: Axes | None = None,
    stride: Axes | None = None,
    padding: Padding = 0,
    dilation: Axes = 1,
    ceil_mode: bool = False,
    layout: Layout = "NCHW",
) -> Any:
    """Largest element of each window; NaN wins, padding never does.

    Args:
        x: images [N, C, H, W], or [N, H, W, C] with ``layout="NHWC"``.
        window: size of the window, one number or (height, width); None for the whole image.
        stride: steps of the window; None for its size.
        padding: as in ``conv2d``, less than a window.
        dilation: distance between the elements of a window.
        ceil_mode: a last window may reach beyond the padding.
        layout: order of the image axes.

    Raises:
        ShapeError: a window does not fit.

    Example:
        >>> bafe.max_pool2d(np.arange(16.0).reshape(1, 1, 4, 4), 2)
        array([[[[ 5.,  7.],
                 [13., 15.]]]])
    """
    steps = stride if stride is not None else 1 if window is None else window
    geometry = _geometry("max_pool2d", steps, padding, dilation, layout, ceil_mode)
    return _pool("max_pool2d", x, window, geometry, False)


def avg_pool2d(
    x: ArrayLike,
    window: Axes | None = None,
    stride: Axes | None = None,
    padding: Padding = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    layout: Layout = "NCHW",
) -> Any:
    """Mean of each window; integers give float64.

    Args:
        x: images [N, C, H, W], or [N, H, W, C] with ``layout="NHWC"``.
        window: size of the window, one number or (height, width); None for the whole image.
        stride: steps of the window; None for its size.
        padding: as in ``conv2d``, less than a window.
        ceil_mode: a last window may reach beyond the padding; what lies there never counts.
        count_include_pad: padding counts as zeros; else only elements of the image count.
        layout: order of the image axes.

    Raises:
        ShapeError: a window does not fit.

    Example:
        >>> bafe.avg_pool2d(np.arange(4.0).reshape(1, 1, 2, 2))
        array([[[[1.5]]]])
    """
    steps = stride if stride is not None else 1 if window is None else window
    geometry = _geometry("avg_pool2d", steps, padding, 1, layout, ceil_mode)
    return _pool("avg_pool2d", x, window, geometry, bool(count_include_pad))


def windows(
    x: ArrayLike,
    axes: Axes,
    window: Axes,
    stride: Axes | None = None,
    dilation: Axes | None = None,
) -> Any:
    """Windows that slide along some axes, as new axes at the end; nothing is copied when they are
    read by the operators that use them.

    Args:
        x: an array of any rank.
        axes: the axes that windows slide along, one number or increasing ones.
        window: size of the window, one number for each of these axes.
        stride: steps of the window, one number an axis; 1 where left out.
        dilation: distance between the elements of a window, one number an axis; 1 where left out.

    Returns:
        The axes of ``x``, those of ``axes`` counting windows, then one axis for each of them
        with the elements of a window.

    Raises:
        ShapeError: a window does not fit.
        TraceError: a number is no integer.

    Example:
        >>> bafe.windows(np.arange(5), 0, 3, stride=2)
        array([[0, 1, 2],
               [2, 3, 4]])
    """

    over = _indices("windows", "axes", axes)
    sizes = _indices("windows", "window", window)
    steps = (1,) * len(over) if stride is None else _indices("windows", "stride", stride)
    spread = (1,) * len(over) if dilation is None else _indices("windows", "dilation", dilation)
    return _call("windows", (x,), (over, sizes, steps, spread))
