"""An image as a function: from the place (x, y) to the colour there, in 5,400 numbers.

    python examples/nnfs_image.py                           # scikit-learn's photograph of a flower
    python examples/nnfs_image.py --image portrait.jpg      # any picture
    python examples/nnfs_image.py --activation tanh --epochs 300

The last problem of "NNFS", a network from scratch in R (2018): three hidden layers of 50 units learn
a 200 x 200 picture by heart. Sines as units (their weights drawn as V. Sitzmann et al. do,
"Implicit Neural Representations with Periodic Activation Functions", NeurIPS 2020) draw it sharper
than tanh or ReLU. Writes to runs/nnfs_image/: the picture beside the prediction and their difference,
the curve, and an animation of the learning.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

import tinygrad_nn as torch
from tinygrad_nn import datasets, nn, optim, viz
from tinygrad_nn.utils.data import DataLoader, TensorDataset


class Sine(nn.Module):
    """sin(x)."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.sin()


ACTIVATIONS = {"sine": Sine, "tanh": nn.Tanh, "relu": nn.ReLU}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--image", type=Path, help="a picture to learn; its middle is cut out, a square")
    parser.add_argument("--size", type=int, default=200, help="pixels along each side")
    parser.add_argument("--hidden", type=int, nargs="+", default=[50, 50, 50])
    parser.add_argument("--activation", choices=ACTIVATIONS, default="sine")
    parser.add_argument("--frequency", type=float, default=20.0, help="of the first layer's sines")
    parser.add_argument("--epochs", type=int, default=150)
    parser.add_argument("--batch-size", type=int, default=1024)
    parser.add_argument("--lr", type=float, default=0.015)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/nnfs_image"))
    parser.add_argument("--quick", action="store_true", help="a 48 x 48 picture, few epochs")
    args = parser.parse_args()
    if min(args.size, args.epochs, args.batch_size, *args.hidden) < 1 or args.lr <= 0:
        parser.error("--size, --epochs, --batch-size, --hidden and --lr must be positive")
    if args.quick:
        args.size, args.epochs, args.batch_size = 48, 20, 256
    return args


def picture(path: Path | None, size: int) -> np.ndarray:
    """A square cut out of the middle, (size, size, 3) uint8."""
    try:
        from PIL import Image
        from sklearn.datasets import load_sample_image
    except ImportError as missing:
        sys.exit(f'This example needs {missing.name}: pip install "tinygrad_nn[examples]"')
    image = Image.open(path).convert("RGB") if path else Image.fromarray(load_sample_image("flower.jpg"))
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return np.asarray(image.crop((left, top, left + side, top + side)).resize((size, size), Image.Resampling.LANCZOS))


def build(hidden: list[int], activation: str, frequency: float) -> nn.Sequential:
    """(x, y) -> hidden layers -> (r, g, b)."""
    layers: list[nn.Module] = []
    for k, (n_in, n_out) in enumerate(zip([2, *hidden], hidden)):
        linear = nn.Linear(n_in, n_out)
        if activation == "sine":
            bound = frequency / n_in if k == 0 else math.sqrt(6 / n_in)
            nn.init.uniform_(linear.weight, -bound, bound)
        elif k == 0:
            nn.init.uniform_(linear.weight, -3, 3)  # places lie in -1..1: let the first bends lie close, too
        layers += [linear, ACTIVATIONS[activation]()]
    return nn.Sequential(*layers, nn.Linear(hidden[-1], 3))


@torch.no_grad()
def predicted(model: nn.Module, places: torch.Tensor, size: int) -> np.ndarray:
    return model(places).clamp(0, 1).numpy().reshape(size, size, 3)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal-to-noise ratio in decibels: 10 log10(1 / mean squared error), of values in 0..1."""
    return -10 * math.log10(float(np.mean((a - b) ** 2)))


def main() -> None:
    args = arguments()
    torch.manual_seed(args.seed)
    target = picture(args.image, args.size) / np.float32(255)
    places, colours = map(torch.from_numpy, datasets.image_regression(target))
    model = build(args.hidden, args.activation, args.frequency)
    print(f"{len(places):,} pixels, {sum(p.numel() for p in model.parameters()):,} parameters")

    loss_fn = nn.MSELoss()
    optimizer = optim.Adam(model.parameters(), lr=args.lr)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, args.epochs, eta_min=args.lr / 50)
    loader = DataLoader(TensorDataset(places, colours), batch_size=args.batch_size, shuffle=True)
    moments = set(np.geomspace(1, args.epochs, 4 if args.quick else 28).round().astype(int).tolist())
    history: dict[str, list[float]] = {"PSNR": []}
    frames = []
    start = time.perf_counter()
    with tqdm(range(1, args.epochs + 1), unit="epoch") as bar:
        for epoch in bar:
            for x, y in loader:
                optimizer.zero_grad()
                loss = loss_fn(model(x), y)
                loss.backward()
                optimizer.step()
            schedule.step()
            image = predicted(model, places, args.size)
            history["PSNR"].append(psnr(image, target))
            bar.set_postfix_str(f"PSNR {history['PSNR'][-1]:.2f} dB")
            if epoch in moments:
                both = np.concatenate([target, image], 1)
                frames.append(np.round(255 * both.repeat(2, 0).repeat(2, 1)).astype(np.uint8))
    seconds = time.perf_counter() - start

    titles = ["the picture", f"the network, {history['PSNR'][-1]:.1f} dB", "difference, twofold"]
    viz.save(viz.side_by_side([target, image, 2 * abs(image - target)], titles), args.out / "picture.png")
    viz.save(viz.curves(history), args.out / "curve.png")
    viz.animation(frames, args.out / "learning.gif")
    print(f"Wrote {', '.join(sorted(path.name for path in args.out.iterdir()))} to {args.out}/")
    print(f"PSNR {history['PSNR'][-1]:.2f} dB after {args.epochs} epochs and {seconds:.1f} s")


if __name__ == "__main__":
    main()
