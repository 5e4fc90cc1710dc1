"""Initial values, written in place: PyTorch's distributions, defaults and random streams.

Each function fills a tensor without recording it, and returns it. `generator` is the source of the
random numbers (the default one if None).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.errors import ArgumentError, DTypeError, message
from tinygrad_nn.functions import sampling
from tinygrad_nn.generator import Generator, default_generator
from tinygrad_nn.generator.recipes import memory_order
from tinygrad_nn.generator.recipes import trunc_normal as draw_trunc_normal
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.tensor import Tensor
from tinygrad_nn.views import write

__all__ = [
    "calculate_gain",
    "constant_",
    "dirac_",
    "eye_",
    "kaiming_normal_",
    "kaiming_uniform_",
    "normal_",
    "ones_",
    "orthogonal_",
    "sparse_",
    "trunc_normal_",
    "uniform_",
    "xavier_normal_",
    "xavier_uniform_",
    "zeros_",
]


def _over(name: str, tensor: Any, value: Any) -> Any:
    """Write an array of values over the tensor."""
    _is_tensor(name, tensor)
    with no_grad():
        return write(tensor, wrap(np.asarray(value, tensor.array.dtype)), name)


def _is_tensor(name: str, tensor: Any) -> None:
    if type(tensor) not in TYPES:
        raise DTypeError(
            message(f"init.{name}: the argument must be a tensor", got=type(tensor).__name__, fix="pass module.weight")
        )


def _sampled(name: str, fill: Callable[..., Any], tensor: Any, *args: Any, generator: Generator | None) -> Any:
    _is_tensor(name, tensor)
    with no_grad():
        return fill(tensor, *args, generator=generator)


# -- plain distributions and constants ---------------------------------------------------------------


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Numbers uniform in [a, b)."""
    return _sampled("uniform_", sampling.uniform_, tensor, a, b, generator=generator)  # type: ignore[no-any-return]


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal numbers. Raises RuntimeError for a negative std."""
    return _sampled("normal_", sampling.normal_, tensor, mean, std, generator=generator)  # type: ignore[no-any-return]


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Normal numbers cut to [a, b]."""
    _is_tensor("trunc_normal_", tensor)
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. The distribution of values "
            "may be incorrect.",
            stacklevel=2,
        )
    source = default_generator if generator is None else generator
    array = tensor.array
    order = memory_order(array)
    turned = array.transpose(order)  # drawn in the order of memory
    whole = array.flags.c_contiguous, order == tuple(range(array.ndim))
    drawn = draw_trunc_normal(source, turned.shape, mean, std, a, b, array.dtype, contiguous=whole)
    return _over("trunc_normal_", tensor, drawn.transpose(np.argsort(order)))  # type: ignore[no-any-return]


def constant_(tensor: Tensor, val: float) -> Tensor:
    """`val` everywhere.

    >>> import tinygrad_nn as tg
    >>> constant_(tg.ones(2), 0.5)
    tensor([0.5000, 0.5000])
    """
    _is_tensor("constant_", tensor)
    if not isinstance(val, (int, float, np.number)):
        raise DTypeError(message("constant_: val is a number", got=repr(val)[:60], fix="constant_(tensor, 0.5)"))
    return _over("constant_", tensor, np.full(tensor.shape, val))  # type: ignore[no-any-return]


def ones_(tensor: Tensor) -> Tensor:
    """Ones."""
    return constant_(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Zeros."""
    return constant_(tensor, 0.0)


def eye_(tensor: Tensor) -> Tensor:
    """The identity matrix. Raises ValueError unless the tensor has 2 dimensions."""
    _dimensions("eye_", tensor, (2,))
    return _over("eye_", tensor, np.eye(*tensor.shape))  # type: ignore[no-any-return]


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """The convolution kernel that gives its input back: (out, in / groups, ...), 3 to 5 dimensions.

    Raises ValueError for other ranks, or where `out` is not divisible by the groups.
    """
    _dimensions("dirac_", tensor, (3, 4, 5))
    size = tuple(tensor.shape)
    if size[0] % groups:
        raise ArgumentError(
            message("init.dirac_: dim 0 must be divisible by groups", got=f"shape {size}, groups={groups}")
        )
    per_group = size[0] // groups
    value = np.zeros(size)
    centre = tuple(n // 2 for n in size[2:])
    for group in range(groups):
        for d in range(min(per_group, size[1])):
            value[(group * per_group + d, d, *centre)] = 1
    return _over("dirac_", tensor, value)  # type: ignore[no-any-return]


def _dimensions(name: str, tensor: Any, allowed: tuple[int, ...]) -> None:
    _is_tensor(name, tensor)
    if tensor.ndim not in allowed:
        raise ArgumentError(
            message(
                f"init.{name}: Only tensors with {', '.join(map(str, allowed))} dimensions are supported",
                got=f"shape {tuple(tensor.shape)}",
            )
        )


# -- by the number of connections -----------------------------------------------------------------


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor that keeps the variance through a nonlinearity.

    1 for linear, conv, sigmoid and (as PyTorch has it) unnamed smooth ones; 5/3 for tanh; sqrt(2)
    for relu; sqrt(2 / (1 + slope^2)) for leaky_relu with slope `param` (0.01); 3/4 for selu.
    Raises ValueError for another name.
    """
    plain = (
        "linear",
        "conv1d",
        "conv2d",
        "conv3d",
        "conv_transpose1d",
        "conv_transpose2d",
        "conv_transpose3d",
        "sigmoid",
    )
    if nonlinearity in plain:
        return 1.0
    if nonlinearity == "tanh":
        return 5.0 / 3
    if nonlinearity == "relu":
        return math.sqrt(2.0)
    if nonlinearity == "leaky_relu":
        if param is not None and (isinstance(param, bool) or not isinstance(param, (int, float))):
            raise ArgumentError(message(f"negative_slope {param} not a valid number", got=repr(param)))
        return math.sqrt(2.0 / (1 + (0.01 if param is None else param) ** 2))
    if nonlinearity == "selu":
        return 3.0 / 4
    raise ArgumentError(
        message(
            f"Unsupported nonlinearity {nonlinearity}",
            got=repr(nonlinearity),
            fix=", ".join((*plain, "tanh", "relu", "leaky_relu", "selu")),
        )
    )


def _fans(name: str, tensor: Any) -> tuple[int, int]:
    """(fan_in, fan_out) of a weight (out, in, *kernel)."""
    _is_tensor(name, tensor)
    if tensor.ndim < 2:
        raise ArgumentError(
            message(
                "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions",
                got=f"init.{name} of shape {tuple(tensor.shape)}",
                fix="for a bias use zeros_ or uniform_",
            )
        )
    field = math.prod(tensor.shape[2:])
    return tensor.shape[1] * field, tensor.shape[0] * field


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Uniform in [-r, r], r = gain * sqrt(6 / (fan_in + fan_out)). (Glorot and Bengio, 2010)"""
    bound = math.sqrt(3.0) * (gain * math.sqrt(2.0 / float(sum(_fans("xavier_uniform_", tensor)))))
    return uniform_(tensor, -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    """Normal with std = gain * sqrt(2 / (fan_in + fan_out)). (Glorot and Bengio, 2010)"""
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / float(sum(_fans("xavier_normal_", tensor)))), generator)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Uniform in [-r, r], r = gain * sqrt(3 / fan); `a` is leaky_relu's slope. (He et al., 2015)

    mode: "fan_in" keeps the variance forward, "fan_out" backward. Raises ValueError for another.
    """
    if 0 in tensor.shape:
        return _nothing(tensor)
    bound = math.sqrt(3.0) * _kaiming_std("kaiming_uniform_", tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    """Normal with std = gain / sqrt(fan). (He et al., 2015)"""
    if 0 in tensor.shape:
        return _nothing(tensor)
    return normal_(tensor, 0.0, _kaiming_std("kaiming_normal_", tensor, a, mode, nonlinearity), generator)


def _nothing(tensor: Tensor) -> Tensor:
    warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=3)
    return tensor


def _kaiming_std(name: str, tensor: Any, a: float, mode: str, nonlinearity: str) -> float:
    fans = _fans(name, tensor)
    if mode not in ("fan_in", "fan_out"):
        raise ArgumentError(
            message(f"Mode {mode} not supported, please use one of ['fan_in', 'fan_out']", got=repr(mode))
        )
    return calculate_gain(nonlinearity, a) / math.sqrt(fans[mode == "fan_out"])


# -- structured -------------------------------------------------------------------------------------


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Generator | None = None) -> Tensor:
    """A (semi) orthogonal matrix (rows, the rest), times gain. (Saxe et al., 2013)

    Raises ValueError for fewer than 2 dimensions.
    """
    _is_tensor("orthogonal_", tensor)
    if tensor.ndim < 2:
        raise ArgumentError(
            message(
                "Only tensors with 2 or more dimensions are supported", got=f"init.orthogonal_ of {tuple(tensor.shape)}"
            )
        )
    if not tensor.array.size:
        return tensor
    rows, cols = tensor.shape[0], tensor.array.size // tensor.shape[0]
    source = default_generator if generator is None else generator
    flat = source.normal((rows, cols), dtype=tensor.array.dtype)
    q, r = np.linalg.qr(flat.T if rows < cols else flat)
    q = q * np.sign(np.diagonal(r))
    return _over("orthogonal_", tensor, ((q.T if rows < cols else q) * gain).reshape(tensor.shape))  # type: ignore[no-any-return]


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Generator | None = None) -> Tensor:
    """Normal numbers, in each column a share `sparsity` of them set to zero. (Martens, 2010)

    Raises ValueError unless the tensor has 2 dimensions.
    """
    _dimensions("sparse_", tensor, (2,))
    rows, cols = tensor.shape
    zeros = math.ceil(sparsity * rows)
    normal_(tensor, 0, std, generator)
    value = tensor.array.copy()
    for column in range(cols):
        value[default_generator.randperm(rows)[:zeros], column] = 0
    return _over("sparse_", tensor, value)  # type: ignore[no-any-return]


# -- PyTorch's old names ----------------------------------------------------------------------------


def _old(function: Callable[..., Any]) -> Callable[..., Any]:
    def renamed(*args: Any, **kwargs: Any) -> Any:
        new = function.__name__
        warnings.warn(
            f"`nn.init.{new[:-1]}` is now deprecated in favor of `nn.init.{new}`.", FutureWarning, stacklevel=2
        )
        return function(*args, **kwargs)

    renamed.__name__ = function.__name__[:-1]
    renamed.__doc__ = f"The old name of `{function.__name__}`."
    return renamed


uniform, normal, constant, eye, dirac = _old(uniform_), _old(normal_), _old(constant_), _old(eye_), _old(dirac_)
xavier_uniform, xavier_normal = _old(xavier_uniform_), _old(xavier_normal_)
kaiming_uniform, kaiming_normal = _old(kaiming_uniform_), _old(kaiming_normal_)
orthogonal, sparse = _old(orthogonal_), _old(sparse_)
