"""``bafe completion``: the script that lets a shell complete commands, options and rules."""

from __future__ import annotations

import click

from bafe.cli.output import Output, with_json


@click.command(
    epilog="""\b
Put into the file of your shell:
  bash  ~/.bashrc                               eval "$(bafe completion bash)"
  zsh   ~/.zshrc                                eval "$(bafe completion zsh)"
  fish  ~/.config/fish/completions/bafe.fish    bafe completion fish | source

JSON: {"shell", "script"}"""
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@with_json
def completion(out: Output, shell: str) -> None:
    """Print the completion script of a shell."""
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None, "click completes bash, zsh and fish"
    root = click.get_current_context().find_root().command
    script = kind(root, {}, "bafe", "_BAFE_COMPLETE").source()
    out.result({"shell": shell, "script": script})
    out.line(script)
