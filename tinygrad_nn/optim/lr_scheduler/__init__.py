"""Schedulers: the learning rate as a function of the step."""

from tinygrad_nn.optim.lr_scheduler.base import LRScheduler
from tinygrad_nn.optim.lr_scheduler.composed import ChainedScheduler, SequentialLR
from tinygrad_nn.optim.lr_scheduler.cycles import CosineAnnealingWarmRestarts, CyclicLR, OneCycleLR
from tinygrad_nn.optim.lr_scheduler.plateau import ReduceLROnPlateau
from tinygrad_nn.optim.lr_scheduler.proportional import (
    ConstantLR,
    CosineAnnealingLR,
    ExponentialLR,
    LambdaLR,
    LinearLR,
    MultiplicativeLR,
    MultiStepLR,
    PolynomialLR,
    StepLR,
)

__all__ = [
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LRScheduler",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "ReduceLROnPlateau",
    "SequentialLR",
    "StepLR",
]
