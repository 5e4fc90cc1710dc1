"""Digits through two numbers: an autoencoder, and the plane in which it keeps them.

    python examples/autoencoder.py                    # a minute or two
    python examples/autoencoder.py --epochs 40

784 pixels are squeezed to two numbers and blown up again (Hinton and Salakhutdinov, 2006). Nobody tells the net which
digit is which; in the plane they come apart all the same. Writes to runs/autoencoder/: the plane with test digits
in the colours of their classes, what the decoder makes of a grid over it, and digits beside their reconstructions.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

import tinygrad_nn as torch
from tinygrad_nn import datasets, nn, optim, train, viz


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--lr", type=float, default=2e-3, help="at first; it falls to nothing")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", help="folder with MNIST's files (else: $TINYGRAD_NN_DATA, the cache, a download)")
    parser.add_argument("--out", type=Path, default=Path("runs/autoencoder"))
    parser.add_argument("--quick", action="store_true", help="one epoch of 4,000 digits")
    args = parser.parse_args()
    if min(args.epochs, args.batch_size) < 1 or args.lr <= 0:
        parser.error("all numbers must be positive")
    return args


class Autoencoder(nn.Module):
    """x (N, 784) -> z (N, 2) -> logits of the pixels (N, 784)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(784, 256), nn.SiLU(), nn.Linear(256, 64), nn.SiLU(), nn.Linear(64, 2),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 256), nn.SiLU(), nn.Linear(256, 784),
        )  # fmt: skip

    def forward(self, x):
        return self.decoder(self.encoder(x))


def principal(x: np.ndarray, x_test: np.ndarray) -> float:
    """The squared error of the best two linear numbers: principal components."""
    mean = x.mean(0)
    _, _, directions = np.linalg.svd(np.cov(x - mean, rowvar=False))
    two = directions[:2]
    return float(np.mean(((x_test - mean) @ two.T @ two + mean - x_test) ** 2))


def draw_plane(model: Autoencoder, z: np.ndarray, labels: np.ndarray, out: Path) -> None:
    """The test digits in the plane, and the decoder's digits on a grid over it."""
    figure, axes = viz.plots.figure(10, 5, 1, 2)
    for k in range(10):
        mine = z[labels == k]
        axes[0][0].scatter(*mine.T, s=3, color=viz.plots.CLASSES[k], alpha=0.6, linewidths=0)
        axes[0][0].text(*np.median(mine, 0), str(k), fontsize=14, weight="bold", ha="center", va="center",
                        bbox={"boxstyle": "circle,pad=0.2", "fc": "white", "ec": viz.plots.CLASSES[k]})  # fmt: skip
    low, high = np.quantile(z, 0.02, axis=0), np.quantile(z, 0.98, axis=0)
    axes[0][0].set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), title="where the encoder puts test digits")
    side = 18
    grid = np.stack(np.meshgrid(np.linspace(low[0], high[0], side), np.linspace(high[1], low[1], side)), -1)
    with torch.no_grad():
        tiles = model.decoder(torch.from_numpy(grid.reshape(-1, 2).astype(np.float32))).sigmoid().numpy()
    # (side², 784) -> (side rows, 28, side columns, 28) -> one image
    sheet = tiles.reshape(side, side, 28, 28).transpose(0, 2, 1, 3).reshape(28 * side, 28 * side)
    axes[0][1].imshow(sheet, cmap="gray_r", extent=(low[0], high[0], low[1], high[1]), aspect="auto")
    axes[0][1].set_title("what the decoder makes of the same plane")
    viz.save(figure, out / "plane.png")


def main() -> None:
    args = arguments()
    torch.manual_seed(args.seed)
    learn = datasets.MNIST(args.data, train=True, flatten=True)
    test = datasets.MNIST(args.data, train=False, flatten=True)
    x, (x_test, labels) = learn.tensors[0], test.tensors
    if args.quick:
        args.epochs, x, x_test, labels = 1, x[:4000], x_test[:1000], labels[:1000]
    print(f"{len(x):,} digits to learn from, {len(x_test):,} held out ({learn.origin})")

    model = Autoencoder()
    optimizer = optim.Adam(model.parameters(), lr=args.lr)
    steps = args.epochs * -(-len(x) // args.batch_size)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    start = time.perf_counter()
    history = train.fit(
        model, (x, x), nn.BCEWithLogitsLoss(), optimizer, epochs=args.epochs, batch_size=args.batch_size,
        scheduler=schedule, schedule="batch",
    )  # fmt: skip

    with torch.no_grad():
        z = model.encoder(x_test)
        again = model.decoder(z).sigmoid()
    draw_plane(model, z.numpy(), labels.numpy(), args.out)
    shown = [int(np.flatnonzero(labels.numpy() == k)[0]) for k in range(10)]
    pairs = [x_test.numpy()[shown], again.numpy()[shown]]
    viz.save(viz.side_by_side([row.reshape(28, 28) for rows in pairs for row in rows], columns=10, size=0.8),
             args.out / "reconstructions.png")  # fmt: skip
    viz.save(viz.curves({"loss": history["loss"]}), args.out / "loss.png")
    print(f"Wrote {', '.join(sorted(path.name for path in args.out.iterdir()))} to {args.out}/")
    error = float(((again - x_test) ** 2).mean())
    linear = principal(x.numpy()[:20000], x_test.numpy())
    print(
        f"Mean squared error of held-out digits through two numbers: {error:.4f} "
        f"(two principal components: {linear:.4f}; {time.perf_counter() - start:.0f} s)"
    )


if __name__ == "__main__":
    main()
