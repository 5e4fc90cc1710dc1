"""Norms of vectors and matrices, and distances. The gradient is 0 where a norm is 0, as PyTorch has it."""

from __future__ import annotations

from math import inf, nan
from typing import TYPE_CHECKING, Any

from tinygrad_nn.dtypes import as_dtype, float32, promote_types, wanted_dtype
from tinygrad_nn.errors import ArgumentError, OperandError, ShapeError, message
from tinygrad_nn.functions.autocast import in_float32
from tinygrad_nn.functions.checks import array_of, floating, same_dtype, scalar, tensors
from tinygrad_nn.functions.dims import axes, numpy_spelling
from tinygrad_nn.functions.elementwise import to_dtype
from tinygrad_nn.functions.factor import svdvals
from tinygrad_nn.functions.reduce import refuse_empty
from tinygrad_nn.functions.single import in_single
from tinygrad_nn.ops import elementwise as elements
from tinygrad_nn.ops import reduce as reductions
from tinygrad_nn.ops import shape as shapes

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

Order = float | int | str | None


@numpy_spelling
def vector_norm(x: Any, ord: float = 2, dim: Any = None, keepdim: bool = False, *, dtype: object = None) -> Tensor:
    """(sum |x|^ord)^(1/ord) over `dim` (all, as one vector, if None).

    ord = inf and -inf give the largest and the smallest |x|, 0 the number of non-zeros. Floating tensors only.

    >>> import tinygrad_nn as tg
    >>> tg.linalg.vector_norm(tg.tensor([3.0, -4.0])).item(), tg.linalg.vector_norm(tg.tensor([3.0, -4.0]), 1).item()
    (5.0, 7.0)
    """
    tensors("linalg.vector_norm", x=x)
    ord = scalar("linalg.vector_norm", "ord", ord)
    floating("linalg.vector_norm", x)
    y = x if dtype is None else to_dtype(x, _wider("linalg.vector_norm", x, dtype))
    return _p_norm("linalg.vector_norm", y, float(ord), axes(dim, x.ndim, "linalg.vector_norm"), keepdim)  # type: ignore[no-any-return]


def _wider(name: str, x: Any, dtype: object) -> object:
    """The dtype asked for. RuntimeError unless it is floating and holds every element of `x`."""
    wanted = wanted_dtype(dtype)
    if promote_types(x.dtype, wanted) is not wanted or not wanted.is_floating_point:
        raise OperandError(
            message(
                f"{name}: the dtype of the input should be convertible without narrowing to the specified dtype",
                got=f"{x.dtype} to {wanted}",
                fix="convert the result: .to(dtype)",
            )
        )
    return wanted


def _p_norm(name: str, x: Any, p: float, over: tuple[int, ...] | None, keepdim: bool) -> Any:
    kind = as_dtype(x.dtype)
    if kind.itemsize == 2:
        return to_dtype(_p_norm(name, to_dtype(x, float32), p, over, keepdim), kind)
    if p == inf or p == -inf or (p < 0 and 0 in x.shape):
        refuse_empty(f"{name} of order {p:g}", x, over)
        return (reductions.amax if p > 0 else reductions.amin)(elements.abs(x), over, keepdim)
    if p == 0:
        return reductions.sum(
            elements.where(elements.isnan(x), nan if name == "cdist" else 1.0, elements.abs(elements.sign(x))),
            over,
            keepdim,
        )
    if p == 1:
        return reductions.sum(elements.abs(x), over, keepdim)
    if p == 2:
        return reductions.norm(x, over, keepdim)
    scale = reductions.norm_scale(x, over, p)  # a norm is homogeneous, and powers overflow
    size = elements.abs(elements.div(x, scale))
    result = _power(reductions.sum(_power(size, p), over, keepdim), 1 / p)
    return elements.mul(result, shapes.reshape(scale, tuple(result.shape)))


def _power(x: Any, p: float) -> Any:
    """x^p for x >= 0, with gradient 0 at 0."""
    kind = array_of(x).dtype.type
    zero = elements.eq(x, 0.0)
    return elements.where(zero, kind(0.0 if p > 0 else inf), elements.pow(elements.where(zero, kind(1.0), x), p))


@numpy_spelling
def matrix_norm(
    A: Any, ord: Order = "fro", dim: Any = (-2, -1), keepdim: bool = False, *, dtype: object = None
) -> Tensor:
    """A norm of the matrices along two dimensions.

    ord: "fro", the root of the sum of squares; "nuc", the sum of singular values; 2 and -2, the largest and
    the smallest of them; 1 and -1, the largest and smallest sum of |A| down a column; inf and -inf, along a row.

    >>> import tinygrad_nn as tg
    >>> tg.linalg.matrix_norm(tg.tensor([[1.0, -2.0], [3.0, 4.0]]), 1).item()
    6.0
    """
    name = "linalg.matrix_norm"
    tensors(name, A=A)
    floating(name, A)
    if A.ndim < 2:
        raise ShapeError(
            message(f"{name}: The input tensor A must have at least 2 dimensions.", got=f"shape {tuple(A.shape)}")
        )
    if not isinstance(dim, (tuple, list)) or len(dim) != 2:
        raise OperandError(message(f"{name}: dim must be a 2-tuple", got=f"{dim!r}"))
    if ord not in ("fro", "nuc", 1, -1, 2, -2, inf, -inf) or isinstance(ord, bool):
        raise OperandError(
            message(f"{name}: Order {ord} not supported.", fix="one of 'fro', 'nuc', 1, -1, 2, -2, inf, -inf")
        )
    x = A if dtype is None else to_dtype(A, _wider(name, A, dtype))
    axes(dim, x.ndim, name)  # distinct, in range
    rows, columns = (d % x.ndim for d in dim)
    if ord == "fro":
        return _p_norm(name, x, 2.0, tuple(sorted((rows, columns))), keepdim)  # type: ignore[no-any-return]
    if ord in ("nuc", 2, -2):
        return _spectral_norm(name, x, ord, rows, columns, keepdim)  # type: ignore[no-any-return]
    if ord in (inf, -inf):
        rows, columns = columns, rows
    sums = reductions.sum(elements.abs(x), (rows,), True)
    return _largest(name, sums, ord, (rows, columns), columns, keepdim)  # type: ignore[no-any-return]


def _spectral_norm(name: str, x: Any, ord: Order, rows: int, columns: int, keepdim: bool) -> Any:
    rest = [k for k in range(x.ndim) if k not in (rows, columns)]
    values = svdvals(shapes.permute(x, (*rest, rows, columns)))
    last = values.ndim - 1
    if ord == "nuc":
        result = reductions.sum(values, (last,), False)
    else:
        result = _largest(name, values, ord, (last,), last, False)
    return (
        shapes.reshape(result, tuple([1 if k in (rows, columns) else n for k, n in enumerate(x.shape)]))
        if keepdim
        else result
    )


def _largest(name: str, x: Any, ord: Any, over: tuple[int, ...], along: int, keepdim: bool) -> Any:
    """The largest (for a negative order, the smallest) along one axis; 0 of nothing, if the largest is asked."""
    if not x.shape[along] and ord > 0:
        return reductions.sum(x, tuple(sorted(over)), keepdim)
    refuse_empty(f"{name} of order {ord:g}", x, (along,))
    return (reductions.amax if ord > 0 else reductions.amin)(x, tuple(sorted(over)), keepdim)


@numpy_spelling
def linalg_norm(A: Any, ord: Order = None, dim: Any = None, keepdim: bool = False, *, dtype: object = None) -> Tensor:
    """The norm of a vector or a matrix: `vector_norm` for a 1-D tensor or one `dim`, `matrix_norm` for two.

    Without `ord`, the root of the sum of squares over `dim` (all if None).

    >>> import tinygrad_nn as tg
    >>> A = tg.tensor([[3.0, 0.0], [0.0, 4.0]])
    >>> tg.linalg.norm(A).item(), tg.linalg.norm(A, 2).item()
    (5.0, 4.0)
    """
    tensors("linalg.norm", A=A)
    if ord is None:
        return vector_norm(A, 2, dim, keepdim, dtype=dtype)
    if dim is None:
        if A.ndim not in (1, 2):
            raise OperandError(
                message(
                    f"linalg.norm: If dim is not specified but ord is, the input must be 1D or 2D. Got {A.ndim}D.",
                    fix="name the dimensions: dim=(-2, -1)",
                )
            )
        dim = (0,) if A.ndim == 1 and not isinstance(ord, str) else (-2, -1)
    pair = isinstance(dim, (tuple, list)) and len(dim) == 2
    if pair or isinstance(ord, str):
        return matrix_norm(A, ord, dim, keepdim, dtype=dtype)
    return vector_norm(A, ord, dim, keepdim, dtype=dtype)


@numpy_spelling
def norm(input: Any, p: Order = "fro", dim: Any = None, keepdim: bool = False, *, dtype: object = None) -> Tensor:
    """The p-norm over `dim`, taken as one vector; "fro" is 2, "nuc" the sum of a matrix's singular values.

    The older form of `linalg.norm`. Raises RuntimeError for "fro" over more than two dimensions.

    >>> import tinygrad_nn as tg
    >>> tg.norm(tg.tensor([[3.0, 0.0], [0.0, 4.0]])).item(), tg.norm(tg.tensor([3.0, -4.0]), p=1).item()
    (5.0, 7.0)
    """
    if p == "fro" and isinstance(dim, (tuple, list)) and len(dim) > 2:
        raise ShapeError(
            message("norm: a matrix has two dimensions", got=f"dim={tuple(dim)}", fix="norm(p=2, dim=...)")
        )
    if p is None or p == "fro":
        p = 2
    if isinstance(p, str):
        return matrix_norm(input, p, (-2, -1) if dim is None else dim, keepdim, dtype=dtype)
    return vector_norm(input, p, dim, keepdim, dtype=dtype)


COMPUTE_MODES = (
    "use_mm_for_euclid_dist_if_necessary",
    "use_mm_for_euclid_dist",
    "donot_use_mm_for_euclid_dist",
)


@in_float32
@in_single
def cdist(x1: Any, x2: Any, p: float = 2.0, compute_mode: str = "use_mm_for_euclid_dist_if_necessary") -> Tensor:
    """The p-norm distance of each row of x1 from each row of x2: (..., n, d), (..., m, d) -> (..., n, m).

    Computed from the differences, without the cancellation of the product formula; `compute_mode` is
    checked (ValueError) and makes no difference. Raises RuntimeError for p < 0 or rows of different length.

    >>> import tinygrad_nn as tg
    >>> tg.cdist(tg.tensor([[0.0, 0.0]]), tg.tensor([[3.0, 4.0], [0.0, 1.0]])).tolist()
    [[5.0, 1.0]]
    """
    tensors("cdist", x1=x1, x2=x2)
    floating("cdist", x1)
    floating("cdist", x2)
    same_dtype("cdist", x1=x1, x2=x2)
    for argument, x in (("X1", x1), ("X2", x2)):
        if x.ndim < 2:
            raise ShapeError(
                message(
                    f"cdist only supports at least 2D tensors, {argument} got: {x.ndim}D", got=f"shape {tuple(x.shape)}"
                )
            )
    if x1.shape[-1] != x2.shape[-1]:
        raise ShapeError(
            message(
                f"cdist: X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}",
                got=f"{tuple(x1.shape)} and {tuple(x2.shape)}",
            )
        )
    if compute_mode not in COMPUTE_MODES:
        raise ArgumentError(
            message(f"{compute_mode} is not a valid value for compute_mode", fix=f"one of {COMPUTE_MODES}")
        )
    if p < 0:
        raise OperandError(message("cdist only supports non-negative p values", got=f"p={p}"))
    rows = shapes.reshape(x1, (*x1.shape[:-1], 1, x1.shape[-1]))
    columns = shapes.reshape(x2, (*x2.shape[:-2], 1, *x2.shape[-2:]))
    difference = elements.sub(rows, columns)
    if not difference.shape[-1]:
        return reductions.sum(difference, (difference.ndim - 1,), False)  # type: ignore[no-any-return]
    return _p_norm("cdist", difference, float(p), (difference.ndim - 1,), False)  # type: ignore[no-any-return]
