"""PyTorch's .pt files, to and fro, without PyTorch.

`tinygrad_nn.load` reads them too, as it reads safetensors and npz; the work is done in
`serialization.torchfile` and `serialization.torchwrite`.
"""

from __future__ import annotations

from typing import Any

from tinygrad_nn.serialization import load, save
from tinygrad_nn.serialization.files import FileLike

__all__ = ["load_pt", "save_pt"]


def load_pt(f: FileLike) -> Any:
    """What `torch.save` put in a file (zip format, PyTorch 1.6 and later): tensors and containers.

    Strided views share memory as they did; Parameters, OrderedDicts, sizes, devices and dtypes come
    back; attributes that were set on tensors are dropped. Nothing in
    the file is run.

    Raises DataError for a file that asks for anything else, naming what it asked for, and for the
    legacy and TorchScript formats, with the line that converts them.

    >>> import io
    >>> from tinygrad_nn import tensor
    >>> file = io.BytesIO()
    >>> save_pt({"weight": tensor([1.0, 2.0])}, file)
    >>> load_pt(io.BytesIO(file.getvalue()))
    {'weight': tensor([1., 2.])}
    """
    return load(f)


def save_pt(obj: object, f: FileLike) -> None:
    """Write `obj` so that `torch.load(f)` reads it with its safe defaults (`weights_only=True`).

    NumPy arrays become tensors, NumPy scalars Python numbers. Raises TypeError for what such a file
    cannot hold, naming its place (`state['a'][3]`).

    >>> import io
    >>> file = io.BytesIO()
    >>> save_pt({"lr": 0.1, "betas": (0.9, 0.999)}, file)
    >>> load_pt(io.BytesIO(file.getvalue()))
    {'lr': 0.1, 'betas': (0.9, 0.999)}
    """
    save(obj, f, format="pt")
