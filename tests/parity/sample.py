"""The vocabulary of the parity suite: an input, a sample, and the seeded drawing of inputs.

A sample is data: a call written as text over ``lib`` and the inputs ``x y z w v u``, so that the one
description runs on PyTorch and on this project, and reads in a report as a user would type it.
Running it is ``runner``'s job.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DTYPES",
    "FLOATS",
    "INTEGERS",
    "OPERATIONS",
    "SHAPES",
    "Draw",
    "In",
    "Sample",
    "Shape",
    "above_one",
    "anywhere",
    "distinct",
    "label",
    "nonzero",
    "off_grid",
    "operation",
    "positive",
    "sample",
    "samples_of",
    "unit",
    "write",
]

Array = NDArray[np.generic]
Shape = tuple[int, ...]
Domain = Callable[[np.random.Generator, Shape], NDArray[np.float64]]

NAMES = ("x", "y", "z", "w", "v", "u")
SHAPES: tuple[Shape, ...] = ((), (1,), (4,), (2, 3), (3, 1), (2, 1, 3), (0,), (2, 0, 3))
INTEGERS = ("int64", "int32", "int16", "int8", "uint8")
FLOATS = ("float16", "bfloat16", "float32", "float64")
DTYPES = (*FLOATS, *INTEGERS, "bool")


@dataclass(frozen=True, slots=True, eq=False)
class In:
    """One tensor argument. ``dtype="real"`` follows the run (float64, then float32).

    ``layout`` says how the argument lies in memory: it is made as a leaf and then viewed,
    ``transposed``, ``step`` (every second column), ``expanded`` (stride 0) or ``offset``.
    ``chosen`` values are part of the sample's name; drawn ones are told by their shape.
    """

    array: Array
    dtype: str = "real"
    layout: str = "plain"
    grad: bool = True
    chosen: bool = False

    def __str__(self) -> str:
        shape = ",".join(map(str, self.array.shape))
        if self.chosen and self.array.size < 9:
            shape = str(self.array.tolist()).replace(" ", "")
        layout = "" if self.layout == "plain" else f" {self.layout}"
        frozen = " no grad" if self.dtype == "real" and not self.grad else ""
        return f"{self.dtype}({shape}){layout}{frozen}"


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One call and its inputs.

    ``writes`` marks a call that changes its inputs in place: it gets non-leaf clones, and what
    they hold afterwards is compared too. ``ours`` is the spelling on this project, where PyTorch
    gives the same result only under another one (``np.exp(x)`` against ``torch.exp(x)``).
    """

    text: str
    inputs: tuple[In, ...] = ()
    writes: bool = False
    differentiable: bool = True
    second_order: bool = True
    ours: str | None = None


def label(one: Sample) -> str:
    """How a user would type the call, and what it is given."""
    given = ", ".join(f"{name}={value}" for name, value in zip(NAMES, one.inputs, strict=False))
    text = "; ".join(line.strip() for line in (one.ours or one.text).splitlines() if line.strip())
    return f"{text} | {given}" if given else text


def sample(
    text: str,
    *inputs: In,
    differentiable: bool = True,
    second_order: bool = True,
    ours: str | None = None,
) -> Sample:
    """A call that leaves its inputs alone."""
    return Sample(text, inputs, False, differentiable, second_order, ours)


def write(text: str, *inputs: In, differentiable: bool = True) -> Sample:
    """A call that writes into its inputs."""
    return Sample(text, inputs, True, differentiable)


# -- domains ------------------------------------------------------------------------------------


def anywhere(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    return rng.uniform(-2.0, 2.0, shape)


def positive(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    return rng.uniform(0.3, 3.0, shape)


def above_one(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    return rng.uniform(1.1, 3.0, shape)


def unit(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    return rng.uniform(-0.9, 0.9, shape)


def nonzero(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    return np.asarray(rng.uniform(0.4, 2.0, shape) * rng.choice([-1.0, 1.0], shape))


def off_grid(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    """Away from the integers and the halves, where floor, round and the like jump."""
    return np.asarray(rng.integers(-3, 3, shape) + rng.choice([0.2, 0.3, 0.7, 0.8], shape))


def distinct(rng: np.random.Generator, shape: Shape) -> NDArray[np.float64]:
    """No two equal values: sorting and maxima have one answer."""
    size = int(np.prod(shape))
    values = np.linspace(-2.0, 2.1, size) if size > 1 else np.full(size, 0.7)
    return rng.permutation(values).reshape(shape)


# -- drawing ------------------------------------------------------------------------------------


class Draw:
    """Seeded inputs for one operation: changing one operation's samples leaves the others'."""

    def __init__(self, op: str) -> None:
        self.op = op
        self.rng = np.random.default_rng(zlib.crc32(op.encode()))

    def real(self, *shape: int, of: Domain = anywhere, layout: str = "plain", grad: bool = True) -> In:
        """A float input that follows the run's dtype."""
        values = np.asarray(of(self.rng, shape))
        if layout == "expanded":
            values = np.ascontiguousarray(np.broadcast_to(values[:1], shape))
        return In(values, "real", layout, grad)

    def typed(self, dtype: str, *shape: int, low: int = -3, high: int = 5, layout: str = "plain") -> In:
        """An input of a fixed dtype; its values are exact in every dtype, so ties happen."""
        low = max(low, 0) if dtype == "uint8" else low
        values: Array = np.asarray(self.rng.integers(low, high, shape))
        if dtype == "bool":
            values = np.asarray(self.rng.integers(0, 2, shape).astype(bool))
        elif dtype in FLOATS:
            values = np.asarray(self.rng.integers(4 * low, 4 * high, shape) / 4)
        if layout == "expanded":
            values = np.ascontiguousarray(np.broadcast_to(values[:1], shape))
        return In(values, dtype, layout)

    def index(self, size: int, *shape: int, dtype: str = "int64", layout: str = "plain") -> In:
        """Indices into a dimension of ``size``, repeats likely."""
        return In(np.asarray(self.rng.integers(0, size, shape)), dtype, layout)

    def const(self, values: object, dtype: str = "real", *, layout: str = "plain", grad: bool = True) -> In:
        """An input with exactly these values."""
        return In(np.asarray(values), dtype, layout, grad, chosen=True)

    def laid(self, of: Domain = anywhere) -> Iterator[In]:
        """The same kind of values under each memory layout."""
        yield self.real(3, 4, of=of, layout="transposed")
        yield self.real(2, 3, 2, of=of, layout="transposed")
        yield self.real(2, 3, of=of, layout="step")
        yield self.real(3, 2, of=of, layout="expanded")
        yield self.real(3, 2, of=of, layout="offset")


OPERATIONS: dict[str, Callable[[Draw], Iterable[Sample]]] = {}

Maker = Callable[[Draw], Iterable[Sample]]


def operation(*names: str) -> Callable[[Maker], Maker]:
    """Register the maker of the samples of these operations; it reads ``draw.op``."""

    def register(maker: Maker) -> Maker:
        for name in names:
            if name in OPERATIONS:
                raise ValueError(f"{name} has samples already")
            OPERATIONS[name] = maker
        return maker

    return register


def samples_of(op: str) -> dict[str, Sample]:
    """The samples of one operation by name, the same at every call.

    A name is the sample's label, numbered where the same call is drawn twice.
    """
    named: dict[str, Sample] = {}
    for one in OPERATIONS[op](Draw(op)):
        name, count = label(one), 1
        while name in named:
            count += 1
            name = f"{label(one)} #{count}"
        named[name] = one
    return named
