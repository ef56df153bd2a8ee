"""BAFE_TRACE: records of every signature of every process, and the page made of them."""

import json
import os

import bafe
import pytest

PROGRAM = """
import bafe, numpy as np
@bafe.jit
def chain(a, b, v):
    return (a @ b) @ v
@bafe.jit
def wave(x):
    return np.exp(x) * 1.25
for n in (24, 32):
    a = np.ones((n, n), np.float32)
    for _ in range(5):
        chain(a, a, a[:, :1].copy())
wave(np.ones(7))
chain.wait(); wave.wait()
"""


def records_of(folder):
    return [json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))]


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    """A folder that two processes shared, one with all compiled, one with tiers."""
    import subprocess
    import sys

    folder = tmp_path_factory.mktemp("trace")
    for tier in ("compiled", "auto"):
        env = {**os.environ, "BAFE_TRACE": str(folder / "records"), "BAFE_TIER": tier}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", PROGRAM],
            env=env,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, done.stderr, done.stdout) == (0, "", "")
    return folder


def test_each_process_leaves_whole_files(traced):
    records = records_of(traced / "records")
    assert len({one["process"] for one in records}) == 2
    signatures = [one["signature"] for one in records if "signature" in one]
    assert sorted(one["name"] for one in signatures) == ["chain"] * 4 + ["wave"] * 2
    assert not [name for name in os.listdir(traced / "records") if not name.endswith(".json")]
    for one in signatures:
        assert one["made"]["tier"] in ("compiled", "prebuilt") and not one["made"]["pending"]
        assert one["egraph"]["nodes"] and one["written"]["nodes"] and one["machine"]["threads"]
    proofs = [one["certificate"] for one in signatures if one["made"]["tier"] == "compiled"]
    assert proofs and all(proof["accepted"] for proof in proofs)


def test_recompiles_have_reasons_and_runs_have_spans(traced):
    logs = [one for one in records_of(traced / "records") if "spans" in one]
    assert len(logs) == 2
    for log in logs:
        kinds = [kind for _, kind, _ in log["events"]]
        assert kinds.count("signature") == 2 and kinds.count("recompile") == 1
        (why,) = [text for _, kind, text in log["events"] if kind == "recompile"]
        assert "chain: a: axis 0 was 24, is 32" in why
        cats = {span["cat"] for span in log["spans"] if span["ph"] == "X"}
        assert {"call", "kernel"} <= cats
        assert {"search"} <= {span["name"] for span in log["spans"] if span["ph"] == "X"}


def test_the_page_of_a_session(traced, opened):
    path = traced / "report.html"
    told = bafe.report.write_report(traced / "records", path)
    assert (told["functions"], told["signatures"], told["processes"]) == (2, 6, 2)
    assert told["recompiles"] == 2 and told["notes"] == []
    view = opened(path.read_text(encoding="utf-8"))
    functions = view.inner_text("#functions")
    said = view.inner_text("h1")
    assert said.startswith("2 functions with 6 signatures in 2 processes; rewrites made the best")
    assert said.endswith("times cheaper; 2 recompiles.")
    assert functions.count("chain") == 4
    view.click("#functions button:has-text('wave') >> nth=0")
    assert view.inner_text("#chosen-function").startswith("wave")
    assert "axis 0 was 24, is 32" in view.inner_text("#timeline")


def test_kernels_are_measured_by_the_calls_of_the_session(traced):
    from bafe.report import session

    found = session.read(traced / "records").programs
    called = [one for one in found if one["made"]["tier"] == "compiled"]
    assert {one["name"] for one in called} == {"chain", "wave"}
    for name in ("chain", "wave"):
        assert any(one.get("measured_ns", 0) > 0 for one in called if one["name"] == name), name


def test_the_command_writes_the_page(traced, run_python):
    out = traced / "by_command.html"
    command = ["report", str(traced / "records"), "-o", str(out)]
    code = f"from bafe.cli import main; main({command!r})"
    status, _, said = run_python(code)
    assert status == 0, said
    assert out.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_what_is_no_record_is_passed_over_with_a_note(traced, tmp_path):
    folder = tmp_path / "records"
    folder.mkdir()
    for path in (traced / "records").glob("*.json"):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "cut.json").write_text('{"bafe_trace": 1, "sig')
    (folder / "other.json").write_text('{"bafe_trace": 99}')
    (folder / "list.json").write_text("[1]")
    (folder / "deep.json").write_text("[" * 100_000)
    (folder / "notes.txt").write_text("not ours")
    (folder / "empty.json").write_text('{"bafe_trace": 1, "process": 1, "signature": {}}')
    span = '{"ph": "X", "pid": 1, "tid": 0, "name": 5}'
    (folder / "span.json").write_text(
        f'{{"bafe_trace": 1, "process": 1, "events": [], "spans": [{span}]}}'
    )
    told = bafe.report.write_report(folder, tmp_path / "report.html")
    assert told["signatures"] == 6 and len(told["notes"]) == 6
    assert any("'name' is missing or damaged" in note for note in told["notes"])


def test_a_folder_without_records_is_an_error(tmp_path):
    with pytest.raises(bafe.TraceError, match="holds no record of BAFE_TRACE\n  fix: "):
        bafe.report.write_report(tmp_path, tmp_path / "report.html")
    with pytest.raises(OSError):
        bafe.report.write_report(tmp_path / "none", tmp_path / "report.html")


def test_nothing_is_recorded_unless_asked(run_python, tmp_path):
    code = (
        "import sys, bafe, numpy as np\n"
        "f = bafe.jit(lambda x: x + 1)\nf(np.ones(3))\n"
        "assert not bafe._core.trace_is_on()\n"
        "assert not any(name.startswith('bafe.report') for name in sys.modules)\n"
    )
    assert run_python(code)[0] == 0


def test_a_folder_that_cannot_be_made_is_one_warning(run_python, tmp_path):
    (tmp_path / "file").write_text("")
    code = "import bafe, numpy as np\nf = bafe.jit(lambda x: x + 1)\nprint(f(np.ones(2)))\n"
    status, out, said = run_python(code, BAFE_TRACE=str(tmp_path / "file" / "folder"))
    assert status == 0 and out == "[2. 2.]\n"
    assert said.count("BAFE_TRACE") == 1 and "fix: name a folder" in said


def test_children_of_a_process_write_files_of_their_own(run_python, tmp_path):
    code = (
        "import multiprocessing, bafe, numpy as np\n"
        "f = bafe.jit(lambda x: bafe.relu(x) + 1.5)\n"
        "def work(n):\n    f(np.ones(n))\n"
        "if __name__ == '__main__':\n"
        "    f(np.ones(3))\n"
        "    make = multiprocessing.get_context('fork').Process\n"
        "    child = make(target=work, args=(9,))\n"
        "    child.start(); child.join()\n"
        "    assert child.exitcode == 0\n"
    )
    status, _, said = run_python(code, BAFE_TRACE=str(tmp_path / "trace"))
    assert status == 0, said
    records = records_of(tmp_path / "trace")
    shapes = {
        one["signature"]["signature"]: one["process"] for one in records if "signature" in one
    }
    assert len(shapes) == 2 and len(set(shapes.values())) == 2


def test_a_profile_inside_a_trace_gives_both(run_python, tmp_path):
    code = (
        "import bafe, json, numpy as np\n"
        "f = bafe.jit(lambda x: x * 3)\n"
        f"with bafe.profile({str(tmp_path / 'p.json')!r}):\n    f(np.ones(4))\n"
        "f(np.ones(5))\n"
    )
    status, _, said = run_python(code, BAFE_TRACE=str(tmp_path / "trace"))
    assert status == 0, said
    spans = json.loads((tmp_path / "p.json").read_text())["traceEvents"]
    assert sum(span.get("cat") == "call" for span in spans) == 1
    (log,) = [one for one in records_of(tmp_path / "trace") if "spans" in one]
    assert sum(span.get("cat") == "call" for span in log["spans"]) == 2


def test_recording_ends_with_the_variable(run_python, tmp_path):
    code = (
        "import os, bafe, numpy as np\n"
        "f = bafe.jit(lambda x: x * 5)\nf(np.ones(2))\n"
        "del os.environ['BAFE_TRACE']\n"
        "f(np.ones(3))\n"
        "assert not bafe._core.trace_is_on()\n"
        f"with bafe.profile({str(tmp_path / 'p.json')!r}):\n    f(np.ones(3))\n"
        f"os.environ['BAFE_TRACE'] = {str(tmp_path / 'other')!r}\n"
        "f(np.ones(4))\n"
    )
    status, _, said = run_python(code, BAFE_TRACE=str(tmp_path / "trace"))
    assert status == 0, said

    def signatures(folder):
        found = [one["signature"] for one in records_of(tmp_path / folder) if "signature" in one]
        return [one["signature"] for one in found]

    assert signatures("trace") == ["x: f64[2]"] and signatures("other") == ["x: f64[4]"]
