"""One HTML file that needs nothing else: a page's parts from `assets`, its data, and a policy that allows no more.

What comes from the user (names, lines, messages) travels as JSON and is put on the page as text, never as
markup; the page's own policy allows no script but ours, and no request at all.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from html import escape
from importlib.resources import files
from math import isfinite
from typing import Any

__all__ = ["document"]


def document(name: str, data: dict[str, Any], title: str) -> str:
    """The page `name` (its .html, .css and .js in `assets`) with its data, as text.

    Numbers that are not finite, which JSON lacks, become the strings "NaN", "Infinity" and "-Infinity".
    """
    text = json.dumps(_speakable(data), ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for character in "<>&\u2028\u2029":  # none of which may end the element or begin markup
        text = text.replace(character, f"\\u{ord(character):04x}")
    script = _asset("base.js") + _asset(f"{name}.js")
    parts = {
        "title": escape(title),
        "script-hash": b64encode(sha256(script.encode("utf-8")).digest()).decode("ascii"),
        "style": _asset("base.css") + _asset(f"{name}.css"),
        "body": _asset(f"{name}.html"),
        "data": text,
        "script": script,
    }
    return re.sub(r"\{\{([a-z-]+)\}\}", lambda mark: parts[mark[1]], _asset("document.html"))


def _asset(name: str) -> str:
    return (files("tinygrad_nn.viz") / "assets" / name).read_text(encoding="utf-8")


def _speakable(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _speakable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_speakable(part) for part in value]
    if isinstance(value, float) and not isfinite(value):
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    return value
