"""Containers of parameters: ParameterList and ParameterDict. Tensors put in become Parameters."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, KeysView, Mapping
from typing import Any, TypeVar

from tinygrad_nn.errors import AutogradError, DTypeError, message
from tinygrad_nn.nn.container import pairs_of, position
from tinygrad_nn.nn.module import Module
from tinygrad_nn.nn.parameter import Parameter
from tinygrad_nn.primitive import TYPES

__all__ = ["ParameterDict", "ParameterList"]

L = TypeVar("L", bound="ParameterList")


def _kept(value: Any) -> Any:
    return Parameter(value) if type(value) in TYPES and not isinstance(value, Parameter) else value


def _line(name: object, value: Any, label: str = "") -> str:
    if type(value) not in TYPES:
        return f"  ({name}): Object of type: {type(value).__name__}"
    kind = "Parameter" if isinstance(value, Parameter) else "Tensor"
    return f"  ({name}): {kind} containing: [{label or value.dtype} of size {'x'.join(map(str, value.shape))}]"


def _type_name(value: Any) -> str:
    """PyTorch's name of a tensor's type, which ParameterDict prints where ParameterList prints the dtype."""
    names = {
        "float32": "Float",
        "float64": "Double",
        "float16": "Half",
        "bfloat16": "BFloat16",
        "int64": "Long",
        "int32": "Int",
        "int16": "Short",
        "int8": "Char",
        "uint8": "Byte",
        "bool": "Bool",
    }
    return f"tinygrad_nn.{names[value.dtype.name]}Tensor" if type(value) in TYPES else ""


class ParameterList(Module):
    """A list of parameters.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> len(list(nn.ParameterList([tg.ones(2), tg.ones(3)]).parameters()))
    2
    """

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        self._size = 0
        if values is not None:
            self.extend(values)

    def __getitem__(self, k: int | slice) -> Any:
        if isinstance(k, slice):
            return type(self)([self[j] for j in range(*k.indices(len(self)))])
        return getattr(self, str(position(self, k)))

    def __setitem__(self, k: int, value: Any) -> None:
        setattr(self, str(position(self, k)), _kept(value))

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[Any]:
        return iter([self[k] for k in range(len(self))])

    def __iadd__(self: L, values: Iterable[Any]) -> L:
        return self.extend(values)

    def append(self: L, value: Any) -> L:
        """Add a value at the end."""
        self._size += 1
        self[self._size - 1] = value
        return self

    def extend(self: L, values: Iterable[Any]) -> L:
        """Add the values of an iterable at the end. TypeError for a tensor, or what is not iterable."""
        if type(values) in TYPES or not isinstance(values, Iterable):
            raise DTypeError(
                message("ParameterList.extend should be called with an iterable", got=type(values).__name__)
            )
        for value in list(values):
            self.append(value)
        return self

    def extra_repr(self) -> str:
        """One line for each value."""
        return "\n".join(_line(k, value) for k, value in enumerate(self))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise AutogradError("ParameterList should not be called.")


class ParameterDict(Module):
    """A dict of parameters.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> list(nn.ParameterDict({"scale": tg.ones(2)}).keys())
    ['scale']
    """

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        self._keys: dict[str, None] = {}
        if parameters is not None:
            self.update(parameters)

    def __getitem__(self, key: str) -> Any:
        if key not in self._keys:
            raise KeyError(key)
        return getattr(self, key)

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(key, str):
            raise DTypeError(message("ParameterDict: a key must be a string", got=repr(key)))
        if key not in self._keys and hasattr(self, key):
            raise KeyError(f"attribute '{key}' already exists")
        self._keys[key] = None
        setattr(self, key, _kept(value))

    def __delitem__(self, key: str) -> None:
        del self._keys[key]
        delattr(self, key)

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __reversed__(self) -> Iterator[str]:
        return reversed(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    def copy(self) -> ParameterDict:
        """Another dict of the same parameters."""
        return ParameterDict(OrderedDict(self.items()))

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The value of `key`, which becomes `default` if there is none."""
        if key not in self:
            self[key] = default
        return self[key]

    def get(self, key: str, default: Any = None) -> Any:
        """The value of `key`, or `default`."""
        return self[key] if key in self else default  # noqa: SIM401 - not a dict

    def clear(self) -> None:
        """Take everything out."""
        for key in list(self._keys):
            del self[key]

    def pop(self, key: str) -> Any:
        """Take out and return one value."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Take out and return the last (key, value)."""
        key = next(reversed(self._keys))
        return key, self.pop(key)

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> ParameterDict:
        """A new dict with the same value for each key."""
        return ParameterDict([(key, default) for key in keys])

    def keys(self) -> KeysView[str]:
        """The keys."""
        return self._keys.keys()

    def values(self) -> Iterable[Any]:
        """The values."""
        return [self[key] for key in self._keys]

    def items(self) -> Iterable[tuple[str, Any]]:
        """Keys and values."""
        return [(key, self[key]) for key in self._keys]

    def update(self, parameters: Any) -> None:
        """Add the entries of a mapping (a plain dict's in sorted order, as PyTorch has it) or of pairs."""
        pairs: Iterable[tuple[str, Any]] = pairs_of(self, parameters)
        if isinstance(parameters, Mapping) and not isinstance(parameters, OrderedDict):
            pairs = sorted(pairs, key=lambda pair: pair[0])
        for key, value in pairs:
            self[key] = value

    def __or__(self, other: ParameterDict) -> ParameterDict:
        both = self.copy()
        both.update(other)
        return both

    def __ror__(self, other: ParameterDict) -> ParameterDict:
        both = other.copy()
        both.update(self)
        return both

    def __ior__(self, other: ParameterDict) -> ParameterDict:
        self.update(other)
        return self

    def extra_repr(self) -> str:
        """One line for each entry."""
        return "\n".join(_line(key, value, _type_name(value)) for key, value in self.items())

    def __call__(self, input: Any) -> Any:
        raise AutogradError("ParameterDict should not be called.")
