"""One integer → one program of up to 30 operations, with the gradients that are asked of it at its end."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from .draw import Draw, product, spelled
from .memory import DIFFERENTIATING, VIEWS, WRITES
from .run import Run, assigned, flags_of, quiet, run
from .statements import EXPRESSIONS

__all__ = ["Program", "generate"]

LARGEST = 1e3


@dataclass(frozen=True, slots=True, eq=False)
class Program:
    """The lines of a program, whether flags are looked at after each, and what the oracle made of it."""

    seed: int
    lines: tuple[str, ...]
    watch: bool
    run: Run


def generate(seed: int, oracle: Any) -> Program:
    """The program of this seed. It runs in `oracle` while it is being drawn, to know shapes."""
    with quiet(oracle):
        d = Draw(seed, oracle)
        d.session.watch = watch = d.chance(0.5)
        lines: list[str] = []
        for _ in range(d.r.randint(2, 4)):
            _keep(d, lines, _leaf(d))
        writes = d.any_of(0.0, 0.3, 1.0, 2.0)  # some programs write much, some never
        views = d.any_of(0.3, 1.0, 2.0)
        table = {**EXPRESSIONS, **{f: w * views for f, w in VIEWS.items()}, **{f: w * writes for f, w in WRITES.items()},
                 **DIFFERENTIATING}  # fmt: skip
        drawers, weights = list(table), list(table.values())
        length = d.r.randint(4, 30)
        for _ in range(2 * length):
            if len(lines) >= length or not _step(d, lines, d.r.choices(drawers, weights)[0]):
                break
        _ending(d, lines)
        if d.retried:  # what is left out may have left its mark
            return Program(seed, tuple(lines), watch, run(lines, oracle, watch=watch))
        return Program(seed, tuple(lines), watch, d.session.finish())


def _leaf(d: Draw) -> str:
    """A tensor that the user makes: mostly one that requires grad, in several layouts. (Not as a view of memory
    without a gradient: PyTorch 2.13 lets such a leaf lose the gradient of its views once they are written.)"""
    shape = d.new_shape()
    name = d.new()
    grad = d.chance(0.7)
    if not product(shape):
        return f"{name} = lib.zeros({shape}, requires_grad={grad})"
    how = d.r.random()
    ask = ".requires_grad_()" if grad else ""
    if how < 0.08 and len(shape) > 1:
        order = d.r.sample(range(len(shape)), len(shape))
        stored = tuple(shape[k] for k in order)
        back = tuple(order.index(k) for k in range(len(shape)))
        return f"{name} = lib.tensor({spelled(d.data(stored))}).permute({back}).data{ask}"
    if how < 0.12:
        stored = tuple(1 if d.chance(0.5) else size for size in shape)
        return f"{name} = lib.tensor({spelled(d.data(stored))}).expand({shape}).data{ask}"
    if how < 0.16 and shape:
        return f"{name} = lib.tensor({spelled(d.data((*shape[:-1], 2 * shape[-1])))})[..., ::2].data{ask}"
    if how < 0.2:
        return f"{name} = lib.tensor({[d.r.randint(0, 4) for _ in range(shape[-1] if shape else 1)]})"
    if how < 0.23:
        return f"{name} = lib.zeros({shape})"
    return f"{name} = lib.tensor({spelled(d.data(shape))}" + (", requires_grad=True)" if grad else ")")


def _step(d: Draw, lines: list[str], drawer: Any) -> bool:
    """Draw one statement and run it; False where the program had better end."""
    text = drawer(d)
    if text is None or "None." in text or "(None)" in text:
        return True
    pure = drawer in EXPRESSIONS
    asks = drawer in DIFFERENTIATING
    if pure:
        text = f"{d.new()} = {text}"
    error = d.session.do(text)
    made = assigned(text)
    values = [d.value(name) for name in (made if pure else d.names) if name in d.session.space]
    tame = all(_tame(value) for value in values)
    odd = (pure and not tame) or (error is not None and (pure or asks))
    overlaps = "refer to a single memory location" in str(error)  # undefined, and PyTorch notices some cases only
    half_done = error is not None and "backward(" in text  # which gradients a refused walk has reached is open
    if (odd and (half_done or not d.chance(0.02 if asks else 0.1))) or (overlaps and not d.chance(0.1)):
        d.retried = True
        for name in made:
            d.session.space.pop(name, None)
        return True
    lines.append(text)
    d.names += [name for name in _new_names(d, text) if name not in d.names]
    return tame or d.corners


def _keep(d: Draw, lines: list[str], text: str) -> None:
    lines.append(text)
    d.session.do(text)
    d.names += [name for name in assigned(text) if name in d.session.space]


def _new_names(d: Draw, text: str) -> list[str]:
    names = assigned(text.split(": ", 1)[1] if text.startswith("with ") else text)
    return [name for name in names if name[0] == "v" and hasattr(d.session.space.get(name), "numel")]


def _tame(value: Any) -> bool:
    if value is None or not hasattr(value, "numel") or not value.is_floating_point() or not value.numel():
        return True
    largest = float(value.detach().abs().max())
    return math.isfinite(largest) and largest < LARGEST and value.numel() <= 400


def _ending(d: Draw, lines: list[str]) -> None:
    """Ask for gradients and second gradients of some of the results, then for `.grad` of one."""
    flags = {name: flags_of(d.value(name)) for name in d.names}
    leaves = [name for name, seen in flags.items() if seen == (True, True)]
    inner = [name for name, seen in flags.items() if seen == (True, False)]
    if not leaves or not inner:
        return
    listed = ", ".join(leaves)
    also = f", {d.r.choice(inner)}" if d.chance(0.3) and not d.watched else ""
    ends = dict.fromkeys([inner[-1], *[d.r.choice(inner) for _ in range(5)]])
    for name in ends:
        g = d.new().replace("v", "g")
        if _keep_end(d, lines, f"{g} = first({name}, [{listed}{also}])") and not d.watched:
            _keep_end(d, lines, f"{g.replace('g', 'h')} = second({g}, [{listed}])")
    _keep_end(d, lines, f"total({d.r.choice(inner)}).backward()")


def _keep_end(d: Draw, lines: list[str], text: str) -> bool:
    """Gradients are the purpose here, refusals not: few are kept."""
    if d.session.do(text) is None:
        lines.append(text)
        return True
    if "backward(" not in text and d.chance(0.02):
        lines.append(text)
    else:
        d.retried = True
    return False
