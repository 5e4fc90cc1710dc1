"""Module: parameters, buffers and submodules under the names they are assigned to, and a forward.

What a module does with them stands beside this file: `registry` (attributes), `hooks` (the call
with hooks), `state` (saving and loading), `describe` (its repr and its complaints).
"""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from tinygrad_nn import dtypes
from tinygrad_nn.autograd import RemovableHandle, no_grad
from tinygrad_nn.errors import AutogradError, DTypeError, message
from tinygrad_nn.flags import flags, switches
from tinygrad_nn.functions.elementwise import to_dtype
from tinygrad_nn.nn import describe, state
from tinygrad_nn.nn.hooks import Hook, Hooks, call_with_hooks
from tinygrad_nn.nn.parameter import Buffer, Parameter
from tinygrad_nn.nn.registry import Registry
from tinygrad_nn.nn.scope import Scope
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.tape import edits, local
from tinygrad_nn.tensor import Tensor

__all__ = ["Module"]

Self = TypeVar("Self", bound="Module")


class Module:
    """Base class of all layers and networks.

    Subclass it, make the parts in `__init__` (after `super().__init__()`), use them in `forward`:

    >>> from tinygrad_nn import nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.hidden = nn.Linear(4, 3)
    ...         self.out = nn.Linear(3, 2)
    ...     def forward(self, x):
    ...         return self.out(self.hidden(x).relu())
    >>> Net()
    Net(
      (hidden): Linear(in_features=4, out_features=3, bias=True)
      (out): Linear(in_features=3, out_features=2, bias=True)
    )
    >>> [name for name, _ in Net().named_parameters()]
    ['hidden.weight', 'hidden.bias', 'out.weight', 'out.bias']
    """

    training: bool
    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]
    _non_persistent_buffers_set: set[str]
    _hooks: Hooks | None
    _state_hooks: state.StateHooks | None
    _version: int = 1

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args or kwargs:
            raise TypeError(
                message(
                    f"{type(self).__name__}.__init__: Module takes no arguments",
                    got=", ".join([*map(repr, args), *(f"{k}={v!r}" for k, v in kwargs.items())]),
                    fix="keep them in your own __init__ and call super().__init__()",
                )
            )
        self.__dict__.update(training=True, _non_persistent_buffers_set=set(), _hooks=None, _state_hooks=None)
        for kind in _KINDS:
            self.__dict__[kind] = Registry(self)

    # -- calling -----------------------------------------------------------------------------------

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; every subclass has its own."""
        raise NotImplementedError(
            message(
                f'Module [{type(self).__name__}] is missing the required "forward" function',
                fix="define forward(self, x)",
            )
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        mode = local.mode
        outer = mode.scope
        mode.scope = Scope((outer, self))
        try:
            if self._hooks is None:
                return self.forward(*args, **kwargs)
            return call_with_hooks(self, self._hooks, args, kwargs)
        except (AttributeError, TypeError, ValueError) as error:
            clearer = describe.no_tensor(self, args, error)
            if clearer is not None:
                raise clearer from None
            raise
        finally:
            mode.scope = outer

    # -- attributes --------------------------------------------------------------------------------

    def __setattr__(self, name: str, value: Any) -> None:
        edits.count += 1
        if isinstance(value, Parameter):
            self._enter("_parameters", name, value)
        elif isinstance(value, Module):
            self._enter("_modules", name, value)
        elif isinstance(value, Buffer):
            self._enter("_buffers", name, value)
            self._set_persistent(name, value.persistent)
        else:
            for kind in _KINDS:
                known = self.__dict__.get(kind)
                if known is not None and name in known:
                    describe.check_replacement(self, kind, name, value)
                    known[name] = value
                    return
            if type(value) in (list, tuple, dict):
                describe.warn_of_hidden(self, name, value, Module)
            object.__setattr__(self, name, value)

    def _enter(self, kind: str, name: str, value: Any) -> None:
        """Put a part under its name, wherever that name stood before."""
        if kind not in self.__dict__:
            what = {"_parameters": "parameters", "_modules": "module", "_buffers": "buffers"}[kind]
            raise AttributeError(
                message(
                    f"cannot assign {what} before Module.__init__() call",
                    got=f"{type(self).__name__}.{name}",
                    fix="call super().__init__() first in __init__",
                )
            )
        if hasattr(inspect.getattr_static(type(self), name, None), "__set__"):  # a property of the class decides
            object.__setattr__(self, name, value)
            return
        for other in _KINDS:
            if other != kind and name in self.__dict__[other]:
                del self.__dict__[other][name]
        self._non_persistent_buffers_set.discard(name)
        self.__dict__[kind][name] = value

    def __delattr__(self, name: str) -> None:
        edits.count += 1
        for kind in _KINDS:
            known = self.__dict__.get(kind, ())
            if name in known:
                del known[name]
                self._non_persistent_buffers_set.discard(name)
                return
        object.__delattr__(self, name)

    def __getattr__(self, name: str) -> Any:
        raise describe.no_attribute(self, name)

    def __dir__(self) -> list[str]:
        return sorted({key for key in object.__dir__(self) if not key[:1].isdigit()})

    def __getstate__(self) -> dict[str, Any]:
        mirrored = {name for kind in _KINDS for name in self.__dict__[kind]}
        kept = {name: value for name, value in self.__dict__.items() if name not in mirrored}
        return {**kept, **{kind: dict(self.__dict__[kind]) for kind in _KINDS}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for kind in _KINDS:
            self.__dict__[kind] = Registry(self, state[kind])

    # -- registration ------------------------------------------------------------------------------

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under `name`; None reserves the name. TypeError for anything else."""
        self._check_name("parameter", "_parameters", name)
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                message(
                    f"cannot assign '{type(param).__name__}' object to parameter '{name}' (Parameter or None required)",
                    fix="wrap it: nn.Parameter(tensor)",
                )
            )
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                message(f"cannot assign non-leaf Tensor to parameter '{name}'", fix="compute it in forward() instead")
            )
        self._parameters[name] = param

    @switches
    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor of state that is not trained; `persistent` puts it into the `state_dict`."""
        self._check_name("buffer", "_buffers", name)
        if tensor is not None and type(tensor) not in TYPES:
            raise TypeError(
                message(
                    f"cannot assign '{type(tensor).__name__}' object to buffer '{name}' (Tensor or None required)",
                    fix="wrap it: tensor(data)",
                )
            )
        self._buffers[name] = tensor
        self._set_persistent(name, persistent)

    def _set_persistent(self, name: str, persistent: bool) -> None:
        (self._non_persistent_buffers_set.discard if persistent else self._non_persistent_buffers_set.add)(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a submodule under `name`; None reserves the name."""
        if module is not None and not isinstance(module, Module):
            raise TypeError(
                message(
                    f"{describe.type_name(module)} is not a Module subclass", got=repr(module), fix="pass an nn.Module"
                )
            )
        self._check_name("module", "_modules", name)
        self._modules[name] = module

    register_module = add_module

    def _check_name(self, what: str, kind: str, name: str) -> None:
        if kind not in self.__dict__:
            raise AttributeError(
                message(
                    f"cannot assign {what} before Module.__init__() call",
                    fix="call super().__init__() first in __init__",
                )
            )
        if not isinstance(name, str):
            raise TypeError(message(f"{what} name should be a string", got=describe.type_name(name)))
        if "." in name:
            raise KeyError(f'{what} name can\'t contain ".", got: {name}')
        if name == "":
            raise KeyError(f'{what} name can\'t be empty string ""')
        if name not in self.__dict__[kind] and (name in self.__dict__ or hasattr(type(self), name)):
            raise KeyError(f"attribute '{name}' already exists")

    # -- finding parts -----------------------------------------------------------------------------

    def get_submodule(self, target: str) -> Module:
        """The submodule at a path such as "encoder.layers.2"; the module itself for "".

        Raises AttributeError naming the part of the path that is missing.
        """
        part: Module = self
        for name in target.split(".") if target else ():
            if not hasattr(part, name):
                raise AttributeError(f"{type(part).__name__} has no attribute `{name}` (in get_submodule({target!r}))")
            part = getattr(part, name)
            if not isinstance(part, Module):
                raise AttributeError(f"`{name}` is not an nn.Module (in get_submodule({target!r}))")
        return part

    @switches
    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Replace the submodule at a path; with `strict` there must be one already."""
        if not target:
            raise ValueError("Cannot set the submodule without a target name!")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict and not isinstance(getattr(parent, name, None), Module):
            raise AttributeError(f"{type(parent).__name__} has no attribute `{name}` (in set_submodule({target!r}))")
        if not isinstance(module, Module):
            raise ValueError(message("set_submodule: `module` is not an nn.Module", got=describe.type_name(module)))
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path such as "encoder.weight"."""
        found = self._get_tensor(target, "_parameters", "an nn.Parameter")
        return found  # type: ignore[return-value]

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a path such as "norm.running_mean"."""
        return self._get_tensor(target, "_buffers", "a buffer")

    def _get_tensor(self, target: str, kind: str, what: str) -> Tensor:
        path, _, name = target.rpartition(".")
        part = self.get_submodule(path)
        if not hasattr(part, name):
            raise AttributeError(f"{type(part).__name__} has no attribute `{name}`")
        if name not in part.__dict__[kind]:
            raise AttributeError(f"`{name}` is not {what}")
        found: Tensor = part.__dict__[kind][name]
        return found

    def children(self) -> Iterator[Module]:
        """The immediate submodules, each once."""
        for _, module in self.named_children():
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The immediate submodules with their names, each once."""
        seen: set[int] = set()
        for name, module in self._modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    @switches
    def modules(self, remove_duplicate: bool = True) -> Iterator[Module]:
        """This module and all below it, each once, parents first."""
        for _, module in self.named_modules(remove_duplicate=remove_duplicate):
            yield module

    @switches
    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module (its path is "") and all below it with their paths, parents first."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                yield from module.named_modules(memo, f"{prefix}.{name}" if prefix else name, remove_duplicate)

    @switches
    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """All parameters, each once; with `recurse=False` only the module's own."""
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    @switches
    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """All parameters with their paths, each once (a shared one under its first name)."""
        return self._named_members(lambda m: m._parameters.items(), prefix, recurse, remove_duplicate)

    @switches
    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """All buffers, each once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    @switches
    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """All buffers with their paths, each once."""
        return self._named_members(lambda m: m._buffers.items(), prefix, recurse, remove_duplicate)

    def _named_members(
        self, members: Callable[[Module], Any], prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        parts = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate) if recurse else [(prefix, self)]
        for path, module in parts:
            for name, member in members(module):
                if member is None or id(member) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(member))
                yield (f"{path}.{name}" if path else name), member

    # -- changing all parts ------------------------------------------------------------------------

    def apply(self: Self, fn: Callable[[Module], None]) -> Self:
        """Call `fn` on every submodule, children first, and on the module itself (to initialise, say)."""
        if not callable(fn):
            raise DTypeError(message("apply: takes a function of a module", got=repr(fn)[:60], fix="model.apply(init)"))
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def _apply(self: Self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> Self:
        """Replace the data of every parameter, its gradient, and every buffer by `fn` of it."""
        if recurse:
            for module in self.children():
                module._apply(fn)
        with no_grad():
            for parameter in self._parameters.values():
                if parameter is not None:
                    gradient = parameter.grad
                    parameter.grad = None
                    parameter.data = fn(parameter.data)
                    if gradient is not None:
                        parameter.grad = fn(gradient.detach())
            for name, buffer in self._buffers.items():
                if buffer is not None:
                    self._buffers[name] = fn(buffer)
        return self

    def train(self: Self, mode: bool = True) -> Self:
        """Set training mode (dropout drops, norms use the batch's statistics) here and below."""
        if not isinstance(mode, bool):
            raise ValueError(
                message("training mode is expected to be boolean", got=repr(mode), fix="train(True) or eval()")
            )
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self: Self) -> Self:
        """Set evaluation mode: `train(False)`."""
        return self.train(False)

    @flags
    def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
        """Whether the parameters get gradients: False freezes the module."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    @switches
    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the parameters' gradients (with `set_to_none=False`, fill them with zeros)."""
        for parameter in self.parameters():
            if parameter.grad is not None:
                if set_to_none:
                    parameter.grad = None
                else:
                    parameter.grad = Tensor.mul(parameter.grad.detach(), 0)

    # -- dtype and device --------------------------------------------------------------------------

    def to(self: Self, *args: Any, **kwargs: Any) -> Self:
        """`to(dtype)`, `to(device)`, `to(device, dtype)` or `to(other_tensor)`, in place.

        Only floating tensors change their dtype. memory_format: what has 4 or 5 dimensions goes into that order
        in memory. RuntimeError for a device other than the CPU, TypeError for a dtype that is not floating.
        """
        dtype, format = describe.dtype_of_to(args, kwargs), kwargs.get("memory_format")

        def moved(t: Any) -> Any:
            result = to_dtype(t, dtype) if dtype is not None and t.dtype.is_floating_point else t
            return result if format is None or t.ndim not in (4, 5) else result.to(memory_format=format)

        return self if dtype is None and format is None else self._apply(moved)

    def type(self: Self, dst_type: object) -> Self:
        """All parameters and buffers as `dst_type`."""
        return self._apply(lambda t: to_dtype(t, dtypes.as_dtype(dst_type)))

    def float(self: Self) -> Self:
        """Floating parameters and buffers as float32."""
        return self.to(dtypes.float32)

    def double(self: Self) -> Self:
        """Floating parameters and buffers as float64."""
        return self.to(dtypes.float64)

    def half(self: Self) -> Self:
        """Floating parameters and buffers as float16."""
        return self.to(dtypes.float16)

    def bfloat16(self: Self) -> Self:
        """Floating parameters and buffers as bfloat16."""
        return self.to(dtypes.bfloat16)

    def cpu(self: Self) -> Self:
        """The module itself: it is on the CPU."""
        return self

    def cuda(self: Self, device: object = None) -> Self:
        """Refused (RuntimeError): there is no GPU here."""
        return self.to("cuda")

    def share_memory(self: Self) -> Self:
        """The module itself, as it is (PyTorch's name)."""
        return self

    # -- state -------------------------------------------------------------------------------------

    def get_extra_state(self) -> Any:
        """What else belongs into the `state_dict`; override together with `set_extra_state`."""
        raise AutogradError(message(f"{type(self).__name__} has no extra state", fix="override get_extra_state"))

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` gave."""
        raise AutogradError(message(f"{type(self).__name__} has no extra state", fix="override set_extra_state"))

    @switches
    def state_dict(self, *, destination: Any = None, prefix: str = "", keep_vars: bool = False) -> dict[str, Any]:
        """Parameters and persistent buffers by path; they share memory with the module.

        keep_vars: the parameters themselves instead of tensors detached from the tape.
        """
        return state.save(self, destination, prefix, keep_vars)  # type: ignore[no-any-return]

    @switches
    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> state.IncompatibleKeys:
        """Copy the tensors of a `state_dict` into this module's.

        strict: the names must be exactly the module's. assign: take the tensors instead of copying.
        Raises one RuntimeError that lists every missing and unexpected key and every mismatched shape.
        """
        return state.load(self, state_dict, strict, assign)

    def _save_to_state_dict(self, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
        state.save_own(self, destination, prefix, keep_vars)

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Mapping[str, Any], strict: bool,
        missing_keys: list[str], unexpected_keys: list[str], error_msgs: list[str],
    ) -> None:  # fmt: skip
        state.load_own(self, state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs)

    def _state_hook(self, kind: str, hook: Callable[..., Any]) -> RemovableHandle:
        if self._state_hooks is None:
            self.__dict__["_state_hooks"] = state.StateHooks()
        registered: OrderedDict[int, Any] = getattr(self._state_hooks, kind)
        handle = RemovableHandle(registered)
        registered[handle.id] = hook
        return handle

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """hook(module, prefix, keep_vars) runs before `state_dict` collects."""
        return self._state_hook("before_save", hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """hook(module, state_dict, prefix, local_metadata) may edit what was collected."""
        return self._state_hook("after_save", hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """hook(module, state_dict, prefix, local_metadata, strict, missing, unexpected, errors) before loading."""
        return self._state_hook("before_load", hook)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """hook(module, incompatible_keys) runs after loading and may edit the two lists."""
        return self._state_hook("after_load", hook)

    # -- hooks -------------------------------------------------------------------------------------

    def _hook(self, kind: str, hook: Hook, prepend: bool) -> RemovableHandle:
        if self._hooks is None:
            self.__dict__["_hooks"] = Hooks()
        return Hooks.add(getattr(self._hooks, kind), hook, prepend)

    @switches
    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """hook(module, args) runs before forward and may return other arguments.

        with_kwargs: hook(module, args, kwargs), which returns None or (args, kwargs).
        """
        return self._hook("pre", Hook(hook, with_kwargs), prepend)

    @switches
    def register_forward_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False, always_call: bool = False
    ) -> RemovableHandle:
        """hook(module, args, output) runs after forward and may return another output.

        with_kwargs: hook(module, args, kwargs, output). always_call: also if forward raised.
        """
        return self._hook("after", Hook(hook, with_kwargs, always_call), prepend)

    @switches
    def register_full_backward_pre_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """hook(module, grad_output) runs before the gradients pass the module; may return others."""
        return self._hook("backward_pre", Hook(hook), prepend)

    @switches
    def register_full_backward_hook(self, hook: Callable[..., Any], prepend: bool = False) -> RemovableHandle:
        """hook(module, grad_input, grad_output) runs when both are known; may return another grad_input."""
        return self._hook("backward", Hook(hook), prepend)

    # -- repr --------------------------------------------------------------------------------------

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What stands between the parentheses of the repr, before the submodules."""
        return ""

    def __repr__(self) -> str:
        return describe.text(self)

    def _repr_html_(self) -> str:
        return describe.html(self)


_KINDS = ("_parameters", "_buffers", "_modules")
