"""Random programs over NumPy's functions that run alike on arrays and on traced tensors.

A program is a list of steps. Values are tracked as exact (small dyadic numbers, integers) or
rounded; functions that jump (comparisons, floor, argmax …) are only applied to exact values, so
that low bits decide nothing. The same steps
run a second time with wider floats give the tolerance.
"""

import bafe
import numpy as np
from bafe.surface import numpy_dtype

DIMS = (0, 1, 2, 3, 5, 8, 17)
DTYPES = ("bool", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f16", "f32", "f64")
WIDER = {
    np.dtype(np.float16): np.float64,
    np.dtype(np.float32): np.float64,
    np.dtype(np.float64): np.longdouble,
}

SMOOTH = ("sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tanh")
JUMPS = ("floor", "ceil", "rint", "sign")
COMPARE = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")


def _either(ours, numpys):
    return lambda *x: ours(*x) if isinstance(x[0], bafe.Tensor) else numpys(*x)


def _normed(x):
    d = x - np.mean(x, axis=-1, keepdims=True)
    return d / np.sqrt(np.mean(d * d, axis=-1, keepdims=True) + x.dtype.type(1e-2))


SPECIAL = {
    "relu": _either(bafe.relu, lambda x: np.maximum(x, 0)),
    "sigmoid": _either(bafe.sigmoid, lambda x: 1 / (1 + np.exp(-x))),
    "silu": _either(bafe.silu, lambda x: x / (1 + np.exp(-x))),
    "rsqrt": _either(bafe.rsqrt, lambda x: 1 / np.sqrt(x)),
    "logaddexp": np.logaddexp,
    "cube": lambda x: x**3,
    "layer_norm": _either(lambda x: bafe.layer_norm(x, eps=1e-2), _normed),
    "col": _either(lambda x: bafe.layout_transform(x + 1, "col"), lambda x: x + 1),
    "variance": lambda x: np.var(x, axis=-1) if len(x.shape) else x,
}


class Value:
    def __init__(self, shape, kind, exact):
        self.shape, self.kind, self.exact = shape, kind, exact


class RandomProgram:
    """Steps with their result's shape, kind (b, i, u, f) and exactness; types follow NumPy."""

    def __init__(self, seed):
        self.rng = np.random.default_rng(seed)
        self.steps = []
        self.inputs = [self._input() for _ in range(self.rng.integers(1, 4))]
        self.values = [Value(x.shape, x.dtype.kind, True) for x in self.inputs]
        for _ in range(self.rng.integers(2, 9)):
            for _ in range(30):
                if self._step():
                    break
        self.outputs = sorted({len(self.values) - 1, int(self.rng.integers(0, len(self.values)))})

    def _choice(self, items):
        return items[int(self.rng.integers(0, len(items)))]

    def _input(self):
        shape = tuple(self._choice(DIMS) for _ in range(self.rng.integers(0, 5)))
        while np.prod(shape, dtype=np.int64) > 5000:
            shape = shape[1:]
        dtype = numpy_dtype(self._choice(DTYPES))
        if dtype.kind == "f":
            return (self.rng.integers(-16, 17, shape) / 4).astype(dtype)
        if dtype.kind == "b":
            return self.rng.integers(0, 2, shape).astype(dtype)
        return self.rng.integers(0 if dtype.kind == "u" else -9, 10, shape).astype(dtype)

    # Each maker appends a step and gives True, or gives False when the picked values do not fit.
    # -----------------------
    def _add(self, operands, function, exact):
        """Run the step on zeros of the right types to learn the result's shape and kind."""
        dummies = [np.ones(self.values[i].shape, self._dtype(i)) for i in operands]
        try:
            with np.errstate(all="ignore"):
                result = function(*dummies)
        except (TypeError, ValueError, IndexError, OverflowError):
            return False
        result = np.asarray(result)
        if result.size > 20000 or result.dtype.kind not in "biuf" or result.ndim > 4:
            return False
        self.steps.append((operands, function))
        self.values.append(Value(result.shape, result.dtype.kind, exact))
        self._dtypes.append(result.dtype)
        return True

    def _dtype(self, i):
        if not hasattr(self, "_dtypes"):
            self._dtypes = [x.dtype for x in self.inputs]
        return self._dtypes[i]

    def _pick(self, kinds="biuf", exact=False):
        self._dtype(0)
        fits = [i for i, v in enumerate(self.values) if v.kind in kinds and (v.exact or not exact)]
        return self._choice(fits) if fits else None

    def _step(self):
        return self._choice(
            [
                self._binary,
                self._binary,
                self._unary,
                self._compare,
                self._where,
                self._reduce,
                self._reduce,
                self._move,
                self._move,
                self._matmul,
                self._cast,
                self._bits,
                self._argmax,
                self._cumsum,
                self._softmax,
                self._join,
                self._take,
                self._slice,
                self._division,
                self._special,
                self._special,
                self._shift,
                self._pad,
                self._gather,
                self._solve,
            ]
        )()

    def _binary(self):
        a, b = self._pick(), self._pick()
        name = self._choice(("add", "subtract", "multiply", "maximum", "minimum"))
        exact = self.values[a].exact and self.values[b].exact and name in ("maximum", "minimum")
        return self._add([a, b], getattr(np, name), exact)

    def _division(self):
        a, b = self._pick(exact=True), self._pick(exact=True)
        function = getattr(np, self._choice(("divide", "floor_divide", "remainder")))
        if self.values[b].kind == "f":
            return self._add([a, b], function, False)
        # Integers divided by zero raise.
        return self._add([a, b], lambda x, y: function(x, y + (y == 0)), False)

    def _special(self):
        """Functions whose names differ between NumPy and BAFE, and tests of values."""
        if self.rng.integers(0, 4) == 0:
            a = self._pick()
            return self._add([a], getattr(np, self._choice(("isnan", "isfinite"))), True)
        name = self._choice(tuple(SPECIAL))
        operands = [self._pick("f") for _ in range(1 + (name == "logaddexp"))]
        if operands[0] is None:
            return False
        return self._add(operands, SPECIAL[name], False)

    def _shift(self):
        a, b = self._pick("iu", exact=True), self._pick("iu", exact=True)
        if a is None or b is None:
            return False
        function = getattr(np, self._choice(("left_shift", "right_shift")))
        return self._add([a, b], lambda x, y: function(x, np.bitwise_and(y, y.dtype.type(7))), True)

    def _pad(self):
        a = self._pick()
        low = [int(self.rng.integers(0, 3)) for _ in self.values[a].shape]
        if not low:
            return False

        def pad(x):
            if isinstance(x, bafe.Tensor):
                return bafe.pad(x, low, low, 1)
            return np.pad(x, [(n, n) for n in low], constant_values=1)

        return self._add([a], pad, self.values[a].exact)

    def _gather(self):
        a = self._pick()
        shape = self.values[a].shape
        if not shape or shape[-1] == 0:
            return False
        index = self.rng.integers(-shape[-1], shape[-1], shape)
        return self._add([a], lambda x: np.take_along_axis(x, index, -1), self.values[a].exact)

    def _solve(self):
        a = self._pick("f")
        shape = self.values[a].shape if a is not None else ()
        if len(shape) < 2 or shape[-1] != shape[-2] or self._dtype(a) == np.float16:
            return False
        n = shape[-1]
        boost = np.eye(n, dtype=self._dtype(a)) * 1000
        name = self._choice(("solve", "inv"))

        def apply(x):
            matrix = np.clip(x, -9, 9) + boost.astype(x.dtype)
            if matrix.dtype == np.longdouble:
                matrix = matrix.astype(np.float64)
            return np.linalg.inv(matrix) if name == "inv" else np.linalg.solve(matrix, matrix)

        return self._add([a], apply, False)

    def _unary(self):
        if self.rng.integers(0, 3) == 0:
            a = self._pick("f", exact=True)
            return a is not None and self._add([a], getattr(np, self._choice(JUMPS)), True)
        a = self._pick()
        name = self._choice(SMOOTH + ("negative", "abs", "square"))
        return self._add(
            [a], getattr(np, name), self.values[a].exact and name in ("negative", "abs")
        )

    def _compare(self):
        a, b = self._pick(exact=True), self._pick(exact=True)
        return self._add([a, b], getattr(np, self._choice(COMPARE)), True)

    def _where(self):
        c, a, b = self._pick("b"), self._pick(), self._pick()
        if c is None:
            return False
        return self._add([c, a, b], np.where, self.values[a].exact and self.values[b].exact)

    def _reduce(self):
        a = self._pick()
        rank = len(self.values[a].shape)
        axis = (
            None
            if rank == 0 or self.rng.integers(0, 3) == 0
            else int(self.rng.integers(-rank, rank))
        )
        name, keep = (
            self._choice(("sum", "max", "min", "mean", "prod")),
            bool(self.rng.integers(0, 2)),
        )
        if self.values[a].kind == "f" and name == "prod" and np.prod(self.values[a].shape) > 100:
            return False
        return self._add(
            [a],
            lambda x: getattr(np, name)(x, axis=axis, keepdims=keep),
            self.values[a].exact and name in ("max", "min"),
        )

    def _argmax(self):
        a = self._pick(exact=True)
        rank = len(self.values[a].shape)
        axis = None if rank == 0 or self.rng.integers(0, 2) else int(self.rng.integers(0, rank))
        name = self._choice(("argmax", "argmin"))
        return self._add([a], lambda x: getattr(np, name)(x, axis=axis), True)

    def _cumsum(self):
        a = self._pick()
        rank = len(self.values[a].shape)
        axis = (
            None if rank == 0 or self.rng.integers(0, 3) == 0 else int(self.rng.integers(0, rank))
        )
        return self._add([a], lambda x: np.cumsum(x, axis=axis), False)

    def _softmax(self):
        a = self._pick("f")
        if a is None or not self.values[a].shape or 0 in self.values[a].shape:
            return False

        def softmax(x):
            e = np.exp(x - np.max(x, axis=-1, keepdims=True))
            return e / np.sum(e, axis=-1, keepdims=True)

        return self._add([a], softmax, False)

    def _move(self):
        a = self._pick()
        value = self.values[a]
        rank = len(value.shape)
        kind = self._choice(
            ("transpose", "expand", "reshape", "broadcast", "squeeze", "tril", "diag")
        )
        if kind == "transpose":
            perm = tuple(int(p) for p in self.rng.permutation(rank))
            return self._add([a], lambda x: np.transpose(x, perm), value.exact)
        if kind == "expand" and rank < 4:
            axis = int(self.rng.integers(0, rank + 1))
            return self._add([a], lambda x: np.expand_dims(x, axis), value.exact)
        if kind == "reshape" and rank:
            size = int(np.prod(value.shape, dtype=np.int64))
            divisors = [d for d in range(1, 9) if size % d == 0]
            first = self._choice(divisors)
            shape = self._choice(((size,), (first, size // first), (size // first, first, 1)))
            return self._add([a], lambda x: np.reshape(x, shape), value.exact)
        if kind == "broadcast" and rank < 4:
            shape = (
                self._choice((1, 2, 3)),
                *(self._choice((1, 3)) if d == 1 else d for d in value.shape),
            )
            return self._add([a], lambda x: np.broadcast_to(x, shape), value.exact)
        if kind == "squeeze":
            return self._add([a], np.squeeze, value.exact)
        if kind == "tril" and rank >= 2:
            k, name = int(self.rng.integers(-2, 3)), self._choice(("tril", "triu"))
            return self._add([a], lambda x: getattr(np, name)(x, k), value.exact)
        if kind == "diag" and rank in (1, 2):
            k = int(self.rng.integers(-1, 2))
            return self._add([a], lambda x: np.diag(x, k), value.exact)
        return False

    def _slice(self):
        a = self._pick()
        index = []
        for size in self.values[a].shape:
            start, stop = sorted(int(i) for i in self.rng.integers(0, size + 1, 2))
            step = self._choice((1, 1, 2, -1))
            index.append(slice(start, stop, step) if step > 0 else slice(None, None, -1))
        if index and self.values[a].shape[0] and self.rng.integers(0, 3) == 0:
            index[0] = int(self.rng.integers(0, self.values[a].shape[0]))
        index = tuple(index)
        return self._add([a], lambda x: x[index], self.values[a].exact)

    def _take(self):
        a, i = self._pick(), self._pick("iu", exact=True)
        if i is None or not self.values[a].shape or self.values[a].shape[0] == 0:
            return False
        size = self.values[a].shape[0]
        return self._add(
            [a, i],
            lambda x, j: np.take(
                x,
                np.remainder(j, np.int64(size))
                if j.dtype != np.uint64
                else np.minimum(j, np.uint64(size - 1)),
                axis=0,
            ),
            self.values[a].exact,
        )

    def _join(self):
        a, b = self._pick(), self._pick()
        if not self.values[a].shape:
            return False
        name, axis = (
            self._choice(("concatenate", "stack")),
            int(self.rng.integers(0, len(self.values[a].shape))),
        )
        return self._add(
            [a, b],
            lambda x, y: getattr(np, name)([x, y], axis=axis),
            self.values[a].exact and self.values[b].exact,
        )

    def _matmul(self):
        a, b = self._pick(), self._pick()
        va, vb = self.values[a], self.values[b]
        if not va.shape or not vb.shape:
            return False
        inner = vb.shape[0] if len(vb.shape) == 1 else vb.shape[-2]
        if va.shape[-1] != inner:
            b = a
            if len(va.shape) < 2:
                return self._add([a, a], lambda x, y: x @ y, False)
            return self._add([a, a], lambda x, y: x @ np.swapaxes(y, -1, -2), False)
        return self._add([a, b], lambda x, y: x @ y, False)

    def _cast(self):
        a = self._pick(exact=True)
        dtype = numpy_dtype(self._choice(DTYPES))
        value = self.values[a]
        if value.kind == "f" and dtype.kind == "u":  # negative floats have no unsigned value
            return False
        return self._add([a], lambda x: x.astype(dtype), dtype.kind != "f" or value.exact)

    def _bits(self):
        a, b = self._pick("biu"), self._pick("biu")
        if a is None or b is None:
            return False
        name = self._choice(("bitwise_and", "bitwise_or", "bitwise_xor", "logical_and", "invert"))
        if name == "invert":
            return self._add([a], np.invert, True)
        return self._add([a, b], getattr(np, name), True)

    def run(self, *inputs):
        """The program on arrays or on tensors; a tuple of results."""
        values = list(inputs)
        for operands, function in self.steps:
            values.append(function(*(values[i] for i in operands)))
        return tuple(values[i] for i in self.outputs)

    def run_wide(self):
        """The program in NumPy with every float value widened after each step."""
        values = [self._widen(x) for x in self.inputs]
        for operands, function in self.steps:
            values.append(self._widen(np.asarray(function(*(values[i] for i in operands)))))
        return tuple(values[i] for i in self.outputs)

    @staticmethod
    def _widen(x):
        return x.astype(WIDER[x.dtype]) if x.dtype in WIDER else x
