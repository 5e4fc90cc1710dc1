"""Passes: functions from a program to a better one, each with its name and its reason."""

from tinygrad_nn.compiler.passes.dead_code import remove_dead_code

__all__ = ["remove_dead_code"]
