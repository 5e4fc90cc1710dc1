"""Training, seen again: every kept moment looked at on a copy of the model, when training is over.

The copy gets the weights of each snapshot in turn. Random generators are put back afterwards, so that
looking changes nothing of what comes later.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.nn import Module
from tinygrad_nn.primitive import TYPES, wrap
from tinygrad_nn.train.copies import copied
from tinygrad_nn.train.doctor import Finding, diagnose
from tinygrad_nn.train.randomness import Randomness
from tinygrad_nn.viz.picture import square_side
from tinygrad_nn.viz.scene import PROBE, Look, Scene
from tinygrad_nn.viz.snapshots import Snapshot, sample

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Film", "Histograms", "copied"]

BINS = 40
_TILES, _VISITS = 12, 12  # first-layer images; moments at which the doctor looks


class Histograms:
    """One array over time: `counts` (moments, 40) in equal bins from `low` to `high`.

    The range holds all but the outermost 0.2 % of what was seen; those count at its ends. `spread` is the
    mean and the standard deviation at each moment, `bad` how many elements were NaN or infinite. A moment
    at which there was nothing has no counts and NaN.
    """

    def __init__(self, name: str, arrays: list[Any]) -> None:
        self.name = name
        self.arrays = arrays = [None if a is None else np.asarray(a, np.float64).reshape(-1) for a in arrays]
        finite = [a[np.isfinite(a)] for a in arrays if a is not None]
        ends = [np.quantile(a, (0.001, 0.999)) for a in finite if a.size]
        self.low = float(min((low for low, _ in ends), default=0.0))
        self.high = float(max((high for _, high in ends), default=1.0))
        if not self.high > self.low:
            self.low, self.high = self.low - 0.5, self.high + 0.5
        self.counts = np.zeros((len(arrays), BINS), int)
        self.bad = [0 if a is None else int(a.size - np.isfinite(a).sum()) for a in arrays]
        self.spread: list[tuple[float, float]] = []
        for k, a in enumerate(arrays):
            values = a[np.isfinite(a)] if a is not None else np.zeros(0)
            place = (values - self.low) / (self.high - self.low) * BINS
            self.counts[k] = np.bincount(np.clip(place, 0, BINS - 1).astype(int), minlength=BINS)
            self.spread.append((float(values.mean()), float(values.std())) if values.size else (np.nan, np.nan))


class Film:
    """What `Recorder.film()` gives.

    steps:       the moments
    weights, gradients, activations: `Histograms` of each parameter, or module
    updates:     by parameter, how much of its size one step changed it (NaN where that is not known)
    looks:       the picture of the scene at each moment, None where there is none
    images:      weights of the first layer as images (moments, up to 12, H, W), or None
    findings:    what the doctor found, with the steps at which
    visits:      the steps at which the doctor looked
    notes:       what could not be seen, and why
    """

    def __init__(self, model: Module, scene: Scene, snapshots: list[Snapshot], loss: Callable[..., Any] | None) -> None:
        self.model, self.scene, self.snapshots, self.loss = model, scene, list(snapshots), loss
        self.steps = [snapshot.step for snapshot in snapshots]
        self.notes: list[str] = []
        weights, updates = [s.weights() for s in snapshots], [s.updates() for s in snapshots]
        names = list(dict.fromkeys(name for s in snapshots for name in s.names))
        self.weights = [Histograms(n, [found.get(n) for found in weights]) for n in names]
        graded = [n for n in names if any(n in s.gradients for s in snapshots)]
        self.gradients = [Histograms(n, [s.gradients.get(n) for s in snapshots]) for n in graded]
        self.updates = {n: [found.get(n, np.nan) for found in updates] for n in names}
        self.images = self._images()
        self.looks: list[Look | None] = [None] * len(snapshots)
        self.activations: list[Histograms] = []
        self.findings: list[tuple[Finding, list[int]]] = []
        self.visits: list[int] = []
        if scene.inputs or scene.kind != "none":
            self._look()

    # -- on the copy -------------------------------------------------------------------------------

    def moments(self) -> Iterator[tuple[int, Module]]:
        """The copy in eval mode at each moment that can be put back, with the moment's number."""
        (copy,) = copied("Recorder", self.model)
        tensors = dict([*copy.named_parameters(), *copy.named_buffers()])
        last = len(self.snapshots) - 1
        if not self.snapshots[last].arrays:
            self.notes.append(
                "The model is too large to keep it whole: what it makes of the data is shown as it is now."
            )
        for k, snapshot in enumerate(self.snapshots):
            whole = all(n in snapshot.arrays and snapshot.arrays[n].shape == t.array.shape for n, t in tensors.items())
            if whole:
                for name, tensor in tensors.items():
                    tensor.data.copy_(wrap(snapshot.arrays[name]))
            if whole or k == last:
                yield k, copy.eval()

    def _look(self) -> None:
        randomness = Randomness(model=self.model)
        before = randomness.state()
        seen: list[dict[str, Any]] = [{} for _ in self.snapshots]
        places = np.linspace(0, len(self.snapshots) - 1, min(len(self.snapshots), _VISITS))
        visits = set(places.round().astype(int).tolist())
        try:
            for k, copy in self.moments():
                self.looks[k] = self.scene.look(copy)
                if self.scene.inputs:
                    seen[k] = _activations(copy, self._probe())
                    if k in visits:
                        self._visit(k, copy)
        finally:
            randomness.restore(before)
        names = list(dict.fromkeys(name for found in seen for name in found))
        self.activations = [Histograms(n, [found.get(n) for found in seen]) for n in names]

    def _probe(self) -> tuple[Any, ...]:
        return tuple([wrap(np.array(x[:PROBE])) for x in self.scene.inputs])

    def _visit(self, k: int, copy: Module) -> None:
        """Ask the doctor. Findings of one kind at one place are one, with the newest words."""
        self.visits.append(self.steps[k])
        batch = (*self._probe(), wrap(np.array(self.scene.target[:PROBE])))
        for finding in diagnose(copy, batch, self.loss):
            if finding.kind == "initial loss" and self.steps[k]:
                continue  # said of the beginning only
            place = next(
                (i for i, (f, _) in enumerate(self.findings) if (f.kind, f.where) == (finding.kind, finding.where)),
                None,
            )
            earlier = [] if place is None else self.findings.pop(place)[1]
            self.findings.append((finding, [*earlier, self.steps[k]]))
        copy.eval()

    def frames(self, size: int) -> Iterator[Figure]:
        """The scene at each moment, drawn."""
        for k, copy in self.moments():
            yield self.scene.figure(copy, f"step {self.steps[k]:,}", size)

    # -- weights as images -------------------------------------------------------------------------

    def _images(self) -> Any:
        """The first weight whose rows are square images, or that is a convolution's filters."""
        whole = [snapshot for snapshot in self.snapshots if snapshot.arrays]
        if len(whole) < len(self.snapshots):
            return None
        for name, p in self.model.named_parameters():
            shape = p.array.shape
            side = square_side(shape[1]) if len(shape) == 2 else None
            if any(s.arrays[name].shape != shape for s in whole):
                return None
            if side is not None:
                return np.stack([s.arrays[name][:_TILES].reshape(-1, side, side) for s in whole])
            if len(shape) == 4:
                return np.stack([s.arrays[name][:_TILES, 0] for s in whole])
            if len(shape) == 2:
                return None
        return None


def _activations(model: Module, inputs: tuple[Any, ...]) -> dict[str, Any]:
    """The output of each module that has none inside, as samples, by path; several calls of one are one array."""
    found: dict[str, list[Any]] = {}

    def hear(name: str) -> Callable[..., None]:
        def hook(_: Module, __: Any, out: Any) -> None:
            if type(out) in TYPES and out.array.dtype.kind == "f":
                found.setdefault(name, []).append(sample(out.array))

        return hook

    leaves = [(n, m) for n, m in model.named_modules() if not list(m.children())]
    handles = [module.register_forward_hook(hear(name or type(module).__name__)) for name, module in leaves]
    try:
        with no_grad():
            model(*inputs)
    finally:
        for handle in handles:
            handle.remove()
    return {name: np.concatenate(parts) for name, parts in found.items()}
