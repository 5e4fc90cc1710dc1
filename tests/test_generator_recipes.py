"""Who draws what, in which order: initialisers, layers, dropout, samplers and loaders, replayed."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from tests.oracle import promised_bits
from tinygrad_nn.generator import Generator, default_generator, recipes

torch = pytest.importorskip("torch", reason="PyTorch is the oracle here")
if not promised_bits(torch):
    pytest.skip("without AVX2, PyTorch's own numbers have other last bits", allow_module_level=True)
nn = torch.nn


@pytest.fixture(autouse=True)
def _keep_the_global_stream() -> Iterator[None]:
    with torch.random.fork_rng():
        yield


def both(seed: int) -> Generator:
    """Seed PyTorch's default generator and one of ours alike."""
    torch.manual_seed(seed)
    return Generator().manual_seed(seed)


def assert_in_step(g: Generator) -> None:
    np.testing.assert_array_equal(g.get_state(), torch.get_rng_state().numpy())


# -- initialisers ------------------------------------------------------------------------------


def uniform_within(bound: float) -> Callable[..., Any]:
    return lambda g, shape: g.uniform(shape, -bound, bound)


SHAPE = (24, 5, 3, 3)  # fan_in 45, fan_out 216
XAVIER = math.sqrt(2.0 / (45 + 216))
INITIALISERS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "uniform_": (lambda t: nn.init.uniform_(t, -0.2, 0.7), lambda g, s: g.uniform(s, -0.2, 0.7)),
    "normal_": (lambda t: nn.init.normal_(t, 0.2, 0.7), lambda g, s: g.normal(s, 0.2, 0.7)),
    "xavier_uniform_": (
        lambda t: nn.init.xavier_uniform_(t, 1.7),
        uniform_within(math.sqrt(3.0) * (1.7 * XAVIER)),
    ),
    "xavier_normal_": (
        lambda t: nn.init.xavier_normal_(t, 1.7),
        lambda g, s: g.normal(s, 0.0, 1.7 * XAVIER),
    ),
    "kaiming_uniform_": (
        lambda t: nn.init.kaiming_uniform_(t, a=math.sqrt(5)),
        uniform_within(math.sqrt(3.0) * (math.sqrt(2.0 / 6) / math.sqrt(45))),
    ),
    "kaiming_normal_": (
        lambda t: nn.init.kaiming_normal_(t, mode="fan_out", nonlinearity="relu"),
        lambda g, s: g.normal(s, 0.0, math.sqrt(2.0) / math.sqrt(216)),
    ),
    "zeros_": (nn.init.zeros_, lambda g, s: np.zeros(s, np.float32)),
}


@pytest.mark.parametrize("name", INITIALISERS)
def test_initialisers(name: str) -> None:
    initialise, recipe = INITIALISERS[name]
    g = both(1)
    theirs = initialise(torch.empty(SHAPE))
    np.testing.assert_array_equal(recipe(g, SHAPE), theirs.numpy())
    assert_in_step(g)


CUTS = [
    (0.0, 1.0, -2.0, 2.0), (0.0, 0.02, -2.0, 2.0), (0.5, 1.0, -0.2, 0.7), (0.0, 1.0, 0.3, 0.9),
    (0.0, 1.0, 1.5, 3.0), (0.1, 0.5, -0.05, 0.05),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:mean is more than 2 std")
@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize(("mean", "std", "a", "b"), CUTS)
def test_trunc_normal(mean: float, std: float, a: float, b: float, dtype: str) -> None:
    for shape in [(7,), (40, 50)]:
        g = both(2)
        empty = torch.empty(shape, dtype=getattr(torch, dtype))
        theirs = nn.init.trunc_normal_(empty, mean, std, a, b).numpy()
        ours = recipes.trunc_normal(g, shape, mean, std, a, b, np.dtype(dtype))
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=1e-15 if dtype == "float64" else 0)
        assert_in_step(g)


@pytest.mark.parametrize("shape", [(8, 5), (5, 8), (4, 3, 2)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    g = both(3)
    theirs = nn.init.orthogonal_(torch.empty(shape, dtype=torch.float64)).numpy()
    flat = g.normal((shape[0], math.prod(shape[1:])), dtype=np.float64)
    q, r = np.linalg.qr(flat.T if flat.shape[0] < flat.shape[1] else flat)
    q = q * np.sign(np.diag(r))
    ours = q.T if flat.shape[0] < flat.shape[1] else q
    np.testing.assert_allclose(ours.reshape(shape), theirs, rtol=1e-12, atol=1e-14)
    assert_in_step(g)


def test_sparse() -> None:
    g = both(4)
    theirs = nn.init.sparse_(torch.empty(10, 7), 0.25, 0.3)
    ours = g.normal((10, 7), 0.0, 0.3)
    for column in range(7):
        ours[g.randperm(10)[: math.ceil(0.25 * 10)], column] = 0
    np.testing.assert_array_equal(ours, theirs.numpy())
    assert_in_step(g)


# -- layers ------------------------------------------------------------------------------------


def kaiming(g: Generator, parameter: Any) -> Any:
    bound = math.sqrt(3.0) * (math.sqrt(2.0 / 6) / math.sqrt(parameter[0].numel()))
    return g.uniform(tuple(parameter.shape), -bound, bound)


def within(bound: float) -> Callable[..., Any]:
    return lambda g, parameter: g.uniform(tuple(parameter.shape), -bound, bound)


def xavier(g: Generator, parameter: Any) -> Any:
    fan_out, fan_in = parameter.shape
    return within(math.sqrt(3.0) * math.sqrt(2.0 / (fan_in + fan_out)))(g, parameter)


def standard(g: Generator, parameter: Any) -> Any:
    return g.normal(tuple(parameter.shape))


def drawn_then_zeroed(bound: float) -> Callable[..., Any]:
    return lambda g, parameter: 0 * within(bound)(g, parameter)


def zeros(g: Generator, parameter: Any) -> Any:
    return np.zeros(tuple(parameter.shape), np.float32)


Plan = list[tuple[str, Callable[..., Any]]]


def weight_and_bias(k: float, prefix: str = "") -> Plan:
    return [(prefix + "weight", kaiming), (prefix + "bias", within(k))]


def attention(width: int, prefix: str = "") -> Plan:
    k = 1 / math.sqrt(width)
    return [
        (prefix + "out_proj.weight", kaiming),
        (prefix + "out_proj.bias", drawn_then_zeroed(k)),
        (prefix + "in_proj_weight", xavier),
        (prefix + "in_proj_bias", zeros),
    ]


def recurrent(*names: str) -> Plan:
    return [(name, within(1 / math.sqrt(5))) for name in names]


def stack(layer: int, suffix: str = "") -> tuple[str, ...]:
    return tuple(f"{name}_l{layer}{suffix}" for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))


# Each layer with the parameters that it draws, in order. Parameters not named must be constant.
LAYERS: dict[str, tuple[Callable[[], Any], Plan]] = {
    "Linear": (lambda: nn.Linear(7, 20), weight_and_bias(1 / math.sqrt(7))),
    "Linear without bias": (lambda: nn.Linear(7, 2, bias=False), [("weight", kaiming)]),
    "Bilinear": (
        lambda: nn.Bilinear(7, 3, 4),
        [("weight", within(1 / math.sqrt(7))), ("bias", within(1 / math.sqrt(7)))],
    ),
    "Conv1d": (lambda: nn.Conv1d(6, 8, 5, groups=2), weight_and_bias(1 / math.sqrt(15))),
    "Conv2d": (lambda: nn.Conv2d(3, 8, (3, 5)), weight_and_bias(1 / math.sqrt(45))),
    "Conv3d": (lambda: nn.Conv3d(2, 4, 3), weight_and_bias(1 / math.sqrt(54))),
    "ConvTranspose1d": (
        lambda: nn.ConvTranspose1d(6, 8, 5, groups=2),
        weight_and_bias(1 / math.sqrt(20)),
    ),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(3, 8, 3), weight_and_bias(1 / math.sqrt(72))),
    "Embedding": (lambda: nn.Embedding(10, 6), [("weight", standard)]),
    "EmbeddingBag": (lambda: nn.EmbeddingBag(10, 6), [("weight", standard)]),
    "RNNCell": (
        lambda: nn.RNNCell(3, 5),
        recurrent("weight_ih", "weight_hh", "bias_ih", "bias_hh"),
    ),
    "LSTMCell": (
        lambda: nn.LSTMCell(3, 5),
        recurrent("weight_ih", "weight_hh", "bias_ih", "bias_hh"),
    ),
    "RNN": (lambda: nn.RNN(3, 5, 2), recurrent(*stack(0), *stack(1))),
    "LSTM": (
        lambda: nn.LSTM(3, 5, 2, bidirectional=True),
        recurrent(*stack(0), *stack(0, "_reverse"), *stack(1), *stack(1, "_reverse")),
    ),
    "GRU without bias": (
        lambda: nn.GRU(3, 5, bias=False),
        recurrent("weight_ih_l0", "weight_hh_l0"),
    ),
    "MultiheadAttention": (lambda: nn.MultiheadAttention(8, 2), attention(8)),
    "MultiheadAttention of other widths": (
        lambda: nn.MultiheadAttention(8, 2, kdim=5, vdim=6),
        [
            *attention(8)[:2],
            ("q_proj_weight", xavier),
            ("k_proj_weight", xavier),
            ("v_proj_weight", xavier),
        ],
    ),
    "TransformerEncoderLayer": (
        lambda: nn.TransformerEncoderLayer(8, 2, 12),
        [
            *attention(8, "self_attn."),
            *weight_and_bias(1 / math.sqrt(8), "linear1."),
            *weight_and_bias(1 / math.sqrt(12), "linear2."),
        ],
    ),
    "TransformerDecoderLayer": (
        lambda: nn.TransformerDecoderLayer(8, 2, 12),
        [
            *attention(8, "self_attn."),
            *attention(8, "multihead_attn."),
            *weight_and_bias(1 / math.sqrt(8), "linear1."),
            *weight_and_bias(1 / math.sqrt(12), "linear2."),
        ],
    ),
    "BatchNorm2d": (lambda: nn.BatchNorm2d(4), []),
    "LayerNorm": (lambda: nn.LayerNorm(4), []),
    "PReLU": (lambda: nn.PReLU(), []),
    "a model": (
        lambda: nn.Sequential(nn.Linear(9, 30), nn.ReLU(), nn.Linear(30, 4)),
        [*weight_and_bias(1 / math.sqrt(9), "0."), *weight_and_bias(1 / math.sqrt(30), "2.")],
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_draw_in_this_order(name: str) -> None:
    make, plan = LAYERS[name]
    g = both(5)
    parameters = dict(make().named_parameters())
    for key, draw in plan:
        parameter = parameters.pop(key)
        np.testing.assert_array_equal(draw(g, parameter), parameter.detach().numpy(), err_msg=key)
    assert_in_step(g)
    for key, left in parameters.items():
        assert left.detach().unique().numel() == 1, key


def test_bias_k_and_v_of_attention_are_drawn_last() -> None:
    g = both(6)
    layer = nn.MultiheadAttention(8, 2, add_bias_kv=True)
    parameters = dict(layer.named_parameters())
    for key, draw in attention(8):
        np.testing.assert_array_equal(draw(g, parameters[key]), parameters[key].detach().numpy())
    for key in ("bias_k", "bias_v"):  # (1, 1, 8): fan_in 8, fan_out 8
        expected = g.normal((1, 1, 8), 0.0, math.sqrt(2.0 / 16))
        np.testing.assert_array_equal(expected, parameters[key].detach().numpy())
    assert_in_step(g)


def test_a_padding_row_is_drawn_and_then_zeroed() -> None:
    g = both(7)
    expected = g.normal((10, 6))
    expected[3] = 0
    theirs = nn.Embedding(10, 6, padding_idx=3).weight.detach().numpy()
    np.testing.assert_array_equal(expected, theirs)
    assert_in_step(g)


@pytest.mark.filterwarnings("ignore:enable_nested_tensor")
def test_a_transformer_draws_its_matrices_twice() -> None:
    g = both(8)
    model = nn.Transformer(8, 2, 2, 2, 12)
    for kind in ("TransformerEncoderLayer", "TransformerDecoderLayer"):
        make, plan = LAYERS[kind]
        with torch.random.fork_rng():
            shapes = dict(make().named_parameters())
        for key, draw in plan:
            draw(g, shapes[key])
    for key, parameter in model.named_parameters():
        if parameter.dim() > 1:
            np.testing.assert_array_equal(xavier(g, parameter), parameter.detach().numpy(), key)
    assert_in_step(g)


# -- dropout -----------------------------------------------------------------------------------


def test_dropout_fills_its_mask_in_memory_order() -> None:
    g = both(9)
    theirs = nn.functional.dropout(torch.ones(4, 3, 5).permute(2, 0, 1), 0.4).numpy()
    ours = np.empty((4, 3, 5), np.float32).transpose(2, 0, 1)
    recipes.fill(ours, g.dropout_mask(60, 0.4))
    np.testing.assert_array_equal(ours, theirs)
    assert_in_step(g)


def test_in_place_draws_fill_in_memory_order() -> None:
    g = both(10)
    theirs = torch.empty(6, 4).t()[1:, ::2].uniform_().numpy()
    ours = np.empty((6, 4), np.float32).T[1:, ::2]
    recipes.fill(ours, g.uniform(ours.size))
    np.testing.assert_array_equal(ours, theirs)


def test_dropout2d_tosses_once_per_channel() -> None:
    g = both(11)
    theirs = nn.functional.dropout2d(torch.ones(3, 4, 2, 2), 0.3).numpy()
    np.testing.assert_array_equal(g.dropout_mask((3, 4), 0.3), theirs[:, :, 0, 0])
    assert_in_step(g)


def test_alpha_dropout_tosses_bernoulli() -> None:
    g = both(12)
    p, alpha = 0.3, 1.7580993408473766
    theirs = nn.functional.alpha_dropout(torch.ones(50), p, training=True).numpy()
    kept = g.bernoulli(1 - p, 50)
    a = 1 / math.sqrt((alpha**2 * p + 1) * (1 - p))
    np.testing.assert_allclose(theirs, a * kept + (kept - 1) * alpha * a + alpha * a * p, rtol=1e-6)
    assert_in_step(g)


def test_gumbel_noise_is_minus_log_of_an_exponential() -> None:
    g = both(13)
    theirs = nn.functional.gumbel_softmax(torch.zeros(3, 4), tau=0.5).numpy()
    scores = -np.log(g.exponential((3, 4))) / 0.5
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    np.testing.assert_allclose(weights / weights.sum(axis=1, keepdims=True), theirs, rtol=1e-5)
    assert_in_step(g)


# -- samplers and loaders ----------------------------------------------------------------------

data = torch.utils.data


@pytest.mark.parametrize("given", [False, True])
@pytest.mark.parametrize(
    ("n", "num_samples", "replacement"),
    [(10, None, False), (10, 25, False), (10, 4, False), (10, None, True), (7, 100, True)],
)
def test_random_sampler(n: int, num_samples: int | None, replacement: bool, given: bool) -> None:
    g = both(14)
    h = torch.Generator().manual_seed(15) if given else None
    theirs = data.RandomSampler(range(n), replacement, num_samples, h)
    own = Generator().manual_seed(15) if given else None
    seed = None if given else recipes.base_seed(g)
    for _ in range(2 if given else 1):
        source = own if own is not None else Generator().manual_seed(int(seed or 0))
        ours = recipes.random_sampler(n, num_samples, replacement, source)
        assert list(ours) == list(theirs)
    assert_in_step(g)
    if own is not None and h is not None:
        np.testing.assert_array_equal(own.get_state(), h.get_state().numpy())


def test_a_sampler_with_replacement_draws_32_at_a_time() -> None:
    h, g = torch.Generator().manual_seed(15), Generator().manual_seed(15)
    theirs = iter(data.RandomSampler(range(9), True, 100, h))
    ours = recipes.random_sampler(9, 100, True, g)
    for _ in range(33):
        assert next(ours) == next(theirs)
        np.testing.assert_array_equal(g.get_state(), h.get_state().numpy())


def test_a_sampler_without_a_generator_seeds_one_from_the_default() -> None:
    g = both(16)
    state = g.get_state()
    first = Generator().set_state(state)
    expected = list(Generator().manual_seed(recipes.base_seed(first)).randperm(9))
    default = default_generator
    kept = default.get_state()
    try:
        default.set_state(state)
        assert list(recipes.random_sampler(9)) == expected
    finally:
        default.set_state(kept)
    assert list(data.RandomSampler(range(9))) == expected


def test_other_samplers_draw_from_the_default_generator() -> None:
    g = both(17)
    items = [3, 1, 4, 1, 5]
    ours = [items[i] for i in g.randperm(5)]
    assert list(data.SubsetRandomSampler(items)) == ours
    weights = np.array([0.1, 0.9, 0.4, 0.7])
    drawn = list(data.WeightedRandomSampler(weights.tolist(), 9))
    assert drawn == g.multinomial(weights, 9, True).tolist()
    drawn = list(data.WeightedRandomSampler(weights.tolist(), 3, replacement=False))
    assert drawn == g.multinomial(weights, 3).tolist()
    assert_in_step(g)


def test_random_split_is_one_permutation() -> None:
    g = both(18)
    parts = data.random_split(range(10), [7, 3])
    order = g.randperm(10).tolist()
    assert [list(p.indices) for p in parts] == [order[:7], order[7:]]
    assert_in_step(g)


@pytest.mark.parametrize("given", [False, True])
def test_loader_takes_its_base_seed_before_the_sampler_draws(given: bool) -> None:
    g = both(19)
    h = torch.Generator().manual_seed(20) if given else None
    own = Generator().manual_seed(20) if given else None
    loader = data.DataLoader(range(11), batch_size=4, shuffle=True, generator=h)
    for _ in range(3):
        batches = iter(loader)
        recipes.base_seed(own if own is not None else g)
        if own is None:  # at iter() the loader has taken its base seed, the sampler nothing yet
            assert_in_step(g)
        source = own if own is not None else Generator().manual_seed(recipes.base_seed(g))
        ours = list(recipes.random_sampler(11, generator=source))
        assert torch.cat(list(batches)).tolist() == ours
        assert_in_step(g)
    if own is not None and h is not None:
        np.testing.assert_array_equal(own.get_state(), h.get_state().numpy())


def test_a_loader_in_order_still_takes_a_base_seed() -> None:
    g = both(21)
    assert torch.cat(list(data.DataLoader(range(5), batch_size=2))).tolist() == [0, 1, 2, 3, 4]
    recipes.base_seed(g)
    assert_in_step(g)


class _Seeds(data.Dataset):  # type: ignore[misc,name-defined]
    """Two items, each the seed of the worker that fetched it."""

    def __len__(self) -> int:
        return 2

    def __getitem__(self, i: int) -> int:
        return int(torch.initial_seed())


def test_workers_are_seeded_by_the_base_seed_and_their_number() -> None:
    g = both(22)
    seeds = [int(batch) for batch in data.DataLoader(_Seeds(), num_workers=2)]
    base = recipes.base_seed(g)
    assert seeds == [base, base + 1]
