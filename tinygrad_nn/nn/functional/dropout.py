"""Dropout: elements, or whole channels, set to zero at random during training, the rest scaled up.

The masks are PyTorch's, number for number, for the same seed.
"""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

from tinygrad_nn.errors import ArgumentError, DTypeError, OperandError, ShapeError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.functions.sampling import drawn
from tinygrad_nn.generator.recipes import memory_order
from tinygrad_nn.nn.functional.common import here, maybe_inplace
from tinygrad_nn.ops.elementwise import dropped, zeros_like
from tinygrad_nn.ops.shape import reshape

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = [
    "alpha_dropout",
    "checked_probability",
    "dropout",
    "dropout1d",
    "dropout2d",
    "dropout3d",
    "feature_alpha_dropout",
]


def checked_probability(p: Any) -> None:
    """ValueError unless 0 <= p <= 1, TypeError unless it is a number."""
    if isinstance(p, bool) or not isinstance(p, (int, float)):
        raise DTypeError(message("dropout probability has to be a number", got=repr(p), fix="p=0.5"))
    if not 0.0 <= p <= 1.0:
        raise ArgumentError(
            message(
                "dropout probability has to be between 0 and 1",
                got=p,
                fix="p is the share that is dropped, such as 0.5",
            )
        )


@flags
def dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Each element 0 with probability p, else x / (1 - p); x itself if not `training`.

    Raises ValueError for p outside [0, 1]. (Srivastava et al., 2014)

    >>> import tinygrad_nn as tg
    >>> dropout(tg.ones(3), p=1.0)
    tensor([0., 0., 0.])
    """
    checked_probability(p)
    if not training or p == 0:
        return input
    return maybe_inplace(_dropped, inplace, "dropout", input, p)  # type: ignore[no-any-return]


def _floating(name: str, x: Any) -> None:
    """RuntimeError for integers and masks, of which nothing can be scaled."""
    if x.array.dtype.kind not in "fV":
        raise OperandError(
            message(f"{name}{here()}: the input must be floating", got=f"dtype {x.dtype}", fix="input.float()")
        )


def _dropped(x: Any, p: float) -> Any:
    array = x.array
    _floating("dropout", x)
    mask = drawn(None, "dropout_mask", shape=array.shape, p=p, dtype=array.dtype, order=memory_order(array))
    return dropped(x, mask)


def _channels_dropped(x: Any, p: float) -> Any:
    """One toss for each channel of x: (N, C, ...)."""
    _floating("dropout", x)
    mask = drawn(None, "dropout_mask", shape=tuple(x.shape[:2]), p=p, dtype=x.array.dtype)
    return dropped(x, reshape(mask, (*x.shape[:2], *(1,) * (x.ndim - 2))))


def _dropout_of_channels(
    input: Tensor,
    p: float,
    training: bool,
    inplace: bool,
    name: str,
    ranks: tuple[int, ...],
    batched: int | None,
) -> Tensor:
    checked_probability(p)
    if input.ndim < 2 and batched is None:
        raise ShapeError(
            message(
                f"{name}{here()}: Feature dropout requires at least 2 dimensions in the input", got=tuple(input.shape)
            )
        )
    if input.ndim not in ranks:
        warnings.warn(
            f"{name}: Received a {input.ndim}-D input to {name}, which is deprecated and will result in "
            "an error in a future "
            f"release. Expected {' or '.join(f'{rank}-D' for rank in ranks)}.",
            stacklevel=4,
        )
    if not training or p == 0:
        return input
    if batched is not None and input.ndim != batched:  # a single sample (C, ...)
        return maybe_inplace(_single_dropped, inplace, name, input, p)  # type: ignore[no-any-return]
    return maybe_inplace(_channels_dropped, inplace, name, input, p)  # type: ignore[no-any-return]


def _single_dropped(x: Any, p: float) -> Any:
    return reshape(_channels_dropped(reshape(x, (1, *x.shape)), p), tuple(x.shape))


@flags
def dropout1d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels of (N, C, L) or (C, L) set to zero. RuntimeError for another rank. (Tompson et al., 2014)"""
    if input.ndim not in (2, 3):
        raise ShapeError(
            message(
                f"dropout1d{here()}: Expected 2D or 3D input, but received a {input.ndim}D input",
                got=tuple(input.shape),
                fix="dropout2d for (N, C, H, W), dropout for single elements",
            )
        )
    return _dropout_of_channels(input, p, training, inplace, "dropout1d", (2, 3), 3)


@flags
def dropout2d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels of (N, C, H, W) set to zero.

    As in PyTorch, the first two dimensions of a 3-d input are taken as N and C.
    """
    return _dropout_of_channels(input, p, training, inplace, "dropout2d", (3, 4), None)


@flags
def dropout3d(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Whole channels of (N, C, D, H, W) or (C, D, H, W) set to zero."""
    return _dropout_of_channels(input, p, training, inplace, "dropout3d", (4, 5), 5)


ALPHA = 1.7580993408473766  # SELU's value at minus infinity is -ALPHA


@flags
def alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """Dropout for SELU networks: dropped elements become SELU's saturation value, and mean and variance stay.

    (Klambauer et al., "Self-normalizing neural networks", 2017)
    """
    checked_probability(p)
    if not training or p == 0:
        return input
    return maybe_inplace(_alpha_dropped, inplace, "alpha_dropout", input, p, False)  # type: ignore[no-any-return]


@flags
def feature_alpha_dropout(input: Tensor, p: float = 0.5, training: bool = False, inplace: bool = False) -> Tensor:
    """`alpha_dropout` of whole channels of (N, C, ...)."""
    checked_probability(p)
    if not training or p == 0:
        return input
    return maybe_inplace(_alpha_dropped, inplace, "feature_alpha_dropout", input, p, True)  # type: ignore[no-any-return]


def _alpha_dropped(x: Any, p: float, by_channel: bool) -> Any:
    _floating("alpha_dropout", x)
    if by_channel and x.ndim < 2:
        raise ShapeError(
            message(
                f"feature_alpha_dropout{here()}: Feature dropout requires at least 2 dimensions in the input",
                got=tuple(x.shape),
            )
        )
    if p == 1:
        return dropped(x, zeros_like(x))
    array = x.array
    if by_channel:
        size = tuple(x.shape[:2])
        kept = reshape(drawn(None, "bernoulli", 1 - p, shape=size, dtype=array.dtype), (*size, *(1,) * (x.ndim - 2)))
    else:
        kept = drawn(None, "bernoulli", 1 - p, shape=array.shape, dtype=array.dtype, order=memory_order(array))
    a = 1.0 / math.sqrt((ALPHA * ALPHA * p + 1) * (1 - p))
    b = (kept - 1.0) * (ALPHA * a) + ALPHA * a * p  # the dropped ones at -ALPHA * a, and the mean back at 0
    return dropped(x, kept * a) + b
