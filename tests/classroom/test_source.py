"""`show` prints the library's own source in a lesson."""

import inspect

import pytest

from course_lib.blocks import BasicBlock
from course_lib.classroom import show, source


@pytest.fixture
def shown(monkeypatch):
    found = []
    monkeypatch.setattr(source, "display", found.append)
    return found


def test_it_shows_the_whole_class(shown):
    show(BasicBlock)
    assert shown[0].data == inspect.getsource(BasicBlock).rstrip()
    assert "relu(self.shortcut(x)" in shown[0].data


def test_a_method_stands_at_the_left_margin(shown):
    show(BasicBlock.forward)
    assert shown[0].data.startswith("def forward(") and "\n    return" in shown[0].data


@pytest.mark.parametrize("thing", [3, len, "text"])
def test_what_has_no_source_is_refused(shown, thing):
    with pytest.raises(TypeError, match="show needs a class or function written in Python"):
        show(thing)
    assert shown == []
