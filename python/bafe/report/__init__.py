"""The report page: what was found for a function, or for every function of a session.

``f.explain(*args).html("report.html")`` writes the page of one signature. With ``BAFE_TRACE=dir``
each process writes records into the folder, and ``bafe report dir`` makes one page of them.
"""

from __future__ import annotations

import os
from typing import Any

from bafe import _core
from bafe.report import gather, page, timeline, words


def explanation_data(found: dict[str, Any], subject: Any, program: Any, measure: bool) -> Any:
    """Everything that the page of one signature shows.

    Args:
        found: what the search gave.
        subject: a ``gather.Subject``.
        program: the traced program.
        measure: compile, replay the proof and time the kernels; else only what is there is read.
    """
    options = subject.function._options
    parts = {**gather.described(options, program), **gather.searched(found)}
    parts["egraph"] = gather.egraph_of(program, options, parts)
    parts["machine"] = gather.machine(options.search["threads"])
    with timeline.watch() as watched:
        executable = _compiled(subject, parts) if measure else _known(subject)
        if executable is not None:
            gather.compiled(parts, executable)
            if parts["made"]["tier"] == "compiled" or measure:
                gather.certified(parts, program, options, executable.key)
        if executable is not None and measure:
            _run(subject, parts)
    parts["timeline"] = timeline.of_explanation(watched.events, parts)
    gather.finished(parts)
    return {
        **_frame("explanation", f"{parts['name']}: BAFE report", parts["headline"]),
        "programs": [parts],
    }


def _frame(kind: str, title: str, headline: str) -> dict[str, Any]:
    from datetime import datetime

    return {
        "kind": kind,
        "title": title,
        "headline": headline,
        "version": _core.__version__,
        "made_at": datetime.now().strftime("%Y-%m-%d %H:%M"),
        "notes": [],
    }


def _call(subject: Any) -> Any:
    from bafe.call import _Call

    return _Call(subject.function._options, subject.args, subject.kwargs)


def _known(subject: Any) -> Any:
    """The compiled program of these arguments, if there is one already."""
    record = subject.function._options.records.get(_call(subject).key())
    return None if record is None else record.executable


def _compiled(subject: Any, parts: dict[str, Any]) -> Any:
    from bafe import staging

    try:
        return staging.finished_record(subject.function, _call(subject)).executable
    except _core.CompileError as error:
        parts["not_measured"] = str(error).splitlines()[0]
        return _known(subject)


def _run(subject: Any, parts: dict[str, Any]) -> None:
    """One call, the time of each kernel, and for small programs how far rounding may go."""
    if not _call(subject).has_values:
        parts["not_measured"] = "the arguments are shapes without values"
        return
    try:
        subject.function(*subject.args, **subject.kwargs)
    except (_core.BafeError, ArithmeticError, ValueError) as error:
        parts["not_measured"] = str(error).splitlines()[0]
        return
    gather.measured(parts, subject)
    if parts["flops_as_written"] <= 5e7:
        gather.bounded(parts, subject)


def explanation_page(found: dict[str, Any], subject: Any, program: Any, measure: bool) -> str:
    """The page of one signature as text."""
    return page.render(explanation_data(found, subject, program, measure))


def write_report(folder: str | os.PathLike[str], path: str | os.PathLike[str]) -> dict[str, Any]:
    """Write one page for the records that ``BAFE_TRACE`` left in a folder.

    Args:
        folder: holds the records of any number of processes; files of others are passed over.
        path: of the HTML file, which is replaced whole.

    Returns:
        ``path``, ``functions``, ``signatures``, ``processes``, ``recompiles``, ``notes``.

    Raises:
        TraceError: the folder holds no record.
        OSError: the folder cannot be read or the file not written.

    Example:
        >>> import os, tempfile
        >>> folder = tempfile.mkdtemp()
        >>> os.environ["BAFE_TRACE"] = folder
        >>> f = bafe.jit(lambda x: bafe.relu(x) + 1)
        >>> y = f(np.ones(3))
        >>> del os.environ["BAFE_TRACE"]
        >>> bafe.report.flush()
        >>> bafe.report.write_report(folder, os.path.join(folder, "report.html"))["signatures"]
        1
    """
    from bafe.report import session

    read = session.read(folder)
    programs, line = read.programs, read.timeline
    recompiles = sum(event[2] == "recompile" for event in line["events"])
    for one in programs:
        gather.finished(one)
    headline = words.session_headline(programs, recompiles, read.processes)
    data = _frame("session", "BAFE report of a session", headline)
    data.update(programs=programs, timeline=line, notes=read.notes)
    page.write(path, page.render(data))
    return {
        "path": os.fspath(path),
        "functions": len({(one["name"], one["place"]) for one in programs}),
        "signatures": len(programs),
        "processes": read.processes,
        "recompiles": recompiles,
        "notes": read.notes,
    }


def flush() -> None:
    """Wait until the records of this process are written; nothing without ``BAFE_TRACE``."""
    import sys

    recorder = sys.modules.get("bafe.report.recorder")
    if recorder is not None:
        recorder.flush()


__all__ = ["flush", "write_report"]
