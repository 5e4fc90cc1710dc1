"""`viz.on_error`: when a computation fails, its graph up to that place, as a page."""

from __future__ import annotations

import os
import sys
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

from tinygrad_nn.errors import message
from tinygrad_nn.primitive import TYPES, Primitive
from tinygrad_nn.tape import local
from tinygrad_nn.train.callbacks import Callback
from tinygrad_nn.viz.build import build
from tinygrad_nn.viz.model import Edge, Item, Model
from tinygrad_nn.viz.names import Names, is_ours
from tinygrad_nn.viz.page import save_page
from tinygrad_nn.viz.record import Entry, Recording
from tinygrad_nn.viz.summary import shape_text

if TYPE_CHECKING:
    from tinygrad_nn.train.loop import Training

__all__ = ["on_error"]

_KEEP = 2000
"""Operations kept: the last so many, so that a long run fits in memory."""


class on_error(Callback):  # noqa: N801 - reads as a sentence: with viz.on_error("crash.html")
    """If the block raises, write the graph up to the operation that failed, in red, with the shapes that
    did not fit; then let the exception go on. A line on stderr says where the page is.

    The last 2,000 operations are kept while the block runs. Interrupts (Ctrl-C) draw nothing. In `train.fit` it
    is a callback, `callbacks=[viz.on_error("crash.html")]`, which keeps the operations of the running step.

    >>> import tempfile, tinygrad_nn as tg
    >>> from tinygrad_nn import viz
    >>> path = tempfile.mkdtemp() + "/crash.html"
    >>> with viz.on_error(path, quiet=True):
    ...     tg.ones(2, 3) @ tg.ones(2, 3)
    Traceback (most recent call last):
    tinygrad_nn.errors.ShapeError: matmul: the inner sizes differ...
    >>> "matmul" in open(path, encoding="utf-8").read()
    True
    """

    def __init__(self, path: str | os.PathLike[str], *, params: Any = None, quiet: bool = False) -> None:
        self.path, self.params, self.quiet = path, params, quiet
        self._tapes: list[_LastOperations] = []

    def __enter__(self) -> None:
        self._tapes.append(_LastOperations())
        self._tapes[-1].__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        tape = self._tapes.pop()
        tape.__exit__()
        if not isinstance(error, Exception):
            return
        before, local.mode.tracer = local.mode.tracer, None
        try:
            written = save_page(self._model(tape, error, trace), self.path, title=_title(error))
            said = f"viz: the graph of this error is in {written}"
        except Exception as problem:  # the user's own error is the one that matters
            said = f"viz: the graph of this error could not be drawn: {problem}"
        finally:
            local.mode.tracer = before
        if not self.quiet:
            print(said, file=sys.stderr)

    def on_fit_begin(self, training: Training) -> None:
        """Keep what happens."""
        self.params = self.params or training.model
        self.__enter__()

    def on_batch_end(self, training: Training) -> None:
        """This step went well: it need not be kept."""
        self._tapes[-1].forget()

    def on_fit_end(self, training: Training) -> None:
        """Draw, if training is ending by an error."""
        if self._tapes:
            self.__exit__(*sys.exc_info())

    def _model(self, tape: _LastOperations, error: Exception, trace: TracebackType | None) -> Model:
        names = Names()
        names.add(self.params)
        places = _places(trace)
        for frame, _ in places:
            if not is_ours(frame):
                names.add_frame(frame)
        if tape.entries and tape.entries[-1].error is not None:
            tape.entries[-1].error = error  # the same one, after it was explained
            return build([], recording=tape, names=names, entries=tape.behind([tape.entries[-1]]))
        return _with_failure(tape, names, places, error)


def _title(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"


Place = tuple[FrameType, int]


def _places(trace: TracebackType | None) -> list[Place]:
    """The functions that the exception came through, each with its line, innermost first."""
    found = []
    while trace is not None:
        found.append((trace.tb_frame, trace.tb_lineno))
        trace = trace.tb_next
    return found[::-1]


class _LastOperations(Recording):
    """A recording that lets go of what is long past."""

    def forget(self) -> None:
        """Begin anew."""
        self.entries.clear()
        self.maker.clear()
        self.leaves.clear()
        self.walks.clear()

    def _enter(self, primitive: Primitive, args: tuple[Any, ...], results: tuple[Any, ...]) -> Entry:
        entry = super()._enter(primitive, args, results)
        if len(self.entries) >= 2 * _KEEP:
            del self.entries[:-_KEEP]
            kept = set(self.entries)
            self.maker = {key: made for key, made in self.maker.items() if made in kept}
            used = {tensor for made in kept for _, tensor in made.operands()}
            self.leaves = {tensor: array for tensor, array in self.leaves.items() if tensor in used}
            self.walks.clear()
        return entry


def _with_failure(tape: Recording, names: Names, places: list[Place], error: Exception) -> Model:
    """The error was not an operation's own: a red box for it, fed by the tensors that were in hand."""
    place, operands = _tensors_near(places)
    makers = [entry for entry in (tape.entry_of(tensor) for _, tensor in operands) if entry is not None]
    known = build([], recording=tape, names=names, entries=tape.behind(makers)) if makers else Model((), ())
    items, edges = list(known.items), list(known.edges)
    sources = []
    for name, tensor in operands:
        at = next((item.key for item in reversed(items) if item.value is tensor.array), None)
        if at is None:
            at = len(items)
            items.append(
                Item(
                    at,
                    "input",
                    names.of(tensor) or name,
                    "",
                    (tuple(tensor.array.shape),),
                    (str(tensor.array.dtype),),
                    value=tensor.array,
                )
            )
        sources.append(at)
    got = ", ".join(f"{name} {shape_text((tuple(t.array.shape),))}" for name, t in operands)
    text = message(str(error), got=got) if got and "got:" not in str(error) else str(error)
    line, function = (None, "") if place is None else ((place[0].f_code.co_filename, place[1]), place[0].f_code.co_name)
    detail = f"in {function}()" if function and not function.startswith("<") else ""
    items.append(
        Item(len(items), "operation", type(error).__name__, "", (), (), detail, line=line, flows=False, failed=text)
    )
    edges += [Edge(at, len(items) - 1, k) for k, at in enumerate(sources)]
    return Model(tuple(items), tuple(edges), known.groups, (), known.notes)


def _tensors_near(places: list[Place]) -> tuple[Place | None, list[tuple[str, Any]]]:
    """The innermost of the functions that had tensors in hand, and those (eight at most)."""
    for place in places:
        held = [(name, value) for name, value in place[0].f_locals.items() if type(value) in TYPES]
        if held:
            return place, held[:8]
    return (places[0] if places else None), []
