"""Tensor: an array and the node that made it. The class body is the table of contents of what it can do.

Operations are functions defined elsewhere (`ops` for primitives, `functions` for compositions) and
listed here by name. What is written out here is what belongs to the object itself: its attributes,
its conversion to and from other things, and its part in autograd.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from operator import index as as_index
from typing import Any, ClassVar

import numpy as np

from tinygrad_nn import autograd, numpy_protocol, printing
from tinygrad_nn import functions as fn
from tinygrad_nn.dtypes import as_dtype, default_float, dtype, result_dtype
from tinygrad_nn.errors import AutogradError, DTypeError, ShapeError, message
from tinygrad_nn.flags import flags, refused_flag
from tinygrad_nn.ops import elementwise as ops
from tinygrad_nn.placement import Size, strided
from tinygrad_nn.primitive import PICK, TYPES, install, node_of, wrap
from tinygrad_nn.tape import Node, edits, local, watch
from tinygrad_nn.versions import leave_graph, root_of
from tinygrad_nn.views import View, detached, has_base, inplace, inplace_view, of_several, take_over

__all__ = ["Tensor", "broadcast_shapes", "is_tensor", "result_type"]


class Tensor:
    """A NumPy array with a computation graph behind it.

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([1.0, 2.0, 3.0], requires_grad=True)
    >>> y = (x * x).sum()
    >>> y.backward()
    >>> x.grad
    tensor([2., 4., 6.])
    """

    __slots__ = ("__dict__", "__weakref__", "_grad", "_view", "_writer", "_written", "array", "node")

    array: np.ndarray[Any, Any]
    """The elements."""
    node: Node | None
    """The operation that made this tensor (for a leaf that requires grad: its place on the tape)."""
    _grad: Tensor | None
    _view: View | None
    _written: int
    _writer: tuple[int, str, str, int]

    __array_ufunc__, __array_function__ = numpy_protocol.array_ufunc, numpy_protocol.array_function
    __array_priority__ = 1000

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        TYPES.add(cls)

    def __new__(cls, *data: Any) -> Tensor:
        """PyTorch's old constructor: `Tensor([1, 2])` holds floats, `Tensor(2, 3)` is uninitialised."""
        if len(data) == 1 and type(data[0]) in TYPES:
            array = data[0].array
        elif len(data) == 1 and not isinstance(data[0], (int, float, np.integer, Size)):
            array = fn.data.array_of(data[0], default_float(), "Tensor")
        else:
            array = np.empty(fn.fill.size_of(data or (0,), "Tensor"), default_float())
        made: Tensor = object.__new__(cls)
        made.array, made.node, made._grad, made._view, made._written = array, None, None, None, 0
        if len(data) == 1 and type(data[0]) in TYPES:
            take_over(made, data[0])
        return made

    # -- attributes --------------------------------------------------------------------------------

    @property
    def shape(self) -> Size:
        """The size of each dimension."""
        return tuple.__new__(Size, self.array.shape)

    @property
    def dtype(self) -> dtype:
        """The element type."""
        return dtype.of[self.array.dtype]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self.array.ndim

    device = property(fn.attributes.where_it_is)
    layout = strided
    is_cpu = True
    is_cuda = is_mps = is_xpu = is_sparse = is_quantized = is_meta = False
    size, stride = fn.attributes.size, fn.attributes.stride
    numel = nelement = fn.attributes.numel
    is_contiguous, is_floating_point = fn.attributes.is_contiguous, fn.attributes.is_floating_point
    is_complex, is_signed = fn.attributes.is_complex, fn.attributes.is_signed
    data_ptr, storage_offset = fn.attributes.data_ptr, fn.attributes.storage_offset
    storage, untyped_storage = fn.attributes.storage, fn.attributes.untyped_storage
    get_device = fn.attributes.get_device

    def dim(self) -> int:
        """The number of dimensions."""
        return self.array.ndim

    ndimension = dim

    @property
    def itemsize(self) -> int:
        """Bytes per element."""
        return self.array.itemsize

    def element_size(self) -> int:
        """Bytes per element."""
        return self.array.itemsize

    @property
    def nbytes(self) -> int:
        """Bytes of all elements."""
        return self.array.nbytes

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded."""
        view = self._view
        return (self.node if view is None or view.origin is not None else view.node_of(self)) is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        self.requires_grad_(wanted)

    @property
    def is_leaf(self) -> bool:
        """Whether the user made this tensor (no recorded operation did)."""
        node = node_of(self)
        return node is None or node.primitive is None

    @property
    def grad_fn(self) -> Node | None:
        """The recorded operation that made this tensor; None for a leaf."""
        node = node_of(self)
        if node is not None and node.primitive is PICK:
            node = node.parents[0]
        return None if node is None or node.primitive is None else node

    @property
    def grad(self) -> Tensor | None:
        """What `backward` accumulated here."""
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None:
            if type(value) not in TYPES:
                raise DTypeError(message("assigned grad must be a tensor or None", got=type(value).__name__))
            if value.array.shape != self.array.shape or value.array.dtype != self.array.dtype:
                raise ShapeError(
                    message(
                        "assigned grad has another shape or dtype than its tensor",
                        got=f"{tuple(value.shape)} {value.dtype} for {tuple(self.shape)} {self.dtype}",
                    )
                )
        if local.mode.tracer is not None:
            local.mode.tracer.replaces_grad(self)
        self._grad = value

    @property
    def _version(self) -> int:
        """How often this memory was written in place."""
        root = root_of(self)
        return root._writer[0] if root._written else 0

    @property
    def data(self) -> Tensor:
        """The same memory outside the graph; writes through it are not noticed by autograd."""
        return wrap(self.array)  # type: ignore[no-any-return]

    @data.setter
    def data(self, value: Tensor) -> None:
        if type(value) not in TYPES:
            raise DTypeError(message("data: expected a Tensor", got=type(value).__name__, fix="x.data = tensor(...)"))
        if local.mode.tracer is not None:
            local.mode.tracer.rebinds(self, value)
        edits.count += 1
        self.array = value.array
        node = self.node
        if node is not None and node.primitive is None:
            node.shape, node.dtype = self.array.shape, self.array.dtype

    @data.deleter
    def data(self) -> None:
        raise AutogradError("data: a tensor's data cannot be deleted; delete the tensor")

    # -- autograd ----------------------------------------------------------------------------------

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Make this leaf require gradients, or stop requiring them. Floating tensors only (RuntimeError)."""
        if requires_grad is not True and requires_grad is not False:
            raise refused_flag("requires_grad_", "requires_grad", requires_grad)
        if not self.is_leaf:
            if not requires_grad:
                raise AutogradError(
                    message(
                        "you can only change requires_grad flags of leaf variables",
                        got=f"a result of {self.grad_fn}",
                        fix="use detach()",
                    )
                )
            return self
        if requires_grad and self.array.dtype.kind not in "fV":
            raise AutogradError(
                message(
                    "only Tensors of floating point dtype can require gradients",
                    got=f"dtype {self.dtype}",
                    fix="make it floating: tensor([1., 2.]) or x.float()",
                )
            )
        edits.count += 1
        if requires_grad and self.node is None:
            self.node = Node(None, (), (), None, self.array.shape, self.array.dtype, None)
            watch(self.node).tensor = weakref.ref(self)
        elif not requires_grad:
            self.node = None
        return self

    def backward(
        self, gradient: Tensor | None = None, retain_graph: bool | None = None, create_graph: bool = False,
        inputs: Any = None,
    ) -> None:  # fmt: skip
        """Add this tensor's gradients to the `.grad` of the leaves it depends on: see `autograd.backward`."""
        autograd.backward(self, gradient, retain_graph, create_graph, inputs)

    def detach(self) -> Tensor:
        """The same memory outside the graph: in-place writes are noticed, and change no history but its own."""
        return detached(self, wrap(self.array))  # type: ignore[no-any-return]

    def detach_(self) -> Tensor:
        """Take this tensor itself out of the graph: a leaf that requires no grad. Not views (RuntimeError)."""
        if has_base(self):
            raise AutogradError(
                message(
                    "Can't detach views in-place",
                    got=f"a view of shape {tuple(self.shape)}",
                    fix="use detach() instead",
                )
            )
        edits.count += 1
        leave_graph(self)
        return self

    def retain_grad(self) -> None:
        """Keep the gradient of this result in `.grad`, as leaves do."""
        node = node_of(self)
        if node is None:
            raise AutogradError(
                message("can't retain_grad on Tensor that has requires_grad=False", got=f"shape {tuple(self.shape)}")
            )
        if node.primitive is not None:
            watch(node).tensor = weakref.ref(self)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> autograd.RemovableHandle:
        """Call `hook` with this tensor's gradient when it is known; what it returns (if not None) replaces it."""
        return autograd.register_hook(self, hook)

    def register_post_accumulate_grad_hook(self, hook: Callable[[Tensor], None]) -> autograd.RemovableHandle:
        """Call `hook` with this leaf after `backward` has added to its `.grad`."""
        return autograd.register_post_accumulate_grad_hook(self, hook)

    @property
    def retains_grad(self) -> bool:
        """Whether `retain_grad` was called on this result."""
        node = node_of(self)
        return (
            node is not None and node.primitive is not None and node.watch is not None and node.watch.tensor() is self
        )

    # -- conversion --------------------------------------------------------------------------------

    to, type_as = fn.attributes.to, fn.attributes.type_as
    double, half, bfloat16 = fn.attributes.to_float64, fn.attributes.to_float16, fn.attributes.to_bfloat16
    long, short = fn.attributes.to_int64, fn.attributes.to_int16
    byte, char = fn.attributes.to_uint8, fn.attributes.to_int8
    clone, contiguous, cpu, cuda = fn.attributes.clone, fn.attributes.contiguous, fn.attributes.cpu, fn.attributes.cuda
    pin_memory = share_memory_ = fn.attributes.same
    is_pinned = is_shared = fn.attributes.no
    real = property(fn.attributes.real)
    __dlpack__, __dlpack_device__ = fn.attributes.dlpack, fn.attributes.dlpack_device

    @flags
    def numpy(self, *, force: bool = False) -> np.ndarray[Any, Any]:
        """The array itself (no copy). Refused for tensors that require grad (RuntimeError), unless forced."""
        if local.mode.tracer is not None:
            local.mode.tracer.read(self)
        if self.array.dtype.kind == "V":
            raise DTypeError(message("numpy: NumPy has no bfloat16 of its own", fix="x.float().numpy()"))
        if self.requires_grad and not force:
            raise AutogradError(
                message("Can't call numpy() on Tensor that requires grad.", fix="Use tensor.detach().numpy() instead.")
            )
        return self.array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array = self.numpy()
        return (
            array.copy() if copy and dtype is None else array if dtype is None else array.astype(dtype, copy=bool(copy))
        )

    def item(self) -> Any:
        """The single element as a Python number."""
        if self.array.size != 1:
            raise AutogradError(
                message(
                    "a Tensor with more than one element cannot be converted to Scalar",
                    got=f"shape {tuple(self.shape)}",
                    fix="tolist() gives all",
                )
            )
        if local.mode.tracer is not None:
            local.mode.tracer.read(self)
        return self.array.item()

    def tolist(self) -> Any:
        """The elements as nested lists (a number for a 0-d tensor)."""
        if local.mode.tracer is not None:
            local.mode.tracer.read(self)
        return self.array.tolist()

    def __bool__(self) -> bool:
        if self.array.size != 1:
            raise AutogradError(
                message(
                    "Boolean value of Tensor with more than one value is ambiguous",
                    got=f"shape {tuple(self.shape)}",
                    fix="use any() or all()",
                )
            )
        return bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        return as_index(self.item())

    def __len__(self) -> int:
        if not self.array.ndim:
            raise DTypeError("len() of a 0-d tensor")
        return len(self.array)

    def __iter__(self) -> Iterator[Tensor]:
        if not self.array.ndim:
            raise DTypeError("iteration over a 0-d tensor")
        return iter(of_several(tuple([self[k] for k in range(len(self.array))])))

    def __repr__(self) -> str:
        return printing.text(self)

    def _repr_html_(self) -> str:
        return printing.html(self)

    def __format__(self, spec: str) -> str:
        if not self.array.ndim and type(self) is Tensor:
            return format(self.item(), spec)
        return object.__format__(self, spec)

    def __contains__(self, element: Any) -> bool:
        if type(element) not in TYPES and not isinstance(element, (bool, int, float, np.generic)):
            raise AutogradError(
                message("in: a tensor contains numbers", got=type(element).__name__, fix="x.tolist() makes a list")
            )
        return bool((self == element).any())

    def __reversed__(self) -> Tensor:
        return fn.rearrange.flip(self, tuple(range(self.array.ndim)))

    __hash__ = object.__hash__
    __copy__, __deepcopy__, __reduce_ex__ = fn.copying.copy, fn.copying.deepcopy, fn.copying.reduced

    # -- operators ---------------------------------------------------------------------------------

    __add__, __radd__, __iadd__ = ops.add, ops.add, inplace(ops.add)
    __sub__, __rsub__, __isub__ = ops.sub, fn.binary.rsub, inplace(ops.sub)
    __mul__, __rmul__, __imul__ = ops.mul, fn.binary.rmul, inplace(ops.mul)
    __truediv__, __rtruediv__, __itruediv__ = ops.div, fn.binary.rdiv, inplace(ops.div)
    __floordiv__, __rfloordiv__, __ifloordiv__ = ops.floor_divide, fn.binary.rfloor_divide, inplace(ops.floor_divide)
    __mod__, __rmod__, __imod__ = ops.remainder, fn.binary.rremainder, inplace(ops.remainder)
    __pow__, __rpow__, __ipow__ = ops.pow, fn.binary.rpow, inplace(ops.pow)
    __matmul__, __rmatmul__ = fn.linalg.matmul, fn.linalg.rmatmul
    __and__, __rand__, __iand__ = ops.bitwise_and, ops.bitwise_and, inplace(ops.bitwise_and)
    __or__, __ror__, __ior__ = ops.bitwise_or, ops.bitwise_or, inplace(ops.bitwise_or)
    __xor__, __rxor__, __ixor__ = ops.bitwise_xor, ops.bitwise_xor, inplace(ops.bitwise_xor)
    __lshift__, __rlshift__, __ilshift__ = (
        ops.bitwise_left_shift,
        fn.binary.rleft_shift,
        inplace(ops.bitwise_left_shift),
    )
    __rshift__, __rrshift__, __irshift__ = (
        ops.bitwise_right_shift,
        fn.binary.rright_shift,
        inplace(ops.bitwise_right_shift),
    )
    __neg__, __pos__, __abs__, __invert__ = ops.neg, fn.unary.positive, ops.abs, ops.bitwise_not
    __lt__, __le__, __gt__, __ge__ = ops.lt, ops.le, ops.gt, ops.ge
    __eq__: ClassVar[Callable[..., Any]] = fn.binary.equals
    __ne__: ClassVar[Callable[..., Any]] = fn.binary.differs
    __getitem__, __setitem__ = fn.index.getitem, fn.index.setitem

    # -- elementwise -------------------------------------------------------------------------------

    absolute, absolute_ = abs, abs_ = ops.abs, inplace(ops.abs)
    negative, negative_ = neg, neg_ = ops.neg, inplace(ops.neg)
    sign, sign_ = ops.sign, inplace(ops.sign)
    square, square_ = ops.square, inplace(ops.square)
    sqrt, sqrt_ = ops.sqrt, inplace(ops.sqrt)
    rsqrt, rsqrt_ = ops.rsqrt, inplace(ops.rsqrt)
    reciprocal, reciprocal_ = ops.reciprocal, inplace(ops.reciprocal)
    exp, exp_ = ops.exp, inplace(ops.exp)
    exp2, exp2_ = ops.exp2, inplace(ops.exp2)
    expm1, expm1_ = ops.expm1, inplace(ops.expm1)
    log, log_ = ops.log, inplace(ops.log)
    log2, log2_ = ops.log2, inplace(ops.log2)
    log10, log10_ = ops.log10, inplace(ops.log10)
    log1p, log1p_ = ops.log1p, inplace(ops.log1p)
    sin, sin_ = ops.sin, inplace(ops.sin)
    cos, cos_ = ops.cos, inplace(ops.cos)
    tan, tan_ = ops.tan, inplace(ops.tan)
    arcsin, arcsin_ = asin, asin_ = ops.asin, inplace(ops.asin)
    arccos, arccos_ = acos, acos_ = ops.acos, inplace(ops.acos)
    arctan, arctan_ = atan, atan_ = ops.atan, inplace(ops.atan)
    sinh, sinh_ = ops.sinh, inplace(ops.sinh)
    cosh, cosh_ = ops.cosh, inplace(ops.cosh)
    tanh, tanh_ = ops.tanh, inplace(ops.tanh)
    sigmoid, sigmoid_ = ops.sigmoid, inplace(ops.sigmoid)
    erf, erf_ = ops.erf, inplace(ops.erf)
    erfinv, erfinv_ = ops.erfinv, inplace(ops.erfinv)
    relu, relu_ = ops.relu, inplace(ops.relu)
    ceil, ceil_ = ops.ceil, inplace(ops.ceil)
    floor, floor_ = ops.floor, inplace(ops.floor)
    fix, fix_ = trunc, trunc_ = ops.trunc, inplace(ops.trunc)
    round, round_ = fn.unary.round, inplace(fn.unary.round)
    frac, frac_ = fn.unary.frac, inplace(fn.unary.frac)
    nan_to_num, nan_to_num_ = fn.unary.nan_to_num, inplace(fn.unary.nan_to_num)
    isnan, isinf, isfinite = ops.isnan, ops.isinf, ops.isfinite
    positive = fn.unary.positive

    add, add_ = fn.binary.add, inplace(fn.binary.add)
    subtract, subtract_ = sub, sub_ = fn.binary.sub, inplace(fn.binary.sub)
    multiply, multiply_ = mul, mul_ = fn.binary.mul, inplace(fn.binary.mul)
    divide, divide_ = true_divide, true_divide_ = div, div_ = fn.binary.div, inplace(fn.binary.div)
    remainder, remainder_ = fn.binary.remainder, inplace(fn.binary.remainder)
    fmod, fmod_ = fn.binary.fmod, inplace(fn.binary.fmod)
    floor_divide, floor_divide_ = fn.binary.floor_divide, inplace(fn.binary.floor_divide)
    pow, pow_ = fn.binary.pow, inplace(fn.binary.pow)
    arctan2, arctan2_ = atan2, atan2_ = fn.binary.atan2, inplace(fn.binary.atan2)
    maximum, minimum, logaddexp = fn.binary.maximum, fn.binary.minimum, fn.binary.logaddexp
    eq, eq_ = fn.binary.eq, inplace(fn.binary.written(fn.binary.eq))
    not_equal, not_equal_ = ne, ne_ = fn.binary.ne, inplace(fn.binary.written(fn.binary.ne))
    less, less_ = lt, lt_ = fn.binary.lt, inplace(fn.binary.written(fn.binary.lt))
    less_equal, less_equal_ = le, le_ = fn.binary.le, inplace(fn.binary.written(fn.binary.le))
    greater, greater_ = gt, gt_ = fn.binary.gt, inplace(fn.binary.written(fn.binary.gt))
    greater_equal, greater_equal_ = ge, ge_ = fn.binary.ge, inplace(fn.binary.written(fn.binary.ge))
    logical_and, logical_and_ = fn.binary.logical_and, inplace(fn.binary.written(fn.binary.logical_and))
    logical_or, logical_or_ = fn.binary.logical_or, inplace(fn.binary.written(fn.binary.logical_or))
    logical_xor, logical_xor_ = fn.binary.logical_xor, inplace(fn.binary.written(fn.binary.logical_xor))
    logical_not, logical_not_ = ops.logical_not, inplace(fn.binary.written(ops.logical_not))
    bitwise_and, bitwise_and_ = fn.binary.bitwise_and, inplace(fn.binary.bitwise_and)
    bitwise_or, bitwise_or_ = fn.binary.bitwise_or, inplace(fn.binary.bitwise_or)
    bitwise_xor, bitwise_xor_ = fn.binary.bitwise_xor, inplace(fn.binary.bitwise_xor)
    bitwise_left_shift, bitwise_left_shift_ = fn.binary.bitwise_left_shift, inplace(fn.binary.bitwise_left_shift)
    bitwise_right_shift, bitwise_right_shift_ = fn.binary.bitwise_right_shift, inplace(fn.binary.bitwise_right_shift)
    bitwise_not, bitwise_not_ = ops.bitwise_not, inplace(ops.bitwise_not)
    isclose, allclose, equal = fn.binary.isclose, fn.binary.allclose, fn.binary.equal

    where = fn.elementwise.where_method
    clip, clip_ = clamp, clamp_ = fn.elementwise.clamp, inplace(fn.elementwise.clamp)
    lerp, lerp_ = fn.elementwise.lerp, inplace(fn.elementwise.lerp)
    addcmul, addcmul_ = fn.elementwise.addcmul, inplace(fn.elementwise.addcmul)
    addcdiv, addcdiv_ = fn.elementwise.addcdiv, inplace(fn.elementwise.addcdiv)

    # -- reductions --------------------------------------------------------------------------------

    sum, mean, prod = fn.reduce.sum, fn.reduce.mean, fn.reduce.prod
    var, std = fn.reduce.var, fn.reduce.std
    logsumexp, softmax, log_softmax = fn.reduce.logsumexp, fn.reduce.softmax, fn.reduce.log_softmax
    cumsum, cumsum_ = fn.reduce.cumsum, inplace(fn.reduce.written_scan(fn.reduce.cumsum))
    cumprod, cumprod_ = fn.reduce.cumprod, inplace(fn.reduce.written_scan(fn.reduce.cumprod))
    amax, amin = fn.reduce.amax, fn.reduce.amin
    all, any, count_nonzero = fn.reduce.all, fn.reduce.any, fn.reduce.count_nonzero
    max, min = fn.select.max, fn.select.min
    argmax, argmin = fn.select.argmax, fn.select.argmin
    median, mode, cummax = fn.select.median, fn.select.mode, fn.select.cummax
    histc, bincount = fn.select.histc, fn.select.bincount
    norm = fn.norms.norm

    # -- linear algebra ----------------------------------------------------------------------------

    matmul, mm, bmm = fn.linalg.matmul, fn.linalg.mm, fn.linalg.bmm
    mv, dot, inner, outer = fn.linalg.mv, fn.linalg.dot, fn.linalg.inner, fn.linalg.outer
    addmm, addmm_ = fn.linalg.addmm, inplace(fn.linalg.addmm)
    baddbmm, baddbmm_ = fn.linalg.baddbmm, inplace(fn.linalg.baddbmm)
    trace = fn.linalg.trace
    inverse, pinverse = fn.factor.inv, fn.factor.pinverse
    det, slogdet, logdet = fn.factor.det, fn.factor.slogdet, fn.factor.logdet

    # -- shape -------------------------------------------------------------------------------------

    reshape, reshape_as, view, view_as = fn.shape.reshape, fn.shape.reshape_as, fn.shape.view, fn.shape.view_as
    flatten, unflatten, ravel = fn.shape.flatten, fn.shape.unflatten, fn.shape.ravel
    squeeze, squeeze_ = fn.shape.squeeze, inplace_view(fn.shape.squeeze)
    unsqueeze, unsqueeze_ = fn.shape.unsqueeze, inplace_view(fn.shape.unsqueeze)
    permute, movedim, moveaxis = fn.shape.permute, fn.shape.movedim, fn.shape.moveaxis
    swapdims, swapdims_ = transpose, transpose_ = fn.shape.transpose, inplace_view(fn.shape.transpose)
    swapaxes, swapaxes_ = fn.shape.swapaxes, inplace_view(fn.shape.swapaxes)
    t, t_ = fn.shape.t, inplace_view(fn.shape.t)
    T, H = property(fn.shape.reversed_dims), property(fn.shape.t)
    mT, mH, adjoint = property(fn.shape.adjoint), property(fn.shape.adjoint), fn.shape.adjoint  # noqa: N815
    expand, expand_as = fn.broadcast.expand, fn.broadcast.expand_as
    broadcast_to = fn.broadcast.broadcast_to
    narrow, select, diagonal, unfold = fn.shape.narrow, fn.shape.select, fn.shape.diagonal, fn.shape.unfold
    split, chunk, unbind = fn.joining.split, fn.joining.chunk, fn.joining.unbind
    repeat, tile, repeat_interleave = fn.rearrange.repeat, fn.rearrange.tile, fn.rearrange.repeat_interleave
    roll, flip, fliplr, flipud = fn.rearrange.roll, fn.rearrange.flip, fn.rearrange.fliplr, fn.rearrange.flipud
    tril, tril_ = fn.rearrange.tril, inplace(fn.rearrange.tril)
    triu, triu_ = fn.rearrange.triu, inplace(fn.rearrange.triu)
    diag, diag_embed = fn.rearrange.diag, fn.rearrange.diag_embed

    # -- indexing ----------------------------------------------------------------------------------

    gather, take, take_along_dim = fn.places.gather, fn.places.take, fn.places.take_along_dim
    scatter, scatter_ = fn.places.scatter, inplace(fn.places.scatter)
    scatter_add, scatter_add_ = fn.places.scatter_add, inplace(fn.places.scatter_add)
    index_select = fn.places.index_select
    index_add, index_add_ = fn.places.index_add, inplace(fn.places.index_add)
    index_copy, index_copy_ = fn.places.index_copy, inplace(fn.places.index_copy)
    index_fill, index_fill_ = fn.places.index_fill, inplace(fn.places.index_fill)
    index_put, index_put_ = fn.places.index_put, fn.places.index_put_
    masked_fill, masked_fill_ = fn.overwrite.masked_fill, inplace(fn.overwrite.masked_fill)
    masked_select = fn.overwrite.masked_select
    fill_, zero_, copy_ = fn.overwrite.fill_, fn.overwrite.zero_, fn.overwrite.copy_
    sort, argsort, msort, topk = fn.sorting.sort, fn.sorting.argsort, fn.sorting.msort, fn.sorting.topk
    unique, unique_consecutive = fn.sorting.unique, fn.sorting.unique_consecutive
    nonzero, argwhere = fn.sorting.nonzero, fn.sorting.argwhere

    # -- new tensors, random ones --------------------------------------------------------------------

    new_tensor, new_zeros, new_ones = fn.fill.new_tensor, fn.fill.new_zeros, fn.fill.new_ones
    new_full, new_empty = fn.fill.new_full, fn.fill.new_empty
    uniform_, normal_, log_normal_ = fn.sampling.uniform_, fn.sampling.normal_, fn.sampling.log_normal_
    exponential_, cauchy_, geometric_ = fn.sampling.exponential_, fn.sampling.cauchy_, fn.sampling.geometric_
    random_, bernoulli, bernoulli_ = fn.sampling.random_, fn.sampling.bernoulli, fn.sampling.bernoulli_
    multinomial = fn.sampling.multinomial

    # -- names that hide Python's own from what follows in this class: last --------------------------

    type = fn.attributes.type_
    float, int, bool = fn.attributes.to_float32, fn.attributes.to_int32, fn.attributes.to_bool


TYPES.add(Tensor)
install(Tensor, View)


def is_tensor(obj: object) -> bool:
    """Whether `obj` is a Tensor (or a Parameter, or of another class derived from it)."""
    return isinstance(obj, Tensor)


def result_type(tensor1: Any, tensor2: Any) -> dtype:
    """The dtype that an operation on two tensors (or a tensor and a number) gives.

    >>> import tinygrad_nn as tg
    >>> tg.result_type(tg.tensor([1, 2]), 1.5)
    tinygrad_nn.float32
    """
    return as_dtype(
        result_dtype(*[value.array if isinstance(value, Tensor) else value for value in (tensor1, tensor2)])
    )


def broadcast_shapes(*shapes: Any) -> Size:
    """The shape to which all of `shapes` broadcast. RuntimeError if there is none.

    >>> broadcast_shapes((2, 1), (3,))
    tinygrad_nn.Size([2, 3])
    """
    return Size(fn.broadcast.broadcast_shapes(*shapes))
