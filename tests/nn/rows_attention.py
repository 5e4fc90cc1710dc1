"""Attention and Transformers. `exact_start` holds for all of them."""

from __future__ import annotations

import numpy as np

from tests.nn.configurations import Part, data, real, row

CAUSAL = np.triu(np.ones((4, 4), bool), 1)
PADDED = np.array([[False, False, True, True], [False, False, False, True], [False] * 4])
SELF = real(4, 3, 6)
x, y = real(4, 3, 8), real(5, 3, 8)

ENCODER = Part("TransformerEncoderLayer", (8, 2, 16, 0.2))
DECODER = Part("TransformerDecoderLayer", (8, 2, 16, 0.2))
NORM = Part("LayerNorm", (8,))

ROWS = [
    row("MultiheadAttention", 8, 2, inputs=[x, y, y]),
    row("MultiheadAttention", 8, 4, bias=False, inputs=[real(3, 4, 8)] * 3, batch_first=True),
    row("MultiheadAttention", 6, 3, kdim=4, vdim=5, inputs=[real(4, 2, 6), real(3, 2, 4), real(3, 2, 5)]),
    row("MultiheadAttention", 8, 2, dropout=0.5, inputs=[x, x, x]),
    row("MultiheadAttention", 8, 2, add_bias_kv=True, add_zero_attn=True, inputs=[x, x, x, data(PADDED)]),
    row("MultiheadAttention", 8, 1, inputs=[real(4, 8)] * 3, call={"average_attn_weights": False}),
    row("MultiheadAttention", 8, 2, inputs=[x, x, x, data(PADDED), False, data(CAUSAL)]),
    row("MultiheadAttention", 8, 2, inputs=[x, x, x, None, False, data(np.where(CAUSAL, -np.inf, 0.0)), True, True]),
    row("MultiheadAttention", 8, 2, inputs=[x, y, y, None, True, data(np.zeros((6, 4, 5)) + 0.5)]),
    row("TransformerEncoderLayer", 8, 2, 16, dropout=0.0, inputs=[x]),
    row("TransformerEncoderLayer", 8, 2, 16, norm_first=True, activation="gelu", inputs=[x]),
    row("TransformerEncoderLayer", 8, 4, 5, batch_first=True, bias=False, dropout=0.3, inputs=[real(2, 5, 8)]),
    row("TransformerEncoderLayer", 8, 2, 16, layer_norm_eps=0.1, inputs=[x, data(CAUSAL), data(PADDED)]),
    row("TransformerEncoderLayer", 6, 1, 7, dropout=0.0, inputs=[real(5, 6)]),
    row("TransformerDecoderLayer", 8, 2, 16, dropout=0.0, inputs=[x, y]),
    row("TransformerDecoderLayer", 8, 2, 16, norm_first=True, activation="gelu", inputs=[x, y]),
    row(
        "TransformerDecoderLayer",
        8,
        4,
        5,
        batch_first=True,
        bias=False,
        dropout=0.3,
        inputs=[real(2, 5, 8), real(2, 3, 8)],
    ),
    row("TransformerDecoderLayer", 8, 2, 16, inputs=[x, y, data(CAUSAL), None, data(PADDED)]),
    row("TransformerDecoderLayer", 6, 1, 7, dropout=0.0, inputs=[real(5, 6), real(2, 6)]),
    row("TransformerEncoder", ENCODER, 1, enable_nested_tensor=False, inputs=[x]),
    row("TransformerEncoder", ENCODER, 3, NORM, False, inputs=[x]),
    row("TransformerEncoder", ENCODER, 2, None, False, inputs=[x, data(CAUSAL), data(PADDED)]),
    row(
        "TransformerEncoder",
        Part("TransformerEncoderLayer", (8, 1, 3, 0.0, "gelu")),
        2,
        NORM,
        False,
        inputs=[real(5, 8)],
    ),
    row("TransformerEncoder", ENCODER, 2, NORM, False, inputs=[x, data(np.where(CAUSAL, -np.inf, 0.0)), None, True]),
    row("TransformerDecoder", DECODER, 1, inputs=[x, y]),
    row("TransformerDecoder", DECODER, 3, NORM, inputs=[x, y]),
    row("TransformerDecoder", DECODER, 2, inputs=[x, y, data(CAUSAL), None, data(PADDED)]),
    row(
        "TransformerDecoder",
        Part("TransformerDecoderLayer", (8, 1, 3, 0.0, "gelu")),
        2,
        NORM,
        inputs=[real(5, 8), real(2, 8)],
    ),
    row("TransformerDecoder", DECODER, 2, NORM, inputs=[x, x, None, data(CAUSAL)]),
    row("Transformer", 8, 2, 1, 1, 16, dropout=0.0, inputs=[x, y]),
    row("Transformer", 8, 2, 2, 1, 16, dropout=0.2, inputs=[x, y]),
    row("Transformer", 8, 2, 1, 2, 4, norm_first=True, batch_first=True, inputs=[real(2, 4, 8), real(2, 3, 8)]),
    row(
        "Transformer",
        8,
        2,
        1,
        1,
        4,
        bias=False,
        activation="gelu",
        inputs=[x, x, data(CAUSAL), data(CAUSAL), None, data(PADDED)],
    ),
    row("Transformer", 4, 1, 1, 1, 3, dropout=0.0, inputs=[real(3, 4), real(2, 4)]),
]
