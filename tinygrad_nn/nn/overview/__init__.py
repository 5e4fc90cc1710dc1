"""`nn.summary`: what a model is made of, layer by layer.

Reading order: `macs` (what an operation costs), `trace` (one forward pass, watched), `table` (the
rows, as text and as HTML), `model` (`summary` itself).
"""

from tinygrad_nn.nn.overview.model import summary
from tinygrad_nn.nn.overview.table import Row, Summary

__all__ = ["Row", "Summary", "summary"]
