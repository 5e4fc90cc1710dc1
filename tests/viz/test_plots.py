"""Plots: what stands in the figures, and files that are whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn, viz

pytest.importorskip("matplotlib", reason="matplotlib, which draws, is not installed")


def recorded() -> viz.Recorder:
    """Four moments of a small net."""
    tg.manual_seed(0)
    x = tg.randn(30, 2)
    net = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 2))
    recorder = viz.Recorder(net, (x, (x[:, 0] > 0).long()), every=1, share=1e9)
    for step in range(3):
        nn.functional.cross_entropy(net(x), (x[:, 0] > 0).long()).backward()
        with tg.no_grad():
            net[0].weight.mul_(1.5)
        recorder.step(loss=3.0 - step, accuracy=0.5)
    return recorder


def test_curves_of_a_recorder_stand_over_its_steps() -> None:
    figure = viz.curves(recorded())
    loss, accuracy = figure.axes
    assert loss.lines[0].get_xydata().tolist() == [[1, 3], [2, 2], [3, 1]]
    assert accuracy.lines[0].get_ydata().tolist() == [50, 50, 50]
    assert (loss.get_xlabel(), accuracy.get_ylabel()) == ("step", "accuracy (%)")


def test_curves_with_gaps_and_values_below_zero_are_drawn_whole() -> None:
    figure = viz.curves({"loss": [float("nan"), -2.0, float("inf")], "validation loss": [1.0, -1.0, 0.0]})
    assert figure.axes[0].get_ylim()[0] < -2
    with pytest.raises(ValueError, match="there is nothing to draw"):
        viz.curves({})


def test_histograms_show_each_array_and_its_mean() -> None:
    recorder = recorded()
    figure = viz.histograms(recorder)
    assert [ax.get_title() for ax in figure.axes] == ["0.weight", "0.bias", "2.weight", "2.bias"]
    w = recorder.snapshots.kept[2].arrays["0.weight"]
    assert figure.axes[0].lines[0].get_ydata()[2] == pytest.approx(w.mean(), rel=1e-5)
    drawn = figure.axes[0].collections[0].get_array()
    assert drawn.shape == (40, 4)
    assert drawn.max() == 1
    assert [ax.get_title() for ax in viz.histograms(recorder, "activations").axes] == ["0", "1", "2"]
    assert len(viz.histograms(recorder, "gradients").axes) == 4


def test_updates_are_drawn_on_a_logarithmic_scale() -> None:
    figure = viz.histograms(recorded(), "updates")
    ax = figure.axes[0]
    assert ax.get_yscale() == "log"
    assert ax.lines[0].get_ydata()[1:] == pytest.approx([0.5, 0.5, 0.5], rel=1e-5)  # times 1.5


def test_histograms_of_nothing_are_refused() -> None:
    recorder = viz.Recorder(nn.Linear(2, 2))
    with pytest.raises(ValueError, match=r"no activations were recorded(.|\n)*viz.Recorder"):
        viz.histograms(recorder, "activations")
    with pytest.raises(ValueError, match="of is not one of its choices"):
        viz.histograms(recorder, "biases")


def test_frames_make_an_animation_of_the_regions(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow, which writes GIFs, is not installed")
    recorder = recorded()
    titles = [figure.axes[0].get_title() for figure in recorder.frames(size=20)]
    assert [title.split(":")[0] for title in titles] == ["step 0", "step 1", "step 2", "step 3"]
    path = viz.animation(recorder.frames(size=20), tmp_path / "new" / "regions.gif")
    assert image.open(path).n_frames == 4
    assert [p.name for p in path.parent.iterdir()] == ["regions.gif"]


def test_decision_regions_are_where_the_model_says() -> None:
    x = np.array([[-1.0, 0.0], [1.0, 0.0], [1.0, 1.0]], np.float32)
    figure = viz.decision_regions(lambda points: points[:, 0], x, [0, 1, 0], steps=50)
    ax = figure.axes[0]
    picture = ax.images[0].get_array()
    blue, red = picture[25, 2], picture[25, 47]
    assert blue[2] > blue[0] and red[0] > red[2]
    assert ax.get_title() == "66.67 % right"
    with pytest.raises(ValueError, match=r"x must be \(N, 2\) and y \(N,\)"):
        viz.decision_regions(nn.Linear(3, 2), tg.ones(4, 3), [0, 1, 0, 1])


def test_a_confusion_matrix_counts() -> None:
    figure = viz.confusion_matrix([0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 2, 0], ["a", "b", "c"])
    texts = {(t.get_position()[1], t.get_position()[0]): int(t.get_text()) for t in figure.axes[0].texts}
    assert texts == {(0, 0): 1, (0, 1): 1, (1, 1): 1, (2, 2): 2, (2, 0): 1}
    assert figure.axes[0].get_title() == "66.67 % right, 2 of 6 wrong"


def test_misclassified_shows_the_surest_mistakes_first() -> None:
    images = np.zeros((4, 3, 3)) + np.arange(4)[:, None, None]
    figure = viz.misclassified(images, [0, 1, 2, 3], [0, 2, 1, 0], confidence=[0.9, 0.2, 0.8, 0.5], rows=1, columns=3)
    assert [ax.get_title() for ax in figure.axes] == ["1, not 2", "0, not 3", "2, not 1"]
    assert [ax.images[0].get_array()[0, 0] for ax in figure.axes] == [2, 3, 1]


def test_weights_are_drawn_on_one_scale() -> None:
    layer: Any = nn.Linear(16, 3)
    figure = viz.weights(layer)
    limit = float(layer.weight.detach().abs().max())
    assert [ax.images[0].get_clim() for ax in figure.axes] == [(-limit, limit)] * 3
    np.testing.assert_array_equal(figure.axes[1].images[0].get_array(), layer.weight.detach().numpy()[1].reshape(4, 4))
    with pytest.raises(ValueError, match="do not fill an image"):
        viz.weights(nn.Linear(15, 3))


def test_a_figure_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = viz.save(viz.curves({"loss": [2.0, 1.0]}), tmp_path / "a" / "curves.png")
    assert path.read_bytes()[:4] == b"\x89PNG"
    with pytest.raises(ValueError, match="Format"):
        viz.save(viz.curves({"loss": [2.0, 1.0]}), tmp_path / "curves.nothing")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_an_animation_of_images_keeps_their_colours(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow, which writes GIFs, is not installed")
    frames = [np.full((4, 4, 3), value, np.uint8) for value in (0, 128, 255)]
    opened = image.open(viz.animation([*frames], tmp_path / "a.gif"))
    seen = []
    for k in range(opened.n_frames):
        opened.seek(k)
        seen.append(opened.convert("RGB").getpixel((0, 0)))
    assert seen == [(0, 0, 0), (128, 128, 128), (255, 255, 255)]
    with pytest.raises(ValueError, match="images of one size"):
        viz.animation([frames[0], frames[1][:2]], tmp_path / "b.gif")
