"""`python -m tests.half`: how exact the 16-bit types are beside PyTorch's, by class of operation, as a Markdown table."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np

from tests.half import layers, operations
from tests.half.measure import HALVES, LARGEST, Ran, _errors, _unit_of_all, _worst

CLASSES: dict[str, tuple[str, ...]] = {
    "elementwise": ("exp", "log", "tanh", "sigmoid", "sqrt", "add", "mul", "div", "pow", "addcmul", "lerp", "maximum"),
    "sums, means, spreads": ("sum", "mean", "prod", "var", "std", "norm", "logsumexp", "cumsum", "cumprod"),
    "products": ("matmul", "mm", "bmm", "addmm", "einsum", "inner", "dot"),
    "gather and scatter": ("gather", "scatter_add", "index_add", "index_select", "take", "getitem"),
    "activations": ("ReLU", "ELU", "SELU", "GELU", "SiLU", "Mish", "Softplus", "Softsign", "Hardswish", "Softmax"),
    "linear and convolution": ("Linear", "Bilinear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose2d"),
    "normalisations": ("BatchNorm1d", "BatchNorm2d", "LayerNorm", "GroupNorm", "InstanceNorm2d", "RMSNorm"),
    "poolings and resizing": ("AvgPool1d", "AvgPool2d", "AdaptiveAvgPool2d", "MaxPool2d", "Upsample"),
    "losses": ("MSELoss", "L1Loss", "CrossEntropyLoss", "BCEWithLogitsLoss", "KLDivLoss", "HuberLoss", "NLLLoss"),
    "recurrent layers": ("RNN", "LSTM", "GRU", "LSTMCell", "GRUCell"),
    "attention": ("MultiheadAttention", "TransformerEncoderLayer", "TransformerDecoderLayer"),
}


def runs(name: str, kind: str, torch: Any, lib: Any) -> list[tuple[Ran, Ran, Ran]]:
    """Here, in PyTorch and in float64, of each case that runs in all three."""
    made = []
    if name in layers.ROWS_OF:
        for row in layers.ROWS_OF[name]:
            given = [layers.rounded(torch, x, kind) for x in row.inputs]
            ours, theirs, exact = layers.modules(row, "eval", kind, torch, lib)
            try:
                made.append(
                    (
                        layers.run(lib, ours, row, given, kind, kind),
                        layers.run(torch, theirs, row, given, kind, kind),
                        layers.run(torch, exact, row, given, "float64", kind),
                    )
                )
            except Exception:
                continue
        return made
    for _, one in operations.cases(name):
        fitted = operations.rounded(torch, one, kind)
        try:
            made.append(
                (
                    operations.run(fitted, lib, kind, kind, True),
                    operations.run(fitted, torch, kind, kind, False),
                    operations.run(fitted, torch, "float64", kind, False),
                )
            )
        except Exception:
            continue
    return made


def errors(made: list[tuple[Ran, Ran, Ran]], slopes: bool) -> list[tuple[float, float]]:
    """The largest error of each tensor, here and there, in units in the last place of its largest element."""
    found = []
    for mine, theirs, exact in made:
        if slopes:
            trios = [(mine.grads[k], theirs.grads[k], exact.grads[k]) for k in theirs.grads if k in mine.grads]
        else:
            trios = list(zip(mine.outputs, theirs.outputs, exact.outputs, strict=False))
        for a, b, right in trios:
            if a.dtype in LARGEST and a.values.shape == right.values.shape and a.values.size:
                step = _unit_of_all(right.values, a.dtype, LARGEST[a.dtype])
                pair = [_worst(_errors(one.values, right.values, LARGEST[a.dtype])) / step for one in (a, b)]
                if all(np.isfinite(pair)):
                    found.append((pair[0], pair[1]))
    return found


def main() -> None:
    torch: Any = importlib.import_module("torch")
    lib: Any = importlib.import_module("tinygrad_nn")
    torch.set_num_threads(1)
    print(
        "| operations | " + " | ".join(f"{kind} {what}" for kind in HALVES for what in ("values", "gradients")) + " |"
    )
    print("|---" * (1 + 2 * len(HALVES)) + "|")
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for title, names in CLASSES.items():
            cells = []
            for kind in HALVES:
                made = [trio for name in names for trio in runs(name, kind, torch, lib)]
                for slopes in (False, True):
                    pairs = np.array(errors(made, slopes) or [(0.0, 0.0)])
                    ours, theirs = np.percentile(pairs, 90, axis=0)
                    cells.append(f"{ours:.2f} / {theirs:.2f}")
            print(f"| {title} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
