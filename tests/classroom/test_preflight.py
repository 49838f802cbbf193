"""The page a week ahead and the report that comes back: true commands, true sizes, and nobody's name."""

import getpass
import json
import os
import platform
import re
import socket
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from course_lib.classroom import cli, doctor, doctor_report
from course_lib.classroom.preflight import page, write_preflight

WELL = [("Python", [doctor.Finding(True, "Python 3.12.1 at /home/anna/.venv/bin/python")]),
        ("torch and torchvision", [doctor.Finding(True, "GPU: none; the CPU is enough for quick runs")])]
ILL = [*WELL, ("kernel", [doctor.Finding(False, "kernel: python3 is another Python (/home/anna/x)", "do")])]


class Words(HTMLParser):
    """The text of a page, and what stands in its <pre>."""

    def __init__(self, text):
        super().__init__()
        self.told, self.typed, self._inside = "", [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self._inside = tag
        if tag == "pre":
            self.typed.append("")

    def handle_data(self, data):
        if self._inside == "pre":
            self.typed[-1] += data
        self.told += data

    def handle_endtag(self, tag):
        self._inside = ""


def lines(text):
    assert text.splitlines()[0] == doctor_report.FIRST and text.splitlines()[-1] == doctor_report.LAST
    return dict(re.fullmatch(r"(\w+): +(\S.*)", line).groups() for line in text.splitlines()[1:-1])


def test_the_report_of_this_machine_is_true_and_whole():
    done = CliRunner().invoke(cli.app, ["doctor", "--report", "--port", "8888"])
    told = lines(done.output)
    assert list(told) == ["course", "system", "Python", "packages", "cores", "memory", "disk", "GPU",
                          "browser", "checks"]
    assert told["Python"].startswith(platform.python_version() + ",")
    assert f"torch {doctor.installed('torch')}," in told["packages"]
    assert 1 <= int(told["cores"]) <= os.cpu_count()
    assert "unknown" not in told.values()
    assert done.exit_code == int("failed" in told["checks"])


def test_the_report_holds_no_name_and_no_path():
    """Even where the doctor's own findings do."""
    text = doctor_report.report(ILL)
    assert "anna" not in text and not re.search(r"(^|[\s(])[/~]|\\", text)
    for name in (getpass.getuser(), socket.gethostname(), Path.home().name):
        assert not re.search(rf"\b{re.escape(name)}\b", text)


def test_the_report_names_the_checks_that_failed_and_survives_what_it_cannot_learn(monkeypatch):
    assert lines(doctor_report.report(WELL))["checks"] == "2 of 2 right"
    told = lines(doctor_report.report(ILL))
    assert told["checks"] == "2 of 3 right; failed: kernel" and told["GPU"] == "none"
    assert lines(doctor_report.report(ILL[:1]))["GPU"] == "unknown"
    monkeypatch.setattr(doctor_report, "examine", lambda port: iter(ILL))
    said = []
    assert doctor_report.print_report(echo=said.append) == 1 and "failed: kernel" in said[0]


def test_a_check_that_breaks_keeps_what_it_had_found(monkeypatch):
    def breaks():
        yield doctor.Finding(True, "first")
        raise RuntimeError("broken")

    for slow in ("packages", "torch_pair", "widgets", "data"):
        monkeypatch.setattr(doctor, slow, lambda: iter(()))
    monkeypatch.setattr(doctor, "kernel", breaks)
    found = dict(doctor.examine())["kernel"]
    assert [finding.ok for finding in found] == [True, False] and "kernel: could not" in found[1].what


def test_the_page_says_what_to_type_and_what_comes_back(tmp_path):
    out = tmp_path / "new" / "page.html"
    done = CliRunner().invoke(cli.app, ["preflight", "--out", str(out), "--source", "https://x.example/c?a&b",
                                        "--reply-to", "Ms <Gray>", "--by", "1 March"])
    assert done.exit_code == 0, done.output
    words = Words(out.read_text("utf-8"))
    assert words.typed[0].startswith("git clone https://x.example/c?a&b build-break-explain")
    assert "make lab" in words.typed and ".venv/bin/course doctor" in words.typed
    assert "Ms <Gray>" in words.told and "by 1 March" in words.told and "--report" in words.told
    readme = (doctor.COURSE / "README.md").read_text("utf-8")
    windows = next(typed for typed in words.typed if typed.startswith("py -3"))
    assert windows in readme  # the README's own steps
    sample = lines(words.typed[-1])
    assert list(sample) == list(lines(doctor_report.report(WELL)))  # what is shown is what is printed
    named = re.findall(r"(\w+)(?=, |</td><td>)", re.search(r"<tbody>\n(<tr><td>checks.*?)</tbody>",
                                                           out.read_text("utf-8"), re.S)[1])
    assert {"checks", "packages", "system", "memory", "disk", "browser"} <= set(named) & set(sample)


def test_minutes_follow_from_the_size():
    told = Words(page([], None, None, None)).told
    assert "276 MB2 minutes" in told and "3.2 GB21 minutes" in told


def test_with_a_stick_nothing_is_downloaded_and_the_doctor_comes_in_class(tmp_path):
    folder = tmp_path / "windows-python3.12"
    (folder / "wheels").mkdir(parents=True)
    (folder / "wheels" / "a.whl").write_bytes(b"x" * 1_500_000)
    (folder / "for.json").write_text(json.dumps({"told": "Windows (64-bit PC), Python 3.12",
                                                 "python": "3.12"}), "utf-8")
    write_preflight(tmp_path / "p.html", wheels=[folder])
    words = Words((tmp_path / "p.html").read_text("utf-8"))
    assert "Windows (64-bit PC)Python 3.12, exactly1.5 MB" in words.told
    assert "make lab" not in words.typed and "py --list" in words.typed
    assert words.told.index("In class") < words.told.index(".venv/bin/course doctor")
    with pytest.raises(LookupError, match="no folder of course pack --wheels"):
        write_preflight(tmp_path / "p.html", wheels=[tmp_path])


def test_a_file_of_yours_is_not_written_over(tmp_path):
    out = tmp_path / "letter.html"
    out.write_text("my letter", "utf-8")
    done = CliRunner().invoke(cli.app, ["preflight", "--out", str(out)])
    assert done.exit_code == 2 and "--out FILE" in done.output and out.read_text("utf-8") == "my letter"
    write_preflight(tmp_path / "page.html")
    write_preflight(tmp_path / "page.html", by="Friday")
    assert "Friday" in (tmp_path / "page.html").read_text("utf-8")
