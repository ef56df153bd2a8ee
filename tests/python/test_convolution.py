"""Convolution and pooling against plain loops over windows."""

import re

import bafe
import numpy as np
import pytest

DTYPES = ["bool", "int8", "uint16", "int32", "int64", "float16", "float32", "float64"]


def both(function, *arguments):
    for tier in ("compiled", "interpreted"):
        yield tier, bafe.jit(function, tier=tier)(*arguments)


def sides(padding, size, span, step):
    """Padding before and after the two image axes."""
    if padding == "same":
        total = [max((-(-n // s) - 1) * s + k - n, 0) for n, k, s in zip(size, span, step)]
        return [(t // 2, t - t // 2) for t in total]
    if padding == "valid":
        return [(0, 0), (0, 0)]
    if isinstance(padding, int):
        return [(padding, padding)] * 2
    return [(p, p) if isinstance(p, int) else tuple(p) for p in padding]


def pair(value):
    return (value, value) if isinstance(value, int) else value


def slow_conv(x, w, stride=1, padding=0, dilation=1, groups=1):
    """NCHW by loops over results; each is one sum over a strided view."""
    stride, dilation = pair(stride), pair(dilation)
    out_channels, depth, kh, kw = w.shape
    span = [(k - 1) * d + 1 for k, d in zip((kh, kw), dilation)]
    pads = sides(padding, x.shape[2:], span, stride)
    xp = np.pad(x, [(0, 0), (0, 0), *pads])
    oh, ow = ((n - k) // s + 1 for n, k, s in zip(xp.shape[2:], span, stride))
    out = np.zeros((x.shape[0], out_channels, oh, ow), np.result_type(x, w))
    each = out_channels // groups
    for o in range(out_channels):
        first = o // each * depth
        for i in range(oh):
            for j in range(ow):
                top, left = i * stride[0], j * stride[1]
                view = xp[
                    :,
                    first : first + depth,
                    top : top + span[0] : dilation[0],
                    left : left + span[1] : dilation[1],
                ]
                product = view.astype(out.dtype) * w[o].astype(out.dtype)
                if out.dtype == bool:
                    out[:, o, i, j] = product.any((1, 2, 3))
                else:
                    out[:, o, i, j] = product.sum((1, 2, 3), dtype=out.dtype)
    return out


def channels_last(x, w):
    return x.transpose(0, 2, 3, 1), w.transpose(2, 3, 1, 0)


def random_case(seed):
    rng = np.random.default_rng(seed)
    groups = int(rng.choice([1, 1, 1, 2, 3]))
    depth, each = int(rng.choice([1, 2, 5])), int(rng.choice([1, 2, 3]))
    kernel = [int(k) for k in rng.choice([1, 2, 3, 5], 2)]
    dilation = tuple(int(d) for d in rng.choice([1, 1, 2, 3], 2))
    size = [(k - 1) * d + int(rng.integers(1, 9)) for k, d in zip(kernel, dilation)]
    padding = [0, 1, 2, "same", "valid", (1, 2), ((0, 1), (2, 0))][int(rng.integers(0, 7))]
    stride = tuple(int(s) for s in rng.choice([1, 1, 2, 3], 2))
    n = int(rng.choice([0, 1, 1, 2]))
    x = rng.integers(-4, 5, (n, groups * depth, *size))
    w = rng.integers(-4, 5, (groups * each, depth, *kernel))
    return x, w, {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


@pytest.mark.parametrize("seed", range(24))
def test_random_convolutions_are_exact_on_small_numbers(seed):
    x, w, how = random_case(seed)
    dtype = DTYPES[seed % len(DTYPES)]
    if dtype == "bool" or dtype.startswith("u"):
        x, w = np.abs(x), np.abs(w)
    x, w = x.astype(dtype), w.astype(dtype)
    want = slow_conv(x, w, **how)
    for tier, got in both(lambda x, w: bafe.conv2d(x, w, **how), x, w):
        assert got.dtype == want.dtype and got.shape == want.shape
        np.testing.assert_array_equal(got, want, err_msg=tier)
    xl, wl = channels_last(x, w)
    for tier, got in both(lambda x, w: bafe.conv2d(x, w, layout="NHWC", **how), xl, wl):
        np.testing.assert_array_equal(got.transpose(0, 3, 1, 2), want, err_msg=tier)


LARGE = [  # channels, outputs, image, kernel, stride, padding, dilation, groups
    (16, 24, (20, 21), (3, 3), 1, 1, 1, 1),
    (7, 40, (15, 33), (3, 3), 2, 1, 1, 1),
    (3, 33, (37, 41), (7, 7), 2, 3, 1, 1),
    (12, 20, (18, 17), (3, 3), 1, 2, 2, 1),
    (32, 32, (9, 9), (3, 3), 1, 1, 1, 4),
    (33, 17, (14, 14), (1, 1), 1, 0, 1, 1),
    (33, 17, (14, 14), (1, 1), 2, 0, 1, 1),
    (20, 20, (13, 19), (3, 3), 1, 1, 1, 20),
    (20, 20, (13, 19), (5, 3), 2, "same", 1, 20),
    (10, 30, (13, 19), (3, 3), 1, ((0, 2), (1, 0)), 1, 10),
    (16, 16, (7, 7), (3, 3), 1, 1, 1, 1),
    (19, 18, (6, 40), (1, 5), (1, 3), (0, 2), 1, 1),
]


@pytest.mark.parametrize("case", LARGE, ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_convolutions_of_floats_with_bias_and_relu(rng, case, dtype):
    channels, outputs, image, kernel, stride, padding, dilation, groups = case
    x = rng.standard_normal((2, channels, *image)).astype(dtype)
    w = rng.standard_normal((outputs, channels // groups, *kernel)).astype(dtype)
    bias = rng.standard_normal(outputs).astype(dtype)
    how = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    exact = slow_conv(x.astype("float64"), w.astype("float64"), **how)
    exact = np.maximum(exact + bias[:, None, None].astype("float64"), 0)
    scale = 4e-6 if dtype == "float32" else 1e-13
    xl, wl = channels_last(x, w)
    for math in ("reals", "bits"):
        f = bafe.jit(lambda x, w, b: bafe.relu(bafe.conv2d(x, w, b, **how)), math=math)
        np.testing.assert_allclose(f(x, w, bias), exact, atol=scale * 20)
        one = bafe.jit(lambda x, w: bafe.conv2d(x, w, **how), math=math)(x[:1], w)
        np.testing.assert_allclose(
            np.maximum(one + bias[:, None, None], 0), exact[:1], atol=scale * 20
        )
        g = bafe.jit(
            lambda x, w, b: bafe.relu(bafe.conv2d(x, w, b, layout="NHWC", **how)), math=math
        )
        np.testing.assert_allclose(g(xl, wl, bias), exact.transpose(0, 2, 3, 1), atol=scale * 20)


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("groups", [1, 4, 8])
def test_bits_equal_the_interpreters(rng, layout, groups):
    x = rng.standard_normal((1, 8, 19, 18)).astype(np.float32)
    w = rng.standard_normal((16, 8 // groups, 3, 3)).astype(np.float32)
    if layout == "NHWC":
        x, w = (np.ascontiguousarray(a) for a in channels_last(x, w))

    def f(x, w):
        return bafe.conv2d(x, w, padding=1, groups=groups, layout=layout)

    compiled = bafe.jit(f, math="bits", tier="compiled")(x, w)
    np.testing.assert_array_equal(compiled, bafe.jit(f, math="bits", tier="interpreted")(x, w))


def test_constant_weights_and_a_chain_of_layers(rng):
    x = rng.standard_normal((1, 3, 20, 20)).astype(np.float32)
    w1 = rng.standard_normal((16, 3, 3, 3)).astype(np.float32)
    w2 = rng.standard_normal((8, 16, 3, 3)).astype(np.float32)
    c1, c2 = bafe.constant(w1), bafe.constant(w2)

    def net(x):
        y = bafe.relu(bafe.conv2d(x, c1, padding="same"))
        y = bafe.max_pool2d(y, 3, 2, 1)
        return bafe.avg_pool2d(bafe.conv2d(y, c2, stride=2, padding=1))

    y = np.maximum(slow_conv(x, w1, padding=1), 0)
    y = slow_pool(y, (3, 3), (2, 2), [(1, 1), (1, 1)], np.max, -np.inf)
    want = slow_conv(y, w2, 2, 1).mean((2, 3), keepdims=True)
    np.testing.assert_allclose(bafe.jit(net)(x), want, rtol=1e-4, atol=1e-4)


def test_nan_and_infinity_stay_in_their_windows():
    x = np.zeros((1, 2, 9, 9), np.float32)
    x[0, 0, 4, 4], x[0, 1, 0, 0] = np.nan, np.inf
    w = np.ones((3, 2, 3, 3), np.float32)
    for tier, got in both(lambda x, w: bafe.conv2d(x, w, padding=1), x, w):
        want = np.zeros((1, 3, 9, 9), np.float32)
        want[:, :, :2, :2], want[:, :, 3:6, 3:6] = np.inf, np.nan
        np.testing.assert_array_equal(got, want, err_msg=tier)


def slow_pool(x, window, stride, pads, reduce, fill):
    xp = np.pad(x, [(0, 0), (0, 0), *pads], constant_values=fill)
    view = np.lib.stride_tricks.sliding_window_view(xp, window, (2, 3))
    return reduce(view[:, :, :: stride[0], :: stride[1]], axis=(4, 5))


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int64", "float16", "float32", "float64"])
@pytest.mark.parametrize("case", range(8))
def test_pooling(rng, dtype, case):
    window = tuple(int(k) for k in rng.integers(1, 4, 2))
    stride = tuple(int(s) for s in rng.integers(1, 4, 2))
    pads = [tuple(int(p) for p in rng.integers(0, k, 2)) for k in window]
    x = rng.integers(0 if dtype[0] == "u" else -20, 20, (case % 3, 4, 9, 11)).astype(dtype)
    lowest = -np.inf if dtype[0] == "f" else np.iinfo(dtype).min
    want = slow_pool(x, window, stride, pads, np.max, lowest)
    for layout in ("NCHW", "NHWC"):
        last = layout == "NHWC"
        for tier, got in both(
            lambda x, n=layout: bafe.max_pool2d(x, window, stride, pads, layout=n),
            x.transpose(0, 2, 3, 1) if last else x,
        ):
            assert got.dtype == want.dtype
            got = got.transpose(0, 3, 1, 2) if last else got
            np.testing.assert_array_equal(got, want, err_msg=tier)
    wide = x.astype("float64")
    total = slow_pool(wide, window, stride, pads, np.sum, 0)
    count = slow_pool(np.ones_like(wide), window, stride, pads, np.sum, 0)
    for include, divisor in ((True, window[0] * window[1]), (False, count)):
        for tier, got in both(
            lambda x, i=include: bafe.avg_pool2d(x, window, stride, pads, count_include_pad=i), x
        ):
            assert got.dtype == (dtype if dtype[0] == "f" else np.float64)
            rtol = 2e-3 if dtype == "float16" else 1e-6
            np.testing.assert_allclose(got, total / divisor, rtol=rtol, err_msg=tier)


def test_ceil_mode_adds_windows_that_start_inside():
    x = np.arange(7.0 * 6).reshape(1, 1, 7, 6)
    got = bafe.max_pool2d(x, 2, 2, ceil_mode=True)
    assert got[0, 0].tolist() == [[7, 9, 11], [19, 21, 23], [31, 33, 35], [37, 39, 41]]
    mean = bafe.avg_pool2d(x, 2, 2, ceil_mode=True)
    assert mean[0, 0, 3].tolist() == [36.5, 38.5, 40.5]
    padded = bafe.avg_pool2d(np.ones((1, 1, 4, 4)), 3, 2, 1, ceil_mode=True)
    assert padded.shape == (1, 1, 3, 3)
    # torch's divisors: padding counts, what lies beyond it does not
    np.testing.assert_allclose(
        padded[0, 0] * 9, [[4, 6, 3], [6, 9, 4.5], [3, 4.5, 2.25]], rtol=1e-12
    )
    no_start = bafe.max_pool2d(np.ones((1, 1, 3, 3)), 1, 3, ceil_mode=True)
    assert no_start.shape == (1, 1, 1, 1)


def test_windows_are_numpys(rng):
    x = rng.standard_normal((6, 7, 3))
    view = np.lib.stride_tricks.sliding_window_view
    cases = [
        ((2, 3), (0, 1)),
        (4, 1),
        ((3, 2), (1, 0)),
        ((2, 2), (0, 0)),
        ((1, 2, 3), None),
        ((2, 2, 1), None),
    ]
    for sizes, axis in cases:
        want = view(x, sizes, axis)
        for tier, got in both(lambda x, s=sizes, a=axis: view(x, s, a) + 0, x):
            np.testing.assert_array_equal(got, want, err_msg=tier)
    want = view(x, (3, 3), (0, 1))[::2, ..., ::2]
    np.testing.assert_array_equal(bafe.windows(x, (1, 0), (2, 3), (1, 2), (2, 1)), want)
    assert bafe.windows(np.zeros((0, 2)), 0, 1).shape == (0, 2, 1)


def test_integers_of_numpy_are_integers(rng):
    x, w = rng.random((1, 4, 6, 6)), rng.random((4, 2, 3, 3))
    two, zero = np.int64(2), np.int64(0)
    want = bafe.conv2d(x, w, groups=2, stride=2, padding=2, dilation=2)
    got = bafe.conv2d(x, w, groups=two, stride=two, padding=two, dilation=np.array([2, 2]))
    assert np.array_equal(got, want)
    view = np.lib.stride_tricks.sliding_window_view
    for axis, size in ((zero, 2), (0, two), ((zero, 1), (two, 3))):
        got = bafe.jit(lambda a, axis=axis, size=size: view(a, size, axis=axis) + 0)(x[0, 0])
        assert np.array_equal(got, view(x[0, 0], size, axis=axis))
    assert bafe.windows(x, zero, np.int32(1)).shape == (1, 4, 6, 6, 1)
    assert bafe.pad(x[0, 0, 0], np.int64(1), two).shape == (9,)
    assert bafe.full(two, 1.0).shape == bafe.iota(two).shape == (2,)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: bafe.conv2d(ones((1, 2, 4, 4)), ones((4, 2, 3, 3)), groups=1.9), "groups is 1.9"),
        (lambda: bafe.windows(ones(5), 0, 2.5), "window is 2.5"),
        (lambda: bafe.windows(ones(5), 0.0, 2), "axes is 0.0"),
        (lambda: bafe.windows(ones(5), 0, 2, stride=[1.5]), "stride is"),
    ],
)
def test_what_is_no_integer_is_refused(call, what):
    with pytest.raises(bafe.TraceError, match=f"test_convolution.py:.*{what}(.|\n)*fix: give"):
        call()


ones = np.ones
ERRORS = {
    "conv2d_channels": lambda: bafe.conv2d(ones((1, 3, 8, 8)), ones((4, 2, 3, 3))),
    "conv2d_rank": lambda: bafe.conv2d(ones((3, 8, 8)), ones((4, 3, 3, 3))),
    "conv2d_groups": lambda: bafe.conv2d(ones((1, 4, 8, 8)), ones((3, 2, 3, 3)), groups=2),
    "conv2d_window": lambda: bafe.conv2d(ones((1, 2, 4, 4)), ones((4, 2, 3, 3)), dilation=2),
    "conv2d_stride": lambda: bafe.conv2d(ones((1, 2, 4, 4)), ones((4, 2, 3, 3)), stride=0),
    "conv2d_stride_entries": lambda: bafe.conv2d(
        ones((1, 2, 4, 4)), ones((4, 2, 3, 3)), stride=(1, 2, 3)
    ),
    "conv2d_padding": lambda: bafe.conv2d(ones((1, 2, 4, 4)), ones((4, 2, 3, 3)), padding=-1),
    "conv2d_padding_word": lambda: bafe.conv2d(
        ones((1, 2, 4, 4)), ones((4, 2, 3, 3)), padding="full"
    ),
    "conv2d_layout": lambda: bafe.conv2d(ones((1, 2, 4, 4)), ones((4, 2, 3, 3)), layout="CHWN"),
    "conv2d_bias": lambda: bafe.conv2d(ones((1, 2, 4, 4)), ones((4, 2, 3, 3)), ones(3)),
    "max_pool2d_padding": lambda: bafe.max_pool2d(ones((1, 2, 4, 4)), 2, padding=2),
    "avg_pool2d_window": lambda: bafe.avg_pool2d(ones((1, 2, 4, 4)), (5, 1)),
    "windows_axis": lambda: bafe.windows(ones((3, 4)), 2, 2),
    "windows_entries": lambda: bafe.windows(ones((3, 4)), (0, 1), 2),
    "max_pool2d_empty": lambda: bafe.max_pool2d(ones((1, 2, 0, 4))),
    "conv2d_layout_number": lambda: bafe.conv2d(ones((1, 2, 4, 4)), ones((4, 2, 3, 3)), layout=3),
    "windows_size": lambda: bafe.windows(ones((3, 4)), 0, 4),
}


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_message_is_frozen(name, golden):
    with pytest.raises(bafe.ShapeError) as caught:
        bafe.jit(lambda x: ERRORS[name]() + x)(1.0)
    message = re.sub(r"test_convolution\.py:\d+", "test_convolution.py:LINE", str(caught.value))
    golden(f"errors/python/{name}.txt", message)
