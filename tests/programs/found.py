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
    **{
        f"{text} twice backward": (LEAF, f"v1 = total({text})", "v1.backward()", "v1.backward()")
        for text in ("v0 * 2", "v0 / 2", "v0 * v0")
    },
    **{
        f"{text} keeps nothing": (LEAF, f"v1 = {text}", "v1.backward()", "v1.backward()", "v1.backward()")
        for text in ("v0.mean()", "v0.mean(0).sum()", "v0.add(v0, alpha=3).sum()", "v0.sub(v0, alpha=3).sum()", "lib.rsub(v0, v0, alpha=3).sum()",
                     "lib.lerp(v0, v0, 0.3).sum()", "(v0 - v0.mean(1, keepdim=True)).sum()", "v0.double().mean(dtype=lib.float64)")
    },
    **{
        f"norm over {dim}, p={p}": ("v0 = lib.ones(2, 1, 3)", f"v1 = v0.norm(p={p}, dim={dim})", f"v2 = lib.norm(v0, {p}, {dim}, True)")
        for dim in ("(0, 1, 2)", "(0, 2)", "1", "[2]", "None") for p in ("'fro'", "2", "3")
    },
    **{
        f"{name}'s values are no view": (LEAF, f"v1 = v0.{name}(1).values", "v1.detach_()", "v2 = v0 + v1")
        for name in ("max", "min", "median", "mode")
    },
    **{
        f"{text}, then v{written} written": (
            LEAF, "v2 = lib.tensor([[0.5, 2.0], [-1.0, 0.3]])", "v3 = v0 * 1", "v4 = v2 * 1", f"v1 = {text}", f"v{written}.mul_(2)", *ENDS
        )
        for written in (3, 4)
        for text in ("v3 * v4", "v3 @ v4", "v3 / v4", "lib.inner(v3, v4)", "lib.einsum('ij,kj->ik', v3, v4)", "lib.tensordot(v3, v4, 1)",
                     "lib.outer(v3[0], v4[0])", "lib.bmm(v3[None], v4[None])", "F.linear(v3, v4)")
    },
    **{
        f"repeat_interleave of a number: {text}": ("v0 = lib.tensor(1.0)", f"v1 = lib.repeat_interleave(v0, {text})")
        for text in ("2", "2, 0", "2, -1", "lib.tensor([2]), 0")
    },
    **{
        f"retain_grad, then {write}": (LEAF, "v1 = v0 * 2", "v2 = v1[0]", "v1.retain_grad()", "v2.retain_grad()", write, "total(v1).backward(retain_graph=True)", "total(v2).backward()")
        for write in ("v1.mul_(3)", "v1 += v0", "v1[0] = 1", "v1[v1 > 0] = 0.5", "v1.copy_(v0)", "v1.zero_()", "v2.mul_(2)", "v2.copy_(v0[1])",
                      "v1.index_add_(0, lib.tensor([1]), v0[:1])", "v2[0] = 3", "v2.fill_(1)", "v1.relu_()")
    },
    "a mask of a view that a write has spoiled": (LEAF, "v1 = lib.zeros(2, 2)", "v2, v3 = v1.unbind(0)", "v1.add_(v0)", "v4 = v2 > 0.5", "v5 = v3.detach()", "v5[v4] = 2"),
    **{
        f"a view of a leaf that is a view, then {write}": (
            "v0 = lib.tensor([[1.3, -0.7], [0.4, -1.9]]).permute(1, 0).requires_grad_()", "v2 = v0[1:]", write, "v1 = v2 * v2")
        for write in ("v2.detach().mul_(2)", "v0.detach().mul_(2)", "with lib.no_grad(): v2.zero_()", "with lib.no_grad(): v0[0] = 3", "v2.data.mul_(2)")
    },
    **{
        f"{name} of a number has its own memory": ("v0 = lib.tensor(2.0, requires_grad=True)", "v2 = v0 * 1", f"v1 = v2.{name}(0)[0]", "v2.fill_(7)", "v1.mul_(3)", *ENDS)
        for name in ("max", "min", "median", "mode")
    },
    "a number's view, made anew": ("v0 = lib.tensor([0.3], requires_grad=True)", "v2 = v0.sum(0, True)", "v1 = v2.broadcast_to((2, 1))", "v2.squeeze_(-1)", "v3 = v1 * 2", *ENDS),
    "roll of a number": ("v0 = lib.tensor(1.0)", "v1 = v0.roll(1, 0)"),
    "roll of a number, flattened": ("v0 = lib.tensor(1.0)", "v1 = v0.roll(1)"),
    "a slice of a number": ("v0 = lib.tensor(1.0, requires_grad=True)", "v1 = v0[:]", "v0[:] = 2"),
    **{
        f"a view that gets a part of itself: {write}, then {result}": (LEAF, "v2 = lib.zeros(2, 2)", "v3 = v2.t()", "v3[1] = v0[0]", write, f"v1 = {result} * v0", *ENDS)
        for write in ("v3[0] = v3[1]", "v3[0].copy_(v3[1])", "v3[0] += v3[1]", "v3[:1] = v3[1:]", "v3[0] = v3[1].view(2)", "v3[0] = v2[:, 1]",
                      "v2[:, 0] = v3[1]", "v3[:1] = v3[None, 1]", "v3[0] *= v0[1]", "v3[1] *= v0[1]", "v3[1] = v3[1]", "v3[lib.tensor([0])] = v3[1]")
        for result in ("v3", "v2", "v3.t()", "v2[:]")
    },
    **{
        f"windows in rows: {text}": ("v0 = lib.tensor([0.3, 0.5, 1.2, 0.7], requires_grad=True)", "v2 = v0.unfold(0, 3, 1)", f"v3 = {text}", "v1 = v3.view(-1)")
        for text in ("-1 - v2", "2 / v2", "v2.cosh()", "v2.exp()", "v2.clamp(-1, 1)", "v2.relu()", "v2.sigmoid()", "F.leaky_relu(v2, 0.1)", "v2.abs()")
    },
    **{
        f"a constant of {text} that is asked for its gradient later": (
            LEAF, "v2 = lib.tensor([[0.5, 2.0], [-1.0, 0.3]])", f"v1 = {text}", "v2.requires_grad_()", "g8 = first(v1, [v0])", "h8 = second(g8, [v0, v2])")
        for text in ("v2 * v0", "v0 * v2", "v2 / v0", "v0 / v2", "v0 @ v2", "v2 @ v0", "v0.atan2(v2)",
                     "lib.where(v0 > 0, v2 * v0, v0)", "lib.cat([v0 * v2, v2])", "F.prelu(v0, v2[0])", "v2 * v0.exp()")
    },
    **{
        f"{text} of a view that a write has spoiled": (LEAF, "v1 = v0 * 1", "v2, v3 = v1.unbind(0)", "v1.mul_(2)", f"v4 = v2.{text}")
        for text in ("long()", "int()", "bool()", "to(lib.int64)", "type(lib.int32)")
    },
}  # fmt: skip
