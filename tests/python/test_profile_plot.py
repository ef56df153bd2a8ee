"""``bafe profile plot``: a picture of predicted against measured times."""

import math
import sys

import pytest
from bafe import _core, cli, profile_plot

NAMES = _core.step_feature_names()


def kernel(i, family="row"):
    features = [0.0] * len(NAMES)
    features[NAMES.index("log_bytes")] = 6 + 0.25 * i
    features[NAMES.index("log_inner")] = math.sin(i)
    predicted = 100.0 * 1.3**i
    factor = math.exp(0.4 + 0.3 * math.sin(i) + 0.1 * (i * 7 % 5 - 2))  # the last part is noise
    return (family, features, predicted, predicted * factor, True)


@pytest.fixture
def store(tmp_path):
    path = str(tmp_path / "kernels.sqlite")
    for i in range(30):
        assert _core.store_samples(path, f"program {i}", "this machine", [kernel(i)])
    for i in range(20):
        assert _core.store_samples(path, f"other {i}", "this machine", [kernel(i, "movement")])
    assert _core.store_samples(path, "far", "another machine", [kernel(3)])
    return path


def test_a_store_reads_back_what_was_timed(store):
    rows = _core.stored_samples(store)
    assert len(rows) == 51
    assert ("another machine", kernel(3)) in rows


def test_the_picture_is_drawn_with_its_figures(store, tmp_path, capsys):
    picture = tmp_path / "plot.png"
    assert cli.main(["profile", "plot", str(picture), "--store", store]) == 0
    assert picture.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert picture.stat().st_size > 10_000
    assert "50 kernels, Spearman " in capsys.readouterr().out


def test_each_kernel_is_predicted_by_the_others(store):
    found = profile_plot.fit(store)
    assert len(found.samples) == 50
    assert found.spearman > 0.95
    assert 0.02 < found.median_error < 0.25
    assert all(ns > 0 and sigma > 0 for ns, sigma in found.predicted)


def test_another_machine_can_be_asked_for(store, tmp_path, capsys):
    out = str(tmp_path / "x.png")
    assert cli.main(["profile", "plot", out, "--store", store, "--machine", "another machine"]) == 3
    assert "1 timed kernels, a picture needs 3" in capsys.readouterr().err


def test_a_missing_store_is_named(tmp_path, capsys):
    missing = tmp_path / "none.sqlite"
    assert cli.main(["profile", "plot", str(tmp_path / "x.png"), "--store", str(missing)]) == 3
    assert "none.sqlite" in capsys.readouterr().err
    assert not missing.exists()


def test_without_matplotlib_the_message_says_what_to_install(store, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert cli.main(["profile", "plot", str(tmp_path / "x.png"), "--store", store]) == 4
    message = capsys.readouterr().err
    assert "needs matplotlib" in message and "pip install" in message


def test_rank_correlation_of_ties_and_constants():
    assert profile_plot.rank_correlation([1, 2, 3, 4], [10, 20, 30, 40]) == pytest.approx(1)
    assert profile_plot.rank_correlation([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1)
    assert profile_plot.rank_correlation([1, 1, 1], [1, 2, 3]) == 0
    assert profile_plot.rank_correlation([1, 2, 2, 3], [1, 2, 2, 3]) == pytest.approx(1)


def test_a_model_of_samples_knows_its_families():
    model = _core.ResidualModel.fit([kernel(i) for i in range(30)])
    assert list(model.families()) == ["row"] and model.knows("row")
    assert model.identity and not model.knows("scan")
    ns, sigma = model.estimate(kernel(12))
    assert abs(math.log(ns / kernel(12)[3])) < 3 * sigma < 1
