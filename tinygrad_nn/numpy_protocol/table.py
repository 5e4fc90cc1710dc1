"""Which operation each NumPy function means. Signatures and meaning are NumPy's: `np.std` divides by n."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from tinygrad_nn.functions import (
    attributes,
    binary,
    broadcast,
    contract,
    elementwise,
    factor,
    fill,
    joining,
    linalg,
    norms,
    places,
    rearrange,
    reduce,
    select,
    shape,
    sorting,
    unary,
)  # fmt: skip
from tinygrad_nn.ops import elementwise as ops
from tinygrad_nn.primitive import TYPES, wrap

__all__ = ["FUNCTIONS", "REDUCTIONS", "UFUNCS", "VIEWS", "WITHOUT", "Call", "alike", "over", "tensor"]

Call = Callable[..., Any]


def tensor(value: Any) -> Any:
    """A tensor, or an array, list or number as one."""
    return value if type(value) in TYPES else wrap(np.asarray(value))


def alike(values: Any) -> list[Any]:
    """Tensors, arrays, lists and numbers as tensors of one dtype; a None among them stays."""
    plain = [_array(one) for one in values if one is not None]
    common = np.result_type(*plain)
    return [one if one is None else elementwise.to_dtype(tensor(one), common) for one in values]


def _array(value: Any) -> Any:
    """What NumPy's promotion sees: an array, or a number, which yields to arrays of its kind."""
    if type(value) in TYPES:
        return value.array
    return value if type(value) in (bool, int, float) else np.asarray(value)


def _matmul(a: Any, b: Any) -> Any:
    return linalg.matmul(*alike((a, b)))


UFUNCS: dict[Any, Call] = {
    np.add: binary.add, np.subtract: binary.sub, np.multiply: binary.mul, np.divide: binary.div,
    np.true_divide: binary.div,
    np.floor_divide: binary.floor_divide, np.remainder: binary.remainder, np.fmod: binary.fmod, np.power: binary.pow,
    np.float_power: binary.pow, np.matmul: _matmul, np.arctan2: binary.atan2, np.maximum: binary.maximum,
    np.minimum: binary.minimum, np.logaddexp: binary.logaddexp, np.equal: binary.eq, np.not_equal: binary.ne,
    np.less: binary.lt, np.less_equal: binary.le, np.greater: binary.gt, np.greater_equal: binary.ge,
    np.logical_and: binary.logical_and, np.logical_or: binary.logical_or, np.logical_xor: binary.logical_xor,
    np.bitwise_and: binary.bitwise_and, np.bitwise_or: binary.bitwise_or, np.bitwise_xor: binary.bitwise_xor,
    np.logical_not: ops.logical_not, np.invert: ops.bitwise_not, np.negative: ops.neg, np.positive: unary.positive,
    np.absolute: ops.abs, np.fabs: ops.abs, np.sign: ops.sign, np.square: ops.square, np.sqrt: ops.sqrt,
    np.reciprocal: ops.reciprocal, np.exp: ops.exp, np.exp2: ops.exp2, np.expm1: ops.expm1, np.log: ops.log,
    np.log2: ops.log2, np.log10: ops.log10, np.log1p: ops.log1p, np.sin: ops.sin, np.cos: ops.cos, np.tan: ops.tan,
    np.arcsin: ops.asin, np.arccos: ops.acos, np.arctan: ops.atan, np.sinh: ops.sinh, np.cosh: ops.cosh,
    np.tanh: ops.tanh,
    np.floor: ops.floor, np.ceil: ops.ceil, np.trunc: ops.trunc, np.rint: ops.round, np.isnan: ops.isnan,
    np.isinf: ops.isinf, np.isfinite: ops.isfinite,
}  # fmt: skip
"""What each ufunc means."""

REDUCTIONS: dict[Any, Call] = {
    np.add: reduce.sum, np.multiply: reduce.prod, np.maximum: reduce.amax, np.minimum: reduce.amin,
    np.logical_and: reduce.all, np.logical_or: reduce.any,
}  # fmt: skip
"""What `ufunc.reduce` means."""


# -- functions whose signature is not ours ------------------------------------------------------------


def _dims(axis: Any) -> dict[str, Any]:
    return {} if axis is None else {"dim": axis}


def over(function: Call) -> Call:
    """A reduction over `axis`, with NumPy's order of arguments."""

    def call(a: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
        options = {} if dtype is None else {"dtype": dtype}
        if isinstance(axis, tuple) and function is reduce.prod:
            for k in sorted([d % a.ndim for d in axis], reverse=True):
                a = function(a, k, keepdims, **options)
            return a
        return (
            function(a, **_dims(axis), keepdim=keepdims, **options)
            if axis is not None or not keepdims
            else _kept(function, a, options)
        )

    return call


def _kept(function: Call, a: Any, options: dict[str, Any]) -> Any:
    return shape.reshape(function(a, **options), (1,) * a.ndim)


def _extreme(function: Call) -> Call:
    def call(a: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
        return function(a, () if axis is None else axis, keepdims)

    return call


def _place(function: Call) -> Call:
    def call(a: Any, axis: int | None = None, *, keepdims: bool = False) -> Any:
        return function(a, axis, keepdims)

    return call


def _spread(function: Call) -> Call:
    def call(a: Any, axis: Any = None, dtype: Any = None, *, ddof: float = 0, keepdims: bool = False) -> Any:
        x = a if dtype is None else elementwise.to_dtype(a, dtype)
        if x.array.dtype.kind in "iub":
            x = elementwise.to_dtype(x, float)
        return function(x, axis, keepdim=keepdims, correction=ddof)

    return call


def _mean(a: Any, axis: Any = None, dtype: Any = None, *, keepdims: bool = False) -> Any:
    if dtype is None and a.array.dtype.kind in "iub":
        dtype = float
    return reduce.mean(a, axis, keepdims, dtype=dtype)


def _running(function: Call) -> Call:
    def call(a: Any, axis: int | None = None, dtype: Any = None) -> Any:
        x = a if dtype is None else elementwise.to_dtype(a, dtype)
        return function(shape.ravel(x), 0) if axis is None else function(x, axis)

    return call


def _joined(function: Call) -> Call:
    def call(arrays: Any, axis: int = 0) -> Any:
        return function(list(arrays), axis)

    return call


def _split(ary: Any, indices_or_sections: Any, axis: int = 0) -> list[Any]:
    k = axis % ary.ndim
    n = ary.array.shape[k]
    if isinstance(indices_or_sections, int):
        if n % indices_or_sections:
            raise ValueError(f"np.split: {indices_or_sections} sections do not divide {n} equally")
        return list(joining.split(ary, n // indices_or_sections, k))
    ends = [0, *accumulate(indices_or_sections, lambda _, end: min(end, n)), n]
    return [shape.narrow(ary, k, a, max(b - a, 0)) for a, b in pairwise(ends)]


def _transpose(a: Any, axes: Any = None) -> Any:
    return shape.reversed_dims(a) if axes is None else shape.permute(a, tuple(axes))


def _dot(a: Any, b: Any) -> Any:
    if not a.ndim or not b.ndim:
        return binary.mul(a, b)
    return linalg.matmul(a, b) if b.ndim <= 2 else contract.tensordot(a, b, ([-1], [-2]))


def _clip(a: Any, a_min: Any = None, a_max: Any = None, *, min: Any = None, max: Any = None) -> Any:
    return elementwise.clamp(a, min if a_min is None else a_min, max if a_max is None else a_max)


def _take(a: Any, indices: Any, axis: int | None = None) -> Any:
    rows = indices if type(indices) in TYPES else wrap(np.asarray(indices))
    return places.take(a, rows) if axis is None else a[(slice(None),) * (axis % a.ndim) + (rows,)]


def _repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    return rearrange.repeat_interleave(
        a, wrap(np.asarray(repeats)) if isinstance(repeats, (list, tuple)) else repeats, axis
    )


def _flip(m: Any, axis: Any = None) -> Any:
    return rearrange.flip(m, tuple(range(m.ndim)) if axis is None else axis)


def _roll(a: Any, shift: Any, axis: Any = None) -> Any:
    return rearrange.roll(a, _integers(shift), axis)


def _tile(A: Any, reps: Any) -> Any:
    return rearrange.tile(A, _integers(reps))


def _integers(given: Any) -> Any:
    return given.tolist() if isinstance(given, np.ndarray) or type(given) in TYPES else given


def _sort(a: Any, axis: int | None = -1, *, kind: Any = None, stable: Any = None) -> Any:
    return sorting.sort(shape.ravel(a), 0).values if axis is None else sorting.sort(a, axis).values


def _argsort(a: Any, axis: int | None = -1, *, kind: Any = None, stable: Any = None) -> Any:
    return sorting.argsort(shape.ravel(a), 0) if axis is None else sorting.argsort(a, axis)


def _expand_dims(a: Any, axis: Any) -> Any:
    for k in sorted(axis) if isinstance(axis, (tuple, list)) else (axis,):
        a = shape.unsqueeze(a, k)
    return a


def _norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    return norms.linalg_norm(x, ord, axis, keepdims)


def _around(a: Any, decimals: int = 0) -> Any:
    return unary.round(a, decimals=decimals)


def _like(function: Call) -> Call:
    def call(a: Any, *values: Any, dtype: Any = None, **_: Any) -> Any:
        return function(a, *values, dtype=dtype)

    return call


def _meshgrid(*xi: Any, indexing: str = "xy") -> tuple[Any, ...]:
    """Each with a dtype of its own, which PyTorch's has not."""
    places = [1, 0, *range(2, len(xi))] if indexing == "xy" and len(xi) > 1 else [*range(len(xi))]
    sizes = tuple([xi[k].array.size for k in places])
    count = len(xi)
    lines = [shape.reshape(one, (1,) * k + (-1,) + (1,) * (count - 1 - k)) for k, one in zip(places, xi, strict=True)]
    return tuple([attributes.clone(broadcast.broadcast_to(line, sizes)) for line in lines])


def _pinv(a: Any, rcond: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    return factor.pinv(a, rcond, hermitian, rtol=rtol)


def _column_stack(tup: Any) -> Any:
    return joining.cat([shape.unsqueeze(one, 1) if one.ndim == 1 else one for one in tup], 1)


def _broadcast_arrays(*arrays: Any) -> tuple[Any, ...]:
    """Tensors as views on the tape; what no tensor can hold (None, objects) as NumPy has it."""
    plain = [one.array if type(one) in TYPES else np.asarray(one) for one in arrays]
    size = np.broadcast_shapes(*[one.shape for one in plain])
    spread = [
        one if type(one) in TYPES else wrap(own) if own.dtype.kind in "biuf" else own for one, own in zip(arrays, plain)
    ]
    return tuple(
        [broadcast.broadcast_to(one, size) if type(one) in TYPES else np.broadcast_to(one, size) for one in spread]
    )


def _where(condition: Any, *sides: Any) -> Any:
    mask = tensor(condition)
    if mask.array.dtype.kind != "b":
        mask = ops.ne(mask, 0)
    return elementwise.where(mask, *sides)


def _einsum(subscripts: Any, *operands: Any, optimize: Any = False) -> Any:
    return contract.einsum(subscripts, *operands)


def _nan_to_num(
    x: Any, copy: bool = True, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None
) -> Any:
    return unary.nan_to_num(x, nan, posinf, neginf)


def _take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    return places.take_along_dim(arr, indices, axis)


def _array_equal(a1: Any, a2: Any) -> bool:
    left, right = [one.array if type(one) in TYPES else np.asarray(one) for one in (a1, a2)]
    return bool(np.array_equal(left, right))


FUNCTIONS: dict[Any, Call] = {
    np.sum: over(reduce.sum), np.prod: over(reduce.prod), np.mean: _mean, np.std: _spread(reduce.std),
    np.var: _spread(reduce.var), np.max: _extreme(reduce.amax), np.amax: _extreme(reduce.amax),
    np.min: _extreme(reduce.amin), np.amin: _extreme(reduce.amin), np.all: over(reduce.all), np.any: over(reduce.any),
    np.argmax: _place(select.argmax), np.argmin: _place(select.argmin), np.cumsum: _running(reduce.cumsum),
    np.cumprod: _running(reduce.cumprod), np.count_nonzero: lambda a, axis=None: reduce.count_nonzero(a, axis),
    np.concatenate: _joined(joining.cat), np.stack: _joined(joining.stack),
    np.hstack: lambda tup: joining.hstack(list(tup)), np.vstack: lambda tup: joining.vstack(list(tup)),
    np.column_stack: _column_stack, np.split: _split, np.reshape: lambda a, shape_: shape.reshape(a, shape_),
    np.transpose: _transpose, np.swapaxes: shape.swapaxes, np.moveaxis: shape.movedim, np.ravel: shape.ravel,
    np.squeeze: lambda a, axis=None: shape.squeeze(a, axis), np.expand_dims: _expand_dims,
    np.broadcast_to: lambda array, shape_: broadcast.broadcast_to(array, shape_),
    np.broadcast_arrays: _broadcast_arrays,
    np.atleast_1d: shape.atleast_1d, np.atleast_2d: shape.atleast_2d, np.tile: _tile,
    np.repeat: _repeat, np.roll: _roll, np.flip: _flip, np.fliplr: rearrange.fliplr, np.flipud: rearrange.flipud,
    np.tril: lambda m, k=0: rearrange.tril(m, k), np.triu: lambda m, k=0: rearrange.triu(m, k),
    np.diag: lambda v, k=0: rearrange.diag(v, k), np.meshgrid: _meshgrid,
    np.diagonal: lambda a, offset=0, axis1=0, axis2=1: shape.diagonal(a, offset, axis1, axis2),
    np.trace: lambda a: linalg.trace(a), np.einsum: _einsum,
    np.tensordot: lambda a, b, axes=2: contract.tensordot(a, b, axes), np.dot: _dot,
    np.inner: linalg.inner, np.outer: lambda a, b: linalg.outer(shape.ravel(a), shape.ravel(b)),
    np.vdot: lambda a, b: linalg.dot(shape.ravel(a), shape.ravel(b)),
    np.where: _where, np.clip: _clip, np.nan_to_num: _nan_to_num,
    np.round: _around, np.around: _around, np.isclose: binary.isclose, np.allclose: binary.allclose,
    np.array_equal: _array_equal, np.take: _take, np.take_along_axis: _take_along_axis,
    np.sort: _sort, np.argsort: _argsort, np.nonzero: lambda a: sorting.nonzero(a, as_tuple=True),
    np.argwhere: sorting.argwhere, np.searchsorted: lambda a, v, side="left": sorting.searchsorted(a, v, side=side),
    np.zeros_like: _like(fill.zeros_like), np.ones_like: _like(fill.ones_like), np.empty_like: _like(fill.empty_like),
    np.full_like: _like(fill.full_like), np.copy: lambda a, order="K": attributes.clone(a),
    np.shape: lambda a: tuple(a.array.shape), np.ndim: lambda a: a.array.ndim,
    np.size: lambda a, axis=None: a.array.size if axis is None else a.array.shape[axis],
    np.linalg.norm: _norm, np.linalg.inv: factor.inv, np.linalg.det: factor.det, np.linalg.slogdet: factor.slogdet,
    np.linalg.solve: factor.solve, np.linalg.cholesky: factor.cholesky, np.linalg.qr: factor.qr,
    np.linalg.svd: lambda a, full_matrices=True: factor.svd(a, bool(full_matrices)),
    np.linalg.eigh: factor.eigh, np.linalg.eigvalsh: factor.eigvalsh, np.linalg.pinv: _pinv,
    np.linalg.matrix_rank: factor.matrix_rank,
}  # fmt: skip
"""What each other function means."""


VIEWS = frozenset((
    np.reshape, np.transpose, np.swapaxes, np.moveaxis, np.ravel, np.squeeze, np.expand_dims, np.broadcast_to,
    np.broadcast_arrays, np.atleast_1d, np.atleast_2d, np.diagonal, np.split,
))  # fmt: skip
"""Those whose result may share a tensor's memory."""
WITHOUT = frozenset((
    np.all, np.any, np.argmax, np.argmin, np.argsort, np.argwhere, np.nonzero, np.count_nonzero, np.searchsorted,
    np.isclose, np.allclose, np.array_equal, np.shape, np.ndim, np.size, np.linalg.matrix_rank,
    np.zeros_like, np.ones_like, np.empty_like, np.full_like,
))  # fmt: skip
"""Those whose results have no gradient."""
