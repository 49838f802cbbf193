"""The ledger: rows are kept, replaced and compared; a malformed file is named, never half written."""

import html.parser
import json
import math

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from course_lib.classroom import ledger
from course_lib.classroom.ledger import LedgerError, accept, compare, kept, read
from course_lib.classroom.ledger_page import page

HOLDS, FAILS, UNDECIDED, NOT_JUDGED = "holds", "does not hold", "undecided", "not judged"
MEASURED = "measured"


def row(sentence="deeper is worse", verdict=HOLDS, **changes):
    return {"row": "S4-20", "sentence": sentence, "verdict": verdict, "scale": "quick", "seed": 0,
            "device": "cpu", "lesson": "03_x", "evidence": {"loss": 1.0}, **changes}


@pytest.fixture
def record(tmp_path):
    return tmp_path / "ledger.jsonl"


def write(record, *rows):
    record.write_text("".join(json.dumps(r) + "\n" for r in rows), "utf-8")


def a_run(tmp_path, *rows):
    folder = tmp_path / "ein Lauf"
    folder.mkdir(exist_ok=True)
    (folder / "ledger.json").write_text(json.dumps({"lessons": [], "rows": rows}), "utf-8")
    return folder


def test_accept_writes_one_line_a_row_that_reads_back(tmp_path, record):
    rows = [row("é – ünïcode"), row("b", FAILS), row("c", UNDECIDED)]
    assert accept(a_run(tmp_path, *rows), record) == 3
    assert sorted(r["sentence"] for r in read(record)) == ["b", "c", "é – ünïcode"]
    assert len(record.read_text("utf-8").splitlines()) == 3
    assert "é – ünïcode" in record.read_text("utf-8"), "readable in a diff"


@pytest.mark.parametrize("changes", [{"seed": 1}, {"device": "cuda"}, {"scale": "class"}, {"row": "S4-21"},
                                     {"sentence": "another"}])
def test_accept_replaces_only_the_same_claim_at_the_same_place(tmp_path, record, changes):
    write(record, row(verdict=FAILS), row(**changes))
    assert accept(a_run(tmp_path, row(verdict=HOLDS)), record) == 1
    found = read(record)
    assert len(found) == 2
    assert all(r["verdict"] == HOLDS for r in found)


def test_a_lesson_can_tell_what_the_ledger_holds(tmp_path, record):
    shown = {"shown": {"gain": "0.05, 5 seeds"}, "date": "2026-11-24T10:00:00Z"}
    write(record, row("one", **shown), row("two", **shown), row("one", scale="class", **shown))
    assert kept("one", record) == ["one: gain 0.05, 5 seeds (quick, cpu, 2026-11-24)",
                                   "one: gain 0.05, 5 seeds (class, cpu, 2026-11-24)"]
    assert kept("three", record) == ["three: no run of this is in the ledger."]


def test_accepting_twice_or_in_another_order_gives_the_same_file(tmp_path, record):
    rows = [row("b"), row("a"), row("a", seed=1), row("z", lesson="00_y")]
    accept(a_run(tmp_path, *rows), record)
    once = record.read_bytes()
    accept(a_run(tmp_path, *reversed(rows)), record)
    assert record.read_bytes() == once
    assert read(record)[0]["lesson"] == "00_y", "in course order"


def test_rows_that_were_not_judged_are_not_accepted(tmp_path, record):
    write(record, row())
    before = record.read_bytes()
    assert accept(a_run(tmp_path, row("smoke", NOT_JUDGED, scale="smoke")), record) == 0
    assert record.read_bytes() == before


def test_accept_needs_the_folder_of_a_run(tmp_path, record):
    with pytest.raises(FileNotFoundError, match=r"ledger\.json.*course run"):
        accept(tmp_path, record)


@pytest.mark.parametrize(("line", "words"), [
    ('{"row": ', "not JSON"), ("[1]", "lacks row"), ('{"row": "S4-20"}', "lacks sentence"),
    (json.dumps(row(verdict="maybe")), "verdict 'maybe'"),
    (json.dumps(row(device=None)), "device of another kind"),
    (json.dumps(row(date=20261201)), "date of another"),
    (json.dumps(row(sentence=7)), "sentence of another"), (json.dumps(row(seed="0")), "seed of another"),
])
def test_a_malformed_line_is_named_with_its_file_and_nothing_is_written(tmp_path, record, line, words):
    record.write_text(json.dumps(row()) + "\n\n" + line + "\n", "utf-8")
    before = record.read_bytes()
    for action in (lambda: read(record), lambda: accept(a_run(tmp_path, row("new")), record)):
        with pytest.raises(LedgerError) as told:
            action()
        assert f"{record}, line 3" in str(told.value) and words in str(told.value)
    assert record.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir() if p.name.endswith(".part")] == []


def test_a_ledger_in_another_encoding_is_named(record):
    record.write_bytes(json.dumps(row("größer"), ensure_ascii=False).encode("latin-1"))
    with pytest.raises(LedgerError, match=r"\.jsonl is not UTF-8 text.*from git"):
        read(record)


BROKEN = ("{", "[]", '{"lessons": []}', '{"rows": [{"row": "S4-20"}]}', '{"rows": [7]}')


@pytest.mark.parametrize("text", BROKEN)
def test_a_malformed_run_is_not_accepted(tmp_path, record, text):
    folder = a_run(tmp_path)
    (folder / "ledger.json").write_text(text, "utf-8")
    with pytest.raises(LedgerError, match=r"ledger\.json"):
        accept(folder, record)
    assert not record.exists()


def test_an_interrupted_write_leaves_the_old_ledger(tmp_path, record, monkeypatch):
    write(record, row())
    before = record.read_bytes()
    monkeypatch.setattr("os.replace", lambda *a: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        accept(a_run(tmp_path, row("new")), record)
    assert record.read_bytes() == before
    assert not [p for p in tmp_path.iterdir() if p.name.endswith(".part")]


@pytest.mark.parametrize(("old", "new", "flips", "warns"), [
    (HOLDS, HOLDS, 0, 0), (FAILS, FAILS, 0, 0), (HOLDS, FAILS, 1, 0), (FAILS, HOLDS, 1, 0),
    (HOLDS, UNDECIDED, 0, 1), (UNDECIDED, HOLDS, 0, 1), (UNDECIDED, UNDECIDED, 0, 0),
    (HOLDS, NOT_JUDGED, 0, 0), (MEASURED, MEASURED, 0, 0),
])
def test_a_flip_is_holds_against_does_not_hold(record, old, new, flips, warns):
    write(record, row(verdict=old))
    found = compare([row(verdict=new, seed=5)], record)
    assert (len(found[0]), len(found[1])) == (flips, warns)
    assert all("S4-20" in line and "deeper is worse" in line for line in (*found[0], *found[1]))


@pytest.mark.parametrize("changes", [{"scale": "class"}, {"sentence": "another"}, {"row": "S4-21"}])
def test_only_the_same_claim_at_the_same_scale_is_compared(record, changes):
    write(record, row(verdict=FAILS, **changes))
    assert compare([row(verdict=HOLDS)], record) == ([], [])


def test_a_record_with_both_verdicts_warns(record):
    write(record, row(), row(verdict=FAILS, device="cuda"))
    flips, warnings = compare([row()], record)
    assert flips == [] and len(warnings) == 1


def test_a_recorded_claim_that_a_finished_lesson_no_longer_makes_warns(record):
    write(record, row(), row("gone"), row("gone", seed=1), row("other lesson", lesson="04_z"))
    flips, warnings = compare([row()], record, finished=["03_x"])
    assert flips == [] and len(warnings) == 1 and "'gone'" in warnings[0]
    assert compare([row()], record) == ([], [])


def test_measurements_without_a_verdict_are_accepted_and_never_missed(tmp_path, record):
    assert accept(a_run(tmp_path, row("net 20, seed 0", MEASURED)), record) == 1
    assert compare([row()], record, finished=["03_x"]) == ([], [])


def test_claims_are_found_in_the_outputs_of_a_notebook():
    said = new_output("display_data", data={"text/plain": "x"}, metadata={"course_claim": row()})
    notebook = new_notebook(cells=[new_code_cell("1", outputs=[new_output("stream", text="1"), said])])
    (found,) = ledger.rows_of(notebook, "03_x", 1.25, "a machine")
    assert found["verdict"] == HOLDS and found["lesson"] == "03_x" and found["evidence"] == {"loss": 1.0}
    assert found["title"], "the row's title comes from the syllabus"


def test_across_seeds_gives_mean_interval_and_every_verdict():
    values = (1.0, 2.0, 4.0)
    rows = [row(verdict=verdict, seed=seed, evidence={
        "loss": value, "within": {"mean": 2 * value, "low": 0.0, "high": 9.0, "n": 3}, "word": "x",
        "sure": True, "sometimes": value if seed else None})
        for seed, (value, verdict) in enumerate(zip(values, (HOLDS, FAILS, HOLDS), strict=True))]
    alone = [row("another"), row(device="cuda"), row(scale="class")]
    (found,) = ledger.across([*rows, *alone])
    assert found["seeds"] == [0, 1, 2] and found["verdicts"] == {HOLDS: 2, FAILS: 1}
    assert set(found["evidence"]) == {"loss", "within"}, "only what is a number in every seed"
    mean, half = 7 / 3, 4.302653 * math.sqrt(7 / 3) / math.sqrt(3)  # s^2 = 7/3; t(2) at 97.5 %
    expected = {"mean": mean, "low": mean - half, "high": mean + half, "n": 3}
    assert found["evidence"]["loss"] == pytest.approx(expected, rel=1e-6)
    assert found["evidence"]["within"]["mean"] == pytest.approx(2 * mean)
    assert found["shown"]["loss"] == "2.33 [-1.46, 6.13], 3 seeds"


def test_commit_is_none_outside_git(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger, "home", lambda: tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert ledger.commit() is None
    monkeypatch.setenv("PATH", "")
    assert ledger.commit() is None


class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.texts, self.external = [], [], []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self.external += [value for name, value in attrs if name in ("src", "href")]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def test_the_page_is_whole_and_shows_what_a_row_holds():
    lessons = [{"lesson": "03_x", "status": "died", "where": "cell [4] 'a < b'", "error": "E: <b>",
                "seconds": 1.5, "peak_mb": 300}]
    rows = [row("a < b & c", title="Degradation", shown={"gap": "0.2 [0.1, 0.3], 3 seeds"}, source="0.57",
                date="2030-01-01T00:00:00Z", device_name="GPU X")]
    rows += [row(verdict=verdict) for verdict in (UNDECIDED, FAILS, MEASURED)]
    reader = Reader()
    reader.feed(page(lessons, rows, ["FLIPPED: <it>"]))
    text = " ".join(reader.texts)
    assert reader.open == [] and reader.external == []
    for words in ("a < b & c", "Degradation", "gap: 0.2 [0.1, 0.3], 3 seeds", "0.57", "2030-01-01", "GPU X",
                  "✓ holds", "✗ does not hold", "? undecided", "· measured", "E: <b>", "FLIPPED: <it>"):
        assert words in text, words
