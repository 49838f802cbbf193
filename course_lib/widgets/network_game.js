// You are the network: images in a plane, pulled and pushed by the contrastive loss. All arithmetic is done here;
// network_game.py holds the same in Python, and the tests compare the two.

const UNIT = 100; // pixels of the drawing a unit of the plane
const LONG = 300, SHORT = 0.002; // of arrows: pixels a unit of force; weaker forces have none
const SECOND = 60; // steps of gradient descent a second
const HINT = "Drag the images or use the arrow keys. Dashed circle: the margin.";

// The loss, its two parts, and minus its gradient on each point: see `loss_and_forces` in Python.
export function lossAndForces(points, labels, margin, negatives = true) {
  const pairs = (points.length * (points.length - 1)) / 2;
  const forces = points.map(() => [0, 0]);
  let [pull, push, stuck] = [0, 0, false];
  for (let i = 0; i < points.length; i++) {
    for (let j = i + 1; j < points.length; j++) {
      const [x, y] = [points[i][0] - points[j][0], points[i][1] - points[j][1]];
      const d = Math.hypot(x, y);
      let along = -2;
      if (!negatives || labels[i] === labels[j]) {
        pull += d * d;
      } else {
        const gap = Math.max(0, margin - d);
        push += gap * gap;
        stuck ||= d === 0;
        along = d > 0 ? (2 * gap) / d : 0;
      }
      forces[i][0] += (along * x) / pairs;
      forces[i][1] += (along * y) / pairs;
      forces[j][0] -= (along * x) / pairs;
      forces[j][1] -= (along * y) / pairs;
    }
  }
  return { loss: (pull + push) / pairs, pull: pull / pairs, push: push / pairs, forces, stuck };
}

const clamp = (value, rim) => Math.min(rim, Math.max(-rim, value));

// One step of gradient descent that stays in the plane.
export function step(points, labels, margin, negatives, { rate, size, edge }) {
  const { forces } = lossAndForces(points, labels, margin, negatives);
  return points.map((point, i) => point.map((v, k) => clamp(v + rate * forces[i][k], size[k] / 2 - edge)));
}

const farthest = (a, b) => Math.max(...a.flatMap((p, i) => p.map((v, k) => Math.abs(v - b[i][k]))));

// The game knows no page: where the images are, which is held, and gradient descent in time.
export function makeGame(content, { points, margin, negatives, settled = () => {} }) {
  const { labels, start, steps, still } = content;
  const game = { content, points, margin, negatives, held: null, note: "", running: false, used: false };
  const views = new Set();
  let frame = 0;
  const tell = () => views.forEach((view) => view());
  const rest = () => { tell(); settled(game); };
  game.watch = (view) => { views.add(view); return () => views.delete(view) && !views.size && game.stop(); };
  game.measure = () => lossAndForces(game.points, labels, game.margin, game.negatives);
  game.set = (values) => { Object.assign(game, values); tell(); };

  game.move = (i, x, y) => {
    game.stop();
    const at = [x, y].map((v, k) => clamp(v, content.size[k] / 2 - content.edge));
    game.set({ points: game.points.map((point, k) => (k === i ? at : point)), note: "", used: true });
  };
  game.settle = rest;

  game.change = (values) => {
    Object.assign(game, values, { note: "", used: true });
    rest();
  };

  game.reset = () => {
    game.stop();
    game.change({ points: start, margin: content.margin, negatives: true });
  };

  game.stop = () => {
    cancelAnimationFrame(frame);
    game.running = false;
  };

  // Let the gradients finish: step after step as time goes by, all at once for those who want no motion.
  game.finish = () => {
    game.stop();
    Object.assign(game, { running: true, note: "", used: true });
    const began = performance.now(), atOnce = matchMedia("(prefers-reduced-motion: reduce)").matches;
    let done = 0;
    const go = (now) => {
      const due = atOnce ? steps : Math.min(steps, 1 + Math.floor(((now - began) / 1000) * SECOND));
      for (let moved = Infinity; game.running && done < due; done++) {
        const before = game.points;
        game.points = step(before, labels, game.margin, game.negatives, content);
        moved = farthest(before, game.points);
        if (moved < still || done === steps - 1) [game.running, game.note] = [false, verdict(game)];
      }
      if (!game.running) return rest();
      tell();
      frame = requestAnimationFrame(go);
    };
    frame = requestAnimationFrame(go);
  };
  return game;
}

function verdict(game) {
  const { loss, stuck } = game.measure();
  if (!game.negatives) return "Collapsed: with only similar pairs, one point for all has loss 0.";
  if (loss < 0.001) return "Finished: like digits together, others at least the margin apart.";
  if (stuck) return "Unlike digits on one very point: the gradient is zero. Drag one away.";
  return "Finished, but the loss is not 0: some are held back. Drag them.";
}

// What eyes see besides: the arrow of the image that is held, else the loss and what it comes from.
function summary(game) {
  const { loss, pull, push, forces } = game.measure();
  if (game.held === null) {
    const pairs = game.negatives ? `margin ${game.margin.toFixed(1)}` : "all pairs similar";
    return `Loss ${loss.toFixed(3)}: pull ${pull.toFixed(3)}, push ${push.toFixed(3)}; ${pairs}.`;
  }
  const [x, y] = game.points[game.held], force = forces[game.held], size = Math.hypot(...force);
  const way = [["left", "right"], ["down", "up"]].map(([less, more], k) =>
    (Math.abs(force[k]) < size / 3 ? "" : force[k] < 0 ? less : more)).filter(Boolean).join(" and ");
  return `At ${signed(x, 1)}, ${signed(y, 1)}. ` +
    (size < SHORT ? "No force moves it." : `The force on it is ${size.toFixed(2)}, ${way}.`);
}

function make(tag, className, attributes = {}) {
  const node = Object.assign(document.createElement(tag), attributes);
  if (className) node.className = className;
  return node;
}

// The name of SVG's own elements, from the browser: a stored page holds no address at all.
const SVG = make("div", "", { innerHTML: "<svg></svg>" }).firstChild.namespaceURI;

function draw(tag, attributes, ...inside) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...inside);
  return node;
}

// An arrow from the rim of an image along its force, as the points of a path.
function arrow([x, y], [fx, fy]) {
  const force = Math.hypot(fx, fy);
  if (force < SHORT) return "";
  const [ux, uy] = [fx / force, -fy / force], long = 14 + Math.min(110, LONG * force);
  const at = (ahead, aside) => `${x + ux * ahead - uy * aside} ${y + uy * ahead + ux * aside}`;
  return `M${at(34, 0)} L${at(34 + long, 0)} M${at(36 + long, 0)} L${at(24 + long, 6)} L${at(24 + long, -6)} Z`;
}

// One image: a button that is dragged, or moved with the arrow keys.
function thumb(game, i, toPlane) {
  const { images, labels, colours } = game.content, label = labels[i], kinds = [...new Set(labels)];
  const kind = kinds.indexOf(label), number = labels.slice(0, i + 1).filter((other) => other === label).length;
  const node = make("button", `course-thumb course-kind-${kind % 3}`, { type: "button" });
  node.style.borderColor = colours[kind % colours.length];
  node.append(draw("svg", { viewBox: "0 0 1 1" }, draw("image", { href: images[i], width: 1, height: 1 })));
  node.dataset.lmSuppressShortcuts = "true"; // JupyterLab takes the arrow keys unless the element says no
  let from = null; // of a drag: the image's place less the pointer's
  node.onfocus = () => game.set({ held: i });
  node.onblur = () => game.set({ held: null });
  node.onpointerdown = (event) => {
    if (event.button) return;
    event.preventDefault();
    node.focus({ preventScroll: true });
    node.setPointerCapture(event.pointerId);
    from = toPlane(event).map((v, k) => game.points[i][k] - v);
  };
  node.onpointermove = (event) => {
    if (from) game.move(i, ...toPlane(event).map((v, k) => v + from[k]));
  };
  node.onlostpointercapture = () => {
    if (from) game.settle();
    from = null;
  };
  node.onkeydown = (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!way || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const [x, y] = way.map((v, k) => game.points[i][k] + v * (event.shiftKey ? 0.5 : 0.1));
    game.move(i, x, y);
    game.set({ note: `Digit ${label}: loss ${game.measure().loss.toFixed(3)}` }); // a screen reader says it
    game.settle();
  };
  return [node, () => {
    const [x, y] = game.points[i], [wide, high] = game.content.size;
    Object.assign(node.style, { left: `${50 + (100 * x) / wide}%`, top: `${50 - (100 * y) / high}%` });
    node.setAttribute("aria-label", `digit ${label}, image ${number}: ${x.toFixed(1)}, ${y.toFixed(1)}`);
    node.classList.toggle("course-held", game.held === i);
  }];
}

// Draw the game into `el`. Returns a function that lets go of it.
export function mount(el, game) {
  const { name, size, margins } = game.content, { points } = game;
  const root = make("div", "course-explorer course-game");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", name);
  const row = make("div", "course-controls"), stage = make("div", "course-stage");
  const id = Math.random().toString(36).slice(2); // scripts of one page do not know each other
  const slider = make("input", "", { type: "range", id: `course-m${id}`, min: margins[0], max: margins[1], step: 0.1 });
  const shown = make("span", "course-value", { ariaHidden: "true" });
  const none = make("input", "", { type: "checkbox", id: `course-n${id}` });
  const finish = make("button", "", { type: "button", textContent: "Let gradients finish", onclick: game.finish });
  const reset = make("button", "", { type: "button", textContent: "Reset", onclick: game.reset });
  slider.oninput = () => game.change({ margin: slider.valueAsNumber });
  none.onchange = () => game.change({ negatives: !none.checked });
  for (const part of [slider, none, finish, reset]) part.dataset.lmSuppressShortcuts = "true";
  const box = (...parts) => { const span = make("span", "course-control"); span.append(...parts); return span; };
  const label = (input, textContent) => make("label", "", { htmlFor: input.id, textContent });
  row.append(box(label(slider, "Margin"), slider, shown), box(none, label(none, "All pairs similar: collapse")),
             box(finish), box(reset));

  const circle = draw("circle", { class: "course-margin" });
  const arrows = points.map(() => ["course-halo", "course-arrow"].map((name) => draw("path", { class: name })));
  const [wide, high] = size.map((side) => side * UNIT);
  const onTop = draw("svg", { viewBox: `0 0 ${wide} ${high}`, "aria-hidden": "true" }, circle, ...arrows.flat());
  const toPlane = (event) => {
    const { left, top, width, height } = stage.getBoundingClientRect();
    return [((event.clientX - left) / width - 0.5) * size[0], (0.5 - (event.clientY - top) / height) * size[1]];
  };
  const thumbs = points.map((_, i) => thumb(game, i, toPlane));
  stage.append(...thumbs.map(([node]) => node), onTop);
  stage.dataset.preventSwipe = ""; // a slide show (reveal.js) must not turn the page under a finger that drags
  row.dataset.preventSwipe = "";

  const read = make("div", "course-read"), loss = make("span", "course-loss"), note = make("span", "course-note");
  note.setAttribute("role", "status");
  read.append(loss, note);
  const [told, tell] = teller();
  root.append(row, stage, read, told);
  root.addEventListener("keydown", keepKeys);
  el.append(root);

  function view() {
    const { loss: sum, pull, push, forces } = game.measure();
    const pixel = ([x, y]) => [wide / 2 + x * UNIT, high / 2 - y * UNIT];
    thumbs.forEach(([, show]) => show());
    arrows.forEach((paths, i) => {
      const d = arrow(pixel(game.points[i]), forces[i]);
      paths.forEach((path) => path.setAttribute("d", d));
    });
    const [cx, cy] = game.held === null ? [0, 0] : pixel(game.points[game.held]);
    const r = game.held === null || !game.negatives ? 0 : game.margin * UNIT;
    Object.entries({ cx, cy, r }).forEach(([key, value]) => circle.setAttribute(key, value));
    loss.textContent = `loss ${sum.toFixed(3)} = pull ${pull.toFixed(3)} + push ${push.toFixed(3)}`;
    slider.value = game.margin;
    slider.setAttribute("aria-valuetext", shown.textContent = game.margin.toFixed(1));
    none.checked = !game.negatives;
    tell(game.used && !game.running ? summary(game) : "");
    const text = game.note || HINT;
    if (note.textContent !== text) note.textContent = text;
  }
  view();
  return game.watch(view);
}

// A page without a kernel.
export function standalone(el, content) {
  return mount(el, makeGame(content, { points: content.start, margin: content.margin, negatives: true }));
}

export default () => withKernel(["points", "margin", "negatives"], makeGame, mount, (game, change) => game.set(change));
