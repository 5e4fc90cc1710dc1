"""Module beyond what PyTorch has to compare with: paths in errors, attributes, the tape, and our own layers."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn
from tinygrad_nn.autograd import gradcheck
from tinygrad_nn.nn import functional as F
from tinygrad_nn.tape import Tracer, local

x = tg.ones(4, 3)


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Sequential(nn.Linear(3, 3), nn.ReLU()), nn.Sequential(nn.Linear(4, 3))])

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()

    def forward(self, x: Any) -> Any:
        return self.encoder(x)


def test_an_error_names_the_path_of_the_module_that_ran() -> None:
    with pytest.raises(
        RuntimeError, match=r"linear in encoder\.layers\.1\.0: the input's last dimension must be in_features=4"
    ):
        Net()(x)
    with pytest.raises(RuntimeError, match=r"linear in layers\.1\.0:"):
        Encoder()(x)
    assert local.mode.scope is None


def test_a_part_that_is_not_registered_is_named_by_its_class() -> None:
    class Hidden(nn.Module):
        def forward(self, x: Any) -> Any:
            return nn.Linear(4, 4)(x)

    with pytest.raises(RuntimeError, match=r"linear in Hidden\.Linear: "):
        Hidden()(x)


def test_results_remember_their_module() -> None:
    net = nn.Sequential(nn.Linear(3, 2), nn.Tanh())
    out = net(x)
    assert [str(out.node.scope), str(out.node.parents[0].scope)] == ["1", "0"]
    assert f"{out.node.scope}" == "1"
    assert out.node.scope.module is net[1]
    assert out.node.scope.parent.module is out.node.scope.root is net


def test_registries_and_attributes_are_one() -> None:
    layer = nn.Linear(2, 2)
    other = nn.Parameter(tg.ones(2, 2))
    layer._parameters["weight"] = other
    assert layer.weight is other
    del layer._parameters["weight"]
    assert not hasattr(layer, "weight")
    layer._parameters.update(weight=other)
    assert layer.weight is other
    assert layer._parameters.pop("weight") is other
    assert not hasattr(layer, "weight")
    assert layer._parameters.setdefault("weight", other) is other
    assert layer.weight is other
    assert layer._parameters.popitem()[0] == "weight"
    layer._parameters.clear()
    assert not hasattr(layer, "bias")
    assert layer._parameters.pop("none", 3) == 3


def test_a_property_decides_over_its_name() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Linear(2, 2)

        @property
        def weight(self) -> Any:
            return self.inner.weight

        @weight.setter
        def weight(self, value: Any) -> None:
            self.inner.weight = value

    tied, new = Tied(), nn.Parameter(tg.ones(2, 2))
    tied.weight = new
    assert tied.inner.weight is new
    assert [name for name, _ in tied.named_parameters()] == ["inner.weight", "inner.bias"]


def test_pickled_modules_come_back_whole() -> None:
    net = nn.Sequential(nn.Linear(3, 2), nn.Dropout(0.1))
    net[0].frozen = nn.Buffer(tg.ones(1), persistent=False)
    net[0].weight.requires_grad_(False)
    twin = pickle.loads(pickle.dumps(net))
    assert repr(twin) == repr(net)
    assert list(twin.state_dict()) == list(net.state_dict())
    assert not twin[0].weight.requires_grad
    assert not twin[0].frozen.persistent
    twin[0].weight = nn.Parameter(tg.ones(2, 3))
    assert twin[0]._parameters["weight"] is twin[0].weight
    np.testing.assert_array_equal(twin[0].bias.detach(), net[0].bias.detach())


def test_parametrized_modules_are_copied_and_pickled_apart() -> None:
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(3, 2))
    for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        np.testing.assert_array_equal(twin.weight.detach(), layer.weight.detach())
        nn.utils.parametrize.remove_parametrizations(twin, "weight")
        assert type(twin) is nn.Linear
        assert nn.utils.parametrize.is_parametrized(layer, "weight")
        assert tuple(layer.weight.shape) == (2, 3)


def test_a_module_is_freed_without_the_garbage_collector() -> None:
    gc.disable()
    try:
        net = nn.Sequential(nn.Linear(3, 2), nn.ReLU())
        net(x).sum().backward()
        seen = weakref.ref(net)
        del net
        assert seen() is None
    finally:
        gc.enable()


def test_loading_writes_into_the_tensors_that_are_there() -> None:
    layer = nn.Linear(2, 1)
    memory = layer.weight.array
    layer.load_state_dict({"weight": tg.tensor([[5.0, 6.0]], dtype=tg.float64), "bias": tg.zeros(1)})
    assert layer.weight.array is memory
    assert memory.tolist() == [[5.0, 6.0]]
    assert layer.weight.is_leaf


def test_a_hook_may_be_removed_while_it_runs() -> None:
    layer, calls = nn.ReLU(), []
    handle = layer.register_forward_hook(lambda *_: (calls.append(1), handle.remove())[0])
    layer(x)
    layer(x)
    assert calls == [1]


# -- our own layer ------------------------------------------------------------------------------------


def test_rbf_is_its_formula() -> None:
    tg.manual_seed(0)
    layer = nn.RBF(3, 5, width=0.7).double()
    points = np.random.default_rng(1).standard_normal((2, 4, 3))
    c, w = layer.centers.detach().numpy(), np.exp(layer.log_width.detach().numpy())
    expected = np.exp(-((points[..., None, :] - c) ** 2).sum(-1) / (2 * w**2))
    np.testing.assert_allclose(layer(tg.tensor(points)).detach().numpy(), expected, rtol=1e-12)
    np.testing.assert_allclose(w, 0.7, rtol=1e-6)
    assert repr(layer) == "RBF(in_features=3, num_centers=5, width=0.7)"
    assert list(layer.state_dict()) == ["centers", "log_width"]


def test_rbf_gradients() -> None:
    rng = np.random.default_rng(1)
    leaves = [tg.tensor(rng.standard_normal(shape), requires_grad=True) for shape in ((4, 2), (3, 2), (3,))]
    assert gradcheck(F.rbf, leaves)


def test_an_rbf_network_learns_xor() -> None:
    tg.manual_seed(1)
    points = tg.tensor([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    wanted = tg.tensor([[0.0], [1.0], [1.0], [0.0]])
    net = nn.Sequential(nn.RBF(2, 6, width=0.7), nn.Linear(6, 1))
    for _ in range(1500):
        loss = F.mse_loss(net(points), wanted)
        net.zero_grad()
        loss.backward()
        for p in net.parameters():
            p.data -= 0.3 * p.grad
    assert loss.item() < 0.01


# -- what the tape and its tracer see --------------------------------------------------------------------


class Listener(Tracer):
    """Notes what is called, written and read."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.reads = 0

    def saw(self, primitive: Any, args: Any, result: Any) -> None:
        self.names.append(primitive.name)

    def wrote(self, target: Any, value: Any, name: str) -> None:
        self.names.append(name)

    def read(self, tensor: Any) -> None:
        self.reads += 1


def listened(call: Any) -> Listener:
    listener = Listener()
    local.mode.tracer = listener
    try:
        call()
    finally:
        local.mode.tracer = None
    return listener


def test_dropout_and_cross_entropy_are_traced_without_a_read() -> None:
    target = tg.tensor([0, 1, 2, 1])
    heard = listened(lambda: F.cross_entropy(F.dropout(x, 0.5), target))
    assert heard.names == ["draw", "dropped", "class_indices", "cross_entropy"]
    masked = listened(lambda: F.cross_entropy(x, target, ignore_index=1))
    absent = listened(lambda: F.cross_entropy(x, target, ignore_index=-1))  # the next batch may have it
    assert "where" in masked.names
    assert "where" in absent.names
    assert heard.reads == masked.reads == 0


def test_clipping_reads_nothing() -> None:
    w = tg.ones(3, requires_grad=True)
    (w * w).sum().backward()
    assert listened(lambda: nn.utils.clip_grad_norm_([w], 1.0)).reads == 0


def test_a_target_to_ignore_is_honoured_under_a_tracer_too() -> None:
    """A step recorded on a batch without ignored targets must still be right on one with them."""
    logits = tg.tensor([[1.0, 2.0], [0.0, 3.0]])
    for target in ([0, 1], [0, 0]):
        seen: list[Any] = []
        listened(
            lambda seen=seen, target=target: seen.append(F.cross_entropy(logits, tg.tensor(target), ignore_index=1))
        )
        expected = F.cross_entropy(logits, tg.tensor(target), ignore_index=1)
        assert seen[0].item() == expected.item()
