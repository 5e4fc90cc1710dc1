"""A NeuralNetwork class with pluggable activation, loss and optimizer: MNIST and California housing.

    python examples/working_implementation.py                            # all three problems
    python examples/working_implementation.py --problem mnist --optimizer sgd --lr 0.05

The system of "From zero to a working implementation" (2020): layers by their sizes, Xavier's
weights, `fit`, `predict`, `score`, `save` and `load`, labels to one-hot rows; the derivatives come from the engine.
Writes to runs/working_implementation/: loss curves, the parameters, misclassified digits, and the
predicted prices over the true ones.
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
from tinygrad_nn.utils.data import DataLoader, TensorDataset

ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid, "silu": nn.SiLU}
LOSSES = {"cross_entropy": nn.CrossEntropyLoss, "mse": nn.MSELoss, "l1": nn.L1Loss}
OPTIMIZERS = {"sgd": lambda p, lr: optim.SGD(p, lr=lr, momentum=0.9), "adam": lambda p, lr: optim.AdamW(p, lr=lr)}


def to_categorical(y: torch.Tensor, classes: int) -> torch.Tensor:
    """Labels (N,) -> rows (N, classes) with a 1 at the label."""
    return F.one_hot(y, classes).float()


class NeuralNetwork:
    """Fully connected layers of `sizes`, from the features to the outputs."""

    def __init__(self, sizes, activation="relu", loss="cross_entropy", optimizer="adam", lr=1e-3, dropout=0.0):
        layers: list[nn.Module] = []
        for n_in, n_out in zip(sizes, sizes[1:]):
            layers += [nn.Linear(n_in, n_out), ACTIVATIONS[activation](), nn.Dropout(dropout)]
            nn.init.xavier_uniform_(layers[-3].weight)
            nn.init.zeros_(layers[-3].bias)
        self.model = nn.Sequential(*layers[:-2])
        self.loss, self.optimizer, self.lr = LOSSES[loss](), OPTIMIZERS[optimizer](self.model.parameters(), lr), lr
        self.classes, self.curve = sizes[-1], []

    def fit(self, x, y, batch_size=64, epochs=10, categorical=False) -> NeuralNetwork:
        """Learn in shuffled batches, the learning rate falling; `categorical` turns labels into one-hot rows."""
        y = to_categorical(y, self.classes) if categorical else y
        loader = DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=True, drop_last=len(x) > batch_size)
        schedule = optim.lr_scheduler.CosineAnnealingLR(self.optimizer, epochs, eta_min=self.lr / 100)
        step = torch.compile(self.step)
        self.model.train()
        with tqdm(range(epochs), unit="epoch") as bar:
            for _ in bar:
                self.curve.append(float(np.mean([step(*batch).item() for batch in loader])))
                schedule.step()
                bar.set_postfix_str(f"loss {self.curve[-1]:.4f}")
        return self

    def step(self, x, y):
        self.optimizer.zero_grad()
        loss = self.loss(self.model(x), y)
        loss.backward()
        self.optimizer.step()
        return loss

    @torch.no_grad()
    def predict(self, x, labels=False) -> torch.Tensor:
        """The outputs, or with `labels` the class of the largest."""
        outputs = self.model.eval()(x)
        return outputs.argmax(1) if labels else outputs

    def score(self, x, y, accuracy=False) -> float:
        """The loss, or with `accuracy` the share of labels that are right."""
        return (
            float((self.predict(x, labels=True) == y).float().mean())
            if accuracy
            else self.loss(self.predict(x), y).item()
        )

    def save(self, path) -> None:
        torch.save(self.model.state_dict(), path)

    def load(self, path) -> NeuralNetwork:
        self.model.load_state_dict(torch.load(path))
        return self


def digits(args, out: Path) -> str:
    train, test = (datasets.MNIST(args.data, train=train, flatten=True) for train in (True, False))
    (x, y), (x_test, y_test) = train.tensors, test.tensors
    network = NeuralNetwork(
        [784, 300, 100, 10], args.activation or "relu", "cross_entropy", args.optimizer, args.lr, dropout=0.2
    )
    start = time.perf_counter()
    network.fit(x, y, batch_size=128, epochs=1 if args.quick else args.epochs or 30, categorical=True)
    seconds = time.perf_counter() - start
    network.save(out / "mnist.npz")
    network.load(out / "mnist.npz")
    viz.save(viz.curves({"loss": network.curve}), out / "mnist_loss.png")
    viz.save(
        viz.misclassified(test.data, y_test, network.predict(x_test, labels=True)), out / "mnist_misclassified.png"
    )
    return (
        f"MNIST: accuracy {100 * network.score(x, y, accuracy=True):.2f} % learned, "
        f"{100 * network.score(x_test, y_test, accuracy=True):.2f} % test, {seconds:.0f} s"
    )


def housing(args, out: Path, logarithm: bool) -> str:
    name = "housing_log" if logarithm else "housing"
    try:
        data = datasets.CaliforniaHousing(args.data, normalize=False)
    except FileNotFoundError as missing:  # no package ships it: without it and a network, the digits are left
        print(missing)
        return f"{name}: left out, its data cannot be had"
    features, target = data.data.numpy(), data.targets.numpy()
    features[:, 2:6] = np.log(features[:, 2:6])  # rooms, bedrooms, people: a few blocks have hundreds
    target = (np.log(target) if logarithm else target)[:, None].astype(np.float32)
    mixed = np.random.default_rng(args.seed).permutation(len(target))
    learn, held_out = mixed[len(mixed) // 5 :], mixed[: len(mixed) // 5]
    scaled = ((features - features[learn].mean(0)) / features[learn].std(0)).astype(np.float32)
    x, y, x_test, y_test = (torch.from_numpy(part[rows]) for rows in (learn, held_out) for part in (scaled, target))
    network = NeuralNetwork([8, 128, 128, 64, 1], args.activation or "silu", "mse", args.optimizer, args.lr)
    network.fit(x, y, batch_size=64, epochs=3 if args.quick else args.epochs or 60)
    network.save(out / f"{name}.npz")
    viz.save(viz.curves({"loss": network.curve}), out / f"{name}_loss.png")
    figure, axes = viz.plots.figure(4.4, 4.2)
    axes[0][0].scatter(y_test.numpy(), network.predict(x_test).numpy(), s=3, alpha=0.3, color=viz.plots.BLUE)
    axes[0][0].axline((float(y_test.mean()),) * 2, slope=1, color=viz.plots.ORANGE)
    axes[0][0].set(xlabel="median value" + ", log" * logarithm, ylabel="predicted")
    viz.save(figure, out / f"{name}.png")
    return f"{name}: mean squared error {network.score(x, y):.4f} learned, {network.score(x_test, y_test):.4f} held out"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--problem", choices=("mnist", "housing", "housing-log"), nargs="+", default=["mnist", "housing", "housing-log"]
    )
    parser.add_argument("--activation", choices=ACTIVATIONS)
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="adam")
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--epochs", type=int, help="30 for MNIST and 60 for housing unless given")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", help="folder with the data (else: $TINYGRAD_NN_DATA, the cache, a download)")
    parser.add_argument("--out", type=Path, default=Path("runs/working_implementation"))
    parser.add_argument("--quick", action="store_true", help="one epoch of digits, three of housing")
    args = parser.parse_args()
    if args.lr <= 0 or (args.epochs is not None and args.epochs < 1):
        parser.error("--epochs and --lr must be positive")
    args.out.mkdir(parents=True, exist_ok=True)
    found = []
    for problem in args.problem:
        torch.manual_seed(args.seed)
        print(f"{problem}:", flush=True)
        found.append(
            digits(args, args.out) if problem == "mnist" else housing(args, args.out, problem == "housing-log")
        )
    print(f"Wrote {', '.join(sorted(path.name for path in args.out.iterdir()))} to {args.out}/")
    print("; ".join(found))


if __name__ == "__main__":
    main()
