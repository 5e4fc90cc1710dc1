"""Reductions and running totals. Those that choose an element stand in `select`, the norms in `norms`.

`dim` is a dimension, a tuple of them, or None for all; negative ones count from the end. NumPy's
`axis` and `keepdims` do as well. A `dim` out of range raises IndexError.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any

from tinygrad_nn.dtypes import as_dtype, default_float, float32, uint8, wanted_dtype
from tinygrad_nn.errors import DTypeError, IndexingError, OperandError, message
from tinygrad_nn.functions.autocast import in_float32
from tinygrad_nn.functions.checks import array_of, tensors
from tinygrad_nn.functions.dims import axes, axis, numpy_spelling
from tinygrad_nn.functions.elementwise import to_dtype
from tinygrad_nn.ops import elementwise as elements
from tinygrad_nn.ops import reduce as ops
from tinygrad_nn.ops import shape as shapes
from tinygrad_nn.primitive import TYPES, lasting

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

Dims = int | tuple[int, ...] | list[int] | None


def _given(name: str, input: Any, dtype: object) -> Any:
    if type(input) not in TYPES:
        tensors(name, input=input)
    return input if dtype is None else to_dtype(input, dtype)


def _in(result: Any, dtype: object) -> Any:
    """A sum or product of integers, which is added up in int64, in the dtype that was asked for."""
    return result if dtype is None else to_dtype(result, dtype)


def _refuse_bool(name: str, dtype: object) -> None:
    if dtype is not None and as_dtype(dtype).name == "bool":
        raise OperandError(message(f"{name}: not defined for dtype=bool", fix=f"{name}(...) > 0"))


def _count(x: Any, over: tuple[int, ...] | None) -> int:
    """How many elements are reduced to one."""
    count = 1
    for k, n in enumerate(array_of(x).shape):
        if over is None or k in over:
            count *= n
    return count


def _is_half(x: Any) -> bool:
    kind = array_of(x).dtype
    return bool(kind.itemsize == 2 and kind.kind in "fV")


# -- sums, products, moments -----------------------------------------------------------------------


@numpy_spelling
def sum(input: Any, dim: Dims = None, keepdim: bool = False, *, dtype: object = None) -> Tensor:
    """The sum over `dim`. Integers and bools add in int64, half precision in float32.

    >>> import tinygrad_nn as tg
    >>> tg.sum(tg.tensor([[1, 2], [3, 4]]), dim=0).tolist()
    [4, 6]
    """
    x = _given("sum", input, dtype)
    return _in(ops.sum(x, axes(dim, x.ndim, "sum"), keepdim), dtype)  # type: ignore[no-any-return]


@numpy_spelling
def mean(input: Any, dim: Dims = None, keepdim: bool = False, *, dtype: object = None) -> Tensor:
    """The mean over `dim`; NaN of nothing. Floating tensors only (RuntimeError).

    >>> import tinygrad_nn as tg
    >>> tg.mean(tg.tensor([[1.0, 2.0], [3.0, 4.0]]), dim=1).tolist()
    [1.5, 3.5]
    """
    x = _given("mean", input, dtype)
    if array_of(x).dtype.kind not in "fV":
        raise OperandError(
            message(
                "mean: the input must be floating",
                got=f"dtype {as_dtype(x.dtype)}",
                fix="convert first: x.float().mean()",
            )
        )
    if _is_half(x):
        return to_dtype(mean(to_dtype(x, float32), dim, keepdim), as_dtype(x.dtype))  # type: ignore[no-any-return]
    over = axes(dim, x.ndim, "mean")
    return _mean(x, over, keepdim)  # type: ignore[no-any-return]


share = lasting(elements.div)


def _mean(x: Any, over: tuple[int, ...] | None, keepdim: bool) -> Any:
    total = ops.sum(x, over, keepdim)
    count = _count(x, over)
    return share(total, count) if count else elements.add(total, float("nan"))


@in_float32
@numpy_spelling
def prod(input: Any, dim: int | None = None, keepdim: bool = False, *, dtype: object = None) -> Tensor:
    """The product over one dimension, or all. Exact gradients where factors are zero. Integers multiply in int64.

    >>> import tinygrad_nn as tg
    >>> tg.prod(tg.tensor([[1, 2], [3, 4]]), dim=1).tolist()
    [2, 12]
    """
    x = _given("prod", input, dtype)
    over = None if dim is None else _one("prod", dim, x.ndim)
    return _in(ops.prod(x, over, keepdim), dtype)  # type: ignore[no-any-return]


def _one(name: str, dim: Any, ndim: int) -> tuple[int, ...] | None:
    """A single dimension as a tuple of axes (None for a 0-d tensor, which has none)."""
    k = axis(dim, ndim, name)
    return (k,) if ndim else None


@numpy_spelling
def var(
    input: Any, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: float | None = None
) -> Tensor:
    """sum (x - mean)^2 / (n - correction) over `dim`; `correction` is 1, or 0 with unbiased=False.

    Floating tensors only (RuntimeError); giving both `unbiased` and `correction` raises TypeError.

    >>> import tinygrad_nn as tg
    >>> tg.var(tg.tensor([1.0, 2.0, 3.0])).item(), tg.var(tg.tensor([1.0, 3.0]), correction=0).item()
    (1.0, 1.0)
    """
    return _moments("var", input, dim, unbiased, keepdim, correction)[0]  # type: ignore[no-any-return]


@numpy_spelling
def std(
    input: Any, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: float | None = None
) -> Tensor:
    """The square root of `var`, with gradient 0 where it is 0.

    >>> import tinygrad_nn as tg
    >>> tg.std(tg.tensor([1.0, 2.0, 3.0])).item()
    1.0
    """
    return _moments("std", input, dim, unbiased, keepdim, correction)[0]  # type: ignore[no-any-return]


@numpy_spelling
def var_mean(
    input: Any, dim: Any = None, unbiased: bool | None = None, keepdim: bool = False, *, correction: float | None = None
) -> tuple[Tensor, Tensor]:
    """`var` and `mean` together.

    >>> import tinygrad_nn as tg
    >>> [t.item() for t in tg.var_mean(tg.tensor([1.0, 2.0, 3.0]))]
    [1.0, 2.0]
    """
    spread, centre = _moments("var_mean", input, dim, unbiased, keepdim, correction)
    return spread, centre


def _moments(
    name: str, x: Any, dim: Any, unbiased: bool | None, keepdim: bool, correction: float | None
) -> tuple[Any, Any]:
    tensors(name, input=x)
    if isinstance(dim, bool):  # PyTorch's second signature: var(input, unbiased)
        dim, unbiased = None, dim
    if unbiased is not None and correction is not None:
        raise DTypeError(message(f"{name}: `unbiased` and `correction` say the same", fix="give one of them"))
    if not as_dtype(x.dtype).is_floating_point:
        raise OperandError(
            message(
                f"{name}: only floating point tensors are supported", got=f"dtype {as_dtype(x.dtype)}", fix="x.float()"
            )
        )
    less = (0 if unbiased is False else 1) if correction is None else correction
    if _is_half(x):
        pair = _moments(name, to_dtype(x, float32), dim, None, keepdim, less)
        return tuple([None if one is None else to_dtype(one, as_dtype(x.dtype)) for one in pair])  # type: ignore[return-value]
    over = axes(dim, x.ndim, name)
    count = _count(x, over)
    freedom = float(count - less)
    if not count:
        none = elements.add(ops.sum(x, over, keepdim), float("nan"))
        return elements.sqrt(none) if name == "std" else none, _mean(x, over, keepdim)
    spread = (ops.deviation if name == "std" else ops.variance)(x, over, keepdim, freedom)
    return spread, _mean(x, over, keepdim) if name == "var_mean" else None


# -- exponentials ----------------------------------------------------------------------------------


@numpy_spelling
def logsumexp(input: Any, dim: Any, keepdim: bool = False) -> Tensor:
    """log of the sum of e^x over `dim`, without overflow; -inf of nothing. Integers are taken as floats.

    >>> import tinygrad_nn as tg
    >>> tg.logsumexp(tg.tensor([1000.0, -1000.0]), dim=0).item()
    1000.0
    """
    tensors("logsumexp", input=input)
    x = input if as_dtype(input.dtype).is_floating_point else to_dtype(input, default_float())
    return ops.logsumexp(x, axes(dim, x.ndim, "logsumexp"), keepdim)  # type: ignore[no-any-return]


@numpy_spelling
def softmax(input: Any, dim: int, *, dtype: object = None) -> Tensor:
    """e^x / sum of e^x along `dim`. Floating tensors only, unless `dtype` converts (RuntimeError).

    >>> import tinygrad_nn as tg
    >>> tg.softmax(tg.tensor([2.0, 2.0]), dim=0).tolist()
    [0.5, 0.5]
    """
    return _along("softmax", ops.softmax, input, dim, dtype)  # type: ignore[no-any-return]


@numpy_spelling
def log_softmax(input: Any, dim: int, *, dtype: object = None) -> Tensor:
    """log(softmax(x, dim)), without its overflow.

    >>> import tinygrad_nn as tg
    >>> tg.log_softmax(tg.tensor([0.0, -2000.0]), dim=0).tolist()
    [0.0, -2000.0]
    """
    return _along("log_softmax", ops.log_softmax, input, dim, dtype)  # type: ignore[no-any-return]


def _along(name: str, primitive: Callable[..., Any], input: Any, dim: int, dtype: object) -> Any:
    x = _given(name, input, dtype)
    if not as_dtype(x.dtype).is_floating_point:
        raise OperandError(
            message(f"{name}: not defined for integers", got=f"dtype {as_dtype(x.dtype)}", fix="x.float()")
        )
    return scanned(primitive, x, axis(dim, x.ndim, name))


# -- running totals --------------------------------------------------------------------------------


@numpy_spelling
def cumsum(input: Any, dim: int, *, dtype: object = None) -> Tensor:
    """At each place the sum of all up to and with it, along `dim`.

    >>> import tinygrad_nn as tg
    >>> tg.cumsum(tg.tensor([1, 2, 3]), dim=0).tolist()
    [1, 3, 6]
    """
    x = _given("cumsum", input, dtype)
    _refuse_bool("cumsum", dtype)
    return _in(scanned(ops.cumsum, x, axis(dim, x.ndim, "cumsum")), dtype)  # type: ignore[no-any-return]


@numpy_spelling
def cumprod(input: Any, dim: int, *, dtype: object = None) -> Tensor:
    """At each place the product of all up to and with it, along `dim`. Exact gradients where factors are zero.

    >>> import tinygrad_nn as tg
    >>> tg.cumprod(tg.tensor([1, 2, 3]), dim=0).tolist()
    [1, 2, 6]
    """
    x = _given("cumprod", input, dtype)
    _refuse_bool("cumprod", dtype)
    return _in(scanned(ops.cumprod, x, axis(dim, x.ndim, "cumprod")), dtype)  # type: ignore[no-any-return]


def written_scan(scan: Callable[..., Any]) -> Callable[..., Any]:
    """What the in-place form of a running total writes: one of the tensor's own dtype, if any is given."""

    @wraps(scan)
    def function(input: Any, dim: int, *, dtype: object = None) -> Any:
        if dtype is not None and as_dtype(input.dtype) is not wanted_dtype(dtype):
            raise OperandError(
                message(
                    f"{scan.__name__}_: Bad in-place call: the tensor's dtype and the one asked for should match",
                    got=f"{as_dtype(input.dtype)} and {wanted_dtype(dtype)}",
                    fix=f"x = x.{scan.__name__}(dim, dtype=...)",
                )
            )
        return scan(input, dim, dtype=dtype)

    return function


def scanned(primitive: Callable[..., Any], x: Any, dim: int) -> Any:
    """A primitive along one axis, of a 0-d tensor as of one element."""
    return primitive(x, dim) if x.ndim else shapes.reshape(primitive(shapes.reshape(x, (1,)), 0), ())


# -- the largest and the smallest value ------------------------------------------------------------


@numpy_spelling
def amax(input: Any, dim: Any = (), keepdim: bool = False) -> Tensor:
    """The largest element over `dim`; NaN if one is. Equal ones share the gradient evenly.

    Of nothing there is none: RuntimeError without a `dim`, IndexError with one.

    >>> import tinygrad_nn as tg
    >>> tg.amax(tg.tensor([[1, 5], [7, 2]]), dim=1).tolist()
    [5, 7]
    """
    tensors("amax", input=input)
    over = axes(dim, input.ndim, "amax")
    refuse_empty("amax", input, over)
    return ops.amax(input, over, keepdim)  # type: ignore[no-any-return]


@numpy_spelling
def amin(input: Any, dim: Any = (), keepdim: bool = False) -> Tensor:
    """The smallest element over `dim`: see `amax`.

    >>> import tinygrad_nn as tg
    >>> tg.amin(tg.tensor([[1, 5], [7, 2]]), dim=1).tolist()
    [1, 2]
    """
    tensors("amin", input=input)
    over = axes(dim, input.ndim, "amin")
    refuse_empty("amin", input, over)
    return ops.amin(input, over, keepdim)  # type: ignore[no-any-return]


def refuse_empty(name: str, x: Any, over: tuple[int, ...] | None, error: type[Exception] = OperandError) -> None:
    """Raise if an element would have to be chosen from none."""
    if over is None:
        if 0 in x.shape:
            raise error(
                message(
                    f"{name}(): Expected reduction dim to be specified for input.numel() == 0",
                    got=f"shape {tuple(x.shape)}",
                    fix="name a dimension of size > 0 with dim=",
                )
            )
        return
    for k in over:
        if not x.shape[k]:
            raise IndexingError(
                message(f"{name}(): Expected reduction dim {k} to have non-zero size", got=f"shape {tuple(x.shape)}")
            )


# -- truth and counting ----------------------------------------------------------------------------


@numpy_spelling
def all(input: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether all are non-zero; true of nothing. uint8 gives uint8, everything else bool.

    >>> import tinygrad_nn as tg
    >>> tg.all(tg.tensor([[True, False], [True, True]]), dim=1).tolist()
    [False, True]
    """
    return _truth("all", ops.all, input, dim, keepdim)  # type: ignore[no-any-return]


@numpy_spelling
def any(input: Any, dim: Any = None, keepdim: bool = False) -> Tensor:
    """Whether one is non-zero; false of nothing. uint8 gives uint8, everything else bool.

    >>> import tinygrad_nn as tg
    >>> tg.any(tg.tensor([[True, False], [False, False]]), dim=1).tolist()
    [True, False]
    """
    return _truth("any", ops.any, input, dim, keepdim)  # type: ignore[no-any-return]


def _truth(name: str, primitive: Callable[..., Any], input: Any, dim: Any, keepdim: bool) -> Any:
    tensors(name, input=input)
    result = primitive(input, axes(dim, input.ndim, name), keepdim)
    return to_dtype(result, uint8) if as_dtype(input.dtype) is uint8 else result


@numpy_spelling
def count_nonzero(input: Any, dim: Any = None) -> Tensor:
    """How many elements are not zero (NaN is not), over `dim`.

    >>> import tinygrad_nn as tg
    >>> tg.count_nonzero(tg.tensor([[0, 1], [2, 3]]), dim=0).tolist()
    [1, 2]
    """
    tensors("count_nonzero", input=input)
    return ops.sum(elements.ne(input, 0), axes(dim, input.ndim, "count_nonzero"), False)  # type: ignore[no-any-return]
