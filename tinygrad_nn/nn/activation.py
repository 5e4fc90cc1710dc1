"""Activations as layers. Each is one function of `nn.functional`, which has its formula and source."""

from __future__ import annotations

import warnings

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.nn import functional as F
from tinygrad_nn.nn import init as initial
from tinygrad_nn.nn.arguments import new_parameter, number, size
from tinygrad_nn.nn.module import Module
from tinygrad_nn.tensor import Tensor

__all__ = [
    "CELU",
    "ELU",
    "GELU",
    "GLU",
    "SELU",
    "Hardshrink",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "LogSigmoid",
    "LogSoftmax",
    "Mish",
    "PReLU",
    "ReLU",
    "ReLU6",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softmax2d",
    "Softmin",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
    "Threshold",
]


class _InPlace(Module):
    """An activation that can write its result over its input."""

    inplace: bool

    @switches
    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace

    def extra_repr(self) -> str:
        """The settings."""
        settings = self._settings()
        return ", ".join([*settings, "inplace=True"] if self.inplace else settings)

    def _settings(self) -> list[str]:
        return []


class ReLU(_InPlace):
    """max(x, 0).

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.ReLU()(tg.tensor([-1.0, 2.0]))
    tensor([0., 2.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.relu(input, self.inplace)


class LeakyReLU(_InPlace):
    """x where x > 0, else negative_slope * x."""

    @switches
    def __init__(self, negative_slope: float = 0.01, inplace: bool = False) -> None:
        super().__init__(inplace)
        number("LeakyReLU", "negative_slope", negative_slope)
        self.negative_slope = negative_slope

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.leaky_relu(input, self.negative_slope, self.inplace)

    def _settings(self) -> list[str]:
        return [f"negative_slope={self.negative_slope}"]


class PReLU(Module):
    """x where x > 0, else weight * x; the weight, one or one per channel (dimension 1), is learned.

    Raises TypeError or ValueError unless num_parameters is a positive integer.
    """

    def __init__(
        self, num_parameters: int = 1, init: float = 0.25, device: object = None, dtype: object = None
    ) -> None:
        super().__init__()
        self.num_parameters = size("PReLU", "num_parameters", num_parameters)
        number("PReLU", "init", init)
        self.init = init
        self.weight = new_parameter(self.num_parameters, device=device, dtype=dtype)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight back."""
        initial.constant_(self.weight, self.init)

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.prelu(input, self.weight)

    def extra_repr(self) -> str:
        """The number of weights."""
        return f"num_parameters={self.num_parameters}"


class ELU(_InPlace):
    """x where x > 0, else alpha * (exp(x) - 1)."""

    @switches
    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        number("ELU", "alpha", alpha)
        self.alpha = alpha

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.elu(input, self.alpha, self.inplace)

    def _settings(self) -> list[str]:
        return [f"alpha={self.alpha}"]


class CELU(_InPlace):
    """max(0, x) + min(0, alpha * (exp(x / alpha) - 1))."""

    @switches
    def __init__(self, alpha: float = 1.0, inplace: bool = False) -> None:
        super().__init__(inplace)
        number("CELU", "alpha", alpha)
        self.alpha = alpha

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.celu(input, self.alpha, self.inplace)

    def _settings(self) -> list[str]:
        return [f"alpha={self.alpha}"]


class SELU(_InPlace):
    """The exponential unit that keeps mean 0 and variance 1."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.selu(input, self.inplace)


class SiLU(_InPlace):
    """x * sigmoid(x)."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.silu(input, self.inplace)


class Mish(_InPlace):
    """x * tanh(softplus(x))."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.mish(input, self.inplace)


class Hardswish(_InPlace):
    """0 below -3, x above 3, x (x + 3) / 6 between."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.hardswish(input, self.inplace)

    def extra_repr(self) -> str:
        """The settings."""
        return ""


class Hardsigmoid(_InPlace):
    """0 below -3, 1 above 3, x / 6 + 1/2 between."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.hardsigmoid(input, self.inplace)

    def extra_repr(self) -> str:
        """The settings."""
        return ""


class Hardtanh(_InPlace):
    """x limited to [min_val, max_val]. Raises ValueError unless min_val < max_val."""

    @switches
    def __init__(
        self,
        min_val: float = -1.0,
        max_val: float = 1.0,
        inplace: bool = False,
        min_value: float | None = None,
        max_value: float | None = None,
    ) -> None:
        super().__init__(inplace)
        for old, value in (("min", min_value), ("max", max_value)):
            if value is not None:
                warnings.warn(
                    f"keyword argument `{old}_value` is deprecated and renamed to `{old}_val`",
                    FutureWarning,
                    stacklevel=2,
                )
        self.min_val = min_val if min_value is None else min_value
        self.max_val = max_val if max_value is None else max_value
        number("Hardtanh", "min_val", self.min_val)
        number("Hardtanh", "max_val", self.max_val)
        if self.max_val <= self.min_val:
            raise ArgumentError(
                message(
                    "Hardtanh: max_val must be greater than min_val",
                    got=f"min_val={self.min_val}, max_val={self.max_val}",
                )
            )

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.hardtanh(input, self.min_val, self.max_val, self.inplace)

    def _settings(self) -> list[str]:
        return [f"min_val={self.min_val}", f"max_val={self.max_val}"]


class ReLU6(Hardtanh):
    """min(max(x, 0), 6)."""

    @switches
    def __init__(self, inplace: bool = False) -> None:
        super().__init__(0.0, 6.0, inplace)

    def _settings(self) -> list[str]:
        return []


class Threshold(_InPlace):
    """x where x > threshold, else value."""

    @switches
    def __init__(self, threshold: float, value: float, inplace: bool = False) -> None:
        super().__init__(inplace)
        self.threshold, self.value = threshold, value

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.threshold(input, self.threshold, self.value, self.inplace)

    def _settings(self) -> list[str]:
        return [f"threshold={self.threshold}", f"value={self.value}"]


class Sigmoid(Module):
    """1 / (1 + exp(-x))."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.sigmoid(input)


class LogSigmoid(Module):
    """log(1 / (1 + exp(-x)))."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.logsigmoid(input)


class Tanh(Module):
    """The hyperbolic tangent."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.tanh(input)


class Softsign(Module):
    """x / (1 + |x|)."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.softsign(input)


class Tanhshrink(Module):
    """x - tanh(x)."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.tanhshrink(input)


class GELU(Module):
    """x * Phi(x), Phi the normal distribution function; approximate="tanh" for the older formula.

    Raises ValueError for another `approximate`.
    """

    def __init__(self, approximate: str = "none") -> None:
        super().__init__()
        if approximate not in ("none", "tanh"):
            raise ArgumentError(
                message("GELU: approximate argument must be either none or tanh", got=repr(approximate))
            )
        self.approximate = approximate

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.gelu(input, self.approximate)

    def extra_repr(self) -> str:
        """The settings."""
        return f"approximate={self.approximate!r}"


class Softplus(Module):
    """log(1 + exp(beta x)) / beta; x itself where beta x > threshold."""

    def __init__(self, beta: float = 1.0, threshold: float = 20.0) -> None:
        super().__init__()
        number("Softplus", "beta", beta)
        self.beta, self.threshold = beta, threshold

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.softplus(input, self.beta, self.threshold)

    def extra_repr(self) -> str:
        """The settings."""
        return f"beta={self.beta}, threshold={self.threshold}"


class Softshrink(Module):
    """x moved toward 0 by lambd, 0 where |x| <= lambd."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        number("Softshrink", "lambd", lambd, least=0)
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.softshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The settings."""
        return str(self.lambd)


class Hardshrink(Module):
    """x, and 0 where |x| <= lambd."""

    def __init__(self, lambd: float = 0.5) -> None:
        super().__init__()
        number("Hardshrink", "lambd", lambd)
        self.lambd = lambd

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.hardshrink(input, self.lambd)

    def extra_repr(self) -> str:
        """The settings."""
        return str(self.lambd)


class GLU(Module):
    """a * sigmoid(b), for the halves a and b of x along `dim`."""

    def __init__(self, dim: int = -1) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.glu(input, self.dim)

    def extra_repr(self) -> str:
        """The settings."""
        return f"dim={self.dim}"


class _OverDim(Module):
    """A distribution along one dimension."""

    def __init__(self, dim: int | None = None) -> None:
        super().__init__()
        self.dim = dim

    def extra_repr(self) -> str:
        """The dimension."""
        return f"dim={self.dim}"


class Softmax(_OverDim):
    """exp(x) / sum of exp(x) along `dim`.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.Softmax(dim=-1)(tg.tensor([0.0, 0.0]))
    tensor([0.5000, 0.5000])
    """

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.softmax(input, self.dim)


class LogSoftmax(_OverDim):
    """log(softmax(x)) along `dim`."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.log_softmax(input, self.dim)


class Softmin(_OverDim):
    """softmax(-x) along `dim`."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        return F.softmin(input, self.dim)


class Softmax2d(Module):
    """softmax over the channels at each place of (N, C, H, W) or (C, H, W). ValueError for other ranks."""

    def forward(self, input: Tensor) -> Tensor:
        """The activation of x."""
        if input.ndim not in (3, 4):
            raise ArgumentError(
                message(f"Softmax2d: expected input to be 3D or 4D, got {input.ndim}D instead", got=tuple(input.shape))
            )
        return F.softmax(input, -3)
