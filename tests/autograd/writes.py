"""One program, told twice: with writes in place, and with copies instead of them.

`outcome` runs a program that calls an operation and then writes into what the operation has seen or
given. Told with copies, nobody can have saved what is written, so that its gradients are right if the
rules are (tests/ops sees to that); told with writes, it must give the same gradients or an error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import tinygrad_nn as tg
from tinygrad_nn import optim

WRITERS: dict[str, Callable[[Any], Any]] = {
    "mul_": lambda t: t.mul_(0.5) if t.is_floating_point() else t.mul_(2),
    "zero_": lambda t: t.zero_(),
    "setitem": lambda t: t.__setitem__(Ellipsis, 1),
    "copy_": lambda t: t.copy_(t.detach() * 2 + 1),
    "copy_ of a leaf": lambda t: t.copy_(LEAF.to(t.dtype)),
    "relu_": lambda t: t.relu_(),
    "normal_": lambda t: t.normal_(generator=tg.Generator().manual_seed(3)),
    "np.multiply(out=)": lambda t: np.multiply(t, 2, out=t),
    "masked_fill_": lambda t: t.masked_fill_(t.detach() == t.detach(), 0.7),
    "exp_": lambda t: t.exp_(),
}
LEAF = tg.tensor(0.4, dtype=tg.float64, requires_grad=True)
FLOATING = {"relu_", "normal_", "masked_fill_", "exp_"}

ALIASES: dict[str, Callable[[Any], Any]] = {
    "itself": lambda t: t,
    "a view": lambda t: t[:1] if t.ndim else t.view(()),
    "a reshaped view": lambda t: t.reshape(-1)[1:],
    "detached": lambda t: t.detach(),
    "a view of it detached": lambda t: t.detach()[:1] if t.ndim else t.detach().view(()),
    "detached view of it": lambda t: t[:1].detach() if t.ndim else t.view(()).detach(),
}


def floats(value: Any) -> list[Any]:
    """The floating tensors of a result."""
    if isinstance(value, (tuple, list)):
        return [t for part in value for t in floats(part)]
    return [value] if isinstance(value, tg.Tensor) and value.is_floating_point() else []


def projected(tensors: list[Any]) -> Any:
    """A number that depends on every element of every tensor, unevenly."""
    total: Any = 0.0
    for k, t in enumerate(tensors):
        weights = np.cos(1.7 * np.arange(t.array.size) + 0.6 * k).reshape(t.array.shape) + 0.15
        total = total + (t * tg.tensor(weights)).sum()
    return total


def run(
    call: Callable[..., Any], leaves: list[Any], place: int, alias: str, writer: str, *, no_grad: bool, copies: bool,
    orders: int = 1, shares: bool = False, fixed: Sequence[Any] = (),
) -> list[Any] | None:  # fmt: skip
    """The leaves' gradients of one program; None where there is no such program.

    call: from tensors to tensors. place: which of its results, then which of its operands, is written.
    orders: 2 writes between the first and the second derivative. shares: the result is a view of the operand.
    fixed: more operands, which are not written.
    """
    operands = [leaf.clone() for leaf in leaves]
    results = floats(call(*operands, *fixed))
    seen = [*results, *operands]
    if place >= len(seen):
        return None
    total: Any = None
    if orders == 2:
        wanted = [t for t in leaves if t.requires_grad]
        slopes = tg.autograd.grad(projected(results), wanted, create_graph=True, allow_unused=True)
        total = projected([s for s in slopes if s is not None])
    target = seen[place]
    if writer in FLOATING and not target.is_floating_point():
        return None
    if not np.shares_memory(ALIASES[alias](target).array, target.array):
        return None
    if copies:  # what is written is a copy; the operation has its own
        silent = no_grad or "detached" in alias
        seen[place] = _written_copy(target, alias, writer, silent)
        if shares:
            whole = seen[1] if place else _put_back(call, operands[0], seen[0], alias, silent)
            seen = [call(whole), whole]
    elif no_grad:
        with tg.no_grad():
            WRITERS[writer](ALIASES[alias](target))
    else:
        WRITERS[writer](ALIASES[alias](target))
    last = projected(floats(seen))
    total = last if total is None else total + last
    asked = [t for t in (*leaves, *fixed) if t.requires_grad]
    found = tg.autograd.grad(total, asked, allow_unused=True, materialize_grads=True)
    return [g.array for g in found]


def _written_copy(target: Any, alias: str, writer: str, silent: bool) -> Any:
    """A copy of `target` with the write done to it; if `silent`, values change and no history does."""
    copy = target.clone()
    if not silent:
        WRITERS[writer](ALIASES[alias](copy))
        return copy
    changed = target.detach().clone()
    with tg.no_grad():
        WRITERS[writer](ALIASES[alias](changed))
    return copy + (changed - copy.detach()) if copy.is_floating_point() else copy


def _put_back(call: Callable[..., Any], whole: Any, part: Any, alias: str, silent: bool) -> Any:
    """`whole` with the elements that an alias of `call(whole)` sees exchanged for those of `part`."""
    places = ALIASES[alias](call(tg.arange(whole.numel()).reshape(whole.shape))).reshape(-1)
    part = ALIASES[alias](part)
    if silent:
        part = part.detach()
    put = whole.reshape(-1).index_put((places,), part.reshape(-1)).reshape(whole.shape)
    return whole + (put - whole).detach() if silent else put


def after_a_step(call: Callable[..., Any], leaves: list[Any]) -> list[Any] | None:
    """The leaves' gradients where an optimizer's step stands between forward and backward."""
    parameters = [leaf.detach().clone().requires_grad_() for leaf in leaves if leaf.requires_grad]
    given = iter(parameters)
    operands = [next(given) if leaf.requires_grad else leaf for leaf in leaves]
    total = projected(floats(call(*operands)))
    for p in parameters:
        p.grad = tg.ones_like(p)
    optim.SGD(parameters, lr=0.5).step()
    found = tg.autograd.grad(total, parameters, allow_unused=True, materialize_grads=True)
    return [g.array for g in found]


def differences(
    call: Callable[..., Any],
    leaves: list[Any],
    writers: list[str],
    orders: tuple[int, ...] = (1,),
    shares: bool = False,
    fixed: Sequence[Any] = (),
    aliases: Sequence[str] = tuple(ALIASES),
) -> list[str]:
    """Programs around one call that give neither the right gradients nor an error."""
    found = []
    count = len(leaves) + len(floats(call(*leaves, *fixed)))
    options = {"shares": shares, "fixed": fixed}
    for order in orders:
        for place in range(count):
            for alias in aliases:
                for no_grad in (False, True):
                    for writer in writers:
                        text = _difference(call, leaves, place, alias, writer, no_grad, order, options)
                        if text is not None:
                            found.append(text)
    return found


def _difference(
    call: Callable[..., Any],
    leaves: list[Any],
    place: int,
    alias: str,
    writer: str,
    no_grad: bool,
    order: int,
    options: dict[str, Any],
) -> str | None:
    options = {"no_grad": no_grad, "orders": order, **options}
    try:
        got = run(call, leaves, place, alias, writer, copies=False, **options)
    except RuntimeError:
        return None
    right = run(call, leaves, place, alias, writer, copies=True, **options)
    if got is None or right is None:
        return None
    for a, b in zip(got, right, strict=True):
        if not np.allclose(a, b, rtol=1e-7, atol=1e-9, equal_nan=True):
            where = "under no_grad" if no_grad else "recorded"
            return f"order {order}: {writer} to {alias} of tensor {place}, {where}: {a.tolist()}, right {b.tolist()}"
    return None
