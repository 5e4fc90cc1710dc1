"""What users call, in PyTorch's signatures, a family a file: compositions of primitives.

Functions take Tensors (and, like primitives, arrays), know nothing of the class Tensor, and define
no derivative. `tensor.py` lists them as methods and `tinygrad_nn/__init__.py` as functions.
"""

from tinygrad_nn.functions import (
    attributes,
    binary,
    checks,
    contract,
    copying,
    data,
    dims,
    elementwise,
    factor,
    fill,
    index,
    joining,
    linalg,
    norms,
    places,
    rearrange,
    reduce,
    results,
    sampling,
    select,
    shape,
    sorting,
    unary,
)

__all__ = [
    "attributes",
    "binary",
    "checks",
    "contract",
    "copying",
    "data",
    "dims",
    "elementwise",
    "factor",
    "fill",
    "index",
    "joining",
    "linalg",
    "norms",
    "places",
    "rearrange",
    "reduce",
    "results",
    "sampling",
    "select",
    "shape",
    "sorting",
    "unary",
]
