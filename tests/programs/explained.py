"""Differences that stand, each with its reason.

A reason is a sentence, a test and an example (which still differs: a test sees to it). The test is strict, so that none hides another difference: a program is excused only if it agrees
with PyTorch once what the reason names is taken away.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from .compare import Difference, first_difference
from .judge import finite_differences
from .run import mentioned, run

__all__ = ["REASONS", "explanation"]

Lines = tuple[str, ...]


def explanation(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> str | None:
    """The key of the reason why this difference stands; None if nobody knows."""
    if found.line == len(lines):  # the end shows what some line has done
        lines = (*lines, "")
    for key, (_, holds, _) in REASONS.items():
        if holds(lines, found, lib, oracle, watch, strides):
            return key
    return None


def _keeps_less(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """PyTorch refuses a gradient because of a write; with copies of what it saves, it gives ours."""
    if found.kind != "accepted" or "modified by an inplace operation" not in found.text:
        return False

    mine, plain = run(lines, lib, watch=watch), run(lines, oracle, watch=watch)
    hooks = oracle.autograd.graph.saved_tensors_hooks

    def keeping_copies(line: str) -> AbstractContextManager[Any]:
        return nullcontext() if "lib.func." in line else hooks(lambda t: t.detach().clone(), lambda t: t)

    copies = run(lines, oracle, watch=watch, around=keeping_copies)
    for k, (one, other) in enumerate(zip(mine.errors, plain.errors)):
        if one is not None and other is not None:  # refused by both
            copies.errors[k], copies.touched[k] = other, plain.touched[k]
    return first_difference(mine, copies, strides=strides) is None


PICKS = re.compile(r"\.(topk|sort|argsort|argmax|argmin|median|mode|max|min)\(")
LENGTHS = re.compile(r"\bnorm\b|std|atan2|cosine_similarity|normalize|pairwise_distance")


def _agrees_apart(lines: Lines, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """Whether the programs agree once all numbers differ from each other, and from zero."""
    chance = random.Random(1)
    apart = [
        re.sub(
            r"lib\.tensor\((.*)\)\.expand\((\(.*?\))\)\.data",
            r"mold(lib.tensor(\1), *\2)",
            re.sub(r"(-?\d+\.\d+)", lambda m: repr(float(m[1]) + chance.uniform(0.01, 0.05)), line),
        )
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
        and (_agrees_apart(lines, lib, oracle, watch, strides) or _slopes_are_ours(lines, found, lib, oracle, watch))
    )


def _slopes_are_ours(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool) -> bool:
    """Whether finite differences of what PyTorch computes give our gradient."""
    slopes = finite_differences(lines, found, oracle)
    place = re.match(r"(\w+)\[(\d+)\]", found.text)
    if slopes is None or place is None:
        return False
    mine = run(lines, lib, watch=watch).touched[found.line][place[1]][int(place[2])]
    return mine is not None and np.allclose(mine.values, slopes, rtol=1e-4, atol=1e-4)


def _from_the_base(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """A gradient for a view of which another view was made, and both written: ours are the slopes."""
    return (
        found.kind == "gradient"
        and ": one here, right None" in found.text
        and _slopes_are_ours(lines, found, lib, oracle, watch)
    )


def _not_there(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """PyTorch says that it has no such derivative; ours are the slopes."""
    if found.kind != "accepted" or not re.search(r"derivative for .* is not implemented", found.text):
        return False
    asked = re.match(r"\w+ = (?:first|second)\((\w+), \[(.*)\]\)", lines[found.line])
    if asked is None:
        return False
    name = lines[found.line].split(" ")[0]
    mine = run(lines, lib, watch=watch).touched[found.line][name]
    for k, share in enumerate(mine):
        one = Difference(found.kind, found.line, f"{name}[{k}]")
        slopes = finite_differences(lines, one, lib)
        if slopes is None or not np.allclose(0 if share is None else share.values, slopes, rtol=1e-4, atol=1e-4):
            return False
    return True


def _stale_view(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """The programs agree once the history of the view was looked at before the write."""
    if found.kind != "accepted" or "a leaf Variable that requires grad" not in found.text:
        return False
    line = lines[found.line]
    name = mentioned(line)[0]
    written = re.match(r"(v\d+\[.*\]) ([-+*])= (.*)", line)
    if written:  # Python assigns the sum to the item
        method = {"+": "add_", "-": "sub_", "*": "mul_"}[written[2]]
        line = f"{written[1]}.{method}({written[3]})"
    looked = (*lines[: found.line], f"{name}.grad_fn", line, *lines[found.line + 1 :])
    mine, theirs = (run(looked, one, watch=watch) for one in (lib, oracle))
    return first_difference(mine, theirs, strides=strides) is None


def _overlap(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """With a copy of the operand, the programs agree."""
    if found.kind != "accepted" or "refer to a single memory location" not in found.text:
        return False
    line = lines[found.line]
    name = mentioned(line)[0]
    copied = re.sub(rf"(?<=[ ,])({name})(?=[,)]|$)", r"\1.clone()", line)
    apart = (*lines[: found.line], copied, *lines[found.line + 1 :])
    mine, theirs = (run(apart, one, watch=watch) for one in (lib, oracle))
    return first_difference(mine, theirs, strides=strides) is None


def _kept_a_copy(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    saved = r"saved by `(linear|matmul|einsum|conv\w*|mul)`, then written"
    return found.kind == "refused" and "modified by an inplace operation" in found.text and bool(
        re.search(saved, found.text)
        and re.search(r"F\.linear|@|matmul|tensordot|einsum|inner|bmm|conv|layer\(|lib\.func", "\n".join(lines))
    )  # fmt: skip


def _expanded(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    return found.kind == "refused" and "more than one element of the written-to tensor" in found.text and (
        "masked_fill_" in lines[found.line] or "[" in lines[found.line] or "index" in lines[found.line]
    )  # fmt: skip


def _prelu(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    return (
        found.kind == "second gradient"
        and "F.prelu(" in "\n".join(lines)
        and _agrees_apart(lines, lib, oracle, watch, strides)
    )


def _no_spread(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """PyTorch's gradient of the NaN that the variance of one element is; then NaN is all that we answer."""
    here = found.text.partition("right")[0]
    return (
        found.kind == "second gradient"
        and (": one here" in here or not re.search(r"\d", here.partition(":")[2]))
        and re.search(r"\.(var|std)\(|var_mean\(", "\n".join(lines)) is not None
    )


Test = Callable[[Lines, Difference, Any, Any, bool, bool], bool]

LEAF = "v0 = lib.tensor([[1.3, -0.7], [0.4, -1.9]], requires_grad=True)"
FIRST, SECOND = "g8 = first(v1, [v0])", "h8 = second(g8, [v0])"

REASONS: dict[str, tuple[str, Test, Lines]] = {
    "keeps less": (
        "a write in place spoiled what PyTorch had kept for a gradient; here the rule did not need it, or had a copy "
        "(`x *= x`), and the gradient is the one that PyTorch gives when it keeps copies",
        _keeps_less,
        (LEAF, "v1 = v0 * 2", "v1 *= v1", FIRST, SECOND),
    ),
    "ties": (
        "of equal elements, PyTorch's documentation leaves open which is picked (median, mode, topk, sort without "
        "`stable`), and with it where the gradient goes",
        _ties,
        ("v0 = lib.tensor([1.0, 1.0, 1.0, 1.0], requires_grad=True)", "v1 = v0.topk(4, 0)[0]", FIRST),
    ),
    "no length": (
        "the derivative of a length (or an angle) at zero is 0 on both sides; its own derivative is 0 here, as the rest, NaN in PyTorch",
        _no_length,
        ("v0 = lib.tensor([0.0, 0.0], requires_grad=True)", "v1 = v0.norm()", FIRST, SECOND),
    ),
    "no spread": (
        "the variance of one element is NaN, and so are its derivatives of every order; PyTorch's second one is 0",
        _no_spread,
        ("v0 = lib.tensor(0.5, requires_grad=True)", "v1 = v0.var()", FIRST, SECOND),
    ),
    "from the base": (
        "a view's view, once their memory is written: in PyTorch both hang from the base then, so the first gets no "
        "gradient from the second; here the second still hangs from the first, and the gradient is the slope",
        _from_the_base,
        (LEAF, "v2 = v0.t()", "v1 = v2[:]", "with lib.no_grad(): v1.add_(1)", "g8 = first(v1, [v2])"),
    ),
    "not there": (
        "PyTorch has no second derivative of this operation; ours is what finite differences give",
        _not_there,
        (LEAF, "v1 = lib.cdist(v0, v0 + 1, p=3.0)", FIRST, SECOND),
    ),
    "stale view": (
        "a view of memory whose history began with a write through another view (also `x[i] += y`, where Python assigns "
        "the sum to the item again): PyTorch 2.13 takes it for a leaf until somebody looks at its grad_fn",
        _stale_view,
        (
            "v0 = lib.zeros(2, 2)[:]",
            "v2 = lib.ones(2, requires_grad=True)",
            "v0[:] += v2",
            "v1 = v0 * 2",
            "g8 = first(v1, [v2])",
        ),
    ),
    "overlap": (
        "`x.index_copy_(0, i, x)`: PyTorch refuses an operand that shares the memory of what is written through an index; "
        "here it is read before anything is written, as if it were a copy",
        _overlap,
        ("v0 = lib.tensor([1.0, 2.0])", "v0.index_copy_(0, lib.tensor([1, 0]), v0)"),
    ),
    "kept a copy": (
        "a product in PyTorch has first laid out its operand anew, and kept that copy, so a later write to the operand does "
        "no harm; here the operand itself is kept, and the gradient is refused",
        _kept_a_copy,
        (
            "v0 = lib.tensor([[0.5, -0.3], [0.7, 0.2], [1.5, 0.9]], requires_grad=True)",
            "v2 = lib.vstack([v0[:, :1], v0[:, :1]])",
            "v1 = lib.tensordot(v2, v0[:1], 1)",
            "v2.add_(1)",
            FIRST,
        ),
    ),
    "expanded": (
        "a write by mask or index into expanded memory, one element standing for several: deprecated in PyTorch, which "
        "warns and does it; refused here, as by both in every other write",
        _expanded,
        ("v0 = lib.tensor([1.0]).expand((3,))", "v0.masked_fill_(v0 > 0, 2.0)"),
    ),
    "prelu at 0": (
        "the gradient of prelu at 0 is the weight on both sides; that of this gradient is 1 in the weight here, 0 in PyTorch",
        _prelu,
        (
            "v0 = lib.tensor([[0.0, 1.0], [2.0, 0.0]], requires_grad=True)",
            "v1 = F.prelu(v0, v0[0] + 1)",
            FIRST,
            SECOND,
        ),
    ),
}
