"""First jit: decorate a NumPy function, call it, see the program that was chosen."""

import bafe
import numpy as np


@bafe.jit
def layer(x, w, b):
    return bafe.relu(x @ w + b)


def main() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((32, 64), dtype=np.float32)
    w = rng.standard_normal((64, 16), dtype=np.float32)
    b = rng.standard_normal(16, dtype=np.float32)
    y = layer(x, w, b)
    np.testing.assert_allclose(y, np.maximum(x @ w + b, 0), rtol=1e-5, atol=1e-5)
    print(layer.explain(x, w, b))
    print(
        f"largest output {y.max():.3f}; "
        f"the generated C has {len(layer.source(x, w, b).splitlines())} lines"
    )


if __name__ == "__main__":
    main()
