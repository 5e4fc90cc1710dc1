"""The tape: what one operation leaves behind for the backward pass, and whether it leaves anything.

A `Tensor` is an array and a `Node`. Nodes point backward only (to the nodes of their operands),
never to the tensor that they made, so the tape has no reference cycles. Walking it is the business
of `autograd.walk`; writing it, of `primitive`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

from tinygrad_nn.errors import AutogradError, DTypeError, message

if TYPE_CHECKING:
    from tinygrad_nn.primitive import Primitive

__all__ = ["FREED", "TYPES", "Mode", "Node", "Tracer", "Watch", "current_mode", "edits", "local", "tick", "watch"]

tick = count(1).__next__
"""The clock: every node and every in-place write takes the next number. A node is newer than its
operands, so descending numbers are a topological order; and a saved tensor is stale exactly if it
was written after the node that saved it."""


class Edits:
    """How often something was changed that a compiled program takes for granted: an attribute of a module, a mode,
    a hook, a tensor's `.data` or `requires_grad`. While the count stands still, nobody needs to look."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


edits = Edits()


TYPES: set[type] = set()
"""The classes whose instances are recorded: Tensor and its subclasses."""


class Watch:
    """What only some nodes have: the tensor whose `.grad` to fill, hooks, the user's line that made it."""

    __slots__ = ("after", "hooks", "line", "shadows", "tensor")

    def __init__(self) -> None:
        self.tensor: Callable[[], Any] = nothing  # weak reference, for leaves and retained gradients
        self.hooks: dict[int, Callable[[Any], Any]] = {}
        self.after: dict[int, Callable[[Any], Any]] = {}  # called with a leaf once its .grad has been added to
        self.line: tuple[str, int] | None = None
        self.shadows: list[
            Callable[[], Any]
        ] = []  # weak references to Tensors that share the result's memory (views.py)

    def run_hooks(self, cotangent: Any) -> Any:
        """The cotangent (a Tensor) after each hook, which may replace it by returning another."""
        for hook in tuple(self.hooks.values()):
            replaced = hook(cotangent)
            if replaced is not None:
                _check_replaced(hook, cotangent, replaced)
                cotangent = replaced
        return cotangent


def _check_replaced(hook: Any, given: Any, replaced: Any) -> None:
    """Raise where a hook's answer is no gradient of the same tensor."""
    name = getattr(hook, "__name__", type(hook).__name__)
    if type(replaced) not in TYPES:
        raise DTypeError(
            message(
                f"hook '{name}' must return a tensor or None",
                got=type(replaced).__name__,
                fix="return g * 2, or nothing",
            )
        )
    for what, before, after in (
        ("size", tuple(given.array.shape), tuple(replaced.array.shape)),
        ("type", given.dtype, replaced.dtype),
    ):
        if before != after:
            raise AutogradError(
                message(
                    f"hook '{name}' has changed the {what} of value",
                    got=f"{after} for a gradient of {before}",
                    fix="return a gradient of the same shape and dtype",
                )
            )


def nothing() -> None:
    """The weak reference of a watch that fills no `.grad`."""


class Node:
    """One operation that happened: which, to which operands, and what its rules need to know.

    parents: for each tensor operand its node, or None where no gradient flows
    args:    the operands and parameters that some rule reads (other operands are None)
    out:     the result's array, where a rule reads it
    A leaf (a tensor that the user made, with `requires_grad`) has a node without a primitive.
    """

    __slots__ = ("args", "dtype", "order", "out", "parents", "primitive", "scope", "shape", "watch")

    def __init__(
        self, primitive: Primitive | None, parents: tuple[Node | None, ...], args: tuple[Any, ...], out: Any,
        shape: Any, dtype: Any, scope: Any,
    ) -> None:  # fmt: skip
        self.primitive = primitive
        self.parents = parents
        self.args = args
        self.out = out
        self.shape = shape
        self.dtype = dtype
        self.scope = scope
        self.order: int = tick()
        self.watch: Watch | None = None

    @property
    def name(self) -> str:
        """The operation's name; "leaf" for a tensor that the user made."""
        return self.primitive.name if self.primitive is not None else "leaf"

    @property
    def next_functions(self) -> tuple[tuple[Node | None, int], ...]:
        """The nodes of the operands, as PyTorch lists them."""
        return tuple((parent, 0) for parent in self.parents)

    def __repr__(self) -> str:
        title = "".join(part.capitalize() for part in self.name.split("_"))
        return f"<{title}Backward0 object>" if self.primitive is not None else "<AccumulateGrad object>"


def watch(node: Node) -> Watch:
    """The node's `Watch`, made at the first call."""
    if node.watch is None:
        node.watch = Watch()
    return node.watch


FREED: tuple[Any, ...] = ("freed",)
"""What `Node.args` holds once a backward pass has used and released it."""


class Tracer:
    """Who listens (`Mode.tracer`) is told of each of these, and overrides what it is interested in.

    While a tracer listens, the walk hands Tensors around, so that the rules' own operations are seen too.
    """

    whole_rules = False
    """Whether a rule that needs more than one array of what its forward kept is seen as one operation (and computes
    what it computes in an eager walk), instead of making it all again from the operands."""

    def saw(self, primitive: Primitive, args: tuple[Any, ...], result: Any) -> None:
        """A primitive was called on Tensors; `result` is a Tensor or a tuple of them."""

    def failed(self, primitive: Primitive, args: tuple[Any, ...], error: Exception) -> None:
        """A primitive's forward raised; what it raised goes on to the caller."""

    def wrote(self, target: Any, value: Any, name: str) -> None:
        """`value` is about to be written into the tensor `target`, by the method `name`."""

    def read(self, tensor: Any) -> None:
        """Python wants a tensor's value: item(), bool(), tolist()."""

    def constant(self, tensor: Any, word: str) -> None:
        """The engine made a tensor that is the same in every run: the 1 that a walk starts from."""

    def enters(self, node: Node) -> None:
        """A walk is about to run the rules of `node`."""

    def rule_gave(self, node: Node, parent: Node, share: Any) -> None:
        """A rule of `node` gave `parent` its share of the cotangent."""

    def accumulates(self, tensor: Any) -> None:
        """`backward` is about to add to `tensor.grad`, or to set it where there is none."""

    def replaces_grad(self, tensor: Any) -> None:
        """`tensor.grad` is about to be set, or dropped (`zero_grad`), whatever it was."""

    def finished(self) -> None:
        """A walk is over."""

    def rebinds(self, tensor: Any, value: Any) -> None:
        """`tensor.data` is about to become that of `value`."""

    def effect(self, act: Callable[[], Any]) -> None:
        """Something happens besides computing, which `act` would do again: a schedule goes on."""

    def option(self, table: dict[str, Any], key: str) -> Any:
        """`table[key]`, an optimizer's option, as what is to be computed with."""
        return table[key]

    def optimizer(self, optimizer: Any) -> None:
        """The `step` of an optimizer begins."""

    def refuse(self, what: str, got: object = None, fix: str | None = None) -> None:
        """What happens here is nothing that could be written down."""

    def guard(self, look: Callable[[], Any]) -> None:
        """What runs now depends on `look()`, which is not a tensor: an optimizer's options, say."""

    def belongs(self, tensor: Any, name: str, parameter: Any) -> None:
        """`tensor` is what an optimizer keeps (or computes) under `name` for a parameter; None: for several."""


class Mode:
    """What the running thread does with an operation besides computing it."""

    __slots__ = ("autocast", "grad", "inference", "scope", "tracer")

    def __init__(self) -> None:
        self.grad = True  # record nodes
        self.autocast: Any = None  # the dtype in which `autocast` runs products, for those who ask
        self.inference = False  # inside `inference_mode`, for those who ask
        self.scope: Any = None  # the module whose forward is running
        self.tracer: Tracer | None = None  # sees every primitive call: compile's recorder, anomaly mode


class _Local(threading.local):
    def __init__(self) -> None:
        self.mode = Mode()


local = _Local()


def current_mode() -> Mode:
    """The running thread's `Mode`."""
    return local.mode
