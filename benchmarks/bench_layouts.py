"""What layouts cost and win: operands in either order, and programs whose layouts the search
chooses, beside the same programs with every value row-major."""

import os
import re
import time

import bafe
import numpy as np
from bafe.testing import largest_error, time_together
from rich.console import Console
from rich.table import Table

rng = np.random.default_rng(3)
console = Console(width=140)


def random(*shape):
    """Draw float32 numbers whose products stay small."""
    return rng.standard_normal(shape, dtype=np.float32) / np.float32(np.sqrt(shape[-1]))


def compiled(function, layouts):
    """Jit with the layouts that BAFE_LAYOUTS names; it is read when a call compiles."""
    jitted = bafe.jit(function, threads=1, tier="compiled")

    def call(*args):
        os.environ["BAFE_LAYOUTS"] = layouts
        try:
            return jitted(*args), jitted.explain(*args).to_dict()["chosen_text"]
        finally:
            os.environ.pop("BAFE_LAYOUTS")

    return jitted, call


def seconds_together(calls, rounds=25, sample=2e-3):
    """Median CPU seconds a call of each function, in interleaved rounds."""
    repeats, samples = {}, {name: [] for name in calls}
    for name, call in calls.items():
        begin = time.process_time()
        call(), call(), call()
        repeats[name] = max(1, int(3 * sample / max(time.process_time() - begin, 1e-6)))
    for _ in range(rounds):
        for name, call in calls.items():
            begin = time.process_time()
            for _ in range(repeats[name]):
                call()
            samples[name].append((time.process_time() - begin) / repeats[name])
    return {name: float(np.median(values)) for name, values in samples.items()}


def orders_of_operands():
    """Time one product with row- and column-major operands."""
    product = bafe.jit(lambda x, y: x @ y, threads=1, tier="compiled")
    for n in (256, 1024):
        a, b = random(n, n), random(n, n)
        f, g = np.asfortranarray(a), np.asfortranarray(b)
        variants = {"row+row": (a, b), "row+col": (a, g), "col+row": (f, b), "col+col": (f, g)}
        for name, pair in variants.items():
            assert largest_error(product(*pair), a @ b) < 2e-5, name
        times = time_together(
            {
                "numpy": lambda a=a, b=b: a @ b,
                **{name: (lambda p=pair: product(*p)) for name, pair in variants.items()},
            },
            rounds=21,
            sample_ms=5,
        )
        base = times["row+row"].ms
        console.print(
            f"n = {n}: "
            + ", ".join(f"{k} {t.ms * 1e3:.0f} µs ({t.ms / base:.2f})" for k, t in times.items())
        )


def linear_layers():
    """Weights kept as [outputs, inputs], as most frameworks store them, for a few rows."""
    w1, w2, w3 = random(1024, 784), random(1024, 1024), random(10, 1024)
    c1, c2, c3 = (bafe.constant(w) for w in (w1, w2, w3))

    def layers(x):
        h = bafe.relu(x @ bafe.transpose(c1, (1, 0)))
        return bafe.relu(h @ bafe.transpose(c2, (1, 0))) @ bafe.transpose(c3, (1, 0))

    def reference(x):
        return np.maximum(np.maximum(x @ w1.T, 0) @ w2.T, 0) @ w3.T

    return "three linear layers, 8 rows, constant weights", layers, reference, (random(8, 784),)


def projections():
    """Queries, keys and values of a few tokens."""
    weights = [random(1024, 1024) for _ in range(3)]
    constants = [bafe.constant(w) for w in weights]

    def project(x):
        return tuple(x @ bafe.transpose(c, (1, 0)) for c in constants)

    def reference(x):
        return tuple(x @ w.T for w in weights)

    return "three projections, 16 rows, constant weights", project, reference, (random(16, 1024),)


def wide_layer():
    """A weight whose rows are 8 KiB apart."""
    w = random(2048, 2048)
    c = bafe.constant(w)
    return (
        "2048 x 2048 layer, 8 rows, constant weight",
        lambda x: bafe.tanh(x @ c),
        lambda x: np.tanh(x @ w),
        (random(8, 2048),),
    )


def scores(heads, rows, depth, keys, width):
    """Scores of a few queries against keys that are projected here: their heads lie apart."""

    def attention(q, x, w):
        k = np.transpose((x @ w).reshape(keys, heads, depth), (1, 2, 0))
        return bafe.softmax(q @ k, axis=-1)

    def reference(q, x, w):
        s = q @ np.transpose((x @ w).reshape(keys, heads, depth), (1, 2, 0))
        e = np.exp(s - s.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)

    arguments = (random(heads, rows, depth), random(keys, width), random(width, heads * depth))
    return f"scores of {heads} heads, {rows} queries, {keys} keys", attention, reference, arguments


def unusual(text):
    """Pick the lines of a program's text that show a value in another layout than row-major."""
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if re.search(r" @(?!row)", line) and line[0] != "#"]


def win(title, function, reference, arguments):
    """Check and time one program both ways; give its row and the values that are not row-major."""
    row, ask_row = compiled(function, "row")
    searched, ask_searched = compiled(function, "auto")
    expected = reference(*arguments)
    for ask in (ask_row, ask_searched):
        got, text = ask(*arguments)
        pairs = zip(got, expected) if isinstance(expected, tuple) else ((got, expected),)
        error = max(largest_error(g, e) for g, e in pairs)
        assert error < 5e-5, f"{title}: error {error}"
    seconds = seconds_together(
        {"row": lambda: row(*arguments), "searched": lambda: searched(*arguments)}
    )
    tags = sorted({re.search(r" @(\S+)", line).group(1) for line in unusual(text)})
    return [
        title,
        f"{seconds['row'] * 1e6:.0f}",
        f"{seconds['searched'] * 1e6:.0f}",
        f"{seconds['row'] / seconds['searched']:.2f}",
        f"{error:.1e}",
        ", ".join(tags),
    ], unusual(text)


def layout_wins():
    """Time programs as searched and with every value row-major."""
    table = Table(title="layouts chosen by the search, beside the same program all row-major")
    for name in ("program", "row µs", "searched µs", "row / searched", "largest error"):
        table.add_column(name, justify="left" if name == "program" else "right")
    table.add_column("layouts chosen")
    texts = []
    for program in (
        linear_layers(),
        projections(),
        wide_layer(),
        scores(2, 8, 256, 2048, 16),
        scores(4, 8, 128, 2048, 16),
    ):
        cells, chosen = win(*program)
        table.add_row(*cells)
        texts.append("\n  ".join([cells[0], *chosen]))
    console.print(table)
    console.print("\nvalues that are not row-major, as explain shows them:", markup=False)
    console.print("\n".join(texts), markup=False)


if __name__ == "__main__":
    orders_of_operands()
    console.print()
    layout_wins()
