"""Shorten a program that differs, while it goes on to differ in the same kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .compare import Difference, first_difference
from .run import assigned, mentioned, run

__all__ = ["differs", "shrink"]

Lines = tuple[str, ...]


def differs(lines: Lines, lib: Any, oracle: Any, watch: bool, strides: bool = False) -> Difference | None:
    """Run a program in both libraries."""
    return first_difference(run(lines, lib, watch=watch), run(lines, oracle, watch=watch), strides=strides)


def shrink(lines: Lines, kind: str, lib: Any, oracle: Any, watch: bool, strides: bool = False) -> Lines:
    """The shortest program found that still differs in `kind`."""

    def still(candidate: Lines) -> bool:
        found = differs(candidate, lib, oracle, watch, strides)
        return found is not None and found.kind == kind and "NameError" not in found.text

    shorter = True
    while shorter:
        shorter = False
        for candidate in _shorter(lines):
            if still(candidate):
                lines, shorter = candidate, True
                break
    return lines


def _shorter(lines: Lines) -> Iterator[Lines]:
    half = len(lines) // 2
    if half > 4:
        yield lines[: len(lines) - half // 2]
    for k in reversed(range(len(lines))):
        yield _without(lines, k)
    for k in reversed(range(len(lines))):  # x's operand in the place of x
        made = assigned(lines[k])
        sources = [name for name in mentioned(lines[k].partition(" = ")[2]) if name[0] == "v"]
        if made and made[0][0] == "v":
            for name in made:
                for source in sources[:2]:
                    renamed = tuple(re.sub(rf"\b{name}\b", source, line) for line in lines[k + 1 :])
                    others = set(made) - {name}
                    yield _pruned((*lines[:k], *renamed), others)
    for k, line in enumerate(lines):  # fewer inputs asked for
        found = re.search(r"(first|second)\((\w+), \[(.*)\]\)", line)
        if found and ", " in found[3]:
            for name in found[3].split(", "):
                rest = ", ".join(other for other in found[3].split(", ") if other != name)
                yield (*lines[:k], line.replace(f"[{found[3]}]", f"[{rest}]"), *lines[k + 1 :])


def _without(lines: Lines, k: int) -> Lines:
    """Without line k, and without all that uses what it made."""
    return _pruned(
        (*lines[:k], *lines[k + 1 :]),
        set(assigned(lines[k].split(": ")[-1] if lines[k].startswith("with") else lines[k])),
    )


def _pruned(lines: Lines, gone: set[str]) -> Lines:
    kept: list[str] = []
    for line in lines:
        used = set(mentioned(line))
        if used & gone:
            listed = re.search(r"\[((?:v\d+(?:, )?)+)\]\)$", line)
            if listed and not set(mentioned(line[: listed.start()])) & gone:
                rest = ", ".join(name for name in listed[1].split(", ") if name not in gone)
                if rest:
                    kept.append(line.replace(listed[0], f"[{rest}])"))
                    continue
            gone |= set(assigned(line))
            continue
        kept.append(line)
    return tuple(kept)
