"""Cases as tables, families as lines, promises as sentences."""

from __future__ import annotations

import re
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
FMA_SHARE = 0.8  # of products with every size at least LARGE
LARGE = 1024
BANDWIDTH_SHARE = 0.85  # of programs that memory bounds and whose operands no cache holds
BEYOND_CACHES_US = 1000.0
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


def _is_large_product(case: dict[str, Any]) -> bool:
    sizes = re.match(r"(\d+)x(\d+)x(\d+)\b", case["name"])
    is_product = case["family"].startswith("gemm") and sizes is not None
    return is_product and min(map(int, sizes.groups())) >= LARGE


def _is_memory_bound(case: dict[str, Any]) -> bool:
    limits = case["limits_us"]
    moves = min((us for name, us in limits.items() if name != "fma"), default=0.0)
    return moves > max(limits.get("fma", 0.0), BEYOND_CACHES_US)


def _below_the_limit(case: dict[str, Any]) -> list[str]:
    """Say what the machine's own limits show to be slow."""
    share, name = case["of_limit"], f"{case['family']} {case['name']}"
    if _is_large_product(case) and share < FMA_SHARE:
        return [f"{name}: {share:.2f} of the FMA peak, promised {FMA_SHARE}"]
    if _is_memory_bound(case) and share < BANDWIDTH_SHARE:
        return [f"{name}: {share:.2f} of the probe's bandwidth, promised {BANDWIDTH_SHARE}"]
    return []


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
    out += [line for c in members for line in _below_the_limit(c)]
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
