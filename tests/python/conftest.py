"""Every test process has a kernel cache of its own, and doctests know np and bafe."""

import os
import signal
import tempfile

# A shell's background jobs ignore Ctrl-C and pass that on to children, which tests interrupt.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_cache = tempfile.TemporaryDirectory(prefix="bafe-test-cache-")
os.environ["BAFE_CACHE_DIR"] = _cache.name
# Most tests are about compiled kernels; test_tiers.py is about what runs before them.
os.environ.setdefault("BAFE_TIER", "compiled")

import bafe  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402
from report_browser import browser, opened  # noqa: E402, F401 - fixtures


def pytest_collection_modifyitems(items):
    """The file that takes longest goes first, so that two workers end together."""
    items.sort(key=lambda item: item.path.name != "test_verify.py")


@pytest.fixture
def rng():
    return np.random.default_rng(20261121)


@pytest.fixture(autouse=True)
def _doctest_names(doctest_namespace):
    doctest_namespace["np"] = np
    doctest_namespace["bafe"] = bafe


@pytest.fixture
def run_python(tmp_path):
    """Run a piece of Python in a new process; give (exit code, stdout, stderr)."""
    import subprocess
    import sys

    def run(code, **environment):
        env = {**os.environ, "BAFE_CACHE_DIR": str(tmp_path / "cache"), **environment}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=env,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def golden():
    """Compare a text with tests/golden/<name>; BAFE_UPDATE_GOLDEN=1 rewrites it."""
    from pathlib import Path

    def check(name, text):
        path = Path(__file__).parent.parent / "golden" / name
        if os.environ.get("BAFE_UPDATE_GOLDEN") == "1":
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text + "\n")
        assert path.exists(), f"no {path}; run with BAFE_UPDATE_GOLDEN=1 to write it"
        assert text + "\n" == path.read_text()

    return check
