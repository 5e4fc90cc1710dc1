"""Differences that stand, each with its reason.

A reason is a sentence and a test, so that none hides another difference: a program is excused only if it agrees
with PyTorch once what the reason names is taken away.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import Any

from .compare import Difference, first_difference
from .run import run

__all__ = ["REASONS", "explanation"]

Lines = tuple[str, ...]


def explanation(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> str | None:
    """The key of the reason why this difference stands; None if nobody knows."""
    for key, (_, holds) in REASONS.items():
        if holds(lines, found, lib, oracle, watch, strides):
            return key
    return None


def _keeps_less(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """PyTorch refuses a gradient because of a write; with copies of what it saves, it gives ours."""
    if found.kind != "accepted" or "modified by an inplace operation" not in found.text:
        return False

    mine, plain = run(lines, lib, watch=watch), run(lines, oracle, watch=watch)
    with oracle.autograd.graph.saved_tensors_hooks(lambda t: t.detach().clone(), lambda t: t):
        copies = run(lines, oracle, watch=watch)
    for k, (one, other) in enumerate(zip(mine.errors, plain.errors)):
        if one is not None and other is not None:  # refused by both
            copies.errors[k], copies.touched[k] = other, plain.touched[k]
    return first_difference(mine, copies, strides=strides) is None


PICKS = re.compile(r"\.(topk|sort|argsort|argmax|argmin|median|mode|max|min)\(")
LENGTHS = re.compile(r"\bnorm\b|std|cosine_similarity|normalize|pairwise_distance")


def _agrees_apart(lines: Lines, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """Whether the programs agree once all numbers differ from each other, and from zero."""
    chance = random.Random(1)
    apart = [
        re.sub(r"(-?\d+\.\d+)", lambda m: repr(float(m[1]) + chance.uniform(0.01, 0.05)), line)
        if re.match(r"v\d+ = lib\.tensor\(", line)
        else line
        for line in lines
    ]
    mine, theirs = (run(apart, one, watch=watch, spread=1e-3) for one in (lib, oracle))
    return first_difference(mine, theirs, strides=strides) is None


def _ties(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """An operation that picks one of several equals is there, and without equals the programs agree."""
    return PICKS.search("\n".join(lines)) is not None and _agrees_apart(lines, lib, oracle, watch, strides)


def _no_length(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """PyTorch's second derivative of a length is NaN at zero, and only there do the programs differ."""
    return (
        found.kind == "second gradient"
        and "nan" in found.text.partition("right")[2]
        and "nan" not in found.text.partition("right")[0]
        and LENGTHS.search("\n".join(lines)) is not None
        and _agrees_apart(lines, lib, oracle, watch, strides)
    )


def _prelu(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    return (
        found.kind == "second gradient"
        and "F.prelu(" in "\n".join(lines)
        and _agrees_apart(lines, lib, oracle, watch, strides)
    )


Test = Callable[[Lines, Difference, Any, Any, bool, bool], bool]

REASONS: dict[str, tuple[str, Test]] = {
    "keeps less": (
        "a write in place spoiled what PyTorch had kept for a gradient; here the rule did not need it, or had a copy "
        "(`x *= x`), and the gradient is the one that PyTorch gives when it keeps copies",
        _keeps_less,
    ),
    "ties": (
        "of equal elements, PyTorch's documentation leaves open which is picked (median, mode, topk, sort without "
        "`stable`), and with it where the gradient goes",
        _ties,
    ),
    "no length": (
        "the derivative of a length at zero is 0 on both sides; its own derivative is 0 here, as the rest, NaN in PyTorch",
        _no_length,
    ),
    "prelu at 0": (
        "the gradient of prelu at 0 is the weight on both sides; that of this gradient is 1 in the weight here, 0 in PyTorch",
        _prelu,
    ),
}
