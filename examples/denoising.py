"""Digits out of noise: a denoising autoencoder.

    python examples/denoising.py                      # a minute or two
    python examples/denoising.py --noise 1.0          # as much noise as there is ink

The net sees digits with noise added and is asked for them without it (Vincent et al., 2008); the noise is new in each
batch, so there is nothing to learn by heart. Writes to runs/denoising/: digits noisy, cleaned and true, and the loss.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

import tinygrad_nn as torch
from tinygrad_nn import datasets, nn, optim, viz
from tinygrad_nn.utils.data import DataLoader


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--noise", type=float, default=0.6, help="standard deviation; ink is 1, paper is 0")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--lr", type=float, default=2e-3, help="at first; it falls to nothing")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", help="folder with MNIST's files (else: $TINYGRAD_NN_DATA, the cache, a download)")
    parser.add_argument("--out", type=Path, default=Path("runs/denoising"))
    parser.add_argument("--quick", action="store_true", help="100 steps")
    args = parser.parse_args()
    if min(args.epochs, args.batch_size) < 1 or min(args.lr, args.noise) <= 0:
        parser.error("all numbers must be positive")
    return args


def decibels(image, truth) -> float:
    """The peak signal-to-noise ratio, 10 log10(1 / mean squared error)."""
    return -10 * math.log10(float(((image - truth) ** 2).mean()))


def noisy(x, noise: float):
    """x with noise added, kept within paper and ink."""
    return (x + noise * torch.randn_like(x)).clamp(0, 1)


def main() -> None:
    args = arguments()
    torch.manual_seed(args.seed)
    learn = datasets.MNIST(args.data, train=True, flatten=True)
    test = datasets.MNIST(args.data, train=False, flatten=True)
    print(f"{len(learn):,} digits to learn from, {len(test):,} held out ({learn.origin})")

    model = nn.Sequential(
        nn.Linear(784, 400),
        nn.ReLU(),
        nn.Linear(400, 100),
        nn.ReLU(),
        nn.Linear(100, 400),
        nn.ReLU(),
        nn.Linear(400, 784),
    )
    loader = DataLoader(learn, batch_size=args.batch_size, shuffle=True)
    steps = 100 if args.quick else args.epochs * len(loader)
    optimizer = optim.Adam(model.parameters(), lr=args.lr)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    loss_fn = nn.BCEWithLogitsLoss()
    losses: list[float] = []
    start = time.perf_counter()
    with tqdm(total=steps, unit="step") as bar:
        while len(losses) < steps:
            for x, _ in loader:
                optimizer.zero_grad()
                loss = loss_fn(model(noisy(x, args.noise)), x)
                loss.backward()
                optimizer.step()
                schedule.step()
                losses.append(loss.item())
                bar.update()
                if len(losses) % 50 == 0:
                    bar.set_postfix_str(f"loss {np.mean(losses[-50:]):.4f}")
                if len(losses) == steps:
                    break

    x, labels = test.tensors
    with torch.no_grad():
        spoiled = noisy(x, args.noise)
        cleaned = model(spoiled).sigmoid()
    shown = [int(np.flatnonzero(labels.numpy() == k)[0]) for k in range(10)]
    rows = {"noisy": spoiled, "cleaned": cleaned, "true": x}
    images = [images.numpy()[k].reshape(28, 28) for images in rows.values() for k in shown]
    titles = [name if k == 0 else "" for name in rows for k in range(10)]
    viz.save(viz.side_by_side(images, titles, columns=10, size=0.85), args.out / "denoised.png")
    smooth = [float(np.mean(part)) for part in np.array_split(losses, min(steps, 60))]
    viz.save(viz.curves({"loss": smooth}, x_label=f"{steps / len(smooth):.0f} steps"), args.out / "loss.png")
    print(f"Wrote {', '.join(sorted(path.name for path in args.out.iterdir()))} to {args.out}/")
    print(
        f"Peak signal-to-noise ratio of held-out digits: {decibels(spoiled, x):.1f} dB noisy, "
        f"{decibels(cleaned, x):.1f} dB cleaned ({time.perf_counter() - start:.0f} s)"
    )


if __name__ == "__main__":
    main()
