"""The ledger page says what data/ledger.jsonl and data/syllabus.toml hold: all of it, and nothing else."""

import json
import re
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup

from course_lib.classroom import ledger
from course_lib.classroom.claims import syllabus
from course_lib.classroom.front.entries import MIXED, NOT_YET, ORPHAN, UNMEASURED, course, tally
from course_lib.classroom.front.page import page
from course_lib.classroom.front.write import write_page
from course_lib.classroom.ledger import LedgerError
from course_lib.measure import estimate
from course_lib.runtime import home

RUNS = home() / "runs"  # where the page lies by default


def row(sentence="deeper is worse", verdict="holds", **changes):
    return {"row": "S4-20", "sentence": sentence, "verdict": verdict, "scale": "quick", "seed": 0,
            "device": "cpu", "lesson": "03_residual_blocks", "evidence": {"loss": 1.0}, "source": "",
            "shown": {"loss": "1"}, "date": "2026-11-24T10:00:00Z", **changes}


@pytest.fixture
def made(tmp_path):
    """made(*ledger rows) -> the page of that ledger, parsed."""

    def make(*rows):
        record = tmp_path / "ledger.jsonl"
        record.write_text("".join(json.dumps(each) + "\n" for each in rows), "utf-8")
        return BeautifulSoup(page(course(record), RUNS), "html.parser")

    return make


@cache
def recorded() -> tuple[list[dict], str]:
    """The committed ledger and its page."""
    return ledger.read(ledger.recorded_path()), page(course(), RUNS)


def lines_of(soup, about: str) -> list[list[list[str]]]:
    """The lines under a row of the syllabus: for each its cells, for each cell its lines of text."""
    body = soup.find("tbody", id=about)
    return [[list(cell.stripped_strings) for cell in line.find_all("td")]
            for line in (body.find_all("tr")[1:] if body else ())]


def wrong(soup, rows) -> list[str]:
    """What the page says otherwise than these ledger rows, leaves out, or has besides."""
    found, units, expected = [], {}, 0
    lines = {about: lines_of(soup, about) for about in {each["row"] for each in rows}}
    for each in rows:
        unit = re.fullmatch(r"(.+), seed (\d+)", each["sentence"])
        figures = [f"{name}: {value}" for name, value in each["shown"].items()]
        sign = {"holds": "✓", "does not hold": "✗", "undecided": "?", "measured": "·"}[each["verdict"]]
        place = [f"{each['scale']} · {each['device']} · seed {each['seed']}", each["date"][:10]]
        if each["verdict"] == "measured" and unit:
            units.setdefault((each["row"], unit[1], *place), {})[unit[2]] = each["shown"]
            continue
        expected += 1
        cells = [[f"{sign} {each['verdict']}"], [each["sentence"]], figures,
                 [each["source"]] if each["source"] else [], place]
        if lines[each["row"]].count(cells) != 1:
            found.append(f"not told once: {cells}")
    for (about, stem, *place), several in units.items():
        expected += 1
        order = sorted(several, key=int)
        names = list(several[order[0]])
        figures = [f"{name}: {', '.join(several[number][name] for number in order)}" for name in names]
        claim = [stem, f"one figure a unit: seeds {', '.join(order)}"]
        if lines[about].count([["· measured"], claim, figures, [], place]) != 1:
            found.append(f"not told once: {stem}")
    told = len(soup.select("tr.claim, tr.measured"))
    return found + ([f"{told} lines for {expected}"] if told != expected else [])


def an_interval() -> str:
    """The first figure of the ledger that has an interval."""
    return next(value for each in recorded()[0] for value in each["shown"].values() if " [" in value)


def test_every_number_on_the_page_is_the_ledgers():
    rows, text = recorded()
    assert len(rows) > 200 and wrong(BeautifulSoup(text, "html.parser"), rows) == []


@pytest.mark.parametrize("spoil", [
    lambda text: text.replace(interval := an_interval(), "0.999 [" + interval.split(" [")[1]),
    lambda text: re.sub(r'<tr class="claim".*?</tr>', "", text, count=1, flags=re.DOTALL),
    lambda text: text.replace("✗ does not hold</span></td>", "✓ holds</span></td>", 1),
    lambda text: text.replace("quick · cpu · seed 0<br>", "class · cpu · seed 0<br>", 1),
    lambda text: text.replace("accuracy: 0.941, 0.927", "accuracy: 0.927, 0.941", 1),
])
def test_a_page_with_one_thing_wrong_is_found_out(spoil):
    rows, text = recorded()
    assert spoil(text) != text, "the sample is no longer on the page; choose another"
    assert wrong(BeautifulSoup(spoil(text), "html.parser"), rows) != []


def test_a_number_that_changes_in_the_ledger_changes_on_the_page_and_nothing_else(made):
    before, after = made(row()).prettify(), made(row(shown={"loss": "1.5"})).prettify()
    lines = zip(before.splitlines(), after.splitlines(), strict=True)
    assert [(old.strip(), new.strip()) for old, new in lines if old != new] == [("loss: 1", "loss: 1.5")]


def test_every_row_of_the_syllabus_stands_there_once_in_the_course_s_order():
    soup = BeautifulSoup(recorded()[1], "html.parser")
    ids = [part["id"] for part in soup.find_all(id=re.compile(r"^S\d-\d\d$"))]
    assert ids == sorted(syllabus(), key=lambda about: syllabus()[about]["lesson"]) and len(ids) == 149
    for about in syllabus().values():
        part = soup.find(id=about["id"])
        text = (part.find("th") if part.name == "tbody" else part.parent).get_text(" ")
        assert about["title"] in text and all(flag in text for flag in about["flags"]), about["id"]
        assert about["source_figure"] == "none" or about["source_figure"] in text, about["id"]
        section = part.find_parent("section")
        assert section.h2.text.startswith(about["lesson"])


def test_a_row_is_built_only_with_something_recorded_by_a_lesson_that_is_there(tmp_path):
    record = tmp_path / "ledger.jsonl"
    record.write_text(f"{json.dumps(row())}\n{json.dumps(row(row='S1-16', lesson='05_gone'))}\n", "utf-8")
    states = {entry.about["id"]: entry.state for lesson in course(record) for entry in lesson.rows}
    assert [states[about] for about in ("S4-20", "S4-21", "S1-16", "S1-17")] == \
        ["built", UNMEASURED, ORPHAN, NOT_YET]
    assert sum(lesson.built for lesson in course(record)) == 1


def test_an_empty_ledger_has_all_rows_and_no_claims(made):
    soup = made()
    assert "The ledger is empty" in soup.text and "Rows built: 0 of 149" in soup.text
    assert len(soup.find_all(id=re.compile(r"^S\d-\d\d$"))) == 149 and not soup.select("tr.claim")


def test_odd_text_is_shown_as_it_is(made):
    odd = "a < b & c > \"d\" 'e' <script>x</script> ünï – 文"
    soup = made(row(odd, shown={odd: odd}, source=odd, device="cuda", device_name=odd))
    assert lines_of(soup, "S4-20") == [
        [["✓ holds"], [odd], [f"{odd}: {odd}"], [odd], [f"quick · cuda ({odd}) · seed 0", "2026-11-24"]]]
    assert not soup.find("script")


def test_several_seeds_of_a_claim_stand_together_with_an_interval(made):
    values = {0: 0.5, 1: 0.7, 7: 0.9}
    rows = [row(seed=seed, verdict="holds" if seed else "does not hold", shown={"loss": f"{value}"},
                evidence={"loss": value, "words": "x", "not a number": float("nan")})
            for seed, value in values.items()]
    soup = made(*rows, row(scale="class"))
    together, alone = lines_of(soup, "S4-20")
    assert together[0] == ["✗ does not hold: 1 of 3 seeds", "✓ holds: 2 of 3 seeds"]
    assert together[2][0] == f"loss: {estimate(list(values.values()))}"
    assert together[2][1:] == ["seed 0, does not hold: loss: 0.5", "seed 1, holds: loss: 0.7",
                               "seed 7, holds: loss: 0.9"]
    assert together[4][0] == "quick · cpu · seeds 0, 1, 7"
    assert alone[4][0] == "class · cpu · seed 0" and alone[2] == ["loss: 1"]
    assert MIXED in soup.find("ul", class_="doubts").text


@pytest.mark.parametrize(("line", "words"), [
    (row(row="S9-99"), r"line 4 is about row 'S9-99'.*syllabus\.toml.*mend"),
    (row(shown={"loss": "2"}), r"line 4 tells the claim of line 1 again.*delete"),
    (row("other", shown="2"), r"line 4: shown and evidence must be.*mend"),
])
def test_a_ledger_that_cannot_be_told_truly_names_line_and_cure(tmp_path, line, words):
    record = tmp_path / "ledger.jsonl"
    record.write_text("\n".join([json.dumps(row()), "", json.dumps(row(seed=1)), json.dumps(line)]) + "\n")
    with pytest.raises(LedgerError, match=words):
        write_page(tmp_path / "ledger.html", record)
    assert not (tmp_path / "ledger.html").exists()


def test_what_does_not_hold_is_listed_in_the_head_and_counted():
    rows, text = recorded()
    soup = BeautifulSoup(text, "html.parser")
    listed = soup.find("ul", class_="doubts").find_all("li")
    doubtful = [each for each in rows if each["verdict"] in ("does not hold", "undecided")]
    assert len(listed) == len(doubtful) > 0
    for each in doubtful:
        words = f"{each['verdict']}: {each['row']} {each['sentence']} ({each['scale']} · {each['device']} · "
        assert any(words in item.text and item.a["href"] == f"#{each['row']}" for item in listed)
    count = tally(entry for lesson in course() for entry in lesson.entries)
    assert count == {verdict: sum(each["verdict"] == verdict for each in rows) for verdict in count}


def test_the_page_asks_for_nothing_and_its_links_lead_somewhere(tmp_path):
    out = tmp_path / "deep er" / "ledger.html"
    out.parent.mkdir()
    write_page(out)
    text = out.read_text("utf-8")
    soup = BeautifulSoup(text, "html.parser")
    assert not soup.find_all(["script", "link", "iframe", "object"]) and not re.search(r"url\(|@import", text)
    assert all(image["src"].startswith("data:image/png;base64,") for image in soup.find_all("img"))
    links = {link["href"] for link in soup.find_all("a")}
    for link in links:
        if link.startswith("#"):
            assert soup.find(id=link[1:]), link
        else:
            assert (out.parent / unquote(link)).resolve().parent == Path(home() / "notebooks"), link
            assert (out.parent / unquote(link)).is_file(), link
    lessons = {path.name for path in (home() / "notebooks").glob("*.ipynb")}
    assert {unquote(link).rpartition("/")[2] for link in links} >= lessons
    ids = [part["id"] for part in soup.find_all(id=True)]
    assert len(ids) == len(set(ids)) and len(text) < 2_000_000


def test_a_file_of_another_kind_is_kept_and_a_page_is_written_anew(tmp_path):
    notes = tmp_path / "notes.html"
    notes.write_text("mine", "utf-8")
    with pytest.raises(ValueError, match=r"notes\.html is no ledger page.*--out"):
        write_page(notes)
    assert notes.read_text("utf-8") == "mine"
    with pytest.raises(ValueError, match="is a folder"):
        write_page(tmp_path)
    out = tmp_path / "ledger.html"
    (tmp_path / "none.jsonl").write_text("", "utf-8")
    write_page(out, tmp_path / "none.jsonl")
    first = out.read_bytes()
    write_page(out)
    assert out.read_bytes() != first
    again = out.read_bytes()
    write_page(out)
    assert out.read_bytes() == again
