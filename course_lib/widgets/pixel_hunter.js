// The pixel hunter: paint a few pixels until a net reads another digit. The net runs here (small_net.js is put before,
// and pixel_drawing.js); pixel_hunter.py sends its weights, the truth about single pixels, and recorded searches.

const SPEED = 5; // generations a second
const HINT = "Click a pixel: white, then black, then as it was. Make the net read another digit.";

const best = (values) => values.indexOf(Math.max(...values));
const percent = (p) => `${p > 0.99 && p < 0.9995 ? (100 * p).toFixed(1) : Math.round(100 * p)} %`;
const clamp = (value, least, most) => Math.min(most, Math.max(least, value));

function unpack({ image, map, replays, ...more }) {
  const led = floats(map); // black, then white
  return { ...more, led, pixels: Float32Array.from(bytes(image), (value) => value / 255),
    worst: led.slice(0, SIDE ** 2).map((lead, i) => Math.min(lead, led[i + SIDE ** 2])),
    flips: led.reduce((count, lead) => count + (lead < 0), 0),
    replays: replays.map((replay) => ({ ...replay, members: bytes(replay.members) })) };
}

// The game knows no page: which digit, what is painted, and what is shown ("paint", "map" or "evolution").
export function makeGame(content, { digit, pixels, painted, settled = () => {} }) {
  const weights = decode(content), digits = content.digits.map(unpack), views = new Set();
  const game = { content, digits, digit, pixels, painted, mode: "paint", generation: 0, cursor: [14, 14],
    note: "", running: false, used: false };
  let timer = 0;
  const tell = () => views.forEach((view) => view());
  game.watch = (view) => { views.add(view); return () => views.delete(view) && !views.size && game.stop(); };
  game.set = (values) => { Object.assign(game, values); tell(); };
  game.now = () => digits[game.digit];
  game.replay = () => game.now().replays[game.pixels - 1];
  game.shown = () => (game.mode === "evolution" ? game.replay().best[game.generation] : game.painted);
  game.colour = (row, column) => game.painted.find(([i, j]) => i === row && j === column)?.[2];

  // What is seen: the digit with the pixels that are painted, or with those of the best member.
  game.image = () => {
    const image = game.now().pixels.slice();
    for (const [row, column, colour] of game.shown()) image[row * SIDE + column] = colour;
    return image;
  };
  game.chances = () => softmax(logits(weights, game.image()));

  game.change = (values) => {
    game.stop();
    Object.assign(game, { note: "", used: true }, values);
    tell();
    settled(game);
  };

  // White, then black, then as it was; a colour that it has already is left out.
  game.paint = (row, column) => {
    if (game.mode === "evolution") return game.change({ mode: "paint" });
    const was = game.now().pixels[row * SIDE + column], colours = [1, 0].filter((colour) => colour !== was);
    const next = colours[colours.indexOf(game.colour(row, column)) + 1];
    const others = game.painted.filter(([i, j]) => i !== row || j !== column);
    if (game.colour(row, column) === undefined && others.length >= game.pixels) {
      return game.set({ note: `${count(game)}: undo one, or allow more.` });
    }
    game.change({ painted: next === undefined ? others : [...others, [row, column, next]] });
  };
  game.allow = (pixels) => game.change({ pixels, painted: game.painted.slice(0, pixels),
    mode: game.mode === "evolution" ? "paint" : game.mode });
  game.next = () => game.change({ digit: (game.digit + 1) % digits.length, painted: [], mode: "paint" });

  game.stop = () => {
    clearInterval(timer);
    game.running = false;
  };

  // What the kernel has changed; a replay belongs to what was there before.
  game.hear = (values) => {
    game.stop();
    game.set(game.mode === "evolution" ? { ...values, mode: "paint" } : values);
  };

  // Evolution from its first generation; all at once for those who want no motion.
  game.evolve = () => {
    const last = game.replay().best.length - 1;
    const atOnce = !last || matchMedia("(prefers-reduced-motion: reduce)").matches;
    game.change({ mode: "evolution", generation: atOnce ? last : 0 });
    game.running = !atOnce;
    if (atOnce) return;
    timer = setInterval(() => {
      if (game.generation >= last - 1) game.stop();
      game.set({ generation: Math.min(last, game.generation + 1) });
    }, 1000 / SPEED);
  };
  return game;
}

const count = ({ painted, pixels }) => `${painted.length} of ${pixels} ${pixels === 1 ? "pixel" : "pixels"} painted`;

// One sentence about what is seen, for eyes and for screen readers.
function status(game, chances) {
  const { label } = game.now(), answer = best(chances), says = `${answer} (${percent(chances[answer])})`;
  if (game.note) return game.note;
  if (game.mode === "evolution") {
    const { scores, flips } = game.replay(), asked = 1 + game.content.members * (game.generation + 1);
    const at = `generation ${game.generation}, ${asked.toLocaleString("en")} queries`;
    if (game.generation < scores.length - 1) return `Net says ${says} · ${at}`;
    if (flips && !game.generation) return `Flipped by the first draw: net says ${says} · ${at}`;
    return flips ? `Flipped: net says ${says} · ${at}` : `No flip after ${at}: net still says ${says}`;
  }
  return (answer === label ? `Net says ${says}` : `Flipped: net says ${says}, not ${label}`) + ` · ${count(game)}`;
}

// What eyes see besides: which digit it is, what the map comes to, and how near the search is.
function summary({ digit, digits, mode, generation, replay }, found) {
  return [`Digit ${digit + 1} of ${digits.length}: a ${digits[digit].label}.`,
    mode === "map" ? `Truth map: ${found} On the digit the arrow keys tell each pixel.` : "",
    mode === "evolution" ? `Log odds of the true digit: ${signed(replay().scores[generation], 1)}.` : "",
  ].filter(Boolean).join(" ");
}

function where(game, row, column) {
  const { led, pixels } = game.now(), at = row * SIDE + column;
  const name = (value) => (value === 1 ? "white" : value === 0 ? "black" : `grey, ${percent(value)}`);
  const painted = game.colour(row, column), place = `Row ${row + 1}, column ${column + 1}`;
  if (game.mode !== "map") return `${place}: ${painted === undefined ? name(pixels[at]) : `painted ${name(painted)}`}.`;
  const lead = (colour, by) => `${colour} ${by < 0 ? "flips it" : `leaves a lead of ${by.toFixed(1)}`}`;
  return `${place}: ${lead("white", led[at + SIDE ** 2])}, ${lead("black", led[at])}.`;
}

function make(tag, className, attributes = {}) {
  const node = Object.assign(document.createElement(tag), attributes);
  if (className) node.className = className;
  return node;
}

const box = (...parts) => { const span = make("span", "course-control"); span.append(...parts); return span; };
function button(textContent, onclick) {
  const node = make("button", "", { type: "button", textContent, onclick });
  node.dataset.lmSuppressShortcuts = "true"; // JupyterLab takes keys unless the element says no
  return node;
}
function slider(label, min, max, change) {
  const id = `course-s${Math.random().toString(36).slice(2)}`; // scripts of one page do not know each other
  const input = make("input", "", { type: "range", id, min, max, step: 1 });
  const value = make("span", "course-value", { ariaHidden: "true" });
  input.oninput = () => change(input.valueAsNumber);
  input.dataset.lmSuppressShortcuts = "true";
  return [box(make("label", "", { htmlFor: id, textContent: label }), input, value), (at, text = at) => {
    input.value = at;
    if (value.textContent !== `${text}`) input.setAttribute("aria-valuetext", value.textContent = text);
    return input;
  }];
}

// The digit: a canvas that is clicked, or painted with the keys.
function board(game, tell) {
  const node = make("canvas", "course-board", { width: SIDE * UNIT, height: SIDE * UNIT, tabIndex: 0 });
  node.setAttribute("role", "application");
  node.dataset.lmSuppressShortcuts = "true";
  node.dataset.preventSwipe = ""; // a slide show (reveal.js) must not turn the page under a finger
  const place = ({ clientX, clientY }) => {
    const { left, top } = node.getBoundingClientRect(), { clientLeft: rim, clientWidth: wide } = node;
    return [clientY - top, clientX - left].map((v) => clamp(Math.floor(((v - rim) / wide) * SIDE), 0, SIDE - 1));
  };
  const seen = () => node === document.activeElement || node.getRootNode().activeElement === node;
  let keys = false; // the cursor is drawn for those who use it
  node.onclick = (event) => {
    keys = false;
    game.cursor = place(event);
    game.paint(...game.cursor);
    tell(...game.cursor);
  };
  node.onpointermove = (event) => tell(...place(event));
  node.onpointerleave = () => tell();
  node.onfocus = () => { keys = node.matches(":focus-visible"); game.set({}); };
  node.onblur = () => { tell(); game.set({}); };
  node.onkeydown = (event) => {
    const way = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    const paints = event.key === "Enter" || event.key === " ";
    if (!(way || paints) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    keys = true;
    if (paints) game.paint(...game.cursor);
    else game.set({ cursor: game.cursor.map((v, k) => clamp(v + way[k], 0, SIDE - 1)) });
    tell(...game.cursor);
  };
  const pen = node.getContext("2d");
  return [node, () => {
    node.setAttribute("aria-label", `Test digit ${game.now().place}, ${SIDE} by ${SIDE} pixels: ` +
      "arrow keys move, Enter paints");
    draw(pen, game, keys && seen());
  }];
}

// Draw the game into `el`. Returns a function that lets go of it.
export function mount(el, game) {
  const root = make("div", "course-explorer course-hunter");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", game.content.name);
  const row = make("div", "course-controls"), stage = make("div", "course-hunt"), side = make("div", "course-side");
  const [allowed, allow] = slider("Pixels", 1, game.digits[0].replays.length, game.allow);
  const keep = (painted) => {
    game.change({ painted });
    if (!painted.length) canvas.focus({ preventScroll: true }); // the button that had the keys is off now
  };
  const undo = button("Undo", () => keep(game.painted.slice(0, -1))), clear = button("Clear", () => keep([]));
  const map = button("Truth map", () => game.change({ mode: game.mode === "map" ? "paint" : "map" }));
  const back = () => game.change({ mode: "paint" });
  const evolve = button("Watch evolution", () => (game.mode === "evolution" ? back() : game.evolve()));
  const next = button("Next digit", game.next);
  row.append(allowed, ...[undo, clear, map, evolve, next].map((node) => box(node)));
  row.dataset.preventSwipe = "";

  const spot = make("div", "course-where");
  spot.setAttribute("aria-live", "polite");
  let pointed = null;
  const [canvas, redraw] = board(game, (...place) => { pointed = place.length ? place : null; view(); });
  const title = make("div", "course-title"), [chart, show] = bars(), more = make("div", "course-more");
  const legend = make("div", "course-legend"), scale = make("div", "course-heat"), ends = make("div", "course-ends");
  const nothing = make("span"), found = make("div", "course-count");
  ends.append(nothing, make("span", "", { textContent: "0: flips" }));
  const worst = make("div", "", { textContent: "Lead of the true digit with black or white there:" });
  legend.append(worst, scale, ends, found);
  const replay = make("div", "course-controls course-replay"), graph = make("canvas", "", { width: 720, height: 200 });
  const [dial, turn] = slider("Generation", 0, 1, (generation) => { game.stop(); game.set({ generation }); });
  turn(0).onfocus = () => { game.stop(); game.set({}); }; // taken by hand: no clock moves it then
  replay.dataset.preventSwipe = "";
  replay.append(make("div", "", { textContent: "Log odds of the true digit, best member:" }), graph, dial);
  more.append(legend, replay, spot);
  side.append(title, chart, more);
  stage.append(canvas, side);
  const note = make("div", "course-note course-status");
  note.setAttribute("role", "status");
  const [told, say] = teller();
  root.append(row, note, stage, told);
  root.addEventListener("keydown", keepKeys);
  el.append(root);

  function view() {
    const { label, lead, flips } = game.now(), chances = game.chances(), { mode } = game;
    redraw();
    show(chances, label);
    title.textContent = `Digit ${game.digit + 1} of ${game.digits.length}: a ${label}`;
    canvas.classList.toggle("course-flipped", best(chances) !== label);
    allow(game.pixels);
    undo.disabled = clear.disabled = !game.painted.length || mode === "evolution";
    map.setAttribute("aria-pressed", mode === "map");
    evolve.setAttribute("aria-pressed", mode === "evolution");
    legend.hidden = mode !== "map";
    replay.hidden = mode !== "evolution";
    nothing.textContent = `${lead.toFixed(1)}: as it is`;
    found.textContent = `${flips} of ${(2 * SIDE ** 2).toLocaleString("en")} one-pixel images flip this digit` +
      (flips ? "." : ": no single black or white pixel does.");
    if (mode === "evolution") {
      turn(game.generation).max = game.replay().best.length - 1;
      turn(game.generation); // again: the old end may have cut it
      curve(graph.getContext("2d"), game.replay(), game.generation, getComputedStyle(root).color);
    }
    const said = mode === "evolution" ? "" : pointed ? where(game, ...pointed) : mode === "paint" ? HINT : "";
    if (spot.textContent !== said) spot.textContent = said;
    say(game.used && !game.running ? summary(game, found.textContent) : "");
    const text = status(game, chances);
    note.setAttribute("aria-live", game.running ? "off" : "polite"); // only the end is said
    if (note.textContent !== text) note.textContent = text;
  }
  view();
  return game.watch(view);
}

// A page without a kernel.
export function standalone(el, content) {
  return mount(el, makeGame(content, { digit: 0, pixels: content.pixels, painted: [] }));
}

export default () => withKernel(["digit", "pixels", "painted"], makeGame, mount, (game, change) => game.hear(change));
