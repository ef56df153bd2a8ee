"""One callable for each library that is present, on the same arrays; compiled before any timing."""

from __future__ import annotations

import functools
import importlib.util
import warnings
from typing import Any, Callable

import numpy as np

from kernels.program import Arrays, Program

Call = Callable[[], Any]
LIBRARIES = {"torch": "torch", "compile": "torch", "jax": "jax", "numba": "numba", "scipy": "scipy"}


def missing() -> list[str]:
    """Name the libraries that are not installed."""
    return sorted({m for m in LIBRARIES.values() if importlib.util.find_spec(m) is None})


def _numpy(program: Program, arrays: Arrays, threads: int) -> Call:
    run = program.own.get("numpy") or functools.partial(program.run, np)
    return functools.partial(run, *arrays)


def _scipy(program: Program, arrays: Arrays, threads: int) -> Call | None:
    run = program.own.get("scipy")
    return functools.partial(run, *arrays) if run else None


def _torch_function(program: Program) -> Callable[..., Any]:
    import torch

    return program.own.get("torch") or functools.partial(program.run, torch)


def _torch_tensors(arrays: Arrays, threads: int) -> list[Any]:
    import torch

    torch.set_num_threads(threads)
    return [torch.from_numpy(array) for array in arrays]


def _torch(program: Program, arrays: Arrays, threads: int) -> Call:
    import torch

    tensors, run = _torch_tensors(arrays, threads), _torch_function(program)

    def call() -> Any:
        with torch.inference_mode():
            return run(*tensors)

    return call


def _compile(program: Program, arrays: Arrays, threads: int) -> Call | None:
    import torch

    if not program.compiled:
        return None
    function = _torch_function(program)
    torch._dynamo.reset()  # else the ninth program falls back to eager
    compiled = torch.compile(lambda *given: function(*given))
    tensors = _torch_tensors(arrays, threads)

    def call() -> Any:
        with torch.no_grad():
            return compiled(*tensors)

    return call


def _jax(program: Program, arrays: Arrays, threads: int) -> Call:
    import jax

    jax.config.update("jax_enable_x64", True)
    run = program.own.get("jax") or functools.partial(program.run, jax.numpy)
    jitted, given = jax.jit(run), [jax.numpy.asarray(array) for array in arrays]

    def call() -> Any:
        return jitted(*given).block_until_ready()

    return call


def _numba(program: Program, arrays: Arrays, threads: int) -> Call | None:
    make = program.own.get("numba")
    if not make:
        return None
    import numba

    return functools.partial(make(numba, threads > 1), *arrays)


def _bafe(program: Program, arrays: Arrays, threads: int) -> Call:
    import bafe

    run = program.own.get("bafe") or functools.partial(program.run, np)
    return functools.partial(bafe.jit(run, threads=threads, tier="compiled"), *arrays)


MAKERS = {
    "numpy": _numpy,
    "scipy": _scipy,
    "torch": _torch,
    "compile": _compile,
    "jax": _jax,
    "numba": _numba,
    "bafe": _bafe,
}


def calls_of(program: Program, arrays: Arrays, threads: int, names: set[str]) -> dict[str, Call]:
    """Give a ready call of each library: traced, compiled, run once."""
    absent = set(missing())
    calls: dict[str, Call] = {}
    for name, make in MAKERS.items():
        if name not in names or LIBRARIES.get(name) in absent or name in program.skip:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            call = make(program, arrays, threads)
            if call is not None:
                call()
                calls[name] = call
    return calls
