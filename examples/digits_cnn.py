"""A small convolutional network on the digits: 99.3 % in minutes on a processor.

    python examples/digits_cnn.py
    python examples/digits_cnn.py --epochs 3          # 99 % in a hurry

Two layers of 5 x 5 filters, the largest of each 2 x 2, and two full layers; each digit is moved by up
to two pixels at random while it is learned from. Writes to runs/digits_cnn/: network.json for a web page,
the weights, the curves, the filters, what they make of a digit, misclassified digits and the
confusion matrix.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

import tinygrad_nn as torch
from tinygrad_nn import datasets, nn, optim, viz
from tinygrad_nn.interop.json_export import to_json


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--channels", type=int, nargs=2, default=[12, 32], help="filters of the two layers")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=100)
    parser.add_argument("--lr", type=float, default=3e-3, help="the largest; it rises at first and then falls")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", help="folder with MNIST's files (else: $TINYGRAD_NN_DATA, the cache, a download)")
    parser.add_argument("--out", type=Path, default=Path("runs/digits_cnn"))
    parser.add_argument("--quick", action="store_true", help="2,000 digits, one epoch")
    args = parser.parse_args()
    if min(args.epochs, args.batch_size, *args.channels) < 1 or args.lr <= 0:
        parser.error("--channels, --epochs, --batch-size and --lr must be positive")
    return args


def build(channels: list[int]) -> nn.Sequential:
    """(N, 1, 28, 28) -> (N, 10). The activation follows the pooling: the same result on a quarter of the elements."""
    few, many = channels
    return nn.Sequential(
        nn.Conv2d(1, few, 5), nn.MaxPool2d(2), nn.ReLU(),  # (N, few, 12, 12)
        nn.Conv2d(few, many, 5), nn.MaxPool2d(2), nn.ReLU(),  # (N, many, 4, 4)
        nn.Flatten(), nn.Linear(16 * many, 128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(128, 10),
    )  # fmt: skip


def moved(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Each image (N, 1, 28, 28) moved by -2..2 pixels down and right, zeros coming in."""
    wide = np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2)))
    result = np.empty_like(images)
    places = rng.integers(0, 5, (len(images), 2))
    for down in range(5):
        for right in range(5):
            those = np.flatnonzero((places == (down, right)).all(1))
            result[those] = wide[those, :, down : down + 28, right : right + 28]
    return result


@torch.no_grad()
def logits_of(model: nn.Module, x: torch.Tensor) -> torch.Tensor:
    model.eval()
    return torch.cat([model(part) for part in x.split(500)])


def main() -> None:
    args = arguments()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    train, test = (datasets.MNIST(args.data, train=train, normalize=False) for train in (True, False))
    (x, y), (x_test, y_test) = ((part.tensors[0].numpy(), part.tensors[1].numpy()) for part in (train, test))
    if args.quick:
        x, y, x_test, y_test, args.epochs = x[:2_000], y[:2_000], x_test[:1_000], y_test[:1_000], 1
    x_test = torch.from_numpy(x_test)
    print(f"{len(y):,} digits to learn from, {len(y_test):,} held out ({train.origin})")
    model = build(args.channels)
    print(f"{model}\n{sum(p.numel() for p in model.parameters()):,} parameters")

    loss_fn = nn.CrossEntropyLoss()
    optimizer = optim.AdamW(model.parameters(), lr=args.lr)
    batches = len(y) // args.batch_size
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, args.lr, args.epochs * batches, pct_start=0.2)
    history: dict[str, list[float]] = {"loss": [], "test accuracy": []}
    start = time.perf_counter()
    for epoch in range(1, args.epochs + 1):
        model.train()
        order = rng.permutation(len(y))[: batches * args.batch_size].reshape(batches, -1)
        total = 0.0
        with tqdm(order, desc=f"epoch {epoch}/{args.epochs}", unit="batch") as bar:
            for k, rows in enumerate(bar, 1):
                optimizer.zero_grad()
                loss = loss_fn(model(torch.from_numpy(moved(x[rows], rng))), torch.from_numpy(y[rows]))
                loss.backward()
                optimizer.step()
                schedule.step()
                total += loss.item()
                if k % 20 == 0:
                    bar.set_postfix_str(f"loss {total / k:.4f}")
        logits = logits_of(model, x_test)
        history["loss"].append(total / batches)
        history["test accuracy"].append(float((logits.argmax(1).numpy() == y_test).mean()))
        print(
            f"epoch {epoch}: loss {history['loss'][-1]:.4f}, test accuracy {100 * history['test accuracy'][-1]:.2f} %",
            flush=True,
        )
    seconds = time.perf_counter() - start

    args.out.mkdir(parents=True, exist_ok=True)
    to_json(model, args.out / "network.json", digits=5)
    torch.save(model.state_dict(), args.out / "weights.npz")
    confidence, predicted = logits.softmax(1).max(1)
    images = x_test.numpy()[:, 0]
    viz.save(viz.curves(history), args.out / "curves.png")
    viz.save(viz.weights(model[0], columns=6), args.out / "filters.png")
    with torch.no_grad():
        maps = model[:3](x_test[:1])[0].numpy()
    viz.save(
        viz.side_by_side([images[0], *maps], ["the digit", *map(str, range(1, len(maps) + 1))], columns=7),
        args.out / "maps.png",
    )
    viz.save(viz.misclassified(images, y_test, predicted, confidence=confidence), args.out / "misclassified.png")
    viz.save(viz.confusion_matrix(y_test, predicted), args.out / "confusion.png")
    print(f"Wrote {', '.join(sorted(path.name for path in args.out.iterdir()))} to {args.out}/")
    print(f"Test accuracy {100 * history['test accuracy'][-1]:.2f} % after {args.epochs} epochs and {seconds:.1f} s")


if __name__ == "__main__":
    main()
