"""Scripts around nn.utils and nn.init, for either library."""

from __future__ import annotations

import copy
from typing import Any

from tests.nn.stories import seen


def clipping(lib: Any) -> Any:
    utils, story = lib.nn.utils, []
    for order in (2.0, 1.0, 3.0, float("inf"), 0.5):
        for limit in (0.5, 1000.0):
            a, b = lib.tensor([[3.0, -4.0]], requires_grad=True), lib.tensor([1.0, 2.0, -0.5], requires_grad=True)
            c = lib.tensor([1.0], requires_grad=True)
            ((a * a).sum() + (b * b).sum()).backward()
            story.append(seen([utils.clip_grad_norm_([a, b, c], limit, order), a.grad, b.grad]))
            utils.clip_grad_value_([a, b, c], 0.3)
            story.append(seen([a.grad, b.grad]))
    a = lib.tensor([3.0, 4.0], requires_grad=True)
    (a * a).sum().backward()
    total = utils.get_total_norm([a.grad])
    utils.clip_grads_with_norm_(a, 1.0, total)
    return [*story, seen([total, a.grad, utils.clip_grad_norm_([], 1.0)])]


def vectors(lib: Any) -> Any:
    lib.manual_seed(1)
    m = lib.nn.Linear(2, 3)
    vec = lib.nn.utils.parameters_to_vector(m.parameters())
    lib.nn.utils.vector_to_parameters(vec * 2, m.parameters())
    return seen([vec, list(m.parameters()), vec.requires_grad])


def steps(lib: Any, m: Any, count: int = 2) -> Any:
    """A few hand-made gradient steps, and what the parameters became."""
    x = lib.tensor([[1.0, -2.0, 0.5], [0.3, 0.2, -1.0]])
    out = None
    for _ in range(count):
        m.zero_grad()
        out = m(x)
        (out * out).sum().backward()
        with lib.no_grad():
            for p in m.parameters():
                p.sub_(p.grad * 0.01)
    return [seen(out), {name: seen(p) for name, p in m.named_parameters()}, list(m.state_dict())]


def weight_norm_hook(lib: Any) -> Any:
    story = []
    for dim in (0, 1, None):
        lib.manual_seed(2)
        m = lib.nn.utils.weight_norm(lib.nn.Linear(3, 2), dim=dim)
        story += steps(lib, m)
        story.append(repr(m))
        lib.nn.utils.remove_weight_norm(m)
        story += steps(lib, m)
    return story


def weight_norm_parametrization(lib: Any) -> Any:
    story = []
    for dim in (0, 1, None):
        lib.manual_seed(2)
        m = lib.nn.utils.parametrizations.weight_norm(lib.nn.Linear(3, 2), dim=dim)
        story += steps(lib, m)
        story += [repr(m), type(m).__name__, isinstance(m, lib.nn.Linear)]
        with lib.no_grad():
            m.weight = lib.ones(2, 3)
        story.append(seen(m.weight))
        story += steps(lib, copy.deepcopy(m), 1)
        lib.nn.utils.parametrize.remove_parametrizations(m, "weight")
        story += [*steps(lib, m), repr(m)]
    return story


def older_weight_norm_state_loads(lib: Any) -> Any:
    lib.manual_seed(2)
    older = lib.nn.utils.weight_norm(lib.nn.Linear(3, 2))
    newer = lib.nn.utils.parametrizations.weight_norm(lib.nn.Linear(3, 2))
    newer.load_state_dict(older.state_dict())
    return seen([older.weight_v, newer.parametrizations.weight.original1, newer.weight])


def spectral_norm_hook(lib: Any) -> Any:
    lib.manual_seed(6)
    m = lib.nn.utils.spectral_norm(lib.nn.Linear(3, 2), n_power_iterations=2)
    story = [*steps(lib, m, 3), seen([m.weight_u, m.weight_v])]
    m.eval()
    story += steps(lib, m, 1)
    lib.nn.utils.remove_spectral_norm(m)
    return [*story, *steps(lib, m, 1), repr(m)]


def spectral_norm_parametrization(lib: Any) -> Any:
    lib.manual_seed(6)
    m = lib.nn.utils.parametrizations.spectral_norm(lib.nn.Linear(3, 2))
    story = [*steps(lib, m, 3), repr(m)]
    m.eval()
    bias = lib.nn.utils.parametrizations.spectral_norm(lib.nn.Linear(3, 2), name="bias", dim=0)
    return [*story, *steps(lib, m, 1), *steps(lib, bias, 1)]


def own_parametrization(lib: Any) -> Any:
    class Symmetric(lib.nn.Module):  # type: ignore[name-defined, misc]
        def forward(self, x: Any) -> Any:
            return x.triu() + x.triu(1).T

        def right_inverse(self, x: Any) -> Any:
            return x.triu()

    class Twice(lib.nn.Module):  # type: ignore[name-defined, misc]
        def forward(self, x: Any) -> Any:
            return x * 2

    parametrize = lib.nn.utils.parametrize
    lib.manual_seed(2)
    m = lib.nn.Linear(3, 3)
    parametrize.register_parametrization(m, "weight", Symmetric())
    story = [seen(m.weight), parametrize.is_parametrized(m), parametrize.is_parametrized(m, "bias")]
    parametrize.register_parametrization(m, "weight", Twice())
    parametrize.register_parametrization(m, "bias", Twice())
    story += [seen([m.weight, m.bias]), repr(m), *steps(lib, m)]
    parametrize.remove_parametrizations(m, "bias", leave_parametrized=False)
    story += [seen(m.bias), repr(m)]
    parametrize.remove_parametrizations(m, "weight")
    return [*story, seen(m.weight), repr(m), type(m).__name__]


def initialisers(lib: Any) -> Any:
    init, story = lib.nn.init, []
    truncated = [
        init.trunc_normal_,
        lambda t: init.trunc_normal_(t, std=0.02),
        lambda t: init.trunc_normal_(t, 0.0, 5.0, -1.0, 1.0),
    ]
    fills = [
        *truncated,
        init.uniform_,
        lambda t: init.uniform_(t, -3, 2),
        init.normal_,
        lambda t: init.normal_(t, 1, 0.2),
        lambda t: init.constant_(t, 0.3),
        init.ones_,
        init.zeros_,
        init.eye_,
        init.xavier_uniform_,
        lambda t: init.xavier_uniform_(t, gain=2.0),
        init.xavier_normal_,
        init.kaiming_uniform_,
        lambda t: init.kaiming_uniform_(t, a=0.3, mode="fan_out"),
        init.kaiming_normal_,
        lambda t: init.kaiming_normal_(t, mode="fan_out", nonlinearity="relu"),
        lambda t: init.sparse_(t, 0.4),
    ]
    for fill in fills:
        makes = [
            lambda: lib.empty(6, 5),
            lambda: lib.empty(4, 3, dtype=lib.float64),
            lambda: lib.nn.Parameter(lib.zeros(3, 7).T),
        ]
        for make in (
            makes[:2] if fill in truncated else makes
        ):  # truncated normals fill a transposed tensor in C order here
            lib.manual_seed(8)
            t = make()
            story.append([fill(t) is t, seen(t)])
    for shape, groups in (((4, 2, 3), 1), ((4, 2, 3, 3), 2), ((2, 2, 1, 2, 3), 1)):
        story.append(seen(init.dirac_(lib.empty(*shape), groups)))
    return story


def orthogonal(lib: Any) -> Any:
    story = []
    for shape in ((4, 4), (3, 5), (5, 3), (2, 3, 2)):
        lib.manual_seed(8)
        story += [
            seen(lib.nn.init.orthogonal_(lib.empty(*shape))),
            seen(lib.nn.init.orthogonal_(lib.empty(*shape, dtype=lib.float64), gain=2.0)),
        ]
    return story


def gains(lib: Any) -> Any:
    gain = lib.nn.init.calculate_gain
    return [
        gain("linear"),
        gain("conv2d"),
        gain("sigmoid"),
        gain("tanh"),
        gain("relu"),
        gain("leaky_relu"),
        gain("leaky_relu", 0.3),
        gain("selu"),
    ]


UTILS = [
    clipping,
    vectors,
    weight_norm_hook,
    weight_norm_parametrization,
    older_weight_norm_state_loads,
    spectral_norm_hook,
    spectral_norm_parametrization,
    own_parametrization,
    initialisers,
    orthogonal,
    gains,
]
