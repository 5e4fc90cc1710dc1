"""A module's state by name: `state_dict` out, `load_state_dict` in, with one error for all that does not fit."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.errors import AutogradError, DTypeError, message
from tinygrad_nn.functions.elementwise import to_dtype
from tinygrad_nn.nn.parameter import Parameter
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.views import write

if TYPE_CHECKING:
    from tinygrad_nn.nn.module import Module

__all__ = ["EXTRA", "IncompatibleKeys", "StateDict", "StateHooks", "load", "load_own", "save", "save_own"]

EXTRA = "_extra_state"
"""The key of what `get_extra_state` gives."""


class StateDict(OrderedDict[str, Any]):
    """Names to tensors; `_metadata` holds each module's version of its own format."""

    _metadata: OrderedDict[str, dict[str, Any]]


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict` found missing, and what it had no use for."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return f"IncompatibleKeys(missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys})"


class StateHooks:
    """A module's hooks around saving and loading."""

    def __init__(self) -> None:
        self.before_save: OrderedDict[int, Callable[..., Any]] = OrderedDict()
        self.after_save: OrderedDict[int, Callable[..., Any]] = OrderedDict()
        self.before_load: OrderedDict[int, Callable[..., Any]] = OrderedDict()
        self.after_load: OrderedDict[int, Callable[..., Any]] = OrderedDict()


# -- saving ----------------------------------------------------------------------------------------


def save(module: Module, destination: Any, prefix: str, keep_vars: bool) -> Any:
    """`Module.state_dict`, into `destination`."""
    if destination is None:
        destination = StateDict()
        destination._metadata = OrderedDict()
    local_metadata: dict[str, Any] = {"version": module._version}
    if hasattr(destination, "_metadata"):
        destination._metadata[prefix[:-1]] = local_metadata
    hooks = module._state_hooks
    if hooks is not None:
        for hook in hooks.before_save.values():
            hook(module, prefix, keep_vars)
    module._save_to_state_dict(destination, prefix, keep_vars)
    for name, child in module._modules.items():
        if child is not None:
            child.state_dict(destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars)
    if hooks is not None:
        for hook in hooks.after_save.values():
            hook(module, destination, prefix, local_metadata)
    return destination


def save_own(module: Module, destination: dict[str, Any], prefix: str, keep_vars: bool) -> None:
    """The module's own parameters, persistent buffers and extra state."""
    for name, tensor in _own(module).items():
        destination[prefix + name] = tensor if keep_vars else tensor.detach()
    if overridden(module, "get_extra_state"):
        destination[prefix + EXTRA] = module.get_extra_state()


def _own(module: Module) -> dict[str, Any]:
    kept = {k: v for k, v in module._buffers.items() if k not in module._non_persistent_buffers_set}
    return {name: tensor for name, tensor in {**module._parameters, **kept}.items() if tensor is not None}


def overridden(module: Module, method: str) -> bool:
    """Whether the module's class has its own form of one of Module's methods."""
    return any(method in vars(cls) for cls in type(module).__mro__ if cls.__module__ != "tinygrad_nn.nn.module")


# -- loading ---------------------------------------------------------------------------------------


def load(module: Module, state_dict: Mapping[str, Any], strict: bool, assign: bool) -> IncompatibleKeys:
    """`Module.load_state_dict`."""
    if not isinstance(state_dict, Mapping):
        raise DTypeError(
            message(
                "load_state_dict: expected state_dict to be dict-like",
                got=type(state_dict).__name__,
                fix="pass what state_dict() or load(...) gave",
            )
        )
    missing: list[str] = []
    unexpected: list[str] = []
    errors: list[str] = []
    loading = _Loading(getattr(state_dict, "_metadata", {}), assign, missing, unexpected, errors)
    loading.visit(module, OrderedDict(state_dict), "")
    if strict:
        errors[:0] = [
            *_listed("Missing key(s) in state_dict", missing),
            *_listed("Unexpected key(s) in state_dict", unexpected),
        ]
    if errors:
        raise AutogradError(f"Error(s) in loading state_dict for {type(module).__name__}:\n\t" + "\n\t".join(errors))
    return IncompatibleKeys(missing, unexpected)


class _Loading(NamedTuple):
    """One `load_state_dict` under way: what it goes by, and what it has found amiss."""

    metadata: Mapping[str, Any]
    assign: bool
    missing: list[str]
    unexpected: list[str]
    errors: list[str]

    def visit(self, part: Module, own: Mapping[str, Any], prefix: str) -> None:
        """Load one module, then those in it, then call its hooks."""
        local_metadata = self.metadata.get(prefix[:-1], {})
        if self.assign:
            local_metadata = {**local_metadata, "assign_to_params_buffers": True}
        part._load_from_state_dict(own, prefix, local_metadata, True, self.missing, self.unexpected, self.errors)
        for name, child in part._modules.items():
            if child is not None:
                inner = f"{prefix}{name}."
                self.visit(child, {k: v for k, v in own.items() if k.startswith(inner)}, inner)
        keys = IncompatibleKeys(self.missing, self.unexpected)
        for hook in part._state_hooks.after_load.values() if part._state_hooks is not None else ():
            if hook(part, keys) is not None:
                raise AutogradError(
                    message(
                        "hooks registered with register_load_state_dict_post_hook must not return a value",
                        fix="edit the lists in place",
                    )
                )


def _listed(title: str, keys: list[str]) -> list[str]:
    return [f"{title}: {', '.join(repr(key).replace(chr(39), chr(34)) for key in keys)}. "] if keys else []


def load_own(
    module: Module, state: Any, prefix: str, local_metadata: Mapping[str, Any], strict: bool,
    missing: list[str], unexpected: list[str], errors: list[str],
) -> None:  # fmt: skip
    """One module's share of `load_state_dict`: its own tensors, and the keys that belong to nobody."""
    hooks = module._state_hooks
    for hook in hooks.before_load.values() if hooks is not None else ():
        hook(module, state, prefix, local_metadata, strict, missing, unexpected, errors)
    own = _own(module)
    assign = bool(local_metadata.get("assign_to_params_buffers", False))
    for name, tensor in own.items():
        key = prefix + name
        if key not in state:
            missing.append(key)
            continue
        problem = _load_tensor(module, name, tensor, state[key], key, assign)
        if problem is not None:
            errors.append(problem)
    extra = prefix + EXTRA
    if overridden(module, "set_extra_state"):
        if extra in state:
            module.set_extra_state(state[extra])
        else:
            missing.append(extra)
    elif extra in state:
        unexpected.append(extra)
    for key in state:
        if key.startswith(prefix) and key != extra:
            head, _, rest = key[len(prefix) :].partition(".")
            if not (head in module._modules if rest else head in own):
                unexpected.append(key)


def _load_tensor(module: Module, name: str, tensor: Any, given: Any, key: str, assign: bool) -> str | None:
    """Copy one tensor in (with `assign`, put it there itself). Gives the complaint if it does not fit."""
    if type(given) not in TYPES:
        return (
            f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like object from checkpoint '
            f"but received {type(given)}"
        )
    shape, wanted = tuple(given.shape), tuple(tensor.shape)
    lazy = getattr(tensor, "is_uninitialized", None)
    if lazy is not None and not assign:
        tensor.materialize(shape, tensor.dtype)
    elif lazy is None:
        if wanted == () and shape == (1,):  # files of old PyTorch hold scalars so
            given, shape = given[0], ()
        if shape != wanted:
            return (
                f"size mismatch for {key}: copying a param with shape {list(shape)} from checkpoint, "
                f"the shape in current model is {list(wanted)}."
            )
    with no_grad():
        if not assign:
            write(tensor, to_dtype(given.detach(), tensor.dtype), "load_state_dict")
        elif isinstance(tensor, Parameter):
            new = given if isinstance(given, Parameter) else Parameter(given.detach(), tensor.requires_grad)
            new.requires_grad_(tensor.requires_grad)
            setattr(module, name, new)
        else:
            setattr(module, name, given)
    return None
