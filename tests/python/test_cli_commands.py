"""Each command does what it says, and what goes wrong is one message with an exit status."""

import json

import bafe
import numpy as np
import pytest
from bafe.cli import app, checks, inputs
from click.testing import CliRunner

MODEL = """
import numpy as np, bafe
def dense(x, w):
    return np.maximum(x @ w, 0)
@bafe.jit
def chain(a, b, v):
    return a @ b @ v
def branches(x):
    return x if x[0] > 0 else -x
def fails(x):
    return x.undefined_thing
class Net:
    @staticmethod
    def forward(x):
        return x + 1
NUMBER = 3
"""


@pytest.fixture
def call(tmp_path, monkeypatch):
    """Run a command in an empty folder with model.py; give (status, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.py").write_text(MODEL)

    def run(*words):
        done = CliRunner().invoke(app.bafe, [str(word) for word in words])
        return done.exit_code, done.stdout, done.stderr

    return run


def data(call, *words):
    """The JSON of a command that must succeed."""
    status, out, err = call(*words, "--json")
    assert status == 0, err
    return json.loads(out)


@pytest.fixture
def program(call, tmp_path, rng):
    """A program of a file with its inputs."""
    x, w = (rng.standard_normal(shape).astype("f4") for shape in ((8, 16), (16, 4)))
    f = bafe.jit(lambda x, w, s: (bafe.relu(x @ w) * s, (x @ w).sum()))
    (tmp_path / "p.json").write_text(f.trace(x, w, 2.5).as_text("json"))
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "w.npy", w)
    return x, w


def test_explain_tells_what_was_chosen(call, tmp_path):
    words = ["explain", "model.py:chain", "--arg", "f32[64,64]", "--arg", "f32[64,64]"]
    status, out, err = call(*words, "--arg", "v=f32[64,1]")
    assert (status, err) == (0, "") and "matmul-regroup" in out and "\x1b" not in out
    found = data(call, *words, "--arg", "f32[64,1]", "--math", "bits")
    assert found["steps"] == [] and found["written"] == "a @ b @ v"
    page = tmp_path / "page.html"
    status, out, _ = call(*words, "--arg", "f32[64,1]", "--html", page)
    assert status == 0 and f"{page}: written" in out and "<html" in page.read_text()[:300].lower()


def test_explain_finds_functions_of_modules_and_classes(call):
    assert data(call, "explain", "model:Net.forward", "--arg", "f64[3]")["written"] == "x + 1"


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["model:dense", "--arg", "f32[8,512]"], 2, "missing a required argument: 'w'"),
        (["model:dense"] + ["--arg", "f32[2,2]"] * 3, 2, "too many positional"),
        (["model:dens", "--arg", "f32[8]"], 3, "did you mean dense"),
        (["modl:dense"], 3, "there is no module modl"),
        (["nofile.py:f"], 3, "nofile.py: there is no such file"),
        (["model.py:NUMBER"], 3, "is a int"),
        (["model"], 3, "no function is named"),
        (["model:dense", "--arg", "f33[3]", "--arg", "f32[3]"], 3, "did you mean f32"),
        (["model:dense", "--arg", "f32[3,x!]", "--arg", "f32[3]"], 3, "is no shape"),
        (["model:dense", "--arg", "three", "--arg", "f32[3]"], 3, "neither an array nor a number"),
        (["model:dense", "--arg", "f32[3,4]", "--arg", "f32[3]"], 3, "inner sizes differ"),
        (["model:branches", "--arg", "f32[3]"], 3, "branches on an array value"),
        (["model:fails", "--arg", "f32[3]"], 3, "undefined_thing"),
        (["boom.py:f"], 3, "RuntimeError: no data here"),
    ],
)
def test_explain_refuses_in_one_message(call, tmp_path, words, status, message):
    (tmp_path / "boom.py").write_text("raise RuntimeError('no data here')\n")
    code, out, err = call("explain", *words)
    assert (code, out) == (status, "") and message in err and "Traceback" not in err
    code, out, err = call("explain", *words, "--json")
    error = json.loads(out)["error"]
    assert code == error["status"] == status and message in error["message"]


def test_run_computes_and_saves(call, program, tmp_path):
    x, w = program
    base = ["run", "p.json", "--input", "x.npy", "--input", "w.npy", "--input", "2.5"]
    status, out, err = call(*base)
    assert status == 0, err
    assert "chosen: " in out and "float32  [8, 4]" in out
    found = data(call, *base, "--output", "y.npy", "--output", "s.npy")
    assert [one["shape"] for one in found["outputs"]] == [[8, 4], []]
    np.testing.assert_allclose(np.load("y.npy"), np.maximum(x @ w, 0) * 2.5, rtol=1e-5)
    np.testing.assert_allclose(np.load("s.npy"), (x @ w).sum(), rtol=1e-4)
    assert sorted(p.name for p in tmp_path.glob("*.new")) == []


def test_run_takes_the_text_form_too(call):
    with open("p.bafe", "w") as file:
        file.write("program main(x: f64[3]) -> f64[3] { return add x x }")
    np.save("x.npy", np.arange(3.0))
    found = data(call, "run", "p.bafe", "--input", "x.npy", "--output", "y.npy")
    assert found["outputs"][0]["max"] == 4.0 and np.load("y.npy").tolist() == [0, 2, 4]


@pytest.mark.parametrize(
    ("inputs", "status", "message"),
    [
        (["x.npy", "w.npy"], 2, "takes 3 inputs (x: f32[8, 16], w: f32[16, 4], s: f64[])"),
        (["w.npy", "w.npy", "1"], 3, "input x is f32[8, 16], the file has shape [16, 4]"),
        (["x.npy", "wide.npy", "1"], 3, "input w is f32, the file has dtype float64"),
        (["x.npy", "objects.npy", "1"], 3, "no array that numpy.save wrote"),
        (["x.npy", "model.py", "1"], 3, "no array that numpy.save wrote"),
        (["x.npy", "none.npy", "1"], 3, "none.npy: No such file"),
    ],
)
def test_run_refuses_inputs_that_do_not_fit(call, program, inputs, status, message):
    np.save("wide.npy", np.ones((16, 4)))
    np.save("objects.npy", np.array([object()]), allow_pickle=True)
    code, _, err = call("run", "p.json", *(word for one in inputs for word in ("--input", one)))
    assert code == status and message in err


@pytest.mark.parametrize("text", ["", "{", '{"bafe": 1}', "import numpy", "\x00\xff"])
def test_run_refuses_what_is_no_program(call, text, tmp_path):
    (tmp_path / "bad.json").write_bytes(text.encode("latin-1"))
    status, out, err = call("run", "bad.json")
    assert (status, out) == (3, "") and err.startswith("bafe: bad.json: ") and "fix: " in err


def test_run_refuses_outputs_that_cannot_be_written(call, program):
    base = ["run", "p.json", "--input", "x.npy", "--input", "w.npy", "--input", "1"]
    assert call(*base, "--output", "y.npy")[0] == 2, "one of two results"
    status, _, err = call(*base, "--output", "none/y.npy", "--output", "s.npy")
    assert status == 3 and "none: there is no such folder" in err


def test_rules_are_listed_shown_and_proven(call):
    listed = data(call, "rules", "list")
    assert len(listed) > 500 and {"name", "theme", "set", "classes"} <= set(listed[0])
    status, out, _ = call("rules", "list", "--theme", "matmul")
    assert status == 0 and out.splitlines()[0].split() == ["rule", "theme", "set", "class"]
    assert all(" matmul " in line for line in out.splitlines()[1:])
    shown = data(call, "rules", "show", "neg-neg")
    assert shown["proof"]["status"] == "proven" and "(neg (neg ?x))" in shown["text"]
    proven = data(call, "rules", "verify", "neg-neg", "add-zero")
    assert proven["totals"] == {"proven": 2, "bounded": 0, "tested": 0, "refuted": 0}
    status, out, _ = call("rules", "verify", "neg-neg")
    assert (
        status == 0 and out.splitlines()[-1] == "1 rules: 1 proven, 0 bounded, 0 tested, 0 refuted"
    )
    status, _, err = call("rules", "show", "neg-ne")
    assert status == 3 and "did you mean neg-neg" in err
    status, _, err = call("rules", "prove", "--lock", "none/rules.lock")
    assert status == 3 and "there is no such folder" in err


def test_the_cache_is_told_checked_and_emptied(call):
    bafe.jit(lambda x: x * 3 + 1, tier="compiled")(np.ones(5))
    bafe._core.cache_flush()
    before = data(call, "cache", "info")
    assert before["entries"] > 0 and before["dir"] == bafe.cache.info().dir
    status, out, _ = call("cache", "info")
    assert status == 0 and before["dir"] in out
    assert data(call, "cache", "verify")["removed"] == 0
    assert data(call, "cache", "clear")["removed"] >= before["entries"]
    assert data(call, "cache", "info")["entries"] == 0


def test_damaged_entries_are_removed_and_told(run_python, tmp_path):
    code = """
import bafe, numpy as np, glob, os
from bafe.cli import main
bafe.jit(lambda x: x * 3 + 1, tier="compiled")(np.ones(5))
bafe._core.cache_flush()
files = [p for p in glob.glob(bafe.cache.info().dir + "/**", recursive=True) if os.path.isfile(p)]
largest = max(files, key=os.path.getsize)
with open(largest, "r+b") as file:
    file.seek(os.path.getsize(largest) // 2)
    file.write(b"damage")
print(main(["cache", "verify"]), main(["cache", "verify"]))
"""
    status, out, err = run_python(code)
    assert status == 0, err
    assert "1 damaged ones were removed" in out and out.split()[-2:] == ["1", "0"]


def test_doctor_finds_everything_in_order(call):
    found = data(call, "doctor", "--no-self-test")
    names = [one["name"] for one in found["checks"]]
    for name in ("versions", "compiler", "compile", "processor", "threads", "cache", "prover"):
        assert name in names
    assert found["status"] in ("ok", "warn")
    status, out, _ = call("doctor", "--no-self-test")
    assert status == 0 and "0 failed" in out and "\x1b" not in out


def test_the_self_test_compares_kernels_with_numpy():
    (found,) = checks.kernels()
    assert found.status == "ok" and "agree with NumPy" in found.fact


def test_doctor_says_what_is_wrong_and_what_to_do(call, monkeypatch, tmp_path):
    monkeypatch.setenv("BAFE_CC", "/nonexistent/cc")
    monkeypatch.setenv("BAFE_THRADS", "2")
    monkeypatch.setenv("BAFE_SMT", "/nonexistent/smt")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    status, out, _ = call("doctor", "--no-self-test")
    assert status == 1
    assert "compiler: BAFE_CC=/nonexistent/cc names no program" in out
    assert "did you mean BAFE_THREADS?" in out and "/nonexistent/smt does not run" in out
    assert out.splitlines()[-1].endswith("1 failed, 2 warnings")
    monkeypatch.setenv("BAFE_CC", "/bin/false")
    fact = next(one for one in checks.compiler() if one.name == "compile")
    assert fact.status == "fail" and fact.fix


def test_a_folder_that_others_may_write_is_a_finding(monkeypatch, tmp_path):
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o777)
    found = bafe.cache.info()._replace(dir=str(folder))
    monkeypatch.setattr(bafe.cache, "info", lambda: found)
    (one,) = checks.cache()
    assert one.status == "fail" and "others may write" in one.fact and "chmod" in one.fix


def test_demo_and_bench_check_results_beside_numpy(call):
    status, out, err = call("demo", "--size", "16")
    assert status == 0, err
    assert "a @ (b @ v)" in out and "ratio" in out
    found = data(call, "bench", "--size", "16", "--rounds", "1")
    assert found["geomean"] > 0 and all(row["agrees"] for row in found["rows"])


def test_report_needs_a_folder_with_records(call, tmp_path):
    assert call("report", tmp_path / "none")[0] == 2
    status, _, err = call("report", tmp_path)
    assert status == 3 and "no record" in err


@pytest.mark.parametrize(
    ("text", "name", "shown"),
    [
        ("f32[64,64]", "", "ShapeDtype((64, 64), float32)"),
        ("x=float64[]", "x", "ShapeDtype((), float64)"),
        ("i8[ 3 , 4 ]", "", "ShapeDtype((3, 4), int8)"),
        ("bool[2]", "", "ShapeDtype((2,), bool)"),
        ("u16[0]", "", "ShapeDtype((0,), uint16)"),
        ("n=3", "n", "3"),
        ("-2.5e3", "", "-2500.0"),
        ("flag=True", "flag", "True"),
    ],
)
def test_argument_specs_are_read(text, name, shown):
    found = inputs.argument_of(text)
    assert (found[0], repr(found[1])) == (name, shown)
