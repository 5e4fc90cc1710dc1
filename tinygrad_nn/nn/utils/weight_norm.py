"""Weight and spectral normalisation in PyTorch's older form: a hook that computes the weight before each forward.

The newer form is `parametrizations`.
"""

from __future__ import annotations

from typing import Any, TypeVar

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.errors import ArgumentError, AutogradError, message
from tinygrad_nn.nn.linear import UninitializedParameter
from tinygrad_nn.nn.module import Module
from tinygrad_nn.nn.parameter import Parameter
from tinygrad_nn.nn.utils.normalised import (
    as_matrix,
    norm_except,
    power_iteration,
    random_unit,
    spectral,
    weight_normed,
)

__all__ = ["remove_spectral_norm", "remove_weight_norm", "spectral_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


class _Recomputed:
    """A forward pre-hook that gives `module.<name>` its value before each call."""

    title = ""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.weight(module, module.training))

    def weight(self, module: Module, training: bool) -> Any:
        """The weight, from the parameters that replace it."""
        raise NotImplementedError


def _hooks_of(module: Module, kind: type[_Recomputed], name: str) -> list[int]:
    hooks = module._hooks.pre if module._hooks is not None else {}
    return [key for key, hook in hooks.items() if isinstance(hook.function, kind) and hook.function.name == name]


def _parameter(module: Module, kind: type[_Recomputed], name: str) -> Any:
    """The parameter to replace: there, initialised, and not replaced already."""
    if _hooks_of(module, kind, name):
        raise AutogradError(
            message(f"Cannot register two {kind.title} hooks on the same parameter {name}", got=type(module).__name__)
        )
    weight = module._parameters.get(name)
    if weight is None:
        raise ArgumentError(message(f"{kind.title}: the module has no parameter `{name}`", got=repr(module)))
    if isinstance(weight, UninitializedParameter):
        raise ArgumentError(
            message(
                f"The module passed to `{kind.title}` can't have uninitialized parameters",
                fix="run it once on an input first",
            )
        )
    return weight


def _take_out(module: Module, kind: type[_Recomputed], name: str) -> Any:
    found = _hooks_of(module, kind, name)
    if not found or module._hooks is None:
        raise ArgumentError(f"{kind.title} of '{name}' not found in {module}")
    hook = module._hooks.pre.pop(found[0]).function
    with no_grad():
        return hook.weight(module, False).detach()  # type: ignore[attr-defined]


class _WeightNorm(_Recomputed):
    title = "weight_norm"

    def __init__(self, name: str, dim: int) -> None:
        super().__init__(name)
        self.dim = dim

    def weight(self, module: Module, training: bool) -> Any:
        return weight_normed(getattr(module, f"{self.name}_v"), getattr(module, f"{self.name}_g"), self.dim)


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """Replace a weight by its length and its direction: w = g v / |v|.

    The module gets the parameters `<name>_g` and `<name>_v` instead of `<name>`; the norm is over all
    dimensions but `dim` (over all, if None). (Salimans and Kingma, 2016)
    Raises RuntimeError if that was done already, ValueError if there is no such parameter.
    """
    weight = _parameter(module, _WeightNorm, name)
    hook = _WeightNorm(name, -1 if dim is None else dim)
    delattr(module, name)
    module.register_parameter(f"{name}_g", Parameter(norm_except(weight.detach(), hook.dim).detach()))
    module.register_parameter(f"{name}_v", Parameter(weight.data))
    setattr(module, name, hook.weight(module, False))
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: M, name: str = "weight") -> M:
    """Make the weight an ordinary parameter again. ValueError if it is one."""
    weight = _take_out(module, _WeightNorm, name)
    for part in (name, f"{name}_g", f"{name}_v"):
        delattr(module, part)
    setattr(module, name, Parameter(weight))
    return module


class _SpectralNorm(_Recomputed):
    title = "spectral_norm"

    def __init__(self, name: str, iterations: int, dim: int, eps: float) -> None:
        super().__init__(name)
        self.iterations, self.dim, self.eps = iterations, dim, eps

    def weight(self, module: Module, training: bool) -> Any:
        original, u, v = (getattr(module, f"{self.name}_{part}") for part in ("orig", "u", "v"))
        matrix = as_matrix(original, self.dim)
        if training:
            power_iteration(matrix.detach(), u, v, self.iterations, self.eps, v_first=True)
        return original / spectral(matrix, u, v)


def spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> M:
    """Divide a weight by its largest singular value, estimated by power iteration in training.

    The module gets the parameter `<name>_orig` and the buffers `<name>_u`, `<name>_v`.
    dim: the dimension of the outputs (1 for transposed convolutions, else 0). (Miyato et al., 2018)
    Raises ValueError unless n_power_iterations is positive, RuntimeError if that was done already.
    """
    if n_power_iterations <= 0:
        raise ArgumentError(
            message("Expected n_power_iterations to be positive", got=f"n_power_iterations={n_power_iterations}")
        )
    weight = _parameter(module, _SpectralNorm, name)
    hook = _SpectralNorm(name, n_power_iterations, output_dim(module, dim), eps)
    with no_grad():
        matrix = as_matrix(weight.detach(), hook.dim)
        u, v = (random_unit(matrix, n, eps) for n in matrix.shape)
    delattr(module, name)
    module.register_parameter(f"{name}_orig", weight)
    setattr(module, name, weight.data)
    module.register_buffer(f"{name}_u", u)
    module.register_buffer(f"{name}_v", v)
    module.register_forward_pre_hook(hook)
    return module


def output_dim(module: Module, dim: int | None) -> int:
    """The weight's dimension of outputs: 1 in transposed convolutions, else 0."""
    if dim is not None:
        return dim
    return 1 if any(cls.__name__.startswith("ConvTranspose") for cls in type(module).__mro__) else 0


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Make the normalised weight an ordinary parameter. ValueError if there is no spectral norm."""
    weight = _take_out(module, _SpectralNorm, name)
    for part in (name, f"{name}_orig", f"{name}_u", f"{name}_v"):
        delattr(module, part)
    module.register_parameter(name, Parameter(weight))
    return module
