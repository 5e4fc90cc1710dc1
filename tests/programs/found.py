"""What random programs found, each kind once, in its shortest form. A program here agrees with PyTorch."""

from __future__ import annotations

__all__ = ["FOUND"]

LEAF = "v0 = lib.tensor([[1.3, -0.7], [0.4, -1.9]], requires_grad=True)"
ENDS = ("g9 = first(v1, [v0])", "h9 = second(g9, [v0])")

FOUND: dict[str, tuple[str, ...]] = {
    **{
        f"backward(inputs) of {inputs}": (LEAF, "v1 = v0 * v0", "v2 = v1 + v0", "v1.retain_grad()", f"total(v2).backward(inputs={inputs})")
        for inputs in ("[v0]", "v0", "[v0, v1]", "[v1]")
    },
    "backward(inputs) of a result": (LEAF, "v1 = v0 * v0", "v2 = v1 + v0", "total(v2).backward(inputs=[v1])", "g3 = v1.grad"),
    "backward(inputs) of the output itself": (LEAF, "total(v0, 2).backward(inputs=[v0])"),
    **{
        f"einsum {equation} is a view": (LEAF, "v2 = v0 * 2", f"v1 = lib.einsum('{equation}', v2)", "v2.mul_(v0)", "v1.add_(1)", *ENDS)
        for equation in ("ij->ji", "ii->i", "ij->ij", "...i->i...", "ij")
    },
    "einsum of one operand that sums copies": (LEAF, "v2 = v0 * 2", "v1 = lib.einsum('ij->i', v2)", "v1.add_(1)", *ENDS),
    "unique keeps requires_grad": (LEAF, "v1 = v0.unique()"),
    "unique's gradient is refused": (LEAF, "v1 = v0.unique()", ENDS[0]),
    "unique beside a path with a gradient": (LEAF, "v1 = v0.unique().sum() + v0.sum()", ENDS[0]),
    "unique_consecutive's gradient is refused": (LEAF, "v1 = lib.unique_consecutive(v0)", ENDS[0]),
    "unique under no_grad": (LEAF, "with lib.no_grad(): v1 = v0.unique()"),
    "erfinv, then written": (LEAF, "v1 = (v0 * 0.3).erfinv()", "v1.relu_()", *ENDS),
    "erfinv_": (LEAF, "v1 = v0 * 0.3", "v1.erfinv_()", *ENDS),
    "roll of a number": ("v0 = lib.tensor(1.0)", "v1 = v0.roll(1, 0)"),
    "roll of a number, flattened": ("v0 = lib.tensor(1.0)", "v1 = v0.roll(1)"),
    "a slice of a number": ("v0 = lib.tensor(1.0, requires_grad=True)", "v1 = v0[:]", "v0[:] = 2"),
}  # fmt: skip
