"""Recurrent layers and cells. Packed sequences are in test_recurrent.py."""

from __future__ import annotations

from tests.nn.configurations import real, row

ROWS = [
    row("RNN", 3, 4, inputs=[real(5, 2, 3)]),
    row("RNN", 3, 4, 2, "relu", inputs=[real(5, 2, 3), real(2, 2, 4)]),
    row("RNN", 3, 4, 2, bidirectional=True, bias=False, inputs=[real(5, 2, 3)]),
    row("RNN", 3, 4, 3, batch_first=True, dropout=0.4, inputs=[real(2, 5, 3)]),
    row("RNN", 3, 4, bidirectional=True, inputs=[real(5, 3), real(2, 4)]),
    row("RNN", 1, 1, inputs=[real(1, 1, 1)]),
    row("GRU", 3, 4, inputs=[real(5, 2, 3)]),
    row("GRU", 3, 4, 2, inputs=[real(5, 2, 3), real(2, 2, 4)]),
    row("GRU", 3, 4, 2, bidirectional=True, bias=False, inputs=[real(5, 2, 3)]),
    row("GRU", 3, 4, 3, batch_first=True, dropout=0.4, inputs=[real(2, 5, 3)]),
    row("GRU", 3, 4, bidirectional=True, inputs=[real(5, 3), real(2, 4)]),
    row("LSTM", 3, 4, inputs=[real(5, 2, 3)]),
    row("LSTM", 3, 4, 2, inputs=[real(5, 2, 3), (real(2, 2, 4), real(2, 2, 4))]),
    row("LSTM", 3, 4, 2, bidirectional=True, bias=False, inputs=[real(5, 2, 3)]),
    row("LSTM", 3, 4, 3, batch_first=True, dropout=0.4, inputs=[real(2, 5, 3)]),
    row("LSTM", 3, 4, bidirectional=True, inputs=[real(5, 3)]),
    row("LSTM", 3, 4, proj_size=2, inputs=[real(5, 2, 3)]),
    row("LSTM", 3, 4, 2, bidirectional=True, proj_size=3, inputs=[real(5, 2, 3), (real(4, 2, 3), real(4, 2, 4))]),
    row("RNNCell", 3, 4, inputs=[real(2, 3)]),
    row("RNNCell", 3, 4, inputs=[real(2, 3), real(2, 4)]),
    row("RNNCell", 3, 4, bias=False, nonlinearity="relu", inputs=[real(2, 3), real(2, 4)]),
    row("RNNCell", 3, 4, inputs=[real(3), real(4)]),
    row("RNNCell", 1, 5, nonlinearity="relu", inputs=[real(1, 1)]),
    row("LSTMCell", 3, 4, inputs=[real(2, 3)]),
    row("LSTMCell", 3, 4, inputs=[real(2, 3), (real(2, 4), real(2, 4))]),
    row("LSTMCell", 3, 4, bias=False, inputs=[real(2, 3), (real(2, 4), real(2, 4))]),
    row("LSTMCell", 3, 4, inputs=[real(3), (real(4), real(4))]),
    row("LSTMCell", 1, 5, inputs=[real(1, 1)]),
    row("GRUCell", 3, 4, inputs=[real(2, 3)]),
    row("GRUCell", 3, 4, inputs=[real(2, 3), real(2, 4)]),
    row("GRUCell", 3, 4, bias=False, inputs=[real(2, 3), real(2, 4)]),
    row("GRUCell", 3, 4, inputs=[real(3), real(4)]),
    row("GRUCell", 1, 5, inputs=[real(1, 1)]),
]
