"""The first slice of `compile`: the recorded program equals the step, bit for bit, and reads well."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tinygrad_nn as tg
from tests.ops.table import GRADIENTS, NO_GRADIENT
from tinygrad_nn import nn, optim
from tinygrad_nn.compiler import CompiledStep, compile
from tinygrad_nn.compiler.emit_numpy import emit
from tinygrad_nn.compiler.passes import single_use
from tinygrad_nn.compiler.program import Instruction, Program, Value
from tinygrad_nn.compiler.record import Recorder
from tinygrad_nn.primitive import REGISTRY, apply, wrap
from tinygrad_nn.tape import local

rng = np.random.default_rng(5)
X = rng.standard_normal((100, 6, 12)).astype(np.float32)
Y = rng.integers(0, 4, (100, 6))

OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "adam": lambda p: optim.Adam(p, lr=0.01),
    "adamw": lambda p: optim.AdamW(p, lr=0.01, weight_decay=0.1),
}


def net() -> nn.Sequential:
    tg.manual_seed(1)
    return nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 8), nn.Sigmoid(), nn.Linear(8, 4))


def make(build: Callable[[], nn.Module], optimizer: str) -> tuple[nn.Module, Callable[..., Any]]:
    model = build()
    opt = OPTIMIZERS[optimizer](model.parameters())
    loss_fn = nn.CrossEntropyLoss()

    def train_step(x: Any, y: Any) -> Any:
        opt.zero_grad()
        loss = loss_fn(model(x), y)
        loss.backward()
        opt.step()
        return loss

    return model, train_step


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_compiled_step_equals_the_step_bit_for_bit(optimizer: str) -> None:
    (plain, step), (model, other) = make(net, optimizer), make(net, optimizer)
    compiled = compile(other)
    tg.manual_seed(7)
    expected = [step(tg.tensor(x), tg.tensor(y)).item() for x, y in zip(X, Y)]
    tg.manual_seed(7)
    found = [compiled(tg.tensor(x), tg.tensor(y)).item() for x, y in zip(X, Y)]
    assert found == expected
    for p, q in zip(plain.parameters(), model.parameters()):
        np.testing.assert_array_equal(p.array, q.array)
        np.testing.assert_array_equal(p.grad.array, q.grad.array)


def test_the_source_is_the_golden_file(request: pytest.FixtureRequest) -> None:
    _, step = make(lambda: nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 4)), "sgd")
    compiled = compile(step)
    for x, y in zip(X[:2], Y[:2]):
        compiled(tg.tensor(x), tg.tensor(y))
    path = Path(__file__).parent / "golden" / "train_step.py.txt"
    if request.config.getoption("--update-golden"):
        path.write_text(compiled.source)
    assert compiled.source == path.read_text()


def test_what_a_forward_keeps_for_its_rule_is_a_value_of_the_program() -> None:
    def pooled() -> nn.Sequential:
        tg.manual_seed(1)
        return nn.Sequential(
            nn.Unflatten(1, (1, 12)), nn.Conv1d(1, 4, 3), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(20, 4)
        )

    (plain, step), (model, other) = make(pooled, "sgd"), make(pooled, "sgd")
    compiled = compile(other)
    for x, y in zip(X[:20], Y[:20]):
        assert step(tg.tensor(x), tg.tensor(y)).item() == compiled(tg.tensor(x), tg.tensor(y)).item()
    for p, q in zip(plain.parameters(), model.parameters()):
        np.testing.assert_array_equal(p.grad.array, q.grad.array)
    assert "max_pool, winners = ops.max_pool(" in compiled.source
    assert "ops.minus_one_hot(probabilities, " in compiled.source
    assert "softmax(" not in compiled.source


def test_what_a_forward_keeps_is_not_there_where_no_rule_reads_it() -> None:
    model = net()
    loss_of = nn.CrossEntropyLoss()

    @tg.no_grad()
    def judge(x: Any, y: Any) -> Any:
        return loss_of(model(x), y)

    compiled = compile(judge)
    for _ in range(2):
        compiled(tg.tensor(X[0]), tg.tensor(Y[0]))
    assert ", 'mean')[0]" in compiled.source
    assert "probabilities" not in compiled.source


def test_dead_code_is_removed() -> None:
    w = tg.ones(3, requires_grad=True)

    def step(x: Any) -> Any:
        w.grad = None
        (x * 5).exp()  # nobody looks
        loss = (w * x).sum()
        loss.backward()
        return loss

    compiled = compile(step)
    for _ in range(2):
        compiled(tg.ones(3))
    assert "exp" not in compiled.source and "x * 5" not in compiled.source
    assert "d_p" in compiled.source


def test_another_batch_size_and_eval_mode_record_again() -> None:
    model, step = make(net, "sgd")
    compiled = compile(step)
    for size in (6, 6, 4, 6):
        compiled(tg.tensor(X[0][:size]), tg.tensor(Y[0][:size]))
    assert len(compiled.runners) == 2
    assert "draw" in compiled.source
    model.eval()
    compiled(tg.tensor(X[0]), tg.tensor(Y[0]))
    assert "draw" not in compiled.source


def test_a_changed_learning_rate_records_again() -> None:
    w = tg.ones(2, requires_grad=True)
    opt = optim.SGD([w], lr=1.0)

    def step() -> Any:
        opt.zero_grad()
        loss = (w * 1.0).sum()
        loss.backward()
        opt.step()
        return loss

    compiled = compile(step)
    for lr in (1.0, 1.0, 1.0, 0.5, 0.5):
        opt.param_groups[0]["lr"] = lr
        compiled()
    assert w.tolist() == [-3.0, -3.0]


def test_buffers_and_parameters_loaded_later_are_seen() -> None:
    model, step = make(net, "sgd")
    compiled = compile(step)
    for _ in range(2):
        compiled(tg.tensor(X[0]), tg.tensor(Y[0]))
    fresh, plain = make(net, "sgd")
    model.load_state_dict(copy.deepcopy(fresh.state_dict()))
    tg.manual_seed(3)
    expected = plain(tg.tensor(X[1]), tg.tensor(Y[1])).item()
    tg.manual_seed(3)
    assert compiled(tg.tensor(X[1]), tg.tensor(Y[1])).item() == expected


def test_a_look_at_a_value_is_refused_with_the_line() -> None:
    def step(x: Any) -> Any:
        return x * 2 if x.sum() > 0 else x

    compiled = compile(step, fullgraph=True)
    compiled(tg.ones(2))
    with pytest.raises(RuntimeError, match=r"(?s)looks at the value of a tensor.*test_compile.py:\d+.*where"):
        compiled(tg.ones(2))


def slope() -> tuple[Any, CompiledStep]:
    """A weight, and a compiled step that adds to its gradient."""
    w = tg.ones(2, requires_grad=True)

    @compile
    def step(x: Any) -> Any:
        loss = (w * x).sum()
        loss.backward()
        return loss

    return w, step


def test_gradients_that_were_there_before_are_added_to_in_place() -> None:
    w, compiled = slope()
    compiled(tg.ones(2))
    kept = w.grad
    for k in range(2, 6):
        compiled(tg.ones(2))
        assert w.grad is kept and kept.tolist() == [k, k]


def test_gradients_set_elsewhere_between_two_steps_are_not_overwritten() -> None:
    w, compiled = slope()
    for _ in range(3):
        w.grad = None
        compiled(tg.ones(2))
    assert len(compiled.runners) == 1
    for start in (1.0, 5.0, 7.0, 9.0):
        w.grad = tg.full((2,), start)
        compiled(tg.ones(2))
        assert w.grad.tolist() == [start + 1, start + 1]
    w.grad = None
    compiled(tg.ones(2))
    assert w.grad.tolist() == [1, 1]
    assert [len(programs) for programs in compiled.runners.values()] == [2]


def test_the_gradient_of_an_argument_goes_to_that_argument() -> None:
    w = tg.tensor([2.0, 3.0])

    def step(x: Any) -> Any:
        loss = (w * x * x).sum()
        loss.backward()
        return loss

    compiled = compile(step)
    for k in range(4):
        x = tg.tensor([1.0, float(k)], requires_grad=True)
        compiled(x)
        assert x.grad is not None and x.grad.tolist() == [4.0, 6.0 * k]
    compiled(x)
    assert x.grad.tolist() == [8.0, 36.0]  # added, as backward() does
    assert len(compiled.runners) == 1


def test_an_argument_with_a_history_is_refused() -> None:
    w = tg.ones(2, requires_grad=True)
    compiled = compile(lambda x: (x * w).sum().detach(), fullgraph=True)
    compiled(tg.ones(2))
    with pytest.raises(
        RuntimeError, match=r"(?s)argument `x` is the result of a recorded operation.*Mul.*x.detach\(\)"
    ):
        compiled(w * 2)


def test_a_replaced_layer_a_replaced_parameter_and_a_new_hook_are_seen() -> None:
    tg.manual_seed(1)
    model = nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 4))
    predict = compile(tg.no_grad()(lambda x: model(x)))
    x = tg.tensor(X[0])

    def agree() -> None:
        for _ in range(3):
            np.testing.assert_array_equal(predict(x).array, model(x).array)

    agree()
    model[2] = nn.Linear(8, 4)
    agree()
    model[0].weight = nn.Parameter(tg.randn(8, 12))
    agree()
    model.insert(1, nn.Tanh())
    agree()
    model[0].register_forward_hook(lambda module, inputs, output: output * 2)
    agree()


def test_arguments_by_name_come_in_any_order() -> None:
    def step(x: Any, y: Any = None, *, scale: float = 1.0) -> Any:
        return (x - y) * scale

    compiled = compile(step)
    one, two = tg.tensor([1.0, 1.0]), tg.tensor([2.0, 2.0])
    for _ in range(3):
        assert compiled(y=two, x=one).tolist() == [-1, -1]
        assert compiled(x=one, y=two).tolist() == [-1, -1]
        assert compiled(one, y=two, scale=3.0).tolist() == [-3, -3]
        assert compiled(one, scale=-3.0, y=two).tolist() == [3, 3]


def test_numbers_that_are_equal_but_not_the_same_are_not_confused() -> None:
    compiled = compile(lambda x, number: x * number)
    x = tg.tensor([1, 2])
    for _ in range(3):
        for number, wanted in ((1, "[1, 2]"), (1.0, "[1.0, 2.0]"), (0.0, "[0.0, 0.0]"), (-0.0, "[-0.0, -0.0]")):
            assert str(compiled(x, number).tolist()) == wanted
    assert len(compiled.runners) == 4


def test_arguments_may_be_tuples_lists_and_dicts_of_tensors() -> None:
    def step(pair: Any, batch: dict[str, Any], *more: Any, **options: Any) -> Any:
        return pair[0] - pair[1][0] * batch["x"] + more[0] * options["b"] - options["a"]

    compiled = compile(step)
    numbers = iter(range(100))

    def fresh() -> Any:
        return tg.tensor([float(next(numbers)) ** 2, 1.0])

    for _ in range(4):
        args = ((fresh(), [fresh()]), {"x": fresh(), "name": "x"}, fresh())
        options = {"b": fresh(), "a": fresh()}
        assert compiled(*args, **options).tolist() == step(*args, **options).tolist()
    assert len(compiled.runners) == 1
    assert "(pair_0, pair_1_0, batch_x, more_0, a, b)" in compiled.source


def test_names_of_arguments_do_not_clash() -> None:
    compiled = compile(lambda x, x_0: x[0] - x_0)
    for _ in range(3):
        assert compiled((tg.tensor(5.0),), tg.tensor(2.0)).item() == 3


@pytest.mark.parametrize("argument", [np.ones(2), {1, 2}, [np.ones(2)]])
def test_arguments_that_are_no_values_are_refused(argument: Any) -> None:
    compiled = compile(lambda x: tg.ones(2), fullgraph=True)
    with pytest.raises(RuntimeError, match=r"(?s)takes tensors, hashable values.*got: .*from_numpy\(x\)"):
        compiled(argument)


def test_a_step_without_backward_gives_values_only() -> None:
    w = tg.ones(2, requires_grad=True)
    compiled = compile(lambda x: (w * x).sum(), fullgraph=True)
    compiled(tg.ones(2))
    with pytest.raises(RuntimeError, match=r"(?s)values only.*backward\(\) inside the step; or.*no_grad"):
        compiled(tg.ones(2))
    predict = compile(tg.no_grad()(lambda x: (w * x).sum()))
    assert [predict(tg.ones(2)).item() for _ in range(3)] == [2, 2, 2]


def test_a_step_returns_tensors() -> None:
    compiled = compile(lambda x: {3}, fullgraph=True)
    compiled(tg.ones(2))
    with pytest.raises(RuntimeError, match=r"(?s)a step returns tensors.*set"):
        compiled(tg.ones(2))


def test_a_stale_graph_is_noticed_after_a_compiled_step() -> None:
    model, step = make(net, "sgd")
    compiled = compile(step)
    for _ in range(2):
        compiled(tg.tensor(X[0]), tg.tensor(Y[0]))
    loss = model(tg.tensor(X[0])).sum()
    compiled(tg.tensor(X[0]), tg.tensor(Y[0]))
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def emitted(name: str, args: tuple[Any, ...]) -> tuple[Any, Any]:
    """One primitive through the compiler: (its forward's result, the emitted text's result)."""
    primitive = REGISTRY[name]
    tensors: dict[str, Any] = {}

    def as_operand(arg: Any) -> Any:
        if isinstance(arg, (np.ndarray, np.floating)):
            array = np.array(arg, np.float32) if arg.dtype == np.float64 else arg
            tensors[f"x{len(tensors)}"] = wrap(array)
            return tensors[f"x{len(tensors) - 1}"]
        return [as_operand(item) for item in arg] if isinstance(arg, list) else arg

    call = tuple([as_operand(arg) for arg in args])
    recorder = Recorder("f", tensors)
    local.mode.tracer = recorder
    try:
        with tg.no_grad():
            result = apply(primitive, call)
    finally:
        local.mode.tracer = None
    program: Program = recorder.program
    program.outputs = [recorder.operand(result)]
    if isinstance(result, np.ndarray):
        return result, result  # nothing in it was a tensor
    program.check()
    text, namespace = emit(program)
    exec(text, namespace)
    (found,) = namespace["f"](*[t.array for t in tensors.values()])
    return result.array, found


@pytest.mark.parametrize(
    "name", [name for name, p in REGISTRY.items() if name in GRADIENTS and not p.multi and p.arity]
)
def test_emitted_text_computes_the_bits_of_the_forward(name: str) -> None:
    for args in GRADIENTS[name]:
        if name == "pick_at" and any(np.asarray(key).dtype.kind == "b" for key in args[1]):
            continue  # as many elements as the mask has: refused, see test_steps
        expected, found = emitted(name, args)
        np.testing.assert_array_equal(expected, found)
        assert np.asarray(found).dtype == expected.dtype


@pytest.mark.parametrize(
    "name", [name for name in NO_GRADIENT if name in REGISTRY and REGISTRY[name].arity and not REGISTRY[name].multi]
)
def test_emitted_text_of_primitives_without_gradient(name: str) -> None:
    args = NO_GRADIENT[name][0]
    if isinstance(args[0], tuple):
        pytest.skip("takes a tuple of indices")
    expected, found = emitted(name, args)
    np.testing.assert_array_equal(expected, found)


def test_a_program_prints_and_checks_itself() -> None:
    _, step = make(net, "sgd")
    compiled = compile(step)
    for _ in range(2):
        compiled(tg.tensor(X[0]), tg.tensor(Y[0]))
    text = str(compiled.program)
    assert "-- backward" in text and "linear(x, weight_0, bias_0)" in text
    compiled.program.instructions.reverse()
    with pytest.raises(AssertionError, match="read before it is made"):
        compiled.program.check()


def test_a_compiled_step_still_refuses_classes_that_do_not_exist() -> None:
    _, step = make(net, "sgd")
    compiled = compile(step)
    for _ in range(2):
        compiled(tg.tensor(X[0]), tg.tensor(Y[0]))
    for wrong in (-1, 4):
        with pytest.raises(IndexError, match=r"is out of bounds\n.*for 4 classes 0\.\.3"):
            compiled(tg.tensor(X[0]), tg.tensor(np.full_like(Y[0], wrong)))


def by_hand(order: str) -> tuple[Program, Value]:
    """t = p * 2 and q[...] = t, with p[...] = 7 before, between or after."""
    p, q, t = (
        Value(name, (2,), np.dtype(np.float32), kind) for name, kind in zip("pqt", ("argument",) * 2 + ("made",))
    )
    seven = Value("seven", (2,), np.dtype(np.float32), "constant", np.full(2, 7, np.float32))
    steps = {
        "t": Instruction(REGISTRY["mul"], (p, 2), t, "update"),
        "q": Instruction(None, (t,), None, "update", target=q),
        "p": Instruction(None, (seven,), None, "update", target=p),
    }
    return Program("step", [p, q], constants=[seven], instructions=[steps[letter] for letter in order]), t


@pytest.mark.parametrize(("order", "moved"), [("ptq", True), ("tpq", False), ("tqp", True)])
def test_a_result_is_written_in_its_place_unless_its_sources_change_before(order: str, moved: bool) -> None:
    program, t = by_hand(order)
    assert (t in single_use(program)) == moved
    text, names = emit(program)
    assert ("q[...] = p * 2" in text) == moved
    exec(text, names)
    p, q = np.ones(2, np.float32), np.zeros(2, np.float32)
    names["step"](p, q)
    assert p.tolist() == [7, 7]
    assert q.tolist() == ([14, 14] if order == "ptq" else [2, 2])


def wide_net() -> nn.Sequential:
    tg.manual_seed(1)
    return nn.Sequential(nn.Linear(12, 3000), nn.ReLU(), nn.Linear(3000, 4))  # one weight is large, the rest small


def test_small_parameters_are_updated_as_one_and_large_ones_where_they_are() -> None:
    (plain, step), (model, other) = make(wide_net, "adam"), make(wide_net, "adam")
    compiled = compile(other)
    for x, y in zip(X[:20], Y[:20]):
        assert step(tg.tensor(x), tg.tensor(y)).item() == compiled(tg.tensor(x), tg.tensor(y)).item()
    for p, q in zip(plain.parameters(), model.parameters()):
        np.testing.assert_array_equal(p.array, q.array)
    assert "new_exp_avg_weight_0 = exp_avg_weight_0 * 0.9 + " in compiled.source
    assert "\n    weight_0 -= " in compiled.source
    assert compiled.source.count("exp_avg * 0.9 + gradients * ") == 1
    assert "\n    gradients = np.concatenate((d_bias_0, " in compiled.source
    assert "\n    bias_0[...] = new_parameters[0:3000]" in compiled.source


def test_eager_steps_and_loaded_state_between_compiled_ones_are_seen() -> None:
    """Whatever lays the optimizer's memory out anew, the program does not write to the old one."""
    runs = []
    for way in (compile, lambda function: function):
        tg.manual_seed(1)
        model = nn.Sequential(nn.Linear(12, 8), nn.Tanh(), nn.Linear(8, 4))
        opt = optim.Adam(model.parameters(), lr=0.01)
        loss_fn = nn.CrossEntropyLoss()

        def train_step(x: Any, y: Any, model: Any = model, opt: Any = opt, loss_fn: Any = loss_fn) -> Any:
            opt.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            opt.step()
            return loss

        step = way(train_step)
        losses = []
        for k, (x, y) in enumerate(zip(X[:40], Y[:40])):
            losses.append(step(tg.tensor(x), tg.tensor(y)).item())
            if k in (8, 9, 10):  # a step of some parameters only, then eager steps of all
                if k == 8:
                    model[0].bias.grad = None
                opt.step()
            if k == 20:
                opt.load_state_dict(copy.deepcopy(opt.state_dict()))
            if k == 30:
                model[0].bias.requires_grad_(False)
        runs.append((losses, [p.array.tobytes() for p in model.parameters()]))
    assert runs[0] == runs[1]


def test_long_lines_are_wrapped() -> None:
    compiled = compile(make(lambda: nn.Sequential(*[nn.Linear(4, 4) for _ in range(20)]), "adam")[1])
    for x, y in zip(X[:3, :, :4], Y[:3]):
        compiled(tg.tensor(x), tg.tensor(y))
    assert max(map(len, compiled.source.splitlines())) <= 120
