"""Writes numpy_facts.txt: what NumPy answers on special values, as stored bits in hexadecimal.

Each line is "operator dtype result-dtype: bits"; binary operators run over all pairs of the dtype's
values.
"""

import pathlib

import numpy as np

FLOATS = [np.nan, np.inf, -np.inf, 0.0, -0.0, 1.5, -2.5, 0.5, 3, -7.25, 100, 1e-3]
NAMES = {
    "f16": np.float16, "f32": np.float32, "f64": np.float64, "bool": np.bool_, "i8": np.int8,
    "i32": np.int32, "i64": np.int64, "u8": np.uint8, "u16": np.uint16, "u64": np.uint64,
}  # fmt: skip
BINARY = {
    "remainder": np.remainder, "floor_divide": np.floor_divide, "maximum": np.maximum,
    "minimum": np.minimum, "add": np.add, "sub": np.subtract, "mul": np.multiply,
    "div": np.true_divide, "less": np.less, "less_equal": np.less_equal, "equal": np.equal,
    "not_equal": np.not_equal, "left_shift": np.left_shift, "right_shift": np.right_shift,
    "bitwise_xor": np.bitwise_xor, "logical_or": np.logical_or,
}  # fmt: skip
UNARY = {
    "abs": np.abs, "sign": np.sign, "neg": np.negative, "square": np.square, "floor": np.floor,
    "ceil": np.ceil, "round": np.rint, "sqrt": np.sqrt, "isnan": np.isnan,
    "isfinite": np.isfinite, "exp": np.exp, "expm1": np.expm1, "log": np.log,
    "log1p": np.log1p, "sin": np.sin, "cos": np.cos, "tanh": np.tanh,
}  # fmt: skip


def values(name):
    dtype = NAMES[name]
    if name[0] == "f":
        return np.array(FLOATS).astype(dtype)
    if name == "bool":
        return np.array([0, 1], dtype)
    info = np.iinfo(dtype)
    if name[0] == "i":
        return np.array([info.min, info.max, 0, 1, -1, 7, -7, 2, -3], dtype)
    return np.array([info.max, 0, 1, 7, 2, 3, info.max // 2], dtype)


def bits(x):
    x = np.ascontiguousarray(x).ravel()
    return " ".join(f"{int(v):x}" for v in x.view(f"u{x.dtype.itemsize}"))


def operators(name, table):
    floats = {"remainder", "floor_divide", "maximum", "minimum", "div", "less", "less_equal",
              "equal", "not_equal"}  # fmt: skip
    bools = {"add", "mul", "maximum", "bitwise_xor", "logical_or", "less"}
    for op, run in table.items():
        if name[0] == "f" and (op in floats or table is UNARY):
            yield op, run
        elif name == "bool" and op in bools:
            yield op, run
        elif (
            name[0] in "iu"
            and op not in {"div", "logical_or"}
            and (table is BINARY or op in {"abs", "sign", "neg", "square"})
        ):
            yield op, run


def main():
    lines = [f"# NumPy {np.__version__}; made by make_numpy_facts.py"]
    result_names = {np.dtype(t): n for n, t in NAMES.items()}
    np.seterr(all="ignore")
    for name in NAMES:
        v = values(name)
        lines.append(f"values {name} {name}: {bits(v)}")
        a, b = np.repeat(v, len(v)), np.tile(v, len(v))
        for op, run in operators(name, BINARY):
            if name == "bool" and op == "less":
                out = a < b
            else:
                out = run(a, b)
            lines.append(f"{op} {name} {result_names[out.dtype]}: {bits(out)}")
        for op, run in operators(name, UNARY):
            if name == "bool":
                continue
            out = run(v)
            lines.append(f"{op} {name} {result_names[out.dtype]}: {bits(out)}")
        for to in NAMES:
            out = v.astype(NAMES[to])
            if name[0] == "f" and to[0] == "u" or name[0] == "f" and to in ("i8", "i16"):
                continue  # undefined in C for what does not fit: NumPy's answer varies
            lines.append(f"cast {name} {to}: {bits(out)}")
    path = pathlib.Path(__file__).parent / "numpy_facts.txt"
    path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
