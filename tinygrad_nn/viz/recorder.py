"""`viz.Recorder`: what training looked like, gathered while it runs, at a stated cost.

During training it only notes numbers and copies weights. Whatever must be computed (decision regions,
activations, histograms, the doctor's findings) is computed afterwards, on a copy of the model that is
put back to each of the kept moments: see `film`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.nn import Module
from tinygrad_nn.optim import Optimizer
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.train.callbacks import Callback
from tinygrad_nn.train.copies import copied
from tinygrad_nn.train.randomness import Randomness
from tinygrad_nn.viz.budget import Budget, Clock, seconds
from tinygrad_nn.viz.chart import chart
from tinygrad_nn.viz.film import Film
from tinygrad_nn.viz.live import Live, html_of
from tinygrad_nn.viz.render import write
from tinygrad_nn.viz.run_page import run_page
from tinygrad_nn.viz.scene import Scene, scene_of
from tinygrad_nn.viz.snapshots import Series, Snapshots, samples_of, take
from tinygrad_nn.viz.summary import number

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from tinygrad_nn.train.loop import Training

__all__ = ["Recorder"]

_FEWEST = 8  # whole copies of a model, or none
_TIMES = 2.5  # what a second in here costs: training is slower afterwards, since the processor's caches forgot it
_NOTES, _SHOWN = 0.2, 0.3  # of the share: numbers, a live display; the rest is for copies


class Recorder(Callback):
    """Gathers, while `model` is trained: curves, copies of the weights, gradients, update ratios.

    In a loop of one's own, call `recorder.step(loss=loss)` after each `optimizer.step()`; with `train.fit`
    give it in `callbacks=[recorder]`. Then `recorder.page("run.html")` writes one offline page with a slider
    over training, `viz.curves(recorder)` and `viz.histograms(recorder)` draw figures, `recorder.frames()`
    gives the pictures for `viz.animation`.

    data:      (x, y) to look at the model with, on copies of it: points (N, 2) with classes or values give
               decision regions or a surface, (N, 1) a curve, images or anything else the predictions of some
               samples; activations and the doctor's findings come from up to 256 of them
    picture:   instead of that a function of the model whose result (H, W) or (H, W, 3) is the picture
    loss:      loss(output, target), for the doctor
    optimizer: its learning rate becomes a curve
    classes:   their names
    threshold: for data of two classes and a model with one output: class 1 is above it (0 for logits)
    share:     of the time that training takes, how much recording may take. It measures itself, and looks
               less often where it must; `recorder.cost` says what it has cost
    every:     copy the weights every so many steps, whatever that costs
    snapshots: copies kept at most; when there are more, every second one goes
    memory:    bytes that the copies may take. A model of which 8 do not fit is kept as histograms only
    live:      True shows the curves while training runs, in a terminal or a notebook; a file name draws
               them into that PNG

    The numbers of training stay as they are, bit for bit: the model is only read.

    Raises TypeError for what is no Module, ValueError for a share that is not above 0 and for data that
    the model does not take.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn, optim, viz
    >>> _ = tg.manual_seed(0)
    >>> x = tg.rand(64, 2)
    >>> y = (x[:, 0] > x[:, 1]).long()
    >>> net, loss_of = nn.Linear(2, 2), nn.CrossEntropyLoss()
    >>> optimizer = optim.Adam(net.parameters(), lr=0.05)
    >>> recorder = viz.Recorder(net, (x, y), optimizer=optimizer, every=10)
    >>> for _ in range(50):
    ...     optimizer.zero_grad()
    ...     loss = loss_of(net(x), y)
    ...     loss.backward()
    ...     optimizer.step()
    ...     recorder.step(loss=loss)
    >>> [snapshot.step for snapshot in recorder.snapshots]
    [0, 10, 20, 30, 40, 50]
    >>> recorder.curves["loss"].last < recorder.curves["loss"].values[0]
    True
    """

    def __init__(
        self, model: Module, data: Any = None, *, picture: Callable[[Module], Any] | None = None,
        loss: Callable[..., Any] | None = None, optimizer: Optimizer | None = None,
        classes: Sequence[str] | None = None, threshold: float = 0.0, share: float = 0.05, every: int | None = None,
        snapshots: int = 60, memory: int = 128 * 2**20, live: bool | str | os.PathLike[str] = False,
    ) -> None:  # fmt: skip
        _check(model, share, every, snapshots, loss)
        self.model, self.loss, self.optimizer = model, loss, optimizer
        self.scene: Scene = scene_of(model, data, picture, classes, threshold)
        self.curves: dict[str, Series] = {}
        self.steps = 0
        self.epochs: list[int] = []  # the step at which each epoch ended
        size = sum(t.array.nbytes for t in (*model.parameters(), *model.buffers()))
        self._whole = _FEWEST * size <= memory
        fits = memory // max(size, 1) if self._whole else snapshots
        self.snapshots = Snapshots(max(2, min(snapshots, fits)))
        self.every = every
        self._clock = Clock()
        self._notes = Budget(share * _NOTES / _TIMES)
        self._copies = Budget(share * (1 - _NOTES - _SHOWN * bool(live)) / _TIMES)
        self._shown = Budget(share * _SHOWN / _TIMES)
        self.live = None if live is False else Live(None if live is True else live)
        self._before: tuple[int, dict[str, Any]] = (-1, {})
        self._prepared = 0.0  # the seconds that `_before` took
        self._begin()
        self._film: Film | None = None
        if self.scene.inputs or picture is not None:
            _try(self.scene, model)
        self._copy()

    def _begin(self) -> None:
        self._next = self._next_note = self._next_show = self.steps + 1
        self._next_copy = self.steps + (self.every or 1)

    # -- during training ---------------------------------------------------------------------------

    def step(self, numbers: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """One training step is done; `numbers` are those of this step: `recorder.step(loss=loss, accuracy=0.9)`.

        Numbers are Python's, NumPy's, or tensors of one element; `validation_loss` is called "validation loss".
        Where steps are so short that noting each would cost too much, some are left out.
        """
        self.steps += 1
        if self.steps < self._next:
            return
        begin = seconds()
        self._clock.enter(begin, self.steps)
        noted = self.steps >= self._next_note
        now = self._notice(numbers, more, begin) if noted else begin
        if self.steps >= self._next_copy - 1:
            now = self._copy_if_due(now)
        if self.live is not None and self.steps >= self._next_show and self.curves:
            now = self._show(now)
        self._next = min(self._next_note, max(self._next_copy - 1, self.steps + 1))
        if self.live is not None:
            self._next = min(self._next, self._next_show)
        end = seconds()
        (self._notes if noted else self._copies).spent += end - now
        self._clock.leave(end, self.steps)

    def log(self, numbers: Mapping[str, Any] | None = None, /, **more: Any) -> None:
        """Note numbers that come now and then, such as `recorder.log(validation_loss=value)`, at the present step.

        Raises ValueError for what is not one number.
        """
        for name, value in {**(numbers or {}), **more}.items():
            self._add(name, value)

    def _notice(self, numbers: Mapping[str, Any] | None, more: dict[str, Any], begin: float) -> float:
        for name, value in more.items():
            self._add(name, value)
        if numbers:
            self.log(numbers)
        if self.optimizer is not None and "lr" not in more:
            self._add("lr", self.optimizer.param_groups[0]["lr"])
        now = seconds()
        self._notes.pay(now - begin)
        self._next_note = self.steps + self._notes.wait(self._clock)
        return now

    def _add(self, name: str, value: Any) -> None:
        name = name.replace("_", " ")
        series = self.curves.get(name)
        if series is None:
            series = self.curves[name] = Series()
        series.add(self.steps, _float(name, value))

    def _copy_if_due(self, begin: float) -> float:
        """Copy the model, or, one step before that, as much of it as tells how large that step will be."""
        begun = self._before[0] == self.steps - 1
        if not self.every and not begun and not self._copies.affords(self._clock):
            self._next_copy = self.steps + max(2, self._copies.wait(self._clock))
            return begin
        if self.steps < self._next_copy:
            self._before = (self.steps, samples_of(self.model))
            now = self._prepared = seconds()
            self._prepared -= begin
            return now
        self._copy()
        now = seconds()
        self._copies.pay(now - begin + self._prepared * begun)
        pause = self.every or self._copies.wait(self._clock)
        self._next_copy = max(self.steps + pause, self.snapshots.next_step)
        return now

    def _copy(self) -> None:
        earlier = self.steps - 1
        if self._before[0] != earlier and self.snapshots.kept and self.snapshots.kept[-1].step == earlier:
            self._before = (earlier, self.snapshots.kept[-1].weights())
        before = self._before[1] if self._before[0] == earlier else {}
        self.snapshots.add(take(self.model, self.steps, before, whole=self._whole))
        self._film = None

    def _show(self, begin: float) -> float:
        assert self.live is not None
        self.live.show(self.curves, self._title())
        now = seconds()
        self._shown.pay(now - begin)
        self._next_show = self.steps + self._shown.wait(self._clock)
        return now

    # -- as a callback of train.fit ----------------------------------------------------------------

    def on_fit_begin(self, training: Training) -> None:
        """Take what `fit` knows: the optimizer, the loss, and where a checkpoint leaves off."""
        self.optimizer = self.optimizer or training.optimizer
        self.loss = self.loss or training.loss
        if training.resumed:
            self.steps = training.step
            self.snapshots.kept.clear()
            self._copy()
        if self.live is not None:  # one display at a time
            training.progress.bars = training.progress.lines = False

    def on_batch_end(self, training: Training) -> None:
        """A step is done."""
        self.step(loss=training.loss_value)

    def on_epoch_end(self, training: Training) -> None:
        """Note the metrics, and what validation gave."""
        self.epochs.append(self.steps)
        known = ("epoch", "loss", "lr", "seconds")
        self.log({n: v for n, v in training.row.items() if n not in known and not np.ndim(v) and _is_number(v)})

    def on_fit_end(self, training: Training) -> None:
        """Keep the last moment, and show the curves to their end."""
        self.finish()

    def state_dict(self) -> dict[str, Any]:
        """The curves, for a checkpoint; copies of the weights begin anew after it."""
        curves = {name: {"steps": np.array(s.steps), "values": np.array(s.values)} for name, s in self.curves.items()}
        return {"curves": curves, "epochs": list(self.epochs), "steps": self.steps}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what `state_dict` gave."""
        self.steps, self.epochs = int(state["steps"]), [int(step) for step in state["epochs"]]
        self.curves = {}
        for name, kept in state["curves"].items():
            series = self.curves[name] = Series()
            for step, value in zip(np.asarray(kept["steps"]), np.asarray(kept["values"]), strict=True):
                series.add(int(step), float(value))
        self._begin()

    # -- afterwards --------------------------------------------------------------------------------

    @property
    def cost(self) -> float:
        """What recording has cost so far, as a share of the time that the training steps took: 0.03 is 3 %.

        It is the time spent in here times 2.5, since training is slower for a while after a copy; the factor
        is what `docs/recorder_cost.py` found, which trains side by side with a recorder and without.
        """
        spent = self._notes.spent + self._copies.spent + self._shown.spent
        return _TIMES * spent / self._clock.training if self._clock.training else 0.0

    def finish(self) -> None:
        """Keep the model as it is now, and bring a live display up to date."""
        if self.snapshots.kept[-1].step != self.steps:
            self._copy()
        if self.live is not None and self.curves:
            self.live.show(self.curves, self._title(), last=True)

    def film(self) -> Film:
        """All that there is to see, computed from the copies: `Film`."""
        if self.snapshots.kept[-1].step != self.steps:
            self._copy()
        if self._film is None:
            self._film = Film(self.model, self.scene, self.snapshots.kept, self.loss)
        return self._film

    def page(self, path: str | os.PathLike[str] = "run.html", *, title: str = "") -> Path:
        """Write one offline HTML page with a slider over training. Returns the path.

        Raises OSError where the file cannot be written.
        """
        return write(path, run_page(self.film(), self.curves, title or Path(path).stem, self.epochs, self.cost))

    def frames(self, *, size: int = 200) -> Iterator[Figure]:
        """The picture at each kept moment, as matplotlib figures: for `viz.animation`.

        Raises ValueError where neither two-dimensional `data` nor a `picture` was given.
        """
        yield from self.film().frames(size)

    def _title(self) -> str:
        return f"{type(self.model).__name__}, step {self.steps:,}" + f", epoch {len(self.epochs)}" * bool(self.epochs)

    def __str__(self) -> str:
        return "\n".join([repr(self), chart(self.curves)] if self.curves else [repr(self)])

    def __repr__(self) -> str:
        last = "".join(f", {name} {number(series.last)}" for name, series in self.curves.items())
        return f"<Recorder of {self._title()}: {len(self.snapshots)} moments, cost {100 * self.cost:.1f} %{last}>"

    def _repr_html_(self) -> str:
        """The curves, for a notebook."""
        return html_of(self.curves, repr(self))


def _try(scene: Scene, model: Module) -> None:
    """Look at the model once, so that data that do not suit it are refused before training."""
    randomness = Randomness(model=model)
    before = randomness.state()
    try:
        copy = copied("Recorder", model)[0].eval()
        scene.look(copy)
    except Exception as error:
        if hasattr(error, "add_note"):
            error.add_note("viz.Recorder: the model was to be looked at with this data, or picture")
        raise
    finally:
        randomness.restore(before)


def _float(name: str, value: Any) -> float:
    if type(value) in TYPES:
        value = value.array
        if value.size == 1:
            return float(value.reshape(()))
    try:
        return float(value)
    except (TypeError, ValueError):
        got = f"shape {np.shape(value)}" if np.ndim(value) else repr(value)
        raise ArgumentError(message(f"Recorder: {name} is not one number", got=got, fix="value.mean()")) from None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def _check(model: Any, share: float, every: int | None, snapshots: int, loss: Any) -> None:
    if not isinstance(model, Module):
        raise TypeError(message("Recorder: model is not an nn.Module", got=type(model).__name__))
    if not isinstance(share, (int, float)) or not share > 0:
        raise ArgumentError(message("Recorder: share must be above 0", got=share, fix="0.05 for 5 % of the time"))
    if every is not None and (not isinstance(every, int) or every < 1):
        raise ArgumentError(message("Recorder: every is a positive number of steps", got=repr(every)))
    if not isinstance(snapshots, int) or snapshots < 2:
        raise ArgumentError(message("Recorder: at least 2 snapshots must be kept", got=repr(snapshots)))
    if isinstance(loss, type):
        fix = f"make the object: {loss.__name__}()"
        raise TypeError(message("Recorder: loss is a class", got=loss.__name__, fix=fix))
