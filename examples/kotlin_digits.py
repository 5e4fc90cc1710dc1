"""Digits with sixteen hidden neurons, sigmoids and squared error; the network is written as JSON.

    python examples/kotlin_digits.py                  # 94 % and more
    python examples/kotlin_digits.py --clamp 0.8      # biases kept within -0.8..0.8

The system of a network from scratch in Kotlin (2021): 784-16-10, the squared error of the ten
outputs, the gradients of single digits averaged over a batch, and biases that are clamped.
`python examples/digits_cnn.py` is its convolutional sequel. Writes to runs/kotlin_digits/:
network.json, which a web page can answer with, the weights, the curves, misclassified digits, the
confusion matrix, and what each hidden neuron looks at.
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
from tinygrad_nn.utils.data import DataLoader


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hidden", type=int, default=16)
    parser.add_argument("--clamp", type=float, help="the largest bias; no limit without it")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--lr", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", help="folder with MNIST's files (else: $TINYGRAD_NN_DATA, the cache, a download)")
    parser.add_argument("--out", type=Path, default=Path("runs/kotlin_digits"))
    parser.add_argument("--quick", action="store_true", help="one epoch")
    args = parser.parse_args()
    if (
        min(args.hidden, args.epochs, args.batch_size) < 1
        or args.lr <= 0
        or (args.clamp is not None and args.clamp <= 0)
    ):
        parser.error("--hidden, --epochs, --batch-size, --lr and --clamp must be positive")
    if args.quick:
        args.epochs = 1
    return args


def squared_error(outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Half the squared distance to the right output (1 for the digit, 0 elsewhere), averaged over the digits."""
    return ((outputs - F.one_hot(labels, 10)) ** 2).sum(1).mean() / 2


def averaged_by_hand(model: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    """The gradient of a batch is the average of its digits' gradients: the largest difference."""
    params = list(model.parameters())
    single = [torch.autograd.grad(squared_error(model(x[k : k + 1]), y[k : k + 1]), params) for k in range(len(y))]
    together = torch.autograd.grad(squared_error(model(x), y), params)
    return max(float((torch.stack(own).mean(0) - mean).abs().max()) for own, mean in zip(zip(*single), together))


def main() -> None:
    args = arguments()
    torch.manual_seed(args.seed)
    train = datasets.MNIST(args.data, train=True, flatten=True)
    test = datasets.MNIST(args.data, train=False, flatten=True)
    print(f"{len(train):,} digits to learn from, {len(test):,} held out ({train.origin})")
    model = nn.Sequential(nn.Linear(28 * 28, args.hidden), nn.Sigmoid(), nn.Linear(args.hidden, 10), nn.Sigmoid())
    print(f"{model}\n{sum(p.numel() for p in model.parameters()):,} parameters")
    x, y = test.tensors
    print(
        f"Gradients of 16 digits averaged, and of the batch: at most {averaged_by_hand(model, x[:16], y[:16]):.1e} apart"
    )

    optimizer = optim.SGD(model.parameters(), lr=args.lr)
    schedule = optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, total_iters=args.epochs)
    loader = DataLoader(train, batch_size=args.batch_size, shuffle=True, drop_last=True)

    @torch.compile
    def step(images, labels):
        optimizer.zero_grad()
        loss = squared_error(model(images), labels)
        loss.backward()
        optimizer.step()
        if args.clamp is not None:
            with torch.no_grad():
                for layer in (model[0], model[2]):
                    layer.bias.clamp_(-args.clamp, args.clamp)
        return loss

    history: dict[str, list[float]] = {"loss": [], "test loss": [], "test accuracy": []}
    start = time.perf_counter()
    with tqdm(range(args.epochs), unit="epoch") as bar:
        for _ in bar:
            losses = [step(images, labels).item() for images, labels in loader]
            schedule.step()
            with torch.no_grad():
                outputs = model(x)
            history["loss"].append(float(np.mean(losses)))
            history["test loss"].append(squared_error(outputs, y).item())
            history["test accuracy"].append(float((outputs.argmax(1) == y).float().mean()))
            bar.set_postfix_str(
                f"loss {history['loss'][-1]:.4f}, test accuracy {100 * history['test accuracy'][-1]:.2f} %"
            )
    seconds = time.perf_counter() - start

    args.out.mkdir(parents=True, exist_ok=True)
    confidence, predicted = outputs.max(1)
    to_json(model, args.out / "network.json", digits=6)
    torch.save(model.state_dict(), args.out / "weights.npz")
    viz.save(viz.curves(history), args.out / "curves.png")
    viz.save(viz.misclassified(test.data, y, predicted, confidence=confidence), args.out / "misclassified.png")
    viz.save(viz.confusion_matrix(y, predicted), args.out / "confusion.png")
    viz.save(viz.weights(model[0]), args.out / "first_layer.png")
    print(f"Wrote {', '.join(sorted(path.name for path in args.out.iterdir()))} to {args.out}/")
    largest = max(float(layer.bias.abs().max()) for layer in (model[0], model[2]))
    print(
        f"Test accuracy {100 * history['test accuracy'][-1]:.2f} % after {args.epochs} epochs and {seconds:.1f} s (largest bias {largest:.2f})"
    )


if __name__ == "__main__":
    main()
