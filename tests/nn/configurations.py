"""What is compared with PyTorch, module by module: constructor arguments and inputs, a family a file.

A row is `row("Linear", 3, 2, bias=False, inputs=[real(5, 3)])`. Floating inputs become float64 leaves
that require grad (`data(...)` is an input without gradient, `labels(...)` integers). To add a family,
write tests/nn/rows_<family>.py with a list ROWS and add it to FAMILIES.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

rng = np.random.default_rng(7)


@dataclass(frozen=True)
class Data:
    """An input without a gradient."""

    array: Any


@dataclass(frozen=True)
class Part:
    """A constructor's argument that is itself a module."""

    name: str
    args: tuple[Any, ...] = ()

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Row:
    """One configuration of one module."""

    name: str
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    inputs: list[Any]
    modes: tuple[str, ...] = ("train", "eval")
    exact_start: bool = True  # the seeded initial weights are PyTorch's to the last bit
    rtol: float = 1e-10
    atol: float = 1e-11
    call: dict[str, Any] = field(default_factory=dict)  # keyword arguments of forward
    log_softmax: bool = False  # the first input goes through it: the module takes log probabilities

    def __str__(self) -> str:
        words = [*map(_short, self.args), *(f"{k}={_short(v)}" for k, v in self.kwargs.items())]
        shapes = ",".join(_shape(x) for x in self.inputs)
        return f"{self.name}({', '.join(words)})-{shapes}"


def _shape(x: Any) -> str:
    if isinstance(x, tuple):
        return "+".join(map(_shape, x))
    return "x".join(map(str, np.shape(getattr(x, "array", x)))) or "()"


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return "+".join(value)
    if isinstance(value, (list, tuple)) and any(isinstance(part, (np.ndarray, Part)) for part in value):
        return "+".join(map(_short, value))
    return f"array{np.shape(value)}" if isinstance(value, (np.ndarray, np.floating)) else repr(value)


def row(name: str, *args: Any, inputs: list[Any], **kwargs: Any) -> Row:
    """A row; arguments that Row itself has (modes, rtol, ...) go there, all others to the constructor."""
    own = {k: kwargs.pop(k) for k in ("modes", "exact_start", "rtol", "atol", "call", "log_softmax") if k in kwargs}
    return Row(name, args, kwargs, inputs, **own)


def real(*shape: int) -> Any:
    """Normal numbers, none within 0.05 of zero (where many activations have a kink)."""
    x = rng.standard_normal(shape)
    return x + 0.05 * np.sign(x)


def positive(*shape: int) -> Any:
    return rng.uniform(0.3, 2.0, shape)


def unit(*shape: int) -> Any:
    """Between 0.05 and 0.95: probabilities."""
    return rng.uniform(0.05, 0.95, shape)


def simplex(*shape: int) -> Any:
    """Probabilities that add up to one along dimension 1 (0 for vectors)."""
    x = rng.uniform(0.1, 1.0, shape)
    return x / x.sum(1 if len(shape) > 1 else 0, keepdims=True)


def labels(classes: int, *shape: int) -> Any:
    return Data(rng.integers(0, classes, shape))


def signs(*shape: int) -> Any:
    return Data(rng.choice([-1.0, 1.0], shape))


def data(array: Any) -> Any:
    return Data(array)


from tests.nn import (  # noqa: E402 - they use the helpers above
    rows_activation,
    rows_attention,
    rows_container,
    rows_conv,
    rows_embedding,
    rows_linear,
    rows_loss,
    rows_norm,
    rows_pool,
    rows_recurrent,
    rows_resize,
)

FAMILIES = [
    rows_linear,
    rows_activation,
    rows_loss,
    rows_conv,
    rows_pool,
    rows_norm,
    rows_embedding,
    rows_attention,
    rows_recurrent,
    rows_resize,
    rows_container,
]
ROWS: list[Row] = [entry for family in FAMILIES for entry in family.ROWS]
