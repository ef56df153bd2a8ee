"""Corners of ONNX's operators, where answers were wrong once, and arguments that are no arrays."""

import os

import bafe
import numpy as np
import pytest

onnx = pytest.importorskip("onnx")
from onnx import TensorProto, helper  # noqa: E402


def run(op, *arrays, outputs=1, opset=20, **attributes):
    """Results of one node; integers that shapes depend on come with the call."""
    names = [f"x{i}" for i in range(len(arrays))]
    results = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(op, names, results, **attributes)
    infos = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
        for n, a in zip(names, arrays)
    ]
    outs = [onnx.ValueInfoProto(name=name) for name in results]
    graph = helper.make_graph([node], "g", infos, outs)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)])
    return bafe.onnx.load(model, tier="interpreted")(*arrays)


@pytest.mark.parametrize(
    ("largest", "values", "places"), [(1, [np.nan, 3, 2], [1, 2, 3]), (0, [1, 2, 3], [0, 3, 2])]
)
def test_topk_takes_nan_as_the_largest(largest, values, places):
    x = np.array([1, np.nan, 3, 2], np.float32)
    found = run("TopK", x, np.array([3]), outputs=2, largest=largest)
    np.testing.assert_array_equal(found[0], np.array(values, np.float32))
    np.testing.assert_array_equal(found[1], places)


def test_topk_of_two_nans_keeps_their_order():
    x = np.array([np.nan, 5, np.nan], np.float32)
    found = run("TopK", x, np.array([3]), outputs=2)
    np.testing.assert_array_equal(found[1], [0, 2, 1])


def test_dynamic_quantisation_of_zeros_is_zeros():
    y, scale, zero = run("DynamicQuantizeLinear", np.zeros((2, 3), np.float32), outputs=3)
    assert not y.any() and zero == 0 and scale > 0


def test_slices_backwards_start_at_the_first_element_at_least():
    x = np.arange(5, dtype=np.float32)
    found = run("Slice", x, *(np.array([v]) for v in (-9, -(2**63) + 1, 0, -1)), opset=13)
    np.testing.assert_array_equal(found[0], x[:1])
    empty = run("Slice", x[:0], *(np.array([v]) for v in (-9, -(2**63) + 1, 0, -1)), opset=13)
    assert empty[0].shape == (0,)


def test_integer_gemm_with_a_fraction_is_refused():
    x = np.ones((2, 2), np.int32)
    np.testing.assert_array_equal(run("Gemm", x, x, alpha=2.0)[0], np.full((2, 2), 4, np.int32))
    for given in ({"alpha": 0.5}, {"beta": 0.5}):
        with pytest.raises(bafe.onnx.UnsupportedError, match="node Gemm: .*0.5"):
            run("Gemm", x, x, x, **given)


def test_an_operator_unknown_in_every_version_is_named():
    x = np.ones((3, 3), np.float32)
    with pytest.raises(
        bafe.onnx.UnsupportedError, match="node Det: this operator is not supported"
    ):
        run("Det", x)


@pytest.mark.parametrize("value", ["abc", [[1.0], [2.0, 3.0]], object()])
def test_arguments_that_are_no_arrays_are_refused(value):
    info = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])
    out = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n"])
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", [info], [out])
    with pytest.raises(bafe.BafeError, match="(?s)input 'x'.*fix:"):
        bafe.onnx.load(helper.make_model(graph))(value)


def test_tensors_that_require_gradients_are_refused():
    torch = pytest.importorskip("torch")
    info = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])
    graph = helper.make_graph([helper.make_node("Neg", ["x"], ["y"])], "g", [info], [info])
    graph.output[0].name = "y"
    with pytest.raises(bafe.TraceError, match="(?s)'x'.*requires gradients.*fix:"):
        bafe.onnx.load(helper.make_model(graph))(torch.ones(3, requires_grad=True))


def test_paths_that_are_no_files_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/zero", "a\0b", tmp_path):
        with pytest.raises(bafe.ParseError, match="(?s)cannot be read|no regular file") as caught:
            bafe.onnx.load(path)
        assert "fix:" in str(caught.value)
