"""MultiheadAttention: its projections, and one call of `nn.functional`."""

from __future__ import annotations

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.nn import functional as F
from tinygrad_nn.nn import init
from tinygrad_nn.nn.arguments import new_parameter, number, size
from tinygrad_nn.nn.linear import Linear
from tinygrad_nn.nn.module import Module
from tinygrad_nn.nn.parameter import Parameter
from tinygrad_nn.tensor import Tensor

__all__ = ["MultiheadAttention"]


class NonDynamicallyQuantizableLinear(Linear):
    """A Linear, under the name that PyTorch prints."""


class MultiheadAttention(Module):
    """Attention in `num_heads` subspaces side by side: W_o [head_1, ..., head_h], head_i = attention(Q W_i, K W_i, V W_i).

    query: (L, N, E), key: (S, N, kdim), value: (S, N, vdim), or (N, L, E), ... with batch_first, or without
    N; E = embed_dim. Gives the result, of query's shape, and the attention weights (N, L, S).
    dropout: share of weights dropped in training. add_bias_kv: one more learned key and value.
    add_zero_attn: one more key and value of zeros.
    Raises ValueError or TypeError for sizes that are not positive integers, AssertionError where num_heads
    does not divide embed_dim. (Vaswani et al., "Attention is all you need", 2017)

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> x = tg.ones(2, 5, 8)
    >>> out, weights = nn.MultiheadAttention(8, 2, batch_first=True)(x, x, x)
    >>> out.shape == (2, 5, 8), weights.shape == (2, 5, 5)
    (True, True)
    """

    in_proj_weight: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    @switches
    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, add_bias_kv: bool = False,
        add_zero_attn: bool = False, kdim: int | None = None, vdim: int | None = None, batch_first: bool = False,
        device: object = None, dtype: object = None,
    ) -> None:  # fmt: skip
        super().__init__()
        name = "MultiheadAttention"
        self.embed_dim, self.num_heads = size(name, "embed_dim", embed_dim), size(name, "num_heads", num_heads)
        self.kdim = self.embed_dim if kdim is None else size(name, "kdim", kdim)
        self.vdim = self.embed_dim if vdim is None else size(name, "vdim", vdim)
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        number(name, "dropout", dropout)
        if not 0.0 <= dropout <= 1.0:
            raise ArgumentError(message(f"{name}: dropout must be between 0 and 1", got=f"dropout={dropout}"))
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn
        self.head_dim = self.embed_dim // self.num_heads
        if self.embed_dim % self.num_heads:
            raise AssertionError(
                message("embed_dim must be divisible by num_heads", got=f"embed_dim={embed_dim}, num_heads={num_heads}")
            )

        def new(*shape: int) -> Parameter:
            return new_parameter(*shape, device=device, dtype=dtype)

        if self._qkv_same_embed_dim:
            self.in_proj_weight = new(3 * embed_dim, embed_dim)
            for word in "qkv":
                self.register_parameter(f"{word}_proj_weight", None)
        else:
            self.q_proj_weight = new(embed_dim, embed_dim)
            self.k_proj_weight = new(embed_dim, self.kdim)
            self.v_proj_weight = new(embed_dim, self.vdim)
            self.register_parameter("in_proj_weight", None)
        self.register_parameter("in_proj_bias", new(3 * embed_dim) if bias else None)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, device=device, dtype=dtype)
        self.bias_k = new(1, 1, embed_dim) if add_bias_kv else None
        self.bias_v = new(1, 1, embed_dim) if add_bias_kv else None
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        """Draw anew all but the output's weight; biases are zero."""
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None and self.out_proj.bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Tensor | None = None, need_weights: bool = True,
        attn_mask: Tensor | None = None, average_attn_weights: bool = True, is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:  # fmt: skip
        """The result and the weights (None without need_weights).

        key_padding_mask: (N, S), attn_mask: (L, S) or (N * num_heads, L, S); True is left out, floats are added.
        """
        swap = self.batch_first and query.ndim == 3
        if swap:
            same, pair = query is key and key is value, key is value
            query = query.transpose(1, 0)
            key = query if same else key.transpose(1, 0)
            value = key if pair else value.transpose(1, 0)
        out, weights = F.multi_head_attention_forward(
            query, key, value, self.embed_dim, self.num_heads, self.in_proj_weight, self.in_proj_bias, self.bias_k,
            self.bias_v, self.add_zero_attn, self.dropout, self.out_proj.weight, self.out_proj.bias, self.training,
            key_padding_mask, need_weights, attn_mask, not self._qkv_same_embed_dim, self.q_proj_weight, self.k_proj_weight,
            self.v_proj_weight, average_attn_weights=average_attn_weights, is_causal=is_causal,
        )  # fmt: skip
        return (out.transpose(1, 0) if swap else out), weights
