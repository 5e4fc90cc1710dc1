// The page of one computation: what Python knows of it, shown step by step. No framework, no request.
// Text from the user's program reaches the document as text nodes only.

(() => {
  const boxes = new Map(data.boxes.map((box) => [box.id, box]));
  const clusters = new Map(data.clusters.map((cluster) => [cluster.id, cluster]));
  const state = { step: 0, closed: new Set(), selected: null, x: 0, y: 0, zoom: 1, moved: false, playing: 0, matches: [], match: 0 };

  // -- the steps ---------------------------------------------------------------------------------

  const operations = data.boxes.filter((box) => box.operation);
  const failed = operations.find((box) => box.failed);
  const backward = failed ? [] : operations.filter((box) => box.flows).reverse();
  const steps = [{ phase: "start" }];
  for (const box of operations) steps.push({ phase: box.failed ? "failed" : "forward", box });
  for (const box of backward) steps.push({ phase: "backward", box });
  const turn = { forward: new Map(), backward: new Map() };
  steps.forEach((step, k) => step.box && turn[step.phase === "backward" ? "backward" : "forward"].set(step.box.id, k));

  const into = new Map(data.boxes.map((box) => [box.id, []]));
  const outOf = new Map(data.boxes.map((box) => [box.id, []]));
  for (const arrow of data.arrows) {
    into.get(arrow.head).push(arrow);
    outOf.get(arrow.tail).push(arrow);
  }
  const flows = (arrow) => arrow.links.length > 0;
  const flowing = (id) => outOf.get(id).filter((arrow) => flows(arrow) && turn.backward.has(arrow.head));
  /** How many shares of its gradient a box receives: in all, and up to a step. */
  const shares = (id, step = Infinity) => flowing(id).reduce((n, arrow) => n + (turn.backward.get(arrow.head) <= step ? arrow.links.length : 0), 0);

  // -- names in formulas -------------------------------------------------------------------------

  const small = (digits) => [...digits].map((d) => "₀₁₂₃₄₅₆₇₈₉"[d]).join("");
  function symbol(id) {
    const box = boxes.get(id);
    if (box.label) return box.label;
    if (!box.operation) return box.title;
    const word = box.title.split(" ")[0];
    return (/^[\p{L}_]/u.test(word) ? word : "v") + small(id.replace(/\D/g, ""));
  }
  const goal = () => (data.roots.length ? symbol(data.roots[0]) : "out");
  const fraction = (top, bottom) => html("span", { class: "frac" }, html("span", {}, "∂" + top), html("span", {}, "∂" + bottom));

  /** The boxes from `id` to the result, by the first way; and whether there are others. */
  function chain(id) {
    const path = [id];
    let several = false;
    while (!data.roots.includes(path[path.length - 1])) {
      const ways = flowing(path[path.length - 1]);
      if (!ways.length || path.length > data.boxes.length) break;
      several = several || shares(path[path.length - 1]) > 1;
      path.push(ways[0].head);
    }
    return { path, several };
  }

  /** ∂L/∂x = ∂L/∂a · ∂a/∂b · … · ∂b/∂x */
  function product(id) {
    const { path, several } = chain(id);
    const factors = [];
    for (let k = path.length - 1; k > 0; k--) factors.push(fraction(symbol(path[k]), symbol(path[k - 1])));
    const shown = factors.length > 6 ? [...factors.slice(0, 2), "⋯", ...factors.slice(-3)] : factors;
    const parts = [fraction(goal(), symbol(id)), several ? " = Σ over ways: " : " = "];
    shown.forEach((factor, k) => parts.push(...(k ? [" · ", factor] : [factor])));
    return factors.length ? html("span", { class: "term product" }, ...parts) : null;
  }

  // -- geometry: closed modules, and the gaps that they leave -------------------------------------

  function outermostClosed(cluster) {
    let found = null;
    for (let c = cluster; c; c = clusters.get(c).parent) if (state.closed.has(c)) found = c;
    return found;
  }
  /** Where a box is to be seen: itself, or the closed module that holds it. */
  const seenAs = (id) => outermostClosed(boxes.get(id).cluster) || id;

  function closedBox(cluster) {
    const w = Math.max(90, Math.min(cluster.w, Math.max(cluster.name.length * 8, cluster.kind.length * 6.4) + 34));
    return { x: cluster.x + cluster.w / 2, y: cluster.y + cluster.h / 2, w, h: 42 };
  }

  /** A map of one axis that shortens every stretch which holds nothing visible. */
  function closing(spans, most) {
    const cuts = [];
    let end = -Infinity;
    for (const [from, to] of spans.sort((a, b) => a[0] - b[0])) {
      if (end > -Infinity && from - end > most) cuts.push([end, from, from - end - most]);
      end = Math.max(end, to);
    }
    return (value) => {
      let moved = value;
      for (const [from, to, length] of cuts) {
        if (value >= to) moved -= length;
        else if (value > from) moved -= length * ((value - from) / (to - from));
      }
      return moved;
    };
  }

  function arrange() {
    const places = new Map();
    for (const box of data.boxes) {
      const shown = seenAs(box.id);
      if (shown === box.id) places.set(shown, { x: box.x, y: box.y, w: box.w, h: box.h });
      else if (!places.has(shown)) places.set(shown, closedBox(clusters.get(shown)));
    }
    const frames = data.clusters.filter((cluster) => !outermostClosed(cluster.id));
    if (state.closed.size) {
      const rows = [...places.values()].map((p) => [p.y - p.h / 2, p.y + p.h / 2]);
      const columns = [...places.values()].map((p) => [p.x - p.w / 2, p.x + p.w / 2]);
      for (const frame of frames) rows.push([frame.y, frame.y + 22], [frame.y + frame.h - 10, frame.y + frame.h]);
      const down = closing(rows, 34), across = closing(columns, 30);
      for (const p of places.values()) [p.x, p.y] = [across(p.x), down(p.y)];
      return { places, frames: frames.map((f) => squeezed(f, across, down)), across, down };
    }
    return { places, frames: frames.map((f) => ({ ...f })), across: (x) => x, down: (y) => y };
  }
  function squeezed(frame, across, down) {
    const x = across(frame.x), y = down(frame.y);
    return { ...frame, x, y, w: across(frame.x + frame.w) - x, h: down(frame.y + frame.h) - y };
  }

  function curve(arrow, scene) {
    const tail = seenAs(arrow.tail), head = seenAs(arrow.head);
    if (tail === arrow.tail && head === arrow.head && arrow.points.length >= 8) {
      const p = arrow.points.map((v, k) => Math.round((k % 2 ? scene.down(v) : scene.across(v)) * 10) / 10);
      return `M${p[0]},${p[1]}C${p.slice(2).join(" ")}`;
    }
    const a = scene.places.get(tail), b = scene.places.get(head);
    const y1 = a.y + a.h / 2, y2 = b.y - b.h / 2, bend = Math.max(18, (y2 - y1) / 2);
    return `M${a.x},${y1}C${a.x},${y1 + bend} ${b.x},${y2 - bend} ${b.x},${y2}`;
  }

  // -- drawing -----------------------------------------------------------------------------------

  const stage = svg("g", {});
  const drawn = { boxes: new Map(), arrows: [] };
  let scene;

  function tip(id, start) {
    const d = start ? "M10,0 L0,4 L10,8 z" : "M0,0 L10,4 L0,8 z";
    return svg("marker", { id, viewBox: "0 0 10 8", refX: start ? 1 : 9, refY: 4, markerWidth: 8, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto" }, svg("path", { d }));
  }
  $("graph").append(svg("defs", {}, tip("tip"), tip("tip-forward"), tip("tip-backward", true)), stage);

  function build() {
    scene = arrange();
    stage.replaceChildren();
    drawn.boxes.clear();
    drawn.arrows = [];
    for (const frame of scene.frames) stage.append(drawFrame(frame));
    const known = new Map();
    for (const arrow of data.arrows) {
      const tail = seenAs(arrow.tail), head = seenAs(arrow.head), key = tail + ">" + head;
      if (tail === head) continue;
      if (known.has(key)) {
        known.get(key).arrows.push(arrow);
        continue;
      }
      const line = { arrows: [arrow], element: svg("path", { class: "arrow", d: curve(arrow, scene) }) };
      known.set(key, line);
      drawn.arrows.push(line);
      stage.append(line.element);
    }
    for (const [id, place] of scene.places) stage.append(drawBox(id, place));
    paint();
  }

  function drawFrame(frame) {
    const name = svg("text", { x: frame.x + 10, y: frame.y + 16 }, svg("tspan", { class: "name" }, frame.name), frame.kind ? "  " + frame.kind : "");
    const grip = svg("rect", { class: "grip", x: frame.x, y: frame.y, width: frame.w, height: 24, "data-frame": frame.id });
    return svg("g", { class: "frame", "data-id": frame.id },
      svg("rect", { x: frame.x, y: frame.y, width: frame.w, height: frame.h, rx: 9 }), name, grip,
      svg("title", {}, `Close ${frame.path || frame.name}`));
  }

  function drawBox(id, place) {
    const box = boxes.get(id), cluster = clusters.get(id);
    const title = box ? box.title : cluster.name;
    const text = svg("text", { class: "title", x: place.x, y: place.y - 4 }, title);
    if (box && box.aside) text.append(svg("tspan", { class: "aside", dx: 5 }, box.aside));
    const second = svg("text", { class: "second", x: place.x, y: place.y + 12 });
    const badge = svg("g", { class: "badge", display: "none" },
      svg("circle", { cx: place.x + place.w / 2 - 4, cy: place.y - place.h / 2 + 3, r: 9 }),
      svg("text", { x: place.x + place.w / 2 - 4, y: place.y - place.h / 2 + 6.5 }));
    const element = svg("g", { class: "box " + (box ? box.kind : "module"), "data-id": id, tabindex: 0, role: "button", "aria-label": title },
      svg("rect", { x: place.x - place.w / 2, y: place.y - place.h / 2, width: place.w, height: place.h, rx: box && !box.operation ? 3 : 9 }),
      text, second, badge, svg("title", {}, box ? "" : `Open ${cluster.path || cluster.name}`));
    element.addEventListener("focus", () => reveal(id));
    drawn.boxes.set(id, { element, second, badge, place });
    return element;
  }

  function paint() {
    const step = steps[state.step], going = step.phase === "start" ? null : step.phase;
    const chained = new Set(going === "backward" ? links(step.box.id) : []);
    for (const [id, it] of drawn.boxes) {
      const box = boxes.get(id);
      const inside = box ? [box] : data.boxes.filter((b) => seenAs(b.id) === id);
      const done = !going || inside.some((b) => !b.operation || turn.forward.get(b.id) <= state.step);
      const active = going && inside.includes(step.box);
      it.element.classList.toggle("ahead", !done);
      it.element.classList.toggle("current-forward", Boolean(active && going !== "backward"));
      it.element.classList.toggle("current-backward", Boolean(active && going === "backward"));
      it.element.classList.toggle("selected", state.selected === id);
      it.element.classList.toggle("matched", state.matches.includes(id));
      label(it, box, clusters.get(id), done);
    }
    for (const { arrows, element } of drawn.arrows) {
      const forward = (arrow) => turn.forward.get(arrow.head), back = (arrow) => turn.backward.get(arrow.head);
      const has = going === "backward" && arrows.some((a) => flows(a) && back(a) <= state.step);
      element.setAttribute("class", "arrow");
      element.classList.toggle("ahead", Boolean(going && !arrows.some((a) => forward(a) <= state.step)));
      element.classList.toggle("current-forward", going === "forward" && arrows.some((a) => forward(a) === state.step));
      element.classList.toggle("has-gradient", has);
      element.classList.toggle("chain", has && arrows.some((a) => chained.has(a)));
      element.classList.toggle("current-backward", has && arrows.some((a) => back(a) === state.step));
    }
    controls();
    caption(step);
    panel();
  }

  /** The arrows on the way from a box to the result. */
  function links(id) {
    const { path } = chain(id);
    return path.slice(1).map((head, k) => data.arrows.find((a) => a.tail === path[k] && a.head === head));
  }

  function label(it, box, cluster, done) {
    const going = steps[state.step].phase !== "start";
    let text = box ? box.second : `${cluster.count} operation${cluster.count === 1 ? "" : "s"}`, kind = "";
    let given = 0;
    if (box && going) {
      given = shares(box.id, state.step);
      const isRoot = data.roots.includes(box.id) && steps[state.step].phase === "backward";
      if ((given || isRoot) && box.gradientShort) [text, kind] = ["∇ " + box.gradientShort, "has-gradient"];
      else if (done && box.short) [text, kind] = ["= " + box.short, "has-value"];
    }
    const most = Math.floor((it.place.w - 10) / 5.7);
    it.second.textContent = text.length > most ? text.slice(0, most - 1) + "…" : text;
    it.second.setAttribute("class", "second " + kind);
    it.badge.setAttribute("display", given > 1 ? "inline" : "none");
    it.badge.lastChild.textContent = "+" + given;
    if (given > 1) it.badge.setAttribute("aria-label", `${given} gradients add here`);
  }

  // -- the caption -------------------------------------------------------------------------------

  function caption(step) {
    const parts = { start: introduction, forward: forwardCaption, backward: backwardCaption, failed: failedCaption }[step.phase](step.box);
    $("caption").replaceChildren(...parts.filter(Boolean));
  }
  function introduction() {
    const words = backward.length
      ? `${operations.length} operations forward, ${backward.length} back. Step with the arrow keys, click a box for what it holds.`
      : `${operations.length} operations. Step with the arrow keys, click a box for what it holds.`;
    return [html("span", {}, words), ...data.notes.map((note) => html("span", { class: "faint" }, note))];
  }
  function forwardCaption(box) {
    if (!box.forward) return [phase("Forward", "forward"), html("b", {}, box.title), html("span", { class: "faint" }, box.operations.join(", "))];
    const operands = box.operands.map((o) => (o.as === o.is ? o.is : `${o.as} = ${o.is}`) + ` (${o.shape})`).join(", ");
    return [
      phase("Forward", "forward"),
      html("span", { class: "term" }, html("b", {}, symbol(box.id)), html("span", { class: "formula" }, " = " + box.forward)),
      html("span", { class: "faint" }, operands),
      box.brief ? html("span", { class: "term" }, "= " + box.brief) : null,
      html("span", { class: "faint" }, box.shapes),
    ];
  }
  function backwardCaption(box) {
    const parts = [phase("Backward", "backward"), html("span", {}, "through ", html("b", {}, symbol(box.id)))];
    const g = box.gradientShort;
    if (g) parts.push(html("span", { class: "term" }, html("span", { class: "formula" }, "g = "), fraction(goal(), symbol(box.id)), " = " + g));
    const arrows = into.get(box.id).filter(flows);
    for (const arrow of arrows) parts.push(...terms(arrow));
    if (arrows.length) parts.push(product(arrows[0].tail));
    return parts;
  }
  /** What goes back along an arrow: a term for each use of the operand, and the count where gradients add. */
  function terms(arrow) {
    const total = shares(arrow.tail), before = shares(arrow.tail, state.step) - arrow.links.length;
    return arrow.links.map((link, k) => html("span", { class: "term" + (total > 1 ? " adds" : "") }, fraction(goal(), symbol(arrow.tail)),
      total > 1 ? html("span", { class: "plus" }, before + k ? "+=" : "=") : "=", html("span", { class: "formula" }, link.rule), link.share ? " = " + link.share : "",
      total > 1 ? html("span", { class: "plus" }, `share ${before + k + 1} of ${total}`) : null));
  }
  function failedCaption(box) {
    return [phase("Failed", "failed"), html("b", {}, box.title), html("span", { class: "failed-text" }, box.failed)];
  }
  const phase = (word, kind) => html("span", { class: "phase " + kind }, word);

  // -- the panel ---------------------------------------------------------------------------------

  function panel() {
    const id = state.selected || (steps[state.step].box && steps[state.step].box.id);
    const box = boxes.get(id);
    const content = box ? about(box) : overview();
    $("panel").classList.toggle("following", !state.selected);
    $("panel").replaceChildren(...content.filter(Boolean));
  }
  function overview() {
    const parameters = data.boxes.filter((box) => box.kind === "parameter").length;
    return [
      html("h2", {}, data.title),
      html("p", { class: "kind" }, `${operations.length} operations, ${parameters} parameters, ${data.clusters.length} modules`),
      ...data.notes.map((note) => html("p", {}, note)),
      html("p", {}, "Click a box: its value, its gradient, the local derivative and the line that made it."),
      html("p", {}, "→ steps forward through the computation, then backward: each operation multiplies the gradient by its own derivative and hands it on. Where several meet, they add."),
    ];
  }
  function about(box) {
    const rows = [["Module", [box.path, box.module].filter(Boolean).join("  ")], ["Result", box.label], ["Shape", box.shapes], ["Type", box.dtype], ["Memory", box.bytes], ["Settings", box.detail], ["Repeated", box.times > 1 ? `${box.times} times` : ""]];
    return [
      html("button", { class: "close", "aria-label": "Close details", onclick: () => select(null) }, "×"),
      html("h2", {}, box.label || box.name),
      html("p", { class: "kind" }, box.kind === "input" ? "data" : box.kind === "parameter" ? "parameter" : box.forward ? "operation " + box.name : box.failed && !box.operations ? "raised here" : box.module || "module"),
      box.failed ? html("p", { class: "failed-text" }, box.failed) : null,
      html("dl", {}, ...rows.filter((row) => row[1]).flatMap(([name, text]) => [html("dt", {}, name), html("dd", {}, text)])),
      ...formulas(box),
      ...whereMade(box.line),
      ...array("Value", "value", box.value),
      ...array("Gradient", "gradient", box.gradient),
      ...sharesOf(box),
      ...moduleParts(box),
    ];
  }
  function formulas(box) {
    if (!box.forward) return [];
    const rules = box.operands.filter((o) => o.rule).map((o) =>
      html("li", {}, "for ", html("code", {}, o.as), " (", link("n" + o.key, o.is), "): ", html("code", {}, o.rule)));
    return [
      html("h3", {}, "Formula"),
      html("code", {}, "out = " + box.forward),
      rules.length ? html("h3", {}, "Local derivative, times g = ∂" + goal() + "/∂out") : null,
      rules.length ? html("ul", {}, ...rules) : null,
    ];
  }
  function link(id, text) {
    return boxes.has(id) ? html("button", { class: "link", onclick: () => select(id, true) }, text) : text;
  }
  function whereMade(line) {
    if (!line) return [];
    return [html("h3", {}, "Made at"), html("div", { title: line.path }, `${line.file}:${line.number}`), line.code ? html("pre", {}, line.code) : null];
  }
  function sharesOf(box) {
    const total = shares(box.id);
    if (total < 2) return [];
    return [html("h3", {}, `Gradient: ${total} shares added`), html("ul", {}, ...flowing(box.id).flatMap((arrow) => arrow.links.map((share) =>
      html("li", {}, "from ", link(arrow.head, symbol(arrow.head)), ", as ", html("code", {}, share.as), share.share ? ": " + share.share : ""))))];
  }
  function moduleParts(box) {
    const list = box.parameters || [];
    return list.length ? [html("h3", {}, "Parameters"), html("ul", {}, ...list.map((p) => html("li", {}, `${p.name} (${p.shape})`, p.gradient ? ` ∇ ${p.gradient}` : "")))] : [];
  }

  function array(title, kind, facts) {
    if (!facts) return [];
    const rows = [["mean", facts.mean], ["std", facts.std], ["range", `${facts.min} … ${facts.max}`], ["rms", facts.rms], ["zeros", facts.zeros ? `${facts.zeros} of ${facts.size}` : ""]];
    return [html("h3", {}, title), html("div", { class: kind },
      facts.bad ? html("p", { class: "bad" }, "contains " + facts.bad) : null,
      facts.full !== undefined ? html("div", { class: "wide" }, inFull(facts.full)) : null,
      facts.size > 1 ? html("dl", {}, ...rows.filter((row) => row[1]).flatMap(([name, text]) => [html("dt", {}, name), html("dd", {}, text)])) : null,
      facts.histogram ? histogram(facts) : null,
      facts.picture ? picture(facts.picture) : null)];
  }
  function inFull(full) {
    if (!Array.isArray(full)) return html("code", {}, full);
    const rows = Array.isArray(full[0]) ? full : [full];
    if (rows.some((row) => !Array.isArray(row) || row.some(Array.isArray))) return html("div", {}, ...full.map((part) => inFull(part)));
    return html("table", {}, ...rows.map((row) => html("tr", {}, ...row.map((cell) => html("td", {}, cell)))));
  }
  function histogram(facts) {
    const counts = facts.histogram, top = Math.max(...counts), n = counts.length;
    const bars = counts.map((count, k) => svg("rect", { x: k + 0.06, y: 1 - count / top, width: 0.88, height: count / top }));
    return html("div", {}, svg("svg", { class: "histogram", viewBox: `0 0 ${n} 1`, preserveAspectRatio: "none", role: "img", "aria-label": "Histogram" }, ...bars),
      html("div", { class: "range" }, html("span", {}, facts.min), html("span", {}, facts.max)));
  }

  // -- pictures of arrays ------------------------------------------------------------------------

  const SCALES = {
    plain: (t) => { const v = Math.round(20 + 225 * t); return [v, v, v]; },
    signed: (t) => {
      const [r, g, b] = t < 0.5 ? [0, 114, 178] : [213, 94, 0], s = Math.abs(t - 0.5) * 2;
      return [245 + (r - 245) * s, 245 + (g - 245) * s, 245 + (b - 245) * s];
    },
  };
  function picture(image) {
    const bytes = bytesOf(image.data);
    const channels = image.mode === "rgb" ? 3 : 1, area = image.width * image.height;
    const scale = Math.max(1, Math.floor((image.tiles > 1 ? 76 : 260) / Math.max(image.width, image.height)));
    const canvases = [];
    for (let k = 0; k < image.tiles; k++) {
      const canvas = html("canvas", { width: image.width, height: image.height, style: `width:${image.width * scale}px;height:${image.height * scale}px` });
      const context = canvas.getContext("2d"), pixels = context.createImageData(image.width, image.height);
      for (let p = 0; p < area; p++) {
        const at = (k * area + p) * channels, byte = bytes[at];
        const rgb = byte === 0 ? [204, 121, 167] : channels === 3 ? [bytes[at], bytes[at + 1], bytes[at + 2]] : SCALES[image.mode]((byte - 1) / 254);
        pixels.data.set([...rgb, 255], p * 4);
      }
      context.putImageData(pixels, 0, 0);
      canvases.push(canvas);
    }
    const more = image.of > image.tiles ? `, first ${image.tiles} of ${image.of}` : "";
    return html("div", {}, ...canvases, html("div", { class: "scale" }, (image.mode === "signed" ? `blue ${image.low}, white 0, vermillion ${image.high}` : `dark ${image.low}, light ${image.high}`) + more));
  }

  // -- controls ----------------------------------------------------------------------------------

  function controls() {
    const step = steps[state.step];
    $("slider").max = steps.length - 1;
    $("slider").value = state.step;
    $("slider").setAttribute("aria-valuetext", step.box ? `${step.phase} ${step.box.title}` : "start");
    $("count").textContent = `${state.step} / ${steps.length - 1}`;
    $("fold").textContent = state.closed.size ? "Open modules" : "Close modules";
    $("fold").disabled = !data.clusters.length;
    $("play").textContent = state.playing ? "❚❚ Pause" : "▶ Play";
  }
  function go(step) {
    state.step = Math.max(0, Math.min(steps.length - 1, step));
    state.selected = null;
    paint();
    if (steps[state.step].box) reveal(seenAs(steps[state.step].box.id));
  }
  function play(on) {
    clearInterval(state.playing);
    state.playing = 0;
    if (on) {
      if (state.step === steps.length - 1) go(0);
      state.playing = setInterval(() => (state.step < steps.length - 1 ? go(state.step + 1) : play(false)), 1100);
    }
    controls();
  }
  function select(id, show) {
    state.selected = id;
    paint();
    if (id && show) reveal(seenAs(id));
  }
  function close(id) {
    if (state.closed.has(id)) state.closed.delete(id);
    else state.closed.add(id);
    build();
    fit();
  }
  function closeAll() {
    if (state.closed.size) state.closed.clear();
    else data.clusters.filter((c) => !c.parent || onlyFrame(c.parent)).forEach((c) => state.closed.add(c.id));
    build();
    fit();
  }
  /** Whether a frame holds the whole graph: closing that would leave one box, so its children close instead. */
  function onlyFrame(id) {
    const tops = data.clusters.filter((c) => !c.parent);
    return tops.length === 1 && tops[0].id === id && data.clusters.some((c) => c.parent === id);
  }
  function large() {
    largeType();
    fit();
  }

  // -- search ------------------------------------------------------------------------------------

  function search(text) {
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    const has = (box) => {
      const all = [box.title, box.aside, box.name, box.label, box.path, box.module, box.shapes, ...(box.operations || [])].join(" ").toLowerCase();
      return words.every((word) => all.includes(word));
    };
    const found = words.length ? data.boxes.filter(has) : [];
    state.matches = [...new Set(found.map((box) => seenAs(box.id)))];
    state.match = 0;
    $("found").textContent = words.length ? `${found.length} found` : "";
    paint();
    if (state.matches.length) reveal(state.matches[0], true);
  }
  function nextMatch() {
    if (!state.matches.length) return;
    const id = state.matches[state.match++ % state.matches.length];
    if (boxes.has(id)) select(id);
    reveal(id, true);
  }

  // -- pan and zoom ------------------------------------------------------------------------------

  const canvas = $("graph");
  function move() {
    stage.setAttribute("transform", `translate(${state.x},${state.y}) scale(${state.zoom})`);
  }
  function extent() {
    const all = [...scene.places.values()].map((p) => [p.x - p.w / 2, p.y - p.h / 2, p.x + p.w / 2, p.y + p.h / 2]);
    for (const f of scene.frames) all.push([f.x, f.y, f.x + f.w, f.y + f.h]);
    return [Math.min(...all.map((p) => p[0])), Math.min(...all.map((p) => p[1])), Math.max(...all.map((p) => p[2])), Math.max(...all.map((p) => p[3]))];
  }
  function fit() {
    state.moved = false;
    const { width, height } = canvas.getBoundingClientRect(), [x1, y1, x2, y2] = extent();
    state.zoom = Math.min(1.6, Math.max(0.05, Math.min((width - 40) / (x2 - x1), (height - 64) / (y2 - y1))));
    state.x = width / 2 - (state.zoom * (x1 + x2)) / 2;
    state.y = (height - 24) / 2 - (state.zoom * (y1 + y2)) / 2;
    move();
  }
  function zoomAt(factor, cx, cy) {
    const zoom = Math.min(4, Math.max(0.05, state.zoom * factor));
    state.moved = true;
    state.x = cx - ((cx - state.x) * zoom) / state.zoom;
    state.y = cy - ((cy - state.y) * zoom) / state.zoom;
    state.zoom = zoom;
    move();
  }
  /** The box that the page is about: the one that is selected, else that of the step. */
  function current() {
    const step = steps[state.step];
    return state.selected || (step.box && seenAs(step.box.id));
  }
  function reveal(id, always) {
    const it = drawn.boxes.get(id);
    if (!it) return;
    const { width, height } = canvas.getBoundingClientRect();
    if (always && state.zoom < 0.6) state.zoom = 0.9;
    const x = it.place.x * state.zoom + state.x, y = it.place.y * state.zoom + state.y, w = (it.place.w / 2) * state.zoom + 12, h = 34 * state.zoom;
    if (x - w < 0 || x + w > width || y - h < 0 || y + h > height || always) {
      state.moved = true;
      state.x = width / 2 - it.place.x * state.zoom;
      state.y = height / 2 - it.place.y * state.zoom;
    }
    move();
  }

  const fingers = new Map();
  let travelled = 0;
  canvas.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
    travelled = 0;
  });
  canvas.addEventListener("pointermove", (event) => {
    const last = fingers.get(event.pointerId);
    if (!last) return;
    const dx = event.clientX - last[0], dy = event.clientY - last[1];
    travelled += Math.abs(dx) + Math.abs(dy);
    if (travelled > 4 && !canvas.hasPointerCapture(event.pointerId)) {
      canvas.setPointerCapture(event.pointerId);
      canvas.classList.add("dragging");
    }
    if (fingers.size === 2) pinch(event);
    else if (travelled > 4) {
      state.moved = true;
      state.x += dx;
      state.y += dy;
      move();
    }
    fingers.set(event.pointerId, [event.clientX, event.clientY]);
  });
  function pinch(event) {
    const other = [...fingers].find(([id]) => id !== event.pointerId)[1], last = fingers.get(event.pointerId);
    const before = Math.hypot(last[0] - other[0], last[1] - other[1]), now = Math.hypot(event.clientX - other[0], event.clientY - other[1]);
    const corner = canvas.getBoundingClientRect();
    if (before > 0) zoomAt(now / before, (event.clientX + other[0]) / 2 - corner.left, (event.clientY + other[1]) / 2 - corner.top);
  }
  for (const name of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(name, (event) => {
      fingers.delete(event.pointerId);
      canvas.classList.remove("dragging");
    });
  }
  canvas.addEventListener("wheel", (event) => {
    event.preventDefault();
    const corner = canvas.getBoundingClientRect();
    zoomAt(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0016)), event.clientX - corner.left, event.clientY - corner.top);
  }, { passive: false });
  canvas.addEventListener("click", (event) => {
    if (travelled > 4) return;
    const grip = event.target.closest("[data-frame]"), box = event.target.closest(".box");
    if (box) pick(box.dataset.id);
    else if (grip) close(grip.dataset.frame);
    else select(null);
  });
  function pick(id) {
    if (boxes.has(id)) select(id);
    else close(id);
  }

  // -- keys and buttons --------------------------------------------------------------------------

  const keys = {
    ArrowRight: () => go(state.step + 1), ArrowLeft: () => go(state.step - 1), Home: () => go(0), End: () => go(steps.length - 1),
    " ": () => play(!state.playing), "+": () => middle(1.25), "=": () => middle(1.25), "-": () => middle(0.8), 0: fit,
    "/": () => $("search").focus(), c: closeAll, l: large, d: () => theme(), "?": () => $("keys").showModal(),
    Escape: () => select(null),
  };
  function middle(factor) {
    const { width, height } = canvas.getBoundingClientRect();
    zoomAt(factor, width / 2, height / 2);
  }
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $("keys").open) return;
    const element = event.target, typing = element.id === "search";
    if (typing) {
      if (event.key === "Escape") element.blur();
      if (event.key === "Enter") nextMatch();
      return;
    }
    const box = element.closest && element.closest(".box");
    if (box && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      const id = box.dataset.id;
      pick(id);
      const again = drawn.boxes.get(id);
      if (again) again.element.focus();
      return;
    }
    if (element.tagName === "BUTTON" && (event.key === " " || event.key === "Enter")) return;
    const action = keys[event.key] || keys[event.key.toLowerCase()];
    if (action) {
      event.preventDefault();
      action();
    }
  });
  const presses = { first: keys.Home, back: keys.ArrowLeft, play: keys[" "], next: keys.ArrowRight, last: keys.End, fold: closeAll, fit, large, theme: () => theme(), help: keys["?"] };
  for (const [id, action] of Object.entries(presses)) $(id).addEventListener("click", () => action());
  $("slider").addEventListener("input", (event) => go(Number(event.target.value)));
  $("search").addEventListener("input", (event) => search(event.target.value));
  new ResizeObserver(() => (state.moved ? reveal(current()) : fit())).observe(canvas);

  // -- start -------------------------------------------------------------------------------------

  function legend() {
    const kinds = { input: ["data", "sky"], parameter: ["parameter", "orange"], operation: ["operation", "edge"], module: ["module", "blue"], output: ["result", "green"], failed: ["failed", "vermillion"] };
    const used = new Set(data.boxes.map((box) => box.kind));
    $("legend").replaceChildren(...Object.entries(kinds).filter(([kind]) => used.has(kind)).map(([kind, [word, colour]]) =>
      html("span", { style: `--c:var(--${colour});--t:var(--${kind === "operation" ? "box" : colour + "-tint"})` }, word)));
  }
  legend();
  build();
  fit();
  if (failed) go(steps.length - 1);
})();
