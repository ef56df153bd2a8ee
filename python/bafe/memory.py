"""What ``memory_analysis`` returns: the memory one call holds, known before it runs."""

from __future__ import annotations

from typing import Any


def _bytes(count: int) -> str:
    for unit, size in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if count >= size:
            return f"{count / size:.4g} {unit}"
    return f"{count} B"


class MemoryAnalysis:
    """The static memory plan of one signature.

    Arguments, results and intermediates live at fixed places while steps run in order; an arena
    holds the intermediates, which share its bytes when their lifetimes do not meet. The arena and
    the constants stay with the function between calls (at most 16 arenas, one for each call at
    the same time).

    Attributes:
        argument_bytes: of all arrays and numbers the kernels read, captured arrays included.
        output_bytes: of all results.
        arena_bytes: of the intermediates after sharing.
        constant_bytes: of constants, also packed ones.
        scratch_bytes: the most a step asks for beside that, for each thread.
        temp_bytes: arena and scratch.
        generated_code_bytes: of the shared object; 0 where nothing is cached.
        peak_bytes: argument, output, arena, constant and scratch bytes of a call on one thread.
        largest_step: (label, bytes) of the step that touches the most memory.
        steps: (label, bytes touched, scratch bytes) of each step in order.
        slots: dicts with ``kind``, ``type``, ``bytes``, ``offset`` in the arena, and ``first`` and
            ``last``, the steps between which the slot is alive.
        interpreted: no plan exists: the interpreter makes a tensor for each value, which is not
            counted here.
    """

    def __init__(self, buffers: Any, plan: dict[str, Any] | None, code_bytes: int = 0) -> None:
        arguments, outputs = buffers
        self.generated_code_bytes = code_bytes
        self.interpreted = plan is None
        self.argument_bytes: int = sum(arguments)
        self.output_bytes: int = sum(outputs)
        found = plan or {"slots": [], "steps": [], "arena_bytes": 0, "constants": []}
        self.arena_bytes: int = found["arena_bytes"]
        self.constant_bytes: int = sum(found["constants"])
        self.slots: list[dict[str, Any]] = [dict(slot) for slot in found["slots"]]
        self.steps: list[tuple[str, int, int]] = []
        for number, step in enumerate(found["steps"]):
            touched = {index: self.slots[index] for index in step["slots"]}
            for slot in touched.values():
                slot["first"], slot["last"] = slot.get("first", number), number
            size = sum(slot["bytes"] for slot in touched.values())
            self.steps.append((step["label"], size, step["scratch_bytes"]))
        self._keep_ends()
        self.scratch_bytes: int = max((scratch for _, _, scratch in self.steps), default=0)
        self.temp_bytes: int = self.arena_bytes + self.scratch_bytes
        self.largest_step = max(
            ((label, size + scratch) for label, size, scratch in self.steps),
            key=lambda step: step[1],
            default=("", 0),
        )
        self.peak_bytes: int = (
            self.argument_bytes
            + self.output_bytes
            + self.arena_bytes
            + self.constant_bytes
            + self.scratch_bytes
        )

    def _keep_ends(self) -> None:
        """Arguments live from the start, results to the end, constants always."""
        last = max(len(self.steps) - 1, 0)
        for slot in self.slots:
            slot.setdefault("first", 0)
            slot.setdefault("last", 0)
            if slot["kind"] in ("argument", "constant"):
                slot["first"] = 0
            if slot["kind"] in ("argument", "result", "constant"):
                slot["last"] = last

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    def __repr__(self) -> str:
        return f"MemoryAnalysis(peak_bytes={self.peak_bytes}, arena_bytes={self.arena_bytes})"

    def __str__(self) -> str:
        rows = [
            ("arguments", self.argument_bytes),
            ("results", self.output_bytes),
            ("arena", self.arena_bytes),
            ("constants", self.constant_bytes),
            ("scratch", self.scratch_bytes),
            ("code", self.generated_code_bytes),
            ("peak", self.peak_bytes),
        ]
        lines = [f"{name:<12}{_bytes(count):>12}" for name, count in rows]
        if self.interpreted:
            return "\n".join([*lines, "the interpreter runs this: its tensors are not counted"])
        if self.steps:
            label, size = self.largest_step
            lines.append(f"largest step: {label}, {_bytes(size)}")
        lines += ["", f"{'slot':<20}{'type':<28}{'bytes':>12}  {'steps':<9}arena offset"]
        for slot in self.slots:
            inside = slot["kind"] == "intermediate"
            name = slot["kind"] + ("" if inside else f" {slot['index']}")
            alive = f"{slot['first']}..{slot['last']}"
            place = str(slot["offset"]) if inside else ""
            held = _bytes(slot["bytes"])
            lines.append(f"{name:<20}{slot['type']:<28}{held:>12}  {alive:<9}{place}".rstrip())
        return "\n".join(lines)
