"""12-7: Jacobian augmentation. Oracle: the set of Papernot et al. 2016, doubled once."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.lesson_12.small_nets import a_net, left_alone, logit, pixel_gradient, some_images
from course_lib.exercises.oracle import Slip, compare, equal

CELL = '''\
def augment(substitute: nn.Module, oracle, x: Float[Tensor, "images channels height width"], y: Tensor,
            lam: float):
    """Double a substitute's training set: the old images and labels, and below them as many new ones.
    A new image is x moved by lam along the sign of the gradient of p_y, and cut to [0, 1]. p_y is the
    substitute's probability for the oracle's label, after softmax; the raw logit has other signs.
    oracle(images) tells a label for each image and nothing else. y holds its labels of x, so it is asked
    about the new images only. The substitute is in eval mode, and stays as it is."""
    ### BEGIN SOLUTION
    x_new = x.clone().requires_grad_()
    p_y = substitute(x_new).softmax(dim=1).gather(1, y[:, None])
    (g,) = torch.autograd.grad(p_y.sum(), x_new)
    x_new = (x + lam * g.sign()).clamp(0, 1)
    return torch.cat([x, x_new]), torch.cat([y, oracle(x_new)])
    ### END SOLUTION
'''
TEMPLATE = '''\
    x_new = ...                                        # a copy that asks for a gradient
    p_y = substitute(x_new).softmax(dim=1).gather(...)
    (g,) = torch.autograd.grad(..., x_new)
    x_new = ...
    return torch.cat([x, x_new]), torch.cat([y, ...])
'''
# Images, shape, classes, lam.
CASES = ((5, (1, 5, 4), 4, 0.1), (3, (3, 3, 3), 5, 0.3), (1, (2, 4, 4), 3, 0.05))


class Oracle:
    """A black box: another net behind a counter. It answers labels of images in [0, 1], batch by batch."""

    def __init__(self, net: nn.Module, shape: tuple[int, ...]):
        self.net, self.shape, self.asked = net, shape, 0

    def __call__(self, images) -> Tensor:
        if not isinstance(images, Tensor) or images.shape[1:] != self.shape:
            raise Wrong("The oracle wants a batch of images, [images, channels, height, width].")
        if images.min() < 0 or images.max() > 1:
            raise Wrong("The oracle is asked about an image with pixels outside [0, 1]: that is no picture.")
        self.asked += len(images)
        return self.labels(images)

    def labels(self, images: Tensor) -> Tensor:
        with torch.no_grad():
            return self.net(images).argmax(1)


def check(answer) -> None:
    """Images and labels, the number of questions, and all else left alone."""
    for count, shape, classes, lam in CASES:
        substitute, oracle, x = a_case(count, shape, classes)
        y = oracle.labels(x)
        found = left_alone(substitute, lambda x, y: answer(substitute, oracle, x, y, lam), x, y)  # noqa: B023
        images, labels = pair(found)
        new = augmented(substitute, x, y, lam)
        compare(images, torch.cat([x, new]), slips(substitute, x, y, lam), OTHERWISE)
        same_labels(labels, torch.cat([y, oracle.labels(new)]), label_slips(substitute, oracle, x, y, new))
        if oracle.asked != count:
            raise Wrong("The set is right, but the oracle was asked about more images than the new ones, or "
                        "more than once: each question costs, and can be noticed.",
                        f"{oracle.asked} questions for {count} new images")


def a_case(count: int, shape: tuple[int, ...], classes: int) -> tuple[nn.Module, Oracle, Tensor]:
    """A substitute and an oracle that disagree about some image, before and after the step."""
    while True:
        substitute, oracle = a_net(shape, classes), Oracle(a_net(shape, classes), shape)
        x = some_images(count, shape)
        if not torch.equal(oracle.labels(x), substitute(x).argmax(1)):
            return substitute, oracle, x


def pair(value) -> tuple[Tensor, Tensor]:
    """Images and labels, in whatever dress they come. Raises Wrong for anything else."""
    if value is None:
        raise Wrong("Nothing comes back: is a `return` missing?")
    try:
        images, labels = value
    except (TypeError, ValueError):
        raise Wrong("Two things must come back, images and labels.", repr(type(value))) from None
    return images, labels


def probability(logits: Tensor, y: Tensor) -> Tensor:
    """p_y, one an image."""
    return logit(logits.softmax(1), y)


# What else a learner may take the gradient of.
OF = {"loss": F.cross_entropy, "raw logit": logit, "everything": lambda logits, y: logits}


def augmented(substitute: nn.Module, x: Tensor, y: Tensor, lam: float, *slip: str) -> Tensor:
    """The new images, with slips in them; without any they are right."""
    if "own label" in slip:
        y = substitute(x).argmax(1)
    of = OF[slip[0]] if slip and slip[0] in OF else probability
    g = pixel_gradient(substitute, x, y, of)
    return (x + lam * (g if "no sign" in slip else g.sign())).clamp(0, 1)


SLIPS = {
    ("loss",): "This is along the sign of the loss's gradient: it walks AWAY from the oracle's label, as an "
               "attack does. p_y must rise.",
    ("raw logit",): "This is along the sign of the raw logit's gradient: other signs than those of p_y.",
    ("own label",): "The gradient is that of the substitute's own label: y holds the oracle's.",
    ("loss", "own label"): "This walks away from the substitute's own label: p_y of the oracle's must rise.",
    ("raw logit", "own label"): "This is the raw logit of the substitute's own label: p_y of the oracle's "
                                "label was asked for.",
    ("no sign",): "No sign is taken: the new images are all but copies of the old ones.",
    ("loss", "no sign"): "No sign is taken, and the step goes up the loss.",
    ("everything",): "The gradient is that of all logits together: one of them is asked for.",
}


def slips(substitute: nn.Module, x: Tensor, y: Tensor, lam: float) -> Iterator[Slip]:
    """What typical slips would answer as images."""
    new = augmented(substitute, x, y, lam)
    yield "The old images are dropped: the set must grow, not be replaced.", lambda: new
    yield "The new images stand above the old ones.", lambda: torch.cat([new, x])
    yield "New images and old ones alternate: first all of the old ones.", lambda: torch.stack(
        [x, new], 1).flatten(0, 1)
    yield "The old images come back twice: nothing was learnt.", lambda: torch.cat([x, x])
    yield "Only the perturbations are added to the set: they are no images.", lambda: torch.cat([x, new - x])
    yield "lam acts nowhere: every pixel moves by 1.", lambda: torch.cat(
        [x, augmented(substitute, x, y, 1.0)])
    for slip, message in SLIPS.items():
        wrong = augmented(substitute, x, y, lam, *slip)
        yield message, lambda wrong=wrong: torch.cat([x, wrong])
        yield f"{message} And the old images are dropped.", lambda wrong=wrong: wrong


def same_labels(labels, want: Tensor, slips) -> None:
    if not isinstance(labels, Tensor):
        raise Wrong("The labels must be a tensor, like y.", repr(type(labels)))
    if labels.is_floating_point() or labels.is_complex():
        raise Wrong("The labels must stay whole class numbers.", str(labels.dtype))
    if equal(labels, want):
        return
    for message, slip in slips:
        if equal(labels, slip):
            raise Wrong(f"The images are right, the labels are not. {message}")
    raise Wrong("The images are right, the labels are not: above those of the old images, below what the "
                "oracle says of the new ones.", f"shape {tuple(labels.shape)}, expected {tuple(want.shape)}")


def label_slips(substitute: nn.Module, oracle: Oracle, x: Tensor, y: Tensor, new: Tensor):
    says = substitute(new).argmax(1)
    yield "The new images get the old ones' labels: a step may have crossed an edge.", torch.cat([y, y])
    yield "The new images get the substitute's labels: it would learn from itself.", torch.cat([y, says])
    yield "The old labels are dropped.", oracle.labels(new)
    yield "All labels are the substitute's.", torch.cat([substitute(x).argmax(1), says])


OTHERWISE = ("The images are others. After the step, is the substitute's probability of y higher for each "
             "new image than for the old one?")
STEP = ("v = x.clone().requires_grad_()\np = substitute(v).softmax(1).gather(1, y[:, None])\n"
        "(g,) = torch.autograd.grad(p.sum(), v)\nv = (x + lam * g.sign()).clamp(0, 1)\n")
END = "return torch.cat([x, v]), torch.cat([y, oracle(v)])"
EXERCISE = Exercise(
    id="12-7", title="Questions worth asking", name="augment", cell=CELL, check=check,
    question="Why move along the substitute's gradient, rather than ask about random noise?",
    why="There its answer changes most, so the oracle's labels of these images say most about where the "
        "substitute's edges are still wrong; random noise hardly changes anybody's answer.",
    hints=Hints(
        nudge="Of the substitute's outputs for an image one counts. Which, and is it to rise or to fall?",
        method="Softmax, the entry of y in each row, and the gradient of their sum in the pixels. Step along "
               "its sign, cut to [0, 1], ask the oracle. Then put new below old, images and labels alike.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("sign of the loss", STEP.replace("p = substitute(v).softmax(1).gather(1, y[:, None])",
               "p = F.cross_entropy(substitute(v), y)") + END, "walks AWAY from the oracle's label"),
        Mutant("raw logit", STEP.replace(".softmax(1)", "") + END, "the raw logit's gradient"),
        Mutant("the substitute's label", STEP.replace("y[:, None]", "substitute(x).argmax(1)[:, None]") + END,
               "substitute's own label: y holds"),
        Mutant("raw gradient", STEP.replace(".sign()", "") + END, "all but copies"),
        Mutant("no clamp", STEP.replace(".clamp(0, 1)", "") + END, "outside [0, 1]"),
        Mutant("old images dropped", f"{STEP}return v, oracle(v)", "The old images are dropped: the set"),
        Mutant("old labels", f"{STEP}oracle(v)\nreturn torch.cat([x, v]), torch.cat([y, y])",
               "the old ones' labels"),
        Mutant("labels of the substitute", f"{STEP}oracle(v)\n"
               "return torch.cat([x, v]), torch.cat([y, substitute(v).argmax(1)])", "learn from itself"),
        Mutant("summed into the weights", "v = x.clone().requires_grad_()\n"
               "substitute(v).softmax(1).gather(1, y[:, None]).sum().backward()\n"
               f"v = (x + lam * v.grad.sign()).clamp(0, 1)\n{END}", ".backward() adds"),
        Mutant("asked about all", f"{STEP}x = torch.cat([x, v])\nreturn x, oracle(x)", "each question costs"),
    ),
    difficulty=2, importance=2, minutes=6,
)  # fmt: skip
