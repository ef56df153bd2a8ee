"""What the namespace can do, for programs that ask: ``xp.__array_namespace_info__()``."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe.xp.array_object import CPU, check_device
from bafe.xp.data_types import DTYPES, float64, int64, isdtype


class NamespaceInfo:
    """Capabilities, devices and dtypes of ``bafe.xp``.

    Example:
        >>> import bafe.xp as xp
        >>> xp.__array_namespace_info__().default_device()
        'cpu'
    """

    def capabilities(self) -> dict[str, Any]:
        """Masks and results whose shape depends on values work on eager arrays."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": _RANK}

    def default_device(self) -> str:
        """Where arrays are made: ``"cpu"``."""
        return CPU

    def devices(self) -> list[str]:
        """Every device there is."""
        return [CPU]

    def default_dtypes(self, *, device: Any = None) -> dict[str, np.dtype]:
        """Dtypes of Python numbers; there are no complex ones."""
        check_device("default_dtypes", device)
        return {"real floating": float64, "integral": int64, "indexing": int64}

    def dtypes(self, *, device: Any = None, kind: Any = None) -> dict[str, np.dtype]:
        """Dtypes by name, of one kind or several; without complex ones."""
        check_device("dtypes", device)
        return {n: d for n, d in DTYPES.items() if kind is None or isdtype(d, kind)}


_RANK = 64 if int(np.__version__.split(".")[0]) >= 2 else 32


def __array_namespace_info__() -> NamespaceInfo:
    """Tell capabilities, devices and dtypes of the namespace."""
    return NamespaceInfo()
