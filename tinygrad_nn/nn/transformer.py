"""Transformers: layers of attention and a two-layer network, each added to its input and normalised.

(Vaswani et al., "Attention is all you need", 2017; with norm_first, Xiong et al., "On layer
normalization in the transformer architecture", 2020)
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

from tinygrad_nn.creation import full
from tinygrad_nn.errors import AutogradError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.nn import functional as F
from tinygrad_nn.nn import init
from tinygrad_nn.nn.arguments import size
from tinygrad_nn.nn.attention import MultiheadAttention
from tinygrad_nn.nn.container import ModuleList
from tinygrad_nn.nn.dropout import Dropout
from tinygrad_nn.nn.functional.common import here
from tinygrad_nn.nn.linear import Linear
from tinygrad_nn.nn.module import Module
from tinygrad_nn.nn.norm import LayerNorm
from tinygrad_nn.tensor import Tensor

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]

Activation = str | Callable[[Tensor], Tensor]
Mask = Tensor | None


def _activation(given: Activation) -> Callable[[Tensor], Tensor]:
    """The function that a name means. RuntimeError, as PyTorch has it, for another name."""
    if not isinstance(given, str):
        return given
    named = {"relu": F.relu, "gelu": F.gelu}
    if given not in named:
        raise AutogradError(message(f"activation should be relu/gelu, not {given}", fix="or a function of a tensor"))
    return named[given]  # type: ignore[return-value]


class TransformerEncoderLayer(Module):
    """Self-attention and a two-layer network: x = norm1(x + attention(x)), x = norm2(x + linear2(f(linear1(x)))).

    x: (S, N, d_model), (N, S, d_model) with batch_first, or (S, d_model). norm_first: x = x + attention(norm1(x)),
    and so on. activation: "relu", "gelu" or a function. Dropout after each part, and inside.
    Raises as MultiheadAttention does, and RuntimeError for an unknown activation.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)(tg.ones(3, 5, 8)).shape == (3, 5, 8)
    True
    """

    @switches
    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1, activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5, batch_first: bool = False, norm_first: bool = False, bias: bool = True,
        device: object = None, dtype: object = None,
    ) -> None:  # fmt: skip
        super().__init__()
        like: Any = {"device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first, **like)
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias, **like)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias, **like)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **like)
        self.norm2 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **like)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.activation = _activation(activation)

    def forward(
        self, src: Tensor, src_mask: Mask = None, src_key_padding_mask: Mask = None, is_causal: bool = False
    ) -> Tensor:
        """The layer's output. src_mask: (S, S) or (N * nhead, S, S); src_key_padding_mask: (N, S); True is left out."""
        x: Any = src
        if self.norm_first:
            x = x + self._sa_block(self.norm1(x), src_mask, src_key_padding_mask, is_causal)
            return x + self._ff_block(self.norm2(x))  # type: ignore[no-any-return]
        x = self.norm1(x + self._sa_block(x, src_mask, src_key_padding_mask, is_causal))
        return self.norm2(x + self._ff_block(x))  # type: ignore[no-any-return]

    def _sa_block(self, x: Tensor, mask: Mask, key_padding_mask: Mask, is_causal: bool) -> Any:
        out, _ = self.self_attn(
            x, x, x, attn_mask=mask, key_padding_mask=key_padding_mask, need_weights=False, is_causal=is_causal
        )
        return self.dropout1(out)

    def _ff_block(self, x: Tensor) -> Any:
        return self.dropout2(self.linear2(self.dropout(self.activation(self.linear1(x)))))


class TransformerDecoderLayer(Module):
    """Self-attention, attention to the encoder's `memory`, and a two-layer network; else as TransformerEncoderLayer.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> layer = nn.TransformerDecoderLayer(8, 2, 16)
    >>> layer(tg.ones(4, 3, 8), tg.ones(6, 3, 8)).shape == (4, 3, 8)
    True
    """

    @switches
    def __init__(
        self, d_model: int, nhead: int, dim_feedforward: int = 2048, dropout: float = 0.1, activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5, batch_first: bool = False, norm_first: bool = False, bias: bool = True,
        device: object = None, dtype: object = None,
    ) -> None:  # fmt: skip
        super().__init__()
        like: Any = {"device": device, "dtype": dtype}
        self.self_attn = MultiheadAttention(d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first, **like)
        self.multihead_attn = MultiheadAttention(
            d_model, nhead, dropout=dropout, bias=bias, batch_first=batch_first, **like
        )
        self.linear1 = Linear(d_model, dim_feedforward, bias=bias, **like)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, bias=bias, **like)
        self.norm_first = norm_first
        self.norm1 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **like)
        self.norm2 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **like)
        self.norm3 = LayerNorm(d_model, eps=layer_norm_eps, bias=bias, **like)
        self.dropout1 = Dropout(dropout)
        self.dropout2 = Dropout(dropout)
        self.dropout3 = Dropout(dropout)
        self.activation = _activation(activation)

    def forward(
        self, tgt: Tensor, memory: Tensor, tgt_mask: Mask = None, memory_mask: Mask = None, tgt_key_padding_mask: Mask = None,
        memory_key_padding_mask: Mask = None, tgt_is_causal: bool = False, memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        """The layer's output, of tgt's shape. Masks as for the encoder's layer; memory_mask: (T, S)."""
        x: Any = tgt
        own = (tgt_mask, tgt_key_padding_mask, tgt_is_causal)
        other = (memory, memory_mask, memory_key_padding_mask, memory_is_causal)
        if self.norm_first:
            x = x + self._sa_block(self.norm1(x), *own)
            x = x + self._mha_block(self.norm2(x), *other)
            return x + self._ff_block(self.norm3(x))  # type: ignore[no-any-return]
        x = self.norm1(x + self._sa_block(x, *own))
        x = self.norm2(x + self._mha_block(x, *other))
        return self.norm3(x + self._ff_block(x))  # type: ignore[no-any-return]

    def _sa_block(self, x: Tensor, mask: Mask, key_padding_mask: Mask, is_causal: bool) -> Any:
        out, _ = self.self_attn(
            x, x, x, attn_mask=mask, key_padding_mask=key_padding_mask, need_weights=False, is_causal=is_causal
        )
        return self.dropout1(out)

    def _mha_block(self, x: Tensor, memory: Tensor, mask: Mask, key_padding_mask: Mask, is_causal: bool) -> Any:
        out, _ = self.multihead_attn(
            x,
            memory,
            memory,
            attn_mask=mask,
            key_padding_mask=key_padding_mask,
            need_weights=False,
            is_causal=is_causal,
        )
        return self.dropout2(out)

    def _ff_block(self, x: Tensor) -> Any:
        return self.dropout3(self.linear2(self.dropout(self.activation(self.linear1(x)))))


def _clones(layer: Module, count: int) -> ModuleList:
    return ModuleList([deepcopy(layer) for _ in range(count)])


class TransformerEncoder(Module):
    """`num_layers` copies of a layer one after the other, and a norm at the end.

    enable_nested_tensor and mask_check are accepted and change nothing: they tune PyTorch's kernels.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2)(tg.ones(5, 3, 8)).shape == (5, 3, 8)
    True
    """

    @switches
    def __init__(
        self, encoder_layer: Module, num_layers: int, norm: Module | None = None, enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.num_layers = size("TransformerEncoder", "num_layers", num_layers, 0)
        self.layers = _clones(encoder_layer, num_layers)
        self.norm = norm
        self.enable_nested_tensor, self.mask_check = enable_nested_tensor, mask_check

    def forward(
        self, src: Tensor, mask: Mask = None, src_key_padding_mask: Mask = None, is_causal: bool | None = None
    ) -> Tensor:
        """The last layer's output. `is_causal` is a hint that mask is causal; the mask itself is what counts."""
        x = src
        for layer in self.layers:
            x = layer(x, src_mask=mask, src_key_padding_mask=src_key_padding_mask, is_causal=bool(is_causal))
        return x if self.norm is None else self.norm(x)


class TransformerDecoder(Module):
    """`num_layers` copies of a layer one after the other, and a norm at the end."""

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.num_layers = size("TransformerDecoder", "num_layers", num_layers, 0)
        self.layers = _clones(decoder_layer, num_layers)
        self.norm = norm

    def forward(
        self, tgt: Tensor, memory: Tensor, tgt_mask: Mask = None, memory_mask: Mask = None, tgt_key_padding_mask: Mask = None,
        memory_key_padding_mask: Mask = None, tgt_is_causal: bool | None = None, memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        """The last layer's output, of tgt's shape."""
        x = tgt
        for layer in self.layers:
            x = layer(
                x, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
                memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=bool(tgt_is_causal),
                memory_is_causal=memory_is_causal,
            )  # fmt: skip
        return x if self.norm is None else self.norm(x)


class Transformer(Module):
    """An encoder and a decoder that attends to the encoder's output.

    src: (S, N, d_model), tgt: (T, N, d_model), or batch first, or without N; the result has tgt's shape.
    Raises RuntimeError where the batches or the features of src and tgt differ.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> model = nn.Transformer(8, 2, 1, 1, 16)
    >>> model(tg.ones(6, 3, 8), tg.ones(4, 3, 8)).shape == (4, 3, 8)
    True
    """

    @switches
    def __init__(
        self, d_model: int = 512, nhead: int = 8, num_encoder_layers: int = 6, num_decoder_layers: int = 6,
        dim_feedforward: int = 2048, dropout: float = 0.1, activation: Activation = F.relu, custom_encoder: Any = None,
        custom_decoder: Any = None, layer_norm_eps: float = 1e-5, batch_first: bool = False, norm_first: bool = False,
        bias: bool = True, device: object = None, dtype: object = None,
    ) -> None:  # fmt: skip
        super().__init__()
        like: Any = {"bias": bias, "device": device, "dtype": dtype}
        options = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first)
        if custom_encoder is None:
            layer: Module = TransformerEncoderLayer(*options, **like)
            custom_encoder = TransformerEncoder(
                layer, num_encoder_layers, LayerNorm(d_model, eps=layer_norm_eps, **like)
            )
        self.encoder = custom_encoder
        if custom_decoder is None:
            layer = TransformerDecoderLayer(*options, **like)
            custom_decoder = TransformerDecoder(
                layer, num_decoder_layers, LayerNorm(d_model, eps=layer_norm_eps, **like)
            )
        self.decoder = custom_decoder
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first

    def forward(
        self, src: Tensor, tgt: Tensor, src_mask: Mask = None, tgt_mask: Mask = None, memory_mask: Mask = None,
        src_key_padding_mask: Mask = None, tgt_key_padding_mask: Mask = None, memory_key_padding_mask: Mask = None,
        src_is_causal: bool | None = None, tgt_is_causal: bool | None = None, memory_is_causal: bool = False,
    ) -> Tensor:  # fmt: skip
        """The decoder's output, of tgt's shape."""
        given = f"src {tuple(src.shape)}, tgt {tuple(tgt.shape)}, batch_first={self.batch_first}"
        place = 0 if self.batch_first else 1
        if src.ndim == 3 and tgt.ndim == 3 and src.shape[place] != tgt.shape[place]:
            raise AutogradError(
                message(f"Transformer{here()}: the batch number of src and tgt must be equal", got=given)
            )
        if src.shape[-1] != self.d_model or tgt.shape[-1] != self.d_model:
            raise AutogradError(
                message(
                    f"Transformer{here()}: the feature number of src and tgt must be equal to d_model",
                    got=f"{given}, d_model={self.d_model}",
                )
            )
        memory = self.encoder(src, mask=src_mask, src_key_padding_mask=src_key_padding_mask, is_causal=src_is_causal)
        return self.decoder(  # type: ignore[no-any-return]
            tgt, memory, tgt_mask=tgt_mask, memory_mask=memory_mask, tgt_key_padding_mask=tgt_key_padding_mask,
            memory_key_padding_mask=memory_key_padding_mask, tgt_is_causal=tgt_is_causal, memory_is_causal=memory_is_causal,
        )  # fmt: skip

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: object = None, dtype: object = None) -> Tensor:
        """The causal mask: 0 on and below the diagonal, minus infinity above.

        >>> Transformer.generate_square_subsequent_mask(2)
        tensor([[0., -inf],
                [0., 0.]])
        """
        return full((sz, sz), float("-inf"), dtype=dtype, device=device).triu(1)
