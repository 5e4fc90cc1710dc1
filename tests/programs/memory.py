"""Statements about shared memory: views of all kinds, writes in place, and what stands between them and the graph."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .draw import Draw, product

__all__ = ["DIFFERENTIATING", "VIEWS", "WRITES"]

Drawer = Callable[[Draw], str | None]

ELEMENTWISE = [
    "sigmoid_()", "tanh_()", "relu_()", "sin_()", "abs_()", "neg_()", "square_()", "clamp_(-1, 1)", "clamp_(min=0)", "pow_(2)",
    "zero_()", "fill_(0.5)", "round_()", "floor_()", "sign_()", "cos_()", "erf_()", "atan_()", "clamp_(max=1).exp_()",
    "mul_(2)", "add_(1)", "sub_(0.5)", "div_(2)", "pow_(1)", "nan_to_num_()", "frac_()", "tril_()", "fill_(2)",
    "abs_().add_(0.5).log_()", "abs_().add_(0.5).sqrt_()", "abs_().add_(1).reciprocal_()", "copy_(1.5)", "mul_(-1)", "mul_(0)",
]  # fmt: skip
WITH_OPERAND = [
    "{x}.mul_({y})", "{x}.add_({y})", "{x}.sub_({y})", "{x}.add_({y}, alpha=2)", "{x} += {y}", "{x} *= {y}", "{x} -= {y}",
    "{x}.copy_({y})", "{x}[...] = {y}", "{x}[:] = {y}",
]  # fmt: skip
WITH_TENSOR = [
    "{x}.copy_({y})", "{x}.div_({y}.abs() + 0.5)", "{x} /= {y}.abs() + 1", "{x}.lerp_({y}, 0.25)", "{x}.addcmul_({y}, {y})",
    "{x}.addcdiv_({y}, {y}.abs() + 1)", "{x}.masked_fill_({y} > 0, 0.5)", "{x}.atan2_({y})", "{x}.copy_({y}.detach())",
    "{x}.remainder_({y}.abs() + 1)", "{x}.fmod_({y}.abs() + 1)",
]  # fmt: skip


def view(d: Draw) -> str | None:
    x = d.pick(empty=d.chance(0.2), floating=d.chance(0.95))
    if x is None:
        return None
    shape = d.shape(x)
    rank, n = len(shape), product(shape)
    forms = [f"{x}.detach()", f"{x}.view({x}.shape)", f"{x}.unsqueeze({d.r.randint(-rank - 1, rank)})", f"{x}.squeeze()", f"{x}[...]", f"{x}[None]",
             f"{x}.expand(2, {', '.join(map(str, shape)) if shape else ''})", f"{x}.view({', '.join(map(str, d.factors(n)))})" if n else f"{x}.view(-1)",
             f"{x}.reshape({', '.join(map(str, d.factors(n)))})" if n else f"{x}.flatten()", f"{x}.view_as({x})"]  # fmt: skip
    if rank:
        k, j = d.dim(rank), d.dim(rank)
        size = shape[k] if -rank <= k < rank else 1
        keys = [f"{x}[{d.key(shape, advanced=False)}]" for _ in range(4)]
        start = d.r.randint(0, size)
        order = d.r.sample(range(rank), rank)
        forms += [
            *keys, f"{x}.select({k}, {d.r.randrange(size) if size else 0})", f"{x}.narrow({k}, {start}, {d.r.randint(0, size - start)})",
            f"{x}.permute({', '.join(map(str, order))})", f"{x}.transpose({k}, {j})", f"{x}.movedim({k}, {j})", f"{x}.squeeze({k})",
            f"{x}.flatten()", f"{x}.ravel()", f"{x}.T" if rank == 2 else f"{x}.swapaxes({k}, {j})", f"{x}.unfold({k}, {max(1, size - 1)}, 1)",
            f"{x}.expand({', '.join('2' if size == 1 else '-1' for size in shape)})", f"{x}.view(-1)", f"{x}.reshape(-1)",
            f"{x}.unflatten({k}, {d.factors(size)})" if size else f"{x}.squeeze()", f"{x}.broadcast_to({(2, *shape)})",
        ]  # fmt: skip
    if rank > 1:
        k, j = d.r.sample(range(rank), 2)
        forms += [f"{x}.diagonal(0, {k}, {j})", f"{x}.diagonal({d.any_of(1, -1)}, {k}, {j})", f"{x}.mT", f"{x}.flatten(0, 1)",
                  f"{x}.transpose({k}, {j})", f"{x}.t()" if rank == 2 else f"{x}.flatten({rank - 2})"]  # fmt: skip
    return f"{d.new()} = {d.any_of(*forms)}"


def parts(d: Draw) -> str | None:
    """Several views at once."""
    x = d.pick(lambda v: v.ndim > 0 and max(v.shape) < 6)
    if x is None:
        return None
    rank = len(d.shape(x))
    k = d.r.randrange(rank)
    size = d.shape(x)[k]
    how = d.r.random()
    if how < 0.4:
        step = d.r.randint(1, size)
        count, call = -(-size // step), f"{x}.split({step}, {k})"
    elif how < 0.6:
        chunks = d.r.randint(1, size)
        step = -(-size // chunks)
        count, call = -(-size // step), f"{x}.chunk({chunks}, {k})"
    else:
        count, call = size, f"{x}.unbind({k})"
    names = [d.new() for _ in range(count)]
    return f"{', '.join(names)}{',' if count == 1 else ''} = {call}"


# -- writes ------------------------------------------------------------------------------------------


def distinct(v: Any) -> bool:
    """Whether each element has memory of its own (nothing expanded, no windows that overlap)."""
    reach = 0
    for step, size in sorted((step, size) for step, size in zip(v.stride(), v.shape) if size > 1):
        if step <= reach:
            return False
        reach += (size - 1) * step
    return True


def target(d: Draw, test: Any = None) -> str | None:
    """A tensor to write to: seldom a leaf that requires grad, and seldom one whose elements share memory."""

    def fine(v: Any) -> bool:
        leaf = v.requires_grad and v.is_leaf
        return (distinct(v) or d.chance(0.005)) and (not leaf or d.chance(0.04)) and (test is None or test(v))

    return d.pick(fine, empty=d.chance(0.05))


def elementwise(d: Draw) -> str | None:
    x = target(d)
    return x and f"{x}.{d.any_of(*ELEMENTWISE)}"


def functional(d: Draw) -> str | None:
    """Activations with `inplace`."""
    x = target(d)
    return x and d.any_of(
        f"F.relu({x}, inplace=True)", f"F.elu_({x})", f"F.leaky_relu_({x}, 0.2)", f"F.hardtanh_({x})", f"F.selu_({x})", f"F.celu_({x}, 0.5)",
        f"F.threshold_({x}, 0.1, -0.5)", f"F.silu({x}, inplace=True)", f"F.mish({x}, inplace=True)", f"F.hardswish({x}, inplace=True)",
        f"F.relu6({x}, inplace=True)", f"lib.nn.ELU(inplace=True)({x})", f"F.dropout({x}, 0.5, False, inplace=True)", f"Tenfold.apply({x})",
    )  # fmt: skip


def with_operand(d: Draw) -> str | None:
    x = target(d)
    return x and d.any_of(*WITH_OPERAND).format(x=x, y=d.fitting(d.shape(x), x))


def with_tensor(d: Draw) -> str | None:
    x = target(d)
    if x is None:
        return None
    shape = d.shape(x)
    return str(d.any_of(*WITH_TENSOR).format(x=x, y=d.tensor(shape[d.r.randrange(len(shape) + 1) :], x)))


def item(d: Draw) -> str | None:
    """x[...] = y, and its augmented forms, in all forms of index."""
    x = target(d, lambda v: v.ndim > 0)
    if x is None:
        return None
    key = d.key(d.shape(x), advanced=d.chance(0.6))
    try:
        place = tuple(eval(f"{x}[{key}]", d.session.space).shape)
    except Exception:
        place = ()
    y = d.fitting(place, x)
    return f"{x}[{key}] {d.r.choices(['=', '+=', '*=', '-='], [5, 1, 1, 1])[0]} {y}"


def at_places(d: Draw) -> str | None:
    x = target(d, lambda v: v.ndim > 0)
    if x is None:
        return None
    shape = d.shape(x)
    if not product(shape):
        return None
    k = d.r.randrange(len(shape))
    size, count = shape[k], d.any_of(1, 2, 3)
    smaller = tuple(max(1, n - d.any_of(0, 1)) for n in shape)
    row = tuple(count if j == k else n for j, n in enumerate(shape))
    places = d.index((count,), size)
    distinct = f"lib.tensor({d.r.sample(range(size), min(count, size))})"
    distinct_row = tuple(min(count, size) if j == k else n for j, n in enumerate(shape))
    one = d.index((count,), shape[0])
    return str(
        d.any_of(
            f"{x}.scatter_add_({k}, {d.index(smaller, size)}, {d.tensor(smaller, x)})", f"{x}.scatter_({k}, {d.index(smaller, size)}, {d.number()})",
            f"{x}.index_add_({k}, {places}, {d.tensor(row, x)})", f"{x}.index_add_({k}, {places}, {d.tensor(row, x)}, alpha=2)",
            f"{x}.index_copy_({k}, {distinct}, {d.tensor(distinct_row, x)})", f"{x}.index_fill_({k}, {places}, {d.number()})",
            f"{x}.masked_fill_({d.mask(shape)}, {d.number()})", f"{x}.index_put_(({one},), {d.tensor((count, *shape[1:]), x)}, accumulate=True)",
            f"{x}.index_put_(({distinct if k == 0 else one[:0] + 'lib.tensor([0])'},), {d.tensor(shape[1:])})",
            f"{x}.masked_fill_({d.mask(shape)}, {d.tensor(())})", f"{x}.cumsum_({k})",
        )
    )  # fmt: skip


def behind_the_graph(d: Draw) -> str | None:
    """Writes that autograd must not follow: through detached memory, `.data`, under no_grad."""
    x = d.pick(lambda v: distinct(v) or d.chance(0.005))
    if x is None:
        return None
    shape = d.shape(x)
    y = d.fitting(shape, x)
    if not d.value(x).requires_grad and d.chance(0.3):  # else it may spoil unseen what PyTorch has kept
        return d.any_of(f"{x}.data.add_({y})", f"{x}.data[...] = {d.number()}")
    key = d.key(shape, advanced=d.chance(0.5)) if shape else "..."
    return str(
        d.any_of(
            f"{x}.detach().mul_({y})", f"{x}.detach().add_({y})",
            f"{x}.detach()[{key}] = {d.number()}", f"with lib.no_grad(): {x}.add_({y})", f"with lib.no_grad(): {x}[{key}] = {d.number()}",
            f"with lib.no_grad(): {x}.sub_({x} * 0.1)", f"{x}.detach().zero_()",
            f"with lib.no_grad(): {d.new()} = {x} * 2", f"with lib.no_grad(): {x}.copy_({y})",
        )
    )  # fmt: skip


def reshaped_in_place(d: Draw) -> str | None:
    x = target(d, lambda v: not v.retains_grad)  # PyTorch keeps that gradient in the old shape
    if x is None:
        return None
    rank = len(d.shape(x))
    forms = [f"{x}.squeeze_()", f"{x}.unsqueeze_({d.r.randint(-rank - 1, rank)})"]
    if rank:
        forms += [f"{x}.transpose_({d.dim(rank)}, {d.dim(rank)})", f"{x}.squeeze_({d.dim(rank)})"]
    if rank < 3:
        forms.append(f"{x}.t_()")
    if d.chance(0.2) and not d.value(x)._is_view():  # which results are views inside is PyTorch's own business
        forms = [f"{x}.detach_()"]
    return str(d.any_of(*forms))


# -- the graph itself ----------------------------------------------------------------------------------


def hooks(d: Draw) -> str | None:
    x = d.pick(lambda v: v.requires_grad and not (v._is_view() and v._version) and (d.watched or v.is_leaf))
    # a hook on a view whose base was written since may end PyTorch 2.13's process
    return x and d.any_of(f"{x}.register_hook(lambda g: g * 2)", f"{x}.retain_grad()", f"{x}.register_hook(lambda g: None)",
                          f"{x}.register_hook(lambda g: g.clamp(-1, 1))", f"{x}.retain_grad()")  # fmt: skip


def backward(d: Draw) -> str | None:
    x = d.pick(lambda v: v.requires_grad)
    keep = "retain_graph=True" if d.chance(0.8) else ""
    leaf = d.pick(lambda v: v.requires_grad and v.is_leaf)
    return x and d.any_of(f"total({x}).backward({keep})", f"{x}.backward(weights({x}, 1){', ' if keep else ''}{keep})",
                          f"total({x}).backward({keep})", f"total({x}, 2).backward(inputs=[{leaf}], retain_graph=True)")  # fmt: skip


def gradients(d: Draw) -> str | None:
    x = d.pick(lambda v: v.requires_grad)
    if x is None:
        return None
    inputs = {d.pick(lambda v: v.requires_grad and (v.is_leaf or d.chance(0.2))) for _ in range(3)}
    listed = ", ".join(sorted(name for name in inputs if name))
    return f"{d.new().replace('v', 'g')} = first({x}, [{listed}])" if listed else None


def gradient_memory(d: Draw) -> str | None:
    """`.grad` as a tensor that is read, aliased, written and dropped; an optimizer's step."""
    x = d.pick(lambda v: v.is_leaf and v.grad is not None)
    if x is None:
        return None
    return d.any_of(
        f"{d.new()} = {x}.grad", f"{x}.grad.zero_()", f"{x}.grad = None", f"{x}.grad += 1", f"{x}.grad.mul_({x}.detach())",
        f"lib.optim.SGD([{x}], lr=0.1).step()", f"lib.optim.Adam([{x}], lr=0.1).step()", f"lib.optim.SGD([{x}], lr=0.1).zero_grad()",
        f"lib.nn.utils.clip_grad_norm_([{x}], 0.5)", f"{d.new()} = {x}.grad.clone()",
    )  # fmt: skip


VIEWS: dict[Drawer, float] = {view: 6, parts: 1.5}
WRITES: dict[Drawer, float] = {
    elementwise: 3, functional: 1, with_operand: 3, with_tensor: 2, item: 4, at_places: 2, behind_the_graph: 1, reshaped_in_place: 0.7,
}  # fmt: skip
DIFFERENTIATING: dict[Drawer, float] = {hooks: 1, backward: 0.7, gradients: 0.7, gradient_memory: 0.7}
