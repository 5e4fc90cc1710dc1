"""Reverse-mode differentiation: the walk over the tape, and what users ask of it."""

from tinygrad_nn.autograd.anomaly import detect_anomaly, is_anomaly_enabled, set_detect_anomaly
from tinygrad_nn.autograd.backward import backward, grad
from tinygrad_nn.autograd.function import Function, FunctionCtx, once_differentiable
from tinygrad_nn.autograd.gradcheck import GradcheckError, gradcheck, gradgradcheck
from tinygrad_nn.autograd.hooks import RemovableHandle, register_hook, register_post_accumulate_grad_hook
from tinygrad_nn.autograd.mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)

__all__ = [
    "Function",
    "FunctionCtx",
    "GradcheckError",
    "RemovableHandle",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_anomaly_enabled",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "once_differentiable",
    "register_hook",
    "register_post_accumulate_grad_hook",
    "set_detect_anomaly",
    "set_grad_enabled",
]
