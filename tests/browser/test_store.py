"""The widget's front end without a kernel: the rules of asking, and pages with stored pictures."""

import numpy as np
import pytest
from harness import PIXELS

from course_lib.widgets import Choice, Explorer, Slider
from course_lib.widgets.page import script

pytestmark = pytest.mark.browser
SCRIPT = script("explorer")
# A store with a slider of ten steps, and a kernel that only writes down what it is asked.
BEGIN = """async ([script, body]) => {
    const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
    const { makeStore, mount } = await import(url);
    const asked = [];
    const spec = [{ kind: 'slider', name: 'n', label: 'N', values: [...'0123456789'] },
                  { kind: 'button', name: 'go', label: 'Go', values: [] }];
    const begin = more => makeStore({ spec, start: [0], ask: message => asked.push(message), ...more });
    const frame = (n, more) => [
        { kind: 'frame', key: `["${n}"]`, alt: `n is ${n}`, epoch: 0, reply: null, ...more },
        [new Uint8Array([n])]];
    const ats = () => asked.map(message => message.at?.[0] ?? message.kind);
    const run = new Function('begin', 'frame', 'asked', 'ats', 'mount', body);
    return await run(begin, frame, asked, ats, mount);
}"""


@pytest.fixture
def js(page):
    sheet, errors = page
    yield lambda body: sheet.evaluate(BEGIN, [SCRIPT, body])
    assert errors == []


def test_a_drag_never_queues_up_work(js):
    asked = js("""const s = begin();
        for (let n = 1; n < 10; n++) s.move([n], false);
        const during = ats();
        s.hear(...frame(1, { reply: 1 }));
        for (let n = 8; n > 2; n--) s.move([n], false);
        return [during, ats(), s.at[0]];""")
    assert asked == [[1], [1, 9], 3]


def test_a_known_setting_shows_at_once_even_while_the_kernel_works(js):
    shown = js("""const s = begin();
        s.hear(...frame(2)); s.hear(...frame(5));
        s.move([7], false); s.move([5], false);
        const five = s.frame().alt;
        s.move([2], false);
        return [five, s.frame().alt, ats()];""")
    assert shown == ["n is 5", "n is 2", [7]]


def test_the_kernel_hears_of_known_settings_too(js):
    told = js("const s = begin(); s.hear(...frame(2)); s.move([2], false); return asked;")
    assert told == [{"kind": "want", "at": [2], "have": True, "reply": 1}]


def test_slow_pictures_are_asked_for_when_the_slider_is_let_go(js):
    asked = js("""const s = begin({ live: false });
        s.move([1], false); s.move([2], false);
        const during = ats();
        s.move([2], true);
        return [during, ats()];""")
    assert asked == [[], [2]]


def test_a_press_is_not_lost_under_a_later_move(js):
    asked = js("""const s = begin();
        s.move([1], false); s.press('go'); s.move([4], false);
        s.hear(...frame(1, { reply: 1 })); s.hear({ kind: 'done', reply: 2 }, []);
        return asked.map(m => [m.kind, m.at[0]]);""")
    assert asked == [["want", 1], ["press", 1], ["want", 4]]


def test_after_clear_old_pictures_are_gone_and_latecomers_refused(js):
    left = js("""const s = begin();
        s.hear(...frame(0)); s.hear({ kind: 'clear', epoch: 1 }, []);
        const gone = s.frame() === undefined;
        s.hear(...frame(0));
        const late = s.frame() === undefined;
        s.hear(...frame(0, { epoch: 1 }));
        return [gone, late, s.frame().alt];""")
    assert left == [True, True, "n is 0"]


def test_an_error_is_shown_and_ends_the_wait(js):
    shown = js("""const s = begin();
        s.move([1], false); s.move([2], false);
        s.hear({ kind: 'error', reply: 1, text: 'ValueError: no' }, []);
        const note = [s.note, s.bad];
        s.hear(...frame(2, { reply: 2 }));
        return [note, s.note, ats()];""")
    assert shown == [["ValueError: no", True], "", [1, 2]]


def test_a_kernel_that_does_not_answer_is_named_in_time(js):
    notes = js("""const s = begin(); s.move([1], false);
        const wait = ms => new Promise(done => setTimeout(done, ms));
        return wait(100).then(() => {
            const early = s.note;
            return wait(600).then(() => [early, s.note, s.busy]);
        });""")
    assert notes == ["", "Drawing …", True]


def test_a_wait_behind_a_known_setting_is_named_too(js):
    notes = js("""const s = begin(); s.hear(...frame(1)); s.move([1], false); s.move([2], false);
        const wait = ms => new Promise(done => setTimeout(done, ms));
        return wait(700).then(() => {
            const stuck = [s.note, s.busy];
            s.move([1], false);
            return [stuck, s.note, s.busy, ats()];
        });""")
    assert notes == [["Drawing …", True], "", False, [1]]


def test_a_lost_kernel_is_named_and_may_come_back(js):
    notes = js("""const s = begin(); s.hear(...frame(3)); s.move([1], false); s.lost();
        const lost = [s.note, s.bad];
        s.move([3], false);
        const known = [s.note, s.frame().alt];
        s.move([4], false);
        const unknown = s.note;
        s.hear(...frame(4));
        s.move([5], false);
        return [lost, known, unknown, s.note, ats()];""")
    lost = notes[0][0]
    assert "run this cell again" in lost and notes == [[lost, True], ["", "n is 3"], lost, "", [1, 5]]


def test_all_views_of_a_store_move_together_and_let_go(js):
    seen = js("""const s = begin();
        const [a, b] = [document.createElement('div'), document.createElement('div')];
        mount(a, s); const drop = mount(b, s);
        const value = el => el.querySelector('.course-value').textContent;
        s.move([6], false); const both = [value(a), value(b)];
        drop(); s.move([7], false);
        return [both, value(a), value(b)];""")
    assert seen == [["6", "6"], "7", "6"]


def test_a_page_with_stored_pictures_answers_to_the_keyboard(page, tmp_path):
    def draw(depth, kind):
        return np.full((40, 60, 3), depth * 20 + (100 if kind == "skip" else 0), np.uint8)

    explorer = Explorer(draw, alt=lambda depth, kind: f"A {kind} net of {depth} layers.",
                        depth=Slider(1, 5, value=3), kind=Choice(["plain", "skip"]))
    path = tmp_path / "page é.html"
    path.write_text(f'<!doctype html><meta charset="utf-8">{explorer.to_html({"depth": [1, 3, 5]})}', "utf-8")
    sheet, errors = page
    sheet.context.set_offline(True)
    sheet.goto(path.as_uri())
    image = sheet.get_by_role("img")
    first = image.evaluate(PIXELS)
    assert image.get_attribute("alt") == "A plain net of 3 layers."
    sheet.get_by_role("slider", name="Depth").press("ArrowRight")
    assert image.get_attribute("alt") == "A plain net of 5 layers." and image.evaluate(PIXELS) != first
    sheet.get_by_role("combobox", name="Kind").select_option("skip")
    assert image.get_attribute("alt") == "A skip net of 5 layers."
    sheet.get_by_role("slider").press("ArrowLeft")
    sheet.get_by_role("combobox").select_option("plain")
    assert image.evaluate(PIXELS) == first and errors == []


# What the live region says: store `s`, and the region of its view.
TELL = """const el = document.createElement('div');
    document.body.replaceChildren(el);
    const s = begin();
    mount(el, s);
    const region = el.querySelector('[aria-live=polite]:not([role])');
    const rest = (ms = 400) => new Promise(resolve => setTimeout(resolve, ms));"""


def test_a_frame_is_told_once_the_learner_has_moved_and_not_while_it_is_awaited(js):
    told = js(f"""{TELL} return (async () => {{
        s.hear(...frame(0)); await rest();
        const said = [region.textContent];
        s.hear({{ kind: 'move', at: [2] }}); s.hear(...frame(2)); await rest();
        said.push(region.textContent);
        s.move([3], true); await rest();
        said.push(region.textContent);
        s.hear(...frame(3, {{ reply: 1 }})); await rest();
        said.push(region.textContent);
        s.move([4], true); said.push(region.textContent); await rest();
        said.push(region.textContent);
        return said;
    }})()""")
    assert told == ["", "", "", "n is 3", "", ""]


def test_of_a_drag_only_its_end_is_told(js):
    told = js(f"""{TELL} return (async () => {{
        const said = [];
        new MutationObserver(() => said.push(region.textContent)).observe(region, {{ childList: true }});
        for (const n of [1, 2, 3, 4, 5]) s.hear(...frame(n));
        for (const n of [1, 2, 3, 4, 5]) {{ s.move([n], false); await rest(30); }}
        s.hear(...frame(6)); await rest();  // drawn ahead: nothing to say
        return said;
    }})()""")
    assert told == ["n is 5"]


def test_after_a_button_the_new_picture_is_told(js):
    told = js(f"""{TELL} return (async () => {{
        s.hear(...frame(0)); s.press('go');
        s.hear({{ kind: 'clear', epoch: 1 }}); s.hear(...frame(0, {{ epoch: 1, alt: 'n is 0, trained' }}));
        s.hear({{ kind: 'done', reply: 1 }}); await rest();
        return region.textContent;
    }})()""")
    assert told == "n is 0, trained"


def test_the_region_is_there_for_ears_only(page, tmp_path):
    explorer = Explorer(lambda n: np.full((9, 9, 3), n, np.uint8), alt=lambda n: f"n is {n}", n=Slider(1, 3))
    path = tmp_path / "told é.html"
    path.write_text(f'<!doctype html><meta charset="utf-8">{explorer.to_html()}', "utf-8")
    sheet, errors = page
    sheet.goto(path.as_uri())
    sheet.get_by_role("slider").press("ArrowRight")
    region = sheet.locator(".course-told", has_text="n is 2")
    region.wait_for(state="attached")
    look = region.evaluate("node => [getComputedStyle(node).display, getComputedStyle(node).visibility, "
                           "node.offsetHeight, getComputedStyle(node).clipPath]")
    assert look == ["block", "visible", 1, "inset(50%)"] and errors == []
    assert "n is 2" in sheet.locator(".course-explorer").aria_snapshot()
