"""Random numbers: PyTorch's CPU streams on NumPy alone.

Reading order: `engine` (the Mersenne Twister's words and its state), `rounding` (arithmetic to the
last bit), `continuous` and `discrete` (the distributions), `checks` (what is refused), `generator`
(the class), `recipes` (what initialisers, samplers and loaders draw, and in which order).
"""

from tinygrad_nn.generator.generator import Generator, default_generator

__all__ = ["Generator", "default_generator"]
