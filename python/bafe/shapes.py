"""What ``BAFE_LOG=recompiles`` says of a new signature. Bookkeeping only."""

from __future__ import annotations

import weakref
from typing import Any

from bafe import _core
from bafe.call import _Options

_last: weakref.WeakKeyDictionary[_Options, Any] = weakref.WeakKeyDictionary()


def note_signature(options: _Options, program: Any, executable: Any) -> None:
    """Log how the arguments differ from those of the signature before, and what runs now."""
    if not _core.log_enabled("recompiles"):
        return
    name = getattr(options.fn, "__name__", type(options.fn).__name__)
    _core.log_recompile(name, _last.get(options), program, executable)
    _last[options] = program
