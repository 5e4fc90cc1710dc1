"""The doctor finds every planted fault, is silent about healthy nets, and touches nothing."""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.train.nets import weights
from tinygrad_nn import nn, optim, train
from tinygrad_nn.nn import functional as F
from tinygrad_nn.utils.data import DataLoader, TensorDataset


def mlp(act: Any, *sizes: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for a, b in zip(sizes[:-2], sizes[1:-1]):
        layers += [nn.Linear(a, b), act()]
    return nn.Sequential(*layers, nn.Linear(sizes[-2], sizes[-1]))


def clusters(n: int = 96, classes: int = 3, features: int = 4, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, classes, n)
    x = rng.normal(size=(n, features)) + 2 * np.eye(max(classes, features))[y, :features]
    return tg.tensor(((x - x.mean()) / x.std()).astype(np.float32)), tg.tensor(y)


CE = nn.CrossEntropyLoss()

# -- healthy nets --------------------------------------------------------------------------------

Case = tuple[Any, tuple[Any, Any], Any, Any]


def relu_net() -> Case:
    model = mlp(nn.ReLU, 4, 32, 32, 3)
    return model, clusters(), CE, optim.Adam(model.parameters(), lr=5e-3)


def tanh_net() -> Case:
    model = mlp(nn.Tanh, 4, 50, 50, 50, 3)
    return model, clusters(), CE, optim.SGD(model.parameters(), lr=0.1, momentum=0.9)


def sigmoid_net() -> Case:
    model = mlp(nn.Sigmoid, 4, 15, 3)
    return model, clusters(), CE, optim.SGD(model.parameters(), lr=1.0)


def regression_net() -> Case:
    x, _ = clusters()
    model = mlp(nn.ReLU, 4, 64, 64, 1)
    return model, (x, x.sum(1, keepdim=True).sin()), nn.MSELoss(), optim.Adam(model.parameters(), lr=1e-3)


def regularised_net() -> Case:
    x, y = clusters(classes=2)
    layers = [nn.Linear(4, 32), nn.BatchNorm1d(32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 1)]
    model = nn.Sequential(*layers)
    return model, (x, y.float().unsqueeze(1)), nn.BCEWithLogitsLoss(), optim.AdamW(model.parameters(), lr=1e-3)


def picture_net() -> Case:
    layers = [nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(72, 4)]
    model = nn.Sequential(*layers)
    x, y = tg.rand(48, 1, 8, 8), tg.randint(0, 4, (48,))
    return model, (x, y), CE, optim.Adam(model.parameters(), lr=1e-3)


def digits_net() -> Case:
    """Sparse pictures with values in 0..1, as MNIST's: their mean is not 0."""
    model = mlp(nn.ReLU, 784, 64, 32, 10)
    x = tg.rand(64, 784) * (tg.rand(64, 784) > 0.8).float()
    return model, (x, tg.randint(0, 10, (64,))), CE, optim.Adam(model.parameters(), lr=2e-3)


def sure_net() -> Case:
    """A sigmoid at the end that is saturated because the net is right."""
    model = nn.Sequential(nn.Linear(4, 1), nn.Sigmoid())
    x, _ = clusters()
    with tg.no_grad():
        model[0].weight.copy_(tg.tensor([[40.0, 0.0, 0.0, 0.0]]))
        model[0].bias.zero_()
    return model, (x, (x[:, :1] > 0).float()), nn.BCELoss(), optim.SGD(model.parameters(), lr=0.1)


def words_net() -> Case:
    model = nn.Sequential(nn.Embedding(500, 16), nn.Flatten(), nn.Linear(80, 4))
    return model, (tg.randint(0, 500, (64, 5)), tg.randint(0, 4, (64,))), CE, optim.Adam(model.parameters(), lr=1e-3)


HEALTHY: list[Callable[[], Case]] = [
    relu_net, tanh_net, sigmoid_net, regression_net, regularised_net, picture_net, digits_net, sure_net, words_net,
]  # fmt: skip


@pytest.mark.parametrize("make", HEALTHY, ids=lambda make: make.__name__)
@pytest.mark.parametrize("seed", range(3))
def test_no_false_alarm(make: Callable[[], Case], seed: int) -> None:
    tg.manual_seed(seed)
    model, (x, y), loss, optimizer = make()
    for _ in range(3):  # fresh, after a few steps, after some more
        report = train.diagnose(model, (x, y), loss=loss, optimizer=optimizer)
        assert report.ok, str(report)
        for _ in range(5):
            optimizer.zero_grad()
            loss(model(x), y).backward()
            optimizer.step()
    assert str(report) == f"Sequential, looked at with {len(y)} samples: nothing to complain about."


# -- planted faults ------------------------------------------------------------------------------


def found(report: train.Report, kind: str, where: str) -> train.Finding:
    """The finding of a kind at a place; every one has all of its parts."""
    for finding in report:
        assert finding.text
        assert finding.advice
        if (finding.kind, finding.where) == (kind, where):
            return finding
    raise AssertionError(f"no {kind!r} at {where!r} in:\n{report}")


def fill(parameter: Any, value: float) -> None:
    parameter.data.fill_(value)


def test_dead_relu() -> None:
    tg.manual_seed(0)
    model, batch, loss, _ = relu_net()
    fill(model[2].bias, -30.0)
    finding = found(train.diagnose(model, batch, loss), "dead ReLU", "3")
    assert finding.figure == 1.0
    assert "100 % of its 32 units give 0 for all samples" in finding.text
    model[2].bias.data[:12].fill_(0.0)  # some of them live
    assert 0.6 < found(train.diagnose(model, batch, loss), "dead ReLU", "3").figure <= 22 / 32 + 0.1


def test_dead_relu_of_channels_and_of_functions() -> None:
    tg.manual_seed(0)
    model, batch, loss, _ = picture_net()
    fill(model[0].bias, -30.0)
    assert "its 8 units" in found(train.diagnose(model, batch, loss), "dead ReLU", "1").text

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.ModuleDict({"first": nn.Linear(4, 8), "second": nn.Linear(8, 8)})
            self.out = nn.Linear(8, 3)

        def forward(self, x: Any) -> Any:
            return self.out(F.relu(self.inner["second"](self.inner["first"](x).relu())))

    net = Net()
    fill(net.inner["second"].bias, -30.0)
    assert found(train.diagnose(net, clusters(), CE), "dead ReLU", "Net, relu 2").figure == 1.0


@pytest.mark.parametrize(("act", "kind"), [(nn.Sigmoid, "saturated sigmoid"), (nn.Tanh, "saturated tanh")])
def test_saturated(act: Any, kind: str) -> None:
    tg.manual_seed(0)
    model = mlp(act, 4, 16, 16, 3)
    model[2].weight.data.mul_(200.0)
    finding = found(train.diagnose(model, clusters(), CE), kind, "3")
    assert finding.figure > 0.8
    assert "lie at the asymptotes" in finding.text


def test_a_saturated_output_that_is_wrong() -> None:
    model, (x, y), loss, _ = sure_net()
    assert found(train.diagnose(model, (x, 1 - y), loss), "saturated sigmoid", "1").figure > 0.5


def test_vanishing_gradient() -> None:
    tg.manual_seed(0)
    model = mlp(nn.Sigmoid, 4, *[16] * 8, 3)
    finding = found(train.diagnose(model, clusters(), CE), "vanishing gradient", "0")
    assert finding.figure < 1e-3
    x, y = clusters()
    outs: list[Any] = []
    model[0].register_forward_hook(lambda module, args, out: outs.append(out))
    model[16].register_forward_hook(lambda module, args, out: outs.append(out))
    first, last = tg.autograd.grad(CE(model(x), y), outs)
    assert finding.figure == pytest.approx(float(first.norm() / last.norm()), rel=1e-4)


def test_exploding_gradient() -> None:
    tg.manual_seed(0)
    model = mlp(nn.Identity, 4, *[32] * 8, 3)
    for layer in model:
        if isinstance(layer, nn.Linear) and layer.in_features == 32:
            layer.weight.data.mul_(8.0)
    report = train.diagnose(model, clusters(), CE)
    assert found(report, "exploding gradient", "0").figure > 1e3


def test_gradients_larger_than_the_weights() -> None:
    tg.manual_seed(0)
    model = nn.Linear(4, 1)
    x, _ = clusters()
    finding = found(
        train.diagnose(model, (x, x[:, :1] * 90), lambda out, y: (out * 300 - y * 300).square().mean()),
        "exploding gradient",
        "weight",
    )
    assert finding.figure > 1e3


@pytest.mark.parametrize(
    ("make", "word"),
    [
        (lambda p: optim.Adam(p, lr=3.0), "too large"),
        (lambda p: optim.SGD(p, lr=100.0), "too large"),
        (lambda p: optim.Adam(p, lr=1e-9), "too small"),
        (lambda p: optim.SGD(p, lr=1e-8), "too small"),
    ],
)
def test_update_to_weight_ratio(make: Any, word: str) -> None:
    tg.manual_seed(0)
    model, batch, loss, _ = relu_net()
    report = train.diagnose(model, batch, loss, make(model.parameters()))
    assert report.kinds == {"update-to-weight ratio"}
    assert word in report[0].text
    assert report[0].where in dict(model.named_parameters())


def test_the_ratio_is_that_of_the_step() -> None:
    tg.manual_seed(0)
    model = nn.Linear(4, 3)
    x, y = clusters()
    finding = train.diagnose(model, (x, y), CE, optim.SGD(model.parameters(), lr=50.0))[0]
    before = model.weight.detach().clone()
    CE(model(x), y).backward()
    assert finding.figure == pytest.approx(float(50 * model.weight.grad.norm() / before.norm()), rel=1e-5)


def test_initial_loss() -> None:
    tg.manual_seed(0)
    model, batch, loss, _ = relu_net()
    model[4].weight.data.mul_(60.0)
    finding = found(train.diagnose(model, batch, loss), "initial loss", "loss")
    assert finding.figure == pytest.approx(loss(model(batch[0]), batch[1]).item(), rel=1e-5)
    assert "guessing among 3 classes gives ln 3 = 1.099" in finding.text
    model, (x, y), loss, _ = regularised_net()
    model[4].bias.data.fill_(9.0)
    assert "ln 2 = 0.6931" in found(train.diagnose(model, (x, y * 0), loss), "initial loss", "loss").text


def test_output_that_ignores_the_input() -> None:
    tg.manual_seed(0)
    model, batch, loss, _ = tanh_net()
    fill(model[4].weight, 0.0)
    finding = found(train.diagnose(model, batch, loss), "output ignores the input", "outputs")
    assert finding.figure == pytest.approx(0, abs=1e-6)

    class Blind(nn.Linear):
        def forward(self, x: Any) -> Any:
            return super().forward(tg.ones(x.shape))

    assert "output ignores the input" in train.diagnose(Blind(4, 3), batch, loss).kinds


def test_equal_samples_are_no_fault() -> None:
    model = nn.Linear(4, 3)
    assert train.diagnose(model, (tg.ones(32, 4), tg.zeros(32).long()), CE).kinds <= {"unnormalised inputs"}


def test_labels_off_by_one() -> None:
    tg.manual_seed(0)
    model, (x, y), loss, optimizer = relu_net()
    report = train.diagnose(model, (x, y + 1), loss, optimizer)
    assert report.kinds == {"labels off by one"}
    assert report[0].text == "labels run from 1 to 3, but 3 classes are numbered from 0 to 2"
    assert report[0].advice == "target = target - 1"
    assert train.diagnose(model, (x, y + 1)).kinds == {"labels off by one"}  # the loss is guessed
    wider = mlp(nn.ReLU, 4, 16, 4)
    assert train.diagnose(wider, (x, y + 1), loss).kinds == {"labels off by one"}


def test_labels_out_of_range() -> None:
    model, (x, y), loss, _ = relu_net()
    y = y.clone()
    y[5] = 7
    report = train.diagnose(model, (x, y), loss)
    assert "there is a label 7, but the model has 3 outputs" in found(report, "labels out of range", "labels").text
    assert "the loss fails" in report.kinds
    y[5] = -1
    assert (
        "labels [-1] are negative" in found(train.diagnose(model, (x, y), loss), "labels out of range", "labels").text
    )
    y[5] = -100
    assert train.diagnose(model, (x, y), loss).ok


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda x: x * 100 + 128, "values lie around 128"),
        (lambda x: x + 40, "values lie around 40"),
        (lambda x: x * 0.1 + 5, "the mean is 5"),
        (lambda x: x * 1e-4, "no value is larger than"),
        (lambda x: x * tg.tensor([1.0, 1.0, 1.0, 35.0]) * 0.9, "feature 3 has a size of"),
    ],
)  # fmt: skip
def test_unnormalised_inputs(change: Any, text: str) -> None:
    tg.manual_seed(0)
    model, (x, y), loss, _ = relu_net()
    if "feature" in text:
        x = x.repeat(1, 4)
        model = mlp(nn.ReLU, 16, 32, 3)
        changed = x.clone()
        changed[:, 3] *= 35.0
    else:
        changed = change(x)
    finding = found(train.diagnose(model, (changed, y), loss), "unnormalised inputs", "inputs")
    assert text in finding.text


def test_targets_far_from_one() -> None:
    model, (x, y), loss, _ = regression_net()
    assert found(train.diagnose(model, (x, y * 1e5), loss), "unnormalised targets", "labels").figure > 1e4


def test_nan_in_the_data() -> None:
    model, (x, y), loss, _ = regression_net()
    broken = x.clone()
    broken[3, 1] = math.nan
    assert found(train.diagnose(model, (broken, y), loss), "NaN in the data", "inputs").figure == 1
    target = y.clone()
    target[0] = math.inf
    report = train.diagnose(model, (x, target), loss)
    assert found(report, "NaN in the data", "labels").figure == 1
    assert "loss is not finite" in report.kinds


def test_parameters_without_gradient() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.used, self.cut, self.spare = nn.Linear(4, 3), nn.Linear(4, 3), nn.Linear(4, 3)

        def forward(self, x: Any) -> Any:
            return self.used(x) + self.cut(x).detach()

    finding = found(train.diagnose(Net(), clusters(), CE), "no gradient", "cut.weight")
    assert finding.figure == 4
    assert "cut.weight, cut.bias, spare.weight, spare.bias" in finding.text
    net = Net()
    net.cut.requires_grad_(False)
    net.spare.requires_grad_(False)
    assert train.diagnose(net, clusters(), CE).ok


def test_a_gradient_that_is_exactly_zero() -> None:
    tg.manual_seed(0)
    model, batch, loss, _ = tanh_net()
    fill(model[4].weight, 0.0)
    assert "is exactly 0" in found(train.diagnose(model, batch, loss), "no gradient", "0.weight").text


def test_an_optimizer_of_other_parameters() -> None:
    tg.manual_seed(0)
    model, batch, loss, _ = relu_net()
    report = train.diagnose(model, batch, loss, optim.SGD(model[0].parameters(), lr=0.1))
    assert "2.weight, 2.bias, 4.weight, 4.bias" in found(report, "not in the optimizer", "2.weight").text
    other, *_ = relu_net()
    report = train.diagnose(model, batch, loss, optim.SGD(other.parameters(), lr=0.1))
    assert found(report, "foreign parameters", "optimizer").figure == 6


def test_softmax_before_the_cross_entropy() -> None:
    tg.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3), nn.Softmax(1))
    assert (
        "probabilities that sum to 1"
        in found(train.diagnose(model, clusters(), CE), "softmax before the loss", "outputs").text
    )


def test_a_loss_that_fails_is_a_finding() -> None:
    model, (x, y), _, _ = relu_net()
    report = train.diagnose(model, (x, y), nn.MSELoss())
    assert report.kinds == {"the loss fails"}
    assert report[0].where == "loss"


def test_a_loss_cut_off_from_the_model() -> None:
    model, batch, _, _ = relu_net()
    report = train.diagnose(model, batch, lambda out, y: CE(out.detach(), y))
    assert "depends on no parameter" in found(report, "the loss fails", "loss").text


# -- nothing is touched --------------------------------------------------------------------------


def test_everything_stays_as_it_is() -> None:
    tg.manual_seed(0)
    model, (x, y), loss, optimizer = regularised_net()
    calls: list[Any] = []
    loss(model(x), y).backward()
    optimizer.step()
    pending = loss(model(x), y)  # a graph that is waiting for its backward pass
    model[1].eval()
    gradients = [p.grad for p in model.parameters()]
    before = (
        weights(model), [g.numpy().tobytes() for g in gradients], x.numpy().tobytes(), copy.deepcopy(optimizer.state_dict()),
        np.asarray(tg.get_rng_state()).tobytes(), random.getstate(), np.random.get_state(legacy=False)["state"]["key"].tobytes(),
        [p._version for p in model.parameters()], [m.training for m in model.modules()],
    )  # fmt: skip
    train.diagnose(model, (x, y), loss, optimizer)
    after = (
        weights(model), [p.grad.numpy().tobytes() for p in model.parameters()], x.numpy().tobytes(),
        copy.deepcopy(optimizer.state_dict()),
        np.asarray(tg.get_rng_state()).tobytes(), random.getstate(), np.random.get_state(legacy=False)["state"]["key"].tobytes(),
        [p._version for p in model.parameters()], [m.training for m in model.modules()],
    )  # fmt: skip
    assert repr(after) == repr(before)
    assert all(p.grad is g for p, g in zip(model.parameters(), gradients))
    assert all(module._hooks is None for module in model.modules())
    pending.backward()
    assert not calls


def test_it_works_under_no_grad_and_with_frozen_modes() -> None:
    tg.manual_seed(0)
    model, batch, loss, optimizer = relu_net()
    with tg.no_grad():
        assert train.diagnose(model, batch, loss, optimizer).ok
        assert not tg.is_grad_enabled()


# -- what may be asked ---------------------------------------------------------------------------


def test_a_loader_or_a_data_set() -> None:
    tg.manual_seed(0)
    model, (x, y), loss, _ = relu_net()
    generator = tg.Generator().manual_seed(1)
    before = generator.get_state().tobytes(), np.asarray(tg.get_rng_state()).tobytes()
    report = train.diagnose(model, DataLoader(TensorDataset(x, y + 1), 32, shuffle=True, generator=generator), loss)
    assert report.samples == 96
    assert report.kinds == {"labels off by one"}
    assert train.diagnose(model, TensorDataset(x, y), loss).ok
    assert (generator.get_state().tobytes(), np.asarray(tg.get_rng_state()).tobytes()) == before


def test_lbfgs_and_losses_with_parameters() -> None:
    tg.manual_seed(0)
    model, batch, loss, _ = relu_net()
    assert train.diagnose(model, batch, loss, optim.LBFGS(model.parameters(), lr=0.1)).kinds <= {
        "update-to-weight ratio"
    }


def test_how_a_report_looks() -> None:
    tg.manual_seed(0)
    model, (x, y), loss, _ = relu_net()
    fill(model[2].bias, -30.0)
    report = train.diagnose(model, (x, y), loss)
    lines = str(report).splitlines()
    assert lines[0] == f"Sequential, looked at with 96 samples: {len(report)} findings."
    assert lines[1].startswith("1. dead ReLU (3): 100 % of its 32 units")
    assert lines[2].startswith("   try: ")
    page = report._repr_html_()
    assert page.count("<tr>") == len(report) + 1
    assert "dead ReLU" in page
    assert "dead ReLU" in repr(report)


@pytest.mark.parametrize(
    ("act", "kind", "text"),
    [
        (lambda: train.diagnose(3, None), TypeError, "diagnose: model is not an nn.Module\n  got: int"),
        (lambda: train.diagnose(nn.Linear(1, 1), tg.ones(2, 1)), TypeError, r"diagnose: a batch is \(inputs..., target\)"),
        (lambda: train.diagnose(nn.Linear(1, 1), (tg.ones(1, 1), tg.ones(1, 1)), nn.MSELoss), TypeError, "diagnose: loss is a class"),
        (lambda: train.diagnose(Uncopied(), (tg.ones(2, 1), tg.ones(2, 1))), ValueError, "diagnose: works on a copy of the model, and this one cannot be copied\n  got: TypeError"),
        (lambda: rate_for(Uncopied()), ValueError, "find_lr: works on a copy of the model, and this one cannot be copied\n  got: TypeError"),
    ],
)  # fmt: skip
def test_what_is_refused(act: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        act()


def rate_for(model: nn.Module) -> None:
    train.find_lr(model, (tg.ones(2, 1), tg.ones(2, 1)), nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1))


class Uncopied(nn.Linear):
    def __init__(self) -> None:
        super().__init__(1, 1)

    def __deepcopy__(self, memo: Any) -> Any:
        raise TypeError("no copies")
