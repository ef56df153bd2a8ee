"""The checks of ``bafe doctor``: each gives findings with what to do."""

from __future__ import annotations

import os
import platform
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from bafe import _core
from bafe.cli.output import bytes_text

_ROOM = 256 << 20  # of disk, below which compiles and the cache get into trouble
_FOREIGN = ("BAFE_TEST", "BAFE_UPDATE_GOLDEN")  # not options, but not mistakes either


class Check(NamedTuple):
    """A finding: ``ok``, ``warn`` or ``fail``; ``fix`` says what to do."""

    name: str
    status: str
    fact: str
    fix: str = ""


def versions() -> list[Check]:
    """Python, NumPy, BAFE."""
    import numpy

    found = f"BAFE {_core.__version__}, Python {platform.python_version()}, NumPy "
    return [Check("versions", "ok", found + numpy.__version__)]


def compiler() -> list[Check]:
    """It is found, and makes machine code."""
    command, source = _core.compiler_in_use()
    if command is None:
        fix = "apt-get install gcc, or set BAFE_CC to a C compiler; until then kernels that were"
        return [Check("compiler", "fail", source, fix + " built with BAFE run, which is slower")]
    text = " ".join(command)
    try:
        done = subprocess.run(
            [*command, "--version"], capture_output=True, text=True, timeout=20, check=True
        )
        text = f"{text}: {done.stdout.splitlines()[0]}"
    except (OSError, subprocess.SubprocessError, IndexError):
        text = f"{text}: it does not tell its version"
    found = [Check("compiler", "ok", f"{text} (from {source})")]
    try:
        _core.assembly_of("int bafe_probe(int x) { return x + 1; }\n")
    except _core.CompileError as error:
        fact = str(error).splitlines()[0]
        fix = "compile a small C file by hand, or set BAFE_CC to another compiler"
        found.append(Check("compile", "fail", fact, fix))
    else:
        found.append(Check("compile", "ok", "a C function compiles with the flags of kernels"))
    return found


def processor() -> list[Check]:
    """The instructions that kernels are made for."""
    target = _core.host_target()
    if target.split()[0] in ("avx512", "avx2"):
        return [Check("processor", "ok", target)]
    fix = "nothing is wrong; products of matrices are slower than on a processor with AVX2"
    return [Check("processor", "warn", target, fix)]


def _quota() -> float | None:
    """Processors that the control group allows, or None."""
    try:
        text = Path("/sys/fs/cgroup/cpu.max").read_text().split()
        return None if text[0] == "max" else int(text[0]) / int(text[1])
    except (OSError, ValueError, IndexError):
        pass
    try:
        folder = Path("/sys/fs/cgroup/cpu")
        quota = int((folder / "cpu.cfs_quota_us").read_text())
        period = int((folder / "cpu.cfs_period_us").read_text())
        return None if quota <= 0 else quota / period
    except (OSError, ValueError):
        return None


def threads() -> list[Check]:
    """Threads that calls use, beside what the machine and the container give."""
    used, quota = _core.usable_threads(), _quota()
    allowed = len(os.sched_getaffinity(0))
    fact = f"{used} used; {os.cpu_count()} processors, {allowed} allowed here, "
    fact += "no quota" if quota is None else f"quota {quota:g}"
    most = min(allowed, max(1, round(quota))) if quota else allowed
    if used > most:
        fix = f"unset BAFE_NUM_THREADS, or set it to {most}: more threads than processors are slow"
        return [Check("threads", "warn", fact, fix)]
    return [Check("threads", "ok", fact)]


def _wrong_rights(info: os.stat_result) -> str:
    if info.st_uid != os.geteuid():
        return f"belongs to user {info.st_uid}, this process is user {os.geteuid()}"
    if stat.S_IMODE(info.st_mode) & 0o022:
        return f"has mode {stat.S_IMODE(info.st_mode):o}: others may write into it"
    return ""


def cache() -> list[Check]:
    """Its folder, its rights, and the room on its disk."""
    import bafe

    found = bafe.cache.info()
    if not found.dir:
        fix = "set BAFE_CACHE_DIR to a folder of your own that can be written"
        return [Check("cache", "warn", "no folder can be used: each process compiles anew", fix)]
    folder = found.dir
    while folder and not os.path.isdir(folder):
        folder = os.path.dirname(folder)
    size = f"{found.dir}: {found.entries} entries, {bytes_text(found.bytes)}"
    if not os.access(folder, os.W_OK | os.X_OK):
        fix = f"chmod u+rwx {folder}, or set BAFE_CACHE_DIR to another folder"
        return [Check("cache", "fail", f"{folder} cannot be written", fix)]
    wrong = _wrong_rights(os.stat(folder)) if os.path.isdir(found.dir) else ""
    if wrong:
        fix = f"chown and chmod 700 {folder}: code that others wrote is not loaded"
        return [Check("cache", "fail", f"{folder} {wrong}", fix)]
    return [Check("cache", "ok", size), *_room("cache disk", folder)]


def _room(name: str, folder: str) -> list[Check]:
    info = os.statvfs(folder)
    free = info.f_bavail * info.f_frsize
    fact = f"{bytes_text(free)} free at {folder}"
    if free >= _ROOM:
        return [Check(name, "ok", fact)]
    return [Check(name, "warn", fact, "make room, or lower BAFE_CACHE_BYTES and clear the cache")]


def scratch() -> list[Check]:
    """Where the compiler writes."""
    try:
        with tempfile.TemporaryDirectory(prefix="bafe-doctor-") as folder:
            Path(folder, "probe").write_bytes(b"x" * 4096)
            return _room("scratch", os.path.dirname(folder))
    except OSError as error:
        fix = "set TMPDIR to a folder that can be written"
        return [Check("scratch", "fail", f"no temporary file can be written: {error}", fix)]


def prover() -> list[Check]:
    """The child that proves rules."""
    from bafe import verify

    path = verify.smt_program()
    found = verify.solvers()
    if found == "none":
        fix = "install the package again; only rules of your own need it (bafe.rules.add)"
        return [Check("prover", "warn", f"{path} does not run", fix)]
    proof = verify.rule("(rule doctor (add ?a ?b) => (add ?b ?a))")
    if proof.status != "proven":
        fix = "bafe rules verify, and report what it says"
        return [Check("prover", "fail", f"a + b = b + a is {proof.status}", fix)]
    return [Check("prover", "ok", found.splitlines()[0])]


def packages() -> list[Check]:
    """What some commands and modules need beside NumPy."""
    from importlib.util import find_spec

    uses = {"matplotlib": "bafe profile plot", "onnx": "bafe.onnx", "ml_dtypes": "bf16 arrays"}
    there = [name for name in uses if find_spec(name)]
    missing = [f"{name} (for {use})" for name, use in uses.items() if name not in there]
    fact = f"{', '.join(there) or 'none'}; not here: {', '.join(missing) or 'none'}"
    return [Check("extras", "ok", fact)]


def environment() -> list[Check]:
    """Variables that are set, and those that BAFE does not know."""
    from bafe.arguments import _nearest

    known = [name for name, _, _ in _core.option_table()]
    given = sorted(name for name in os.environ if name.startswith("BAFE_"))
    found = []
    for name in given:
        if name not in known and not name.startswith(_FOREIGN) and name != "_BAFE_COMPLETE":
            near = _nearest(name, known)
            fix = near if near.startswith("did") else f"unset {name}"
            found.append(Check("variable", "warn", f"{name} is no option of BAFE", fix))
    if _core.option("BAFE_DISABLE_JIT") == "1":
        fact, fix = "BAFE_DISABLE_JIT=1: nothing is compiled", "unset BAFE_DISABLE_JIT"
        found.append(Check("variable", "warn", fact, fix))
    settings = ", ".join(f"{name}={os.environ[name]}" for name in given if name in known)
    return [Check("variables", "ok", settings or "none set"), *found]


def kernels() -> list[Check]:
    """Small programs compiled and compared with NumPy."""
    import warnings

    from bafe.cli.programs import cases
    from bafe.jit import jit
    from bafe.testing import largest_error

    found, wrong, worst = cases(24), [], 0.0
    with warnings.catch_warnings(record=True) as met:
        warnings.simplefilter("always")
        for case in found:
            f = jit(case.function, tier="compiled")
            error = largest_error(f(*case.arguments), case.function(*case.arguments))
            worst = max(worst, error)
            if not error <= case.tolerance:
                wrong.append(f"{case.title}: error {error:.1e}")
    if wrong:
        fix = "bafe cache verify, then BAFE_CC of another compiler; report it if it stays"
        return [Check("kernels", "fail", "; ".join(wrong), fix)]
    if met:
        fix = str(met[0].message).splitlines()[-1].strip().removeprefix("fix: ")
        return [Check("kernels", "warn", str(met[0].message).splitlines()[0], fix)]
    fact = f"{len(found)} programs agree with NumPy, largest error {worst:.1e}"
    return [Check("kernels", "ok", fact)]


CHECKS = (
    versions, compiler, processor, threads, cache, scratch, prover, packages, environment,
)  # fmt: skip
