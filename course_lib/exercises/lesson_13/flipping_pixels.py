"""13-6: find the bug in an enumeration. Oracle: all images with one pixel changed, in one batch."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.lesson_13.handed_over import a_net
from course_lib.exercises.untouched import must_stay

CELL = '''\
def friends_flips(model: nn.Module, x: Float[Tensor, "height width"], y: int):
    """A friend's list of single pixels that fool the model. It is wrong, and it leaves another image in x."""
    flips = []
    for place in range(x.numel()):
        row, column = divmod(place, x.shape[1])
        for colour in (0, 1):
            x[row, column] = colour
            if model(x[None, None]).argmax() != y:
                flips.append((row, column, colour))
    return flips


def flipping_pixels(model: nn.Module, x: Float[Tensor, "height width"], y: int):
    """Each (row, column, colour 0 or 1) that alone changes the model's answer y; x stays as it is."""
    ### BEGIN SOLUTION
    flips = []
    for place in range(x.numel()):
        row, column = divmod(place, x.shape[1])
        for colour in (0, 1):
            x_adv = x.clone()
            x_adv[row, column] = colour
            if model(x_adv[None, None]).argmax() != y:
                flips.append((row, column, colour))
    return flips
    ### END SOLUTION
'''
TEMPLATE = '''\
    flips = []
    for place in range(...):
        row, column = divmod(place, ...)
        for colour in ...:
            x_adv = ...                                  # which image does this pixel change?
            ...
            if model(x_adv[None, None])... != y:
                flips.append(...)
    return flips
'''
CASES = ((4, 6), (5, 3), (2, 7))  # height, width
Flips = set[tuple[int, int, int]]


def check(answer) -> None:
    """The very set for several images, none of them square; a difference is explained by a slip."""
    cases = [a_case(*sides) for sides in CASES]
    found = [one_case(answer, *case) for case in cases]
    wanted = [oracle(*case) for case in cases]
    if found == wanted:
        return
    for message, slip in slips(cases, wanted):
        if all(slip(k) == flips for k, flips in enumerate(found)):
            raise Wrong(message)
    k = next(k for k, want in enumerate(wanted) if found[k] != want)
    say = TOO_MANY if found[k] - wanted[k] else TOO_FEW
    raise Wrong(say, f"yours for an image of {CASES[k]}: {sorted(found[k])[:10]}")


def one_case(answer, model: nn.Module, x: Tensor, y: int) -> Flips:
    given, look = {"x": x.clone()}, must_stay(model)
    value = answer(model, given["x"], y)
    look()
    if not torch.equal(given["x"].detach(), x):
        raise Wrong("The call leaves another image in x: whatever is painted into it must be gone before the "
                    "next pixel, or go onto a clone. (`old = x[row, column]` is no copy, it changes along.)")
    return flips_of(value)


def flips_of(value) -> Flips:
    """The learner's triples, in whatever dress they come. Raises Wrong for anything else."""
    if value is None:
        raise Wrong("Nothing comes back: is a `return` missing?")
    try:
        value = value.tolist() if isinstance(value, Tensor) else list(value)
        triples = [tuple(float(number) for number in triple) for triple in value]
    except (TypeError, ValueError):
        triples = [()]
    if not all(len(triple) == 3 and all(map(float.is_integer, triple)) for triple in triples):
        raise Wrong("A list of (row, column, colour) must come back, whole numbers.", repr(value)[:200])
    if len(triples) > len(set(triples)):
        raise Wrong("Some (row, column, colour) come more than once: each of them once.", repr(value)[:200])
    return set(triples)


def a_case(height: int, width: int) -> tuple[nn.Module, Tensor, int]:
    """A model that answers y for x, by so little that some pixels flip the answer and most do not."""
    while True:
        model, x = a_net(height * width, 3), 0.1 + 0.8 * torch.rand(height, width)
        y = int(model(x[None, None]).argmax())
        leads = lead(model(all_images(x)), y).sort().values
        line = leads[len(leads) // 4 : len(leads) // 4 + 2].mean()
        with torch.no_grad():
            model[-1].bias[y] -= line
        if lead(model(x[None, None]), y) > 0 and varied(oracle(model, x, y)):
            return model, x, y


def varied(flips: Flips) -> bool:
    """Some pixel fools in both colours, another in white alone: no slip may look right by chance."""
    white, black = ({(i, j) for i, j, colour in flips if colour == k} for k in (1, 0))
    return bool(white & black) and bool(white - black)


def lead(logits: Tensor, y: int) -> Tensor:
    others = torch.cat([logits[:, :y], logits[:, y + 1 :]], dim=1)
    return (logits[:, y] - others.amax(1)).detach()


def places(x: Tensor) -> list[tuple[int, int, int]]:
    return [(i, j, colour) for i in range(x.shape[0]) for j in range(x.shape[1]) for colour in (0, 1)]


def all_images(x: Tensor) -> Tensor:
    images = x.repeat(2 * x.numel(), 1, 1, 1)
    for image, (i, j, colour) in zip(images, places(x), strict=True):
        image[0, i, j] = colour
    return images


def oracle(model: nn.Module, x: Tensor, y: int) -> Flips:
    answers = model(all_images(x)).argmax(1)
    return {place for place, k in zip(places(x), answers.tolist(), strict=True) if k != y}


def walk(model: nn.Module, x: Tensor, y: int, slip: str) -> Flips:
    """One pixel after the other, on one canvas that a slip puts right too late, or wrongly."""
    found, v, row = set(), x.clone(), 0
    for i, j, colour in places(x):
        if "each row" in slip and i != row:
            v, row = x.clone(), i
        v[i, j] = 1 - x[i, j] if "negative" in slip else 1 - colour if "swapped" in slip else colour
        if model(v[None, None]).argmax() != y:
            found.add((i, j, colour))
        if "black" in slip:
            v[i, j] = 0
        if "swapped" in slip or "negative" in slip:
            v = x.clone()
        if "flips" in slip and (i, j, colour) in found:
            v = x.clone()
    return found


TOO_MANY = ("Some of these pixels do not fool the model by themselves: is everything else as it is in x when "
            "the model is asked?")
TOO_FEW = "Some pixels that fool the model are missing: every row, every column, and both colours of each."


WALKS = {
    "": "each pixel must change the clean x, not what the pixels before it have left.",
    "each row": "the image is clean again only when the next row begins.",
    "black": "a pixel is put back to 0, not to what it was.",
    "flips": "the image is clean again only after a flip.",
}
COLOURS = {
    "swapped": "The colours have changed places: 0 is black, 1 is white.",
    "negative": "The pixel gets its negative, 1 minus what it was: the colours are 0 and 1.",
}
LISTS = (  # made of the right one, f
    ("Only white is tried: black, colour 0, may fool as well.", lambda f, x: {t for t in f if t[2] == 1}),
    ("Only black is tried: white, colour 1, may fool as well.", lambda f, x: {t for t in f if t[2] == 0}),
    ("Only one answer comes back: go on after the first one.", lambda f, x: {min(f)}),
    ("Only the last answer comes back: collect them all.", lambda f, x: {max(f)}),
    ("Nothing fools the model, it seems: does the model see the changed image?", lambda f, x: set()),
    ("Each pixel comes with one colour at most: both may fool.",
     lambda f, x: {t for t in f if (*t[:2], 0) not in f or t[2] == 0}),
    ("Row and column have changed places: the row comes first.", lambda f, x: {(j, i, c) for i, j, c in f}),
    ("These are the pixels that do NOT fool: the model must answer another class than y.",
     lambda f, x: set(places(x)) - f),
    ("All pixels are listed: only those that fool the model are asked for.", lambda f, x: set(places(x))),
    ("The first row or column is missing: counting begins at 0.", lambda f, x: {t for t in f if all(t[:2])}),
    ("The last row or column is missing: range leaves out its end.",
     lambda f, x: {t for t in f if t[0] + 1 < x.shape[0] and t[1] + 1 < x.shape[1]}),
    ("Rows and columns are counted from 1: they begin at 0.",
     lambda f, x: {(i + 1, j + 1, c) for i, j, c in f}),
)


def slips(cases: list, wanted: list[Flips]) -> Iterator[tuple[str, Callable[[int], Flips]]]:
    """What typical slips would answer for case number k."""
    for slip, message in WALKS.items():
        yield f"The changes pile up: {message}", lambda k, slip=slip: walk(*cases[k], slip)
    for slip, message in COLOURS.items():
        yield message, lambda k, slip=slip: walk(*cases[k], slip)
    for message, chosen in LISTS:
        yield message, lambda k, chosen=chosen: chosen(wanted[k], cases[k][1])


RIGHT = """flips = []
for place in range(x.numel()):
    i, j = divmod(place, x.shape[1])
    for c in (0, 1):
        v = x.clone()
        v[i, j] = c
        if model(v[None, None]).argmax() != y:
            flips.append((i, j, c))
return flips"""
EXERCISE = Exercise(
    id="13-6", title="Every pixel, black and white", name="flipping_pixels", cell=CELL, check=check,
    question="For which model does trying only 0 and 1 miss no pixel that fools, and why may it miss some of "
             "a deep net?",
    why="For a linear model: each logit is a straight line in the pixel's grey, so the difference of two is "
        "furthest down at an end; a deep net bends, and a grey in between may do what both ends do not.",
    hints=Hints(
        nudge="Ask the friend's function twice with the same x, and look at x in between.",
        method="The friend paints into x and never puts a pixel back, so the image gets more black and white "
               "with every turn. Give each trial a clean image of its own.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("the friend's", "return friends_flips(model, x, y)", "leaves another image in x"),
        Mutant("not put back", "return friends_flips(model, x.clone(), y)", "not what the pixels before it"),
        Mutant("a clone for each row", """flips = []
for i in range(x.shape[0]):
    v = x.clone()
    for j in range(x.shape[1]):
        for c in (0, 1):
            v[i, j] = c
            if model(v[None, None]).argmax() != y:
                flips.append((i, j, c))
return flips""", "when the next row begins"),
        Mutant("put back to black", "v = x.clone()\n" + RIGHT.replace("        v = x.clone()\n", "").replace(
               "return", "    v[i, j] = 0\nreturn"), "put back to 0"),
        Mutant("only white", RIGHT.replace("(0, 1)", "(1,)"), "Only white is tried"),
        Mutant("only the first", RIGHT.replace("flips.append((i, j, c))", "return [(i, j, c)]"),
               "Only one answer"),
        Mutant("one colour a pixel", RIGHT.replace("c))\n", "c))\n            break\n"),
               "one colour at most"),
        Mutant("column first", RIGHT.replace("(i, j, c)", "(j, i, c)"), "have changed places: the row"),
        Mutant("those that hold", RIGHT.replace("!=", "=="), "do NOT fool"),
    ),
    difficulty=1, importance=2, minutes=4,
)  # fmt: skip
