"""The memory of a program's temporaries, kept between its runs."""

from __future__ import annotations

import numpy as np

__all__ = ["keep_freed_memory"]

KEPT = 1 << 24


def keep_freed_memory() -> None:
    """Let the C library keep up to 32 MB of freed memory instead of returning it to the system.

    An emitted function frees all its temporaries when it ends. glibc returns what is free at the end
    of its heap from 128 KB on, and the next run asks for it again: a page fault for every 4 KB, which
    can take longer than the arithmetic. That bound rises by itself to twice the size of the largest
    block that was freed so far, so one such block is allocated (not touched) and freed.

    Source: mallopt(3), M_TRIM_THRESHOLD and M_MMAP_THRESHOLD.
    """
    np.empty(KEPT, np.uint8)
