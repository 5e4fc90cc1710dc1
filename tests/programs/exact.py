"""The oracle with some of its operations written out, as formulas whose derivatives of every order are right.

PyTorch's own second derivatives of lengths, angles and determinants are NaN where they are 0 or have a limit, that
of binary cross-entropy has few digits, `cdist` has none, that of `logaddexp` overflows; `topk` and `median` take any of several equals. Within `exact(torch)` they are composed of plain
operations, with a constant where a length is zero; so who agrees with that differs for this reason only.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from itertools import permutations
from typing import Any

__all__ = ["exact"]


def _length(lib: Any, x: Any, dim: Any, keepdim: bool) -> Any:
    squares = x.square().sum(dim, keepdim)
    none = squares == 0
    return lib.where(none, 0.0, lib.where(none, 1.0, squares).sqrt())


def _norm(lib: Any, x: Any, p: Any = None, dim: Any = None, keepdim: bool = False, **kwargs: Any) -> Any:
    if p not in (None, "fro", 2):
        return NotImplemented
    return _length(lib, x, tuple(range(x.ndim)) if dim is None else dim, keepdim)


def _normalize(lib: Any, x: Any, p: float = 2.0, dim: int = 1, eps: float = 1e-12, out: Any = None) -> Any:
    return x / _length(lib, x, dim, True).clamp_min(eps).expand_as(x) if p == 2 else NotImplemented


def _cdist(lib: Any, x: Any, y: Any, p: float = 2.0, **kwargs: Any) -> Any:
    return _length(lib, x.unsqueeze(-2) - y.unsqueeze(-3), -1, False) if p == 2 else NotImplemented


def _atan2(lib: Any, x: Any, y: Any) -> Any:
    x, y = lib.broadcast_tensors(x, y)
    origin = (x == 0) & (y == 0)
    return lib.where(origin, x.atan2(y).detach(), lib.where(origin, 1.0, x).atan2(lib.where(origin, 1.0, y)))


def _det(lib: Any, x: Any) -> Any:
    """The sum over all permutations."""
    n = x.shape[-1]
    total: Any = 0.0
    for order in permutations(range(n)):
        term = (-1.0) ** sum(order[j] > order[k] for k in range(n) for j in range(k))
        for row, column in enumerate(order):
            term = term * x[..., row, column]
        total = total + term
    return total


def _binary_cross_entropy(
    lib: Any, x: Any, y: Any, weight: Any = None, *rest: Any, reduction: str = "mean", **kwargs: Any
) -> Any:
    if weight is not None or reduction != "mean":
        return NotImplemented
    return -(y * x.log().clamp_min(-100.0) + (1 - y) * (1 - x).log().clamp_min(-100.0)).mean()


def _logaddexp(lib: Any, x: Any, y: Any) -> Any:
    return x + lib.nn.functional.softplus(y - x, threshold=40.0)


def _median(lib: Any, x: Any, dim: Any = None, keepdim: bool = False) -> Any:
    """The first among equals."""
    if dim is None or not x.ndim:
        return NotImplemented
    index = (x == x.detach().median(dim, keepdim=True).values).int().argmax(dim, keepdim=True)
    found = x.gather(dim, index), index
    return found if keepdim else tuple(part.squeeze(dim) for part in found)


def _topk(lib: Any, x: Any, k: int, dim: int = -1, largest: bool = True, sorted: bool = True) -> Any:
    """The first among equals."""
    if not x.ndim:
        return NotImplemented
    return tuple(part.narrow(dim, 0, k) for part in lib.sort(x, dim=dim, descending=largest, stable=True))


FORMULAS: dict[str, Callable[..., Any]] = {
    "norm": _norm, "linalg_norm": _norm, "normalize": _normalize, "cdist": _cdist, "atan2": _atan2,
    "binary_cross_entropy": _binary_cross_entropy, "det": _det, "linalg_det": _det, "logaddexp": _logaddexp, "median": _median, "topk": _topk,
}  # fmt: skip


def exact(oracle: Any) -> AbstractContextManager[Any]:
    """A context in which the oracle computes by `FORMULAS`."""

    class Exact(oracle.overrides.TorchFunctionMode):  # type: ignore[misc]
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name = getattr(func, "__name__", "")
            formula = FORMULAS.get(name.rstrip("_"))
            result = NotImplemented if formula is None else formula(oracle, *args, **(kwargs or {}))
            if result is NotImplemented:
                return func(*args, **(kwargs or {}))
            return args[0].copy_(result) if name.endswith("_") else result

    context: AbstractContextManager[Any] = Exact()
    return context
