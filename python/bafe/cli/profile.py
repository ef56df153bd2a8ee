"""``bafe profile``: the store of measured times, merged and drawn."""

from __future__ import annotations

import os

import click

from bafe.cli.output import Output, with_json


@click.group()
def profile() -> None:
    """The profile store: measured times of kernels."""


@profile.command(epilog='JSON: {"output", "timings", "steps", "machines"}: rows added or renewed')
@click.argument("stores", nargs=-1, required=True, metavar="STORE...")
@click.option("-o", "--output", required=True, metavar="FILE", help="File that takes the rows.")
@with_json
def merge(out: Output, stores: tuple[str, ...], output: str) -> None:
    """Put the rows of several stores into one file."""
    from bafe import profile_store

    count = profile_store.merge(stores, output)
    out.result({"output": output, **count._asdict()})
    out.line(
        f"{output}: {count.timings} timings, {count.steps} steps and {count.machines} "
        "machines added or renewed"
    )


@profile.command(
    epilog='JSON: {"output", "kernels", "spearman", "median_error", "within_one_sigma"}'
)
@click.argument("output", metavar="OUT.png")
@click.option("--store", metavar="FILE", help="Profile store to read; default: this user's.")
@click.option("--machine", help="Only kernels timed there; default: where most of them were.")
@with_json
def plot(out: Output, output: str, store: str | None, machine: str | None) -> None:
    """Draw predicted against measured times of kernels as a PNG."""
    from bafe import profile_plot, profile_store

    folder = os.path.dirname(output)
    if folder and not os.path.isdir(folder):
        raise FileNotFoundError(2, "there is no such folder", folder)
    found = profile_plot.plot(store or profile_store.path(), output, machine)
    out.result(
        {
            "output": output,
            "kernels": len(found.samples),
            "spearman": found.spearman,
            "median_error": found.median_error,
            "within_one_sigma": found.within_one_sigma,
        }
    )
    out.line(
        f"{output}: {len(found.samples)} kernels, Spearman {found.spearman:.3f}, "
        f"median error {found.median_error:.1%}"
    )
