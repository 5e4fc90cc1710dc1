"""tinygrad_nn: a reverse-mode autograd engine and neural networks on NumPy, with PyTorch's API."""

import warnings
from importlib import import_module
from typing import TYPE_CHECKING

from tinygrad_nn import autograd, linalg
from tinygrad_nn.autograd import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from tinygrad_nn.creation import (
    BFloat16Tensor,
    BoolTensor,
    ByteTensor,
    CharTensor,
    DoubleTensor,
    FloatTensor,
    HalfTensor,
    IntTensor,
    LongTensor,
    ShortTensor,
    arange,
    as_tensor,
    asarray,
    empty,
    empty_strided,
    eye,
    from_dlpack,
    from_numpy,
    full,
    get_rng_state,
    initial_seed,
    linspace,
    logspace,
    manual_seed,
    normal,
    ones,
    rand,
    rand_like,
    randint,
    randint_like,
    randn,
    randn_like,
    random,
    randperm,
    scalar_tensor,
    seed,
    set_rng_state,
    tensor,
    tril_indices,
    triu_indices,
    zeros,
)
from tinygrad_nn.dtypes import (
    bfloat16,
    can_cast,
    dtype,
    finfo,
    float16,
    float32,
    float64,
    get_default_dtype,
    iinfo,
    int8,
    int16,
    int32,
    int64,
    promote_types,
    set_default_dtype,
    uint8,
)
from tinygrad_nn.dtypes import bool_ as bool
from tinygrad_nn.dtypes import float16 as half
from tinygrad_nn.dtypes import float32 as float
from tinygrad_nn.dtypes import float64 as double
from tinygrad_nn.dtypes import int16 as short
from tinygrad_nn.dtypes import int32 as int
from tinygrad_nn.dtypes import int64 as long
from tinygrad_nn.functions.attributes import clone, detach, is_complex, is_floating_point, is_signed, numel, real
from tinygrad_nn.functions.binary import (
    add,
    allclose,
    atan2,
    bitwise_and,
    bitwise_left_shift,
    bitwise_or,
    bitwise_right_shift,
    bitwise_xor,
    div,
    eq,
    equal,
    floor_divide,
    fmod,
    ge,
    gt,
    isclose,
    le,
    logaddexp,
    logical_and,
    logical_or,
    logical_xor,
    lt,
    maximum,
    minimum,
    mul,
    ne,
    pow,
    remainder,
    rsub,
    sub,
)
from tinygrad_nn.functions.binary import atan2 as arctan2
from tinygrad_nn.functions.binary import div as divide
from tinygrad_nn.functions.binary import div as true_divide
from tinygrad_nn.functions.binary import ge as greater_equal
from tinygrad_nn.functions.binary import gt as greater
from tinygrad_nn.functions.binary import le as less_equal
from tinygrad_nn.functions.binary import lt as less
from tinygrad_nn.functions.binary import mul as multiply
from tinygrad_nn.functions.binary import ne as not_equal
from tinygrad_nn.functions.binary import sub as subtract
from tinygrad_nn.functions.broadcast import broadcast_tensors, broadcast_to
from tinygrad_nn.functions.contract import (
    einsum,
    tensordot,
)
from tinygrad_nn.functions.elementwise import (
    addcdiv,
    addcmul,
    clamp,
    lerp,
    where,
)
from tinygrad_nn.functions.elementwise import clamp as clip
from tinygrad_nn.functions.factor import (
    det,
    logdet,
    pinverse,
    slogdet,
)
from tinygrad_nn.functions.factor import inv as inverse
from tinygrad_nn.functions.fill import empty_like, full_like, ones_like, zeros_like
from tinygrad_nn.functions.joining import cat, chunk, hstack, split, stack, unbind, vstack
from tinygrad_nn.functions.joining import cat as concat
from tinygrad_nn.functions.joining import cat as concatenate
from tinygrad_nn.functions.linalg import (
    addmm,
    baddbmm,
    bmm,
    dot,
    inner,
    matmul,
    mm,
    mv,
    outer,
    trace,
)
from tinygrad_nn.functions.norms import (
    cdist,
    norm,
)
from tinygrad_nn.functions.overwrite import masked_fill, masked_select
from tinygrad_nn.functions.places import (
    gather,
    index_add,
    index_copy,
    index_fill,
    index_put,
    index_put_,
    index_select,
    scatter,
    scatter_add,
    take,
    take_along_dim,
)
from tinygrad_nn.functions.rearrange import (
    diag,
    diag_embed,
    flip,
    fliplr,
    flipud,
    meshgrid,
    repeat_interleave,
    roll,
    tile,
    tril,
    triu,
)
from tinygrad_nn.functions.reduce import (
    all,
    amax,
    amin,
    any,
    count_nonzero,
    cumprod,
    cumsum,
    log_softmax,
    logsumexp,
    mean,
    prod,
    softmax,
    std,
    sum,
    var,
    var_mean,
)
from tinygrad_nn.functions.sampling import bernoulli, multinomial, poisson
from tinygrad_nn.functions.select import (
    argmax,
    argmin,
    bincount,
    cummax,
    histc,
    max,
    median,
    min,
    mode,
)
from tinygrad_nn.functions.shape import (
    atleast_1d,
    atleast_2d,
    diagonal,
    flatten,
    moveaxis,
    movedim,
    narrow,
    permute,
    ravel,
    reshape,
    select,
    squeeze,
    swapaxes,
    t,
    transpose,
    unflatten,
    unsqueeze,
)
from tinygrad_nn.functions.shape import transpose as swapdims
from tinygrad_nn.functions.sorting import (
    argsort,
    argwhere,
    bucketize,
    isin,
    msort,
    nonzero,
    searchsorted,
    sort,
    topk,
    unique,
    unique_consecutive,
)
from tinygrad_nn.functions.unary import (
    abs,
    acos,
    asin,
    atan,
    bitwise_not,
    ceil,
    cos,
    cosh,
    erf,
    erfinv,
    exp,
    exp2,
    expm1,
    floor,
    frac,
    isfinite,
    isinf,
    isnan,
    log,
    log1p,
    log2,
    log10,
    logical_not,
    nan_to_num,
    neg,
    positive,
    reciprocal,
    relu,
    round,
    rsqrt,
    sigmoid,
    sign,
    sin,
    sinh,
    sqrt,
    square,
    tan,
    tanh,
    trunc,
)
from tinygrad_nn.functions.unary import abs as absolute
from tinygrad_nn.functions.unary import acos as arccos
from tinygrad_nn.functions.unary import asin as arcsin
from tinygrad_nn.functions.unary import atan as arctan
from tinygrad_nn.functions.unary import neg as negative
from tinygrad_nn.functions.unary import trunc as fix
from tinygrad_nn.generator import Generator, default_generator
from tinygrad_nn.hardware import accelerator, amp, autocast, backends, cpu, cuda, mps, xpu
from tinygrad_nn.hardware.amp import get_autocast_dtype, is_autocast_enabled
from tinygrad_nn.placement import (
    Size,
    channels_last,
    channels_last_3d,
    contiguous_format,
    device,
    get_default_device,
    layout,
    memory_format,
    preserve_format,
    set_default_device,
    strided,
)
from tinygrad_nn.printing import set_printoptions
from tinygrad_nn.settings import (
    are_deterministic_algorithms_enabled,
    get_float32_matmul_precision,
    get_num_interop_threads,
    get_num_threads,
    set_float32_matmul_precision,
    set_num_interop_threads,
    set_num_threads,
    use_deterministic_algorithms,
)
from tinygrad_nn.tensor import Tensor, broadcast_shapes, is_tensor, result_type

# log(0) is -inf and 0 / 0 is NaN, in silence as in PyTorch: NumPy's warnings about that, where they
# arise in our own files, say nothing that anomaly detection does not say better.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"tinygrad_nn\.")

if TYPE_CHECKING:
    from tinygrad_nn import datasets, distributions, func, interop, nn, optim, train, utils, viz
    from tinygrad_nn.compiler import compile
    from tinygrad_nn.serialization import load, save

_LATER = {
    "compile": "tinygrad_nn.compiler",
    "load": "tinygrad_nn.serialization",
    "save": "tinygrad_nn.serialization",
    **dict.fromkeys(("datasets", "distributions", "func", "interop", "nn", "optim", "train", "utils", "viz"), ""),
}
"""What is imported when it is first asked for, so that `import tinygrad_nn` stays quick."""


def __getattr__(name: str) -> object:
    if name not in _LATER:
        raise AttributeError(f"module 'tinygrad_nn' has no attribute {name!r}")
    place = _LATER[name]
    found: object = getattr(import_module(place), name) if place else import_module(f"tinygrad_nn.{name}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
