"""Classes buried in one another: a small network learns 2, 6 and then 10 rings of points.

    python examples/nnfs_clusters.py                       # 2, 6 and 10 classes
    python examples/nnfs_clusters.py --classes 4 --activation relu

The first problem of "NNFS", a network from scratch in R (2018): a cluster in the middle, and each
further class a ring around those before it. No straight line parts any two of them.
Writes to runs/nnfs_clusters/: for each problem the points over the regions learned, the network
with its weights, and an animation of the learning; and the curves of all.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

import tinygrad_nn as torch
from tinygrad_nn import datasets, nn, optim, viz

ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "sigmoid": nn.Sigmoid}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--classes", type=int, nargs="+", default=[2, 6, 10])
    parser.add_argument("--points", type=int, default=200, help="of each class")
    parser.add_argument("--hidden", type=int, nargs="+", default=[24, 24], help="sizes of the hidden layers")
    parser.add_argument("--activation", choices=ACTIVATIONS, default="tanh")
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--lr", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/nnfs_clusters"))
    parser.add_argument("--quick", action="store_true", help="2 classes, few steps, a short animation")
    args = parser.parse_args()
    if min(args.classes) < 2 or min(args.points, args.steps, *args.hidden) < 1 or args.lr <= 0:
        parser.error("--classes must be 2 or more; --points, --steps, --hidden and --lr must be positive")
    if args.quick:
        args.classes, args.steps, args.points = args.classes[:1], 200, 60
    return args


def build(hidden: list[int], activation: str, classes: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for n_in, n_out in zip([2, *hidden], hidden):
        layers += [nn.Linear(n_in, n_out), ACTIVATIONS[activation]()]
    return nn.Sequential(*layers, nn.Linear(hidden[-1], classes))


def train(model: nn.Sequential, x, y, args, frames: list) -> tuple[list[float], list[float]]:
    """All points at each step; frames for the animation on the way. Losses and accuracies."""
    optimizer = optim.Adam(model.parameters(), lr=args.lr)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, args.steps, eta_min=args.lr / 20)
    loss_fn = nn.CrossEntropyLoss()
    moments = set(np.unique(np.geomspace(1, args.steps, 4 if args.quick else 24).round().astype(int)).tolist())
    losses, accuracies = [], []
    with tqdm(range(1, args.steps + 1), unit="step") as bar:
        for step in bar:
            optimizer.zero_grad()
            logits = model(x)
            loss = loss_fn(logits, y)
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
            accuracies.append(float((logits.argmax(1) == y).float().mean()))
            if step in moments:
                frames.append(viz.decision_regions(model, x, y, steps=100, title=f"step {step}"))
            if step % 50 == 0:
                bar.set_postfix_str(f"loss {losses[-1]:.4f}, accuracy {100 * accuracies[-1]:.2f} %")
    return losses, accuracies


def main() -> None:
    args = arguments()
    start = time.perf_counter()
    history: dict[str, list[float]] = {}
    ends = []
    for classes in args.classes:
        torch.manual_seed(args.seed)
        x, y = datasets.clusters_within_clusters(args.points * classes, classes, seed=args.seed)
        x, y = torch.from_numpy(x), torch.from_numpy(y)
        model = build(args.hidden, args.activation, classes)
        print(f"{classes} classes, {len(x)} points; {sum(p.numel() for p in model.parameters())} parameters")
        frames: list = []
        losses, accuracies = train(model, x, y, args, frames)
        others = datasets.clusters_within_clusters(len(x), classes, seed=args.seed + 1)  # of the same rings, never seen
        seen, unseen = (
            accuracies[-1],
            float((model(torch.from_numpy(others[0])).argmax(1) == torch.from_numpy(others[1])).float().mean()),
        )
        ends.append(f"{classes} classes {100 * seen:.2f} % ({100 * unseen:.2f} % of points not seen)")
        history[f"{classes} classes: loss"], history[f"{classes} classes: accuracy"] = losses, accuracies
        viz.save(viz.decision_regions(model, x, y), args.out / f"regions_{classes}.png")
        viz.network(model).save_as(args.out / f"network_{classes}.svg")
        viz.animation(frames, args.out / f"learning_{classes}.gif")
    viz.save(viz.curves(history, x_label="step"), args.out / "curves.png")
    print(f"Wrote {', '.join(sorted(path.name for path in args.out.iterdir()))} to {args.out}/")
    print(f"Points in the region of their class: {', '.join(ends)} ({time.perf_counter() - start:.1f} s)")


if __name__ == "__main__":
    main()
