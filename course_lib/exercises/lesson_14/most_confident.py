"""14-1: the missing line of the max-confidence rule. Oracle: image by image, member by member."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant
from course_lib.exercises.lesson_13.handed_over import must_keep
from course_lib.exercises.oracle import Slip, compare

CELL = '''\
def most_confident(probabilities: Float[Tensor, "members images classes"]):
    """The class of each image by the max-confidence rule: for each image anew, the member that is surest of
    its own answer decides alone, and all others are ignored."""
    confidence, says = probabilities.max(dim=2)      # [members, images]: how sure each is, and of which class
    ### BEGIN SOLUTION
    y_hat = says.gather(0, confidence.argmax(dim=0)[None])[0]
    ### END SOLUTION
    return y_hat                                     # [images], class numbers
'''
TEMPLATE = '''\
    y_hat = says.gather(0, ...[None])[0]             # which member decides about each image?
'''
# Members, images, classes; in the first case a wrong axis goes unseen.
CASES = ((12, 12, 12), (5, 30, 4), (7, 9, 3), (1, 6, 5), (4, 1, 3))
Rule = Callable[[Tensor], Tensor]


def check(answer) -> None:
    """The classes, for ensembles of several sizes; the probabilities stay as they are."""
    for members, images, classes in CASES:
        p = some_probabilities(members, images, classes)
        given = p.clone()
        found = answer(given)
        must_keep({"probabilities": given}, {"probabilities": p})
        compare(found, decided(p), slips(p), OTHERWISE)


def some_probabilities(members: int, images: int, classes: int) -> Tensor:
    """Members that are more and less sure, in turn, of answers that differ."""
    sharpness = 0.5 + 2 * torch.rand(members, images, 1)
    return (sharpness * torch.randn(members, images, classes)).softmax(2)


def decided(p: Tensor) -> Tensor:
    """The classes, with a loop over images."""
    answers = []
    for image in p.unbind(1):
        surest = max(image, key=lambda row: float(row.max()))
        answers.append(int(surest.argmax()))
    return torch.tensor(answers)


def of_member(weight: Rule) -> Rule:
    """The rule by which, for each image, the member with the largest weight(p) decides."""
    return lambda p: p.argmax(2).gather(0, weight(p).argmax(0)[None])[0]


def margin(p: Tensor) -> Tensor:
    two = p.topk(2, dim=2).values
    return two[..., 0] - two[..., 1]


RULES: tuple[tuple[str, Rule], ...] = (
    ("This is the mean rule: the probabilities of all members are averaged. Here one member decides.",
     lambda p: p.mean(0).argmax(1)),
    ("This is a majority vote: each member counts alike. Here one member decides.",
     lambda p: p.argmax(2).mode(0).values),
    ("The LEAST confident member decides: the comparison is turned round.",
     of_member(lambda p: -p.amax(2))),
    ("One member decides about all images: it is chosen for each image anew.",
     lambda p: p.argmax(2)[p.amax(2).mean(1).argmax()]),
    ("One member decides about all images: it is chosen for each image anew. ",
     lambda p: p.argmax(2)[p.amax(2).amax(1).argmax()]),
    ("The confidence is compared along the wrong axis, over images instead of members: `dim`?",
     lambda p: p.argmax(2).gather(0, p.amax(2).argmax(1)[None])[0]),
    ("For each member the image is found of which it is surest: compare the members of one image instead.",
     lambda p: p.argmax(2).gather(1, p.amax(2).argmax(1)[:, None])[:, 0]),
    ("This is the number of the member that decides: what does that member say?",
     lambda p: p.amax(2).argmax(0)),
    ("This is how sure the member is: of which class is it sure?", lambda p: p.amax((0, 2))),
    ("The member is chosen by its probability of the FIRST class: confidence is the probability of its own "
     "answer, whichever that is.", of_member(lambda p: p[..., 0])),
    ("The member is chosen by its margin over its second class: here the probability of its first answer "
     "decides.", of_member(margin)),
    ("The member is chosen by its entropy: here the probability of its answer decides.",
     of_member(lambda p: (p * p.log()).sum(2))),
    ("The logarithms are averaged, which is a product of all members: here one member decides.",
     lambda p: p.log().mean(0).argmax(1)),
    ("Members vote by the weight of their confidence: here one member decides.", lambda p: torch.stack(
        [(p.amax(2) * (p.argmax(2) == c)).sum(0) for c in range(p.shape[2])], 1).argmax(1)),
    ("The first member decides about every image: compare them.", lambda p: p.argmax(2)[0]),
    ("The last member decides about every image: compare them.", lambda p: p.argmax(2)[-1]),
    ("Each member's own answer comes back: one of them must be chosen for each image.",
     lambda p: p.argmax(2)),
    ("A probability that is low everywhere decides: look for the largest, not the smallest.",
     lambda p: p.amin(0).argmax(1)),
)


def slips(p: Tensor) -> Iterator[Slip]:
    """What typical slips would answer."""
    for message, rule in RULES:
        yield message, lambda rule=rule: rule(p)


OTHERWISE = ("These are other classes. Take one image and two members, [0.6, 0.4] and [0.1, 0.9]: who of "
             "them is surer, and of which class?")
EXERCISE = Exercise(
    id="14-1", title="The surest member decides", name="most_confident", cell=CELL, check=check,
    question="Of fifty members with this rule: how many must an attacker fool, and how well?",
    why="One, if it becomes surer of a wrong class than all others are of the right one: the rule hands the "
        "decision to whoever is easiest to make sure, so the weakest member is the door.",
    hints=Hints(
        nudge="Two decisions, one after the other: who speaks about this image, and what does that member "
              "say?",
        method="For each image, a column of `confidence`, find the row of the largest entry. Then take the "
               "entry of `says` in that row and column.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("mean rule", "y_hat = probabilities.mean(dim=0).argmax(dim=1)", "This is the mean rule"),
        Mutant("majority vote", "y_hat = says.mode(dim=0).values", "This is a majority vote"),
        Mutant("least confident", "y_hat = says.gather(0, confidence.argmin(dim=0)[None])[0]",
               "The LEAST confident"),
        Mutant("over images", "y_hat = says.gather(1, confidence.argmax(dim=1)[:, None])[:, 0]",
               "For each member the image"),
        Mutant("wrong axis", "y_hat = says.gather(0, confidence.argmax(dim=1)[None])[0]",
               "along the wrong axis"),
        Mutant("first class", "y_hat = says.gather(0, probabilities[..., 0].argmax(dim=0)[None])[0]",
               "its probability of the FIRST class"),
        Mutant("the member's number", "y_hat = confidence.argmax(dim=0)", "This is the number of the member"),
        Mutant("its confidence", "y_hat = confidence.amax(dim=0)", "This is how sure"),
        Mutant("one for all", "y_hat = says[confidence.mean(dim=1).argmax()]",
               "One member decides about all images"),
        Mutant("weighted vote", "votes = F.one_hot(says, probabilities.shape[2])\n"
               "y_hat = (confidence[..., None] * votes).sum(dim=0).argmax(dim=1)", "by the weight of"),
    ),
    difficulty=1, importance=3, minutes=5,
)  # fmt: skip
