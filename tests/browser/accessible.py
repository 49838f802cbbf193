"""axe-core, asked about the page that is open; offline, from the copy that axe-playwright-python carries."""

import importlib.util
from pathlib import Path

import pytest

BAD = ("serious", "critical")


def findings(sheet) -> dict[str, list[str]]:
    """The rules that the page breaks seriously, and where. Empty for a page without such a finding."""
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None:
        pytest.skip("axe-core is not installed (pip install axe-playwright-python)")
    if not sheet.evaluate("() => 'axe' in window"):
        sheet.evaluate((Path(found.origin).parent / "axe.min.js").read_text("utf-8"))
    answer = sheet.evaluate("() => axe.run()")
    assert answer["passes"], "axe looked at nothing"
    return {rule["id"]: [node["html"][:150] for node in rule["nodes"]]
            for rule in answer["violations"] if rule["impact"] in BAD}
