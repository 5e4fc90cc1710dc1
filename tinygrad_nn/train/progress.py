"""What is shown while training runs: a bar in a terminal or a notebook, a line an epoch elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

from tinygrad_nn.train.history import row_text

__all__ = ["Progress", "in_notebook"]

BETWEEN = 0.1  # seconds between two looks of the numbers beside the bar


def in_notebook() -> bool:
    """Whether this runs in a Jupyter kernel."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")


class Progress:
    """shown: True for bars, False for nothing, None for bars where somebody watches (else a line an epoch).

    Everything goes to stderr, as bars do, so that what a script prints stays clean.
    """

    def __init__(self, shown: bool | None, epochs: int) -> None:
        watched = in_notebook() or bool(getattr(sys.stderr, "isatty", lambda: False)())
        self.lines = shown is not False
        self.bars = shown is True or (shown is None and watched)
        self.epochs = epochs
        self.bar: Any = None

    def begin(self, epoch: int, batches: int | None, done: int) -> None:
        """An epoch begins, `done` of its batches behind it already."""
        if self.bars:
            # The widget needs ipywidgets; without it, the bar of a terminal does in a notebook, too.
            if in_notebook() and "ipywidgets" in sys.modules:
                from tqdm.notebook import tqdm
            else:
                from tqdm import tqdm
            title = f"epoch {epoch}/{self.epochs}"
            self.bar = tqdm(total=batches, desc=title, unit="batch", initial=done, dynamic_ncols=True, file=sys.stderr)
            self.next = time.perf_counter()

    def step(self, total: float, seen: int) -> None:
        """A batch is done; `total` is the sum of the losses of all `seen` samples."""
        if self.bar is None:
            return
        now = time.perf_counter()
        if now >= self.next:
            self.next = now + BETWEEN
            self.bar.set_postfix_str(f"loss {total / max(seen, 1):.4f}", refresh=False)
        self.bar.update()

    def end(self, row: Mapping[str, Any]) -> None:
        """The epoch is over; `row` is what came out."""
        text = row_text({name: value for name, value in row.items() if name not in ("epoch", "lr", "seconds")})
        if self.bar is not None:
            self.bar.set_postfix_str(text, refresh=True)
            self.close()
        elif self.lines:
            print(f"epoch {row['epoch']}/{self.epochs}: {text} ({row['seconds']:.1f} s)", file=sys.stderr, flush=True)

    def note(self, text: str) -> None:
        """A line between the bars."""
        self.close()
        if self.lines:
            print(text, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leave the bar as it is."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None
