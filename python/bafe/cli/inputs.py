"""What commands are given: functions of files and modules, argument specs, arrays, programs."""

from __future__ import annotations

import importlib
import importlib.util
import os
import re
import sys
from typing import Any

import numpy as np

from bafe import _core
from bafe.arguments import _nearest
from bafe.call import ShapeDtype

_LONG = {"f": "float", "i": "int", "u": "uint"}
_SPEC = re.compile(r"([A-Za-z]\w*)\s*\[([^\]]*)\]")


def _bad(fact: str, fix: str) -> Exception:
    return _core.ParseError(f"{fact}\n  fix: {fix}")


def dtype_of(name: str) -> Any:
    """A NumPy dtype by BAFE's short name (``f32``) or NumPy's (``float32``)."""
    short = re.fullmatch(r"([fiu])(8|16|32|64)", name)
    if name in ("bf16", "bfloat16"):
        try:
            import ml_dtypes
        except ImportError:
            raise ModuleNotFoundError(
                "bf16 arrays need the package ml_dtypes\n  fix: pip install ml_dtypes"
            ) from None
        return np.dtype(ml_dtypes.bfloat16)
    try:
        return np.dtype(_LONG[short[1]] + short[2] if short else name)
    except TypeError:
        names = ["f16", "bf16", "f32", "f64", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64"]
        raise _bad(f"no dtype is called {name}", _nearest(name, [*names, "bool"])) from None


def argument_of(text: str) -> tuple[str, Any]:
    """``f32[64,64]``, ``x=f32[64]``, ``2.5``, ``n=3``: (name or "", spec or number)."""
    name, value = "", text.strip()
    named = re.fullmatch(r"([A-Za-z_]\w*)=(.*)", value)
    if named:
        name, value = named[1], named[2].strip()
    spec = _SPEC.fullmatch(value)
    if spec:
        dims = [one.strip() for one in spec[2].split(",") if one.strip()]
        sizes: list[Any] = [int(one) if re.fullmatch(r"\d+", one) else one for one in dims]
        if any(isinstance(one, str) and not one.isidentifier() for one in sizes):
            raise _bad(f"--arg {text}: {spec[2]} is no shape", "write sizes, as in f32[64,64]")
        return name, ShapeDtype(sizes, dtype_of(spec[1]))
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    if value in ("True", "False"):
        return name, value == "True"
    raise _bad(
        f"--arg {text}: neither an array nor a number",
        "write dtype and shape, as in f32[64,64], or a number; name=... for a named argument",
    )


def _module_of(place: str) -> Any:
    if place.endswith(".py") or os.sep in place:
        if not os.path.isfile(place):
            raise FileNotFoundError(2, "there is no such file", place)
        name = re.sub(r"\W", "_", os.path.basename(place)[:-3])
        spec = importlib.util.spec_from_file_location(name, place)
        if spec is None or spec.loader is None:
            raise _bad(f"{place}: no Python file", "give a file that ends in .py")
        module = importlib.util.module_from_spec(spec)
        sys.modules.setdefault(name, module)
        sys.path.insert(0, os.path.dirname(os.path.abspath(place)))
        spec.loader.exec_module(module)
        return module
    sys.path.insert(0, os.getcwd())
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        if error.name and not place.startswith(error.name):
            raise
        raise _bad(
            f"there is no module {error.name}",
            "run it where the module can be imported, or give path/to/file.py:function",
        ) from None


def function_of(target: str) -> Any:
    """The function of ``module:function`` or ``path/to/file.py:function``.

    Raises:
        ParseError: no such module or function, or the file fails when it is run.
    """
    place, found, name = target.rpartition(":")
    if not found or not place or not name:
        raise _bad(
            f"{target}: no function is named",
            "write module:function or path/to/file.py:function",
        )
    try:
        value = _module_of(place)
    except (OSError, ModuleNotFoundError, _core.BafeError):
        raise
    except Exception as error:
        raise _bad(
            f"{place}: it fails when it is imported: {type(error).__name__}: {error}",
            "bafe --debug shows where; code for scripts goes under if __name__ == '__main__'",
        ) from error
    for part in name.split("."):
        if not hasattr(value, part):
            names = [n for n in vars(value) if callable(getattr(value, n)) and n[0] != "_"]
            raise _bad(f"{place}: there is no {name}", _nearest(part, names or ["another name"]))
        value = getattr(value, part)
    if not callable(value):
        raise _bad(f"{target} is a {type(value).__name__}", "name a function")
    return value


def array_of(path: str) -> Any:
    """An array of a ``.npy`` file, or a number."""
    for kind in (int, float):
        try:
            return kind(path)
        except ValueError:
            continue
    try:
        found = np.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        fact = str(error).split(":")[0].split(".")[0]
        raise _bad(f"{path}: no array that numpy.save wrote ({fact})", "give a .npy file") from None
    if not isinstance(found, np.ndarray):
        raise _bad(f"{path}: several arrays", "save each with numpy.save as a .npy file")
    return found


def program_of(path: str) -> Any:
    """A program of a file: JSON, or the text form."""
    with open(path, "rb") as file:
        data = file.read()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise _bad(f"{path}: no text", 'write it with f.trace(*args).as_text("json")') from None
    try:
        if text.lstrip().startswith("{"):
            return _core.program_from_json(text)
        return _core.parse_program(text)
    except _core.BafeError as error:
        raise type(error)(f"{path}: {error}") from None
