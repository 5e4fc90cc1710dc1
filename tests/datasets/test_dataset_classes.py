"""utils.data's data sets: PyTorch's behaviour, and whole batches that equal the samples."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from tinygrad_nn.creation import from_numpy
from tinygrad_nn.errors import ArgumentError
from tinygrad_nn.generator import Generator
from tinygrad_nn.utils.data.dataset import (
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)

X = np.arange(30.0).reshape(10, 3)
Y = np.arange(10) * 11


class Counted(Dataset[int]):
    """Samples 0, 10, 20, ...; notes how it was asked."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.asked: list[object] = []

    def __getitem__(self, index):
        self.asked.append(index)
        return index * 10

    def __len__(self) -> int:
        return self.n


class Many(Counted):
    def __getitems__(self, indices):
        self.asked.append(list(indices))
        return [index * 10 for index in indices]


class Stream(IterableDataset[int]):
    def __init__(self, *values: int) -> None:
        self.values = values

    def __iter__(self):
        return iter(self.values)

    def __len__(self) -> int:
        return len(self.values)


def tensors() -> TensorDataset:
    return TensorDataset(from_numpy(X), from_numpy(Y))


def arrays(batch):
    """A batch with its tensors as lists."""
    if isinstance(batch, dict):
        return {name: arrays(part) for name, part in batch.items()}
    if isinstance(batch, (list, tuple)):
        return [arrays(part) for part in batch]
    return np.asarray(batch).tolist()


# --- TensorDataset -----------------------------------------------------------------------------


def test_tensor_dataset_samples() -> None:
    dataset = tensors()
    assert len(dataset) == 10
    assert arrays(dataset[4]) == [X[4].tolist(), 44]
    assert arrays(dataset[2:4]) == [X[2:4].tolist(), [22, 33]]
    assert isinstance(dataset[0], tuple)
    with pytest.raises(IndexError):
        dataset[10]


def test_a_batch_is_one_index_per_tensor() -> None:
    index = np.array([9, 0, 0, 3])
    assert arrays(tensors().__getbatch__(index)) == [X[index].tolist(), Y[index].tolist()]
    plain = TensorDataset(X, Y)
    assert arrays(plain.__getbatch__(index)) == [X[index].tolist(), Y[index].tolist()]


def test_tensors_of_different_length() -> None:
    with pytest.raises(AssertionError, match=r"differ in size in dimension 0\n  got: shapes \[\(10, 3\), \(9,\)\]"):
        TensorDataset(X, Y[:9])
    with pytest.raises(ArgumentError, match=r"needs a dimension 0, .*\n  got: shapes \[\(\)\]"):
        TensorDataset(np.array(3.0))
    with pytest.raises(ArgumentError, match=r"got: shapes \[\]\n  fix: pass tensors \(N, \.\.\.\)"):
        TensorDataset()


# --- a subclass with samples of its own is never passed over ------------------------------------


def test_own_samples_are_not_passed_over() -> None:
    class Doubled(TensorDataset):
        def __getitem__(self, index):
            return tuple(part * 2 for part in super().__getitem__(index))

    class Negative(Subset):
        def __getitem__(self, index):
            return -super().__getitem__(index)

    class Plus(ConcatDataset):
        def __getitem__(self, index):
            return super().__getitem__(index) + 1

    class First(StackDataset):
        def __getitem__(self, index):
            return super().__getitem__(index)[0]

    index = np.array([1, 2])
    assert Doubled(X, Y).__getbatch__(index) is None
    assert Subset(Doubled(X, Y), range(10)).__getbatch__(index) is None
    assert StackDataset(Doubled(X, Y), tensors()).__getbatch__(index) is None
    assert Negative(tensors(), range(10)).__getbatch__(index) is None
    assert Negative(Many(5), range(5)).__getitems__([1, 2]) == [-10, -20]
    assert Plus([Many(5)]).__getitems__([1, 2]) == [11, 21]
    assert First(Many(5), Many(5)).__getitems__([1, 2]) == [10, 20]
    assert First(tensors(), tensors()).__getbatch__(index) is None


# --- Subset ------------------------------------------------------------------------------------


def test_subset() -> None:
    few = Subset(Counted(10), [7, 3, 5])
    assert (len(few), few[1], few[-1], list(few)) == (3, 30, 50, [70, 30, 50])
    assert few.__getitems__([2, 0]) == [50, 70]
    assert few.__getbatch__(np.array([0])) is None
    many = Many(10)
    assert Subset(many, [7, 3, 5]).__getitems__([2, 0]) == [50, 70]
    assert many.asked == [[5, 7]]


def test_subsets_of_subsets_give_whole_batches() -> None:
    inner = Subset(tensors(), [8, 6, 4, 2])
    outer = Subset(inner, [3, 1])
    assert arrays(outer.__getbatch__(np.array([1, 0]))) == [X[[6, 2]].tolist(), [66, 22]]
    assert arrays(Subset(tensors(), np.array([5, 1])).__getbatch__(np.array([0]))) == [
        X[[5]].tolist(),
        [55],
    ]
    assert arrays(Subset(tensors(), [1])[[0]]) == [X[[1]].tolist(), [11]]


# --- ConcatDataset -----------------------------------------------------------------------------


def test_concat() -> None:
    both = Counted(3) + Counted(0) + Counted(2)
    assert list(both) == [0, 10, 20, 0, 10]
    assert (len(both), both[-1], both[-5]) == (5, 10, 0)
    assert ConcatDataset([range(3), range(0), range(2)]).cumulative_sizes == [3, 3, 5]


def test_concat_asks_each_part_once() -> None:
    first, second = Many(3), Many(4)
    both = ConcatDataset([first, second])
    assert both.__getitems__([6, 0, 3, 2, -1]) == [30, 0, 0, 20, 30]
    assert (first.asked, second.asked) == ([[0, 2]], [[3, 0, 3]])


def test_concat_refuses() -> None:
    with pytest.raises(AssertionError, match="got: an empty list\n  fix: pass"):
        ConcatDataset([])
    with pytest.raises(AssertionError, match="got: the stream Stream\n  fix: for streams, use ChainD"):
        ConcatDataset([range(2), Stream(1)])
    with pytest.raises(ValueError, match=r"index out of range\n  got: index -6, 5 samples\n  fix: .*-5..4"):
        ConcatDataset([range(5)])[-6]
    with pytest.raises(IndexError, match=r"index out of range\n  got: index 5, 5 samples"):
        ConcatDataset([range(5)])[5]


# --- StackDataset ------------------------------------------------------------------------------


def test_stack_of_tuples_and_dicts() -> None:
    assert StackDataset(range(3), "abc")[1] == (1, "b")
    assert StackDataset(a=range(3), b="abc")[-1] == {"a": 2, "b": "c"}
    assert len(StackDataset(range(3), "abc")) == 3


def test_stack_asks_each_part_once() -> None:
    many, slow = Many(5), Counted(5)
    assert StackDataset(many, slow).__getitems__([4, 1]) == [(40, 40), (10, 10)]
    assert StackDataset(a=many).__getitems__([2]) == [{"a": 20}]
    assert many.asked == [[4, 1], [2]]


def test_stack_batches() -> None:
    index = np.array([2, 7])
    batch = StackDataset(first=tensors(), second=Subset(tensors(), range(10))).__getbatch__(index)
    expected = [X[index].tolist(), [22, 77]]
    assert arrays(batch) == {"first": expected, "second": expected}
    assert arrays(StackDataset(tensors(), tensors()).__getbatch__(index)) == [expected, expected]
    assert StackDataset(tensors(), range(10)).__getbatch__(index) is None


def test_stack_refuses() -> None:
    with pytest.raises(ArgumentError, match=r"differ in length\n  got: lengths \[3, 2\]"):
        StackDataset(range(3), "ab")
    with pytest.raises(ArgumentError, match=r"by name .*\n  got: both"):
        StackDataset(range(3), b="abc")
    with pytest.raises(ArgumentError, match="got: none"):
        StackDataset()

    class Short(Many):
        def __getitems__(self, indices):
            return [0]

    with pytest.raises(ValueError, match=r"Short.__getitems__: .*\n  got: 1 samples for 2 indices"):
        StackDataset(Short(5)).__getitems__([0, 1])


# --- streams and the bare base classes ---------------------------------------------------------


def test_chain() -> None:
    chain = Stream(1, 2) + Stream(3)
    assert isinstance(chain, ChainDataset)
    assert (list(chain), list(chain), len(chain)) == ([1, 2, 3], [1, 2, 3], 3)
    with pytest.raises(AssertionError, match="got: range\n  fix: for data sets with samples by index"):
        list(ChainDataset([Stream(1), range(3)]))


def test_what_a_subclass_must_define() -> None:
    class Bare(Dataset):
        pass

    class BareStream(IterableDataset):
        pass

    with pytest.raises(NotImplementedError, match=r"Bare: .*\n  got: no method __getitem__ in Bare\n"):
        Bare()[0]
    with pytest.raises(NotImplementedError, match=r"BareStream: .*\n  got: no method __iter__ in BareSt"):
        iter(BareStream())


# --- random_split ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "lengths"),
    [(10, [3, 7]), (30, [0.3, 0.3, 0.4]), (11, [0.5, 0.5]), (60000, [50000, 10000]), (7, [1.0])],
)
def test_random_split_is_that_of_pytorch(size: int, lengths: list) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    generator = torch.Generator().manual_seed(42)
    theirs = torch.utils.data.random_split(range(size), lengths, generator=generator)
    ours = random_split(range(size), lengths, Generator().manual_seed(42))
    assert [part.indices for part in ours] == [part.indices for part in theirs]


def test_random_split_draws_from_the_default_generator() -> None:
    from tinygrad_nn.generator import default_generator

    state = default_generator.get_state()
    try:
        default_generator.manual_seed(5)
        first = random_split(range(20), [15, 5])
        second = random_split(range(20), [15, 5], generator=None)
    finally:
        default_generator.set_state(state)
    expected = random_split(range(20), [15, 5], generator=Generator().manual_seed(5))
    assert first[0].indices == expected[0].indices
    assert second[0].indices != first[0].indices


def test_random_split_refuses() -> None:
    with pytest.raises(ArgumentError, match=r"sum to the 10 samples .*\n  got: lengths \[3, 6\] .* sum to 9"):
        random_split(range(10), [3, 6])
    with pytest.raises(ArgumentError, match=r"got: lengths \[-1, 11\] that sum to 10"):
        random_split(range(10), [-1, 11])
    with pytest.raises(ArgumentError, match=r"must lie in 0..1\n  got: 1.5 at index 0"):
        random_split(range(10), [1.5, -0.5])


def test_random_split_warns_of_an_empty_part() -> None:
    with pytest.warns(UserWarning, match=r"the subset at index 1 is empty: 0.0 of 4 samples") as caught:
        random_split(range(4), [1.0, 0.0])
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        random_split(range(4), [4, 0])
