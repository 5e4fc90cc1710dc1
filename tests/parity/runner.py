"""Run one sample in one library, and keep what came of it as NumPy data.

An outcome holds the outputs (values, dtypes, shapes, containers, ``requires_grad``), the inputs a
write has changed, the gradients of a fixed projection, and the gradients of those. Comparing two
outcomes is ``compare``'s job.
"""

from __future__ import annotations

import ast
import copy
import math
import pickle
import re
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from .sample import NAMES, In, Sample

__all__ = ["Outcome", "TensorRecord", "call_of", "run"]

Lib = Any
Tensor = Any
Array = NDArray[np.generic]


@dataclass(frozen=True, slots=True, eq=False)
class TensorRecord:
    """What a tensor was."""

    values: Array
    dtype: str
    shape: tuple[int, ...]
    requires_grad: bool


@dataclass(slots=True)
class Outcome:
    """What came of one sample in one library.

    ``grads`` and ``second`` map the place of an input (or of an output, for the gradient with
    respect to the cotangent) to an array; an absent entry stands for zeros. ``grad_error`` and
    ``second_error`` keep the refusal of a library that has no such derivative.
    """

    outputs: object = None
    grads: dict[str, TensorRecord] = field(default_factory=dict)
    second: dict[str, TensorRecord] = field(default_factory=dict)
    grad_error: Exception | None = None
    second_error: Exception | None = None


@cache
def call_of(text: str, arity: int) -> Any:
    """Compile the text of a call into ``f(lib, *tensors)``; its last expression is the result."""
    tree = ast.parse(text)
    last = tree.body[-1]
    if isinstance(last, ast.Expr):
        tree.body[-1] = ast.copy_location(ast.Return(last.value), last)
    head = ast.parse(f"def call({', '.join(('lib', *NAMES[:arity]))}): pass")
    function = cast(ast.FunctionDef, head.body[0])
    function.body = tree.body
    scope: dict[str, Any] = {"np": np, "math": math, "copy": copy, "pickle": pickle}
    exec(compile(ast.fix_missing_locations(head), f"<{text}>", "exec"), scope)
    return scope["call"]


# -- inputs -------------------------------------------------------------------------------------


def make_leaf(lib: Lib, given: In, real: str) -> Tensor:
    """The leaf that the argument is a view of."""
    dtype = real if given.dtype == "real" else given.dtype
    values = memory_of(given)
    if values.size:
        stored = "float32" if dtype == "bfloat16" else dtype
        tensor = lib.tensor(values.astype(stored), dtype=getattr(lib, dtype))
    else:  # PyTorch takes over the strides of an empty array, which NumPy leaves open
        tensor = lib.zeros(values.shape, dtype=getattr(lib, dtype))
    if given.grad and "float" in dtype:
        tensor.requires_grad_()
    return tensor


def memory_of(given: In) -> Array:
    """The array that ``view_of`` turns into the input's values."""
    values = given.array
    if given.layout == "transposed":
        return np.ascontiguousarray(values.swapaxes(-1, -2))
    if given.layout == "step":
        return np.repeat(values, 2, axis=-1)
    if given.layout == "expanded":
        return values[:1]
    if given.layout == "offset":
        return np.concatenate([values[:1], values])
    return values


def view_of(base: Tensor, given: In) -> Tensor:
    if given.layout == "transposed":
        return base.transpose(-1, -2)
    if given.layout == "step":
        return base[..., ::2]
    if given.layout == "expanded":
        return base.expand(given.array.shape)
    if given.layout == "offset":
        return base[1:]
    return base


# -- outputs ------------------------------------------------------------------------------------


def numpy_of(lib: Lib, tensor: Tensor) -> Array:
    plain = tensor.detach()
    if getattr(plain, "_is_zerotensor", bool)():  # PyTorch's zeros without storage
        return np.zeros(tuple(plain.shape), name_of(plain.dtype))
    if plain.dtype is lib.bfloat16:
        plain = plain.to(lib.float32)
    return np.array(plain.numpy())


def record(lib: Lib, tensor: Tensor) -> TensorRecord:
    return TensorRecord(
        numpy_of(lib, tensor),
        name_of(tensor.dtype),
        tuple(tensor.shape),
        bool(tensor.requires_grad),
    )


def name_of(dtype: object) -> str:
    return str(dtype).rsplit(".", 1)[-1]


def tidy(lib: Lib, value: object, found: list[Tensor]) -> object:
    """Any result as plain data, the library's own name taken out; tensors are added to found."""
    if isinstance(value, lib.Tensor):
        found.append(value)
        return record(lib, value)
    if isinstance(value, (bool, int, float, complex, type(None), np.ndarray, np.generic)):
        return value
    if isinstance(value, str):
        return neutral(value)
    if isinstance(value, lib.Size):
        return ("Size", *value)
    if isinstance(value, dict):
        return {key: tidy(lib, item, found) for key, item in value.items()}
    if isinstance(value, list):
        return [tidy(lib, item, found) for item in value]
    if isinstance(value, tuple):
        return tuple(tidy(lib, item, found) for item in value)
    if isinstance(value, type(lib.float32)):
        return f"dtype {name_of(value)}"
    return neutral(str(value))


def neutral(text: str) -> str:
    """A text without the library's name, and without the name of the operation on the tape.

    The library's name moves the place where a long line breaks before ``dtype=``: that break goes.
    """
    text = text.replace("torch.", "lib.").replace("tinygrad_nn.", "lib.")
    text = re.sub(r",\s+(dtype|requires_grad|grad_fn|size)=", r", \1=", text)
    return re.sub(r"grad_fn=<\w+>", "grad_fn=<...>", text)


# -- the run ------------------------------------------------------------------------------------


def projection(shape: tuple[int, ...], place: int) -> NDArray[np.float64]:
    """Fixed, irregular weights: a cheap stand-in for random ones."""
    size = math.prod(shape)
    return np.asarray(np.cos(1.7 * np.arange(size) + 0.6 * place) + 0.15).reshape(shape)


def weight(lib: Lib, like: Tensor, place: int, grad: bool) -> Tensor:
    made = lib.tensor(projection(tuple(like.shape), place), dtype=like.dtype)
    return made.requires_grad_() if grad else made


def run(one: Sample, lib: Lib, real: str, *, ours: bool = False, second: bool = False) -> Outcome:
    """Run a sample with the float dtype ``real``; the call's own exceptions pass through."""
    text = one.ours if ours and one.ours is not None else one.text
    leaves = [make_leaf(lib, given, real) for given in one.inputs]
    bases = [leaf.clone() for leaf in leaves] if one.writes else leaves
    views = [view_of(base, given) for base, given in zip(bases, one.inputs, strict=True)]
    result = call_of(text, len(views))(lib, *views)

    found: list[Tensor] = []
    outcome = Outcome()
    outcome.outputs = tidy(lib, [result, *bases] if one.writes else [result], found)
    if one.differentiable:
        differentiate(lib, outcome, found, leaves, second and one.second_order)
    return outcome


def differentiate(lib: Lib, outcome: Outcome, found: list[Tensor], leaves: list[Tensor], second: bool) -> None:
    """Fill in the gradients of the projected outputs, and of those gradients again."""
    outputs = [
        one
        for place, one in enumerate(found)
        if one.requires_grad and not any(one is earlier for earlier in found[:place])
    ]
    asked = {f"input {i}": leaf for i, leaf in enumerate(leaves) if leaf.requires_grad}
    if not outputs or not asked:
        return
    weights = {f"cotangent {i}": weight(lib, one, i, second) for i, one in enumerate(outputs)}
    try:
        grads = lib.autograd.grad(
            outputs,
            list(asked.values()),
            list(weights.values()),
            create_graph=second,
            allow_unused=True,
        )
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
        outcome.grad_error = error
        return
    named = {name: grad for name, grad in zip(asked, grads, strict=True) if grad is not None}
    outcome.grads = {name: record(lib, grad) for name, grad in named.items()}
    if second:
        differentiate_again(lib, outcome, named, {**asked, **weights})


def differentiate_again(lib: Lib, outcome: Outcome, grads: dict[str, Tensor], asked: dict[str, Tensor]) -> None:
    live = {name: grad for name, grad in grads.items() if grad.requires_grad}
    if not live:
        return
    weights = [weight(lib, grad, 7 + int(name.split()[1]), False) for name, grad in live.items()]
    try:
        second = lib.autograd.grad(list(live.values()), list(asked.values()), weights, allow_unused=True)
    except (RuntimeError, ValueError, TypeError, IndexError, AttributeError) as error:
        outcome.second_error = error
        return
    outcome.second = {name: record(lib, grad) for name, grad in zip(asked, second, strict=True) if grad is not None}
