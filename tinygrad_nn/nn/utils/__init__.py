"""What works on modules and their parameters: clipping, flattening, normalised weights."""

from tinygrad_nn.nn.utils import parametrizations, parametrize, rnn
from tinygrad_nn.nn.utils.clip_grad import clip_grad_norm_, clip_grad_value_, clip_grads_with_norm_, get_total_norm
from tinygrad_nn.nn.utils.vector import parameters_to_vector, vector_to_parameters
from tinygrad_nn.nn.utils.weight_norm import remove_spectral_norm, remove_weight_norm, spectral_norm, weight_norm
