"""This project, PyTorch and hand-written NumPy on the same steps, interleaved in one run.

    python -m benchmarks                   # all of it, some minutes
    python -m benchmarks --only add        # the cases whose name contains "add"
    python -m benchmarks --smoke           # that it runs; its figures mean nothing

A contender that does not import is left out, and the table says so. Absolute times belong to the
machine; what lasts is the ratios.
"""
