"""Parametrizations: a parameter that is computed from others each time it is read.

`register_parametrization(layer, "weight", Symmetric())` makes `layer.weight` the result of
Symmetric's forward on `layer.parametrizations.weight.original`, which is what is trained.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.errors import ArgumentError, AutogradError, message
from tinygrad_nn.nn.container import ModuleDict, ModuleList
from tinygrad_nn.nn.module import Module
from tinygrad_nn.nn.parameter import Parameter
from tinygrad_nn.primitive import TYPES, node_of

__all__ = [
    "ParametrizationList",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "type_before_parametrizations",
]

M = TypeVar("M", bound=Module)


def _register(module: Module, name: str, tensor: Any) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, applied in order, and the original it is computed from.

    `original`, or where the first parametrization's `right_inverse` gives several tensors,
    `original0`, `original1`, ...
    """

    def __init__(self, modules: Sequence[Module], original: Any, unsafe: bool = False) -> None:
        if not modules:
            raise ArgumentError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        with no_grad():
            new = original
            for module in reversed(list(self)):
                if hasattr(module, "right_inverse"):
                    new = module.right_inverse(new)
        self.is_tensor = type(new) in TYPES
        if self.is_tensor:
            if new.dtype != original.dtype:
                raise ArgumentError(
                    message(
                        "When `right_inverse` outputs one tensor, it may not change the dtype.",
                        got=f"{original.dtype} to {new.dtype}",
                    )
                )
            self.ntensors = 1
            if new is not original:
                original.data = new.detach().clone()
            _register(self, "original", original)
        elif isinstance(new, Sequence) and all(type(t) in TYPES for t in new):
            self.ntensors = len(new)
            for k, tensor in enumerate(new):
                kept = Parameter(tensor.detach(), original.requires_grad) if isinstance(original, Parameter) else tensor
                _register(self, f"original{k}", kept)
        else:
            raise ArgumentError(
                message(
                    "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...).",
                    got=type(new).__name__,
                )
            )
        if not unsafe:
            _check_same(original, self())

    def forward(self) -> Any:
        """The tensor that the module shows."""
        first, *rest = self
        x = first(*[getattr(self, name) for name in self._originals()])
        for module in rest:
            x = module(x)
        return x

    def _originals(self) -> list[str]:
        return ["original"] if self.is_tensor else [f"original{k}" for k in range(self.ntensors)]

    def right_inverse(self, value: Any) -> None:
        """Change the originals so that the tensor becomes `value`. RuntimeError if a parametrization cannot."""
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise AutogradError(
                        message(
                            f"parametrization {type(module).__name__} does not implement right_inverse.",
                            fix="define right_inverse(self, value)",
                        )
                    )
                value = module.right_inverse(value)
            values = [value] if self.is_tensor else list(value)
            for name, new in zip(self._originals(), values, strict=True):
                getattr(self, name).data = new.detach().clone()


def _check_same(before: Any, after: Any) -> None:
    if type(after) not in TYPES:
        raise ArgumentError(message("A parametrization must return a tensor.", got=type(after).__name__))
    for what in ("dtype", "shape"):
        a, b = getattr(before, what), getattr(after, what)
        if a != b:
            raise ArgumentError(
                message(
                    f"Registering a parametrization may not change the {what} of the tensor, unless `unsafe` flag "
                    "is enabled.",
                    got=f"{a} became {b}",
                )
            )


# -- the class of a parametrized module ---------------------------------------------------------------


@cache
def _parametrized(base: Any, names: tuple[str, ...]) -> Any:
    """A subclass of `base` in which each name is a property."""
    body: dict[str, Any] = {name: _property(name) for name in names}
    body["__reduce_ex__"] = lambda self, protocol: (_rebuilt, (base, names), self.__getstate__())
    body["__module__"] = base.__module__
    body["_before"] = base
    return type(f"Parametrized{base.__name__}", (base,), body)


def _property(name: str) -> property:
    def get(module: Module) -> Any:
        return module.parametrizations[name]()

    def put(module: Module, value: Any) -> None:
        module.parametrizations[name].right_inverse(value)

    return property(get, put)


def _rebuilt(base: type[Module], names: tuple[str, ...]) -> Module:
    before: Any = base  # a class as a dictionary key: its own __hash__ is not the instances'
    cls = _parametrized(before, names)
    return cls.__new__(cls)  # type: ignore[no-any-return]


def register_parametrization(module: M, tensor_name: str, parametrization: Module, *, unsafe: bool = False) -> M:
    """Make `module.<tensor_name>` the result of `parametrization` on what it was.

    A second one is applied to the result of the first. Unless `unsafe`, shape and dtype must stay.
    Raises ValueError if they do not, or if there is no such parameter or buffer.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            shown = getattr(module, tensor_name)
            _check_same(shown, parametrization(shown))
        known = module.parametrizations[tensor_name]
        known.append(parametrization)
        known.unsafe |= unsafe
        return module
    if tensor_name not in module._parameters and tensor_name not in module._buffers:
        raise ArgumentError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element with name "
            f"'{tensor_name}'"
        )
    original = getattr(module, tensor_name)
    made = ParametrizationList([parametrization], original, unsafe)
    delattr(module, tensor_name)
    base = type_before_parametrizations(module)
    if not is_parametrized(module):
        module.parametrizations = ModuleDict()
    module.parametrizations[tensor_name] = made
    module.__class__ = _parametrized(base, tuple(module.parametrizations))
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether the module (or one tensor of it) is parametrized."""
    found = module.__dict__.get("parametrizations")
    if not isinstance(found, ModuleDict):
        return False
    return len(found) > 0 if tensor_name is None else tensor_name in found


def remove_parametrizations(module: M, tensor_name: str, leave_parametrized: bool = True) -> M:
    """Make `module.<tensor_name>` ordinary again: with its present value, or the original's.

    Raises ValueError if it is not parametrized, or its original is several tensors and shall be left.
    """
    if not is_parametrized(module, tensor_name):
        raise ArgumentError(f"Module {module} does not have a parametrization on {tensor_name}")
    known = module.parametrizations[tensor_name]
    if known.is_tensor:
        original = known.original
        if leave_parametrized:
            with no_grad():
                original.data = known().detach().clone()
    elif leave_parametrized:
        shown = known()
        original = Parameter(shown.detach()) if node_of(shown) is not None else shown
    else:
        raise ArgumentError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is parametrized in "
            "terms of a sequence of tensors."
        )
    base = type_before_parametrizations(module)
    del module.parametrizations[tensor_name]
    names = tuple(module.parametrizations)
    before: Any = base
    module.__class__ = _parametrized(before, names) if names else base
    if not names:
        del module.parametrizations
    _register(module, tensor_name, original)
    return module


def type_before_parametrizations(module: Module) -> type:
    """The module's class as it was."""
    found: type = getattr(type(module), "_before", type(module))
    return found
