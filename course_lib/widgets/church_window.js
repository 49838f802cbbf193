// A church window: the net's answers in a plane around a digit. They are stored; the image at a point is made here.
// church_window.py holds the same in Python, and the tests compare the two.

const UNIT = 12; // of the drawing a place of the plane
const EDGE = { left: 74, right: 6, top: 6, bottom: 66 }; // of the drawing, for axes
const HINT = "Drag the point, or use arrow keys. White is right.";

const sign = (letter) => ({ "-": -1, 0: 0, "+": 1 })[letter];

// The pixels at a place, in [0, 1]: see `moved` in Python. x counts from 0 to 255, g and r are one sign a pixel.
export function moved(x, g, r, [across, up]) {
  return x.map((v, k) => Math.min(1, Math.max(0, v / 255 + across * sign(g[k]) + up * sign(r[k]))));
}

// The number of the step that is nearest to a value, within the plane.
export function nearest(steps, value) {
  const away = steps.map((step) => Math.abs(step - value));
  return away.indexOf(Math.min(...away));
}

// The window knows no page: which digit and random direction, where the point is, and what the net says there.
export function makeWindow(content, { digit, draw, point, settled = () => {} }) {
  const { steps, windows, directions } = content;
  const it = { content, digit, draw, point, used: false };
  const views = new Set();
  it.watch = (view) => { views.add(view); return () => views.delete(view); };
  it.set = (values) => { Object.assign(it, values); views.forEach((view) => view()); };
  it.change = (values) => { it.set({ ...values, used: true }); settled(it); };
  it.settle = () => settled(it);
  it.move = (point) => it.set({ point: point.map((v) => steps[nearest(steps, v)]), used: true });
  it.plane = () => windows[it.digit].planes[it.draw];
  it.says = (point) => {
    const [across, up] = point.map((v) => nearest(steps, v)), k = up * steps.length + across;
    return { label: Number(it.plane().classes[k]), sure: it.plane().sure[k] };
  };
  // Where the answer changes first beyond the point, to the right (axis 0) or upwards (1): [step, label].
  it.border = (axis) => {
    const places = steps.filter((step) => step > it.point[axis])
      .map((step) => it.point.map((v, k) => (k === axis ? step : v)));
    const place = places.find((there) => it.says(there).label !== it.says(it.point).label);
    return place && [place[axis], it.says(place).label];
  };
  it.image = (point) => moved(windows[it.digit].x, windows[it.digit].g, directions[it.draw], point);
  it.farthest = () => {
    const clean = it.image([0, 0]);
    return Math.max(...it.image(it.point).map((v, k) => Math.abs(v - clean[k])));
  };
  return it;
}

function make(tag, className, attributes = {}, ...inside) {
  const node = Object.assign(document.createElement(tag), attributes);
  if (className) node.className = className;
  node.append(...inside);
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

// Regions, borders and numbers of a plane, in places: x from 0 on to the right, y down.
function glass({ classes, labels }, own, n, colours) {
  const at = (i, j) => classes[j * n + i], fills = {};
  let borders = "";
  for (let j = 0; j < n; j++) {
    const y = n - 1 - j;
    for (let i = 0; i < n; i++) {
      fills[at(i, j)] = `${fills[at(i, j)] ?? ""}M${i} ${y}h1v1h-1z`;
      if (i + 1 < n && at(i, j) !== at(i + 1, j)) borders += `M${i + 1} ${y}v1`;
      if (j + 1 < n && at(i, j) !== at(i, j + 1)) borders += `M${i} ${y}h1`;
    }
  }
  return [
    ...Object.entries(fills).map(([label, d]) => {
      const fill = Number(label) === own ? "white" : colours[label];
      return draw("path", { d, fill, "shape-rendering": "crispEdges", "data-class": label }); // no seams
    }),
    draw("path", { d: borders, class: "course-border" }),
    ...labels.map(([label, i, j]) => draw("text", { x: i + 0.5, y: n - j - 0.5, class: "course-number" }, label)),
  ];
}

// The axes of the plane, in the units of the drawing.
function axes(steps, side) {
  const middle = side / 2, words = [];
  const text = (x, y, more, ...inside) => words.push(draw("text", { x, y, ...more }, ...inside));
  steps.forEach((step, k) => {
    if (Math.abs(step * 10 - Math.round(step * 10)) > 1e-6 || Math.round(step * 10) % 2) return;
    const at = (k + 0.5) * UNIT;
    text(at, side + 24, {}, step.toFixed(1));
    text(-8, side - at + 6, { "text-anchor": "end" }, step.toFixed(1));
  });
  text(middle, side + 54, {}, "step along the gradient’s sign");
  text(-54, middle, { transform: `rotate(-90 -54 ${middle})` }, "step along random signs");
  return draw("g", { class: "course-axes" }, ...words);
}

function paint(canvas, pixels) {
  const pen = canvas.getContext("2d"), picture = pen.createImageData(canvas.width, canvas.height);
  pixels.forEach((v, k) => picture.data.set([255 * v, 255 * v, 255 * v, 255], 4 * k));
  pen.putImageData(picture, 0, 0);
}

// The place and the borders ahead in words: what eyes see at once in the plane.
function where(it) {
  const [across, up] = it.point.map((v) => signed(v, 2));
  const [right, above] = [0, 1].map((axis) => it.border(axis)).map((found) =>
    (found ? `the answer changes at ${signed(found[0], 2)}, to ${found[1]}` : "it does not change"));
  return `The point is at ${across} along the gradient's sign and ${up} along random signs ${it.draw + 1}. ` +
    `Further along the gradient's sign ${right}; further along the random signs ${above}.`;
}

const percent = ({ label, sure }) => `${label} (${sure} %)`;

// Draw the window into `el`. Returns a function that lets go of it.
export function mount(el, it) {
  const { name, steps, colours, windows, directions } = it.content;
  const n = steps.length, side = n * UNIT, half = (steps[1] - steps[0]) / 2;
  const root = make("div", "course-explorer course-church");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", name);

  const id = Math.random().toString(36).slice(2); // scripts of one page do not know each other
  const digit = make("select", "", { id: `course-d${id}` }, ...Object.keys(windows).map((key) => new Option(key)));
  const another = make("button", "", { type: "button", textContent: "Another random direction" });
  const which = make("span", "course-value");
  const clean = make("button", "", { type: "button", textContent: "Back to the clean image" });
  digit.onchange = () => it.change({ digit: Number(digit.value) });
  another.onclick = () => it.change({ draw: (it.draw + 1) % directions.length });
  clean.onclick = () => it.change({ point: [0, 0] });
  for (const part of [digit, another, clean]) part.dataset.lmSuppressShortcuts = "true";
  const box = (...parts) => make("span", "course-control", {}, ...parts);
  const row = make("div", "course-controls", {}, box(make("label", "", { htmlFor: digit.id, textContent: "Digit" }),
    digit), box(another, which), box(clean));

  const panes = draw("g", { transform: `scale(${UNIT})` });
  const cross = draw("path", { class: "course-cross", d: `M${side / 2 - 9} ${side / 2}h18m-9 -9v18` });
  const around = { viewBox: `${-EDGE.left} ${-EDGE.top} ${EDGE.left + side + EDGE.right} ${EDGE.top + side + EDGE.bottom}` };
  const frame = draw("rect", { width: side, height: side, class: "course-frame" });
  const drawing = draw("svg", { ...around, "aria-hidden": "true" }, panes, cross, frame, axes(steps, side));
  const point = make("button", "course-point", { type: "button" });
  point.dataset.lmSuppressShortcuts = "true"; // JupyterLab takes the arrow keys unless the element says no
  const plane = make("div", "course-plane", {}, drawing, point);
  const image = () => make("canvas", "", { width: 28, height: 28 });
  const [before, after] = [image(), image()], [calm, said] = [make("figcaption"), make("figcaption")];
  for (const canvas of [before, after]) canvas.setAttribute("role", "img");
  const stage = make("div", "course-panes", {}, plane, make("figure", "", {}, calm, before),
    make("figure", "", {}, said, after));
  plane.dataset.preventSwipe = ""; // a slide show (reveal.js) must not turn the page under a finger that drags
  row.dataset.preventSwipe = "";
  const line = make("span", "course-says"), hint = make("span", "course-note", { textContent: HINT });
  line.setAttribute("role", "status");
  const [told, tell] = teller();
  root.append(row, stage, make("div", "course-read", {}, line, hint), told);
  root.addEventListener("keydown", keepKeys);
  el.append(root);

  const toPlane = ({ clientX, clientY }) => {
    const { left, top, width, height } = frame.getBoundingClientRect(), [low, high] = [steps[0] - half, steps[n - 1] + half];
    return [low + ((clientX - left) / width) * (high - low), high - ((clientY - top) / height) * (high - low)];
  };
  let held = false;
  plane.onpointerdown = (event) => {
    if (event.button) return;
    const [x, y] = toPlane(event), rim = steps[n - 1] + half;
    if (event.target !== point && Math.max(Math.abs(x), Math.abs(y)) > rim) return; // the axes are no place
    event.preventDefault();
    point.focus({ preventScroll: true });
    plane.setPointerCapture(event.pointerId);
    held = true;
    it.move([x, y]);
  };
  plane.onpointermove = (event) => { if (held) it.move(toPlane(event)); };
  plane.onlostpointercapture = () => {
    if (held) it.settle();
    held = false;
  };
  point.onkeydown = (event) => {
    const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!way || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    it.move(way.map((v, k) => it.point[k] + v * (event.shiftKey ? 5 : 1) * 2 * half));
    it.settle();
  };

  let shown = "";
  function view() {
    const now = it.says(it.point), still = it.says([0, 0]), own = it.digit, right = now.label === own;
    if (shown !== `${own} ${it.draw}`) {
      shown = `${own} ${it.draw}`;
      panes.replaceChildren(...glass(it.plane(), own, n, colours));
      paint(before, it.image([0, 0]));
    }
    paint(after, it.image(it.point));
    const [i, j] = it.point.map((v) => nearest(steps, v));
    const share = (at, edge, whole) => `${(100 * (edge + at * UNIT)) / whole}%`;
    point.style.left = share(i + 0.5, EDGE.left, EDGE.left + side + EDGE.right);
    point.style.top = share(n - j - 0.5, EDGE.top, EDGE.top + side + EDGE.bottom);
    const [across, up] = it.point.map((v) => v.toFixed(2));
    point.setAttribute("aria-label", `point: ${across} along the gradient's sign, ${up} along random signs`);
    calm.textContent = `clean: ${percent(still)}`;
    said.textContent = `at the point: ${percent(now)}`;
    before.setAttribute("aria-label", `the clean image, a ${own}`);
    after.setAttribute("aria-label", `the image at the point, a ${own} with every pixel moved a little`);
    const text = `The net says ${percent(now)}, every pixel moved by at most ${it.farthest().toFixed(2)}.`;
    if (line.textContent !== text) line.textContent = text;
    tell(it.used ? where(it) : "");
    root.classList.toggle("course-wrong", !right);
    digit.value = own;
    which.textContent = `${it.draw + 1} of ${directions.length}`;
  }
  view();
  return it.watch(view);
}

// A page without a kernel.
export function standalone(el, content) {
  return mount(el, makeWindow(content, content.start));
}

export default () => withKernel(["digit", "draw", "point"], makeWindow, mount, (it, change) => it.set(change));
