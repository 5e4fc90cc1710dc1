"""Linear algebra in PyTorch's signatures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinygrad_nn.ops import linalg as ops

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor


def matmul(input: Any, other: Any) -> Tensor:
    """The matrix product: of vectors, matrices, or batches of matrices that broadcast."""
    return ops.matmul(input, other)  # type: ignore[no-any-return]
