"""``python -m tests.programs --seeds 0:2000 [--shrink]``: how many programs differ from PyTorch, and the shortest of them."""

from __future__ import annotations

from .report import main

if __name__ == "__main__":
    raise SystemExit(main())
