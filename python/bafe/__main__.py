"""``python -m bafe``: the ``bafe`` command."""

import sys

from bafe.cli import main

sys.exit(main())
