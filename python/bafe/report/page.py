"""One self-contained HTML file from the data of a report: nothing in it asks the network."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import os
import tempfile
from pathlib import Path
from typing import Any

_ASSETS = Path(__file__).parent / "assets"
_SCRIPTS = (
    *("base.js", "layers.js", "graph_view.js", "graph_keys.js", "programs.js", "chain.js"),
    *("egraph.js", "kernels.js", "timeline.js", "proof.js", "main.js"),
)
_STYLES = ("style.css", "parts.css")


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _finite(value: Any) -> Any:
    """JSON knows no infinity and no NaN: both become null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value


def data_block(data: Any) -> str:
    """JSON that cannot end the element it stands in, whatever its texts are."""
    text = json.dumps(_finite(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for bad, good in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        text = text.replace(bad, good)
    text = text.replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return "'sha256-" + base64.b64encode(digest).decode("ascii") + "'"


def render(data: dict[str, Any]) -> str:
    """The whole page as text."""
    script = "\n" + '"use strict";\n(() => {\n'
    script += "\n".join(_asset(name) for name in _SCRIPTS) + "\n})();\n"
    style = "\n" + "\n".join(_asset(name) for name in _STYLES)
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    values = {
        "POLICY": html.escape(policy, quote=True).replace("&#x27;", "'"),
        "TITLE": html.escape(str(data["title"]), quote=True),
        "HEADLINE": html.escape(str(data["headline"]), quote=True),
        "STYLE": style,
        "DATA": data_block(data),
        "SCRIPT": script,
    }
    pieces = _asset("page.html").split("%%")
    return "".join(values[piece] if i % 2 else piece for i, piece in enumerate(pieces))


def write(path: str | os.PathLike[str], text: str) -> None:
    """Write a file whole or not at all."""
    path = os.path.abspath(os.fspath(path))
    handle, temporary = tempfile.mkstemp(prefix=".bafe-", dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
