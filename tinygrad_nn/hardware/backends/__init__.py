"""Libraries behind PyTorch's operations: their switches are kept, and change nothing here."""

from tinygrad_nn.hardware.backends import cuda, cudnn, mkl, mkldnn, mps, openmp

__all__ = ["cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp"]
