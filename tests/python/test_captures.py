"""Whatever a function reads outside its arguments and is changed later is seen at the next call."""

import functools
import subprocess
import sys
import types

import bafe
import numpy as np
import pytest

X = np.ones(3)
S = 2.0
W = np.ones(3)
V = np.ones(4)


def fresh(**values):
    """A module of its own, for functions whose globals a test changes."""
    module = types.ModuleType("numpy_model")  # a user's: only its first letters are NumPy's
    module.__dict__.update({"bafe": bafe, "np": np, "functools": functools, "S": 2.0, **values})
    return module


def made(source, **values):
    module = fresh(**values)
    exec(source, module.__dict__)
    return module


SCALED = {
    "a jitted function": "g = bafe.jit(lambda x: x * S)\nf = bafe.jit(lambda x: g(x) + 0)",
    "a fused function": "f = bafe.fuse(lambda x: x * S, lambda y: y + 0)",
    "fused inside jitted": "h = bafe.fuse(lambda x: x * S, lambda y: y + 0)\n"
    "f = bafe.jit(lambda x: h(x))",
    "a partial": "def h(k, x): return x * S\np = functools.partial(h, 1)\n"
    "f = bafe.jit(lambda x: p(x))",
    "jit of a partial": "def h(k, x): return x * S\nf = bafe.jit(functools.partial(h, 1))",
    "a callable object": "class C:\n    def __call__(self, x): return x * S\nf = bafe.jit(C())",
    "a method": "class C:\n    def h(self, x): return x * S\nc = C()\n"
    "f = bafe.jit(lambda x: c.h(x))",
    "a bound method": "class C:\n    def h(self, x): return x * S\nf = bafe.jit(C().h)",
    "an inherited method": "class B:\n    def h(self, x): return self.k(x)\n"
    "class C(B):\n    def k(self, x): return x * S\nc = C()\nf = bafe.jit(lambda x: c.h(x))",
    "a property": "class C:\n    @property\n    def k(self): return S\n"
    "c = C()\nf = bafe.jit(lambda x: x * c.k)",
    "a static method": "class C:\n    @staticmethod\n    def k(x): return x * S\n"
    "f = bafe.jit(lambda x: C.k(x))",
    "a constructor": "class C:\n    def __init__(self): self.k = S\n"
    "f = bafe.jit(lambda x: x * C().k)",
    "a class of an argument": "class C(tuple):\n    def k(self): return S\n"
    "bafe.register_pytree(C, lambda c: (list(c), None), lambda _, c: C(c))\n"
    "g = bafe.jit(lambda c: c[0] * c.k())\nf = lambda x: g(C([x]))",
}


@pytest.mark.parametrize("case", SCALED)
def test_globals_are_guarded_wherever_they_are_read(case):
    module = made(SCALED[case])
    assert module.f(X)[0] == 2
    module.S = 3.0
    assert module.f(X)[0] == 3
    module.S = 2.0
    assert module.f(X)[0] == 2


ARRAYS = {
    "inside a jitted function": ("g = bafe.jit(lambda x: x + W)", "lambda x: g(x) * 1", 6),
    "a view": ("", "lambda x: x + W[:]", 6),
    "an element": ("", "lambda x: x + W[0]", 6),
    "an expression of NumPy's": ("", "lambda x: x + W * 2", 11),
    "an array and its sum": ("", "lambda x: x + W + W.sum()", 21),
    "a sum": ("", "lambda x: x + W.sum()", 16),
    "in a dict": ("D = {}\ndef get(): return {'w': W}['w']", "lambda x: x + get()", 6),
}


@pytest.mark.parametrize("case", ARRAYS)
def test_rebound_arrays_are_seen_also_where_numpy_reads_them(case):
    before, text, expected = ARRAYS[case]
    module = made(f"{before}\nf = bafe.jit({text})", W=np.ones(3))
    module.f(X)
    module.W = np.full(3, 5.0)
    assert module.f(X)[0] == expected


def test_one_array_under_two_names_may_be_rebound_under_either():
    w = np.ones(3)
    module = made("f = bafe.jit(lambda x: x + A + x * 10 * B)", A=w, B=w)
    assert module.f(X)[0] == 12
    w[:] = 2
    assert module.f(X)[0] == 23
    module.A = np.zeros(3)
    assert module.f(X)[0] == 21
    module.B = np.ones(3)
    assert module.f(X)[0] == 11


def test_attributes_of_classes_and_modules_are_guarded():
    module = made("class B: w = 2.0\nclass C(B): pass\nf = bafe.jit(lambda x: x * C.w)")
    assert module.f(X)[0] == 2
    module.B.w = 3.0
    assert module.f(X)[0] == 3
    module.C.w = 4.0
    assert module.f(X)[0] == 4
    deep = made("f = bafe.jit(lambda x: x * m.inner.S)", m=fresh(inner=fresh()))
    assert deep.f(X)[0] == 2
    deep.m.inner.S = 3.0
    assert deep.f(X)[0] == 3
    deep.m = fresh(inner=fresh(S=7.0))
    assert deep.f(X)[0] == 7


def test_an_attribute_that_hides_that_of_the_class_is_seen():
    class C:
        w = 2.0

    c = C()
    f = bafe.jit(lambda x: x * c.w)
    assert f(X)[0] == 2
    c.w = 3.0
    assert f(X)[0] == 3
    del c.w
    assert f(X)[0] == 2


class Net:
    def __init__(self):
        self.layers = [types.SimpleNamespace(w=np.ones(3), scale=1.0) for _ in range(2)]

    def __call__(self, x):
        for layer in self.layers:
            x = x * layer.w * layer.scale
        return x

    @functools.partial(bafe.jit, static_argnums=0)
    def run(self, x):
        return self(x)


@pytest.mark.parametrize("how", ["object", "method", "lambda", "static"])
def test_objects_made_of_objects_may_change_anywhere(how):
    net = Net()
    ways = {"object": lambda: bafe.jit(net), "method": lambda: bafe.jit(net.__call__)}
    ways["lambda"] = lambda: bafe.jit(lambda x: net(x))
    ways["static"] = lambda: lambda x: Net.run(net, x)
    f = ways[how]()
    assert f(X)[0] == 1
    net.layers[1].w = np.full(3, 5.0)
    assert f(X)[0] == 5
    net.layers[0].scale = 2.0
    assert f(X)[0] == 10
    net.layers[0] = types.SimpleNamespace(w=np.full(3, 3.0), scale=1.0)
    assert f(X)[0] == 15


def test_defaults_of_parameters_are_guarded():
    def f(x, k=2.0, *, j=1.0):
        return x * k * j

    g = bafe.jit(f)
    assert g(X)[0] == 2
    f.__defaults__ = (3.0,)
    assert g(X)[0] == 3
    f.__kwdefaults__["j"] = 2.0
    assert g(X)[0] == 6
    f.__kwdefaults__ = {"j": 5.0}
    assert g(X)[0] == 15


def test_values_of_any_depth_are_guarded():
    nest = last = {}
    for _ in range(40):
        last["k"] = {}
        last = last["k"]
    last["v"] = 2.0

    @bafe.jit
    def f(x):
        at = nest
        while "k" in at:
            at = at["k"]
        return x * at["v"]

    assert f(X)[0] == 2
    last["v"] = 3.0
    assert f(X)[0] == 3


def test_more_values_than_are_looked_at_are_never_stale():
    many = [0.0] * 30_000 + [[2.0]]
    f = bafe.jit(lambda x: x * many[-1][0])
    assert f(X)[0] == 2
    many[-1][0] = 3.0
    assert f(X)[0] == 3


def test_what_does_not_change_is_traced_once():
    class C:
        w = 2.0

        def h(self, x, k=1.0):
            return x * self.w * k * S + W + V[1:]

    c = C()
    g = bafe.jit(lambda x: c.h(x))

    def f(x):
        count.value += 1
        return g(x) + functools.partial(c.h, k=2.0)(x)

    class Count:
        __slots__ = ("value",)

    count = Count()
    count.value = 0
    f = bafe.jit(f)
    for _ in range(3):
        assert f(X)[0] == 16
    assert count.value == 1


def test_the_table_of_signatures_is_bounded(monkeypatch):
    from bafe import record

    monkeypatch.setattr(record, "_MOST_RECORDS", 8)
    f = bafe.jit(lambda x, n: x * n, static_argnums=1)
    for n in range(30):
        assert f(X, n)[0] == n
        assert len(f._options.records) <= 8


def test_the_log_names_static_arguments_and_captured_values():
    code = """
import bafe, numpy as np
S = 2.0
f = bafe.jit(lambda x, n: x * n * S, static_argnums=1)
x = np.ones(3)
f(x, 2); f(x, 3)
S = 5.0
f(x, 3)
"""
    import os

    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "BAFE_LOG": "recompiles"},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert "n was 2, is 3" in run.stderr
    assert "S was 2.0, is 5.0" in run.stderr
