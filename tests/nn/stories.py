"""Scripts that a user could write for either library. Each returns what it saw; the two must see the same.

`lib` is tinygrad_nn or torch.
"""

from __future__ import annotations

import copy
from collections import OrderedDict
from typing import Any

import numpy as np


def seen(value: Any) -> Any:
    """A value that both libraries show alike: lists of numbers, names, text."""
    if isinstance(value, (tuple, list)):
        return [seen(v) for v in value]
    if isinstance(value, dict):
        return {str(k): seen(v) for k, v in value.items()}
    if hasattr(value, "detach"):
        return np.asarray(value.detach()).astype(float).round(5).tolist()
    if isinstance(value, (int, float, str, bool, type(None))):
        return value
    return repr(value)


def net(lib: Any) -> Any:
    """Two layers that share a weight, a buffer, and a child that occurs twice."""

    class Net(lib.nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.act = lib.nn.Tanh()
            self.first = lib.nn.Linear(2, 2)
            self.second = lib.nn.Linear(2, 2, bias=False)
            self.second.weight = self.first.weight
            self.again = self.act
            self.scale = lib.nn.Parameter(lib.tensor([2.0]))
            self.register_buffer("count", lib.tensor([1.0, 2.0]))
            self.register_buffer("scratch", lib.tensor([0.0]), persistent=False)
            self.register_parameter("none", None)
            self.register_module("nothing", None)

        def forward(self, x: Any) -> Any:
            return self.second(self.act(self.first(x))) * self.scale

    lib.manual_seed(0)
    return Net()


def traversal(lib: Any) -> Any:
    m = net(lib)
    return [
        [name for name, _ in m.named_parameters()],
        [name for name, _ in m.named_parameters(remove_duplicate=False)],
        [name for name, _ in m.named_parameters(prefix="p", recurse=False)],
        len(list(m.parameters())),
        [name for name, _ in m.named_buffers()],
        [name for name, _ in m.named_children()],
        [name for name, _ in m.named_modules()],
        [name for name, _ in m.named_modules(prefix="p", remove_duplicate=False)],
        len(list(m.modules())),
        len(list(m.children())),
        list(m.state_dict()),
        list(m.state_dict(prefix="q.")),
        repr(m),
        m.get_submodule("first") is m.first,
        m.get_parameter("first.bias") is m.first.bias,
        m.get_buffer("count") is m.count,
        sorted(set(dir(m)) & {"first", "count", "scale", "forward", "none"}),
    ]


def training_flags(lib: Any) -> Any:
    m = lib.nn.Sequential(lib.nn.Dropout(), net(lib))
    before = [part.training for part in m.modules()]
    m[1].eval()
    middle = [part.training for part in m.modules()]
    m.train()
    frozen = [p.requires_grad for p in m.requires_grad_(False).parameters()]
    return [before, middle, [part.training for part in m.eval().modules()], frozen]


def apply_order(lib: Any) -> Any:
    order: list[str] = []
    net(lib).apply(lambda m: order.append(type(m).__name__))
    return order


def gradients_and_zero_grad(lib: Any) -> Any:
    m = net(lib)
    m(lib.tensor([[1.0, -1.0]])).sum().backward()
    grads = [p.grad for p in m.parameters()]
    story = [seen(grads)]
    m.zero_grad(set_to_none=False)
    story.append(seen([p.grad for p in m.parameters()]))
    m.zero_grad()
    return [*story, [p.grad for p in m.parameters()]]


def dtypes(lib: Any) -> Any:
    m = net(lib)
    m.register_buffer("index", lib.tensor([1, 2]))
    weight = m.first.weight
    m(lib.ones(1, 2)).sum().backward()
    story = []
    for change in (
        lambda: m.double(),
        lambda: m.half(),
        lambda: m.float(),
        lambda: m.to(lib.float64),
        lambda: m.to(dtype=lib.float32),
        lambda: m.to("cpu"),
        lambda: m.to(lib.ones(1, dtype=lib.float64)),
        lambda: m.cpu(),
        lambda: m.to("cpu", lib.float32),
    ):
        change()
        kinds = [str(t.dtype).split(".")[1] for t in (*m.parameters(), *m.buffers(), m.first.weight.grad)]
        story.append([kinds, m.first.weight is weight, m.second.weight is m.first.weight])
    return story


def forward_hooks(lib: Any) -> Any:
    m, log = net(lib), []
    handles = [
        m.register_forward_pre_hook(lambda mod, args: log.append(["pre 1", seen(args)])),
        m.register_forward_pre_hook(lambda mod, args: (args[0] * 2,)),
        m.register_forward_pre_hook(lambda mod, args: args[0] + 1, prepend=True),
        m.register_forward_pre_hook(lambda mod, args, kwargs: log.append(["pre kw", seen(kwargs)]), with_kwargs=True),
        m.register_forward_hook(lambda mod, args, out: log.append(["after 1", seen(args), seen(out)])),
        m.register_forward_hook(lambda mod, args, out: out * 10),
        m.register_forward_hook(
            lambda mod, args, kwargs, out: log.append(["after kw", seen(kwargs), seen(out)]), with_kwargs=True
        ),
        m.register_forward_hook(lambda mod, args, out: log.append(["first", seen(out)]), prepend=True),
    ]
    x = lib.tensor([[1.0, -1.0]])
    log.append(seen(m(x)))
    for handle in handles:
        handle.remove()
    log.append(seen(m(x)))
    with m.register_forward_hook(lambda mod, args, out: out * 0):
        log.append(seen(m(x)))
    log.append(seen(m(x)))
    return log


def keyword_hooks(lib: Any) -> Any:
    class Scaled(lib.nn.Module):  # type: ignore[name-defined, misc]
        def forward(self, x: Any, by: float = 1.0) -> Any:
            return x * by

    m = Scaled()
    m.register_forward_pre_hook(lambda mod, args, kwargs: (args, {"by": kwargs["by"] + 1}), with_kwargs=True)
    return seen(m(lib.tensor([1.0]), by=2.0))


def always_called(lib: Any) -> Any:
    class Broken(lib.nn.Module):  # type: ignore[name-defined, misc]
        def forward(self, x: Any) -> Any:
            raise KeyError("inside")

    m, log = Broken(), []
    m.register_forward_hook(lambda mod, args, out: log.append(["never", out]))
    m.register_forward_hook(lambda mod, args, out: log.append(["always", out]), always_call=True)
    try:
        m(1)
    except KeyError as error:
        log.append(str(error))
    return log


def backward_hooks(lib: Any) -> Any:
    log: list[Any] = []
    m = net(lib)
    m.first.register_full_backward_hook(lambda mod, gi, go: log.append(["first", seen(gi), seen(go)]))
    m.second.register_full_backward_hook(lambda mod, gi, go: log.append(["second", seen(gi), seen(go)]))
    m.act.register_full_backward_hook(lambda mod, gi, go: (gi[0] * 2,))
    m.act.register_full_backward_pre_hook(lambda mod, go: log.append(["act before", seen(go)]))
    m.second.register_full_backward_pre_hook(lambda mod, go: (go[0] * 3,))
    x = lib.tensor([[1.0, -1.0]], requires_grad=True)
    m(x).sum().backward()
    log.append([seen(x.grad), seen([p.grad for p in m.parameters()])])
    m(lib.tensor([[1.0, 2.0]])).sum().backward()  # no input requires grad
    return log


def backward_hooks_on_several(lib: Any) -> Any:
    class Two(lib.nn.Module):  # type: ignore[name-defined, misc]
        def forward(self, a: Any, label: str, b: Any) -> Any:
            return a * 2, a * b

    log: list[Any] = []
    m = Two()
    m.register_full_backward_hook(lambda mod, gi, go: log.append([seen(gi), seen(go)]))
    a, b = lib.tensor([1.0, 2.0], requires_grad=True), lib.tensor([3.0, 4.0], requires_grad=True)
    p, q = m(a, "text", b)
    (p.sum() + (q * q).sum()).backward()
    return [log, seen(a.grad), seen(b.grad)]


def state_round_trip(lib: Any) -> Any:
    m, other = net(lib), net(lib)
    with lib.no_grad():
        for p in m.parameters():
            p.mul_(3.0)
    state = m.state_dict()
    result = other.load_state_dict(state)
    story = [str(result), seen(list(other.parameters())), [v.requires_grad for v in state.values()]]
    state["scale"].mul_(0)
    story.append(seen(m.scale))  # shared memory
    story.append([v.requires_grad for v in m.state_dict(keep_vars=True).values()])
    partial = {"scale": lib.tensor([9.0]), "extra": lib.tensor([1.0])}
    result = other.load_state_dict(partial, strict=False)
    return [*story, result.missing_keys, result.unexpected_keys, seen(other.scale)]


def state_assign(lib: Any) -> Any:
    m = lib.nn.Linear(2, 1)
    given = {"weight": lib.tensor([[1.0, 2.0]], dtype=lib.float64), "bias": lib.nn.Parameter(lib.tensor([3.0]))}
    m.load_state_dict(given, assign=True)
    return [
        str(m.weight.dtype).split(".")[1],
        m.bias is given["bias"],
        isinstance(m.weight, lib.nn.Parameter),
        m.weight.requires_grad,
    ]


def state_hooks(lib: Any) -> Any:
    m, log = net(lib), []
    m.register_state_dict_pre_hook(lambda mod, prefix, keep: log.append(["before", prefix, keep]))
    m.register_state_dict_post_hook(lambda mod, state, prefix, meta: state.__delitem__("count"))
    m.register_load_state_dict_post_hook(
        lambda mod, keys: log.append([keys.missing_keys[:], keys.missing_keys.clear()])
    )
    state = m.state_dict()
    log.append(list(state))
    log.append(str(m.load_state_dict(state)))
    return log


def extra_state(lib: Any) -> Any:
    class Counted(lib.nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.calls = 3

        def get_extra_state(self) -> Any:
            return {"calls": self.calls}

        def set_extra_state(self, state: Any) -> None:
            self.calls = state["calls"] + 1

    m = lib.nn.Sequential(Counted())
    state = m.state_dict()
    m.load_state_dict(state)
    return [dict(state), m[0].calls]


def load_errors(lib: Any) -> Any:
    m = net(lib)
    state = m.state_dict()
    del state["scale"], state["first.bias"]
    state["zzz"] = state["first.weight"]
    state["act.k"] = lib.ones(1)
    state["count"] = lib.ones(3)
    state["second.weight"] = lib.ones(2, 3)
    try:
        m.load_state_dict(state)
    except RuntimeError as error:
        return str(error).replace("torch.Size([", "[").replace("])", "]").split("\n")
    return None


def attributes(lib: Any) -> Any:
    m = net(lib)
    story: list[Any] = [hasattr(m, "scale"), hasattr(m, "missing"), m.none, m.nothing]
    del m.scale
    story += [hasattr(m, "scale"), [name for name, _ in m.named_parameters()]]
    m.scale = 5.0
    m.count = lib.nn.Parameter(lib.tensor([1.0]))  # a buffer becomes a parameter
    m.first = None
    m.act = lib.nn.ReLU()
    story += [m.scale, [name for name, _ in m.named_buffers()], [name for name, _ in m.named_parameters()], repr(m)]
    m.buffer = lib.nn.Buffer(lib.tensor([1.0]), persistent=False)
    m.kept = lib.nn.Buffer(lib.tensor([1.0]))
    return [*story, [name for name, _ in m.named_buffers()], list(m.state_dict())]


def deepcopies(lib: Any) -> Any:
    m = net(lib)
    m(lib.ones(1, 2)).sum().backward()
    c = copy.deepcopy(m)
    with lib.no_grad():
        c.scale.mul_(0)
    return [
        seen(m.scale),
        c.first.weight is c.second.weight,
        c.act is c.again,
        c.first.weight is m.first.weight,
        seen(c.first.weight.grad),
        [name for name, _ in c.named_parameters()],
        list(c.state_dict()),
        type(c).__name__,
        seen(c.scratch),
        seen(c(lib.ones(1, 2))),
        c.first.weight.requires_grad,
    ]


def sequential(lib: Any) -> Any:
    nn = lib.nn
    s = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    story: list[Any] = [len(s), repr(s[0]), repr(s[-1]), repr(s[1:]), [type(m).__name__ for m in s]]
    s.append(nn.Sigmoid())
    s.insert(1, nn.Tanh())
    s.insert(-1, nn.ELU())
    s.extend([nn.Tanh(), nn.Softplus()])
    story += [repr(s), repr(s.pop(2)), repr(s)]
    del s[0]
    del s[1:3]
    story += [repr(s), list(s.state_dict())]
    s[0] = nn.Mish()
    story += [
        repr(s + nn.Sequential(nn.ReLU())),
        repr(nn.Sequential(nn.ReLU()) * 3),
        repr(2 * nn.Sequential(nn.GELU())),
    ]
    s += nn.Sequential(nn.CELU())
    s *= 2
    named = nn.Sequential(OrderedDict([("conv", nn.Linear(2, 2)), ("act", nn.ReLU())]))
    return [
        *story,
        repr(s),
        repr(named),
        repr(named[:1]),
        list(named.state_dict()),
        repr(named.act),
        repr(nn.Sequential()),
    ]


def module_list(lib: Any) -> Any:
    nn = lib.nn
    layers = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU()])
    story: list[Any] = [repr(layers), len(layers), repr(layers[1:]), repr(layers[-1]), list(layers.state_dict())]
    layers.append(nn.Tanh()).extend([nn.Tanh(), nn.Tanh()])
    layers.insert(0, nn.ELU())
    layers += [nn.GELU()]
    layers[1] = nn.ReLU()
    story += [repr(layers), repr(layers.pop(-2)), repr(layers + [nn.Mish()])]
    del layers[0]
    del layers[::2]
    return [*story, repr(layers), repr(nn.ModuleList()), [type(m).__name__ for m in layers], "0" in dir(layers)]


def module_dict(lib: Any) -> Any:
    nn = lib.nn
    parts = nn.ModuleDict({"b": nn.Linear(1, 1), "a": nn.ReLU()})
    parts["c"] = nn.Tanh()
    parts.update([["d", nn.ELU()]])
    parts.update(nn.ModuleDict({"a": nn.Sigmoid()}))
    story = [
        repr(parts),
        list(parts),
        list(parts.keys()),
        len(parts),
        "a" in parts,
        repr(parts.pop("b")),
        list(parts.state_dict()),
    ]
    del parts["c"]
    story += [repr(parts), [repr(v) for v in parts.values()], [k for k, _ in parts.items()]]
    parts.clear()
    return [*story, repr(parts)]


def parameter_list(lib: Any) -> Any:
    nn = lib.nn
    params = nn.ParameterList([nn.Parameter(lib.ones(2, 3)), lib.zeros(4), "text"])
    params.append(lib.ones(1)).extend([lib.ones(2)])
    params[0] = lib.zeros(5)
    return [
        repr(params).replace("tinygrad_nn.", "torch."),
        len(params),
        [name for name, _ in params.named_parameters()],
        seen(params[-1]),
        len(params[1:3]),
        [type(p).__name__ for p in params],
        list(params.state_dict()),
    ]


def parameter_dict(lib: Any) -> Any:
    nn = lib.nn
    params = nn.ParameterDict({"b": lib.ones(2, 3), "a": nn.Parameter(lib.zeros(4))})
    params["c"] = lib.ones(1)
    story: list[Any] = [
        repr(params).replace("tinygrad_nn.", "torch."),
        list(params),
        list(reversed(params)),
        "a" in params,
        seen(params.get("q", 3)),
    ]
    story += [
        seen(params.pop("b")),
        params.popitem()[0],
        list(params.keys()),
        seen(params.setdefault("z", lib.ones(1))),
    ]
    story += [
        list(params.copy().keys()),
        list((params | nn.ParameterDict({"y": lib.ones(1)})).keys()),
        list(params.state_dict()),
    ]
    params.clear()
    return [*story, len(params)]


def lazy_linear(lib: Any) -> Any:
    lib.manual_seed(4)
    m = lib.nn.Sequential(lib.nn.LazyLinear(3), lib.nn.LazyLinear(2, bias=False))
    before = [len(list(m.parameters())), m[0].in_features]
    out = m(lib.ones(1, 5))
    return [before, repr(m), seen(out), [tuple(p.shape) for p in m.parameters()], type(m[0]).__name__]


def functional_forms(lib: Any) -> Any:
    F = lib.nn.functional
    x = lib.tensor([[0.5, -1.5, 3.0], [-0.2, 0.0, 9.0]], dtype=lib.float64)
    story = [
        F.relu(x),
        F.relu6(x),
        F.leaky_relu(x, 0.2),
        F.elu(x, 0.5),
        F.selu(x),
        F.celu(x, 2.0),
        F.gelu(x, approximate="tanh"),
        F.silu(x),
        F.mish(x),
        F.hardswish(x),
        F.hardsigmoid(x),
        F.hardtanh(x, -1, 2),
        F.softplus(x, 2),
        F.softsign(x),
        F.logsigmoid(x),
        F.tanhshrink(x),
        F.softshrink(x),
        F.hardshrink(x),
        F.threshold(x, 0.1, 5),
        F.softmax(x, dim=1),
        F.log_softmax(x, 0),
        F.softmin(x, dim=0),
        F.softmax(x.float(), 1, dtype=lib.float64),
        F.tanh(x),
        F.sigmoid(x),
        F.normalize(x),
        F.normalize(x, p=1, dim=0),
        F.normalize(x, p=3.0, dim=-1),
        F.normalize(x * 0),
        F.prelu(x, lib.tensor([0.3, 0.1, 2.0]).double()),
        F.glu(x[:, :2]),
        F.linear(x, x),
        F.linear(x, x[0]),
        F.cosine_similarity(x[0], x[1], dim=0),
        F.pairwise_distance(x, x.flip(0)),
        F.one_hot(lib.tensor([[0, 2], [1, 0]])),
        F.one_hot(lib.tensor(1), 4),
        F.dropout(x, 0.5, training=False),
        F.mse_loss(x, x * 2, weight=x * x),
        F.l1_loss(x, x * 2, reduction="none", weight=x),
        F.huber_loss(x, x * 2, weight=x * x),
        F.gaussian_nll_loss(x, x * 2, 0.5),
        F.soft_margin_loss(x, x.sign()),
    ]
    return seen(story)


def in_place_activations(lib: Any) -> Any:
    F = lib.nn.functional
    story = []
    for act in (
        F.relu_,
        F.elu_,
        F.selu_,
        F.celu_,
        F.leaky_relu_,
        F.hardtanh_,
        lambda x: F.threshold_(x, 0.1, 2.0),
        lambda x: F.relu6(x, inplace=True),
        lambda x: F.silu(x, inplace=True),
        lambda x: F.mish(x, inplace=True),
        lambda x: F.hardswish(x, True),
        lambda x: F.hardsigmoid(x, True),
        lambda x: F.dropout(x, 1.0, inplace=True),
        lib.nn.ReLU(inplace=True),
        lib.nn.Dropout(1.0, inplace=True),
    ):
        leaf = lib.tensor([0.5, -1.5, 3.0, 8.0], requires_grad=True)
        x = leaf * 1.0
        y = act(x)
        (y * y).sum().backward()
        story.append([y is x, seen(x), seen(leaf.grad)])
    return story


def gumbel(lib: Any) -> Any:
    F = lib.nn.functional
    lib.manual_seed(3)
    x = lib.tensor([[0.5, -1.5, 3.0], [-0.2, 0.0, 1.0]], requires_grad=True)
    soft, hard, column = (
        F.gumbel_softmax(x, tau=0.7),
        F.gumbel_softmax(x, hard=True),
        F.gumbel_softmax(x, hard=True, dim=0),
    )
    (hard * lib.tensor([1.0, 2.0, 3.0])).sum().backward()
    return seen([soft, hard, column, x.grad])


def random_dropouts(lib: Any) -> Any:
    F = lib.nn.functional
    lib.manual_seed(9)
    x = lib.ones(4, 6)
    return seen(
        [
            F.dropout(x, 0.3),
            F.dropout(x.T, 0.3),
            F.dropout1d(lib.ones(2, 5, 2), 0.4),
            F.dropout2d(lib.ones(2, 5, 2, 1), 0.4),
            F.dropout3d(lib.ones(2, 5, 1, 1, 1), 0.4),
            F.alpha_dropout(x, 0.3, training=True),
            F.feature_alpha_dropout(lib.ones(2, 5, 2), 0.3, training=True),
            F.dropout(lib.ones(40).double(), 0.7),
        ]
    )


def ctc(lib: Any) -> Any:
    """Gradients are taken at the logits: PyTorch's for log probabilities assume the softmax before them."""
    F = lib.nn.functional
    rng = np.random.default_rng(5)
    logits = rng.standard_normal((7, 3, 4))
    cases: list[tuple[Any, Any, Any, dict[str, Any]]] = [
        ([[1, 2, 2], [3, 1, 0], [2, 0, 0]], [7, 6, 5], [3, 2, 1], {}),
        ([1, 2, 2, 3, 1, 2], [7, 6, 5], [3, 2, 1], {"reduction": "sum"}),
        (
            [[1, 1, 1, 1, 1], [3, 1, 3, 1, 3], [0, 0, 0, 0, 0]],
            [7, 7, 3],
            [5, 5, 0],
            {"zero_infinity": True, "reduction": "none"},
        ),
        ([[0, 1, 1]] * 3, [7, 7, 7], [3, 3, 2], {"blank": 3}),
    ]
    story = []
    for targets, spans, sizes, options in cases:
        x = lib.tensor(logits, requires_grad=True)
        loss = lib.nn.CTCLoss(**options)(F.log_softmax(x, 2), lib.tensor(targets), lib.tensor(spans), lib.tensor(sizes))
        loss.sum().backward()
        story += [seen(loss), seen(x.grad)]
    x = lib.tensor(logits[:, 0], requires_grad=True)
    loss = F.ctc_loss(F.log_softmax(x, 1), lib.tensor([1, 2]), (7,), (2,), reduction="none")
    loss.backward()
    impossible = F.ctc_loss(F.log_softmax(x, 1)[:2], lib.tensor([1, 2, 3]), (2,), (3,), reduction="none")
    return [*story, seen(loss), seen(x.grad), seen(impossible), repr(lib.nn.CTCLoss())]


STORIES = [
    traversal,
    training_flags,
    apply_order,
    gradients_and_zero_grad,
    dtypes,
    forward_hooks,
    keyword_hooks,
    always_called,
    backward_hooks,
    backward_hooks_on_several,
    state_round_trip,
    state_assign,
    state_hooks,
    extra_state,
    load_errors,
    attributes,
    deepcopies,
    sequential,
    module_list,
    module_dict,
    parameter_list,
    parameter_dict,
    lazy_linear,
    functional_forms,
    in_place_activations,
    ctc,
    gumbel,
    random_dropouts,
]
