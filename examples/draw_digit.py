"""Draw a digit in the browser, and watch a network read it.

    python examples/draw_digit.py             # train, then open runs/draw/index.html: no server needed
    python examples/draw_digit.py --serve     # the same page, answered by Python at http://127.0.0.1:5000

The network sees each training digit turned, leaned, stretched and moved a little, so that a mouse's strokes are
no surprise to it. Writes to runs/draw/: the page, the network as JSON, and the digits it misread.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm
from web.app import OPENING, serve

import tinygrad_nn as torch
from tinygrad_nn import datasets, nn, optim, viz
from tinygrad_nn.interop.json_export import from_json, to_json

WEB = Path(__file__).resolve().parent / "web"
PAGE = ("index.html", "style.css", "forward.js", "normalise.js", "digit.js")
SOURCE = "MNIST's 60,000 digits (Y. LeCun, C. Cortes, C. J. C. Burges; CC BY-SA 3.0)"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--network", choices=("conv", "mlp"), default="conv", help="convolutions, or 784-128-64-10")
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--lr", type=float, default=2e-3, help="Adam's learning rate at the start; it falls to 0")
    parser.add_argument("--digits", type=int, default=4, help="significant digits of the weights in the file")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--data", help="folder with MNIST's files (else: $TINYGRAD_NN_DATA, the cache, a download)")
    parser.add_argument("--out", type=Path, default=Path("runs/draw"))
    parser.add_argument("--quick", action="store_true", help="100 batches")
    parser.add_argument("--serve", action="store_true", help="serve the network in --out (else the one that ships)")
    parser.add_argument("--port", type=int, default=5000)
    args = parser.parse_args()
    if args.epochs < 1 or args.batch_size < 1 or args.lr <= 0 or args.digits < 1:
        parser.error("--epochs, --batch-size, --lr and --digits must be positive")
    return args


def build(network: str) -> nn.Sequential:
    if network == "mlp":
        return nn.Sequential(
            nn.Flatten(), nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10)
        )
    return nn.Sequential(
        nn.Conv2d(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2),  # (1, 28, 28) -> (8, 12, 12)
        nn.Conv2d(8, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),  # -> (16, 4, 4) -> 256
        nn.Linear(256, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip


def wobble(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Digits (N, 28, 28) turned by up to 12 degrees, leaned, stretched, moved; a half with a thinner or thicker pen."""
    n = len(images)
    turn, lean = rng.uniform(-0.21, 0.21, n), rng.uniform(-0.25, 0.25, n)
    wide, high = rng.uniform(0.85, 1.15, (2, n))
    sin, cos = np.sin(turn), np.cos(turn)
    matrix = np.array([[cos * high, sin * wide], [lean - sin * high, cos * wide]]).transpose(2, 0, 1)  # (N, 2, 2)
    grid = np.stack(np.meshgrid(np.arange(28), np.arange(28), indexing="ij")).reshape(2, -1) - 14.0  # (2, 784)
    place = matrix @ grid + 14 + rng.uniform(-1.5, 1.5, (n, 2, 1))  # where each new pixel comes from: (N, 2, 784)
    corner = np.clip(np.floor(place).astype(np.intp), 0, 26)
    (r, c), (fr, fc) = corner.transpose(1, 0, 2), np.clip(place - corner, 0, 1).transpose(1, 0, 2)
    k = np.arange(n)[:, None]
    top = images[k, r, c] * (1 - fc) + images[k, r, c + 1] * fc
    bottom = images[k, r + 1, c] * (1 - fc) + images[k, r + 1, c + 1] * fc
    moved = (top * (1 - fr) + bottom * fr).astype(np.float32).reshape(images.shape)
    thin, thick = np.split(rng.permutation(n)[: n // 2], 2)
    for chosen, choose in ((thin, np.minimum), (thick, np.maximum)):
        moved[chosen, 1:, 1:] = choose(moved[chosen, 1:, 1:], moved[chosen, :-1, :-1])
    return moved


def train(model: nn.Module, images: np.ndarray, labels: torch.Tensor, args: argparse.Namespace) -> None:
    rng = np.random.default_rng(args.seed)
    loss_fn = nn.CrossEntropyLoss()
    optimizer = optim.Adam(model.parameters(), lr=args.lr)
    per_epoch = -(-len(images) // args.batch_size)
    steps = min(100, per_epoch) if args.quick else per_epoch * args.epochs
    schedule = optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.01, total_iters=steps)
    right: list[float] = []
    with tqdm(range(steps), unit="batch", file=sys.stdout) as bar:
        for step in bar:
            if step % per_epoch == 0:
                order = rng.permutation(len(images))
            chosen = order[step % per_epoch * args.batch_size :][: args.batch_size]
            x, y = torch.from_numpy(wobble(images[chosen], rng)[:, None]), labels[chosen]
            optimizer.zero_grad()
            logits = model(x)
            loss_fn(logits, y).backward()
            optimizer.step()
            schedule.step()
            right.append(float((logits.argmax(1) == y).float().mean()))
            if step % 20 == 0:
                bar.set_description(f"epoch {1 + step // per_epoch}, {100 * np.mean(right[-100:]):.1f} % right")


def export(model: nn.Sequential, test: datasets.MNIST, args: argparse.Namespace) -> float:
    """Write the page with the network, its numbers rounded; the accuracy is that of the rounded network."""
    network = to_json(nn.Sequential(*model, nn.Softmax(1)), digits=args.digits)
    with torch.no_grad():
        confidence, predicted = from_json(network)(test.tensors[0]).max(1)
    accuracy = float((predicted == test.targets).float().mean())
    size = sum(p.numel() for p in model.parameters())
    about = f"{size:,} weights, learned by tinygrad_nn from {SOURCE}; {100 * accuracy:.2f} % of 10,000 others right."
    args.out.mkdir(parents=True, exist_ok=True)
    for name in PAGE:
        if (WEB / name).resolve() != (args.out / name).resolve():
            shutil.copyfile(WEB / name, args.out / name)
    written = json.dumps({"about": about, **json.loads(network)}, separators=(",", ":"))
    made = f"/* Made by: python {' '.join(['examples/draw_digit.py', *sys.argv[1:]])}\n   Learned from {SOURCE}. */\n"
    part = args.out / "network.js.part"
    part.write_text(f"{made}{OPENING} {written};\n", encoding="utf-8")
    os.replace(part, args.out / "network.js")
    sheet = viz.misclassified(test.data, test.targets, predicted, confidence=confidence)
    viz.save(sheet, args.out / "misread.png")
    return accuracy


def main() -> None:
    args = arguments()
    if args.serve:
        own = args.out / "network.js"
        network = own if own.exists() else WEB / "network.js"
        print(f"Serving {network} at http://127.0.0.1:{args.port} (Ctrl-C stops)")
        serve(network, args.port)
        return

    torch.manual_seed(args.seed)
    digits = datasets.MNIST(args.data, train=True)
    test = datasets.MNIST(args.data, train=False)
    print(f"{len(digits):,} digits to learn from, {len(test):,} held out ({digits.origin})")
    model = build(args.network)
    print(f"{model}\n{sum(p.numel() for p in model.parameters()):,} parameters")
    start = time.perf_counter()
    train(model, digits.tensors[0].numpy()[:, 0], digits.targets, args)
    seconds = time.perf_counter() - start
    accuracy = export(model, test, args)
    size = (args.out / "network.js").stat().st_size
    print(f"Wrote {', '.join(PAGE)}, network.js ({size / 1000:.0f} kB), misread.png to {args.out}/")
    print(f"Open {args.out / 'index.html'} in a browser and draw; --serve lets Python answer")
    print(f"Test accuracy {100 * accuracy:.2f} % after {seconds:.1f} s")


if __name__ == "__main__":
    main()
