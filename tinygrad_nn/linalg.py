"""Linear algebra under PyTorch's names: `tinygrad_nn.linalg.solve(A, B)`."""

from tinygrad_nn.errors import LinAlgError
from tinygrad_nn.functions.factor import (
    cholesky,
    det,
    eigh,
    eigvalsh,
    inv,
    matrix_rank,
    pinv,
    qr,
    slogdet,
    solve,
    svd,
    svdvals,
)
from tinygrad_nn.functions.linalg import matmul
from tinygrad_nn.functions.norms import linalg_norm as norm
from tinygrad_nn.functions.norms import matrix_norm, vector_norm

__all__ = [
    "norm",
    "vector_norm",
    "matrix_norm",
    "inv",
    "det",
    "slogdet",
    "solve",
    "cholesky",
    "svd",
    "svdvals",
    "qr",
    "eigh",
    "eigvalsh",
    "pinv",
    "matrix_rank",
    "matmul",
    "LinAlgError",
]
