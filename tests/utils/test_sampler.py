"""Samplers: PyTorch's orders for PyTorch's seeds, drawn only when asked for."""

from __future__ import annotations

from itertools import islice
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.utils import data

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
theirs = pytest.importorskip("torch.utils.data", reason="PyTorch is the oracle here")

WEIGHTS = [0.1, 3.0, 0.0, 2.5, 1.0, 0.4]


def generators(given: bool) -> tuple[Any, Any]:
    """Ours and PyTorch's of one seed; None for both where the default generators are to be used."""
    tg.manual_seed(17)
    torch.manual_seed(17)
    return (tg.Generator().manual_seed(5), torch.Generator().manual_seed(5)) if given else (None, None)


def states_agree(mine: Any, other: Any) -> bool:
    default = np.array_equal(np.asarray(tg.get_rng_state()), torch.get_rng_state().numpy())
    return default and (mine is None or np.array_equal(mine.get_state(), other.get_state().numpy()))


SAMPLERS: dict[str, Any] = {
    "sequential": lambda d, g: d.SequentialSampler(range(7)),
    "random": lambda d, g: d.RandomSampler(range(50), generator=g),
    "random, more than there are": lambda d, g: d.RandomSampler(range(7), num_samples=17, generator=g),
    "random, few": lambda d, g: d.RandomSampler(range(7), num_samples=3, generator=g),
    "replacement": lambda d, g: d.RandomSampler(range(9), replacement=True, num_samples=70, generator=g),
    "subset": lambda d, g: d.SubsetRandomSampler([3, 1, 8, 5], generator=g),
    "weighted": lambda d, g: d.WeightedRandomSampler(WEIGHTS, 12, generator=g),
    "weighted, each once": lambda d, g: d.WeightedRandomSampler(WEIGHTS, 4, replacement=False, generator=g),
    "batches": lambda d, g: d.BatchSampler(d.RandomSampler(range(11), generator=g), 3, False),
    "whole batches": lambda d, g: d.BatchSampler(d.RandomSampler(range(11), generator=g), 3, True),
}


@pytest.mark.parametrize("given", [False, True], ids=["default generator", "own generator"])
@pytest.mark.parametrize("make", SAMPLERS.values(), ids=SAMPLERS.keys())
def test_orders_and_generator_states_are_pytorchs(make: Any, given: bool) -> None:
    mine, other = generators(given)
    ours, oracle = make(data, mine), make(theirs, other)
    assert len(ours) == len(oracle)
    for _ in range(2):
        assert list(ours) == list(oracle)
        assert states_agree(mine, other)


def test_a_sampler_of_many_draws_only_what_is_asked_for() -> None:
    sampler = data.RandomSampler(
        range(10), replacement=True, num_samples=10**12, generator=tg.Generator().manual_seed(0)
    )
    oracle = theirs.RandomSampler(
        range(10), replacement=True, num_samples=10**12, generator=torch.Generator().manual_seed(0)
    )
    assert list(islice(sampler, 40)) == list(islice(oracle, 40))
    assert len(sampler) == 10**12
    assert list(islice(data.RandomSampler(range(3), num_samples=10**12), 3)) in [list(p) for p in _permutations(3)]


def _permutations(n: int) -> Any:
    return [[a, b, c] for a in range(n) for b in range(n) for c in range(n) if len({a, b, c}) == n]


def test_num_samples_follows_the_data_set() -> None:
    source = [1, 2, 3]
    sampler = data.RandomSampler(source)
    source.append(4)
    assert sampler.num_samples == len(sampler) == 4


def test_weights_may_be_a_tensor_or_an_array() -> None:
    orders = [
        list(data.WeightedRandomSampler(w, 5, generator=tg.Generator()))
        for w in (WEIGHTS, tg.tensor(WEIGHTS).double(), np.array(WEIGHTS))
    ]
    assert orders[0] == orders[1] == orders[2]


def test_a_base_class_says_what_is_missing() -> None:
    with pytest.raises(NotImplementedError, match="must define __iter__"):
        list(data.Sampler())


@pytest.mark.parametrize(
    "make, kind, text",
    [
        (
            lambda d: d.RandomSampler([1], replacement=1),
            TypeError,
            "replacement should be a boolean value.*replacement=1",
        ),
        (
            lambda d: d.RandomSampler([1], num_samples=0),
            ValueError,
            "num_samples should be a positive integer.*num_samples=0",
        ),
        (lambda d: d.RandomSampler([1], num_samples=1.5), ValueError, "positive integer value.*num_samples=1.5"),
        (lambda d: d.WeightedRandomSampler([1.0], 0), ValueError, "positive integer value.*num_samples=0"),
        (lambda d: d.WeightedRandomSampler([1.0], True), ValueError, "positive integer value.*num_samples=True"),
        (
            lambda d: d.WeightedRandomSampler([1.0], 1, replacement=1),
            ValueError,
            "replacement should be a boolean value.*replacement=1",
        ),
        (lambda d: d.WeightedRandomSampler([[1.0]], 1), ValueError, "weights should be a 1d sequence"),
        (lambda d: d.BatchSampler([1], 0, False), ValueError, "batch_size should be a positive integer.*batch_size=0"),
        (lambda d: d.BatchSampler([1], 1.0, False), ValueError, "positive integer value.*batch_size=1.0"),
        (lambda d: d.BatchSampler([1], 2, 1), ValueError, "drop_last should be a boolean value.*drop_last=1"),
    ],
)
def test_bad_arguments(make: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        make(data)
    with pytest.raises(kind, match=text):
        make(theirs)
