"""Folding: closed modules, rolled-up layers, and graphs too large for a page."""

from __future__ import annotations

from typing import Any

import pytest

import tinygrad_nn as tg
from tests.viz.nets import Deep, classifier
from tinygrad_nn import nn, viz
from tinygrad_nn.viz.fold import fold, repeats
from tinygrad_nn.viz.graph import model_of


def test_depth_closes_what_is_nested_deeper() -> None:
    net, x, _ = classifier()
    model = model_of(net(x).sum())
    names = [{box.group.name if box.group is not None else "" for box in fold(model, depth=d).boxes} for d in (0, 1)]
    assert names[0] == {"Classifier", ""}
    assert names[1] == {"encoder", "head", ""}
    assert {c.group.name for c in fold(model, depth=2).clusters if c.group is not None} == {
        "Classifier",
        "encoder",
        "head",
    }


def test_every_item_is_in_exactly_one_box_and_arrows_lead_from_box_to_box() -> None:
    model = model_of(Deep(7)(tg.ones(2, 3)).sum())
    for depth in (None, 0, 1, 2, 3):
        view = fold(model, depth=depth)
        members = sorted(key for box in view.boxes for key in box.members)
        assert members == list(range(len(model.items)))
        names = {box.name for box in view.boxes}
        assert all(arrow.tail in names and arrow.head in names and arrow.tail != arrow.head for arrow in view.arrows)


def test_repeated_layers_are_drawn_once_with_their_number() -> None:
    view = fold(model_of(Deep(12)(tg.ones(2, 3)).sum()))
    (rolled,) = [c for c in view.clusters if c.times > 1]
    assert (rolled.times, rolled.group.name if rolled.group else None) == (12, "0")
    assert len(view.boxes) < 12
    assert any(
        c.group is not None and c.group.name == "11"
        for c in fold(model_of(Deep(12)(tg.ones(2, 3)).sum()), rollup=False).clusters
    )


def test_closed_layers_roll_up_into_one_box() -> None:
    view = fold(model_of(Deep(12)(tg.ones(2, 3)).sum()), depth=2)
    assert [box.times for box in view.boxes if box.group is not None and box.group.name == "0"] == [12]


def test_layers_that_differ_are_not_rolled_up() -> None:
    wide = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 5), nn.Linear(5, 6), nn.Linear(6, 7))
    view = fold(model_of(wide(tg.ones(1, 3)).sum()))
    assert all(c.times == 1 for c in view.clusters)


def test_a_pattern_of_several_layers_is_rolled_up_whole() -> None:
    net = nn.Sequential(*[layer for _ in range(5) for layer in (nn.Linear(3, 3), nn.ReLU())])
    x = tg.ones(2, 3)
    (rolled,) = [c for c in fold(model_of(net(x).sum())).clusters if c.times > 1]
    assert rolled.times == 5
    assert rolled.group is None


def test_a_tensor_read_by_every_layer_does_not_hide_that_they_are_equal() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.scale = nn.Parameter(tg.ones(3))
            self.parts = nn.ModuleList([Scaled() for _ in range(6)])

        def forward(self, x: Any) -> Any:
            for part in self.parts:
                x = part(x, self.scale)
            return x

    class Scaled(nn.Module):
        def forward(self, x: Any, scale: Any) -> Any:
            return (x * scale).tanh()

    x = tg.ones(3)
    assert [c.times for c in fold(model_of(Shared()(x).sum())).clusters if c.times > 1] == [6]


def test_zoom_to_modules_closes_those_without_parts() -> None:
    net, x, _ = classifier()
    view = viz.graph(net, x, zoom="modules").view_
    assert {box.group.path for box in view.boxes if box.group is not None} == {"encoder.0", "encoder.1", "head"}
    assert all(box.item is None or box.item.kind == "input" for box in view.boxes)


@pytest.mark.parametrize(
    "word, found",
    [
        ("", []),
        ("aab", []),
        ("aaa", [(0, 1, 3)]),
        ("xababab", [(1, 2, 3)]),
        ("aaabbb", [(0, 1, 3), (3, 1, 3)]),
        ("abcabcabcd", [(0, 3, 3)]),
    ],
)
def test_repeats_finds_runs(word: str, found: list[tuple[int, int, int]]) -> None:
    assert repeats(word) == found


# -- large graphs --------------------------------------------------------------------------------


def loop(count: int) -> Any:
    y = w = tg.ones(2, requires_grad=True)
    for _ in range(count // 2):
        y = (y * w).tanh()
    return y.sum()


def test_a_long_loop_is_rolled_up_and_a_short_one_is_not() -> None:
    (rolled,) = fold(model_of(loop(3000))).clusters
    assert rolled.times == 1500
    assert fold(model_of(loop(20))).clusters == ()


def irregular(count: int) -> Any:
    """Operations without any pattern, by a linear congruence."""
    kinds = [
        lambda t: t.tanh(),
        lambda t: t.exp(),
        lambda t: t.sigmoid(),
        lambda t: t * t,
        lambda t: -t,
        lambda t: t + 1,
    ]
    y, state = tg.ones(2, requires_grad=True), 1
    for _ in range(count):
        state = (1103515245 * state + 12345) % 2**31
        y = kinds[(state >> 16) % len(kinds)](y)
    return y.sum()


@pytest.mark.parametrize("make", [loop, irregular, lambda n: Deep(n // 2)(tg.ones(1, 3)).sum()])
def test_three_thousand_operations_are_drawn_collapsed(make: Any) -> None:
    loss = make(3000)
    drawn = viz.graph(loss)
    svg = drawn.pipe("svg")
    assert len(drawn.model.items) >= 3000
    assert len(drawn.view_.boxes) <= 160
    assert svg.startswith(b"<?xml")


def test_the_last_resort_keeps_the_order_and_every_operation() -> None:
    view = fold(model_of(irregular(1000)), limit=40)
    assert len(view.boxes) <= 40
    assert all(box.item is None for box in view.boxes)
    order = {box.name: k for k, box in enumerate(view.boxes)}
    assert all(order[arrow.tail] < order[arrow.head] for arrow in view.arrows)
    assert sum(len(box.members) for box in view.boxes) == len(view.model.items)
