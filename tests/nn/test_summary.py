"""`nn.summary`: shapes, parameters, costs by hand, and that the model is left as it was."""

from __future__ import annotations

from contextlib import suppress
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn
from tinygrad_nn.nn import functional as F
from tinygrad_nn.nn.utils.rnn import pack_sequence

# Multiply-accumulates from the definition of each layer, written out by hand.
COSTS = [
    (nn.Linear(7, 5), [(3, 7)], 3 * 7 * 5),
    (nn.Linear(7, 5), [(2, 3, 7)], 2 * 3 * 7 * 5),
    (nn.Bilinear(3, 4, 5), [(6, 3), (6, 4)], 6 * 3 * 4 * 5),
    (nn.Conv1d(3, 8, 5), [(2, 3, 20)], 2 * 8 * 16 * 3 * 5),
    (nn.Conv2d(4, 6, 3, padding=1), [(2, 4, 8, 9)], 2 * 6 * 8 * 9 * 4 * 3 * 3),
    (nn.Conv2d(4, 6, (3, 1), stride=2, groups=2), [(2, 4, 9, 9)], 2 * 6 * 4 * 5 * (4 // 2) * 3),
    (nn.Conv2d(4, 4, 3, dilation=2, groups=4), [(4, 9, 9)], 4 * 5 * 5 * 1 * 9),
    (nn.Conv3d(2, 3, 2), [(1, 2, 4, 5, 6)], 3 * 3 * 4 * 5 * 2 * 8),
    (nn.ConvTranspose1d(3, 5, 4, stride=2), [(2, 3, 10)], 2 * 3 * 10 * 5 * 4),
    (nn.ConvTranspose2d(4, 6, 3, groups=2), [(2, 4, 5, 6)], 2 * 4 * 5 * 6 * (6 // 2) * 9),
    (nn.RNN(4, 6), [(5, 3, 4)], 5 * 3 * (4 * 6 + 6 * 6)),
    (nn.RNN(4, 6, 2, nonlinearity="relu", bidirectional=True), [(5, 3, 4)], 15 * 2 * ((4 + 6) * 6 + (12 + 6) * 6)),
    (nn.LSTM(4, 6), [(5, 3, 4)], 15 * 4 * 6 * (4 + 6)),
    (nn.LSTM(4, 6, proj_size=2), [(5, 3, 4)], 15 * (4 * 6 * (4 + 2) + 6 * 2)),
    (nn.GRU(4, 6, 2, batch_first=True), [(3, 5, 4)], 15 * 3 * 6 * ((4 + 6) + (6 + 6))),
    (nn.RNNCell(4, 6), [(3, 4)], 3 * 6 * (4 + 6)),
    (nn.LSTMCell(4, 6), [(3, 4)], 3 * 4 * 6 * (4 + 6)),
    (nn.GRUCell(4, 6), [(3, 4)], 3 * 3 * 6 * (4 + 6)),
    # three projections in, scores, weighted values, one projection out
    (nn.MultiheadAttention(8, 2), [(5, 3, 8), (7, 3, 8), (7, 3, 8)], 3 * ((5 + 7 + 7) * 64 + 2 * 5 * 7 * 8 + 5 * 64)),
    (nn.ReLU(), [(5, 3)], 0),
    (nn.BatchNorm1d(3), [(5, 3)], 0),
    (nn.MaxPool2d(2), [(1, 1, 4, 4)], 0),
]


@pytest.mark.parametrize("layer, shapes, macs", COSTS, ids=lambda v: repr(v)[:40])
def test_costs_are_those_of_the_layers_definition(layer: Any, shapes: Any, macs: int) -> None:
    assert nn.summary(layer, *shapes).macs == macs


def test_a_packed_sequence_costs_its_steps_only() -> None:
    packed = pack_sequence([tg.ones(5, 4), tg.ones(2, 4)])
    assert nn.summary(nn.GRU(4, 6), packed).macs == (5 + 2) * 3 * 6 * (4 + 6)


def test_products_in_a_users_own_forward_count_for_the_module_that_makes_them() -> None:
    class Own(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.w = nn.Parameter(tg.ones(4, 6))

        def forward(self, x: Any) -> Any:
            return tg.einsum("ij,jk->ik", x @ self.w, self.w.T)

    found = nn.summary(nn.Sequential(Own(), nn.Linear(4, 2)), (3, 4))
    assert (found["0"].macs, found["1"].macs) == (2 * 3 * 4 * 6, 3 * 4 * 2)


def test_parameters_are_pytorchs_count_and_frozen_ones_are_told_apart() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    theirs = torch.nn.Transformer(16, 2, 2, 2, 32)
    found = nn.summary(nn.Transformer(16, 2, 2, 2, 32), (5, 2, 16), (4, 2, 16))
    assert found.parameters == found.trainable == sum(p.numel() for p in theirs.parameters())
    assert [row.path for row in found] == [path for path, _ in theirs.named_modules()]

    layer = nn.Linear(3, 2)
    layer.bias.requires_grad_(False)
    found = nn.summary(layer)
    assert (found.parameters, found.trainable, found.parameter_memory) == (8, 6, 32)
    assert "8 (2 frozen)" in str(found) and "6 trainable, 2 frozen" in str(found)


class Shared(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Linear(4, 4))
        self.again = self.first
        self.words = nn.Embedding(4, 4)
        self.out = nn.Linear(4, 4, bias=False)
        self.out.weight = self.words.weight

    def forward(self, x: Any) -> Any:
        return self.out(self.again(self.first(x)))


def test_shared_modules_and_parameters_are_counted_once_and_their_calls_each_time() -> None:
    model = Shared()
    found = nn.summary(model, (3, 4))
    assert found.parameters == sum(p.numel() for p in model.parameters()) == 20 + 16
    assert found["first.0"].calls == 2 and found["first.0"].macs == 2 * 3 * 16
    assert found.macs == 3 * 3 * 16
    assert found["again"].same_as == "first"
    assert [row.path for row in found] == ["", "first", "first.0", "again", "words", "out"]
    assert "the same as first" in str(found) and "0 (16 shared)" in str(found) and "(2 calls)" in str(found)


def test_several_inputs_and_outputs_in_tuples_and_dicts() -> None:
    class Many(nn.Module):
        def forward(self, pair: Any, table: Any, scale: Any = None) -> Any:
            assert scale == 2.0
            return {"sum": pair[0] + pair[1], "parts": (table["a"], [table["b"] * scale])}

    found = nn.summary(Many(), ((2, 3), (2, 3)), {"a": (4,), "b": tg.ones(5)}, scale=2.0)
    assert found[0].outputs == [("sum", (2, 3)), ("parts", (4,)), ("parts", (5,))]
    assert found.memory == 4 * (6 + 5)  # "a" is the input itself


def test_memory_is_the_bytes_of_outputs_that_are_no_views() -> None:
    found = nn.summary(nn.Sequential(nn.Flatten(), nn.Linear(12, 5), nn.ReLU()).double(), (2, 3, 4))
    assert [row.memory for row in found][1:] == [0, 2 * 5 * 8, 2 * 5 * 8]
    assert found.memory == 160
    assert nn.summary(nn.ReLU(inplace=True), (4, 4)).memory == 0


def test_depth_folds_what_is_below_and_keeps_the_sums() -> None:
    model = nn.Transformer(8, 2, 1, 1, 16)
    whole = nn.summary(model, (5, 2, 8), (4, 2, 8))
    for depth in (1, 2, 3):
        folded = nn.summary(model, (5, 2, 8), (4, 2, 8), depth=depth)
        assert max(row.path.count(".") + 1 for row in folded) == depth
        sums = (folded.parameters, folded.trainable, folded.macs, folded.memory)
        assert sums == (whole.parameters, whole.trainable, whole.macs, whole.memory)


def test_nothing_of_the_model_or_the_generator_changes() -> None:
    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.norm = nn.BatchNorm1d(3)
            self.drop = nn.Dropout(0.5)
            self.register_buffer("seen", tg.zeros(1))

        def forward(self, x: Any) -> Any:
            self.seen += 1
            return F.dropout(self.drop(self.norm(x)), 0.5, training=True)

    model = Noisy()
    model.drop.eval()
    tg.manual_seed(3)
    before = {name: np.array(value.numpy()) for name, value in model.state_dict().items()}
    state = tg.get_rng_state().numpy()
    nn.summary(model, (8, 3))
    assert (model.training, model.norm.training, model.drop.training) == (True, True, False)
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[name])
    np.testing.assert_array_equal(tg.get_rng_state().numpy(), state)
    assert all(module._hooks is None for module in model.modules())
    assert all(p.grad is None for p in model.parameters())


def test_the_forward_runs_in_evaluation_mode_without_gradients() -> None:
    seen = []

    class Look(nn.Module):
        def forward(self, x: Any) -> Any:
            seen.append((self.training, tg.is_grad_enabled()))
            return x

    nn.summary(Look(), (1,))
    assert seen == [(False, False)] and tg.is_grad_enabled()


def test_a_lazy_layer_stays_without_sizes() -> None:
    model = nn.Sequential(nn.LazyLinear(3))
    found = nn.summary(model, (2, 5))
    assert found.parameters == 18 and found["0"].kind == "Linear"
    assert isinstance(model[0], nn.LazyLinear)


def test_users_hooks_run_and_stay() -> None:
    model, calls = nn.Linear(2, 2), []
    model.register_forward_hook(lambda *_: calls.append(1))
    nn.summary(model, (1, 2))
    model(tg.ones(1, 2))
    assert len(calls) == 2


def test_a_failing_forward_names_the_module_by_its_path_and_leaves_the_model() -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.ReLU(), nn.Linear(4, 3)))
    with pytest.raises(
        RuntimeError, match=r"summary: the forward of '1\.1' \(Linear\) failed\n  got: ShapeError.*\n.*\(6, 3\)"
    ):
        nn.summary(model, (6, 2))
    assert model.training and all(module._hooks is None for module in model.modules())

    class Broken(nn.Module):
        def forward(self, x: Any) -> Any:
            raise KeyError("no such thing")

    with pytest.raises(RuntimeError, match=r"the forward of Broken failed\n  got: KeyError: 'no such thing'"):
        nn.summary(Broken(), (1,))
    with pytest.raises(RuntimeError, match=r"'0' \(Embedding\) failed(.|\n)*dtype=int64"):
        nn.summary(nn.Sequential(nn.Embedding(5, 2)), (3,))
    assert nn.summary(nn.Sequential(nn.Embedding(5, 2)), (3,), dtype=tg.int64)[1].outputs == [("", (3, 2))]


def test_a_failure_that_the_forward_catches_does_not_confuse_the_paths() -> None:
    class Careful(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tried, self.used = nn.Linear(9, 9), nn.Linear(2, 3)

        def forward(self, x: Any) -> Any:
            with suppress(RuntimeError):
                self.tried(x)
            return self.used(x)

    found = nn.summary(Careful(), (1, 2))
    assert found[0].outputs == [("", (1, 3))] and found["tried"].calls == 0 and found["used"].macs == 6


def test_bad_arguments() -> None:
    with pytest.raises(TypeError, match=r"summary: model is not an nn\.Module\n  got: tuple"):
        nn.summary((64, 784), nn.Linear(784, 10))  # type: ignore[arg-type]
    for depth in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="summary: depth is a positive integer"):
            nn.summary(nn.ReLU(), (1,), depth=depth)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no negative sizes\n  got: \\(-1, 3\\)"):
        nn.summary(nn.ReLU(), (-1, 3))
    with pytest.raises(KeyError, match="no module '7'"):
        nn.summary(nn.ReLU())["7"]


def test_the_html_has_the_same_cells_and_is_escaped() -> None:
    class Cells(HTMLParser):
        def __init__(self) -> None:
            super().__init__()
            self.rows: list[list[str]] = []

        def handle_starttag(self, tag: str, attrs: Any) -> None:
            if tag == "tr":
                self.rows.append([])
            elif tag in ("td", "th"):
                self.rows[-1].append("")

        def handle_data(self, data: str) -> None:
            if self.rows and self.rows[-1]:
                self.rows[-1][-1] += data

    class Less(nn.Module):
        def forward(self, x: Any) -> Any:
            return {"a<b": x}

    found = nn.summary(nn.Sequential(nn.Linear(2, 3), Less()), (4, 2))
    cells = Cells()
    cells.feed(found._repr_html_())
    assert [tuple(cell.strip() for cell in row) for row in cells.rows[1:-1]] == [row.cells for row in found]
    assert "a&lt;b" in found._repr_html_()
    assert "parameters: 9" in cells.rows[-1][0]
