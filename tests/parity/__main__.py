"""``python -m tests.parity [WORD ...]``: samples passed and total, per operation and in all.

``-v`` prints the differences, ``--invalid`` takes the calls to refuse in place of the samples, and
``--oracle`` runs PyTorch against itself: does it accept every sample?
"""

from __future__ import annotations

from .report import main

if __name__ == "__main__":
    raise SystemExit(main())
