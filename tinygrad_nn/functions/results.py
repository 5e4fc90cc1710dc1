"""Results with named parts: tuples that PyTorch names too, so that `.values` and unpacking both work."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = ["QR", "SVD", "Eigh", "Slogdet", "ValuesIndices"]


class ValuesIndices(NamedTuple):
    """Chosen elements, and where along the dimension they stand (max, min, median, mode, cummax, sort, topk)."""

    values: Tensor
    indices: Tensor


class Slogdet(NamedTuple):
    """The sign of a determinant and the logarithm of its absolute value."""

    sign: Tensor
    logabsdet: Tensor


class SVD(NamedTuple):
    """A = U diag(S) Vh."""

    U: Tensor
    S: Tensor
    Vh: Tensor


class QR(NamedTuple):
    """A = Q R."""

    Q: Tensor
    R: Tensor


class Eigh(NamedTuple):
    """A = Q diag(L) Q^T, with L ascending."""

    eigenvalues: Tensor
    eigenvectors: Tensor
