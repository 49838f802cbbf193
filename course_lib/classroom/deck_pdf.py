"""What needs a browser: the PDF beside a deck, and a look at every slide for what does not fit on it."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
CURE = ('pip install "playwright>=1.50", then playwright install chromium '
        "(or any Chromium or Chrome; name it with COURSE_BROWSER)")
SCREENS = ((1280, 720), (1024, 768))
FOOT = 44  # pixels of the base size at a slide's foot that belong to its number
PATIENCE = 60_000  # milliseconds
PRINTABLE = """() => document.querySelector('.pdf-page')
    && [...document.querySelectorAll('.slides section')].every(slide => slide.closest('.pdf-page'))"""
# What lies outside its slide, folds closed and open; each as "slide: element".
_MISFITS = """foot => {
    const found = [], shown = [...document.querySelectorAll('.slides > section')];
    shown.forEach((slide, index) => {
        Reveal.slide(index);
        slide.querySelectorAll('.fragment').forEach(step => step.classList.add('visible'));
        const scale = Reveal.getScale(), frame = slide.getBoundingClientRect();
        const right = frame.right + 1, bottom = frame.bottom - foot * scale + 1;
        const look = when => {
            for (const part of slide.querySelectorAll('.sheet *')) {
                if (!part.checkVisibility() || part.closest('aside.notes')) continue;
                const box = part.getBoundingClientRect();
                const cut = part.scrollWidth > part.clientWidth + 2 && part.matches('pre');
                if (box.width && (box.right > right || box.bottom > bottom || cut)) {
                    found.push(`slide ${index + 1} (#${slide.id})${when}`);
                    return true;
                }
            }
        };
        const folds = [...slide.querySelectorAll('details:not([open])')];
        if (!look('') && folds.length) {
            folds.forEach(fold => { fold.open = true; });
            look(', when its folds are open');
            folds.forEach(fold => { fold.open = false; });
        }
    });
    return found;
}"""


class NoBrowser(RuntimeError):
    """There is no browser to print with; the message names the cure."""


def print_deck(page, deck: Path) -> list[str]:
    """Write the PDF of a deck beside it, one page a slide; what does not fit on its slide.

    page: from `browser_page`. Folds are printed closed, a step that comes later is on the page.
    """
    open_deck(page, deck, "?print-pdf")
    page.wait_for_function(PRINTABLE, timeout=PATIENCE)
    write_pdf(page, deck.with_suffix(".pdf"))
    return misfits(page, deck)


def write_pdf(page, file: Path) -> None:
    """Print what the page shows into a file, which is written whole or not at all."""
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".pdf-") as scratch:
        draft = Path(scratch) / "draft.pdf"
        page.pdf(path=draft, prefer_css_page_size=True, print_background=True)
        os.replace(draft, file)


def misfits(page, deck: Path) -> list[str]:
    """The slides on which something is cut off, at either screen size."""
    found = []
    for width, height in SCREENS:
        page.set_viewport_size({"width": width, "height": height})
        open_deck(page, deck)
        found += page.evaluate(_MISFITS, FOOT)
    return list(dict.fromkeys(found))


def open_deck(page, deck: Path, query: str = "") -> None:
    """Open a deck from its file and wait until it is drawn."""
    page.goto(deck.resolve().as_uri() + query, timeout=PATIENCE)
    page.wait_for_function("() => window.Reveal?.isReady()", timeout=PATIENCE)


@contextlib.contextmanager
def browser_page() -> Iterator:
    """A page of a Chromium without network. Raises NoBrowser if there is none."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        raise NoBrowser(f"Playwright is not installed: {CURE}") from None
    with sync_playwright() as play:
        sandbox = [] if getattr(os, "geteuid", lambda: 1)() else ["--no-sandbox"]  # root has none
        try:
            browser = play.chromium.launch(executable_path=find_browser(), args=["--disable-gpu", *sandbox])
        except Error as error:
            raise NoBrowser(f"no browser starts ({str(error).splitlines()[0]}): {CURE}") from None
        try:
            yield browser.new_context(offline=True).new_page()
        except Error as error:
            raise NoBrowser(f"the browser gave up ({str(error).splitlines()[0]}); try again") from error
        finally:
            with contextlib.suppress(Error):
                browser.close()


def find_browser() -> str | None:
    """$COURSE_BROWSER, else the first browser on the path, else None: the one that Playwright installed."""
    wish = os.environ.get("COURSE_BROWSER")
    return wish or next((path for name in BROWSERS if (path := shutil.which(name))), None)
