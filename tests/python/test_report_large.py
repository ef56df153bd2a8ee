"""Pages of programs out of the ordinary: nothing changed, very large, not compiled, refused."""

import random
import time

import bafe
import numpy as np
import pytest
from bafe.report import explanation_data, gather, page
from report_browser import colours_of

OPERATORS = ("matmul", "add", "transpose :perm (1 0)", "relu", "reshape :shape (4096)", "exp")


def data_of(f, *args, measure=False):
    explanation = f.explain(*args)
    subject = gather.Subject(f, args, {})
    return explanation_data(explanation.to_dict(), subject, explanation._program, measure)


def made_up_egraph(classes, nodes):
    """Classes in a chain of layers, as a search of a long program grows them; with cycles."""
    chance = random.Random(5)
    members = [1] * classes
    for _ in range(nodes - classes):
        members[chance.randrange(40, classes)] += 1
    rows = []
    for cls in range(classes):
        for member in range(members[cls]):
            if cls < 40:
                row = [f"input :index {cls} :dtype f32 :shape (64 64)", cls, [], 0.001]
            else:
                low = max(0, cls - 50)
                below = [chance.randrange(low, cls) for _ in range(chance.choice((1, 2)))]
                below = [cls] if member == 3 else below
                row = [chance.choice(OPERATORS), cls, below, 100.0 * chance.random()]
            rows.append([*row, f"n{len(rows)}"])
    return {
        "classes": [[f"c{i}", "f32[64, 64]"] for i in range(classes)],
        "nodes": rows,
        "roots": [classes - 1],
        "chosen": list(range(0, len(rows), 9)),
        "written": [0],
    }


def test_five_thousand_nodes_answer_at_once(opened):
    data = data_of(bafe.jit(lambda x: bafe.relu(x) + 1), np.ones(8))
    data["programs"][0]["egraph"] = made_up_egraph(1800, 5000)
    begin = time.monotonic()
    view = opened(page.render(data))
    assert time.monotonic() - begin < 10  # on a machine under load; 0.8 s alone
    assert "1,800 classes, 5,000 e-nodes" in view.inner_text("#egraph-status")
    layout = view.evaluate("performance.now()")
    assert layout < 10_000
    canvas = view.locator("#egraph canvas")
    view.fill("#egraph-search", "matmul")
    assert "Enter goes to the next" in view.inner_text("#egraph-status")
    view.get_by_role("button", name="Open all").click()
    assert canvas.get_attribute("data-open") == "1800"
    view.wait_for_timeout(100)
    assert int(canvas.get_attribute("data-drawn")) < 1800  # only what is in view
    view.click("#egraph [aria-label='Show everything']")
    view.wait_for_timeout(100)
    assert int(canvas.get_attribute("data-drawn")) == 1800
    canvas.focus()
    for key in ("Home", "ArrowUp", "ArrowLeft", "Enter", "ArrowUp"):
        view.keyboard.press(key)
    assert canvas.get_attribute("data-open") == "1799"


def test_a_function_where_nothing_changes(opened):
    f = bafe.jit(lambda x: bafe.relu(x), tier="compiled")
    view = opened(page.render(data_of(f, np.ones((4, 4), np.float32), measure=True)))
    assert view.inner_text("h1").startswith("No rewrite pays: the program runs as written; proven")
    assert "No rewrite: the program runs as written" in view.inner_text("#chain")
    assert view.locator("#step").count() == 0
    assert "accepted" in view.inner_text("#proof")


def test_a_function_that_only_gives_its_argument_back(opened):
    f = bafe.jit(lambda x: x, tier="compiled")
    view = opened(page.render(data_of(f, np.ones(3), measure=True)))
    assert "Kernels" in view.inner_text("#kernels")


def test_an_encoder_block(opened):
    def layer(x, w, v, g):
        y = x @ w
        y = bafe.softmax(y @ y.T / 8.0, axis=-1) @ y
        y = x + y @ v
        return y / (1 + bafe.exp(-y)) * g

    def block(x, *weights):
        for _ in range(10):
            for w, v, g in zip(weights[::3], weights[1::3], weights[2::3]):
                x = layer(x, w, v, g)
        return x

    S = bafe.ShapeDtype
    specs = [S((64, 256)), *[S((256, 256)), S((256, 256)), S((256,))] * 2]
    data = data_of(bafe.jit(block, time_budget_ms=50), *specs)
    part = data["programs"][0]
    assert len(part["written"]["nodes"]) > 200
    view = opened(page.render(data))
    view.wait_for_timeout(100)
    colours, _ = colours_of(view, "#program-written canvas")
    assert colours > 8
    assert int(view.get_attribute("#program-written canvas", "data-boxes")) > 200


def test_a_loop_and_a_library_routine(opened):
    f = bafe.jit(lambda x: bafe.fori_loop(0, 5, lambda i, y: y @ x * 0.5, x), tier="compiled")
    view = opened(page.render(data_of(f, np.eye(6, dtype=np.float32), measure=True)))
    assert "proven" in view.inner_text("h1")
    view.fill("#egraph-search", "loop")
    view.press("#egraph-search", "Enter")
    assert "loop" in view.inner_text("#egraph .details")
    g = bafe.jit(lambda a, b: np.linalg.solve(a, b), tier="compiled")
    view = opened(page.render(data_of(g, np.eye(4), np.ones((4, 1)), measure=True)))
    assert "nothing to compile" in view.inner_text("h1")


def test_a_function_that_is_not_compiled_yet(opened):
    f = bafe.jit(lambda x: bafe.relu(x) * 2.5, tier="interpreted")
    view = opened(page.render(data_of(f, np.ones(6))))
    assert "not compiled yet" in view.inner_text("h1")
    f(np.ones(6))
    view = opened(page.render(data_of(f, np.ones(6))))
    assert "not compiled: the interpreter runs" in view.inner_text("h1")
    assert "tier 0" in view.inner_text("#tiles")
    assert "No C code" in view.inner_text("#kernels")


def test_a_kernel_that_failed_its_validation_is_told_first(opened, run_python, tmp_path):
    compiler = tmp_path / "wrong"
    compiler.write_text(
        "#!/bin/sh\n"
        'if [ "$1" = --version ]; then exec cc "$@"; fi\n'
        "sed 's/0x1\\.8p+1/0x1.9p+1/g; s/0x40400000/0x40480000/g' | exec gcc \"$@\"\n"
    )
    compiler.chmod(0o755)
    code = (
        "import warnings, bafe, numpy as np\n"
        "warnings.simplefilter('ignore')\n"
        "f = bafe.jit(lambda x: np.exp(x) * 3.0 + 1, tier='auto')\n"
        "x = np.ones(100)\nf(x)\nf.wait()\n"
        f"f.explain(x).html({str(tmp_path / 'report.html')!r})\n"
    )
    status, _, said = run_python(code, BAFE_CC=str(compiler))
    assert status == 0, said
    view = opened((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "failed its validation and prebuilt kernels run instead" in view.inner_text("h1")
    assert "refused" in view.inner_text("#tiles")
    proof = view.inner_text("#proof")
    assert "failed" in proof and "output 0 differs" in proof and "reports/kernel-" in proof


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_numbers_that_json_does_not_know_become_null(value):
    assert page.data_block({"a": [value, 1.5]}) == '{"a":[null,1.5]}'


def test_a_page_that_cannot_be_written_leaves_nothing(tmp_path):
    f = bafe.jit(lambda x: x + 1)
    with pytest.raises(OSError):
        f.explain(np.ones(2)).html(tmp_path / "none" / "report.html", measure=False)
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):
        f.explain(np.ones(2)).html(tmp_path / "folder", measure=False)
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]
