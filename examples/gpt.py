"""A character-level GPT that makes up names of places.

    python examples/gpt.py                            # a minute
    python examples/gpt.py --blocks 3 --width 96 --temperature 0.9

It learns from the names of places in the IANA time zone database (public domain; Python's `zoneinfo` has it), letter by
letter: a small decoder-only Transformer (Radford et al., 2018) predicts the next letter from those before. Writes to
runs/gpt/: the losses, the names it made up, and which letters it thought of at each place of one of them.
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
import tinygrad_nn.nn.functional as F
from tinygrad_nn import nn, optim, viz

END = 0  # the token before the first letter and after the last


def place_names() -> list[str]:
    """ "Buenos Aires" from "America/Argentina/Buenos_Aires", and so on."""
    zones = [zone for zone in zoneinfo.available_timezones() if zone.split("/")[0] not in ("Etc", "US", "SystemV")]
    names = {zone.rsplit("/", 1)[1].replace("_", " ") for zone in zones if "/" in zone}
    names = sorted(name for name in names if not name.isupper())  # ACT, NSW are abbreviations
    if not names:
        raise SystemExit("This system has no time zone database: pip install tzdata")
    return names


class GPT(nn.Module):
    """Tokens (B, T) -> logits of the next ones (B, T, letters)."""

    def __init__(self, letters: int, length: int, width: int, blocks: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.token, self.place = nn.Embedding(letters, width), nn.Embedding(length, width)
        block = nn.TransformerEncoderLayer(
            width, heads, 4 * width, dropout, activation="gelu", batch_first=True, norm_first=True
        )
        self.blocks = nn.TransformerEncoder(block, blocks, norm=nn.LayerNorm(width), enable_nested_tensor=False)
        self.head = nn.Linear(width, letters, bias=False)

    def forward(self, tokens):
        length = tokens.shape[1]
        x = self.token(tokens) + self.place(torch.arange(length))  # (B, T, C)
        mask = nn.Transformer.generate_square_subsequent_mask(length)  # nobody sees the future
        return self.head(self.blocks(x, mask=mask, is_causal=True))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--blocks", type=int, default=2)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--dropout", type=float, default=0.3)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--lr", type=float, default=3e-3, help="at first; it falls to nothing")
    parser.add_argument("--temperature", type=float, default=0.6, help="of the sampling: small is safe, large is wild")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("runs/gpt"))
    parser.add_argument("--quick", action="store_true", help="40 steps of a smaller net")
    args = parser.parse_args()
    if min(args.width, args.blocks, args.heads, args.steps, args.batch_size) < 1 or min(args.lr, args.temperature) <= 0:
        parser.error("all numbers must be positive")
    if args.width % args.heads:
        parser.error("--width must be a multiple of --heads")
    if args.quick:
        args.steps, args.blocks, args.width, args.heads, args.batch_size = min(args.steps, 40), 1, 32, 2, 32
    return args


def tokens_of(names: list[str], letters: str):
    """(names, longest + 1): END, the letters, then -100 where nothing is to be learned in the targets."""
    length = max(map(len, names)) + 1
    x, y = np.zeros((len(names), length), np.int64), np.full((len(names), length), -100)
    for row, name in enumerate(names):
        codes = [letters.index(letter) + 1 for letter in name]
        x[row, 1 : len(codes) + 1], y[row, : len(codes) + 1] = codes, [*codes, END]
    return torch.from_numpy(x), torch.from_numpy(y)


def loss_of(model, x, y):
    return F.cross_entropy(model(x).flatten(0, 1), y.flatten())


@torch.no_grad()
def sample(model, letters: str, count: int, length: int, temperature: float) -> tuple[list[str], np.ndarray]:
    """Names made up, and the probabilities (count, length, letters) they were drawn from."""
    tokens, shares = torch.zeros(count, 1, dtype=torch.int64), []
    for _ in range(length):
        shares.append((model(tokens)[:, -1] / temperature).softmax(-1))
        tokens = torch.cat([tokens, shares[-1].multinomial(1)], 1)
    texts = []
    for row in tokens[:, 1:].tolist():
        row = row[: row.index(END)] if END in row else row
        texts.append("".join(letters[code - 1] for code in row))
    return texts, torch.stack(shares, 1).numpy()


def draw_thoughts(name: str, shares: np.ndarray, letters: str, out: Path) -> None:
    """The likeliest letters at each place of a name, the drawn one framed."""
    symbols = ["end", *("space" if letter == " " else letter for letter in letters)]
    figure, axes = viz.plots.figure(0.55 * (len(name) + 1) + 0.8, 3.2)
    best = np.argsort(-shares[: len(name) + 1], axis=1)[:, :6]  # (places, 6)
    axes[0][0].imshow(
        np.take_along_axis(shares[: len(name) + 1], best, 1).T, cmap="Blues", vmin=0, vmax=1, aspect="auto"
    )
    for place, codes in enumerate(best):
        chosen = letters.index(name[place]) + 1 if place < len(name) else END
        for rank, code in enumerate(codes):
            dark = shares[place, code] > 0.6
            axes[0][0].text(place, rank, symbols[code], ha="center", va="center", fontsize=10 if code else 7,
                            color="white" if dark else "black", weight="bold" if code == chosen else "normal")  # fmt: skip
    axes[0][0].set(xticks=range(len(name) + 1), xticklabels=[*name, "end"], yticks=[], ylabel="likeliest next letters")
    viz.save(figure, out / "letters.png")


def main() -> None:
    args = arguments()
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)
    names = place_names()
    letters = "".join(sorted(set("".join(names))))
    mixed = rng.permutation(len(names))
    learn, held_out = mixed[len(names) // 10 :], mixed[: len(names) // 10]
    x, y = tokens_of(names, letters)
    print(f"{len(names)} names, {len(held_out)} of them held out; {len(letters)} letters")

    model = GPT(len(letters) + 1, x.shape[1], args.width, args.blocks, args.heads, args.dropout)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters")
    optimizer = optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.1)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, args.lr, total_steps=args.steps, pct_start=0.1)
    history: dict[str, list[float]] = {"loss": [], "held out loss": []}
    start, every = time.perf_counter(), max(1, args.steps // (4 if args.quick else 30))
    with tqdm(range(1, args.steps + 1), unit="step") as bar:
        for step in bar:
            rows = rng.choice(learn, args.batch_size)
            optimizer.zero_grad()
            loss = loss_of(model, x[rows], y[rows])
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            if step % every == 0:
                model.eval()
                with torch.no_grad():
                    values = [loss_of(model, x[part], y[part]).item() for part in (learn, held_out)]
                model.train()
                for column, value in zip(history.values(), values):
                    column.append(value)
                if values[1] == min(history["held out loss"]):  # later it learns by heart
                    best = copy.deepcopy(model.state_dict())
                bar.set_postfix_str(f"loss {values[0]:.3f}, held out {values[1]:.3f}")

    model.load_state_dict(best)
    model.eval()
    made, shares = sample(model, letters, 200, x.shape[1], args.temperature)
    known = set(names)
    new = [k for k, name in enumerate(made) if name and name not in known]
    viz.save(viz.curves(history, x_label=f"{every} steps"), args.out / "loss.png")
    shown = next((k for k in new if 5 <= len(made[k]) < x.shape[1]), 0)
    draw_thoughts(made[shown], shares[shown], letters, args.out)
    (args.out / "names.txt").write_text("\n".join(made) + "\n", encoding="utf-8")
    print("Made up: " + ", ".join(dict.fromkeys(made[k] for k in new[:24])))
    print(f"Wrote {', '.join(sorted(path.name for path in args.out.iterdir()))} to {args.out}/")
    print(
        f"Held-out loss {min(history['held out loss']):.3f} nats a letter (guessing: {np.log(len(letters) + 1):.3f}); "
        f"{len(new)} of {len(made)} names made up are not among the {len(names)} ({time.perf_counter() - start:.0f} s)"
    )


if __name__ == "__main__":
    main()
