"""The boundary: `save` and `load` as users call them, and what a Tensor is in a file."""

from __future__ import annotations

import os
from typing import Any

from numpy.typing import NDArray

from tinygrad_nn.dtypes import as_dtype
from tinygrad_nn.errors import AutogradError, DTypeError
from tinygrad_nn.flags import switches
from tinygrad_nn.placement import cpu_only
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.serialization.archive import read, write
from tinygrad_nn.serialization.container import Leaf
from tinygrad_nn.serialization.files import FileLike, bad_file
from tinygrad_nn.tensor import Tensor

__all__ = ["load", "load_arrays", "save"]


def save(obj: object, f: FileLike, *, format: str | None = None) -> None:
    """Write tensors, and containers of them, to a file that cannot hold code.

    obj: dict, OrderedDict, list, tuple, str, int, float, complex, bool, None, bytes, NumPy arrays
        and scalars, Tensors, Parameters, sizes, dtypes and devices, nested as you like: a
        `state_dict()`, or a whole checkpoint.
        Tensors over the same memory are stored once and share memory again after `load`.
    f: a path, or an open binary file. A path is replaced as a whole once everything is on disk; if
        anything fails on the way, the old file is untouched.
    format: "safetensors", "npz", or "pt" (PyTorch's own, for `torch.load`). None goes by the ending
        .safetensors or .npz; for other names it is safetensors where that package is installed, and
        npz where it is not. `load` reads each of them everywhere, and knows it by its content.

    Raises TypeError for an object that cannot be saved safely, naming its place
    (`state['optimizer'][3]`); ValueError for an unknown format, and for containers nested deeper
    than 100 levels or inside themselves; FileNotFoundError if the folder does not exist.

    >>> import io
    >>> from tinygrad_nn import tensor
    >>> file = io.BytesIO()
    >>> save({"weight": tensor([1.0, 2.0]), "epoch": 3}, file)
    >>> load(io.BytesIO(file.getvalue()))
    {'weight': tensor([1., 2.]), 'epoch': 3}
    """
    write(obj, f, _to_leaf, format)


@switches
def load(
    f: FileLike,
    map_location: Any = None,
    *,
    weights_only: bool | None = None,
    mmap: bool | None = None,
    limit: int | None = None,
) -> Any:
    """Read what `save` wrote, or a safetensors, npz or PyTorch .pt file of another program.

    The file's content tells its format. Nothing in it is ever run, whatever `weights_only` says; a
    .pt file is read without PyTorch, and one that asks for more than tensors and plain containers
    is refused. Arrays by name, without a structure, come as a dict of Tensors.

    f: a path, or an open binary file
    map_location: None or the CPU (tensors from any device arrive there)
    weights_only, mmap: accepted for scripts written for PyTorch; they change nothing
    limit: how many bytes a compressed file may unpack to. None: 20 times its size, or 64 MiB if that is more; a
        file that claims more is refused, since a few kilobytes can be made to fill the memory

    Raises DataError (a ValueError) for a truncated, corrupt, foreign or malicious file, naming the
    file, what was expected and what was found; RuntimeError for a `map_location` other than CPU.

    >>> import io
    >>> import numpy as np
    >>> file = io.BytesIO()
    >>> np.savez(file, bias=np.zeros(2))
    >>> load(io.BytesIO(file.getvalue()))["bias"].tolist()
    [0.0, 0.0]
    """
    if not callable(map_location) and not isinstance(map_location, dict):
        cpu_only(map_location)
    try:
        return read(f, _to_tensor, limit)
    except (DTypeError, AutogradError) as error:
        name = os.fspath(f) if isinstance(f, (str, os.PathLike)) else "the given stream"
        found = str(error).replace("\n", "\n  ")
        raise bad_file(name, "tensors of the supported dtypes", found, "serialization.load_arrays(file)") from None


def load_arrays(f: FileLike, *, limit: int | None = None) -> Any:
    """As `load`, with a NumPy array in place of every tensor, of any dtype that NumPy has.

    >>> import io
    >>> import numpy as np
    >>> from tinygrad_nn import tensor
    >>> file = io.BytesIO()
    >>> save([tensor([1.0]), np.zeros(2, complex)], file)
    >>> load_arrays(io.BytesIO(file.getvalue()))
    [array([1.], dtype=float32), array([0.+0.j, 0.+0.j])]
    """
    return read(f, _to_array, limit)


def _to_array(leaf: Leaf) -> NDArray[Any]:
    return leaf.array


def _to_leaf(obj: object) -> Leaf | None:
    if not isinstance(obj, Tensor):
        return None
    is_parameter = any(cls.__name__ == "Parameter" for cls in type(obj).__mro__)
    return Leaf(obj.array, "Parameter" if is_parameter else "Tensor", obj.requires_grad)


def _to_tensor(leaf: Leaf) -> Tensor:
    """A Tensor over the loaded memory; of the class Parameter if it was one."""
    as_dtype(leaf.array.dtype)
    tensor: Tensor = wrap(leaf.array)
    if leaf.kind == "Parameter":
        for cls in TYPES:
            if cls.__name__ == leaf.kind and cls.__module__.startswith("tinygrad_nn."):
                return cls(tensor, leaf.requires_grad)  # type: ignore[no-any-return]
    return tensor.requires_grad_(leaf.requires_grad)
