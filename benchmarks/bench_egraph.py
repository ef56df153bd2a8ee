"""The e-graph engine beside the egg crate: same rules, same terms, interleaved runs, processor
time. Both are programs of their own, built here; counts of nodes and classes must agree. Sums and
chains end in saturation: the engine runs them with its patient schedule (saturate.h), egg with its
simple one. Mathematics is compared after the same step: both apply every match of each step."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
PEER = ROOT / "benchmarks" / "peers" / "egg"
BUILD = ROOT / "build" / "bench"
CASES = (  # case, wanted ratio, runs in one process, rounds
    ("sum-8", 3, 5, 7),
    ("sum-9", 3, 3, 5),
    ("sum-10", 5, 2, 3),
    ("chain-20", 3, 5, 7),
    ("chain-40", 3, 3, 5),
    ("chain-80", 5, 1, 3),
    ("math-8", 3, 5, 7),
    ("math-9", 3, 5, 5),
    ("math-10", 3, 2, 3),
    ("math-11", 3, 1, 3),
)
NO_CARGO = """cargo is missing, so there is no egg to compare with.
  fix: install Rust (https://rustup.rs, or `apt-get install cargo`), or put cargo on PATH"""


def find_cargo() -> str:
    """Return the path of cargo, or stop with what to do."""
    found = shutil.which("cargo") or shutil.which("cargo", path=str(Path.home() / ".cargo/bin"))
    if not found:
        raise SystemExit(NO_CARGO)
    return found


def build() -> tuple[Path, Path]:
    """Build both programs; return the engine's and egg's."""
    target = BUILD / "egg"
    subprocess.run(
        [find_cargo(), "build", "--release", "--locked", "--quiet", "--target-dir", str(target)],
        cwd=PEER,
        check=True,
    )
    options = ["-G", "Ninja", "-DBAFE_BENCHMARKS=ON", "-DCMAKE_BUILD_TYPE=Release"]
    for command in (
        ["cmake", "-S", str(ROOT), "-B", str(BUILD / "engine"), *options],
        ["cmake", "--build", str(BUILD / "engine"), "--target", "engine_timing"],
    ):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return BUILD / "engine" / "engine_timing", target / "release" / "egg-peer"


def run(command: list[str]) -> list[dict[str, Any]]:
    """Run one program and read its JSON lines."""
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def measure(engine: Path, egg: Path, case: str, runs: int, rounds: int) -> dict[str, Any]:
    """Alternate the three programs; return the medians of the rounds' best times."""
    commands = {
        "egg": [str(egg), case, str(runs)],
        "bafe": [str(engine), case, str(runs)],
        "plain": [str(engine), "--no-proofs", case, str(runs)],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    last: dict[str, dict[str, Any]] = {}
    for _ in range(rounds):
        for name, command in commands.items():
            lines = run(command)
            times[name].append(min(line["ms"] for line in lines))
            last[name] = lines[-1]
    for count in ("nodes", "classes"):
        ours, theirs = last["bafe"][count], last["egg"][count]
        assert ours == theirs == last["plain"][count], f"{case}: {count}: {ours}, egg {theirs}"
    ratios = [a / b for a, b in zip(times["egg"], times["bafe"])]
    costs = [a / b - 1 for a, b in zip(times["bafe"], times["plain"])]
    return {
        **last["bafe"],
        "egg_ms": median(times["egg"]),
        "bafe_ms": median(times["bafe"]),
        "ratio": median(ratios),
        "proofs": median(costs),
    }


def main(names: list[str]) -> int:
    """Print the table; name on stderr the cases that are slower than wanted."""
    engine, egg = build()
    table = Table(title=f"equality saturation beside egg · {os.uname().machine}, one core")
    for name in ("case", "nodes", "classes"):
        table.add_column(name)
    for name in ("egg ms", "BAFE ms", "egg / BAFE", "wanted", "B/node", "with proofs", "proofs"):
        table.add_column(name, justify="right")
    short = []
    for case, wanted, runs, rounds in CASES:
        if names and not any(case.startswith(name) for name in names):
            continue
        found = measure(engine, egg, case, runs, rounds)
        if found["ratio"] < wanted:
            short.append(case)
        table.add_row(
            case,
            str(found["nodes"]),
            str(found["classes"]),
            f"{found['egg_ms']:.2f}",
            f"{found['bafe_ms']:.2f}",
            f"{found['ratio']:.2f}",
            f"{wanted}",
            f"{found['bytes']:.1f}",
            f"{found['bytes_with_proofs']:.1f}",
            f"{100 * found['proofs']:+.0f} %",
        )
    Console(width=120).print(table)
    if short:
        print(f"slower than wanted: {', '.join(short)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
