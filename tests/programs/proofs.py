"""What each reason of explained.py asks for: a difference is excused only if it goes once what the reason names is taken away.

Each proof is given the program, the difference, both libraries, and how they are compared.
"""

from __future__ import annotations

import random
import re
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from .compare import Difference, first_difference
from .exact import exact
from .judge import finite_differences
from .run import mentioned, run
from .sensitivity import is_unstable, moved

__all__ = [
    "asked_later",
    "behind_its_back",
    "bias",
    "detached_in_place",
    "expanded",
    "few_digits",
    "from_the_base",
    "graph_kept",
    "keeps_less",
    "kept_a_copy",
    "kink",
    "no_gradient_for_a_hook",
    "no_length",
    "no_spread",
    "not_there",
    "only_looked_at",
    "overlap",
    "prelu",
    "repeated",
    "shared_tangents",
    "sign_of_zero",
    "singular",
    "stale_view",
    "ties",
]

Lines = tuple[str, ...]


def keeps_less(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
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


def _agrees_exactly(lines: Lines, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """Whether the programs agree once the oracle computes by formulas whose derivatives are right."""
    mine = run(lines, lib, watch=watch)
    theirs = run(lines, oracle, watch=watch, around=lambda line: exact(oracle))
    return first_difference(mine, theirs, strides=strides) is None


def _as_rewritten(lines: Lines, theirs: Lines, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """Whether our run of a program agrees with the oracle's run of another."""
    return first_difference(run(lines, lib, watch=watch), run(theirs, oracle, watch=watch), strides=strides) is None


def ties(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """An operation that picks one of several equals is there, and without equals the programs agree."""
    text = "\n".join(lines)
    return PICKS.search(text) is not None and (
        _agrees_apart(lines, lib, oracle, watch, strides)
        or (re.search(r"\.(topk|median)\(", text) is not None and _agrees_exactly(lines, lib, oracle, watch, strides))
    )


def no_length(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """PyTorch's second derivative of a length is NaN at zero, and only there do the programs differ."""
    return (
        found.kind == "second gradient"
        and "nan" in found.text.partition("right")[2]
        and "nan" not in found.text.partition("right")[0]
        and LENGTHS.search("\n".join(lines)) is not None
        and (
            _agrees_apart(lines, lib, oracle, watch, strides)
            or _slopes_are_ours(lines, found, lib, oracle, watch)
            or _agrees_exactly(lines, lib, oracle, watch, strides)
        )
    )


def _slopes_are_ours(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool) -> bool:
    """Whether finite differences of what PyTorch computes give our gradient."""
    slopes = finite_differences(lines, found, oracle)
    place = re.match(r"(\w+)\[(\d+)\]", found.text)
    if slopes is None or place is None:
        return False
    mine = run(lines, lib, watch=watch).touched[found.line][place[1]][int(place[2])]
    return mine is not None and np.allclose(mine.values, slopes, rtol=1e-4, atol=1e-4)


def from_the_base(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """A gradient for a view of which another view was made, and both written: it is the slope, or PyTorch's, once the
    other is made again."""
    if found.kind != "gradient" or ": one here, right None" not in found.text:
        return False
    if _slopes_are_ours(lines, found, lib, oracle, watch):
        return True
    asked = re.match(r"(g\d+) = first\((v\d+), \[(.*)\]\)", lines[found.line])
    place = re.match(r"\w+\[(\d+)\]", found.text)
    if asked is None or place is None:
        return False
    source = asked[3].split(", ")[int(place[1])]
    again = [re.sub(r"= first\((v\d+), (.*)\)$", lambda m: f"= first({_made_again(m[1], source, lines)}, {m[2]})", line)
             if re.search(rf"\[.*\b{source}\b", line) else line for line in lines]  # fmt: skip
    return _as_rewritten(lines, tuple(again), lib, oracle, watch, strides)


def _made_again(name: str, source: str, lines: Lines) -> str:
    """A view of a view ... of `source` as one expression; the name itself if it is none."""
    text = name
    while text == name or not re.match(rf"{source}\b", text):
        inner = re.match(r"v\d+", text)
        born = inner and next((re.fullmatch(rf"{inner[0]} = (v\d+(?:\.[a-z]\w*\(.*\)|\[.*\]|\.m?T))", line) for line in lines
                               if line.startswith(f"{inner[0]} = ")), None)  # fmt: skip
        if not inner or not born:
            return name
        text = born[1] + text[inner.end() :]
    return text


def not_there(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """PyTorch says that it has no such derivative; ours are the slopes."""
    if found.kind != "accepted" or not re.search(r"derivative for .* is not implemented", found.text):
        return False
    asked = re.match(r"\w+ = (?:first|second)\((\w+), \[(.*)\]\)", lines[found.line])
    if asked is None:
        return False
    if "'_cdist_backward'" in found.text and _agrees_exactly(lines, lib, oracle, watch, strides):
        return True
    name = lines[found.line].split(" ")[0]
    mine = run(lines, lib, watch=watch).touched[found.line][name]
    for k, share in enumerate(mine):
        one = Difference(found.kind, found.line, f"{name}[{k}]")
        slopes = finite_differences(lines, one, lib)
        if slopes is None or not np.allclose(0 if share is None else share.values, slopes, rtol=1e-4, atol=1e-4):
            return False
    return True


def stale_view(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
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


def overlap(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """With a copy of the operand, the programs agree."""
    if found.kind != "accepted" or "refer to a single memory location" not in found.text:
        return False
    line = lines[found.line]
    if "lib.func." in line:
        return False
    copied = re.sub(r"(?<=[ ,])(v\d+)(?=[,)]|$)", r"\1.clone()", line)
    apart = (*lines[: found.line], copied, *lines[found.line + 1 :])
    mine, theirs = (run(apart, one, watch=watch) for one in (lib, oracle))
    return first_difference(mine, theirs, strides=strides) is None


def kept_a_copy(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    saved = r"saved by `(linear|matmul|einsum|conv\w*|mul)`, then written"
    return found.kind == "refused" and "modified by an inplace operation" in found.text and bool(
        re.search(saved, found.text)
        and re.search(r"F\.linear|@|matmul|tensordot|einsum|inner|bmm|conv|layer\(|lib\.func", "\n".join(lines))
    )  # fmt: skip


def expanded(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    return found.kind == "refused" and "more than one element of the written-to tensor" in found.text and (
        "masked_fill_" in lines[found.line] or "[" in lines[found.line] or "index" in lines[found.line]
    )  # fmt: skip


def prelu(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    return (
        found.kind == "second gradient"
        and "F.prelu(" in "\n".join(lines)
        and _agrees_apart(lines, lib, oracle, watch, strides)
    )


def no_spread(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """PyTorch's gradient of the NaN that the variance of one element is; then NaN is all that we answer."""
    here = found.text.partition("right")[0]
    return (
        found.kind == "second gradient"
        and (": one here" in here or not re.search(r"\d", here.partition(":")[2]))
        and re.search(r"\.(var|std)\(|var_mean\(", "\n".join(lines)) is not None
    )


def singular(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    return (
        found.kind == "second gradient"
        and re.search(r"\bdet\(", "\n".join(lines)) is not None
        and "nan" in found.text.partition("right")[2]
        and _agrees_exactly(lines, lib, oracle, watch, strides)
    )


def few_digits(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    return (
        found.kind == "second gradient"
        and re.search(r"F\.binary_cross_entropy\(|logaddexp\(", "\n".join(lines)) is not None
        and _agrees_exactly(lines, lib, oracle, watch, strides)
    )


def kink(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """PyTorch gives our numbers throughout once its leaves are moved by a part in 1e13, or less; or such a
    move changes its own, and apart from equals the programs agree."""
    mine = run(lines, lib, watch=watch)
    for k in range(1, 9):
        theirs = run([moved(line, k, 10.0 ** -(13 + k % 3)) for line in lines], oracle, watch=watch)
        if first_difference(mine, theirs, strides=strides) is None:
            return True
    return (
        found.kind in ("gradient", "second gradient")
        and is_unstable(lines, found, oracle, watch, strides)
        and _agrees_apart(lines, lib, oracle, watch, strides)
    )


def asked_later(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """Finite differences give our second gradient, where PyTorch has none for what has begun to require grad."""
    return (
        found.kind == "second gradient"
        and ": one here, right None" in found.text
        and any(re.search(r"^(v\d+ = )?v\d+\.requires_grad_\(\)$", line) for line in lines)
        and _slopes_are_ours(lines, found, lib, oracle, watch)
    )


def repeated(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """Singular or eigenvalues of equal rows, and with a factor for each element the programs agree."""
    apart = tuple(
        re.sub(r"(svdvals|eigvalsh)\((.*)\)$", r"\1(\2 + lib.eye(3) * lib.arange(1, 4) * 0.1)", line) for line in lines
    )
    if found.kind not in ("gradient", "second gradient") or apart == lines:
        return False
    return _as_rewritten(apart, apart, lib, oracle, watch, strides) and _are_repeated(lines, oracle)


def _are_repeated(lines: Lines, oracle: Any) -> bool:
    values = run(lines, oracle, watch=False)
    for line, touched in zip(lines, values.touched):
        if re.search(r"= lib\.linalg\.(svdvals|eigvalsh)\(", line):
            for one in touched.values():
                if np.abs(np.diff(np.sort(one.values))).min(initial=1.0) < 1e-9 * max(1.0, np.abs(one.values).max()):
                    return True
    return False


def shared_tangents(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """The programs agree once PyTorch's jvp is given copies."""
    if "lib.func.jvp(" not in lines[found.line]:
        return False
    copies = tuple(
        re.sub(r"(lib\.func\.jvp\(.*, )\((.+),\), \((.+),\)\)", r"\1(\2.clone(),), (\3.clone(),))", line)
        for line in lines
    )
    return copies != lines and _as_rewritten(lines, copies, lib, oracle, watch, strides)


def behind_its_back(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """A write that `.data` hides from PyTorch; with copies of what it saves, it gives our gradient."""
    if found.kind not in ("gradient", "second gradient") or ".data" not in "\n".join(lines):
        return False
    hooks = oracle.autograd.graph.saved_tensors_hooks

    def keeping_copies(line: str) -> AbstractContextManager[Any]:
        return nullcontext() if "lib.func." in line else hooks(lambda t: t.detach().clone(), lambda t: t)

    mine, theirs = run(lines, lib, watch=watch), run(lines, oracle, watch=watch, around=keeping_copies)
    return first_difference(mine, theirs, strides=strides) is None


def detached_in_place(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """The programs agree if `x.detach_()` is `x = x.detach()`, on the side that refuses."""
    if "detached in-place" not in found.text and "detach views in-place" not in found.text:
        return False
    anew = tuple(re.sub(r"^(v\d+)\.detach_\(\)$", r"\1 = \1.detach()", line) for line in lines)
    if found.kind == "refused":
        return _as_rewritten(anew, anew, lib, oracle, watch, strides)
    return _as_rewritten(lines, anew, lib, oracle, watch, strides)


def graph_kept(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """PyTorch gives our gradients once it keeps its graphs."""
    if found.kind != "accepted" or "through the graph a second time" not in found.text:
        return False
    keeping = tuple(
        re.sub(r"(backward\((?:weights\(.*\))?)\)$", lambda m: m[1] + (", " if m[1][-1] == ")" else "") + "retain_graph=True)", line)
        for line in lines
    )  # fmt: skip
    return _as_rewritten(lines, keeping, lib, oracle, watch, strides)


def no_gradient_for_a_hook(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    if found.kind != "accepted" or "'NoneType' object has no attribute" not in found.text:
        return False
    guarded = tuple(re.sub(r"lambda g: g\.", "lambda g: None if g is None else g.", line) for line in lines)
    return _as_rewritten(lines, guarded, lib, oracle, watch, strides)


def only_looked_at(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """A result without a gradient; under no_grad PyTorch gives it, too."""
    if (
        found.kind != "accepted"
        or "is a view and its base or another view of its base has been modified" not in found.text
    ):
        return False
    looked = (*lines[: found.line], f"with lib.no_grad(): {lines[found.line]}", *lines[found.line + 1 :])
    return _as_rewritten(looked, looked, lib, oracle, watch, strides)


def sign_of_zero(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """The programs agree once the shrunk zeros have one sign."""
    signed = tuple(re.sub(r"(F\.softshrink\([^()]*\))", r"(\1 + 0.0)", line) for line in lines)
    return (
        signed != lines and "atan2" in "\n".join(lines) and _as_rewritten(signed, signed, lib, oracle, watch, strides)
    )


def bias(lines: Lines, found: Difference, lib: Any, oracle: Any, watch: bool, strides: bool) -> bool:
    """With a copy of the bias, the programs agree."""
    if found.kind != "refused" or "saved by `batch_norm`" not in found.text:
        return False
    copied = tuple(re.sub(r"(F\.batch_norm\(.*, )(v\d+), True\)", r"\1\2.clone(), True)", line) for line in lines)
    return copied != lines and _as_rewritten(copied, lines, lib, oracle, watch, strides)
