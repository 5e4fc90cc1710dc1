"""Layers that multiply with weights, and those that only reshape or pass on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinygrad_nn.errors import AutogradError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.nn import functional as F
from tinygrad_nn.nn import init
from tinygrad_nn.nn.arguments import new_parameter, number, size
from tinygrad_nn.nn.module import Module
from tinygrad_nn.nn.parameter import Parameter
from tinygrad_nn.primitive import wrap
from tinygrad_nn.tensor import Tensor

__all__ = ["RBF", "Bilinear", "Flatten", "Identity", "LazyLinear", "Linear", "Unflatten", "UninitializedParameter"]


class Identity(Module):
    """Gives its input back. Takes any arguments, so that it can stand in for another layer.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.Identity(54, unused=True)(tg.tensor([1.0]))
    tensor([1.])
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()

    def forward(self, input: Any) -> Any:
        """The input."""
        return input


class Linear(Module):
    """y = x W^T + b.

    x: (..., in_features), y: (..., out_features); weight: (out_features, in_features), bias:
    (out_features,), both uniform in [-k, k], k = 1 / sqrt(in_features).

    Raises TypeError or ValueError for sizes that are not positive integers, RuntimeError in forward
    where the input's last dimension is another.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> layer = nn.Linear(3, 2)
    >>> layer(tg.ones(5, 3)).shape == (5, 2)
    True
    """

    in_features: int
    out_features: int
    weight: Parameter
    bias: Parameter | None

    @switches
    def __init__(
        self, in_features: int, out_features: int, bias: bool = True, device: object = None, dtype: object = None
    ) -> None:
        super().__init__()
        self.in_features = size("Linear", "in_features", in_features, 0)
        self.out_features = size("Linear", "out_features", out_features, 0)
        self.weight = new_parameter(self.out_features, self.in_features, device=device, dtype=dtype)
        self.register_parameter("bias", new_parameter(self.out_features, device=device, dtype=dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            bound = 1 / math.sqrt(self.in_features) if self.in_features > 0 else 0
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input: Tensor) -> Tensor:
        """x W^T + b."""
        return F.linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Sizes and bias."""
        return f"in_features={self.in_features}, out_features={self.out_features}, bias={self.bias is not None}"


class UninitializedParameter(Parameter):
    """A parameter whose shape the first input decides."""

    __slots__ = ()

    is_uninitialized = True

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> UninitializedParameter:
        empty = wrap(np.empty(0, np.float32)) if data is None else data
        return super().__new__(cls, empty, requires_grad)  # type: ignore[return-value]

    def materialize(self, shape: tuple[int, ...], dtype: Any = None) -> None:
        """Become an ordinary parameter of this shape."""
        kind = self.array.dtype if dtype is None else dtype
        self.__class__ = Parameter  # type: ignore[assignment]
        self.data = wrap(np.zeros(shape, kind))

    def __repr__(self) -> str:
        return "<UninitializedParameter>"


class LazyLinear(Linear):
    """A Linear whose `in_features` is the last dimension of its first input; it is a Linear from then on.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> layer = nn.LazyLinear(2)
    >>> _ = layer(tg.ones(5, 3))
    >>> layer
    Linear(in_features=3, out_features=2, bias=True)
    """

    @switches
    def __init__(self, out_features: int, bias: bool = True, device: object = None, dtype: object = None) -> None:
        super().__init__(0, 0, False, device, dtype)
        self.out_features = size("LazyLinear", "out_features", out_features, 0)
        kind = self.weight.detach()
        self.weight = UninitializedParameter(kind)
        if bias:
            self.bias = UninitializedParameter(kind)

    def reset_parameters(self) -> None:
        """Nothing, before the first input."""
        if self.in_features:
            super().reset_parameters()

    def forward(self, input: Tensor) -> Tensor:
        """The first input gives the weights their shape."""
        if input.ndim == 0:
            raise AutogradError(message("LazyLinear: the input needs a dimension of features", got="shape ()"))
        self.in_features = int(input.shape[-1])
        if isinstance(self.weight, UninitializedParameter):
            self.weight.materialize((self.out_features, self.in_features))
            if isinstance(self.bias, UninitializedParameter):
                self.bias.materialize((self.out_features,))
            self.reset_parameters()
        self.__class__ = Linear  # type: ignore[assignment]
        return Linear.forward(self, input)


class Bilinear(Module):
    """y_o = x1^T W_o x2 + b_o.

    x1: (..., in1_features), x2: (..., in2_features), y: (..., out_features); weight: (out, in1, in2),
    bias: (out,), both uniform in [-k, k], k = 1 / sqrt(in1_features).
    Raises TypeError or ValueError for sizes that are not positive integers.
    """

    bias: Parameter | None

    @switches
    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        device: object = None,
        dtype: object = None,
    ) -> None:
        super().__init__()
        self.in1_features = size("Bilinear", "in1_features", in1_features)
        self.in2_features = size("Bilinear", "in2_features", in2_features)
        self.out_features = size("Bilinear", "out_features", out_features)
        self.weight = new_parameter(self.out_features, self.in1_features, self.in2_features, device=device, dtype=dtype)
        self.register_parameter("bias", new_parameter(self.out_features, device=device, dtype=dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw weight and bias anew."""
        bound = 1 / math.sqrt(self.in1_features)
        init.uniform_(self.weight, -bound, bound)
        if self.bias is not None:
            init.uniform_(self.bias, -bound, bound)

    def forward(self, input1: Tensor, input2: Tensor) -> Tensor:
        """x1^T W x2 + b."""
        return F.bilinear(input1, input2, self.weight, self.bias)

    def extra_repr(self) -> str:
        """Sizes and bias."""
        return (
            f"in1_features={self.in1_features}, in2_features={self.in2_features}, out_features={self.out_features}, "
            f"bias={self.bias is not None}"
        )


class RBF(Module):
    """Radial basis functions: each output is a Gaussian bump around a learned centre.

    y_k = exp(-|x - c_k|^2 / (2 w_k^2)), x: (..., in_features), y: (..., num_centers) in (0, 1];
    centers: (num_centers, in_features), normal at first; log_width: (num_centers,), so that widths stay
    positive. A Linear behind it makes the network of Broomhead and Lowe (1988), which fits any
    continuous function.

    width: every bump's width at first, in the inputs' units.
    Raises TypeError or ValueError for sizes that are not positive integers or a width that is not positive.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> layer = nn.RBF(2, 1, width=1.0)
    >>> _ = nn.init.zeros_(layer.centers)
    >>> layer(tg.tensor([[0.0, 0.0], [1.0, 1.0]])).tolist()[0]
    [1.0]
    """

    def __init__(
        self, in_features: int, num_centers: int, width: float = 1.0, device: object = None, dtype: object = None
    ) -> None:
        super().__init__()
        self.in_features = size("RBF", "in_features", in_features)
        self.num_centers = size("RBF", "num_centers", num_centers)
        number("RBF", "width", width, above=0)
        self.width = float(width)
        self.centers = new_parameter(self.num_centers, self.in_features, device=device, dtype=dtype)
        self.log_width = new_parameter(self.num_centers, device=device, dtype=dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the centres anew, and set the widths back."""
        init.normal_(self.centers)
        init.constant_(self.log_width, math.log(self.width))

    def forward(self, input: Tensor) -> Tensor:
        """The bumps' heights at x."""
        return F.rbf(input, self.centers, self.log_width)

    def extra_repr(self) -> str:
        """Sizes and initial width."""
        return f"in_features={self.in_features}, num_centers={self.num_centers}, width={self.width:g}"


class Flatten(Module):
    """Dimensions start_dim..end_dim made one: (N, C, H, W) to (N, C*H*W) by default.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.Flatten()(tg.ones(2, 3, 4)).shape == (2, 12)
    True
    """

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        super().__init__()
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        """The flattened view."""
        return input.flatten(self.start_dim, self.end_dim)

    def extra_repr(self) -> str:
        """The dimensions."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Dimension `dim` split into `unflattened_size`: (N, 12) to (N, 3, 4). The reverse of Flatten.

    Raises TypeError where the sizes are not integers.
    """

    def __init__(self, dim: int, unflattened_size: Any) -> None:
        super().__init__()
        self.dim = dim
        if not isinstance(unflattened_size, tuple | list):
            raise TypeError(
                message(
                    "unflattened_size must be a tuple of ints",
                    got=f"type {type(unflattened_size).__name__}",
                    fix="Unflatten(1, (3, 4))",
                )
            )
        for k, n in enumerate(unflattened_size):
            if not isinstance(n, int) or isinstance(n, bool):
                raise TypeError(
                    message("unflattened_size must be tuple of ints", got=f"{type(n).__name__} at position {k}")
                )
        self.unflattened_size = unflattened_size

    def forward(self, input: Tensor) -> Tensor:
        """The view with more dimensions."""
        return input.unflatten(self.dim, self.unflattened_size)

    def extra_repr(self) -> str:
        """The dimension and its sizes."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
