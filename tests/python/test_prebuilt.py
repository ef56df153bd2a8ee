"""What runs before anything is compiled: random programs through prebuilt kernels."""

PROGRAMS = """
import sys, warnings
sys.path.insert(0, {folder!r})
warnings.simplefilter("ignore")
import bafe, numpy as np
from random_check import mismatch, narrowest
from random_program import RandomProgram

wrong, tiers = [], set()
for seed in range({first}, {last}):
    program = RandomProgram(seed)
    with np.errstate(all="ignore"):
        want, wide = program.run(*program.inputs), program.run_wide()
        function = bafe.jit(program.run)
        got = function(*program.inputs)
    tiers.add(function.state(*program.inputs).tier)
    for i, (g, w, r) in enumerate(zip(got, want, wide)):
        if found := mismatch(g, w, r, narrowest(program)):
            wrong.append(f"seed {{seed}}, result {{i}}: {{found}}")
print("\\n".join(wrong) or "agree", sorted(tiers))
"""


def test_three_hundred_programs_agree_with_numpy_without_a_compiler(run_python):
    from pathlib import Path

    code = PROGRAMS.format(folder=str(Path(__file__).parent), first=0, last=300)
    status, out, err = run_python(code, BAFE_TIER="auto", BAFE_CC="/nonexistent/cc")
    assert status == 0, err
    assert out.strip() == "agree ['prebuilt']", out
