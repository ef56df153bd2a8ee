"""The command as a whole: help, exit statuses, JSON, colours, completion, pipes, Ctrl-C."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import bafe
import click
import pytest
from bafe import cli
from bafe.cli import app, output
from click.testing import CliRunner


def commands(group=app.bafe, words=()):
    """Every command with its words."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))
        else:
            yield (*words, name), command


def start(*words, **given):
    """The command in a process of its own, Ctrl-C as a terminal has it."""
    return subprocess.Popen(
        [sys.executable, "-m", "bafe", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **given,
    )


def test_help_lists_commands_and_exit_statuses(golden):
    done = CliRunner().invoke(app.bafe, ["--help"], prog_name="bafe")
    assert done.exit_code == 0
    golden("cli/help.txt", done.stdout.rstrip("\n"))


@pytest.mark.parametrize(("words", "command"), list(commands()), ids=lambda x: str(x)[:40])
def test_every_command_has_json_and_documents_its_keys(words, command):
    names = {option for one in command.params for option in one.opts}
    assert "--json" in names
    done = CliRunner().invoke(app.bafe, [*words, "--help"])
    assert done.exit_code == 0 and "JSON: " in done.stdout and command.help


def test_import_bafe_needs_neither_click_nor_rich(run_python):
    code = "import sys, bafe\nprint([m for m in ('click', 'rich', 'bafe.cli') if m in sys.modules])"
    assert run_python(code)[1].strip() == "[]"


def test_main_gives_the_exit_status(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == bafe.__version__
    assert cli.main([]) == 2 and "Usage: bafe" in capsys.readouterr().out
    assert cli.main(["ruls"]) == 2
    assert "Did you mean 'rules'?" in capsys.readouterr().err
    assert cli.main(["cache", "info", "--jso"]) == 2
    assert "(see bafe cache info --help)" in capsys.readouterr().err
    assert cli.main(["rules"]) == 2, "a group alone shows its help"


def test_an_error_nobody_expected_is_one_message_but_with_debug(monkeypatch, capsys):
    def broken():
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(bafe.cache, "verify", broken)
    assert cli.main(["cache", "verify"]) == 4
    err = capsys.readouterr().err
    assert err.startswith("bafe: RuntimeError: a fault of ours") and "--debug" in err
    assert cli.main(["cache", "verify", "--json"]) == 4
    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "RuntimeError"
    with pytest.raises(RuntimeError):
        cli.main(["--debug", "cache", "verify"])


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_name_the_command(shell, capsys):
    assert cli.main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert "_BAFE_COMPLETE" in script and "bafe" in script
    assert cli.main(["completion", "tcsh"]) == 2


def test_shells_complete_commands_and_rules():
    def complete(line):
        words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)}
        done = CliRunner().invoke(
            app.bafe, [], prog_name="bafe", env={"_BAFE_COMPLETE": "bash_complete", **words}
        )
        return done.stdout.split()

    assert complete("bafe doc") == ["plain,doctor"]
    assert "plain,neg-neg" in complete("bafe rules show neg-n")


def test_plain_tables_are_aligned_and_have_no_escapes(capsys):
    out = output.Output(as_json=False)
    out.table(("name", "ns"), [("a", "1"), ("long name", "1000")], right="ns")
    out.line("done", "green")
    assert capsys.readouterr().out == "name         ns\na             1\nlong name  1000\ndone\n"


def test_json_says_what_json_can(capsys):
    output.write_json({"a": float("nan"), "b": (1, float("inf")), "c": {2: "é"}, "d": b"x"})
    assert json.loads(capsys.readouterr().out) == {
        "a": None, "b": [1, None], "c": {"2": "é"}, "d": "b'x'",
    }  # fmt: skip


def test_colours_on_a_terminal_only_where_they_are_wanted(monkeypatch):
    class Terminal:
        def isatty(self):
            return True

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert output.is_rich(Terminal())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not output.is_rich(Terminal())
    monkeypatch.setenv("NO_COLOR", "")
    monkeypatch.setenv("TERM", "dumb")
    assert not output.is_rich(Terminal())


def terminal_text(environment):
    """What ``bafe rules list --theme identity`` shows on a terminal."""
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "bafe", "rules", "list", "--theme", "reduce"],
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", **environment},
    ) as process:
        os.close(theirs)
        parts = []
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:
                break
            if not part:
                break
            parts.append(part)
        os.close(ours)
        assert process.wait(60) == 0
    return b"".join(parts).decode()


def test_a_terminal_gets_colours_unless_it_says_no():
    assert "\x1b[" in terminal_text({"NO_COLOR": ""})
    assert "\x1b" not in terminal_text({"NO_COLOR": "1"})


def test_a_reader_that_goes_away_is_no_error():
    process = start("rules", "list")
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr.read() == "" and process.wait(60) == app.PIPE
    process.stderr.close()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_ctrl_c_ends_a_command_with_one_line(workers):
    process = start("rules", "verify", "--workers", workers, start_new_session=True)
    end = time.monotonic() + 60
    while not Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text():
        assert time.monotonic() < end, "it asks the solver, or other processes to"
        time.sleep(0.05)
    time.sleep(0.5)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == app.INTERRUPTED and out == ""
    assert err.strip() == "bafe: interrupted"
