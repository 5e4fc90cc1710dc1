"""A module's hooks, and the call that runs them. `Module.__call__` comes here only if there are any.

Order of one call: forward pre-hooks, forward, forward hooks. Backward hooks see the gradients at
the module's border: its tensors pass through an identity on their way in and on their way out.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tinygrad_nn.autograd import Function, RemovableHandle
from tinygrad_nn.errors import AutogradError, DTypeError, message
from tinygrad_nn.primitive import TYPES, node_of

if TYPE_CHECKING:
    from tinygrad_nn.nn.module import Module

__all__ = ["Hook", "Hooks", "call_with_hooks"]

Gradients = tuple[Any, ...]


class Hook:
    """A user's function and how it wants to be called."""

    def __init__(self, function: Callable[..., Any], with_kwargs: bool = False, always: bool = False) -> None:
        self.function, self.with_kwargs, self.always = function, with_kwargs, always


class Hooks:
    """The hooks of one module, by kind, in the order in which they run."""

    def __init__(self) -> None:
        self.pre: OrderedDict[int, Hook] = OrderedDict()
        self.after: OrderedDict[int, Hook] = OrderedDict()
        self.backward_pre: OrderedDict[int, Hook] = OrderedDict()
        self.backward: OrderedDict[int, Hook] = OrderedDict()

    @staticmethod
    def add(kind: OrderedDict[int, Hook], hook: Hook, prepend: bool) -> RemovableHandle:
        """Add a hook at the end (or the front), and give the handle that removes it."""
        if not callable(hook.function):
            raise DTypeError(message("a hook is a function", got=repr(hook.function)[:60], fix="a function or lambda"))
        handle = RemovableHandle(kind)
        kind[handle.id] = hook
        if prepend:
            kind.move_to_end(handle.id, last=False)
        return handle


def call_with_hooks(module: Module, hooks: Hooks, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """What `module(*args, **kwargs)` does where hooks are registered."""
    result: Any = None
    ran: set[int] = set()
    try:
        for hook in tuple(hooks.pre.values()):
            args, kwargs = _run_pre(module, hook, args, kwargs)
        border = _Border(module, hooks) if hooks.backward or hooks.backward_pre else None
        if border is not None:
            args = border.enter(args)
        result = module.forward(*args, **kwargs)
        for key, hook in tuple(hooks.after.items()):
            ran.add(key)
            replaced = _run_after(module, hook, args, kwargs, result)
            result = result if replaced is None else replaced
        return result if border is None else border.leave(result)
    except Exception:
        for key, hook in tuple(hooks.after.items()):
            if hook.always and key not in ran:
                _run_silenced(module, hook, args, kwargs, result)
        raise


def _run_pre(
    module: Module, hook: Hook, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if not hook.with_kwargs:
        replaced = hook.function(module, args)
        if replaced is None:
            return args, kwargs
        return (replaced if isinstance(replaced, tuple) else (replaced,)), kwargs
    replaced = hook.function(module, args, kwargs)
    if replaced is None:
        return args, kwargs
    if not (isinstance(replaced, tuple) and len(replaced) == 2):
        raise AutogradError(
            message(
                "forward pre-hook must return None or a tuple of (new_args, new_kwargs)",
                got=repr(replaced),
                fix="return args, kwargs",
            )
        )
    new_args, new_kwargs = replaced
    return new_args, new_kwargs


def _run_after(module: Module, hook: Hook, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> Any:
    if hook.with_kwargs:
        return hook.function(module, args, kwargs, result)
    return hook.function(module, args, result)


def _run_silenced(module: Module, hook: Hook, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
    """An `always_call` hook after a failure: its own error must not hide the first one."""
    try:
        _run_after(module, hook, args, kwargs, result)
    except Exception as error:
        warnings.warn(
            "module forward hook with ``always_call=True`` raised an exception that was silenced as another error "
            f"was raised in forward: {error}",
            stacklevel=2,
        )


class _Border:
    """The identity through which a module's tensors pass, in and out, so that their gradients are seen."""

    def __init__(self, module: Module, hooks: Hooks) -> None:
        self.module = module
        self.pre, self.after = tuple(hooks.backward_pre.values()), tuple(hooks.backward.values())
        self.inputs = 0
        self.places: list[int] = []
        self.grad_output: Gradients = ()

    def enter(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, whose gradients will be seen once all of them are known."""
        self.inputs = len(args)
        self.places = [k for k, arg in enumerate(args) if type(arg) in TYPES and node_of(arg) is not None]
        if not self.places:
            return args
        passed = dict(zip(self.places, _Pass.apply(self._inputs_known, *[args[k] for k in self.places]), strict=True))
        return tuple([passed.get(k, arg) for k, arg in enumerate(args)])

    def leave(self, result: Any) -> Any:
        """The module's result, whose gradient is where the backward pass enters the module."""
        outputs = result if isinstance(result, tuple) else (result,)
        if not all(type(out) in TYPES for out in outputs):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received "
                f"{type(result)}",
                stacklevel=2,
            )
            return result
        if all(node_of(out) is None for out in outputs):
            return result
        passed = _Pass.apply(self._outputs_known, *outputs)
        return passed if isinstance(result, tuple) else passed[0]

    def _outputs_known(self, grads: Gradients) -> Gradients:
        for hook in self.pre:
            grads = self._replaced(hook.function(self.module, grads), grads)
        self.grad_output = grads
        if not self.places:  # no input has a gradient: this is all there is to see
            for hook in self.after:
                given = hook.function(self.module, (None,) * self.inputs, grads)
                if given is not None and any(g is not None for g in _as_tuple(given)):
                    raise AutogradError(
                        message(
                            "backward hook for inputs: no input of the module requires a gradient, so the hook cannot "
                            "replace one",
                            got=f"{len(_as_tuple(given))} gradients from the hook of {type(self.module).__name__}",
                            fix="return None",
                        )
                    )
        return grads

    def _inputs_known(self, grads: Gradients) -> Gradients:
        whole: list[Any] = [None] * self.inputs
        for k, g in zip(self.places, grads, strict=True):
            whole[k] = g
        seen = tuple(whole)
        for hook in self.after:
            seen = self._replaced(hook.function(self.module, seen, self.grad_output), seen)
        return tuple([seen[k] for k in self.places])

    def _replaced(self, given: Any, grads: Gradients) -> Gradients:
        if given is None:
            return grads
        given = _as_tuple(given)
        if len(given) != len(grads):
            raise AutogradError(
                message(
                    "backward hook returned an invalid number of gradients",
                    got=f"{len(given)}, but expected {len(grads)}, from a hook of {type(self.module).__name__}",
                    fix="return one for each, or None to leave them",
                )
            )
        return given  # type: ignore[no-any-return]


def _as_tuple(value: Any) -> tuple[Any, ...]:
    return value if isinstance(value, tuple) else (value,)


class _Pass(Function):
    """The identity on several tensors; backward hands all of their gradients to `seen` at once."""

    @staticmethod
    def forward(ctx: Any, seen: Callable[[Gradients], Gradients], *tensors: Any) -> Any:
        ctx.seen = seen
        return tuple([t.detach() for t in tensors])

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        return (None, *ctx.seen(grads))
