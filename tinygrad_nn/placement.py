"""Where and how a tensor lies: its sizes (`Size`), its device, its layout and memory format.

There is one device, the CPU. The others can be named, so that scripts which ask
`device("cuda" if cuda.is_available() else "cpu")` pass through; asking for one raises one line.
"""

from __future__ import annotations

from math import prod
from operator import index as as_index
from types import TracebackType
from typing import Any, ClassVar

from tinygrad_nn.errors import DeviceError, DTypeError

__all__ = [
    "Size",
    "channels_last",
    "channels_last_3d",
    "contiguous_format",
    "cpu_only",
    "device",
    "get_default_device",
    "layout",
    "memory_format",
    "preserve_format",
    "set_default_device",
    "strided",
]


class Size(tuple[int, ...]):
    """The sizes of a tensor: a tuple that prints as PyTorch's and knows its product.

    >>> Size([2, 3]), Size([2, 3]).numel(), Size([2, 3])[1:]
    (tinygrad_nn.Size([2, 3]), 6, tinygrad_nn.Size([3]))
    """

    __slots__ = ()

    def __new__(cls, sizes: Any = ()) -> Size:
        found = tuple(sizes)
        for place, n in enumerate(found):
            if type(n) is not int and not hasattr(n, "__index__"):
                raise DTypeError(f"Size() takes an iterable of 'int' (item {place} is '{type(n).__name__}')")
        return tuple.__new__(cls, [n if type(n) is int else as_index(n) for n in found])

    def numel(self) -> int:
        """The number of elements of a tensor of this size."""
        return prod(self)

    def __repr__(self) -> str:
        return f"tinygrad_nn.Size([{', '.join(map(str, self))}])"

    def __getitem__(self, key: Any) -> Any:
        found = tuple.__getitem__(self, key)
        return Size(found) if type(key) is slice else found

    def __add__(self, other: Any) -> Any:
        return Size(tuple.__add__(self, tuple(other)))

    def __radd__(self, other: Any) -> Any:
        return Size(tuple(other) + tuple(self))

    def __mul__(self, times: Any) -> Size:
        return Size(tuple.__mul__(self, times))

    __rmul__ = __mul__

    def __reduce__(self) -> tuple[Any, ...]:
        return (Size, (tuple(self),))


_KINDS = ("cpu", "cuda", "mps", "xpu", "meta", "xla", "hpu", "mtia", "hip", "vulkan", "mkldnn", "privateuseone")


class device:  # noqa: N801 - PyTorch's name
    """A device by its type and index: `device("cpu")`, `device("cuda:1")`, `device("cuda", 1)`.

    Raises RuntimeError for a type that PyTorch does not know. As a context manager it makes new
    tensors on that device, which is possible for "cpu" only.

    >>> device("cuda:1"), str(device("cuda", 1)), device("cpu").type
    (device(type='cuda', index=1), 'cuda:1', 'cpu')
    """

    __slots__ = ("_before", "index", "type")
    type: str
    index: int | None

    default: ClassVar[str] = "cpu"

    def __init__(self, type: object = None, index: int | None = None) -> None:
        if isinstance(type, device):
            self.type, self.index = type.type, type.index
            return
        if isinstance(type, int) and not isinstance(type, bool):
            self.type, self.index = "cuda", type
            return
        if not isinstance(type, str):
            raise DTypeError(f"device: a device is named by a string, not by {type!r}; for example device('cpu')")
        name, colon, number = type.partition(":")
        if name not in _KINDS or (colon and (not number.isdigit() or index is not None)):
            raise DeviceError(
                f"device: Invalid device string: {type!r}; use 'cpu' (expected one of {', '.join(_KINDS)})"
            )
        self.type = name
        self.index = int(number) if colon else None if index is None else as_index(index)

    def __repr__(self) -> str:
        return f"device(type='{self.type}'{'' if self.index is None else f', index={self.index}'})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> tuple[Any, ...]:
        return (device, (self.type, self.index))

    def __enter__(self) -> device:
        cpu_only(self)
        return self

    def __exit__(self, kind: Any, error: BaseException | None, trace: TracebackType | None) -> None:
        return None


CPU = device("cpu")


def cpu_only(wanted: object) -> None:
    """Accept the CPU (or None); refuse every other device in one line (RuntimeError).

    >>> cpu_only("cpu")
    >>> cpu_only("cuda")
    Traceback (most recent call last):
        ...
    tinygrad_nn.errors.DeviceError: device 'cuda' is not available: tensors live on the CPU; ...
    """
    if wanted is None or wanted is CPU or wanted == "cpu":
        return
    asked = device(wanted)
    if asked.type != "cpu":
        raise DeviceError(
            f"device '{asked}' is not available: tensors live on the CPU; use 'cpu', or ask cuda.is_available() first"
        )


def set_default_device(device: object) -> None:
    """Where new tensors are made: the CPU, and nothing else (RuntimeError)."""
    cpu_only(device)


def get_default_device() -> device:
    """Where new tensors are made: the CPU."""
    return CPU


class _Named:
    """A constant that prints as its name."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"tinygrad_nn.{self.name}"

    def __reduce__(self) -> str:
        return self.name


class layout(_Named):  # noqa: N801 - PyTorch's name
    """How elements are stored; `strided` is the only layout."""


class memory_format(_Named):  # noqa: N801 - PyTorch's name
    """The order of dimensions in memory; a request, which `contiguous` and `clone` follow."""


strided = layout("strided")
contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
channels_last_3d = memory_format("channels_last_3d")
