"""`save` and `load` for any kind of tensor: which format, which file, which hooks."""

from __future__ import annotations

from typing import Any

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.serialization.container import FromLeaf, Leaf, ToLeaf, decode, encode
from tinygrad_nn.serialization.files import FileLike, reading, writing
from tinygrad_nn.serialization.formats import FORMATS, detect, safetensors_installed
from tinygrad_nn.serialization.torchfile import read_pt
from tinygrad_nn.serialization.torchwrite import write_pt

__all__ = ["read", "write"]


def write(obj: object, file: FileLike, to_leaf: ToLeaf, format: str | None = None) -> None:
    """Write `obj` to `file`; `to_leaf` gives the `Leaf` of a tensor and None for anything else.

    format: "safetensors", "npz" or "pt"; None goes by the file's ending if it is .safetensors or
    .npz, and else takes safetensors where the package is installed, npz where it is not.
    """
    chosen = format if format is not None else _choose(file)
    if chosen == "pt":
        with writing(file) as stream:
            write_pt(stream, obj, to_leaf)
        return
    if chosen not in FORMATS:
        raise ArgumentError(message("save: unknown format", got=repr(format), fix='use "safetensors", "npz" or "pt"'))
    kind = FORMATS[chosen]
    text, arrays = encode(obj, kind.holds, to_leaf)
    with writing(file) as stream:
        kind.write(stream, text, arrays)


def _choose(file: FileLike) -> str:
    ending = str(file).rsplit(".", 1)[-1].lower()
    if ending in FORMATS:
        return ending
    return "safetensors" if safetensors_installed() else "npz"


def read(file: FileLike, from_leaf: FromLeaf, limit: int | None = None) -> Any:
    """The object in `file`, whose format its content tells; `from_leaf` makes tensors.

    limit: how many bytes a compressed file may unpack to, if not `allowed_bytes` of its size

    A file of another program (plain safetensors or npz) gives a dict of tensors by name.
    """
    with reading(file) as (stream, source):
        kind = detect(stream, source, limit)
        if kind == "pt":
            return read_pt(stream, source, from_leaf, limit)
        text, arrays = FORMATS[kind].read(stream, source, limit)
    if text is None:
        return {name: from_leaf(Leaf(array)) for name, array in arrays.items()}
    return decode(text, arrays, from_leaf, source)
