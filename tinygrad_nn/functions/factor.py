"""The names of `linalg`: inverses, determinants, factorisations, in PyTorch's signatures.

A: (..., n, m), leading dimensions are batches; float32 or float64 (RuntimeError otherwise). Singular
and indefinite matrices raise LinAlgError, a RuntimeError. What would be complex is refused: `eigh`
and `svd` of real matrices are real, and `eig` is not offered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.dtypes import as_dtype, finfo
from tinygrad_nn.errors import OperandError, ShapeError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.functions.autocast import RUNNING, in_float32, lowered, target
from tinygrad_nn.functions.checks import array_of, floating, same_dtype, tensors
from tinygrad_nn.functions.results import QR, SVD, Eigh, Slogdet
from tinygrad_nn.ops import elementwise as elements
from tinygrad_nn.ops import factor as ops
from tinygrad_nn.ops import reduce as reductions
from tinygrad_nn.ops import shape as shapes
from tinygrad_nn.primitive import wrap

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor


def matrices(name: str, x: Any, *, square: bool = True) -> None:
    """RuntimeError unless x is a batch of (square) matrices of single or double precision."""
    tensors(f"linalg.{name}", A=x)
    floating(f"linalg.{name}", x)
    kind = as_dtype(x.dtype)
    if kind.itemsize == 2:
        raise OperandError(
            message(f"linalg.{name}: Low precision dtypes not supported", got=f"dtype {kind}", fix="x.float()")
        )
    if x.ndim < 2:
        raise ShapeError(
            message(
                f"linalg.{name}: The input tensor A must have at least 2 dimensions.", got=f"shape {tuple(x.shape)}"
            )
        )
    if square and x.shape[-1] != x.shape[-2]:
        raise ShapeError(
            message(
                f"linalg.{name}: A must be batches of square matrices, "
                f"but they are {x.shape[-2]} by {x.shape[-1]} matrices",
                got=f"shape {tuple(x.shape)}",
            )
        )


# -- inverses, determinants ------------------------------------------------------------------------


@in_float32
def inv(A: Any) -> Tensor:
    """The matrix with A inv(A) = 1. LinAlgError if there is none.

    >>> import tinygrad_nn as tg
    >>> tg.linalg.inv(tg.tensor([[2.0, 0.0], [0.0, 4.0]])).tolist()
    [[0.5, 0.0], [0.0, 0.25]]
    """
    matrices("inv", A)
    return ops.inv(A)  # type: ignore[no-any-return]


def det(A: Any) -> Tensor:
    """The determinant; its gradient is the matrix of cofactors, also where A is singular.

    >>> import tinygrad_nn as tg
    >>> tg.linalg.det(tg.tensor([[2.0, 1.0], [0.0, 4.0]])).item()
    8.0
    """
    matrices("det", A)
    return ops.det(A)  # type: ignore[no-any-return]


def slogdet(A: Any) -> Slogdet:
    """`(sign, logabsdet)` with det(A) = sign * exp(logabsdet); (0, -inf) for singular A.

    >>> import tinygrad_nn as tg
    >>> sign, logabsdet = tg.linalg.slogdet(tg.tensor([[-1.0, 0.0], [0.0, 1.0]]))
    >>> sign.item(), logabsdet.item()
    (-1.0, 0.0)
    """
    matrices("slogdet", A)
    return Slogdet(*ops.slogdet(A))


def logdet(input: Any) -> Tensor:
    """log(det(A)): NaN for a negative determinant, -inf for 0.

    >>> import tinygrad_nn as tg
    >>> tg.logdet(tg.tensor([[1.0, 0.0], [0.0, 1.0]])).item()
    0.0
    """
    matrices("logdet", input)
    sign, logabsdet = ops.slogdet(input)
    return elements.where(elements.lt(sign, 0.0), array_of(sign).dtype.type(np.nan), logabsdet)  # type: ignore[no-any-return]


@flags
@in_float32
def solve(A: Any, B: Any, *, left: bool = True) -> Tensor:
    """The X with A X = B (with left=False, X A = B). Batches broadcast. LinAlgError if A is singular.

    A: (..., n, n); B: (..., n, k), or a vector (n,), or a batch of vectors (..., n) with the batch of A.

    >>> import tinygrad_nn as tg
    >>> tg.linalg.solve(tg.tensor([[2.0, 0.0], [0.0, 4.0]]), tg.tensor([2.0, 2.0])).tolist()
    [1.0, 0.5]
    """
    matrices("solve", A)
    tensors("linalg.solve", B=B)
    same_dtype("linalg.solve", A=A, B=B)
    vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and tuple(B.shape) == tuple(A.shape[:-1]))
    rows = shapes.reshape(B, (*B.shape, 1)) if vector else B
    place = -2 if left or vector else -1
    if B.ndim == 0 or rows.shape[place] != A.shape[-1] or (vector and not left):
        raise ShapeError(
            message(
                f"linalg.solve: Incompatible shapes of A and B for the equation {'AX' if left else 'XA'} = B",
                got=f"A {tuple(A.shape)}, B {tuple(B.shape)}",
                fix=f"B must have {A.shape[-1]} {'rows' if left else 'columns'}",
            )
        )
    if not left:
        return _mT(ops.solve(_mT(A), _mT(rows)))  # type: ignore[no-any-return]
    found = ops.solve(A, rows)
    return shapes.reshape(found, tuple(found.shape[:-1])) if vector else found  # type: ignore[no-any-return]


def _mT(x: Any) -> Any:
    return shapes.permute(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


@flags
def pinv(A: Any, rcond: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None) -> Tensor:
    """The pseudo-inverse of Moore and Penrose: of A's singular values, those <= max(atol, rtol * largest) count as 0.

    `rtol` is max(n, m) * eps by default, 0 if `atol` is given (`rcond` is its older name). The gradient
    holds where the rank does not change.

    >>> import tinygrad_nn as tg
    >>> tg.linalg.pinv(tg.tensor([[2.0, 0.0], [0.0, 0.0]])).tolist()
    [[0.5, 0.0], [0.0, 0.0]]
    """
    if RUNNING and target() is not None:  # PyTorch's ends in a matrix product
        return lowered(_pinv(A, hermitian, atol, rcond if rtol is None else rtol))[0]  # type: ignore[no-any-return]
    return _pinv(A, hermitian, atol, rcond if rtol is None else rtol)  # type: ignore[no-any-return]


@in_float32
def _pinv(A: Any, hermitian: bool, atol: Any, rtol: Any) -> Any:
    matrices("pinv", A, square=hermitian)
    low, relative = _tolerances(A, atol, rtol)
    return ops.pinv(A, low, relative)


@in_float32
def pinverse(input: Any, rcond: float = 1e-15) -> Tensor:
    """`linalg.pinv` under its older name.

    >>> import tinygrad_nn as tg
    >>> tg.pinverse(tg.tensor([[2.0]])).tolist()
    [[0.5]]
    """
    return pinv(input, rcond)


def _tolerances(A: Any, atol: Any, rtol: Any) -> tuple[Any, Any]:
    """The absolute and the relative tolerance below which a singular value is taken as 0."""
    if rtol is None:
        rtol = max(A.shape[-2:]) * finfo(as_dtype(A.dtype)).eps if atol is None else 0.0
    return array_of(0.0 if atol is None else atol), array_of(rtol)


@flags
@in_float32
def matrix_rank(
    A: Any = None, tol: Any = None, hermitian: bool = False, *, atol: Any = None, rtol: Any = None, input: Any = None
) -> Tensor:
    """How many singular values exceed max(atol, rtol * largest); integers, without gradient.

    >>> import tinygrad_nn as tg
    >>> tg.linalg.matrix_rank(tg.tensor([[1.0, 2.0], [2.0, 4.0]])).item()
    1
    """
    x = input if A is None else A
    matrices("matrix_rank", x, square=hermitian)
    low, relative = (array_of(tol), 0.0) if tol is not None else _tolerances(x, atol, rtol)
    values = svdvals(x.detach() if hasattr(x, "detach") else x)
    if not values.shape[-1]:
        return reductions.sum(elements.ne(values, 0), (values.ndim - 1,), False)  # type: ignore[no-any-return]
    largest = reductions.amax(values, (values.ndim - 1,), True)
    bound = elements.maximum(
        elements.mul(largest, _last(relative)), elements.add(elements.zeros_like(largest), _last(low))
    )
    return reductions.sum(elements.gt(values, bound), (values.ndim - 1,), False)  # type: ignore[no-any-return]


def _last(tolerance: Any) -> Any:
    """A tolerance per matrix, as a column beside its singular values."""
    return float(tolerance) if np.ndim(tolerance) == 0 else wrap(np.asarray(tolerance)[..., None])


# -- factorisations --------------------------------------------------------------------------------


@flags
@in_float32
def cholesky(A: Any, *, upper: bool = False) -> Tensor:
    """The lower triangular L with L L^T = A (or its transpose, `upper`), of a symmetric positive definite A.

    Only that triangle of A is read. LinAlgError if A is not positive definite.

    >>> import tinygrad_nn as tg
    >>> tg.linalg.cholesky(tg.tensor([[4.0, 2.0], [2.0, 5.0]])).tolist()
    [[2.0, 0.0], [1.0, 2.0]]
    """
    matrices("cholesky", A)
    if upper:
        return _mT(ops.cholesky(_mT(A)))  # type: ignore[no-any-return]
    return ops.cholesky(A)  # type: ignore[no-any-return]


@in_float32
def qr(A: Any, mode: str = "reduced") -> QR:
    """`(Q, R)` with Q R = A: Q has orthonormal columns, R is upper triangular.

    mode: "reduced", Q (..., n, k) and R (..., k, m) with k = min(n, m); "complete", Q (..., n, n) and R
    (..., n, m), which has a gradient where n <= m; "r", Q empty. RuntimeError for another mode.

    >>> import tinygrad_nn as tg
    >>> [tuple(t.shape) for t in tg.linalg.qr(tg.tensor([[3.0], [4.0]]))]
    [(2, 1), (1, 1)]
    """
    matrices("qr", A, square=False)
    if mode not in ("reduced", "complete", "r"):
        raise OperandError(
            message(f"qr received unrecognized mode '{mode}'", fix="one of 'reduced' (default), 'r', or 'complete'")
        )
    if mode == "r":
        return QR(elements.zeros_like(shapes.reshape(A, (-1,))[:0]), ops.qr(A, "reduced")[1])
    return QR(*ops.qr(A, mode))


@flags
@in_float32
def svd(A: Any, full_matrices: bool = True) -> SVD:
    """`(U, S, Vh)` with A = U diag(S) Vh: orthonormal columns, singular values descending.

    U: (..., n, n), Vh: (..., m, m), or with full_matrices=False (..., n, k) and (..., k, m), k = min(n, m).
    The signs of the vectors are not unique, so a loss must not depend on them. LinAlgError for NaN or infinities.

    >>> import tinygrad_nn as tg
    >>> tg.linalg.svd(tg.tensor([[0.0, 2.0], [1.0, 0.0]])).S.tolist()
    [2.0, 1.0]
    """
    matrices("svd", A, square=False)
    return SVD(*ops.svd(A, bool(full_matrices)))


@in_float32
def svdvals(A: Any) -> Tensor:
    """The singular values, descending: (..., min(n, m)).

    >>> import tinygrad_nn as tg
    >>> tg.linalg.svdvals(tg.tensor([[0.0, 2.0], [1.0, 0.0]])).tolist()
    [2.0, 1.0]
    """
    matrices("svdvals", A, square=False)
    return ops.svd(A, False)[1]  # type: ignore[no-any-return]


@in_float32
def eigh(A: Any, UPLO: str = "L") -> Eigh:
    """`(eigenvalues, eigenvectors)` of a symmetric A = Q diag(L) Q^T, ascending; reads one triangle, "L" or "U".

    The signs of the vectors are not unique, so a loss must not depend on them.

    >>> import tinygrad_nn as tg
    >>> tg.linalg.eigh(tg.tensor([[2.0, 0.0], [0.0, 1.0]])).eigenvalues.tolist()
    [1.0, 2.0]
    """
    matrices("eigh", A)
    return Eigh(*ops.eigh(A, _triangle(UPLO)))


@in_float32
def eigvalsh(A: Any, UPLO: str = "L") -> Tensor:
    """The eigenvalues of a symmetric A, ascending: see `eigh`.

    >>> import tinygrad_nn as tg
    >>> tg.linalg.eigvalsh(tg.tensor([[2.0, 0.0], [0.0, 1.0]])).tolist()
    [1.0, 2.0]
    """
    matrices("eigvalsh", A)
    return ops.eigh(A, _triangle(UPLO))[0]  # type: ignore[no-any-return]


def _triangle(uplo: str) -> str:
    if not isinstance(uplo, str) or uplo.upper() not in ("L", "U"):
        raise OperandError(message("Expected UPLO argument to be 'L' or 'U'", got=repr(uplo)))
    return uplo.upper()
