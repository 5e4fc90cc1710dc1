"""Run a program, line by line, in one library, and keep what each line did as NumPy data.

A line that raises is recorded by the class of its error, and the run goes on: what the line should
have made is missing from there on, in both libraries alike.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

__all__ = ["PREAMBLE", "Run", "Session", "Snapshot", "assigned", "flags_of", "mentioned", "quiet", "run", "script"]

Around = Callable[[str], AbstractContextManager[Any]]

PREAMBLE = '''\
F = lib.nn.functional
lib.set_default_dtype(lib.float64)


def weights(v, k):
    """A fixed, irregular weight for each element."""
    return lib.cos(lib.arange(v.numel(), dtype=lib.float64) * 1.7 + k).reshape(v.shape)


def total(v, k=0):
    return (v.double() * weights(v, k)).sum()


def mold(v, *shape):
    """The elements of v, over and over, in another shape."""
    n = 1
    for size in shape:
        n *= size
    return v.reshape(-1)[lib.arange(n) % v.numel()].reshape(shape)


def first(v, inputs):
    return lib.autograd.grad(total(v), inputs, create_graph=True, allow_unused=True)


def second(grads, inputs):
    terms = [total(g, k + 1) for k, g in enumerate(grads) if g is not None and g.requires_grad]
    if not terms:
        return [None for _ in inputs]
    return lib.autograd.grad(sum(terms), inputs, retain_graph=True, allow_unused=True)


def layer(module, *inputs):
    """The module's result in float64, its weights fixed."""
    module.double()
    with lib.no_grad():
        for k, p in enumerate(module.parameters()):
            p.copy_(weights(p, k) * 0.7)
    return module(*inputs)


class Cube(lib.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 3 * x * x * g


class Both(lib.autograd.Function):
    @staticmethod
    def forward(ctx, x, y, k):
        ctx.save_for_backward(x, y)
        ctx.k = k
        return x + y, x * y * k

    @staticmethod
    def backward(ctx, g, h):
        x, y = ctx.saved_tensors
        return g + h * y * ctx.k, g + h * x * ctx.k, None


class Tenfold(lib.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        x.mul_(10)
        ctx.mark_dirty(x)
        return x

    @staticmethod
    def backward(ctx, g):
        return g * 10
'''


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """What a tensor was."""

    values: Any
    dtype: str
    requires_grad: Any
    is_leaf: bool | None
    stride: tuple[int, ...]


@dataclass(slots=True)
class Run:
    """What each line did: the error that it raised, or the variables that it touched."""

    errors: list[BaseException | None] = field(default_factory=list)
    touched: list[dict[str, Any]] = field(default_factory=list)


def assigned(line: str) -> tuple[str, ...]:
    """The variables that a line makes."""
    found = re.match(r"((?:\w+, )*\w+),? = ", line)
    return tuple(found[1].split(", ")) if found else ()


def mentioned(line: str) -> tuple[str, ...]:
    """All variables of a line, in order of appearance."""
    return tuple(dict.fromkeys(re.findall(r"\b[vgh]\d+\b", line)))


@lru_cache(4096)
def _compiled(line: str) -> Any:
    return compile(line, "<program>", "exec")


def snapshot(value: Any, flags: bool) -> Any:
    """A tensor's contents, flags and layout; a list of them; None."""
    if value is None:
        return None
    if isinstance(value, (tuple, list)):
        return [snapshot(item, flags) for item in value]
    if isinstance(value, (bool, int, float)):
        return value
    array = value.detach().numpy(force=True).copy()
    seen = flags_of(value) if flags else (None, None)
    return Snapshot(array, str(value.dtype).rsplit(".", 1)[-1], *seen, tuple(value.stride()))


def flags_of(value: Any) -> tuple[Any, bool | None]:
    """Whether it requires grad, and whether it is a leaf; PyTorch refuses to say for a view that a write has spoiled."""
    try:
        return value.requires_grad, value.is_leaf
    except RuntimeError:
        return None, None
    except Exception as error:  # ours to mend
        return repr(error), None


class Session:
    """One library, and the variables of the program that runs in it."""

    def __init__(self, lib: Any, *, watch: bool = True, spread: float = 0.0, around: Around | None = None) -> None:
        self.lib = lib
        self.around = around or nullcontext
        self.watch = watch
        self.space: dict[str, Any] = {"lib": lib}
        self.record = Run()
        exec(_compiled(PREAMBLE), self.space)
        if spread:  # repeated elements are no longer equal
            mold = self.space["mold"]
            self.space["mold"] = lambda v, *shape: (
                mold(v, *shape) * (1 + spread * self.space["weights"](mold(v, *shape), 1))
            )

    def do(self, line: str) -> BaseException | None:
        """Run one line, and note what it did. To look at the flags may itself bring histories up to
        date, so with `watch` off nobody looks before the end."""
        error: BaseException | None = None
        try:
            with self.around(line):
                exec(_compiled(line), self.space)
        except Exception as raised:
            error = raised.with_traceback(None)
        self.record.errors.append(error)
        names = () if error is not None else assigned(line) or mentioned(line)
        self.record.touched.append(
            {name: snapshot(self.space[name], self.watch) for name in names if name in self.space}
        )
        return error

    def finish(self) -> Run:
        """The run, with a last entry: all variables as they are now, and every `.grad`."""
        last: dict[str, Any] = {}
        for name, value in self.space.items():
            if re.fullmatch(r"[v]\d+", name):
                last[name] = snapshot(value, True)
                if value is not None and flags_of(value)[0] and (value.is_leaf or value.retains_grad):
                    last[f"{name}.grad"] = snapshot(value.grad, False)
        self.record.errors.append(None)
        self.record.touched.append(last)
        return self.record


@contextmanager
def quiet(lib: Any) -> Iterator[None]:
    """Without warnings, and with the library's default dtype and its one thread given back."""
    before = lib.get_default_dtype()
    threads = lib.get_num_threads()
    if threads != 1:
        lib.set_num_threads(1)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            yield
    finally:
        lib.set_default_dtype(before)
        if threads != 1:
            lib.set_num_threads(threads)


def run(
    lines: Iterable[str], lib: Any, *, watch: bool = True, spread: float = 0.0, around: Around | None = None
) -> Run:
    """Run a whole program: each line within `around(line)`; `spread` sets repeated elements apart."""
    with quiet(lib):
        session = Session(lib, watch=watch, spread=spread, around=around)
        for line in lines:
            session.do(line)
        return session.finish()


def script(lines: Iterable[str], library: str = "torch", *, needed_only: bool = True) -> str:
    """The program as a script that stands alone."""
    body = "\n".join(lines)
    parts = PREAMBLE.split("\n\n\n")
    if needed_only:
        kept: list[str] = []
        for part in reversed(parts[1:]):
            name = re.match(r"(?:def|class) (\w+)", part)
            assert name is not None
            if re.search(rf"\b{name[1]}\b", body + "".join(kept)):
                kept.insert(0, part)
        parts = [parts[0], *kept]
    return "\n\n\n".join([f"import {library} as lib\n\n{parts[0].rstrip()}", *[p.rstrip() for p in parts[1:]], body])
