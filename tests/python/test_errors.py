"""Every user error has its class and a frozen message: place, fact, fix."""

import inspect
import re

import bafe
import numpy as np
import pytest

f32 = np.float32


def raises(kind, builtin, call):
    with pytest.raises(kind) as caught:
        call()
    assert type(caught.value) is kind and isinstance(caught.value, builtin)
    return str(caught.value)


def declared(shape, structure):
    def f(a):
        return bafe.input(shape, "float64", "a", structure=structure)

    return bafe.jit(f)(np.ones(shape))


MASKED = np.ma.array([1.0, 2.0, 3.0], mask=[0, 1, 0])


class Far:
    """An array of another library on another device."""

    device = "cuda:0"

    def __dlpack_device__(self):
        return 2, 0


CASES = {
    "matmul_inner_sizes": (
        bafe.ShapeError,
        ValueError,
        lambda: bafe.jit(lambda x, w: x @ w)(np.ones((8, 512), f32), np.ones((256, 4), f32)),
    ),
    "add_shapes": (
        bafe.ShapeError,
        ValueError,
        lambda: bafe.jit(lambda a, b: a + b)(np.ones((2, 3)), np.ones(4)),
    ),
    "neg_bool": (bafe.DTypeError, TypeError, lambda: bafe.jit(lambda a: -a)(np.ones(2, bool))),
    "sub_bool": (
        bafe.DTypeError,
        TypeError,
        lambda: bafe.jit(lambda a: a - a)(np.ones(2, bool)),
    ),
    "spec_without_values": (
        bafe.TraceError,
        TypeError,
        lambda: bafe.jit(lambda a: a)(bafe.ShapeDtype((2,))),
    ),
    "input_dtype": (
        bafe.DTypeError,
        TypeError,
        lambda: bafe.jit(lambda a: bafe.input((3,), name="a") + a)(np.ones(3)),
    ),
    "structure_number": (
        bafe.TraceError,
        TypeError,
        lambda: declared((3, 3), 3),
    ),
    "structure_list": (
        bafe.TraceError,
        TypeError,
        lambda: declared((3, 3), ["lower"]),
    ),
    "structure_bytes": (
        bafe.TraceError,
        TypeError,
        lambda: declared((3, 3), b"lower"),
    ),
    "structure_unknown": (
        bafe.ParseError,
        ValueError,
        lambda: declared((3, 3), "lowre"),
    ),
    "structure_not_square": (
        bafe.ShapeError,
        ValueError,
        lambda: declared((3, 4), "identity"),
    ),
    "round_decimals": (
        bafe.TraceError,
        TypeError,
        lambda: bafe.jit(lambda a: np.round(a, -1))(np.ones(3, int)),
    ),
    "ufunc_where": (
        bafe.TraceError,
        TypeError,
        lambda: bafe.jit(lambda a: np.sqrt(a, where=a > 0))(np.ones(3)),
    ),
    "sort": (bafe.TraceError, TypeError, lambda: bafe.jit(lambda a: np.sort(a))(np.ones(3))),
    "program_text": (
        bafe.ParseError,
        ValueError,
        lambda: bafe._core.parse_program("program main(x: f32[2]) -> f32[2] { return twice x }"),
    ),
    "shift_float": (bafe.DTypeError, TypeError, lambda: bafe.jit(lambda a: a << 1)(np.ones(2))),
    "reduce_axis": (
        bafe.ShapeError,
        ValueError,
        lambda: bafe.jit(lambda a: a.sum(axis=2))(np.ones((2, 3))),
    ),
    "max_of_nothing": (
        bafe.ShapeError,
        ValueError,
        lambda: bafe.jit(lambda a: a.max(axis=0))(np.ones((0, 3))),
    ),
    "reshape_size": (
        bafe.ShapeError,
        ValueError,
        lambda: bafe.jit(lambda a: a.reshape(4, 2))(np.ones((2, 3))),
    ),
    "transpose_perm": (
        bafe.ShapeError,
        ValueError,
        lambda: bafe.jit(lambda a: a.transpose(0, 0))(np.ones((2, 3))),
    ),
    "concat_rank": (
        bafe.ShapeError,
        ValueError,
        lambda: bafe.jit(lambda a, b: bafe.concat([a, b]))(np.ones((2, 3)), np.ones(3)),
    ),
    "index_range": (bafe.ShapeError, ValueError, lambda: bafe.jit(lambda a: a[5])(np.ones(3))),
    "index_mask": (bafe.TraceError, TypeError, lambda: bafe.jit(lambda a: a[a > 0])(np.ones(3))),
    "squeeze_axis": (
        bafe.ShapeError,
        ValueError,
        lambda: bafe.jit(lambda a: a.squeeze(0))(np.ones(3)),
    ),
    "broadcast_shape": (
        bafe.ShapeError,
        ValueError,
        lambda: bafe.jit(lambda a: bafe.broadcast_to(a, (2, 4)))(np.ones(3)),
    ),
    "solve_shape": (
        bafe.ShapeError,
        ValueError,
        lambda: bafe.jit(lambda a, b: bafe.solve(a, b))(np.ones((2, 3)), np.ones(2)),
    ),
    "branch": (
        bafe.TraceError,
        TypeError,
        lambda: bafe.jit(lambda a: a if a.sum() > 0 else -a)(np.ones(3)),
    ),
    "float_of_tensor": (
        bafe.TraceError,
        TypeError,
        lambda: bafe.jit(lambda a: a * float(a.sum()))(np.ones(3)),
    ),
    "number_of_tensor": (
        bafe.TraceError,
        TypeError,
        lambda: bafe.jit(lambda a: [1, 2][a[0]])(np.ones(3, int)),
    ),
    "torch_like": (bafe.TraceError, TypeError, lambda: bafe.jit(lambda a: a)(Far())),
    "masked_capture": (
        bafe.TraceError,
        TypeError,
        lambda: bafe.jit(lambda a: a + MASKED)(np.ones(3)),
    ),
    "set_item": (
        bafe.TraceError,
        TypeError,
        lambda: bafe.jit(lambda a: np.broadcast_to(a, (2, 3)).__setitem__(0, 1))(np.ones(3)),
    ),
    "returns_text": (bafe.TraceError, TypeError, lambda: bafe.jit(lambda a: "text")(np.ones(3))),
    "returns_none": (bafe.TraceError, TypeError, lambda: bafe.jit(lambda a: None)(np.ones(3))),
    "object_array": (
        bafe.DTypeError,
        TypeError,
        lambda: bafe.jit(lambda a: a)(np.array([1, None])),
    ),
    "complex_array": (
        bafe.DTypeError,
        TypeError,
        lambda: bafe.jit(lambda a: a)(np.ones(2, complex)),
    ),
    "text_argument": (bafe.TraceError, TypeError, lambda: bafe.jit(lambda a: a)("text")),
    "matrix_argument": (
        bafe.TraceError,
        TypeError,
        lambda: bafe.jit(lambda a: a)(np.ma.masked_array([1.0], mask=[True])),
    ),
    "set_operand": (
        bafe.TraceError,
        TypeError,
        lambda: bafe.jit(lambda a: bafe.add(a, {1}))(np.ones(3)),
    ),
    "unknown_layout": (
        bafe.ShapeError,
        ValueError,
        lambda: bafe.jit(lambda a: bafe.layout_transform(a, "diagonal"))(np.ones((2, 2))),
    ),
    "input_shape": (
        bafe.ShapeError,
        ValueError,
        lambda: bafe.jit(lambda a: bafe.input((9,), name="a") + a)(np.ones(3)),
    ),
    "unknown_numpy_function": (
        bafe.TraceError,
        TypeError,
        lambda: bafe.jit(lambda a: np.fft.fft(a))(np.ones(4)),
    ),
    "unknown_ufunc": (
        bafe.TraceError,
        TypeError,
        lambda: bafe.jit(lambda a: np.spacing(a))(np.ones(4)),
    ),
    "unknown_math": (bafe.TraceError, TypeError, lambda: bafe.jit(lambda a: a, math="loose")),
    "unknown_option": (
        bafe.TraceError,
        TypeError,
        lambda: bafe.jit(lambda a: a, teir="compiled"),
    ),
    "unknown_option_of_all": (bafe.TraceError, TypeError, lambda: bafe.jit(gpu=True)),
    "unknown_limit": (
        bafe.TraceError,
        TypeError,
        lambda: bafe.make_search_budget(max_node=100),
    ),
    "unknown_static_name": (
        bafe.TraceError,
        TypeError,
        lambda: bafe.jit(lambda a, mode: a, static_argnames="mod"),
    ),
    "unknown_static_number": (
        bafe.TraceError,
        TypeError,
        lambda: bafe.jit(lambda a, mode: a, static_argnums=2),
    ),
    "no_threads": (bafe.TraceError, TypeError, lambda: bafe.jit(lambda a: a, threads=0)),
    "half_a_thread": (bafe.TraceError, TypeError, lambda: bafe.jit(lambda a: a, threads=1.5)),
    "negative_time": (bafe.TraceError, TypeError, lambda: bafe.jit(time_budget_ms=-1)),
    "time_of_nan": (bafe.TraceError, TypeError, lambda: bafe.jit(time_budget_ms=float("nan"))),
    "negative_iters": (bafe.TraceError, TypeError, lambda: bafe.jit(iters=-3)),
    "negative_temperature": (bafe.TraceError, TypeError, lambda: bafe.jit(temperature=-0.5)),
    "limit_of_nan": (
        bafe.TraceError,
        TypeError,
        lambda: bafe.make_search_budget(temperature=float("nan")),
    ),
    "unknown_tier": (bafe.TraceError, TypeError, lambda: bafe.jit(lambda a: a, tier="warm")),
    "not_callable": (bafe.TraceError, TypeError, lambda: bafe.jit(3)),
    "unhashable_static": (
        bafe.TraceError,
        TypeError,
        lambda: bafe.jit(lambda a, n: a, static_argnames="n")(np.ones(3), n=[1]),
    ),
    "negative_budget": (bafe.ShapeError, ValueError, lambda: bafe.make_search_budget(max_nodes=-1)),
    "rule_unbalanced": (
        bafe.ParseError,
        ValueError,
        lambda: bafe.rules.add("(rule r (add ?a ?b) => (add ?b ?a)"),
    ),
    "rule_unknown_operator": (
        bafe.RuleError,
        ValueError,
        lambda: bafe.rules.add("(rule r (plus ?a ?b) => ?a)"),
    ),
    "rule_unbound": (
        bafe.RuleError,
        ValueError,
        lambda: bafe.rules.add("(rule r (add ?a ?b) => (add ?a ?c) :class reals)"),
    ),
    "rule_taken": (
        bafe.RuleError,
        ValueError,
        lambda: bafe.rules.add(bafe.rules.get("add_commutative").text),
    ),
    "optimize_array": (bafe.TraceError, TypeError, lambda: bafe.optimize(np.ones(3))),
    "fuse_number": (TypeError, TypeError, lambda: bafe.fuse(1, lambda a: a)),
    "fuse_variadic": (TypeError, TypeError, lambda: bafe.fuse(lambda *a: a[0], lambda a: a)),
}


@pytest.mark.parametrize("name", CASES)
def test_message_is_frozen(name, golden):
    kind, builtin, call = CASES[name]
    message = re.sub(r"test_errors\.py:\d+", "test_errors.py:LINE", raises(kind, builtin, call))
    golden(f"errors/python/{name}.txt", message)


def test_the_place_is_the_users_line():
    with pytest.raises(bafe.ShapeError) as caught:
        bafe.jit(lambda a: a.sum(axis=2))(np.ones((2, 3)))
    line = inspect.currentframe().f_lineno - 1
    assert str(caught.value).startswith(f"test_errors.py:{line}: reduce_sum: axis 2")


def test_an_error_in_one_call_leaves_the_function_usable():
    f = bafe.jit(lambda a, b: a @ b)
    with pytest.raises(bafe.ShapeError):
        f(np.ones((2, 3)), np.ones((2, 3)))
    assert f(np.ones((2, 3)), np.ones((3, 1))).tolist() == [[3.0], [3.0]]


def test_out_of_range_indices_are_an_error_at_run_time():
    f = bafe.jit(lambda x, i: bafe.take(x, i, 0))
    for tier in ("compiled", "interpreted"):
        f = bafe.jit(lambda x, i: bafe.take(x, i, 0), tier=tier)
        assert f(np.arange(3.0), np.array([0, -1])).tolist() == [0.0, 2.0]
        with pytest.raises(bafe.ShapeError, match="range"):
            f(np.arange(3.0), np.array([3]))


def test_negative_integer_powers_are_an_error_at_run_time():
    for tier in ("compiled", "interpreted"):
        f = bafe.jit(lambda a, b: a**b, tier=tier)
        assert f(np.array([2, 3]), np.array([3, 0])).tolist() == [8, 1]
        with pytest.raises(bafe.ShapeError, match="power"):
            f(np.array([2]), np.array([-1]))


def test_singular_systems_are_an_error_at_run_time():
    f = bafe.jit(lambda a, b: bafe.solve(a, b))
    with pytest.raises(bafe.ShapeError, match="singular"):
        f(np.zeros((2, 2)), np.ones((2, 1)))
