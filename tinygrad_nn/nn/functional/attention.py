"""Attention: weighted means of values, by how well queries and keys match; single and with several heads."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.errors import AutogradError, OperandError, ShapeError, message
from tinygrad_nn.flags import flags
from tinygrad_nn.functions.autocast import RUNNING, in_lower, lowered
from tinygrad_nn.functions.single import in_single
from tinygrad_nn.nn.functional.common import here, tensor_operands
from tinygrad_nn.nn.functional.dropout import dropout
from tinygrad_nn.nn.functional.linear import linear
from tinygrad_nn.ops import elementwise as ops
from tinygrad_nn.ops.index import slice_at
from tinygrad_nn.ops.linalg import matmul
from tinygrad_nn.ops.reduce import softmax, sum
from tinygrad_nn.ops.shape import cat, expand, in_order, pad, permute, reshape
from tinygrad_nn.order import order_of
from tinygrad_nn.primitive import wrap

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]


@flags
@in_lower
def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0, is_causal: bool = False,
    scale: float | None = None, enable_gqa: bool = False,
) -> Tensor:  # fmt: skip
    """softmax(scale * Q K^T + mask) V, over the last two dimensions.

    query: (..., L, E), key: (..., S, E), value: (..., S, Ev); result (..., L, Ev).
    attn_mask: broadcastable to (..., L, S); True takes part, or floats that are added.
    is_causal: position i sees positions 0..i only. scale: 1 / sqrt(E) if None.
    dropout_p: weights dropped at random; as in PyTorch, in evaluation too, unless it is 0.
    enable_gqa: fewer heads (dimension -3) of key and value than of query, each used by several.
    A query whose keys are all masked gets zeros. Raises RuntimeError for shapes or dtypes that do not fit.
    (Vaswani et al., "Attention is all you need", 2017)

    >>> import tinygrad_nn as tg
    >>> q, k, v = tg.zeros(1, 2), tg.ones(3, 2), tg.tensor([[1.0], [2.0], [6.0]])
    >>> scaled_dot_product_attention(q, k, v)
    tensor([[3.]])
    """
    _check_attention(query, key, value)
    q: Any = query
    k: Any = key
    v: Any = value
    if enable_gqa:
        k, v = _repeated(k, q.array.shape[-3]), _repeated(v, q.array.shape[-3])
    if is_causal and attn_mask is not None:
        raise AutogradError(
            message(f"scaled_dot_product_attention{here()}: Explicit attn_mask should not be set when is_causal=True")
        )
    mask: Any = attn_mask
    if mask is not None and mask.array.dtype.kind in "iu":
        raise OperandError(
            message(
                f"scaled_dot_product_attention{here()}: Expected attn_mask dtype to be bool or float",
                got=f"dtype {mask.dtype}",
                fix="mask.bool() (True takes part), or floats to add",
            )
        )
    if is_causal:
        mask = wrap(np.tri(q.array.shape[-2], k.array.shape[-2], dtype=bool))
    result = _attended(q, k, v, mask, dropout_p, sqrt(1.0 / q.array.shape[-1]) if scale is None else scale)[0]
    if q.ndim == 4 and not dropout_p and all([one.array.strides[3] == one.array.itemsize for one in (q, k, v)]):
        result = in_order(result, order_of(q.array))  # PyTorch's fast kernel writes it as the queries lie
    return result  # type: ignore[no-any-return]


def _check_attention(query: Any, key: Any, value: Any) -> None:
    tensor_operands("scaled_dot_product_attention", query=query, key=key, value=value)
    given = f"query {tuple(query.shape)}, key {tuple(key.shape)}, value {tuple(value.shape)}"
    if len({t.array.dtype for t in (query, key, value)}) > 1:
        raise OperandError(
            message(
                f"scaled_dot_product_attention{here()}: Expected query, key, and value to have the same dtype",
                got=f"{query.dtype}, {key.dtype}, {value.dtype}",
            )
        )
    fits = (
        min(query.ndim, key.ndim, value.ndim) >= 2
        and query.shape[-1] == key.shape[-1]
        and key.shape[-2] == value.shape[-2]
    )
    if not fits:
        raise ShapeError(
            message(
                f"scaled_dot_product_attention{here()}: (..., L, E), (..., S, E) and (..., S, Ev) are needed", got=given
            )
        )


def _repeated(x: Any, heads: int) -> Any:
    """Heads of (..., H, S, E) repeated one after the other until there are `heads`."""
    shape = tuple(x.array.shape)
    if x.ndim < 3 or heads % shape[-3]:
        raise ShapeError(
            message(
                f"scaled_dot_product_attention{here()}: the query's heads must be a multiple of the key's",
                got=f"{heads} and {shape}",
            )
        )
    wide = expand(reshape(x, (*shape[:-2], 1, *shape[-2:])), (*shape[:-2], heads // shape[-3], *shape[-2:]))
    return reshape(wide, (*shape[:-3], heads, *shape[-2:]))


@in_single
def _attended(q: Any, k: Any, v: Any, mask: Any, dropout_p: float, scale: float) -> tuple[Any, Any]:
    """The attention's result and its weights."""
    scores: Any = matmul(q * scale, _transposed(k))
    if mask is not None:
        lowest = float(np.finfo(scores.array.dtype).min) if scores.array.dtype.kind == "f" else -3e38
        allowed = mask if mask.array.dtype.kind == "b" else ops.gt(mask, float("-inf"))
        if allowed is not mask:
            scores = scores + mask
        scores = ops.where(allowed, scores, lowest)
        weights: Any = ops.where(allowed, softmax(scores, scores.ndim - 1), 0.0)  # all masked: zeros
    else:
        weights = softmax(scores, scores.ndim - 1)
    used = dropout(weights, dropout_p) if dropout_p > 0 else weights
    return matmul(used, v), used


def _transposed(x: Any) -> Any:
    return permute(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


# -- several heads -------------------------------------------------------------------------------------


@flags
def multi_head_attention_forward(
    query: Tensor, key: Tensor, value: Tensor, embed_dim_to_check: int, num_heads: int, in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None, bias_k: Tensor | None, bias_v: Tensor | None, add_zero_attn: bool, dropout_p: float,
    out_proj_weight: Tensor, out_proj_bias: Tensor | None, training: bool = True, key_padding_mask: Tensor | None = None,
    need_weights: bool = True, attn_mask: Tensor | None = None, use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None, k_proj_weight: Tensor | None = None, v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None, static_v: Tensor | None = None, average_attn_weights: bool = True, is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:  # fmt: skip
    """What nn.MultiheadAttention computes: projections, `num_heads` attentions side by side, a projection.

    query: (L, N, E) or (L, E), key and value: (S, N, ...) or (S, ...).
    attn_mask: (L, S) or (N * num_heads, L, S), True is *left out* (or floats, added);
    key_padding_mask: (N, S) or (S,), True is left out. Gives the result, (L, N, E) or (L, E), and with
    need_weights the weights, (N, L, S), or (N, num_heads, L, S) without average_attn_weights.
    Raises RuntimeError or AssertionError, as PyTorch does, for shapes that do not fit.
    """
    if RUNNING:
        query, key, value, attn_mask, key_padding_mask = _alike(query, key, value, attn_mask, key_padding_mask)
        bias_k, bias_v, static_k, static_v = lowered(bias_k, bias_v, static_k, static_v)
    single = query.ndim == 2
    _check_heads(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    if is_causal and attn_mask is None:
        raise AutogradError(message(f"multi_head_attention{here()}: Need attn_mask if specifying the is_causal hint."))
    if single:
        query, key, value = (reshape(t, (t.shape[0], 1, t.shape[1])) for t in (query, key, value))
        key_padding_mask = None if key_padding_mask is None else reshape(key_padding_mask, (1, -1))
    length, batch, width = (int(n) for n in query.shape)
    separate = (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else None
    q, k, v = _projected(query, key, value, in_proj_weight, in_proj_bias, separate)
    blocked = _blocked(attn_mask, key_padding_mask, batch, num_heads, length, int(key.shape[0]), q.array.dtype)
    extra = 0
    if bias_k is not None and bias_v is not None:
        k, v = _longer(k, bias_k), _longer(v, bias_v)
        extra += 1
    q, k, v = (_heads(t, num_heads) for t in (q, k, v))  # (L, N, E) -> (N, H, L, E / H)
    if static_k is not None:
        k = _static(static_k, batch, num_heads)
    if static_v is not None:
        v = _static(static_v, batch, num_heads)
    if add_zero_attn:
        k, v = (pad(t, ((0, 0), (0, 0), (0, 1), (0, 0)), 0.0) for t in (k, v))
        extra += 1
    if blocked is not None and extra:
        blocked = pad(blocked, ((0, 0), (0, 0), (0, 0), (0, extra)), 0)
    mask = blocked
    if blocked is not None and blocked.array.dtype.kind == "b":
        mask = ops.logical_not(blocked)
    out, weights = _attended(q, k, v, mask, dropout_p if training else 0.0, sqrt(1.0 / (width // num_heads)))
    joined = reshape(permute(out, (2, 0, 1, 3)), (length, batch, width))  # (N, H, L, E / H) -> (L, N, E)
    result: Any = linear(joined, out_proj_weight, out_proj_bias)
    if not need_weights:
        return (reshape(result, (length, width)) if single else result), None
    if average_attn_weights:
        weights = sum(weights, (1,), False) * (1.0 / num_heads)
    if single:
        return reshape(result, (length, width)), reshape(weights, tuple(weights.shape[1:]))
    return result, weights


def _alike(query: Any, *others: Any) -> tuple[Any, ...]:
    """All in the autocast type, and the same tensor still the same: one projection serves all three then."""
    (first,) = lowered(query)
    return (first, *[first if other is query else lowered(other)[0] for other in others])


def _check_heads(query: Any, key: Any, value: Any, width: int, num_heads: int, separate: bool) -> None:
    tensor_operands("multi_head_attention", query=query, key=key, value=value)
    given = f"query {tuple(query.shape)}, key {tuple(key.shape)}, value {tuple(value.shape)}"
    if query.ndim not in (2, 3) or key.ndim != query.ndim or value.ndim != query.ndim:
        raise AssertionError(
            message(
                f"multi_head_attention{here()}: query, key and value should be all 2-D (unbatched) or 3-D (batched)",
                got=given,
            )
        )
    if query.shape[-1] != width:
        raise AssertionError(
            message(
                f"multi_head_attention{here()}: was expecting embedding dimension of {width}, but got {query.shape[-1]}",
                got=given,
            )
        )
    if width % num_heads:
        raise AssertionError(f"multi_head_attention{here()}: embed_dim {width} not divisible by num_heads {num_heads}")
    if key.shape[:-1] != value.shape[:-1] or (not separate and key.shape != value.shape):
        raise AssertionError(
            message(
                f"multi_head_attention{here()}: key shape {tuple(key.shape)} does not match value shape {tuple(value.shape)}",
                got=given,
            )
        )
    if query.ndim == 3 and query.shape[1] != key.shape[1]:
        raise ShapeError(
            message(
                f"multi_head_attention{here()}: query and key need the same batch size",
                got=given,
                fix="batch_first=True for (N, L, E)",
            )
        )


def _projected(query: Any, key: Any, value: Any, weight: Any, bias: Any, separate: Any) -> list[Any]:
    """Queries, keys and values, each (length, N, E); in one product where all come from the same input."""
    width = int(query.shape[-1])
    laid = {id(x): in_order(x, "C") for x in (query, key, value)}  # as the product needs it
    query, key, value = laid[id(query)], laid[id(key)], laid[id(value)]
    if separate is None and query is key and key is value:
        joined: Any = linear(query, weight, bias)
        return [slice_at(joined, (..., slice(k * width, (k + 1) * width))) for k in range(3)]
    parts = []
    for k, x in enumerate((query, key, value)):
        rows = (slice(k * width, (k + 1) * width),)
        own = slice_at(weight, rows) if separate is None else separate[k]
        parts.append(linear(x, own, None if bias is None else slice_at(bias, rows)))
    return parts


def _heads(x: Any, heads: int) -> Any:
    length, batch, width = x.array.shape
    return permute(reshape(x, (length, batch, heads, width // heads)), (1, 2, 0, 3))


def _static(x: Any, batch: int, heads: int) -> Any:
    if x.shape[0] != batch * heads:
        raise AssertionError(
            f"multi_head_attention{here()}: expecting static_k.size(0) of {batch * heads}, but got {x.shape[0]}"
        )
    return reshape(x, (batch, heads, *x.shape[1:]))


def _longer(x: Any, last: Any) -> Any:
    """One more position, the same for the whole batch: (S, N, E) and (1, 1, E) to (S + 1, N, E)."""
    length, batch, width = x.array.shape
    return cat((x, expand(last, (1, batch, width))), 0, (0, length, length + 1))


def _blocked(
    attn_mask: Any, key_padding_mask: Any, batch: int, heads: int, length: int, source: int, kind: np.dtype[Any]
) -> Any:
    """Both masks as one, (N or 1, H or 1, L or 1, S): bools if both are, else floats to add, of the dtype `kind`."""
    masks = []
    if attn_mask is not None:
        shape = tuple(attn_mask.shape)
        if attn_mask.ndim not in (2, 3) or shape != (
            (length, source) if attn_mask.ndim == 2 else (batch * heads, length, source)
        ):
            raise ShapeError(
                message(
                    f"multi_head_attention{here()}: The shape of the {attn_mask.ndim}D attn_mask is {shape}, "
                    f"but should be {(length, source)} or {(batch * heads, length, source)}."
                )
            )
        masks.append(reshape(attn_mask, (1, 1, *shape) if len(shape) == 2 else (batch, heads, length, source)))
    if key_padding_mask is not None:
        shape = tuple(key_padding_mask.shape)
        if shape != (batch, source):
            raise ShapeError(
                message(
                    f"multi_head_attention{here()}: Expected key_padding_mask.shape to be {(batch, source)}", got=shape
                )
            )
        masks.append(reshape(key_padding_mask, (batch, 1, 1, source)))
    for mask in masks:
        if mask.array.dtype.kind not in "bfV":
            raise AssertionError(
                message(
                    f"multi_head_attention{here()}: only bool and floating types of masks are supported",
                    got=f"dtype {mask.dtype}",
                )
            )
    if len(masks) < 2:
        return masks[0] if masks else None
    if all([mask.array.dtype.kind == "b" for mask in masks]):
        return ops.logical_or(*masks)
    first, second = (_added(mask, kind) if mask.array.dtype.kind == "b" else mask for mask in masks)
    return first + second


def _added(mask: Any, kind: Any) -> Any:
    """A mask of what is left out as numbers to add to the scores, of the dtype `kind`."""
    return ops.where(mask, kind.type("-inf"), kind.type(0))
