
// The page of one training run: a slider over the kept moments, and everything as it was then.

(() => {
  const moments = data.steps, final = moments.length - 1;
  const state = { at: final, playing: 0, tab: null };
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  const rgbOf = (text) => (text.length === 4 ? [1, 2, 3].map((k) => 17 * parseInt(text[k], 16)) : [1, 3, 5].map((k) => parseInt(text.slice(k, k + 2), 16)));
  const mixed = (a, b, t) => a.map((v, k) => v + (b[k] - v) * t);
  const INK = ["blue", "vermillion", "green", "purple", "orange", "sky"];
  const percent = (share) => (Number.isFinite(Number(share)) ? (100 * share).toFixed(1) + " %" : "");
  const grouped = (n) => String(n).replace(/\B(?=(\d{3})+(?!\d))/g, " ");
  function figure(value) {
    const v = Number(value);
    if (!Number.isFinite(v)) return Number.isNaN(v) ? "NaN" : v > 0 ? "Inf" : "−Inf";
    if (v === 0) return "0";
    const size = Math.abs(v);
    return (size >= 1e5 || size < 1e-3 ? v.toExponential(2).replace(/\.?0+e/, "e") : String(Number(v.toPrecision(4)))).replace("-", "−");
  }
  const card = (title, ...children) => {
    const now = html("span", { class: "now" });
    return Object.assign(html("section", { class: "card", "aria-label": title }, html("h2", {}, title, now), ...children), { now });
  };
  const drawers = []; // called whenever the moment, the size or the theme changes

  // -- pixels --------------------------------------------------------------------------------------

  function imageOf(width, height, pixel) {
    const canvas = html("canvas", { width, height }), context = canvas.getContext("2d"), image = context.createImageData(width, height);
    for (let p = 0; p < width * height; p++) image.data.set([...pixel(p), 255], p * 4);
    context.putImageData(image, 0, 0);
    return canvas;
  }
  const LOST = [204, 121, 167]; // not finite
  const signed = (byte) => (byte === 0 ? LOST : byte < 128 ? mixed([245, 245, 245], [0, 114, 178], (128 - byte) / 127) : mixed([245, 245, 245], [213, 94, 0], (byte - 128) / 127));
  const grey = (byte) => (byte === 0 ? LOST : [byte, byte, byte]);
  const CIVIDIS = [[0, 32, 81], [60, 77, 110], [127, 124, 117], [187, 175, 113], [253, 234, 69]];
  function cividis(byte) {
    if (byte === 0) return LOST;
    const place = ((byte - 1) / 254) * 4, k = Math.min(3, Math.floor(place));
    return mixed(CIVIDIS[k], CIVIDIS[k + 1], place - k);
  }
  /** A canvas of the size in which it is seen, cleared, and its context in CSS pixels. */
  function sharp(canvas, ratio) {
    const width = canvas.clientWidth || 300, height = ratio ? width * ratio : canvas.clientHeight || 100, dots = window.devicePixelRatio || 1;
    if (ratio) canvas.style.height = height + "px";
    canvas.width = Math.round(width * dots);
    canvas.height = Math.round(height * dots);
    const context = canvas.getContext("2d");
    context.setTransform(dots, 0, 0, dots, 0, 0);
    return { context, width, height };
  }
  /** What there is of a list of moments at this one; of those that have nothing, the last. */
  const frameAt = (frames) => frames[state.at] || frames.findLast((frame) => frame !== null);

  // -- the scene -----------------------------------------------------------------------------------

  const scene = data.scene;
  const SCENES = {
    regions: ["The regions of the classes", regions],
    surface: ["The function over two features", surface],
    line: ["The function", line],
    image: ["The picture", picture],
    samples: ["Some samples", samples],
    scatter: ["Predictions against truth", scatter],
  };
  const place = (x, y, width, height) => {
    const [left, right, bottom, top] = scene.extent;
    return [((x - left) / (right - left)) * width, height - ((y - bottom) / (top - bottom)) * height];
  };
  const tall = () => Math.min(1.3, Math.max(0.5, (scene.extent[3] - scene.extent[2]) / (scene.extent[1] - scene.extent[0])));
  function dots(context, width, height, colourOf) {
    const radius = scene.points.length > 400 ? 2.2 : 3.2;
    scene.points.forEach(([x, y], k) => {
      const [px, py] = place(x, y, width, height);
      context.beginPath();
      context.arc(px, py, radius, 0, 7);
      context.fillStyle = colourOf(k);
      context.fill();
      context.lineWidth = 0.8;
      context.strokeStyle = "rgba(255,255,255,0.85)";
      context.stroke();
    });
  }
  function field(context, width, height, pixel) {
    const cells = bytesOf(frameAt(scene.frames).cells), side = scene.side;
    const small = imageOf(side, side, (p) => pixel(cells[(side - 1 - Math.floor(p / side)) * side + (p % side)]));
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(small, 0, 0, width, height);
  }
  function regions(holder) {
    const canvas = html("canvas", { role: "img", "aria-label": "Decision regions" });
    holder.append(html("div", { class: "stage" }, canvas), html("div", { class: "names" }, ...scene.classes.map((name, k) => html("span", { style: `--c:${data.palette[k % 10]}` }, name))));
    return () => {
      const { context, width, height } = sharp(canvas, tall()), ground = rgbOf(colour("panel"));
      field(context, width, height, (byte) => mixed(ground, rgbOf(data.palette[Math.floor(byte / 25)]), 0.14 + 0.46 * ((byte % 25) / 24)));
      dots(context, width, height, (k) => data.palette[scene.truth[k]]);
      holder.now.textContent = percent(frameAt(scene.frames).right) + " right";
    };
  }
  function surface(holder) {
    const canvas = html("canvas", { role: "img", "aria-label": "The function's values" });
    holder.append(html("div", { class: "stage" }, canvas), html("div", { class: "scale" }, `dark ${figure(scene.scale[0])}, light ${figure(scene.scale[1])}; the points are the data`));
    const [low, high] = scene.scale.map(Number);
    return () => {
      const { context, width, height } = sharp(canvas, tall());
      field(context, width, height, cividis);
      dots(context, width, height, (k) => `rgb(${cividis(1 + Math.round((254 * (scene.values[k] - low)) / (high - low || 1))).map(Math.round)})`);
    };
  }
  function line(holder) {
    const plot = chart([{ name: "model", colour: "vermillion" }], { cursor: false, points: scene.points });
    holder.append(plot.element);
    return () => plot.draw([{ steps: scene.grid, values: frameAt(scene.frames).values }]);
  }
  function scatter(holder) {
    const plot = chart([{ name: "perfect", colour: "faint" }], { cursor: false, label: "truth" });
    holder.append(plot.element);
    const low = Math.min(...scene.truth), high = Math.max(...scene.truth);
    return () => plot.draw([{ steps: [low, high], values: [low, high] }], scene.truth.map((t, k) => [t, frameAt(scene.frames).values[k]]));
  }
  function picture(holder) {
    const stage = html("div", { class: "stage" });
    holder.append(stage, html("div", { class: "scale" }, `dark ${figure(scene.scale[0])}, light ${figure(scene.scale[1])}`));
    return () => {
      const { height, width, colour: inColour, cells } = frameAt(scene.frames), bytes = bytesOf(cells);
      const canvas = imageOf(width, height, (p) => (inColour ? [bytes[3 * p], bytes[3 * p + 1], bytes[3 * p + 2]] : grey(bytes[p])));
      fill(canvas, { role: "img", "aria-label": "What the model draws" }, []);
      stage.replaceChildren(canvas);
    };
  }
  function samples(holder) {
    const tiles = scene.tiles, bytes = tiles && bytesOf(tiles.data);
    const boxes = scene.truth.map((truth, k) => {
      const image = tiles && imageOf(tiles.width, tiles.height, (p) => grey(bytes[k * tiles.width * tiles.height + p]));
      const bars = svg("svg", { viewBox: "0 0 100 40", preserveAspectRatio: "none", "aria-hidden": "true" }), says = html("div", { class: "says" });
      return { truth, bars, says, element: html("div", { class: tiles ? "sample" : "sample text" }, image, bars, says) };
    });
    const name = (k) => scene.classes[k] || String(k);
    holder.append(html("div", { class: "samples" }, ...boxes.map((box) => box.element)), html("div", { class: "scale" }, "bars: the chance of each class; blue is the right one"));
    return () => {
      const { chances, right } = frameAt(scene.frames);
      holder.now.textContent = percent(right) + " right";
      boxes.forEach((box, k) => {
        const row = (chances[k] || []).map(Number), best = row.indexOf(Math.max(...row)), step = 100 / Math.max(row.length, 1);
        box.bars.replaceChildren(svg("line", { x1: 0, x2: 100, y1: 40, y2: 40, stroke: "var(--line)" }), ...row.map((p, c) =>
          svg("rect", { x: c * step + step * 0.12, width: step * 0.76, y: 40 - 40 * (p || 0), height: 40 * (p || 0), fill: `var(--${c === box.truth ? "blue" : "vermillion"})` })));
        const wrong = best !== box.truth;
        box.says.className = wrong ? "says wrong" : "says";
        box.says.textContent = row.length ? (wrong ? `✗ ${best < 0 ? "?" : name(best)}, is ${name(box.truth)}` : `✓ ${name(best)}`) : name(box.truth);
      });
    };
  }

  // -- curves --------------------------------------------------------------------------------------

  const nearest = (list, value) => list.reduce((best, x, k) => (Math.abs(x - value) < Math.abs(list[best] - value) ? k : best), 0);
  /** The place of the last of the steps up to this one; -1 before the first. */
  const latest = (steps, step) => steps.findLastIndex((s) => s <= step);
  /** Whether a curve goes up and down much more than it goes anywhere. */
  function rough(values) {
    const good = values.filter(Number.isFinite);
    let way = 0;
    for (let k = 1; k < good.length; k++) way += Math.abs(good[k] - good[k - 1]);
    return good.length > 60 && way > 4 * (good.reduce((a, b) => Math.max(a, b)) - good.reduce((a, b) => Math.min(a, b)));
  }
  /** Means over a window around each value, so that a noisy curve shows its way. */
  function smooth(values) {
    const most = Math.ceil(values.length / 50);
    return values.map((_, k) => {
      const reach = Math.min(most, k, values.length - 1 - k), near = values.slice(k - reach, k + reach + 1).filter(Number.isFinite);
      return near.length ? near.reduce((a, b) => a + b) / near.length : NaN;
    });
  }
  function ticks(low, high, most) {
    const step0 = Math.pow(10, Math.floor(Math.log10((high - low) / most || 1))), step = [1, 2, 5, 10].map((f) => f * step0).find((s) => (high - low) / s <= most) || step0 * 10;
    const found = [];
    for (let t = Math.ceil(low / step - 1e-9) * step; t <= high + step * 1e-9; t += step) found.push(Math.abs(t) < step * 1e-9 ? 0 : t);
    return found;
  }
  /** Powers of ten in a range of exponents; where there are few, twice and five times them, too. */
  function decades(low, high) {
    const found = [];
    for (let e = Math.floor(low); e <= high; e++) for (const f of high - low < 2 ? [1, 2, 5] : [1]) if (e + Math.log10(f) >= low && e + Math.log10(f) <= high) found.push(f * Math.pow(10, e));
    const every = Math.ceil(found.length / 6);
    return found.filter((_, k) => k % every === 0);
  }
  /** A plot of lines (and points) with axes, a cursor at the moment, and the values there. */
  function chart(lines, { cursor = true, points = [], log = false, label = "", mark = null } = {}) {
    const keys = lines.map((one) => html("b", {}));
    const picture = svg("svg", { role: "img", "aria-label": lines.map((one) => one.name).join(", ") });
    const key = html("div", { class: "key" }, ...lines.map((one, k) => html("span", { style: `--c:var(--${one.colour})` }, one.name + " ", keys[k])));
    let toX = null;
    function draw(series, more = points) {
      const { width, height } = picture.getBoundingClientRect();
      if (!width) return;
      const left = 46, right = 8, top = 10, bottom = 22, usable = (v) => Number.isFinite(v) && (!log || v > 0);
      const all = series.map((one) => ({ steps: one.steps.map(Number), values: one.values.map(Number) }));
      const xs = [...all.flatMap((one) => one.steps), ...more.map((p) => Number(p[0]))], scaled = log ? Math.log10 : (v) => v;
      const ys = [...all.flatMap((one) => one.values), ...more.map((p) => Number(p[1])), ...(mark ? [mark] : [])].filter(usable).map(scaled);
      let [x1, x2, y1, y2] = [xs.reduce((a, b) => Math.min(a, b), Infinity), xs.reduce((a, b) => Math.max(a, b), -Infinity), ys.reduce((a, b) => Math.min(a, b), Infinity), ys.reduce((a, b) => Math.max(a, b), -Infinity)];
      if (!ys.length) [y1, y2] = [0, 1];
      if (cursor) [x1, x2] = [Math.min(x1, moments[0]), Math.max(x2, moments[final])];
      if (!log && y1 > 0 && y1 === y2) y2 *= 1.5;
      if (!log && y1 > 0 && y1 < 0.7 * y2) y1 = 0;
      const air = 0.04 * (y2 - y1 || Math.abs(y2) || 1);
      [y1, y2, x2] = [y1 === 0 ? 0 : y1 - air, y2 + air, x2 > x1 ? x2 : x1 + 1];
      const X = (x) => left + ((x - x1) / (x2 - x1)) * (width - left - right), Y = (v) => height - bottom - ((scaled(v) - y1) / (y2 - y1)) * (height - top - bottom);
      toX = (px) => x1 + ((px - left) / (width - left - right)) * (x2 - x1);
      const parts = [];
      const levels = log ? decades(y1, y2) : ticks(y1, y2, 4);
      for (const level of levels) parts.push(svg("line", { class: "grid", x1: left, x2: width - right, y1: Y(level), y2: Y(level) }), svg("text", { x: left - 6, y: Y(level) + 4, "text-anchor": "end" }, figure(level)));
      for (const x of ticks(x1, x2, Math.max(2, Math.floor(width / 90)))) parts.push(svg("text", { x: X(x), y: height - 6, "text-anchor": X(x) > width - 24 ? "end" : "middle" }, cursor ? grouped(x) : figure(x)));
      if (label) parts.push(svg("text", { x: width - right, y: height - bottom - 6, "text-anchor": "end" }, label));
      if (mark && scaled(mark) >= y1 && scaled(mark) <= y2) parts.push(svg("line", { class: "cursor", x1: left, x2: width - right, y1: Y(mark), y2: Y(mark), opacity: 0.5 }));
      for (const [x, y] of more) if (usable(Number(y))) parts.push(svg("circle", { cx: X(x), cy: Math.max(-20, Math.min(height + 20, Y(Number(y)))), r: 2.6, style: "--c:var(--edge)" }));
      all.forEach((one, k) => {
        const path = (values) => {
          let pen = "M";
          return values.map((v, i) => {
            if (!usable(v)) { pen = "M"; return ""; }
            const part = `${pen}${X(one.steps[i]).toFixed(1)} ${Y(v).toFixed(1)}`;
            pen = "L";
            return part;
          }).join("");
        };
        const style = `--c:var(--${lines[k].colour})`, noisy = cursor && !mark && rough(one.values), mean = noisy ? smooth(one.values) : one.values;
        if (noisy) parts.push(svg("path", { class: "raw", d: path(one.values), style }));
        parts.push(svg("path", { class: "line", d: path(mean), style }));
        one.values.forEach((v, i) => { if (!Number.isFinite(v) && !(mark && Number.isNaN(v))) parts.push(svg("path", { class: "lost", d: `M${X(one.steps[i]) - 5} 1h10l-5 8z` }, svg("title", {}, `${figure(v)} at step ${one.steps[i]}`))); });
        if (!cursor) return;
        const i = latest(one.steps, moments[state.at]);
        keys[k].textContent = i < 0 ? "–" : lines[k].percent && Number.isFinite(one.values[i]) ? percent(one.values[i]) : figure(one.values[i]);
        if (usable(mean[i])) parts.push(svg("circle", { cx: X(one.steps[i]), cy: Y(mean[i]), r: 4.5, style }));
      });
      if (cursor) parts.push(svg("line", { class: "cursor", x1: X(moments[state.at]), x2: X(moments[state.at]), y1: top - 6, y2: height - bottom }));
      picture.replaceChildren(...parts);
    }
    if (cursor) {
      const jump = (event) => go(nearest(moments, toX(event.clientX - picture.getBoundingClientRect().left)));
      picture.addEventListener("pointerdown", jump);
      picture.addEventListener("pointermove", (event) => event.buttons && jump(event));
    }
    return { element: html("div", { class: "plot" }, key, picture), draw };
  }
  function curves() {
    const panels = new Map();
    for (const curve of data.curves) {
      const quantity = curve.name.split(" ").at(-1);
      panels.set(quantity, [...(panels.get(quantity) || []), curve]);
    }
    const holder = html("div", { class: "panels" });
    for (const [quantity, lines] of panels) {
      const values = lines.flatMap((one) => one.values.map(Number)).filter(Number.isFinite);
      const log = quantity !== "accuracy" && values.length > 0 && values.every((v) => v > 0) && values.reduce((a, b) => Math.max(a, b)) > 100 * values.reduce((a, b) => Math.min(a, b));
      const plot = chart(lines.map((one, k) => ({ name: one.name, colour: INK[k % INK.length], percent: quantity === "accuracy" })), { log });
      holder.append(plot.element);
      drawers.push(() => plot.draw(lines));
    }
    return card("Curves", holder);
  }

  // -- the doctor ----------------------------------------------------------------------------------

  function doctor() {
    const holder = card("The doctor"), list = html("div", {});
    holder.append(list);
    drawers.push(() => {
      const visit = data.visits[nearest(data.visits, moments[state.at])];
      const present = data.findings.filter((one) => one.steps.includes(visit));
      holder.now.textContent = present.length ? `${present.length} finding${present.length > 1 ? "s" : ""} at step ${grouped(visit)}` : "";
      const shown = data.findings.map((one) => html("div", { class: one.steps.includes(visit) ? "finding present" : "finding" },
        html("strong", {}, one.kind), ` (${one.where}): ${one.text}`, html("div", { class: "advice" }, "try: " + one.advice),
        html("div", { class: "when", title: "when it was found, over training" }, ...data.visits.map((step) => html("i", { class: one.steps.includes(step) ? "on" : "" })))));
      list.replaceChildren(...(present.length ? [] : [html("p", { class: "well" }, `✓ Nothing to complain about at step ${grouped(visit)}.`)]), ...shown);
    });
    return holder;
  }

  // -- weights as images ---------------------------------------------------------------------------

  function firstLayer() {
    const images = data.images, area = images.width * images.height, tiles = html("div", { class: "tiles" });
    drawers.push(() => {
      const bytes = bytesOf(images.frames[state.at]);
      tiles.replaceChildren(...Array.from({ length: images.count }, (_, k) => imageOf(images.width, images.height, (p) => signed(bytes[k * area + p]))));
    });
    return card("Weights of the first layer", tiles, html("div", { class: "scale" }, `blue −${images.limit}, white 0, vermillion ${images.limit}`));
  }

  // -- histograms over time ------------------------------------------------------------------------

  const KINDS = { weights: "Weights", gradients: "Gradients", activations: "Activations", updates: "Updates" };
  function histograms() {
    const known = Object.keys(KINDS).filter((kind) => data[kind].length);
    const tabs = html("div", { class: "tabs", role: "tablist" }), body = html("div", {});
    let paint = () => {};
    const choose = (kind) => {
      state.tab = kind;
      for (const tab of tabs.children) tab.setAttribute("aria-selected", tab.dataset.kind === kind);
      paint = kind === "updates" ? updates(body) : heats(body, data[kind]);
      paint();
    };
    for (const kind of known) tabs.append(html("button", { role: "tab", "data-kind": kind, onclick: () => choose(kind) }, KINDS[kind]));
    const holder = card("Over time", tabs, body);
    drawers.push(() => paint());
    setTimeout(() => choose(known[0]));
    return holder;
  }
  function heats(body, rows) {
    const drawn = rows.map((row) => {
      const heat = html("canvas", {}), now = html("canvas", {}), needle = html("div", { class: "needle" }), spread = html("div", { class: "spread" });
      heat.addEventListener("pointerdown", (event) => go(Math.floor((event.offsetX / heat.clientWidth) * moments.length)));
      const element = html("div", { class: "row", role: "img", "aria-label": `${row.name}: its values over training` }, html("div", { class: "name" }, row.name), html("div", { class: "heat" }, heat, now, needle), spread);
      return { row, counts: bytesOf(row.counts), heat, now, needle, spread, element };
    });
    body.replaceChildren(html("div", { class: "rows" }, ...drawn.map((one) => one.element)),
      html("div", { class: "scale" }, "Each column is a moment: the darker, the more values lie there. To the right, the moment of the slider."));
    return () => {
      const ground = rgbOf(colour("paper")), ink = rgbOf(colour("blue")), lost = rgbOf(colour("purple"));
      for (const { row, counts, heat, now, needle, spread } of drawn) {
        const bins = data.bins, a = sharp(heat), b = sharp(now);
        const small = imageOf(moments.length, bins, (p) => {
          const k = p % moments.length, byte = counts[k * bins + bins - 1 - Math.floor(p / moments.length)];
          return row.bad[k] ? lost : mixed(ground, ink, byte / 255);
        });
        a.context.imageSmoothingEnabled = false;
        a.context.drawImage(small, 0, 0, a.width, a.height);
        if (row.zero > 0 && row.zero < 1) {
          a.context.fillStyle = colour("faint");
          a.context.globalAlpha = 0.45;
          a.context.fillRect(0, a.height * (1 - row.zero), a.width, 1);
        }
        b.context.fillStyle = colour("vermillion");
        for (let k = 0; k < bins; k++) {
          const share = Math.pow(counts[state.at * bins + k] / 255, 2);
          b.context.fillRect(0, b.height * (1 - (k + 1) / bins), b.width * share, b.height / bins - 0.4);
        }
        needle.style.left = heat.clientWidth * ((state.at + 0.5) / moments.length) + "px";
        const [mean, std] = row.spread[state.at];
        spread.replaceChildren(`${mean} ± ${std}, shown ${row.low} … ${row.high}`, row.bad[state.at] ? html("span", { class: "bad" }, `  ${row.bad[state.at]} not finite`) : "");
      }
    };
  }
  function updates(body) {
    const lines = data.updates.map((one, k) => ({ name: one.name, colour: INK[k % INK.length] }));
    const plot = chart(lines, { log: true, mark: 1e-3 });
    body.replaceChildren(plot.element, html("div", { class: "scale" }, "By how much of its size one step changed each weight; about 0.001 (the dashed line) is usual."));
    return () => plot.draw(data.updates.map((one) => ({ steps: moments, values: one.values })));
  }

  // -- moments -------------------------------------------------------------------------------------

  function caption() {
    const step = moments[state.at], epoch = data.epochs.findIndex((end) => step <= end), parts = [html("span", {}, "step ", html("b", {}, grouped(step)))];
    if (data.epochs.length) parts.push(html("span", {}, "epoch ", html("b", {}, String(epoch < 0 ? data.epochs.length : epoch + 1))));
    for (const one of data.curves) {
      const value = one.values[latest(one.steps, step)];
      if (value !== undefined) parts.push(html("span", {}, one.name + " ", html("b", {}, one.name.endsWith("accuracy") ? percent(value) || figure(value) : figure(value))));
    }
    $("caption").replaceChildren(...parts);
    $("slider").max = final;
    $("slider").value = state.at;
    $("slider").setAttribute("aria-valuetext", `step ${step}`);
    $("count").textContent = `${grouped(step)} / ${grouped(moments[final])}`;
    $("play").textContent = state.playing ? "❚❚ Pause" : "▶ Play";
  }
  function paint() {
    caption();
    for (const draw of drawers) draw();
  }
  function go(at) {
    state.at = Math.max(0, Math.min(final, at));
    paint();
  }
  function play(on) {
    clearInterval(state.playing);
    state.playing = 0;
    if (on) {
      if (state.at === final) go(0);
      state.playing = setInterval(() => (state.at < final ? go(state.at + 1) : play(false)), Math.max(90, Math.min(400, 9000 / moments.length)));
    }
    caption();
  }

  // -- keys and buttons ----------------------------------------------------------------------------

  const keys = {
    ArrowRight: () => go(state.at + 1), ArrowLeft: () => go(state.at - 1), Home: () => go(0), End: () => go(final), " ": () => play(!state.playing),
    l: () => { largeType(); paint(); }, d: () => { theme(); paint(); }, "?": () => $("keys").showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
    if (event.target.tagName === "BUTTON" && (event.key === " " || event.key === "Enter")) return;
    const action = keys[event.key] || keys[event.key.toLowerCase()];
    if (action) {
      event.preventDefault();
      action();
    }
  });
  const presses = { first: keys.Home, back: keys.ArrowLeft, play: keys[" "], next: keys.ArrowRight, last: keys.End, large: keys.l, theme: keys.d, help: keys["?"] };
  for (const [id, action] of Object.entries(presses)) $(id).addEventListener("click", () => action());
  $("slider").addEventListener("input", (event) => go(Number(event.target.value)));

  // -- start ---------------------------------------------------------------------------------------

  $("facts").textContent = `${grouped(moments[final])} steps, ${moments.length} moments kept; recording cost ${data.cost}`;
  const left = html("div", { class: "stack" }), right = html("div", { class: "stack" });
  if (scene.kind in SCENES && scene.frames.some((frame) => frame !== null)) {
    const [title, make] = SCENES[scene.kind], holder = card(title);
    drawers.push(make(holder));
    left.append(holder);
  }
  if (data.images) left.append(firstLayer());
  if (data.curves.length) right.append(curves());
  if (data.visits.length) right.append(doctor());
  if (data.notes.length) right.append(card("Notes", ...data.notes.map((note) => html("p", {}, note))));
  if (Object.keys(KINDS).some((kind) => data[kind].length)) right.append(histograms());
  const stacks = [left, right].filter((stack) => stack.children.length);
  if (stacks.length === 1) stacks[0].style.gridColumn = "1 / -1";
  $("cards").append(...stacks);
  new ResizeObserver(paint).observe($("cards"));
  paint();
})();
