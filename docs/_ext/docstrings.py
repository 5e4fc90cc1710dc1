"""Docstrings here are plain text, laid out for a terminal; this lays them out for Sphinx.

Paragraphs whose lines are aligned or indented (formulas, tables, code) become literal blocks, runs of
`name: meaning` become lists, single backquotes become code, and characters that reStructuredText
would take for markup are escaped. Doctests are left as they are.
"""

from __future__ import annotations

import re
from typing import Any

MEANING = re.compile(r"^(\*{0,2}\w[\w., *()\[\]|=-]*?):\s+(\S.*)$")
CODE = re.compile(r"(``[^`]+``|`[^`]+`)")


def paragraphs(lines: list[str]) -> list[list[str]]:
    """Runs of lines without a blank one between them."""
    found: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            found[-1].append(line.rstrip())
        elif found[-1]:
            found.append([])
    return [paragraph for paragraph in found if paragraph]


def escaped(text: str) -> str:
    """`text` with code marked as such and the rest without markup."""
    parts = CODE.split(text)
    for k, part in enumerate(parts):
        if k % 2:
            parts[k] = "``" + part.strip("`").strip() + "``"
        else:
            parts[k] = re.sub(r"([*|\\`])", r"\\\1", part)
            parts[k] = re.sub(r"_(?=\W|$)", r"\\_", parts[k])
    # code must stand apart from the word it touches
    for k in range(1, len(parts), 2):
        if parts[k - 1] and (parts[k - 1][-1].isalnum() or parts[k - 1][-1] in "_)]}"):
            parts[k - 1] += "\\ "
        if parts[k + 1] and (parts[k + 1][0].isalnum() or parts[k + 1][0] in "_([{"):
            parts[k + 1] = "\\ " + parts[k + 1]
    return "".join(parts)


def meanings(paragraph: list[str]) -> list[tuple[str, str]] | None:
    """The paragraph as (name, meaning) pairs; None if it is something else."""
    found: list[tuple[str, str]] = []
    for line in paragraph:
        matched = MEANING.match(line)
        if matched is not None and len(matched.group(1)) <= 40:
            found.append((matched.group(1), matched.group(2)))
        elif found and line.startswith(" "):
            found[-1] = (found[-1][0], found[-1][1] + " " + line.strip())
        else:
            return None
    return found if len(found) > 1 or (found and len(found[0][0].split()) == 1 and len(paragraph) > 1) else None


def bullets(paragraph: list[str]) -> list[str] | None:
    """The paragraph as items of a list that was marked with `-`; None if it is something else."""
    items: list[str] = []
    for line in paragraph:
        if line.startswith(("- ", "* ")):
            items.append(line[2:])
        elif items and line.startswith("  "):
            items[-1] += " " + line.strip()
        else:
            return None
    return items


def laid_out(lines: list[str]) -> list[str]:
    """The docstring in reStructuredText."""
    out: list[str] = []
    for paragraph in paragraphs(lines):
        body = paragraph[1:]
        if re.fullmatch(r"[A-Z]\w+:", paragraph[0]) and body and all(line.startswith("    ") for line in body):
            out += [f"**{paragraph[0]}**", ""]
            paragraph = [line[4:] for line in body]
        listed = meanings(paragraph)
        items = bullets(paragraph)
        if paragraph[0].lstrip().startswith(">>>"):
            indent = len(paragraph[0]) - len(paragraph[0].lstrip())
            out += [line[indent:] for line in paragraph]
        elif items is not None:
            out += ["- " + escaped(item) for item in items]
        elif listed is not None:
            for name, meaning in listed:
                out += [f"- ``{name}``: {escaped(meaning)}"]
        elif any(line.startswith(" ") or re.search(r"\S {2,}\S", line) for line in paragraph):
            plain = [line for line in paragraph if not line.startswith(" ")]
            if plain and paragraph[0] == plain[0] and len(plain) == 1 and len(paragraph) > 1:
                out += [escaped(paragraph[0]), "", *literal(paragraph[1:])]
            else:
                out += literal(paragraph)
        else:
            out += [escaped(line) for line in paragraph]
        out.append("")
    return out


def literal(paragraph: list[str]) -> list[str]:
    """The paragraph in fixed type, as it is."""
    return ["::", "", *["    " + line for line in paragraph]]


def process(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Sphinx hands over the lines of each docstring to be changed in place."""
    lines[:] = laid_out(list(lines))


OF_EVERY_LAYER = {"extra_repr", "forward", "reset_parameters"}


def left_out(app: Any, what: str, name: str, obj: Any, skip: bool, options: Any) -> bool | None:
    """What every layer has is described once, at `Module`; what has no docstring, nowhere."""
    if name in OF_EVERY_LAYER and not getattr(obj, "__qualname__", "").startswith("Module."):
        return True
    return True if not getattr(obj, "__doc__", None) else None


def setup(app: Any) -> dict[str, Any]:
    app.connect("autodoc-process-docstring", process)
    app.connect("autodoc-skip-member", left_out)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
