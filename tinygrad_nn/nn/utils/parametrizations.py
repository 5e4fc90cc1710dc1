"""Ready-made parametrizations: weight_norm and spectral_norm."""

from __future__ import annotations

from typing import Any, TypeVar

from tinygrad_nn.errors import ArgumentError, IndexingError, message
from tinygrad_nn.nn.functional.linear import normalize
from tinygrad_nn.nn.module import Module
from tinygrad_nn.nn.utils.normalised import (
    as_matrix,
    norm_except,
    power_iteration,
    random_unit,
    spectral,
    weight_normed,
)
from tinygrad_nn.nn.utils.parametrize import register_parametrization
from tinygrad_nn.nn.utils.weight_norm import output_dim
from tinygrad_nn.primitive import TYPES

__all__ = ["spectral_norm", "weight_norm"]

M = TypeVar("M", bound=Module)


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Any, weight_v: Any) -> Any:
        return weight_normed(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Any) -> tuple[Any, Any]:
        return norm_except(weight, self.dim), weight


def weight_norm(module: M, name: str = "weight", dim: int | None = 0) -> M:
    """w = g v / |v|: a weight by its length g and its direction v, each trained.

    They are `parametrizations.<name>.original0` (g) and `.original1` (v); the norm is over all
    dimensions but `dim` (over all, if None). A state_dict of the older form (`<name>_g`, `<name>_v`)
    loads as well. (Salimans and Kingma, 2016). Raises ValueError if there is no such parameter.

    >>> from tinygrad_nn import nn
    >>> layer = weight_norm(nn.Linear(3, 2))
    >>> [tuple(p.shape) for p in layer.parameters()]
    [(2,), (2, 1), (2, 3)]
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    module.register_load_state_dict_pre_hook(_OlderNames(name))
    return module


class _OlderNames:
    """Before loading: the keys of the older form, `<name>_g` and `<name>_v`, under their present names."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self, module: Module, state: Any, prefix: str, *_: Any) -> None:
        older = [f"{prefix}{self.name}_{letter}" for letter in "gv"]
        if all(key in state for key in older):
            for k, key in enumerate(older):
                state[f"{prefix}parametrizations.{self.name}.original{k}"] = state.pop(key)


class _SpectralNorm(Module):
    def __init__(self, weight: Any, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        if not -weight.ndim <= dim < weight.ndim:
            raise IndexingError(
                f"Dimension out of range (expected to be in range of [-{weight.ndim}, {weight.ndim - 1}] but got {dim})"
            )
        if n_power_iterations <= 0:
            raise ArgumentError(
                message("Expected n_power_iterations to be positive", got=f"n_power_iterations={n_power_iterations}")
            )
        self.dim = dim % weight.ndim
        self.eps = eps
        self.n_power_iterations = n_power_iterations
        if weight.ndim > 1:
            matrix = as_matrix(weight.detach(), self.dim)
            u, v = (random_unit(matrix, n, eps) for n in matrix.shape)
            self.register_buffer("_u", u)
            self.register_buffer("_v", v)
            power_iteration(matrix, u, v, 15, eps, v_first=False)

    def forward(self, weight: Any) -> Any:
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            power_iteration(matrix.detach(), self._u, self._v, self.n_power_iterations, self.eps, v_first=False)
        return weight / spectral(matrix, self._u, self._v)

    def right_inverse(self, value: Any) -> Any:
        return value


def spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> M:
    """w / sigma(w): a weight divided by its largest singular value, by power iteration in training.

    dim: the dimension of the outputs (1 for transposed convolutions, else 0). (Miyato et al., 2018)
    Raises ValueError unless there is such a tensor and n_power_iterations is positive.
    """
    weight = getattr(module, name, None)
    if type(weight) not in TYPES:
        raise ArgumentError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, output_dim(module, dim), eps))
    return module
