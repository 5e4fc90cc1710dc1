"""The arithmetic of weight and spectral normalisation."""

from __future__ import annotations

from math import prod
from typing import Any

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.functions.sampling import drawn
from tinygrad_nn.nn.functional.linear import normalize
from tinygrad_nn.ops.elementwise import sqrt
from tinygrad_nn.ops.reduce import sum
from tinygrad_nn.views import write

__all__ = ["as_matrix", "norm_except", "power_iteration", "random_unit", "spectral", "weight_normed"]


def norm_except(v: Any, dim: int) -> Any:
    """The 2-norm over all dimensions but `dim`, kept as size one; over all (0-d) if dim is -1."""
    if dim == -1:
        return sqrt(sum(v * v, None, False))
    over = tuple(k for k in range(v.ndim) if k != dim)
    return sqrt(sum(v * v, over, True)) if over else sqrt(v * v)


def weight_normed(v: Any, g: Any, dim: int) -> Any:
    """g v / |v|."""
    return v * (g / norm_except(v, dim))


def as_matrix(weight: Any, dim: int) -> Any:
    """The weight as a matrix whose rows are its dimension `dim`."""
    if dim != 0:
        weight = weight.permute((dim, *[k for k in range(weight.ndim) if k != dim]))
    return weight.reshape((weight.shape[0], prod(weight.shape[1:])))


def random_unit(like: Any, n: int, eps: float) -> Any:
    """A random direction in n dimensions, in the dtype of `like`."""
    return normalize(drawn(None, "normal", shape=(n,), dtype=like.array.dtype), dim=0, eps=eps)


@no_grad()
def power_iteration(matrix: Any, u: Any, v: Any, times: int, eps: float, v_first: bool) -> None:
    """Turn u and v, in place, toward the matrix's first singular vectors."""
    for _ in range(times):
        steps = [(u, matrix, v), (v, matrix.T, u)]
        for target, m, source in reversed(steps) if v_first else steps:
            write(target, normalize(m @ source, dim=0, eps=eps), "power_iteration")


def spectral(matrix: Any, u: Any, v: Any) -> Any:
    """u^T W v, the largest singular value once u and v have converged; u and v count as constants."""
    return sum(u.detach().clone() * (matrix @ v.detach().clone()), None, False)
