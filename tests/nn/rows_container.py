"""Containers: what they hold, under which names, and (Sequential) in which order it runs."""

from __future__ import annotations

from tests.nn.configurations import Part, real, row

linear, tanh = Part("Linear", (3, 4)), Part("Tanh")

ROWS = [
    row("Sequential", inputs=[real(2, 3)]),
    row("Sequential", linear, tanh, Part("Linear", (4, 2)), inputs=[real(5, 3)]),
    row("Sequential", Part("Conv2d", (2, 3, 3)), Part("BatchNorm2d", (3,)), Part("Flatten"), inputs=[real(2, 2, 5, 5)]),
    row("Sequential", Part("Dropout", (0.5,)), linear, Part("LayerNorm", (4,)), inputs=[real(6, 3)]),
    row("Sequential", Part("Sequential", ()), Part("Embedding", (5, 3)), Part("GELU"), inputs=[2], modes=()),
    # without a forward: repr, names and seeded weights
    row("ModuleList", inputs=[], modes=()),
    row("ModuleList", [linear], inputs=[], modes=()),
    row("ModuleList", [linear, linear, linear], inputs=[], modes=()),
    row("ModuleList", [linear, tanh, linear, linear, tanh], inputs=[], modes=()),
    row("ModuleList", [Part("LSTM", (3, 4)), Part("BatchNorm1d", (4,))], inputs=[], modes=()),
    row("ModuleDict", inputs=[], modes=()),
    row("ModuleDict", {"first": linear}, inputs=[], modes=()),
    row("ModuleDict", {"b": linear, "a": tanh}, inputs=[], modes=()),
    row("ModuleDict", {"conv": Part("Conv1d", (2, 3, 3)), "norm": Part("BatchNorm1d", (3,))}, inputs=[], modes=()),
    row("ModuleDict", {"one": Part("Identity"), "two": Part("GRU", (2, 2)), "three": linear}, inputs=[], modes=()),
    row("ParameterList", inputs=[], modes=()),
    row("ParameterList", [real(2, 3)], inputs=[], modes=()),
    row("ParameterList", [real(2), real(3), real(1, 1)], inputs=[], modes=()),
    row("ParameterList", [real(), real(2, 2)], inputs=[], modes=()),
    row("ParameterList", values=[real(4)], inputs=[], modes=()),
    row("ParameterDict", inputs=[], modes=()),
    row("ParameterDict", {"weight": real(2, 3)}, inputs=[], modes=()),
    row("ParameterDict", {"b": real(2), "a": real(3)}, inputs=[], modes=()),
    row("ParameterDict", {"scale": real(), "shift": real(2, 2), "gain": real(1)}, inputs=[], modes=()),
    row("ParameterDict", parameters={"w": real(4, 0)}, inputs=[], modes=()),
]
