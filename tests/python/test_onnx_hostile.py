"""Models that are broken or mean harm: a clear error, nothing written, nothing outside read."""

import os
import re

import bafe
import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

F = TensorProto.FLOAT


def info(name, shape=("n",), dtype=F):
    return helper.make_tensor_value_info(name, dtype, shape)


def model_of(nodes, inputs, outputs, initializers=(), functions=(), imports=()):
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(initializers))
    opsets = [helper.make_opsetid("", 20), *imports]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions))


def ints(name, values):
    return numpy_helper.from_array(np.array(values, np.int64), name)


def refused(model, message, *arrays, error=bafe.BafeError, **options):
    with pytest.raises(error, match=message) as caught:
        bafe.onnx.load(model, tier="interpreted", **options)(*arrays)
    assert "fix:" in str(caught.value)


X = np.ones(3, np.float32)


NO_MODELS = [b"", b"nonsense", b"\x08\x07", bytes(range(7, 256, 4)), b"\xff" * 1000]


@pytest.mark.parametrize("data", NO_MODELS, ids=["empty", "text", "version", "bytes", "ones"])
def test_bytes_that_are_no_model_are_refused(data):
    refused(data, "ONNX model", error=bafe.ParseError)


def test_truncated_models_are_refused():
    whole = model_of(
        [helper.make_node("Add", ["x", "w"], ["y"])],
        [info("x")],
        [info("y")],
        [numpy_helper.from_array(np.arange(100, dtype=np.float32), "w")],
    ).SerializeToString()
    for length in range(0, len(whole), 7):
        with pytest.raises(bafe.BafeError):
            bafe.onnx.load(whole[:length], tier="interpreted")(X)


def test_a_path_that_is_no_file_is_refused(tmp_path):
    refused(tmp_path / "none.onnx", "cannot be read")
    refused(tmp_path, "cannot be read")
    refused(3, "a int is no model")


def nested(levels):
    """Bytes of a model with graphs in attributes of nodes of graphs."""

    def field(number, data):
        size, length = len(data), b""
        while size > 127:
            length += bytes([size & 127 | 128])
            size >>= 7
        return bytes([number << 3 | 2]) + length + bytes([size]) + data

    graph = field(2, b"g")
    for _ in range(levels):
        graph = field(1, field(4, b"If") + field(5, field(1, b"then_branch") + field(6, graph)))
    opset = bytes([8 << 3 | 2, 2, 2 << 3, 20])
    return field(7, graph) + opset


@pytest.mark.parametrize("levels", [26, 200, 5000])
def test_deep_nesting_is_refused(levels):
    refused(nested(levels), "graphs deep|no ONNX model", error=bafe.ParseError)


def test_cycles_and_unknown_names_are_refused():
    nodes = [helper.make_node("Add", ["x", "b"], ["a"]), helper.make_node("Neg", ["a"], ["b"])]
    refused(model_of(nodes, [info("x")], [info("b")]), "a cycle", X)
    refused(model_of([], [info("x")], [info("y")]), "nothing computes the output 'y'", X)


def test_functions_that_call_themselves_are_refused():
    body = [helper.make_node("f", ["a"], ["b"], domain="own")]
    own = helper.make_function("own", "f", ["a"], ["b"], body, [helper.make_opsetid("own", 1)])
    calls = [helper.make_node("f", ["x"], ["y"], domain="own")]
    imports = [helper.make_opsetid("own", 1)]
    refused(model_of(calls, [info("x")], [info("y")], (), [own], imports), "calls itself", X)


def test_functions_that_multiply_without_end_are_refused(monkeypatch):
    monkeypatch.setattr("bafe.onnx.evaluation._MOST_NODES", 300)
    imports = [helper.make_opsetid("own", 1), helper.make_opsetid("", 20)]
    made = [
        helper.make_function(
            "own", "f0", ["a"], ["b"], [helper.make_node("Neg", ["a"], ["b"])], imports
        )
    ]
    for level in range(1, 30):
        inner = f"f{level - 1}"
        body = [
            helper.make_node(inner, ["a"], ["m"], domain="own"),
            helper.make_node(inner, ["m"], ["b"], domain="own"),
        ]
        made.append(helper.make_function("own", f"f{level}", ["a"], ["b"], body, imports))
    calls = [helper.make_node("f29", ["x"], ["y"], domain="own")]
    refused(model_of(calls, [info("x")], [info("y")], (), made, imports[:1]), "after unrolling", X)


def test_duplicate_names_are_refused():
    twice = [helper.make_node("Neg", ["x"], ["y"]), helper.make_node("Abs", ["x"], ["y"])]
    refused(model_of(twice, [info("x")], [info("y")]), "there already", X)
    same = [ints("w", [1]), ints("w", [2])]
    refused(model_of([], [info("x")], [info("x")], same), "named twice", X)
    refused(model_of([], [info("x"), info("x")], [info("x")]), "named twice", X)


def test_negative_sizes_are_refused():
    tensor = TensorProto(name="w", data_type=F, dims=[-2], raw_data=b"12345678")
    nodes = [helper.make_node("Identity", ["w"], ["y"])]
    refused(model_of(nodes, [], [info("y")], [tensor]), "negative size")
    refused(model_of([], [info("x", (-3,))], [info("x")]), r"shape \[-3\]", X)
    shape = ints("s", [-5])
    nodes = [helper.make_node("ConstantOfShape", ["s"], ["y"])]
    refused(model_of(nodes, [], [info("y")], [shape]), "negative size")


@pytest.mark.parametrize("dims", [[1 << 40], [1 << 62, 4], [1 << 32, 1 << 32], [10**6, 10**6]])
def test_initialisers_larger_than_the_file_are_refused(dims):
    for stored in ({"raw_data": b"1234"}, {"float_data": [1.0]}):
        tensor = TensorProto(name="w", data_type=F, dims=dims, **stored)
        nodes = [helper.make_node("Identity", ["w"], ["y"])]
        refused(model_of(nodes, [], [info("y")], [tensor]), "limit|holds")
    tensor = TensorProto(name="w", data_type=F, dims=[3], raw_data=b"1234")
    refused(model_of([], [], [info("w")], [tensor]), "holds 4 bytes instead of 12")


@pytest.mark.parametrize("sizes", [[10**12], [10**6, 10**6], [1 << 62, 8], [(1 << 63) - 1]])
def test_values_beyond_all_memory_are_refused(sizes):
    shape = ints("s", sizes)
    of_shape = [helper.make_node("ConstantOfShape", ["s"], ["y"])]
    refused(model_of(of_shape, [], [info("y")], [shape]), "limit")
    expand = [helper.make_node("Expand", ["x", "s"], ["y"])]
    refused(model_of(expand, [info("x", (1,))], [info("y")], [shape]), "limit", X[:1])
    one = numpy_helper.from_array(np.ones([1] * len(sizes), np.float32), "o")
    tile = [helper.make_node("Tile", ["o", "s"], ["y"])]
    refused(model_of(tile, [], [info("y")], [shape, one]), "limit")


def test_ranges_pads_and_products_beyond_all_memory_are_refused():
    bounds = [ints("a", 0), ints("b", 10**14), ints("c", 1)]
    nodes = [helper.make_node("Range", ["a", "b", "c"], ["y"])]
    refused(model_of(nodes, [], [info("y")], bounds), "limit")
    nodes = [helper.make_node("Pad", ["x", "p"], ["y"])]
    refused(model_of(nodes, [info("x")], [info("y")], [ints("p", [0, 10**13])]), "limit", X)
    column = numpy_helper.from_array(np.ones((200_000, 1), np.float32), "c")
    row = numpy_helper.from_array(np.ones((1, 200_000), np.float32), "r")
    nodes = [helper.make_node("MatMul", ["c", "r"], ["y"])]
    refused(model_of(nodes, [], [info("y")], [column, row]), "limit")


def external(location, **more):
    tensor = TensorProto(name="w", data_type=F, dims=[2], data_location=TensorProto.EXTERNAL)
    for key, value in {"location": location, **more}.items():
        tensor.external_data.add(key=key, value=str(value))
    nodes = [helper.make_node("Add", ["x", "w"], ["y"])]
    return model_of(nodes, [info("x")], [info("y")], [tensor])


def saved(folder, model):
    path = folder / "model.onnx"
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def folder(tmp_path):
    secret = np.array([42, 43], np.float32).tobytes()
    inner = tmp_path / "model"
    (inner / "weights").mkdir(parents=True)
    (tmp_path / "secret.bin").write_bytes(secret)
    (inner / "weights" / "w.bin").write_bytes(secret)
    (inner / "link.bin").symlink_to(tmp_path / "secret.bin")
    (inner / "up").symlink_to(tmp_path)
    os.mkfifo(inner / "pipe")
    return inner


def test_external_data_below_the_folder_is_read(folder):
    path = saved(folder, external("weights/w.bin", offset=0, length=8))
    (y,) = bafe.onnx.load(path, tier="interpreted")(X[:2])
    assert y.tolist() == [43, 44]


@pytest.mark.parametrize(
    "location",
    [
        "../secret.bin",
        "weights/../../secret.bin",
        "{up}/secret.bin",
        "link.bin",
        "up/secret.bin",
        "",
        ".",
        "weights",
        "pipe",
        "weights\\w.bin",
        "none.bin",
        "w\0.bin",
        "/etc/passwd",
    ],
)
def test_external_data_elsewhere_is_refused(folder, location):
    location = location.replace("{up}", str(folder.parent))
    before = sorted(str(p) for p in folder.parent.rglob("*"))
    refused(saved(folder, external(location)), "external data|no file", X[:2])
    assert sorted(str(p) for p in folder.parent.rglob("*")) == sorted(
        {*before, str(folder / "model.onnx")}
    )


@pytest.mark.parametrize(
    "more",
    [
        {"offset": 4},
        {"offset": -8},
        {"length": 4},
        {"length": 10**12},
        {"offset": "x"},
        {"offset": 1 << 70},
    ],
)
def test_external_data_of_wrong_extent_is_refused(folder, more):
    refused(saved(folder, external("weights/w.bin", **more)), "tensor 'w'", X[:2])


def test_external_data_needs_a_folder():
    refused(external("w.bin"), "load the model by its path", X[:2])


def test_unknown_operators_attributes_and_dtypes_are_named():
    nodes = [helper.make_node("Frobnicate", ["x"], ["y"], name="n7")]
    refused(
        model_of(nodes, [info("x")], [info("y")]),
        "n7.*Frobnicate",
        X,
        error=bafe.onnx.UnsupportedError,
    )
    nodes = [helper.make_node("Relu", ["x"], ["y"], sharpness=3)]
    refused(model_of(nodes, [info("x")], [info("y")]), "'sharpness' is not supported", X)
    nodes = [helper.make_node("Softmax", ["x"], ["y"], axis=0.5)]
    refused(model_of(nodes, [info("x")], [info("y")]), "attribute axis is of the kind 'f'", X)
    nodes = [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.STRING)]
    refused(model_of(nodes, [info("x")], [info("y")]), "not supported", X)
    nodes = [helper.make_node("Custom", ["x"], ["y"], domain="com.acme")]
    refused(model_of(nodes, [info("x")], [info("y")]), "does not import", X)


def test_arguments_that_do_not_fit_are_refused():
    nodes = [helper.make_node("Neg", ["x"], ["y"])]
    neg = bafe.onnx.load(model_of(nodes, [info("x", ("n", 2))], [info("y")]), tier="interpreted")
    with pytest.raises(bafe.DTypeError, match="dtype float64, the model declares float32"):
        neg(np.ones((1, 2)))
    with pytest.raises(bafe.ShapeError, match=re.escape("shape [2], the model declares ['n', 2]")):
        neg(X[:2])
    with pytest.raises(bafe.TraceError, match="'x' is missing"):
        neg()
    with pytest.raises(bafe.TraceError, match="'z' is unknown"):
        neg(np.ones((1, 2), np.float32), z=X)
    with pytest.raises(bafe.TraceError, match="2 arguments for 1 inputs"):
        neg(X, X)


def test_shapes_that_depend_on_large_inputs_are_refused_unless_asked_for():
    nodes = [helper.make_node("NonZero", ["x"], ["y"])]
    model = model_of(nodes, [info("x")], [info("y", None, TensorProto.INT64)])
    refused(model, "depend on the values of 'x'.*|values=\"any\"", X)
    found = bafe.onnx.load(model, values="any", tier="interpreted")
    assert found(np.float32([0, 2, 0, 3]))[0].tolist() == [[1, 3]]
    assert found(np.float32([5, 0, 0, 0]))[0].tolist() == [[0]]  # never a stale value


def test_mutated_models_never_crash():
    w = numpy_helper.from_array(np.ones((4, 3), np.float32), "w")
    nodes = [
        helper.make_node("Gemm", ["x", "w"], ["h"], transB=1),
        helper.make_node("Reshape", ["h", "s"], ["r"]),
        helper.make_node("Softmax", ["r"], ["y"], axis=-1),
    ]
    made = model_of(nodes, [info("x", (2, 3))], [info("y", None)], [w, ints("s", [4, 2])])
    whole = made.SerializeToString()
    x = np.ones((2, 3), np.float32)
    draw = np.random.default_rng(0)
    for _ in range(400):
        data = bytearray(whole)
        for _ in range(draw.integers(1, 4)):
            data[draw.integers(len(data))] = draw.integers(256)
        try:
            bafe.onnx.load(bytes(data), tier="interpreted")(x)
        except bafe.BafeError:
            pass
