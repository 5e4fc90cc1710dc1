"""Checkpointing: keep a function's inputs, throw its graph away, and make it again in the backward pass.

Memory for time: a chain of n equal pieces then holds one piece's intermediate results, not n.
Source: Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tinygrad_nn.autograd.mode import enable_grad
from tinygrad_nn.autograd.walk import walk
from tinygrad_nn.errors import AutogradError, message
from tinygrad_nn.functions.autocast import resumed, target
from tinygrad_nn.generator import default_generator
from tinygrad_nn.primitive import PICK, TYPES, Primitive, node_of, wrap
from tinygrad_nn.tape import Node, local
from tinygrad_nn.versions import root_of

__all__ = ["checkpoint", "checkpoint_sequential"]


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """function(*args, **kwargs), whose intermediate results are computed again when they are needed.

    Gradients reach the arguments and whatever parameters the function uses, to any order. With
    `preserve_rng_state` the second run draws the same random numbers (dropout's masks), and it casts
    as `autocast` did in the first. Both settings of `use_reentrant` do the same here.

    The second run needs what the first one read: RuntimeError in the backward pass if an argument was written
    in place since (by the function itself, too), or a parameter after the call.

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
    >>> checkpoint(lambda x: (x * x).exp(), x).sum().backward()
    >>> bool(((2 * x * (x * x).exp()).detach() == x.grad).all())
    True
    """
    if not local.mode.grad or (local.mode.tracer is not None and local.mode.tracer.whole_rules):
        return function(*args, **kwargs)  # a program keeps what it needs
    state = default_generator.clone_state() if preserve_rng_state else None
    casts = target()
    inputs = [(t, root_of(t)._written) for t in _tensors((args, kwargs))]
    result = function(*args, **kwargs)
    outputs = list(result) if isinstance(result, (tuple, list)) else [result]
    made = [out for out in outputs if type(out) in TYPES and node_of(out) is not None]
    if not made:
        return result
    given = [node for node in map(node_of, (*args, *kwargs.values())) if node is not None]
    ends = _ends([node_of(out) for out in made], set(given))

    leaves = [leaf for end in ends if end.watch is not None and (leaf := end.watch.tensor()) is not None]
    moments = [root_of(leaf)._written for leaf in leaves]

    def again() -> list[tuple[Node, Any]]:
        """Run once more, and pair the new outputs' nodes with their places."""
        for t, moment in (*inputs, *zip(leaves, moments, strict=True)):
            _check_unwritten(t, moment)
        now = default_generator.clone_state()
        if state is not None:
            default_generator.set_state(state.get_state())
        try:
            with enable_grad(), resumed(casts):
                repeated = function(*args, **kwargs)
        finally:
            default_generator.set_state(now.get_state())
        moments[:] = [root_of(leaf)._written for leaf in leaves]  # an embedding limits its rows' norms at each run
        fresh = list(repeated) if isinstance(repeated, (tuple, list)) else [repeated]
        return [(node, k) for k, out in enumerate(fresh) if (node := node_of(out)) is not None]

    def rule(g: tuple[Any, ...], env: list[Any]) -> tuple[Any, ...]:
        shares = dict(zip(positions, g, strict=True))
        found = walk(
            [(node, shares[k]) for node, k in again()],
            wanted=set(ends),
            create_graph=local.mode.grad,
            retain_graph=local.mode.grad,
        )
        return tuple([found.get(end) for end in ends])

    positions = [k for k, out in enumerate(outputs) if any(out is m for m in made)]
    operation = Primitive("checkpoint", lambda x: x, (), arity=0, multi=True)
    operation.joint, operation.keeps = rule, True
    shapes, kinds = tuple([out.array.shape for out in made]), tuple([out.array.dtype for out in made])
    node = Node(operation, tuple(ends), (), None, shapes, kinds, local.mode.scope)
    for k, place in enumerate(positions):
        array = outputs[place].array
        outputs[place] = wrap(array, Node(PICK, (node,), (k,), None, array.shape, array.dtype, local.mode.scope))
    return outputs[0] if type(result) in TYPES else type(result)(outputs)


def _tensors(value: Any) -> Iterator[Any]:
    """The tensors among arguments, also in tuples, lists and dicts."""
    if type(value) in TYPES:
        yield value
    elif type(value) is tuple or type(value) is list:
        for item in value:
            yield from _tensors(item)
    elif type(value) is dict:
        yield from _tensors(list(value.values()))


def _check_unwritten(t: Any, moment: int) -> None:
    """Raise if the memory of `t` was written after `moment`."""
    root = root_of(t)
    if root._written > moment:
        version, name, path, line = root._writer
        raise AutogradError(
            message(
                "one of the variables needed for gradient computation has been modified by an inplace operation",
                got=f"a tensor of shape {tuple(t.array.shape)} that a checkpoint's second run needs, written by "
                f"`{name}` at {path}:{line} (version {version})",
                fix="give the function a copy, checkpoint(f, x.clone()), and write parameters after the backward pass",
            )
        )


def _ends(roots: Sequence[Node | None], inputs: set[Node]) -> list[Node]:
    """The inputs and the leaves that a graph depends on, oldest first."""
    seen: set[Node] = set()
    ends: list[Node] = []
    stack = [node for node in roots if node is not None]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if node in inputs or node.primitive is None:
            ends.append(node)
        else:
            stack.extend(parent for parent in node.parents if parent is not None)
    return sorted(ends, key=lambda node: node.order)


def checkpoint_sequential(functions: Sequence[Callable[..., Any]], segments: int, input: Any, **kwargs: Any) -> Any:
    """A chain of functions in `segments` pieces, each checkpointed but the last."""
    steps = list(functions)
    size = max(1, len(steps) // segments)
    for k in range(segments):
        piece = steps[k * size : (k + 1) * size] if k < segments - 1 else steps[k * size :]

        def run(x: Any, piece: list[Callable[..., Any]] = piece) -> Any:
            for step in piece:
                x = step(x)
            return x

        input = run(input) if k == segments - 1 else checkpoint(run, input, **kwargs)
    return input
