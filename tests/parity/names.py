"""The public names below ``nn``, section by section: what must exist, and what is sampled.

A name stands for the function, the method and the in-place method, whichever PyTorch has.
"""

from __future__ import annotations

__all__ = ["AUTOGRAD", "SECTIONS", "TENSOR_NAMES", "sampled_as"]


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SECTIONS: dict[str, tuple[str, ...]] = {
    "Tensors": words(
        """
        tensor as_tensor from_numpy zeros ones full empty arange linspace logspace eye rand randn
        randint randperm normal bernoulli multinomial
        zeros_like ones_like full_like empty_like rand_like randn_like randint_like
        new_tensor new_zeros new_ones new_full new_empty
        Tensor FloatTensor LongTensor ByteTensor BoolTensor
        float16 bfloat16 float32 float64 int8 int16 int32 int64 uint8 bool
        half float double short int long dtype
        set_default_dtype get_default_dtype finfo iinfo device Size Generator manual_seed
        get_rng_state set_rng_state set_printoptions is_tensor numel set_num_threads
        """
    ),
    "Attributes and conversion": words(
        """
        shape size dim ndim numel nelement dtype device data grad grad_fn is_leaf requires_grad
        retains_grad T mT real item tolist numpy cpu to type float double half long int bool byte
        detach clone contiguous is_contiguous stride storage data_ptr element_size type_as
        """
    ),
    "Elementwise": words(
        """
        abs neg sign exp exp2 expm1 log log2 log10 log1p sqrt rsqrt square pow reciprocal
        sin cos tan asin acos atan sinh cosh tanh sigmoid erf ceil floor round trunc frac
        clamp clip nan_to_num isnan isinf isfinite add sub mul div remainder fmod floor_divide
        atan2 maximum minimum lerp addcmul addcdiv logaddexp
        logical_and logical_or logical_not logical_xor eq ne lt le gt ge isclose allclose equal where
        """
    ),
    "Reductions": words(
        """
        sum mean prod std var var_mean logsumexp cumsum cumprod cummax amax amin max min
        argmax argmin median mode all any norm count_nonzero histc bincount
        """
    ),
    "Linear algebra": words(
        """
        matmul mm bmm mv dot inner outer einsum addmm baddbmm tensordot trace cdist
        linalg.norm linalg.inv linalg.det linalg.slogdet linalg.solve linalg.cholesky linalg.svd
        linalg.qr linalg.eigh linalg.eigvalsh linalg.pinv linalg.matrix_rank
        """
    ),
    "Shape": words(
        """
        reshape view view_as permute transpose swapaxes t expand expand_as broadcast_to
        broadcast_tensors squeeze unsqueeze flatten unflatten stack cat concat hstack vstack
        split chunk unbind repeat tile repeat_interleave roll flip movedim narrow select
        tril triu diag diagonal diag_embed unfold meshgrid
        """
    ),
    "Indexing": words(
        """
        index_put index_put_ gather scatter scatter_ scatter_add index_select index_add index_fill
        index_copy masked_fill masked_select take take_along_dim sort topk argsort unique nonzero
        searchsorted bucketize
        """
    ),
}

AUTOGRAD = words(
    """
    no_grad enable_grad inference_mode set_grad_enabled is_grad_enabled
    autograd.grad autograd.backward autograd.Function autograd.gradcheck autograd.gradgradcheck
    autograd.detect_anomaly autograd.set_detect_anomaly
    func.grad func.grad_and_value func.vjp func.jvp func.jacrev func.jacfwd func.hessian
    func.functional_call utils.checkpoint.checkpoint
    """
)

OPERATORS = words(
    """
    add radd iadd sub rsub isub mul rmul imul truediv rtruediv itruediv floordiv rfloordiv
    ifloordiv mod rmod imod pow rpow ipow matmul rmatmul neg pos abs invert and or xor rand ror rxor
    iand ior ixor lshift rshift ilshift irshift eq ne lt le gt ge getitem setitem len iter contains
    bool float int index array array_priority hash repr format deepcopy reduce_ex dlpack
    dlpack_device array_ufunc array_function
    """
)
TENSOR_NAMES = (
    *(f"__{one}__" for one in OPERATORS),
    *words("backward retain_grad register_hook requires_grad_ detach_"),
)
"""Names of the class ``Tensor`` alone."""

CASTS = set(words("float double half long int bool byte"))
DTYPES = CASTS | set(words("float16 bfloat16 float32 float64 int8 int16 int32 int64 uint8 short dtype"))


def sampled_as(section: str, name: str) -> str:
    """The operation whose samples cover a name of a section."""
    if section == "Tensors":
        special = {"device": "device_class", "get_default_dtype": "set_default_dtype"}
        return "dtypes" if name in DTYPES else special.get(name, name)
    return f"cast_{name}" if name in CASTS else name
