"""A primitive: a forward on arrays and, beside it, one rule per operand. And what a call of one does.

    mul = primitive("mul", np.multiply, lambda g, y: g * y, lambda g, x: g * x, elementwise=True)

A rule takes the cotangent `g` of the result and gives the cotangent of its operand. What else it
reads it names: operands and parameters as in the forward's signature, `out` for the result,
`shape` for its operand's shape, `position` for the operand's place in a list, `residual` for what
the forward computed on the way (see `primitive`). Only what is named is kept for the backward pass.

Rules are written in operators and primitives, so the same rule computes on arrays and, given
Tensors, is itself recorded: that is the gradient of the gradient.

No rule repairs a shape or a dtype: the walk reduces or broadcasts each cotangent to its operand.

Called on plain arrays a primitive runs its forward. Called on Tensors it also promotes dtypes,
records a `Node`, and tells the tracer if one is listening. The two commonest forms have a calling
function each, kept flat because a small network spends its time there; `apply` serves the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from typing import Any

import numpy as np
from numpy import ndarray

from tinygrad_nn.complaint import explained
from tinygrad_nn.dtypes import default_float, result_dtype
from tinygrad_nn.errors import DTypeError, ShapeError, message
from tinygrad_nn.half import is_half, twin
from tinygrad_nn.order import converted, merged
from tinygrad_nn.tape import TYPES, Node, local, tick

__all__ = ["REGISTRY", "TYPES", "Primitive", "apply", "install", "lasting", "node_of", "primitive", "wrap"]

Rule = Callable[..., Any]
Layout = Any
"""A function of `order`, or False."""

SINGLE, DOUBLE = np.dtype(np.float32), np.dtype(np.float64)

REGISTRY: dict[str, Primitive] = {}
"""Every primitive by name, in the order of definition. The table of gradient tests has the same keys."""

_new = object.__new__
_Tensor: Any = None
_View: Any = None


def install(tensor: type, view: type) -> None:
    """Say which class wraps results, and which one describes a view (tensor.py calls this once)."""
    global _Tensor, _View
    _Tensor, _View = tensor, view


class Primitive:
    """What an operation is: see the module's docstring."""

    __slots__ = (
        "arity", "elementwise", "floats", "forward", "half", "joint", "keeps", "layout", "masks", "multi", "name",
        "parameters", "partial", "reads", "reads_out", "refuses", "residual", "rules", "saves", "saves_out", "spares", "twin",
        "variadic", "view",
    )  # fmt: skip

    def __init__(
        self, name: str, forward: Callable[..., Any], rules: tuple[Rule | None, ...], *, arity: int | None,
        elementwise: bool = False, floats: bool = False, variadic: bool = False, multi: bool = False,
        view: bool = False, joint: Rule | None = None, spares: tuple[str, ...] = (),
        refuses: Callable[[Any, Any], None] | None = None, half: str = "wide", layout: Layout | None = None,
        partial: bool = False,
    ) -> None:  # fmt: skip
        if isinstance(forward, np.ufunc):
            self.parameters = ("x", "y")[: forward.nin]
        else:
            self.parameters = forward.__code__.co_varnames[: forward.__code__.co_argcount]
        named = {word for rule in (*rules, joint) if rule is not None for word in _words(rule)}
        unknown = named - {*self.parameters, "out", "shape", "position", "residual"}
        if unknown:
            raise TypeError(f"primitive {name}: a rule reads {sorted(unknown)}, which the forward does not take")
        self.name = name
        self.forward = forward
        self.arity = arity if arity is not None else len(rules) or 1
        self.joint = None if joint is None else _bound(joint, self.parameters)
        self.rules = tuple(None if rule is None else _bound(rule, self.parameters) for rule in rules)
        self.saves = tuple(word in named for word in self.parameters)
        self.reads = tuple(
            tuple(word in (_words(rule) if rule is not None else ()) for word in self.parameters) for rule in rules
        )
        self.masks: dict[tuple[bool, ...], tuple[bool, ...]] = {}  # which arguments to keep, by which operands need it
        self.reads_out = tuple(rule is not None and "out" in _words(rule) for rule in rules)
        self.saves_out = "out" in named
        self.residual = "residual" in named
        self.spares = tuple(self.parameters.index(word) for word in spares)
        self.keeps = self.saves_out or self.residual or joint is not None or any(self.saves[: self.arity or 1])
        self.elementwise, self.floats, self.variadic, self.multi, self.view = elementwise, floats, variadic, multi, view
        self.refuses = refuses
        self.half = half
        self.layout = layout
        self.partial = partial
        self.twin: Primitive | None = None  # what runs in its place on 16-bit operands, once there were some

    def __repr__(self) -> str:
        return f"<primitive {self.name}({', '.join(self.parameters)})>"


def primitive(
    name: str, forward: Callable[..., Any], *rules: Rule | None, arity: int | None = None, elementwise: bool = False,
    floats: bool = False, variadic: bool = False, multi: bool = False, view: bool = False, joint: Rule | None = None,
    spares: tuple[str, ...] = (), refuses: Callable[[Any, Any], None] | None = None, half: str = "wide",
    layout: Layout | None = None, partial: bool = False,
) -> Callable[..., Any]:  # fmt: skip
    """Define a primitive, register it, and return the function that calls it.

    elementwise: operands are promoted to one dtype (and with `floats`, integers to a float)
    variadic:    the first parameter is a list of tensors, and its one rule serves each of them
    multi:       the forward returns a tuple, and `g` is the tuple of cotangents: with `partial`, None for a result
                 that was not used, else zeros
    A rule that reads `residual`: the forward returns (result, residual), and the rule gets the residual
    while it computes on arrays, or as a Tensor if it is one array that need not be differentiated. Else it
    gets None, and must compute what it needs from the operands. None, too, if the residual shared memory
    with the result and was written over. A residual never shares memory with an operand.
    spares:      operands whose elements the rule does not read while it has its residual: they may have been
                 written over in the meantime
    joint:       one rule that gives the cotangents of all operands, as a tuple, where they share work
    view:        the result shares the operand's memory (where NumPy can)
    refuses:     called with two operands of different types, as they are before promotion (or widening); raises
                 for a mix that is not defined
    half:        how it takes 16-bit operands: "wide", "rules" or "moves" (see `half`)
    layout:      how a result lies in memory that becomes a Tensor, where NumPy's own choice is not PyTorch's: a
                 function of `order`, called with the result and the operands; False where NumPy's surely is
    No rules, or None for an operand: no gradient flows there. The first `arity` parameters are tensors.
    """
    made = Primitive(
        name, forward, rules, arity=arity, elementwise=elementwise, floats=floats, variadic=variadic, multi=multi,
        view=view, joint=joint, spares=spares, refuses=refuses, half=half, layout=layout,
        partial=partial,
    )  # fmt: skip
    if name in REGISTRY:
        raise TypeError(f"primitive {name} is defined twice")
    REGISTRY[name] = made
    if elementwise and len(made.parameters) == 1:
        call = _unary(made)
    elif elementwise and len(made.parameters) == 2:
        call = _binary(made)
    elif made.arity == 1 and not (variadic or multi or joint):
        call = _unary_with_parameters(made)
    elif len(made.parameters) == made.arity == 3 and not (variadic or multi or joint or made.residual or view):
        call = _ternary(made)
    else:

        def call(*args: Any) -> Any:
            return apply(made, args)

    call.__name__ = call.__qualname__ = name
    call.primitive = made  # type: ignore[attr-defined]
    return call


def lasting(call: Callable[..., Any]) -> Callable[..., Any]:
    """A primitive of two or three operands whose last is a number, as (a part of) another operation.

    What `x * 2` keeps is freed by the first backward pass, and a second one is refused. An operation that keeps
    nothing in the user's eyes (`mean`, `add` with `alpha`, `lerp` by a number) may be walked again.
    """
    made: Primitive = copy(call.primitive)  # type: ignore[attr-defined]
    made.keeps = False
    return _binary(made) if made.arity == 2 else _ternary(made)


def _words(rule: Rule) -> tuple[str, ...]:
    """The names that a rule reads besides its cotangent."""
    return rule.__code__.co_varnames[1 : rule.__code__.co_argcount]


def _bound(rule: Rule, parameters: tuple[str, ...]) -> Callable[[Any, list[Any]], Any]:
    """The rule as `f(g, env)`, where env is [out, shape, position, residual, *args]."""
    places = {"out": 0, "shape": 1, "position": 2, "residual": 3, **{word: k for k, word in enumerate(parameters, 4)}}
    reads = tuple(places[word] for word in _words(rule))
    if len(reads) == 0:
        return lambda g, env: rule(g)
    if len(reads) == 1:
        (i,) = reads
        return lambda g, env: rule(g, env[i])
    if len(reads) == 2:
        i, j = reads
        return lambda g, env: rule(g, env[i], env[j])
    return lambda g, env: rule(g, *[env[k] for k in reads])


# -- calling -----------------------------------------------------------------------------------


def wrap(array: Any, node: Node | None = None) -> Any:
    """A Tensor around `array`, made by `node`."""
    t = _new(_Tensor)
    t.array = array if type(array) is ndarray else np.asarray(array)
    t.node = node
    t._grad = t._view = None
    t._written = 0
    return t


def node_of(value: Any) -> Node | None:
    """The node that made `value`, as of now: a view whose base was written has a new history."""
    if type(value) not in TYPES:
        return None
    node: Node | None = value.node if value._view is None else value._view.node_of(value)
    return node


def _unary(p: Primitive) -> Callable[..., Any]:
    forward, saves, saves_out, floats, layout = p.forward, p.saves[0], p.saves_out, p.floats, p.layout
    differentiable = any(p.rules)
    composed = layout is None and not isinstance(forward, np.ufunc)  # may order repeated elements in another way

    def call(x: Any, /) -> Any:
        if type(x) not in TYPES:
            return forward(_array(p, x))
        a = x.array
        kind = a.dtype
        if kind is not SINGLE and kind is not DOUBLE:
            if floats and kind.kind in "iub":
                a = a.astype(default_float())
            if is_half(a):
                return _halved(p, (_with(x, a),))
        try:
            out = forward(a)
        except TypeError as error:
            raise explained(p, (x,), error) from None
        if type(out) is not ndarray:
            out = np.asarray(out)
        if layout:
            out = layout(out, a)
        elif not a.flags.c_contiguous and (
            composed or len({*a.strides}) < a.ndim
        ):  # windows: NumPy leaves them in rows
            out = merged(out, a)
        mode = local.mode
        node = None
        if differentiable and mode.grad:
            parent = x.node if x._view is None else x._view.node_of(x)
            if parent is not None:
                node = _new(Node)  # as Node(...) does, without the call
                node.primitive = p
                node.parents = (parent,)
                node.args = (x if saves else None,)
                node.out = out if saves_out else None
                node.shape = out.shape
                node.dtype = out.dtype
                node.scope = mode.scope
                node.order = tick()
                node.watch = None
        t = _new(_Tensor)
        t.array = out
        t.node = node
        t._grad = t._view = None
        t._written = 0
        if mode.tracer is not None:
            mode.tracer.saw(p, (x,), t)
        return t

    return call


def _binary(p: Primitive) -> Callable[..., Any]:
    forward, saves_out, floats = p.forward, p.saves_out, p.floats
    differentiable = any(p.rules)
    (u_reads_x, u_reads_y), (v_reads_x, v_reads_y) = p.reads if differentiable else ((False, False),) * 2
    u_reads_out, v_reads_out = p.reads_out if differentiable else (False, False)
    merges = p.layout is None  # of a number and an array: as the array, if nothing else is said

    def call(x: Any, y: Any, /) -> Any:
        u = v = None
        if type(x) in TYPES:
            a = x.array
            u = x.node if x._view is None else x._view.node_of(x) if differentiable else None
            if type(y) in TYPES:
                b = y.array
                v = y.node if y._view is None else y._view.node_of(y) if differentiable else None
                kind = a.dtype
                if kind is not b.dtype or (kind is not SINGLE and kind is not DOUBLE):
                    if kind != b.dtype and (u is not None or v is not None or a.itemsize == 2 or b.itemsize == 2):
                        return call(*_cast(p, x, y))
                    if kind is not b.dtype or floats:
                        a, b = _promoted(p, a, b)
                    if is_half(a):
                        return _halved(p, (_with(x, a), _with(y, b)))
            elif (type(y) is float or type(y) is int) and (a.dtype is SINGLE or a.dtype is DOUBLE):
                b = y
            else:
                a, b = _beside(p, a, y)
                if is_half(a):
                    return _halved(p, (_with(x, a), b))
        elif type(y) in TYPES:
            b = y.array
            v = y.node if y._view is None else y._view.node_of(y) if differentiable else None
            if (type(x) is float or type(x) is int) and (b.dtype is SINGLE or b.dtype is DOUBLE):
                a = x
            else:
                a, b = _beside(p, x, b)
                if is_half(b):
                    return _halved(p, (a, _with(y, b)))
        else:
            return forward(_array(p, x, y), y)
        try:
            out = forward(a, b)
        except (ValueError, TypeError) as error:
            raise explained(p, (x, y), error) from None
        if type(out) is not ndarray:
            out = np.asarray(out)
        if type(a) is not ndarray:
            if merges and not b.flags.c_contiguous:
                out = merged(out, b)
        elif not a.flags.c_contiguous:
            out = merged(out, a, b)  # NumPy prefers rows where the operands disagree, PyTorch the first one
        mode = local.mode
        node = None
        if differentiable and mode.grad and (u is not None or v is not None):
            if u is None:
                kept, keeps_out = (x if v_reads_x else None, y if v_reads_y else None), v_reads_out
            elif v is None:
                kept, keeps_out = (x if u_reads_x else None, y if u_reads_y else None), u_reads_out
            else:
                kept = (x if u_reads_x or v_reads_x else None, y if u_reads_y or v_reads_y else None)
                keeps_out = saves_out
            node = _new(Node)  # as Node(...) does, without the call
            node.primitive = p
            node.parents = (u, v)
            node.args = kept
            node.out = out if keeps_out else None
            node.shape = out.shape
            node.dtype = out.dtype
            node.scope = mode.scope
            node.order = tick()
            node.watch = None
        t = _new(_Tensor)
        t.array = out
        t.node = node
        t._grad = t._view = None
        t._written = 0
        if mode.tracer is not None:
            mode.tracer.saw(p, (x, y), t)
        return t

    return call


def _unary_with_parameters(p: Primitive) -> Callable[..., Any]:
    forward, saves_x, saves_out, view, residual = p.forward, p.saves[0], p.saves_out, p.view, p.residual
    differentiable, holds_data, computes = any(p.rules), bool(DATA & set(p.parameters)), p.half != "moves"
    layout = p.layout

    def call(x: Any, /, *parameters: Any) -> Any:
        if type(x) not in TYPES:
            return apply(p, (x, *parameters)) if holds_data or residual else forward(x, *parameters)
        kind = x.array.dtype
        if kind is not SINGLE and kind is not DOUBLE and computes and is_half(x.array):
            return _halved(p, (x, *parameters))
        try:
            out = forward(x.array, *[_data(q) for q in parameters]) if holds_data else forward(x.array, *parameters)
        except (ValueError, TypeError, IndexError, ShapeError) as error:
            raise explained(p, (x, *parameters), error) from None
        if residual:
            out, kept = out
        if type(out) is not ndarray:
            out = np.asarray(out)
        if layout and out.ndim > 1:
            out = layout(out, x.array, *parameters)
        mode = local.mode
        node = None
        if differentiable and mode.grad:
            parent = x.node if x._view is None else x._view.node_of(x)
            if parent is not None:
                args = (x if saves_x else None, *parameters)
                node = Node(
                    p, (parent,), (kept, *args) if residual else args, out if saves_out else None,
                    out.shape, out.dtype, mode.scope,
                )  # fmt: skip
        t = _new(_Tensor)
        t.array = out
        t.node = node
        t._grad = t._view = None
        t._written = 0
        if view:
            t._view = _View.between(x, t, p, (None, *parameters))
        if mode.tracer is not None:
            mode.tracer.saw(p, (x, *parameters), t)
        return t

    return call


def _data(parameter: Any) -> Any:
    """A parameter with arrays for its Tensors."""
    if type(parameter) in TYPES:
        return parameter.array
    return _raw(parameter) if type(parameter) is tuple or type(parameter) is list else parameter


def _ternary(p: Primitive) -> Callable[..., Any]:
    forward, saves_out, layout = p.forward, p.saves_out, p.layout

    def call(x: Any, y: Any, z: Any, /) -> Any:
        a, b, c = x, y, z
        u = v = w = None
        if type(x) in TYPES:
            a = x.array
            u = x.node if x._view is None else x._view.node_of(x)
        if type(y) in TYPES:
            b = y.array
            v = y.node if y._view is None else y._view.node_of(y)
        if type(z) in TYPES:
            c = z.array
            w = z.node if z._view is None else z._view.node_of(z)
        if a is x and b is y and c is z:
            return forward(x, y, z)
        kind = b.dtype if type(b) is ndarray else c.dtype if type(c) is ndarray else SINGLE
        if kind is not SINGLE and kind is not DOUBLE and kind.itemsize == 2 and kind.kind in "fV":
            return _halved(p, (x, y, z))
        try:
            out = forward(a, b, c)
        except (ValueError, TypeError, RuntimeError) as error:
            raise explained(p, (x, y, z), error) from None
        if type(out) is not ndarray:
            out = np.asarray(out)
        if layout:
            out = layout(out, a, b, c)
        mode = local.mode
        node = None
        if mode.grad and (u is not None or v is not None or w is not None):
            parents = (u, v, w)
            kept = _kept(p, parents, (x, y, z))
            keeps_out = saves_out and _keeps_out(p, parents)
            node = _new(Node)
            node.primitive = p
            node.parents = parents
            node.args = kept
            node.out = out if keeps_out else None
            node.shape = out.shape
            node.dtype = out.dtype
            node.scope = mode.scope
            node.order = tick()
            node.watch = None
        t = _new(_Tensor)
        t.array = out
        t.node = node
        t._grad = t._view = None
        t._written = 0
        if mode.tracer is not None:
            mode.tracer.saw(p, (x, y, z), t)
        return t

    return call


DATA = {"index", "target", "positions"}
"""Names of parameters that may be, or hold, tensors: data without a gradient."""


def apply(p: Primitive, args: tuple[Any, ...]) -> Any:
    """Call any primitive: all of its parameters, positionally, tensor operands first."""
    arrays = []
    found = not p.arity  # without operands (a sampler), the result is a Tensor always
    for arg in args:
        if type(arg) in TYPES:
            arrays.append(arg.array)
            found = True
            if arg.array.itemsize == 2 and p.half != "moves" and is_half(arg.array):
                return _halved(p, args)
        elif type(arg) is tuple or type(arg) is list:
            raw = _raw(arg)
            arrays.append(raw)
            if raw is not arg:
                found = True
                if p.half != "moves" and any([type(a) is ndarray and is_half(a) for a in raw]):
                    return _halved(p, args)
        else:
            arrays.append(arg)
    if not found:
        return p.forward(*arrays)[0] if p.residual else p.forward(*arrays)
    try:
        out = p.forward(*arrays)
    except (ValueError, TypeError, IndexError, ShapeError) as error:
        raise explained(p, args, error) from None
    if p.layout:
        out = (p.layout(out[0], *arrays), out[1]) if p.residual else p.layout(np.asarray(out), *arrays)
    return recorded(p, args, out)


def _halved(p: Primitive, args: tuple[Any, ...]) -> Any:
    """Call the twin of a primitive that has met a 16-bit operand."""
    if p.half == "moves":
        return apply(p, args)
    if p.twin is None:
        p.twin = twin(p, lambda x, kind: apply(REGISTRY["cast"], (x, kind)))
    return apply(p.twin, args)


def recorded(p: Primitive, args: tuple[Any, ...], out: Any) -> Any:
    """The result `out` of p(*args) as a Tensor (a tuple of them, if p gives several), on the tape."""
    mode = local.mode
    node = None
    if p.residual:
        out, residual = out
    if type(out) is not ndarray and not p.multi:
        out = np.asarray(out)
    if mode.grad and (p.rules or p.joint):
        parents = []
        traced = False
        for operand in args[0] if p.variadic else args[: p.arity]:
            parent = node_of(operand)
            parents.append(parent)
            traced = traced or parent is not None
        if traced:
            kept = _kept(p, parents, args)
            if p.residual:
                kept = (residual, *kept)
            shape = tuple([part.shape for part in out]) if p.multi else out.shape
            dtype = tuple([part.dtype for part in out]) if p.multi else out.dtype
            keeps_out = p.saves_out and _keeps_out(p, parents)
            node = Node(p, tuple(parents), kept, out if keeps_out else None, shape, dtype, mode.scope)
    if p.multi:
        result: Any = tuple([_picked(node, k, array, mode.scope) for k, array in enumerate(out)])
    else:
        result = wrap(out, node)
        if p.view:
            result._view = _View.between(args[0], result, p, args)
    if mode.tracer is not None:
        mode.tracer.saw(p, args, result)
    return result


def _kept(p: Primitive, parents: Sequence[Node | None], args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments that the rules which will run read; None for the others."""
    needed = tuple([parent is not None for parent in parents])
    masks = p.masks.get(needed)
    if masks is None:
        reads = [p.saves] if p.variadic or p.joint is not None else [r for r, wanted in zip(p.reads, needed) if wanted]
        masks = p.masks[needed] = tuple([any(column) for column in zip(*reads)])
    return tuple([arg if keep else None for arg, keep in zip(args, masks)])


def _keeps_out(p: Primitive, parents: Sequence[Node | None]) -> bool:
    """Whether a rule that will run reads the result."""
    if p.variadic or p.joint is not None:
        return True
    return any([reads and parent is not None for reads, parent in zip(p.reads_out, parents)])


def _picked(node: Node | None, k: int, array: Any, scope: Any) -> Any:
    """Output k of a primitive that gives several: a node of its own, which hands its cotangent on."""
    array = np.asarray(array)
    if node is None or array.dtype.kind not in "fV":
        return wrap(array)
    return wrap(array, Node(PICK, (node,), (k,), None, array.shape, array.dtype, scope))


PICK = Primitive("pick", lambda x, k: x[k], (lambda g: g,), arity=1)
"""Not an operation of its own: the step from a tuple of results to one of them."""


def _raw(items: tuple[Any, ...] | list[Any]) -> tuple[Any, ...] | list[Any]:
    """The list or tuple with the arrays of the Tensors in it; itself, if there are none."""
    for item in items:
        if type(item) in TYPES:
            return tuple([item.array if type(item) in TYPES else item for item in items])
    return items


def _array(p: Primitive, x: Any, y: Any = None) -> Any:
    """Operands that are not Tensors: an array is among them, or the call is a mistake."""
    if isinstance(x, (ndarray, np.generic)) or isinstance(y, (ndarray, np.generic)) or hasattr(x, "__array_ufunc__"):
        return x
    kind = type(x).__name__ if y is None else f"{type(x).__name__} and {type(y).__name__}"
    raise DTypeError(message(f"{p.name}: operands must be tensors", got=kind, fix="wrap the data in tensor(...)"))


def _promoted(p: Primitive, a: Any, b: Any) -> tuple[Any, Any]:
    """Two operands of different dtypes as arrays of the one that PyTorch's rules give."""
    a, b = _constant(p, a), _constant(p, b)
    if p.refuses is not None:
        p.refuses(a, b)
    kind = result_dtype(a, b)
    if p.floats and kind.kind in "iub":
        kind = default_float()
    return _as_kind(a, kind), _as_kind(b, kind)


def _beside(p: Primitive, a: Any, b: Any) -> tuple[Any, Any]:
    """A tensor's array and what stands beside it: a number stays one beside floats, so that it is exact."""
    array, value = (a, b) if type(a) is ndarray else (b, a)
    if (type(value) is float or type(value) is int) and array.dtype.kind in "fV":
        return a, b
    return _promoted(p, a, b)


def _cast(p: Primitive, x: Any, y: Any) -> list[Any]:
    """Two tensors of different dtypes as tensors of the common one: gradients are then computed in that one too."""
    if p.refuses is not None:
        p.refuses(x.array, y.array)
    kind = result_dtype(x.array, y.array)
    if p.floats and kind.kind in "iub":
        kind = default_float()
    return [t if t.array.dtype == kind else apply(REGISTRY["cast"], (t, kind)) for t in (x, y)]


def _with(x: Any, array: Any) -> Any:
    """The tensor x, cast to the dtype of `array` (which is its own, or its own promoted)."""
    return x if x.array.dtype == array.dtype else apply(REGISTRY["cast"], (x, array.dtype))


def _as_kind(value: Any, kind: Any) -> Any:
    return (
        converted(value.astype(kind, copy=False), value) if isinstance(value, ndarray) else np.array(value).astype(kind)
    )


def _constant(p: Primitive, value: Any) -> Any:
    """An operand that may stand beside a tensor: an array, a number (NumPy's too)."""
    if isinstance(value, (ndarray, bool, int, float)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    raise DTypeError(
        message(
            f"{p.name}: an operand is neither a tensor nor a number", got=type(value).__name__, fix="use tensor(...)"
        )
    )
