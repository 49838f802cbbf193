"""`course slides`: for each lesson one HTML file that needs nothing else, and a PDF beside it."""

import importlib.util
from pathlib import Path

from course_lib.classroom.files import write
from course_lib.classroom.lessons import Lesson, lessons

NEEDED = {"sphinx_revealjs": "sphinx-revealjs", "latex2mathml": "latex2mathml"}


def make_decks(
    chosen: list[Lesson], out: Path, *, more: bool = False, solutions: bool = False, pdf: bool = True,
    echo=print,
) -> int:
    """Write NN_slug.html, and NN_slug.pdf, for each lesson into `out`; the exit status.

    more, solutions: what is on the deck, see `slides.cut`. Nothing is executed: pictures are the stored
    outputs. 0: all is made (what does not fit on its slide is said); 1: there is no browser, so no PDF.
    Raises ValueError for a lesson without stored outputs before anything is written, LookupError that names
    the cure if a package for decks is missing.
    """
    see_what_is_needed()
    from course_lib.classroom.deck_page import deck
    from course_lib.classroom.deck_pdf import NoBrowser, browser_page, print_deck
    from course_lib.classroom.slides import cut

    cuts = [(lesson, cut(lesson, more=more, solutions=solutions)) for lesson in chosen]
    beside = {lesson.slug for lesson in chosen}
    beside |= {lesson.slug for lesson in lessons() if (out / f"{lesson.slug}.html").exists()}
    files = []
    for lesson, slides in cuts:
        file = out / f"{lesson.slug}.html"
        write(file, deck(lesson, slides, beside))
        file.with_suffix(".pdf").unlink(missing_ok=True)  # never an old PDF beside a new deck
        echo(f"{file}: {len(slides)} slides")
        files.append(file)
    if not pdf:
        return 0
    try:
        with browser_page() as page:
            for file in files:
                for misfit in print_deck(page, file):
                    echo(f"  does not fit: {file.stem}, {misfit}")
                echo(f"{file.with_suffix('.pdf')}")
    except NoBrowser as error:
        echo(f"No PDF: {error}")
        return 1
    return 0


def see_what_is_needed() -> None:
    """Raises LookupError that names the cure if a package for decks is missing."""
    missing = [package for module, package in NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise LookupError(f"for decks these packages are needed: {', '.join(missing)}; install them: "
                          'pip install -e ".[classroom]" in the course folder')
