"""13-4: one step of a sticker. Oracle: the gradient of the picture with the sticker, pixel by pixel."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.exercises.exercise import Exercise, Hints, Mutant
from course_lib.exercises.lesson_13.handed_over import a_net, must_keep
from course_lib.exercises.oracle import Slip, compare
from course_lib.exercises.untouched import must_stay

CELL = '''\
def sticker_step(model: nn.Module, x: Float[Tensor, "images channels height width"], y: Tensor,
                 mask: Float[Tensor, "height width"], delta: Tensor, step_size: float):
    """The change `delta` of a sticker, like x, after one step. mask is 1 under the sticker, else 0: the model
    sees x + mask * delta. From there each pixel of the sticker goes step_size up the sign of the gradient
    of the loss F.cross_entropy, but not out of [0, 1]. The new delta is 0 outside the mask, whatever the old
    one holds there. All that is given stays as it is."""
    ### BEGIN SOLUTION
    x_adv = (x + mask * delta).requires_grad_()
    g = torch.autograd.grad(F.cross_entropy(model(x_adv), y), x_adv)[0]
    x_adv = (x_adv + step_size * mask * g.sign()).clamp(0, 1)
    return (x_adv - x).detach()
    ### END SOLUTION
'''
TEMPLATE = '''\
    x_adv = (...).requires_grad_()                          # what the model sees now
    g = torch.autograd.grad(..., x_adv)[0]
    x_adv = (x_adv + ... * g.sign()).clamp(...)             # only the sticker moves
    return (...).detach()                                   # what was added to x?
'''
# Images, channels, height and width, step size, is the model in training.
CASES = ((3, (1, 4, 5), 0.25, False), (2, (3, 3, 3), 0.1, True), (1, (1, 5, 2), 0.6, False))


def check(answer) -> None:
    """The new delta, for stickers at the border of [0, 1] and inside; everything given stays as it is."""
    for images, shape, size, training in CASES:
        x, y = torch.rand(images, *shape), torch.arange(images)
        mask = (torch.arange(shape[1] * shape[2]) % 3 != 1).double().view(shape[1:])
        delta = torch.where(mask > 0, torch.rand_like(x) - x, torch.randn_like(x))
        model = a_net(x[0].numel(), 4, training)
        before = {"x": x, "y": y, "mask": mask, "delta": delta}
        given, look = {name: value.clone() for name, value in before.items()}, must_stay(model)
        found = answer(model, *given.values(), size)
        look()
        must_keep(given, before)
        want = stepped(model, x, y, mask, delta, size)
        compare(found, want, slips(model, x, y, mask, delta, size), OTHERWISE)


def stepped(
    model: nn.Module, x: Tensor, y: Tensor, mask: Tensor, delta: Tensor, size: float, *slip: str
) -> Tensor:
    """The new delta, with slips in it; without any it is the right answer."""
    old = mask * delta
    seen = {"clean": x, "alone": old, "black": mask * (x + delta), "pasted": (1 - mask) * x + old,
            "whole": x + delta}
    v = next((seen[name] for name in slip if name in seen), x + old).clone().requires_grad_()
    g = torch.autograd.grad(F.cross_entropy(model(v), y), v)[0]
    up = g if "unsigned" in slip else -g.sign() if "down" in slip else g.sign()
    under = 1 if "everywhere" in slip else 1 - mask if "outside" in slip else mask
    start = delta if "kept" in slip else 0 * delta if "forgotten" in slip else old
    new = start + (0 if "still" in slip else 1 if "size" in slip else size) * under * up
    if "delta in box" in slip:
        return new.clamp(0, 1)
    if "delta in size" in slip:
        return new.clamp(-size, size)
    if "torn out" in slip:
        return (mask * (x + new)).clamp(0, 1) - x
    inside = new if "no box" in slip else (x + new).clamp(0, 1) - x
    return x + inside if "picture" in slip else size * under * up if "step" in slip else inside


GROWS = "delta grows outside the mask: only the sticker may change."
BLACK = "the mask belongs to delta, not to all of x."
SLIPS = {
    ("no box",): "The sticker leaves [0, 1]: no printer and no camera knows such colours. It is x + delta "
                 "that must lie inside.",
    ("delta in box",): "delta is cut to [0, 1]: it is x + delta that must lie there, and delta may be below "
                       "0.",
    ("delta in size",): "delta is cut to one step_size: a sticker may go further, step by step.",
    ("everywhere",): GROWS,
    ("everywhere", "kept"): GROWS,
    ("everywhere", "kept", "whole"): f"{GROWS} And the model sees x + mask * delta.",
    ("everywhere", "no box"): f"{GROWS} And it leaves [0, 1].",
    ("kept",): "The new delta still holds what the old one held outside the mask: it must be 0 there.",
    ("kept", "whole"): "The mask acts only on the step: the model sees x + mask * delta, and the new delta "
                       "is 0 outside.",
    ("whole",): "The model sees delta outside the mask as well: it sees x + mask * delta.",
    ("torn out",): f"Outside the mask the picture turns black: {BLACK}",
    ("torn out", "black"): f"Outside the mask the picture turns black, for the model as well: {BLACK}",
    ("black",): f"The model sees black outside the mask: {BLACK}",
    ("clean",): "The gradient is that of the clean x: the model sees x + mask * delta, the sticker so far.",
    ("clean", "forgotten"): "The old delta acts nowhere: the step goes on from x + mask * delta.",
    ("alone",): "The model sees the sticker alone: it sticks on x.",
    ("pasted",): "The model sees delta in the place of x under the mask: delta is a CHANGE, so add it.",
    ("still",): "The sticker stays as it is: where does the step go in?",
    ("still", "kept", "no box"): "The old delta comes back: where does the step go in?",
    ("unsigned", "no box"): "The step goes along the gradient itself, not its sign, and may leave [0, 1].",
    ("down",): "The step goes down the loss: it must rise, so that the model gets it wrong.",
    ("unsigned",): "The step goes along the gradient itself: take its sign, so that each pixel goes a whole "
                   "step_size.",
    ("outside",): "The step is taken outside the mask, and the sticker stays as it is.",
    ("forgotten",): "The step begins at the clean x: it goes on from the old delta.",
    ("size",): "step_size acts nowhere.",
    ("picture",): "The picture with its sticker comes back: the new delta is asked for.",
    ("picture", "no box"): "The picture with its sticker comes back: the new delta is asked for, and [0, 1].",
    ("step",): "The step alone comes back: the new delta is asked for.",
}


def slips(model: nn.Module, x: Tensor, y: Tensor, mask: Tensor, delta: Tensor, size: float) -> Iterator[Slip]:
    """What typical slips would answer."""
    for slip, message in SLIPS.items():
        yield message, lambda slip=slip: stepped(model, x, y, mask, delta, size, *slip)


OTHERWISE = ("This is another delta. Look at three pixels: one outside the mask, one under it in the middle "
             "of [0, 1], and one under it close to 1 whose gradient points up. What is delta for each?")
SEEN = "v = (x + mask * delta).requires_grad_()\n"
STEP = "g = torch.autograd.grad(F.cross_entropy(model(v), y), v)[0].sign()\n"
EXERCISE = Exercise(
    id="13-4", title="A step of the sticker", name="sticker_step", cell=CELL, check=check,
    question="A sticker may change its pixels to any colour, an eps of 0.03 all pixels by a little: which "
             "of the two survives a camera, and why?",
    why="The sticker: a change of 0.03 drowns in blur, other light and noise, while a few pixels of strong "
        "colour remain visible in the picture, to people as well.",
    hints=Hints(
        nudge="What does the model see, and which of its pixels may move? Both times the mask has a job.",
        method="Make the picture with its sticker and ask for the gradient in it. Step where the mask is 1, "
               "cut the PICTURE to [0, 1], and see at the end by how much it differs from x.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("outside turns black", f"{SEEN}{STEP}return ((mask * (v + step_size * g)).clamp(0, 1) - x)"
               ".detach()", "the picture turns black: the mask"),
        Mutant("black for the model", f"v = (mask * (x + delta)).requires_grad_()\n{STEP}"
               "return ((x + mask * (delta + step_size * g)).clamp(0, 1) - x).detach()",
               "sees black outside"),
        Mutant("out of the box", f"{SEEN}{STEP}return mask * (delta + step_size * g)", "leaves [0, 1]"),
        Mutant("delta in the box", f"{SEEN}{STEP}return (mask * (delta + step_size * g)).clamp(0, 1)",
               "delta is cut to [0, 1]"),
        Mutant("grows outside", f"{SEEN}{STEP}return ((v + step_size * g).clamp(0, 1) - x).detach()",
               "delta grows outside"),
        Mutant("old delta outside", f"{SEEN}{STEP}"
               "return ((x + delta + step_size * mask * g).clamp(0, 1) - x).detach()", "still holds what"),
        Mutant("seen without the mask", f"v = (x + delta).requires_grad_()\n{STEP}"
               "return ((x + mask * (delta + step_size * g)).clamp(0, 1) - x).detach()",
               "outside the mask as well"),
        Mutant("gradient of the clean x", f"v = x.clone().requires_grad_()\n{STEP}"
               "return (x + mask * (delta + step_size * g)).clamp(0, 1) - x", "that of the clean x"),
        Mutant("down", f"{SEEN}{STEP}return ((v - step_size * mask * g).clamp(0, 1) - x).detach()",
               "goes down the loss"),
        Mutant("delta in place of x", f"v = (x * (1 - mask) + mask * delta).requires_grad_()\n{STEP}"
               "return (x + mask * (delta + step_size * g)).clamp(0, 1) - x", "delta is a CHANGE"),
        Mutant("backward", f"{SEEN}F.cross_entropy(model(v), y).backward()\n"
               "return ((v + step_size * mask * v.grad.sign()).clamp(0, 1) - x).detach()",
               "the weights' .grad"),
        Mutant("the picture", f"{SEEN}{STEP}return (v + step_size * mask * g).clamp(0, 1).detach()",
               "picture with its sticker"),
        Mutant("in place", f"delta *= mask\nv = (x + delta).requires_grad_()\n{STEP}"
               "return ((v + step_size * mask * g).clamp(0, 1) - x).detach()", "writes into delta"),
    ),
    difficulty=2, importance=2, minutes=5,
)  # fmt: skip
