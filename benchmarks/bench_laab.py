"""Linear-algebra awareness: losses of BAFE, NumPy, torch.compile and JAX on 18 expressions."""

from __future__ import annotations

import argparse
import statistics
import sys
from typing import Any


def show(found: list[dict[str, Any]], names: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="linear-algebra awareness, n = 1000, f32, one thread: µs (loss)")
    table.add_column("expression")
    for name in ("best by hand", "bad", *names):
        table.add_column(name, justify="right")
    for row in found:
        us, losses = row["us"], row["losses"]
        cells = [f"{us[name]:.1f} ({losses[name]:.3f})" if name in us else "" for name in names]
        table.add_row(row["name"], f"{us['best']:.1f}", f"{us['bad']:.1f}", *cells)
    Console(width=150).print(table)


def main(argv: list[str]) -> int:
    """Print losses; 1 unless BAFE passes all with the promised mean."""
    parser = argparse.ArgumentParser(prog="./run bench laab", description=__doc__)
    parser.add_argument("--case", action="append", help="only names that contain this text")
    parser.add_argument("--peers", default="numpy,compile,jax", help="by commas")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    args = parser.parse_args(argv)
    from kernels import threads

    threads.set_up(1)
    import laab
    from kernels import peers

    chosen = [
        e for e in laab.EXPRESSIONS if not args.case or any(text in e.name for text in args.case)
    ]
    wanted = [*args.peers.split(","), "bafe"]
    rounds, limit_s = (3, 1.0) if args.quick else (15, 4.0)
    found = [laab.measure(e, set(wanted), rounds, limit_s) for e in chosen]
    names = [n for n in wanted if any(n in row["us"] for row in found)]
    show(found, names)
    if absent := peers.missing():
        print(f"not installed, left out: {', '.join(absent)} (pip install -e '.[bench]')")
    for name in names:
        losses = [row["losses"][name] for row in found]
        passed = sum(value <= laab.PASSING for value in losses)
        print(
            f"{name}: {passed} of {len(losses)} pass, mean loss {statistics.mean(losses):.3f}, "
            f"worst {max(losses):.3f}"
        )
    losses = [row["losses"]["bafe"] for row in found]
    kept = max(losses) <= laab.PASSING and statistics.mean(losses) <= laab.PROMISED_MEAN
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
