/* The page: strokes on the paper, the network's answer as bars, and what lights up inside. */
"use strict";

(() => {
  const $ = (id) => document.getElementById(id);
  const PEN = 0.07; // of the paper's width: the pen on the paper; the network's digit has its own, see normalise.js
  const LEAST = 0.04; // of the paper's width: what is smaller is a dot, not yet a digit
  const STEP = 0.025; // of the paper's width: how far an arrow key moves the pen
  const SURE = 0.5;
  const pad = $("pad"), paint = pad.getContext("2d"), server = document.body.dataset.server;
  const strokes = []; // each a list of {x, y} in 0..1
  const pen = { x: 0.5, y: 0.5, down: false, shown: false }; // the keyboard's
  let picture = null; // 784 pixels of an opened picture
  let pointer = null; // the id of the pointer that draws
  let due = false; // whether a frame has been asked for

  // -- the answer -----------------------------------------------------------------------------------

  const bars = Array.from({ length: 10 }, (_, k) => {
    const item = document.createElement("li");
    item.innerHTML = `<span class="name">${k}</span><span class="track" aria-hidden="true"><span class="bar"></span></span><span class="share"></span>`;
    $("bars").append(item);
    return { item, bar: item.querySelector(".bar"), share: item.querySelector(".share") };
  });

  const percent = (p) => (p > 0.9995 && p < 1 ? "> 99.9 %" : `${(100 * p).toFixed(1)} %`);

  function answer(probabilities) { // null where there is nothing to read
    const order = probabilities ? [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]) : [];
    const [best, second] = order;
    bars.forEach(({ item, bar, share }, k) => {
      const p = probabilities ? probabilities[k] : 0;
      bar.style.transform = `scaleX(${p})`;
      share.textContent = probabilities ? percent(p) : "";
      item.classList.toggle("best", k === best);
    });
    $("digit").textContent = probabilities ? best : "?";
    $("digit").classList.toggle("none", !probabilities);
    return probabilities ? sentence(probabilities, best, second) : "";
  }

  function sentence(probabilities, best, second) {
    const sure = probabilities[best];
    const first = `${sure > SURE ? "This is" : "Perhaps"} a${best === 8 ? "n" : ""} ${best}, ${percent(sure).replace("> ", "more than ")} sure.`;
    return probabilities[second] > 0.02 ? `${first}\nOr a${second === 8 ? "n" : ""} ${second}: ${percent(probabilities[second])}.` : first;
  }

  // -- inside the network -----------------------------------------------------------------------------

  const WEIGHTED = { linear: "Hidden layer", conv2d: "Convolution" };
  const PASSIVE = ["maxpool2d", "flatten"];

  function shownLayers() { // of each hidden layer with weights, the place of its activation
    const places = [];
    const last = NETWORK.layers.findLastIndex((layer) => layer.type in WEIGHTED);
    NETWORK.layers.forEach((layer, k) => {
      if (!(layer.type in WEIGHTED) || k === last) return;
      const next = NETWORK.layers[k + 1];
      places.push({ title: WEIGHTED[layer.type], k: next.type in WEIGHTED || PASSIVE.includes(next.type) ? k : k + 1 });
    });
    return places;
  }

  function figure(title, text) {
    const made = document.createElement("figure"), caption = document.createElement("figcaption"), name = document.createElement("b");
    name.textContent = title;
    caption.append(name, ` ${text}`);
    made.append(caption);
    $("layers").append(made);
    return made;
  }

  function mapsFigure(title, [n, height, width], tile, columns) { // a picture for each channel
    const text = n === 1 ? `${height} × ${width} pixels` : `${n} maps of ${height} × ${width}`;
    const grid = document.createElement("div");
    grid.className = "maps";
    grid.style.setProperty("--columns", columns);
    grid.style.setProperty("--tile", `${tile}px`);
    const tiles = Array.from({ length: n }, () => {
      const canvas = document.createElement("canvas");
      canvas.width = width; canvas.height = height;
      grid.append(canvas);
      return canvas.getContext("2d");
    });
    const made = figure(title, text);
    made.append(grid);
    made.setAttribute("role", "img");
    made.setAttribute("aria-label", `${title}: ${text}`);
    return (values) => {
      const [lit, negative] = ["--lit", "--negative"].map(colour), top = strongest(values);
      tiles.forEach((tile, k) => {
        const image = tile.createImageData(width, height);
        for (let i = 0; i < width * height; i++) {
          const v = values[k * width * height + i];
          image.data.set(v < 0 ? negative : lit, 4 * i);
          image.data[4 * i + 3] = 255 * Math.abs(v) / top;
        }
        tile.putImageData(image, 0, 0);
      });
    };
  }

  function unitsFigure(title, n) { // a light for each unit
    const grid = document.createElement("div");
    grid.className = "units";
    grid.style.setProperty("--columns", n > 64 ? 16 : 8);
    const lights = Array.from({ length: n }, () => grid.appendChild(document.createElement("i")));
    const made = figure(title, `${n} units`);
    made.append(grid);
    made.setAttribute("role", "img");
    made.setAttribute("aria-label", `${title}: ${n} units`);
    return (values) => {
      const top = strongest(values);
      lights.forEach((light, k) => {
        light.style.setProperty("--light", (Math.abs(values[k]) / top).toFixed(3));
        light.classList.toggle("negative", values[k] < 0);
      });
    };
  }

  const strongest = (values) => values.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;

  function colour(name) { // [red, green, blue, 255] of a #rrggbb in the style sheet
    const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
    return [1, 3, 5].map((k) => parseInt(text.slice(k, k + 2), 16)).concat(255);
  }

  function buildFigures() {
    const blank = Forward.run(NETWORK, Forward.tensor([1, 28, 28], new Float64Array(784)));
    const seen = mapsFigure("What it sees", [1, 28, 28], 112, 1);
    const shown = shownLayers().map(({ title, k }) => {
      const { shape } = blank[k];
      const show = shape.length === 3 ? mapsFigure(title, shape, shape[1] > 14 ? 54 : 40, shape[0] > 8 ? 8 : 4) : unitsFigure(title, shape[0]);
      return (outputs) => show(outputs ? outputs[k].values : new Float64Array(blank[k].values.length));
    });
    return (pixels, outputs) => { seen(pixels || new Float64Array(784)); shown.forEach((show) => show(outputs)); };
  }

  // -- from the strokes to the answer -------------------------------------------------------------------

  let light; // what buildFigures gave
  let seen = { pixels: null, outputs: null }; // what is lit up now
  let asked = null, waiting = false; // with a server: the pixels to ask about next, and whether one question is out

  function read(pixels) { // Uint8Array of 784, or null
    const outputs = pixels && Forward.run(NETWORK, Forward.tensor([1, 28, 28], Float64Array.from(pixels, (v) => v / 255)));
    seen = { pixels, outputs };
    light(pixels, outputs);
    if (!pixels || !server) { asked = null; tell(pixels, pixels && [...outputs[outputs.length - 1].values]); return; }
    asked = pixels;
    if (!waiting) ask();
  }

  function busy() { $("answer").setAttribute("aria-busy", due || waiting); } // while the answer is not that to the drawing

  function tell(pixels, probabilities) {
    const said = answer(probabilities) || (pixels ? "No answer." : "Nothing drawn yet.");
    window.Draw = { pixels: pixels && [...pixels], probabilities };
    clearTimeout(tell.timer); // a screen reader hears the answer when the drawing rests
    tell.timer = setTimeout(() => { $("said").textContent = said; }, pointer === null && !pen.down ? 0 : 250);
  }

  async function ask() { // Python answers; one question at a time, and always the latest
    waiting = true;
    while (asked) {
      const pixels = asked;
      asked = null;
      const rows = Array.from({ length: 28 }, (_, r) => [...pixels.subarray(28 * r, 28 * r + 28)]);
      const reply = await post(JSON.stringify({ pixels: rows, normalised: true }), { "Content-Type": "application/json" });
      if (seen.pixels) tell(pixels, reply && reply.probabilities);
    }
    waiting = false;
    busy();
  }

  async function post(body, headers) {
    try {
      const response = await fetch(server, { method: "POST", body, headers });
      const reply = await response.json();
      trouble(response.ok ? "" : reply.error);
      return response.ok ? reply : null;
    } catch (error) {
      trouble(`The server does not answer: ${error.message}`);
      return null;
    }
  }

  function trouble(text) { $("trouble").textContent = text; $("trouble").hidden = !text; }

  async function open(file) { // a picture of a digit, normalised and read by the server
    if (!file) return;
    const form = new FormData();
    form.append("image", file);
    clear();
    const reply = await post(form);
    if (!reply) return;
    picture = Uint8Array.from(reply.pixels.flat());
    redraw();
  }

  // -- the paper ------------------------------------------------------------------------------------------

  function redraw() { // once a frame at most
    if (due) return;
    due = true;
    busy();
    requestAnimationFrame(() => { due = false; draw(); read(strokes.length ? Normalise.strokes(strokes, LEAST) : picture); busy(); });
  }

  function draw() {
    const side = pad.width;
    paint.clearRect(0, 0, side, side);
    const style = getComputedStyle(document.documentElement);
    paint.strokeStyle = style.getPropertyValue("--ink");
    paint.lineWidth = PEN * side; paint.lineCap = paint.lineJoin = "round";
    if (strokes.length) Normalise.path(paint, strokes, side, 0, 0);
    if (pen.shown) {
      paint.strokeStyle = style.getPropertyValue(pen.down ? "--negative" : "--blue");
      paint.lineWidth = 0.008 * side;
      paint.beginPath();
      paint.arc(pen.x * side, pen.y * side, 0.05 * side, 0, 2 * Math.PI);
      paint.stroke();
    }
    $("hint").hidden = strokes.length > 0 || pen.shown;
    $("undo").disabled = $("clear").disabled = !strokes.length && !picture;
  }

  function fit() { // as many pixels as the screen shows
    const side = Math.max(1, Math.round(pad.clientWidth * (window.devicePixelRatio || 1)));
    if (pad.width !== side || pad.height !== side) pad.width = pad.height = side;
    draw();
  }

  function clear() { strokes.length = 0; picture = pointer = null; pen.down = false; seen = { pixels: null, outputs: null }; redraw(); }
  function undo() { if (strokes.length) { strokes.pop(); pen.down = false; redraw(); } else clear(); }

  function at(event) {
    const box = pad.getBoundingClientRect();
    const inside = (v) => Math.min(Math.max(v, 0), 1);
    return { x: inside((event.clientX - box.left) / box.width), y: inside((event.clientY - box.top) / box.height) };
  }

  pad.addEventListener("pointerdown", (event) => {
    if (pointer !== null || event.button !== 0) return;
    pointer = event.pointerId;
    pad.setPointerCapture(pointer);
    pen.shown = pen.down = false;
    strokes.push([at(event)]);
    redraw();
  });
  pad.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const passed = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
    strokes[strokes.length - 1].push(...(passed.length ? passed : [event]).map(at));
    redraw();
  });
  for (const end of ["pointerup", "pointercancel"]) pad.addEventListener(end, (event) => {
    if (event.pointerId !== pointer) return;
    pointer = null;
    redraw();
  });

  // -- the keyboard ---------------------------------------------------------------------------------------

  const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const held = new Set(); // two arrows at once go aslant

  function movePen() {
    const inside = (v) => Math.min(Math.max(v, 0), 1);
    for (const key of held) { pen.x = inside(pen.x + STEP * ARROWS[key][0]); pen.y = inside(pen.y + STEP * ARROWS[key][1]); }
    if (pen.down) strokes[strokes.length - 1].push({ x: pen.x, y: pen.y });
  }

  function press(event) {
    if (event.key in ARROWS) { held.add(event.key); movePen(); }
    else if (event.key === " ") { pen.down = !pen.down; if (pen.down) strokes.push([{ x: pen.x, y: pen.y }]); }
    else if (event.key === "Backspace" || (event.key === "z" && (event.ctrlKey || event.metaKey))) undo();
    else if (event.key === "Escape" || event.key === "Delete") clear();
    else return;
    event.preventDefault();
    if (pointer !== null) return;
    pen.shown = true;
    redraw();
  }

  pad.addEventListener("keydown", press);
  pad.addEventListener("keyup", (event) => held.delete(event.key));
  pad.addEventListener("focus", () => { if (pad.matches(":focus-visible") && pointer === null) { pen.shown = true; redraw(); } });
  pad.addEventListener("blur", () => { held.clear(); pen.shown = pen.down = false; redraw(); });

  // -- the page -------------------------------------------------------------------------------------------

  function theme(name) {
    document.documentElement.dataset.theme = name;
    if (light) { light(seen.pixels, seen.outputs); draw(); }
  }

  function start() {
    const dark = matchMedia("(prefers-color-scheme: dark)");
    theme(dark.matches ? "dark" : "light");
    dark.addEventListener("change", () => theme(dark.matches ? "dark" : "light"));
    $("theme").addEventListener("click", () => theme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));
    if (typeof NETWORK === "undefined") { trouble("network.js is missing beside this page: python examples/draw_digit.py writes it."); return; }
    light = buildFigures();
    $("about").textContent = NETWORK.about || "";
    $("undo").addEventListener("click", undo);
    $("clear").addEventListener("click", clear);
    if (server) {
      $("lead").textContent = "A neural network reads it as you draw: Python answers, on this computer.";
      $("upload").hidden = false;
      $("file").addEventListener("change", () => { open($("file").files[0]); $("file").value = ""; });
    }
    new ResizeObserver(fit).observe(pad);
    fit();
    read(null);
    busy();
  }

  start();
})();
