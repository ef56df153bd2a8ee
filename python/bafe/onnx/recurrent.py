"""Recurrent layers, unrolled over time."""

from __future__ import annotations

from typing import Any, Callable

from bafe import surface as s
from bafe.onnx import kit
from bafe.onnx.activations import softplus
from bafe.onnx.kit import op
from bafe.onnx.registry import lowering

_MOST_STEPS = 512

_FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "relu": lambda x: op("relu", x),
    "sigmoid": lambda x: op("sigmoid", x),
    "tanh": lambda x: op("tanh", x),
    "softplus": softplus,
    "softsign": lambda x: x / (1.0 + op("abs", x)),
}


class _Layer:
    """Inputs and attributes that the three kinds share, in [time, batch, …] order."""

    def __init__(self, n: Any, inputs: tuple[Any, ...], gates: int, default: list[str]) -> None:
        x, w, r, bias, lengths, start = (*inputs, *(None,) * 6)[:6]
        self.batch_first = n.int("layout", 0)
        self.x = s.transpose(x, (1, 0, 2)) if self.batch_first else x
        self.steps, self.batch = self.x.shape[:2]
        self.hidden = n.int("hidden_size", r.shape[-1])
        self.directions = w.shape[0]
        self.direction = n.text("direction", "forward")
        if self.steps > _MOST_STEPS:
            n.refuse(f"{self.steps} steps; at most {_MOST_STEPS} are supported")
        if lengths is not None:
            if set(n.known_ints(lengths)) - {self.steps}:
                n.refuse("sequences of different lengths are not supported", "pad and mask them")
        self.w, self.r = w, r
        zeros = s.full((self.directions, 2 * gates * self.hidden), 0, x.dtype)
        self.bias = zeros if bias is None else bias
        self.gates = gates
        self.limit = n.float("clip", 0.0)
        if n.has("activation_alpha") or n.has("activation_beta"):
            n.refuse("activations with parameters are not supported")
        names = n.texts("activations") or default * self.directions
        unknown = [name for name in names if name.lower() not in _FUNCTIONS]
        if unknown or len(names) != len(default) * self.directions:
            n.refuse(f"activations {names} are not supported")
        each = len(default)
        self.functions = [
            [_FUNCTIONS[name.lower()] for name in names[i * each : (i + 1) * each]]
            for i in range(self.directions)
        ]
        self.start = self.state(start)

    def state(self, given: Any) -> Any:
        """Start of a state: [directions, batch, hidden]."""
        if given is None:
            return s.full((self.directions, self.batch, self.hidden), 0, self.x.dtype)
        return s.transpose(given, (1, 0, 2)) if self.batch_first else given

    def clipped(self, x: Any) -> Any:
        """The limit on what goes into an activation."""
        return x.clip(-self.limit, self.limit) if self.limit > 0 else x

    def run(self, step: Any, *starts: Any) -> Any:
        """Y and the last states. ``step(direction, x @ w, states)`` gives the next states."""
        sides, last = [], []
        for d in range(self.directions):
            back = self.direction == "reverse" or d == 1
            states = tuple(start[d] for start in starts)
            rows = s.matmul(self.x, s.transpose(self.w[d], (1, 0)))
            made = []
            for t in range(self.steps)[:: -1 if back else 1]:
                states = step(d, rows[t], states)
                made.append(states[0])
            sides.append(s.stack(made[::-1] if back else made, 0))
            last.append(states)
        y = s.stack(sides, 1)
        ends = [s.stack([one[i] for one in last], 0) for i in range(len(starts))]
        if self.batch_first:
            y = s.transpose(y, (2, 0, 1, 3))
            ends = [s.transpose(one, (1, 0, 2)) for one in ends]
        return (y, *ends)


def _parts(x: Any, count: int) -> list[Any]:
    size = x.shape[-1] // count
    return [kit.part(x, x.ndim - 1, i * size, (i + 1) * size) for i in range(count)]


@lowering("RNN", since=7)
def _rnn(n: Any, *inputs: Any) -> Any:
    layer = _Layer(n, inputs, 1, ["Tanh"])

    def step(d: int, row: Any, states: Any) -> Any:
        wb, rb = _parts(layer.bias[d], 2)
        inner = row + s.matmul(states[0], s.transpose(layer.r[d], (1, 0))) + wb + rb
        return (layer.functions[d][0](layer.clipped(inner)),)

    return layer.run(step, layer.start)


@lowering("GRU", since=7)
def _gru(n: Any, *inputs: Any) -> Any:
    layer = _Layer(n, inputs, 3, ["Sigmoid", "Tanh"])
    linear = n.int("linear_before_reset", 0)

    def step(d: int, row: Any, states: Any) -> Any:
        (h,) = states
        f, g = layer.functions[d]
        wb, rb = _parts(layer.bias[d], 2)
        xz, xr, xh = _parts(row + wb, 3)
        bz, br, bh = _parts(rb, 3)
        rz, rr, rh = (
            s.transpose(layer.r[d][i * layer.hidden : (i + 1) * layer.hidden], (1, 0))
            for i in range(3)
        )
        z = f(layer.clipped(xz + s.matmul(h, rz) + bz))
        r = f(layer.clipped(xr + s.matmul(h, rr) + br))
        inner = r * (s.matmul(h, rh) + bh) if linear else s.matmul(r * h, rh) + bh
        new = g(layer.clipped(xh + inner))
        return ((1.0 - z) * new + z * h,)

    return layer.run(step, layer.start)


@lowering("LSTM", since=7)
def _lstm(n: Any, *inputs: Any) -> Any:
    layer = _Layer(n, inputs, 4, ["Sigmoid", "Tanh", "Tanh"])
    cell = layer.state(inputs[6] if len(inputs) > 6 else None)
    peeps = inputs[7] if len(inputs) > 7 else None
    if n.int("input_forget", 0):
        n.refuse("coupled input and forget gates are not supported")

    def step(d: int, row: Any, states: Any) -> Any:
        h, c = states
        f, g, out = layer.functions[d]
        wb, rb = _parts(layer.bias[d], 2)
        inner = row + s.matmul(h, s.transpose(layer.r[d], (1, 0))) + wb + rb
        gi, go, gf, gc = _parts(inner, 4)
        if peeps is not None:
            pi, po, pf = _parts(peeps[d], 3)
            gi, gf = gi + pi * c, gf + pf * c
        new = f(layer.clipped(gf)) * c + f(layer.clipped(gi)) * g(layer.clipped(gc))
        if peeps is not None:
            go = go + po * new
        return (f(layer.clipped(go)) * out(layer.clipped(new)), new)

    return layer.run(step, layer.start, cell)
