"""tinygrad_nn: a reverse-mode autograd engine and neural networks on NumPy, with PyTorch's API."""

from tinygrad_nn import autograd
from tinygrad_nn.autograd import enable_grad, inference_mode, no_grad, set_grad_enabled
from tinygrad_nn.creation import from_numpy, ones, tensor
from tinygrad_nn.dtypes import float32, float64, int64
from tinygrad_nn.tensor import Tensor
