// What the widgets share whose browser part does all the work: put before their own script.

// A page with keys of its own hears neither those that a part uses nor Escape, which leaves the part.
function keepKeys(event) {
  if (/^(Arrow.*|Home|End|PageUp|PageDown|Enter| |Escape)$/.test(event.key)) event.stopPropagation();
  if (event.key === "Escape") event.target.blur();
}

// A number with the sign for minus: a hyphen is often not read aloud.
const signed = (value, digits) => value.toFixed(digits).replace("-", "\u2212");

// A live kernel, or what is left of it: it only hears what is done. All views of a model move together.
// names: of the traits that both sides know; hear(game, change) takes in what the kernel has set.
function withKernel(names, makeGame, mount, hear) {
  let game;
  return {
    initialize({ model }) {
      const settled = () => {
        const now = names.map((name) => game[name]); // each `set` is heard below
        names.forEach((name, i) => model.set(name, now[i]));
        try { model.save_changes(); } catch { /* the kernel is gone: the game goes on */ }
      };
      const state = Object.fromEntries(names.map((name) => [name, model.get(name)]));
      game = makeGame(model.get("content"), { ...state, settled });
      names.forEach((name) => model.on(`change:${name}`, () => hear(game, { [name]: model.get(name) })));
    },
    render: ({ el }) => mount(el, game),
  };
}

