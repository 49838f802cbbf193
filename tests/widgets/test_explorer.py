"""The kernel's side of the widget: what it draws, when, and what it answers."""

import html
import json
import re
import threading
import time

import matplotlib
import numpy as np
import pytest

from course_lib.widgets import Button, Choice, Explorer, Slider, decode, encode, figure

matplotlib.use("agg")


def pixels(depth, kind="plain"):
    return np.full((4, 6, 3), depth + (100 if kind == "skip" else 0), np.uint8)


@pytest.fixture
def heard(monkeypatch):
    """What explorers send, as (message, buffers); jobs for later wait in heard.jobs."""
    class Heard(list):
        def __init__(self):
            self.jobs = []

        def send(self, message, buffers=None):
            self.append((json.loads(json.dumps(message)), buffers))

    heard = Heard()
    monkeypatch.setattr(Explorer, "send", lambda self, message, buffers=None: heard.send(message, buffers))
    monkeypatch.setattr(Explorer, "_later", lambda self, seconds, job: heard.jobs.append(job) or True)
    monkeypatch.setattr("course_lib.widgets.explorer.REST", 0)
    return heard


def make(draw=pixels, **more):
    drawn = []

    def counted(**settings):
        drawn.append(settings)
        return draw(**settings)

    controls = {"depth": Slider(1, 5, value=3), "kind": Choice(["plain", "skip"])} | more
    explorer = Explorer(counted, alt="Loss against depth.", **controls)
    return explorer, drawn


def say(explorer, **message):
    explorer._hear(explorer, message, [])


def test_first_picture_is_sent_without_being_asked(heard):
    make()
    (message, buffers), = heard
    assert (message["kind"], message["key"], message["mime"]) == ("frame", '["3","plain"]', "image/webp")
    assert message["alt"] == "Loss against depth."
    assert np.array_equal(decode(buffers[0]), pixels(3))


def test_a_request_gets_exactly_one_reply_with_its_number(heard):
    explorer, _ = make()
    heard.clear()
    say(explorer, kind="want", at=[4, 1], have=False, reply=7)
    (message, buffers), = heard
    assert (message["kind"], message["reply"], message["key"]) == ("frame", 7, '["5","skip"]')
    assert np.array_equal(decode(buffers[0]), pixels(5, "skip"))
    assert explorer.settings == {"depth": 5, "kind": "skip"}
    heard.clear()
    say(explorer, kind="want", at=[3, 1], have=True, reply=8)
    assert [m for m, _ in heard] == [{"kind": "done", "reply": 8}] and explorer.settings["depth"] == 4


def test_a_picture_is_drawn_once(heard):
    explorer, drawn = make()
    for _ in range(3):
        say(explorer, kind="want", at=[4, 0], have=False, reply=1)
    explorer.picture()
    assert drawn == [{"depth": 3, "kind": "plain"}, {"depth": 5, "kind": "plain"}]


def test_neighbours_are_drawn_one_a_turn_and_only_for_somebody(heard):
    explorer, drawn = make()
    assert heard.jobs == [] and len(drawn) == 1, "nobody looks yet"
    say(explorer, kind="hello")
    turns = []
    while heard.jobs:
        before = len(drawn)
        assert len(heard.jobs) == 1
        heard.jobs.pop()()
        turns.append(len(drawn) - before)
    assert [d["depth"] for d in drawn] == [3, 4, 2, 3] and drawn[-1]["kind"] == "skip"
    assert turns == [1, 1, 1, 0]
    assert [m["reply"] for m, _ in heard if m["kind"] == "frame"] == [None] * 5  # first, hello, three ahead


def test_the_kernel_rests_while_requests_come(heard, monkeypatch):
    monkeypatch.setattr("course_lib.widgets.explorer.REST", 60)
    explorer, drawn = make()
    for i in range(5):
        say(explorer, kind="want", at=[i, 0], have=False, reply=i)
    assert len(heard.jobs) == 1 and len(drawn) == 5
    heard.jobs.pop()()
    assert len(drawn) == 5 and len(heard.jobs) == 1, "too early: asked again later, nothing drawn"


def test_slow_pictures_are_not_drawn_ahead(heard, monkeypatch):
    monkeypatch.setattr("course_lib.widgets.explorer.SLOW", -1)
    explorer, drawn = make()
    say(explorer, kind="hello")
    heard.jobs.pop()()
    assert len(drawn) == 2 and heard.jobs == []
    lazy = Explorer(pixels, alt="x", live=False, depth=Slider(1, 5), kind=Choice(["plain"]))
    say(lazy, kind="hello")
    assert heard.jobs == []


def test_an_error_in_draw_is_a_reply_and_the_next_request_works(heard):
    def draw(depth, kind):
        if depth == 4:
            raise ZeroDivisionError("no such depth")
        return pixels(depth)

    explorer, _ = make(draw)
    heard.clear()
    say(explorer, kind="want", at=[3, 0], have=False, reply=1)
    assert heard[0][0] == {"kind": "error", "reply": 1, "text": "ZeroDivisionError: no such depth"}
    assert isinstance(explorer.error, ZeroDivisionError)
    say(explorer, kind="want", at=[4, 0], have=False, reply=2)
    assert heard[1][0]["kind"] == "frame"
    while heard.jobs:  # drawing ahead meets the same error and goes on
        heard.jobs.pop()()
    with pytest.raises(ZeroDivisionError):
        explorer.set(depth=4)
    assert explorer.settings["depth"] == 5, "a failed move changes nothing"


@pytest.mark.parametrize("at", [None, [9, 0], [0], "x"])
def test_nonsense_from_outside_is_answered_not_obeyed(heard, at):
    explorer, _ = make()
    heard.clear()
    say(explorer, kind="want", at=at, have=False, reply=3)
    assert heard[0][0]["kind"] == "error" and heard[0][0]["reply"] == 3
    assert explorer.settings == {"depth": 3, "kind": "plain"}


def test_two_threads_never_draw_at_once(heard):
    together, most = [], []

    def draw(depth, kind):
        together.append(1)
        most.append(len(together))
        time.sleep(0.02)
        together.pop()
        return pixels(depth)

    first, second = make(draw)[0], make(draw)[0]
    threads = [threading.Thread(target=say, args=(e,), kwargs={"kind": "want", "at": [k, 0], "reply": 1})
               for e in (first, second) for k in (0, 1)]
    for thread in threads:
        thread.start()
    first.set(depth=5)
    for thread in threads:
        thread.join()
    assert len(most) == 7 and max(most) == 1


def test_set_is_synchronous_and_observed(heard):
    explorer, _ = make()
    heard.clear()
    seen = []
    explorer.observe(lambda change: seen.append(change["new"]), "settings")
    explorer.set(depth=5, kind="skip")
    assert seen == [{"depth": 5, "kind": "skip"}] and np.array_equal(explorer.picture(), pixels(5, "skip"))
    assert [m["kind"] for m, _ in heard] == ["move", "frame"] and heard[0][0]["at"] == [4, 1]


def test_a_button_acts_and_pictures_are_drawn_anew(heard):
    state = {"steps": 0}

    def draw(depth, kind):
        return pixels(depth + state["steps"])

    def train(depth, kind):
        state["steps"] += depth

    explorer, _ = make(draw, train=Button("Train on", train))
    say(explorer, kind="hello")
    heard.clear()
    say(explorer, kind="press", name="train", at=[1, 0], reply=4)
    kinds = [m["kind"] for m, _ in heard]
    assert kinds == ["clear", "frame", "done"] and heard[-1][0]["reply"] == 4 and state["steps"] == 2
    assert heard[1][0]["epoch"] == heard[0][0]["epoch"] == 1
    assert np.array_equal(decode(heard[1][1][0]), pixels(4))
    explorer.press("train")
    assert explorer.picture()[0, 0, 0] == 6
    with pytest.raises(TypeError, match="train"):
        explorer.press("tarin")


def test_frames_of_a_grid_and_of_everything(heard):
    explorer, _ = make()
    assert len(explorer.frames()) == 10
    some = explorer.frames({"depth": [5, 1]})
    assert set(some) == {'["1","plain"]', '["1","skip"]', '["5","plain"]', '["5","skip"]'}
    assert np.array_equal(decode(some['["5","skip"]']), pixels(5, "skip"))
    with pytest.raises(ValueError, match="depth must be one of"):
        explorer.frames({"depth": [77]})
    with pytest.raises(TypeError, match="widht"):
        explorer.frames({"widht": [1]})
    many = Explorer(lambda a, b: pixels(1), alt="x", a=Slider(0, 99), b=Slider(0, 99))
    with pytest.raises(ValueError, match="grid makes 10000 pictures"):
        many.frames()


def test_html_holds_its_pictures_and_asks_for_nothing(heard):
    explorer, _ = make()
    page = explorer.to_html({"depth": [1, 3]})
    assert page.count("data:image/webp;base64,") == 4
    assert "Depth: 2 of 5 settings are stored here." in page
    assert "are stored here" not in explorer.to_html() and explorer.to_html() == explorer.to_html()
    assert not re.search(r"https?://", html.unescape(page))


@pytest.mark.parametrize(("picture", "shape"), [
    (lambda: figure(width=2, height=1)[0], (100, 200, 3)),
    (lambda: np.zeros((5, 7, 4), np.uint8), (5, 7, 3)),
    (lambda: encode(np.zeros((5, 7, 3), np.uint8), "png"), (5, 7, 3)),
])
def test_draw_may_return_a_figure_an_array_or_bytes(heard, picture, shape):
    assert Explorer(lambda: picture(), alt="x").picture().shape == shape


def test_a_pyplot_figure_is_not_shown_a_second_time(heard):
    from matplotlib import pyplot
    Explorer(lambda: pyplot.figure(), alt="x")
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize(("build", "named"), [
    (lambda: Explorer(3, alt="x"), "draw must be a function"),
    (lambda: Explorer(pixels, alt="", depth=Slider(1, 2)), "alt"),
    (lambda: Explorer(pixels, alt="x", dept=Slider(1, 2)), "draw must take the settings dept"),
    (lambda: Explorer(pixels, alt=lambda: "x", depth=Slider(1, 2)), "alt must take the settings depth"),
    (lambda: Explorer(pixels, alt="x", depth=4), "depth must be a Slider"),
    (lambda: Explorer(lambda: "text", alt="x"), "draw must return"),
    (lambda: Explorer(pixels, alt="x", id=3, depth=Slider(1, 2)), "id must be a text"),
])
def test_bad_arguments_are_named(heard, build, named):
    with pytest.raises((TypeError, ValueError), match=named):
        build()
