"""Sums of products over named dimensions: `einsum`, and `tensordot` as a case of it."""

from __future__ import annotations

from functools import lru_cache
from string import ascii_letters
from typing import TYPE_CHECKING, Any

from tinygrad_nn.complaint import aligned
from tinygrad_nn.dtypes import result_dtype
from tinygrad_nn.errors import ArgumentError, DTypeError, OperandError, ShapeError, message
from tinygrad_nn.functions.autocast import RUNNING, lowered
from tinygrad_nn.functions.checks import array_of, same_dtype, tensors, within
from tinygrad_nn.functions.elementwise import to_dtype
from tinygrad_nn.functions.linalg import contracted_axes
from tinygrad_nn.ops import linalg as ops
from tinygrad_nn.ops import shape as shapes
from tinygrad_nn.ops.reduce import sum as total

if TYPE_CHECKING:
    from tinygrad_nn.tensor import Tensor

Label = str | int
"""A dimension's name: a letter of the equation, or an integer for one that the ellipsis stands for."""
Shape = tuple[int, ...]
Diagonals = tuple[tuple[int, int], ...]
Step = tuple[Diagonals, Shape | None]
"""What brings an operand to the primitive's form: diagonals to take, then a shape to give it (None: as it is)."""


def einsum(*args: Any) -> Tensor:
    """Einstein's summation: `einsum("ij,jk->ik", a, b)` multiplies, and sums over letters that the output lacks.

    A letter twice in one operand takes the diagonal; `...` stands for the remaining dimensions, which
    broadcast; without `->` the output has the letters that occur once, in alphabetical order (capitals
    first), after those of the ellipsis. Dimensions of size 1 broadcast. One operand, nothing summed: a view. The sublist form
    `einsum(a, [0, 1], b, [1, 2], [0, 2])` names dimensions by integers below 52.

    Raises RuntimeError for an equation that does not fit the operands.

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([[1, 2], [3, 4]])
    >>> tg.einsum("ij,j->i", x, tg.tensor([1, 1])).tolist(), tg.einsum("ii", x).item()
    ([3, 7], 5)
    """
    equation, operands = _equation_and_operands(args)
    for place, operand in enumerate(operands):
        tensors("einsum", **{f"operand {place}": operand})
    explicit, steps = _plan(equation, tuple([tuple(operand.shape) for operand in operands]))
    if len(operands) > 1 and _multiplies(explicit):
        if RUNNING:
            operands = list(lowered(*operands))
        _check_dtypes(operands)
    return _contracted(explicit, steps, _one_dtype(operands))  # type: ignore[no-any-return]


def _multiplies(explicit: str) -> bool:
    """Whether there is a sum of products: then PyTorch computes a matrix product."""
    inputs, _, output = explicit.partition("->")
    terms = inputs.split(",")
    return any(letter not in output and sum(letter in term for term in terms) > 1 for letter in set(inputs) - {","})


def _check_dtypes(operands: list[Any]) -> None:
    """A matrix product takes one dtype, and no bools (RuntimeError)."""
    same_dtype("einsum", **{f"operand {k}": operand for k, operand in enumerate(operands)})
    if operands[0].dtype.name == "bool":
        raise OperandError(message("einsum: a sum of products is not defined for bool", fix="x.float()"))


def _contracted(explicit: str, steps: tuple[Step, ...], operands: list[Any]) -> Any:
    """The primitive on the operands, brought to the form that it knows."""
    plain = []
    for x, (diagonals, size) in zip(operands, steps, strict=True):
        for i, j in diagonals:
            x = shapes.diagonal(x, 0, i, j)
        plain.append(x if size is None else shapes.reshape(x, size))
    if len(plain) == 1:
        return _of_one(plain[0], *explicit.split("->"))
    return ops.einsum(tuple(plain), explicit)


def _of_one(x: Any, letters: str, wanted: str) -> Any:
    """One operand: a view in the output's order, summed over the letters that the output lacks."""
    lost = [letter for letter in letters if letter not in wanted]
    x = shapes.permute(x, tuple([letters.index(letter) for letter in (*wanted, *lost)]))
    return total(x, tuple(range(len(wanted), x.ndim)), False) if lost else x


@lru_cache(maxsize=1024)
def _plan(equation: str, sizes: tuple[Shape, ...]) -> tuple[str, tuple[Step, ...]]:
    """The equation as the primitive knows it, and for each operand what brings it there."""
    inputs, output = _terms(equation, len(sizes))
    labels = [_labels(term, shape, place) for place, (term, shape) in enumerate(zip(inputs, sizes, strict=True))]
    wanted = _output_labels(output, labels)
    _check_output(wanted, labels)
    diagonals, plain = [], []
    for place, (shape, term) in enumerate(zip(sizes, labels, strict=True)):
        taken, left = _without_repeats(shape, term, place)
        diagonals.append(taken)
        plain.append(left)
    explicit, kept = _explicit(equation, plain, wanted)
    return explicit, tuple(zip(diagonals, kept, strict=True))


# -- reading the equation --------------------------------------------------------------------------


def _equation_and_operands(args: tuple[Any, ...]) -> tuple[str, list[Any]]:
    """Either form of the arguments as an equation and its operands."""
    if not args or (len(args) == 1 and isinstance(args[0], str)):
        raise ArgumentError(
            message(
                "einsum: must specify the equation string and at least one operand, or operands and subscript lists"
            )
        )
    if isinstance(args[0], str):
        given = args[1:]
        if len(given) == 1 and isinstance(given[0], (list, tuple)):
            given = tuple(given[0])
        return args[0], list(given)
    operands, sublists = list(args[0::2]), list(args[1::2])
    output = ""
    if len(args) % 2:
        output = "->" + _letters(operands.pop())
    return ",".join(_letters(sublist) for sublist in sublists) + output, operands


def _letters(sublist: Any) -> str:
    """A list of integers (and Ellipsis) as letters: 0 is A, 26 is a, as PyTorch numbers them."""
    if not isinstance(sublist, (list, tuple)):
        raise DTypeError(message("einsum: operands and lists of subscripts alternate", got=type(sublist).__name__))
    text = ""
    for item in sublist:
        if item is Ellipsis:
            text += "..."
        elif isinstance(item, int) and 0 <= item < 52:
            text += chr(65 + item) if item < 26 else chr(97 + item - 26)
        else:
            raise ArgumentError(
                message("einsum: subscripts in a list must be Ellipsis or integers in [0, 52)", got=repr(item))
            )
    return text


def _terms(equation: str, count: int) -> tuple[list[str], str | None]:
    """The operands' subscripts and the output's (None if it is implicit), spaces removed, each checked."""
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    inputs = left.split(",")
    if len(inputs) != count:
        more = "fewer" if count < len(inputs) else "more"
        raise OperandError(
            message(
                f"einsum(): {more} operands were provided than specified in the equation",
                got=f"{count} for {equation!r}",
            )
        )
    for term in (*inputs, *([right] if arrow else [])):
        rest = term.replace("...", "", 1)
        wrong = next((letter for letter in rest if letter not in ascii_letters), None)
        if wrong is not None:
            fault = (
                "found '.' that is not part of one ellipsis"
                if wrong == "."
                else f"invalid subscript {wrong!r}: subscripts must be in [a-zA-Z]"
            )
            raise OperandError(message(f"einsum(): {fault}", got=f"{term!r} in {equation!r}"))
    return inputs, right if arrow else None


def _labels(term: str, shape: Shape, place: int) -> list[Label]:
    """One name per dimension of the operand; those of the ellipsis are -1 for its last dimension, -2, ..."""
    before, dots, after = term.partition("...")
    named = len(before) + len(after)
    extra = len(shape) - named
    if extra < 0 or (extra > 0 and not dots):
        raise ShapeError(
            message(
                f"einsum(){within()}: the number of subscripts ({named}) does not match "
                f"the number of dimensions ({len(shape)}) for operand {place}"
                + ("" if dots else " and no ellipsis was given"),
                got=f"{term!r} for shape {shape}",
                fix=None if dots or extra < 0 else f"write '...{term}' to let the leading dimensions broadcast",
            )
        )
    return [*before, *range(-extra, 0), *after]


def _output_labels(output: str | None, labels: list[list[Label]]) -> list[Label]:
    every = [label for term in labels for label in term]
    widest = max((-label for label in every if isinstance(label, int)), default=0)
    spread: list[Label] = list(range(-widest, 0))
    if output is None:
        letters = sorted(label for label in set(every) if isinstance(label, str) and every.count(label) == 1)
        return [*spread, *letters]
    before, dots, after = output.partition("...")
    return [*before, *(spread if dots else []), *after]


def _check_output(wanted: list[Label], labels: list[list[Label]]) -> None:
    known = {label for term in labels for label in term}
    for label in wanted:
        if wanted.count(label) > 1:
            raise OperandError(message(f"einsum(): output subscript {label} appears more than once in the output"))
        if label not in known:
            raise OperandError(
                message(f"einsum(): output subscript {label} does not appear in the equation for any input operand")
            )


def _one_dtype(operands: list[Any]) -> list[Any]:
    if len({array_of(operand).dtype for operand in operands}) == 1:
        return operands
    kind = result_dtype(*[array_of(operand) for operand in operands])
    return [to_dtype(operand, kind) for operand in operands]


# -- to the primitive, which knows letters only, each once in an operand -----------------------------


def _without_repeats(shape: Shape, labels: list[Label], place: int) -> tuple[Diagonals, list[tuple[Label, int]]]:
    """The diagonals to take, one for each repetition, and the labels and sizes that are left."""
    left = list(zip(labels, shape, strict=True))
    taken = []
    for label in labels:
        while (names := [name for name, _ in left]).count(label) > 1:
            i = names.index(label)
            j = names.index(label, i + 1)
            if left[i][1] != left[j][1]:
                raise ShapeError(
                    message(
                        f"einsum(){within()}: subscript {label} is repeated for operand {place} "
                        f"but the sizes don't match, {left[j][1]} != {left[i][1]}",
                        got=f"shape {shape}",
                    )
                )
            taken.append((i, j))
            left = [item for k, item in enumerate(left) if k not in (i, j)] + [left[i]]
    return tuple(taken), left


def _explicit(
    equation: str, plain: list[list[tuple[Label, int]]], wanted: list[Label]
) -> tuple[str, list[Shape | None]]:
    """Letters for the labels, and for each operand its shape without the dimensions of size 1 that broadcast."""
    sizes: dict[Label, int] = {}
    seen: dict[Label, int] = {}
    for place, term in enumerate(plain):
        for label, n in term:
            if sizes.get(label, 1) == 1:
                sizes[label], seen[label] = n, place
            elif n not in (1, sizes[label]):
                raise ShapeError(_disagreement(equation, label, plain, seen[label], place))
    letters = dict(zip(sizes, ascii_letters, strict=False))
    terms: list[str] = []
    kept: list[Shape | None] = []
    for term in plain:
        full = [(label, n) for label, n in term if n == sizes[label]]
        terms.append("".join(letters[label] for label, _ in full))
        kept.append(None if len(full) == len(term) else tuple([n for _, n in full]))
    return ",".join(terms) + "->" + "".join(letters[label] for label in wanted), kept


def _disagreement(equation: str, label: Label, plain: list[list[tuple[Label, int]]], first: int, second: int) -> str:
    a, b = plain[first], plain[second]
    if isinstance(label, int):
        spread = [tuple(n for name, n in term if isinstance(name, int)) for term in (a, b)]
        return (
            f"einsum(){within()}: the dimensions of the ellipsis do not broadcast in {equation!r}\n{aligned(*spread)}"
        )
    x, y = tuple(n for _, n in a), tuple(n for _, n in b)
    return message(
        f"einsum(){within()}: subscript {label} has size {dict(b)[label]} for operand {second} "
        f"which does not broadcast with previously seen size {dict(a)[label]}",
        got=f"{equation!r} with shapes {x} (operand {first}) and {y} (operand {second})",
        fix=f"both dimensions named {label} must be equal, or one of them 1",
    )


def tensordot(a: Any, b: Any, dims: Any = 2) -> Tensor:
    """Products summed over the last `dims` dimensions of `a` and the first of `b`, or over two lists of dimensions.

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([[1, 2], [3, 4]])
    >>> tg.tensordot(x, x, dims=([0], [0])).tolist()
    [[10, 14], [14, 20]]
    """
    tensors("tensordot", a=a, b=b)
    first, second = contracted_axes("tensordot", dims, a, b)
    if RUNNING and a.ndim + b.ndim > 2 * len(first):  # all summed is a dot product, which is not cast
        a, b = lowered(a, b)
    same_dtype("tensordot", a=a, b=b)
    for i, j in zip(first, second, strict=True):
        if 1 not in (a.shape[i], b.shape[j]) and a.shape[i] != b.shape[j]:
            raise ShapeError(
                message(
                    f"tensordot: contracted dimensions need to match, but first has size {a.shape[i]} in dim {i} "
                    f"and second has size {b.shape[j]} in dim {j}",
                    got=f"{tuple(a.shape)} and {tuple(b.shape)}",
                )
            )
    names = iter(range(a.ndim + b.ndim))
    left: list[Label] = [ascii_letters[next(names)] for _ in range(a.ndim)]
    right: list[Label] = [
        left[first[second.index(k)]] if k in second else ascii_letters[next(names)] for k in range(b.ndim)
    ]
    kept = [left[k] for k in range(a.ndim) if k not in first] + [right[k] for k in range(b.ndim) if k not in second]
    labelled = [[*zip(left, a.shape, strict=True)], [*zip(right, b.shape, strict=True)]]
    explicit, sizes = _explicit("tensordot", labelled, kept)
    return _contracted(explicit, tuple([((), size) for size in sizes]), [a, b])  # type: ignore[no-any-return]
