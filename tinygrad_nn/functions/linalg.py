"""Products of vectors, matrices and batches of matrices, in PyTorch's signatures.

All operands of a product must have one dtype (RuntimeError). `einsum` and `tensordot` stand in
`contract`, the factorisations in `factor`, norms and distances in `norms`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tinygrad_nn.dtypes import as_dtype
from tinygrad_nn.errors import IndexingError, OperandError, ShapeError, message
from tinygrad_nn.functions.autocast import RUNNING, in_float32, in_lower, lowered
from tinygrad_nn.functions.checks import same_dtype, scalar, tensors, within
from tinygrad_nn.functions.single import in_single
from tinygrad_nn.ops import elementwise as elements
from tinygrad_nn.ops import linalg as ops
from tinygrad_nn.ops import reduce as reductions
from tinygrad_nn.ops import shape as shapes
from tinygrad_nn.primitive import TYPES

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

Number = float | int | bool


def matmul(input: Any, other: Any) -> Tensor:
    """The matrix product: of vectors, matrices, or batches of matrices that broadcast.

    (k,) @ (k,) -> (); (n, k) @ (k, m) -> (n, m); (..., n, k) @ (..., k, m) -> (..., n, m).
    RuntimeError where the inner sizes differ, TypeError for numbers.

    >>> import tinygrad_nn as tg
    >>> tg.matmul(tg.tensor([[1, 2], [3, 4]]), tg.tensor([1, 1])).tolist()
    [3, 7]
    """
    if type(input) not in TYPES or type(other) not in TYPES:
        tensors("matmul", input=input, other=other)
    if RUNNING:
        input, other = lowered(input, other)
    return ops.matmul(input, other)  # type: ignore[no-any-return]


def rmatmul(input: Any, other: Any) -> Tensor:
    """other @ input."""
    return matmul(other, input)


def _ranks(name: str, *operands: tuple[str, Any, int]) -> None:
    """RuntimeError unless each operand is a tensor with its number of dimensions."""
    tensors(name, **{argument: x for argument, x, _ in operands})
    for argument, x, rank in operands:
        if x.ndim != rank:
            kind = {1: "1-D tensor", 2: "matrix", 3: "3-D tensor"}[rank]
            raise ShapeError(
                message(
                    f"{name}{within()}: {argument} must be a {kind}, but got a {x.ndim}-D tensor",
                    got=f"shapes {' and '.join(str(tuple(y.shape)) for _, y, _ in operands)}",
                    fix="matmul takes every combination" if name in ("mm", "mv", "bmm", "dot") else None,
                )
            )


def _chained(name: str, a: Any, b: Any) -> None:
    """RuntimeError unless the product of two (batches of) matrices exists."""
    if a.shape[-1] != b.shape[max(b.ndim - 2, 0)]:
        raise ShapeError(f"{name}{within()}: the inner sizes differ\n{ops.crossed(tuple(a.shape), tuple(b.shape))}")


@in_lower
def mm(input: Any, mat2: Any) -> Tensor:
    """The product of two matrices: (n, k) @ (k, m) -> (n, m).

    >>> import tinygrad_nn as tg
    >>> tg.mm(tg.tensor([[1, 2]]), tg.tensor([[3], [4]])).tolist()
    [[11]]
    """
    _ranks("mm", ("input", input, 2), ("mat2", mat2, 2))
    _chained("mm", input, mat2)
    return ops.matmul(input, mat2)  # type: ignore[no-any-return]


@in_lower
def bmm(input: Any, mat2: Any) -> Tensor:
    """The products of two batches of matrices, one by one: (b, n, k) @ (b, k, m) -> (b, n, m).

    >>> import tinygrad_nn as tg
    >>> tg.bmm(tg.tensor([[[1, 2]]]), tg.tensor([[[3], [4]]])).tolist()
    [[[11]]]
    """
    _ranks("bmm", ("input", input, 3), ("mat2", mat2, 3))
    if input.shape[0] != mat2.shape[0]:
        raise ShapeError(
            message(
                "bmm: the batches must have one size (nothing broadcasts)",
                got=f"{tuple(input.shape)} and {tuple(mat2.shape)}: {input.shape[0]} and {mat2.shape[0]}",
                fix="matmul broadcasts",
            )
        )
    _chained("bmm", input, mat2)
    return ops.matmul(input, mat2)  # type: ignore[no-any-return]


def mv(input: Any, vec: Any) -> Tensor:
    """A matrix times a vector: (n, k) @ (k,) -> (n,).

    >>> import tinygrad_nn as tg
    >>> tg.mv(tg.tensor([[1, 2], [3, 4]]), tg.tensor([1, 1])).tolist()
    [3, 7]
    """
    _ranks("mv", ("input", input, 2), ("vec", vec, 1))
    _chained("mv", input, vec)
    return ops.matmul(input, vec)  # type: ignore[no-any-return]


def dot(input: Any, tensor: Any) -> Tensor:
    """The sum of the products of two vectors' elements: (k,), (k,) -> ().

    >>> import tinygrad_nn as tg
    >>> tg.dot(tg.tensor([1, 2]), tg.tensor([3, 4])).item()
    11
    """
    _ranks("dot", ("input", input, 1), ("tensor", tensor, 1))
    if input.shape != tensor.shape:
        raise ShapeError(
            message(
                "dot: both vectors must have the same number of elements",
                got=f"{tuple(input.shape)} and {tuple(tensor.shape)}",
            )
        )
    return ops.matmul(input, tensor)  # type: ignore[no-any-return]


def inner(input: Any, other: Any) -> Tensor:
    """Products summed over the last dimension of both: (..., k), (***, k) -> (..., ***). A 0-d operand multiplies.

    >>> import tinygrad_nn as tg
    >>> tg.inner(tg.tensor([[1, 2], [3, 4]]), tg.tensor([1, 1])).tolist()
    [3, 7]
    """
    tensors("inner", input=input, other=other)
    if not input.ndim or not other.ndim:
        return elements.mul(input, other)  # type: ignore[no-any-return]
    if input.shape[-1] != other.shape[-1]:
        raise ShapeError(
            message(
                f"inner: the last dimensions must match, not {input.shape[-1]} and {other.shape[-1]}",
                got=f"{tuple(input.shape)} and {tuple(other.shape)}",
            )
        )
    if RUNNING and max(input.ndim, other.ndim) > 1:  # of two vectors it is a dot product, which is not cast
        input, other = lowered(input, other)
    if other.ndim == 1:
        return ops.matmul(input, other)  # type: ignore[no-any-return]
    k = other.shape[-1]
    rows = other.shape[:-1]
    columns = shapes.permute(shapes.reshape(other, (_size(rows), k)), (1, 0))
    return shapes.reshape(ops.matmul(input, columns), (*input.shape[:-1], *rows))  # type: ignore[no-any-return]


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for n in shape:
        size *= n
    return size


def outer(input: Any, vec2: Any) -> Tensor:
    """All products of two vectors' elements: (n,), (m,) -> (n, m).

    >>> import tinygrad_nn as tg
    >>> tg.outer(tg.tensor([1, 2]), tg.tensor([3, 4])).tolist()
    [[3, 4], [6, 8]]
    """
    _ranks("outer", ("input", input, 1), ("vec2", vec2, 1))
    return elements.mul(shapes.reshape(input, (-1 if input.shape[0] else 0, 1)), vec2)  # type: ignore[no-any-return]


@in_lower
@in_single
def addmm(input: Any, mat1: Any, mat2: Any, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """beta * input + alpha * (mat1 @ mat2), the first broadcast to (n, m). With beta = 0 `input` is ignored, even NaN.

    >>> import tinygrad_nn as tg
    >>> tg.addmm(tg.tensor([1, 1]), tg.tensor([[1, 2]]), tg.tensor([[3, 4], [5, 6]]), alpha=10).tolist()
    [[131, 161]]
    """
    _ranks("addmm", ("mat1", mat1, 2), ("mat2", mat2, 2))
    _chained("addmm", mat1, mat2)
    return _added("addmm", input, mat1, mat2, beta, alpha)  # type: ignore[no-any-return]


@in_lower
@in_single
def baddbmm(input: Any, batch1: Any, batch2: Any, *, beta: Number = 1, alpha: Number = 1) -> Tensor:
    """beta * input + alpha * (batch1 @ batch2), batch by batch: see `addmm` and `bmm`.

    >>> import tinygrad_nn as tg
    >>> tg.baddbmm(tg.tensor([[[1]]]), tg.tensor([[[1, 2]]]), tg.tensor([[[3], [4]]])).tolist()
    [[[12]]]
    """
    _ranks("baddbmm", ("batch1", batch1, 3), ("batch2", batch2, 3))
    if batch1.shape[0] != batch2.shape[0]:
        raise ShapeError(
            message("baddbmm: the batches must have one size", got=f"{tuple(batch1.shape)} and {tuple(batch2.shape)}")
        )
    _chained("baddbmm", batch1, batch2)
    return _added("baddbmm", input, batch1, batch2, beta, alpha)  # type: ignore[no-any-return]


def _added(name: str, input: Any, first: Any, second: Any, beta: Number, alpha: Number) -> Any:
    tensors(name, input=input)
    beta, alpha = scalar(name, "beta", beta), scalar(name, "alpha", alpha)
    same_dtype(name, input=input, first=first, second=second)
    if as_dtype(input.dtype).category < 2:  # as PyTorch: factors of integers are integers
        beta, alpha = int(beta), int(alpha)
    product = ops.matmul(first, second)
    target = tuple(product.shape)
    sizes = tuple(input.shape)
    if len(sizes) > len(target) or any(
        n not in (1, m) for n, m in zip(reversed(sizes), reversed(target), strict=False)
    ):
        raise ShapeError(
            message(f"{name}: input does not expand to the product's shape", got=f"input {sizes}, product {target}")
        )
    if alpha != 1:
        product = elements.mul(product, alpha)
    if beta == 0:
        return product
    return elements.add(product, input if beta == 1 else elements.mul(input, beta))


@in_float32
@in_single
def trace(input: Any) -> Tensor:
    """The sum of a matrix's main diagonal.

    >>> import tinygrad_nn as tg
    >>> tg.trace(tg.tensor([[1, 2], [3, 4]])).item()
    5
    """
    _ranks("trace", ("input", input, 2))
    if as_dtype(input.dtype).name == "bool":
        raise OperandError(message("trace: not defined for bool", fix="x.int()"))
    return reductions.sum(shapes.diagonal(input, 0, 0, 1), None, False)  # type: ignore[no-any-return]


def contracted_axes(name: str, dims: Any, a: Any, b: Any) -> tuple[list[int], list[int]]:
    """The axes that `tensordot` sums: the last n and the first n, or two lists; checked against both shapes."""
    if isinstance(dims, int):
        if dims < 0:
            raise OperandError(message(f"{name} expects dims >= 0", got=f"dims={dims}"))
        if dims > min(a.ndim, b.ndim):
            raise OperandError(
                message(
                    f"{name}: dims is larger than a tensor's number of dimensions",
                    got=f"dims={dims}, {a.ndim}-D and {b.ndim}-D",
                )
            )
        first, second = list(range(a.ndim - dims, a.ndim)), list(range(dims))
    else:
        first, second = ([axes] if isinstance(axes, int) else list(axes) for axes in dims)
    if len(first) != len(second):
        raise OperandError(
            message(f"{name}: both dimension lists should have same length", got=f"{first} and {second}")
        )
    for axes, x in ((first, a), (second, b)):
        for place, k in enumerate(axes):
            if not -x.ndim <= k < x.ndim:
                raise IndexingError(
                    f"{name}: Dimension out of range "
                    f"(expected to be in range of [{-x.ndim}, {x.ndim - 1}], but got {k})"
                )
            axes[place] = k % x.ndim
        if len(set(axes)) != len(axes):
            raise OperandError(message(f"{name}: a dim appears multiple times in the list of dims", got=axes))
    return first, second
