"""What a step of the table is, and how its two runs are compared."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import tinygrad_nn as tg
from tinygrad_nn.compiler import compile as compiled
from tinygrad_nn.optim import Optimizer

CALLS = 20

STEPS: dict[str, Callable[[Any], Scene]] = {}
"""Every step by name: given `compile` (or the identity) it builds its scene."""


@dataclass
class Scene:
    """A step, its batches, and what is looked at afterwards.

    calls:   the function to call
    batches: the arguments of each call
    keep:    modules, optimizers, tensors, containers of them, plain values: compared after the last call
    between: called with k before call k (a schedule, an edit between two calls)
    """

    step: Callable[..., Any]
    batches: list[tuple[Any, ...]]
    keep: list[Any] = field(default_factory=list)
    between: Callable[[int], Any] | None = None


def step(name: str) -> Callable[[Callable[[Any], Scene]], Callable[[Any], Scene]]:
    """Enter a builder into the table."""

    def enter(build: Callable[[Any], Scene]) -> Callable[[Any], Scene]:
        assert name not in STEPS, name
        STEPS[name] = build
        return build

    return enter


@dataclass
class Outcome:
    """kind: "equal", "idle" (equal, but no program ran and nobody said why), "refused" (with the warning's text), "silent" (where they differ), "obscure" (the error)."""

    kind: str
    text: str = ""


def judge(name: str) -> Outcome:
    """Run a step of the table both ways."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = _run(STEPS[name], lambda function=None, **_: function if function is not None else (lambda f: f))
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        made: list[Any] = []
        found = _run(STEPS[name], lambda function=None: _noted(made, function))
    said = [str(w.message) for w in heard if str(w.message).startswith("compile: ")]
    if isinstance(found[-1], Exception) and not isinstance(expected[-1], Exception):
        text = f"{type(found[-1]).__name__}: {found[-1]}"
        known = text.startswith("RecordingError") and "fix:" in text
        return Outcome("refused" if known else "obscure", text)
    where = difference(expected, found)
    if where is not None:
        return Outcome("silent", where)
    if said:
        return Outcome("refused", said[0])
    return Outcome("equal" if any(runner.uses > 1 for runner in _programs(made)) else "idle")


def _noted(made: list[Any], function: Any) -> Any:
    if function is None:
        return lambda function: _noted(made, function)
    made.append(compiled(function))
    return made[-1]


def _programs(made: list[Any]) -> Any:
    """All programs of these compiled steps, and of those that they are for each object as its methods."""
    for one in made:
        for runners in one.runners.values():
            yield from runners
        yield from _programs(list(one.methods))


def _run(build: Callable[[Any], Scene], compile: Any) -> list[Any]:
    """The results of every call, what was kept, and the error that ended it if one did."""
    tg.manual_seed(5)
    np.random.seed(5)
    seen: list[Any] = []
    try:
        scene = build(compile)
        for k in range(CALLS):
            if scene.between is not None:
                scene.between(k)
            seen.append(values(scene.step(*scene.batches[k % len(scene.batches)])))
    except Exception as error:
        seen.append(error)
        return seen
    seen.append([values(thing) for thing in scene.keep])
    seen.append(tg.rand(2).tolist())  # the generator stands where it should
    return seen


def values(thing: Any) -> Any:
    """Anything as nested lists of copied arrays and plain values."""
    if isinstance(thing, tg.Tensor):
        grad = None if thing.grad is None else thing.grad.array.copy()
        return ("tensor", thing.array.copy(), grad)
    if isinstance(thing, tg.nn.Module):
        return [(name, values(t)) for name, t in (*thing.named_parameters(), *thing.named_buffers())]
    if isinstance(thing, Optimizer):
        state = thing.state_dict()
        options = [{k: v for k, v in group.items() if not isinstance(v, tg.Tensor)} for group in state["param_groups"]]
        return [values(state["state"]), [sorted((k, repr(v)) for k, v in group.items()) for group in options]]
    if isinstance(thing, dict):
        return [(repr(key), values(item)) for key, item in thing.items()]
    if isinstance(thing, (list, tuple)):
        return [values(item) for item in thing]
    if isinstance(thing, np.ndarray):
        return thing.copy()
    return thing if isinstance(thing, (int, float, str, bool, type(None))) else repr(type(thing))


def difference(a: Any, b: Any, path: str = "") -> str | None:
    """Where two such values differ first; None if nowhere."""
    if isinstance(a, Exception) or isinstance(b, Exception):
        return None if isinstance(a, type(b)) or isinstance(b, type(a)) else f"{path}: {a!r} / {b!r}"
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        same = a.shape == b.shape and a.dtype == b.dtype and a.tobytes() == b.tobytes()
        same = same or (
            a.shape == b.shape and a.dtype == b.dtype and a.dtype.kind == "f" and np.array_equal(a, b, True)
        )
        return None if same else f"{path}: {a.dtype}{a.shape} {a.ravel()[:4]} / {b.dtype}{b.shape} {b.ravel()[:4]}"
    if isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)):
        if len(a) != len(b):
            return f"{path}: {len(a)} things / {len(b)}: {str(b[-1])[:300] if b else ''}"
        return next((d for k, (x, y) in enumerate(zip(a, b)) if (d := difference(x, y, f"{path}.{k}"))), None)
    same = type(a) is type(b) and (a == b or (a != a and b != b))
    return None if same else f"{path}: {str(a)[:100]} / {str(b)[:100]}"


rng = np.random.default_rng(3)


def batches(*shapes: Any, count: int = CALLS, classes: int = 3, dtype: Any = np.float32) -> list[tuple[Any, ...]]:
    """Batches of tensors: a shape is normal numbers, ("class", shape) are classes, ("unit", shape) numbers in (0, 1)."""
    found = []
    for k in range(count):
        made = []
        generator = np.random.default_rng(100 + k)
        for shape in shapes:
            if shape and shape[0] == "class":
                made.append(tg.tensor(generator.integers(0, classes, shape[1])))
            elif shape and shape[0] == "unit":
                made.append(tg.tensor(generator.random(shape[1]).astype(dtype)))
            elif shape and shape[0] == "sign":
                made.append(tg.tensor((generator.integers(0, 2, shape[1]) * 2 - 1).astype(dtype)))
            else:
                made.append(tg.tensor(generator.standard_normal(shape).astype(dtype)))
        found.append(tuple(made))
    return found
