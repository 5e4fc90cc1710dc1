"""Helpers around the engine: `data` (datasets and loaders), `checkpoint`, `tensorboard`."""

from tinygrad_nn.utils import checkpoint, data, dlpack, tensorboard

__all__ = ["checkpoint", "data", "dlpack", "tensorboard"]
