// Starts reveal.js, and keeps its keys away from whatever on a slide has the focus.
const CONTROL = 'input, select, textarea, button, summary, a[href], [contenteditable], .course-explorer';

const controlOf = event => {
  const target = event.composedPath()[0];
  return target instanceof Element && target.closest('.slides') ? target.closest(CONTROL) : null;
};

Reveal.initialize({
  width: SIZE[0], height: SIZE[1], margin: 0, center: false, minScale: 0.2, maxScale: 4,
  hash: true, controls: true, controlsTutorial: false, progress: true, slideNumber: 'c/t',
  transition: 'none', backgroundTransition: 'none', scrollActivationWidth: 0,
  pdfSeparateFragments: false, pdfMaxPagesPerSlide: 1,
  // Arrows, space and enter belong to a slider, select, checkbox or fold as long as it has the focus.
  keyboardCondition: event => !controlOf(event),
  plugins: [RevealNotes],
});

// The way back to the slides: Escape leaves a control; the keys of a presenter's clicker always turn the slide.
const TURN = { PageDown: () => Reveal.next(), PageUp: () => Reveal.prev() };
document.addEventListener('keydown', event => {
  const control = controlOf(event);
  if (!control || !(event.key in TURN || event.key === 'Escape')) return;
  control.blur();
  document.activeElement?.blur();
  TURN[event.key]?.();
  event.preventDefault();
  event.stopPropagation();
}, { capture: true });
Reveal.on('slidechanged', () => document.activeElement?.blur());
