"""``bafe doctor``: what BAFE finds here, whether it works, and what to do where it does not."""

from __future__ import annotations

import click

from bafe.cli.output import Output, with_json


@click.command(
    epilog="""\b
JSON: {"status": "ok" | "warn" | "fail", "checks": [{"name", "status", "fact", "fix"}]}.
Exit status 1 when a check fails; warnings alone are 0."""
)
@click.option("--self-test/--no-self-test", default=True, help="Run kernels beside NumPy.")
@with_json
def doctor(out: Output, self_test: bool) -> int:
    """Check compiler, processor, threads, cache, prover and a few kernels."""
    from bafe.cli.checks import CHECKS, Check, kernels

    found: list[Check] = []
    wanted = [*CHECKS, *([kernels] if self_test else [])]
    with out.progress("checking", len(wanted)) as step:
        for check in wanted:
            name = check.__name__.replace("_", " ").strip()
            try:
                found += check()
            except Exception as error:  # a broken check is a finding, not the end
                fix = "bafe --debug doctor; report it with the output"
                found.append(Check(name, "fail", f"{type(error).__name__}: {error}", fix))
            step(name)
    worst = max((one.status for one in found), key=("ok", "warn", "fail").index)
    out.result({"status": worst, "checks": [one._asdict() for one in found]})
    out.table(("check", "status", "found"), [(c.name, c.status, c.fact) for c in found])
    for one in found:
        if one.fix:
            out.line()
            out.line(f"{one.name}: {one.fact}", "yellow" if one.status == "warn" else "red")
            out.line(f"  fix: {one.fix}")
    out.line()
    counts = {status: sum(c.status == status for c in found) for status in ("warn", "fail")}
    out.line(f"{len(found)} checks: {counts['fail']} failed, {counts['warn']} warnings")
    return 1 if worst == "fail" else 0
