"""A restricted Boltzmann machine dreams of digits: contrastive divergence, its filters and its samples.

    python examples/rbm.py                            # two minutes
    python examples/rbm.py --hidden 64 --epochs 5

Visible pixels v and hidden units h have the energy -v W h - a v - b h. Summing out h gives the free energy
F(v) = -a v - sum log(1 + exp(b + v W)). To make data likelier than what the machine dreams, F is lowered at data and
raised at dreams, chains of samples that go on from batch to batch (Tieleman, 2008): the engine derives the rest from
F alone. Writes to runs/rbm/: the filters, digits dreamt, and digits whose lower half was left to the machine.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

import tinygrad_nn as torch
import tinygrad_nn.nn.functional as F
from tinygrad_nn import datasets, nn, optim, viz
from tinygrad_nn.utils.data import DataLoader


class RBM(nn.Module):
    """W: (hidden, visible), with biases of both. (Smolensky, 1986; Hinton, 2002)"""

    def __init__(self, visible: int, hidden: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(0.01 * torch.randn(hidden, visible))
        self.visible_bias = nn.Parameter(torch.zeros(visible))
        self.hidden_bias = nn.Parameter(torch.zeros(hidden))

    def free_energy(self, v):
        """(N, visible) -> (N,)"""
        return -(v @ self.visible_bias) - F.softplus(F.linear(v, self.weight, self.hidden_bias)).sum(1)

    @torch.no_grad()
    def gibbs(self, v, steps: int):
        """Samples h from v and v from h, `steps` times; gives v's samples and their probabilities."""
        for _ in range(steps):
            h = F.linear(v, self.weight, self.hidden_bias).sigmoid().bernoulli()
            share = F.linear(h, self.weight.T, self.visible_bias).sigmoid()
            v = share.bernoulli()
        return v, share


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hidden", type=int, default=144)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--batch-size", type=int, default=100, help="also the number of chains")
    parser.add_argument("--steps", type=int, default=1, help="of Gibbs sampling between two updates")
    parser.add_argument("--lr", type=float, default=0.05, help="at first; it falls to nothing")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", help="folder with MNIST's files (else: $TINYGRAD_NN_DATA, the cache, a download)")
    parser.add_argument("--out", type=Path, default=Path("runs/rbm"))
    parser.add_argument("--quick", action="store_true", help="one epoch of 3,000 digits with 36 hidden units")
    args = parser.parse_args()
    if min(args.hidden, args.epochs, args.batch_size, args.steps) < 1 or args.lr <= 0:
        parser.error("all numbers must be positive")
    return args


def completed(model: RBM, digits, rounds: int):
    """The lower half dreamt while the upper one is held."""
    v = digits.clone()
    v[:, 392:] = torch.rand_like(v[:, 392:]).bernoulli()
    for _ in range(rounds):
        v, share = model.gibbs(v, 1)
        v[:, :392] = digits[:, :392]
    share[:, :392] = digits[:, :392]
    return share


def main() -> None:
    args = arguments()
    torch.manual_seed(args.seed)
    learn = datasets.MNIST(args.data, train=True, flatten=True)
    test = datasets.MNIST(args.data, train=False, flatten=True)
    (x, _), (x_test, labels) = learn.tensors, test.tensors
    if args.quick:
        args.epochs, args.hidden, x, x_test, labels = 1, min(args.hidden, 36), x[:3000], x_test[:500], labels[:500]
    print(f"{len(x):,} digits to learn from, {len(x_test):,} held out ({learn.origin})")

    model = RBM(784, args.hidden)
    ink = x.mean(0).clamp(0.01, 0.99)
    model.visible_bias.data.copy_((ink / (1 - ink)).log())
    optimizer = optim.SGD(model.parameters(), lr=args.lr, momentum=0.5)
    loader = DataLoader(torch.utils.data.TensorDataset(x), batch_size=args.batch_size, shuffle=True, drop_last=True)
    schedule = optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.02, total_iters=args.epochs * len(loader))
    chains = x[: args.batch_size].bernoulli()
    start = time.perf_counter()
    for epoch in range(1, args.epochs + 1):
        gaps = []
        for (batch,) in tqdm(loader, desc=f"epoch {epoch}/{args.epochs}", unit="batch"):
            chains, _ = model.gibbs(chains, args.steps)
            optimizer.zero_grad()
            gap = model.free_energy(batch.bernoulli()).mean() - model.free_energy(chains).mean()
            gap.backward()
            optimizer.step()
            schedule.step()
            gaps.append(gap.item())
        error = float(((model.gibbs(x_test.bernoulli(), 1)[1] - x_test) ** 2).mean())
        print(f"free energy of data above that of dreams: {np.mean(gaps):.2f}; error of one step and back {error:.4f}")

    viz.save(viz.weights(model, columns=18), args.out / "filters.png")
    _, dreams = model.gibbs(chains[: 15 if args.quick else 60], 20 if args.quick else 500)
    viz.save(viz.side_by_side(dreams.numpy().reshape(-1, 28, 28), columns=15, size=0.6), args.out / "dreams.png")
    shown = [int(k) for d in range(10) for k in np.flatnonzero(labels.numpy() == d)[:1]]
    digits = (x_test[shown] > 0.5).float()
    pair = [
        image.reshape(28, 28)
        for images in (digits, completed(model, digits, 20 if args.quick else 100))
        for image in images.numpy()
    ]
    titles = ["true" if k == 0 else "dreamt" if k == 10 else "" for k in range(20)]
    viz.save(viz.side_by_side(pair, titles, columns=10, size=0.9), args.out / "completed.png")
    print(f"Wrote {', '.join(sorted(path.name for path in args.out.iterdir()))} to {args.out}/")
    print(f"Mean squared error of held-out digits, up and down once: {error:.4f} ({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main()
