"""Ratios to the best peer as a picture: a point a program, a column a family."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from kernels.results import geomean
from kernels.table import by_family


def draw(cases: list[dict[str, Any]], threads: int, path: Path) -> None:
    """Write the picture. Time of the best peer over BAFE's, on a logarithmic axis."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    families = by_family(cases)
    tallest = max(len(members) for members in families.values())
    figure, panels = pyplot.subplots(
        1, len(families), figsize=(4.4 * len(families), 1.2 + 0.17 * tallest), squeeze=False
    )
    for panel, (family, members) in zip(panels[0], families.items()):
        members = sorted(members, key=lambda case: case["ratio"])
        ratios = [case["ratio"] for case in members]
        places = range(len(members))
        colors = ["#2a7f4f" if r >= 1 else "#c0392b" for r in ratios]
        panel.hlines(places, 1, ratios, colors=colors, linewidth=1.2)
        panel.scatter(ratios, places, c=colors, s=14, zorder=3)
        panel.axvline(1, color="#444444", linewidth=0.8)
        panel.set_xscale("log", base=2)
        panel.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
        panel.set_yticks(list(places), [case["name"] for case in members], fontsize=6.5)
        panel.set_ylim(-1, len(members))
        panel.tick_params(axis="x", labelsize=7)
        panel.grid(axis="x", color="#dddddd", linewidth=0.6)
        title = f"{family}: geomean {geomean(ratios):.2f}"
        panel.set_title("\n".join(textwrap.wrap(title, 40)), fontsize=9)
        for side in ("top", "right"):
            panel.spines[side].set_visible(False)
    figure.suptitle(f"time of the best peer / time of BAFE, {threads} thread(s)", fontsize=11)
    figure.tight_layout()
    figure.savefig(path, dpi=130)
    pyplot.close(figure)
