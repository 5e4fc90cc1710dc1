"""Poolings: maxima and means, sliding and adaptive. Whole numbers among the inputs make ties."""

from __future__ import annotations

import numpy as np

from tests.nn.configurations import real, rng, row


def ties(*shape: int) -> np.ndarray:
    return rng.integers(0, 3, shape).astype(np.float64)


ROWS = [
    row("MaxPool1d", 2, inputs=[real(2, 3, 8)]),
    row("MaxPool1d", 3, stride=2, padding=1, inputs=[real(2, 3, 8)]),
    row("MaxPool1d", 3, 2, ceil_mode=True, inputs=[real(3, 8)]),
    row("MaxPool1d", 2, dilation=3, return_indices=True, inputs=[real(2, 3, 8)]),
    row("MaxPool1d", 4, 1, inputs=[ties(2, 3, 9)]),
    row("MaxPool2d", 2, inputs=[real(2, 3, 6, 8)]),
    row("MaxPool2d", 2, inputs=[ties(4, 3, 7, 9)]),
    row("MaxPool2d", 3, 2, 1, inputs=[ties(2, 3, 7, 6)]),
    row("MaxPool2d", (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), inputs=[ties(2, 2, 7, 6)]),
    row("MaxPool2d", 2, ceil_mode=True, inputs=[real(2, 2, 5, 7)]),
    row("MaxPool2d", 2, return_indices=True, inputs=[ties(3, 6, 6)]),
    row("MaxPool2d", 3, 2, padding=1, return_indices=True, ceil_mode=True, inputs=[ties(2, 2, 6, 7)]),
    row("MaxPool2d", 3, stride=4, padding=1, ceil_mode=True, inputs=[real(1, 2, 6, 7)]),
    row("MaxPool3d", 2, inputs=[real(1, 2, 4, 4, 5)]),
    row("MaxPool3d", (1, 2, 3), stride=1, padding=(0, 1, 1), inputs=[ties(1, 2, 3, 4, 5)]),
    row("MaxPool3d", 2, 1, return_indices=True, inputs=[ties(2, 3, 4, 3)]),
    row("MaxPool3d", 3, 2, 1, ceil_mode=True, inputs=[real(1, 1, 4, 5, 4)]),
    row("MaxPool3d", 2, dilation=2, inputs=[real(1, 1, 4, 5, 4)]),
    row("AvgPool1d", 2, inputs=[real(2, 3, 8)]),
    row("AvgPool1d", 3, stride=1, padding=1, inputs=[real(2, 3, 8)]),
    row("AvgPool1d", 3, 2, 1, count_include_pad=False, inputs=[real(3, 8)]),
    row("AvgPool1d", 3, 2, ceil_mode=True, inputs=[real(2, 3, 8)]),
    row("AvgPool1d", (4,), (3,), (2,), True, False, inputs=[real(2, 3, 10)]),
    row("AvgPool2d", 2, inputs=[real(2, 3, 6, 7)]),
    row("AvgPool2d", 3, stride=2, padding=1, inputs=[real(2, 3, 6, 7)]),
    row("AvgPool2d", (3, 2), stride=(1, 2), padding=(1, 0), count_include_pad=False, inputs=[real(2, 3, 6, 7)]),
    row("AvgPool2d", 3, 2, 1, ceil_mode=True, inputs=[real(2, 6, 6)]),
    row("AvgPool2d", 2, divisor_override=3, inputs=[real(2, 3, 6, 7)]),
    row("AvgPool2d", 3, 3, 1, ceil_mode=True, count_include_pad=False, inputs=[real(1, 2, 7, 8)]),
    row("AvgPool3d", 2, inputs=[real(1, 2, 4, 4, 5)]),
    row("AvgPool3d", 3, 2, 1, inputs=[real(1, 2, 4, 4, 5)]),
    row("AvgPool3d", (1, 2, 2), ceil_mode=True, inputs=[real(2, 3, 3, 5)]),
    row("AvgPool3d", 2, 1, 1, count_include_pad=False, inputs=[real(1, 1, 3, 3, 3)]),
    row("AvgPool3d", 2, divisor_override=1, inputs=[real(1, 1, 3, 3, 4)]),
    row("AdaptiveAvgPool1d", 4, inputs=[real(2, 3, 8)]),
    row("AdaptiveAvgPool1d", 3, inputs=[real(2, 3, 8)]),
    row("AdaptiveAvgPool1d", 1, inputs=[real(3, 8)]),
    row("AdaptiveAvgPool1d", 5, inputs=[real(1, 2, 3)]),
    row("AdaptiveAvgPool1d", 8, inputs=[real(1, 2, 8)]),
    row("AdaptiveAvgPool2d", 1, inputs=[real(2, 3, 5, 6)]),
    row("AdaptiveAvgPool2d", (2, 3), inputs=[real(2, 3, 4, 6)]),
    row("AdaptiveAvgPool2d", (3, 4), inputs=[real(2, 3, 5, 6)]),
    row("AdaptiveAvgPool2d", (None, 2), inputs=[real(3, 5, 5)]),
    row("AdaptiveAvgPool2d", 7, inputs=[real(2, 3, 5, 6)]),
    row("AdaptiveAvgPool3d", 2, inputs=[real(1, 2, 4, 4, 5)]),
    row("AdaptiveAvgPool3d", 1, inputs=[real(1, 2, 4, 4, 5)]),
    row("AdaptiveAvgPool3d", (1, None, 3), inputs=[real(2, 4, 4, 5)]),
    row("AdaptiveAvgPool3d", (3, 3, 3), inputs=[real(1, 1, 4, 4, 5)]),
    row("AdaptiveAvgPool3d", (2, 2, 2), inputs=[real(1, 1, 4, 4, 4)]),
    row("AdaptiveMaxPool1d", 4, inputs=[real(2, 3, 8)]),
    row("AdaptiveMaxPool1d", 3, inputs=[ties(2, 3, 8)]),
    row("AdaptiveMaxPool1d", 3, return_indices=True, inputs=[ties(3, 8)]),
    row("AdaptiveMaxPool1d", 1, inputs=[real(1, 2, 5)]),
    row("AdaptiveMaxPool1d", 5, inputs=[real(1, 2, 3)]),
    row("AdaptiveMaxPool2d", 2, inputs=[real(2, 3, 4, 6)]),
    row("AdaptiveMaxPool2d", (3, 4), inputs=[ties(2, 3, 5, 6)]),
    row("AdaptiveMaxPool2d", (None, 4), return_indices=True, inputs=[ties(2, 3, 5, 6)]),
    row("AdaptiveMaxPool2d", 1, return_indices=True, inputs=[real(3, 5, 6)]),
    row("AdaptiveMaxPool2d", 7, inputs=[real(1, 1, 5, 6)]),
    row("AdaptiveMaxPool3d", 2, inputs=[real(1, 2, 4, 4, 5)]),
    row("AdaptiveMaxPool3d", (1, 2, 3), return_indices=True, inputs=[ties(1, 2, 4, 4, 5)]),
    row("AdaptiveMaxPool3d", 1, inputs=[real(2, 4, 4, 5)]),
    row("AdaptiveMaxPool3d", 3, inputs=[real(1, 1, 4, 4, 5)]),
    row("AdaptiveMaxPool3d", (None, None, 2), inputs=[real(1, 1, 3, 2, 5)]),
]
