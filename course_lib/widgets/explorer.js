// The front end of every widget of the course. Three parts: a store (where we are, which pictures we have, whom to
// ask), a view (controls and picture), and two ways in: a live kernel (anywidget) or frames stored in the page.

const KEPT = 600; // pictures kept by the browser, the oldest go first
const PATIENCE = { drawing: 400, silent: 5000 }; // ms until the learner is told why nothing moves yet
const GONE = "The kernel stopped or was restarted: run this cell again. Pictures already seen still show.";

// The store knows no page and no kernel. `ask(message)` sends to a kernel; null where there is none.
export function makeStore({ spec, start, name = "", live = true, frames = {}, ask = null }) {
  const dials = spec.filter((control) => control.kind !== "button");
  const kept = new Map(Object.entries(frames)); // key -> { src, alt }
  const views = new Set();
  const store = { spec, dials, name, at: [...start], note: "", bad: false, busy: false, used: false };
  let wish = null, press = null; // the latest not sent yet: one of each is enough, so a drag queues up no work
  let waiting = null, pressing = false; // number of the one request in flight; is it a button's?
  let count = 0, epoch = 0, touched = false, gone = false, timers = [];

  const keyOf = (at) => JSON.stringify(dials.map((dial, i) => dial.values[at[i]]));
  const tell = () => views.forEach((view) => view());
  store.frame = (at = store.at) => kept.get(keyOf(at));
  store.watch = (view) => { views.add(view); return () => views.delete(view); };

  function say(note, bad = false) {
    [store.note, store.bad] = [note, bad];
    tell();
  }

  // Tell the learner in time why nothing moves, as long as something is awaited that is not shown yet.
  function watch() {
    const why = waiting === null ? "" : pressing ? "Working …" : store.frame() ? "" : "Drawing …";
    if (why && timers.length) return;
    timers.forEach(clearTimeout);
    [timers, store.busy] = [[], false];
    const later = (ms, note) => timers.push(setTimeout(() => { store.busy = true; say(note); }, ms));
    if (why) later(PATIENCE.drawing, why);
    if (why) later(PATIENCE.silent, "Still waiting: the kernel is busy, or it has stopped.");
  }

  function settle() {
    [waiting, pressing] = [null, false];
    watch();
  }

  function pump() {
    if (!ask || gone || waiting !== null || !(press || wish)) return;
    const message = { ...(press || { kind: "want", at: wish, have: kept.has(keyOf(wish)) }), reply: ++count };
    [waiting, pressing] = [count, Boolean(press)];
    if (press) press = null;
    else wish = null;
    watch();
    try { ask(message); } catch { store.lost(); }
  }

  // A control was moved. settled: it was let go (with live = false only then is the kernel asked).
  store.move = (at, settled) => {
    touched = store.used = true;
    store.at = at;
    const known = kept.has(keyOf(at));
    if (!store.busy || known) [store.note, store.bad] = gone && !known ? [GONE, true] : ["", false];
    if (!ask && !known) [store.note, store.bad] = ["This setting is not stored in this page: it needs the live lesson.", true];
    if (live || settled || known) wish = at;
    watch();
    tell();
    pump();
  };

  store.press = (button) => {
    store.used = true;
    press = { kind: "press", name: button, at: store.at };
    say(gone ? GONE : "Working …", gone);
    pump();
  };

  // A message of the kernel.
  store.hear = (message, buffers) => {
    if (gone) { gone = false; settle(); [store.note, store.bad] = ["", false]; }
    if (message.kind === "clear") {
      epoch = message.epoch;
      kept.forEach(forget);
      kept.clear();
    } else if (message.kind === "frame" && message.epoch >= epoch) {
      const src = URL.createObjectURL(new Blob([buffers[0]], { type: message.mime }));
      if (kept.has(message.key)) forget(kept.get(message.key));
      kept.delete(message.key);
      const image = Object.assign(new Image(), { src });  // kept beside the frame: it is shown already decoded
      const ready = image.decode().catch(() => {});
      kept.set(message.key, { src, alt: message.alt, image, ready });
      for (const [key, frame] of kept) {
        if (kept.size <= KEPT) break;
        if (key !== keyOf(store.at)) { forget(frame); kept.delete(key); }
      }
    } else if (message.kind === "move" && !(message.hello && touched)) {
      store.at = [...message.at];
    }
    const answered = message.reply && message.reply === waiting;
    if (answered) settle();
    if (message.kind === "error") say(message.text, true);
    else if (answered) say("");
    else tell();
    if (answered) pump();
  };

  store.lost = () => {
    gone = true;
    wish = press = null;
    settle();
    say(GONE, true);
  };
  store.hello = () => { try { ask?.({ kind: "hello" }); } catch { store.lost(); } };
  return store;
}

// A picture's address is given back once nobody loads it any more.
function forget(frame) {
  Promise.resolve(frame.ready).then(() => URL.revokeObjectURL(frame.src));
}

function make(tag, className, attributes = {}) {
  const node = Object.assign(document.createElement(tag), attributes);
  if (className) node.className = className;
  return node;
}

// One labelled control; returns its node and a function that shows the store's place.
function control(store, entry) {
  const box = make("span", "course-control");
  if (entry.kind === "button") {
    const button = make("button", "", { type: "button", textContent: entry.label });
    button.dataset.lmSuppressShortcuts = "true";
    button.onclick = () => store.press(entry.name);
    box.append(button);
    return [box, () => {}];
  }
  const index = store.dials.indexOf(entry);
  const id = `course-${Math.random().toString(36).slice(2)}`; // scripts of one page do not know each other
  const input = make(entry.kind === "choice" ? "select" : "input", "", { id });
  const label = make("label", "", { htmlFor: id, textContent: entry.label });
  // JupyterLab takes arrow keys and space for itself unless the focused element says no.
  input.dataset.lmSuppressShortcuts = "true";
  const go = (value, settled) => store.move(store.at.map((old, i) => (i === index ? value : old)), settled);
  if (entry.kind === "slider") {
    Object.assign(input, { type: "range", min: 0, max: entry.values.length - 1, step: 1 });
    const shown = make("span", "course-value", { ariaHidden: "true" }); // a screen reader hears aria-valuetext
    input.oninput = () => go(input.valueAsNumber, false);
    input.onchange = () => go(input.valueAsNumber, true);
    box.append(label, input, shown);
    return [box, () => {
      input.value = store.at[index];
      shown.textContent = entry.values[store.at[index]];
      input.setAttribute("aria-valuetext", shown.textContent);
    }];
  }
  if (entry.kind === "toggle") {
    input.type = "checkbox";
    input.onchange = () => go(input.checked ? 1 : 0, true);
    box.append(input, label);
    return [box, () => { input.checked = store.at[index] === 1; }];
  }
  entry.values.forEach((text, i) => input.add(new Option(text, i)));
  input.onchange = () => go(input.selectedIndex, true);
  box.append(label, input);
  return [box, () => { input.selectedIndex = store.at[index]; }];
}

// Draw the widget into `el`. Returns a function that lets go of it.
export function mount(el, store) {
  const root = make("div", "course-explorer");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", store.name);
  const row = make("div", "course-controls");
  const parts = store.spec.map((entry) => control(store, entry));
  const image = make("img", "", { decoding: "sync", hidden: true });
  const note = make("div", "course-note");
  note.setAttribute("role", "status");
  const [told, tell] = teller(); // what the frame shows, once something was moved, and not while it is awaited
  row.append(...parts.map(([node]) => node), note);
  root.append(row, image, told);
  el.append(root);
  function view() {
    parts.forEach(([, show]) => show());
    const frame = store.frame();
    if (frame && image.getAttribute("src") !== frame.src) {
      Object.assign(image, { src: frame.src, alt: frame.alt, hidden: false });
    }
    image.classList.toggle("course-old", !frame && (store.busy || store.bad));
    root.setAttribute("aria-busy", String(store.busy));
    if (note.textContent !== store.note) note.textContent = store.note;
    note.classList.toggle("course-bad", store.bad);
    tell(store.used && frame && !store.busy ? frame.alt : "");
  }
  view();
  return store.watch(view);
}

// A page without a kernel. images: addresses of pictures; frames: { key: [number of its picture, alt] }.
// missing: a line about settings that are not stored, or "".
export function standalone(el, { spec, start, name, images, frames, missing }) {
  const known = Object.entries(frames).map(([key, [k, alt]]) => [key, { src: images[k], alt }]);
  const store = makeStore({ spec, start, name, frames: Object.fromEntries(known) });
  const drop = mount(el, store);
  const row = el.querySelector(".course-controls");
  if (missing) row.append(make("span", "course-note", { textContent: missing }));
  row.dataset.preventSwipe = ""; // a slide show (reveal.js) must not turn the page under a slider
  row.addEventListener("keydown", keep);
  store.watch(() => decodeAhead(store));
  decodeAhead(store);
  return drop;
}

const STEPS = /^(Arrow.*|Home|End|PageUp|PageDown)$/;
const USES = { range: STEPS, checkbox: /^ $/, "select-one": /^(Arrow.*|Home|End|PageUp|PageDown|Enter|.)$/ };

// A page with keys of its own hears neither those that a control uses nor Escape, which leaves the control.
function keep(event) {
  const used = USES[event.target.type];
  if (used?.test(event.key) || event.key === "Escape") event.stopPropagation();
  if (used && event.key === "Escape") event.target.blur();
}

// Have the pictures decoded that are one step away, so that they show in the next frame.
function decodeAhead(store) {
  store.dials.forEach((dial, i) => dial.values.forEach((_, value) => {
    const steps = Math.abs(value - store.at[i]);
    if (!steps || (dial.kind === "slider" && steps > 1)) return;
    const frame = store.frame(store.at.map((old, k) => (k === i ? value : old)));
    if (!frame) return;
    frame.image ??= Object.assign(new Image(), { src: frame.src });
    frame.image.decode().catch(() => {});
  }));
}

// A live kernel. One store a model, so that all views of it move together.
export default () => {
  let store;
  return {
    initialize({ model }) {
      store = makeStore({
        spec: model.get("spec"), start: model.get("start"), name: model.get("name"), live: model.get("live"),
        ask: (message) => model.send(message),
      });
      model.on("msg:custom", (message, buffers) => store.hear(message, buffers));
      model.on("comm:close", store.lost);
      model.on("comm_live_update", () => { store.lost(); store.hello(); }); // an answer means that it is back
    },
    render({ el }) {
      const drop = mount(el, store);
      store.hello();
      return drop;
    },
  };
};
