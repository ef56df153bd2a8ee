"""What was found, kept as JSON: one file for each number of threads, cases replaced by name."""

from __future__ import annotations

import json
import math
import platform
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "results"


def _commit() -> str:
    found = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=FOLDER.parent, capture_output=True, text=True
    )
    return found.stdout.strip() or "unknown"


def path_of(threads: int) -> Path:
    """Name the file of this number of threads."""
    return FOLDER / f"kernels_{threads}.json"


def load(threads: int) -> list[dict[str, Any]]:
    """Give the cases kept so far."""
    path = path_of(threads)
    return json.loads(path.read_text())["cases"] if path.exists() else []


def keep(threads: int, cases: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Put these cases over those of the same name; give all."""
    commit = _commit()
    merged = {(c["family"], c["name"]): c for c in load(threads)}
    for case in cases:
        merged[case["family"], case["name"]] = {**case, "commit": commit}
    FOLDER.mkdir(exist_ok=True)
    everything = list(merged.values())
    document = {"machine": platform.processor() or platform.machine(), "threads": threads}
    path_of(threads).write_text(json.dumps({**document, "cases": everything}, indent=1))
    return everything


def geomean(values: Iterable[float]) -> float:
    """Give the geometric mean; 1 of nothing."""
    logs = [math.log(value) for value in values]
    return math.exp(sum(logs) / len(logs)) if logs else 1.0
