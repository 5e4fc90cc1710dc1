"""Metrics against scikit-learn's, in one piece and batch by batch."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.train import metrics as m

sk = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the oracle here")

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(size=(200, 7)).astype(np.float32)
LABELS = RNG.integers(0, 7, 200)
LABELS[LABELS == 5] = 4  # a class that is predicted, but never true
SCORES, YES = RNG.normal(size=100), RNG.integers(0, 2, 100)
TRUTH = RNG.normal(size=(90, 3)) * [1, 10, 100] + 1000
GUESS = TRUTH + RNG.normal(size=(90, 3)) * [0.5, 8, 20]
CHOSEN = LOGITS.argmax(1)


def in_batches(metric: m.Metric, output: Any, target: Any, size: int = 17) -> Any:
    """The value after many updates, going through a state dict on the way."""
    for start in range(0, len(output), size):
        metric.update(tg.tensor(output[start : start + size]), tg.tensor(target[start : start + size]))
        state = metric.state_dict()
        metric.reset()
        metric.load_state_dict(state)
    return metric.compute()


SCALARS: dict[str, tuple[Any, Any, Any, float]] = {
    "accuracy": (m.Accuracy, LOGITS, LABELS, sk.accuracy_score(LABELS, CHOSEN)),
    "binary accuracy": (m.Accuracy, SCORES, YES, sk.accuracy_score(YES, SCORES > 0)),
    "binary accuracy, (N, 1)": (m.Accuracy, SCORES[:, None], YES[:, None].astype(float), sk.accuracy_score(YES, SCORES > 0)),
    "accuracy of probabilities": (lambda: m.Accuracy(0.5), SCORES, YES, sk.accuracy_score(YES, SCORES > 0.5)),
    "accuracy of one-hot targets": (m.Accuracy, LOGITS, np.eye(7)[LABELS], sk.accuracy_score(LABELS, CHOSEN)),
    "multilabel accuracy": (
        lambda: m.Accuracy(multilabel=True), LOGITS, LOGITS[::-1] > 0.3, float(((LOGITS > 0) == (LOGITS[::-1] > 0.3)).mean()),
    ),
    "top 3": (lambda: m.TopK(3), LOGITS, LABELS, sk.top_k_accuracy_score(LABELS, LOGITS, k=3, labels=range(7))),
    "macro F1": (m.F1, LOGITS, LABELS, sk.f1_score(LABELS, CHOSEN, average="macro")),
    "weighted F1": (lambda: m.F1("weighted"), LOGITS, LABELS, sk.f1_score(LABELS, CHOSEN, average="weighted")),
    "micro F1": (lambda: m.F1("micro"), LOGITS, LABELS, sk.f1_score(LABELS, CHOSEN, average="micro")),
    "binary F1": (lambda: m.F1("binary"), SCORES, YES, sk.f1_score(YES, SCORES > 0)),
    "macro precision": (m.Precision, LOGITS, LABELS, sk.precision_score(LABELS, CHOSEN, average="macro", zero_division=0)),
    "binary precision": (lambda: m.Precision("binary"), SCORES, YES, sk.precision_score(YES, SCORES > 0)),
    "macro recall": (m.Recall, LOGITS, LABELS, sk.recall_score(LABELS, CHOSEN, average="macro", zero_division=0)),
    "binary recall": (lambda: m.Recall("binary"), SCORES, YES, sk.recall_score(YES, SCORES > 0)),
    "R2": (m.R2, GUESS, TRUTH, sk.r2_score(TRUTH, GUESS)),
    "R2 of one output": (m.R2, GUESS[:, 0], TRUTH[:, 0], sk.r2_score(TRUTH[:, 0], GUESS[:, 0])),
    "mean absolute error": (m.MeanAbsoluteError, GUESS, TRUTH, sk.mean_absolute_error(TRUTH, GUESS)),
    "root mean squared error": (m.RootMeanSquaredError, GUESS, TRUTH, math.sqrt(sk.mean_squared_error(TRUTH, GUESS))),
}  # fmt: skip


@pytest.mark.parametrize(("make", "output", "target", "wanted"), SCALARS.values(), ids=SCALARS.keys())
def test_values_are_scikit_learns(make: Any, output: Any, target: Any, wanted: float) -> None:
    assert in_batches(make(), output, target) == pytest.approx(wanted, rel=1e-12)
    assert in_batches(make(), output, target, size=1000) == pytest.approx(wanted, rel=1e-12)


def test_confusion_matrix_and_values_of_each_class() -> None:
    np.testing.assert_array_equal(in_batches(m.ConfusionMatrix(), LOGITS, LABELS), sk.confusion_matrix(LABELS, CHOSEN))
    wanted = sk.f1_score(LABELS, CHOSEN, average=None)
    np.testing.assert_allclose(in_batches(m.F1(None), LOGITS, LABELS), wanted, rtol=1e-12)
    binary = in_batches(m.ConfusionMatrix(), SCORES, YES)
    np.testing.assert_array_equal(binary, sk.confusion_matrix(YES, SCORES > 0))


def test_a_confusion_matrix_grows_with_its_classes() -> None:
    metric = m.ConfusionMatrix()
    metric.update(tg.tensor([1.0, -1.0]), tg.tensor([1, 1]))
    assert metric.compute().tolist() == [[0, 0], [1, 1]]
    metric.update(tg.tensor([[0.0, 0.0, 1.0]]), tg.tensor([0]))
    assert metric.compute().tolist() == [[0, 0, 1], [1, 1, 0], [0, 0, 0]]
    assert m.ConfusionMatrix(classes=4).compute().shape == (4, 4)


def test_pixels_have_classes_too() -> None:
    output, target = RNG.normal(size=(2, 3, 4, 5)), RNG.integers(0, 3, (2, 4, 5))
    assert m.accuracy(output, target) == (output.argmax(1) == target).mean()


def test_ignored_targets_do_not_count() -> None:
    assert m.accuracy([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]], [0, -100, 0]) == 0.5
    assert m.accuracy([[1.0, 0.0], [1.0, 0.0]], [0, 1], ignore_index=1) == 1.0


def test_of_equal_scores_the_first_counts_first() -> None:
    flat = np.zeros((4, 4))
    assert [m.top_k(flat, [0, 1, 2, 3], k) for k in (1, 2, 3, 4)] == [0.25, 0.5, 0.75, 1.0]


def test_r2_keeps_its_digits_far_from_zero() -> None:
    truth = np.array([1e9, 1e9 + 1, 1e9 + 2, 1e9 + 3])
    metric = m.R2()
    for value in truth:
        metric.update(np.array([value + 0.5]), np.array([value]))
    assert metric.compute() == pytest.approx(1 - 4 * 0.25 / 5, rel=1e-9)


def test_r2_of_a_constant_target_is_scikit_learns() -> None:
    assert m.r2([1.0, 1.0], [1.0, 1.0]) == sk.r2_score([1.0, 1.0], [1.0, 1.0]) == 1.0
    assert m.r2([1.0, 2.0], [1.0, 1.0]) == sk.r2_score([1.0, 1.0], [1.0, 2.0]) == 0.0


def test_nothing_seen_is_nan() -> None:
    for name in ("accuracy", "top-5", "f1", "r2", "mae", "rmse", "precision", "recall"):
        assert math.isnan(m.as_metrics(name)[0].compute())


def test_the_functions_measure_at_once() -> None:
    assert m.f1(LOGITS, LABELS) == pytest.approx(sk.f1_score(LABELS, CHOSEN, average="macro"))
    assert m.r2(GUESS, TRUTH) == pytest.approx(sk.r2_score(TRUTH, GUESS))
    assert m.mean_absolute_error(GUESS, TRUTH) == pytest.approx(sk.mean_absolute_error(TRUTH, GUESS))
    assert m.root_mean_squared_error(GUESS, TRUTH) == pytest.approx(math.sqrt(sk.mean_squared_error(TRUTH, GUESS)))
    assert m.confusion_matrix(LOGITS, LABELS).trace() == (CHOSEN == LABELS).sum()


def test_metrics_by_name() -> None:
    found = m.as_metrics(["accuracy", "top5", "Top-3", m.R2, m.F1("micro"), "confusion_matrix"])
    assert [metric.name for metric in found] == [
        "accuracy",
        "top-5 accuracy",
        "top-3 accuracy",
        "R2",
        "F1",
        "confusion matrix",
    ]
    assert m.as_metrics(None) == []


@pytest.mark.parametrize(
    ("act", "kind", "text"),
    [
        (lambda: m.as_metrics("acuracy"), ValueError, "metrics: unknown name\n  got: 'acuracy'\n  fix: one of accuracy, f1"),
        (lambda: m.as_metrics(["top-0"]), ValueError, "metrics: unknown name\n  got: 'top-0'"),
        (lambda: m.as_metrics(["r2", m.R2()]), ValueError, "two of them have one name\n  got: 'R2'\n  fix: set `name`"),
        (lambda: m.as_metrics([3]), TypeError, "neither a name nor a Metric\n  got: int"),
        (lambda: m.TopK(0), ValueError, "TopK: k is a positive integer\n  got: 0"),
        (lambda: m.F1("mean"), ValueError, "F1: unknown average\n  got: 'mean'\n  fix: one of"),
        (lambda: m.accuracy(np.ones((3, 2)), [1, 2]), RuntimeError, r"accuracy: outputs and targets do not belong together\n  got: output \(3, 2\), target \(2,\)"),
        (lambda: m.top_k(np.ones(3), [1, 2, 3]), RuntimeError, r"TopK: output is \(N, C\), target \(N,\)"),
        (lambda: m.r2([1.0, 2.0], [1.0]), RuntimeError, r"R2: output and target differ in shape\n  got: output \(2,\), target \(1,\)"),
        (lambda: m.confusion_matrix(np.ones((2, 2)), [0, -1]), ValueError, "confusion matrix: classes are numbered from 0\n  got: a target -1"),
        (lambda: m.Metric(), NotImplementedError, r"Metric must define reset\(\)"),
    ],
)  # fmt: skip
def test_what_is_refused(act: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        act()
