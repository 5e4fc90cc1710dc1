"""The point of non-linearity: two lines that a linear net cannot combine into a roof.

    python examples/nonlinearity.py                   # ten seconds
    python examples/nonlinearity.py --hidden 3

A net of one input, two hidden units and one output learns a roof, 1 - |x|. Each hidden unit is a line; a sum of lines is
a line, so without an activation the best it can do is to lie flat. Bend each line with ReLU or tanh, and two of
them make the roof. Writes runs/nonlinearity/roof.png: what each hidden unit adds, and their sum.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import tinygrad_nn as torch
from tinygrad_nn import nn, optim, viz

ACTIVATIONS = {"no activation": nn.Identity, "ReLU": nn.ReLU, "tanh": nn.Tanh}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hidden", type=int, default=2)
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument(
        "--tries", type=int, default=6, help="starts, of which the best counts: two units can get stuck"
    )
    parser.add_argument("--lr", type=float, default=0.03)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/nonlinearity"))
    parser.add_argument("--quick", action="store_true", help="300 steps, 3 starts")
    args = parser.parse_args()
    if min(args.hidden, args.steps, args.tries) < 1 or args.lr <= 0:
        parser.error("all numbers must be positive")
    if args.quick:
        args.steps, args.tries = min(args.steps, 300), 3
    return args


def train(activation: type[nn.Module], x, y, args, seed: int) -> tuple[float, nn.Sequential]:
    """The mean squared error after training, and the net."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(1, args.hidden), activation(), nn.Linear(args.hidden, 1))
    optimizer = optim.Adam(model.parameters(), lr=args.lr)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, args.steps)
    loss_fn = nn.MSELoss()
    for _ in range(args.steps):
        optimizer.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        optimizer.step()
        schedule.step()
    return loss_fn(model(x), y).item(), model


def draw(ax, name: str, error: float, model: nn.Sequential, x, y) -> None:
    """The target, what each hidden unit adds to the output, and the output."""
    with torch.no_grad():
        hidden = model[:2](x).numpy()  # (N, hidden)
        output = model(x).numpy()
    parts = hidden * model[2].weight.detach().numpy()
    ax.plot(x.numpy(), y.numpy(), color=viz.plots.GREY, linewidth=5, alpha=0.35, label="to learn")
    for k, color in zip(range(parts.shape[1]), viz.plots.COLORS[1:]):
        ax.plot(x.numpy(), parts[:, k], color=color, linestyle="--", label=f"hidden unit {k + 1}, weighted")
    ax.plot(x.numpy(), output, color=viz.plots.BLUE, linewidth=2, label="their sum and the bias")
    ax.set(title=f"{name}: error {error:.4f}", xlabel="x", ylim=(-2.6, 2.6))
    ax.grid(alpha=0.25)
    ax.spines[["top", "right"]].set_visible(False)


def main() -> None:
    args = arguments()
    x = torch.linspace(-1, 1, 101).reshape(-1, 1)
    y = 1 - x.abs()
    start = time.perf_counter()
    figure, axes = viz.plots.figure(11, 3.8, 1, len(ACTIVATIONS))
    errors = {}
    for ax, (name, activation) in zip(axes[0], ACTIVATIONS.items()):
        tries = [train(activation, x, y, args, args.seed + k) for k in range(args.tries)]
        errors[name], model = min(tries, key=lambda found: found[0])
        print(f"{name:14} mean squared error {errors[name]:.6f}, best of {args.tries} starts")
        draw(ax, name, errors[name], model, x, y)
    axes[0][0].legend(frameon=False, fontsize=8)
    path = viz.save(figure, args.out / "roof.png")
    flat = float(((y - y.mean()) ** 2).mean())
    print(f"Wrote {path.name} to {args.out}/ ({time.perf_counter() - start:.1f} s)")
    print(
        f"Mean squared error {errors['no activation']:.4f} without activation (the best line: {flat:.4f}), "
        f"{errors['ReLU']:.6f} with ReLU, {errors['tanh']:.6f} with tanh"
    )


if __name__ == "__main__":
    main()
