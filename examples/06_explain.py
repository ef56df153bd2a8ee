"""Seeing: an explanation as data, the certificate of a program, the report page."""

import os
import tempfile

import bafe
import numpy as np


@bafe.jit(tier="compiled")
def scores(q, k, v):
    return (q @ k.T) @ v


def main() -> None:
    rng = np.random.default_rng(0)
    q, k, v = (rng.standard_normal((512, 16), dtype=np.float32) for _ in range(3))
    np.testing.assert_allclose(scores(q, k, v), q @ (k.T @ v), rtol=1e-3, atol=1e-2)
    found = scores.explain(q, k, v)
    data = found.to_dict()
    print("written:", found.written)
    print("chosen: ", found.chosen)
    print(f"operations: {data['flops_as_written']:.3g} as written, {data['flops']:.3g} chosen")
    for step in data["steps"]:
        print(f"step: {step['rule']} [{step['class']}], {step['why']}")
    proof = scores.certificate(q, k, v)
    print(f"certificate: {proof.steps} steps, weakest class {proof.program_class}")
    folder = tempfile.mkdtemp()
    proof.save(os.path.join(folder, "proof.txt"))
    page = found.html(os.path.join(folder, "report.html"))
    print(f"report page: {os.path.basename(page)}")


if __name__ == "__main__":
    main()
