"""DLPack: arrays to and from NumPy, torch, JAX and others on the CPU, without copies."""

from __future__ import annotations

from typing import Any

import numpy as np

from bafe import _core
from bafe.tracer import _place
from bafe.xp.array_object import Array, check_device, wrap
from bafe.xp.data_types import checked


def _error(what: str, fact: str, fix: str) -> Exception:
    return _core.DTypeError(f"{_place()}{what}: {fact}\n  fix: {fix}")


def capsule(
    value: np.ndarray,
    stream: Any,
    max_version: tuple[int, int] | None,
    dl_device: tuple[Any, int] | None,
    copy: bool | None,
) -> Any:
    """Give the memory of an array as a DLPack capsule.

    Raises:
        BufferError: another device than the CPU is asked for, or what is asked for needs a copy.
    """
    if stream is not None:
        raise BufferError(f"{_place()}__dlpack__: the CPU has no streams\n  fix: leave stream out")
    if dl_device is not None and tuple(map(int, dl_device)) != (1, 0):
        raise BufferError(
            f"{_place()}__dlpack__: the array is on the CPU, device (1, 0)\n"
            "  fix: leave dl_device out"
        )
    if copy:
        value = value.copy()
    if _knows_versions and max_version is not None:
        return value.__dlpack__(max_version=max_version)
    return value.__dlpack__()


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Array:
    """Take an array of another library, on the same memory.

    Args:
        x: an object with ``__dlpack__``: of NumPy, torch, JAX …, on the CPU.
        device: None or ``"cpu"``.
        copy: True copies; None and False share the memory.

    Raises:
        DTypeError: ``x`` has no ``__dlpack__``, is on another device, requires gradients, or its
            dtype is none of the namespace's.

    Example:
        >>> import bafe.xp as xp
        >>> a = np.ones(2)
        >>> x = xp.from_dlpack(a)
        >>> a[0] = 5
        >>> x
        Array([5., 1.], dtype=float64)
    """
    check_device("from_dlpack", device)
    if type(x) is Array:
        return wrap(x.numpy().copy() if copy else x.numpy())
    if not hasattr(x, "__dlpack__") or not hasattr(x, "__dlpack_device__"):
        raise _error(
            "from_dlpack", f"a {type(x).__name__} has no __dlpack__", "use bafe.xp.asarray(x)"
        )
    if int(x.__dlpack_device__()[0]) not in (1, 3):  # memory of the CPU, pinned for a GPU or not
        raise _error(
            "from_dlpack", "the array is on another device", "copy it to the CPU first: x.cpu()"
        )
    try:
        value = np.from_dlpack(x)
    except (BufferError, RuntimeError, TypeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        fix = "detach it first: x.detach()" if "grad" in reason else "convert it to another dtype"
        raise _error("from_dlpack", reason, fix) from error
    checked("from_dlpack", value.dtype)
    return wrap(value.copy() if copy else value)


_knows_versions = tuple(map(int, np.__version__.split(".")[:2])) >= (2, 1)
