"""An LSTM that makes up names of places, and what its memory does meanwhile.

    python examples/lstm_names.py                     # half a minute
    python examples/lstm_names.py --hidden 128 --temperature 0.9

It learns from the names of places in the IANA time zone database (public domain; Python's `zoneinfo` has it), letter by
letter (Hochreiter and Schmidhuber, 1997; Karpathy, 2015). Names differ in length, so batches are packed. Writes to
runs/lstm_names/: the losses, the names it made up, and its memory cells while it reads one.
"""

from __future__ import annotations

import argparse
import copy
import time
import zoneinfo
from pathlib import Path

import numpy as np
from tqdm import tqdm

import tinygrad_nn as torch
from tinygrad_nn import nn, optim, viz
from tinygrad_nn.nn.utils.rnn import pack_padded_sequence, pad_sequence

END = 0  # the token before the first letter and after the last


def place_names() -> list[str]:
    """ "Buenos Aires" from "America/Argentina/Buenos_Aires", and so on."""
    zones = [zone for zone in zoneinfo.available_timezones() if zone.split("/")[0] not in ("Etc", "US", "SystemV")]
    names = {zone.rsplit("/", 1)[1].replace("_", " ") for zone in zones if "/" in zone}
    names = sorted(name for name in names if not name.isupper())  # ACT, NSW are abbreviations
    if not names:
        raise SystemExit("This system has no time zone database: pip install tzdata")
    return names


class Speller(nn.Module):
    """Packed letters -> logits of the next ones."""

    def __init__(self, letters: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.embedding = nn.Embedding(letters, 32)
        self.lstm = nn.LSTM(32, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(hidden, letters)

    def forward(self, tokens, lengths):
        """Tokens (B, T) of which each row's first `lengths` count -> (all that count, letters)."""
        packed = pack_padded_sequence(self.embedding(tokens), lengths, batch_first=True, enforce_sorted=False)
        return self.head(self.dropout(self.lstm(packed)[0].data))

    def follow(self, tokens, state=None):
        """Letters (B, T) without padding -> logits (B, T, letters), and the state after them."""
        output, state = self.lstm(self.embedding(tokens), state)
        return self.head(output), state


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hidden", type=int, default=96, help="memory cells")
    parser.add_argument("--dropout", type=float, default=0.3)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", type=float, default=5e-3, help="at first; it falls to nothing")
    parser.add_argument("--temperature", type=float, default=0.6, help="of the sampling: small is safe, large is wild")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/lstm_names"))
    parser.add_argument("--quick", action="store_true", help="two epochs, 32 cells")
    args = parser.parse_args()
    if min(args.hidden, args.epochs, args.batch_size) < 1 or min(args.lr, args.temperature) <= 0:
        parser.error("all numbers must be positive")
    if args.quick:
        args.epochs, args.hidden = min(args.epochs, 2), min(args.hidden, 32)
    return args


def loss_of(model, names):
    """The mean of -log p(letter) over all letters and ends of some names (tensors of tokens)."""
    lengths = torch.tensor([len(name) + 1 for name in names])
    start = torch.zeros(1, dtype=torch.int64)
    x = pad_sequence([torch.cat([start, name]) for name in names], batch_first=True)
    y = pad_sequence([torch.cat([name, start]) for name in names], batch_first=True)
    target = pack_padded_sequence(y, lengths, batch_first=True, enforce_sorted=False).data
    return nn.functional.cross_entropy(model(x, lengths), target)


@torch.no_grad()
def sample(model, letters: str, count: int, longest: int, temperature: float) -> list[str]:
    """Names made up letter by letter, the state carried on."""
    token, state, rows = torch.zeros(count, 1, dtype=torch.int64), None, []
    for _ in range(longest):
        logits, state = model.follow(token, state)
        token = (logits[:, -1] / temperature).softmax(-1).multinomial(1)
        rows.append(token[:, 0].tolist())
    texts = []
    for codes in zip(*rows):
        codes = codes[: codes.index(END)] if END in codes else codes
        texts.append("".join(letters[code - 1] for code in codes))
    return texts


@torch.no_grad()
def draw_memory(model, name: str, letters: str, out: Path) -> None:
    """Each memory cell (row) after each letter (column), those that change most first."""
    state, cells = None, []
    for code in [END, *(letters.index(letter) + 1 for letter in name)]:
        _, state = model.follow(torch.tensor([[code]]), state)
        cells.append(state[1].reshape(-1).numpy())
    values = np.tanh(np.stack(cells, 1))  # (hidden, letters)
    values = values[np.argsort(-values.std(1))][:32]
    figure, axes = viz.plots.figure(0.42 * len(cells) + 1.4, 4.4)
    shown = axes[0][0].imshow(values, cmap="RdBu_r", vmin=-1, vmax=1, aspect="auto")
    axes[0][0].set(xticks=range(len(cells)), xticklabels=["start", *name], yticks=[], ylabel="tanh of memory cells")
    figure.colorbar(shown, ax=axes[0][0])
    viz.save(figure, out / "memory.png")


def main() -> None:
    args = arguments()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    names = place_names()
    letters = "".join(sorted(set("".join(names))))
    coded = [torch.tensor([letters.index(letter) + 1 for letter in names[k]]) for k in rng.permutation(len(names))]
    learn, held_out = coded[len(names) // 10 :], coded[: len(names) // 10]
    print(f"{len(names)} names, {len(held_out)} of them held out; {len(letters)} letters")

    model = Speller(len(letters) + 1, args.hidden, args.dropout)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters")
    optimizer = optim.Adam(model.parameters(), lr=args.lr)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, args.epochs)
    history: dict[str, list[float]] = {"loss": [], "held out loss": []}
    start = time.perf_counter()
    with tqdm(range(args.epochs), unit="epoch") as bar:
        for _ in bar:
            model.train()
            for rows in np.array_split(rng.permutation(len(learn)), -(-len(learn) // args.batch_size)):
                optimizer.zero_grad()
                loss = loss_of(model, [learn[k] for k in rows])
                loss.backward()
                nn.utils.clip_grad_norm_(model.parameters(), 1.0)
                optimizer.step()
            schedule.step()
            model.eval()
            with torch.no_grad():
                for column, part in zip(history.values(), (learn, held_out)):
                    column.append(loss_of(model, part).item())
            if history["held out loss"][-1] == min(history["held out loss"]):  # later it learns by heart
                best = copy.deepcopy(model.state_dict())
            bar.set_postfix_str(f"loss {history['loss'][-1]:.3f}, held out {history['held out loss'][-1]:.3f}")

    model.load_state_dict(best)
    made = sample(model, letters, 200, max(map(len, names)) + 1, args.temperature)
    known = set(names)
    new = [name for name in made if name and name not in known]
    viz.save(viz.curves(history), args.out / "loss.png")
    draw_memory(model, max(names, key=len), letters, args.out)
    (args.out / "names.txt").write_text("\n".join(made) + "\n", encoding="utf-8")
    print("Made up: " + ", ".join(dict.fromkeys(new[:24])))
    print(f"Wrote {', '.join(sorted(path.name for path in args.out.iterdir()))} to {args.out}/")
    print(
        f"Held-out loss {min(history['held out loss']):.3f} nats a letter (guessing: {np.log(len(letters) + 1):.3f}); "
        f"{len(new)} of {len(made)} names made up are not among the {len(names)} ({time.perf_counter() - start:.0f} s)"
    )


if __name__ == "__main__":
    main()
