"""`course preflight`: one page that a teacher mails a week ahead, so that class begins with class."""

import json
from collections.abc import Sequence
from html import escape
from pathlib import Path

from course_lib.classroom.doctor_report import FIRST, LAST
from course_lib.classroom.files import write
from course_lib.classroom.report import cells, document, table
from course_lib.classroom.wheels.install import FACTS
from course_lib.classroom.wheels.target import SYSTEMS
from course_lib.classroom.wheels.texts import size

# What pip would fetch for Python 3.12 (course pack --wheels --dry-run); each month it is a little different.
MEASURED = "November 2026"
DOWNLOAD = {"windows": 276_000_000, "macos-arm64": 262_000_000, "linux-cuda": 3_200_000_000}
LINE = 20_000_000  # bits a second: a plain home connection
_STYLE = """body { max-width: 50em } pre { background: #f2f2f2; padding: .6em; font-size: 15px }
td.number { white-space: normal } td:first-child { white-space: normal }"""
_USE = (
    ("checks, packages, Python", "which cure to send you, or to bring to class"),
    ("system, GPU", "which folder with packages to bring, and which exercises run faster"),
    ("cores, memory", "who had better share a machine"),
    ("disk", "who must make room before class"),
    ("browser", "whether the course was tested in it (in Chromium; Chrome and Edge are close to that)"),
)


def write_preflight(
    out: Path, *, wheels: Sequence[Path] = (), source: str | None = None, reply_to: str | None = None,
    by: str | None = None,
) -> None:
    """Write the page. An older page of that name is replaced; anything else there is not.

    wheels: folders of `course pack --wheels` that the teacher brings. source: the address of the course for
    git. reply_to, by: where the answer goes and until when. Raises LookupError if one of `wheels` is no such
    folder, ValueError if `out` is a file that is no such page.
    """
    if out.exists() and "<title>Before the course" not in out.read_text("utf-8", errors="replace"):
        raise ValueError(f"{out} is there and is not such a page; choose another name: --out FILE")
    write(out, page([stick(folder) for folder in wheels], source, reply_to, by))


def stick(folder: Path) -> tuple[str, str, int]:
    """Of a folder of wheels: for which machines it is, its Python, and the bytes of its wheels."""
    try:
        facts = json.loads((folder / FACTS).read_text("utf-8"))
    except FileNotFoundError:
        raise LookupError(f"--wheels {folder}: this is no folder of course pack --wheels") from None
    return facts["told"], facts["python"], sum(file.stat().st_size for file in folder.glob("wheels/*.whl"))


def page(sticks: Sequence[tuple[str, str, int]], source: str | None, reply_to: str | None,
         by: str | None) -> str:
    """The page as HTML; the arguments as for `write_preflight`, `sticks` as `stick` reads them."""
    until = f"by <b>{escape(by)}</b>" if by else "before class"
    to = f"<b>{escape(reply_to)}</b>" if reply_to else "your teacher"
    return document(
        "Before the course: Build, Break, Explain",
        f"<p>Please do this {until}, where your network is good. In class there is no time to download "
        "anything.</p>",
        "<h2>1. What you need</h2><ul><li>A laptop; no GPU is needed.</li>"
        "<li>Python 3.11 or newer, 64 bit, from python.org or your system; on Linux and macOS also make and "
        "git.</li><li>A browser that is up to date.</li></ul>",
        bring(sticks) if sticks else download(),
        *(in_class(to, until) if sticks else at_home(source, to, until)),
        "<p>The course sends nothing by itself: these lines go where you send them.</p>", style=_STYLE)


def at_home(source: str | None, to: str, until: str) -> list[str]:
    """The steps of those who install before class."""
    return [
        "<h2>2. Install</h2>", install(source),
        f"<h2>3. Let the doctor look</h2><p>In the course's folder, {_DOCTOR}<p>For each failure it names "
        "one command that cures it. Give that, then ask the doctor again.</p>",
        "<h2>4. Send back</h2><p>The same with <code>--report</code> behind it prints a few lines. Send them "
        f"to {to} {until}, also if a check fails: then above all.</p><p>They look like this, and hold no "
        f"names and no paths:</p><pre>{escape(_SAMPLE)}</pre>",
        table("What your teacher does with it", ("lines", "they decide"), (cells(*row) for row in _USE))]


def in_class(to: str, until: str) -> list[str]:
    """The steps of those who install from a stick in class."""
    return [
        f"<h2>2. Send back</h2><p>To {to} {until}: your system and its version, how much room is free on the "
        "disk, and what the next line prints. Your teacher sees from it which folders to bring.</p>"
        "<p>On Linux and macOS:</p><pre>python3 --version</pre><p>on Windows:</p><pre>py --list</pre>",
        "<h2>3. In class</h2><p>Copy the folder for your system from the stick, open its page INSTALL.html "
        f"and do what it says. Then, in the course's folder, {_DOCTOR}<p>With <code>--report</code> behind "
        "it prints a few lines for your teacher, without names and paths.</p>"]


def download() -> str:
    """The table of sizes."""
    lines = [cells(SYSTEMS[name][0]) + f'<td class="number">{size(count)}</td>'
             f'<td class="number">{max(1, round(count * 8 / LINE / 60))} minutes</td>'
             for name, count in DOWNLOAD.items()]
    lines.append(cells(SYSTEMS["linux-cpu"][0], "as with a GPU; the README names a smaller build", ""))
    return table(f"How much is downloaded (Python 3.12, {MEASURED}). On disk it is more: 5.4 GB for the GPU "
                 "build of Linux. Installing takes some minutes on top.",
                 ("your machine", "download", f"at {LINE // 10**6} Mbit/s"), lines)


def bring(sticks: Sequence[tuple[str, str, int]]) -> str:
    """What the teacher brings, and what must be there before."""
    lines = [cells(told.rpartition(", ")[0], f"Python {python}, exactly") +
             f'<td class="number">{size(count)}</td>' for told, python, count in sticks]
    return ("<p><b>Do not download the packages:</b> your teacher brings them on a stick. What must be there "
            "before is Python, in the version of the table, and about three times the room.</p>"
            + table("What comes on the stick", ("your machine", "install before", "packages"), lines))


def install(source: str | None) -> str:
    """The words to type."""
    get = (f"<p>Get the course:</p><pre>git clone {escape(source)} build-break-explain\ncd "
           "build-break-explain</pre>" if source else
           "<p>Get the course's folder from where your teacher says, and open a terminal in it.</p>")
    return (f"{get}<p>Linux and macOS:</p><pre>make lab</pre><p>Windows, PowerShell:</p>"
            "<pre>py -3 -m venv .venv\n.venv\\Scripts\\python -m pip install -e .\n"
            ".venv\\Scripts\\python -m course_lib lab</pre>"
            "<p>At the end JupyterLab opens in your browser. Ctrl-C in the terminal ends it.</p>")


_DOCTOR = ("on Linux and macOS:</p><pre>.venv/bin/course doctor</pre><p>on Windows:</p>"
           "<pre>.venv\\Scripts\\course doctor</pre>")
_SAMPLE = f"""\
{FIRST}
course:   0.1.0
system:   Debian GNU/Linux 12 (bookworm), x86_64
Python:   3.12.4, 64 bit
packages: torch 2.15.0, torchvision 0.29.2, jupyterlab 4.6.6, ...
cores:    8
memory:   15.5 GiB
disk:     112.3 GiB free
GPU:      none
browser:  Firefox
checks:   9 of 9 right
{LAST}"""
