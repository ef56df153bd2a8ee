"""Programs beside NumPy, torch, torch.compile, JAX and Numba on the same arrays: `kernels/`."""

from __future__ import annotations

import argparse
import sys


def arguments_of(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./run bench kernels", description=__doc__)
    parser.add_argument("--threads", type=int, default=1, help="of every library (default 1)")
    parser.add_argument("--family", action="append", help="only this family; may be repeated")
    parser.add_argument("--case", action="append", help="only names that contain this text")
    parser.add_argument("--peers", help="only these, by commas: numpy,torch,compile,jax,numba")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    parser.add_argument("--report", action="store_true", help="time nothing, show what is kept")
    return parser.parse_args(argv)


def chosen(args: argparse.Namespace) -> list:
    from kernels import convolution, fused, gemm, movement, structured

    programs = [
        *gemm.PROGRAMS,
        *fused.PROGRAMS,
        *movement.PROGRAMS,
        *structured.PROGRAMS,
        *convolution.programs(),
    ]
    return [
        p
        for p in programs
        if (not args.family or p.family in args.family)
        and (not args.case or any(text in p.name for text in args.case))
    ]


def measure_all(args: argparse.Namespace, names: set[str]) -> int:
    """Measure and keep, family by family; give how many programs failed."""
    from kernels import case, results, table

    failed = 0
    families: dict[str, list] = {}
    for program in chosen(args):
        families.setdefault(program.family, []).append(program)
    rounds, limit_s = (3, 0.6) if args.quick else (9, 3.0)
    for family, programs in families.items():
        found = []
        for program in programs:
            try:
                found.append(case.measure(program, args.threads, names, rounds, limit_s))
            except Exception as error:  # one program that cannot run must not hide the others
                failed += 1
                print(f"{family} {program.name}: {type(error).__name__}: {error}", file=sys.stderr)
        results.keep(args.threads, found)
        if found:
            table.show(family, found, args.threads)
            print(*table.summary(found, args.threads), sep="\n", flush=True)
    return failed


def main(argv: list[str]) -> int:
    args = arguments_of(argv)
    from kernels import threads

    threads.set_up(args.threads)
    from kernels import peers, plot, results, table

    names = {"bafe", *(args.peers.split(",") if args.peers else peers.MAKERS)}
    if absent := peers.missing():
        print(f"not installed, left out: {', '.join(absent)} (pip install -e '.[bench]')")
    failed = 0 if args.report else measure_all(args, names)
    kept = results.load(args.threads)
    if not kept:
        print("nothing was measured")
        return 1
    if args.report:
        for family, cases in table.by_family(kept).items():
            table.show(family, cases, args.threads)
        print(*table.summary(kept, args.threads), sep="\n")
    try:
        plot.draw(kept, args.threads, results.path_of(args.threads).with_suffix(".png"))
    except ImportError:
        print("no picture: matplotlib is not installed (pip install -e '.[bench]')")
    misses = table.missed(kept)
    print(*misses, sep="\n")
    return 1 if failed or misses else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
