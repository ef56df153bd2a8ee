"""Plain NumPy, traced: value, dtype and shape of hundreds of forms are NumPy's."""

import bafe
import numpy as np
import numpy_forms as forms
import pytest

NAMES = "a b z f p s v w n h k m c x".split()


def arguments():
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(2, 3, 4)) * 2
    z = a.copy()
    z[0, 1], z[1, 2], z[2, 0] = np.nan, np.inf, -np.inf
    n = rng.integers(-5, 6, (3, 4))
    return {
        **{"a": a, "b": b, "z": z, "f": a.astype("f4"), "p": np.abs(b) + 0.5},
        **{"s": rng.normal(size=(3, 3)) + 3 * np.eye(3), "v": rng.normal(size=4)},
        **{"w": rng.normal(size=3), "n": n, "h": n.astype("i2"), "k": np.array([2, 0])},
        **{"m": n > 0, "c": rng.normal(size=(2, 3, 4)), "x": np.array(1.25)},
    }


def leaves(value):
    if isinstance(value, (tuple, list)):
        return [leaf for item in value for leaf in leaves(item)]
    return [np.asarray(value)]


def same(got, want, what):
    assert got.dtype == want.dtype, f"{what}: dtype {got.dtype}, NumPy {want.dtype}"
    assert got.shape == want.shape, f"{what}: shape {got.shape}, NumPy {want.shape}"
    tolerance = 2e-6 if want.dtype == np.float32 else 1e-13
    if want.dtype.kind == "f":
        np.testing.assert_allclose(got, want, tolerance, tolerance, err_msg=what)
    else:
        np.testing.assert_array_equal(got, want, err_msg=what)


def names_in(text):
    code = compile(text, "form", "exec")
    used = set(code.co_names)
    for const in code.co_consts:
        used |= set(getattr(const, "co_names", ()))
    return [name for name in NAMES if name in used]


def check_value(text):
    names = names_in(text)
    space = {"np": np}
    exec(f"def f({', '.join(names)}):\n    return {text}", space)  # noqa: S102 - the table is ours
    given = arguments()
    with np.errstate(all="ignore"):
        want = space["f"](*(given[name] for name in names))
        got = bafe.jit(space["f"], tier="interpreted")(*(given[name] for name in names))
    got, want = leaves(got), leaves(want)
    assert len(got) == len(want)
    for one, other in zip(got, want):
        same(one, other, text)


def check_write(text):
    """Every argument afterwards, on fresh copies; the second call takes another path."""
    names = names_in(text)
    space = {"np": np}
    exec(f"def f({', '.join(names)}):\n    {text}", space)  # noqa: S102
    traced = bafe.jit(space["f"], tier="interpreted")
    wanted, first, second = arguments(), arguments(), arguments()
    space["f"](*(wanted[name] for name in names))
    for given in (first, second):
        assert traced(*(given[name] for name in names)) is None
        for name in names:
            same(given[name], wanted[name], f"{text}: {name}")


@pytest.mark.parametrize(
    "group", ["UFUNCS", "OPERATORS", "METHODS", "JOINS", "LINEAR", "STATISTICS", "INDEXING"]
)
def test_forms_of_numpy_give_what_numpy_gives(group):
    wrong = failures(getattr(forms, group), check_value)
    assert not wrong, "\n".join(wrong)


def test_writes_leave_in_arguments_what_numpy_leaves():
    wrong = failures(forms.WRITES, check_write)
    assert not wrong, "\n".join(wrong)


def failures(texts, check):
    wrong = []
    for text in texts:
        try:
            check(text)
        except Exception as error:  # noqa: BLE001 - all of them are listed
            wrong.append(f"{text}: {type(error).__name__}: {str(error).strip()[:160]}")
    return wrong
