"""What convolutions, poolings, norms, embeddings, attention, recurrent and image layers refuse, and in which words."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

import tinygrad_nn as tg
from tinygrad_nn import nn
from tinygrad_nn.nn import functional as F
from tinygrad_nn.nn.utils import rnn

image = tg.ones(2, 3, 5, 5)
rows = tg.ones(4, 3)
steps = tg.ones(5, 2, 3)
numbers = tg.tensor([0, 1, 2])
table = tg.ones(3, 2)

CASES: list[tuple[Callable[[], Any], type[Exception], str]] = [
    # -- convolutions ------------------------------------------------------------------------------
    (lambda: nn.Conv2d(3, 4, 0), ValueError, "Conv2d: kernel_size must be at least 1\n  got: kernel_size=0"),
    (lambda: nn.Conv2d(3, 4, 2.5), TypeError, "Conv2d: kernel_size must be an integer\n  got: kernel_size=2.5"),
    (lambda: nn.Conv2d(3, 4, (3, 3, 3)), ValueError, "Conv2d: kernel_size must be one integer or 2 of them\n  got: kernel_size=(3, 3, 3)"),
    (lambda: nn.Conv2d(3, 4, 3, padding=-1), ValueError, "Conv2d: padding must be at least 0\n  got: padding=-1"),
    (lambda: nn.Conv2d(3, 4, 3, stride=0), ValueError, "Conv2d: stride must be at least 1\n  got: stride=0"),
    (lambda: nn.Conv1d(3, 4, 3, dilation=(0,)), ValueError, "Conv1d: dilation must be at least 1\n  got: dilation=0"),
    (lambda: nn.Conv2d(0, 4, 3), ValueError, "Conv2d: in_channels must be at least 1"),
    (lambda: nn.Conv2d(3, 4, 3, groups=2), ValueError, "Conv2d: in_channels must be divisible by groups\n  got: in_channels=3, groups=2"),
    (lambda: nn.Conv2d(4, 3, 3, groups=2), ValueError, "Conv2d: out_channels must be divisible by groups\n  got: out_channels=3, groups=2"),
    (lambda: nn.Conv3d(1, 1, 3, padding="full"), ValueError, "Conv3d: Invalid padding string\n  got: padding='full'\n  fix: 'same', 'valid' or a number"),
    (lambda: nn.Conv2d(1, 1, 3, stride=2, padding="same"), ValueError, "padding='same' is not supported for strided convolutions\n  got: stride=(2, 2)"),
    (lambda: nn.Conv2d(1, 1, 3, padding_mode="mirror"), ValueError, "padding_mode must be one of 'zeros', 'reflect', 'replicate', 'circular'\n  got: padding_mode='mirror'"),
    (lambda: nn.ConvTranspose2d(1, 1, 3, padding_mode="reflect"), ValueError, "ConvTranspose2d: padding_mode must be one of 'zeros'"),
    (lambda: nn.ConvTranspose2d(1, 1, 3, padding="same"), TypeError, "ConvTranspose2d: Invalid padding string"),
    (lambda: nn.Sequential(nn.Conv2d(1, 2, 3))(image), RuntimeError, "conv2d in 0: expected input[2, 3, 5, 5] to have 1 channels, but got 3 channels instead\n  got: input (2, 3, 5, 5), weight (2, 1, 3, 3), groups=1\n  fix: make the layer with in_channels=3"),
    (lambda: nn.Conv2d(3, 2, 3)(image.permute(0, 2, 3, 1)), RuntimeError, "fix: the channels come second, (N, C, H, W): x.permute(0, 3, 1, 2)"),
    (lambda: nn.Conv2d(3, 2, 3)(rows), RuntimeError, "conv2d in Conv2d: Expected 3D (unbatched) or 4D (batched) input\n  got: input (4, 3)"),
    (lambda: nn.Conv2d(3, 2, 6)(image), RuntimeError, "Kernel size can't be greater than actual input size\n  got: kernel 6x6, input 5x5 with its padding, from input (2, 3, 5, 5)"),
    (lambda: nn.Conv2d(3, 2, 3)(image.double()), RuntimeError, "Input type and weight type should be the same\n  got: input tinygrad_nn.float64, weight tinygrad_nn.float32"),
    (lambda: nn.Conv2d(3, 2, 3)([1.0]), TypeError, "conv2d in Conv2d: argument 'input' must be a Tensor\n  got: list"),
    (lambda: F.conv2d(image, tg.ones(2, 3, 3)), RuntimeError, "conv2d: the weight must have 4 dimensions\n  got: weight (2, 3, 3)"),
    (lambda: F.conv2d(image, tg.ones(2, 3, 3, 3), tg.ones(3)), RuntimeError, "expected bias to be 1-dimensional with 2 elements\n  got: bias (3,)"),
    (lambda: F.conv2d(image, tg.ones(2, 3, 3, 3), padding=-1), RuntimeError, "conv2d: negative padding is not supported\n  got: padding=-1"),
    (lambda: F.conv2d(image, tg.ones(2, 3, 3, 3), stride=0), RuntimeError, "conv2d: stride must be at least 1\n  got: stride=0"),
    (lambda: F.conv2d(image, tg.ones(2, 3, 3, 3), stride=(1, 1, 1)), RuntimeError, "conv2d: stride must be one number or 2 of them"),
    (lambda: F.conv2d(image, tg.ones(2, 3, 3, 3), stride=1.5), TypeError, "conv2d: stride must be an integer or 2 of them\n  got: stride=1.5"),
    (lambda: F.conv2d(image, tg.ones(2, 3, 3, 3), stride=2, padding="same"), RuntimeError, "padding='same' is not supported for strided convolutions"),
    (lambda: F.conv2d(image, tg.ones(2, 3, 3, 3), padding="some"), RuntimeError, "Invalid padding string\n  got: padding='some'"),
    (lambda: F.conv2d(image, tg.ones(2, 1, 3, 3), groups=3), RuntimeError, "the weight's 2 filters do not fall into 3 groups"),
    (lambda: F.conv_transpose2d(image, tg.ones(3, 2, 3, 3), output_padding=1), RuntimeError, "output padding must be smaller than either stride or dilation\n  got: output_padding=(1, 1), stride=(1, 1), dilation=(1, 1)"),
    (lambda: F.conv_transpose2d(image, tg.ones(2, 2, 3, 3)), RuntimeError, "to have 2 channels, but got 3 channels instead"),
    (lambda: F.conv_transpose2d(image, tg.ones(3, 2, 1, 1), padding=4), RuntimeError, "the output would be empty"),
    (lambda: nn.ConvTranspose2d(3, 2, 3, stride=2)(image, output_size=(20, 20)), ValueError, "output_size is not one that this layer can give\n  got: output_size=(20, 20) for input (2, 3, 5, 5)\n  fix: from (11, 11) to (12, 12)"),
    # -- poolings ----------------------------------------------------------------------------------
    (lambda: nn.MaxPool2d(0), ValueError, "MaxPool2d: kernel_size must be at least 1\n  got: kernel_size=0"),
    (lambda: nn.MaxPool2d(2, padding=-1), ValueError, "MaxPool2d: padding must be at least 0"),
    (lambda: nn.MaxPool2d(2, padding=2), ValueError, "MaxPool2d: pad should be at most half of effective kernel size\n  got: padding=2, kernel_size=2"),
    (lambda: nn.AvgPool2d(2, stride=0), ValueError, "AvgPool2d: stride must be at least 1"),
    (lambda: nn.MaxPool2d(6)(image), RuntimeError, "max_pool2d in MaxPool2d: Output size is too small\n  got: input (2, 3, 5, 5), kernel_size=(6, 6): (0, 0) windows"),
    (lambda: nn.MaxPool2d(2)(rows), RuntimeError, "max_pool2d in MaxPool2d: Expected 3D (unbatched) or 4D (batched) input"),
    (lambda: F.max_pool2d(image, 2, padding=2), RuntimeError, "pad should be at most half of effective kernel size"),
    (lambda: F.avg_pool2d(image, 2, divisor_override=0), RuntimeError, "avg_pool2d: divisor must be not zero"),
    (lambda: nn.AdaptiveAvgPool2d(0), ValueError, "AdaptiveAvgPool2d: output_size must be at least 1"),
    (lambda: nn.AdaptiveAvgPool2d((1, 2, 3)), ValueError, "AdaptiveAvgPool2d: output_size must be one number or 2"),
    (lambda: F.adaptive_max_pool1d(rows, "2"), TypeError, "adaptive_max_pool1d: output_size must be integers or None"),
    # -- norms -------------------------------------------------------------------------------------
    (lambda: nn.BatchNorm2d(0), ValueError, "BatchNorm2d: num_features must be at least 1"),
    (lambda: nn.BatchNorm2d(3)(rows), ValueError, "BatchNorm2d: expected 4D input (got 2D input)\n  got: input (4, 3)"),
    (lambda: nn.BatchNorm1d(3)(image), ValueError, "BatchNorm1d: expected 2D or 3D input (got 4D input)"),
    (lambda: nn.Sequential(nn.BatchNorm2d(4))(image), RuntimeError, "batch_norm in 0: running_mean should contain 3 elements, one for each channel\n  got: running_mean (4,), input (2, 3, 5, 5)"),
    (lambda: nn.BatchNorm1d(3)(rows[:1]), ValueError, "Expected more than 1 value per channel when training\n  got: input size [1, 3]\n  fix: a larger batch, or module.eval()"),
    (lambda: F.batch_norm(rows, None, None), RuntimeError, "Expected running_mean and running_var to be defined when training=False"),
    (lambda: F.batch_norm(numbers.reshape(3, 1), None, None, training=True), RuntimeError, "batch_norm: the input must be floating\n  got: dtype tinygrad_nn.int64"),
    (lambda: nn.LayerNorm(4)(rows), RuntimeError, "layer_norm in LayerNorm: Given normalized_shape=[4], expected input with shape [*, 4]\n  got: input (4, 3)"),
    (lambda: nn.LayerNorm(()), ValueError, "LayerNorm: normalized_shape needs at least one dimension"),
    (lambda: nn.LayerNorm(2.0), TypeError, "LayerNorm: normalized_shape must be an integer"),
    (lambda: F.layer_norm(rows, (3,), tg.ones(2)), RuntimeError, "Expected weight to be of same shape as normalized_shape\n  got: (2,) and (3,)"),
    (lambda: nn.GroupNorm(2, 3), ValueError, "GroupNorm: num_channels must be divisible by num_groups\n  got: num_channels=3, num_groups=2"),
    (lambda: F.group_norm(image, 2), RuntimeError, "Expected number of channels in input to be divisible by num_groups"),
    (lambda: nn.InstanceNorm2d(3)(tg.ones(2, 3, 1, 1)), ValueError, "instance_norm in InstanceNorm2d: Expected more than 1 spatial element when training"),
    (lambda: nn.InstanceNorm2d(4, affine=True)(image), ValueError, "expected input's size at dim=1 to match num_features (4)"),
    (lambda: nn.RMSNorm(3, eps=-1), ValueError, "RMSNorm: eps must be at least 0"),
    # -- embeddings --------------------------------------------------------------------------------
    (lambda: nn.Embedding(0, 2), ValueError, "Embedding: num_embeddings must be at least 1"),
    (lambda: nn.Embedding(3, 2, padding_idx=3), AssertionError, "Padding_idx must be within num_embeddings\n  got: padding_idx=3 of 3 rows"),
    (lambda: nn.Embedding(3, 2, max_norm=0), ValueError, "Embedding: max_norm must be greater than 0"),
    (lambda: nn.Sequential(nn.Embedding(2, 2))(numbers), IndexError, "embedding in 0: index out of range in self\n  got: 2, for 2 rows 0..1\n  fix: a larger num_embeddings"),
    (lambda: nn.Embedding(3, 2)(-numbers), IndexError, "got: -2, for 3 rows 0..2"),
    (lambda: nn.Embedding(3, 2)(rows), RuntimeError, "to have one of the following scalar types: Long, Int\n  got: dtype tinygrad_nn.float32"),
    (lambda: nn.Embedding.from_pretrained(tg.ones(3)), AssertionError, "Embeddings parameter is expected to be 2-dimensional"),
    (lambda: nn.EmbeddingBag(3, 2, mode="min"), ValueError, "mode has to be one of sum, mean or max\n  got: mode='min'"),
    (lambda: nn.EmbeddingBag(3, 2)(numbers), ValueError, "offsets has to be a 1D Tensor\n  got: None"),
    (lambda: nn.EmbeddingBag(3, 2)(numbers[None], numbers), ValueError, "if input is 2D, then offsets has to be None"),
    (lambda: nn.EmbeddingBag(3, 2)(numbers, numbers + 1), RuntimeError, "offsets must begin with 0"),
    (lambda: F.embedding_bag(numbers, table, numbers[:1], per_sample_weights=tg.ones(2)), ValueError, "per_sample_weights must have the same shape as the input"),
    (lambda: F.embedding_bag(numbers, table, numbers[:1], per_sample_weights=tg.ones(3)), NotImplementedError, "per_sample_weights is only supported for mode='sum'"),
    # -- attention ---------------------------------------------------------------------------------
    (lambda: nn.MultiheadAttention(6, 4), AssertionError, "embed_dim must be divisible by num_heads\n  got: embed_dim=6, num_heads=4"),
    (lambda: nn.MultiheadAttention(0, 1), ValueError, "MultiheadAttention: embed_dim must be at least 1"),
    (lambda: nn.MultiheadAttention(3, 1, dropout=2.0), ValueError, "MultiheadAttention: dropout must be between 0 and 1"),
    (lambda: nn.MultiheadAttention(4, 1)(steps, steps, steps), AssertionError, "was expecting embedding dimension of 4, but got 3"),
    (lambda: nn.MultiheadAttention(3, 1)(steps, steps[:, :1], steps[:, :1]), RuntimeError, "query and key need the same batch size"),
    (lambda: nn.MultiheadAttention(3, 1)(steps, steps, steps, attn_mask=tg.ones(2, 2)), RuntimeError, "The shape of the 2D attn_mask is (2, 2), but should be (5, 5) or (2, 5, 5)."),
    (lambda: nn.MultiheadAttention(3, 1)(steps, steps, steps, numbers), RuntimeError, "Expected key_padding_mask.shape to be (2, 5)"),
    (lambda: nn.MultiheadAttention(3, 1)(steps, steps, steps, is_causal=True), RuntimeError, "Need attn_mask if specifying the is_causal hint."),
    (lambda: F.scaled_dot_product_attention(rows, tg.ones(4, 2), rows), RuntimeError, "(..., L, E), (..., S, E) and (..., S, Ev) are needed\n  got: query (4, 3), key (4, 2), value (4, 3)"),
    (lambda: F.scaled_dot_product_attention(rows, rows, rows, tg.ones(4, 4), is_causal=True), RuntimeError, "Explicit attn_mask should not be set when is_causal=True"),
    (lambda: nn.TransformerEncoderLayer(4, 2, activation="tanh"), RuntimeError, "activation should be relu/gelu, not tanh"),
    (lambda: nn.Transformer(4, 1, 1, 1, 2)(steps, steps), RuntimeError, "the feature number of src and tgt must be equal to d_model"),
    (lambda: nn.Transformer(3, 1, 1, 1, 2)(steps, steps[:, :1]), RuntimeError, "the batch number of src and tgt must be equal"),
    # -- recurrent ---------------------------------------------------------------------------------
    (lambda: nn.LSTM(0, 2), ValueError, "LSTM: input_size must be at least 1"),
    (lambda: nn.LSTM(3, 2.5), TypeError, "LSTM: hidden_size must be an integer"),
    (lambda: nn.GRU(3, 2, num_layers=0), ValueError, "GRU: num_layers must be at least 1"),
    (lambda: nn.LSTM(3, 2, dropout=1.5), ValueError, "LSTM: dropout should be a number in range [0, 1]"),
    (lambda: nn.LSTM(3, 2, proj_size=2), ValueError, "LSTM: proj_size has to be smaller than hidden_size"),
    (lambda: nn.GRU(3, 2, bias=1), TypeError, "GRU: bias should be of type bool\n  got: bias=1"),
    (lambda: nn.RNN(3, 2, nonlinearity="selu"), ValueError, "RNN: Unknown nonlinearity 'selu'\n  fix: 'tanh' or 'relu'"),
    (lambda: nn.RNNCell(3, 2, nonlinearity="selu"), RuntimeError, "RNNCell: Unknown nonlinearity: selu"),
    (lambda: nn.LSTM(4, 2)(steps), RuntimeError, "LSTM in LSTM: input.size(-1) must be equal to input_size. Expected 4, got 3\n  got: input (5, 2, 3)\n  fix: make the layer with input_size=3"),
    (lambda: nn.LSTM(3, 2)(image), ValueError, "LSTM in LSTM: Expected input to be 2D or 3D, got 4D instead"),
    (lambda: nn.GRU(3, 2)(steps.double()), ValueError, "RNN input dtype (tinygrad_nn.float64) does not match weight dtype (tinygrad_nn.float32)"),
    (lambda: nn.GRU(3, 2)(steps, tg.ones(1, 5, 2)), RuntimeError, "Expected hidden size (1, 2, 2), got [1, 5, 2]"),
    (lambda: nn.GRU(3, 2)(steps, tg.ones(2, 2)), RuntimeError, "For batched 3-D input, hx should also be 3-D but got 2-D tensor"),
    (lambda: nn.LSTMCell(3, 2)(image), ValueError, "LSTMCell: Expected input to be 1D or 2D, got 4D instead"),
    (lambda: nn.GRUCell(2, 2)(rows), RuntimeError, "input has inconsistent input_size: got 3 expected 2"),
    (lambda: nn.GRUCell(3, 2)(rows, rows), RuntimeError, "hidden must be (4, 2)\n  got: hidden (4, 3), input (4, 3)"),
    (lambda: rnn.pack_padded_sequence(steps, [2, 5]), RuntimeError, "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True\n  got: [2, 5]\n  fix: pass enforce_sorted=False"),
    (lambda: rnn.pack_padded_sequence(steps, [2, 0]), RuntimeError, "Length of all samples has to be greater than 0"),
    (lambda: rnn.pack_padded_sequence(steps, [5]), RuntimeError, "Expected `len(lengths)` to be equal to batch_size\n  got: 1 lengths, 2 sequences"),
    (lambda: rnn.pack_padded_sequence(steps, [6, 5]), RuntimeError, "Expected no length to be larger than the padded sequences\n  got: 6 of 5 steps"),
    (lambda: rnn.pad_packed_sequence(rnn.pack_sequence([numbers]), total_length=2), ValueError, "Expected total_length to be at least the length of the longest sequence in input"),
    (lambda: rnn.pad_sequence([]), RuntimeError, "pad_sequence: received an empty list of sequences"),
    (lambda: rnn.pad_sequence([rows, numbers]), RuntimeError, "must agree in all but their first dimension\n  got: [(4, 3), (3,)]"),
    # -- padding and images ------------------------------------------------------------------------
    (lambda: nn.ZeroPad2d((1, 2)), ValueError, "ZeroPad2d: padding must be one integer or 4\n  got: padding=(1, 2)"),
    (lambda: nn.ReflectionPad2d(1.0), TypeError, "ReflectionPad2d: padding must be an integer or 4 of them\n  got: padding=1.0"),
    (lambda: nn.ReflectionPad2d(5)(image), RuntimeError, "pad in ReflectionPad2d: Padding size should be less than the corresponding input dimension\n  got: padding (5, 5) at dimension 3 of input [2, 3, 5, 5]"),
    (lambda: F.pad(image, (6, 0), "circular"), NotImplementedError, "mode 'circular' pads the last dimensions of (N, C, ...) or (C, ...)"),
    (lambda: F.pad(steps, (4, 0), "circular"), RuntimeError, "Padding value causes wrapping around more than once."),
    (lambda: F.pad(rows, (1,)), RuntimeError, "Padding length must be divisible by 2\n  got: pad=(1,)"),
    (lambda: F.pad(rows, (1,) * 6), RuntimeError, "Padding length should be less than or equal to two times the input dimension"),
    (lambda: F.pad(rows, (-4, 0)), RuntimeError, "the padding cuts off more than there is"),
    (lambda: F.pad(rows, (1, 1), "mirror"), NotImplementedError, "Unrecognised padding mode mirror"),
    (lambda: F.pad(rows, (1, 1), "reflect", 1.0), ValueError, "Padding mode \"reflect\" doesn't take in value argument"),
    (lambda: F.interpolate(image), ValueError, "either size or scale_factor should be defined"),
    (lambda: F.interpolate(image, 3, 2), ValueError, "only one of size or scale_factor should be defined"),
    (lambda: F.interpolate(image, (1, 2, 3)), ValueError, "one number or 2 are needed for 2 spatial dimensions"),
    (lambda: F.interpolate(image, 3, mode="linear"), NotImplementedError, "mode 'linear' needs an input of 3 dimensions\n  got: input (2, 3, 5, 5)"),
    (lambda: F.interpolate(image, 3, align_corners=True), ValueError, "align_corners option can only be set with the interpolating modes"),
    (lambda: F.interpolate(image, scale_factor=0.1), RuntimeError, "Input and output sizes should be greater than 0"),
    (lambda: nn.Upsample(2, mode="fast"), ValueError, "Upsample: unknown mode 'fast'"),
    (lambda: nn.PixelShuffle(0), ValueError, "PixelShuffle: upscale_factor must be at least 1"),
    (lambda: nn.PixelShuffle(2)(image), RuntimeError, "'channel' dimension to be divisible by the square of upscale_factor\n  got: input (2, 3, 5, 5), upscale_factor=2"),
    (lambda: F.pixel_unshuffle(image, 2), RuntimeError, "expects height and width to be divisible by downscale_factor"),
    (lambda: nn.Unfold(0), ValueError, "Unfold: kernel_size must be at least 1"),
    (lambda: nn.Unfold(6)(image), RuntimeError, "unfold in Unfold: no window fits"),
    (lambda: nn.Fold(4, 2)(tg.ones(1, 4, 8)), RuntimeError, "fold in Fold: the input must be (N, C * 4, 9) for this output size"),
]  # fmt: skip


@pytest.mark.parametrize("call, kind, text", CASES, ids=[text[:60] for _, _, text in CASES])
def test_refused_with_a_reason(call: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=re.escape(text)):
        call()
