"""Groups, state dicts, hooks, repr, closures, and what constructors refuse."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.optim.table import OPTIONS
from tinygrad_nn import optim
from tinygrad_nn.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

ALL = {**OPTIONS, "LBFGS": [{}]}


def parameter(*values: float) -> Any:
    return tg.tensor(values or (1.0, 2.0), requires_grad=True)


def stepped(*params: Any, name: str = "Adam", **options: Any) -> Any:
    optimizer = getattr(optim, name)(list(params), **options)
    for _ in range(3):
        for p in params:
            p.grad = p.detach() + 1
        optimizer.step()
    return optimizer


# -- groups --------------------------------------------------------------------------------------------


def test_groups_take_what_they_lack_from_the_defaults() -> None:
    a, b, c = parameter(), parameter(), parameter()
    optimizer = optim.SGD([{"params": [a], "lr": 0.5}, {"params": b}], lr=0.1, momentum=0.9)
    optimizer.add_param_group({"params": [c], "momentum": 0})
    assert [(g["lr"], g["momentum"]) for g in optimizer.param_groups] == [(0.5, 0.9), (0.1, 0.9), (0.1, 0)]
    assert optimizer.param_groups[1]["params"] == [b]


def test_names_of_parameters_are_kept() -> None:
    a, b = parameter(), parameter()
    optimizer = optim.SGD([("first", a), ("second", b)], lr=0.1)
    assert optimizer.param_groups[0]["params"] == [a, b]
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["first", "second"]
    with pytest.raises(ValueError, match="with/without names"):
        optimizer.add_param_group({"params": [parameter()]})


@pytest.mark.parametrize("name", ALL)
def test_what_is_not_a_list_of_parameters_is_refused(name: str) -> None:
    make = getattr(optim, name)
    with pytest.raises(ValueError, match=f"{name}: optimizer got an empty parameter list"):
        make([])
    with pytest.raises(
        TypeError, match=f"{name}: params argument given to the optimizer should be an iterable of Tensors or dicts"
    ):
        make(parameter())
    with pytest.raises(
        TypeError, match=f"{name}: optimizer can only optimize Tensors\n  got: one of the params is int"
    ):
        make([3])
    with pytest.raises(TypeError, match=f"{name}: optimizer parameters need to be organized in ordered collections"):
        make([{"params": {parameter()}}])
    with pytest.raises(ValueError, match=f"{name}: can't optimize a non-leaf Tensor\n  got: a result of `add`"):
        make([parameter() + 1])
    with pytest.raises(ValueError, match=f"{name}: all optimizer params should be with/without names"):
        make([("a", parameter()), parameter()])


def test_the_same_parameter_twice_is_refused() -> None:
    a = parameter()
    with pytest.raises(
        ValueError, match=r"SGD: some parameters appear in more than one parameter group\n  got: shape \(2,\)"
    ):
        optim.SGD([{"params": [a]}, {"params": [a]}])
    with pytest.raises(
        ValueError,
        match="SGD: a parameter group holds the same parameter twice\n  got: 2 parameters, 1 of them distinct",
    ):
        optim.SGD([a, a])
    with pytest.raises(TypeError, match="SGD: param_group must be a dict\n  got: list"):
        optim.SGD([a]).add_param_group([a])  # type: ignore[arg-type]


def test_a_result_that_retains_its_gradient_may_be_optimized() -> None:
    p = parameter() + 1
    p.retain_grad()
    assert optim.SGD([p]).param_groups[0]["params"] == [p]


def test_tensors_without_gradient_may_be_optimized() -> None:
    p = tg.tensor([1.0])
    optimizer = optim.SGD([p], lr=1.0)
    optimizer.step()
    p.grad = tg.tensor([0.25])
    optimizer.step()
    assert p.tolist() == [0.75]


BAD = [
    ("SGD", {"lr": -1}, "SGD: Invalid learning rate: -1"),
    ("SGD", {"lr": float("nan")}, "SGD: Invalid learning rate: nan"),
    ("SGD", {"momentum": -0.5}, "SGD: Invalid momentum value: -0.5"),
    ("SGD", {"weight_decay": -0.5}, "SGD: Invalid weight_decay value: -0.5"),
    ("SGD", {"nesterov": True}, "SGD: Nesterov momentum requires a momentum and zero dampening"),
    (
        "SGD",
        {"nesterov": True, "momentum": 0.9, "dampening": 0.1},
        "SGD: Nesterov momentum requires a momentum and zero dampening",
    ),
    ("Adam", {"lr": -1}, "Adam: Invalid learning rate: -1"),
    ("Adam", {"eps": -1}, "Adam: Invalid epsilon value: -1"),
    ("Adam", {"weight_decay": -1}, "Adam: Invalid weight_decay value: -1"),
    ("Adam", {"betas": (1.0, 0.9)}, "Adam: Invalid beta parameter at index 0: 1.0"),
    ("Adam", {"betas": (0.9, -0.1)}, "Adam: Invalid beta parameter at index 1: -0.1"),
    ("Adam", {"betas": (0.9,)}, "Adam: betas are two numbers"),
    ("AdamW", {"betas": (0.9, 1.5)}, "AdamW: Invalid beta parameter at index 1: 1.5"),
    ("RMSprop", {"lr": -1}, "RMSprop: Invalid learning rate: -1"),
    ("RMSprop", {"alpha": -1}, "RMSprop: Invalid alpha value: -1"),
    ("RMSprop", {"momentum": -1}, "RMSprop: Invalid momentum value: -1"),
    ("RMSprop", {"eps": -1}, "RMSprop: Invalid epsilon value: -1"),
    ("Adagrad", {"lr": -1}, "Adagrad: Invalid learning rate: -1"),
    ("Adagrad", {"lr_decay": -1}, "Adagrad: Invalid lr_decay value: -1"),
    ("Adagrad", {"initial_accumulator_value": -1}, "Adagrad: Invalid initial_accumulator_value value: -1"),
    ("Adagrad", {"eps": -1}, "Adagrad: Invalid epsilon value: -1"),
    ("Adadelta", {"rho": 1.5}, "Adadelta: Invalid rho value: 1.5"),
    ("Adadelta", {"lr": -1}, "Adadelta: Invalid learning rate: -1"),
    ("Adamax", {"betas": (0.9, 1.0)}, "Adamax: Invalid beta parameter at index 1: 1.0"),
    ("NAdam", {"momentum_decay": -1}, "NAdam: Invalid momentum_decay value: -1"),
    ("NAdam", {"betas": (1.0, 0.9)}, "NAdam: Invalid beta parameter at index 0: 1.0"),
    ("RAdam", {"betas": (-0.5, 0.9)}, "RAdam: Invalid beta parameter at index 0: -0.5"),
    ("RAdam", {"weight_decay": -1}, "RAdam: Invalid weight_decay value: -1"),
    ("LBFGS", {"lr": -1}, "LBFGS: Invalid learning rate: -1"),
]


@pytest.mark.parametrize("name, options, text", BAD)
def test_options_out_of_range_are_refused(name: str, options: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError) as caught:
        getattr(optim, name)([parameter()], **options)
    assert text in str(caught.value)


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "Adagrad"])
def test_switches_that_contradict_each_other_are_refused(name: str) -> None:
    make = getattr(optim, name)
    with pytest.raises(RuntimeError, match=f"{name}: `fused` and `foreach` cannot be `True` together"):
        make([parameter()], fused=True, foreach=True)
    with pytest.raises(RuntimeError, match=f"{name}: `fused` does not support `differentiable`"):
        make([parameter()], fused=True, differentiable=True)


def test_learning_rates_of_many_elements_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Adam: Tensor lr must be 1-element\n  got: shape \(2,\)"):
        optim.Adam([parameter()], lr=tg.tensor([0.1, 0.2]))
    with pytest.raises(ValueError, match="Adam: lr as a Tensor is not supported for capturable=False and foreach=True"):
        optim.Adam([parameter()], lr=tg.tensor(0.1), foreach=True)


# -- steps ---------------------------------------------------------------------------------------------


def test_step_returns_what_the_closure_does_and_records_in_it() -> None:
    p = parameter(3.0)
    optimizer = optim.SGD([p], lr=0.5)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with tg.no_grad():
        assert optimizer.step(closure).item() == 9
    assert p.tolist() == [0.0]


def test_zero_grad() -> None:
    p, q = parameter(), parameter()
    optimizer = optim.SGD([p, q])
    p.grad = held = tg.tensor([1.0, 2.0])
    optimizer.zero_grad(set_to_none=False)
    assert p.grad is held
    assert held.tolist() == [0, 0]
    assert q.grad is None
    p.grad = p * 2  # as backward(create_graph=True) leaves it
    optimizer.zero_grad(set_to_none=False)
    assert (p.grad.tolist(), p.grad.requires_grad) == ([0, 0], False)
    optimizer.zero_grad()
    assert p.grad is None


def test_parameters_without_gradient_stay() -> None:
    p, q = parameter(), parameter()
    optimizer = optim.Adam([p, q])
    for _ in range(3):
        p.grad = tg.ones(2)
        optimizer.step()
    assert q.tolist() == [1, 2]
    assert q not in optimizer.state


def test_hooks_run_around_each_step() -> None:
    seen: list[str] = []
    p = parameter()
    p.grad = tg.ones(2)
    optimizer = optim.SGD([p], lr=1.0)
    handles = [
        register_optimizer_step_pre_hook(lambda o, args, kwargs: seen.append("before any")),
        optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append(f"before {p.tolist()}")),
        optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(f"after {p.tolist()}")),
        register_optimizer_step_post_hook(lambda o, args, kwargs: seen.append("after any")),
    ]
    optimizer.step()
    assert seen == ["before any", "before [1.0, 2.0]", "after [0.0, 1.0]", "after any"]
    for handle in handles:
        handle.remove()
    optimizer.step()
    assert len(seen) == 4


def test_a_pre_hook_may_replace_the_arguments() -> None:
    optimizer = optim.SGD([parameter()])
    handle = optimizer.register_step_pre_hook(lambda o, args, kwargs: ((lambda: 7,), {}))
    assert optimizer.step() == 7
    handle.remove()
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 5)
    with pytest.raises(
        RuntimeError, match=r"SGD.step: a pre-hook must return None or \(new_args, new_kwargs\)\n  got: 5"
    ):
        optimizer.step()


def test_hooks_run_once_around_an_overriding_step() -> None:
    class Mine(optim.SGD):
        def step(self, closure: Any = None) -> Any:
            return super().step(closure)

    seen: list[int] = []
    optimizer = Mine([parameter()])
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(1))
    optimizer.step()
    assert seen == [1]


def test_an_optimizer_of_ones_own() -> None:
    class Sign(optim.Optimizer):
        def step(self, closure: Any = None) -> None:
            for group in self.param_groups:
                for p in group["params"]:
                    self.state[p]["calls"] = self.state[p].get("calls", 0) + 1
                    p.data = tg.from_numpy(p.array - group["lr"] * np.sign(p.grad.array))

    p = parameter(1.0, -2.0)
    p.grad = p.detach()
    optimizer = Sign([p], {"lr": 0.5})
    optimizer.step()
    assert p.tolist() == [0.5, -1.5]
    assert optimizer.state_dict()["state"] == {0: {"calls": 1}}
    with pytest.raises(NotImplementedError, match=r"Optimizer: an optimizer defines step\(\)"):
        optim.Optimizer([p], {}).step()


def test_hyperparameters_tell_when_a_recorded_step_no_longer_holds() -> None:
    p, q = parameter(), parameter()
    optimizer = optim.SGD([p, q], lr=0.1, momentum=0.9)
    p.grad = tg.ones(2)
    seen = [optimizer.hyperparameters(), optimizer.hyperparameters(without=("lr",))]
    assert hash(seen[0]) == hash(optimizer.hyperparameters())
    optimizer.param_groups[0]["lr"] = 0.2
    assert optimizer.hyperparameters() != seen[0]
    assert optimizer.hyperparameters(without=("lr",)) == seen[1]
    optimizer.step()  # now there is a momentum buffer
    assert optimizer.hyperparameters(without=("lr",)) != seen[1]
    seen[1] = optimizer.hyperparameters(without=("lr",))
    q.grad = tg.ones(2)
    assert optimizer.hyperparameters(without=("lr",)) != seen[1]


# -- saving and loading --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OPTIONS)
def test_the_run_goes_on_as_if_never_saved(name: str) -> None:
    options = OPTIONS[name][-1]

    def gradients(params: list[Any], k: int) -> None:
        for p in params:
            p.grad = tg.from_numpy(np.sin(p.array * (k + 1)))

    def run(optimizer: Any, params: list[Any], begin: int, end: int) -> None:
        for k in range(begin, end):
            gradients(params, k)
            optimizer.step()

    params = [parameter(), parameter(3.0)]
    optimizer = getattr(optim, name)(params, **options)
    run(optimizer, params, 0, 6)
    saved = (
        copy.deepcopy([p.detach().array.copy() for p in params]),
        pickle.loads(pickle.dumps(_plain(optimizer.state_dict()))),
    )
    run(optimizer, params, 6, 12)

    others = [tg.from_numpy(array).requires_grad_() for array in saved[0]]
    resumed = getattr(optim, name)(others, lr=123.0)
    resumed.load_state_dict(saved[1])
    run(resumed, others, 6, 12)
    assert [p.array.tobytes() for p in params] == [p.array.tobytes() for p in others]


def _plain(state_dict: dict[str, Any]) -> dict[str, Any]:
    return {
        "state": {
            k: {key: value.array.copy() for key, value in state.items()} for k, state in state_dict["state"].items()
        },
        "param_groups": state_dict["param_groups"],
    }


def test_loading_copies() -> None:
    source = stepped(parameter())
    saved = source.state_dict()
    target = optim.Adam([parameter()])
    target.load_state_dict(saved)
    before = saved["state"][0]["exp_avg"].tolist()
    p = target.param_groups[0]["params"][0]
    for _ in range(3):
        p.grad = tg.ones(2)
        target.step()
    assert saved["state"][0]["exp_avg"].tolist() == before
    assert target.param_groups[0]["params"] == [p]
    assert saved["param_groups"][0]["params"] == [0]


def test_loading_casts_state_to_the_parameters_dtype() -> None:
    saved = stepped(parameter()).state_dict()
    p = tg.tensor([1.0, 2.0], dtype=tg.float64, requires_grad=True)
    optimizer = optim.Adam([p])
    optimizer.load_state_dict(saved)
    assert optimizer.state[p]["exp_avg"].dtype == tg.float64
    assert optimizer.state[p]["step"].dtype == tg.float32
    assert optimizer.state[p]["step"].item() == 3


def test_step_counts_of_old_files_are_numbers() -> None:
    saved = stepped(parameter()).state_dict()
    saved["state"][0]["step"] = 3
    optimizer = optim.Adam([parameter()])
    optimizer.load_state_dict(saved)
    (state,) = optimizer.state.values()
    assert (state["step"].shape, state["step"].item()) == ((), 3)


def test_loading_what_does_not_fit_is_refused() -> None:
    a, b = parameter(), parameter()
    saved = optim.SGD([{"params": [a]}, {"params": [b]}]).state_dict()
    with pytest.raises(
        ValueError, match="SGD: loaded state dict has a different number of parameter groups\n  got: 2 groups for 1"
    ):
        optim.SGD([a]).load_state_dict(saved)
    saved = optim.SGD([a, b]).state_dict()
    with pytest.raises(
        ValueError,
        match=r"SGD: .* a parameter group that doesn't match the size of optimizer's group\n  got: 2 parameters for 1",
    ):
        optim.SGD([a]).load_state_dict(saved)


def test_adamw_stays_decoupled_whatever_is_loaded() -> None:
    saved = stepped(parameter()).state_dict()
    optimizer = optim.AdamW([parameter()])
    optimizer.load_state_dict(saved)
    assert optimizer.param_groups[0]["decoupled_weight_decay"] is True


def test_hooks_of_saving_and_loading() -> None:
    seen: list[str] = []
    optimizer = optim.SGD([parameter()], lr=0.1)
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("second"))
    optimizer.register_state_dict_pre_hook(lambda o: seen.append("first"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda o, saved: {**saved, "extra": 1})
    optimizer.register_load_state_dict_pre_hook(
        lambda o, saved: {**saved, "param_groups": [{**saved["param_groups"][0], "lr": 0.7}]}
    )
    optimizer.register_load_state_dict_post_hook(lambda o: seen.append(f"lr {o.param_groups[0]['lr']}"))
    saved = optimizer.state_dict()
    assert saved["extra"] == 1
    optimizer.load_state_dict(saved)
    assert seen == ["first", "second", "lr 0.7"]


def test_deepcopy_is_an_optimizer_of_its_own() -> None:
    p = parameter()
    optimizer = stepped(p)
    before = p.tolist()
    twin = copy.deepcopy(optimizer)
    (q,) = twin.param_groups[0]["params"]
    assert q is not p
    q.grad = tg.ones(2)
    twin.step()
    assert twin.state[q]["step"].item() == 4
    assert optimizer.state[p]["step"].item() == 3
    assert p.tolist() == before


@pytest.mark.parametrize("name", ALL)
def test_repr_and_defaults_are_pytorchs(name: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
    ours = getattr(optim, name)([parameter()])
    theirs = getattr(torch.optim, name)([torch.ones(2, requires_grad=True)])
    if name != "LBFGS":  # which takes one group only
        ours.add_param_group({"params": [parameter()], "lr": 0.25})
        theirs.add_param_group({"params": [torch.ones(2, requires_grad=True)], "lr": 0.25})
    assert repr(ours) == repr(theirs)
    assert ours.defaults == theirs.defaults
    assert list(ours.state_dict()["param_groups"][0]) == list(theirs.state_dict()["param_groups"][0])


def test_what_is_no_number_and_no_list_of_parameters() -> None:
    with pytest.raises(TypeError, match=r"optimizer: an option must be a number\n  got: '0\.1'\n  fix: lr=0\.01"):
        optim.SGD([parameter()], lr="0.1")
    with pytest.raises(TypeError, match=r"Adam: betas are two numbers\n  got: 0\.9\n  fix: betas=\(0\.9, 0\.999\)"):
        optim.Adam([parameter()], betas=0.9)  # type: ignore[arg-type]
    for given, name in ((None, "NoneType"), (tg.nn.Linear(2, 2), "Linear")):
        with pytest.raises(
            TypeError, match=rf"iterable of Tensors or dicts\n  got: {name}\n  fix: model\.parameters\(\)"
        ):
            optim.SGD(given, lr=0.1)  # type: ignore[arg-type]
