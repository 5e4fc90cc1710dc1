"""Train a network on handwritten digits, and see how it learned.

    python examples/mnist.py                                  # 98 % in well under a minute
    python examples/mnist.py --hidden 32 32 --activation tanh --optimizer sgd --lr 0.1

Writes to runs/mnist/: the weights, the learning curves, the misclassified digits, the confusion
matrix, and the graph that backpropagation came from. Ctrl-C stops early and keeps what was learned.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path

from tqdm import tqdm

import tinygrad_nn as torch
from tinygrad_nn import datasets, nn, optim, viz
from tinygrad_nn.utils.data import DataLoader

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "gelu": nn.GELU, "leaky_relu": nn.LeakyReLU}
OPTIMIZERS = {"adam": optim.Adam, "adamw": optim.AdamW, "sgd": optim.SGD}


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--lr", type=float, default=2e-3, help="learning rate at the start; it falls to 5 %% of it")
    parser.add_argument("--hidden", type=int, nargs="*", default=[256, 128], help="sizes of the hidden layers")
    parser.add_argument("--activation", choices=ACTIVATIONS, default="relu")
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="adam")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", help="folder with MNIST's files (else: $TINYGRAD_NN_DATA, the cache, a download)")
    parser.add_argument("--out", type=Path, default=Path("runs/mnist"))
    parser.add_argument("--quick", action="store_true", help="one epoch")
    args = parser.parse_args()
    if args.epochs < 1 or args.batch_size < 1 or args.lr <= 0 or any(n < 1 for n in args.hidden):
        parser.error("--epochs, --batch-size, --lr and --hidden must be positive")
    return args


def build(hidden: list[int], activation: str) -> nn.Sequential:
    layers: list[nn.Module] = []
    sizes = [28 * 28, *hidden]
    for n_in, n_out in zip(sizes, hidden):
        layers += [nn.Linear(n_in, n_out), ACTIVATIONS[activation]()]
    return nn.Sequential(*layers, nn.Linear(sizes[-1], 10))


def train_epoch(model, loader, loss_fn, optimizer, title):
    """One pass over the training digits; the mean loss and the accuracy on the way."""
    total = right = seen = 0
    with tqdm(loader, desc=title, unit="batch", leave=True, file=sys.stdout) as bar:
        start = time.perf_counter()
        for step, (x, y) in enumerate(bar, 1):
            optimizer.zero_grad()
            logits = model(x)
            loss = loss_fn(logits, y)
            if not math.isfinite(loss.item()):
                explain(model, x, y, loss_fn, f"{title}, step {step}")
            loss.backward()
            optimizer.step()
            seen += len(y)
            total += loss.item() * len(y)
            right += int((logits.argmax(1) == y).sum())
            if step % 20 == 0 or step == len(loader):
                rate = seen / (time.perf_counter() - start)
                bar.set_postfix_str(
                    f"loss {total / seen:.4f}, accuracy {100 * right / seen:.2f} %, {rate:,.0f} samples/s"
                )
    return total / seen, right / seen


def explain(model, x, y, loss_fn, where):
    """The loss is NaN or infinite: run the step again in anomaly mode, which names the first culprit."""
    try:
        with torch.autograd.detect_anomaly():
            loss_fn(model(x), y)
        reason = "the weights themselves are no longer finite"
    except RuntimeError as error:
        reason = str(error)
    sys.exit(f"\nThe loss became NaN or infinite at {where}.\n{reason}\nTry a smaller --lr.")


@torch.no_grad()
def evaluate(model, dataset, loss_fn):
    """Loss, accuracy, and for each digit the prediction and its probability."""
    x, y = dataset.tensors
    logits = model(x)
    confidence, predicted = logits.softmax(1).max(1)
    return loss_fn(logits, y).item(), float((predicted == y).float().mean()), predicted, confidence


def main() -> None:
    args = arguments()
    torch.manual_seed(args.seed)
    train = datasets.MNIST(args.data, train=True, flatten=True)
    test = datasets.MNIST(args.data, train=False, flatten=True)
    print(f"{len(train):,} digits to learn from, {len(test):,} held out ({train.origin})")

    model = build(args.hidden, args.activation)
    loss_fn = nn.CrossEntropyLoss()
    optimizer = OPTIMIZERS[args.optimizer](model.parameters(), lr=args.lr)
    epochs = 1 if args.quick else args.epochs
    schedule = optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, total_iters=epochs)
    loader = DataLoader(train, batch_size=args.batch_size, shuffle=True)
    print(f"{model}\n{sum(p.numel() for p in model.parameters()):,} parameters")

    history = {"loss": [], "test loss": [], "accuracy": [], "test accuracy": []}
    start = time.perf_counter()
    try:
        for epoch in range(1, epochs + 1):
            loss, accuracy = train_epoch(model, loader, loss_fn, optimizer, f"epoch {epoch}/{epochs}")
            test_loss, test_accuracy, _, _ = evaluate(model, test, loss_fn)
            for name, value in zip(history, (loss, test_loss, accuracy, test_accuracy)):
                history[name].append(value)
            schedule.step()
    except KeyboardInterrupt:
        print("\nStopped. Saving what was learned so far.")
    seconds = time.perf_counter() - start

    report(args.out, model, test, loss_fn, history, seconds)


def report(out, model, test, loss_fn, history, seconds):
    """Write weights and pictures; end with the number that matters."""
    out.mkdir(parents=True, exist_ok=True)
    _, accuracy, predicted, confidence = evaluate(model, test, loss_fn)
    torch.save(model.state_dict(), out / "weights.npz")
    if history["loss"]:
        viz.save(viz.curves(history), out / "curves.png")
    viz.save(viz.misclassified(test.data, test.targets, predicted, confidence=confidence), out / "misclassified.png")
    viz.save(viz.confusion_matrix(test.targets, predicted), out / "confusion.png")
    x, y = test.tensors
    viz.graph(loss_fn(model(x[:1]), y[:1]), params=model).save_as(out / "graph.svg")
    print(f"Wrote {', '.join(sorted(path.name for path in out.iterdir()))} to {out}/")
    print(f"Test accuracy {100 * accuracy:.2f} % after {len(history['loss'])} epochs and {seconds:.1f} s")


if __name__ == "__main__":
    main()
