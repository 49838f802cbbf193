"""axe-core, asked about the page that is open; offline, from the copy that axe-playwright-python carries."""

import importlib.util
from pathlib import Path

import pytest

BAD = ("serious", "critical")


def findings(sheet, inside: str | None = None) -> dict[str, list[str]]:
    """The rules that the page breaks seriously, and where. Empty for a page without such a finding.

    inside: look only at what this CSS selector names.
    """
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None:
        pytest.skip("axe-core is not installed (pip install axe-playwright-python)")
    if not sheet.evaluate("() => 'axe' in window"):
        sheet.evaluate((Path(found.origin).parent / "axe.min.js").read_text("utf-8"))
    answer = sheet.evaluate("inside => axe.run(inside ?? document)", inside)
    assert answer["passes"], "axe looked at nothing"
    return {rule["id"]: [node["html"][:150] for node in rule["nodes"]]
            for rule in answer["violations"] if rule["impact"] in BAD}
