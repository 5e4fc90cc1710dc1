"""Views and in-place writes: who shares memory, who was written when, and what history follows.

Everything about the two stands here and can be read alone.

A *view* (`x[0]`, `x.view(-1)`, `x.T`, `x.detach()`) shares another tensor's memory. Its `View` names two
tensors, which are often the same one:

- the *root* owns the memory: when it was written, and by whom. All that share memory have one root,
  detached tensors too.
- the *base* owns the history: a write through the view gives the base a new one, and a write to the
  base gives the view a new one. A detached tensor has no base, it begins a history of its own; and it
  is the base of the views that are made of it.

An in-place write is an ordinary operation whose result is then copied over its target (`inplace`,
`write`). The root notes the moment, so that what was saved before is known to be stale (versions.py).
And the histories go on:

- a write through a view makes the base's history: the old one, with the written positions coming
  from the new value (the primitive `written`);
- a view whose root was written since it was made is made again from its source when somebody asks
  (`View.node_of`).

Where PyTorch refuses to guess whose history a write continues (`Origin`), so do we.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from tinygrad_nn.complaint import aligned
from tinygrad_nn.dtypes import as_dtype
from tinygrad_nn.errors import AutogradError, ShapeError, message
from tinygrad_nn.ops.elementwise import cast, where
from tinygrad_nn.ops.index import pick_at, written
from tinygrad_nn.ops.shape import clone, expand
from tinygrad_nn.primitive import TYPES, Primitive, node_of, recorded, wrap
from tinygrad_nn.tape import Node, local, nothing, watch
from tinygrad_nn.versions import root_of, stamp

__all__ = [
    "FUNCTION", "View", "adopt", "detached", "handed_on", "has_base", "inplace", "inplace_view", "of_several",
    "refuse_leaf", "refuse_overlap", "take_over", "write", "written_over",
]  # fmt: skip

Array = np.ndarray[Any, Any]
Origin = str
"""Why autograd does not follow writes through a view, or to its base once the view is there."""

NO_GRAD: Origin = "it was made under no_grad, but is written while recording"
SEVERAL: Origin = "it is one of several views that one call gave (split, chunk, unbind, iteration)"
FUNCTION: Origin = "it is what a custom Function gave for its input, whose backward would be bypassed"


class View:
    """How a tensor shares another's memory: see the module's docstring.

    source, primitive, args: the tensor it was made of, and how; `seen`: the root's last write when
    its node was made; `frame`: the source's array then.
    """

    __slots__ = ("args", "base", "frame", "origin", "primitive", "root", "seen", "source")

    def __init__(
        self, root: Any, base: Any = None, source: Any = None, primitive: Primitive | None = None,
        args: tuple[Any, ...] = (), origin: Origin | None = None,
    ) -> None:  # fmt: skip
        self.root = root
        self.base = base
        self.source = source
        self.primitive = primitive
        self.args = args
        self.origin = origin
        self.seen: int = root._written
        self.frame = None if source is None else source.array

    @staticmethod
    def between(source: Any, result: Any, primitive: Primitive | None, args: tuple[Any, ...]) -> View | None:
        """The view that `result` is of `source`; None if NumPy had to copy."""
        out, array = result.array, source.array
        owner = out.base
        shares = owner is not None and (owner is array or owner is array.base)  # surely; else it may
        if not shares and out.size and not np.may_share_memory(out, array):
            return None
        of = source._view
        if of is None:
            return View(source, source, source, primitive, args, None if local.mode.grad else NO_GRAD)
        origin = of.origin if local.mode.grad else NO_GRAD
        return View(of.root, source if of.base is None else of.base, source, primitive, args, origin)

    def node_of(self, view: Any) -> Node | None:
        """The node of `view` (whose View this is), made anew if the root was written since."""
        if self.root._written > self.seen and self.base is not None:
            self._renew(view)
        node: Node | None = view.node
        return node

    def _renew(self, view: Any) -> None:
        made = view.node is not None and view.node.primitive is not None
        if self.base.node is None and not made:  # nothing to follow; a leaf stays one
            self.seen = self.root._written
            return
        if self.origin is not None:
            if local.mode.grad and self.origin is not NO_GRAD:  # those are outside the graph, and stay there
                raise AutogradError(_ambiguous(view, "its base, or another view of it, was written in place"))
            return
        if self.base.node is None:
            self.seen = self.root._written  # its history is its own: a leaf made of a view of plain memory
            return
        chain = []
        while view is not self.base and view._view.seen < self.root._written:
            chain.append(view)
            view = view._view.source
        for view in reversed(chain):
            view._view._follow(view)

    def _follow(self, view: Any) -> None:
        """Make `view` again from its source, whose node is up to date."""
        source, array = self.source, view.array
        self.seen = self.root._written
        if source.array is self.frame and self.primitive is not None:
            primitive, args = self.primitive, (None, *self.args[1:])
        elif not source.array.ndim:
            primitive, args = expand.primitive, (None, array.shape)  # type: ignore[attr-defined]
        else:  # since then t_() or the like has given the source another shape
            places = np.unravel_index(_places(array, source.array), source.array.shape)
            primitive, args = pick_at.primitive, (None, places)  # type: ignore[attr-defined]
        before = view.node
        view.node = Node(primitive, (source.node,), args, None, array.shape, array.dtype, None)
        goes_on_retaining(view, before)


def goes_on_retaining(t: Any, before: Node | None) -> None:
    """A result that retains its gradient does so with its new history, after a write: that of its value now."""
    if (
        before is not None
        and before.primitive is not None
        and before.watch is not None
        and before.watch.tensor() is t
        and t.node is not None
    ):
        before.watch.tensor = nothing
        watch(t.node).tensor = weakref.ref(t)


def detached(source: Any, result: Any) -> Any:
    """`result`, made a tensor that shares memory and versions with `source`, and nothing of its history."""
    result._view = View(root_of(source))
    return result


def take_over(made: Any, data: Any) -> Any:
    """`made`, which was built around the array of the tensor `data`, shares its versions from here on.

    As `detached`, but where `data` owned the memory, now `made` does: a parameter is used more often than
    the tensor it was made of.
    """
    if data._view is not None or data.node is not None:
        return detached(data, made)
    made._written = data._written
    if data._written:
        made._writer = data._writer
    data._view = View(made)
    return made


def of_several(views: tuple[Any, ...]) -> tuple[Any, ...]:
    """The views that one call gave, marked as such."""
    for view in views:
        if view._view is not None and view._view.origin is not NO_GRAD:
            view._view.origin = SEVERAL
    return views


def _places(part: Array, whole: Array) -> Array:
    """For each element of `part`, its flat position in `whole`, whose memory it shares."""
    if part.size and not np.may_share_memory(part, whole):
        raise AutogradError(
            message(
                "a view and its base no longer share memory: x.data = ... has given one of them another",
                got=f"a view of shape {part.shape}, a base of shape {whole.shape}",
                fix="make the view again",
            )
        )
    if whole.flags.c_contiguous and part.flags.c_contiguous:
        first = (_start(part) - _start(whole)) // whole.itemsize
        return np.arange(first, first + part.size).reshape(part.shape)
    wanted = _addresses(part)
    if whole.flags.c_contiguous:
        return (wanted - _start(whole)) // whole.itemsize
    given = _addresses(whole).reshape(-1)
    order = np.argsort(given)
    return order[np.searchsorted(given, wanted, sorter=order)]


def _start(array: Array) -> int:
    return int(array.__array_interface__["data"][0])


def _addresses(array: Array) -> Array:
    found = np.full(array.shape, _start(array), np.int64)
    for k, (size, step) in enumerate(zip(array.shape, array.strides, strict=True)):
        found += (np.arange(size) * step).reshape((size,) + (1,) * (array.ndim - 1 - k))
    return found


# -- writing ---------------------------------------------------------------------------------------


def inplace(function: Callable[..., Any], name: str | None = None) -> Callable[..., Any]:
    """The in-place form of a function: compute it, then write the result over the first operand."""
    title = (name or function.__name__) + "_"

    @wraps(function)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        return written_over(self, function, (self, *args), title, kwargs)

    method.__name__ = title
    method.__qualname__ = f"Tensor.{title}"
    return method


def written_over(
    target: Any, function: Callable[..., Any], args: tuple[Any, ...], name: str, kwargs: dict[str, Any] | None = None
) -> Any:
    """Write function(*args) over `target`, which may be among the operands.

    Where the write is recorded, the function sees a snapshot of it, so what it saves stays what it was.
    """
    refuse_leaf(target, name)
    node = node_of(target)
    if local.mode.grad and (node is not None or any([node_of(arg) is not None for arg in args])):
        snapshot = wrap(target.array.copy(), node)
        args = tuple([snapshot if arg is target else arg for arg in args])
    value = function(*args, **(kwargs or {}))
    return write(target, handed_on(value) if any([value is arg for arg in args]) else value, name)


def inplace_view(function: Callable[..., Any]) -> Callable[..., Any]:
    """The in-place form of a function that only sees the same memory otherwise (`t_`, `squeeze_`).

    It counts as a write: whoever saved the tensor saved its shape, too. The history follows under
    `no_grad` as well (nothing is lost by it), and a leaf stays the leaf it was.
    """
    title = function.__name__ + "_"

    @wraps(function)
    def method(self: Any, *args: Any, **kwargs: Any) -> Any:
        refuse_leaf(self, title)
        node = node_of(self)
        made = node is not None and node.primitive is not None
        before = wrap(self.array, node)
        before._view = self._view
        mode = local.mode
        recording, mode.grad = mode.grad, mode.grad or made
        try:
            after = function(before, *args, **kwargs)
        finally:
            mode.grad = recording
        stamp(self, title)
        self.array = after.array
        if node is not None and not made:
            node.shape = after.array.shape
        else:
            self.node = after.node
        if self._view is not None and self._view.base is not None:
            self._view = after._view
            self._view.seen = self._view.root._written
        return self

    method.__name__ = title
    method.__qualname__ = f"Tensor.{title}"
    return method


def handed_on(value: Any) -> Any:
    """`value`, if it is on the tape as a copy with a node of its own: a written tensor never takes another's."""
    if not local.mode.grad or node_of(value) is None:
        return value
    return clone(value, "K")


def refuse_leaf(target: Any, name: str, value: Any = None) -> None:
    """Raise where a recorded write of `value` would change a leaf that requires grad, or where `Origin` forbids it."""
    if not local.mode.grad:
        return
    node, view = node_of(target), target._view
    if view is None or view.base is None:
        if node is not None and node.primitive is None:
            raise AutogradError(
                message(
                    f"{name}: a leaf Variable that requires grad is being used in an in-place operation",
                    got=f"a leaf of shape {tuple(target.array.shape)}",
                    fix="write under no_grad(), or into a copy: x = x.clone()",
                )
            )
        return
    base = view.base.node
    if node is None and base is None and (value is None or node_of(value) is None):
        return
    if view.origin is not None:
        raise AutogradError(_ambiguous(target, f"{name} would write it in place"))
    if (node is not None or base is not None) and (base is None or base.primitive is None):
        raise AutogradError(
            message(
                f"{name}: a view of a leaf Variable that requires grad is being used in an in-place operation",
                got=f"a view {tuple(target.array.shape)} of a leaf {tuple(view.base.array.shape)}",
                fix="write under no_grad(), or into a copy: x = x.clone()",
            )
        )


def _ambiguous(view: Any, event: str) -> str:
    return message(
        "autograd cannot follow an in-place write through this view",
        got=f"a view of shape {tuple(view.array.shape)}: {view._view.origin}; {event}",
        fix="use the operation that is not in-place, or clone() the view; or make the view and write it both under "
        "no_grad() or both outside",
    )


def write(target: Any, value: Any, name: str) -> Any:
    """Copy `value` over `target`, stamp the moment, and give the histories their new ends."""
    refuse_leaf(target, name, value)
    recording = local.mode.grad
    if recording and target.node is not None and node_of(value) is None and not has_base(target):
        value = where(True, value, target)  # it stays on the tape, with gradient zero
    source = value.array if type(value) in TYPES else np.asarray(value)
    _check_fits(target.array, source, name)
    if target._view is not None:
        refuse_overlap(target.array, source, name, recording and node_of(value) is not None)
    tracer = local.mode.tracer
    if tracer is not None:
        tracer.wrote(target, value, name)
    if recording and type(value) in TYPES and value._view is not None:
        value = wrap(value.array, node_of(value))  # its history is that of before the write, of which it may be a part
    np.copyto(target.array, source, casting="unsafe")
    stamp(target, name)
    if recording:
        _extend_history(target, value)
    return target


def has_base(t: Any) -> bool:
    """Whether the tensor's history is its base's."""
    return t._view is not None and t._view.base is not None


def _extend_history(target: Any, value: Any) -> None:
    node = node_of(value)
    if node is not None and target.array.dtype != value.array.dtype:
        value = cast(value, target.array.dtype)
        node = node_of(value)
    if node is not None and target.array.shape != value.array.shape:
        node = node_of(expand(value, target.array.shape))
    adopt(target, node)


def adopt(target: Any, node: Node | None) -> None:
    """Give `target`, which has been written, the history that ends in `node`; through a view, its base's goes on."""
    if not has_base(target):
        before, target.node = target.node, node
        goes_on_retaining(target, before)
        return
    base = target._view.base
    if node is None and base.node is None:
        return
    places, before = _places(target.array, base.array), base.node
    base.node = recorded(written.primitive, (base, wrap(target.array, node), places), base.array).node  # type: ignore[attr-defined]
    goes_on_retaining(base, before)
    node_of(target)


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
                f"{name}: the tensor's memory is read-only",
                got=f"shape {tuple(target.shape)}, strides {target.strides}",
                fix="clone() the tensor before the write",
            )
        )


def refuse_overlap(target: Array, source: Array, name: str, recorded: bool = False) -> None:
    """Raise if elements of `target` share their place in memory; one number may be written to all of them."""
    if target.size <= 1 or (source.size == 1 and not recorded) or not _overlaps(target):
        return
    raise AutogradError(
        message(
            f"{name}: unsupported operation: more than one element of the written-to tensor refers to "
            "a single memory location",
            got=f"shape {tuple(target.shape)}, strides {target.strides}",
            fix="clone() the tensor before the write",
        )
    )


def _overlaps(array: Array) -> bool:
    if array.flags.c_contiguous:
        return False
    reach = 0
    for step, size in sorted((abs(step), size) for step, size in zip(array.strides, array.shape) if size > 1):
        if step == 0:
            return True
        if step < reach + array.itemsize:
            return np.unique(_addresses(array)).size < array.size
        reach += step * (size - 1)
    return False
