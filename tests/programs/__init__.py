"""Random straight-line programs, run here and in PyTorch: values, flags, gradients, second gradients, errors.

``python -m tests.programs --seeds 0:2000 --shrink`` draws, runs, compares, and prints the shortest
program for each difference.
"""
