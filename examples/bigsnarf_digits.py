"""Digits with fifteen hidden neurons, sigmoids and mini-batch gradient descent: 784-15-10.

    python examples/bigsnarf_digits.py                       # MNIST
    python examples/bigsnarf_digits.py --csv train.csv       # Kaggle's table "Digit Recognizer"
    python examples/bigsnarf_digits.py --loss squared        # the older cost

BigSnarf's network from scratch (2017), after M. Nielsen, "Neural Networks and Deep Learning" (2015),
chapters 1 and 3. Writes to runs/bigsnarf_digits/: rows of the table as pictures, network.json and the
weights for an app to answer with, the curves, some digits with the probabilities given to them, and
what each hidden neuron looks at.
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
from tinygrad_nn.interop.json_export import to_json
from tinygrad_nn.utils.data import DataLoader, TensorDataset


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--csv", type=Path, help="Kaggle's train.csv; a seventh of it is held out (else: MNIST's files)"
    )
    parser.add_argument("--data", help="folder with MNIST's files (else: $TINYGRAD_NN_DATA, the cache, a download)")
    parser.add_argument("--loss", choices=("cross-entropy", "squared"), default="cross-entropy")
    parser.add_argument("--hidden", type=int, default=15)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch-size", type=int, default=10)
    parser.add_argument("--lr", type=float, default=0.3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/bigsnarf_digits"))
    parser.add_argument("--quick", action="store_true", help="10,000 digits, one epoch")
    args = parser.parse_args()
    if min(args.hidden, args.epochs, args.batch_size) < 1 or args.lr <= 0:
        parser.error("--hidden, --epochs, --batch-size and --lr must be positive")
    return args


def digits(args: argparse.Namespace) -> list[tuple[np.ndarray, np.ndarray]]:
    """Images (N, 28, 28) uint8 and labels (N,): to learn from, and held out."""
    if args.csv is None:
        parts = [datasets.MNIST(args.data, train=train) for train in (True, False)]
        return [(part.data.numpy(), part.targets.numpy()) for part in parts]
    images, labels = datasets.kaggle_csv(args.csv)
    if labels is None:
        raise SystemExit(f"{args.csv} has no labels: pass Kaggle's train.csv")
    rows = len(labels) * 6 // 7
    return [(images[:rows], labels[:rows]), (images[rows:], labels[rows:])]


def as_features(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(images.reshape(-1, 28 * 28) / np.float32(255))


def main() -> None:
    args = arguments()
    torch.manual_seed(args.seed)
    (images, labels), (test_images, test_labels) = digits(args)
    if args.quick:
        images, labels, args.epochs = images[:10_000], labels[:10_000], 1
    print(f"{len(labels):,} digits to learn from, {len(test_labels):,} held out")
    viz.save(viz.side_by_side(images[:40], [str(label) for label in labels[:40]], columns=10), args.out / "digits.png")

    model = nn.Sequential(nn.Linear(28 * 28, args.hidden), nn.Sigmoid(), nn.Linear(args.hidden, 10), nn.Sigmoid())
    print(f"{model}\n{sum(p.numel() for p in model.parameters()):,} parameters")
    optimizer = optim.SGD(model.parameters(), lr=args.lr * (10 if args.loss == "squared" else 1))
    schedule = optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, total_iters=args.epochs)
    cost = nn.BCELoss(reduction="sum") if args.loss == "cross-entropy" else nn.MSELoss(reduction="sum")

    @torch.compile
    def step(x, y):
        optimizer.zero_grad()
        loss = cost(model(x), F.one_hot(y, 10).float()) / args.batch_size
        loss.backward()
        optimizer.step()
        return loss

    loader = DataLoader(
        TensorDataset(as_features(images), torch.from_numpy(labels)),
        batch_size=args.batch_size,
        shuffle=True,
        drop_last=True,
    )
    held_out, truth = as_features(test_images), torch.from_numpy(test_labels)
    history: dict[str, list[float]] = {"loss": [], "test accuracy": []}
    start = time.perf_counter()
    with tqdm(range(args.epochs), unit="epoch") as bar:
        for _ in bar:
            history["loss"].append(float(np.mean([step(x, y).item() for x, y in loader])))
            schedule.step()
            with torch.no_grad():
                outputs = model(held_out)
            history["test accuracy"].append(float((outputs.argmax(1) == truth).float().mean()))
            bar.set_postfix_str(
                f"loss {history['loss'][-1]:.4f}, test accuracy {100 * history['test accuracy'][-1]:.2f} %"
            )
    seconds = time.perf_counter() - start

    to_json(model, args.out / "network.json", digits=6)
    torch.save(model.state_dict(), args.out / "weights.npz")
    shares, said = (outputs / outputs.sum(1, keepdim=True)).max(1)
    titles = [f"{digit}: {100 * share:.0f} %" for digit, share in zip(said[:40].tolist(), shares[:40].tolist())]
    viz.save(viz.side_by_side(test_images[:40], titles, columns=10), args.out / "answers.png")
    viz.save(viz.curves(history), args.out / "curves.png")
    viz.save(viz.confusion_matrix(truth, said), args.out / "confusion.png")
    viz.save(viz.weights(model[0]), args.out / "first_layer.png")
    print(f"Wrote {', '.join(sorted(path.name for path in args.out.iterdir()))} to {args.out}/")
    print(f"Test accuracy {100 * history['test accuracy'][-1]:.2f} % after {args.epochs} epochs and {seconds:.1f} s")


if __name__ == "__main__":
    main()
