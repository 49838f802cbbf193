"""Lesson 06: right answers written differently pass, wrong ones that no mutant lists are refused."""

import pytest

from course_lib.exercises import registry
from course_lib.exercises.check import judge
from course_lib.exercises.lesson_06.stack_field import PLAIN, STRIDED, variant
from course_lib.measure.receptive_field import receptive_field

RIGHT = {
    "06-1": ["position = m * dilation + i", "position = range(i, len(x), dilation)[m]"],
    "06-2": ["import math\nreturn 1 + sum((k - 1) * d * math.prod(s for _, s, _ in layers[:n])\n"
             "               for n, (k, _, d) in enumerate(layers))",
             "field = 1\nfor k, s, d in reversed(layers):\n    field = (field - 1) * s + 1 + (k - 1) * d\n"
             "return field"],
    "06-3": ["n, past = x.shape[2], dilation * (w.shape[2] - 1)\n"
             "return F.conv1d(x, w, padding=past, dilation=dilation)[..., :n]",
             "past = dilation * (w.shape[2] - 1)\nx = torch.cat([x.new_zeros(*x.shape[:2], past), x], 2)\n"
             "return F.conv1d(x, w, dilation=dilation)"],
    "06-4": ["seen = [0]\nfor r in rates[::-1]:\n    seen = [p + r * t for p in seen\n"
             "            for t in range(-(kernel // 2), kernel // 2 + 1)]\nreturn sorted(set(seen))"],
    "06-5": ["return torch.kron(w, w.new_ones(1, 1, 1, 1)) if dilation == 1 else F.conv_transpose2d(\n"
             "    w.flatten(0, 1)[:, None], w.new_ones(1, 1, 1, 1), stride=dilation\n"
             ").squeeze(1).unflatten(0, w.shape[:2])"],
}
WRONG = {
    "06-1": ["position = i * dilation + m", "position = i + dilation * m + 1", "position = i + dilation ** m",
             "position = (i + dilation * m) % 4", "position = i + dilation * min(m, 1)", "position = m"],
    "06-2": ["return 63", "return len(layers)", "return 1 + sum(k * d for k, s, d in layers)",
             "return 2 ** (len(layers) + 1) - 1", "return None", "return 1.5",
             "return 1 + sum((k - 1) * d for k, s, d in layers) * max([s for _, s, _ in layers] or [1])"],
    "06-3": ["return F.conv1d(x, w, dilation=dilation)", "return x", "return F.conv1d(x, w, padding='same')",
             "past = dilation * (w.shape[2] - 1)\nreturn F.conv1d(F.pad(x.detach(), (past, 0)), w, "
             "dilation=dilation)", "past = dilation * (w.shape[2] - 1)\nreturn F.conv1d(F.pad(x, (past, 0), "
             "mode='replicate'), w, dilation=dilation)",
             "past = dilation * (w.shape[2] - 1)\nx *= 2\nreturn F.conv1d(F.pad(x, (past, 0)), w / 2, "
             "dilation=dilation)"],
    "06-4": ["return set()", "return {0}", "return None", "return 7",
             "return {r * s for r in rates for s in (-1, 0, 1)}", "return set(range(sum(rates)))",
             "seen = {0}\nfor r in rates:\n    seen |= {p + r for p in seen} | {p - r for p in seen}\n"
             "return seen"],
    "06-5": ["return w * dilation", "return F.pad(w, (dilation,) * 4)", "return None",
             "h, v = ((n - 1) * dilation + 1 for n in w.shape[2:])\nd = w.new_zeros(*w.shape[:2], h, v)\n"
             "d[:, :, ::dilation, ::dilation] = w.detach()\nreturn d",
             "h, v = ((n - 1) * dilation + 1 for n in w.shape[2:])\nd = w.new_zeros(*w.shape[:2], h, v)\n"
             "d[:, :, ::dilation, ::dilation] = w.flip(3)\nreturn d"],
}


def cases(answers):
    return pytest.mark.parametrize(("id", "body"), [(e, b) for e, bodies in answers.items() for b in bodies])


@cases(RIGHT)
def test_right_in_another_way(id, body):
    exercise = registry()[id]
    verdict = judge(exercise, exercise.answer(exercise.with_body(body)))
    assert (verdict.state, verdict.message) == ("right", "")


@cases(WRONG)
def test_unlisted_wrong_answers_are_refused(id, body):
    exercise = registry()[id]
    verdict = judge(exercise, exercise.answer(exercise.with_body(body)))
    assert verdict.state == "not yet" and verdict.message


def test_the_formula_with_slips_is_right_without_any():
    for stack in (*PLAIN, *STRIDED):
        assert variant(stack) == receptive_field(stack)
