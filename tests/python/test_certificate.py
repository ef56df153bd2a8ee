"""Certificates: every compiled program carries the proof that it equals the function as written."""

import os
import shutil
import subprocess
from pathlib import Path

import bafe
import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[2]


def regrouped():
    f = bafe.jit(lambda a, b, v: a @ b @ v, tier="compiled")
    a, v = np.ones((48, 48), "f4"), np.ones((48, 1), "f4")
    return f, (a, a, v)


def checker():
    found = Path(bafe.__file__).parent / "bin" / "bafe-check"
    path = str(found) if found.exists() else shutil.which("bafe-check")
    if path is None:
        pytest.skip("bafe-check is not installed")
    return path


def test_a_certificate_says_class_steps_and_both_programs():
    f, args = regrouped()
    proof = f.certificate(*args)
    assert proof.program_class == "reals" and proof.math == "reals"
    assert proof.steps == 1 and proof.error_factor > 0
    assert "@" in str(proof) and "class reals" in str(proof)
    assert proof.text.startswith("bafe-certificate 1\n") and "matmul-regroup" in proof.text


def test_math_bits_has_a_certificate_of_class_bits():
    f = bafe.jit(lambda x: x.T.T + 1, tier="compiled", math="bits")
    proof = f.certificate(np.ones((4, 5), "f4"))
    assert proof.program_class == "bits" and proof.error_factor == 0


def test_a_cached_program_keeps_its_certificate(tmp_path, run_python):
    code = """
import numpy as np, bafe
f = bafe.jit(lambda a, b, v: a @ b @ v, tier="compiled")
a, v = np.ones((40, 40), "f4"), np.ones((40, 1), "f4")
f(a, a, v)
proof = f.certificate(a, a, v)
print(proof.from_cache, proof.steps, len(proof.text))
"""
    first, second = (run_python(code, BAFE_CACHE_DIR=str(tmp_path)) for _ in range(2))
    assert first == second and first[1].startswith("True 1"), first


def test_a_saved_certificate_is_accepted_by_the_checker(tmp_path):
    f, args = regrouped()
    f.certificate(*args).save(tmp_path / "proof.txt")
    done = subprocess.run([checker(), tmp_path / "proof.txt"], capture_output=True, text=True)
    assert done.returncode == 0 and "class reals" in done.stdout, done.stdout


def test_the_checker_names_the_line_of_a_false_step(tmp_path):
    f, args = regrouped()
    lines = f.certificate(*args).text.splitlines()
    step = next(i for i, line in enumerate(lines) if line.startswith("rule "))
    words = lines[step].split()
    lines[step] = " ".join([words[0], words[1], words[3], words[2]])
    (tmp_path / "proof.txt").write_text("\n".join(lines) + "\n")
    done = subprocess.run([checker(), tmp_path / "proof.txt"], capture_output=True, text=True)
    assert done.returncode == 1 and f"line {step + 1}" in done.stdout, done.stdout
    done = subprocess.run([checker(), tmp_path / "none"], capture_output=True, text=True)
    assert done.returncode == 2


def test_a_rule_of_the_process_is_known_to_its_certificates():
    bafe.rules.add(
        "(rule test-where-of-sin (where ?c (sin ?x) (sin ?y)) => (sin (where ?c ?x ?y))"
        " :class bits :set simplify)"
    )
    f = bafe.jit(lambda c, x, y: np.where(c, np.sin(x), np.sin(y)), tier="compiled")
    x = np.ones((64, 64), "f4")
    assert "test-where-of-sin" in f.certificate(x > 0, x, x).text


def test_the_checker_is_small_and_links_no_search():
    files = [*(ROOT / "src/check").iterdir()]
    lines = [
        line.strip()
        for path in files
        for line in path.read_text().splitlines()
        if line.strip() and not line.strip().startswith("//")
    ]
    assert len(lines) <= 1500, len(lines)
    programs = (ROOT / "cmake/programs.cmake").read_text()
    assert "target_link_libraries(bafe-check PRIVATE bafe_check bafe_flags)" in programs
    layers = (ROOT / "CMakeLists.txt").read_text()
    assert any(line.split() == ["bafe_layer(check", "USES", "ir)"] for line in layers.splitlines())
    for path in files:
        for line in path.read_text().splitlines():
            if line.startswith('#include "bafe/'):
                assert line.split("/")[1] in {"base", "check", "ir"}, (path.name, line)


@pytest.mark.skipif(os.name != "posix", reason="POSIX only")
def test_no_search_of_the_examples_is_rejected(recwarn):
    rng = np.random.default_rng(5)
    a, b, v = (rng.standard_normal(s).astype("f4") for s in ((24, 24), (24, 24), (24, 1)))

    def programs():
        yield lambda a, b, v: (a @ b) @ v + a @ v
        yield lambda a, b, v: bafe.relu((a + b) @ v) * 2
        yield lambda a, b, v: np.tril(a) @ np.triu(b) @ v
        yield lambda a, b, v: bafe.softmax(a @ b, axis=-1) @ v
        yield lambda a, b, v: (a @ b).T @ v
        yield lambda a, b, v: np.sum(a + b, axis=1, keepdims=True) + v

    for f in programs():
        for math in ("bits", "reals", "fast"):
            proof = bafe.jit(f, tier="compiled", math=math).certificate(a, b, v)
            assert proof.text
    assert not bafe._core.quarantined_rules()
