// What every widget shares: put before all other scripts.

const PAUSE = 300; // ms of rest before something is told: where a drag ends is heard, not each step of its way

// For a screen reader: a hidden region, and what tells a text in it; "" empties it at once.
function teller() {
  const node = document.createElement("div");
  node.className = "course-told";
  node.setAttribute("aria-live", "polite");
  let next = "", timer = 0;
  return [node, (text) => {
    if (text === next) return;
    next = text;
    clearTimeout(timer);
    if (text) timer = setTimeout(() => { node.textContent = text; }, PAUSE);
    else node.textContent = "";
  }];
}

