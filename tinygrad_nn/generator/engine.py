"""The Mersenne Twister as PyTorch's CPU generator runs it: its words, its seed, its saved state.

A draw takes 32-bit words one after the other; everything else in this package is arithmetic on
them. NumPy's MT19937 yields the very same words, so this file only keeps the seed, the cached
second normal, and PyTorch's byte layout of it all.

Source: M. Matsumoto, T. Nishimura, "Mersenne Twister", ACM TOMACS 8 (1998); the layout is that of
`torch.Generator.get_state()` in PyTorch 2.13.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.errors import RandomError, message

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DEFAULT_SEED", "STATE_BYTES", "Engine"]

DEFAULT_SEED = 67280421310721  # the seed of a new torch.Generator()

WORDS = 624  # the length of the twister's state
LOW24, LOW21 = np.uint32(2**24 - 1), np.uint64(2**21 - 1)
UNIT24, UNIT53 = np.float32(2.0**-24), np.float64(2.0**-53)
BLOCK = 1 << 15  # words per pass: the temporaries stay in cache

# PyTorch's state: seed, words left in the block, "is seeded", index of the next word, the block in
# 64-bit slots, two unused doubles around the cached double normal, and a cached float normal.
_STATE = np.dtype(
    {
        "names": [
            "seed",
            "left",
            "seeded",
            "next",
            "key",
            "double",
            "has_double",
            "single",
            "has_single",
        ],
        "formats": ["<u8", "<i4", "<i4", "<u8", ("<u8", WORDS), "<f8", "<i4", "<f4", "<u1"],
        "offsets": [0, 8, 12, 16, 24, 5024, 5040, 5048, 5052],
        "itemsize": 5056,
    }
)
STATE_BYTES = _STATE.itemsize


class Engine:
    """Words of MT19937 and the uniforms made of them.

    The twister itself is started by the first draw: making an engine costs nothing.

    cached: the second normal of a Box-Muller pair, waiting to be the next one; or None.

    >>> Engine(42).words(2)
    array([1608637542, 3421126067], dtype=uint64)
    """

    __slots__ = ("_bits", "_seeder", "_single", "_untouched", "cached", "seed")

    def __init__(self, seed: int = DEFAULT_SEED) -> None:
        self._bits: np.random.MT19937 | None = None
        self._seeder: np.random.RandomState | None = None
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        """Start again from `seed` (0 <= seed < 2**64); the twister takes its low 32 bits."""
        self.seed = seed
        self.cached: float | None = None
        self._single: float | None = None  # PyTorch's cached float normal: kept for the exchange
        self._untouched = True
        if self._seeder is not None:
            self._seeder.seed(seed & 0xFFFFFFFF)

    def _start(self) -> np.random.MT19937:
        self._bits = np.random.MT19937()
        self._seeder = np.random.RandomState(self._bits)
        self._seeder.seed(self.seed & 0xFFFFFFFF)
        return self._bits

    # -- draws --------------------------------------------------------------------------------

    def words(self, n: int) -> NDArray[np.uint64]:
        """The next n words of 32 bits, in slots of 64."""
        bits = self._bits if self._bits is not None else self._start()
        self._untouched = self._untouched and n == 0
        return bits.random_raw(n)

    def wide(self, n: int) -> NDArray[np.uint64]:
        """The next n words of 64 bits: two of 32, the first one high."""
        pairs = self.words(2 * n)
        high = pairs[0::2] << np.uint64(32)
        high |= pairs[1::2]
        return high

    def floats(self, n: int) -> NDArray[np.float32]:
        """n uniforms of [0, 1) with 24 bits: the low 24 bits of one word each, over 2**24."""
        if n <= BLOCK:
            low = self.words(n).astype(np.uint32) & LOW24
            return low.view(np.int32).astype(np.float32) * UNIT24
        out = np.empty(n, np.float32)
        for start in range(0, n, BLOCK):
            out[start : start + BLOCK] = self.floats(min(BLOCK, n - start))
        return out

    def doubles(self, n: int) -> NDArray[np.float64]:
        """n uniforms of [0, 1) with 53 bits: the low 53 bits of two words each, over 2**53."""
        if n <= BLOCK:
            return self.mantissas(n).view(np.int64).astype(np.float64) * UNIT53
        out = np.empty(n, np.float64)
        for start in range(0, n, BLOCK):
            out[start : start + BLOCK] = self.doubles(min(BLOCK, n - start))
        return out

    def mantissas(self, n: int) -> NDArray[np.uint64]:
        """The integers 0 <= k < 2**53 that `doubles` divides by 2**53."""
        pairs = self.words(2 * n)
        high = pairs[0::2] & LOW21
        high <<= np.uint64(32)
        high |= pairs[1::2]
        return high

    # -- state --------------------------------------------------------------------------------

    def state(self) -> NDArray[np.uint8]:
        """Everything the next draws depend on, in PyTorch's 5056 bytes."""
        bits = self._bits if self._bits is not None else self._start()
        inner: Any = bits.state["state"]
        position = int(inner["pos"])
        record = np.zeros((), _STATE)
        record["seed"], record["seeded"], record["key"] = self.seed, 1, inner["key"]
        # A fresh twister and one that has given out its whole block both stand at NumPy's 624.
        record["next"] = 0 if self._untouched else position
        record["left"] = WORDS + 1 - position
        record["has_double"], record["double"] = self.cached is not None, self.cached or 0.0
        record["has_single"], record["single"] = self._single is not None, self._single or 0.0
        return np.frombuffer(record.tobytes(), np.uint8).copy()

    def restore(self, state: NDArray[np.uint8]) -> None:
        """Continue from a `state()`, ours or PyTorch's."""
        record = np.frombuffer(state.tobytes(), _STATE)[0]
        left, position = int(record["left"]), int(record["next"])
        fresh = left == 1 and position == 0
        if record["seeded"] != 1 or not (fresh or (1 <= left <= WORDS and left + position == WORDS + 1)):
            raise RandomError(
                message(
                    "set_state: this is not a state of the Mersenne Twister",
                    got=f"seeded={int(record['seeded'])}, left={left}, next={position}",
                    fix="pass what get_state() returned, unchanged",
                )
            )
        bits = self._bits if self._bits is not None else self._start()
        key = record["key"].astype(np.uint32)
        bits.state = {
            "bit_generator": "MT19937",
            "state": {"key": key, "pos": WORDS if fresh else position},
        }
        self.seed = int(record["seed"])
        self.cached = float(record["double"]) if record["has_double"] else None
        self._single = float(record["single"]) if record["has_single"] else None
        self._untouched = fresh
