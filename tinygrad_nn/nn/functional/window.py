"""What convolutions and poolings share: sizes given as a number or a tuple, batched or single inputs, counts of windows."""

from __future__ import annotations

from operator import index
from typing import Any

from tinygrad_nn.errors import AutogradError, DTypeError, ShapeError, message
from tinygrad_nn.nn.functional.common import here, tensor_operands
from tinygrad_nn.ops.shape import reshape

__all__ = ["batched", "each", "padding_of", "pooled_size", "unbatched"]

Sizes = tuple[int, ...]


def each(name: str, word: str, value: Any, rank: int, least: int = 1) -> Sizes:
    """A number for every dimension, or one number for all.

    Raises TypeError for what is not an integer, RuntimeError for a wrong count or a number that is too small.
    """
    given = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    try:
        sizes = tuple([index(n) for n in given])
    except TypeError:
        raise DTypeError(
            message(f"{name}: {word} must be an integer or {rank} of them", got=f"{word}={value!r}")
        ) from None
    if len(sizes) == 1:
        sizes = sizes * rank
    if len(sizes) != rank:
        raise AutogradError(
            message(f"{name}{here()}: {word} must be one number or {rank} of them", got=f"{word}={value!r}")
        )
    if min(sizes, default=least) < least:
        what = f"negative {word} is not supported" if least == 0 else f"{word} must be at least {least}"
        raise AutogradError(message(f"{name}{here()}: {what}", got=f"{word}={value!r}"))
    return sizes


def batched(name: str, input: Any, rank: int) -> tuple[Any, bool]:
    """The input as (N, C, ...), and whether it was one sample (C, ...). RuntimeError for other ranks."""
    tensor_operands(name, input=input)
    if input.ndim == rank + 2:
        return input, False
    if input.ndim == rank + 1:
        return reshape(input, (1, *input.shape)), True
    raise ShapeError(
        message(
            f"{name}{here()}: Expected {rank + 1}D (unbatched) or {rank + 2}D (batched) input",
            got=f"input {tuple(input.shape)}",
            fix=f"(N, C, {', '.join('DHW'[-rank:]) if rank > 1 else 'L'}): "
            + ("x.unsqueeze(1) for one channel" if input.ndim in (rank, rank + 1) else "reshape the input"),
        )
    )


def unbatched(result: Any, single: bool) -> Any:
    """The result without its batch of one, where the input had none."""
    return reshape(result, tuple(result.shape[1:])) if single else result


def padding_of(name: str, padding: Any, kernel: Sizes, dilation: Sizes, stride: Sizes) -> tuple[tuple[int, int], ...]:
    """Padding as (before, after) of each dimension; "same" keeps the size, "valid" is none."""
    if padding == "valid":
        return ((0, 0),) * len(kernel)
    if padding == "same":
        if any([s != 1 for s in stride]):
            raise AutogradError(
                message(
                    f"{name}{here()}: padding='same' is not supported for strided convolutions", got=f"stride={stride}"
                )
            )
        totals = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
        return tuple([(total // 2, total - total // 2) for total in totals])
    if isinstance(padding, str):
        raise AutogradError(
            message(
                f"{name}{here()}: Invalid padding string", got=f"padding={padding!r}", fix="'same', 'valid' or numbers"
            )
        )
    return tuple([(n, n) for n in each(name, "padding", padding, len(kernel), 0)])


def pooled_size(size: int, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool) -> int:
    """How many windows fit; with `ceil_mode` also one that begins inside and reaches over the edge."""
    room = size + 2 * padding - dilation * (kernel - 1) - 1
    count = room // stride + 1
    if ceil_mode and room % stride and count * stride < size + padding:
        count += 1
    return count
