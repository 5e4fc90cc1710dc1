"""`backward` and `grad`: what a user asks of the walk."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.autograd.mode import no_grad
from tinygrad_nn.autograd.walk import fit, walk
from tinygrad_nn.errors import AutogradError, DTypeError, ShapeError, message
from tinygrad_nn.flags import refuse_word, switches
from tinygrad_nn.ops.shape import clone, in_order, stack
from tinygrad_nn.order import arranged, order_of
from tinygrad_nn.primitive import TYPES, node_of, wrap
from tinygrad_nn.tape import Node, local
from tinygrad_nn.versions import stamp_all
from tinygrad_nn.views import write

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = ["backward", "grad"]


def backward(
    tensors: Tensor | Sequence[Tensor],
    grad_tensors: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Sequence[Tensor] | None = None,
) -> None:
    """Add the gradients of `tensors` to the `.grad` of every leaf they depend on (of `inputs`, if given).

    grad_tensors: the cotangents of `tensors`; a scalar needs none (it is 1).
    retain_graph: keep what the graph saved, for another walk (default: as `create_graph`).
    create_graph: record the walk, so that the gradients can be differentiated again.
    inputs: the tensors to reach, leaves or results; a result keeps its gradient from then on.

    Raises RuntimeError for a non-scalar without cotangent, a tensor without a graph, a freed graph.

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> tg.autograd.backward((x * x).sum())
    >>> x.grad
    tensor([2., 4.])
    """
    if isinstance(retain_graph, str) or isinstance(create_graph, str):
        refuse_word("backward", "retain_graph", retain_graph)
        refuse_word("backward", "create_graph", create_graph)
    outputs = _as_list(tensors)
    roots = _roots(outputs, grad_tensors, create_graph)
    wanted = None
    if inputs is not None:
        asked = _as_list(inputs)
        if not asked:
            raise AutogradError(message("backward: `inputs` is empty", fix="leave it out to reach every leaf"))
        wanted = {_required(t, "backward: an input") for t in asked}
        for t in asked:
            t.retain_grad()
    retain = create_graph if retain_graph is None else retain_graph
    found = walk(roots, wanted=wanted, create_graph=create_graph, retain_graph=retain)
    holders = {node_of(t): t for t in _as_list(inputs)} if inputs is not None else None
    with _accumulating:
        _deliver(found, holders, create_graph)


_accumulating = threading.RLock()
"""Held while gradients are added to `.grad`: two threads that add to one large array at once would lose a part."""


def _deliver(found: dict[Node, Any], holders: dict[Node | None, Any] | None, create_graph: bool) -> None:
    """Add the cotangents that a walk found to the `.grad` of their tensors."""
    added: list[Any] = []  # gradients that were there before, and are written in place
    taken: set[int] = set()
    for node, cotangent in found.items():
        if node.primitive is not None:
            continue  # a result that was asked for retains its gradient: the walk has added to it
        watch = node.watch
        if holders is not None and node in holders:
            holder: Any = holders[node]
        else:
            holder = watch.tensor() if watch is not None else None
        if (
            holder is not None
            and holder._grad is None
            and type(cotangent) is np.ndarray
            and watch is not None
            and not watch.hooks
            and not watch.after
        ):
            if cotangent.strides != holder.array.strides:
                cotangent = arranged(cotangent, _order_for(holder.array))
            holder._grad = wrap(cotangent)  # nearly always
        else:
            _accumulate(node, holder, cotangent, added, shared=create_graph or id(cotangent) in taken)
            taken.add(id(cotangent))
    if added:
        stamp_all(added, "backward")


def _accumulate(node: Node, tensor: Any, cotangent: Any, added: list[Any], shared: bool) -> None:
    """Add a leaf's cotangent to its `.grad`, through its hooks.

    shared: a traced cotangent may be another's, too (both leaves of a + b have the same): `.grad` is a copy.
    """
    traced = type(cotangent) in TYPES
    if node.primitive is None:
        cotangent = _hooked(node, cotangent)
    if tensor is None:
        return
    if traced:
        if local.mode.tracer is not None:
            local.mode.tracer.accumulates(tensor)
        before, cotangent = cotangent, in_order(cotangent, _order_for(tensor.array))
        if tensor._grad is None:
            tensor._grad = clone(cotangent, "K") if shared and cotangent is before else cotangent
        elif cotangent.node is None and tensor._grad.node is None:
            with no_grad():
                write(tensor._grad, tensor._grad + cotangent, "backward")
        else:
            tensor._grad = tensor._grad + cotangent
    elif tensor._grad is None or tensor._grad.node is not None:
        total = cotangent if tensor._grad is None else tensor._grad.array + cotangent
        tensor._grad = wrap(arranged(total, _order_for(tensor.array)))
    else:
        tensor._grad.array += cotangent
        added.append(tensor._grad)
    if node.watch is not None:
        for hook in tuple(node.watch.after.values()):
            hook(tensor)


def _order_for(leaf: Any) -> tuple[int, ...]:
    """The order in memory of a leaf's gradient: the leaf's own, or row by row where that has gaps or repeats."""
    order = order_of(leaf)
    return order if leaf.transpose(order).flags.c_contiguous else tuple(range(leaf.ndim))


def _hooked(node: Node, cotangent: Any) -> Any:
    """A leaf's cotangent after its hooks."""
    if node.watch is None or not node.watch.hooks:
        return cotangent
    if type(cotangent) in TYPES:
        return node.watch.run_hooks(cotangent)
    return np.array(node.watch.run_hooks(wrap(np.asarray(cotangent))).array)  # the hook may keep what it saw or gave


@switches
def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool | None = None,
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of `outputs` (weighted by `grad_outputs`) for each of `inputs`; `.grad` is left alone.

    allow_unused: None for an input that the outputs do not depend on, instead of an error.
    materialize_grads: zeros there instead.
    is_grads_batched: `grad_outputs` have a leading batch axis, and so have the results.

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor(3.0, requires_grad=True)
    >>> (slope,) = tg.autograd.grad(x**3, x, create_graph=True)
    >>> tg.autograd.grad(slope, x)
    (tensor(18.),)
    """
    if is_grads_batched:
        return _batched(outputs, inputs, grad_outputs, retain_graph, create_graph, allow_unused, materialize_grads)
    asked = _as_list(inputs)
    nodes = [_required(t, "grad: an input") for t in asked]
    roots = _roots(_as_list(outputs), grad_outputs, create_graph)
    retain = create_graph if retain_graph is None else retain_graph
    found = walk(roots, wanted=set(nodes), create_graph=create_graph, retain_graph=retain)
    results: list[Any] = []
    for tensor, node in zip(asked, nodes, strict=True):
        cotangent = found.get(node)
        if cotangent is None:
            if not (allow_unused or materialize_grads):
                raise AutogradError(
                    message(
                        "One of the differentiated Tensors appears to not have been used in the graph",
                        got=f"an input of shape {tuple(tensor.shape)}",
                        fix="set allow_unused=True if this is meant",
                    )
                )
            results.append(wrap(np.zeros_like(tensor.array)) if materialize_grads else None)
            continue
        if node.primitive is None:
            cotangent = _hooked(node, cotangent)
        results.append(cotangent if type(cotangent) in TYPES else wrap(np.array(cotangent)))
    return tuple(results)


def _batched(
    outputs: Any, inputs: Any, grad_outputs: Any, retain: bool | None, create: bool, unused: bool | None, zeros: bool
) -> tuple[Any, ...]:
    """One walk per leading index of the cotangents; the results stacked."""
    cotangents = _as_list(grad_outputs)
    count = len(cotangents[0])
    rows = []
    for k in range(count):
        keep = True if k < count - 1 else retain
        rows.append(grad(outputs, inputs, [c[k] for c in cotangents], keep, create, unused, False, zeros))
    first = [column[0] for column in zip(*rows, strict=True)]
    return tuple(None if head is None else stack([row[j] for row in rows], 0) for j, head in enumerate(first))


def _roots(outputs: list[Any], cotangents: Any, create_graph: bool) -> list[tuple[Node, Any]]:
    """Each output's node with its cotangent, checked."""
    given = [None] * len(outputs) if cotangents is None else _as_list(cotangents)
    if len(given) != len(outputs):
        raise AutogradError(
            message(
                "each output needs one cotangent (None for a scalar)",
                got=f"{len(outputs)} outputs, {len(given)} cotangents",
            )
        )
    traced = create_graph or local.mode.tracer is not None
    roots = []
    for k, (output, cotangent) in enumerate(zip(outputs, given, strict=True)):
        node = node_of(output)
        if node is None:
            if len(outputs) > 1 and cotangents is not None and cotangent is None:
                continue
            raise AutogradError(
                message(
                    f"element {k} of tensors does not require grad and does not have a grad_fn",
                    got=f"a tensor of shape {tuple(output.shape)} and dtype {output.dtype}",
                    fix="make its inputs with requires_grad=True, and do not compute it under no_grad()",
                )
            )
        array = output.array
        if cotangent is None:
            if array.size != 1:
                raise AutogradError(
                    message(
                        "grad can be implicitly created only for scalar outputs",
                        got=f"an output of shape {tuple(array.shape)}",
                        fix="reduce it first (loss.sum() or loss.mean()), or pass the cotangent: y.backward(v)",
                    )
                )
            ones = np.empty(array.shape, array.dtype)
            ones.fill(1)
            start = wrap(ones) if traced else ones
            if local.mode.tracer is not None:
                local.mode.tracer.constant(start, "one")
            roots.append((node, start))
            continue
        if type(cotangent) not in TYPES:
            raise DTypeError(message("a cotangent must be a tensor", got=type(cotangent).__name__))
        if tuple(cotangent.array.shape) != tuple(array.shape):
            raise ShapeError(
                message(
                    f"Mismatch in shape: grad_output[{k}] has another shape than output[{k}]",
                    got=f"{tuple(cotangent.array.shape)} for an output of shape {tuple(array.shape)}",
                )
            )
        value = cotangent if traced else cotangent.array
        roots.append((node, fit(value, array.shape, array.dtype)))
    return roots


def _required(t: Any, what: str) -> Node:
    node = node_of(t)
    if node is None:
        raise AutogradError(
            message(
                f"{what} does not require grad", got=f"shape {tuple(t.shape)}", fix="make it with requires_grad=True"
            )
        )
    return node


def _as_list(given: Any) -> list[Any]:
    if type(given) in TYPES:
        return [given]
    listed = list(given) if isinstance(given, Iterable) and not isinstance(given, (str, dict)) else [given]
    for item in listed:
        if type(item) not in TYPES and item is not None:
            raise DTypeError(
                message("autograd: expected a tensor or a sequence of them", got=f"{type(item).__name__} {item!r:.60}")
            )
    return listed
