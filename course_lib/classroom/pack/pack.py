"""`course pack`: the folder of one lesson, whole on a machine with no network and no Python."""

from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path

from course_lib.classroom.deck import make_decks, see_what_is_needed
from course_lib.classroom.files import write
from course_lib.classroom.lessons import Lesson, tags
from course_lib.classroom.pack.numbers import disagreements
from course_lib.classroom.pack.reading import read_texts
from course_lib.classroom.pack.rubric_texts import samples
from course_lib.classroom.pack.texts import TAGS, Texts
from course_lib.exercises import exercise_list

FILES = {  # what the page says of each, in its order
    "guide": "The instructor's guide: plan by the minute, questions, board, misconceptions, demos",
    "handout": "The handout: one page in black and white",
    "quiz": "The quiz on paper",
    "quiz-key": "Its key",
    "rubric": 'How to mark it: points, samples of the "why" answers, the critique of one claim',
}
QUIZ_FILES = {
    "quiz.csv": "a table", "quiz.gift": "GIFT, for Moodle", "quiz-qti.zip": "QTI 1.2, for Canvas and others"}


def make_packs(
    chosen: list[Lesson], out: Path, *, pdf: bool = True, echo: Callable[[str], None] = print
) -> int:
    """Write a folder for each lesson into `out`, named after the lesson; the exit status.

    Nothing is executed: pictures and numbers are the stored outputs. 0: all is made; 1: something is missing
    (texts of a lesson, a browser for the PDFs), which is said, and the rest is made.
    Raises ValueError that names lesson and cell if a text is not as pack/texts.py or pack/rubric_texts.py
    wants it, before anything is written; else as `deck.make_decks`.
    """
    from course_lib.classroom.rubric import page, without_samples

    see_what_is_needed()
    read = {lesson.slug: read_texts(lesson.notebook) for lesson in chosen}
    wrong = [f"{slug}.ipynb, {problem}" for slug, (_, found) in read.items() for problem in found]
    wrong += [f"{lesson.slug}.ipynb, {problem}" for lesson in chosen
              for problem in samples(lesson.notebook, lesson.number)[1]]
    if wrong:
        raise ValueError("\n".join(wrong))
    rubrics = {lesson.slug: page(lesson) for lesson in chosen if exercise_list(lesson.number)}
    status, sheets = 0, []
    for lesson in chosen:
        texts, folder = read[lesson.slug][0], out / lesson.slug
        (folder / "pictures").mkdir(parents=True, exist_ok=True)
        status |= make_decks([lesson], folder, pdf=pdf, echo=echo)
        sheets += write_files(lesson, texts, folder, echo)
        written = "".join(cell.source for cell in lesson.notebook.cells if TAGS & set(tags(cell)))
        for number in disagreements(written, lesson.notebook):
            echo(f"  on paper stands the ledger's number, in the deck the stored one: {number}; "
                 f"to make them one: course save {lesson.number}")
        if texts.missing():
            status = 1
            echo(f"{lesson.slug} still lacks, for its teacher: {', '.join(texts.missing())}")
        if without_samples(lesson):
            status = 1
            echo(f"{lesson.slug} still lacks samples for the why of {', '.join(without_samples(lesson))}")
    status |= print_sheets(sheets, pdf, echo, write_pages({
        out / slug / "rubric.html": text for slug, text in rubrics.items()}))
    for lesson in chosen:
        file = out / lesson.slug / "index.html"
        write(file, index(lesson, read[lesson.slug][0], file.parent))
        echo(f"{file}")
    return status


def write_files(lesson: Lesson, texts: Texts, folder: Path, echo: Callable[[str], None]) -> list:
    """Write the pictures and the quiz's files; the sheets that are to be printed."""
    from course_lib.classroom.pack.guide import guide
    from course_lib.classroom.pack.handout import handout
    from course_lib.classroom.pack.paper import Sheet
    from course_lib.classroom.pack.pictures import pictures
    from course_lib.classroom.pack.quiz import QTI_CURE, as_csv, as_gift, as_qti, has_qti, paper

    shown = pictures(lesson)
    for picture in shown:
        (folder / "pictures" / picture.name).write_bytes(picture.data)

    def sheet(name: str, pages: int, body: str) -> Sheet:
        return Sheet(folder / f"{name}.html", pages, f"{FILES[name].split(':')[0]} · {lesson.title}", body)

    made = [sheet("guide", 2, guide(lesson, texts, shown))]
    if texts.handout:
        made.append(sheet("handout", 1, handout(lesson, texts, shown)))
    if texts.quiz:
        made += [sheet("quiz", 1, paper(lesson, texts.quiz)),
                 sheet("quiz-key", 1, paper(lesson, texts.quiz, key=True))]
        write(folder / "quiz.csv", as_csv(texts.quiz))
        write(folder / "quiz.gift", as_gift(lesson, texts.quiz))
        if has_qti():
            (folder / "quiz-qti.zip").write_bytes(as_qti(lesson, texts.quiz))
        else:
            echo(f"No quiz-qti.zip: text2qti is not installed: {QTI_CURE}")
    return made


def write_pages(pages: dict[Path, str]) -> list[Path]:
    """Write pages that may take as much paper as they need; their files. An old PDF beside one goes."""
    for file, text in pages.items():
        write(file, text)
        file.with_suffix(".pdf").unlink(missing_ok=True)
    return list(pages)


def print_sheets(
    sheets: list, pdf: bool, echo: Callable[[str], None], pages: Iterable[Path] = ()
) -> int:
    """Write the sheets, and with a browser their PDFs; 1 if there is none (make_decks has said so).

    pages: HTML files that are printed as they are.
    """
    from course_lib.classroom.deck_pdf import PATIENCE, NoBrowser, browser_page, write_pdf
    from course_lib.classroom.pack.paper import print_sheet, write_sheet

    for sheet in sheets:
        write_sheet(sheet)
    if not pdf:
        return 0
    try:
        with browser_page() as page:
            for sheet in sheets:
                print_sheet(page, sheet, echo)
            for file in pages:
                page.goto(file.resolve().as_uri(), timeout=PATIENCE)
                write_pdf(page, file.with_suffix(".pdf"))
    except NoBrowser:
        return 1
    return 0


def index(lesson: Lesson, texts: Texts, folder: Path) -> str:
    """The page that opens the folder: what lies in it, and the pictures with their sections."""
    from course_lib.classroom.pack.pictures import pictures
    from course_lib.classroom.report import document

    names = {lesson.slug: "The deck: arrows turn the slides, S opens the speaker's view", **FILES}
    lines = [f"<li>{escape(what)}: {_links(folder, name)}</li>" for name, what in names.items()
             if (folder / f"{name}.html").exists()]
    if texts.quiz:
        files = [name for name in QUIZ_FILES if (folder / name).exists()]
        told = ", ".join(f'<a href="{name}">{name}</a> ({QUIZ_FILES[name]})' for name in files)
        lines.append(f"<li>The quiz for a learning platform: {told}</li>")
    lacking = f"<p>Not there: {escape(', '.join(texts.missing()))}.</p>" if texts.missing() else ""
    shown = "".join(
        f'<h3 id="{escape(picture.cell)}">{escape(picture.section)}</h3><p><a href="pictures/{picture.name}">'
        f'<img alt="{escape(picture.alt)}" src="pictures/{picture.name}" style="max-width:100%"></a>'
        f"<br>{escape(picture.name)}: {escape(picture.alt)}</p>" for picture in pictures(lesson))
    return document(lesson.title, "<p>All of this works with the network off and without Python.</p>"
                    f"<ul>{''.join(lines)}</ul>{lacking}<h2>Pictures, for when a demo fails</h2>{shown}")


def _links(folder: Path, name: str) -> str:
    found = [f"{name}.{ending}" for ending in ("html", "pdf") if (folder / f"{name}.{ending}").exists()]
    return ", ".join(f'<a href="{file}">{file}</a>' for file in found)
