"""The layers of a multi-layer perceptron from sizes, names of activations and shares of dropout."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygrad_nn import nn
from tinygrad_nn.errors import ArgumentError, message

__all__ = ["ACTIVATIONS", "ModulePart", "PerceptronPart", "perceptron"]

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "identity": nn.Identity,
    "logistic": nn.Sigmoid,
    "sigmoid": nn.Sigmoid,
    "tanh": nn.Tanh,
    "relu": nn.ReLU,
    "leaky_relu": nn.LeakyReLU,
    "elu": nn.ELU,
    "selu": nn.SELU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "mish": nn.Mish,
    "softplus": nn.Softplus,
    "softsign": nn.Softsign,
    "hardswish": nn.Hardswish,
}
"""By name: scikit-learn's four, and others."""


def perceptron(n_inputs: int, n_outputs: int, hidden: Any, activation: Any, dropout: Any) -> nn.Sequential:
    """Linear, activation and dropout for each hidden layer, and a Linear at the end.

    Weights and biases are uniform within sqrt(6 / (fan_in + fan_out)), with 2 instead of 6 before a
    logistic sigmoid (Glorot and Bengio, 2010), as in scikit-learn.
    """
    sizes = [n_inputs, *_sizes(hidden), n_outputs]
    count = len(sizes) - 2
    activations = _for_each("activation", activation, count, (str, nn.Module))
    shares = _for_each("dropout", dropout, count, (int, float))
    layers: list[nn.Module] = []
    for k in range(count + 1):
        linear = nn.Linear(sizes[k], sizes[k + 1])
        function = _activation(activations[min(k, count - 1)]) if count else nn.Identity()
        bound = math.sqrt((2 if isinstance(function, nn.Sigmoid) else 6) / (sizes[k] + sizes[k + 1]))
        for parameter in linear.parameters():
            nn.init.uniform_(parameter, -bound, bound)
        layers.append(linear)
        if k < count:
            layers.append(function)
            layers += [nn.Dropout(float(shares[k]))] if shares[k] else []
    return nn.Sequential(*layers)


def _sizes(hidden: Any) -> list[int]:
    sizes = list(hidden) if isinstance(hidden, Iterable) else [hidden]
    if any(isinstance(n, bool) or not isinstance(n, (int, float, np.number)) or int(n) != n or n < 1 for n in sizes):
        raise ArgumentError(
            message("hidden_layer_sizes: positive integers", got=repr(hidden), fix="hidden_layer_sizes=(100, 50)")
        )
    return [int(n) for n in sizes]


def _for_each(name: str, given: Any, count: int, single: tuple[type, ...]) -> list[Any]:
    """One value for each hidden layer, from one for all or a list."""
    if isinstance(given, single) or callable(given):
        return [given] * count
    values = list(given)
    if len(values) != count:
        raise ArgumentError(
            message(
                f"{name}: one for each hidden layer, or one for all", got=f"{len(values)} for {count} hidden layers"
            )
        )
    return values


def _activation(given: Any) -> nn.Module:
    """A fresh module from a name, a module (copied), or a class or function that makes one."""
    if isinstance(given, str):
        if given not in ACTIVATIONS:
            raise ArgumentError(
                message(
                    "activation: unknown name", got=repr(given), fix=f"one of {', '.join(ACTIVATIONS)}, or a module"
                )
            )
        return ACTIVATIONS[given]()
    made = copy.deepcopy(given) if isinstance(given, nn.Module) else given() if callable(given) else given
    if not isinstance(made, nn.Module):
        raise TypeError(
            message("activation: neither a name nor a module", got=repr(given), fix='activation="relu", or nn.ReLU()')
        )
    return made


class PerceptronPart:
    """What `MLPClassifier` and `MLPRegressor` share: the layers from their parameters, and their weights."""

    hidden_layer_sizes: Any
    activation: Any
    dropout: Any
    module_: Any

    def _network(self, n_inputs: Any, n_outputs: int) -> nn.Module:
        return perceptron(n_inputs, n_outputs, self.hidden_layer_sizes, self.activation, self.dropout)

    def _linear(self) -> list[nn.Linear]:
        if not hasattr(self, "module_"):
            raise AttributeError(f"{type(self).__name__} is not fitted yet: call fit first")
        return [layer for layer in self.module_ if isinstance(layer, nn.Linear)]

    @property
    def coefs_(self) -> list[Any]:
        """The weights of each layer, (units before, units after), as scikit-learn lays them out."""
        return [layer.weight.array.T for layer in self._linear()]

    @property
    def intercepts_(self) -> list[Any]:
        """The biases of each layer."""
        return [layer.bias.array for layer in self._linear() if layer.bias is not None]

    @property
    def n_layers_(self) -> int:
        """Layers, input and output counted."""
        return len(self._linear()) + 1


class ModulePart:
    """What `ModuleClassifier` and `ModuleRegressor` share: the net from the parameter `module`."""

    module: Any
    module_params: Any

    def _network(self, n_inputs: Any, n_outputs: int) -> nn.Module:
        if isinstance(self.module, nn.Module):
            if self.module_params:
                raise ArgumentError(
                    message(
                        f"{type(self).__name__}: module_params are for a factory",
                        got="a module that is made already",
                        fix="module=function that takes (n_features, n_outputs, **module_params)",
                    )
                )
            return copy.deepcopy(self.module)
        made = self.module(n_inputs, n_outputs, **(self.module_params or {})) if callable(self.module) else self.module
        if not isinstance(made, nn.Module):
            raise TypeError(
                message(
                    f"{type(self).__name__}: module is neither a Module nor a function that makes one",
                    got=f"{self.module!r}" + f", which gave {type(made).__name__}" * callable(self.module),
                    fix="module=lambda n_features, n_outputs: nn.Linear(n_features, n_outputs)",
                )
            )
        return made
