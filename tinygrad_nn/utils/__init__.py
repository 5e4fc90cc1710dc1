"""Helpers around the engine: `data` (datasets and loaders), `checkpoint`, `tensorboard`."""

from tinygrad_nn.utils import checkpoint, data

__all__ = ["checkpoint", "data"]
