"""NumPy speaks Tensor: `np.exp(t)`, `np.concatenate([t, u])`, `np.where(m, t, 0)` stay on the tape.

NumPy hands a call that has a tensor among its operands to the tensor (NEP 13 for ufuncs, NEP 18 for
the other functions). The two tables say which operation each NumPy function means; signatures and
meaning are NumPy's (`np.std` divides by n, `np.split` takes a number of sections).

A function outside the tables has no gradient here. It gets the arrays where no tensor requires one
(so `np.histogram(t)` and plotting work, as with PyTorch); else a TypeError says what to do.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate, pairwise
from typing import Any

import numpy as np

from tinygrad_nn.errors import DTypeError, message
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
from tinygrad_nn.primitive import TYPES, node_of, wrap

__all__ = ["array_function", "array_ufunc"]

Call = Callable[..., Any]


UFUNCS: dict[Any, Call] = {
    np.add: binary.add, np.subtract: binary.sub, np.multiply: binary.mul, np.divide: binary.div,
    np.true_divide: binary.div,
    np.floor_divide: binary.floor_divide, np.remainder: binary.remainder, np.fmod: binary.fmod, np.power: binary.pow,
    np.float_power: binary.pow, np.matmul: linalg.matmul, np.arctan2: binary.atan2, np.maximum: binary.maximum,
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


def _over(function: Call) -> Call:
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
    return [shape.narrow(ary, k, a, b - a) for a, b in pairwise(ends)]


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
    return rearrange.roll(a, shift, axis)


def _sort(a: Any, axis: int | None = -1, *, kind: Any = None, stable: Any = None) -> Any:
    return sorting.sort(shape.ravel(a), 0).values if axis is None else sorting.sort(a, axis).values


def _argsort(a: Any, axis: int | None = -1, *, kind: Any = None, stable: Any = None) -> Any:
    return sorting.argsort(shape.ravel(a), 0) if axis is None else sorting.argsort(a, axis)


def _expand_dims(a: Any, axis: Any) -> Any:
    for k in sorted(axis) if isinstance(axis, tuple) else (axis,):
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


def _meshgrid(*xi: Any, indexing: str = "xy", **_: Any) -> tuple[Any, ...]:
    return rearrange.meshgrid(*xi, indexing=indexing)


def _column_stack(tup: Any) -> Any:
    return joining.cat([shape.unsqueeze(one, 1) if one.ndim == 1 else one for one in tup], 1)


def _isclose(function: Call) -> Call:
    def call(a: Any, b: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False) -> Any:
        a, b = [one if type(one) in TYPES else wrap(np.asarray(one)) for one in (a, b)]
        common = np.promote_types(a.array.dtype, b.array.dtype)
        return function(elementwise.to_dtype(a, common), elementwise.to_dtype(b, common), rtol, atol, equal_nan)

    return call


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
    np.sum: _over(reduce.sum), np.prod: _over(reduce.prod), np.mean: _mean, np.std: _spread(reduce.std),
    np.var: _spread(reduce.var), np.max: _extreme(reduce.amax), np.amax: _extreme(reduce.amax),
    np.min: _extreme(reduce.amin), np.amin: _extreme(reduce.amin), np.all: _over(reduce.all), np.any: _over(reduce.any),
    np.argmax: _place(select.argmax), np.argmin: _place(select.argmin), np.cumsum: _running(reduce.cumsum),
    np.cumprod: _running(reduce.cumprod), np.count_nonzero: lambda a, axis=None: reduce.count_nonzero(a, axis),
    np.concatenate: _joined(joining.cat), np.stack: _joined(joining.stack),
    np.hstack: lambda tup: joining.hstack(list(tup)), np.vstack: lambda tup: joining.vstack(list(tup)),
    np.column_stack: _column_stack, np.split: _split, np.reshape: lambda a, shape_: shape.reshape(a, shape_),
    np.transpose: _transpose, np.swapaxes: shape.swapaxes, np.moveaxis: shape.movedim, np.ravel: shape.ravel,
    np.squeeze: lambda a, axis=None: shape.squeeze(a, axis), np.expand_dims: _expand_dims,
    np.broadcast_to: lambda array, shape_: broadcast.broadcast_to(array, shape_),
    np.broadcast_arrays: lambda *arrays: broadcast.broadcast_tensors(*arrays),
    np.atleast_1d: shape.atleast_1d, np.atleast_2d: shape.atleast_2d, np.tile: lambda A, reps: rearrange.tile(A, reps),
    np.repeat: _repeat, np.roll: _roll, np.flip: _flip, np.fliplr: rearrange.fliplr, np.flipud: rearrange.flipud,
    np.tril: lambda m, k=0: rearrange.tril(m, k), np.triu: lambda m, k=0: rearrange.triu(m, k),
    np.diag: lambda v, k=0: rearrange.diag(v, k), np.meshgrid: _meshgrid,
    np.diagonal: lambda a, offset=0, axis1=0, axis2=1: shape.diagonal(a, offset, axis1, axis2),
    np.trace: lambda a: linalg.trace(a), np.einsum: _einsum,
    np.tensordot: lambda a, b, axes=2: contract.tensordot(a, b, axes), np.dot: _dot,
    np.inner: linalg.inner, np.outer: lambda a, b: linalg.outer(shape.ravel(a), shape.ravel(b)),
    np.vdot: lambda a, b: linalg.dot(shape.ravel(a), shape.ravel(b)),
    np.where: elementwise.where, np.clip: _clip, np.nan_to_num: _nan_to_num,
    np.round: _around, np.around: _around, np.isclose: _isclose(binary.isclose), np.allclose: _isclose(binary.allclose),
    np.array_equal: _array_equal, np.take: _take, np.take_along_axis: _take_along_axis,
    np.sort: _sort, np.argsort: _argsort, np.nonzero: lambda a: sorting.nonzero(a, as_tuple=True),
    np.argwhere: sorting.argwhere, np.searchsorted: lambda a, v, side="left": sorting.searchsorted(a, v, side=side),
    np.zeros_like: _like(fill.zeros_like), np.ones_like: _like(fill.ones_like), np.empty_like: _like(fill.empty_like),
    np.full_like: _like(fill.full_like), np.copy: lambda a, order="K": attributes.clone(a),
    np.shape: lambda a: tuple(a.array.shape), np.ndim: lambda a: a.array.ndim,
    np.size: lambda a, axis=None: a.array.size if axis is None else a.array.shape[axis],
    np.linalg.norm: _norm, np.linalg.inv: factor.inv, np.linalg.det: factor.det, np.linalg.slogdet: factor.slogdet,
    np.linalg.solve: factor.solve, np.linalg.cholesky: factor.cholesky, np.linalg.qr: factor.qr,
    np.linalg.svd: factor.svd,
    np.linalg.eigh: factor.eigh, np.linalg.eigvalsh: factor.eigvalsh, np.linalg.pinv: factor.pinv,
    np.linalg.matrix_rank: factor.matrix_rank,
}  # fmt: skip
"""What each other function means."""


# -- the two entrances ---------------------------------------------------------------------------------


def array_ufunc(self: Any, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
    """A ufunc that has a tensor among its operands."""
    name = f"np.{ufunc.__name__}" + ("" if method == "__call__" else f".{method}")
    if not options and method == "__call__" and ufunc in UFUNCS:
        return UFUNCS[ufunc](*[_operand(one) for one in inputs])
    if method == "reduce" and ufunc in REDUCTIONS and options.keys() <= {"axis", "keepdims"} and len(inputs) == 1:
        axis = options.get("axis", 0)
        return _over(REDUCTIONS[ufunc])(inputs[0], axis, keepdims=options.get("keepdims", False))
    _refuse_graph(name, inputs, f"tinygrad_nn has no gradient for it{' with these options' if options else ''}")
    if any([type(one) in TYPES for one in options.get("out", ())]):
        raise DTypeError(message(f"{name}: out= cannot be a tensor", fix="use the in-place form, such as x.add_(y)"))
    found = getattr(ufunc, method)(
        *[_plain(one) for one in inputs], **{key: _plain(value) for key, value in options.items()}
    )
    return wrap(np.asarray(found)) if isinstance(found, (np.ndarray, np.generic)) and "out" not in options else found


def array_function(self: Any, func: Call, types: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Any other NumPy function that has a tensor among its arguments."""
    name = f"np.{'linalg.' if 'linalg' in func.__module__ else ''}{func.__name__}"
    meant = FUNCTIONS.get(func)
    if meant is not None:
        if "out" in kwargs and kwargs["out"] is None:
            kwargs = {key: value for key, value in kwargs.items() if key != "out"}
        try:
            return meant(
                *[_tensors(one) for one in args],
                **{_KEYWORDS.get(key, key): _tensors(value) for key, value in kwargs.items()},
            )
        except TypeError as error:
            if "unexpected keyword" not in str(error) and "positional argument" not in str(error):
                raise
            raise DTypeError(
                message(
                    f"{name}: an argument that a tensor does not take",
                    got=str(error).split(") ", 1)[-1],
                    fix="leave it out, or pass t.detach().numpy()",
                )
            ) from None
    _refuse_graph(name, (*args, *kwargs.values()), "tinygrad_nn has no gradient for it")
    return func(*[_plain(one) for one in args], **{key: _plain(value) for key, value in kwargs.items()})


_KEYWORDS = {"shape": "shape_", "newshape": "shape_"}


def _refuse_graph(name: str, given: Any, why: str) -> None:
    for one in _flat(given):
        if type(one) in TYPES and node_of(one) is not None:
            raise DTypeError(
                message(
                    f"{name}: {why}",
                    got="a tensor that requires grad",
                    fix=f"{name}(t.detach().numpy()), or write it with tensor operations",
                )
            )


def _flat(given: Any) -> list[Any]:
    found = []
    for one in given:
        found += _flat(one) if isinstance(one, (list, tuple)) else [one]
    return found


def _operand(value: Any) -> Any:
    """An operand of a ufunc: lists as arrays, NumPy's scalars as numbers."""
    if type(value) in TYPES or isinstance(value, (bool, int, float)):
        return value.item() if isinstance(value, np.generic) else value
    return value.item() if isinstance(value, np.generic) else wrap(np.asarray(value))


def _tensors(value: Any) -> Any:
    """Arrays as tensors, also within lists and tuples."""
    if isinstance(value, np.ndarray):
        return wrap(value)
    if type(value) in (list, tuple) and any([isinstance(one, np.ndarray) or type(one) in TYPES for one in value]):
        return [_tensors(one) for one in value]
    return value


def _plain(value: Any) -> Any:
    """Tensors as arrays, also within lists and tuples."""
    if type(value) in TYPES:
        return value.numpy()
    return type(value)([_plain(one) for one in value]) if type(value) in (list, tuple) else value
