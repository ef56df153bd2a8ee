"""ONNX's own backend tests, run by ``./run onnx``: a table of what passes, is refused, is wrong.

The cases come with the package ``onnx``; its node cases are made in memory. Worker processes share
them; one that dies loses the case it was at and nothing else.

    python onnx_suite.py [--tier interpreted|compiled] [--workers N] [--only REGEX] [--verbose]
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import re
import subprocess
import sys
import time
import warnings

KINDS = ("node", "simple", "pytorch-operator", "pytorch-converted")
GOAL = 700  # node cases of operator set 13 and later
MOST_DEATHS = 20  # of a worker: beyond them something else is broken
PATIENCE_S = 300  # for one case


# Cases whose expected values carry more rounding than the suite's tolerance allows for. Within
# these relative and absolute tolerances they count as "rounding", neither passed nor wrong; the
# report names them.
_ROUNDED = {
    "test_dft_inverse": (1e-3, 1e-6, "expected zeros are 2e-7: a transform in single precision"),
    "test_dft_inverse_opset19": (1e-3, 1e-6, "as above"),
    "test_attention_4d_causal_fp16": (
        2**-9,
        1e-7,
        "in double 0.46919: BAFE 0.46899, expected 0.46948",
    ),
    "test_attention_4d_causal_fp16_expanded": (2**-9, 1e-7, "as above"),
    "test_causal_conv_with_state_silu_fp16": (
        2**-9,
        1e-7,
        "off the sums in double: BAFE by 7.7e-4, expected by 8.4e-4 at most",
    ),
    "test_causal_conv_with_state_silu_fp16_expanded": (2**-9, 1e-7, "as above"),
}


def all_cases():
    """Every case with its model loaded, in a fixed order."""
    from onnx.backend.test.loader import load_model_tests

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [case for kind in KINDS for case in load_model_tests(kind=kind)]


def model_of(case):
    """The case's model: a ModelProto, or a path."""
    return case.model if case.model is not None else os.path.join(case.model_dir, "model.onnx")


def version_of(model):
    """Version of ONNX's own operators that a model asks for; 0 without any."""
    return max(
        (one.version for one in model.opset_import if one.domain in ("", "ai.onnx")), default=0
    )


def _value(proto_bytes, info):
    """A stored value, by the type that the model declares."""
    import onnx
    from onnx import numpy_helper

    kind = info.type.WhichOneof("value")
    if kind == "sequence_type":
        return numpy_helper.to_list(onnx.SequenceProto.FromString(proto_bytes))
    if kind == "optional_type":
        return numpy_helper.to_optional(onnx.OptionalProto.FromString(proto_bytes))
    return numpy_helper.to_array(onnx.TensorProto.FromString(proto_bytes))


def _plain(value):
    """Test data may hold protobuf messages."""
    import onnx
    from onnx import numpy_helper

    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    if isinstance(value, onnx.SequenceProto):
        return numpy_helper.to_list(value)
    if isinstance(value, onnx.OptionalProto):
        return numpy_helper.to_optional(value)
    return value


def data_of(case, model):
    """Pairs of inputs and expected outputs."""
    if case.data_sets is not None:
        for inputs, outputs in case.data_sets:
            yield [_plain(one) for one in inputs], [_plain(one) for one in outputs]
        return
    for name in sorted(os.listdir(case.model_dir)):
        folder = os.path.join(case.model_dir, name)
        if not os.path.isdir(folder):
            continue
        found = []
        for what, infos in (("input", model.graph.input), ("output", model.graph.output)):
            values = []
            for i, info in enumerate(infos):
                path = os.path.join(folder, f"{what}_{i}.pb")
                if os.path.exists(path):
                    with open(path, "rb") as file:
                        values.append(_value(file.read(), info))
            found.append(values)
        yield found[0], found[1]


def _flat(values, others):
    """Sequences of equal length element by element: their elements may have no axes."""
    for value, other in zip(values, others):
        if (
            isinstance(value, list)
            and isinstance(other, (list, tuple))
            and len(value) == len(other)
        ):
            yield from _flat(value, list(other))
        else:
            yield value


def run_case(case, tier="interpreted"):
    """Run one case.

    Returns:
        (status, operator or "", text): status is passed, rounding, unsupported, wrong or failed.
    """
    import bafe
    import bafe.onnx
    import onnx

    model = case.model if case.model is not None else onnx.load(model_of(case))
    source = model if case.model is not None else model_of(case)
    try:
        loaded = bafe.onnx.load(source, values="any", tier=tier)
        prepared = bafe.onnx.backend.BafeBackendRep(loaded)
        status = "passed"
        for inputs, outputs in data_of(case, model):
            found = prepared.run(inputs)
            assert len(outputs) == len(found), f"{len(found)} outputs"
            pair = list(_flat(outputs, found)), list(_flat(list(found), outputs))
            status = _judge(case, pair) or status
    except bafe.onnx.UnsupportedError as error:
        return "unsupported", error.operator, str(error)
    except AssertionError as error:
        return "wrong", "", str(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, the other cases go on
        return "failed", "", f"{type(error).__name__}: {error}"
    return status, "", ""


def _judge(case, pair):
    """Nothing, or "rounding"; AssertionError when the difference is more than that."""
    from onnx.backend.test.runner import Runner

    try:
        Runner.assert_similar_outputs(*pair, case.rtol, case.atol, case.name)
    except AssertionError:
        if case.name not in _ROUNDED:
            raise
        rtol, atol, _ = _ROUNDED[case.name]
        Runner.assert_similar_outputs(*pair, rtol, atol, case.name)
        return "rounding"
    return ""


def _work(options):
    """Worker: one JSON line before and after each case."""
    cases = all_cases()
    print(json.dumps(["cases", len(cases)]), flush=True)
    for at in range(options.begin, len(cases), options.workers):
        case = cases[at]
        if options.only and not re.search(options.only, case.name):
            continue
        print(json.dumps(["at", at, case.name, case.kind]), flush=True)
        started = time.perf_counter()
        status, operator, text = run_case(case, options.tier)
        version = version_of(case.model) if case.model is not None else 0
        seconds = time.perf_counter() - started
        print(json.dumps(["did", status, operator, text, version, seconds]), flush=True)


class _Worker:
    """One process and what it said last."""

    def __init__(self, options, begin):
        self.begin = begin
        self.at = None
        command = [
            sys.executable,
            __file__,
            "--worker",
            "--begin",
            str(begin),
            "--workers",
            str(options.workers),
            "--tier",
            options.tier,
            "--only",
            options.only,
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        os.set_blocking(self.process.stdout.fileno(), True)


def collect(options):
    """Run every case in workers; give a list of [kind, name, status, operator, text, version]."""
    import threading

    results = []

    def serve(begin):
        deaths = 0
        while begin is not None and deaths < MOST_DEATHS:
            worker = _Worker(options, begin)
            begin = None
            timer = None
            for line in worker.process.stdout:
                if timer is not None:
                    timer.cancel()
                timer = threading.Timer(PATIENCE_S, worker.process.kill)
                timer.start()
                what, *rest = json.loads(line) if line.startswith("[") else ["noise"]
                if what == "at":
                    worker.at = rest
                elif what == "did":
                    status, operator, text, version, seconds = rest
                    _, name, kind = worker.at
                    results.append([kind, name, status, operator, text, version, seconds])
                    worker.at = None
            if timer is not None:
                timer.cancel()
            code = worker.process.wait()
            if worker.at is not None:
                at, name, kind = worker.at
                results.append([kind, name, "crashed", "", f"exit status {code}", 0, 0.0])
                begin = at + options.workers
                deaths += 1
            elif code != 0:
                results.append(["node", "worker", "crashed", "", f"exit status {code}", 0, 0.0])

    threads = [threading.Thread(target=serve, args=(i,)) for i in range(options.workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def report(results, verbose):
    """Print the tables; give the number of results that may not be."""
    columns = ("passed", "rounding", "unsupported", "wrong", "failed", "crashed")
    print(f"{'':20s}" + "".join(f"{name:>13s}" for name in columns) + f"{'cases':>8s}")
    for kind in KINDS:
        count = collections.Counter(one[2] for one in results if one[0] == kind)
        row = "".join(f"{count[name]:13d}" for name in columns)
        print(f"{kind:20s}{row}{sum(count.values()):8d}")
    new = sum(one[0] == "node" and one[2] == "passed" and one[5] >= 13 for one in results)
    print(f"\nnode cases of operator set 13 and later that pass: {new} (goal {GOAL})")
    for name, (rtol, atol, why) in _ROUNDED.items():
        if any(one[1] == name and one[2] == "rounding" for one in results):
            print(f"  rounding, within rtol {rtol:.2g}, atol {atol:.2g}: {name}: {why}")
    refused = collections.Counter(one[3] for one in results if one[2] == "unsupported")
    print("\nunsupported, by operator:")
    line = ", ".join(f"{name} {count}" for name, count in refused.most_common())
    print(f"  {line or 'none'}")
    bad = [one for one in results if one[2] not in ("passed", "rounding", "unsupported")]
    for kind, name, status, _, text, *_ in bad:
        print(f"\n{status}: {kind} {name}\n  " + "\n  ".join(text.splitlines()[:12]))
    if verbose:
        for kind, name, status, operator, text, *_ in sorted(results):
            if status == "unsupported":
                print(f"{kind} {name}: {operator}: {' '.join(text.split())[:200]}")
        for one in sorted(results, key=lambda one: -one[6])[:10]:
            print(f"{one[6]:8.2f} s  {one[1]}")
    return len(bad), new


def main():
    """Run the suite; the exit status is 1 when anything is wrong."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--tier", default="interpreted")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", default="")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--worker", action="store_true")
    parser.add_argument("--begin", type=int, default=0)
    options = parser.parse_args()
    if options.worker:
        _work(options)
        return 0
    started = time.perf_counter()
    results = collect(options)
    bad, new = report(results, options.verbose)
    print(f"\n{len(results)} cases in {time.perf_counter() - started:.0f} s")
    return 1 if bad or (new < GOAL and not options.only) else 0


if __name__ == "__main__":
    sys.exit(main())
