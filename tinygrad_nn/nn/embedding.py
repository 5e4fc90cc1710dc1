"""Embedding layers: a table of vectors, and one call of `nn.functional`."""

from __future__ import annotations

from typing import Any, TypeVar

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.errors import ArgumentError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.nn import functional as F
from tinygrad_nn.nn import init
from tinygrad_nn.nn.arguments import new_parameter, number, size
from tinygrad_nn.nn.functional.common import tensor_operands
from tinygrad_nn.nn.functional.embedding import padding_row
from tinygrad_nn.nn.module import Module
from tinygrad_nn.nn.parameter import Parameter
from tinygrad_nn.tensor import Tensor

__all__ = ["Embedding", "EmbeddingBag"]

Self = TypeVar("Self", bound="_Table")


class _Table(Module):
    """A table (num_embeddings, embedding_dim), normal at first, or the one that is given."""

    weight: Parameter

    @switches
    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None, max_norm: float | None, norm_type: float,
        scale_grad_by_freq: bool, sparse: bool, weight: Tensor | None, freeze: bool, device: object, dtype: object,
    ) -> None:  # fmt: skip
        super().__init__()
        layer = type(self).__name__
        self.num_embeddings = size(layer, "num_embeddings", num_embeddings)
        self.embedding_dim = size(layer, "embedding_dim", embedding_dim)
        if max_norm is not None:
            number(layer, "max_norm", max_norm, above=0)
        self.padding_idx = padding_row(padding_idx, self.num_embeddings)
        self.max_norm, self.norm_type = max_norm, norm_type
        self.scale_grad_by_freq, self.sparse = scale_grad_by_freq, sparse
        if weight is None:
            self.weight = new_parameter(self.num_embeddings, self.embedding_dim, device=device, dtype=dtype)
            self.weight.requires_grad_(not freeze)
            self.reset_parameters()
        else:
            shape = (self.num_embeddings, self.embedding_dim)
            tensor_operands(layer, weight=weight)
            if tuple(weight.shape) != shape:
                raise AssertionError(
                    message(
                        "Shape of weight does not match num_embeddings and embedding_dim",
                        got=f"weight {tuple(weight.shape)}, {shape}",
                    )
                )
            self.weight = Parameter(weight, not freeze)

    def reset_parameters(self) -> None:
        """Draw the table anew; the padding row is zero."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            with no_grad():
                self.weight[self.padding_idx].fill_(0)

    def _options(self) -> str:
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        if self.padding_idx is not None and isinstance(self, Embedding):
            text += f", padding_idx={self.padding_idx}"
        if self.max_norm is not None:
            text += f", max_norm={self.max_norm}"
        if self.norm_type != 2:
            text += f", norm_type={self.norm_type}"
        if self.scale_grad_by_freq is not False:
            text += f", scale_grad_by_freq={self.scale_grad_by_freq}"
        return text

    @classmethod
    def _from(cls: type[Self], embeddings: Any, freeze: bool, **options: Any) -> Self:
        tensor_operands(f"{cls.__name__}.from_pretrained", embeddings=embeddings)
        if embeddings.ndim != 2:
            raise AssertionError(
                message("Embeddings parameter is expected to be 2-dimensional", got=f"{tuple(embeddings.shape)}")
            )
        made = cls(*embeddings.shape, _weight=embeddings, **options)  # type: ignore[call-arg]
        made.weight.requires_grad_(not freeze)
        return made


class Embedding(_Table):
    """weight[x]: (...) integers in [0, num_embeddings) to (..., embedding_dim).

    weight: normal(0, 1) at first. padding_idx: a row that is zero at first and gets no gradient.
    max_norm: rows in use are scaled down, in place, to that norm (`norm_type`). scale_grad_by_freq: a row's
    gradient is divided by how often it occurs. sparse: accepted; gradients are dense.
    Raises TypeError or ValueError for sizes that are not positive integers, AssertionError for a padding_idx
    outside the table; IndexError at the call for a number outside it.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> nn.Embedding(10, 3, padding_idx=0)(tg.tensor([[1, 2, 0]])).shape == (1, 3, 3)
    True
    """

    @switches
    def __init__(
        self, num_embeddings: int, embedding_dim: int, padding_idx: int | None = None, max_norm: float | None = None,
        norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False, _weight: Tensor | None = None,
        _freeze: bool = False, device: object = None, dtype: object = None,
    ) -> None:  # fmt: skip
        super().__init__(
            num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, _weight, _freeze,
            device, dtype,
        )  # fmt: skip

    def forward(self, input: Tensor) -> Tensor:
        """The rows."""
        return F.embedding(
            input, self.weight, self.padding_idx, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse
        )

    @classmethod
    def from_pretrained(
        cls, embeddings: Tensor, freeze: bool = True, padding_idx: int | None = None, max_norm: float | None = None,
        norm_type: float = 2.0, scale_grad_by_freq: bool = False, sparse: bool = False,
    ) -> Embedding:  # fmt: skip
        """An Embedding with this table (V, D), which shares its memory; it is not trained if `freeze`.

        >>> import tinygrad_nn as tg
        >>> from tinygrad_nn import nn
        >>> nn.Embedding.from_pretrained(tg.tensor([[1.0, 2.0], [3.0, 4.0]]))(tg.tensor(1))
        tensor([3., 4.])
        """
        return cls._from(
            embeddings, freeze, padding_idx=padding_idx, max_norm=max_norm, norm_type=norm_type,
            scale_grad_by_freq=scale_grad_by_freq, sparse=sparse,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """The settings."""
        return self._options() + (", sparse=True" if self.sparse is not False else "")


class EmbeddingBag(_Table):
    """Sums, means or maxima (`mode`) of the rows in each bag: (B, L) integers, or (M,) with offsets (B,), to (B, D).

    include_last_offset: `offsets` has one more element, the end of the last bag. padding_idx: a row that
    counts for nothing. Other arguments, and errors, as for Embedding.

    >>> import tinygrad_nn as tg
    >>> from tinygrad_nn import nn
    >>> bag = nn.EmbeddingBag.from_pretrained(tg.tensor([[1.0], [3.0]]), mode="sum")
    >>> bag(tg.tensor([0, 1, 1]), tg.tensor([0, 2]))
    tensor([[4.],
            [3.]])
    """

    @switches
    def __init__(
        self, num_embeddings: int, embedding_dim: int, max_norm: float | None = None, norm_type: float = 2.0,
        scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False, _weight: Tensor | None = None,
        include_last_offset: bool = False, padding_idx: int | None = None, device: object = None, dtype: object = None,
    ) -> None:  # fmt: skip
        if mode not in ("sum", "mean", "max"):
            raise ArgumentError(message("EmbeddingBag: mode has to be one of sum, mean or max", got=f"mode={mode!r}"))
        super().__init__(
            num_embeddings, embedding_dim, padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse, _weight, False,
            device, dtype,
        )  # fmt: skip
        self.mode, self.include_last_offset = mode, include_last_offset

    def forward(self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        """One vector for each bag."""
        return F.embedding_bag(
            input, self.weight, offsets, self.max_norm, self.norm_type, self.scale_grad_by_freq, self.mode, self.sparse,
            per_sample_weights, self.include_last_offset, self.padding_idx,
        )  # fmt: skip

    @classmethod
    def from_pretrained(
        cls, embeddings: Tensor, freeze: bool = True, max_norm: float | None = None, norm_type: float = 2.0,
        scale_grad_by_freq: bool = False, mode: str = "mean", sparse: bool = False, include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> EmbeddingBag:  # fmt: skip
        """An EmbeddingBag with this table (V, D), which shares its memory; it is not trained if `freeze`."""
        return cls._from(
            embeddings, freeze, max_norm=max_norm, norm_type=norm_type, scale_grad_by_freq=scale_grad_by_freq, mode=mode,
            sparse=sparse, include_last_offset=include_last_offset, padding_idx=padding_idx,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """The settings."""
        text = f"{self._options()}, mode={self.mode!r}"
        return text + (f", padding_idx={self.padding_idx}" if self.padding_idx is not None else "")
