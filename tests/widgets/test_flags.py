"""The table of red and green answers."""

import pytest

from course_lib.defences.checklist import Numbers, questions
from course_lib.widgets import to_rgb
from course_lib.widgets.flags import draw_flags

SOUND = Numbers(fgsm=0.4, pgd=0.1, longer_pgd=0.1, white_box=0.1, transfer=0.6, at_one=0.0, gradients=1.0)
MASKED = Numbers(fgsm=0.9, pgd=0.9, longer_pgd=0.9, white_box=0.9, transfer=0.6, at_one=0.5, gradients=0.0)


def test_each_answer_has_its_word_in_its_row():
    fig = draw_flags({"plain": questions(SOUND), "masked": questions(MASKED)})
    ax = fig.axes[0]
    words = [text.get_text() for text in ax.texts]
    assert words == [*["yes"] * 5, "yes", "NO", "NO", "yes", "NO"]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["plain", "masked"]
    assert "white-box at\nleast transfer" in [label.get_text() for label in ax.get_xticklabels()]


def test_colours_follow_the_answers():
    vermillion = [213, 94, 0]
    green, red = (to_rgb(draw_flags({"net": questions(n)})) for n in (SOUND, MASKED))
    assert not (green == vermillion).all(2).any() and (red == vermillion).all(2).any()


def test_empty_and_unequal_tables_are_refused():
    with pytest.raises(ValueError, match="at least one defence"):
        draw_flags({})
    with pytest.raises(ValueError, match="'b' answers other questions"):
        draw_flags({"a": questions(SOUND), "b": questions(SOUND)[:2]})
