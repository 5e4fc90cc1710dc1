"""The backward walk: from outputs to what was asked for, newest node first, each node once.

A cotangent waits in `pending` until its node is the newest one left; by then every consumer has
added its share, because consumers are newer. Then the node's rules hand shares to its parents.
Nothing recurses, so a chain of any length will do.

The rules are polymorphic, and so is the walk: on arrays it computes; with `create_graph`, or while
a tracer listens, it hands Tensors around, and whatever the rules do is recorded or traced.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from heapq import heappop, heappush
from math import prod
from typing import Any

import numpy as np

from tinygrad_nn.errors import AutogradError, message
from tinygrad_nn.ops.elementwise import cast, div
from tinygrad_nn.ops.reduce import sum
from tinygrad_nn.ops.shape import clone, expand
from tinygrad_nn.ops.sums import FEW, add_rows
from tinygrad_nn.primitive import PICK, TYPES, Primitive, wrap
from tinygrad_nn.tape import FREED, Node, Tracer, local
from tinygrad_nn.versions import Overwritten, check_fresh, shadow
from tinygrad_nn.views import detached

__all__ = ["fit", "walk"]

Array = Any

DIV = div.primitive  # type: ignore[attr-defined]
"""Division by an integer, a mean's, saves no tensor: as in PyTorch, another backward() may pass it."""


def walk(
    roots: Iterable[tuple[Node, Any]], *, wanted: set[Node] | None, create_graph: bool, retain_graph: bool
) -> dict[Node, Any]:
    """The cotangents of the `wanted` nodes (of all leaves, if None), given those of the roots.

    Only nodes on a path to a wanted one are visited. Without `retain_graph`, each node releases
    what it saved once it has been used.
    """
    mode = local.mode
    tracer = mode.tracer
    traced = create_graph or tracer is not None
    pending: dict[Node, Any] = {}
    found: dict[Node, Any] = {}
    heap: list[tuple[int, Node]] = []
    path = None if wanted is None else _paths([node for node, _ in roots], wanted)
    shares = [(node, np.array(g) if node.primitive is None and not traced else g) for node, g in roots]
    before, mode.grad = mode.grad, create_graph
    try:
        while True:
            for node, share in shares:  # each is added to its node's cotangent
                if node.primitive is None:
                    found[node] = share if node not in found else found[node] + share
                elif node in pending:
                    pending[node] = pending[node] + share
                else:
                    pending[node] = share
                    heappush(heap, (-node.order, node))
            if not heap:
                break
            shares = []
            node = heappop(heap)[1]
            g = pending.pop(node)
            if node.watch is not None:
                g = _watched(node, g, traced)
            if wanted is not None and node in wanted:
                found[node] = g
                if path is not None and not any([parent in path for parent in node.parents]):
                    continue
            primitive: Any = node.primitive
            if primitive is PICK:
                _gather_part(node, g, pending, heap)
                continue
            shares = _shares(node, primitive, g, path, traced, tracer)
            if primitive.keeps and not retain_graph and not (primitive is DIV and type(node.args[1]) is int):
                node.args, node.out = FREED, None
    finally:
        mode.grad = before
        if tracer is not None:
            tracer.finished()
    return found


def _shares(
    node: Node, primitive: Any, g: Any, path: set[Node] | None, traced: bool, tracer: Tracer | None
) -> list[tuple[Node, Any]]:
    """What each parent receives: its rule applied to `g`, fitted to its shape and dtype."""
    whole = tracer is not None and tracer.whole_rules and _needs_all_it_kept(node)
    env = _environment(node, traced and not whole)
    if tracer is not None:
        tracer.enters(node)
    if primitive.multi:
        g = _whole(node, g, traced)
    if primitive.joint is not None:
        env[1] = node
        joint = _as_one(node, g, env) if whole else primitive.joint(g, env)
    given = []
    for position, parent in enumerate(node.parents):
        if parent is None or (path is not None and parent not in path):
            continue
        if primitive.joint is not None:
            share = joint[position]
            if share is None:
                continue
        else:
            rule = primitive.rules[0 if primitive.variadic else position]
            if rule is None:
                continue
            env[1] = parent.shape
            env[2] = position
            share = rule(g, env)
        if share.shape != parent.shape or (share.array if traced else share).dtype is not parent.dtype:
            share = fit(share, parent.shape, parent.dtype)
        if parent.primitive is None and not local.mode.grad:  # a leaf's becomes its .grad: never another's memory
            if not traced:
                if share is g or share.base is not None or primitive.joint is not None:
                    share = np.array(share)
            elif share is g or share.array.base is not None or primitive.joint is not None:
                share = clone(share, "K")
        if tracer is not None:
            tracer.rule_gave(node, parent, share)
        given.append((parent, share))
    return given


def _needs_all_it_kept(node: Node) -> bool:
    """Whether the rules read more than one array of what the forward kept: as a whole, they compute on arrays."""
    primitive = node.primitive
    return (
        primitive is not None
        and primitive.joint is not None
        and primitive.residual
        and not local.mode.grad
        and node.args is not FREED
        and node.args[0] is not None
        and type(node.args[0]) is not np.ndarray
    )


_SLOPES: dict[str, Primitive] = {}
"""The joint rules that were seen as one operation, by the names of their primitives."""


def _as_one(node: Node, g: Any, env: list[Any]) -> tuple[Any, ...]:
    """A joint rule on arrays, as one operation for whoever listens: (g, result, what was kept, operands) to cotangents."""
    primitive: Any = node.primitive
    if primitive.name not in _SLOPES:

        def slopes(g: Any, out: Any, kept: Any, *args: Any) -> tuple[Any, ...]:
            return tuple(primitive.joint(g, [out, None, 0, kept, *args]))

        _SLOPES[primitive.name] = Primitive(f"{primitive.name}_slopes", slopes, (), arity=1, multi=True)
    operation = _SLOPES[primitive.name]
    arrays = tuple([part.array for part in g]) if type(g) is tuple else g.array
    joint = operation.forward(arrays, env[0], env[3], *env[4:])
    shares = tuple([None if share is None else wrap(share) for share in joint])
    assert local.mode.tracer is not None
    local.mode.tracer.saw(operation, (g, env[0], env[3], *node.args[1:]), shares)
    return shares


def _dtype(value: Any) -> Any:
    return value.array.dtype if type(value) in TYPES else value.dtype


def fit(share: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Undo broadcasting and promotion: the one place that does.

    Axes that the operand lacked, or had as size one, are summed; a share smaller than the operand
    (the rule of a sum) is broadcast.
    """
    if tuple(share.shape) != shape:
        lead = share.ndim - len(shape)
        if (
            lead == 1
            and type(share) is np.ndarray
            and share.dtype is dtype
            and dtype.itemsize > 2
            and share.shape[1:] == shape
        ):
            return np.add.reduce(share, 0) if len(share) < FEW else add_rows(share)  # a bias: the commonest case
        stretched = [k + lead for k, n in enumerate(shape) if lead >= 0 and n == 1 and share.shape[k + lead] != 1]
        axes = (*range(lead), *stretched)
        if axes:
            share = sum(share, axes, bool(stretched))
            if stretched and lead:
                share = share.reshape(tuple(share.shape[lead:]))
        if tuple(share.shape) != shape:
            share = _spread(share, shape)
    return share if _dtype(share) == dtype else cast(share, dtype)


def _spread(share: Any, shape: tuple[int, ...]) -> Any:
    """Broadcast. A small array is filled instead: NumPy's broadcast_to takes longer than that."""
    if type(share) in TYPES:
        wide = expand(share, shape)
        return (
            wide if local.mode.grad or prod(shape) > 4096 else clone(wide, "C")
        )  # as on arrays: sums see the memory's order
    if prod(shape) > 4096:
        return expand(share, shape)
    filled = np.empty(shape, share.dtype)
    filled[...] = share
    return filled


def _paths(outputs: Iterable[Node], wanted: set[Node]) -> set[Node]:
    """The nodes from which a wanted node can be reached, themselves included."""
    oldest = min((node.order for node in wanted), default=0)
    reachable: set[Node] = set()
    stack = list(outputs)
    while stack:
        node = stack.pop()
        if node not in reachable and node.order >= oldest:
            reachable.add(node)
            stack.extend(parent for parent in node.parents if parent is not None)
    path: set[Node] = set()
    for node in sorted(reachable, key=lambda node: node.order):
        if node in wanted or any(parent in path for parent in node.parents):
            path.add(node)
    return path


def _environment(node: Node, traced: bool) -> list[Any]:
    """What the node's rules may read: [out, shape, position, residual, *args], saved tensors checked and unwrapped."""
    if node.args is FREED:
        raise AutogradError(_freed(node))
    primitive: Any = node.primitive
    out = node.out
    if out is not None and (traced or type(out) is not np.ndarray):
        out = _result(node, primitive, out, traced)
    args = node.args
    if primitive.residual:
        env: list[Any] = [out, None, 0, _residual(args[0]) if traced else args[0]]
        args = args[1:]
    else:
        env = [out, None, 0, None]
    for arg in args:
        if type(arg) in TYPES:
            if (arg if arg._view is None else arg._view.root)._written > node.order and not (
                env[3] is not None and _place(args, arg) in primitive.spares
            ):
                check_fresh(node, arg)
            env.append(_as_it_was(node, _place(args, arg), arg) if traced else arg.array)
        elif type(arg) is tuple or type(arg) is list:
            for k, item in enumerate(arg):
                if type(item) in TYPES and not (primitive.variadic and arg is args[0] and _is_unread(node, k)):
                    check_fresh(node, item)
            if not traced:
                env.append(tuple([item.array if type(item) in TYPES else item for item in arg]))
            elif primitive.variadic and arg is args[0]:
                env.append(tuple([_as_it_was(node, k, item) for k, item in enumerate(arg)]))
            else:
                env.append(arg)
        else:
            env.append(arg)
    return env


def _is_unread(node: Node, k: int) -> bool:
    """Whether no rule that runs reads item k of a list: the rule of an item reads the others."""
    return not any([parent is not None and i != k for i, parent in enumerate(node.parents)])


def _place(args: tuple[Any, ...], arg: Any) -> int:
    return next(k for k, other in enumerate(args) if other is arg)


def _result(node: Node, primitive: Any, out: Any, traced: bool) -> Any:
    """What a node kept of its result, as its rules read it. An error if it was written over."""
    if type(out) is Overwritten:
        raise AutogradError(out.text)
    if primitive.saves_out and primitive.multi:  # a Function's says itself which of its results it reads
        for part in out:
            if type(part) is Overwritten:
                raise AutogradError(part.text)
    if not traced:
        return out
    if not primitive.multi:
        return shadow(node, wrap(out, node)) if local.mode.grad else wrap(out, node)
    parts = []
    for k, part in enumerate(out):
        if type(part) is not Overwritten:
            part = wrap(part, Node(PICK, (node,), (k,), None, part.shape, part.dtype, None))
            if local.mode.grad:
                shadow(node, part)
        parts.append(part)
    return tuple(parts)


def _as_it_was(node: Node, place: int, saved: Any) -> Any:
    """A saved operand with the history that it had when it was saved: `detach_` may have taken it since.

    A constant that is asked for its gradient since, is asked for it here, too.
    """
    if not local.mode.grad or place >= len(node.parents) or type(saved) not in TYPES:
        return saved
    parent, now = node.parents[place], saved.node
    if now is parent or (parent is None and now.primitive is None):
        return saved
    return detached(saved, wrap(saved.array, parent))


def _residual(kept: Any) -> Any:
    """What a forward kept for its rule, as a Tensor while a tracer listens; None where it is no single array,
    or where the rule is itself to be differentiated, and has to compute it from its operands."""
    return None if local.mode.grad or type(kept) is not np.ndarray else wrap(kept)


def _watched(node: Node, g: Any, traced: bool) -> Any:
    """Run the node's hooks, each of which may replace the cotangent, and keep it if `retain_grad` asked."""
    assert node.watch is not None
    if node.watch.hooks:
        share = node.watch.run_hooks(g if traced else wrap(np.array(g)))
        g = share if traced else share.array
    tensor = node.watch.tensor()
    if tensor is not None:
        share = (clone(g, "K") if local.mode.grad else g) if traced else wrap(np.array(g))
        tensor._grad = share if tensor._grad is None else tensor._grad + share
    return g


def _gather_part(node: Node, g: Any, pending: dict[Node, Any], heap: list[tuple[int, Node]]) -> None:
    """Hand the cotangent of one output to the node that made all of them."""
    whole, k = node.parents[0], node.args[0]
    assert whole is not None
    if whole not in pending:
        pending[whole] = {}
        heappush(heap, (-whole.order, whole))
    parts = pending[whole]
    parts[k] = g if k not in parts else parts[k] + g


def _whole(node: Node, parts: dict[int, Any], traced: bool) -> tuple[Any, ...]:
    """The cotangents of all outputs of a node: zeros where none arrived (None, for a rule that is `partial`)."""
    whole: list[Any] = []
    partial = node.primitive is not None and node.primitive.partial
    wants_zeros = not partial and (not node.args or getattr(node.args[0], "materialize_grads", True))
    for k, (shape, dtype) in enumerate(zip(node.shape, node.dtype, strict=True)):
        part = parts.get(k)
        if part is None and wants_zeros:
            zeros = np.zeros(shape, dtype)
            part = wrap(zeros) if traced else zeros
            if local.mode.tracer is not None:
                local.mode.tracer.constant(part, "zeros")
        whole.append(part)
    return tuple(whole)


def _freed(node: Node) -> str:
    """The message for a second walk through a released node, with the tensor's name if a caller still holds it."""
    holder = _name_of(node)
    return message(
        "Trying to backward through the graph a second time, but what it saved has already been freed",
        got=f"the result of `{node.name}`, shape {node.shape}"
        + (f", in {node.scope}" if node.scope is not None else "")
        + (f": {holder}" if holder else "")
        + ", was made before the previous backward() (outside the loop?)",
        fix="make it again inside the loop, detach() it, or call backward(retain_graph=True)",
    )


def _name_of(node: Node) -> str | None:
    """The caller's variable that holds the tensor of `node` or the nearest result computed from it."""
    frame = sys._getframe(1)
    best: tuple[int, str] | None = None
    while frame is not None:
        for name, value in frame.f_locals.items():
            made = value.node if type(value) in TYPES else None
            if made is not None and made.primitive is not None and made.args is FREED:
                rank = 0 if made is node else 1 + abs(made.order - node.order)
                if best is None or rank < best[0]:
                    best = (rank, f"the tensor `{name}` in {frame.f_code.co_name}()")
        frame = frame.f_back  # type: ignore[assignment]
    return best[1] if best else None
