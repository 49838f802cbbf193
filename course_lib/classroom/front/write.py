"""Write the ledger page and the README's section, over nothing that is not theirs."""

from pathlib import Path

from course_lib.classroom import files
from course_lib.classroom.front.entries import course
from course_lib.classroom.front.page import TITLE, page
from course_lib.classroom.front.readme import BEGIN, END, section
from course_lib.classroom.ledger import recorded_path
from course_lib.runtime import home


def write_page(out: Path, recorded: Path | None = None) -> str:
    """Write the ledger page into the file `out`; says what was written.

    recorded: the ledger, by default data/ledger.jsonl. Raises ValueError, with nothing written, if `out`
    holds something else; LedgerError for a ledger that cannot be shown, FileNotFoundError for none.
    """
    out = Path(out)
    if out.is_dir():
        raise ValueError(f"{out} is a folder; name a file: --out {out / 'ledger.html'}")
    if out.exists() and f"<title>{TITLE}</title>".encode() not in _beginning(out):
        raise ValueError(f"{out} is no ledger page, so it is kept; choose another file: --out FILE")
    lessons = course(_there(recorded))
    files.write(out, page(lessons, out.absolute().parent))
    rows = [row for lesson in lessons for row in lesson.rows]
    return f"{out}: {len(rows)} rows, {sum(row.is_built for row in rows)} of them built"


def write_readme(readme: Path | None = None, recorded: Path | None = None) -> str:
    """Refresh what stands between the two markers of README.md; says whether it changed.

    Raises, with nothing written, ValueError if the markers are not there once each and in order, and
    FileNotFoundError if there is no ledger.
    """
    readme = readme or home() / "README.md"
    with open(readme, encoding="utf-8", newline="") as file:
        text = file.read()
    before, between, after = split(text, readme.name)
    fresh = section(course(_there(recorded)))
    fresh = fresh.replace("\n", "\r\n") if "\r\n" in before else fresh
    if fresh == between:
        return f"{readme.name} is up to date"
    files.write(readme, before + fresh + after)
    return f"{readme.name}: the ledger's section is refreshed"


def _beginning(file: Path) -> bytes:
    with open(file, "rb") as stream:
        return stream.read(1000)


def _there(recorded: Path | None) -> Path:
    """The ledger, or FileNotFoundError: a page without it would say that nothing was measured."""
    recorded = recorded or recorded_path()
    if not recorded.is_file():
        raise FileNotFoundError(f"{recorded} is missing; take it back: git checkout -- data/ledger.jsonl")
    return recorded


def split(text: str, name: str = "README.md") -> tuple[str, str, str]:
    """A README cut into what stands before, between and after the markers, which stay outside."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"{name} needs these two lines once each, in this order; "
                         f"put them where the ledger's section is to stand:\n{BEGIN}\n{END}")
    before, _, rest = text.partition(BEGIN)
    between, _, after = rest.partition(END)
    return before + BEGIN, between, END + after
