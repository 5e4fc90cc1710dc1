"""Activations."""

from __future__ import annotations

import numpy as np

from tests.nn.configurations import Row, real, row

WIDE = np.array([[-30.0, -6.1, -3.2, -2.9, -1.1, -0.4], [0.3, 0.6, 1.2, 2.8, 5.9, 25.0]])
SHAPES = [real(4, 5), real(), real(2, 3, 4), WIDE, real(0, 3)]


SINGLE = dict(rtol=1e-7, atol=2e-8)
"""For kernels of PyTorch that hold a constant in single precision even where the input is double."""


def plain(name: str) -> list[Row]:
    return [row(name, inputs=[x], **(SINGLE if name == "Hardsigmoid" else {})) for x in SHAPES]


ROWS = [
    *[
        entry
        for name in (
            "ReLU",
            "ReLU6",
            "SELU",
            "SiLU",
            "Mish",
            "Hardswish",
            "Hardsigmoid",
            "Sigmoid",
            "LogSigmoid",
            "Tanh",
            "Softsign",
            "Tanhshrink",
            "GELU",
            "ELU",
            "CELU",
            "LeakyReLU",
            "Hardtanh",
            "Softplus",
            "Softshrink",
            "Hardshrink",
        )
        for entry in plain(name)
    ],
    row("GELU", approximate="tanh", inputs=[real(4, 5)]),
    row("ELU", alpha=0.3, inputs=[WIDE]),
    row("CELU", alpha=0.3, inputs=[WIDE], **SINGLE),
    row("CELU", -2.0, inputs=[real(3)]),
    row("LeakyReLU", 0.3, inputs=[WIDE]),
    row("Hardtanh", -0.5, 2.0, inputs=[WIDE]),
    row("Softplus", beta=2, threshold=3, inputs=[WIDE]),
    row("Softshrink", 1.5, inputs=[WIDE]),
    row("Hardshrink", 0.0, inputs=[real(7)]),
    row("PReLU", inputs=[WIDE]),
    row("PReLU", 3, inputs=[real(2, 3, 4)]),
    row("PReLU", 3, init=0.1, inputs=[real(2, 3)]),
    row("PReLU", num_parameters=4, inputs=[real(2, 4, 1, 2)]),
    row("PReLU", 1, -0.5, inputs=[real()]),
    row("Threshold", 0.1, 20, inputs=[WIDE]),
    row("Threshold", -1.0, 0.0, inputs=[real(3, 3)]),
    row("Threshold", threshold=2.0, value=-7.5, inputs=[WIDE]),
    row("Threshold", 0, 0, inputs=[real(2, 2, 2)]),
    row("Threshold", 100.0, 1.0, inputs=[real(4)]),
    row("GLU", inputs=[real(3, 4)]),
    row("GLU", 0, inputs=[real(4, 3)]),
    row("GLU", dim=1, inputs=[real(2, 6, 3)]),
    row("GLU", -2, inputs=[real(2, 6, 3)]),
    row("GLU", inputs=[real(2)]),
    *[
        row(name, dim=dim, inputs=[x])
        for name in ("Softmax", "LogSoftmax", "Softmin")
        for dim, x in ((1, real(4, 5)), (0, real(4, 5)), (-1, real(2, 3, 4)), (0, real(6)), (1, WIDE * 30), (0, real()))
    ],
    *[
        row("Softmax2d", inputs=[real(*shape)])
        for shape in ((2, 3, 4, 5), (3, 4, 5), (1, 1, 2, 2), (1, 7, 1, 1), (4, 2, 2))
    ],
]
