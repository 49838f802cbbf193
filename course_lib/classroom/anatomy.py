"""The anatomy of a stored lesson, read without running it: each rule is a generator of problems.

`course save` tells an author about them; the notebook tests fail on them.
"""

import ast
import base64
import re
from collections.abc import Iterator

import nbformat

from course_lib.classroom.claims import NOT_JUDGED, syllabus
from course_lib.classroom.ledger import claims_in
from course_lib.classroom.lessons import minutes, tags
from course_lib.classroom.pack import reading, rubric_texts, texts
from course_lib.classroom.tidy import tidy

DEFAULTS = {"scale": "quick", "seed": 0}  # the parameters of a stored lesson
TRACKS = {"core", "more", "teacher"}
TAGS = {*TRACKS, "parameters", "exercise", "check", "claim", "predict", "notes", "hide-input", "hide-output",
        *texts.ALL_TAGS}
CORE_MINUTES, TWO_HOURS = 45, {"10", "12", "14"}  # these lessons take two class hours
LINES, PICTURE_BYTES = 25, 100_000
FORBIDDEN = {
    r"^\s*[!%]\s*(pip|conda)\b": "installs something", r"filterwarnings|simplefilter": "hides warnings",
    r"\bsleep\s*\(": "sleeps", r"\burlretrieve\b|\brequests\.get\b|\burlopen\b": "downloads",
}
MARKER = "# NBVAL_CHECK_OUTPUT"


def problems(notebook: nbformat.NotebookNode, number: str) -> list[str]:
    """What is wrong with the stored lesson of this number ("03"); empty if nothing is."""
    return [problem for rule in RULES for problem in rule(notebook, number)]


def default_parameters(notebook: nbformat.NotebookNode) -> dict:
    """The values in the cell tagged `parameters`; empty if there is none or it holds more than constants."""
    found: dict = {}
    for cell in notebook.cells:
        if "parameters" in tags(cell):
            try:
                for line in ast.parse(cell.source).body:
                    found[line.targets[0].id] = ast.literal_eval(line.value)
            except (SyntaxError, ValueError, AttributeError):
                return {}
    return found


def code_cells(notebook: nbformat.NotebookNode) -> list:
    """(name for messages, cell) of each code cell; the number is the one beside it in the notebook."""
    code = (cell for cell in notebook.cells if cell.cell_type == "code")
    return [(f"cell [{number}]", cell) for number, cell in enumerate(code, 1)]


def is_executed(notebook: nbformat.NotebookNode, number: str) -> Iterator[str]:
    counts = [cell.execution_count for _, cell in code_cells(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        yield f"execution counts are {counts}: store the lesson with `course save`"
    for name, cell in code_cells(notebook):
        if any(output.output_type == "error" for output in cell.outputs):
            yield f"{name} has a stored error"


def is_tidy(notebook: nbformat.NotebookNode, number: str) -> Iterator[str]:
    if tidy(notebook, notebook) != notebook:
        yield "outputs or metadata are not tidy: store the lesson with `course save`"


def has_parameters(notebook: nbformat.NotebookNode, number: str) -> Iterator[str]:
    marked = [cell for cell in notebook.cells if "parameters" in tags(cell)]
    if len(marked) != 1 or default_parameters(notebook) != DEFAULTS:
        yield f"needs one cell tagged parameters with {DEFAULTS}"


def has_a_title(notebook: nbformat.NotebookNode, number: str) -> Iterator[str]:
    first = notebook.cells[0]
    if first.cell_type != "markdown" or not first.source.startswith(f"# {number} · "):
        yield f"the first cell must begin with '# {number} · '"
    if not re.search(r"\d+ min", first.source):
        yield "the title cell must tell the minutes"


def has_valid_tags(notebook: nbformat.NotebookNode, number: str) -> Iterator[str]:
    for position, cell in enumerate(notebook.cells, 1):
        own = tags(cell)
        unknown = [tag for tag in own if tag not in TAGS and not re.fullmatch(r"minutes:\d+", tag)]
        if unknown:
            yield f"cell {position} of {len(notebook.cells)} has the unknown tags {unknown}"
        if len(TRACKS & set(own)) != 1:
            yield f"cell {position} of {len(notebook.cells)} needs one of the tags {sorted(TRACKS)}: {own}"


def fits_the_hour(notebook: nbformat.NotebookNode, number: str) -> Iterator[str]:
    total = sum(map(minutes, notebook.cells))
    limit = CORE_MINUTES * (2 if number in TWO_HOURS else 1)
    if not 0 < total <= limit:
        yield f"the core cells take {total} minutes in all; 1 to {limit} are allowed"


def is_readable(notebook: nbformat.NotebookNode, number: str) -> Iterator[str]:
    for name, cell in code_cells(notebook):
        lines = len(cell.source.splitlines())
        if lines > LINES:
            yield f"{name} has {lines} lines; at most {LINES}"
        for pattern, what in FORBIDDEN.items():
            if re.search(pattern, cell.source, re.MULTILINE):
                yield f"{name} {what}"


def has_marked_checks(notebook: nbformat.NotebookNode, number: str) -> Iterator[str]:
    for name, cell in code_cells(notebook):
        calls = {node.func.id for node in ast.walk(tree_of(cell))
                 if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        if calls & {"claim", "check"} and not cell.source.startswith(MARKER):
            yield f"{name} makes a claim or a check, so its first line must be {MARKER}"


def claims_its_rows(notebook: nbformat.NotebookNode, number: str) -> Iterator[str]:
    named = rows_named(notebook.cells[0].source)
    claims = claims_in(notebook)
    claimed = {record["row"] for record in claims}
    for row in named:
        if row not in syllabus():
            yield f"the title cell names row {row}, which is not in the syllabus"
        elif row not in claimed:
            yield f"row {row} of the title cell has no claim"
    for record in claims:
        if record["verdict"] == NOT_JUDGED or (record["scale"], record["seed"]) != ("quick", 0):
            yield f"the claim on {record['row']} is not stored from a quick run with seed 0"


def rows_named(text: str) -> list[str]:
    """Row ids in a text; "S4-18..S4-20" stands for all from the first to the last."""
    found = []
    for first, last in re.findall(r"\b(S\d+-\d+)(?:\s*(?:\.\.|–|-|to)\s*(S\d+-\d+))?", text):
        source, low = first.split("-")
        high = last.split("-")[1] if last else low
        found += [f"{source}-{n:0{len(low)}d}" for n in range(int(low), int(high) + 1)]
    return found


def has_small_described_pictures(notebook: nbformat.NotebookNode, number: str) -> Iterator[str]:
    for name, cell in code_cells(notebook):
        for output in cell.outputs:
            data = output.get("data", {})
            for kind in [kind for kind in data if kind.startswith("image/")]:
                size = len(data[kind]) if kind == "image/svg+xml" else len(base64.b64decode(data[kind]))
                if size > PICTURE_BYTES:
                    yield f"{name} stores a picture of {size} bytes; at most {PICTURE_BYTES}"
                if not str(output.metadata.get(kind, {}).get("alt", "")).strip():
                    yield f"{name} stores a picture without alt text: use with_alt(picture, alt)"
            page = data.get("text/html", "")
            for embedded in re.findall(r"data:image/[^;]+;base64,([A-Za-z0-9+/=]+)", page):
                if len(embedded) * 3 // 4 > PICTURE_BYTES:
                    yield f"{name} stores an embedded picture of {len(embedded) * 3 // 4} bytes"
            for image in re.findall(r"<img\b[^>]*>", page):
                if not re.search(r"\balt=([\"'])\s*\S.*?\1", image):
                    yield f"{name} stores an <img> without an alt text"


def has_whole_exercises(notebook: nbformat.NotebookNode, number: str) -> Iterator[str]:
    seen = []
    for position, (name, cell) in enumerate(code_cells(notebook)):
        marked = re.findall(r"^\s*### (BEGIN|END) SOLUTION$", cell.source, re.MULTILINE)
        graded = cell.metadata.get("nbgrader", {})
        if graded.get("grade") or (not marked and not graded and "exercise" not in tags(cell)):
            continue
        if marked != ["BEGIN", "END"] or "exercise" not in tags(cell):
            yield f"{name}: an exercise has the tag exercise and one ### BEGIN SOLUTION, ### END SOLUTION"
        elif not solution_is_inside(cell):
            yield f"{name}: the solution must lie inside one function or class body"
        wanted = {"schema_version": 3, "solution": True, "grade": False, "locked": False, "task": False}
        if {key: graded.get(key) for key in wanted} != wanted or not graded.get("grade_id"):
            yield f"{name}: an exercise needs the nbgrader metadata {wanted} and a grade_id"
            continue
        seen.append(graded["grade_id"])
        later = [other.source for _, other in code_cells(notebook)[position + 1:]]
        if not any(re.search(rf"\bcheck\(\s*[\"']{re.escape(seen[-1])}[\"']", source) for source in later):
            yield f"{name}: no later cell calls check({seen[-1]!r}, ...)"
    if len(set(seen)) != len(seen):
        yield f"grade_ids repeat: {seen}"


def has_graded_checks(notebook: nbformat.NotebookNode, number: str) -> Iterator[str]:
    """Schools that use nbgrader take the points from these cells."""
    for name, cell in code_cells(notebook):
        if "check" in tags(cell):
            ids = re.findall(r"\bcheck\(\s*[\"']([^\"']+)[\"']", cell.source)
            graded = dict(cell.metadata.get("nbgrader", {}))
            points = graded.pop("points", 0)
            wanted = {"schema_version": 3, "solution": False, "grade": True, "locked": True, "task": False,
                      "grade_id": f"{ids[0]}-check" if ids else "?"}
            if len(ids) != 1 or graded != wanted or not isinstance(points, int) or points < 1:
                yield f"{name}: a check cell calls check once and needs nbgrader metadata {wanted}, points"


def has_whole_texts_for_the_teacher(notebook: nbformat.NotebookNode, number: str) -> Iterator[str]:
    """What `course pack` prints (pack/texts.py); a lesson without any such text is whole."""
    yield from reading.problems(notebook)
    yield from rubric_texts.problems(notebook, number)


def solution_is_inside(cell) -> bool:
    lines = [line.strip() for line in cell.source.splitlines()]
    begin, end = lines.index("### BEGIN SOLUTION") + 1, lines.index("### END SOLUTION") + 1
    # A comment after the last statement is no part of the tree, so the lines between the markers count.
    return any(
        isinstance(node, (ast.FunctionDef, ast.ClassDef))
        and node.lineno < begin and node.end_lineno >= end - 1
        for node in ast.walk(tree_of(cell))
    )


def tree_of(cell) -> ast.AST:
    """The syntax tree of a cell, magics left out."""
    return ast.parse(re.sub(r"^\s*[!%?].*$", "pass", cell.source, flags=re.MULTILINE))


RULES = (is_executed, is_tidy, has_parameters, has_a_title, has_valid_tags, fits_the_hour, is_readable,
         has_marked_checks, claims_its_rows, has_small_described_pictures, has_whole_exercises,
         has_graded_checks, has_whole_texts_for_the_teacher)
