import sys
from pathlib import Path

import pytest
import torch

from course_lib.exercises import check, progress

sys.path.insert(0, str(Path(__file__).parent))  # the helpers beside the tests can be imported
pytest.register_assert_rewrite("answers")


@pytest.fixture(autouse=True)
def own_progress(tmp_path, monkeypatch):
    """No test writes into the working folder, or knows what another one has tried."""
    progress.forget()
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "é tudes" / "progress.json"))
    (tmp_path / "é tudes").mkdir()
    return tmp_path / "é tudes" / "progress.json"


@pytest.fixture
def shown(monkeypatch):
    """shown(function, ...) calls it and answers the one output that it displays, by kind."""
    outputs = []
    for name in ("check", "predict"):
        module = sys.modules[f"course_lib.exercises.{name}"]  # the package's attribute is the function
        monkeypatch.setattr(module, "display", outputs.append)

    def call(function, *args, **kwargs):
        outputs.clear()
        assert function(*args, **kwargs) is None
        (output,) = outputs
        bundle = output._repr_mimebundle_()
        assert bundle["text/plain"] == repr(output)
        return bundle

    return call


@pytest.fixture
def panel(shown, capsys):
    """panel(id, answer): plain text and HTML of what check shows."""

    def call(exercise_id, answer):
        bundle = shown(check, exercise_id, answer)
        assert capsys.readouterr().out == ""
        return bundle["text/plain"], bundle["text/html"]

    return call


@pytest.fixture
def as_in_a_check():
    """The seed and the precision that a check sets."""
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)
