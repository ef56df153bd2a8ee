"""The commands put together, and what becomes of errors: one message, an exit status."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from bafe.cli import (
    bench,
    cache,
    completion,
    demo,
    doctor,
    explain,
    profile,
    report,
    rules,
    run,
)
from bafe.cli.output import write_json

OK, FOUND, USAGE, BAD_INPUT, BROKEN, INTERRUPTED, PIPE = 0, 1, 2, 3, 4, 130, 141

EPILOG = """\b
Exit status:
  0    done, nothing found
  1    a finding: a check failed, a rule is refuted, a result differs
  2    wrong usage: an unknown command, option or a missing argument
  3    bad input: a file, function, program or rule that cannot be used
  4    something is missing or broken here: a compiler, a package, disk space
  130  interrupted by Ctrl-C
  141  the reader of the output went away

\b
Output: tables and colours on a terminal, plain aligned text in pipes and with
NO_COLOR set, one JSON value with --json (its keys stand in each command's help;
errors are {"error": {"kind", "message", "status"}}).
"""


def _status(error: BaseException) -> int:
    """The exit status of an error that is nobody's fault but the input's or the machine's."""
    from bafe import _core

    if isinstance(error, (_core.CompileError, ModuleNotFoundError)):
        return BROKEN
    if isinstance(error, OSError):
        return BROKEN if error.errno in (errno.ENOSPC, errno.EROFS, errno.EDQUOT) else BAD_INPUT
    if isinstance(error, _core.InternalError):
        return BROKEN
    return BAD_INPUT


def _message(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return str(error) or type(error).__name__


def _say(kind: str, message: str, status: int, as_json: bool) -> None:
    if as_json:
        write_json({"error": {"kind": kind, "message": message, "status": status}})
    click.echo(f"bafe: {message}", err=True)


class App(click.Group):
    """The command ``bafe``: gives an exit status for whatever happens, and no traceback."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """Run one command; end the process with its status, or give it."""
        given = list(sys.argv[1:] if args is None else args)
        if "_BAFE_COMPLETE" in os.environ:
            return super().main(given, "bafe", "_BAFE_COMPLETE", **extra)
        status = self.run(given)
        if standalone_mode:
            sys.exit(status)
        return status

    def run(self, given: list[str]) -> int:
        """Run one command; give its exit status."""
        as_json = "--json" in given
        try:
            with self.make_context("bafe", list(given)) as context:
                status = self.invoke(context)
            sys.stdout.flush()
            return int(status or 0)
        except click.exceptions.Exit as done:
            return int(done.exit_code)
        except click.exceptions.NoArgsIsHelpError as error:
            click.echo(error.ctx.get_help() if error.ctx else error.format_message())
            return USAGE
        except click.UsageError as error:
            where = f" (see {error.ctx.command_path} --help)" if error.ctx else ""
            _say("usage", error.format_message() + where, USAGE, as_json)
            return USAGE
        except BrokenPipeError:
            # Python flushes standard output at exit, which would complain again
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return PIPE
        except (KeyboardInterrupt, click.Abort):
            click.echo("bafe: interrupted", err=True)
            return INTERRUPTED
        except Exception as error:
            if "--debug" in given:
                raise
            return self._failed(error, as_json)

    def _failed(self, error: Exception, as_json: bool) -> int:
        from bafe import _core

        expected = (_core.BafeError, OSError, ModuleNotFoundError, click.ClickException)
        if isinstance(error, expected):
            status = BAD_INPUT if isinstance(error, click.ClickException) else _status(error)
            text = error.format_message() if isinstance(error, click.ClickException) else ""
            _say(type(error).__name__, text or _message(error), status, as_json)
            return status
        text = f"{type(error).__name__}: {error}\n  fix: bafe --debug shows where it came from"
        _say(type(error).__name__, text, BROKEN, as_json)
        return BROKEN


def _version(context: click.Context, _: Any, wanted: bool) -> None:
    if wanted:
        from bafe import _core

        click.echo(_core.__version__)
        context.exit(0)


@click.group("bafe", cls=App, epilog=EPILOG, no_args_is_help=True)
@click.option(
    "--version", is_flag=True, callback=_version, expose_value=False, is_eager=True,
    help="Print the version.",
)  # fmt: skip
@click.option("--debug", is_flag=True, expose_value=False, help="Show tracebacks of errors.")
def bafe() -> None:
    """BAFE from the command line: NumPy functions as searched, compiled, cached C kernels."""


for _command in (
    demo.demo,
    explain.explain,
    run.run,
    rules.rules,
    cache.cache,
    profile.profile,
    doctor.doctor,
    bench.bench,
    report.report,
    completion.completion,
):
    bafe.add_command(_command)
