"""Arrays of a model: initialisers inside the file, and external data beside it.

An external file is named by a relative path below the model's folder. No part of the path may be
a link, and the file must hold the bytes that the tensor's shape asks for; nothing else is opened.
"""

from __future__ import annotations

import math
import os
import stat
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from bafe.onnx.errors import malformed, require_onnx
from bafe.onnx.node import check_size

_EXTERNAL = 1  # TensorProto.EXTERNAL
_STRING = 8  # TensorProto.STRING
_PACKED = {21: 2, 22: 2, 23: 2, 25: 4, 26: 4}  # elements a byte of the 4- and 2-bit types


def dtype_of(element: int) -> np.dtype | None:
    """NumPy's dtype of an ONNX element type; None for unknown ones."""
    onnx = require_onnx()
    try:
        return np.dtype(onnx.helper.tensor_dtype_to_np_dtype(element))
    except (KeyError, ValueError, TypeError):
        return None


def _bytes_wanted(tensor: Any, where: str) -> int:
    dtype = dtype_of(tensor.data_type)
    if dtype is None:
        raise malformed(f"{where} has the unknown element type {tensor.data_type}")
    check_size(tensor.dims, dtype.itemsize, where)
    count = math.prod(tensor.dims)
    a_byte = _PACKED.get(tensor.data_type)
    return (count + a_byte - 1) // a_byte if a_byte else count * dtype.itemsize


def _stored(tensor: Any) -> int:
    """Elements in the typed fields; complex numbers take two."""
    fields = ("float_data", "int32_data", "string_data", "int64_data", "double_data", "uint64_data")
    return sum(len(getattr(tensor, field)) for field in fields)


def array_of(tensor: Any, folder: str | None) -> np.ndarray:
    """Values of a tensor of the model, read-only.

    Raises:
        ParseError: shape and bytes disagree, or external data lies outside of the folder.
    """
    where = f"tensor {tensor.name!r}" if tensor.name else "a tensor"
    wanted = _bytes_wanted(tensor, where)
    onnx = require_onnx()
    if tensor.data_location == _EXTERNAL:
        copy = onnx.TensorProto()
        copy.CopyFrom(tensor)
        copy.raw_data = _external(tensor, folder, wanted, where)
        copy.data_location = 0
        del copy.external_data[:]
        tensor = copy
    elif tensor.HasField("raw_data"):
        if len(tensor.raw_data) != wanted or tensor.data_type == _STRING:
            raise malformed(
                f"{where} of shape {list(tensor.dims)} holds {len(tensor.raw_data)} "
                f"bytes instead of {wanted}"
            )
    elif tensor.data_type not in _PACKED:
        count = math.prod(tensor.dims) * (2 if tensor.data_type in (14, 15) else 1)
        if _stored(tensor) != count:
            raise malformed(
                f"{where} of shape {list(tensor.dims)} holds {_stored(tensor)} "
                f"elements instead of {count}"
            )
    try:
        array = onnx.numpy_helper.to_array(tensor)
    except (ValueError, TypeError, OverflowError) as error:
        raise malformed(f"{where} cannot be read ({error})") from None
    array = np.asarray(array)
    array.setflags(write=False)
    return array


def _external(tensor: Any, folder: str | None, wanted: int, where: str) -> bytes:
    if folder is None:
        raise malformed(
            f"{where} lies in another file, and the model came without a folder",
            "load the model by its path",
        )
    entries = {entry.key: entry.value for entry in tensor.external_data}
    location = entries.get("location", "")
    if not isinstance(location, str):
        raise malformed(f"{where}: the place of its external data is no text")
    try:
        offset = int(entries.get("offset", 0))
        length = int(entries.get("length", wanted))
    except ValueError:
        raise malformed(f"{where}: offset and length of external data are no numbers") from None
    if offset < 0 or length != wanted:
        raise malformed(
            f"{where} asks for {length} bytes from {offset} of {location!r}, and its "
            f"shape for {wanted}"
        )
    descriptor = _open_below(folder, location, where)
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode) or status.st_size < offset + length:
        os.close(descriptor)
        raise malformed(f"{where}: {location!r} is no file of {offset + length} bytes")
    with os.fdopen(descriptor, "rb") as file:
        file.seek(offset)
        data = file.read(length)
    if len(data) != length:
        raise malformed(f"{where}: {location!r} ends early")
    return data


def _open_below(folder: str, location: str, where: str) -> int:
    """Open a file by its relative path, following no link on the way."""
    parts = PurePosixPath(location).parts
    if (
        not parts
        or "\0" in location
        or "\\" in location
        or location.startswith("/")
        or ".." in parts
    ):
        raise malformed(
            f"{where}: external data {location!r} is not below the model's folder",
            "keep the file beside the model, and name it by a relative path without ..",
        )
    at = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        for part in parts[:-1]:
            inner = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=at)
            os.close(at)
            at = inner
        return os.open(parts[-1], os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
    except OSError as error:
        raise malformed(
            f"{where}: external data {location!r} cannot be opened ({error.strerror})",
            "put the file beside the model; links are not followed",
        ) from None
    finally:
        os.close(at)
