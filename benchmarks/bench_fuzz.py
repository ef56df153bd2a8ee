"""Random programs, many: compiled, interpreted and NumPy results compared. Seeds differ from the
tests'."""

import sys
import warnings
from multiprocessing import Pool
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "python"))
warnings.simplefilter("ignore")

import random_check  # noqa: E402

FIRST_SEED = 1_000_000


def check(seed):
    try:
        return random_check.check(seed)
    except Exception as error:  # noqa: BLE001 - a failure of any kind is a finding
        return f"seed {seed}: {type(error).__name__}: {error}"


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with Pool(2) as pool:
        wrong = [
            found
            for found in pool.imap_unordered(check, range(FIRST_SEED, FIRST_SEED + count), 20)
            if found
        ]
    print("\n".join(wrong))
    print(f"{count} random programs, {len(wrong)} wrong")
    raise SystemExit(bool(wrong))
