"""Of a notebook only what an answer needs: imports, helpers and constants, in the right order."""

import pytest

from course_lib.classroom.grading.slicing import defines, what_it_needs


def run(cells, wanted):
    names = {}
    for _, tree in what_it_needs(cells, wanted):
        exec(compile(tree, "cell", "exec"), names)
    return names


def test_helpers_and_constants_come_along_and_the_experiment_stays_out():
    cells = [
        "import math\nraise RuntimeError('experiment')",
        "SIDE = 3",
        "def area(r):\n    return math.pi * r * SIDE",
        "1 / 0",
        "def answer(r):\n    return area(r) + SIDE",
    ]
    assert run(cells, 4)["answer"](1) == pytest.approx(3.14159265 * 3 + 3)
    assert len(what_it_needs(cells, 4)) == 4


def test_names_local_to_a_function_do_not_drag_the_notebook_in():
    cells = [
        "total = 1 / 0",
        "x = 1 / 0",
        "def answer(x):\n    total = 0\n    for n in range(x):\n        total += n\n"
        "    return [y for y in range(total)]",
        "y = 1 / 0\nn = 1 / 0",
    ]
    assert run(cells, 2)["answer"](3) == [0, 1, 2]


@pytest.mark.parametrize(
    "helper",
    [
        "def help():\n    return 5",
        "help = lambda: 5",
        "class help:\n    def __new__(cls):\n        return 5",
        "if True:\n    def help():\n        return 5",
        "help, other = (lambda: 5), 1",
        "with open('/dev/null'):\n    help = lambda: 5",
        "for help in [lambda: 5]:\n    pass",
        "help: object = lambda: 5",
        "(help := lambda: 5)",
        "from operator import length_hint as help\nhelp = lambda: 5",
        "%matplotlib inline\nhelp = lambda: 5",
        "try:\n    help = lambda: 5\nexcept ValueError:\n    pass",
        "!ls\n?x\nhelp = lambda: 5",
    ],
)
def test_every_way_to_give_a_name_a_value(helper):
    assert run([helper, "def answer():\n    return help()"], 1)["answer"]() == 5


def test_a_later_value_above_the_cell_wins_and_all_of_them_run_in_order():
    assert (
        run(["a = 1", "a = a + 1", "a = a * 10", "def answer():\n    return a", "a = 99"], 3)["answer"]()
        == 20
    )


def test_what_stands_only_below_is_found_too():
    assert run(["def answer():\n    return late()", "def late():\n    return 7"], 0)["answer"]() == 7


def test_needs_of_needs_defaults_decorators_bases_and_annotations():
    cells = [
        "import functools",
        "DEPTH = 2",
        "class Base:\n    depth = DEPTH",
        "def wrap(f):\n    return functools.wraps(f)(f)",
        "KIND = int",
        "@wrap\ndef answer(x: KIND = DEPTH, *, base=Base):\n    return x + base.depth",
    ]
    assert run(cells, 5)["answer"]() == 4


def test_unreadable_cells_are_passed_over_but_not_the_wanted_one():
    assert run(["def (", "%%bash\nrm -rf /", "answer = 3", "\x00"], 2)["answer"] == 3
    with pytest.raises(SyntaxError):
        what_it_needs(["def ("], 0)


def test_star_imports_come_along():
    assert run(["from math import *", "def answer():\n    return floor(2.5)"], 1)["answer"]() == 2


def test_recursion_and_cycles_end():
    cells = ["def a():\n    return b", "def b():\n    return a", "def answer():\n    return a()() is a"]
    assert run(cells, 2)["answer"]()


def test_defines():
    assert defines("class A:\n    pass", "A") and defines("a = b = 1", "b") and defines("import x.y", "x")
    assert not defines("def f():\n    inner = 1", "inner") and not defines("def (", "f")
