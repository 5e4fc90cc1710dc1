"""Every sample of the parity tables as a case of the 16-bit walk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from tests.half.measure import Ran, complaints, found, usual_errors
from tests.parity.runner import call_of, make_leaf, projection, view_of
from tests.parity.sample import Sample
from tests.parity.samples import OPERATIONS, samples_of


def rounded(torch: Any, one: Sample, kind: str) -> Sample:
    """The sample with inputs that a 16-bit type holds, so that a float64 run starts from the same numbers."""

    def fitted(array: Any) -> Any:
        return np.array(torch.tensor(np.asarray(array, np.float64)).to(getattr(torch, kind)).double().numpy())

    inputs = tuple([replace(x, array=fitted(x.array)) if x.dtype == "real" else x for x in one.inputs])
    return replace(one, inputs=inputs)


def run(one: Sample, lib: Any, real: str, kind: str, ours: bool) -> Ran:
    """A sample in the float dtype `real`, with cotangents that the 16-bit type `kind` holds."""
    text = one.ours if ours and one.ours is not None else one.text
    leaves = [make_leaf(lib, given, real) for given in one.inputs]
    bases = [leaf.clone() for leaf in leaves] if one.writes else leaves
    views = [view_of(base, given) for base, given in zip(bases, one.inputs, strict=True)]
    result = call_of(text, len(views))(lib, *views)
    tensors = list(flat(lib, [result, *bases] if one.writes else [result]))
    ran = Ran([found(lib, t) for t in tensors])
    if not one.differentiable:
        return ran
    outputs = [t for k, t in enumerate(tensors) if t.requires_grad and not any(t is u for u in tensors[:k])]
    asked = {f"gradient of {'xyzwvu'[k]}": leaf for k, leaf in enumerate(leaves) if leaf.requires_grad}
    if not outputs or not asked:
        return ran
    cotangents = [
        lib.tensor(projection(tuple(t.shape), k)).to(getattr(lib, kind)).to(t.dtype) for k, t in enumerate(outputs)
    ]
    grads = lib.autograd.grad(outputs, list(asked.values()), cotangents, allow_unused=True)
    ran.grads = {name: found(lib, g) for name, g in zip(asked, grads, strict=True) if g is not None}
    return ran


def flat(lib: Any, value: Any) -> Iterator[Any]:
    """All tensors of a nested result, in order."""
    if isinstance(value, lib.Tensor):
        yield value
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from flat(lib, item)
    elif isinstance(value, dict):
        yield from flat(lib, list(value.values()))


def cases(op: str) -> Iterator[tuple[str, Sample]]:
    """The samples of an operation whose inputs follow the run's dtype."""
    for name, one in samples_of(op).items():
        if any(x.dtype == "real" for x in one.inputs):
            yield name, one


def check(op: str, kind: str, torch: Any, lib: Any) -> tuple[int, dict[str, list[str]]]:
    """How many samples of an operation ran in a 16-bit type, and what is wrong, by the sample's name.

    A sample that PyTorch cannot run in that type, or not in float64, does not count.
    """
    expected: dict[str, tuple[Sample, Ran, Ran]] = {}
    for name, one in cases(op):
        fitted = rounded(torch, one, kind)
        try:
            pair = run(fitted, torch, kind, kind, False), run(fitted, torch, "float64", kind, False)
        except Exception:
            continue
        expected[name] = fitted, *pair
    usual = usual_errors([(theirs, exact) for _, theirs, exact in expected.values()])
    wrong = {}
    for name, (fitted, theirs, exact) in expected.items():
        try:
            lines = complaints(run(fitted, lib, kind, kind, True), theirs, exact, usual)
        except Exception as error:
            lines = [f"raises {type(error).__name__}: {error}"]
        if lines:
            wrong[name] = lines
    return len(expected), wrong


__all__ = ["OPERATIONS", "cases", "check", "flat", "rounded", "run"]
