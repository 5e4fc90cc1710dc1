"""L-BFGS: steps along a quasi-Newton direction, from the last few changes of position and gradient.

Unlike the others it calls the closure several times a step and branches on what it finds, so it
works on arrays, and a step of it cannot be recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from tinygrad_nn.errors import ArgumentError, AutogradError, message
from tinygrad_nn.optim import checks
from tinygrad_nn.optim.line_search import strong_wolfe
from tinygrad_nn.optim.optimizer import Closure, Optimizer, Params, evaluate, is_tensor
from tinygrad_nn.primitive import wrap
from tinygrad_nn.tape import local
from tinygrad_nn.versions import stamp_all

__all__ = ["LBFGS"]

Array: TypeAlias = Any


class LBFGS(Optimizer):
    """Limited-memory BFGS: p <- p + t d, where d = -H g and H approximates the inverse Hessian.

    lr:               step size t (the first guess of a line search)
    max_iter:         iterations in one `step`
    max_eval:         calls of the closure in one `step` (default: 1.25 max_iter)
    tolerance_grad:   stop when no gradient is larger
    tolerance_change: stop when position and loss change by less
    history_size:     how many changes H is made of
    line_search_fn:   None, or "strong_wolfe"

    There is one group of parameters, and `step` needs a closure, which zeroes the gradients,
    computes the loss, calls `backward()` and returns the loss.

    Raises ValueError for more than one group or a negative lr, RuntimeError for another line search.

    Source: Nocedal and Wright, "Numerical Optimization" (2006), algorithms 7.4, 7.5, 3.5 and 3.6.

    >>> import tinygrad_nn as tg
    >>> x = tg.tensor([3.0, -2.0], requires_grad=True)
    >>> optimizer = LBFGS([x], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = ((x - 1) * (x - 1)).sum()
    ...     loss.backward()
    ...     return loss
    >>> print(optimizer.step(closure).item(), [round(value, 4) for value in x.tolist()])
    13.0 [1.0, 1.0]
    """

    def __init__(
        self, params: Params, lr: Any = 1, max_iter: int = 20, max_eval: int | None = None,
        tolerance_grad: float = 1e-7, tolerance_change: float = 1e-9, history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:  # fmt: skip
        checks.learning_rate("LBFGS", lr)
        options = {
            "lr": lr, "max_iter": max_iter, "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad, "tolerance_change": tolerance_change, "history_size": history_size,
            "line_search_fn": line_search_fn,
        }  # fmt: skip
        super().__init__(params, options)
        if len(self.param_groups) != 1:
            raise ArgumentError(
                message(
                    "LBFGS doesn't support per-parameter options (parameter groups)",
                    got=f"{len(self.param_groups)} groups",
                )
            )

    # -- all parameters as one vector --------------------------------------------------------------

    @property
    def _params(self) -> list[Any]:
        return self.param_groups[0]["params"]  # type: ignore[no-any-return]

    def _gradient(self) -> Array:
        return np.concatenate(
            [
                np.zeros(p.array.size, p.array.dtype) if p.grad is None else p.grad.array.reshape(-1)
                for p in self._params
            ]
        )

    def _move(self, t: float, d: Array) -> None:
        """p <- p + t d."""
        start = 0
        for p in self._params:
            part = d[start : start + p.array.size].reshape(p.array.shape)
            p.array[...] = p.array + t * part
            start += p.array.size
        stamp_all(self._params, "LBFGS.step")

    def _evaluated(self, closure: Closure) -> tuple[float, Array]:
        loss = evaluate(closure)
        return (loss.item() if is_tensor(loss) else float(loss)), self._gradient()

    def _along(self, closure: Closure, d: Array) -> Callable[[float], tuple[float, Array]]:
        """Loss and gradient at p + t d, as a function of t; the parameters stay where they are."""
        before = [p.array.copy() for p in self._params]

        def at(t: float) -> tuple[float, Array]:
            self._move(t, d)
            found = self._evaluated(closure)
            for p, kept in zip(self._params, before, strict=True):
                p.array[...] = kept
            stamp_all(self._params, "LBFGS.step")
            return found

        return at

    # -- the step ----------------------------------------------------------------------------------

    def step(self, closure: Closure | None = None) -> Any:
        """Up to `max_iter` iterations; returns the loss at the beginning. Raises RuntimeError without a closure."""
        if closure is None:
            raise AutogradError(
                message(
                    "LBFGS.step needs a closure: it evaluates the loss several times",
                    fix="optimizer.step(closure), see the class's example",
                )
            )
        if local.mode.tracer is not None:
            local.mode.tracer.read(self._params[0])  # what follows depends on values
        group = self.param_groups[0]
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise AutogradError(message("LBFGS: only 'strong_wolfe' is supported", got=repr(group["line_search_fn"])))
        lr = group["lr"].item() if is_tensor(group["lr"]) else group["lr"]
        state = self.state[self._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        first_loss = evaluate(closure)
        loss = first_loss.item() if is_tensor(first_loss) else float(first_loss)
        g = self._gradient()
        evaluations = 1
        state["func_evals"] += 1
        if np.abs(g).max() <= group["tolerance_grad"]:
            return first_loss
        memory = _Memory(state, group["history_size"])

        for n in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            d = memory.direction(g)
            before = loss
            t = min(1.0, 1.0 / float(np.abs(g).sum())) * lr if state["n_iter"] == 1 else lr
            slope = float(g @ d)
            memory.t, memory.g, memory.loss = t, g, loss
            if slope > -group["tolerance_change"]:
                break
            calls = 0
            if group["line_search_fn"] is not None:
                at = self._along(closure, d)
                loss, g, t, calls = strong_wolfe(at, t, d, loss, g, slope, most=group["max_eval"] - evaluations)
                self._move(t, d)
            else:
                self._move(t, d)
                if n != group["max_iter"]:  # nobody needs the value after the last move
                    loss, g = self._evaluated(closure)
                    calls = 1
            memory.t = t
            evaluations += calls
            state["func_evals"] += calls
            if (
                n == group["max_iter"]
                or evaluations >= group["max_eval"]
                or np.abs(g).max() <= group["tolerance_grad"]
                or np.abs(d * t).max() <= group["tolerance_change"]
                or abs(loss - before) < group["tolerance_change"]
            ):
                break
        memory.save(state)
        return first_loss


class _Memory:
    """The last changes of the gradient (`y`) and of the position (`s`), and the direction that follows from them.

    It lives in the optimizer's state, under PyTorch's names: old_dirs are the y, old_stps the s, ro is 1 / y·s.
    """

    def __init__(self, state: dict[str, Any], size: int) -> None:
        self.size = size
        self.fresh = state.get("d") is None
        self.d = None if self.fresh else state["d"].array
        self.t: Any = state.get("t")
        self.g = None if self.fresh else state["prev_flat_grad"].array
        self.loss = state.get("prev_loss")
        self.y: list[Array] = [item.array for item in state.get("old_dirs") or []]
        self.s: list[Array] = [item.array for item in state.get("old_stps") or []]
        self.ro: list[Any] = [_number(item) for item in state.get("ro") or []]
        self.scale: Any = _number(state.get("H_diag", 1))
        self.al: list[Any] = []

    def direction(self, g: Array) -> Array:
        """-H g by the two-loop recursion (algorithm 7.4), after taking in the last change."""
        if self.d is None:
            self.d = -g
            return self.d
        y, s = g - self.g, self.d * np.asarray(_number(self.t), g.dtype)
        ys = y @ s
        if ys > 1e-10:
            if len(self.y) == self.size:
                del self.y[0], self.s[0], self.ro[0]
            self.y.append(y)
            self.s.append(s)
            self.ro.append(1 / ys)
            self.scale = ys / (y @ y)
        q = -g
        al = [0.0] * len(self.y)
        for k in reversed(range(len(self.y))):
            al[k] = (self.s[k] @ q) * self.ro[k]
            q = q - al[k] * self.y[k]
        r = q * self.scale
        for k in range(len(self.y)):
            r = r + (al[k] - (self.y[k] @ r) * self.ro[k]) * self.s[k]
        self.d, self.al = r, al
        return r

    def save(self, state: dict[str, Any]) -> None:
        """Put everything into the state, arrays as tensors."""
        assert self.d is not None
        dtype = np.asarray(self.g).dtype  # the parameters': what is computed of 16-bit numbers may be wider
        state.update(
            d=wrap(self.d.astype(dtype, copy=False)), t=self.t,
            old_dirs=[wrap(item.astype(dtype, copy=False)) for item in self.y],
            old_stps=[wrap(item.astype(dtype, copy=False)) for item in self.s],
            ro=[wrap(np.asarray(item, dtype)) for item in self.ro],
            H_diag=self.scale if isinstance(self.scale, int) else wrap(np.asarray(self.scale, dtype)),
            prev_flat_grad=wrap(np.array(self.g)), prev_loss=self.loss,
        )  # fmt: skip
        if self.y or "al" in state:
            state["al"] = [wrap(np.asarray(item, dtype)) for item in self.al] + [None] * (self.size - len(self.al))


def _number(value: Any) -> Any:
    return value.array[()] if is_tensor(value) else value
