"""What axe-core says of the stored widgets, and that it says so when something is taken away."""

import pytest
from accessible import findings

from course_lib.widgets.stored import REGISTER, deck_html

pytestmark = pytest.mark.browser
HEAD = '<title>A widget</title><script>document.documentElement.lang = "en"</script>'
# What is taken away, and the rules of axe-core of which one must speak.
SPOILS = {
    "label": ("document.querySelectorAll('.course-control label').forEach(node => node.remove())",
              {"label", "select-name"}),
    "contrast": ("document.querySelectorAll('.course-control label').forEach("
                 "node => { node.style.color = '#cccccc'; })", {"color-contrast"}),
    "text alternative": ("document.querySelectorAll('.course-explorer img').forEach("
                         "node => node.removeAttribute('alt'))", {"image-alt"}),
}


@pytest.mark.parametrize("widget", REGISTER)
def test_a_stored_widget_has_no_serious_finding(opened, widget):
    sheet, _ = opened(HEAD, deck_html(widget))
    assert findings(sheet) == {}


@pytest.mark.parametrize("taken", SPOILS)
def test_what_is_taken_away_is_found(opened, taken):
    script, rules = SPOILS[taken]
    sheet, _ = opened(HEAD, deck_html("03-grow"))
    assert findings(sheet) == {}
    sheet.evaluate(f"() => {{ {script} }}")
    assert rules & set(findings(sheet))
