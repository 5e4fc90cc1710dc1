"""Saving and loading: nested containers of tensors in files that cannot hold code.

Reading order: `files` (whole or not at all), `container` (structure as JSON, arrays by name),
`formats` (safetensors and npz), `pickles`, `torchfile`, `torchwrite` (PyTorch's .pt), `archive`
(which of them), `tensors` (`save` and `load`).
"""

from tinygrad_nn.serialization.files import allowed_bytes, check_writable, remove_leftovers, replacing
from tinygrad_nn.serialization.tensors import load, load_arrays, save

__all__ = ["allowed_bytes", "check_writable", "load", "load_arrays", "remove_leftovers", "replacing", "save"]
