"""The ``bafe`` command: ``bafe profile merge a.db b.db -o all.db``, ``bafe rules verify``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any


def _merge(args: argparse.Namespace) -> int:
    from bafe import profile_store

    count = profile_store.merge(args.stores, args.output)
    print(
        f"{args.output}: {count.timings} timings, {count.steps} steps and {count.machines} "
        "machines added or renewed"
    )
    return 0


def _plot(args: argparse.Namespace) -> int:
    from bafe import profile_plot, profile_store

    found = profile_plot.plot(args.store or profile_store.path(), args.output, args.machine)
    print(
        f"{args.output}: {len(found.samples)} kernels, Spearman {found.spearman:.3f}, "
        f"median error {found.median_error:.1%}"
    )
    return 0


def _add_profile(commands: Any) -> None:
    profile = commands.add_parser("profile", help="the profile store: measured times")
    actions = profile.add_subparsers(dest="action", required=True, metavar="action")
    merge = actions.add_parser("merge", help="put the rows of several stores into one file")
    merge.add_argument("stores", nargs="+", metavar="STORE", help="file to read")
    merge.add_argument("-o", "--output", required=True, help="file that takes the rows")
    merge.set_defaults(run=_merge)
    plot = actions.add_parser("plot", help="predicted against measured times, as a PNG")
    plot.add_argument("output", metavar="OUT.png", help="file that takes the picture")
    plot.add_argument("--store", help="profile store to read (default: this user's)")
    plot.add_argument("--machine", help="only kernels timed there (default: most of them)")
    plot.set_defaults(run=_plot)


def _add_rules(commands: Any) -> None:
    from bafe import rules_cli

    rules_cli.add_rules(commands)


# Each adds one group of commands; an action is a function of the parsed arguments that gives the
# exit status.
_GROUPS = (_add_profile, _add_rules)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bafe", description="BAFE from the command line")
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers(dest="group", metavar="command")
    for add in _GROUPS:
        add(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; give the exit status: 0, 1 for an error, 2 for wrong usage."""
    from bafe import _core

    parser = _parser()
    args = parser.parse_args(arguments)
    if args.version:
        print(_core.__version__)
        return 0
    if args.group is None:
        parser.print_help()
        return 2
    try:
        return int(args.run(args))
    except (_core.BafeError, ModuleNotFoundError, OSError) as error:
        print(f"bafe: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
