"""Differences that stand, each with its reason.

A reason is a sentence, a test and an example (which still differs: a test sees to it). The test is strict, so that none hides another difference: a program is excused only if it agrees
with PyTorch once what the reason names is taken away.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import proofs
from .compare import Difference

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


Test = Callable[[Lines, Difference, Any, Any, bool, bool], bool]

LEAF = "v0 = lib.tensor([[1.3, -0.7], [0.4, -1.9]], requires_grad=True)"
FIRST, SECOND = "g8 = first(v1, [v0])", "h8 = second(g8, [v0])"

REASONS: dict[str, tuple[str, Test, Lines]] = {
    "keeps less": (
        "a write in place spoiled what PyTorch had kept for a gradient; here the rule did not need it, or had a copy "
        "(`x *= x`), and the gradient is the one that PyTorch gives when it keeps copies",
        proofs.keeps_less,
        (LEAF, "v1 = v0 * 2", "v1 *= v1", FIRST, SECOND),
    ),
    "ties": (
        "of equal elements, PyTorch's documentation leaves open which is picked (median, mode, topk, sort without "
        "`stable`), and with it where the gradient goes",
        proofs.ties,
        ("v0 = lib.tensor([1.0, 1.0, 1.0, 1.0], requires_grad=True)", "v1 = v0.topk(4, 0)[0]", FIRST),
    ),
    "no length": (
        "the derivative of a length (or an angle) at zero is 0 on both sides; its own derivative is 0 here, as the rest, NaN in PyTorch",
        proofs.no_length,
        ("v0 = lib.tensor([0.0, 0.0], requires_grad=True)", "v1 = v0.norm()", FIRST, SECOND),
    ),
    "no spread": (
        "the variance of one element is NaN, and so are its derivatives of every order; PyTorch's second one is 0",
        proofs.no_spread,
        ("v0 = lib.tensor(0.5, requires_grad=True)", "v1 = v0.var()", FIRST, SECOND),
    ),
    "from the base": (
        "a view's view, once their memory is written: in PyTorch both hang from the base then, so the first gets no "
        "gradient from the second; here the second still hangs from the first, and the gradient is the slope",
        proofs.from_the_base,
        (LEAF, "v2 = v0.t()", "v1 = v2[:]", "with lib.no_grad(): v1.add_(1)", "g8 = first(v1, [v2])"),
    ),
    "not there": (
        "PyTorch has no second derivative of this operation; ours is what finite differences give",
        proofs.not_there,
        (LEAF, "v1 = lib.cdist(v0, v0 + 1, p=3.0)", FIRST, SECOND),
    ),
    "stale view": (
        "a view of memory whose history began with a write through another view (also `x[i] += y`, where Python assigns "
        "the sum to the item again): PyTorch 2.13 takes it for a leaf until somebody looks at its grad_fn",
        proofs.stale_view,
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
        proofs.overlap,
        ("v0 = lib.tensor([1.0, 2.0])", "v0.index_copy_(0, lib.tensor([1, 0]), v0)"),
    ),
    "kept a copy": (
        "a product in PyTorch has first laid out its operand anew, and kept that copy, so a later write to the operand does "
        "no harm; here the operand itself is kept, and the gradient is refused",
        proofs.kept_a_copy,
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
        proofs.expanded,
        ("v0 = lib.tensor([1.0]).expand((3,))", "v0.masked_fill_(v0 > 0, 2.0)"),
    ),
    "prelu at 0": (
        "the gradient of prelu at 0 is the weight on both sides; that of this gradient is 1 in the weight here, 0 in PyTorch",
        proofs.prelu,
        (
            "v0 = lib.tensor([[0.0, 1.0], [2.0, 0.0]], requires_grad=True)",
            "v1 = F.prelu(v0, v0[0] + 1)",
            FIRST,
            SECOND,
        ),
    ),
    "singular": (
        "the second derivative of a determinant is NaN in PyTorch where the matrix is singular; ours is that of the "
        "polynomial which the determinant is",
        proofs.singular,
        (
            "v0 = lib.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 1.0]], requires_grad=True)",
            "v1 = lib.linalg.det(v0)",
            FIRST,
            SECOND,
        ),
    ),
    "few digits": (
        "the second derivative of binary cross-entropy has a 1e-12 in its denominator in PyTorch, and few digits near 0 and 1, "
        "that of logaddexp overflows far out; ours are those of the formulas",
        proofs.few_digits,
        (
            "v0 = lib.tensor([-1.89, 16.0], requires_grad=True)",
            "v1 = F.binary_cross_entropy(v0.sigmoid(), lib.tensor([0.3, 0.2]))",
            FIRST,
            SECOND,
        ),
    ),
    "repeated": (
        "singular values that are equal have no gradient one by one, and how they share one is rounding",
        proofs.repeated,
        ("v0 = lib.tensor([1.77, 1.77], requires_grad=True)", "v1 = lib.linalg.svdvals(mold(v0, 3, 3))", FIRST),
    ),
    "shared tangents": (
        "PyTorch's jvp of a tensor whose elements share memory (expanded, or windows) refuses or mixes up the elements; "
        "with copies of its arguments it gives our result",
        proofs.shared_tangents,
        (
            "v0 = lib.tensor([1.74, -1.73, -1.5])",
            "v2 = v0.unfold(0, 2, 1)",
            "v3 = lib.tensor([[0.3, 0.7]]).expand(2, -1)",
            "v4 = lib.tensor([[1.0]])",
            "v1 = lib.func.jvp(lambda a: a.tanh() * v4, (v2,), (v3,))[1]",
        ),
    ),
    "behind its back": (
        "what PyTorch had kept was written through `.data`, which it does not see, so its gradient is that of other numbers; "
        "with copies of what it keeps it gives ours",
        proofs.behind_its_back,
        (LEAF, "v2 = v0.exp()", "v3 = v2.data", "v1 = F.mse_loss(v0, v3)", "v2.mul_(2)", FIRST),
    ),
    "detached in place": (
        "`x.detach_()` after x was saved, or of a result that is a view inside one of the two libraries: one side refuses, and "
        "with `x = x.detach()` both agree",
        proofs.detached_in_place,
        (LEAF, "v1 = F.group_norm(mold(v0, 2, 4, 3), 2)", "v1.detach_()"),
    ),
    "graph kept": (
        "a second walk through a graph of which PyTorch has freed what it saved (an index, say), and which saved nothing "
        "here; with `retain_graph` PyTorch gives the same gradient",
        proofs.graph_kept,
        (LEAF, "v1 = mold(v0, 2, 3)", "total(v1).backward()", "g8 = first(v1, [v0])"),
    ),
    "no gradient for a hook": (
        "a hook of a leaf to which nothing flows: PyTorch may call it with None, here it is not called",
        proofs.no_gradient_for_a_hook,
        (
            "v0 = lib.tensor([-1.0, -1.0])",
            "v2 = lib.tensor([[-1.0, 1.0, 0.0], [0.0, -1.0, 2.0], [-1.0, 2.0, 2.0]], requires_grad=True)",
            "v1 = F.layer_norm(mold(v0, 2, 4, 3), (4, 3), mold(v0, 4, 3), mold(v2, 4, 3))",
            "v2.register_hook(lambda g: g.clamp(-1, 1))",
            "g8 = first(v1, [v2])",
            "h8 = second(g8, [v2])",
        ),
    ),
    "only looked at": (
        "a result without a gradient (`argsort`) of a view of several that a write has spoiled: its numbers are known, and "
        "nobody asks for its history; PyTorch refuses, except under no_grad",
        proofs.only_looked_at,
        (LEAF, "v1 = v0 * 1", "v2, v3 = v1.unbind(0)", "v1.mul_(2)", "v4 = v2.argsort(0)"),
    ),
    "sign of zero": (
        "a shrunk number is 0 or -0 in PyTorch by its place in memory, its product with 0 here; `atan2` shows the sign",
        proofs.sign_of_zero,
        (
            f"v0 = lib.tensor({[round(-0.05 * (k % 7), 2) for k in range(19)]})",
            "v1 = F.softshrink(v0)",
            "v1.atan2_(lib.tensor(-1.0))",
        ),
    ),
    "bias": (
        "batch_norm's second derivatives read no bias, but it is kept with the other operands here, and a later write to "
        "it is refused",
        proofs.bias,
        (
            "v0 = lib.tensor([0.4, 1.3, -0.7, 2.0, 0.1], requires_grad=True)",
            "v3 = lib.tensor([1.0, 2.0, 3.0, 4.0])",
            "v1 = F.batch_norm(mold(v0, 2, 4, 3), None, None, mold(v0, 4), v3, True)",
            "v3.mul_(2)",
            FIRST,
        ),
    ),
    "kink": (
        "rounding decides on which side of a kink a number falls (a group of equals, normalised: 0 or 1e-14); PyTorch's own "
        "numbers change once its leaves are moved by a part in 1e13",
        proofs.kink,
        (
            "v0 = lib.tensor([-1.71]).expand((4,)).data.requires_grad_()",
            "v1 = F.group_norm(mold(v0, 2, 4, 3), 2)",
            "F.leaky_relu_(v1, 0.2)",
            FIRST,
        ),
    ),
    "asked later": (
        "a constant that begins to require grad after a product has used it: PyTorch's product has kept a view of it, which "
        "does not, so the second gradient passes it by; ours is the slope",
        proofs.asked_later,
        (
            LEAF,
            "v2 = lib.tensor([[0.5, 2.0], [-1.0, 0.3]])",
            "v1 = F.linear(v0, v2)",
            "v2.requires_grad_()",
            FIRST,
            "h8 = second(g8, [v2])",
        ),
    ),
}
