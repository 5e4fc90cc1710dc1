"""A model's forward pass as a list of operations under their modules' paths: what TensorBoard folds and draws."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tinygrad_nn.autograd import no_grad
from tinygrad_nn.primitive import TYPES
from tinygrad_nn.tape import Tracer, local

__all__ = ["Operation", "operations"]


@dataclass
class Operation:
    """A box of the graph: its path ("encoder/0/linear"), its kind, the paths that it reads, its result's shape."""

    path: str
    kind: str
    inputs: list[str] = field(default_factory=list)
    shape: tuple[int, ...] = ()


def operations(model: Any, args: tuple[Any, ...]) -> list[Operation]:
    """Run `model(*args)` in evaluation mode without gradients; inputs, parameters, operations, outputs in order."""
    recorder = _Recorder(type(model).__name__)
    for k, tensor in enumerate(_tensors(args)):
        recorder.add(f"input/{k}", "Placeholder", tensor)
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        recorder.add(f"{recorder.root}/{name.replace('.', '/')}", "Parameter", tensor)
    before, local.mode.tracer = local.mode.tracer, recorder
    if before is not None:
        before.refuse("another listener takes the recording's place", fix="look at the model outside the step")
    flags = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        with no_grad():
            result = model(*args)
    finally:
        local.mode.tracer = before
        for module, flag in flags:
            module.training = flag
    for k, tensor in enumerate(_tensors(result)):
        made_by = [recorder.place_of(tensor)]
        recorder.found.append(Operation(f"output/{k}", "Output", made_by, tuple(tensor.shape)))
    return recorder.found


class _Recorder(Tracer):
    """Sees every operation, and remembers by which one each tensor was made."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.found: list[Operation] = []
        self.places: dict[int, str] = {}
        self.kept: list[Any] = []  # so that no number is given to another tensor
        self.counts: dict[str, int] = {}

    def add(self, path: str, kind: str, tensor: Any, inputs: list[str] | None = None) -> None:
        """A box, and the tensor that stands for its result."""
        self.found.append(Operation(path, kind, inputs or [], tuple(tensor.shape)))
        self._remember(tensor, path)

    def _remember(self, tensor: Any, path: str) -> None:
        self.places[id(tensor)] = path
        self.kept.append(tensor)

    def place_of(self, tensor: Any) -> str:
        """Where the tensor comes from; what no operation made is a constant."""
        if id(tensor) not in self.places:
            self.add(self._numbered(f"{self._scope()}/constant"), "Const", tensor)
        return self.places[id(tensor)]

    def saw(self, primitive: Any, args: tuple[Any, ...], result: Any) -> None:
        """One operation happened."""
        results = result if isinstance(result, tuple) else (result,)
        inputs = [self.place_of(tensor) for tensor in _tensors(args)]
        path = self._numbered(f"{self._scope()}/{primitive.name}")
        self.add(path, primitive.name, results[0], inputs)
        for other in results[1:]:
            self._remember(other, path)

    def _scope(self) -> str:
        scope = local.mode.scope
        if scope is None or scope.parent is None:
            return self.root
        return f"{self.root}/{str(scope).replace('.', '/')}"

    def _numbered(self, path: str) -> str:
        k = self.counts[path] = self.counts.get(path, -1) + 1
        return path if not k else f"{path}_{k}"


def _tensors(value: Any) -> list[Any]:
    """The tensors of nested tuples, lists and dicts, in order."""
    if type(value) in TYPES:
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else ()
    return [tensor for part in parts for tensor in _tensors(part)]
