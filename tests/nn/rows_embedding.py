"""Embeddings, single and in bags."""

from __future__ import annotations

import numpy as np

from tests.nn.configurations import data, labels, real, row

OFFSETS = data(np.array([0, 2, 2, 5]))
ENDS = data(np.array([0, 3, 3, 8]))

ROWS = [
    row("Embedding", 7, 3, inputs=[labels(7, 4)]),
    row("Embedding", 7, 3, padding_idx=2, inputs=[labels(7, 4, 9)]),
    row("Embedding", 7, 3, padding_idx=-1, scale_grad_by_freq=True, inputs=[labels(7, 20)]),
    row("Embedding", 5, 4, max_norm=1.0, inputs=[labels(5, 6)]),
    row("Embedding", 5, 4, max_norm=2.0, norm_type=1.0, inputs=[labels(5, 2, 3)]),
    row("Embedding", 3, 1, scale_grad_by_freq=True, inputs=[labels(3, 50)]),
    row("Embedding", 3, 2, inputs=[labels(3)]),
    row("EmbeddingBag", 7, 3, inputs=[labels(7, 4, 5)]),
    row("EmbeddingBag", 7, 3, mode="sum", inputs=[labels(7, 8), OFFSETS]),
    row("EmbeddingBag", 7, 3, mode="max", inputs=[labels(7, 8), OFFSETS]),
    row("EmbeddingBag", 7, 3, padding_idx=1, inputs=[labels(7, 8), OFFSETS]),
    row("EmbeddingBag", 7, 3, mode="sum", inputs=[labels(7, 2, 3), None, real(2, 3)]),
    row("EmbeddingBag", 4, 3, include_last_offset=True, mode="mean", inputs=[labels(4, 8), ENDS]),
    row("EmbeddingBag", 3, 3, mode="max", padding_idx=0, inputs=[labels(3, 4, 6)]),
    row("EmbeddingBag", 3, 2, max_norm=0.5, mode="sum", inputs=[labels(3, 8), OFFSETS]),
]
