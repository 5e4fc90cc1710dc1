"""Parity with PyTorch: one description of a call, run on PyTorch (the oracle) and on this project."""
