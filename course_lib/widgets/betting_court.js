// The betting court: stake points on defences, then open what knowing attackers leave of them. betting_court.py says
// what was measured; verdicts.py marks the same cells in Python, and the tests compare the two.

const CLAIM = (points) => `Stake ${points} points on the defences that will stand. ` +
  "Only the last column, adaptive, counts.";
const OPENED = [
  "The hatched column is public: images made to fool another net, blind to the defence. Stake, then open the court.",
  "White-box: the attacker climbs the defence’s own gradients. Your points may still be moved.",
];
const NEXT = ["Open the court", "Open the last column", "The court is open"];

// The court knows no page: the stakes, how many columns are open, and eps.
export function makeCourt(content, { stakes, opened, eps, settled = () => {} }) {
  const { accuracy, knowledge, points, defences, judged, chance, slack } = content;
  const it = { content, stakes, opened, eps, note: "", used: false };
  const views = new Set(), last = content.eps.length - 1;
  it.watch = (view) => { views.add(view); return () => views.delete(view); };
  it.set = (values) => { Object.assign(it, { note: "" }, values); views.forEach((view) => view()); };
  it.change = (values) => { it.set({ ...values, used: true }); settled(it); };

  it.place = (value = it.eps) => {
    const away = content.eps.map((other) => Math.abs(other - value));
    return away.indexOf(Math.min(...away));
  };
  it.atOne = () => it.place() === last;
  it.over = () => it.opened === knowledge.length;
  it.left = () => points - it.stakes.reduce((sum, stake) => sum + stake, 0);
  it.share = (column, row, at = it.place()) => accuracy[column][row][at];

  // What is suspicious in a cell: only the names of `content.words`.
  it.mark = (column, row) => {
    if (knowledge[column] === "transfer") return "";
    if (it.atOne() && it.share(column, row) > chance) return "masked";
    return it.share(column, row) > it.share(knowledge.indexOf("transfer"), row) + slack ? "weaker" : "";
  };
  it.marked = (mark) => defences.reduce((count, _, row) => count +
    knowledge.slice(0, it.opened).filter((_, column) => it.mark(column, row) === mark).length, 0);

  // What the stakes come to by one column, at the eps at which the court judges.
  it.worth = (column, row) => it.stakes[row] * it.share(column, row, it.place(judged));
  it.sum = (column) => defences.reduce((sum, _, row) => sum + it.worth(column, row), 0);
  it.best = () => points * Math.max(...defences.map((_, row) => it.share(knowledge.length - 1, row, it.place(judged))));

  it.stake = (row, more) => {
    if (it.over() || it.stakes[row] + more < 0) return;
    if (more > it.left()) return it.set({ note: `All ${points} points are staked: take some back first.` });
    it.change({ stakes: it.stakes.map((stake, i) => (i === row ? stake + more : stake)) });
    it.set({ note: `${defences[row].name}: ${it.stakes[row]} staked, ${it.left()} left.` });
  };
  it.open = () => { if (!it.over()) it.change({ opened: it.opened + 1 }); };
  it.reset = () => it.change({ stakes: defences.map(() => 0), opened: 1, eps: judged });
  return it;
}

const percent = (share) => `${Math.round(100 * share)} %`;

// One sentence about what is seen, for eyes and for screen readers.
function status(it) {
  const { knowledge, points, judged } = it.content, stands = it.marked("masked");
  if (it.note) return it.note;
  if (it.atOne() && it.opened > 1) {
    const still = !stands ? "and no open column leaves more than chance" :
      stands === 1 ? "yet 1 marked cell stands" : `yet ${stands} marked cells stand`;
    return `At eps = 1 any image can become any other, ${still}.`;
  }
  if (!it.over()) return OPENED[it.opened - 1];
  const staked = points - it.left(), at = `at eps ${judged.toFixed(2)}`;
  const told = staked ? `By the hatched column your ${staked === 1 ? "point is" : `${staked} points are`} worth ` +
    `${it.sum(0).toFixed(1)} ${at}; the adaptive attacker leaves ${it.sum(knowledge.length - 1).toFixed(1)}.` :
    "Nothing was staked, so nothing is left.";
  return it.atOne() ? told : `${told} Now move eps to 1.`;
}

// What eyes see besides: of each open column how much is left, and the marks.
function summary(it) {
  const { defences, knowledge, words } = it.content;
  const columns = knowledge.slice(0, it.opened).map((known, column) => {
    const shares = defences.map((_, row) => it.share(column, row)), most = Math.max(...shares);
    const best = defences[shares.indexOf(most)].name;
    return `${known} from ${percent(Math.min(...shares))} to ${percent(most)}, highest for ${best}`;
  });
  const marks = ["masked", "weaker"].map((mark) => [mark, it.marked(mark)]).filter(([, count]) => count);
  return `At eps ${it.eps.toFixed(2)} the attackers leave: ${columns.join("; ")}.` +
    marks.map(([mark, count]) => ` Marked as ${words[mark]}: ${count}.`).join("");
}

function score(it) {
  if (!it.over()) return `Points to stake: ${it.left()} of ${it.content.points}`;
  const { judged, knowledge } = it.content, left = it.sum(knowledge.length - 1);
  return `Score at eps ${judged.toFixed(2)}: ${left.toFixed(1)} (best bet: ${it.best().toFixed(1)})`;
}

function make(tag, className, attributes = {}, ...inside) {
  const node = Object.assign(document.createElement(tag), attributes);
  if (className) node.className = className;
  node.append(...inside);
  return node;
}

function part(role, className, ...inside) {
  const node = make("div", className, {}, ...inside);
  node.setAttribute("role", role);
  return node;
}

const write = (node, text) => { if (node.textContent !== text) node.textContent = text; };
const box = (...parts) => make("span", "course-control", {}, ...parts);

function button(textContent, onclick, name = "") {
  const node = make("button", "", { type: "button", textContent, onclick });
  if (name) node.setAttribute("aria-label", name);
  node.dataset.lmSuppressShortcuts = "true"; // JupyterLab takes keys unless the element says no
  return node;
}

// One cell of the matrix: a bar, its share, and a mark with its words.
function cell(it, column, row) {
  const { knowledge, words, signs } = it.content, blind = knowledge[column] === "transfer";
  const bar = make("i"), share = make("b"), more = make("span");
  const node = part("cell", `course-cell${blind ? " course-blind" : ""}`, bar, share, more);
  node.dataset.known = knowledge[column];
  return [node, () => {
    const open = column < it.opened, mark = open ? it.mark(column, row) : "";
    const told = blind ? words.transfer : words[mark] ?? "";
    node.classList.toggle("course-closed", !open);
    for (const name of Object.keys(signs)) node.classList.toggle(`course-${name}`, mark === name);
    bar.style.width = `${open ? 100 * it.share(column, row) : 0}%`;
    write(share, open ? percent(it.share(column, row)) : "?");
    write(more, blind ? words.transfer : mark && `${signs[mark]} ${mark}`);
    node.title = told;
    node.setAttribute("aria-label", `${knowledge[column]}: ` +
      (open ? [share.textContent, told].filter(Boolean).join(", ") : "not open yet"));
  }];
}

// One defence: its name and promise, its stake, and its cells.
function line(it, row) {
  const { name, promise } = it.content.defences[row];
  const less = button("−", () => {
    it.stake(row, -1);
    if (less.disabled) more.focus({ preventScroll: true }); // the button that had the keys is off now
  }, `one point less on ${name}`);
  const more = button("+", () => it.stake(row, 1), `one point more on ${name}`);
  const stake = make("span", "course-value");
  const cells = it.content.knowledge.map((_, column) => cell(it, column, row));
  const node = part("row", "course-row", part("rowheader", "course-name", name),
    part("cell", "course-promise", promise), part("cell", "course-stake course-control", less, stake, more),
    ...cells.map(([cell]) => cell));
  return [node, () => {
    const points = it.stakes[row], worth = it.worth(cells.length - 1, row).toFixed(1);
    less.hidden = more.hidden = it.over();
    less.disabled = !points;
    more.setAttribute("aria-disabled", !it.left()); // it can still be reached, and says why
    node.classList.toggle("course-staked", points > 0);
    write(stake, it.over() && points ? `${points} → ${worth}` : `${points}`);
    cells.forEach(([, show]) => show());
  }];
}

// Draw the court into `el`. Returns a function that lets go of it.
export function mount(el, it) {
  const { name, points, knowledge, defences, eps, words, signs } = it.content;
  const root = part("group", "course-explorer course-court");
  root.setAttribute("aria-label", name);
  const id = `course-e${Math.random().toString(36).slice(2)}`; // scripts of one page do not know each other
  const slider = make("input", "", { type: "range", id, min: 0, max: eps.length - 1, step: 1 });
  slider.dataset.lmSuppressShortcuts = "true";
  slider.oninput = () => it.change({ eps: eps[slider.valueAsNumber] });
  const shown = make("span", "course-value", { ariaHidden: "true" }), points_ = make("span", "course-score");
  const open = button("", () => {
    it.open();
    if (it.over()) slider.focus({ preventScroll: true });
  });
  const controls = make("div", "course-controls", {}, box(open), box(button("Reset", it.reset)),
    box(make("label", "", { htmlFor: id, textContent: "eps" }), slider, shown), box(points_));
  const note = part("status", "course-note"), [told, tell] = teller();
  const rows = defences.map((_, row) => line(it, row));
  const title = (text, known = "") => {
    const node = part("columnheader", "", text);
    node.dataset.known = known;
    return node;
  };
  const heads = part("row", "course-row course-head", title("Defence"), title("Promise"), title("Stake"),
    ...knowledge.map((known) => title(known, known)));
  const table = part("table", "course-table", heads, ...rows.map(([row]) => row));
  table.setAttribute("aria-label", "share of attacked images still read rightly, by what the attacker knows");
  const legend = make("div", "course-legend", {}, ...Object.entries(signs).map(([mark, sign]) =>
    make("span", `course-${mark}`, {}, make("b", "", { textContent: sign }), ` ${words[mark]}`)));
  const claim = make("div", "course-claim", { textContent: CLAIM(points) });
  root.append(claim, controls, note, table, legend, told);
  for (const node of [controls, table]) node.dataset.preventSwipe = ""; // a slide show must not turn the page
  root.addEventListener("keydown", keepKeys);
  el.append(root);

  function view() {
    rows.forEach(([, show]) => show());
    heads.querySelectorAll("[data-known]").forEach((node) =>
      node.classList.toggle("course-closed", knowledge.indexOf(node.dataset.known) >= it.opened));
    write(open, NEXT[it.opened - 1]);
    open.disabled = it.over();
    slider.value = it.place();
    write(shown, it.eps.toFixed(2));
    slider.setAttribute("aria-valuetext", shown.textContent);
    write(points_, score(it));
    write(note, status(it));
    tell(it.used ? summary(it) : "");
    Object.keys(signs).forEach((mark, k) => { legend.children[k].hidden = !it.marked(mark); });
  }
  view();
  return it.watch(view);
}

// A page without a kernel.
export function standalone(el, content) {
  mount(el, makeCourt(content, { stakes: content.defences.map(() => 0), opened: 1, eps: content.judged }));
}

export default () => withKernel(["stakes", "opened", "eps"], makeCourt, mount, (it, change) => it.set(change));
