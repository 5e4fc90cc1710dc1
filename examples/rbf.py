"""A radial-basis-function net: spirals from a few round bumps, each where it is needed.

    python examples/rbf.py                            # ten seconds
    python examples/rbf.py --centers 60

Hidden units that answer to a neighbourhood instead of a half-plane (Broomhead and Lowe, 1988): the bumps begin at some of
the points, and learn where to stand and how wide to be. Writes to runs/rbf/: the regions with the bumps as circles,
those that a linear net finds, and the curves.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

import tinygrad_nn as torch
from tinygrad_nn import datasets, nn, optim, viz


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=1000, help="half of them are held out")
    parser.add_argument("--classes", type=int, default=3, help="arms of the spiral")
    parser.add_argument("--centers", type=int, default=40, help="bumps")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--lr", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/rbf"))
    parser.add_argument("--quick", action="store_true", help="200 steps")
    args = parser.parse_args()
    if min(args.points, args.classes, args.centers, args.steps) < 1 or args.lr <= 0:
        parser.error("all numbers must be positive")
    if args.centers > args.points // 2:
        parser.error("--centers begin at points: there must be twice as many --points")
    args.steps = min(args.steps, 200) if args.quick else args.steps
    return args


def train(model: nn.Module, x, y, args, title: str) -> list[float]:
    """All points at each step."""
    optimizer = optim.Adam(model.parameters(), lr=args.lr)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, args.steps)
    loss_fn = nn.CrossEntropyLoss()
    losses = []
    for _ in tqdm(range(args.steps), desc=title, unit="step"):
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    return losses


def accuracy(model: nn.Module, x, y) -> float:
    with torch.no_grad():
        return float((model(x).argmax(1) == y).float().mean())


def main() -> None:
    args = arguments()
    torch.manual_seed(args.seed)
    points, labels = datasets.spirals(args.points, args.classes, turns=1.25, noise=0.03, seed=args.seed)
    mixed = np.random.default_rng(args.seed).permutation(len(points))
    learn, held_out = mixed[: len(mixed) // 2], mixed[len(mixed) // 2 :]
    x, x_test = (torch.from_numpy(points[rows].astype(np.float32)) for rows in (learn, held_out))
    y, y_test = (torch.from_numpy(labels[rows]) for rows in (learn, held_out))
    start = time.perf_counter()

    bumps = nn.RBF(2, args.centers, width=0.2)
    bumps.centers.data.copy_(x[: args.centers])
    model = nn.Sequential(bumps, nn.Linear(args.centers, args.classes))
    linear = nn.Linear(2, args.classes)
    losses = {"bumps loss": train(model, x, y, args, "bumps"), "linear loss": train(linear, x, y, args, "linear")}

    figure = viz.decision_regions(model, x_test, y_test, title=f"{args.centers} bumps, held-out points")
    angle = np.linspace(0, 2 * np.pi, 60)
    for (cx, cy), width in zip(bumps.centers.detach().numpy(), bumps.log_width.detach().exp().numpy()):
        figure.axes[0].plot(
            cx + width * np.cos(angle), cy + width * np.sin(angle), color="black", linewidth=0.7, alpha=0.5
        )
        figure.axes[0].plot(cx, cy, "+", color="black", markersize=5, alpha=0.7)
    viz.save(figure, args.out / "regions.png")
    viz.save(viz.decision_regions(linear, x_test, y_test, title="linear, held-out points"), args.out / "linear.png")
    viz.save(viz.curves(losses, x_label="step"), args.out / "curves.png")
    print(f"Wrote {', '.join(sorted(path.name for path in args.out.iterdir()))} to {args.out}/")
    print(
        f"Held-out points right: {100 * accuracy(model, x_test, y_test):.2f} % with {args.centers} bumps, "
        f"{100 * accuracy(linear, x_test, y_test):.2f} % linear ({time.perf_counter() - start:.1f} s)"
    )


if __name__ == "__main__":
    main()
