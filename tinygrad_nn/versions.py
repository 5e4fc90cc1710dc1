"""Versions: when memory was written, by whom, and what that has made stale.

A tensor that owns memory is a *root*; all that share the memory, views and detached tensors, have the
same one (views.py). A write notes the moment at the root, in ticks of the tape's clock. Nothing is
counted while recording:

- a saved operand is stale exactly if its root was written after the node that saved it (`check_fresh`);
- what the written tensor's own node has kept of its result is marked at the write (`_spoil`).
"""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Iterable
from typing import Any

import numpy as np

from tinygrad_nn.errors import AutogradError, message
from tinygrad_nn.primitive import PICK
from tinygrad_nn.tape import FREED, Node, tick, watch

__all__ = ["Overwritten", "check_fresh", "leave_graph", "root_of", "shadow", "stamp", "stamp_all", "user_line"]

_PACKAGE = os.path.dirname(os.path.abspath(__file__)) + os.sep

Array = np.ndarray[Any, Any]


def root_of(t: Any) -> Any:
    """The tensor that owns the memory of `t`."""
    while t._view is not None:
        t = t._view.root
    return t


# -- the moment ------------------------------------------------------------------------------------


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
        node = root.node
        if node is not None and node.primitive is not None:
            _spoil(node, root)
        if target is not root and target.node is not None and target.node.primitive is not None:
            _spoil(target.node, root)
        if root._view is not None:  # it has come to share another's memory since: `Parameter(t)`
            stamp_all((root,), name)


def _spoil(maker: Node, root: Any) -> None:
    """Mark what the node that made a tensor has kept of its result, now that the result is written over.

    A result that a rule reads: the rule must not run. A residual: the rule computes it anew. What a
    walk with `create_graph` made of the result (`shadow`): it was written, too.
    """
    maker, k = _maker(maker)
    if type(maker.out) is tuple:
        if np.may_share_memory(maker.out[k], root.array):
            maker.out = (*maker.out[:k], Overwritten(maker, root), *maker.out[k + 1 :])
    elif type(maker.out) is np.ndarray and np.may_share_memory(maker.out, root.array):
        maker.out = Overwritten(maker, root)
    _drop_residual(maker, root.array)
    for tensor in _shadows(maker, root.array):
        tensor._written, tensor._writer = root._written, root._writer


def _maker(node: Node) -> tuple[Node, int]:
    """The node of the operation that made a tensor, and which of its results the tensor was."""
    if node.primitive is PICK:
        maker = node.parents[0]
        assert maker is not None
        return maker, node.args[0]
    return node, 0


def _drop_residual(maker: Node, array: Array) -> None:
    """A residual that shares memory with `array` is forgotten."""
    assert maker.primitive is not None
    if maker.primitive.residual and maker.args is not FREED and _touches(maker.args[0], array):
        maker.args = (None, *maker.args[1:])


def _touches(kept: Any, array: Array) -> bool:
    """Whether something that a forward kept (an array, or a tuple of such things) shares memory with `array`."""
    if type(kept) is tuple or type(kept) is list:
        return any([_touches(item, array) for item in kept])
    return type(kept) is np.ndarray and np.may_share_memory(kept, array)


def shadow(node: Node, t: Any) -> Any:
    """`t`, the result of `node` as its rule's operand: a write to the result itself will count as one to `t`."""
    watch(node).shadows.append(weakref.ref(t))
    return t


def _shadows(node: Node, array: Array) -> list[Any]:
    found = [reference() for reference in node.watch.shadows] if node.watch is not None else []
    return [t for t in found if t is not None and np.may_share_memory(t.array, array)]


def leave_graph(t: Any) -> None:
    """Take a tensor out of its history, of which later writes must then not touch anything: it keeps copies."""
    if t.node is not None and t.node.primitive is not None:
        maker, k = _maker(t.node)
        if type(maker.out) is tuple:
            maker.out = (*maker.out[:k], np.array(maker.out[k]), *maker.out[k + 1 :])
        elif type(maker.out) is np.ndarray:
            maker.out = maker.out.copy()
        _drop_residual(maker, t.array)
        for tensor in _shadows(maker, t.array):
            tensor.array = tensor.array.copy()
    t.node = None


# -- staleness -------------------------------------------------------------------------------------


class Overwritten:
    """Stands in `Node.out` for a saved result that was written over afterwards."""

    def __init__(self, node: Node, root: Any) -> None:
        self.text = _stale(node, root)


def check_fresh(node: Node, saved: Any) -> None:
    """Raise if `saved`, which `node` needs for its gradient, was written in place since."""
    root = saved if saved._view is None else saved._view.root
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
    path = frame.f_code.co_filename
    while frame.f_back is not None and (path in _OURS or _is_ours(path)):
        frame = frame.f_back
        path = frame.f_code.co_filename
    return path, frame.f_lineno


_OURS: set[str] = set()
"""The package's files that were met: every optimizer's step asks for its caller's line."""


def _is_ours(path: str) -> bool:
    if path.startswith(_PACKAGE):
        _OURS.add(path)
        return True
    return False
