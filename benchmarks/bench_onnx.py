"""ONNX models on BAFE and on onnxruntime, one thread each: a transformer block, a small network.

The models are built with ``onnx.helper``, node by node as exporters write them. Each result is
compared with onnxruntime's before anything is timed; rounds are interleaved, medians printed.
"""

from __future__ import annotations

import sys

import bafe
import numpy as np
from bafe.testing import largest_error, time_together
from onnx import TensorProto, helper, numpy_helper
from rich.console import Console
from rich.table import Table

F = TensorProto.FLOAT
DRAW = np.random.default_rng(0)


class Builder:
    """Nodes and weights of a graph that grows."""

    def __init__(self) -> None:
        self.nodes, self.weights, self.count = [], [], 0

    def weight(self, *shape, scale=None):
        """Normal numbers of variance 1 / fan-in."""
        scale = scale or (1.0 / np.sqrt(np.prod(shape[1:]) if len(shape) == 4 else shape[0]))
        return self.array((DRAW.standard_normal(shape) * scale).astype(np.float32))

    def array(self, values):
        self.count += 1
        self.weights.append(numpy_helper.from_array(np.asarray(values), f"w{self.count}"))
        return f"w{self.count}"

    def __call__(self, op, *inputs, **attributes):
        self.count += 1
        self.nodes.append(helper.make_node(op, list(inputs), [f"v{self.count}"], **attributes))
        return f"v{self.count}"

    def model(self, shape, result):
        infos = [
            helper.make_tensor_value_info("x", F, shape),
            helper.make_tensor_value_info(result, F, None),
        ]
        graph = helper.make_graph(self.nodes, "g", infos[:1], infos[1:], self.weights)
        opset = [helper.make_opsetid("", 17)]
        return helper.make_model(graph, opset_imports=opset, ir_version=8)


def transformer(batch, length, width, heads):
    """Norm, attention, norm, perceptron: as PyTorch exports it, with the exact GELU spelled out."""
    b = Builder()

    def norm(x):
        gain = b.array(DRAW.uniform(0.5, 1.5, width).astype(np.float32))
        offset = b.weight(width, scale=0.1)
        return b("LayerNormalization", x, gain, offset, axis=-1, epsilon=1e-5)

    def dense(x, m, n):
        return b("Add", b("MatMul", x, b.weight(m, n)), b.weight(n, scale=0.1))

    def split(x, order):
        shape = b.array(np.array([batch, length, heads, width // heads], np.int64))
        return b("Transpose", b("Reshape", x, shape), perm=order)

    h = norm("x")
    q = split(dense(h, width, width), [0, 2, 1, 3])
    k = split(dense(h, width, width), [0, 2, 3, 1])
    v = split(dense(h, width, width), [0, 2, 1, 3])
    root = b.array(np.float32(np.sqrt(width // heads)))
    weights = b("Softmax", b("Div", b("MatMul", q, k), root), axis=-1)
    mixed = b("Transpose", b("MatMul", weights, v), perm=[0, 2, 1, 3])
    mixed = b("Reshape", mixed, b.array(np.array([batch, length, width], np.int64)))
    x = b("Add", "x", dense(mixed, width, width))
    h = dense(norm(x), width, 4 * width)
    erf = b("Erf", b("Div", h, b.array(np.float32(np.sqrt(2.0)))))
    h = b("Mul", h, b("Add", erf, b.array(np.float32(1.0))))
    h = b("Mul", h, b.array(np.float32(0.5)))
    return b.model([batch, length, width], b("Add", x, dense(h, 4 * width, width)))


def network(batch):
    """Three convolutions with batch norms, pools, and a linear classifier on 32 x 32 images."""
    b = Builder()

    def block(x, m, n, pool):
        x = b("Conv", x, b.weight(n, m, 3, 3), pads=[1, 1, 1, 1])
        stats = [b.weight(n, scale=0.1) for _ in range(2)]
        spread = b.array(DRAW.uniform(0.5, 1.5, n).astype(np.float32))
        gain = b.array(DRAW.uniform(0.5, 1.5, n).astype(np.float32))
        x = b("Relu", b("BatchNormalization", x, gain, *stats, spread))
        return b("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2]) if pool else x

    x = block("x", 3, 32, True)
    x = block(x, 32, 64, True)
    x = block(x, 64, 64, False)
    x = b("Flatten", b("GlobalAveragePool", x))
    x = b("Gemm", x, b.weight(10, 64), b.weight(10, scale=0.1), transB=1)
    return b.model([batch, 3, 32, 32], b("Softmax", x, axis=1))


def perceptron(batch):
    """Two linear layers with a ReLU."""
    b = Builder()
    h = b("Relu", b("Gemm", "x", b.weight(256, 784), b.weight(256, scale=0.1), transB=1))
    out = b("Gemm", h, b.weight(10, 256), b.weight(10, scale=0.1), transB=1)
    return b.model([batch, 784], out)


CASES = {
    "transformer block, 1 x 64 x 128, 4 heads": lambda: transformer(1, 64, 128, 4),
    "transformer block, 1 x 128 x 256, 8 heads": lambda: transformer(1, 128, 256, 8),
    "transformer block, 4 x 128 x 256, 8 heads": lambda: transformer(4, 128, 256, 8),
    "convolutional network, 1 x 3 x 32 x 32": lambda: network(1),
    "convolutional network, 8 x 3 x 32 x 32": lambda: network(8),
    "perceptron, 32 x 784": lambda: perceptron(32),
}


def session(model):
    """onnxruntime with one thread and all its optimisations; None where it is not installed."""
    try:
        import onnxruntime
    except ImportError:
        return None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def main():
    """Print a table of times and ratios."""
    table = Table(title="ONNX models, one thread: onnxruntime / BAFE, above 1 BAFE is faster")
    table.add_column("model")
    for name in ("onnxruntime µs", "BAFE µs", "ratio", "largest error"):
        table.add_column(name, justify="right")
    for title, build in CASES.items():
        if len(sys.argv) > 1 and sys.argv[1] not in title:
            continue
        model = build()
        shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
        x = DRAW.standard_normal(shape).astype(np.float32)
        ours = bafe.onnx.load(model, tier="compiled", threads=1)
        ours.compile(x)
        theirs = session(model)
        if theirs is None:
            print("onnxruntime is not installed: pip install 'bafe-engine[bench]'")
            return
        error = largest_error(ours(x)[0], theirs.run(None, {"x": x})[0])
        assert error <= 2e-5, f"{title}: error {error}"
        times = time_together(
            {
                "theirs": lambda s=theirs, x=x: s.run(None, {"x": x}),
                "bafe": lambda f=ours, x=x: f(x),
            },
            rounds=15,
            sample_ms=10,
        )
        row = (times["theirs"].ms, times["bafe"].ms)
        table.add_row(
            title,
            f"{row[0] * 1e3:.0f}",
            f"{row[1] * 1e3:.0f}",
            f"{row[0] / row[1]:.2f}",
            f"{error:.1e}",
        )
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
