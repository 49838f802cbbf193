"""The README's section is what `course ledger --readme` writes, and nothing else in the README is touched."""

import json
import re
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from markdown_it import MarkdownIt
from typer.testing import CliRunner

from course_lib.classroom import cli
from course_lib.classroom.claims import syllabus
from course_lib.classroom.front import write
from course_lib.classroom.front.entries import course
from course_lib.classroom.front.readme import BEGIN, END, plain, section
from course_lib.classroom.front.write import split, write_page, write_readme
from course_lib.runtime import home


def row(sentence="deeper is worse", verdict="holds", **changes):
    return {"row": "S4-20", "sentence": sentence, "verdict": verdict, "scale": "quick", "seed": 0,
            "device": "cpu", "lesson": "03_residual_blocks", "shown": {"loss": "1"}, "evidence": {},
            "date": "2026-11-24T10:00:00Z", **changes}


@pytest.fixture
def record(tmp_path):
    """record(*ledger rows) -> the file that holds them."""

    def make(*rows):
        path = tmp_path / "ledger.jsonl"
        path.write_text("".join(json.dumps(each) + "\n" for each in rows), "utf-8")
        return path

    return make


@pytest.fixture
def readme(tmp_path):
    path = tmp_path / "README.md"
    path.write_text(f"# Before\n{BEGIN}\nstale words\n{END}\nafter\n", "utf-8")
    return path


def rendered(text: str) -> BeautifulSoup:
    return BeautifulSoup(MarkdownIt("commonmark").enable("table").render(text), "html.parser")


def test_the_committed_readme_is_fresh():
    text = (home() / "README.md").read_text("utf-8")
    assert split(text)[1] == section(course()), "run: course ledger --readme"


def test_the_committed_section_names_every_row_once_and_every_claim():
    text = rendered(split((home() / "README.md").read_text("utf-8"))[1])
    bold = [part.text for part in text.find_all("strong") if re.fullmatch(r"S\d-\d\d", part.text)]
    assert sorted(bold) == sorted(syllabus())
    words = text.get_text()
    ledger = [json.loads(line) for line in (home() / "data" / "ledger.jsonl").read_text("utf-8").splitlines()]
    claims = [each for each in ledger if each["verdict"] != "measured"]
    assert len(claims) > 100
    for each in claims:
        where = f"{each['scale']}, {each['device']}"
        lines = [item.text for item in text.find_all("li") if item.text.startswith(f"{each['sentence']}: ")]
        assert any(each["verdict"] in line and where in line for line in lines), each["sentence"]
        figures = [f"{name}: {value}" for name, value in each["shown"].items()]
        assert any(figure in line for line in lines for figure in figures), each["sentence"]
    for number in {about["lesson"] for about in syllabus().values()}:
        assert f"{number} · " in words


def test_writing_twice_changes_nothing_and_keeps_what_stands_around(readme, record):
    assert "refreshed" in write_readme(readme, record(row()))
    once = readme.read_bytes()
    text = once.decode("utf-8")
    assert text.startswith(f"# Before\n{BEGIN}\n") and text.endswith(f"\n{END}\nafter\n")
    assert "stale" not in text and "deeper is worse: **✓ holds**, loss: 1 (quick, cpu)" in text
    stamp = readme.stat().st_mtime_ns
    assert "up to date" in write_readme(readme, record(row()))
    assert readme.read_bytes() == once and readme.stat().st_mtime_ns == stamp
    write_readme(readme, record(row(shown={"loss": "2"})))
    assert readme.read_text("utf-8") == text.replace("loss: 1", "loss: 2")


def test_without_a_ledger_nothing_is_rewritten(readme, record, tmp_path):
    write_readme(readme, record(row()))
    before = readme.read_bytes()
    with pytest.raises(FileNotFoundError, match=r"away\.jsonl is missing.*git checkout"):
        write_readme(readme, tmp_path / "away.jsonl")
    with pytest.raises(FileNotFoundError, match="git checkout"):
        write_page(tmp_path / "page.html", tmp_path / "away.jsonl")
    assert readme.read_bytes() == before and not (tmp_path / "page.html").exists()


def test_a_claim_at_two_scales_is_one_with_two_verdicts(record):
    text = section(course(record(row(), row(scale="class"), row("other"), row("time", "measured"))))
    assert "2 claims, each with a verdict at each scale that it was run at: ✓ 3 hold" in text


def test_a_readme_with_windows_line_ends_keeps_them(readme, record):
    readme.write_bytes(readme.read_bytes().replace(b"\n", b"\r\n"))
    write_readme(readme, record(row()))
    data = readme.read_bytes()
    assert b"deeper" in data and data.count(b"\n") == data.count(b"\r\n") > 20 and b"\r\r" not in data
    assert "up to date" in write_readme(readme, record(row()))


@pytest.mark.parametrize("text", ["", "no markers", f"{BEGIN}\n", f"{END}\n{BEGIN}\n",
                                  f"{BEGIN}\n{END}\n{BEGIN}\n{END}\n"])
def test_a_readme_without_the_markers_is_left_alone(readme, record, text):
    readme.write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"README\.md needs these two lines once each") as told:
        write_readme(readme, record(row()))
    assert BEGIN in str(told.value) and END in str(told.value)
    assert readme.read_text("utf-8") == text


ODD = ("a < b > c & d &amp; &lt; *x* _y_ a_b `z` [l](m) [ref][r] ![i](j) | pipe ~~s~~ $m$ \\ \\* <b>no</b> "
       "<!-- ledger: end --> http://x.y # n")


def test_odd_text_is_shown_as_it_is():
    assert rendered(f"- {plain(ODD)}").get_text().strip() == ODD
    table = rendered(f"| a | b |\n|---|---|\n| {plain(ODD)} | end |")
    assert [cell.text for cell in table.find_all("td")] == [ODD, "end"]
    assert plain("two\nlines") == "two lines"


def test_odd_text_in_the_ledger_breaks_neither_section_nor_markers(readme, record):
    write_readme(readme, record(row(ODD, shown={ODD: ODD}, device="cu|da")))
    text = readme.read_text("utf-8")
    assert "up to date" in write_readme(readme, record(row(ODD, shown={ODD: ODD}, device="cu|da")))
    assert f"{ODD}: ✓ holds, {ODD}: {ODD} (quick, cu|da)" in rendered(text).get_text()


def test_places_with_one_result_stand_together_and_seeds_are_counted(record):
    text = section(course(record(
        row(), row(scale="class"), row("other"), row("other", scale="class", shown={"loss": "2"}),
        row("third", evidence={"loss": 1.0}), row("third", "does not hold", seed=1, evidence={"loss": 2.0}),
        row("2 layers, seed 3", "measured"), row("2 layers, seed 4", "measured"))))
    assert "deeper is worse: **✓ holds**, loss: 1 (quick, cpu; class, cpu)\n" in text
    assert "other: **✓ holds**, loss: 1 (quick, cpu); **✓ holds**, loss: 2 (class, cpu)\n" in text
    assert r"third: **✓ holds in 1 of 2 seeds, ✗ does not hold in 1 of 2 seeds**, loss: 1.5 \[" in text
    assert "(built, 2 measured without a verdict)" in text and "2 layers" not in text
    assert "1 of 6 | ✓ 4 hold, ✗ 0 do not hold, ? 1 with seeds that disagree, · 2 measured" in text


def test_key_figures_are_those_with_an_interval_and_what_is_left_out_is_marked(record):
    long = {f"figure {k} of many with a long name": "1" for k in range(9)}
    text = section(course(record(row(shown={**long, "z": "0.5 [0.4, 0.6], 3 seeds"}))))
    (line,) = [line for line in text.splitlines() if "deeper is worse" in line]
    assert line.startswith(r"  - deeper is worse: **✓ holds**, z: 0.5 \[0.4, 0.6\], 3 seeds; figure 0")
    assert "; … (quick, cpu)" in line and len(line) < 200


@pytest.fixture
def run(monkeypatch, tmp_path):
    monkeypatch.delenv("COURSE_DEBUG", raising=False)
    monkeypatch.chdir(tmp_path)

    def call(*words):
        done = CliRunner().invoke(cli.app, ["ledger", *map(str, words)], prog_name="course")
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout, done.stderr

    return call


def test_the_command_writes_the_page_or_the_section_or_both(run, monkeypatch, readme):
    monkeypatch.setattr(write, "home", lambda: readme.parent)
    status, out, _ = run()
    assert status == 0 and "149 rows" in out and Path("runs/ledger.html").is_file()
    assert "stale" in readme.read_text("utf-8"), "the page alone leaves the README as it is"
    status, out, _ = run("--readme", "--out", "new/front.html")
    assert status == 0 and "refreshed" in out and Path("new/front.html").is_file()
    Path("runs/ledger.html").unlink()
    assert run("--readme")[0] == 0 and not Path("runs/ledger.html").exists()


def test_what_goes_wrong_is_said_in_one_line(run, monkeypatch, readme):
    monkeypatch.setattr(write, "home", lambda: readme.parent)
    readme.write_text("nothing", "utf-8")
    status, out, error = run("--readme")
    assert (status, out) == (2, "") and "README.md needs these two lines" in error
    readme.unlink()
    assert run("--readme")[0] == 2
    Path("taken.html").write_text("mine")
    status, _, error = run("--out", "taken.html")
    assert status == 2 and "kept" in error
    Path("runs").write_text("a file")
    status, _, error = run()
    assert status == 2 and "--out" in error
