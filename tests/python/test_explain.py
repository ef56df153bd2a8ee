"""What ``explain`` says: the whole text of two programs, and the data behind it."""

import re

import bafe
import pytest

S = bafe.ShapeDtype


def chain(a, b, v):
    left = a @ b
    return left @ v


def dense(x, w, b):
    hidden = x @ w.T
    return bafe.relu(hidden + b)


PROGRAMS = {
    "chain": (chain, [S((512, 512)), S((512, 512)), S((512, 1))]),
    "dense": (dense, [S((64, 32)), S((48, 32)), S((48,))]),
}


def masked(text):
    """The text without what depends on the machine or on the number of rules."""
    text = re.sub(r"[^\s,]*/test_explain\.py", "test_explain.py", text)
    text = re.sub(r"[\d.]+(e[+-]?\d+)? (ns|µs|ms|s)\b", "<time>", text)
    text = re.sub(r" +<time>", " <time>", text)
    text = re.sub(r"x[\d.]+  ", "x<ratio>  ", text)
    text = re.sub(r"gap [\d.]+ %", "gap <percent>", text)
    text = re.sub(r", [\d.]+ % more", ", <percent> more", text)
    text = re.sub(r"\d+ (alternatives|matches|work units|programs)", r"<n> \1", text)
    text = re.sub(r" +\d+ nodes +\d+ classes( +\d+ of)?", " <n> nodes <n> classes", text)
    rounds = re.compile(r"(?:  round .*\n)+")
    text = rounds.sub("  rounds\n", text)
    # How many rivals are planned depends on prices: the best one is told.
    first = r"(  1\. <time>.*\n(?: <time>  .*\n)+)"
    text = re.sub(first + r"(?:(?:  \d+\.)? <time>  .*\n)*", r"\1", text)
    return re.sub(r"not taken:\n(?:  .*\n)+\n", "", text)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_whole_text_is_frozen(name, golden):
    function, specs = PROGRAMS[name]
    golden(f"explain/{name}.txt", masked(str(bafe.jit(function, threads=1).explain(*specs))))


def test_every_rewrite_tells_class_conditions_and_reason():
    function, specs = PROGRAMS["chain"]
    (step,) = bafe.jit(function, threads=1).explain(*specs).to_dict()["steps"]
    assert step["rule"] == "matmul-regroup"
    assert step["class"] == "reals"
    assert "?a [B.. m k]" in step["premises"]
    assert step["why"].startswith("wins when")


def test_the_chosen_program_keeps_the_lines_it_was_written_in():
    function, specs = PROGRAMS["dense"]
    found = bafe.jit(function).explain(*specs).to_dict()
    for lines in (found["written_lines"], found["chosen_lines"]):
        places = [place for place, _ in lines if place]
        assert places and all("test_explain.py:" in place for place in places)
    assert found["chosen_lines"][-1][1].startswith("return ")


def test_candidates_are_told_kernel_by_kernel():
    function, specs = PROGRAMS["chain"]
    found = bafe.jit(function).explain(*specs).to_dict()
    assert len(found["candidates"]) >= 2
    for candidate in found["candidates"][:5]:
        kernels = candidate["kernels"]
        assert kernels and all(kernel["predicted_ns"] > 0 for kernel in kernels)
        total = sum(kernel["predicted_ns"] for kernel in kernels)
        assert total <= candidate["predicted_ns"] * 1.001
    rivals = [what for what, _ in found["rejected"] if what.startswith("candidate ")]
    assert len(rivals) == min(4, len(found["candidates"]) - 1)


def test_the_graph_is_told_round_by_round():
    function, specs = PROGRAMS["chain"]
    found = bafe.jit(function).explain(*specs).to_dict()
    assert len(found["rounds"]) == found["stats"]["iterations"]
    assert found["rounds"][-1]["nodes"] == found["stats"]["nodes_after"]
    sizes = [one["nodes"] for one in found["rounds"]]
    assert sizes == sorted(sizes)
    assert 0 <= found["gap"] <= 1 and found["lower_bound_ns"] <= found["surrogate_ns"]


def test_limits_that_were_hit_are_named():
    budget = bafe.make_search_budget(max_rewrites=1, max_iters=3)
    function, specs = PROGRAMS["chain"]
    text = str(bafe.jit(function, budget=budget).explain(*specs))
    assert "limit: saturation: rewrite limit" in text
