"""The tree shows the architecture: sizes, include directions, one door to each third-party
library."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LAYERS = {
    "base": set(),
    "ir": {"base"},
    "check": {"base", "ir"},
    "rules": {"base", "ir"},
    "egraph": {"base", "ir", "rules"},
    "verify": {"base", "ir", "rules"},
    "cost": {"base", "ir"},
    "search": {"base", "ir", "rules", "egraph", "verify", "cost"},
    "codegen": {"base", "ir", "cost"},
    "runtime": {"base", "ir", "check", "rules", "egraph", "verify", "cost", "search", "codegen"},
    "fuzz": {
        *("base", "ir", "check", "rules", "egraph", "verify", "cost"),
        *("search", "codegen", "runtime"),
    },
}
DOORS = {  # third-party header -> the only files that include it
    r"xxhash\.h": {"src/base/hash.cpp"},
    r"openssl/": {"src/base/digest.cpp"},
    r"fmt/": {"include/bafe/base/format.h"},
    r"Eigen/": {"src/ir/library.cpp"},
    r"sqlite3\.h": {"src/runtime/database.cpp"},
    r"z3(\+\+)?\.h": {"src/verify/smt_main.cpp"},
    r"nlohmann/": {"include/bafe/ir/json_library.h"},
    r"pybind11/": {"python/bindings/bindings.h"},
    r"numpy/": {"python/bindings/numpy_api.h"},
}


def sources(*patterns):
    listed = subprocess.run(
        ["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def code():
    folders = ("include", "src", "python", "tests", "benchmarks", "examples", "docs")
    return sources(*(f"{folder}/*" for folder in folders))


def test_files_and_lines_stay_short():
    long_files, wide = [], []
    for path in code():
        if path.suffix not in {".h", ".cpp", ".def", ".py", ".pyi", ".js", ".css"}:
            continue
        lines = path.read_text().splitlines()
        if len(lines) > 400:
            long_files.append(f"{path.relative_to(ROOT)}: {len(lines)} lines")
        limit = 200 if path.name == "ops.def" else 100  # an operator is one line
        wide += [
            f"{path.relative_to(ROOT)}:{i}"
            for i, line in enumerate(lines, 1)
            if len(line) > limit and "tests/golden" not in str(path) and path.name != "ops.def"
        ]
    assert not long_files, "\n".join(long_files)
    assert not wide, "\n".join(wide)


def test_includes_point_downwards():
    wrong = []
    for layer, allowed in LAYERS.items():
        for path in [
            *(ROOT / "include" / "bafe" / layer).rglob("*"),
            *(ROOT / "src" / layer).rglob("*"),
        ]:
            if path.suffix not in {".h", ".cpp", ".def"}:
                continue
            for used in re.findall(r'#include "bafe/(\w+)/', path.read_text()):
                if used != layer and used not in allowed:
                    wrong.append(f"{path.relative_to(ROOT)} includes {used}")
    assert not wrong, "\n".join(wrong)


def test_each_third_party_library_has_one_door():
    wrong = []
    for path in sources("include/*", "src/*", "python/*"):
        if path.suffix not in {".h", ".cpp"}:
            continue
        text, name = path.read_text(), str(path.relative_to(ROOT))
        for header, doors in DOORS.items():
            if re.search(rf"#include <{header}", text) and name not in doors:
                wrong.append(f"{name} includes {header}")
    assert not wrong, "\n".join(wrong)


def test_operators_are_named_in_the_table_only():
    wrong = []
    for path in sources("include/*", "src/*", "python/*.cpp", "python/*.h"):
        if path.suffix not in {".h", ".cpp"} or path.name in {"op.h", "op.cpp"}:
            continue
        if re.search(r"(case|[=!]=)\s+Op::k", path.read_text()):
            wrong.append(str(path.relative_to(ROOT)))
    assert not wrong, "\n".join(wrong)


def test_only_options_reads_the_environment_and_nothing_prints_or_exits():
    wrong = []
    for path in sources("include/*", "src/*"):
        name, text = str(path.relative_to(ROOT)), path.read_text()
        if path.suffix not in {".h", ".cpp"} or name.endswith("_main.cpp"):
            continue
        if re.search(r"\bgetenv\(", text) and name != "src/base/options.cpp":
            wrong.append(f"{name} reads the environment")
        if (
            re.search(r"std::(cout|cerr)|\bprintf\(|[^_]\bexit\(", text)
            and name != "src/base/log.cpp"
        ):
            wrong.append(f"{name} prints or exits")
    assert not wrong, "\n".join(wrong)


def test_nothing_is_left_unfinished():
    words = re.compile(r"TODO|FIXME|\bXXX\b|HACK|not implemented|NotImplementedError")
    found = [
        str(p.relative_to(ROOT))
        for p in sources("include/*", "src/*", "python/*", "rules/*")
        if p.suffix in {".h", ".cpp", ".py", ".def", ".rules"} and words.search(p.read_text())
    ]
    assert not found, "\n".join(found)


def test_no_two_types_share_a_name():
    """Two classes of one name in different layers would share their functions when linked."""
    where = {}
    for path in sources("include/*", "src/*"):
        if path.suffix not in {".h", ".cpp"}:
            continue
        text = path.read_text()
        text = re.sub(r"\nnamespace \{\n.*?\n\}  // namespace\n", "\n", text, flags=re.S)
        for name in re.findall(r"^(?:struct|class) (\w+)(?: final)?(?: :[^;{]*)? \{", text, re.M):
            where.setdefault(name, set()).add(str(path.relative_to(ROOT)))
    twice = {name: sorted(files) for name, files in where.items() if len(files) > 1}
    assert not twice, twice
