"""The closed set of primitives, a family a file. Importing this package fills the registry."""

from tinygrad_nn.ops import (
    activation,
    elementwise,
    embedding,
    factor,
    fused,
    index,
    linalg,
    loss,
    norm,
    pool,
    recurrent,
    reduce,
    sample,
    select,
    shape,
    window,
)

__all__ = [
    "activation", "elementwise", "embedding", "factor", "fused", "index", "linalg", "loss", "norm", "pool",
    "recurrent", "reduce", "sample", "select", "shape", "window",
]  # fmt: skip
