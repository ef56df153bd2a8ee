"""Models as functions, the backend's interface, and a fixed slice of ONNX's own suite."""

import re

import bafe
import numpy as np
import onnx_suite
import pytest

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper, numpy_helper  # noqa: E402

F = TensorProto.FLOAT


def info(name, shape, dtype=F):
    return helper.make_tensor_value_info(name, dtype, shape)


def dense(units=4):
    w = numpy_helper.from_array(np.arange(3 * units, dtype=np.float32).reshape(3, units), "w")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Relu", ["h"], ["y"])]
    graph = helper.make_graph(nodes, "g", [info("x", ["n", 3])], [info("y", ["n", units])], [w])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)])


X = np.array([[1, -2, 3], [0.5, 0, -1]], np.float32)
Y = np.maximum(X @ np.arange(12, dtype=np.float32).reshape(3, 4), 0)


@pytest.mark.parametrize("tier", ["interpreted", "compiled"])
def test_models_load_from_paths_bytes_and_messages(tmp_path, tier):
    path = tmp_path / "m.onnx"
    path.write_bytes(dense().SerializeToString())
    for source in (path, str(path), path.read_bytes(), dense()):
        np.testing.assert_allclose(bafe.onnx.load(source, tier=tier)(X)[0], Y)


def test_inputs_come_by_position_and_name_and_every_shape_is_its_own():
    model = bafe.onnx.load(dense(), tier="interpreted")
    np.testing.assert_allclose(model(x=X)[0], Y)
    np.testing.assert_allclose(model.run({"x": X})["y"], Y)
    for rows in (0, 1, 7):
        x = np.ones((rows, 3), np.float32)
        assert model(x)[0].shape == (rows, 4)
    assert [one.name for one in model.inputs] == ["x"]
    assert "matmul" in model.ir(X)
    assert repr(model) == "<bafe.onnx.Model (x) -> (y)>"


def test_results_of_strided_arguments_are_right():
    model = bafe.onnx.load(dense(), tier="interpreted")
    wide = np.zeros((4, 6), np.float32)
    wide[::2, ::2] = X
    np.testing.assert_allclose(model(wide[::2, ::2])[0], Y)
    np.testing.assert_allclose(model(np.asfortranarray(X))[0], Y)


def test_a_program_for_the_value_of_a_shape_is_never_used_for_another():
    nodes = [helper.make_node("Reshape", ["x", "s"], ["y"])]
    shape = info("s", [2], TensorProto.INT64)
    graph = helper.make_graph(nodes, "g", [info("x", [6]), shape], [info("y", None)])
    model = bafe.onnx.load(helper.make_model(graph), tier="interpreted")
    x, s = np.arange(6, dtype=np.float32), np.array([2, 3])
    for wanted in ([2, 3], [3, -1], [2, 3], [1, 6]):
        s[:] = wanted  # the same array with other values
        np.testing.assert_array_equal(model(x, s)[0], x.reshape(wanted))


def test_the_backend_answers_as_onnx_asks():
    backend = bafe.onnx.backend
    assert issubclass(backend.BafeBackend, onnx.backend.base.Backend)
    assert backend.supports_device("CPU") and not backend.supports_device("CUDA")
    assert backend.is_compatible(dense())
    np.testing.assert_allclose(backend.prepare(dense()).run([X])[0], Y)
    np.testing.assert_allclose(backend.run_model(dense(), [X])[0], Y)
    node = helper.make_node("Softmax", ["x"], ["y"], axis=0)
    (y,) = backend.run_node(node, [X])
    np.testing.assert_allclose(y.sum(0), 1, rtol=1e-6)
    unknown = helper.make_node("Frobnicate", ["x"], ["y"])
    with pytest.raises(bafe.onnx.UnsupportedError, match="Frobnicate"):
        backend.run_node(unknown, [X])


def test_importing_bafe_does_not_import_onnx():
    import subprocess
    import sys

    code = "import bafe, sys; import bafe.onnx; assert 'onnx' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_the_package_the_error_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(bafe.TraceError, match="pip install 'bafe-engine\\[onnx\\]'"):
        bafe.onnx.load(b"")


def numpy_of(name, *arrays):
    return {
        "Erf": lambda x: np.vectorize(__import__("math").erf)(x).astype(x.dtype),
        "Gelu": lambda x: (
            x * 0.5 * (1 + np.vectorize(__import__("math").erf)(x / np.sqrt(2)))
        ).astype(x.dtype),
    }.get(name, getattr(np, name.lower(), None))(*arrays)


SPECIAL = np.array([-np.inf, -3, -1, -0.5, -0.0, 0.0, 1e-6, 0.5, 1, 3, 1e4, np.inf, np.nan])
NAMES = {
    "Acos": "arccos",
    "Acosh": "arccosh",
    "Asin": "arcsin",
    "Asinh": "arcsinh",
    "Atan": "arctan",
    "Atanh": "arctanh",
    "Tan": "tan",
    "Sinh": "sinh",
    "Cosh": "cosh",
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(NAMES))
def test_composed_functions_agree_with_numpy_at_special_values(name, dtype):
    x = np.concatenate([SPECIAL, np.linspace(-4, 4, 1001)]).astype(dtype)
    with np.errstate(all="ignore"):
        expected = getattr(np, NAMES[name])(x)
    (found,) = bafe.onnx.backend.run_node(
        helper.make_node(name, ["x"], ["y"]), [x], tier="interpreted"
    )
    tolerance = 8 * np.finfo(dtype).eps
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * 0.01)


@pytest.mark.parametrize("shape", [(0, 3), (1, 1), (5, 7)])
def test_ties_and_sizes_of_top_k(shape):
    x = np.round(np.random.default_rng(0).standard_normal(shape)).astype(np.float32)
    node = helper.make_node("TopK", ["x", "k"], ["v", "i"], axis=-1)
    values, places = bafe.onnx.backend.run_node(node, [x, np.array([1])], tier="interpreted")
    np.testing.assert_array_equal(places, np.argmax(x, -1)[:, None] if x.size else places)
    np.testing.assert_array_equal(values, np.take_along_axis(x, places, -1))


@pytest.fixture(scope="module")
def slice_of_the_suite():
    from onnx.backend.test.loader import load_model_tests

    pattern = re.compile(r"BatchNorm|Conv[12]d|Linear|Pool2d|Softmax|PReLU|Embedding|operator_")
    kinds = ("pytorch-operator", "pytorch-converted")
    return [c for k in kinds for c in load_model_tests(kind=k) if pattern.search(c.name)]


def test_a_slice_of_the_suite_passes(slice_of_the_suite):
    assert len(slice_of_the_suite) > 60
    results = {case.name: onnx_suite.run_case(case) for case in slice_of_the_suite}
    assert {name: one for name, one in results.items() if one[0] != "passed"} == {}


def test_weights_are_packed_once():
    draw = np.random.default_rng(0)
    w = numpy_helper.from_array(draw.standard_normal((128, 512)).astype(np.float32), "w")
    nodes = [helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Gelu", ["h"], ["y"])]
    graph = helper.make_graph(nodes, "g", [info("x", [64, 128])], [info("y", None)], [w])
    model = bafe.onnx.load(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)]), tier="compiled"
    )
    x = draw.standard_normal((64, 128)).astype(np.float32)
    model(x)
    ((_, function),) = model._functions.values()
    assert "pack blocked" not in str(function.timings(x))
    h = (x @ numpy_helper.to_array(w)).astype(np.float64)
    np.testing.assert_allclose(model(x)[0], numpy_of("Gelu", h), rtol=1e-4, atol=1e-4)
