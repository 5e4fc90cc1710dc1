"""Feed-forward networks as plain JSON, for programs that have no Python: a web page, a microcontroller's tool chain.

A network is ``{"layers": [{"type": "linear", "weight": [[...]], "bias": [...]}, {"type": "relu"}, ...]}``: the layers
in the order in which they are applied, each a type with its settings and its numbers. `FORMAT` lists them. What a layer
means is what PyTorch's layer of that name means in evaluation mode. For weights alone, see `tinygrad_nn.save`.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_nn.creation import from_numpy
from tinygrad_nn.errors import DataError, DTypeError, OperandError, message
from tinygrad_nn.nn.activation import ELU, LeakyReLU, LogSoftmax, ReLU, Sigmoid, SiLU, Softmax, Tanh
from tinygrad_nn.nn.container import Sequential
from tinygrad_nn.nn.conv import Conv2d
from tinygrad_nn.nn.dropout import AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, FeatureAlphaDropout
from tinygrad_nn.nn.linear import Flatten, Identity, Linear
from tinygrad_nn.nn.module import Module
from tinygrad_nn.nn.pool import AvgPool2d, MaxPool2d
from tinygrad_nn.tensor import Tensor

__all__ = ["FORMAT", "from_json", "to_json"]

FORMAT: dict[str, tuple[type[Module], tuple[str, ...]]] = {
    "linear": (Linear, ()),
    "conv2d": (Conv2d, ("stride", "padding", "dilation", "groups")),
    "max_pool2d": (MaxPool2d, ("kernel_size", "stride", "padding")),
    "avg_pool2d": (AvgPool2d, ("kernel_size", "stride", "padding")),
    "flatten": (Flatten, ()),
    "relu": (ReLU, ()),
    "leaky_relu": (LeakyReLU, ("negative_slope",)),
    "elu": (ELU, ("alpha",)),
    "sigmoid": (Sigmoid, ()),
    "tanh": (Tanh, ()),
    "silu": (SiLU, ()),
    "softmax": (Softmax, ()),
    "log_softmax": (LogSoftmax, ()),
}
"""The types, with the layer and the settings of each; linear and conv2d also have a weight and a bias (or null)."""

_RANK = {"linear": 2, "conv2d": 4}
_PAIRS = {"stride", "padding", "dilation", "kernel_size"}
_NAMES = {layer: name for name, (layer, _) in FORMAT.items()}
_IDLE = (Identity, Dropout, Dropout1d, Dropout2d, Dropout3d, AlphaDropout, FeatureAlphaDropout)
_KNOWN = ", ".join(layer.__name__ for layer, _ in FORMAT.values())

Layer = dict[str, Any]


# -- writing ---------------------------------------------------------------------------------------


def to_json(module: Module, *, decimals: int | None = None) -> dict[str, list[Layer]]:
    """The network as what `json.dumps` takes.

    Each number is the shortest decimal that reads back as the same float; with `decimals` it is rounded to that many
    places, which makes the file smaller and the network a slightly different one. Dropout and Identity are left out.

    Args:
        module: one layer, or Sequentials of layers, of the types in `FORMAT`.
        decimals: places after the point; None: all that the numbers have.

    Raises:
        OperandError (a RuntimeError): a layer or a setting that the format does not have, or a NaN or Inf among the
            numbers; the message names the layer by its path.
        TypeError: `module` is not a Module, or `decimals` not an integer.

    >>> from tinygrad_nn import nn, tensor
    >>> layer = nn.Linear(2, 1)
    >>> _ = layer.load_state_dict({"weight": tensor([[0.5, -2.0]]), "bias": tensor([0.1])})
    >>> to_json(nn.Sequential(layer, nn.Sigmoid()))
    {'layers': [{'type': 'linear', 'weight': [[0.5, -2.0]], 'bias': [0.1]}, {'type': 'sigmoid'}]}
    """
    if not isinstance(module, Module):
        raise DTypeError(message("to_json: not a network", got=type(module).__name__, fix="pass an nn.Module"))
    places = None if decimals is None else operator.index(decimals)
    return {"layers": [_written(layer, path, places) for path, layer in _leaves(module, "")]}


def _leaves(module: Module, path: str) -> Iterator[tuple[str, Module]]:
    """The layers in order, each with its path."""
    if isinstance(module, Sequential):
        for name, child in module.named_children():
            yield from _leaves(child, f"{path}.{name}" if path else name)
    elif not isinstance(module, _IDLE):
        yield path, module


def _written(layer: Module, path: str, places: int | None) -> Layer:
    name = _NAMES.get(type(layer))
    if name is None:
        raise _refused(layer, path, fix=f"use Sequential, Dropout, Identity and these: {_KNOWN}")
    _check_settings(layer, path)
    written: Layer = {"type": name}
    if name in _RANK:
        written["weight"] = _numbers(layer, "weight", path, places)
        written["bias"] = None if layer.bias is None else _numbers(layer, "bias", path, places)
    for setting in FORMAT[name][1]:
        value = getattr(layer, setting)
        written[setting] = _pair(value) if setting in _PAIRS else value
    return written


def _check_settings(layer: Module, path: str) -> None:
    """Some layers can do more than the format says."""
    if isinstance(layer, Flatten) and (layer.start_dim, layer.end_dim) != (1, -1):
        raise _refused(layer, path, fix="flatten all dimensions but the first: nn.Flatten()")
    if isinstance(layer, (Softmax, LogSoftmax)) and layer.dim not in (1, -1):
        raise _refused(layer, path, fix="take it over the classes: dim=1 or dim=-1")
    if isinstance(layer, Conv2d) and (layer.padding_mode != "zeros" or isinstance(layer.padding, str)):
        raise _refused(layer, path, fix="pad with zeros, by numbers: padding=2")
    if isinstance(layer, MaxPool2d) and (_pair(layer.dilation) != [1, 1] or layer.return_indices or layer.ceil_mode):
        raise _refused(layer, path, fix="leave dilation, return_indices and ceil_mode as they are by default")
    if isinstance(layer, AvgPool2d):
        plain = layer.count_include_pad and not layer.ceil_mode and layer.divisor_override is None
        if not plain:
            raise _refused(layer, path, fix="leave ceil_mode, count_include_pad and divisor_override as by default")


def _numbers(layer: Module, name: str, path: str, places: int | None) -> Any:
    array: NDArray[Any] = getattr(layer, name).detach().cpu().numpy()
    if not np.isfinite(array).all():
        where = f"{path}.{name}" if path else name
        raise OperandError(message("to_json: JSON has no NaN and no Inf", got=where, fix="train with a smaller lr"))
    if places is not None:
        return (np.round(array.astype(np.float64), places) + 0.0).tolist()  # + 0.0: no -0.0
    return array.astype(str).astype(np.float64).tolist()  # the shortest decimals of a float32, not those of its double


def _refused(layer: Module, path: str, fix: str) -> OperandError:
    where = f" at {path!r}" if path else ""
    return OperandError(message(f"to_json: a layer that the format does not have{where}", got=repr(layer), fix=fix))


def _pair(value: Any) -> list[int]:
    return list(value) if isinstance(value, (tuple, list)) else [value, value]


# -- reading ---------------------------------------------------------------------------------------


def from_json(network: dict[str, Any]) -> Sequential:
    """The network that `to_json` wrote, in float32 and in evaluation mode; other keys than "layers" are ignored.

    Raises DataError (a ValueError) for what is no such network, naming the layer.

    >>> from tinygrad_nn import tensor
    >>> network = from_json({"layers": [{"type": "linear", "weight": [[0.5, -2.0]], "bias": [0.0]}, {"type": "tanh"}]})
    >>> network
    Sequential(
      (0): Linear(in_features=2, out_features=1, bias=True)
      (1): Tanh()
    )
    >>> network(tensor([4.0, 1.0])).tolist()
    [0.0]
    """
    layers = network.get("layers") if isinstance(network, dict) else None
    if not isinstance(layers, list):
        got = f"keys {sorted(map(str, network))}" if isinstance(network, dict) else type(network).__name__
        raise DataError(message("from_json: not a network", got=got, fix='pass {"layers": [...]}'))
    return Sequential(*[_read(layer, k) for k, layer in enumerate(layers)]).eval()


def _read(layer: Any, k: int) -> Module:
    name = layer.get("type") if isinstance(layer, dict) else None
    if not isinstance(name, str) or name not in FORMAT:
        raise _unreadable(k, f"type {name!r}", f"one of {', '.join(FORMAT)}")
    kind, settings = FORMAT[name]
    wanted = [*(("weight", "bias") if name in _RANK else ()), *settings]
    missing = [key for key in wanted if key not in layer]
    if missing:
        raise _unreadable(k, f"{name} without {', '.join(missing)}", "write the file anew with to_json")
    options = {setting: _option(layer[setting], setting, k, name) for setting in settings}
    try:
        if name in _RANK:
            return _weighted(name, layer, options, k)
        return kind(**options, **({"dim": -1} if name.endswith("softmax") else {}))
    except (TypeError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        raise _unreadable(k, f"{name} with {options}: {error}", "write the file anew with to_json") from error


def _weighted(name: str, layer: Layer, options: dict[str, Any], k: int) -> Module:
    weight = _array(layer["weight"], f"{name}.weight", _RANK[name], k)
    bias = None if layer["bias"] is None else _array(layer["bias"], f"{name}.bias", 1, k)
    if bias is not None and len(bias.array) != len(weight.array):
        raise _unreadable(k, f"{name}: {len(weight.array)} outputs, {len(bias.array)} biases", "one bias per output")
    n_out, n_in, *kernel = weight.array.shape
    made: Module
    if name == "linear":
        made = Linear(n_in, n_out, bias=bias is not None)
    else:
        made = Conv2d(n_in * options["groups"], n_out, tuple(kernel), bias=bias is not None, **options)
    made.load_state_dict({"weight": weight} if bias is None else {"weight": weight, "bias": bias})
    return made


def _array(value: Any, what: str, rank: int, k: int) -> Tensor:
    try:
        array = np.array(value, np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise _unreadable(k, f"{what} is ragged or not all numbers", "write the file anew with to_json") from error
    if array.ndim != rank or not array.size or not np.isfinite(array).all():
        raise _unreadable(k, f"{what} of shape {array.shape}", f"{rank} dimensions of finite numbers")
    return from_numpy(array.astype(np.float32))


def _option(value: Any, setting: str, k: int, name: str) -> Any:
    if setting in _PAIRS:
        if isinstance(value, list) and len(value) == 2 and all(type(n) is int for n in value):
            return tuple(value)
        raise _unreadable(k, f"{name} with {setting} {value!r}", "two integers")
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise _unreadable(k, f"{name} with {setting} {value!r}", "a number")
    return value


def _unreadable(k: int, got: str, fix: str) -> DataError:
    return DataError(message(f"from_json: layer {k} cannot be read", got=got, fix=fix))
