"""DataLoader against PyTorch's: batches, orders, generators, and what is refused."""

from __future__ import annotations

from itertools import count, islice
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.utils import data
from tinygrad_nn.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
theirs = pytest.importorskip("torch.utils.data", reason="PyTorch is the oracle here")

X, Y = np.arange(46, dtype=np.float32).reshape(23, 2), np.arange(23) % 5


def lists(batches: Any) -> list[Any]:
    """Batches as nested lists."""
    return [[as_list(part) for part in (b if isinstance(b, list | tuple) else [b])] for b in batches]


def as_list(part: Any) -> Any:
    return part.tolist() if hasattr(part, "tolist") else part


def both(given: bool, **options: Any) -> tuple[Any, Any, Any, Any]:
    """A loader of ours and one of PyTorch's over the same rows, and their generators."""
    mine, other = (tg.Generator().manual_seed(3), torch.Generator().manual_seed(3)) if given else (None, None)
    ours = DataLoader(TensorDataset(tg.tensor(X), tg.tensor(Y)), generator=mine, **options)
    oracle = theirs.DataLoader(theirs.TensorDataset(torch.tensor(X), torch.tensor(Y)), generator=other, **options)
    tg.manual_seed(11)
    torch.manual_seed(11)
    return ours, oracle, mine, other


OPTIONS: dict[str, dict[str, Any]] = {
    "one by one": {},
    "in order": dict(batch_size=4),
    "shuffled": dict(batch_size=4, shuffle=True),
    "whole batches": dict(batch_size=4, shuffle=True, drop_last=True),
    "batches that fit": dict(batch_size=23, shuffle=True),
    "larger than the data": dict(batch_size=100, shuffle=True),
    "samples, not batches": dict(batch_size=None),
    "shuffled samples": dict(batch_size=None, shuffle=True),
    "own sampler": dict(batch_size=3, sampler=[4, 2, 9, 9]),
    "own batches": dict(batch_sampler=[[1, 2], [3], [20, 0, 1]]),
}


@pytest.mark.parametrize("given", [False, True], ids=["default generator", "own generator"])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS.keys())
def test_batches_orders_and_generator_states_are_pytorchs(options: dict[str, Any], given: bool) -> None:
    ours, oracle, mine, other = both(given, **options)
    assert len(ours) == len(oracle)
    for _ in range(2):
        assert lists(ours) == lists(oracle)
        np.testing.assert_array_equal(np.asarray(tg.get_rng_state()), torch.get_rng_state().numpy())
        if given:
            np.testing.assert_array_equal(mine.get_state(), other.get_state().numpy())


@pytest.mark.parametrize("size", [1, 4, 23])
def test_the_seed_is_drawn_at_iter_and_the_order_at_the_first_batch(size: int) -> None:
    ours, oracle, _, _ = both(False, batch_size=size, shuffle=True)
    mine, other = iter(ours), iter(oracle)
    np.testing.assert_array_equal(np.asarray(tg.get_rng_state()), torch.get_rng_state().numpy())
    next(mine), next(other)
    np.testing.assert_array_equal(np.asarray(tg.get_rng_state()), torch.get_rng_state().numpy())


@pytest.mark.parametrize("make", [
    lambda d, g: d.RandomSampler(range(23), replacement=True, num_samples=50, generator=g),
    lambda d, g: d.RandomSampler(range(23), num_samples=60, generator=g),
    lambda d, g: d.WeightedRandomSampler(np.arange(1.0, 24.0).tolist(), 31, generator=g),
    lambda d, g: d.SubsetRandomSampler(range(5, 15), generator=g),
], ids=["replacement", "several passes", "weighted", "subset"])  # fmt: skip
@pytest.mark.parametrize("drop_last", [False, True])
def test_samplers_in_whole_batches(make: Any, drop_last: bool) -> None:
    ours = DataLoader(
        TensorDataset(tg.tensor(X)), 7, sampler=make(data, tg.Generator().manual_seed(2)), drop_last=drop_last
    )
    oracle = theirs.DataLoader(
        theirs.TensorDataset(torch.tensor(X)),
        7,
        sampler=make(theirs, torch.Generator().manual_seed(2)),
        drop_last=drop_last,
    )
    assert lists(ours) == lists(oracle)
    assert len(ours) == len(oracle)


# -- the three ways to ask a data set ------------------------------------------------------------


class Rows(Dataset[Any]):
    """One sample at a time."""

    def __init__(self, n: int = 10) -> None:
        self.n = n

    def __getitem__(self, index: int) -> Any:
        return {"x": np.full(2, index, np.float32), "name": str(index)}, index

    def __len__(self) -> int:
        return self.n


def test_samples_one_by_one_are_collated() -> None:
    (x, y), *_ = DataLoader(Rows(), batch_size=3)
    assert x["x"].tolist() == [[0, 0], [1, 1], [2, 2]]
    assert x["name"] == ["0", "1", "2"]
    assert y.tolist() == [0, 1, 2]


class Whole(Rows):
    """Notes how it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Any] = []

    def __getbatch__(self, indices: Any) -> Any:
        self.asked.append(indices.tolist())
        return ["whole", indices]


def test_whole_batches_are_asked_for_where_nothing_is_in_their_way() -> None:
    dataset = Whole()
    assert [kind for kind, _ in DataLoader(dataset, 4)] == ["whole"] * 3
    assert dataset.asked == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    own = DataLoader(dataset, 4, collate_fn=lambda samples: data.default_collate(samples))
    assert [b["x"].shape[0] for b, _ in own] == [4, 4, 2]


def test_arrays_in_a_tensor_dataset_give_tensors() -> None:
    x, y = next(iter(DataLoader(TensorDataset(X, Y), batch_size=3)))
    assert isinstance(x, tg.Tensor)
    assert isinstance(y, tg.Tensor)
    assert y.tolist() == [0, 1, 2]


def test_a_batch_is_a_copy_of_the_rows() -> None:
    x = tg.tensor(X)
    for (batch,) in DataLoader(TensorDataset(x), batch_size=5):
        batch.zero_()
    assert np.array_equal(x.numpy(), X)


def test_an_endless_sampler_is_asked_for_one_batch_at_a_time() -> None:
    class Endless(data.Sampler[int]):
        def __iter__(self) -> Any:
            return (k % 23 for k in count())

    loader = DataLoader(TensorDataset(tg.tensor(Y)), 4, sampler=Endless())
    seventh = [k % 23 % 5 for k in range(24, 28)]
    assert lists(islice(loader, 7))[-1] == [seventh]


def test_a_sampler_of_the_users_own_order() -> None:
    class Backwards(data.SequentialSampler):
        def __iter__(self) -> Any:
            return iter(range(len(self.data_source) - 1, -1, -1))

    loader = DataLoader(TensorDataset(tg.arange(5)), 2, sampler=Backwards(range(5)))
    assert lists(loader) == [[[4, 3]], [[2, 1]], [[0]]]


def test_a_new_pass_begins_at_each_for() -> None:
    loader = DataLoader(TensorDataset(tg.arange(6)), 2)
    first, second = iter(loader), iter(loader)
    assert lists([next(first), next(first), next(second)]) == [[[0, 1]], [[2, 3]], [[0, 1]]]


# -- streams -------------------------------------------------------------------------------------


class Stream(IterableDataset[int]):
    def __init__(self, n: int) -> None:
        self.n = n

    def __iter__(self) -> Any:
        return iter(range(self.n))

    def __len__(self) -> int:
        return self.n


@pytest.mark.parametrize("options, batches", [
    (dict(batch_size=3), [[0, 1, 2], [3, 4, 5], [6]]),
    (dict(batch_size=3, drop_last=True), [[0, 1, 2], [3, 4, 5]]),
    (dict(batch_size=7), [[0, 1, 2, 3, 4, 5, 6]]),
])  # fmt: skip
def test_a_stream_in_batches(options: dict[str, Any], batches: list[Any]) -> None:
    loader = DataLoader(Stream(7), **options)
    assert [b.tolist() for b in loader] == batches == [b.tolist() for b in loader]
    assert len(loader) == len(batches)


def test_a_stream_sample_by_sample() -> None:
    assert list(DataLoader(Stream(3), batch_size=None)) == [0, 1, 2]


# -- what is refused -----------------------------------------------------------------------------

D, S = TensorDataset(tg.arange(3)), Stream(3)
BAD: list[tuple[Any, dict[str, Any], str]] = [
    (D, dict(num_workers=-1), "num_workers option should be non-negative\n  got: -1"),
    (D, dict(timeout=-1), "timeout option should be non-negative\n  got: -1"),
    (D, dict(prefetch_factor=2), "prefetch_factor could only be specified with workers\n  got: 2"),
    (D, dict(prefetch_factor=0, num_workers=1), "prefetch_factor must be positive"),
    (D, dict(persistent_workers=True), "persistent_workers option needs num_workers > 0"),
    (D, dict(batch_size=0), "batch_size should be a positive integer.*batch_size=0"),
    (D, dict(batch_size=2.0), "batch_size should be a positive integer.*batch_size=2.0"),
    (D, dict(shuffle=True, sampler=[0]), "sampler option is mutually exclusive with shuffle"),
    (D, dict(batch_sampler=[[0]], batch_size=2), "batch_sampler option is mutually exclusive with batch_size"),
    (D, dict(batch_sampler=[[0]], drop_last=True), "batch_sampler option is mutually exclusive with batch_size"),
    (D, dict(batch_size=None, drop_last=True), "batch_size=None option disables auto-batching"),
    (S, dict(shuffle=True), "DataLoader with IterableDataset: expected unspecified shuffle option"),
    (S, dict(sampler=[0]), "DataLoader with IterableDataset: expected unspecified sampler option"),
    (S, dict(batch_sampler=[[0]]), "DataLoader with IterableDataset: expected unspecified sampler option"),
    ([], dict(shuffle=True), "num_samples should be a positive integer value\n  got: num_samples=0"),
    (3, {}, "the data set gives no samples by index\n  got: int\n  fix: define __getitem__"),
]


@pytest.mark.parametrize("dataset, options, text", BAD, ids=[", ".join(options) or "no data" for _, options, _ in BAD])
def test_bad_options(dataset: Any, options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        DataLoader(dataset, **options)


@pytest.mark.parametrize(
    "name", ["batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers"]
)
def test_what_a_loader_was_built_from_stays(name: str) -> None:
    loader = DataLoader(D)
    with pytest.raises(
        ValueError, match=f"{name} attribute should not be set after .* is initialized\n  got: {name} = 7"
    ):
        setattr(loader, name, 7)
    loader.timeout = 3


def test_an_index_out_of_range_is_an_index_error() -> None:
    with pytest.raises(IndexError):
        list(DataLoader(TensorDataset(tg.arange(3)), 2, sampler=[0, 3]))
