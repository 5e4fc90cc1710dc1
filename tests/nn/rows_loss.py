"""Losses: each with all reductions, weights, and the shapes it takes."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from tests.nn.configurations import Row, data, labels, positive, real, row, signs, simplex, unit

REDUCTIONS = ("mean", "sum", "none")


def each(name: str, *inputs: Any, **kwargs: Any) -> list[Row]:
    """The loss with each reduction."""
    return [row(name, inputs=list(inputs), reduction=reduction, **kwargs) for reduction in REDUCTIONS]


def with_ignored(classes: int, *shape: int, ignore: int = -100) -> Any:
    target = labels(classes, *shape).array
    target.reshape(-1)[::3] = ignore
    return data(target)


CLASSES = [
    *each("CrossEntropyLoss", real(6, 4), labels(4, 6)),
    *each("CrossEntropyLoss", real(4), labels(4)),
    *each("CrossEntropyLoss", real(2, 4, 3), labels(4, 2, 3)),
    *each("CrossEntropyLoss", real(2, 4, 3, 2), labels(4, 2, 3, 2)),
    *each("CrossEntropyLoss", real(7, 4), with_ignored(4, 7)),
    *each("CrossEntropyLoss", real(2, 4, 3), with_ignored(4, 2, 3, ignore=1), ignore_index=1),
    *each("CrossEntropyLoss", real(6, 4), labels(4, 6), weight=positive(4)),
    *each("CrossEntropyLoss", real(6, 4), labels(4, 6), label_smoothing=0.1),
    *each("CrossEntropyLoss", real(2, 4, 3), with_ignored(4, 2, 3), weight=positive(4), label_smoothing=0.3),
    *each("CrossEntropyLoss", real(7, 4), with_ignored(4, 7), label_smoothing=0.2),
    *each("CrossEntropyLoss", real(6, 4), simplex(6, 4)),
    *each("CrossEntropyLoss", real(4), simplex(4), label_smoothing=0.1),
    *each("CrossEntropyLoss", real(2, 4, 3), simplex(2, 4, 3), weight=positive(4), label_smoothing=0.1),
    row("CrossEntropyLoss", inputs=[real(5, 3) * 300, labels(3, 5)]),
    row("CrossEntropyLoss", inputs=[real(3, 2), data(np.full(3, -100))]),
    row("CrossEntropyLoss", label_smoothing=1.0, inputs=[real(3, 2), labels(2, 3)]),
    *each("NLLLoss", real(6, 4), labels(4, 6)),
    *each("NLLLoss", real(4), labels(4)),
    *each("NLLLoss", real(2, 4, 3), with_ignored(4, 2, 3), weight=positive(4)),
    *each("NLLLoss", real(7, 4), with_ignored(4, 7, ignore=0), ignore_index=0),
    *each("BCELoss", unit(4, 3), data(unit(4, 3))),
    *each("BCELoss", unit(4, 3), data((unit(4, 3) > 0.5) * 1.0), weight=positive(3)),
    *each(
        "BCELoss", np.array([0.0, 1.0, 0.0, 1.0]), data(np.array([0.0, 1.0, 1.0, 0.0])), rtol=1e-8
    ),  # PyTorch holds 1e-12 in single precision
    row("BCELoss", inputs=[unit(5), unit(5)]),
    row("BCELoss", inputs=[unit(), data(unit())]),
    *each("BCEWithLogitsLoss", real(4, 3), data(unit(4, 3))),
    *each("BCEWithLogitsLoss", real(4, 3) * 40, data((unit(4, 3) > 0.5) * 1.0)),
    *each("BCEWithLogitsLoss", real(4, 3), data(unit(4, 3)), weight=positive(4, 1), pos_weight=positive(3)),
    row("BCEWithLogitsLoss", inputs=[real(), unit()]),
    row("BCEWithLogitsLoss", inputs=[real(2, 3, 4), unit(2, 3, 4)]),
]

PAIR = (real(4, 3), real(4, 3))
NUMBERS = [
    *[entry for name, shape in product(("MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss"), ((4, 3), (), (2, 3, 4)))
      for entry in each(name, real(*shape), real(*shape))],
    *each("SmoothL1Loss", real(4, 3), real(4, 3), beta=0.3),
    *each("SmoothL1Loss", real(4, 3), real(4, 3), beta=0.0),
    *each("HuberLoss", real(4, 3), real(4, 3), delta=0.3),
    *each("PoissonNLLLoss", real(4, 3), positive(4, 3) * 3),
    *each("PoissonNLLLoss", positive(4, 3), positive(4, 3) * 3, log_input=False, full=True),
    *each("PoissonNLLLoss", real(4, 3), data(positive(4, 3) * 3), full=True, eps=0.1),
    *each("GaussianNLLLoss", real(4, 3), real(4, 3), positive(4, 3)),
    *each("GaussianNLLLoss", real(4, 3), real(4, 3), positive(4, 1), full=True),
    *each("GaussianNLLLoss", real(4, 3), real(4, 3), positive(4), eps=0.9),
    *each("KLDivLoss", real(4, 3), simplex(4, 3)),
    *each("KLDivLoss", real(4, 3), data(np.array([[0.0, 1.0, 0.0]] * 4))),
    *each("KLDivLoss", real(4, 3), real(4, 3), log_target=True),
    row("KLDivLoss", reduction="batchmean", inputs=[real(4, 3), simplex(4, 3)]),
    row("KLDivLoss", reduction="batchmean", log_target=True, inputs=[real(4, 3), real(4, 3)]),
]  # fmt: skip

ORDER = [
    *each("HingeEmbeddingLoss", real(4, 3), signs(4, 3)),
    *each("HingeEmbeddingLoss", real(5), signs(5), margin=0.2),
    *each("SoftMarginLoss", real(4, 3), signs(4, 3)),
    *each("SoftMarginLoss", real(5) * 100, signs(5)),
    *each("CosineEmbeddingLoss", real(4, 3), real(4, 3), signs(4)),
    *each("CosineEmbeddingLoss", real(3), real(3), signs(), margin=0.1),
    *each("CosineEmbeddingLoss", real(6, 2), real(6, 2), signs(6), margin=-0.5),
    *each("MarginRankingLoss", real(5), real(5), signs(5)),
    *each("MarginRankingLoss", real(2, 3), real(2, 3), signs(2, 3), margin=0.4),
    *each("TripletMarginLoss", real(4, 3), real(4, 3), real(4, 3)),
    *each("TripletMarginLoss", real(4, 3), real(4, 3), real(4, 3), margin=3.0, p=1, swap=True),
    *each("TripletMarginLoss", real(3), real(3), real(3), eps=0.01, margin=5.0),
    *each("TripletMarginWithDistanceLoss", real(4, 3), real(4, 3), real(4, 3), swap=True),
    *each("TripletMarginWithDistanceLoss", real(4, 3), real(4, 3), real(4, 3), margin=2.5),
]

CTC = [
    row("CTCLoss", inputs=[real(6, 2, 4), data(np.array([[1, 2, 2], [3, 1, 0]])), (6, 5), (3, 2)], log_softmax=True),
    row("CTCLoss", blank=3, inputs=[real(6, 2, 4), data(np.array([0, 1, 2, 2])), (6, 6), (3, 1)], log_softmax=True),
    row("CTCLoss", reduction="sum", inputs=[real(5, 1, 3), data(np.array([[1, 2]])), (5,), (2,)], log_softmax=True),
    row(
        "CTCLoss",
        reduction="none",
        inputs=[real(7, 3, 5), labels(4, 3, 2), (7, 4, 5), (2, 1, 2)],
        blank=4,
        log_softmax=True,
    ),
    row("CTCLoss", inputs=[real(7, 5), data(np.array([1, 1, 4])), (7,), (3,)], log_softmax=True),
    row(
        "CTCLoss",
        zero_infinity=True,
        inputs=[real(3, 2, 4), data(np.array([[1, 2, 3], [1, 1, 1]])), (3, 3), (3, 3)],
        log_softmax=True,
    ),
]

ROWS = [*CLASSES, *NUMBERS, *ORDER, *CTC]
