"""The algebra table: FLOPs found beside the best known by hand, and how long the search takes."""

import sys
from pathlib import Path

import bafe
from report import console, machine
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "python"))

from algebra_table import TABLE, THIN, found_flops, same_count

SIZE, SEARCHES, PROMISED_MS = 1000, 5, 50


def main() -> int:
    """Print the table; 1 when a count or a search time misses its promise."""
    table = Table(title=f"algebra, n = {SIZE} · {machine()} · one thread")
    table.add_column("expression")
    for name in ("FLOPs as written", "found", "best by hand", "same", "search ms"):
        table.add_column(name, justify="right")
    table.add_column("derivation")
    misses, slowest = [], 0.0
    for row in TABLE:
        if row.rule:
            bafe.rules.add(row.rule, allow_unproven=True)
        found = found_flops(row, SIZE)
        ms = min(found_flops(row, SIZE).ms for _ in range(SEARCHES))  # others only add
        bafe.rules.reset()
        best = row.best(SIZE, THIN)
        same = same_count(found.flops, best)
        slowest = max(slowest, ms)
        if not same or ms >= PROMISED_MS:
            misses.append(row.name)
        table.add_row(
            row.name,
            f"{found.as_written:.4g}",
            f"{found.flops:.4g}",
            f"{best:.4g}",
            "yes" if same else "NO",
            f"{ms:.1f}",
            row.derivation,
        )
    console().print(table)
    console().print(
        f"{len(TABLE) - len(misses)} of {len(TABLE)} as promised: the best count, found in less "
        f"than {PROMISED_MS} ms; slowest search {slowest:.1f} ms"
    )
    return bool(misses)


if __name__ == "__main__":
    raise SystemExit(main())
