"""`Function`: an operation with a forward and a backward of the user's own.

Its backward is written on Tensors. It is itself recorded when the gradient is to be
differentiated again, so a Function made of differentiable operations has all orders.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from tinygrad_nn.autograd.mode import no_grad
from tinygrad_nn.errors import AutogradError, DTypeError, ShapeError, message
from tinygrad_nn.primitive import PICK, TYPES, Primitive, node_of, wrap
from tinygrad_nn.tape import Node, local
from tinygrad_nn.versions import Overwritten, stamp
from tinygrad_nn.views import FUNCTION, View, adopt, has_base, refuse_leaf

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class FunctionCtx:
    """What a Function's forward hands to its backward: saved tensors, and any attribute set on it."""

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self.materialize_grads = True
        self._to_save: tuple[Any, ...] = ()
        self._unpacked: tuple[Any, ...] | None = None
        self._not_differentiable: tuple[Any, ...] = ()
        self._dirty: tuple[Any, ...] = ()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep inputs or outputs (or None) for `saved_tensors`; in-place writes to them are noticed."""
        for tensor in tensors:
            if tensor is not None and type(tensor) not in TYPES:
                raise DTypeError(
                    message(
                        "save_for_backward can only save tensors",
                        got=type(tensor).__name__,
                        fix="set other values as attributes of ctx",
                    )
                )
        self._to_save = tensors

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors given to `save_for_backward`."""
        if self._unpacked is None:
            raise AutogradError(message("saved_tensors can be read in backward only"))
        return self._unpacked

    def mark_non_differentiable(self, *outputs: Any) -> None:
        """These outputs get no gradient."""
        self._not_differentiable = outputs

    def mark_dirty(self, *inputs: Any) -> None:
        """These inputs were written in place by the forward."""
        self._dirty = inputs

    def set_materialize_grads(self, value: bool) -> None:
        """Whether an output without a gradient gives zeros to backward (True), or None."""
        self.materialize_grads = value


class _Saved:
    """Stands in the saved tuple for output k, whose array the node keeps."""

    def __init__(self, k: int) -> None:
        self.k = k


class Function:
    """Subclass with two static methods and call `apply`.

    >>> import tinygrad_nn as tg
    >>> class Cube(tg.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x * x
    ...     @staticmethod
    ...     def backward(ctx, grad_output):
    ...         (x,) = ctx.saved_tensors
    ...         return grad_output * 3 * x * x
    >>> x = tg.tensor(2.0, requires_grad=True)
    >>> Cube.apply(x).backward()
    >>> x.grad
    tensor(12.)
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """forward(ctx, *args), or forward(*args) with a separate `setup_context`."""
        raise AutogradError(message("a Function needs a static method forward(ctx, *inputs)"))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Save what backward needs, if forward takes no ctx."""

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """The gradient for each input of forward (None where there is none)."""
        raise AutogradError(message("a Function needs a static method backward(ctx, *grad_outputs)"))

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """Run forward and put the operation on the tape."""
        parents = tuple([node_of(arg) for arg in args])
        ctx = FunctionCtx(tuple([parent is not None for parent in parents]))
        with no_grad():
            if cls.setup_context is not Function.setup_context:
                result = cls.forward(*args)
                cls.setup_context(ctx, args, result)
            else:
                result = cls.forward(ctx, *args)
        outputs = list(result) if isinstance(result, (tuple, list)) else [result]
        recording = local.mode.grad and any(parent is not None for parent in parents)
        for tensor in ctx._dirty:
            refuse_leaf(tensor, cls.__name__)
            if recording and len(outputs) > 1 and has_base(tensor):
                raise AutogradError(
                    message(
                        f"{cls.__name__}: a Function that writes in place to a view may return that tensor alone",
                        got=f"{len(outputs)} outputs, and mark_dirty of a view of shape {tuple(tensor.array.shape)}",
                        fix="write into a copy: x = x.clone(); or return one tensor",
                    )
                )
            stamp(tensor, cls.__name__)
        if recording:
            outputs = _record(cls, ctx, parents, args, outputs)
        return tuple(outputs) if isinstance(result, (tuple, list)) else outputs[0]


def _record(
    cls: type[Function], ctx: FunctionCtx, parents: tuple[Node | None, ...], args: tuple[Any, ...], outputs: list[Any]
) -> list[Any]:
    """Give the outputs a common node, whose one rule is the user's backward."""
    made = [out for out in outputs if type(out) in TYPES]
    saved = tuple([_Saved(_place(t, made)) if _place(t, made) >= 0 else t for t in ctx._to_save])
    keeps = any(type(item) is _Saved for item in saved)
    ctx._to_save = ()
    node = Node(
        _primitive_of(cls), parents, (ctx, saved), tuple([out.array for out in made]) if keeps else None,
        tuple([out.array.shape for out in made]), tuple([out.array.dtype for out in made]), local.mode.scope,
    )  # fmt: skip
    results = []
    for out in outputs:
        if type(out) not in TYPES or any(out is t for t in ctx._not_differentiable) or out.array.dtype.kind not in "fV":
            results.append(out)
            continue
        k = _place(out, made)
        made_here = Node(PICK, (node,), (k,), None, out.array.shape, out.array.dtype, local.mode.scope)
        if any(out is t for t in ctx._dirty):
            adopt(out, made_here)
        else:
            if any(out is arg for arg in args):
                alias = wrap(out.array)
                alias._view = View.between(out, alias, None, ())
                out = alias
            if out._view is not None:
                out._view.origin = FUNCTION
            out.node = made_here
        results.append(out)
    ctx._dirty = ctx._not_differentiable = ()
    return results


def _place(tensor: Any, among: list[Any]) -> int:
    return next((k for k, other in enumerate(among) if other is tensor), -1)


def _primitive_of(cls: type[Function]) -> Primitive:
    """The Function as a primitive (not registered: it belongs to the user)."""
    made: Primitive | None = cls.__dict__.get("_primitive")
    if made is None:
        made = Primitive(cls.__name__, lambda ctx, saved: None, (), arity=0, multi=True)
        made.joint, made.keeps = _rule_of(cls), True
        cls._primitive = made  # type: ignore[attr-defined]
    return made


def _rule_of(cls: type[Function]) -> Callable[[Any, list[Any]], tuple[Any, ...]]:
    def rule(g: tuple[Any, ...], env: list[Any]) -> tuple[Any, ...]:
        outs, node, _, _, ctx, saved = env
        traced = any(type(part) in TYPES for part in g)
        ctx._unpacked = tuple([_unpack(item, outs) for item in saved])
        try:
            shares = cls.backward(
                ctx, *[None if part is None else part if traced else wrap(np.asarray(part)) for part in g]
            )
        finally:
            ctx._unpacked = None
        return _checked(cls, shares, node, traced)

    return rule


def _unpack(item: Any, outs: Any) -> Any:
    if type(item) is _Saved:
        item = outs[item.k]
        if type(item) is Overwritten:
            raise AutogradError(item.text)
    return item if item is None or type(item) in TYPES else wrap(item)


def _checked(cls: type[Function], shares: Any, node: Node, traced: bool) -> tuple[Any, ...]:
    """The user's gradients: as many as inputs, tensors or None, of the inputs' shapes (or larger: the walk sums them)."""
    given = list(shares) if isinstance(shares, (tuple, list)) else [shares]
    count = len(node.parents)
    while len(given) > count and given[-1] is None:
        given.pop()
    if len(given) != count:
        raise AutogradError(
            message(
                f"function {cls.__name__}Backward returned an incorrect number of gradients",
                got=f"{len(given)}, for {count} inputs of forward",
                fix="return one gradient per input, None where there is none",
            )
        )
    out: list[Any] = []
    for k, (share, parent) in enumerate(zip(given, node.parents, strict=True)):
        if share is None or parent is None:
            out.append(None)
            continue
        if type(share) not in TYPES:
            raise DTypeError(message(f"{cls.__name__}.backward must return tensors or None", got=type(share).__name__))
        if share.array.shape != parent.shape and not _sums_to(share.array.shape, parent.shape):
            raise ShapeError(
                message(
                    f"Function {cls.__name__}Backward returned an invalid gradient at index {k}",
                    got=f"a gradient of shape {tuple(share.array.shape)} for an input of shape {tuple(parent.shape)}",
                    fix="return one of the input's shape",
                )
            )
        out.append(share if traced else share.array)
    return tuple(out)


def _sums_to(shape: tuple[int, ...], smaller: tuple[int, ...]) -> bool:
    """Whether `smaller` broadcasts to `shape`."""
    lead = len(shape) - len(smaller)
    return lead >= 0 and all(n in (1, m) for m, n in zip(shape[lead:], smaller))


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a backward that cannot be differentiated again; trying to is an error."""

    @wraps(backward)
    def wrapper(ctx: Any, *grad_outputs: Any) -> Any:
        recording = local.mode.grad
        with no_grad():
            result = backward(ctx, *grad_outputs)
        if not recording:
            return result
        results = result if isinstance(result, tuple) else (result,)
        parents = tuple([node_of(g) for g in grad_outputs]) + tuple([node_of(t) for t in ctx.saved_tensors])
        if any(parent is not None for parent in parents):
            for tensor in results:
                if type(tensor) in TYPES:
                    tensor.node = Node(_ONCE, parents, (), None, tensor.array.shape, tensor.array.dtype, None)
        return result

    return wrapper


def _refuse(g: Any, env: list[Any]) -> tuple[Any, ...]:
    raise AutogradError(
        message(
            "trying to differentiate twice a function that was marked with @once_differentiable",
            fix="remove the decorator",
        )
    )


_ONCE = Primitive("once_differentiable", lambda x: x, (), arity=0)
_ONCE.joint = _refuse
