"""Recurrent and attention models."""

from __future__ import annotations

from typing import Any

import tinygrad_nn as tg
from tests.compiler.steps.common import entering
from tests.compiler.steps.scene import Scene, batches, step
from tinygrad_nn import nn, optim
from tinygrad_nn.nn import functional as F
from tinygrad_nn.nn.utils import clip_grad_norm_


class _Words(nn.Module):
    def __init__(self, cell: str) -> None:
        super().__init__()
        self.embedding = nn.Embedding(3, 4)
        self.rnn = getattr(nn, cell)(4, 5, batch_first=True)
        self.head = nn.Linear(5, 3)

    def forward(self, ids: Any, state: Any = None) -> Any:
        out, state = self.rnn(self.embedding(ids), state)
        return self.head(out), state


for cell in ("RNN", "LSTM", "GRU"):

    @entering(f"sequence/language-{cell}", make=lambda cell=cell: _Words(cell), data=(("class", (2, 6)),),
              opt=lambda p: optim.Adam(p, 0.01))  # fmt: skip
    def _(net: Any, opt: Any, ids: Any) -> Any:
        out, _state = net(ids[:, :-1])
        loss = F.cross_entropy(out.reshape(-1, 3), ids[:, 1:].reshape(-1))
        opt.zero_grad()
        loss.backward()
        opt.step()
        return loss

    @step(f"sequence/state-carried-{cell}")
    def _(compile: Any, cell: str = cell) -> Scene:
        net = _Words(cell)
        opt = optim.SGD(net.parameters(), 0.1)
        zero = tg.zeros(1, 2, 5)
        held = [(zero, zero) if cell == "LSTM" else zero]

        @compile
        def run(ids: Any, state: Any) -> Any:
            out, state = net(ids[:, :-1], state)
            loss = F.cross_entropy(out.reshape(-1, 3), ids[:, 1:].reshape(-1))
            opt.zero_grad()
            loss.backward()
            opt.step()
            return (loss, *[part.detach() for part in (state if isinstance(state, tuple) else (state,))])

        def call(ids: Any) -> Any:
            loss, *state = run(ids, held[0])
            held[0] = tuple(state) if cell == "LSTM" else state[0]
            return loss

        return Scene(call, batches(("class", (2, 6))), [net])

    @step(f"sequence/state-in-buffers-{cell}")
    def _(compile: Any, cell: str = cell) -> Scene:
        net = _Words(cell)
        opt = optim.SGD(net.parameters(), 0.1)
        held = [tg.zeros(1, 2, 5) for _ in range(2 if cell == "LSTM" else 1)]

        @compile
        def run(ids: Any) -> Any:
            out, state = net(ids[:, :-1], tuple(held) if cell == "LSTM" else held[0])
            loss = F.cross_entropy(out.reshape(-1, 3), ids[:, 1:].reshape(-1))
            opt.zero_grad()
            loss.backward()
            opt.step()
            for old, new in zip(held, state if isinstance(state, tuple) else (state,)):
                old.copy_(new.detach())
            return loss

        return Scene(run, batches(("class", (2, 6))), [net, held])

    @entering(f"sequence/last-data-{cell}", make=lambda cell=cell: _Words(cell), data=(("class", (2, 6)),))
    def _(net: Any, opt: Any, ids: Any) -> Any:
        out, state = net(ids)
        last = (state[0] if isinstance(state, tuple) else state).data
        loss = (out[:, -1] * last[0][:, :3]).mean() + out.data[:, 0].mean() * out.mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        return loss, last


class _Block(nn.Module):
    """Causal self-attention with a mask in a buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.place = nn.Embedding(3, 8), nn.Parameter(tg.randn(6, 8) * 0.1)
        self.norm, self.qkv, self.out = nn.LayerNorm(8), nn.Linear(8, 24), nn.Linear(8, 3)
        self.register_buffer("mask", tg.tril(tg.ones(6, 6)))

    def forward(self, ids: Any) -> Any:
        b, t = ids.shape
        x = self.embedding(ids) + self.place[:t]
        q, k, v = self.qkv(self.norm(x)).split(8, dim=2)
        q, k, v = (part.view(b, t, 2, 4).transpose(1, 2) for part in (q, k, v))
        att = (q @ k.transpose(-2, -1)) * 4**-0.5
        att = F.softmax(att.masked_fill(self.mask[:t, :t] == 0, float("-inf")), -1)
        return self.out((att @ v).transpose(1, 2).contiguous().view(b, t, 8) + x)


@entering("sequence/gpt", make=_Block, data=(("class", (2, 6)),), opt=lambda p: optim.AdamW(p, 0.01))
def _(net: Any, opt: Any, ids: Any) -> Any:
    loss = F.cross_entropy(net(ids[:, :-1]).reshape(-1, 3), ids[:, 1:].reshape(-1))
    opt.zero_grad()
    loss.backward()
    clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    return loss


@entering("sequence/scaled-dot-product", make=lambda: nn.Linear(8, 24), data=((2, 5, 8),))
def _(net: Any, opt: Any, x: Any) -> Any:
    q, k, v = net(x).chunk(3, -1)
    loss = F.scaled_dot_product_attention(q, k, v, is_causal=True).square().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss


@entering("sequence/cell-loop", make=lambda: nn.LSTMCell(5, 4), data=((6, 2, 5),))
def _(net: Any, opt: Any, x: Any) -> Any:
    h, c = tg.zeros(2, 4), tg.zeros(2, 4)
    outs = []
    for t in range(6):
        h, c = net(x[t], (h, c))
        outs.append(h)
    loss = tg.stack(outs).square().mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss


@entering("sequence/padded-mask", make=lambda: _Words("GRU"), data=(("class", (2, 6)),))
def _(net: Any, opt: Any, ids: Any) -> Any:
    out, _state = net(ids)
    mask = (ids != 0).float()
    loss = (F.cross_entropy(out.transpose(1, 2), ids, reduction="none") * mask).sum() / (mask.sum() + 1)
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss
