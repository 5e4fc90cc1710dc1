"""Results with named parts: tuples that PyTorch names too, so that `.values` and unpacking both work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = ["QR", "SVD", "Eigh", "Slogdet", "ValuesIndices"]


def _lines(result: Any) -> str:
    """Each part on lines of its own, as tensors print over several."""
    parts = ",\n".join(f"{name}={part!r}" for name, part in zip(result._fields, result))
    return f"{type(result).__name__}(\n{parts})"


class ValuesIndices(NamedTuple):
    """Chosen elements, and where along the dimension they stand (max, min, median, mode, cummax, sort, topk)."""

    values: Tensor
    indices: Tensor

    def __repr__(self) -> str:
        return _lines(self)


class Slogdet(NamedTuple):
    """The sign of a determinant and the logarithm of its absolute value."""

    sign: Tensor
    logabsdet: Tensor

    def __repr__(self) -> str:
        return _lines(self)


class SVD(NamedTuple):
    """A = U diag(S) Vh."""

    U: Tensor
    S: Tensor
    Vh: Tensor

    def __repr__(self) -> str:
        return _lines(self)


class QR(NamedTuple):
    """A = Q R."""

    Q: Tensor
    R: Tensor

    def __repr__(self) -> str:
        return _lines(self)


class Eigh(NamedTuple):
    """A = Q diag(L) Q^T, with L ascending."""

    eigenvalues: Tensor
    eigenvectors: Tensor

    def __repr__(self) -> str:
        return _lines(self)
