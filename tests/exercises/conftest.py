import pytest


@pytest.fixture(autouse=True)
def own_progress(tmp_path, monkeypatch):
    """No test writes into the working folder."""
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "é tudes" / "progress.json"))
    (tmp_path / "é tudes").mkdir()
    return tmp_path / "é tudes" / "progress.json"
