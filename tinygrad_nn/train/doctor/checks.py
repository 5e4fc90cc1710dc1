"""What experts look for, a function each: from what the probe saw to findings.

The limits are where healthy nets, freshly initialised or in the middle of training, do not come.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_nn.train.doctor.probe import Probe
from tinygrad_nn.train.doctor.report import Finding

__all__ = ["CHECKS"]

DEAD = 0.6  # share of units that are 0 for every sample
ENOUGH = 16  # values of a unit before it can be called dead
SATURATED = 0.65  # share of values where the slope is below 8 % of its largest
FLAT = {"sigmoid": 0.02, "tanh": 0.04}  # that near to an asymptote the slope is below 8 %
SHRINKS, GROWS = 1e-3, 1e3  # gradient at the first layer by that at the last
HUGE = 1e3  # norm of the gradient by that of the weights
SMALL_STEP, LARGE_STEP = 1e-5, 0.5  # update by weight
SAME = 1e-5  # spread of the outputs over the samples, by their size
LARGE_INPUT, OFF_CENTRE, SMALL_INPUT = 10.0, 10.0, 1e-2
LARGE_FEATURE, LARGE_TARGET = 30.0, 100.0


def inputs(seen: Probe) -> Iterator[Finding]:
    """Not finite, too large, far from 0, too small, or one feature of another scale than the rest."""
    for k, x in enumerate(seen.inputs):
        if x.dtype.kind != "f" or not x.size:
            continue
        where = "inputs" if len(seen.inputs) == 1 else f"input {k}"
        bad = int(np.count_nonzero(~np.isfinite(x)))
        if bad:
            text = f"{bad} of {x.size} input values are NaN or infinite"
            yield Finding("NaN in the data", where, bad, text, "clean the data: fill or drop what is missing")
            continue
        x = x.astype(np.float64)
        rms, mean, std = math.sqrt((x * x).mean()), float(x.mean()), float(x.std())
        fix = "x = (x - mean) / std of each feature over the training set, or x / 255 for pictures"
        each = np.sqrt((x * x).mean(0)).reshape(-1) if x.ndim == 2 else np.zeros(1)
        kind = "unnormalised inputs"
        if rms > LARGE_INPUT:
            text = f"values lie around {mean:.4g} with a spread of {std:.4g}; layers are made for a spread near 1"
            yield Finding(kind, where, rms, text, fix)
        elif each.max() > LARGE_FEATURE:
            worst = int(each.argmax())
            text = f"feature {worst} has a size of {each[worst]:.4g}, the median feature {np.median(each):.4g}"
            yield Finding(kind, where, float(each[worst]), text, fix)
        elif std > 0 and abs(mean) > OFF_CENTRE * std:
            text = f"the mean is {mean:.4g}, {abs(mean) / std:.1f} times the spread {std:.4g}"
            yield Finding(kind, where, abs(mean) / std, text, fix)
        elif 0 < np.abs(x).max() < SMALL_INPUT:
            text = f"no value is larger than {np.abs(x).max():.3g}; layers are made for a spread near 1"
            yield Finding(kind, where, float(np.abs(x).max()), text, fix)


def labels(seen: Probe) -> Iterator[Finding]:
    """Class numbers outside 0..C-1, above all those that were counted from 1."""
    classes = seen.classes
    if not classes or not seen.target.size:
        if seen.target is not None and seen.target.dtype.kind == "f" and seen.target.size:
            yield from _targets(seen)
        return
    counted = seen.target[seen.target >= 0]
    low, high = (int(counted.min()), int(counted.max())) if counted.size else (0, 0)
    kind = "labels off by one"
    if seen.shifted:
        text = f"labels run from {low} to {high}, but {classes} classes are numbered from 0 to {classes - 1}"
        yield Finding(kind, "labels", low, text, "target = target - 1")
    elif high >= classes:
        text = f"there is a label {high}, but the model has {classes} outputs (classes 0 to {classes - 1})"
        yield Finding(
            "labels out of range",
            "labels",
            high,
            text,
            f"out_features={high + 1} in the last layer, or mend the labels",
        )
    elif low >= 1 and high == classes - 1 and counted.size >= 10 * classes:
        text = f"of {counted.size} labels none is 0; they run from {low} to {high}, with one output too many"
        yield Finding(kind, "labels", low, text, f"target = target - 1, and {classes - 1} outputs")
    odd = sorted({int(label) for label in np.unique(seen.target[seen.target < 0])} - {-100})
    if odd:
        text = f"labels {odd} are negative; only ignore_index (-100) may be"
        yield Finding("labels out of range", "labels", odd[0], text, "number classes from 0")


def _targets(seen: Probe) -> Iterator[Finding]:
    target = seen.target.astype(np.float64)
    if not np.isfinite(target).all():
        bad = int(np.count_nonzero(~np.isfinite(target)))
        text = f"{bad} of {target.size} target values are NaN or infinite"
        yield Finding("NaN in the data", "labels", bad, text, "clean the data: drop these samples")
        return
    rms = math.sqrt((target * target).mean())
    if rms > LARGE_TARGET:
        text = f"targets have a size of {rms:.4g}; the outputs of a fresh net are near 0"
        fix = "train on (y - mean) / std of the training set, and turn predictions back"
        yield Finding("unnormalised targets", "labels", rms, text, fix)


def loss(seen: Probe) -> Iterator[Finding]:
    """No loss, a loss that is not finite, or one far above that of guessing."""
    if seen.error:
        fix = "mend this first: shapes and dtypes of output and target must suit the loss"
        yield Finding("the loss fails", "loss", math.nan, seen.error.splitlines()[0], fix)
    if (math.isnan(seen.value) and not seen.error) or math.isinf(seen.value):
        text = f"the loss is {seen.value}"
        fix = "train.fit names the first operation that made it; log(0) and 0/0 are the usual ones"
        yield Finding("loss is not finite", "loss", seen.value, text, fix)
    name = seen.loss_name.lower().replace("_", "")
    classes = (
        seen.classes
        if "crossentropy" in name and "binary" not in name
        else 2
        if name.startswith(("bce", "binary"))
        else 0
    )
    out = seen.outputs
    if classes > 1 and "crossentropy" in name and out is not None and out.ndim == 2 and seen.classes:  # noqa: SIM102
        if (out >= 0).all() and np.allclose(out.sum(1), 1, atol=1e-4):
            text = f"{seen.loss_name} takes logits, but each row of the outputs is made of probabilities that sum to 1"
            yield Finding(
                "softmax before the loss", "outputs", 1.0, text, "leave out the softmax at the end of the model"
            )
    if classes > 1 and math.isfinite(seen.value):
        guess = math.log(classes)
        if seen.value > 1.5 * guess + 0.5:
            text = f"the loss is {seen.value:.4g}; guessing among {classes} classes gives ln {classes} = {guess:.4g}"
            fix = "a smaller initial last layer (weight * 0.1, bias 0); normalised inputs; are the labels right?"
            yield Finding("initial loss", "loss", seen.value, text, fix)


def outputs(seen: Probe) -> Iterator[Finding]:
    """The same output whatever goes in."""
    out = seen.outputs
    if out is None or out.dtype.kind != "f" or not out.size:
        return
    if not np.isfinite(out).all():
        bad = int(np.count_nonzero(~np.isfinite(out)))
        yield Finding(
            "outputs are not finite",
            "outputs",
            bad,
            f"{bad} of {out.size} outputs are NaN or infinite",
            "look at the weights",
        )
        return
    if (
        out.ndim == 0
        or out.shape[0] < 2
        or not any(_varies(x) for x in seen.inputs if x.ndim and x.shape[0] == out.shape[0])
    ):
        return
    out = out.astype(np.float64)
    spread = float(out.std(0).max())
    size = math.sqrt((out * out).mean())
    if spread <= SAME * size:
        text = f"over {out.shape[0]} different samples the outputs spread by {spread:.3g} around a size of {size:.3g}"
        fix = "look for dead or saturated layers, weights of 0, or an input that forward() does not use"
        yield Finding("output ignores the input", "outputs", spread, text, fix)


def _varies(x: Any) -> bool:
    return bool((x != x[:1]).any())


def dead_relus(seen: Probe) -> Iterator[Finding]:
    """Units that are 0 for every sample: no gradient comes back through them."""
    for activation in seen.activations:
        values = activation.values
        if activation.kind != "relu" or values.ndim < 2:
            continue
        units = values.shape[activation.units]
        if values.size // max(units, 1) < ENOUGH:
            continue
        alive = (np.moveaxis(values, activation.units, -1).reshape(-1, units) > 0).any(0)
        share = 1 - float(alive.mean())
        if share >= DEAD:
            text = f"{100 * share:.0f} % of its {units} units give 0 for all samples, and can no longer learn"
            fix = "a smaller lr, He initialisation with bias 0, normalised inputs, or LeakyReLU"
            yield Finding("dead ReLU", activation.where, share, text, fix)


def saturated(seen: Probe) -> Iterator[Finding]:
    """Sigmoids and tanhs at their asymptotes, where the slope is nearly 0."""
    for activation in seen.activations:
        if activation.kind not in FLAT or not activation.values.size:
            continue
        values, margin = activation.values, FLAT[activation.kind]
        low = 0.0 if activation.kind == "sigmoid" else -1.0
        flat = (values < low + margin) | (values > 1 - margin)
        if activation.is_output:  # a net that is sure is not ill; one that is sure and wrong is
            if seen.target is None or seen.target.shape != values.shape:
                continue
            flat &= np.abs(values - seen.target) > 0.5 * (1 - low)
        share = float(flat.mean())
        if share >= (SATURATED if not activation.is_output else 0.25):
            wrong = " on the wrong side" if activation.is_output else ""
            text = f"{100 * share:.0f} % of its values lie at the asymptotes{wrong}, where the slope is below 8 % of its largest"
            fix = "smaller initial weights (Xavier), normalised inputs, a smaller lr, or ReLU"
            yield Finding(f"saturated {activation.kind}", activation.where, share, text, fix)


def gradient_flow(seen: Probe) -> Iterator[Finding]:
    """Gradients that die out, or grow, on their way to the first layer."""
    if seen.gradients is None:
        return
    given = [g for g in seen.gradients.values() if g is not None]
    if not all(np.isfinite(g).all() for g in given):
        name = next(n for n, g in seen.gradients.items() if g is not None and not np.isfinite(g).all())
        fix = "train.fit names the operation; clip_norm=1.0 does not help against NaN"
        yield Finding("gradient is not finite", name, math.nan, f"the gradient of {name} holds NaN or infinities", fix)
        return
    total = math.sqrt(sum(float((g.astype(np.float64) ** 2).sum()) for g in given))
    size = math.sqrt(sum(float((w.astype(np.float64) ** 2).sum()) for w in seen.weights.values()))
    living = [(name, norm) for name, norm in seen.layers if norm > 0]
    grown = shrunk = 1.0
    if len(living) > 1:
        last = living[-1][1]
        most, least = max(living[:-1], key=lambda pair: pair[1]), min(living[:-1], key=lambda pair: pair[1])
        grown, shrunk = most[1] / last, least[1] / last
    if grown > GROWS:
        text = f"the gradient at its output is {grown:.3g} times that at the last layer, {living[-1][0]}"
        fix = "clip_norm=1.0, smaller initial weights (He, Xavier), normalisation layers, residual connections"
        yield Finding("exploding gradient", most[0], grown, text, fix)
    elif size and total > HUGE * size:
        name = max(
            seen.gradients,
            key=lambda n: 0 if seen.gradients[n] is None else float(np.linalg.norm(seen.gradients[n])),  # type: ignore[index]
        )
        text = f"the gradient is {total / size:.3g} times as large as the weights; its largest part is that of {name}"
        fix = "clip_norm=1.0, smaller initial weights, normalised inputs and targets"
        yield Finding("exploding gradient", name, total / size, text, fix)
    if shrunk < SHRINKS:
        text = f"the gradient at its output is {shrunk:.3g} times that at the last layer, {living[-1][0]}"
        fix = "ReLU instead of sigmoids, He or Xavier initialisation, normalisation layers, residual connections, fewer layers"
        yield Finding("vanishing gradient", least[0], shrunk, text, fix)


def no_gradient(seen: Probe) -> Iterator[Finding]:
    """Parameters that cannot learn: unused, cut off, or not given to the optimizer."""
    if seen.gradients is not None:
        unused = [name for name, g in seen.gradients.items() if g is None]
        zero = [name for name, g in seen.gradients.items() if g is not None and g.size and not g.any()]
        if unused:
            text = f"no gradient reaches {_listed(unused)}: the loss does not depend on it"
            fix = "use the layer in forward(), take out detach() and no_grad(), or requires_grad_(False) if it is meant"
            yield Finding("no gradient", unused[0], len(unused), text, fix)
        if zero:
            text = f"the gradient of {_listed(zero)} is exactly 0"
            fix = "look at the layers behind it: dead ReLUs, weights of 0, an output that is not used"
            yield Finding("no gradient", zero[0], len(zero), text, fix)
    if seen.missing:
        text = f"the optimizer does not have {_listed(seen.missing)}"
        fix = "make the optimizer after the model is complete: optim.Adam(model.parameters())"
        yield Finding("not in the optimizer", seen.missing[0], len(seen.missing), text, fix)
    if seen.strangers:
        text = f"{seen.strangers} of the optimizer's parameters are not the model's"
        yield Finding(
            "foreign parameters", "optimizer", seen.strangers, text, "was the model made again? make the optimizer anew"
        )


def _listed(names: list[str]) -> str:
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def updates(seen: Probe) -> Iterator[Finding]:
    """Steps that change the weights by too much, or by nothing that counts."""
    if seen.updates is None:
        return
    ratios = {}
    for name, update in seen.updates.items():
        weight, g = seen.weights[name], (seen.gradients or {}).get(name)
        if weight.ndim < 2 or g is None or not g.any() or not weight.any() or name in seen.missing:
            continue
        touched = g != 0 if g.size and (g != 0).mean() < 0.5 else np.ones(g.shape, bool)  # an embedding's rows
        size = float(np.sqrt((weight[touched].astype(np.float64) ** 2).mean()))
        if size:
            ratios[name] = float(np.sqrt((update[touched].astype(np.float64) ** 2).mean())) / size
    kind = "update-to-weight ratio"
    for word, picked, fix in (
        (
            "large",
            {n: r for n, r in ratios.items() if not r <= LARGE_STEP},
            "a smaller lr (train.find_lr looks for one), or clip_norm=1.0",
        ),
        (
            "small",
            {} if _nearly_right(seen) else {n: r for n, r in ratios.items() if r < SMALL_STEP},
            "a larger lr (train.find_lr looks for one)",
        ),
    ):
        if picked:
            name = max(
                picked, key=lambda n: abs(math.log(picked[n] or 1e-300)) if math.isfinite(picked[n]) else math.inf
            )
            others = f" ({len(picked)} of {len(ratios)} weights are so)" if len(picked) > 1 else ""
            text = f"one step changes it by {picked[name]:.3g} of its size, which is too {word}: about 0.001 is usual{others}"
            yield Finding(kind, name, picked[name], text, fix)


def _nearly_right(seen: Probe) -> bool:
    """A classifier with hardly any loss left takes small steps because there is nothing to learn."""
    name = seen.loss_name.lower().replace("_", "")
    return ("entropy" in name or name.startswith("bce")) and seen.value < 0.05 * math.log(2)


CHECKS: tuple[Callable[[Probe], Iterator[Finding]], ...] = (
    inputs, labels, loss, dead_relus, saturated, outputs, gradient_flow, no_gradient, updates,
)  # fmt: skip
"""In the order in which causes come before their consequences."""
