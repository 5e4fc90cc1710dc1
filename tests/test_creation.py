"""Making tensors, where the parity suite does not reach: pandas, shared memory, tracing, the words of errors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn.errors import DeviceError
from tinygrad_nn.tape import local

# -- data ------------------------------------------------------------------------------------------


def test_pandas_frames_and_columns_become_tensors() -> None:
    pd = pytest.importorskip("pandas", reason="pandas makes the frames")
    frame = pd.DataFrame({"a": [1.5, 2.5], "b": [3.0, 4.0]}, index=[7, 9])
    assert tg.tensor(frame).tolist() == [[1.5, 3.0], [2.5, 4.0]]
    assert tg.tensor(frame).dtype is tg.float64
    assert tg.tensor(frame["b"]).tolist() == [3.0, 4.0]
    assert tg.tensor(frame.values, dtype=tg.float32).dtype is tg.float32
    mixed = pd.DataFrame({"n": [1, 2], "x": [0.5, 1.5], "flag": [True, False]})
    assert tg.tensor(mixed).tolist() == [[1.0, 0.5, 1.0], [2.0, 1.5, 0.0]]


def test_a_frame_with_words_is_refused() -> None:
    pd = pytest.importorskip("pandas", reason="pandas makes the frames")
    with pytest.raises(TypeError, match=r"(?s)Python objects.*str.*convert the columns"):
        tg.tensor(pd.DataFrame({"a": [1, 2], "b": ["x", "y"]}))


def test_scikit_learn_data_goes_in() -> None:
    sklearn = pytest.importorskip("sklearn.datasets", reason="scikit-learn has the data")
    iris = sklearn.load_iris()
    assert tg.tensor(iris.data).shape == (150, 4)
    assert tg.tensor(iris.target).dtype is tg.int64


def test_tensor_copies_and_as_tensor_shares() -> None:
    array = np.zeros(2)
    copied, shared = tg.tensor(array), tg.as_tensor(array)
    array[0] = 1
    assert copied.tolist() == [0, 0]
    assert shared.tolist() == [1, 0]
    assert tg.as_tensor(shared) is shared


def test_a_tensor_of_a_list_takes_the_element_type_that_its_leaves_promote_to() -> None:
    assert tg.tensor([tg.tensor(1, dtype=tg.float64), 2.0]).dtype is tg.float64
    assert tg.tensor([np.int16(1), np.int8(2)]).dtype is tg.int16
    assert tg.tensor([True, 2, 3.5]).dtype is tg.float32
    assert tg.tensor([1, 2], dtype=float).dtype is tg.float64


def test_foreign_byte_order_and_wide_unsigned_types_are_converted() -> None:
    assert tg.tensor(np.array([1.5, 2], ">f8")).tolist() == [1.5, 2]
    assert tg.tensor(np.array([70000], np.uint32)).dtype is tg.int64


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        ([[1, 2], [3]], ValueError, r"expected sequence of length 2 at dim 1 \(got 1\)"),
        ([1, [2]], TypeError, "a list stands beside numbers"),
        ([[1], 2], TypeError, "a number stands beside lists"),
        (None, RuntimeError, "Could not infer dtype of NoneType"),
        ("words", TypeError, "invalid data type 'str'"),
        ([1, None], RuntimeError, "Could not infer dtype of NoneType"),
        ([1j], TypeError, "complex numbers are not supported"),
        (np.array([1j]), TypeError, r"(?s)type complex128.*real and the imaginary part"),
        (np.array(["a"]), TypeError, "can't convert an array of type <U1"),
        ([tg.ones(2), tg.ones(2)], ValueError, r"(?s)only one element tensors.*stack\(\)"),
        ([2**70], ValueError, "does not fit 64 bits"),
    ],
)
def test_data_without_a_tensor_is_refused_in_words(data: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        tg.tensor(data)


def test_integers_beyond_a_narrow_type_are_refused_and_minus_one_wraps() -> None:
    with pytest.raises(RuntimeError, match=r"cannot be converted to type uint8 without overflow"):
        tg.tensor([300], dtype=tg.uint8)
    assert tg.tensor([-1], dtype=tg.uint8).item() == 255


def test_integers_cannot_require_gradients() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)only Tensors of floating point.*x\.float\(\)"):
        tg.tensor([1], requires_grad=True)


# -- sizes, devices ----------------------------------------------------------------------------------


def test_sizes_are_checked_in_words() -> None:
    with pytest.raises(TypeError, match=r"zeros: sizes must be integers"):
        tg.zeros(2.5)
    with pytest.raises(RuntimeError, match=r"ones: Trying to create tensor with negative dimension"):
        tg.ones(2, -1)
    with pytest.raises(TypeError, match=r"rand: the size is missing"):
        tg.rand()
    with pytest.raises(RuntimeError, match=r"arange: upper bound and lower bound inconsistent with step sign"):
        tg.arange(5, 1)


def test_another_device_is_refused_in_one_line() -> None:
    with pytest.raises(DeviceError, match=r"^device 'cuda:1' is not available: [^\n]*cuda\.is_available\(\) first$"):
        tg.zeros(2, device="cuda:1")


def test_a_type_by_name_is_refused() -> None:
    with pytest.raises(TypeError, match=r"(?s)'dtype' must be a dtype, not str.*float32"):
        tg.zeros(2, dtype="float32")


# -- random numbers ----------------------------------------------------------------------------------


class Recorder:
    """A tracer that keeps the names of the primitives it saw."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def saw(self, primitive: Any, args: Any, result: Any) -> None:
        self.names.append(primitive.name)

    def wrote(self, target: Any, value: Any, name: str) -> None:
        self.names.append(f"write {name}")

    def read(self, tensor: Any) -> None:
        self.names.append("read")


@pytest.mark.parametrize(
    "call",
    [
        lambda: tg.rand(3), lambda: tg.randn(3), lambda: tg.randint(5, (3,)), lambda: tg.randperm(3),
        lambda: tg.normal(0.0, 1.0, (3,)), lambda: tg.rand_like(tg.ones(2)), lambda: tg.bernoulli(tg.ones(2)),
        lambda: tg.multinomial(tg.ones(2), 1), lambda: tg.normal(tg.ones(2), 1.0), lambda: tg.ones(2).uniform_(),
    ],
)  # fmt: skip
def test_every_draw_is_seen_by_a_tracer(call: Any) -> None:
    tracer = Recorder()
    local.mode.tracer = tracer
    try:
        result = call()
    finally:
        local.mode.tracer = None
    assert "draw" in tracer.names
    assert isinstance(result, tg.Tensor)


def test_in_place_samplers_fill_in_the_order_of_memory_as_pytorch_does() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    for name in ("uniform_", "normal_", "exponential_", "log_normal_", "cauchy_", "random_", "bernoulli_"):
        ours, theirs = tg.zeros(5, 7).t(), torch.zeros(5, 7).t()
        tg.manual_seed(3), torch.manual_seed(3)
        assert np.array_equal(getattr(ours, name)().numpy(), getattr(theirs, name)().numpy()), name


def test_a_draw_over_a_leaf_is_refused_before_the_generator_moves() -> None:
    tg.manual_seed(0)
    with pytest.raises(RuntimeError, match=r"uniform_: a leaf Variable that requires grad"):
        tg.ones(2, requires_grad=True).uniform_()
    first = tg.rand(1)
    tg.manual_seed(0)
    assert first.item() == tg.rand(1).item()


def test_fork_rng_leaves_the_stream_where_it_was() -> None:
    tg.manual_seed(5)
    expected = tg.rand(2).tolist()
    tg.manual_seed(5)
    with tg.random.fork_rng():
        tg.rand(100)
    assert tg.rand(2).tolist() == expected


def test_threads_are_set_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    before = tg.get_num_threads()
    try:
        tg.set_num_threads(2)
        assert tg.get_num_threads() == 2
    finally:
        tg.set_num_threads(before)
    with pytest.raises(RuntimeError, match="expects a positive integer"):
        tg.set_num_threads(0)
    with pytest.raises(TypeError, match="expects an int"):
        tg.set_num_threads(1.5)
