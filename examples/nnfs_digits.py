"""Handwritten digits through four narrow layers: 784-25-20-15-10-10, with a validation set.

    python examples/nnfs_digits.py                        # MNIST
    python examples/nnfs_digits.py --csv train.csv        # Kaggle's table "Digit Recognizer"

The third problem of "NNFS", a network from scratch in R (2018): 42,000 digits, half of them to
learn from, a quarter for validation (it decides which epoch's weights are kept), a quarter held out
until the end. Writes to runs/nnfs_digits/: the weights, some of the digits, the curves, a sheet of
misclassified digits, the confusion matrix, and what the first layer looks at.
"""

from __future__ import annotations

import argparse
import copy
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

import tinygrad_nn as torch
from tinygrad_nn import datasets, nn, optim, viz
from tinygrad_nn.utils.data import DataLoader, TensorDataset

ACTIVATIONS = {"relu": nn.ReLU, "leaky_relu": nn.LeakyReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--csv", type=Path, help="Kaggle's train.csv, plain or gzipped (else: MNIST's own files)")
    parser.add_argument("--data", help="folder with MNIST's files (else: $TINYGRAD_NN_DATA, the cache, a download)")
    parser.add_argument("--samples", type=int, default=42_000, help="digits in all, as many as Kaggle's table has")
    parser.add_argument("--hidden", type=int, nargs="+", default=[25, 20, 15, 10])
    parser.add_argument("--activation", choices=ACTIVATIONS, default="leaky_relu")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--lr", type=float, default=3e-3)
    parser.add_argument("--weight-decay", type=float, default=0.02)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/nnfs_digits"))
    parser.add_argument("--quick", action="store_true", help="4,000 digits, three epochs")
    args = parser.parse_args()
    if min(args.epochs, args.batch_size, *args.hidden) < 1 or args.lr <= 0 or args.samples < 8:
        parser.error("--epochs, --batch-size, --hidden and --lr must be positive, --samples at least 8")
    if args.quick:
        args.samples, args.epochs = 4_000, 3
    return args


def digits(args: argparse.Namespace) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 28, 28) uint8 and labels (N,), in mixed order."""
    if args.csv is not None:
        images, labels = datasets.kaggle_csv(args.csv)
        if labels is None:
            raise SystemExit(f"{args.csv} has no labels: pass Kaggle's train.csv")
    else:
        parts = [datasets.MNIST(args.data, train=train) for train in (True, False)]
        images, labels = (np.concatenate([getattr(p, name).numpy() for p in parts]) for name in ("data", "targets"))
    chosen = np.random.default_rng(args.seed).permutation(len(labels))[: args.samples]
    return images[chosen], labels[chosen]


def build(hidden: list[int], activation: str) -> nn.Sequential:
    layers: list[nn.Module] = []
    for n_in, n_out in zip([28 * 28, *hidden], hidden):
        layers += [nn.Linear(n_in, n_out), ACTIVATIONS[activation]()]
    return nn.Sequential(*layers, nn.Linear(hidden[-1], 10))


@torch.no_grad()
def evaluate(model, x, y, loss_fn) -> tuple[float, float]:
    logits = model(x)
    return loss_fn(logits, y).item(), float((logits.argmax(1) == y).float().mean())


def main() -> None:
    args = arguments()
    torch.manual_seed(args.seed)
    images, labels = digits(args)
    x = torch.from_numpy(images.reshape(-1, 28 * 28) / np.float32(255))
    y = torch.from_numpy(labels)
    half, quarter = len(y) // 2, len(y) // 4
    learn, check, held_out = slice(half), slice(half, half + quarter), slice(half + quarter, None)
    print(f"{half:,} digits to learn from, {quarter:,} for validation, {len(y) - half - quarter:,} held out")

    model = build(args.hidden, args.activation)
    print(f"{model}\n{sum(p.numel() for p in model.parameters()):,} parameters")
    loss_fn = nn.CrossEntropyLoss()
    optimizer = optim.AdamW(model.parameters(), lr=args.lr, weight_decay=args.weight_decay)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, args.epochs, eta_min=args.lr / 100)
    loader = DataLoader(TensorDataset(x[learn], y[learn]), batch_size=args.batch_size, shuffle=True)

    history = {"loss": [], "validation loss": [], "accuracy": [], "validation accuracy": []}
    best, kept = -1.0, {}
    start = time.perf_counter()
    with tqdm(range(args.epochs), unit="epoch") as bar:
        for _ in bar:
            for batch, truth in loader:
                optimizer.zero_grad()
                loss = loss_fn(model(batch), truth)
                loss.backward()
                optimizer.step()
            schedule.step()
            found = evaluate(model, x[learn], y[learn], loss_fn), evaluate(model, x[check], y[check], loss_fn)
            for name, value in zip(history, (found[0][0], found[1][0], found[0][1], found[1][1])):
                history[name].append(value)
            bar.set_postfix_str(f"loss {found[0][0]:.4f}, validation accuracy {100 * found[1][1]:.2f} %")
            if found[1][1] > best:
                best, kept = found[1][1], copy.deepcopy(model.state_dict())
    model.load_state_dict(kept)
    seconds = time.perf_counter() - start

    args.out.mkdir(parents=True, exist_ok=True)
    with torch.no_grad():
        confidence, predicted = model(x[held_out]).softmax(1).max(1)
    torch.save(model.state_dict(), args.out / "weights.npz")
    viz.save(viz.side_by_side(images[:40], [str(label) for label in labels[:40]], columns=10), args.out / "digits.png")
    viz.save(viz.curves(history), args.out / "curves.png")
    viz.save(
        viz.misclassified(images[held_out], labels[held_out], predicted, confidence=confidence),
        args.out / "misclassified.png",
    )
    viz.save(viz.confusion_matrix(labels[held_out], predicted), args.out / "confusion.png")
    viz.save(viz.weights(model[0]), args.out / "first_layer.png")
    print(f"Wrote {', '.join(sorted(path.name for path in args.out.iterdir()))} to {args.out}/")
    accuracy = float((predicted == y[held_out]).float().mean())
    print(
        f"Held-out accuracy {100 * accuracy:.2f} % (validation {100 * best:.2f} %) after {args.epochs} epochs and {seconds:.1f} s"
    )


if __name__ == "__main__":
    main()
