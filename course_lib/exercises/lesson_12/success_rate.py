"""12-4: true success of an attack. Oracle: the questions of the text, image by image."""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.lesson_12.small_nets import a_net, left_alone, logit, pixel_gradient, some_images

CELL = '''\
def success_rate(model: nn.Module, x: Float[Tensor, "images channels height width"], y: Tensor,
                 x_adv: Float[Tensor, "images channels height width"], eps: float) -> float:
    """The share of images that an attack fooled, among those that the model got right before. Fooled: the
    model is wrong about the new image, all its pixels are in [0, 1], and none is farther than eps from what
    it was in x; 0.000001 more is let through, for rounding. The model is in eval mode."""
    ### BEGIN SOLUTION
    right = model(x).argmax(dim=1) == y
    wrong_now = model(x_adv).argmax(dim=1) != y
    in_ball = (x_adv - x).abs().flatten(1).amax(dim=1) <= eps + 1e-6
    in_range = ((x_adv >= 0) & (x_adv <= 1)).flatten(1).all(dim=1)
    fooled = right & wrong_now & in_ball & in_range
    return fooled.sum().item() / right.sum().item()
    ### END SOLUTION
'''
TEMPLATE = '''\
    right = ...                                 # one True or False an image
    wrong_now = ...
    in_ball = (x_adv - x).abs().flatten(1).amax(dim=1) <= ...
    in_range = ((x_adv >= 0) & ...).flatten(1).all(dim=1)
    fooled = right & ...
    return fooled.sum().item() / ...            # of how many?
'''
# Images, shape, classes, eps.
CASES = ((36, (1, 5, 4), 3, 0.4), (40, (3, 3, 3), 5, 0.25), (30, (1, 3, 6), 2, 0.3))
SLACK = 1e-6


def check(answer) -> None:
    """The share, for images that stay in the ball, leave it, leave [0, 1], or were wrong already."""
    cases = [a_case(*case) for case in CASES]
    found = [one_case(answer, *case) for case in cases]
    if same(found, [share(*case) for case in cases]):
        return
    for message, slip in slips():
        if same(found, [slip(*case) for case in cases]):
            raise Wrong(message)
    raise Wrong("The share is another. Sort the images into those that were right before and those that were "
                "not; then ask of each of the former the three questions of the text.", f"yours {found}")


def one_case(answer, model: nn.Module, x: Tensor, y: Tensor, x_adv: Tensor, eps: float) -> float:
    return number(left_alone(model, lambda *given: answer(model, *given, eps), x, y, x_adv))


def a_case(count: int, shape: tuple[int, ...], classes: int, eps: float):
    """(model, x, y, x_adv, eps) with images of each kind; a third was wrong already."""
    model, x = a_net(shape, classes), some_images(count, shape)
    with torch.no_grad():
        says = model(x).argmax(1)
        tries = (x + eps * torch.randn(12, *x.shape).sign()).clamp(0, 1)  # the best of twelve random changes
        trust = torch.stack([logit(model(v).log_softmax(1), says)[:, 0] for v in tries])
    x_adv = tries[trust.argmin(0), torch.arange(count)]
    for i, (image, clean, up) in enumerate(zip(x_adv, x, pixel_gradient(model, x, says), strict=True)):
        low, high, k = clean.flatten().argmin(), clean.flatten().argmax(), i % 8
        if k == 1:  # one pixel far out of the ball
            image.view(-1)[low] = clean.view(-1)[low] + 1.5 * eps
        elif k == 6:  # the same, darker
            image.view(-1)[high] = clean.view(-1)[high] - 1.5 * eps
        elif k == 2:  # below 0, inside the ball
            image.view(-1)[low] = -eps / 2
        elif k == 3:  # above 1, inside the ball
            image.view(-1)[high] = 1 + eps / 2
        elif k == 4:  # a hair farther than eps
            image.view(-1)[low] = clean.view(-1)[low] + eps + SLACK / 8
        elif k == 5:  # inside the Euclidean ball as well
            image[:] = (clean + 0.9 * eps * up / up.norm()).clamp(0, 1)
    y = torch.where(torch.rand(count) < 0.35, (says + 1) % classes, says)
    return model, x, y, x_adv, eps


def share(model: nn.Module, x: Tensor, y: Tensor, x_adv: Tensor, eps: float, *slip: str) -> float:
    """The share, with slips in it; without any it is the right answer. NaN if a slip divides by 0."""
    fooled, of = 0, 0
    with torch.no_grad():
        before, now = model(x).argmax(1), model(x_adv).argmax(1)
    for i in range(len(x)):
        gap = (x_adv[i] - x[i]).flatten()
        size = gap.norm() if "l2" in slip else gap.abs().mean() if "mean" in slip else gap.abs().max()
        if "one sided" in slip:
            size = gap.max()
        allowed = "no ball" in slip or size <= eps + (0 if "no slack" in slip else SLACK)
        low, high = x_adv[i].min() >= 0 or "only high" in slip, x_adv[i].max() <= 1 or "only low" in slip
        allowed = allowed and ((low and high) or "no range" in slip)
        was_right = before[i] == y[i]
        changed = now[i] != (before[i] if "new label" in slip else y[i])
        fooled += int(allowed and changed != ("turned" in slip) and (was_right or "wrong before" in slip))
        of += int("of all" in slip or (was_right and (allowed or "of allowed" not in slip)))
    return fooled / of if of else math.nan


SLIPS = {
    ("wrong before", "of all"): "Images that were wrong already count as fooled: nobody had to attack them.",
    ("wrong before",): "Images that were wrong already count as fooled, though not among those that you "
                       "divide by.",
    ("of all",): "The share is of all images: of those that were wrong already none can be fooled.",
    ("no ball",): "Images outside the ball count: whoever may change anything fools everybody.",
    ("no range",): "Images with pixels below 0 or above 1 count: there is no such picture.",
    ("no ball", "no range"): "Neither the ball nor the range is asked for: every wrong answer counts.",
    ("only low",): "Pixels above 1 are let through.",
    ("only high",): "Pixels below 0 are let through.",
    ("no slack",): "Pixels a hair farther than eps are refused: the text allows for rounding.",
    ("l2",): "The distance is the Euclidean one: here the pixel that moved farthest counts.",
    ("mean",): "The distance is a mean over pixels: one pixel far out of the ball is enough to be outside.",
    ("one sided",): "Pixels that became darker are not measured: take the absolute difference.",
    ("turned",): "This is the share that is still right: a comparison is turned round.",
    ("of allowed",): "Images outside the ball or the range are left out of the count: they are failures of "
                     "the attack, and stay among those that you divide by.",
    ("new label", "wrong before", "of all"): "You count changed labels among all images: some were wrong "
                                             "already, and some became right.",
    ("new label", "wrong before"): "You count changed labels: some of these images were wrong already.",
    ("wrong before", "no ball", "no range", "of all"): "This is the error on the new images, nothing else: "
                                                       "images that were wrong already are in it, and the "
                                                       "ball is not asked for.",
    ("no ball", "no range", "of all"): "Neither the ball nor the range is asked for, and the share is of all "
                                       "images.",
}


def slips() -> Iterator[tuple[str, Callable[..., float]]]:
    """(message, what that slip would answer for a case)."""
    for slip, message in SLIPS.items():
        yield message, lambda *case, slip=slip: share(*case, *slip)
    yield "This is a percentage: a share between 0 and 1 was asked for.", lambda *case: 100 * share(*case)
    yield "This is the share that was not fooled.", lambda *case: 1 - share(*case)
    yield ("This is a number of images: divide by how many were right before.",
           lambda model, x, y, *more: share(model, x, y, *more) * float((model(x).argmax(1) == y).sum()))


def number(value) -> float:
    """A finite number, in whatever dress it comes. Raises Wrong for anything else."""
    if value is None:
        raise Wrong("Nothing comes back: is a `return` missing?")
    if isinstance(value, Tensor) and value.numel() != 1:
        raise Wrong("One number must come back, not one for each image.")
    try:
        value = float(value)
    except (TypeError, ValueError):
        raise Wrong("One number must come back, the share.", repr(value)[:200]) from None
    if not math.isfinite(value):
        raise Wrong("The share is NaN or infinite.")
    return value


def same(found: list[float], want: list[float]) -> bool:
    return all(abs(a - b) < 1e-5 for a, b in zip(found, want, strict=True))


RIGHT = "right, wrong = model(x).argmax(1) == y, model(x_adv).argmax(1) != y\n"
BALL = "ball = (x_adv - x).abs().flatten(1).amax(1) <= eps + 1e-6\n"
RANGE = "box = ((x_adv >= 0) & (x_adv <= 1)).flatten(1).all(1)\n"
EXERCISE = Exercise(
    id="12-4", title="True success", name="success_rate", cell=CELL, check=check,
    question="Why do images that were wrong before the attack not count, neither above nor below the line?",
    why="The attack did nothing there: counted as fooled they flatter it, and counted as resisting they "
        "flatter the model, the more so the worse the model is.",
    hints=Hints(
        nudge="Four questions an image: was it right, is it wrong now, is it near enough, is it a picture? "
              "How many answers of yes does a success need?",
        method="Make one row of True and False for each question and join them with &. For the ball, the "
               "pixel that moved farthest decides. Divide the count by the number that were right before.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("wrong already counted", f"{RIGHT}{BALL}{RANGE}return (wrong & ball & box).double().mean()",
               "nobody had to attack them"),
        Mutant("of all images", f"{RIGHT}{BALL}{RANGE}return (right & wrong & ball & box).double().mean()",
               "none can be fooled"),
        Mutant("outside the ball counted", f"{RIGHT}{RANGE}return (right & wrong & box).sum() / right.sum()",
               "fools everybody"),
        Mutant("outside [0, 1] counted", f"{RIGHT}{BALL}return (right & wrong & ball).sum() / right.sum()",
               "there is no such picture"),
        Mutant("no slack", f"{RIGHT}{BALL.replace(' + 1e-6', '')}{RANGE}"
               "return (right & wrong & ball & box).sum() / right.sum()", "refused: the text allows"),
        Mutant("L2 ball", f"{RIGHT}{RANGE}ball = (x_adv - x).flatten(1).norm(dim=1) <= eps + 1e-6\n"
               "return (right & wrong & ball & box).sum() / right.sum()", "is the Euclidean one"),
        Mutant("failures left out", f"{RIGHT}{BALL}{RANGE}ok = right & ball & box\n"
               "return (ok & wrong).sum() / ok.sum()", "failures of the attack"),
        Mutant("changed labels", f"{BALL}{RANGE}new = model(x).argmax(1) != model(x_adv).argmax(1)\n"
               "return (new & ball & box).double().mean()", "You count changed labels among all"),
        Mutant("error on the new images", "return (model(x_adv).argmax(1) != y).double().mean()",
               "This is the error on the new images"),
        Mutant("still right", f"{RIGHT}{BALL}{RANGE}return (right & ~wrong & ball & box).sum() / right.sum()",
               "still right"),
    ),
    difficulty=2, importance=3, minutes=5,
)  # fmt: skip
