"""The history as numbers, as a text, and in a notebook; the search for a learning rate."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.train.nets import parts, problem, weights
from tinygrad_nn import nn, optim, train


def made() -> train.History:
    history = train.History()
    history.add({"epoch": 1, "loss": 1.5, "accuracy": 0.25, "lr": 0.1})
    history.add({"epoch": 2, "loss": 0.5, "accuracy": 0.5, "lr": 0.1, "validation loss": 0.75, "matrix": np.eye(2)})
    return history


def test_columns_are_lists_of_one_length() -> None:
    history = made()
    assert history["loss"] == [1.5, 0.5]
    assert math.isnan(history["validation loss"][0])
    assert {len(history[name]) for name in history} == {2}
    assert (history.epochs, len(history), history.last["loss"]) == (2, 6, 0.5)
    assert repr(history) == "<History of 2 epochs: epoch, loss, accuracy, lr, validation loss, matrix>"


def test_the_table() -> None:
    history = made()
    history.stopped, history.best_epoch = "Ctrl-C", 2
    assert str(history).splitlines() == [
        "epoch    loss  accuracy      lr  validation loss",
        "    1  1.5000    0.2500  0.1000              nan",
        "    2  0.5000    0.5000  0.1000           0.7500",
        "stopped: Ctrl-C",
        "best epoch: 2",
    ]
    assert str(train.History()) == "no epoch yet"


def test_the_notebook_has_a_table_and_curves() -> None:
    history = made()
    history.best_epoch, history.stopped = 2, "a < b"
    page = history._repr_html_()
    tree = ET.fromstring(page)
    assert len(tree.findall(".//tbody/tr")) == 2
    assert "font-weight:bold" in page
    assert "stopped: a &lt; b" in page
    panels = tree.findall("svg")
    assert [panel.get("aria-label") for panel in panels] == ["loss over 2 epochs", "accuracy over 2 epochs"]
    line = panels[0].findall("polyline")[0].get("points") or ""
    (_, first), (_, last) = [[float(v) for v in point.split(",")] for point in line.split()]
    assert first < last  # the loss falls: on a screen, downwards


def test_state_comes_back() -> None:
    history, other = made(), train.History()
    history.steps = [1.0, 2.0]
    other.load_state_dict(history.state_dict())
    assert (repr(other.columns), other.steps) == (repr(history.columns), history.steps)


# -- learning rates ------------------------------------------------------------------------------


def test_the_rate_at_which_the_loss_falls_fastest() -> None:
    rates = [10 ** (-6 + k / 20) for k in range(120)]
    losses = [1 / (1 + math.exp(4 * (math.log10(rate) + 3))) for rate in rates]  # steepest at 1e-3
    curve = train.LRCurve(rates, losses)
    assert 1e-3 < curve.suggestion < 10**-2.5  # the mean over the last steps lags behind
    assert "try lr=0.00" in str(curve)
    assert repr(curve).startswith("<LRCurve of 120 steps, suggestion 0.00")


def test_a_rate_is_found_and_nothing_is_changed() -> None:
    model, loader, loss, optimizer = parts(lr=0.5)
    before = weights(model), np.asarray(tg.get_rng_state()).tobytes(), optimizer.state_dict()["param_groups"]
    curve = train.find_lr(model, loader, loss, optimizer)
    assert 1e-4 < curve.suggestion < 1
    assert (weights(model), np.asarray(tg.get_rng_state()).tobytes(), optimizer.state_dict()["param_groups"]) == before
    assert not optimizer.state
    assert all(p.grad is None for p in model.parameters())
    assert curve.rates[0] == pytest.approx(1e-6)
    tree = ET.fromstring(curve._repr_html_())
    assert len((tree.find("polyline").get("points") or "").split()) == len(curve.rates)  # type: ignore[union-attr]
    fitted = train.fit(
        model, loader, loss, optim.Adam(model.parameters(), lr=curve.suggestion), epochs=8, progress=False
    )
    assert fitted["loss"][-1] < 0.8 * fitted["loss"][0]


def test_the_sweep_ends_where_the_loss_bursts() -> None:
    tg.manual_seed(0)
    model = nn.Linear(2, 1)
    x = tg.randn(64, 2)
    curve = train.find_lr(model, (x, x[:, :1]), nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1), high=1e6)
    assert len(curve.rates) < 100
    assert curve.rates[-1] < 1e6
    assert all(math.isfinite(loss) for loss in curve.losses)


def test_groups_keep_their_ratio() -> None:
    seen: list[Any] = []
    model = nn.Sequential(nn.Linear(2, 4), nn.Linear(4, 3))

    class Noting(optim.SGD):
        def step(self, closure: Any = None) -> Any:
            seen.append([group["lr"] for group in self.param_groups])
            return super().step(closure)

    groups = [{"params": model[0].parameters(), "lr": 0.2}, {"params": model[1].parameters(), "lr": 0.1}]
    train.find_lr(model, problem(), nn.CrossEntropyLoss(), Noting(groups, lr=1.0), steps=10)
    assert seen
    assert all(a == pytest.approx(2 * b) for a, b in seen)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (dict(low=0.0), "find_lr: rates must rise from above 0\n  got: low=0.0, high=10.0"),
        (dict(low=1.0, high=0.1), "find_lr: rates must rise"),
        (dict(steps=3), "find_lr: too few steps to see anything\n  got: 3"),
        (dict(data=[]), "find_lr: the data gave no batch"),
        (dict(loss=lambda out, y: out.sum() * math.nan), "the loss is not finite from the beginning"),
    ],
)
def test_find_lr_refuses(options: dict[str, Any], text: str) -> None:
    model, loader, loss, optimizer = parts()
    with pytest.raises(ValueError, match=text):
        train.find_lr(model, options.pop("data", loader), options.pop("loss", loss), optimizer, **options)


def test_find_lr_refuses_lbfgs() -> None:
    model, loader, loss, _ = parts()
    with pytest.raises(ValueError, match="find_lr: LBFGS searches for its own step lengths"):
        train.find_lr(model, loader, loss, optim.LBFGS(model.parameters()))
