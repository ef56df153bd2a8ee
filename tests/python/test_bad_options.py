"""Options that make no sense: an error or a warning with the place, the fact and a way on."""

import os
import subprocess
import sys

import bafe
import numpy as np
import pytest


def identity(x, y=0):
    return x + 1


@pytest.mark.parametrize(
    ("options", "fact", "fix"),
    [
        ({"threads": 10**30}, "threads=1000", "smaller"),
        ({"iters": 2**40}, "iters=", "smaller"),
        ({"seed": 2**70}, "seed=", "smaller"),
        ({"deep": "yes"}, "deep='yes' is neither True nor False", "give one"),
        ({"autotune": "no"}, "autotune='no' is neither", "give one"),
        ({"rewrite": 1}, "rewrite=1 is neither", "give one"),
        ({"budget": 3}, "budget=3 is no search budget", r"make_search_budget\(max_iters=3\)"),
        ({"max_error_growth": 0.5}, "max_error_growth=0.5 is less than 1", "give 1"),
        ({"max_error_growth": -1}, "max_error_growth=-1 is less than 1", "give 1"),
        ({"max_error_growth": float("nan")}, "max_error_growth=nan is not a number", "give 1"),
        ({"max_error_growth": "x"}, "max_error_growth='x' is not a number", "give 1"),
        ({"max_error_growth": True}, "max_error_growth=True is not a number", "give 1"),
        ({"math": "bit"}, "math='bit' is unknown", "did you mean bits?"),
        ({"math": 3}, "math=3 is unknown", "bits, reals, fast"),
        ({"static_argnums": -3}, "no parameter -3", "from 0 to 1"),
    ],
)
def test_options_of_jit_name_place_fact_and_fix(options, fact, fix):
    with pytest.raises(
        bafe.TraceError, match=rf"(?s)test_bad_options.py:\d+: .*{fact}.*fix: .*{fix}"
    ):
        bafe.jit(identity, **options)


def test_a_switch_may_be_numpys():
    assert bafe.jit(identity, deep=np.bool_(False))(np.zeros(1)) == 1


def test_wait_wants_a_number_of_seconds():
    f = bafe.jit(identity)
    for wrong in ("x", -1):
        with pytest.raises(bafe.TraceError, match=r"(?s)test_bad_options.*timeout=.*fix:"):
            f.wait(wrong)


@pytest.mark.parametrize("shape", [(-1,), (2, -3), 3, ("a b",), "ab", (1.5,)])
def test_a_shape_holds_sizes(shape):
    with pytest.raises(bafe.ShapeError, match=r"(?s)test_bad_options.*ShapeDtype.*fix:"):
        bafe.ShapeDtype(shape)


def test_an_unknown_option_of_autotune_names_the_nearest():
    with pytest.raises(bafe.TraceError, match="did you mean seconds?"):
        bafe.autotune(bafe.jit(identity), (np.ones(3),), secs=3)


def test_a_registered_class_whose_rest_cannot_be_hashed_names_the_argument():
    class Box:
        def __init__(self, value):
            self.value = value

    bafe.register_pytree(Box, lambda b: ([b.value], [1, 2]), lambda _, c: Box(*c))
    with pytest.raises(bafe.TraceError, match=r"(?s)argument 'box'.*fix:.*hashable"):
        bafe.jit(lambda box: box.value + 1)(Box(np.ones(2)))


PROGRAM = """
import warnings, numpy as np, bafe
warnings.simplefilter("always")
f = bafe.jit(lambda x: x * 2 + 1, tier="auto")
for _ in range(3): f(np.ones(5))
f.wait()
f(np.ones((600, 600)))
bafe.get_num_threads()
bafe._core.option("BAFE_TUNING_SECONDS")
"""


@pytest.mark.parametrize(
    ("name", "value", "used"),
    [
        ("BAFE_NUM_THREADS", "0", "as if it were not set"),
        ("BAFE_NUM_THREADS", "lots", "as if it were not set"),
        ("BAFE_CACHE_BYTES", "-5", "1073741824"),
        ("BAFE_CACHE_BYTES", "1G", "1073741824"),
        ("BAFE_MEMORY_BYTES", "x", "1073741824"),
        ("BAFE_TUNING_SECONDS", "-1", "4"),
        ("BAFE_COMPILE_SECONDS", "-3", "60"),
        ("BAFE_COMPILE_MEGABYTES", "nan", "4096"),
        ("BAFE_DEBUG", "x", "0"),
    ],
)
def test_a_variable_that_makes_no_sense_is_one_warning(name, value, used, tmp_path):
    environment = {**os.environ, "BAFE_CACHE_DIR": str(tmp_path), name: value}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.splitlines() if f"{name}={value} " in line]
    assert len(said) == 1, done.stderr
    assert used in said[0]


def test_topics_may_have_spaces_between_them(tmp_path):
    environment = {
        **os.environ,
        "BAFE_CACHE_DIR": str(tmp_path),
        "BAFE_LOG": "cache, dispatch",
        "BAFE_CACHE_BYTES": "1000000",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True
    )
    assert "does not exist" not in done.stderr
    assert "bafe[dispatch]" in done.stderr, done.stderr
