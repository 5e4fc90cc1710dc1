/* The network's forward pass: what `tinygrad_nn.interop.json_export.to_json` wrote, layer by layer.

   A tensor is {shape, values}: an image (channels, height, width) or a row of numbers (n), values row by row.
   Forward.run(network, tensor) gives the output of every layer, the last one being the network's. */
"use strict";

const Forward = (() => {
  const tensor = (shape, values) => ({ shape, values });

  function linear(x, { weight, bias }) { // y_i = b_i + sum_j W_ij x_j
    if (x.values.length !== weight[0].length) throw new Error(`linear takes ${weight[0].length} numbers, not ${x.values.length}`);
    return tensor([weight.length], Float64Array.from(weight, (row, i) => {
      let sum = bias ? bias[i] : 0;
      for (let j = 0; j < row.length; j++) sum += row[j] * x.values[j];
      return sum;
    }));
  }

  function conv2d(x, { weight, bias, stride, padding, dilation, groups }) {
    const [channels, height, width] = x.shape;
    const n = weight.length, perGroup = weight[0].length, kh = weight[0][0].length, kw = weight[0][0][0].length;
    if (channels !== perGroup * groups) throw new Error(`conv2d takes ${perGroup * groups} channels, not ${channels}`);
    const high = Math.floor((height + 2 * padding[0] - dilation[0] * (kh - 1) - 1) / stride[0]) + 1;
    const wide = Math.floor((width + 2 * padding[1] - dilation[1] * (kw - 1) - 1) / stride[1]) + 1;
    const out = new Float64Array(n * high * wide);
    for (let o = 0; o < n; o++) {
      const first = Math.floor(o / (n / groups)) * perGroup; // the first channel of this output's group
      for (let r = 0; r < high; r++) for (let c = 0; c < wide; c++) {
        let sum = bias ? bias[o] : 0;
        for (let k = 0; k < perGroup; k++) for (let i = 0; i < kh; i++) {
          const y = r * stride[0] - padding[0] + i * dilation[0];
          if (y < 0 || y >= height) continue;
          const row = ((first + k) * height + y) * width, kernel = weight[o][k][i];
          for (let j = 0; j < kw; j++) {
            const xx = c * stride[1] - padding[1] + j * dilation[1];
            if (xx >= 0 && xx < width) sum += kernel[j] * x.values[row + xx];
          }
        }
        out[(o * high + r) * wide + c] = sum;
      }
    }
    return tensor([n, high, wide], out);
  }

  function maxpool2d(x, { kernel_size: [kh, kw], stride, padding }) { // what lies outside the image is never the largest
    const [channels, height, width] = x.shape;
    const high = Math.floor((height + 2 * padding[0] - kh) / stride[0]) + 1;
    const wide = Math.floor((width + 2 * padding[1] - kw) / stride[1]) + 1;
    const out = new Float64Array(channels * high * wide).fill(-Infinity);
    for (let k = 0; k < channels; k++) for (let r = 0; r < high; r++) for (let c = 0; c < wide; c++) {
      const place = (k * high + r) * wide + c;
      for (let i = 0; i < kh; i++) for (let j = 0; j < kw; j++) {
        const y = r * stride[0] - padding[0] + i, xx = c * stride[1] - padding[1] + j;
        if (y >= 0 && y < height && xx >= 0 && xx < width) out[place] = Math.max(out[place], x.values[(k * height + y) * width + xx]);
      }
    }
    return tensor([channels, high, wide], out);
  }

  function flatten(x, { start_dim: start, end_dim: end }) { // dimension 0 would be that of the samples; here there is one
    if (start !== 1 || end !== -1) throw new Error("flatten takes all dimensions of a sample");
    return tensor([x.values.length], x.values);
  }

  function logSoftmax(x) { // x_i - log sum_j exp x_j, the largest taken out first so that nothing overflows
    const top = x.values.reduce((a, b) => Math.max(a, b), -Infinity);
    const log = top + Math.log(x.values.reduce((sum, v) => sum + Math.exp(v - top), 0));
    return tensor(x.shape, x.values.map((v) => v - log));
  }

  function erf(x) { // to 1.2e-7; W. J. Cody's form as in Press et al., "Numerical Recipes", 6.2.2
    const z = Math.abs(x), t = 1 / (1 + z / 2);
    const terms = [0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223];
    const rest = t * Math.exp(-z * z + terms.reduce((sum, term) => sum * t + term, 0));
    return x < 0 ? rest - 1 : 1 - rest;
  }

  const clamp = (v, low, high) => Math.min(Math.max(v, low), high);
  const sigmoid = (v) => 1 / (1 + Math.exp(-v));
  const elu = (v, alpha) => (v > 0 ? v : alpha * Math.expm1(v));
  const softplus = (v, beta = 1, threshold = 20) => (v * beta > threshold ? v : Math.log1p(Math.exp(v * beta)) / beta);
  const gelus = {
    none: (v) => v * (1 + erf(v * Math.SQRT1_2)) / 2,
    tanh: (v) => v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))) / 2,
  };

  const ACTIVATIONS = { // each number by itself
    relu: (v) => Math.max(v, 0),
    relu6: (v) => clamp(v, 0, 6),
    leaky_relu: (v, layer) => (v > 0 ? v : layer.negative_slope * v),
    elu: (v, layer) => elu(v, layer.alpha),
    celu: (v, layer) => (v > 0 ? v : layer.alpha * Math.expm1(v / layer.alpha)),
    selu: (v) => 1.0507009873554805 * elu(v, 1.6732632423543772),
    gelu: (v, layer) => gelus[layer.approximate](v),
    silu: (v) => v * sigmoid(v),
    mish: (v) => v * Math.tanh(softplus(v)),
    sigmoid,
    log_sigmoid: (v) => -softplus(-v),
    tanh: Math.tanh,
    softplus: (v, layer) => softplus(v, layer.beta, layer.threshold),
    softsign: (v) => v / (1 + Math.abs(v)),
    hardtanh: (v, layer) => clamp(v, layer.min_val, layer.max_val),
    hardsigmoid: (v) => clamp(v / 6 + 0.5, 0, 1),
    hardswish: (v) => v * clamp(v / 6 + 0.5, 0, 1),
  };

  const exp = (x) => tensor(x.shape, x.values.map(Math.exp));
  const LAYERS = { linear, conv2d, maxpool2d, flatten, log_softmax: logSoftmax, softmax: (x) => exp(logSoftmax(x)) };
  for (const [type, f] of Object.entries(ACTIVATIONS)) LAYERS[type] = (x, layer) => tensor(x.shape, x.values.map((v) => f(v, layer)));

  function run(network, input) {
    const outputs = [];
    let x = input;
    network.layers.forEach((layer, k) => {
      if (!Object.hasOwn(LAYERS, layer.type)) throw new Error(`layer ${k} is a ${layer.type}, which this page does not know`);
      x = LAYERS[layer.type](x, layer);
      outputs.push(x);
    });
    return outputs;
  }

  return { run, tensor };
})();
