"""``bafe.autotune``, the profile store's merge and the ``bafe`` command. Nothing is asked of how
long anything takes."""

import sqlite3
import subprocess
import sys
import types

import bafe
import numpy as np
import pytest
from bafe import cli


def _arguments(n=48):
    rng = np.random.default_rng(n)
    return [rng.standard_normal((n, n)).astype(np.float32) for _ in range(3)]


def _step(a, b, c):
    return bafe.relu(a @ b + c)


def test_tuning_says_what_it_tried_and_the_function_stays_right():
    f = bafe.jit(_step)
    a, b, c = _arguments()
    found = bafe.autotune(f, (a, b, c), seconds=1.5)
    assert isinstance(found, bafe.TuningSummary)
    assert found.speed_up >= 1 and found.interval[0] <= found.speed_up <= found.interval[1]
    assert found.ended in ("decided", "time") and found.complete == (found.ended == "decided")
    assert found.candidates[0].what and found.builds >= 1 and found.seconds > 0
    assert sum(one.state == "winner" for one in found.candidates) == 1
    assert found.winner in str(found) and "rounds" in str(found)
    np.testing.assert_allclose(f(a, b, c), np.maximum(a @ b + c, 0), rtol=1e-4, atol=1e-4)


def test_a_second_tuning_takes_what_the_store_holds():
    f = bafe.jit(_step)
    arguments = _arguments(40)
    first = bafe.autotune(f, arguments, seconds=1.5)
    second = bafe.autotune(bafe.jit(_step), arguments, seconds=1.5)
    timed = {one.what for one in first.candidates if one.rounds > 0 or one.stored}
    assert {one.what for one in second.candidates if one.rounds > 0 or one.stored} >= timed
    assert any(one.stored for one in second.candidates) or len(timed) < 2


def test_a_function_that_is_not_jitted_is_tuned_too():
    found = bafe.autotune(_step, _arguments(8), seconds=0.2)
    assert found.candidates


def test_captured_arrays_and_numbers_are_arguments_like_others():
    weight = np.arange(12.0).reshape(3, 4)
    f = bafe.jit(lambda x, s: x @ weight.T * s)
    x = np.asfortranarray(np.arange(8.0).reshape(2, 4))
    bafe.autotune(f, (x, 2.5), seconds=0.2)
    np.testing.assert_allclose(f(x, 2.5), x @ weight.T * 2.5)


def test_candidate_timings_never_enter_the_public_log():
    bafe.autotune_reset()
    bafe.autotune(bafe.jit(_step, autotune=True), _arguments(24), seconds=0.3)
    assert bafe.autotune_stats()["log_size"] == 0 and bafe.autotune_stats()["total_calls"] == 0


def test_bad_calls_of_autotune_are_refused():
    f = bafe.jit(_step)
    with pytest.raises(TypeError, match=r"args is a ndarray, not a tuple"):
        bafe.autotune(f, np.ones(3))
    for seconds in (0, -1, float("nan"), "soon", float("inf")):
        with pytest.raises(ValueError, match="is not a positive number"):
            bafe.autotune(f, _arguments(8), seconds=seconds)
    with pytest.raises(TypeError, match="has no values"):
        bafe.autotune(f, [bafe.ShapeDtype((4, 4))] * 3)


def test_the_function_and_its_relatives_are_found_by_name():
    assert callable(bafe.autotune) and not isinstance(bafe.autotune, types.ModuleType)
    from bafe import _autotune

    assert bafe.configure_autotune is _autotune.configure_autotune
    assert not isinstance(bafe.autotune, types.ModuleType)


def test_ctrl_c_keeps_the_best_so_far(run_python):
    code = """
import os, signal, threading
import bafe, numpy as np
f = bafe.jit(lambda a, b, c: bafe.relu(a @ b + c))
x = [np.ones((64, 64), np.float32)] * 3
f(*x)
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
found = bafe.autotune(f, x, seconds=60)
assert found.ended in ("stopped", "decided"), found.ended
assert f(*x)[0, 0] == 65
print("done", found.ended)
"""
    status, out, err = run_python(code)
    assert status == 0 and out.startswith("done"), err


def test_a_second_process_starts_with_the_winner(run_python):
    code = """
import bafe, numpy as np
f = bafe.jit(lambda a, b, c: bafe.relu(a @ b + c), autotune={autotune})
x = [np.ones((64, 64), np.float32)] * 3
{tune}
assert f(*x)[0, 0] == 65
print(f.compile(*x).key, f.compile(*x).from_cache, bafe.cache.info().compiles)
"""
    tune = "bafe.autotune(f, x, seconds=1.5)"
    for autotune in (False, True):
        status, out, err = run_python(code.format(autotune=autotune, tune=tune))
        assert status == 0, err
        key = out.split()[0]
        status, out, err = run_python(code.format(autotune=autotune, tune=""))
        assert status == 0, err
        assert out.split() == [key, "True", "0"]


def _rows(path):
    with sqlite3.connect(path) as store:
        return sorted(store.execute("SELECT * FROM timing"))


@pytest.fixture
def store(tmp_path):
    """A store of this machine's timings, copied out of the test's cache."""
    bafe.autotune(bafe.jit(_step), _arguments(16), seconds=0.3)
    path = tmp_path / "a.db"
    bafe.profile_store.merge([bafe.profile_store.path()], path)
    return path


def test_merging_is_idempotent_and_keeps_the_counts(store, tmp_path):
    rows = _rows(store)
    assert rows
    other = tmp_path / "c.db"
    first = bafe.profile_store.merge([store, store], other)
    assert first.timings == len(rows) == len(_rows(other))
    assert bafe.profile_store.merge([store], other).timings == 0
    assert _rows(other) == rows == _rows(store)


def test_the_command_merges_stores(store, tmp_path, capsys):
    out = tmp_path / "merged.db"
    assert cli.main(["profile", "merge", str(store), str(store), "-o", str(out)]) == 0
    assert f"{len(_rows(store))} timings" in capsys.readouterr().out
    assert _rows(out) == _rows(store)
    assert cli.main(["profile", "merge", str(tmp_path / "none.db"), "-o", str(out)]) == 3
    assert "none.db" in capsys.readouterr().err
    text = tmp_path / "text.db"
    text.write_text("no store " * 1000)
    assert cli.main(["profile", "merge", str(text), "-o", str(out)]) == 3
    assert text.read_text() == "no store " * 1000
    missing = tmp_path / "missing" / "out.db"
    assert cli.main(["profile", "merge", str(store), "-o", str(missing)]) == 3
    assert _rows(out) == _rows(store)


def test_the_command_runs_as_a_module():
    run = subprocess.run(
        [sys.executable, "-m", "bafe", "--version"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0 and run.stdout.strip() == bafe.__version__
    assert cli.main(["profile", "burn"]) == 2
    assert cli.main([]) == 2
