"""How good a model is: numbers that are summed up batch by batch and come out as if all had been seen at once.

A metric is an object with `reset()`, `update(output, target)` and `compute()`. What it has summed up
are numbers and arrays in its attributes, so `state_dict()` can say where it stands. The functions
below the classes measure one whole set of predictions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinygrad_nn.errors import ArgumentError, ShapeError, message
from tinygrad_nn.primitive import TYPES

__all__ = [
    "R2",
    "Accuracy",
    "ConfusionMatrix",
    "F1",
    "MeanAbsoluteError",
    "Metric",
    "Precision",
    "Recall",
    "RootMeanSquaredError",
    "TopK",
    "accuracy",
    "as_metrics",
    "confusion_matrix",
    "f1",
    "mean_absolute_error",
    "r2",
    "root_mean_squared_error",
    "top_k",
]

Array = NDArray[Any]


class Metric:
    """The base class. A subclass sets `name`, and defines `reset`, `update` and `compute`.

    >>> class Largest(Metric):
    ...     name = "largest error"
    ...     def reset(self):
    ...         self.value = 0.0
    ...     def update(self, output, target):
    ...         self.value = max(self.value, float((output - target).abs().max()))
    ...     def compute(self):
    ...         return self.value
    >>> import tinygrad_nn as tg
    >>> metric = Largest()
    >>> metric.update(tg.tensor([1.0, 5.0]), tg.tensor([1.0, 2.0]))
    >>> metric.compute()
    3.0
    """

    name: str

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget what was seen."""
        raise NotImplementedError(f"{type(self).__name__} must define reset()")

    def update(self, output: Any, target: Any) -> None:
        """Take one batch into account."""
        raise NotImplementedError(f"{type(self).__name__} must define update(output, target)")

    def compute(self) -> Any:
        """The value for all that was seen since `reset`."""
        raise NotImplementedError(f"{type(self).__name__} must define compute()")

    def state_dict(self) -> dict[str, Any]:
        """Where the sums stand."""
        return {key: np.copy(value) if isinstance(value, np.ndarray) else value for key, value in vars(self).items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from what `state_dict` gave."""
        vars(self).update(state)


def array(value: Any) -> Array:
    """The elements of a tensor, or of anything that NumPy takes."""
    return value.array if type(value) in TYPES else np.asarray(value)


# -- classes -------------------------------------------------------------------------------------


def predicted_and_true(
    name: str, output: Any, target: Any, threshold: float, multilabel: bool, ignore: int | None
) -> tuple[Array, Array]:
    """Class numbers, flat: what was predicted, and what is true.

    output (N, C, ...) with target (N, ...) of class numbers: the class of the largest output;
    output and target (N, C, ...): the same for both (one-hot targets), or each element by itself
    where `multilabel`; output and target (N,) or (N, 1): class 1 where output > threshold.
    """
    scores, truth = array(output), array(target)
    if scores.ndim == truth.ndim + 1 and scores.shape[:1] + scores.shape[2:] == truth.shape and scores.shape[1] > 1:
        chosen = scores.argmax(1).reshape(-1)
    elif scores.size == truth.size and (multilabel or math.prod(scores.shape[1:]) == 1):
        chosen, truth = (scores > threshold).astype(np.int64).reshape(-1), (truth > 0.5).astype(np.int64)
    elif scores.shape == truth.shape and scores.ndim > 1:
        chosen, truth = scores.argmax(1).reshape(-1), truth.argmax(1)
    else:
        raise ShapeError(
            message(
                f"{name}: outputs and targets do not belong together",
                got=f"output {scores.shape}, target {truth.shape}",
                fix="output (N, C) with target (N,) of class numbers, or both of one shape",
            )
        )
    truth = truth.reshape(-1).astype(np.int64)
    if ignore is not None:
        keep = truth != ignore
        chosen, truth = chosen[keep], truth[keep]
    return chosen, truth


class Accuracy(Metric):
    """The share of right classes, 0 to 1; NaN before the first sample.

    threshold:    for outputs without a dimension of classes, class 1 begins here (0: logits; 0.5: probabilities)
    multilabel:   output and target (N, C) hold C yes-or-no answers each, instead of scores and a one-hot class
    ignore_index: targets that do not count, as in CrossEntropyLoss

    Raises RuntimeError where output and target do not belong together.

    >>> import tinygrad_nn as tg
    >>> metric = Accuracy()
    >>> metric.update(tg.tensor([[2.0, 1.0], [0.0, 3.0]]), tg.tensor([0, 0]))
    >>> metric.compute()
    0.5
    """

    name = "accuracy"

    def __init__(self, threshold: float = 0.0, multilabel: bool = False, ignore_index: int | None = -100) -> None:
        self._options = (threshold, multilabel, ignore_index)
        super().__init__()

    def reset(self) -> None:
        self.right = self.seen = 0

    def update(self, output: Any, target: Any) -> None:
        chosen, truth = predicted_and_true(self.name, output, target, *self._options)
        self.right += int(np.count_nonzero(chosen == truth))
        self.seen += truth.size

    def compute(self) -> float:
        return self.right / self.seen if self.seen else math.nan

    def state_dict(self) -> dict[str, Any]:
        return {"right": self.right, "seen": self.seen}


class TopK(Metric):
    """The share of samples whose class is among the k with the largest outputs; of equal ones the first count first.

    Raises ValueError unless k is a positive integer; RuntimeError unless output is (N, C) and target (N,).

    >>> import tinygrad_nn as tg
    >>> metric = TopK(2)
    >>> metric.update(tg.tensor([[3.0, 2.0, 1.0], [3.0, 2.0, 1.0]]), tg.tensor([1, 2]))
    >>> metric.name, metric.compute()
    ('top-2 accuracy', 0.5)
    """

    def __init__(self, k: int = 5) -> None:
        if not isinstance(k, int) or isinstance(k, bool) or k < 1:
            raise ArgumentError(message("TopK: k is a positive integer", got=repr(k)))
        self.k = k
        self.name = f"top-{k} accuracy"
        super().__init__()

    def reset(self) -> None:
        self.right = self.seen = 0

    def update(self, output: Any, target: Any) -> None:
        scores, truth = array(output), array(target)
        if scores.ndim != 2 or truth.shape != scores.shape[:1]:
            got = f"output {scores.shape}, target {truth.shape}"
            raise ShapeError(message("TopK: output is (N, C), target (N,) of class numbers", got=got))
        own = np.take_along_axis(scores, truth[:, None].astype(np.int64), 1)
        before = (scores > own) | ((scores == own) & (np.arange(scores.shape[1]) < truth[:, None]))
        self.right += int(np.count_nonzero(before.sum(1) < self.k))
        self.seen += truth.size

    def compute(self) -> float:
        return self.right / self.seen if self.seen else math.nan

    def state_dict(self) -> dict[str, Any]:
        return {"right": self.right, "seen": self.seen}


class ConfusionMatrix(Metric):
    """Counts (C, C): row the true class, column the predicted one. It grows with the classes that occur.

    classes: the number of classes, if some may not occur
    Other options as in `Accuracy`. Raises ValueError for a negative class.

    >>> import tinygrad_nn as tg
    >>> metric = ConfusionMatrix()
    >>> metric.update(tg.tensor([[2.0, 1.0], [0.0, 3.0], [0.0, 1.0]]), tg.tensor([0, 0, 1]))
    >>> metric.compute()
    array([[1, 1],
           [0, 1]])
    """

    name = "confusion matrix"

    def __init__(
        self, classes: int = 0, threshold: float = 0.0, multilabel: bool = False, ignore_index: int | None = -100
    ) -> None:
        self.classes = classes
        self._options = (threshold, multilabel, ignore_index)
        super().__init__()

    def reset(self) -> None:
        self.counts = np.zeros((self.classes, self.classes), np.int64)

    def update(self, output: Any, target: Any) -> None:
        chosen, truth = predicted_and_true(self.name, output, target, *self._options)
        if truth.size and truth.min() < 0:
            raise ArgumentError(message(f"{self.name}: classes are numbered from 0", got=f"a target {truth.min()}"))
        scores = array(output)
        n = max(len(self.counts), int(max(chosen.max(initial=-1), truth.max(initial=-1))) + 1)
        if scores.ndim == array(target).ndim + 1:
            n = max(n, scores.shape[1])
        grown = np.zeros((n, n), np.int64)
        grown[: len(self.counts), : len(self.counts)] = self.counts
        self.counts = grown + np.bincount(truth * n + chosen, minlength=n * n).reshape(n, n)

    def compute(self) -> Any:
        return self.counts.copy()

    def state_dict(self) -> dict[str, Any]:
        return {"counts": self.counts.copy()}


class F1(ConfusionMatrix):
    """2 P R / (P + R) of precision P and recall R, 0 to 1.

    average: "macro" (the mean over the classes that occur), "weighted" (by how often each is true),
        "micro" (all decisions together), "binary" (of class 1), None (an array, one for each class)
    Other options as in `Accuracy`. A class without any decision counts 0. Raises ValueError for an
    unknown average.

    >>> import tinygrad_nn as tg
    >>> metric = F1(average="binary")
    >>> metric.update(tg.tensor([1.0, 2.0, -1.0]), tg.tensor([1, 0, 1]))
    >>> metric.compute()
    0.5
    """

    name = "F1"
    AVERAGES = ("macro", "weighted", "micro", "binary", None)

    def __init__(
        self, average: str | None = "macro", classes: int = 0, threshold: float = 0.0, multilabel: bool = False,
        ignore_index: int | None = -100,
    ) -> None:  # fmt: skip
        if average not in self.AVERAGES:
            raise ArgumentError(
                message(f"{self.name}: unknown average", got=repr(average), fix=f"one of {self.AVERAGES}")
            )
        self.average = average
        super().__init__(classes, threshold, multilabel, ignore_index)

    def of(self, hits: Array, chosen: Array, true: Array) -> Array:
        """The measure from the numbers of right decisions, of decisions, and of cases."""
        return _ratio(2 * hits, chosen + true)

    def compute(self) -> Any:
        counts = self.counts
        hits, chosen, true = counts.diagonal().astype(float), counts.sum(0).astype(float), counts.sum(1).astype(float)
        if not counts.sum():
            return math.nan if self.average is not None else np.full(len(counts), math.nan)
        if self.average == "micro":
            return float(self.of(*[np.array([part.sum()]) for part in (hits, chosen, true)])[0])
        each = self.of(hits, chosen, true)
        if self.average is None:
            return each
        if self.average == "binary":
            return float(each[1]) if len(each) > 1 else 0.0
        if self.average == "weighted":
            return float((each * true).sum() / true.sum())
        return float(each[(chosen + true) > 0].mean())


class Precision(F1):
    """Right decisions for a class by all decisions for it; options as in `F1`."""

    name = "precision"

    def of(self, hits: Array, chosen: Array, true: Array) -> Array:
        return _ratio(hits, chosen)


class Recall(F1):
    """Right decisions for a class by all cases of it; options as in `F1`."""

    name = "recall"

    def of(self, hits: Array, chosen: Array, true: Array) -> Array:
        return _ratio(hits, true)


def _ratio(a: Array, b: Array) -> Array:
    """a / b, 0 where b is 0."""
    return np.divide(a, b, out=np.zeros_like(a), where=b != 0)


# -- numbers -------------------------------------------------------------------------------------


def _columns(name: str, output: Any, target: Any) -> tuple[Array, Array]:
    """Predictions and truth as (N, outputs), in float64."""
    guess, truth = array(output), array(target)
    if guess.shape != truth.shape and not (guess.size == truth.size and guess.shape[:1] == truth.shape[:1]):
        raise ShapeError(
            message(f"{name}: output and target differ in shape", got=f"output {guess.shape}, target {truth.shape}")
        )
    n = guess.shape[0] if guess.ndim else 1
    return guess.reshape(n, -1).astype(np.float64), truth.reshape(n, -1).astype(np.float64)


class R2(Metric):
    """The coefficient of determination, 1 - sum (y - f)² / sum (y - mean y)²; the mean over several outputs.

    An output whose target is constant counts 1 if it is met exactly, else 0. Sums are kept about
    running means (T. Chan, G. Golub, R. LeVeque, 1979), so large targets lose no digits.

    >>> import tinygrad_nn as tg
    >>> metric = R2()
    >>> metric.update(tg.tensor([1.0, 2.0, 4.0]), tg.tensor([1.0, 2.0, 3.0]))
    >>> metric.compute()
    0.5
    """

    name = "R2"

    def reset(self) -> None:
        self.seen = 0
        self.mean = self.spread = self.residual = np.zeros(0)

    def update(self, output: Any, target: Any) -> None:
        guess, truth = _columns(self.name, output, target)
        n, mean = len(truth), truth.mean(0)
        spread, residual = ((truth - mean) ** 2).sum(0), ((truth - guess) ** 2).sum(0)
        if self.seen:
            total = self.seen + n
            apart = mean - self.mean
            spread = self.spread + spread + apart**2 * (self.seen * n / total)
            mean, residual = self.mean + apart * (n / total), self.residual + residual
        self.seen, self.mean, self.spread, self.residual = self.seen + n, mean, spread, residual

    def compute(self) -> float:
        if not self.seen:
            return math.nan
        constant = np.where(self.residual == 0, 1.0, 0.0)
        share = np.divide(self.residual, self.spread, out=np.zeros_like(self.spread), where=self.spread != 0)
        return float(np.where(self.spread == 0, constant, 1 - share).mean())


class MeanAbsoluteError(Metric):
    """The mean of |y - f|, in the unit of the target.

    >>> import tinygrad_nn as tg
    >>> metric = MeanAbsoluteError()
    >>> metric.update(tg.tensor([1.0, 2.0]), tg.tensor([2.0, 4.0]))
    >>> metric.compute()
    1.5
    """

    name = "mean absolute error"

    def reset(self) -> None:
        self.seen, self.total = 0, 0.0

    def update(self, output: Any, target: Any) -> None:
        guess, truth = _columns(self.name, output, target)
        self.total += self.measure(truth - guess)
        self.seen += truth.size

    def measure(self, errors: Array) -> float:
        """What is summed up."""
        return float(np.abs(errors).sum())

    def compute(self) -> float:
        return self.total / self.seen if self.seen else math.nan


class RootMeanSquaredError(MeanAbsoluteError):
    """The square root of the mean of (y - f)², in the unit of the target."""

    name = "root mean squared error"

    def measure(self, errors: Array) -> float:
        return float((errors * errors).sum())

    def compute(self) -> float:
        return math.sqrt(self.total / self.seen) if self.seen else math.nan


# -- by name, and at once ------------------------------------------------------------------------

BY_NAME: dict[str, Callable[[], Metric]] = {
    "accuracy": Accuracy,
    "f1": F1,
    "precision": Precision,
    "recall": Recall,
    "confusion matrix": ConfusionMatrix,
    "r2": R2,
    "mae": MeanAbsoluteError,
    "rmse": RootMeanSquaredError,
}


def as_metrics(given: str | Metric | Iterable[str | Metric] | None) -> list[Metric]:
    """Metrics from their names ("accuracy", "top-5", "r2", ...), or from objects; each name once.

    Raises ValueError for an unknown name and for two of one name, TypeError for anything else.

    >>> [metric.name for metric in as_metrics(["accuracy", "top-3"])]
    ['accuracy', 'top-3 accuracy']
    """
    if given is None:
        return []
    found = [
        _as_metric(one)
        for one in ([given] if isinstance(given, str | Metric | type) or not isinstance(given, Iterable) else given)
    ]
    names = [metric.name for metric in found]
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ArgumentError(
            message(
                "metrics: two of them have one name", got=repr(twice[0]), fix="set `name` of one: metric.name = ..."
            )
        )
    return found


def _as_metric(one: object) -> Metric:
    if isinstance(one, Metric):
        return one
    if isinstance(one, type) and issubclass(one, Metric):
        return one()
    if not isinstance(one, str):
        raise TypeError(
            message("metrics: neither a name nor a Metric", got=type(one).__name__, fix='"accuracy", or Accuracy(...)')
        )
    name = one.lower().replace("_", " ").strip()
    if name.startswith("top") and name[3:].strip("- ").isdigit() and int(name[3:].strip("- ")):
        return TopK(int(name[3:].strip("- ")))
    if name not in BY_NAME:
        raise ArgumentError(
            message("metrics: unknown name", got=repr(one), fix="one of " + ", ".join([*BY_NAME, "top-5"]))
        )
    return BY_NAME[name]()


def _once(metric: Metric, output: Any, target: Any) -> Any:
    metric.update(output, target)
    return metric.compute()


def accuracy(output: Any, target: Any, **options: Any) -> float:
    """The share of right classes: `Accuracy` at once.

    >>> accuracy([[2.0, 1.0], [0.0, 3.0]], [0, 1])
    1.0
    """
    return float(_once(Accuracy(**options), output, target))


def top_k(output: Any, target: Any, k: int = 5) -> float:
    """The share of samples whose class is among the k likeliest: `TopK` at once."""
    return float(_once(TopK(k), output, target))


def f1(output: Any, target: Any, **options: Any) -> Any:
    """`F1` at once."""
    return _once(F1(**options), output, target)


def confusion_matrix(output: Any, target: Any, **options: Any) -> Array:
    """`ConfusionMatrix` at once: rows are true classes, columns predicted ones."""
    found: Array = _once(ConfusionMatrix(**options), output, target)
    return found


def r2(output: Any, target: Any) -> float:
    """The coefficient of determination: `R2` at once."""
    return float(_once(R2(), output, target))


def mean_absolute_error(output: Any, target: Any) -> float:
    """The mean of |y - f|."""
    return float(_once(MeanAbsoluteError(), output, target))


def root_mean_squared_error(output: Any, target: Any) -> float:
    """The square root of the mean of (y - f)²."""
    return float(_once(RootMeanSquaredError(), output, target))
