"""Make the README's pictures: python docs/make_pictures.py [FOLDER] (docs/_static, if none is named)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")

from matplotlib import pyplot as plt

import tinygrad_nn as tg
from tinygrad_nn import datasets, nn, optim, viz

SNAPSHOTS = (0, 30, 100, 400)
COLOURS = ("#0072b2", "#d55e00")  # blue and vermilion: told apart by colour-blind people, too


def spirals_net() -> Any:
    """The README's net."""
    tg.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2))


def probabilities(net: Any, size: int = 200) -> np.ndarray[Any, Any]:
    """The probability of the second class over the square [-1.1, 1.1]², as a (size, size) picture."""
    side = np.linspace(-1.1, 1.1, size, dtype=np.float32)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    with tg.no_grad():
        chances = net(tg.from_numpy(grid)).softmax(1)[:, 1]
    return np.asarray(chances.numpy()).reshape(size, size)


def training(file: Path) -> None:
    """Decision regions at a few moments of training, and the loss."""
    points, labels = datasets.spirals(400)
    x, y = tg.from_numpy(points), tg.from_numpy(labels)
    net = spirals_net()
    loss_of = nn.CrossEntropyLoss()
    optimizer = optim.Adam(net.parameters(), lr=0.02)
    losses: list[float] = []
    figure, axes = plt.subplots(1, len(SNAPSHOTS) + 1, figsize=(3 * len(SNAPSHOTS) + 4, 3.2), layout="constrained")
    regions = matplotlib.colors.LinearSegmentedColormap.from_list("regions", [COLOURS[0], "#ffffff", COLOURS[1]])
    for step in range(max(SNAPSHOTS) + 1):
        if step in SNAPSHOTS:
            area = axes[SNAPSHOTS.index(step)]
            extent = (-1.1, 1.1, -1.1, 1.1)
            area.imshow(probabilities(net), extent=extent, origin="lower", cmap=regions, vmin=0, vmax=1, alpha=0.55)
            area.scatter(*points.T, c=labels, cmap=matplotlib.colors.ListedColormap(COLOURS), s=6)
            area.set(title=f"{step} steps", xticks=[], yticks=[])
        optimizer.zero_grad()
        loss = loss_of(net(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    axes[-1].plot(losses, color="#333333", linewidth=1.5)
    axes[-1].set(title="loss", xlabel="step", yscale="log")
    axes[-1].spines[["top", "right"]].set_visible(False)
    figure.savefig(file, dpi=110)
    plt.close(figure)


def graph(file: Path) -> None:
    """The graph of one layer, an activation and a loss."""
    tg.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    loss = nn.CrossEntropyLoss()(net(tg.randn(5, 3)), tg.tensor([0, 1, 1, 0, 1]))
    viz.graph(loss, params=net, gradients=True, values=True, rankdir="LR").save_as(file)


def main() -> None:
    """Make both, and say where they are."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    for make, name in ((graph, "graph.svg"), (training, "training.png")):
        make(folder / name)
        print(folder / name)


if __name__ == "__main__":
    main()
