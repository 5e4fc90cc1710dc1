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

from tinygrad_nn import autograd, printing, views
from tinygrad_nn import functions as fn
from tinygrad_nn.dtypes import as_numpy_dtype, dtype
from tinygrad_nn.errors import AutogradError, DTypeError, ShapeError, message
from tinygrad_nn.ops import elementwise as ops
from tinygrad_nn.primitive import TYPES, install, node_of, wrap
from tinygrad_nn.tape import Node, local, watch
from tinygrad_nn.views import View, inplace

__all__ = ["Tensor"]


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

    __array_ufunc__ = None  # an ndarray on the left leaves the operation to us
    __array_priority__ = 1000

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        TYPES.add(cls)

    def __new__(cls, *data: Any) -> Tensor:
        """PyTorch's old constructor: `Tensor([1, 2])` holds floats, `Tensor(2, 3)` is uninitialised."""
        if len(data) == 1 and not isinstance(data[0], (int, np.integer)):
            source = data[0]
            array = source.array if type(source) in TYPES else np.array(source, as_numpy_dtype(float))
        else:
            array = np.empty([as_index(n) for n in data], as_numpy_dtype(float))
        made: Tensor = object.__new__(cls)
        made.array, made.node, made._grad, made._view, made._written = array, None, None, None, 0
        return made

    # -- attributes --------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each dimension."""
        return self.array.shape

    @property
    def dtype(self) -> dtype:
        """The element type."""
        return dtype.of[self.array.dtype]

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self.array.ndim

    @property
    def requires_grad(self) -> bool:
        """Whether operations on this tensor are recorded."""
        return node_of(self) is not None

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
        self._grad = value

    @property
    def data(self) -> Tensor:
        """The same memory outside the graph; writes through it are not noticed by autograd."""
        return wrap(self.array)  # type: ignore[no-any-return]

    @data.setter
    def data(self, value: Tensor) -> None:
        self.array = value.array
        node = self.node
        if node is not None and node.primitive is None:
            node.shape, node.dtype = self.array.shape, self.array.dtype

    # -- autograd ----------------------------------------------------------------------------------

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Make this leaf require gradients, or stop requiring them. Floating tensors only (RuntimeError)."""
        if not self.is_leaf:
            if not requires_grad:
                raise AutogradError(
                    message("you can only change requires_grad flags of leaf variables", got=f"a result of {self.grad_fn}", fix="use detach()")
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
        """The same memory outside the graph; in-place writes are noticed."""
        result: Tensor = wrap(self.array)
        result._view = View(views.root_of(self), self, None, ())
        return result

    def retain_grad(self) -> None:
        """Keep the gradient of this result in `.grad`, as leaves do."""
        node = node_of(self)
        if node is None:
            raise AutogradError(message("can't retain_grad on Tensor that has requires_grad=False", got=f"shape {tuple(self.shape)}"))
        if node.primitive is not None:
            watch(node).tensor = weakref.ref(self)

    # -- conversion --------------------------------------------------------------------------------

    def numpy(self) -> np.ndarray[Any, Any]:
        """The array itself (no copy). Refused for tensors that require grad (RuntimeError)."""
        if self.requires_grad:
            raise AutogradError(
                message("Can't call numpy() on Tensor that requires grad.", fix="Use tensor.detach().numpy() instead.")
            )
        return self.array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        array = self.numpy()
        return array.copy() if copy and dtype is None else array if dtype is None else array.astype(dtype, copy=bool(copy))

    def item(self) -> Any:
        """The single element as a Python number."""
        if self.array.size != 1:
            raise AutogradError(
                message("a Tensor with more than one element cannot be converted to Scalar", got=f"shape {tuple(self.shape)}", fix="tolist() gives all")
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
                message("Boolean value of Tensor with more than one value is ambiguous", got=f"shape {tuple(self.shape)}", fix="use any() or all()")
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
        return iter([self[k] for k in range(len(self.array))])

    def __repr__(self) -> str:
        return printing.text(self)

    __hash__ = object.__hash__

    # -- operators ---------------------------------------------------------------------------------

    __add__ = ops.add
    __radd__ = ops.add
    __sub__ = ops.sub
    __rsub__ = fn.elementwise.rsub
    __mul__ = ops.mul
    __rmul__ = ops.mul
    __truediv__ = ops.div
    __rtruediv__ = fn.elementwise.rdiv
    __pow__ = ops.pow
    __rpow__ = fn.elementwise.rpow
    __neg__ = ops.neg
    __abs__ = ops.abs
    __matmul__ = fn.linalg.matmul
    __lt__ = ops.lt
    __le__ = ops.le
    __gt__ = ops.gt
    __ge__ = ops.ge
    __eq__: ClassVar[Callable[..., Any]] = ops.eq  # type: ignore[assignment]
    __ne__: ClassVar[Callable[..., Any]] = ops.ne  # type: ignore[assignment]
    __getitem__ = fn.index.getitem

    # -- elementwise -------------------------------------------------------------------------------

    add, add_ = fn.elementwise.add, inplace(fn.elementwise.add)
    mul, mul_ = ops.mul, inplace(ops.mul)
    exp = ops.exp
    log = ops.log
    tanh = ops.tanh
    sigmoid = ops.sigmoid
    relu = ops.relu

    # -- reductions --------------------------------------------------------------------------------

    sum = fn.reduce.sum
    mean = fn.reduce.mean
    argmax = fn.reduce.argmax

    # -- shape -------------------------------------------------------------------------------------

    reshape = fn.shape.reshape
    swapaxes = transpose = fn.shape.transpose
    T = property(fn.shape.t)


TYPES.add(Tensor)
install(Tensor, View)
