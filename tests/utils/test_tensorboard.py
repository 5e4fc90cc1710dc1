"""`SummaryWriter`: what it writes is read back from the event files."""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn
from tinygrad_nn.utils.tensorboard import SummaryWriter

event_pb2 = pytest.importorskip(
    "tensorboardX.proto.event_pb2", reason="the event files' format comes with tensorboardX"
)


def events(folder: Path) -> list[Any]:
    """All events in a directory's files (a record: length, its checksum, the data, its checksum)."""
    found = []
    for file in sorted(folder.glob("events.out.tfevents.*")):
        content, place = file.read_bytes(), 0
        while place < len(content):
            (length,) = struct.unpack_from("<Q", content, place)
            found.append(event_pb2.Event.FromString(content[place + 12 : place + 12 + length]))
            place += 12 + length + 4
    return found


def values(folder: Path) -> list[Any]:
    """(tag, step, value) of every summary."""
    return [(value.tag, event.step, value) for event in events(folder) for value in event.summary.value]


def test_scalars_of_every_kind(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as writer:
        given: list[Any] = [1.5, 2, tg.tensor(2.5, requires_grad=True), tg.tensor([3.5]), np.float32(4.5), tg.tensor(5)]
        given.append(tg.tensor(1.25, dtype=tg.bfloat16))
        for step, value in enumerate(given):
            writer.add_scalar("train/loss", value, step)
    found = values(tmp_path)
    assert [(tag, step, v.simple_value) for tag, step, v in found] == [
        ("train/loss", step, expected) for step, expected in enumerate([1.5, 2, 2.5, 3.5, 4.5, 5, 1.25])
    ]
    assert writer.get_logdir() == writer.log_dir == str(tmp_path)


def test_several_curves_in_one_picture(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as writer:
        writer.add_scalars("loss", {"train": tg.tensor(0.5), "test": 0.75}, 3)
    assert [(t, s, v.simple_value) for t, s, v in values(tmp_path / "loss" / "train")] == [("loss", 3, 0.5)]
    assert [(t, s, v.simple_value) for t, s, v in values(tmp_path / "loss" / "test")] == [("loss", 3, 0.75)]


def test_a_histogram_has_the_values_counts_and_moments(tmp_path: Path) -> None:
    weights = nn.Linear(20, 30).weight
    with SummaryWriter(tmp_path) as writer:
        writer.add_histogram("weight", weights, 7)
        writer.add_histogram("bins", tg.tensor([0.0, 1.0, 1.0, 2.0]), 8, bins=2)
    (_, step, first), (_, _, second) = values(tmp_path)
    array = weights.detach().numpy().astype(np.float64)
    histo = first.histo
    assert step == 7 and histo.num == array.size == sum(histo.bucket)
    assert (histo.min, histo.max) == (array.min(), array.max())
    np.testing.assert_allclose([histo.sum, histo.sum_squares], [array.sum(), (array**2).sum()], rtol=1e-5)
    assert [count for count in second.histo.bucket if count] == [1, 3]


def test_images_and_figures_are_png_files_of_the_right_size(tmp_path: Path) -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="figures are matplotlib's")
    image = pytest.importorskip("PIL.Image", reason="PNG files are read by Pillow")
    with SummaryWriter(tmp_path) as writer:
        writer.add_image("grey", tg.full((4, 6), 0.5), 1, dataformats="HW")
        writer.add_image("colour", tg.zeros(3, 5, 7), 2)
        writer.add_images("many", tg.ones(2, 1, 4, 4), 3)
        figure, axes = pyplot.subplots(figsize=(2, 1), dpi=50)
        axes.plot([1, 2])
        writer.add_figure("figure", figure, 4)
    found = values(tmp_path)
    sizes = {tag: (v.image.height, v.image.width) for tag, _, v in found}
    assert sizes == {"grey": (4, 6), "colour": (5, 7), "many": (4, 8), "figure": (50, 100)}
    path = tmp_path / "grey.png"
    path.write_bytes(found[0][2].image.encoded_image_string)
    assert set(np.asarray(image.open(path))[..., 0].ravel()) <= {127, 128}
    assert not pyplot.fignum_exists(figure.number)


def test_text_and_a_precision_recall_curve(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as writer:
        writer.add_text("note", "**bold**", 1)
        writer.add_pr_curve("curve", tg.tensor([0, 1, 1, 0]), tg.tensor([0.1, 0.9, 0.8, 0.3]), 2)
    text, curve = values(tmp_path)
    assert text[0].startswith("note") and text[2].tensor.string_val[0] == b"**bold**"
    table = np.array(curve[2].tensor.float_val).reshape(6, -1)  # true and false positives, negatives, precision, recall
    assert table.shape == (6, 127) and table[0, 0] == 2 and table[4, 63] == 1.0 and table[5, 63] == 1.0


def test_hyperparameters_are_a_run_of_their_own(tmp_path: Path) -> None:
    hparams = pytest.importorskip("tensorboardX.proto.plugin_hparams_pb2", reason="the format comes with tensorboardX")
    with SummaryWriter(tmp_path) as writer:
        settings = {"lr": tg.tensor(0.25), "net": "mlp", "bias": True, "layers": 3}
        writer.add_hparams(settings, {"accuracy": tg.tensor(0.5)}, run_name="one")
    found = values(tmp_path / "one")
    assert found[-1][0] == "accuracy" and found[-1][2].simple_value == 0.5
    start = next(v for tag, _, v in found if tag == "_hparams_/session_start_info")
    data = hparams.HParamsPluginData.FromString(start.metadata.plugin_data.content).session_start_info.hparams
    assert (data["lr"].number_value, data["net"].string_value, data["bias"].bool_value) == (0.25, "mlp", True)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Dropout())
        self.out = nn.Linear(3, 2)

    def forward(self, x: Any, y: Any) -> Any:
        return {"sum": self.out(self.body(x).relu()) + y, "same": x}


def test_a_graph_has_the_operations_under_their_modules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph_pb2 = pytest.importorskip("tensorboardX.proto.graph_pb2", reason="the format comes with tensorboardX")
    model = Net()
    model.out.eval()
    before = {name: np.array(t.numpy()) for name, t in model.state_dict().items()}
    with SummaryWriter(tmp_path) as writer:
        writer.add_graph(model, (tg.ones(5, 4), tg.ones(2)), verbose=True)
    assert "Net/out/linear = linear(" in capsys.readouterr().out
    (event,) = [event for event in events(tmp_path) if event.graph_def]
    nodes = {node.name: node for node in graph_pb2.GraphDef.FromString(event.graph_def).node}
    assert list(nodes["Net/body/0/linear"].input) == ["input/0", "Net/body/0/weight", "Net/body/0/bias"]
    assert nodes["Net/body/0/linear"].op == "linear"
    assert "Net/body/1/running_mean" in nodes and list(nodes["output/1"].input) == ["input/0"]
    (last,) = nodes["output/0"].input
    assert nodes[last].op == "add" and "input/1" in nodes[last].input and "Net/out/linear" in nodes[last].input
    shape = nodes["Net/out/linear"].attr["_output_shapes"].list.shape[0]
    assert [dim.size for dim in shape.dim] == [5, 2]
    assert all(source in nodes for node in nodes.values() for source in node.input)
    assert model.training and model.body[1].training and not model.out.training
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), before[name])


def test_without_a_directory_a_run_is_named_by_time_and_comment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with SummaryWriter(comment="_lr0.1") as writer:
        writer.add_scalar("x", 1.0)
    (run,) = (tmp_path / "runs").iterdir()
    assert run.name.endswith("_lr0.1") and events(run)


def test_bad_input(tmp_path: Path) -> None:
    with SummaryWriter(tmp_path) as writer:
        with pytest.raises(
            ValueError, match=r"add_scalar: one number is needed\n  got: 'loss': shape \(3,\)\n  fix: value\.mean"
        ):
            writer.add_scalar("loss", tg.ones(3))
        with pytest.raises(ValueError, match="add_scalar: one number is needed\n  got: 'loss': str"):
            writer.add_scalar("loss", "0.5")
        with pytest.raises(TypeError, match=r"add_scalars: a dictionary .* is needed\n  got: float\n  fix: add_scalar"):
            writer.add_scalars("loss", 0.5)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="add_histogram: finite values are needed\n  got: 'w': 1 NaN or infinite"):
            writer.add_histogram("w", tg.tensor([1.0, float("nan")]))
        with pytest.raises(ValueError, match="got: 'w': no values"):
            writer.add_histogram("w", tg.zeros(0))
        with pytest.raises(
            ValueError,
            match=r"add_image: dataformats(.|\n)*got: dataformats='CHW' for shape \(4, 6\)\n  fix: dataformats=\"HW\"",
        ):
            writer.add_image("x", tg.zeros(4, 6))
        with pytest.raises(
            ValueError, match=r"add_pr_curve: labels and predictions differ in shape\n  got: \(3,\) and \(3, 2\)"
        ):
            writer.add_pr_curve("x", tg.zeros(3), tg.zeros(3, 2))
        with pytest.raises(TypeError, match="add_text: a string is needed\n  got: int"):
            writer.add_text("x", 3)  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="add_hparams: metric_dict must be a dictionary\n  got: list"):
            writer.add_hparams({}, [])  # type: ignore[arg-type]
        with pytest.raises(
            TypeError, match=r"a number, a string or a bool\n  got: sizes=\[3, 4\]\n  fix: str\(sizes\)"
        ):
            writer.add_hparams({"sizes": [3, 4]}, {})


def test_without_the_package_one_line_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(
        ImportError, match=r'^SummaryWriter needs the package tensorboardX: pip install "tinygrad_nn\[tensorboard\]"$'
    ):
        SummaryWriter()
