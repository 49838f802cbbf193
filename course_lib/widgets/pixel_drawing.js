// What the pixel hunter draws on its canvases. Put between small_net.js and pixel_hunter.js.

const UNIT = 28; // dots of the drawing a pixel of the digit
const PARTS = 9; // of a pixel's side that a recorded place tells apart
const [BLUE, VERMILLION, SKY] = ["#0072b2", "#d55e00", "#56b4e9"];

// From white (nothing changes) to vermillion (the digit flips).
function heat(share) {
  const mixed = [213, 94, 0].map((colour) => Math.round(255 - clamp(share, 0, 1) * (255 - colour)));
  return `rgb(${mixed})`;
}

function frame(pen, row, column, colour, thick, inside = 0) {
  pen.strokeStyle = colour;
  pen.lineWidth = thick;
  const room = inside + thick / 2;
  pen.strokeRect(column * UNIT + room, row * UNIT + room, UNIT - 2 * room, UNIT - 2 * room);
}

// The digit, or its truth map with the digit's outline, and on it what is painted.
function draw(pen, game, focused) {
  const { pixels, worst, led, lead } = game.now(), map = game.mode === "map";
  const grey = (value) => `rgb(${[0, 0, 0].fill(Math.round(255 * value))})`;
  for (let at = 0; at < SIDE ** 2; at++) {
    const [row, column] = [Math.floor(at / SIDE), at % SIDE];
    pen.fillStyle = map ? heat(1 - worst[at] / lead) : grey(pixels[at]);
    pen.fillRect(column * UNIT, row * UNIT, UNIT, UNIT);
    if (!map) frame(pen, row, column, "rgb(128 128 128 / 45%)", 1);
  }
  if (map) {
    pen.strokeStyle = "#555";
    pen.lineWidth = 4;
    pen.beginPath();
    for (let at = 0; at < SIDE ** 2; at++) { // where ink ends
      const [row, column] = [Math.floor(at / SIDE), at % SIDE], ink = pixels[at] > 0.5;
      for (const [down, right] of [[1, 0], [0, 1]]) {
        if (row + down >= SIDE || column + right >= SIDE || pixels[at + down * SIDE + right] > 0.5 === ink) continue;
        pen.moveTo((column + right) * UNIT, (row + down) * UNIT);
        pen.lineTo((column + 1) * UNIT, (row + 1) * UNIT);
      }
    }
    pen.stroke();
    worst.forEach((value, at) => {
      if (value >= 0) return;
      const [row, column] = [Math.floor(at / SIDE), at % SIDE];
      frame(pen, row, column, "black", 3, 1);
      pen.fillStyle = led[at] < led[at + SIDE ** 2] ? "black" : "white"; // the colour that flips it
      pen.fillRect((column + 0.3) * UNIT, (row + 0.3) * UNIT, 0.4 * UNIT, 0.4 * UNIT);
    });
  }
  for (const [row, column, colour] of game.shown()) {
    pen.fillStyle = grey(colour);
    pen.fillRect(column * UNIT, row * UNIT, UNIT, UNIT);
    frame(pen, row, column, map ? BLUE : VERMILLION, 6);
  }
  if (game.mode === "evolution") dots(pen, game.replay().members, game.content.members * game.pixels, game.generation);
  if (!focused) return;
  frame(pen, ...game.cursor, "black", 7, -3);
  frame(pen, ...game.cursor, SKY, 3, -1);
}

// A dot for each pixel of each member: where it is, and in its colour.
function dots(pen, members, each, generation) {
  pen.strokeStyle = SKY;
  pen.lineWidth = 2.5;
  for (let k = generation * each; k < (generation + 1) * each; k++) {
    const [row, column, colour] = members.subarray(3 * k, 3 * k + 3);
    pen.beginPath();
    pen.arc(((column + 0.5) * UNIT) / PARTS, ((row + 0.5) * UNIT) / PARTS, 5.5, 0, 7);
    pen.fillStyle = `rgb(${[colour, colour, colour]})`;
    pen.fill();
    pen.stroke();
  }
}

// Ten bars; the true digit's is named.
function bars() {
  const root = make("div", "course-bars"), rows = [];
  for (let digit = 0; digit < 10; digit++) {
    const row = make("div", "course-bar"), fill = make("i"), value = make("b"), track = make("span");
    track.append(fill);
    row.append(make("span", "", { textContent: digit }), track, value);
    rows.push([row, fill, value]);
    root.append(row);
  }
  return [root, (chances, label) => {
    const answer = best(chances);
    chances.forEach((chance, digit) => {
      const [row, fill, value] = rows[digit];
      fill.style.width = `${100 * chance}%`;
      fill.style.background = digit === label ? BLUE : digit === answer ? VERMILLION : "#767676";
      value.textContent = percent(chance) + (digit === label ? " true" : "");
      row.classList.toggle("course-answer", digit === answer);
    });
  }];
}

// The best member's score, generation by generation, up to the one that is seen; below 0 the digit may flip.
function curve(pen, { scores }, generation, colour) {
  const { width, height } = pen.canvas, last = Math.max(1, scores.length - 1), text = 100;
  const [top, bottom] = [Math.max(...scores, 0.5), Math.min(...scores, 0)];
  const up = (score) => 20 + ((top - score) / (top - bottom)) * (height - 40);
  const at = (k) => [text + (k / last) * (width - text - 12), up(scores[k])];
  pen.clearRect(0, 0, width, height);
  pen.strokeStyle = pen.fillStyle = colour;
  pen.font = "28px system-ui, sans-serif";
  pen.textAlign = "right";
  if (up(0) - up(scores[0]) > 30) pen.fillText(scores[0].toFixed(1), text - 18, up(scores[0]) + 10);
  pen.fillText("0", text - 18, up(0) + 10);
  pen.lineWidth = 2;
  pen.setLineDash([10, 8]);
  pen.beginPath();
  pen.moveTo(text, up(0));
  pen.lineTo(width, up(0));
  pen.stroke();
  pen.setLineDash([]);
  pen.lineWidth = 5;
  pen.beginPath();
  for (let k = 0; k <= generation; k++) pen.lineTo(...at(k));
  pen.stroke();
  pen.beginPath();
  pen.arc(...at(generation), 9, 0, 7);
  pen.fill();
}
