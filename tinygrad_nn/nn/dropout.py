"""Dropout as layers: active in training mode, the identity in evaluation mode."""

from __future__ import annotations

from tinygrad_nn.flags import switches
from tinygrad_nn.nn import functional as F
from tinygrad_nn.nn.functional.dropout import checked_probability
from tinygrad_nn.nn.module import Module
from tinygrad_nn.tensor import Tensor

__all__ = ["AlphaDropout", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"]


class _Dropout(Module):
    """What all share: the probability, checked (ValueError outside [0, 1]), and the repr."""

    @switches
    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        checked_probability(p)
        self.p, self.inplace = p, inplace

    def extra_repr(self) -> str:
        """The settings."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Each element 0 with probability p, else x / (1 - p). (Srivastava et al., 2014)

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.Dropout(0.5).eval()(tg.tensor([1.0, 2.0]))
    tensor([1., 2.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """x with elements dropped."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """Whole channels of (N, C, L) or (C, L) dropped. (Tompson et al., 2014)"""

    def forward(self, input: Tensor) -> Tensor:
        """x with channels dropped."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """Whole channels of (N, C, H, W) dropped."""

    def forward(self, input: Tensor) -> Tensor:
        """x with channels dropped."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """Whole channels of (N, C, D, H, W) or (C, D, H, W) dropped."""

    def forward(self, input: Tensor) -> Tensor:
        """x with channels dropped."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Dropout for SELU networks, which keeps mean and variance. (Klambauer et al., 2017)"""

    def forward(self, input: Tensor) -> Tensor:
        """x with elements at SELU's saturation value."""
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_Dropout):
    """AlphaDropout of whole channels of (N, C, ...)."""

    def forward(self, input: Tensor) -> Tensor:
        """x with channels at SELU's saturation value."""
        return F.feature_alpha_dropout(input, self.p, self.training)
