"""The command ``bafe rules``: list, show, verify, prove."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from bafe import _core, verify

_COLOURS = {"proven": "green", "bounded": "cyan", "tested": "yellow", "refuted": "red"}


def _prove(name: str) -> dict[str, Any]:
    return _core.verify_written_rule(name, verify.smt_program())


def _proofs(names: list[str], workers: int) -> Iterator[dict[str, Any]]:
    """Prove in processes of their own, so that a proof that dies takes no other with it."""
    if workers <= 1 or len(names) < 4:
        yield from map(_prove, names)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for done in as_completed([pool.submit(_prove, name) for name in names]):
            yield done.result()


def _prove_all(names: list[str], workers: int) -> verify.Report:
    """Prove with a progress bar on stderr when it is a terminal and rich is there."""
    proofs: Iterator[dict[str, Any]] = _proofs(names, workers)
    try:
        from rich.console import Console
        from rich.progress import Progress
    except ImportError:
        found = list(proofs)
    else:
        found = []
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("proving", total=len(names))
            for proof in proofs:
                found.append(proof)
                bar.update(task, advance=1, description=f"{proof['name']:<40.40}")
    place = {name: i for i, name in enumerate(names)}
    found.sort(key=lambda proof: place[proof["name"]])
    return verify.Report(verify.Proof(**proof) for proof in found)


def _print_report(report: verify.Report) -> None:
    try:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        print(report)
        return
    table = Table("rule", "status", "engine", "ms", box=None, header_style="bold")
    table.columns[3].justify = "right"
    for proof in report:
        status = Text(proof.status, style=_COLOURS.get(proof.status, ""))
        table.add_row(proof.name, status, proof.engine, f"{proof.ms:.1f}")
        if proof.status == "refuted":
            table.add_row(Text(f"{proof.detail}\n{proof.counterexample}", style="red"))
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(table)
    console.print(str(report).splitlines()[-1])


def _chosen(given: list[str]) -> list[str]:
    names = _core.written_rules()
    unknown = sorted(set(given) - set(names))
    if unknown:
        raise _core.RuleError(
            f"no rule is called {', '.join(unknown)}\n  fix: bafe rules list shows the names"
        )
    return given or names


def _verify(args: argparse.Namespace) -> int:
    report = _prove_all(_chosen(args.rules), args.workers)
    _print_report(report)
    if args.html:
        Path(args.html).write_text(report.html(), encoding="utf-8")
        print(f"{args.html}: written")
    return 1 if report.count("refuted") else 0


def _write_lock(args: argparse.Namespace) -> int:
    lock = Path(args.lock)
    report = _prove_all(_core.written_rules(), args.workers)
    before = lock.read_text(encoding="utf-8") if lock.exists() else ""
    proofs = [proof._asdict() for proof in report]
    text = _core.rules_lock_text(proofs, verify.solvers(), before)
    if text != before:
        temporary = lock.with_name(lock.name + ".new")
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, lock)
    print(str(report).splitlines()[-1])
    wrong = [proof for proof in report if proof.status not in ("proven", "bounded")]
    for proof in wrong:
        print(f"{proof.name}: {proof.status}: {proof.detail}\n{proof.counterexample}".rstrip())
    if wrong:
        print(f"{len(wrong)} rules may not be used as they are; mend them or take them out")
    return 1 if wrong else 0


def _list(args: argparse.Namespace) -> int:
    from bafe import rules

    for rule in rules.all():
        kind = "move" if rule.move else " ".join(rule.classes)
        print(f"{rule.name:<44} {rule.theme:<12} {rule.set:<10} {kind}")
    return 0


def _show(args: argparse.Namespace) -> int:
    from bafe import rules

    for name in _chosen([args.name]):
        print(rules.get(name).text)
        print(verify.Proof(**_prove(name)))
    return 0


def add_rules(commands: Any) -> None:
    """Add the command to the parser of ``bafe``."""
    group = commands.add_parser("rules", help="the rewrite rules and what is proven about them")
    actions = group.add_subparsers(dest="action", required=True, metavar="action")
    listed = actions.add_parser("list", help="every rule in force")
    listed.set_defaults(run=_list)
    show = actions.add_parser("show", help="one rule and its proof")
    show.add_argument("name", metavar="RULE")
    show.set_defaults(run=_show)
    check = actions.add_parser("verify", help="prove rules now; exit code 1 if one is refuted")
    check.add_argument("rules", nargs="*", metavar="RULE", help="default: all")
    check.add_argument("--html", metavar="FILE", help="also write a page")
    check.set_defaults(run=_verify)
    prove = actions.add_parser("prove", help="prove all rules and write rules.lock")
    prove.add_argument("--lock", default="rules/rules.lock", metavar="FILE")
    prove.set_defaults(run=_write_lock)
    for action in (check, prove):
        action.add_argument("--workers", type=int, default=2, metavar="N", help="processes")
