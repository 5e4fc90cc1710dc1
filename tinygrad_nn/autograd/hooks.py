"""Hooks on tensors: a look at a gradient, or another in its place."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

from tinygrad_nn.errors import AutogradError, message
from tinygrad_nn.primitive import node_of
from tinygrad_nn.tape import edits, watch

__all__ = ["RemovableHandle", "register_hook", "register_post_accumulate_grad_hook"]

_next = count().__next__


class RemovableHandle:
    """Takes a hook away again: `remove()`, or the end of a `with` block."""

    def __init__(self, hooks: dict[int, Any]) -> None:
        self._hooks = hooks
        self.id = _next()
        edits.count += 1

    def remove(self) -> None:
        """Take the hook away (once is enough)."""
        edits.count += 1
        self._hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


def register_hook(tensor: Any, hook: Callable[[Any], Any]) -> RemovableHandle:
    """See `Tensor.register_hook`. Raises RuntimeError for a tensor that does not require grad."""
    node = node_of(tensor)
    if node is None:
        raise AutogradError(
            message(
                "cannot register a hook on a tensor that doesn't require gradient", got=f"shape {tuple(tensor.shape)}"
            )
        )
    handle = RemovableHandle(watch(node).hooks)
    watch(node).hooks[handle.id] = hook
    return handle


def register_post_accumulate_grad_hook(tensor: Any, hook: Callable[[Any], None]) -> RemovableHandle:
    """See `Tensor.register_post_accumulate_grad_hook`. Leaves only (RuntimeError)."""
    node = node_of(tensor)
    if node is None or node.primitive is not None:
        raise AutogradError(
            message(
                "post accumulate grad hooks cannot be registered on non-leaf tensors",
                got=f"shape {tuple(tensor.shape)}",
            )
        )
    handle = RemovableHandle(watch(node).after)
    watch(node).after[handle.id] = hook
    return handle
