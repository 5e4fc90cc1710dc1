/* From a drawing to a digit as MNIST has them: the ink's bounding box scaled into 20 x 20 with its proportions kept,
   grey where a pixel is partly inked, its centre of mass at pixel (14, 14) of 28 x 28, the darkest ink 255.

   Ink is an array of height * width numbers, 0 where there is none. `examples/web/digits.py` does the same in Python. */
"use strict";

const Normalise = (() => {
  const BOX = 20, SIDE = 28, CENTRE = 14;
  const FAINT = 0.1; // of the darkest ink: less than this is not part of the digit
  const PEN = 2.4; // pixels of 28: as wide as the strokes in MNIST
  const FINE = 8; // how many times finer than MNIST's pixels strokes are drawn, before they are averaged

  const round = (v) => Math.floor(v + 0.5);

  function bounds(ink, width, height, least) { // the rectangle [left, right) x [top, bottom) of the ink above `least`
    let left = width, right = 0, top = height, bottom = 0;
    for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) if (ink[y * width + x] > least) {
      left = Math.min(left, x); right = Math.max(right, x + 1);
      top = Math.min(top, y); bottom = Math.max(bottom, y + 1);
    }
    return { left, right, top, bottom };
  }

  function shares(from, to, n) { // for each of n equal cells of [from, to): the source pixels under it, and how much of each
    return Array.from({ length: n }, (_, i) => {
      const a = from + (to - from) * i / n, b = from + (to - from) * (i + 1) / n, found = [];
      for (let k = Math.floor(a); k < b && k < to; k++) found.push([k, Math.max(0, Math.min(b, k + 1) - Math.max(a, k)) / (b - a)]);
      return found;
    });
  }

  function digit(ink, width, height) { // Uint8Array of 784, or null where there is no ink
    const peak = ink.reduce((a, b) => Math.max(a, b), 0);
    if (!(peak > 0)) return null;
    const box = bounds(ink, width, height, FAINT * peak);
    const w = box.right - box.left, h = box.bottom - box.top, longer = Math.max(w, h);
    const cols = Math.max(1, round(BOX * w / longer)), rows = Math.max(1, round(BOX * h / longer));
    const across = shares(box.left, box.right, cols), down = shares(box.top, box.bottom, rows);

    const small = new Float64Array(rows * cols); // each pixel the mean of the ink below it
    let mass = 0, momentX = 0, momentY = 0, darkest = 0;
    for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) {
      let mean = 0;
      for (const [y, high] of down[r]) for (const [x, wide] of across[c]) mean += high * wide * ink[y * width + x];
      small[r * cols + c] = mean;
      mass += mean; momentX += mean * c; momentY += mean * r; darkest = Math.max(darkest, mean);
    }
    const place = (moment, n) => Math.min(Math.max(round(CENTRE - moment / mass), 0), SIDE - n);
    const x0 = place(momentX, cols), y0 = place(momentY, rows);
    const pixels = new Uint8Array(SIDE * SIDE);
    for (let r = 0; r < rows; r++) for (let c = 0; c < cols; c++) {
      pixels[(y0 + r) * SIDE + x0 + c] = round(255 * small[r * cols + c] / darkest);
    }
    return pixels;
  }

  function path(context, strokes, scale, dx, dy) { // strokes [[{x, y}, ...], ...] as smooth lines
    const at = (p) => [p.x * scale + dx, p.y * scale + dy];
    context.beginPath();
    for (const stroke of strokes) {
      context.moveTo(...at(stroke[0]));
      for (let k = 1; k < stroke.length - 1; k++) {
        const [x, y] = at(stroke[k]), [nx, ny] = at(stroke[k + 1]);
        context.quadraticCurveTo(x, y, (x + nx) / 2, (y + ny) / 2);
      }
      context.lineTo(...at(stroke[stroke.length - 1])); // a dot, where there is only one point
    }
    context.stroke();
  }

  function strokes(lines, least) { // as `digit`; null too where all lies within `least`. The pen is as fine as the drawing is small
    const points = lines.flat();
    if (!points.length) return null;
    const xs = points.map((p) => p.x), ys = points.map((p) => p.y);
    const low = (v) => v.reduce((a, b) => Math.min(a, b)), high = (v) => v.reduce((a, b) => Math.max(a, b));
    const span = Math.max(high(xs) - low(xs), high(ys) - low(ys));
    if (!(span > least)) return null;
    const side = (BOX + 2) * FINE, pen = PEN * FINE, scale = (BOX - PEN) * FINE / span, edge = FINE + pen / 2;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = side;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.lineWidth = pen; context.lineCap = context.lineJoin = "round";
    path(context, lines, scale, edge - low(xs) * scale, edge - low(ys) * scale);
    const painted = context.getImageData(0, 0, side, side).data;
    const ink = new Float64Array(side * side);
    for (let k = 0; k < ink.length; k++) ink[k] = painted[4 * k + 3]; // how far each pixel is covered
    return digit(ink, side, side);
  }

  return { SIDE, digit, path, strokes };
})();
