"""Function transforms: from a function of tensors to the function that computes its derivatives.

All of them are the walk, asked in different ways, and nest in any order. `jvp` is exact: the vjp
is linear in its cotangent, so the vjp of the vjp is the forward derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any

import numpy as np

from tinygrad_nn.autograd.backward import grad as differentiate
from tinygrad_nn.autograd.mode import enable_grad
from tinygrad_nn.errors import AutogradError, DTypeError, message
from tinygrad_nn.flags import switches
from tinygrad_nn.ops.shape import reshape, stack
from tinygrad_nn.primitive import TYPES, node_of, wrap
from tinygrad_nn.tape import Node

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

__all__ = ["functional_call", "grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "vjp"]

Argnums = int | tuple[int, ...]


def _function(name: str, func: Any) -> None:
    """TypeError for what cannot be called."""
    if not callable(func):
        raise DTypeError(
            message(
                f"{name}: takes a function of tensors",
                got=f"{type(func).__name__} {func!r:.40}",
                fix=f"func.{name}(f)(x)",
            )
        )


@switches
def grad(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that computes the gradient of a scalar function.

    >>> import tinygrad_nn as tg
    >>> grad(grad(lambda x: x**3))(tg.tensor(2.0))
    tensor(12.)
    """
    _function("grad", func)

    @wraps(func)
    def gradient(*args: Any, **kwargs: Any) -> Any:
        slopes, value = grad_and_value(func, argnums, has_aux)(*args, **kwargs)
        return (slopes, value[1]) if has_aux else slopes

    return gradient


@switches
def grad_and_value(func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False) -> Callable[..., Any]:
    """The function that computes (gradient, value), or (gradient, (value, aux)) with `has_aux`."""
    _function("grad_and_value", func)

    @wraps(func)
    def both(*args: Any, **kwargs: Any) -> Any:
        places = _places(argnums, len(args))
        with enable_grad():
            inputs = list(args)
            for k in places:
                inputs[k] = _map(_fresh, args[k])
            result = func(*inputs, **kwargs)
            value, aux = _split(result, has_aux)
            if type(value) not in TYPES or value.array.size != 1 or value.array.ndim:
                got = f"shape {tuple(value.shape)}" if type(value) in TYPES else type(value).__name__
                raise AutogradError(
                    message("grad: the function must return a scalar tensor", got=got, fix="reduce it, or use jacrev")
                )
            leaves = [leaf for k in places for leaf in _leaves(inputs[k])]
            slopes = iter(_settled(_slopes([value], leaves, None), leaves))
            shaped = tuple([_map(lambda _: next(slopes), inputs[k]) for k in places])
            (value,) = _settled([value], leaves)
            aux = _map(lambda t: _settled([t], leaves)[0], aux)
        return (shaped[0] if isinstance(argnums, int) else shaped), ((value, aux) if has_aux else value)

    return both


@switches
def vjp(func: Callable[..., Any], *primals: Any, has_aux: bool = False) -> Any:
    """(func(*primals), v -> v times the Jacobian), and aux last with `has_aux`.

    >>> import tinygrad_nn as tg
    >>> y, pull = vjp(lambda x: x.sin(), tg.tensor([0.0, 1.0]))
    >>> pull(tg.ones(2))[0]
    tensor([1.0000, 0.5403])
    """
    _function("vjp", func)
    with enable_grad():
        inputs = [_map(_fresh, primal) for primal in primals]
        result, aux = _split(func(*inputs), has_aux)
    leaves = [leaf for item in inputs for leaf in _leaves(item)]
    outputs = _leaves(result)

    def pull(*cotangents: Any) -> Any:
        with enable_grad():
            given = cotangents[0] if len(cotangents) == 1 and type(result) not in TYPES else cotangents
            vs = _leaves(given)
            slopes = iter(_settled(_slopes(outputs, leaves, vs), leaves))
        return tuple([_map(lambda _: next(slopes), item) for item in inputs])

    settled = iter(_settled(outputs, leaves))
    shown = _map(lambda _: next(settled), result)
    aux = _map(lambda t: _settled([t], leaves)[0], aux)
    return (shown, pull, aux) if has_aux else (shown, pull)


@switches
def jvp(func: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...], *, has_aux: bool = False) -> Any:
    """(func(*primals), Jacobian times tangents), and aux last with `has_aux`.

    >>> import tinygrad_nn as tg
    >>> jvp(lambda x: x * x, (tg.tensor(3.0),), (tg.tensor(1.0),))
    (tensor(9.), tensor(6.))
    """
    _function("jvp", func)
    if not isinstance(primals, tuple) or not isinstance(tangents, tuple) or len(primals) != len(tangents):
        raise AutogradError(
            message(
                "jvp: primals and tangents are tuples of one length",
                got=f"{type(primals).__name__}, {type(tangents).__name__}",
            )
        )
    with enable_grad():
        inputs = [_map(_fresh, primal) for primal in primals]
        result, aux = _split(func(*inputs), has_aux)
        leaves = [leaf for item in inputs for leaf in _leaves(item)]
        outputs = _leaves(result)
        weights = [_recorded(np.zeros_like(out.array)) for out in outputs]  # any point will do: the map is linear
        pulled = _slopes(outputs, leaves, weights)
        directions = [direction for tangent in tangents for direction in _leaves(tangent)]
        pushed = iter(_settled(_slopes(pulled, weights, directions), [*leaves, *weights]))
    derivative = _map(lambda _: next(pushed), result)
    settled = iter(_settled(outputs, leaves))
    shown = _map(lambda _: next(settled), result)
    aux = _map(lambda t: _settled([t], leaves)[0], aux)
    return (shown, derivative, aux) if has_aux else (shown, derivative)


@switches
def jacrev(func: Callable[..., Any], argnums: Argnums = 0, *, has_aux: bool = False) -> Callable[..., Any]:
    """The function that computes the Jacobian, one backward walk per output element.

    Its shape is output shape + input shape.
    """
    _function("jacrev", func)

    @wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        places = _places(argnums, len(args))

        def chosen(*parts: Any) -> Any:
            inputs = list(args)
            for k, part in zip(places, parts, strict=True):
                inputs[k] = part
            return func(*inputs, **kwargs)

        pulled = vjp(chosen, *[args[k] for k in places], has_aux=has_aux)
        outputs, pull = pulled[0], pulled[1]

        def block(out: Any) -> Any:
            rows = [pull(*_basis(outputs, out, k)) for k in range(out.array.size)]
            columns = [_assembled([row[j] for row in rows], out.array.shape, True) for j in range(len(places))]
            return columns[0] if isinstance(argnums, int) else tuple(columns)

        result = _map(block, outputs)
        return (result, pulled[2]) if has_aux else result

    return jacobian


@switches
def jacfwd(func: Callable[..., Any], argnums: Argnums = 0, *, has_aux: bool = False) -> Callable[..., Any]:
    """The function that computes the Jacobian, one `jvp` per input element."""
    _function("jacfwd", func)

    @wraps(func)
    def jacobian(*args: Any, **kwargs: Any) -> Any:
        places = _places(argnums, len(args))
        columns: list[Any] = []
        aux = None
        for k in places:
            x = args[k]

            def along(part: Any, k: int = k) -> Any:
                return func(*args[:k], part, *args[k + 1 :], **kwargs)

            pushes = []
            for j in range(x.array.size):
                pushed = jvp(along, (x,), (_unit(x, j),), has_aux=has_aux)
                pushes.append(pushed[1])
                aux = pushed[2] if has_aux else None
            first = pushes[0]
            if type(first) in TYPES:
                columns.append(_assembled(pushes, x.array.shape, False))
            else:
                columns.append(
                    type(first)([_assembled(list(group), x.array.shape, False) for group in zip(*pushes, strict=True)])
                )
        result = columns[0] if isinstance(argnums, int) else tuple(columns)
        return (result, aux) if has_aux else result

    return jacobian


def hessian(func: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """The function that computes the matrix of second derivatives: forward over reverse.

    >>> import tinygrad_nn as tg
    >>> hessian(lambda x: (x**3).sum())(tg.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    _function("hessian", func)
    return jacfwd(jacrev(func, argnums), argnums)


@switches
def functional_call(
    module: Any, parameter_and_buffer_dicts: Mapping[str, Any] | tuple[Mapping[str, Any], ...], args: Any = None,
    kwargs: dict[str, Any] | None = None, *, tie_weights: bool = True, strict: bool = False,
) -> Any:  # fmt: skip
    """module(*args) with other tensors in place of its parameters and buffers, by name.

    Raises KeyError for a name that the module does not have; with `strict`, RuntimeError for one left out.
    """
    given: dict[str, Any] = {}
    for part in (
        parameter_and_buffer_dicts if isinstance(parameter_and_buffer_dicts, tuple) else (parameter_and_buffer_dicts,)
    ):
        given.update(part)
    named = {
        **dict(module.named_parameters(remove_duplicate=False)),
        **dict(module.named_buffers(remove_duplicate=False)),
    }
    unknown = [name for name in given if name not in named]
    if unknown:
        raise KeyError(f"functional_call: the module has no parameter or buffer named {', '.join(unknown)}")
    if strict and set(named) - set(given):
        raise AutogradError(
            message("functional_call: strict, but names are missing", got=sorted(set(named) - set(given)))
        )
    if tie_weights:
        aliases = {
            name: other for other in given for name in named if name not in given and named[name] is named[other]
        }
        given.update({name: given[other] for name, other in aliases.items()})
    swapped: list[tuple[dict[str, Any], str, Any]] = []
    try:
        for name, tensor in given.items():
            path, _, leaf = name.rpartition(".")
            owner = module.get_submodule(path)
            table = owner._parameters if leaf in owner._parameters else owner._buffers
            swapped.append((table, leaf, table[leaf]))
            table[leaf] = tensor
        positional = () if args is None else args if isinstance(args, tuple) else (args,)
        return module(*positional, **(kwargs or {}))
    finally:
        for table, leaf, tensor in reversed(swapped):
            table[leaf] = tensor


# -- pieces ----------------------------------------------------------------------------------------


def _fresh(x: Tensor) -> Tensor:
    """A stand-in for `x` with a node of its own, still joined to the history of `x`, if it has one."""
    if x.array.dtype.kind not in "fV":
        raise AutogradError(
            message("only floating tensors can be differentiated by", got=f"dtype {x.dtype}", fix="x.float()")
        )
    if node_of(x) is not None:
        return reshape(x, x.array.shape)  # type: ignore[no-any-return]
    return _recorded(x.array)  # type: ignore[no-any-return]


def _recorded(array: Any) -> Any:
    return wrap(array).requires_grad_()


def _slopes(outputs: list[Any], inputs: list[Any], cotangents: list[Any] | None) -> list[Any]:
    """The gradients as Tensors that can be differentiated again; zeros where there is no dependence."""
    pairs = [
        (out, None if cotangents is None else cotangents[k])
        for k, out in enumerate(outputs)
        if node_of(out) is not None
    ]
    if not pairs:
        return [wrap(np.zeros_like(x.array)) for x in inputs]
    outs, vs = zip(*pairs, strict=True)
    return list(differentiate(outs, inputs, vs, retain_graph=True, create_graph=True, materialize_grads=True))


def _settled(results: list[Any], stand_ins: list[Any]) -> list[Any]:
    """Results as the caller sees them: without history, unless it reaches beyond the stand-ins."""
    own = {node for x in stand_ins if (node := node_of(x)) is not None and node.primitive is None}
    return [wrap(t.array) if node_of(t) is not None and not _reaches_beyond(node_of(t), own) else t for t in results]


def _reaches_beyond(node: Node | None, own: set[Node]) -> bool:
    seen: set[Node] = set()
    stack = [node]
    while stack:
        current = stack.pop()
        if current is None or current in seen or current in own:
            continue
        if current.primitive is None:
            return True
        seen.add(current)
        stack.extend(current.parents)
    return False


def _places(argnums: Argnums, count: int) -> tuple[int, ...]:
    places = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for k in places:
        if not -count <= k < count:
            raise AutogradError(
                message("argnums names an argument that was not given", got=f"{k}, with {count} positional arguments")
            )
    return tuple([k % count for k in places])


def _split(result: Any, has_aux: bool) -> tuple[Any, Any]:
    if not has_aux:
        return result, None
    if not isinstance(result, tuple) or len(result) != 2:
        raise DTypeError(message("with has_aux, the function returns (output, aux)", got=type(result).__name__))
    return result


def _leaves(item: Any) -> list[Any]:
    """The tensors of a nested structure, in order."""
    if type(item) in TYPES:
        return [item]
    if isinstance(item, Mapping):
        return [leaf for value in item.values() for leaf in _leaves(value)]
    if isinstance(item, (tuple, list)):
        return [leaf for value in item for leaf in _leaves(value)]
    return []


def _map(change: Callable[[Any], Any], item: Any) -> Any:
    """A nested structure with each tensor changed."""
    if type(item) in TYPES:
        return change(item)
    if isinstance(item, Mapping):
        return {key: _map(change, value) for key, value in item.items()}
    if isinstance(item, (tuple, list)):
        return type(item)([_map(change, value) for value in item])
    return item


def _unit(like: Any, k: int) -> Any:
    array = np.zeros_like(like.array)
    array.flat[k] = 1
    return wrap(array)


def _basis(outputs: Any, out: Any, k: int) -> tuple[Any, ...]:
    """Cotangents that are zero but for element k of `out`."""
    made = _map(lambda t: _unit(t, k) if t is out else wrap(np.zeros_like(t.array)), outputs)
    return (made,)


def _assembled(parts: list[Any], shape: tuple[int, ...], first: bool) -> Any:
    """One part per element of `shape`, as one tensor with that shape in front (or behind)."""
    if type(parts[0]) not in TYPES:
        if isinstance(parts[0], Mapping):
            return {key: _assembled([part[key] for part in parts], shape, first) for key in parts[0]}
        return type(parts[0])([_assembled(list(group), shape, first) for group in zip(*parts, strict=True)])
    rest = parts[0].array.shape
    if first:
        return reshape(stack(tuple(parts), 0), (*shape, *rest))
    return reshape(stack(tuple(parts), len(rest)), (*rest, *shape))
