"""The command ``bafe``: one file a command, ``app.py`` puts them together.

Only this package imports click and rich: ``import bafe`` does not.
"""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; give the exit status that ``bafe --help`` explains."""
    try:
        from bafe.cli.app import bafe

        return int(bafe.main(arguments, standalone_mode=False))
    except KeyboardInterrupt:  # while click was imported
        import sys

        print("bafe: interrupted", file=sys.stderr)
        return 130
