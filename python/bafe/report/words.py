"""The sentences of the report page."""

from __future__ import annotations

from typing import Any


def milliseconds(ms: float) -> str:
    """A span as people say it."""
    if ms >= 999.5:
        return f"{ms / 1e3:.1f} s"
    return f"{ms:.0f} ms" if ms >= 10 else f"{ms:.2g} ms" if ms < 1 else f"{ms:.1f} ms"


def times(ratio: float) -> str:
    """``14 times``, ``1.3 times``."""
    return f"{ratio:,.0f} times" if ratio >= 9.5 else f"{ratio:.2g} times"


def plural(count: int, noun: str) -> str:
    """``1 rewrite``, ``3 rewrites``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def headline(parts: dict[str, Any]) -> str:
    """Say in one sentence what was found: rewrites, gain, proof, compile."""
    return "; ".join([_gain(parts), _proof(parts), _making(parts)]) + "."


def _gain(parts: dict[str, Any]) -> str:
    rewrites = sum(step["kind"] in ("rule", "ac", "instance") for step in parts["steps"])
    before, after = parts["predicted_ns_as_written"], parts["predicted_ns"]
    if not parts["steps"]:
        return "No rewrite pays: the program runs as written"
    what = plural(rewrites, "rewrite") if rewrites else plural(len(parts["steps"]), "step")
    ratio = before / after if after > 0 else 1.0
    if ratio < 1.05:
        return f"{what} made it simpler at the same predicted cost"
    return f"{what} made it {times(ratio)} cheaper"


def _proof(parts: dict[str, Any]) -> str:
    proof = parts.get("certificate")
    if proof is None:
        return "its proof is replayed when it is compiled"
    if not proof["accepted"]:
        return "its proof was rejected"
    rules = [step for step in parts["steps"] if step["kind"] == "rule"]
    weak = sorted({step["rule"] for step in rules if step["status"] != "proven"})
    if weak:
        return f"replayed, with {plural(len(weak), 'rule')} not proven for all sizes"
    return "proven"


def _making(parts: dict[str, Any]) -> str:
    made = parts.get("made")
    if made is None:
        return "not compiled yet"
    if refused(made):
        return f"the compiled kernel failed its validation and {_running(made)} instead"
    if made["tier"] == "compiled" and not made["interpreted"]:
        if not parts.get("c_text"):
            return "nothing to compile: library routines and copies run"
        if made["from_cache"]:
            return f"found in the cache (compiled in {milliseconds(made['compile_ms'])})"
        return f"compiled in {milliseconds(made['compile_ms'])}"
    behind = ", compiling behind the calls" if made["pending"] else ""
    return f"not compiled: {_running(made)}{behind}"


def _running(made: dict[str, Any]) -> str:
    name = {"prebuilt": "prebuilt kernels run", "interpreted": "the interpreter runs"}
    return name.get(made["tier"], f"the {made['tier']} tier runs")


def refused(made: dict[str, Any]) -> bool:
    """Was a compiled kernel found wrong?"""
    why = made["why"].lower()
    return bool(made["reproducer"]) or "differ" in why or "disagree" in why


def session_headline(programs: list[dict[str, Any]], recompiles: int, processes: int) -> str:
    """Say what a folder of records holds."""
    names = {(one["name"], one["place"]) for one in programs}
    gains = [
        one["predicted_ns_as_written"] / one["predicted_ns"]
        for one in programs
        if one.get("predicted_ns", 0) > 0
    ]
    parts = [
        f"{plural(len(names), 'function')} with {plural(len(programs), 'signature')} in "
        f"{plural(processes, 'process').replace('processs', 'processes')}"
    ]
    if gains and max(gains) >= 1.05:
        parts.append(f"rewrites made the best one {times(max(gains))} cheaper")
    parts.append(plural(recompiles, "recompile") if recompiles else "nothing compiled anew")
    return "; ".join(parts) + "."
