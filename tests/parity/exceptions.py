"""Samples that differ from PyTorch on purpose, each with its reason.

The key is ``"operation: sample"`` as the report prints it. A test keeps the table honest: every
entry names a sample that still differs, and all together are less than 1 % of the samples.
"""

from __future__ import annotations

__all__ = ["EXCEPTIONS"]

AT_ZERO_NORM = (
    "the gradient at a vector of zeros is 0 on both sides; its own derivative is 0 here, finite as the "
    "rest, and NaN in PyTorch"
)
AT_ZERO_SPREAD = (
    "the gradient where all elements are equal is 0 on both sides; its derivative is 0 here, NaN in PyTorch"
)
NO_SPREAD = "the variance of one element is NaN, and so are its derivatives of every order; PyTorch's second one is 0"
PRODUCT_OF_OTHERS = (
    "the gradient is the product of the other factors, here without dividing by x, so NaN and inf in x "
    "itself do not spoil it"
)
EQUAL_LIMITS = "where both limits are equal the result is the limit, whose gradient PyTorch drops"
LOGADDEXP = "far apart, the second derivative is 0; PyTorch's overflows to NaN"
POWERS_OF_ZERO = "0^0, 0^1 and 0^2 have finite second derivatives in the base; PyTorch forms 0 * inf"
POWERS_BASE_ZERO = "0^x is constant for x > 0, so its second derivative is 0; PyTorch forms 0 * inf"
LEFT_OUT = (
    "the gradient at a replaced element is left out, on both sides; PyTorch multiplies by 0, so that a later NaN "
    "comes back: 0 * nan"
)
SIZE_ONE = "the stride of a dimension of size one says nothing about the data; only its number differs"
EMPTY_VIEW = "an empty view has no first element, so its offset says nothing; NumPy's does not move"

EXCEPTIONS: dict[str, str] = {
    "getitem: r = x[None, 0]; (r.stride(), r.storage_offset()) | x=real(4,3)": SIZE_ONE,
    "getitem: r = x[:, None, 1:]; (r.stride(), r.storage_offset()) | x=real(4,3)": SIZE_ONE,
    "getitem: r = x[0, None, 1]; (r.stride(), r.storage_offset()) | x=real(4,3)": SIZE_ONE,
    "expand_as: r = x.expand_as(lib.zeros(1, 1)); (r, r.stride(), r.is_contiguous(), r.storage_offset()) | x=real() no grad": SIZE_ONE,
    "narrow: r = x.narrow(0, 4, 0); (r, r.stride(), r.is_contiguous(), r.storage_offset()) | x=real(4) no grad": EMPTY_VIEW,
    "linalg.det: lib.linalg.det(x) | x=real([[1.0,2.0],[2.0,4.0]])": (
        "the gradient of a determinant of rank n - 1 is its matrix of cofactors, [[4, -2], [-2, 1]]; "
        "PyTorch answers zeros"
    ),
    "norm: lib.norm(x, 'fro', 1) | x=real([[0.0,0.0],[0.0,2.0]])": AT_ZERO_NORM,
    "norm: lib.norm(x, -1, 1) | x=real([[0.0,0.0],[0.0,2.0]])": AT_ZERO_NORM,
    "norm: lib.norm(x, 0.5, 1) | x=real([[0.0,0.0],[0.0,2.0]])": AT_ZERO_NORM,
    "norm: lib.norm(x, 2, 1) | x=real([[0.0,0.0],[0.0,2.0]])": AT_ZERO_NORM,
    "norm: lib.norm(x, 2.5, 1) | x=real([[0.0,0.0],[0.0,2.0]])": AT_ZERO_NORM,
    "norm: lib.norm(x, 3, 1) | x=real([[0.0,0.0],[0.0,2.0]])": AT_ZERO_NORM,
    "norm: lib.norm(x, p='fro') | x=real([0.0,0.0])": AT_ZERO_NORM,
    "norm: lib.norm(x, p=-1) | x=real([0.0,0.0])": AT_ZERO_NORM,
    "norm: lib.norm(x, p=0.5) | x=real([0.0,0.0])": AT_ZERO_NORM,
    "norm: lib.norm(x, p=2) | x=real([0.0,0.0])": AT_ZERO_NORM,
    "norm: lib.norm(x, p=2.5) | x=real([0.0,0.0])": AT_ZERO_NORM,
    "norm: lib.norm(x, p=3) | x=real([0.0,0.0])": AT_ZERO_NORM,
    "linalg.norm: lib.linalg.norm(x) | x=real([0.0,0.0])": AT_ZERO_NORM,
    "std: lib.std(x, dim=1, correction=0) | x=real(3,1)": AT_ZERO_SPREAD,
    "std: x.std(dim=0, keepdim=True) | x=real(3,2) expanded": AT_ZERO_SPREAD,
    "var: lib.var(x) | x=real()": NO_SPREAD,
    "var: lib.var(x) | x=real(1)": NO_SPREAD,
    "var: lib.var(x, dim=-1, keepdim=True) | x=real()": NO_SPREAD,
    "var: lib.var(x, dim=0) | x=real()": NO_SPREAD,
    "var_mean: lib.var_mean(x) | x=real()": NO_SPREAD,
    "var_mean: lib.var_mean(x) | x=real(1)": NO_SPREAD,
    "var_mean: lib.var_mean(x, dim=-1, keepdim=True) | x=real()": NO_SPREAD,
    "var_mean: lib.var_mean(x, dim=0) | x=real()": NO_SPREAD,
    "prod: lib.prod(x) | x=real([1.0,inf,-2.0])": PRODUCT_OF_OTHERS,
    "prod: lib.prod(x) | x=real([1.0,nan,2.0])": PRODUCT_OF_OTHERS,
    "clamp: lib.clamp(x, y, z) | x=real([1.0,2.0]), y=real([1.0,3.0]), z=real([2.0,3.0])": EQUAL_LIMITS,
    "clip: lib.clip(x, y, z) | x=real([1.0,2.0]), y=real([1.0,3.0]), z=real([2.0,3.0])": EQUAL_LIMITS,
    "logaddexp: lib.logaddexp(x + 500, y - 500) | x=real(2,3), y=real(2,3)": LOGADDEXP,
    "nan_to_num: (x / 0).nan_to_num(posinf=1.5) | x=real(2,3)": LEFT_OUT,
    "nan_to_num: lib.nan_to_num((x - x) / 0, nan=1.0) | x=real(2,3)": LEFT_OUT,
    "nan_to_num: lib.nan_to_num(x / 0, 0.0, 3.0, -4.0) | x=real(2,3)": LEFT_OUT,
    "nan_to_num: lib.nan_to_num(x / 0, nan=2.0) | x=real(2,3)": LEFT_OUT,
    "nan_to_num: lib.nan_to_num(x / 0, neginf=-7.0) | x=real(2,3)": LEFT_OUT,
    "pow_awkward: lib.pow(0, x) | x=real([0.0,1.0,2.0,-1.0])": POWERS_BASE_ZERO,
    "pow_awkward: 0 ** x | x=real([0.0,3.0])": POWERS_BASE_ZERO,
    "pow_awkward: lib.pow(0.0, x) | x=real([0.0,1.0,2.0,-1.0])": POWERS_BASE_ZERO,
    "pow_awkward: 0.0 ** x | x=real([0.0,3.0])": POWERS_BASE_ZERO,
    "pow_awkward: x ** y | x=real([0.0,0.0,0.0,2.0]), y=real([0.0,1.0,2.0,0.0])": POWERS_OF_ZERO,
}
