"""What PyTorch's initialisers, layers, samplers and loaders draw, and in which order.

Found by replaying PyTorch 2.13, and tested against it. `uniform`, `normal`, `randperm` are the
methods of `Generator`; a parameter is filled in C order with one draw of its shape.

Initialisers (`nn.init`); fan_in and fan_out are the weight's:

    uniform_(a, b)            uniform(a, b)
    normal_(mean, std)        normal(mean, std)
    xavier_uniform_(gain)     uniform(-r, r), r = sqrt(3) * (gain * sqrt(2 / (fan_in + fan_out)))
    xavier_normal_(gain)      normal(0, gain * sqrt(2 / (fan_in + fan_out)))
    kaiming_uniform_(a)       uniform(-r, r), r = sqrt(3) * (gain / sqrt(fan))
    kaiming_normal_(a)        normal(0, gain / sqrt(fan))
    trunc_normal_             `trunc_normal`, below
    orthogonal_               normal of (shape[0], rest); where there are more columns than rows it
                              is transposed afterwards; then QR, column j of Q times sign(R[j, j])
    sparse_(sparsity, std)    normal(0, std); then, for each column, a randperm(rows) of the default
                              generator: its first ceil(sparsity * rows) rows become 0
    zeros_ ones_ eye_ constant_ dirac_    nothing

Layers, in the order of their draws; k = 1 / sqrt(fan_in of the weight):

    Linear, Conv*             weight: kaiming_uniform_(a=sqrt(5)); bias: uniform(-k, k)
    ConvTranspose*            the same; its weight is (in, out / groups, ...), and fan_in is that of
                              dimension 1 as for every weight
    Bilinear                  weight, bias: uniform(-k, k) with k = 1 / sqrt(in1_features)
    Embedding, EmbeddingBag   weight: normal(0, 1), all of it; the padding row is zeroed afterwards
    RNN, LSTM, GRU, *Cell     every parameter, in the order of `parameters()` (weight_ih, weight_hh,
                              bias_ih, bias_hh of a layer and direction, then of the next):
                              uniform(-k, k) with k = 1 / sqrt(hidden_size)
    MultiheadAttention        out_proj as a Linear (its bias is drawn, and zeroed afterwards); then
                              in_proj_weight, or q_, k_, v_proj_weight: xavier_uniform_; then
                              bias_k, bias_v: xavier_normal_
    TransformerEncoderLayer   self_attn, linear1, linear2
    TransformerDecoderLayer   self_attn, multihead_attn, linear1, linear2
    TransformerEncoder, -Decoder    nothing: they copy the layer that they are given
    Transformer               an encoder layer, a decoder layer; then xavier_uniform_ of every
                              parameter with two or more dimensions, in the order of `parameters()`
    norms, PReLU, activations       nothing

Dropout draws `Generator.dropout_mask` of the input's shape (Dropout1d and 2d: of (N, C)), and fills
it in the input's order in memory: see `memory_order`. AlphaDropout draws bernoulli(1 - p) of it.
`F.gumbel_softmax` draws an exponential of the logits' shape; the noise is minus its logarithm.

Samplers and loaders; "its generator" is the one given, else the default one:

    random_split              randperm(len(dataset)) of its generator
    RandomSampler             `random_sampler`, below
    SubsetRandomSampler       randperm(len(indices)) of its generator
    WeightedRandomSampler     multinomial(weights in float64, num_samples) of its generator
    DataLoader                each iter() takes `base_seed` of its generator at once, shuffled or
                              not, with workers or not; worker i is seeded with base_seed + i. The
                              sampler draws after that, when the first batch is asked for
    DataLoader(shuffle=True)  RandomSampler(dataset, generator=generator)
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.generator.checks import Shape, floating, sized
from tinygrad_nn.generator.generator import Generator, default_generator
from tinygrad_nn.order import order_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["base_seed", "fill", "memory_order", "random_blocks", "random_sampler", "trunc_normal"]

SAMPLER_BLOCK = 32  # indices that RandomSampler draws at once, with replacement


def memory_order(array: NDArray[Any]) -> tuple[int, ...]:
    """The dimensions of `array`, slowest in memory first: the order in which PyTorch fills it.

    >>> memory_order(np.zeros((2, 3))), memory_order(np.zeros((2, 3)).T)
    ((0, 1), (1, 0))
    """
    return order_of(array)


def fill(array: NDArray[Any], values: NDArray[Any]) -> None:
    """Write flat `values` into `array` in the order of memory, as in-place samplers of PyTorch do.

    >>> a = np.zeros((2, 3)).T
    >>> fill(a, np.arange(6.0))
    >>> a
    array([[0., 3.],
           [1., 4.],
           [2., 5.]])
    """
    straight = array.transpose(memory_order(array))
    straight[...] = values.reshape(straight.shape)


def base_seed(generator: Generator | None = None) -> int:
    """The seed that a loader or a sampler takes, 0 .. 2**63 - 1: one int64 `random_()`.

    >>> base_seed(Generator().manual_seed(0))
    900450186894289455
    """
    return int((generator or default_generator).random_())


def random_sampler(
    n: int,
    num_samples: int | None = None,
    replacement: bool = False,
    generator: Generator | None = None,
) -> Iterator[int]:
    """The indices of `RandomSampler(range(n), ...)`, drawn when they are asked for.

    Without a generator a new one is seeded with `base_seed()`. Without replacement: permutations of
    0 .. n-1 one after the other, the last one cut to length. That last one is drawn even where
    nothing of it is used, once the iterator is asked for more. With replacement: 32 at a time.

    >>> list(random_sampler(5, generator=Generator().manual_seed(42)))
    [2, 4, 3, 0, 1]
    """
    for block in random_blocks(n, num_samples, replacement, generator):
        yield from block.tolist()


def random_blocks(
    n: int,
    num_samples: int | None = None,
    replacement: bool = False,
    generator: Generator | None = None,
) -> Iterator[NDArray[np.int64]]:
    """The indices of `random_sampler` in the arrays that are drawn at once.

    >>> [block.tolist() for block in random_blocks(3, 4, generator=Generator().manual_seed(0))]
    [[2, 0, 1], [2]]
    """
    own = generator is None
    if generator is None:
        generator = Generator().manual_seed(base_seed())
    wanted = n if num_samples is None else num_samples
    if replacement:
        for _ in range(wanted // SAMPLER_BLOCK):
            yield generator.randint(0, n, SAMPLER_BLOCK)
        yield generator.randint(0, n, wanted % SAMPLER_BLOCK)
        return
    for _ in range(wanted // n):
        yield generator.randperm(n)
    if wanted % n or not own:  # PyTorch draws an order that it does not use: seen in a generator that goes on
        yield generator.randperm(n)[: wanted % n]


def trunc_normal(
    generator: Generator,
    shape: Shape,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    dtype: object = np.float32,
    *,
    contiguous: tuple[bool, bool] = (True, True),
) -> NDArray[Any]:
    """Normal cut to [a, b]: `nn.init.trunc_normal_`.

    contiguous: of the first draw and of those that follow; see `Generator.normal`.
    By rejection, each round of which draws the whole shape again and keeps what was still missing:
    from normals where [a, b] holds more than 0.3 of their mass, else from uniforms on [a, b].

    >>> float(abs(trunc_normal(Generator(), 1000)).max()) <= 2
    True
    """
    kind = floating("trunc_normal", dtype)
    dims, _ = sized(shape)

    def mass_below(x: float) -> float:
        return (1 + math.erf((x - mean) / std / math.sqrt(2))) / 2

    if mass_below(b) - mass_below(a) > 0.3:
        low, high = kind.type(a), kind.type(b)
        result = generator.normal(dims, mean, std, kind, contiguous=contiguous[0])
        while (outside := (result < low) | (result > high)).any():
            again = generator.normal(dims, mean, std, kind, contiguous=contiguous[1])
            result = np.where(outside, again, result)
        return result

    peak = -0.5 * ((max(a, min(mean, b)) - mean) / std) ** 2
    result, missing = np.zeros(dims, kind), np.ones(dims, np.bool_)
    while missing.any():
        candidates = generator.uniform(dims, a, b, kind)
        result = np.where(missing, candidates, result)
        standard = (candidates - kind.type(mean)) / kind.type(std)
        log_density = standard * standard * kind.type(-0.5) - kind.type(peak)
        with np.errstate(divide="ignore"):
            missing &= np.log(generator.uniform(dims, 0.0, 1.0, kind)) > log_density
    return result
