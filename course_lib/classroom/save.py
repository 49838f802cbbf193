"""Store a lesson with the outputs of a quick run, once its verdicts have proved stable."""

import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import nbformat

from course_lib.classroom import files
from course_lib.classroom.anatomy import DEFAULTS, default_parameters, problems
from course_lib.classroom.claims import METADATA_KEY
from course_lib.classroom.ledger import claims_in
from course_lib.classroom.lessons import Lesson, tags
from course_lib.classroom.running import execute
from course_lib.classroom.running.run import TIMEOUTS
from course_lib.classroom.tidy import stderr_of, tidy

BUDGET, LONGER = 60, {"14": 90}  # seconds of a quick run on one thread; lessons that may take more
# What must agree before a lesson is stored: three base seeds, and one and two threads.
STORED = ("seed 0", {}, 1)  # with the notebook's own parameters, so that no cell is added
CHECKS = (("seed 1", {"seed": 1}, 1), ("seed 2", {"seed": 2}, 1), ("2 threads", {"seed": 0}, 2))
_NUMBERS = re.compile(r'<span class="course-numbers">.*?</span>')


class NotSaved(ValueError):
    """The lesson was not stored, and its file is as it was; the message says why and what cures it."""


def save(
    lesson: Lesson,
    *,
    quick_check: bool = True,
    echo: Callable[[str], None] = print,
    folder: Path | None = None,
) -> None:
    """Execute a lesson at quick, seed 0, one thread, and store its outputs in its own file.

    Before, every claim and every output that the notebook tests compare must come out the same with base
    seeds 0, 1 and 2, and with 1 and 2 threads; quick_check=False leaves that out (after a change of prose).
    folder: where the executed copies stay; by default they are thrown away.
    Raises NotSaved if a run does not finish, an outcome is not stable, or the file changed meanwhile.
    """
    before = lesson.path.read_bytes()
    source = nbformat.reads(before.decode("utf-8"), as_version=4)
    if default_parameters(source) != DEFAULTS:
        raise NotSaved(f"{lesson.path.name} is not stored: it needs a cell tagged parameters that holds just "
                       'scale = "quick" and seed = 0')
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        place = Path(folder or scratch).absolute()
        place.mkdir(parents=True, exist_ok=True)
        runs = {
            label: _run(lesson, source, place, label, parameters, threads, echo)
            for label, parameters, threads in (STORED, *(CHECKS if quick_check else ()))
        }
    differences = disagreements({label: _compared(run) for label, run in runs.items()})
    if differences:
        raise NotSaved("\n".join([
            f"{lesson.path.name} is not stored: these come out differently in runs that must agree.",
            *differences,
            "A verdict that depends on the seed is not decided at this scale: judge it with an interval over "
            'seeds (Estimate.above answers None), and let its sentence end in "is undecided at this scale".',
        ]))
    ours = runs[STORED[0]]
    for number in _changed_text(ours, runs.get("2 threads", ours)):
        echo(f"  warning: the text of cell [{number}] changes with the number of threads")
    for number, line in stderr_of(ours):
        echo(f"  cell [{number}] wrote to stderr, which is not stored: {line[:90]}")
    stored = tidy(source, ours)
    nbformat.validate(stored)
    for problem in problems(stored, lesson.number):
        echo(f"  anatomy: {problem}")
    if not files.replace(lesson.path, nbformat.writes(stored) + "\n", before):
        raise NotSaved(f"{lesson.path.name} changed on disk while it ran; nothing is stored: save it again")
    lesson.__dict__.pop("notebook", None)  # what the Lesson had read
    echo(f"{lesson.slug}: stored with {len(claims_in(stored))} claims")


def disagreements(runs: dict[str, dict[str, str]]) -> list[str]:
    """A table of what differs between runs, each a label -> {what is compared: how it came out}."""
    names = list(dict.fromkeys(name for run in runs.values() for name in run))
    lines = []
    for name in names:
        values = {label: run.get(name, "(missing)") for label, run in runs.items()}
        if len(set(values.values())) > 1:
            lines += [f"  {name}", *(f"      {label:<10} {value}" for label, value in values.items())]
    return lines


def _run(lesson, source, place, label, parameters, threads, echo) -> nbformat.NotebookNode:
    copy = place / f"{lesson.slug}-{label.replace(' ', '-')}.ipynb"
    if parameters:
        parameters = {**DEFAULTS, **parameters}
    outcome = execute.execute(source, copy, parameters=parameters, threads=threads, timeout=TIMEOUTS["quick"])
    if outcome.status == execute.INTERRUPTED:
        raise KeyboardInterrupt
    if outcome.status != execute.FINISHED or outcome.notebook is None:
        what = f"{outcome.status} in {outcome.where}\n{outcome.error}".rstrip()
        raise NotSaved(f"{lesson.path.name} is not stored: the run with {label}: {what}")
    echo(f"{lesson.slug}, {label}: {outcome.seconds:.1f} s, {len(claims_in(outcome.notebook))} claims")
    budget = LONGER.get(lesson.number, BUDGET)
    if not parameters and outcome.seconds > budget:
        echo(f"  warning: a quick run may take {budget} s")
    outcome.notebook.cells = [c for c in outcome.notebook.cells if "injected-parameters" not in tags(c)]
    return outcome.notebook


def _compared(run: nbformat.NotebookNode) -> dict[str, str]:
    """What must agree: the verdicts of all claims, the text of all cells that nbval compares."""
    found = {}
    for number, cell in _code(run):
        for k, output in enumerate(cell.outputs):
            record = output.get("metadata", {}).get(METADATA_KEY)
            if record:
                found[f"cell [{number}] {record['row']}: {record['sentence']}"] = record["verdict"]
            elif "NBVAL_CHECK_OUTPUT" in cell.source and not _is_stderr(output):
                found[f"cell [{number}], output {k + 1}"] = _text(output)
    return found


def _changed_text(a: nbformat.NotebookNode, b: nbformat.NotebookNode) -> list[int]:
    def words(cell):
        return [_text(output) for output in cell.outputs if not _is_stderr(output)]

    return [n for (n, one), (_, other) in zip(_code(a), _code(b), strict=True) if words(one) != words(other)]


def _code(notebook: nbformat.NotebookNode):
    return enumerate((cell for cell in notebook.cells if cell.cell_type == "code"), 1)


def _is_stderr(output) -> bool:
    return output.output_type == "stream" and output.name == "stderr"


def _text(output: nbformat.NotebookNode) -> str:
    data = output.get("data", {})
    parts = [output.get("text", ""), data.get("text/plain", ""), data.get("text/html", "")]
    return _NUMBERS.sub("", "\n".join(filter(None, parts)).strip())
