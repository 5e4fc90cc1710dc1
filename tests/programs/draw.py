"""What a statement may ask for while it is being drawn: a tensor of the program, a number, a dimension, a shape.

The program runs in the oracle as it is drawn, so a drawer knows each variable's shape and dtype.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from .run import Session

__all__ = ["Draw", "spelled"]

Shape = tuple[int, ...]
Test = Callable[[Any], bool]


def spelled(values: Any) -> str:
    """Nested lists of numbers as short text."""
    if isinstance(values, list):
        return "[" + ", ".join(spelled(item) for item in values) + "]"
    return repr(values)


class Draw:
    """A source of chance (one integer decides everything) and the program so far."""

    def __init__(self, seed: int, lib: Any) -> None:
        self.r = random.Random(seed)
        self.corners = self.r.random() < 0.2  # small whole numbers: zeros, ties
        self.session = Session(lib, watch=True)
        self.names: list[str] = []
        self.sizes = self.r.sample([2, 3, 4, 5], 3)
        self.count = 0
        self.retried = False  # whether lines ran that are not in the program
        self.watched = self.r.random() < 0.3  # whether results have hooks and keep gradients, as they then
        # see the cotangents of a second walk, which depend on how a rule is written: no second gradients

    # -- the program's tensors ---------------------------------------------------------------------

    def value(self, name: str) -> Any:
        return self.session.space[name]

    def shape(self, name: str) -> Shape:
        return tuple(self.value(name).shape)

    def new(self) -> str:
        """A name that is not taken."""
        self.count += 1
        return f"v{self.count - 1}"

    def pick(self, test: Test | None = None, *, floating: bool = True, empty: bool = False) -> str | None:
        """A variable for which `test` holds; the younger ones more often."""
        found = [
            name
            for name in self.names
            if (value := self.value(name)) is not None
            and (not floating or value.is_floating_point())
            and (empty or value.numel())
            and (test is None or holds(test, value))
        ]
        return found[-1 - int(len(found) * self.r.random() ** 1.5)] if found else None

    def alone(self, name: str) -> bool:
        """Whether nothing else shares this variable's memory. (PyTorch 2.13 lets views of a tensor that begins to
        require grad say that they do, too.)"""
        value = self.value(name)
        pointers = [self.value(other).untyped_storage().data_ptr() for other in self.names if other != name]
        return value.untyped_storage().data_ptr() not in pointers

    def any_of(self, *choices: Any) -> Any:
        return self.r.choice(choices)

    def chance(self, p: float) -> bool:
        return self.r.random() < p

    # -- numbers, dimensions, shapes ----------------------------------------------------------------

    def number(self) -> str:
        if self.corners:
            return str(self.any_of(0, 1, 2, -1, 0.0, 1.0, -2.0))
        return str(self.any_of(2, 3, -1, 0.5, -0.5, 1.5, 0.25, -2.5))

    def number_tensor(self) -> str:
        return f"lib.tensor({float(self.number())})"

    def data(self, shape: Shape) -> Any:
        """Nested lists of numbers."""
        if not shape:
            return float(self.r.randint(-2, 2)) if self.corners else round(self.r.uniform(-2, 2), 2) or 0.3
        return [self.data(shape[1:]) for _ in range(shape[0])]

    def new_shape(self, rank: int | None = None) -> Shape:
        if rank is None:
            rank = self.r.choices([0, 1, 2, 3, 4], [1, 4, 8, 5, 1])[0]
        shape = [
            self.r.choice([*self.sizes[: 3 if rank < 4 else 2], 1 if self.chance(0.4) else self.sizes[0]])
            for _ in range(rank)
        ]
        if rank and self.chance(0.02):
            shape[self.r.randrange(rank)] = 0
        return tuple(shape)

    def dim(self, rank: int) -> int:
        """A dimension, from either end; rarely one too many."""
        if not rank:
            return self.any_of(0, -1)
        if self.chance(0.01):
            return rank
        d = self.r.randrange(rank)
        return d - rank if self.chance(0.4) else d

    def factors(self, n: int) -> Shape:
        """Sizes whose product is n."""
        shape: list[int] = []
        while n > 1 and len(shape) < 3:
            divisor = self.r.choice([k for k in range(1, n + 1) if n % k == 0])
            shape.append(divisor)
            n //= divisor
        shape.append(n)
        self.r.shuffle(shape)
        return tuple(shape)

    def places(self, size: int, count: int) -> list[int]:
        """Indices into a dimension; repeats and negative ones among them."""
        return [self.r.randrange(-size, size) if self.chance(0.3) else self.r.randrange(size) for _ in range(count)]

    # -- operands that fit ----------------------------------------------------------------------------

    def partner(self, x: str, limit: int = 200) -> str | None:
        """A variable that broadcasts with x."""
        shape = self.shape(x)

        def fits(value: Any) -> bool:
            joint = broadcast(shape, tuple(value.shape))
            return joint is not None and product(joint) <= limit

        return self.pick(fits)

    def fitting(self, shape: Shape, target: str = "") -> str:
        """An operand that broadcasts to `shape`: a variable (seldom `target` itself), a number, or something made to measure."""
        fits = self.beside(target)
        name = self.pick(lambda value: broadcast(tuple(value.shape), shape) == shape and fits(value))
        if name is not None and self.chance(0.6):
            return name
        kind = self.r.random()
        other = self.pick(fits)
        if kind < 0.3 or other is None:
            return self.number()
        if kind < 0.5:
            return f"{other}.{self.any_of('sum', 'mean', 'max')}()"
        short = shape[self.r.randrange(len(shape) + 1) :]
        short = tuple(1 if self.chance(0.2) else size for size in short)
        return self.molded(other, short)

    def molded(self, name: str, shape: Shape) -> str:
        return name if self.shape(name) == shape else f"mold({', '.join([name, *map(str, shape)])})"

    def tensor(self, shape: Shape, target: str = "") -> str:
        """A tensor of exactly this shape: a variable of it (seldom `target` itself), or one made to measure."""
        fits = self.beside(target)
        name = self.pick(lambda value: tuple(value.shape) == shape and fits(value))
        if name is not None and self.chance(0.7):
            return name
        other = self.pick(fits)
        if other is None or not product(shape):
            return f"lib.ones({', '.join(map(str, shape)) or '()'})"
        return self.molded(other, shape)

    def beside(self, target: str) -> Test:
        """Which operands may stand in a write to `target`: those that share none of its memory; seldom it itself.
        What a write does to an operand that it overlaps otherwise is undefined, and PyTorch notices some cases only."""
        if not target:
            return lambda value: True
        written, itself = self.value(target), self.chance(0.02)
        return lambda value: itself if value is written else apart(value, written)

    def mask(self, shape: Shape) -> str:
        """A bool tensor of this shape."""
        name = self.pick(lambda value: tuple(value.shape) == shape, floating=False)
        if name is not None and self.chance(0.8):
            value = self.value(name)
            if not value.is_floating_point():
                return name if str(value.dtype).endswith("bool") else f"({name} > 1)"
            return f"({name} {self.any_of('>', '<', '>=')} {self.any_of('0', '0.5', '-0.5')})"
        bits = [self.chance(0.5) for _ in range(product(shape))]
        return f"lib.tensor({bits}, dtype=lib.bool).reshape({shape})"

    def index(self, shape: Shape, size: int) -> str:
        """An int64 tensor of this shape, its entries from range(size)."""
        entries = [self.r.randrange(size) for _ in range(product(shape))]
        text = f"lib.tensor({entries}, dtype=lib.int64)"
        return text if len(shape) == 1 else f"{text}.reshape({shape})"

    def key(self, shape: Shape, *, advanced: bool) -> str:
        """What stands between the brackets of x[...]."""
        if advanced and self.chance(0.15):
            return self.mask(shape)
        parts: list[str] = []
        dims = list(shape)
        used = self.r.randint(0, len(dims))
        length = self.r.randint(1, 3)
        arrays = 0
        k = 0
        while k < used:
            size = dims[k]
            kind = self.r.random()
            if kind < 0.08:
                parts.append("None")
                continue
            if kind < 0.35 and size:
                parts.append(str(self.r.randrange(-size, size)))
            elif kind < 0.6 or not advanced or not size:
                parts.append(self.slice(size))
            elif kind < 0.66 and arrays == 0:
                bits = [self.chance(0.6) for _ in range(size)]
                parts.append(f"lib.tensor({bits})")
                length = max(1, sum(bits))
                arrays += 1
            elif kind < 0.8:
                parts.append(f"lib.tensor({self.places(size, length)})")
                arrays += 1
            elif kind < 0.9:
                parts.append(str(self.places(size, length)))
                arrays += 1
            else:
                parts.append(f"lib.tensor({self.r.randrange(size)})")
            k += 1
        if self.chance(0.2):
            parts.insert(self.r.randint(0, len(parts)) if used == len(dims) else len(parts), "...")
        if not parts:
            return self.any_of("...", ":")
        return ", ".join(parts)

    def slice(self, size: int) -> str:
        start = str(self.r.randint(-size, size)) if self.chance(0.5) else ""
        stop = str(self.r.randint(0, size + 1)) if self.chance(0.4) else ""
        return f"{start}:{stop}" + (f":{self.r.randint(1, 3)}" if self.chance(0.3) else "")


def holds(test: Test, value: Any) -> bool:
    """PyTorch refuses to say whether a view that a write has spoiled requires grad: it is not taken."""
    try:
        return test(value)
    except RuntimeError:
        return False


def apart(one: Any, other: Any) -> bool:
    """Whether two tensors share no memory."""
    if one.untyped_storage().data_ptr() != other.untyped_storage().data_ptr():
        return True
    (a, b), (c, d) = (
        (t.storage_offset(), t.storage_offset() + sum((n - 1) * step for n, step in zip(t.shape, t.stride())))
        for t in (one, other)
    )
    return bool(b < c or d < a)


def product(shape: Shape) -> int:
    n = 1
    for size in shape:
        n *= size
    return n


def broadcast(a: Shape, b: Shape) -> Shape | None:
    """The common shape of two; None if there is none."""
    joint: list[int] = []
    for k in range(1, max(len(a), len(b)) + 1):
        one, other = (s[-k] if k <= len(s) else 1 for s in (a, b))
        if one != other and 1 not in (one, other):
            return None
        joint.append(other if one == 1 else one)
    return tuple(reversed(joint))
