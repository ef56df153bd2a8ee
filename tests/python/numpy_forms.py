"""Hundreds of forms that people write with NumPy, as text: each is traced and compared with
NumPy for value, dtype and shape. Names: a b z [3, 4] float64 (z with NaN and infinities), f [3, 4]
float32, p positive, s [3, 3] float64, v [4] and w [3] float64, n [3, 4] int64, h [3, 4] int16,
k [2] int64 indices, m [3, 4] bool, c [2, 3, 4] float64, x a float64 of rank 0."""

_UNARY = """abs absolute fabs negative positive sign rint floor ceil trunc sqrt square exp exp2
expm1 log1p sin cos tan tanh sinh cosh arctan arcsinh cbrt reciprocal degrees radians rad2deg
deg2rad isnan isinf isfinite signbit conjugate isneginf isposinf nan_to_num fix round logical_not"""
_POSITIVE = "log log2 log10 sqrt reciprocal cbrt"
_UNIT = "arcsin arccos arctanh"
_BINARY = """add subtract multiply divide true_divide floor_divide mod remainder power maximum
minimum fmax fmin fmod arctan2 hypot copysign heaviside logaddexp logaddexp2 float_power equal
not_equal less less_equal greater greater_equal logical_and logical_or logical_xor divmod"""
_BITS = "bitwise_and bitwise_or bitwise_xor left_shift right_shift"
_REDUCTIONS = "sum prod max min mean var std any all argmax argmin ptp cumsum cumprod"

UFUNCS = [
    *(f"np.{name}(a)" for name in _UNARY.split()),
    *(f"np.{name}(f)" for name in _UNARY.split()),
    *(f"np.{name}(p)" for name in _POSITIVE.split()),
    *(f"np.{name}(np.tanh(a))" for name in _UNIT.split()),
    *(f"np.{name}(p, b)" for name in _BINARY.split()),
    *(f"np.{name}(p, v)" for name in _BINARY.split()),
    *(f"np.{name}(f, 2)" for name in _BINARY.split()),
    *(f"np.{name}(n, h)" for name in _BITS.split()),
    *(f"np.{name}(n)" for name in "negative abs sign square invert sqrt exp sin arctan".split()),
    *(f"np.{name}(h)" for name in "negative abs sign square invert sqrt exp sin arctan".split()),
    *(f"np.{name}(z)" for name in "isnan isinf isfinite nan_to_num signbit arctan sign".split()),
    *("np.arctan2(z, b)", "np.hypot(z, b)", "np.fmax(z, b)", "np.fmin(b, z)"),
    *("np.add(a, b, dtype='float32')", "np.add(n, 1, dtype=np.float64)", "np.modf(a)"),
    *("np.add(a, b, out=np.empty_like(a))", "np.sqrt(p, out=np.zeros_like(p), where=m)"),
    *("np.divide(a, b, out=np.zeros_like(a), where=b != 0)", "np.multiply.outer(v, w)"),
    *("np.add.reduce(a)", "np.add.reduce(a, axis=1)", "np.maximum.reduce(a, axis=None)"),
    *("np.multiply.reduce(a, axis=0, keepdims=True)", "np.logical_or.reduce(m, axis=1)"),
    *("np.add.accumulate(a)", "np.maximum.accumulate(a, axis=1)", "np.multiply.accumulate(v)"),
    *("np.subtract.outer(v, w)", "np.minimum.reduce(n, axis=(0, 1))", "np.minimum.accumulate(n)"),
]

OPERATORS = [
    *(f"a {op} b" for op in "+ - * / // % ** < <= > >= == !=".split()),
    *(f"p {op} 2" for op in "+ - * / // % ** < <= > >= == !=".split()),
    *(f"2 {op} p" for op in "+ - * / // % ** < <= > >= == !=".split()),
    *(f"f {op} 2.5" for op in "+ - * / // %".split()),
    *(f"n {op} 3" for op in "+ - * / // % ** & | ^ << >>".split()),
    *(f"3 {op} (n * 0 + 2)" for op in "+ - * // % ** & | ^ <<".split()),
    *(f"h {op} (n * n + 1)" for op in "+ - * / // % & | ^".split()),
    *("a @ v", "v @ a.T", "v @ v", "a @ b.T", "c @ b.T", "-a", "+a", "abs(a)", "~m", "~n", "m & m"),
    *(
        "m | (a > 0)",
        "m ^ m",
        "divmod(p, 2.0)",
        "divmod(2.0, p)",
        "a + w[:, None]",
        "x + 1",
        "x * a",
    ),
    *("a + [1, 2, 3, 4]", "a * np.arange(4)", "np.float32(2) * f", "np.float64(2) * f", "m + m"),
    *("p ** 0.5", "a ** 3", "p ** -1", "n ** 2", "m * a"),
]

METHODS = [
    *(f"a.{name}()" for name in _REDUCTIONS.split() if name != "ptp"),
    *(f"a.{name}(axis=0)" for name in _REDUCTIONS.split() if name != "ptp"),
    *(f"a.{name}(1)" for name in _REDUCTIONS.split() if name != "ptp"),
    *(f"c.{name}(axis=(0, 2))" for name in "sum prod max min mean var std any all".split()),
    *(f"a.{name}(axis=-1, keepdims=True)" for name in "sum prod max min mean var std any".split()),
    *(f"n.{name}()" for name in _REDUCTIONS.split() if name != "ptp"),
    *(f"h.{name}(axis=0)" for name in "sum prod max min mean var std cumsum argmax".split()),
    *(f"f.{name}(axis=0)" for name in "sum prod max min mean var std cumsum".split()),
    *(
        "a.sum(dtype=np.float32)",
        "h.sum(dtype=np.int16)",
        "a.sum(initial=5.0)",
        "a.max(initial=9.0)",
    ),
    *("a.sum(where=m)", "a.mean(where=m)", "a.max(where=m, initial=-9.0)", "a.std(ddof=1)"),
    *(
        "a.var(axis=0, ddof=1)",
        "a.all(where=m)",
        "a.any(axis=1)",
        "a.sum(axis=())",
        "a.prod(where=m)",
    ),
    *("a.T", "a.mT", "c.mT", "a.real", "a.imag", "a.ravel()", "a.flatten()", "a.reshape(4, 3)"),
    *("a.reshape((2, -1))", "a.reshape(-1)", "a.ravel(order='F')", "a.reshape(4, 3, order='F')"),
    *("c.transpose(2, 0, 1)", "c.transpose((1, 0, 2))", "c.swapaxes(0, 2)", "a[None].squeeze()"),
    *("a[None].squeeze(axis=0)", "a.astype(np.float32)", "a.astype('int32')", "a.astype(int)"),
    *("n.astype(float)", "m.astype(int)", "a.astype(bool)", "a.astype(a.dtype, copy=False)"),
    *("a.clip(-1, 1)", "a.clip(min=0)", "a.clip(max=0.5)", "a.round()", "a.round(2)", "a.copy()"),
    *(
        "a.dot(v)",
        "a.dot(b.T)",
        "v.dot(v)",
        "a.trace()",
        "s.trace(1)",
        "s.diagonal()",
        "a.diagonal(1)",
    ),
    *("c.diagonal(axis1=0, axis2=1)", "a.repeat(2)", "a.repeat(3, axis=1)", "a.take([0, 2])"),
    *("a.take(k, axis=1)", "a.conj()", "a.ptp() if hasattr(np.ndarray, 'ptp') else np.ptp(a)"),
    *("np.asarray([a.ndim, a.size, a.itemsize, a.nbytes, len(a), *a.shape])", "a.flat[2] + 0"),
]

JOINS = [
    *(
        "np.concatenate([a, b])",
        "np.concatenate((a, b), axis=1)",
        "np.concatenate([a, b], axis=None)",
    ),
    *("np.concatenate([a, n])", "np.concatenate([f, a], dtype=np.float32)", "np.stack([a, b])"),
    *("np.stack([a, b], axis=-1)", "np.vstack([a, v])", "np.vstack([v, v])", "np.hstack([a, b])"),
    *("np.hstack([v, w])", "np.dstack([a, b])", "np.dstack([v, v])", "np.column_stack([w, a])"),
    *(
        "np.column_stack([w, w])",
        "np.block([[a, b], [b, a]])",
        "np.block([v, w])",
        "np.append(a, v)",
    ),
    *("np.append(a, b, axis=0)", "np.split(a, 2, axis=1)", "np.split(a, [1, 3], axis=1)"),
    *("np.array_split(a, 3, axis=1)", "np.hsplit(a, 2)", "np.vsplit(a, 3)", "np.dsplit(c, 2)"),
    *("np.tile(a, 2)", "np.tile(a, (2, 3))", "np.tile(v, (2, 1))", "np.tile(a, (2, 1, 1))"),
    *(
        "np.repeat(a, 2)",
        "np.repeat(a, 2, axis=0)",
        "np.repeat(a, [1, 0, 2], axis=0)",
        "np.roll(a, 1)",
    ),
    *("np.roll(a, 1, axis=0)", "np.roll(a, -2, axis=1)", "np.roll(a, (1, 2), axis=(0, 1))"),
    *("np.roll(v, 5)", "np.rot90(a)", "np.rot90(a, 2)", "np.rot90(a, 3)", "np.rot90(c, 1, (1, 2))"),
    *("np.flip(a)", "np.flip(a, 0)", "np.flip(c, (0, 2))", "np.fliplr(a)", "np.flipud(a)"),
    *("np.moveaxis(c, 0, -1)", "np.moveaxis(c, (0, 1), (2, 0))", "np.rollaxis(c, 2)"),
    *("np.swapaxes(c, 0, 1)", "np.transpose(c)", "np.transpose(c, (2, 0, 1))", "np.ravel(a)"),
    *(
        "np.reshape(a, (2, 6))",
        "np.reshape(a, -1)",
        "np.expand_dims(a, 1)",
        "np.expand_dims(a, (0, 2))",
    ),
    *("np.squeeze(a[None])", "np.broadcast_to(v, (2, 4))", "np.broadcast_arrays(a, v)[1] + 0"),
    *("np.atleast_1d(x)", "np.atleast_2d(v)", "np.atleast_3d(a)", "np.atleast_2d(x, v)"),
    *("np.pad(a, 1)", "np.pad(a, ((1, 0), (2, 3)))", "np.pad(a, 1, constant_values=7)"),
    *(
        "np.pad(a, 2, mode='edge')",
        "np.pad(a, 1, 'reflect')",
        "np.pad(a, ((0, 1), (2, 0)), 'wrap')",
    ),
    *("np.pad(a, 2, mode='symmetric')", "np.pad(v, (1, 2), constant_values=(3, 4))"),
    *("np.meshgrid(v, w)", "np.meshgrid(v, w, indexing='ij')", "np.meshgrid(v, w, sparse=True)"),
    *(
        "np.tril(a)",
        "np.triu(a, 1)",
        "np.tril(c, -1)",
        "np.diag(v)",
        "np.diag(a)",
        "np.diag(v, -1)",
    ),
    *("np.diagflat(a)", "np.diagonal(a)", "np.diagonal(c, 0, 1, 2)", "np.delete(a, 1, axis=0)"),
    *("np.zeros_like(a)", "np.ones_like(n)", "np.full_like(a, 3)", "np.full_like(a, v)"),
    *(
        "np.zeros_like(a, dtype=int)",
        "np.ones_like(a, shape=(2,))",
        "np.copy(a)",
        "np.array(7) + a",
    ),
]

LINEAR = [
    *(
        "np.dot(a, v)",
        "np.dot(a, b.T)",
        "np.dot(v, v)",
        "np.dot(2, a)",
        "np.dot(c, v)",
        "np.dot(c, b.T)",
    ),
    *("np.dot(a, c.swapaxes(1, 2))", "np.matmul(c, b.T)", "np.vdot(a, b)", "np.inner(a, b)"),
    *("np.inner(v, v)", "np.outer(v, w)", "np.outer(a, w)", "np.tensordot(a, b, 2)"),
    *(
        "np.tensordot(a, b, ([0], [0]))",
        "np.tensordot(c, a, ((1, 2), (0, 1)))",
        "np.tensordot(v, w, 0)",
    ),
    *("np.kron(a, s)", "np.kron(v, w)", "np.cross(w, s)", "np.cross(s, s[::-1])", "np.trace(s)"),
    *("np.trace(c)", "np.trace(c, axis1=1, axis2=2)", "np.einsum('ij,kj->ik', a, b)"),
    *(
        "np.einsum('ij->ji', a)",
        "np.einsum('ii', s)",
        "np.einsum('ii->i', s)",
        "np.einsum('ij,j', a, v)",
    ),
    *("np.einsum('...ij,...j->...i', c, v)", "np.einsum('ij,jk,kl->il', a, b.T, a, optimize=True)"),
    *("np.einsum('ij,kj->ik', a, b, optimize=np.einsum_path('ij,kj->ik', a, b)[0])",),
    *("np.einsum(a, [0, 1], v, [1], [0])", "np.linalg.multi_dot([a, b.T, a, v])"),
    *("np.linalg.solve(s, w)", "np.linalg.solve(s, a)", "np.linalg.inv(s)", "np.linalg.det(s)"),
    *(
        "np.linalg.norm(a)",
        "np.linalg.norm(v)",
        "np.linalg.norm(a, axis=1)",
        "np.linalg.norm(v, 1)",
    ),
    *("np.linalg.norm(v, np.inf)", "np.linalg.norm(v, -np.inf)", "np.linalg.norm(v, 3)"),
    *("np.linalg.norm(a, 'fro')", "np.linalg.norm(a, 1)", "np.linalg.norm(a, np.inf)"),
    *("np.linalg.norm(a, ord=2, axis=0)", "np.linalg.norm(a, axis=0, keepdims=True)"),
    *("np.linalg.norm(c, axis=(1, 2))", "np.linalg.norm(v, 0)", "np.linalg.matrix_power(s, 3)"),
    *("np.linalg.matrix_power(s, 0)", "np.linalg.matrix_power(s, -2)", "np.linalg.det(s[:2, :2])"),
    *(
        "np.linalg.cholesky(s @ s.T + np.eye(3))",
        "np.linalg.inv(n[:, :3] * 0 + np.eye(3, dtype=int))",
    ),
]

STATISTICS = [
    *(f"np.{name}(a)" for name in _REDUCTIONS.split()),
    *(f"np.{name}(a, axis=1)" for name in _REDUCTIONS.split()),
    *(f"np.{name}(n, 0)" for name in _REDUCTIONS.split()),
    *(f"np.nan{name}(z)" for name in "sum prod".split()),
    *(
        f"np.nan{name}(np.where(np.isinf(z), np.nan, z), axis=0)"
        for name in "sum prod max min mean var std".split()
    ),
    *(
        "np.nancumsum(np.where(np.isinf(z), np.nan, z), axis=1)",
        "np.average(a)",
        "np.average(a, axis=0)",
    ),
    *(
        "np.average(a, weights=p)",
        "np.average(a, axis=1, weights=v)",
        "np.average(a, 0, w, returned=True)",
    ),
    *(
        "np.sum(a, axis=0, keepdims=True)",
        "np.sum(a, where=m)",
        "np.sum(a, initial=3)",
        "np.amax(a, 0)",
    ),
    *("np.amin(a)", "np.diff(a)", "np.diff(a, n=2)", "np.diff(a, axis=0)", "np.diff(m)"),
    *("np.diff(v, prepend=0)", "np.diff(v, append=v[-1:])", "np.ediff1d(a)", "np.gradient(v)"),
    *(
        "np.gradient(a)",
        "np.gradient(a, 0.5, axis=1)",
        "np.gradient(v, 2.0)",
        "np.cov(a)",
        "np.cov(a, b)",
    ),
    *("np.cov(v)", "np.cov(a, rowvar=False, bias=True)", "np.corrcoef(a)", "np.count_nonzero(n)"),
    *("np.count_nonzero(m, axis=0)", "np.clip(a, 0, 1)", "np.clip(a, None, v)", "np.round(a, 2)"),
    *(
        "np.around(a)",
        "np.isclose(a, b)",
        "np.allclose(a, a)",
        "np.array_equal(a, b)",
        "np.ptp(a, axis=1)",
    ),
    *("np.interp(v, np.arange(5.0), np.arange(5.0) ** 2)", "np.convolve(v, w)", "np.sinc(a)"),
    *("np.convolve(v, w, 'same')", "np.convolve(v, w, 'valid')", "np.correlate(v, w, 'full')"),
    *("np.select([a > 1, a < -1], [a, b], 0.5)", "np.piecewise(a, [a < 0, a >= 0], [-1, 1])"),
    *(
        "np.piecewise(a, [a < 0], [lambda t: -t, lambda t: t * t])",
        "np.searchsorted(np.cumsum(p), a)",
    ),
    *(
        "np.searchsorted(np.cumsum(v * v), v, side='right')",
        "np.digitize(a, np.array([-1.0, 0.0, 1.0]))",
    ),
    *("np.where(m, a, b)", "np.where(a > 0, a, 0)", "np.where(m, 1, 2.5)", "np.where(m[0], a, v)"),
    *("np.choose(n % 2, [a, b])", "np.trapezoid(a) if hasattr(np, 'trapezoid') else np.trapz(a)"),
    *("np.real(a)", "np.imag(a)", "np.isreal(a)", "np.exp(a - a.max(axis=-1, keepdims=True))"),
]

INDEXING = [
    *("a[1]", "a[-1]", "a[1, 2]", "a[:, 1]", "a[..., 0]", "a[1:]", "a[:-1]", "a[::2]", "a[::-1]"),
    *(
        "a[:, ::-2]",
        "a[None]",
        "a[:, None]",
        "a[..., None]",
        "c[0, ..., 1]",
        "a[1:2, 1:3]",
        "c[:, 1]",
    ),
    *("a[5:]", "a[:, 3:0:-1]", "c[1, :, None, ::2]", "a[[0, 2]]", "a[[2, 0, 0]]"),
    *(
        "a[:, [0, 3]]",
        "a[k]",
        "a[:, k]",
        "v[k]",
        "a[np.array([[0, 1], [2, 2]])]",
        "a[1:, k]",
        "a[k, 1:]",
    ),
    *(
        "a[[0, 1], [2, 3]]",
        "a[k, k]",
        "c[:, k, k]",
        "c[k - 2, k]",
        "c[1][:, k]",
        "a[k - 2]",
        "c[0, k]",
    ),
    *(
        "a[k[:, None], k[None, :]]",
        "a[m].sum()",
        "a[a > 0].mean()",
        "(a[m] * 2).sum()",
        "a[m].any()",
    ),
    *("np.take(a, [0, 5])", "np.take(a, k, axis=0)", "np.take(a, [9], axis=1, mode='clip')"),
    *("np.take_along_axis(a, n % 4, axis=1)", "a[np.newaxis, :, 2]", "sum(row.sum() for row in a)"),
    *("[t for t in v]", "a[()]", "a[...]", "x[()]", "x[None]", "a[0][1:][::-1]", "a.T[1:3].T"),
]

WRITES = [
    *("a[1] = 5", "a[1:] = b[1:]", "a[:, 0] = w", "a[...] = v", "a[::2] = 0", "a[:, ::-1] = b"),
    *(
        "a[1, 2] = 7",
        "a[-1, 1:3] *= 2",
        "a[1, ::2] += w[:2]",
        "a += b",
        "a -= 1",
        "a *= v",
        "a /= 2",
    ),
    *(
        "a **= 2",
        "a //= 2",
        "a %= 2",
        "n += 2",
        "n &= 3",
        "n <<= 1",
        "m ^= m",
        "m |= a > 0",
        "f += 1.5",
    ),
    *("f += f", "a[m] = 0", "a[m] = -a[m]", "a[a > 0] *= 2", "a[m] += b[m]", "a[[0, 2]] = 1"),
    *("a[k] = b[:2]", "a[:, k] = 3", "a[[1, 1]] = b[:2]", "a[k, 1:] = 9", "v[k] = 0", "n[:] = a"),
    *(
        "a.T[0] = 4",
        "a.reshape(-1)[3:9:2] = -1",
        "a.ravel()[0] = 8",
        "c[:, 1, :] = v",
        "c[0][1][2] = 3",
    ),
    *("np.add.at(v, k, 1.0)", "np.add.at(a, k, b[:2])", "np.add(a, b, out=a)", "np.copyto(a, b)"),
    *(
        "np.exp(a, out=a)",
        "np.sqrt(p, out=a, where=m)",
        "a.fill(3)",
        "a[1:-1, 1:-1] = 0.5 * a[1:-1, :-2]",
    ),
    *("np.maximum(a, 0, out=a)", "a[0], a[1] = a[1].copy(), a[0].copy()", "a.sum(axis=0, out=v)"),
    *(
        "a[:] = a[::-1].copy()",
        "a[1:] = a[:-1]",
        "np.clip(a, 0, 1, out=a)",
        "np.dot(a, b.T, out=s)",
    ),
    *(
        "h[:] = n",
        "h += 1",
        "a[0] = [1, 2, 3, 4]",
        "a[0] = n[0]",
        "np.multiply(a, 2, a)",
        "c[...] = a",
    ),
    *(
        "a[[0, 1], 1:] = 5",
        "a[:, 1][2] = 6",
        "w[:] = np.einsum('ij,ij->i', a, b)",
        "a @= np.eye(4)",
    ),
]
