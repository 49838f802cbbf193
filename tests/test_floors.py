"""The house keeps its floors (import-linter) and its style (ruff)."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def run(*words):
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", errors="replace")
    return done.returncode, done.stdout + done.stderr


def test_a_room_imports_only_rooms_below_it():
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    status, said = run(sys.executable, "-c", code, "--no-cache")
    assert status == 0, said
    assert "floors KEPT" in said


def test_ruff_has_nothing_to_say():
    status, said = run(sys.executable, "-m", "ruff", "check", "--no-cache", ".")
    assert status == 0, said


def test_source_files_can_be_read_in_ten_minutes():
    long = {
        str(path.relative_to(ROOT)): lines
        for folder in ("course_lib", "tests")
        for path in sorted((ROOT / folder).rglob("*.py"))
        if (lines := len(path.read_text("utf-8").splitlines())) > 300
    }
    assert not long, f"longer than 300 lines: {long}"
