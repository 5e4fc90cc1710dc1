"""Rows of a table by number, with the two exceptions that embeddings make in the table's gradient."""

from __future__ import annotations

from typing import Any

from tinygrad_nn.ops.elementwise import cast, eq, where
from tinygrad_nn.ops.index import pick_at, put_at
from tinygrad_nn.ops.select import bincount
from tinygrad_nn.primitive import primitive

Array = Any


def _embedding_rule(g: Array, shape: tuple[int, ...], index: Array, padding: int | None, by_frequency: bool) -> Array:
    if padding is not None:
        g = where(eq(index, padding)[..., None], 0.0, g)
    if by_frequency:
        counts = cast(bincount(index.reshape((-1,)), None, shape[0]), g.dtype)
        g = g / pick_at(counts, (index,))[..., None]
    return put_at(g, shape, (index,))


embedding = primitive(
    "embedding", lambda weight, index, padding, by_frequency: weight.take(index, 0), _embedding_rule, arity=1,
    half="rules",
)  # fmt: skip
"""weight[index]: (rows, D) and (...) integers to (..., D).

padding: a row that gets no gradient. by_frequency: each row's gradient is divided by how often it occurs.
"""
