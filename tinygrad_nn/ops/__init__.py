"""The closed set of primitives, a family a file. Importing this package fills the registry."""

from tinygrad_nn.ops import elementwise, fused, index, linalg, reduce, shape

__all__ = ["elementwise", "fused", "index", "linalg", "reduce", "shape"]
