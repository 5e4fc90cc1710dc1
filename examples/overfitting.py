"""A thousand digits and a net that is far too large: dropout and weight normalisation against overfitting.

    python examples/overfitting.py                    # four nets, half a minute
    python examples/overfitting.py --count 300        # fewer digits: the gap grows

The same net four times: as it is, with its weights normalised (w = g v / |v|: Salimans and Kingma, 2016),
with dropout (Srivastava et al., 2014), and with both. All learn their thousand digits by heart; what differs is
what they make of digits they have not seen. Writes runs/overfitting/curves.png.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

import tinygrad_nn as torch
from tinygrad_nn import datasets, nn, optim, train, viz
from tinygrad_nn.nn.utils.parametrizations import weight_norm

KINDS = {  # share dropped of the hidden units, weights normalised?
    "as it is": (0.0, False),
    "weight norm": (0.0, True),
    "dropout": (0.5, False),
    "dropout and weight norm": (0.5, True),
}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000, help="digits to learn from")
    parser.add_argument("--hidden", type=int, default=512, help="units in each of the two hidden layers")
    parser.add_argument("--epochs", type=int, default=50)
    parser.add_argument("--lr", type=float, default=1e-3, help="at first; it falls to nothing")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", help="folder with MNIST's files (else: $TINYGRAD_NN_DATA, the cache, a download)")
    parser.add_argument("--out", type=Path, default=Path("runs/overfitting"))
    parser.add_argument("--quick", action="store_true", help="a few epochs of small nets")
    args = parser.parse_args()
    if min(args.count, args.hidden, args.epochs) < 1 or args.lr <= 0:
        parser.error("all numbers must be positive")
    if args.quick:
        args.count, args.hidden, args.epochs = min(args.count, 300), 32, 5
    return args


def build(hidden: int, share: float, normalised: bool) -> nn.Sequential:
    def linear(n_in: int, n_out: int) -> nn.Module:
        layer = nn.Linear(n_in, n_out)
        return weight_norm(layer) if normalised else layer

    return nn.Sequential(
        *[linear(784, hidden), nn.ReLU(), nn.Dropout(share)],
        *[linear(hidden, hidden), nn.ReLU(), nn.Dropout(share)],
        linear(hidden, 10),
    )


def main() -> None:
    args = arguments()
    learn = datasets.MNIST(args.data, train=True, flatten=True)
    test = datasets.MNIST(args.data, train=False, flatten=True)
    rows = np.random.default_rng(args.seed).permutation(len(learn))[: args.count]
    few = tuple(tensor[rows] for tensor in learn.tensors)
    held_out = tuple(tensor[: 1000 if args.quick else 5000] for tensor in test.tensors)
    print(f"{args.count:,} digits to learn from, {len(held_out[0]):,} held out ({learn.origin})")

    histories = {}
    for name, (share, normalised) in KINDS.items():
        torch.manual_seed(args.seed)
        model = build(args.hidden, share, normalised)
        optimizer = optim.Adam(model.parameters(), lr=args.lr)
        schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, args.epochs)
        start = time.perf_counter()
        histories[name] = train.fit(
            model, few, nn.CrossEntropyLoss(), optimizer, epochs=args.epochs, validation=held_out,
            scheduler=schedule, metrics="accuracy", batch_size=50, progress=False,
        )  # fmt: skip
        last = histories[name].last
        print(
            f"{name:24} loss {last['loss']:.4f} learned, {last['validation loss']:.4f} held out; "
            f"accuracy {100 * last['validation accuracy']:.2f} % ({time.perf_counter() - start:.1f} s)"
        )

    panels = [("loss", "loss on what is learned"), ("validation loss", "loss on what is held out")]
    panels += [("validation accuracy", "accuracy on what is held out (%)")]
    figure, axes = viz.plots.figure(11, 3.6, 1, 3)
    for ax, (column, title) in zip(axes[0], panels):
        for (name, history), color in zip(histories.items(), viz.plots.COLORS):
            values = np.array(history[column]) * (100 if "accuracy" in column else 1)
            ax.plot(range(1, len(values) + 1), values, color=color, label=name, linewidth=1.6)
        ax.set(xlabel="epoch", title=title)
        ax.grid(alpha=0.25)
        ax.spines[["top", "right"]].set_visible(False)
    top = 100 * max(history["validation accuracy"][-1] for history in histories.values())
    if not args.quick:
        axes[0][2].set_ylim(top - 6, top + 1)
    axes[0][1].legend(frameon=False)
    path = viz.save(figure, args.out / "curves.png")
    print(f"Wrote {path.name} to {args.out}/")
    plain, dropped, both = (histories[name].last for name in ("as it is", "dropout", "dropout and weight norm"))
    print(
        f"Held out accuracy {100 * plain['validation accuracy']:.2f} % as it is, "
        f"{100 * dropped['validation accuracy']:.2f} % with dropout; loss {plain['validation loss']:.3f} as it is, "
        f"{dropped['validation loss']:.3f} with dropout, {both['validation loss']:.3f} with both"
    )


if __name__ == "__main__":
    main()
