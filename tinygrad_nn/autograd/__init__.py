"""Reverse-mode differentiation: the walk over the tape, and what users ask of it."""

from tinygrad_nn.autograd.backward import backward, grad
from tinygrad_nn.autograd.gradcheck import gradcheck, gradgradcheck
from tinygrad_nn.autograd.mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)

__all__ = [
    "backward",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "set_grad_enabled",
]
