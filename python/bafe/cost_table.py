"""What ``cost_analysis`` returns: operations, bytes and predicted time of each kernel."""

from __future__ import annotations

from typing import Any, NamedTuple


class KernelCost(NamedTuple):
    """One kernel: its operators, floating-point operations, bytes moved, predicted seconds."""

    label: str
    flops: float
    bytes: float
    predicted_seconds: float


class CostAnalysis:
    """What one call costs by the model; prints as a table.

    Attributes:
        kernels: a ``KernelCost`` for each kernel, in order.
        flops: floating-point operations of all kernels; a fused multiply-add counts twice.
        bytes: read and written by all kernels, from and to whatever level holds them.
        predicted_seconds: of a call, with what starting it takes.
    """

    def __init__(self, candidate: dict[str, Any]) -> None:
        self.kernels = [
            KernelCost(one["operators"], one["flops"], one["bytes"], one["predicted_ns"] * 1e-9)
            for one in candidate["kernels"]
        ]
        self.flops: float = sum(kernel.flops for kernel in self.kernels)
        self.bytes: float = sum(kernel.bytes for kernel in self.kernels)
        self.predicted_seconds: float = candidate["predicted_ns"] * 1e-9

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {**vars(self), "kernels": [kernel._asdict() for kernel in self.kernels]}

    def __repr__(self) -> str:
        return (
            f"CostAnalysis(flops={self.flops:g}, bytes={self.bytes:g}, "
            f"predicted_seconds={self.predicted_seconds:.3g}, kernels={len(self.kernels)})"
        )

    def __str__(self) -> str:
        rows = [*self.kernels, KernelCost("all", self.flops, self.bytes, self.predicted_seconds)]
        lines = [f"{'kernel':<44}{'flops':>14}{'bytes':>14}{'predicted':>14}"]
        for row in rows:
            label = row.label if len(row.label) <= 42 else row.label[:40] + " …"
            time = f"{row.predicted_seconds * 1e6:.3f} µs"
            lines.append(f"{label:<44}{row.flops:>14.0f}{row.bytes:>14.0f}{time:>14}")
        return "\n".join(lines)
