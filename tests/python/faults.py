"""Functions run in forked children, each time with another system call disturbed.

The tracer is tests/faults/tracer.c; the C compiler that kernels need makes it a library.
"""

import ctypes
import os
import pathlib
import subprocess
import time

FAIL, KILL, SIGNAL = 1, 2, 3
SOURCE = pathlib.Path(__file__).resolve().parents[1] / "faults"


class Plan(ctypes.Structure):
    _fields_ = [
        ("at", ctypes.c_long),
        ("action", ctypes.c_int),
        ("error", ctypes.c_int),
        ("limit_s", ctypes.c_double),
    ]


class Outcome(ctypes.Structure):
    _fields_ = [
        ("calls", ctypes.c_long),
        ("number", ctypes.c_long),
        ("status", ctypes.c_int),
        ("is_hung", ctypes.c_int),
    ]


def library(source, folder):
    """Compile a C file of tests/faults to a shared object; its path."""
    path = pathlib.Path(folder) / f"{source}.so"
    if not path.exists():
        command = ["cc", "-O1", "-shared", "-fPIC", "-o", str(path), str(SOURCE / f"{source}.c")]
        subprocess.run(command, check=True)
    return str(path)


class Tracer:
    def __init__(self, folder):
        self.calls = ctypes.CDLL(library("tracer", folder))
        self.calls.fault_call_name.restype = ctypes.c_char_p
        self.calls.fault_call_name.argtypes = [ctypes.c_long]
        self.is_possible = bool(self.calls.fault_is_possible())

    def run(self, function, at=-1, action=0, error=0, limit_s=30.0):
        """Call `function` in a child; what it returns is the exit code. Gives (outcome, name)."""
        child = os.fork()
        if child == 0:
            code = 99
            try:
                self.calls.fault_child_ready()
                self.calls.fault_mark_begin()
                code = function(self.calls.fault_mark_end)
            finally:
                os._exit(code)
        outcome = Outcome()
        plan = Plan(at, action, error, limit_s)
        self.calls.fault_run(child, ctypes.byref(plan), ctypes.byref(outcome))
        return outcome, self.calls.fault_call_name(outcome.number).decode()


def plainly(function):
    """Call `function` in an undisturbed child; its exit code."""
    child = os.fork()
    if child == 0:
        code = 99
        try:
            code = function(lambda: None)
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def processes(text):
    """Command lines of this machine that hold `text`."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                line = pathlib.Path("/proc", name, "cmdline").read_bytes().replace(b"\0", b" ")
            except OSError:
                continue
            if text.encode() in line:
                found.append(line.decode(errors="replace"))
    return found


def ended(text, seconds=3.0):
    """No process holds `text` any more, or will soon not."""
    limit = time.monotonic() + seconds
    while processes(text):
        if time.monotonic() > limit:
            return False
        time.sleep(0.02)
    return True
