// A `SmallCNN` for grey images of 28 x 28 pixels, in the browser. Put before the scripts of the widgets that ask it.

const SIDE = 28; // pixels of an image

function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
const floats = (text) => new Float32Array(bytes(text).buffer);

// A 3x3 convolution with zero padding, relu, and a 2x2 max-pool.
function block(x, side, weight, bias) {
  const channels = x.length / side ** 2, half = side / 2, out = new Float32Array(bias.length * half ** 2);
  for (let o = 0; o < bias.length; o++) {
    const sum = new Float32Array(side ** 2).fill(bias[o]);
    for (let c = 0; c < channels; c++) {
      for (let k = 0; k < 9; k++) {
        const w = weight[(o * channels + c) * 9 + k], down = Math.floor(k / 3) - 1, right = (k % 3) - 1;
        for (let i = Math.max(0, -down); i < Math.min(side, side - down); i++) {
          for (let j = Math.max(0, -right); j < Math.min(side, side - right); j++) {
            sum[i * side + j] += w * x[c * side ** 2 + (i + down) * side + j + right];
          }
        }
      }
    }
    for (let i = 0; i < side; i++) { // out begins at 0: that is the relu
      for (let j = 0; j < side; j++) {
        const at = o * half ** 2 + (i >> 1) * half + (j >> 1);
        out[at] = Math.max(out[at], sum[i * side + j]);
      }
    }
  }
  return out;
}

// The ten logits of an image of 784 numbers in [0, 1]. weights: as in `SmallCNN`, decoded.
export function logits(weights, image) {
  const [w1, b1, w2, b2, w, b] = weights;
  const x = block(block(image, SIDE, w1, b1), SIDE / 2, w2, b2);
  return Array.from(b, (bias, k) => x.reduce((sum, value, i) => sum + value * w[k * x.length + i], bias));
}

export const decode = (content) => content.weights.map(floats);

function softmax(values) {
  const top = Math.max(...values), powers = values.map((value) => Math.exp(value - top));
  const sum = powers.reduce((a, b) => a + b);
  return powers.map((power) => power / sum);
}
