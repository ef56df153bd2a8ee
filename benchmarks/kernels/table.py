"""Cases as tables, families as lines, promises as sentences."""

from __future__ import annotations

from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from kernels.results import geomean

ORDER = ("numpy", "scipy", "torch", "compile", "jax", "numba", "bafe")


class Promise(NamedTuple):
    """What a family must reach: geometric mean and worst ratio to the best peer."""

    mean: float
    worst: float


PROMISES = {
    "gemm_f32": Promise(1.0, 0.85),
    "gemm_f64": Promise(1.0, 0.85),
    "small": Promise(1.5, 0.0),
    "fused": Promise(1.25, 1.0),
}
LONG_CHAINS = ("sigmoid(ab+c)tanh(d)-a 4M", "relu(ab+a) 16M")


def by_family(cases: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Give the cases of each family, in order."""
    out: dict[str, list[dict[str, Any]]] = {}
    for case in cases:
        out.setdefault(case["family"], []).append(case)
    return out


def show(family: str, cases: list[dict[str, Any]], threads: int) -> None:
    """Print one family."""
    present = [name for name in ORDER if any(name in case["us"] for case in cases)]
    table = Table(title=f"{family}, {threads} thread(s), µs; ratio = best peer / BAFE")
    table.add_column("program")
    for name in (*present, "best", "ratio", "to NumPy", "of limit", "error / allowed"):
        table.add_column(name, justify="right")
    for case in cases:
        times = [f"{case['us'][n]:.1f}" if n in case["us"] else "" for n in present]
        ratio = f"{case['ratio']:.2f}"
        error = f"{case['error']['bafe']:.0e}/{case['allowed']:.0e}"
        table.add_row(
            case["name"],
            *times,
            case["best"],
            ratio if case["ratio"] >= 1 else f"[bold red]{ratio}",
            f"{case['ratio_to_numpy']:.2f}",
            f"{case['of_limit']:.2f}",
            error,
        )
    Console(width=170).print(table)


def summary(cases: list[dict[str, Any]], threads: int) -> list[str]:
    """Give one line a family: means, worst, share of the machine's limit."""
    lines = []
    for family, members in by_family(cases).items():
        worst = min(members, key=lambda case: case["ratio"])
        lines.append(
            f"{family}, {threads} thread(s), {len(members)} cases: "
            f"geomean {geomean(c['ratio'] for c in members):.2f} to the best peer, "
            f"{geomean(c['ratio_to_numpy'] for c in members):.2f} to NumPy, "
            f"worst {worst['ratio']:.2f} ({worst['name']}, {worst['best']}), "
            f"{geomean(c['of_limit'] for c in members):.2f} of the limit"
        )
    return lines


def _missed_by(family: str, members: list[dict[str, Any]]) -> list[str]:
    out = [
        f"{family} {c['name']}: {', '.join(c['wrong'])} outside the tolerance"
        for c in members
        if "bafe" in c["wrong"]
    ]
    out += [
        f"{family} {c['name']}: {c['ratio_to_numpy']:.2f} of NumPy's speed"
        for c in members
        if c["ratio_to_numpy"] < 1 and not family.startswith("gemm")
    ]
    if (promise := PROMISES.get(family)) is None:
        return out
    mean = geomean(c["ratio"] for c in members)
    if mean < promise.mean:
        out.append(f"{family}: geomean {mean:.2f}, promised {promise.mean}")
    for c in members:
        floor = 1.5 if c["name"] in LONG_CHAINS else promise.worst
        if c["ratio"] < floor:
            out.append(f"{family} {c['name']}: {c['ratio']:.2f}, promised {floor}")
    return out


def missed(cases: list[dict[str, Any]]) -> list[str]:
    """Say which promises do not hold."""
    found = by_family(cases).items()
    return [line for family, members in found for line in _missed_by(family, members)]
