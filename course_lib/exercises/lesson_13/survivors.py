"""13-2: who survives a generation of differential evolution. Oracle: father against child, one at a time."""

from collections.abc import Iterator

import torch
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant
from course_lib.exercises.lesson_13.handed_over import must_keep, two_tensors
from course_lib.exercises.oracle import Slip, compare

CELL = '''\
def survivors(parents: Float[Tensor, "members genes"], parent_scores: Float[Tensor, "members"],
              children: Float[Tensor, "members genes"], child_scores: Float[Tensor, "members"]):
    """The next generation and its scores. A score is the probability of the true label: the lower, the nearer
    to success. Child i competes with one member only, its father in row i, and takes his place if its score
    is lower; at equal scores the father stays. All that is given stays as it is."""
    ### BEGIN SOLUTION
    better = child_scores < parent_scores
    members = torch.where(better[:, None], children, parents)
    return members, torch.where(better, child_scores, parent_scores)
    ### END SOLUTION
'''
TEMPLATE = '''\
    better = ...                                          # one True or False for each place
    members = torch.where(better[...], ..., ...)          # a whole row goes, or stays
    return members, torch.where(better, ..., ...)         # each score goes with its member
'''
CASES = ((6, 6), (9, 4), (8, 1), (1, 5))  # members, genes; the first is square, so a wrong axis goes unseen


def check(answer) -> None:
    """Members and their scores, with better, worse and equal children, and all that is given left alone."""
    for count, genes in CASES:
        before = a_generation(count, genes)
        given = {name: value.clone() for name, value in before.items()}
        found = two_tensors(answer(*given.values()), "the members", "their scores")
        must_keep(given, before)
        parents, was, children, now = before.values()
        compare(found[0], right(parents, was, children, now), member_slips(*before.values()), OTHER_MEMBERS)
        compare(found[1], torch.minimum(was, now), score_slips(was, now), OTHER_SCORES)


def a_generation(count: int, genes: int) -> dict[str, Tensor]:
    """Children that are better, worse and as good as their fathers, in turn. One beats all fathers, another
    one its own father only."""
    was = 0.3 + 0.4 * torch.rand(count)
    was[0], was[3:4] = 0.3, 0.7
    change = torch.tensor([-0.2, 0.1, 0.0]).repeat(count)[:count]
    return {"parents": torch.rand(count, genes), "parent_scores": was,
            "children": torch.rand(count, genes), "child_scores": was + change}


def right(parents: Tensor, was: Tensor, children: Tensor, now: Tensor) -> Tensor:
    return torch.stack([children[i] if now[i] < was[i] else parents[i] for i in range(len(parents))])


OTHER_MEMBERS = ("This is another generation. Look at one place, row i: which two compete for it, and which "
                 "of them has the lower score?")
TURNED = "The comparison is turned round: a LOWER score is better here, as the true label must lose"
OTHER_SCORES = ("The members are right, but their scores are not: each member brings its own along, or the "
                "next generation competes with numbers that belong to nobody.")


def member_slips(parents: Tensor, was: Tensor, children: Tensor, now: Tensor) -> Iterator[Slip]:
    """What typical slips would answer as the members."""
    better, both, scores = now < was, torch.cat([parents, children]), torch.cat([was, now])
    chosen, best = right(parents, was, children, now), scores.argsort(stable=True)

    def where(child: Tensor) -> Tensor:
        return torch.where(child[:, None], children, parents)

    yield ("Every child takes its father's place, also a worse one: then good members get lost.",
           lambda: children)
    yield "No child ever takes a place: nothing changes.", lambda: parents
    yield (f"{TURNED}.", lambda: where(now > was))
    yield f"{TURNED}. And at equal scores the father stays.", lambda: where(now >= was)
    yield ("A child that is only as good takes the place: at equal scores the father stays.",
           lambda: where(now <= was))
    yield ("All places go to the one best child: then all members are equal, and their differences 0.",
           lambda: children[now.argmin()].expand_as(parents))
    yield ("All fathers with a better child give way to the one best child: each child has ONE father.",
           lambda: torch.where(better[:, None], children[now.argmin()], parents))
    yield ("All places go to the one best of all: then all members are equal, and their differences 0.",
           lambda: both[best[0]].expand_as(parents))
    yield ("All children compete with the best father: each has its own, in the same row.",
           lambda: where(now < was.min()))
    yield ("One comparison decides for all places: each place is decided on its own.",
           lambda: children if now.min() < was.min() else parents)
    yield ("The best of fathers and children together survive: here a child competes with its own father "
           "only.", lambda: both[best[: len(parents)]])
    yield ("The survivors are right, but sorted by score: each stays in its own row.",
           lambda: chosen[torch.minimum(was, now).argsort(stable=True)])
    yield ("The comparison picks genes, not members: it has an entry for each ROW, so it needs one axis "
           "more.", lambda: torch.where(better, children, parents))
    yield ("Only the places with a better child are left: as many must come back as before.",
           lambda: children[better])


def score_slips(was: Tensor, now: Tensor) -> Iterator[Slip]:
    """What typical slips would answer as the scores of the right members."""
    for message, scores in (
        ("The members are right, but the scores are still the fathers': a child brings its own along.", was),
        ("The members are right, but the scores are all the children's: fathers that stay keep theirs.", now),
        ("The members are right, but each has the worse of the two scores.", torch.maximum(was, now)),
        ("The members are right, but the scores are sorted: each stays in the row of its member.",
         torch.minimum(was, now).sort().values),
    ):
        yield message, lambda scores=scores: scores


BETTER = "better = child_scores < parent_scores\n"
MEMBERS = f"{BETTER}members = torch.where(better[:, None], children, parents)\n"
SCORES = "torch.minimum(child_scores, parent_scores)"
EXERCISE = Exercise(
    id="13-2", title="Who survives", name="survivors", cell=CELL, check=check,
    question="The best of all fathers and children together would have lower scores: why does a child "
             "compete with its own father only?",
    why="The best would soon be near-copies of one member, so all differences b - c would be short and the "
        "search stuck in one place; a duel for each place keeps members apart, and still no place gets "
        "worse.",
    hints=Hints(
        nudge="How many decisions are there, and how many numbers hang on each of them?",
        method="Compare the two lists of scores once. That decision chooses, row by row, among the members, "
               "and just so among the scores. For whole rows it needs a second axis, of length 1.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("worse ones kept", "return children, child_scores", "also a worse one"),
        Mutant("turned round", "better = child_scores > parent_scores\n"
               "return torch.where(better[:, None], children, parents), torch.maximum(child_scores, "
               "parent_scores)", "true label must lose"),
        Mutant("ties to the child", "better = child_scores <= parent_scores\n"
               f"return torch.where(better[:, None], children, parents), {SCORES}", "only as good"),
        Mutant("the best child everywhere", "best = child_scores.argmin()\n"
               "return children[best].expand_as(parents), child_scores[best].expand_as(parent_scores)",
               "to the one best child: then"),
        Mutant("the best of all together", "scores = torch.cat([parent_scores, child_scores])\n"
               "order = scores.argsort(stable=True)[:len(parents)]\n"
               "return torch.cat([parents, children])[order], scores[order]",
               "of fathers and children together"),
        Mutant("sorted", f"{MEMBERS}scores = {SCORES}\norder = scores.argsort(stable=True)\n"
               "return members[order], scores[order]", "but sorted by score"),
        Mutant("against the best father", "better = child_scores < parent_scores.min()\n"
               "return (torch.where(better[:, None], children, parents),\n"
               "        torch.where(better, child_scores, parent_scores))", "with the best father"),
        Mutant("genes picked", f"{BETTER}return torch.where(better, children, parents), {SCORES}",
               "picks genes, not members"),
        Mutant("fathers' scores", f"{MEMBERS}return members, parent_scores", "still the fathers'"),
        Mutant("children's scores", f"{MEMBERS}return members, child_scores", "all the children's"),
        Mutant("no scores", f"{MEMBERS}return members", "Two tensors must come back"),
        Mutant("changed places", f"{MEMBERS}return {SCORES}, members", "two answers have changed places"),
        Mutant("in place", f"{BETTER}parents[better] = children[better]\nreturn parents, {SCORES}",
               "writes into parents"),
    ),
    difficulty=1, importance=3, minutes=4,
)  # fmt: skip
