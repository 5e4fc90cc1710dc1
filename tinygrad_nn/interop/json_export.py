"""Networks as JSON, for a page or a program in another language: a list of layers, numbers and all.

    {"layers": [{"type": "linear", "weight": [[...]], "bias": [...]}, {"type": "sigmoid"}, ...]}

A "linear" layer is ``y = W x + b`` with ``weight`` as rows, one for each output; a "conv2d" has
``weight`` (O, C / groups, KH, KW), ``bias`` (O,), ``stride``, ``padding``, ``dilation`` (vertical,
horizontal) and ``groups``; "maxpool2d" has ``kernel_size``, ``stride`` and ``padding``; "flatten"
lays out a sample's dimensions in a row; "softmax" and "log_softmax" go along ``dim``, -1 for a vector.
Activations have their names in lower case and their settings (`ACTIVATIONS`). Dropout is left out:
what is written is the network that answers, not the one that learns.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_nn import nn
from tinygrad_nn.creation import from_numpy
from tinygrad_nn.errors import DataError, DTypeError, message
from tinygrad_nn.serialization.files import replacing

__all__ = ["ACTIVATIONS", "from_json", "to_json"]

ACTIVATIONS: dict[str, tuple[type[nn.Module], tuple[str, ...]]] = {
    "relu": (nn.ReLU, ()), "relu6": (nn.ReLU6, ()), "leaky_relu": (nn.LeakyReLU, ("negative_slope",)),
    "elu": (nn.ELU, ("alpha",)), "celu": (nn.CELU, ("alpha",)), "selu": (nn.SELU, ()), "gelu": (nn.GELU, ("approximate",)),
    "silu": (nn.SiLU, ()), "mish": (nn.Mish, ()), "sigmoid": (nn.Sigmoid, ()), "log_sigmoid": (nn.LogSigmoid, ()),
    "tanh": (nn.Tanh, ()), "softplus": (nn.Softplus, ("beta", "threshold")), "softsign": (nn.Softsign, ()),
    "hardtanh": (nn.Hardtanh, ("min_val", "max_val")), "hardsigmoid": (nn.Hardsigmoid, ()), "hardswish": (nn.Hardswish, ()),
    "softmax": (nn.Softmax, ("dim",)), "log_softmax": (nn.LogSoftmax, ("dim",)),
    "flatten": (nn.Flatten, ("start_dim", "end_dim")),
}  # fmt: skip
"""Layers without weights: the name in the file, the class, the settings."""

SKIPPED = (nn.Dropout, nn.Identity)
CONV = ("stride", "padding", "dilation", "groups")
POOL = ("kernel_size", "stride", "padding")


def to_json(module: nn.Module, path: str | os.PathLike[str] | None = None, *, digits: int = 9) -> str:
    """The text of `module`, a Sequential of layers or one layer, and the file `path` if one is named.

    Args:
        digits: significant digits of each number; 9 are enough to give float32 back exactly.

    Raises TypeError for a layer that the format does not know, naming its place, and ValueError for
    a weight that is NaN or infinite, which JSON cannot say.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> layer = nn.Linear(2, 1)
    >>> with tg.no_grad():
    ...     _ = layer.weight.copy_(tg.tensor([[0.5, -1.0]])), layer.bias.fill_(0.25)
    >>> to_json(nn.Sequential(layer, nn.Sigmoid()))
    '{"layers": [{"type": "linear", "weight": [[0.5, -1.0]], "bias": [0.25]}, {"type": "sigmoid"}]}'
    """
    layers = [_written(layer, place, digits) for place, layer in _in_a_row(module, "")]
    text = json.dumps({"layers": layers}, allow_nan=False)
    if path is not None:
        with replacing(path) as stream:
            stream.write(text.encode())
    return text


def from_json(text: str) -> nn.Sequential:
    """The Sequential that `to_json` wrote: float32 layers in their order.

    Raises ValueError for text that is not JSON of this format, naming the layer that is amiss; TypeError for what is
    no text.

    >>> from_json('{"layers": [{"type": "linear", "weight": [[0.5, -1.0]], "bias": [0.25]}, {"type": "sigmoid"}]}')
    Sequential(
      (0): Linear(in_features=2, out_features=1, bias=True)
      (1): Sigmoid()
    )
    """
    if not isinstance(text, (str, bytes)):
        raise TypeError(
            message("from_json: takes the text", got=type(text).__name__, fix="from_json(Path(file).read_text())")
        )
    try:
        content = json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as fault:
        raise DataError(message("from_json: the text is not JSON", got=str(fault))) from fault
    if not isinstance(content, dict) or not isinstance(content.get("layers"), list):
        raise DataError(message('from_json: expected {"layers": [...]}', got=f"{text[:60]!r}"))
    return nn.Sequential(*[_read(layer, k) for k, layer in enumerate(content["layers"])])


# -- writing -------------------------------------------------------------------------------------


def _in_a_row(module: nn.Module, path: str) -> Iterator[tuple[str, nn.Module]]:
    """The layers of nested Sequentials one after the other, with their paths."""
    if isinstance(module, nn.Sequential):
        for name, part in module.named_children():
            yield from _in_a_row(part, f"{path}.{name}" if path else name)
    elif not isinstance(module, SKIPPED):
        yield path, module


def _written(layer: nn.Module, path: str, digits: int) -> dict[str, Any]:
    if type(layer) is nn.Linear:
        return {"type": "linear", **_weights(layer, path, digits)}
    if type(layer) is nn.Conv2d and layer.padding_mode == "zeros" and not isinstance(layer.padding, str):
        return {"type": "conv2d", **_weights(layer, path, digits), **_settings(layer, CONV)}
    if (
        type(layer) is nn.MaxPool2d
        and not layer.ceil_mode
        and not layer.return_indices
        and layer.dilation in (1, (1, 1))
    ):
        return {"type": "maxpool2d", **{name: _pair(getattr(layer, name)) for name in POOL}}
    for word, (kind, settings) in ACTIVATIONS.items():
        if type(layer) is kind:
            return {"type": word, **_settings(layer, settings)}
    raise DTypeError(
        message(
            f"to_json: the format has no such layer{f' as {path}' if path else ''}",
            got=repr(layer),
            fix=f"a Sequential of Linear, Conv2d (zero padding in numbers), MaxPool2d (no dilation, no ceil_mode), {', '.join(ACTIVATIONS)}",
        )
    )


def _settings(layer: nn.Module, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(layer, name) for name in names}


def _pair(value: Any) -> list[int]:
    return list(value) if isinstance(value, tuple) else [value, value]


def _weights(layer: Any, path: str, digits: int) -> dict[str, Any]:
    """Weight and bias as nested lists; the bias is written also where there is none, as zeros."""
    weight = layer.weight.array
    bias = np.zeros(weight.shape[0], weight.dtype) if layer.bias is None else layer.bias.array
    for name, array in (("weight", weight), ("bias", bias)):
        if not np.isfinite(array).all():
            raise DataError(
                message(
                    f"to_json: {path or 'the layer'}.{name} has NaN or infinite elements",
                    fix="train again with a smaller learning rate",
                )
            )
    return {"weight": _rounded(weight, digits), "bias": _rounded(bias, digits)}


def _rounded(array: Any, digits: int) -> Any:
    """Nested lists of numbers with so many significant digits."""
    if array.ndim > 1:
        return [_rounded(row, digits) for row in array]
    return [float(f"{value:.{digits}g}") for value in array.tolist()]


# -- reading -------------------------------------------------------------------------------------


def _read(layer: Any, k: int) -> nn.Module:
    word = layer.get("type") if isinstance(layer, dict) else None
    readers: dict[Any, Callable[[dict[str, Any]], nn.Module]] = {
        "linear": _linear,
        "conv2d": _conv2d,
        "maxpool2d": _maxpool2d,
    }
    try:
        if isinstance(word, str) and word in readers:
            return readers[word](layer)
        if isinstance(word, str) and word in ACTIVATIONS:
            kind, settings = ACTIVATIONS[word]
            return kind(**{name: _setting(name, layer[name]) for name in settings if name in layer})
    except (KeyError, ValueError, TypeError, RuntimeError, OverflowError, MemoryError) as fault:
        why = f"no {fault}" if isinstance(fault, KeyError) else str(fault)
        raise DataError(message(f"from_json: layer {k} ({word}) is amiss", got=why)) from fault
    known = ", ".join([*readers, *ACTIVATIONS])
    raise DataError(message(f"from_json: layer {k} is of no known type", got=repr(word), fix=f"one of {known}"))


def _linear(layer: dict[str, Any]) -> nn.Module:
    weight, bias = _arrays(layer, 2)
    made = nn.Linear(weight.shape[1], weight.shape[0])
    return _filled(made, weight, bias)


def _conv2d(layer: dict[str, Any]) -> nn.Module:
    weight, bias = _arrays(layer, 4)
    settings = {name: _setting(name, layer[name]) for name in CONV if name in layer}
    groups = settings.get("groups", 1)
    made = nn.Conv2d(weight.shape[1] * groups, weight.shape[0], weight.shape[2:], **settings)
    return _filled(made, weight, bias)


def _maxpool2d(layer: dict[str, Any]) -> nn.Module:
    return nn.MaxPool2d(*[_setting(name, layer[name]) for name in POOL if name in layer])


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number in JSON")


WORDS = {"approximate": ("none", "tanh")}
"""Settings that are words, and which words."""
WHOLE = {*CONV, *POOL, "dim", "start_dim", "end_dim"}
"""Settings that are whole numbers, or one for each dimension."""


def _setting(name: str, value: Any) -> Any:
    """A layer's setting, if it is of the kind that it should be."""
    if name in WORDS:
        if value not in WORDS[name]:
            raise ValueError(f"{name} {value!r:.40}")
        return value
    parts = value if isinstance(value, list) and name in WHOLE else [value]
    kinds = (int,) if name in WHOLE else (int, float)
    if not all(type(part) in kinds and abs(part) < 2**31 for part in parts) or not 1 <= len(parts) <= 2:
        raise ValueError(f"{name} {value!r:.40}")
    return tuple(parts) if isinstance(value, list) else value


def _numbers(value: Any, depth: int) -> Any:
    """Nested lists of numbers (no bools, no texts) as an array; ValueError for others, and for what float32 cannot hold."""
    level = value if depth else [value]
    for _ in range(depth - 1):
        level = [item for row in level if isinstance(row, list) for item in row]
    if not isinstance(value, list) or not set(map(type, level)) <= {int, float}:
        raise ValueError(f"numbers in {depth} nested lists are wanted")
    with np.errstate(over="ignore"):
        array = np.asarray(value, np.float32)
    if not np.isfinite(array).all():
        raise ValueError("a number that float32 cannot hold")
    return array


def _arrays(layer: dict[str, Any], rank: int) -> tuple[Any, Any]:
    weight, bias = _numbers(layer["weight"], rank), _numbers(layer["bias"], 1)
    if weight.ndim != rank or bias.shape != weight.shape[:1] or not math.prod(weight.shape):
        raise DataError(f"weight of shape {weight.shape}, bias of shape {bias.shape}")
    return weight, bias


def _filled(layer: Any, weight: Any, bias: Any) -> nn.Module:
    layer.weight.data, layer.bias.data = from_numpy(weight), from_numpy(bias)
    return layer  # type: ignore[no-any-return]
