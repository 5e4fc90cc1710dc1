"""Passes: what a program tells about itself, and better programs; each with its name and its reason."""

from tinygrad_nn.compiler.passes.dead_code import remove_dead_code
from tinygrad_nn.compiler.passes.fresh import share_constants
from tinygrad_nn.compiler.passes.single_use import single_use

__all__ = ["remove_dead_code", "share_constants", "single_use"]
