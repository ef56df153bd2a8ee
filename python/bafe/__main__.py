"""``python -m bafe``: the ``bafe`` command."""

import sys

from bafe.cli import main

if __name__ == "__main__":
    sys.exit(main())
