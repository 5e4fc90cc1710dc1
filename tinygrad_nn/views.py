"""Views and in-place writes: who shares memory, who was written when, and what history follows.

Everything about the two stands here and can be read alone.

A *view* (`x[0]`, `x.view(-1)`, `x.T`) shares its base's memory. Its `View` says from which tensor
and by which primitive it was made, and which tensor is the *root* that owns the memory.

An in-place write is an ordinary operation whose result is then copied over its target
(`inplace`, `write`). The root notes the moment, in ticks of the tape's clock, and so:

- a saved tensor is stale exactly if its root was written after the node that saved it
  (`check_fresh`; no counter needs to be kept at recording);
- a view whose root was written since it was made has a new history: it is made again from its
  source when somebody asks (`View.node_of`);
- a write through a view gives the *root* a new history: the old one, with the written positions
  coming from the new value (the primitive `written`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any

import numpy as np

from tinygrad_nn.complaint import aligned
from tinygrad_nn.dtypes import as_dtype
from tinygrad_nn.errors import AutogradError, ShapeError, message
from tinygrad_nn.ops.elementwise import cast
from tinygrad_nn.ops.index import written
from tinygrad_nn.ops.shape import expand
from tinygrad_nn.primitive import PICK, TYPES, Primitive, node_of, recorded, wrap
from tinygrad_nn.tape import Node, local, tick

__all__ = ["View", "check_fresh", "inplace", "root_of", "user_line", "write"]

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep


class View:
    """How a tensor shares another's memory. `primitive` is None where no gradient passes (detach)."""

    __slots__ = ("args", "primitive", "root", "seen", "source")

    def __init__(self, root: Any, source: Any, primitive: Primitive | None, args: tuple[Any, ...]) -> None:
        self.root = root
        self.source = source
        self.primitive = primitive
        self.args = args
        self.seen: int = root._written

    @staticmethod
    def between(source: Any, result: Any, primitive: Primitive | None, args: tuple[Any, ...]) -> View | None:
        """The view that `result` is of `source`; None if NumPy had to copy."""
        out, array = result.array, source.array
        owner = out.base
        shares = owner is not None and (owner is array or owner is array.base)  # surely; else it may
        if not shares and out.size and not np.may_share_memory(out, array):
            return None
        if not local.mode.grad:
            primitive = None  # made under no_grad: never differentiable
        return View(root_of(source), source, primitive, args)

    def node_of(self, view: Any) -> Node | None:
        """The node of `view` (whose View this is), made anew if the root was written since."""
        if self.root._written > self.seen and self.primitive is not None:
            self.seen = self.root._written
            parent = node_of(self.source)
            view.node = parent and Node(
                self.primitive, (parent,), (None, *self.args[1:]), None, view.array.shape, view.array.dtype, None
            )
        node: Node | None = view.node
        return node

    def positions(self) -> Any:
        """For each element of the view, its flat position in the root."""
        if self.source is self.root:
            base = np.arange(self.root.array.size).reshape(self.root.array.shape)
        else:
            base = self.source._view.positions()
        return base if self.primitive is None else self.primitive.forward(base, *self.args[1:])


def root_of(t: Any) -> Any:
    """The tensor that owns the memory of `t`."""
    return t if t._view is None else t._view.root


# -- writing ---------------------------------------------------------------------------------------


def inplace(function: Callable[..., Any], name: str | None = None) -> Callable[..., Any]:
    """The in-place form of a function: compute it, then write the result over the first operand.

    Where the write is recorded, the function sees a snapshot, so what it saves stays what it was.
    """
    title = (name or function.__name__) + "_"

    @wraps(function)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        refuse_leaf(self, title)
        operand = self
        if local.mode.grad and (node_of(self) is not None or any(node_of(arg) is not None for arg in args)):
            operand = wrap(self.array.copy(), node_of(self))
            args = tuple([operand if arg is self else arg for arg in args])
        return write(self, function(operand, *args, **kwargs), title)

    method.__name__ = title
    method.__qualname__ = f"Tensor.{title}"
    return method


def inplace_view(function: Callable[..., Any]) -> Callable[..., Any]:
    """The in-place form of a function that only sees the same memory otherwise (`t_`, `squeeze_`)."""
    title = function.__name__ + "_"

    @wraps(function)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        refuse_leaf(self, title)
        before = wrap(self.array, self.node)
        before._view = self._view
        after = function(before, *args, **kwargs)
        self.array, self.node = after.array, node_of(after)
        if self._view is not None:
            self._view = after._view
        return self

    method.__name__ = title
    method.__qualname__ = f"Tensor.{title}"
    return method


def refuse_leaf(target: Any, name: str) -> None:
    """A leaf that requires grad must not change under the tape's feet."""
    if not local.mode.grad:
        return
    node = node_of(target)
    if node is not None and node.primitive is None:
        raise AutogradError(
            message(
                f"{name}: a leaf Variable that requires grad is being used in an in-place operation",
                got=f"a leaf of shape {tuple(target.array.shape)}",
                fix="write under no_grad(), or into a copy: x = x.clone()",
            )
        )
    view = target._view
    if view is not None and view.primitive is not None:
        root = node_of(view.root)
        if root is not None and root.primitive is None:
            raise AutogradError(
                message(
                    f"{name}: a view of a leaf Variable that requires grad is being used in an in-place operation",
                    got=f"a view {tuple(target.array.shape)} of a leaf {tuple(view.root.array.shape)}",
                    fix="write under no_grad(), or into a copy: x = x.clone()",
                )
            )


def write(target: Any, value: Any, name: str) -> Any:
    """Copy `value` over `target`, stamp the moment, and give the histories their new ends."""
    refuse_leaf(target, name)
    source = value.array if type(value) in TYPES else np.asarray(value)
    _check_fits(target.array, source, name)
    tracer = local.mode.tracer
    if tracer is not None:
        tracer.wrote(target, value, name)
    np.copyto(target.array, source, casting="unsafe")
    stamp(target, name)
    if local.mode.grad:
        _extend_history(target, value)
    return target


def stamp(target: Any, name: str) -> None:
    """Note at the root that its memory was written now, by which operation and on whose line."""
    stamp_all((target,), name)


def stamp_all(targets: Iterable[Any], name: str) -> None:
    """`stamp` for tensors written together (an optimizer's): the caller's line is looked up once."""
    path, line = user_line()
    now = tick()
    for target in targets:
        root = target if target._view is None else target._view.root
        root._writer = (root._writer[0] + 1 if root._written else 1, name, path, line)
        root._written = now
        for alias in (target,) if target is root else (target, root):
            if alias.node is not None and alias.node.primitive is not None:
                _spoil(alias.node, root)


def _spoil(maker: Node, root: Any) -> None:
    """Where the node that made a tensor saved it as its result, say that it was written over."""
    source = maker.parents[0] if maker.primitive is PICK else maker
    if source is not None and source.out is not None:
        source.out = Overwritten(source, root)


def _extend_history(target: Any, value: Any) -> None:
    node = node_of(value)
    if node is not None and target.array.dtype != value.array.dtype:
        value = cast(value, target.array.dtype)
        node = node_of(value)
    if node is not None and target.array.shape != value.array.shape:
        node = node_of(expand(value, target.array.shape))
    view = target._view
    if view is None or view.primitive is None:
        if node is not None or target.node is not None:
            target.node = node
        return
    if node is None and node_of(view.root) is None:
        return
    root = view.root
    root.node = recorded(written.primitive, (root, wrap(target.array, node), view.positions()), root.array).node  # type: ignore[attr-defined]
    target._view.node_of(target)


def _check_fits(target: Any, source: Any, name: str) -> None:
    if source.shape != target.shape:
        try:
            fits = np.broadcast_shapes(source.shape, target.shape) == target.shape
        except ValueError:
            fits = False
        if not fits:
            raise ShapeError(
                f"{name}: the result does not fit into the tensor it is written to\n"
                + aligned(target.shape, source.shape)
            )
    kinds = as_dtype(source.dtype), as_dtype(target.dtype)
    if kinds[0].category > kinds[1].category:
        raise AutogradError(
            message(
                f"{name}: result type {kinds[0].name} can't be cast to the desired output type {kinds[1].name}",
                fix=f"convert first: x = x.to({kinds[0].name})",
            )
        )
    if not target.flags.writeable:
        raise AutogradError(
            message(
                f"{name}: more than one element of the written-to tensor refers to a single memory location, "
                "or it is read-only",
                got=f"shape {tuple(target.shape)}, strides {target.strides}",
                fix="clone() the tensor before the write",
            )
        )


# -- staleness -------------------------------------------------------------------------------------


class Overwritten:
    """Stands in `Node.out` for a saved result that was written over afterwards."""

    def __init__(self, node: Node, root: Any) -> None:
        self.text = _stale(node, root)


def check_fresh(node: Node, saved: Any) -> None:
    """Raise if `saved`, which `node` needs for its gradient, was written in place since."""
    root = root_of(saved)
    if root._written > node.order:
        raise AutogradError(_stale(node, root))


def _stale(node: Node, root: Any) -> str:
    count, writer, path, line = root._writer
    return message(
        "one of the variables needed for gradient computation has been modified by an inplace operation",
        got=f"a tensor of shape {tuple(root.array.shape)} saved by `{node.name}`"
        + (f" in {node.scope}" if node.scope is not None else "")
        + f", then written by `{writer}` at {path}:{line} (version {count})",
        fix="write into a copy (clone()), or use the operation that is not in-place",
    )


def user_line() -> tuple[str, int]:
    """File and line of the innermost caller outside this package."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return frame.f_code.co_filename, frame.f_lineno
