"""13-5: a generation of MAP-Elites. Oracle: every child against every champion, one at a time."""

from collections.abc import Iterator

import torch
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant
from course_lib.exercises.lesson_13.handed_over import must_keep, two_tensors
from course_lib.exercises.oracle import Slip, compare

CELL = '''\
def new_champions(genomes: Float[Tensor, "classes genes"], confidence: Float[Tensor, "classes"],
                  children: Float[Tensor, "children genes"], probability: Float[Tensor, "children classes"]):
    """MAP-Elites, one generation: the new champions (genomes, confidence). Row k of genomes is the champion
    of class k, confidence[k] the probability of class k that the model gives it. Every child competes for
    EVERY class, with its probability[child, k], and may become the champion of several. A champion gives way
    only to a child with a higher probability. All that is given stays as it is."""
    ### BEGIN SOLUTION
    best, who = probability.max(dim=0)
    better = best > confidence
    return torch.where(better[:, None], children[who], genomes), torch.where(better, best, confidence)
    ### END SOLUTION
'''
TEMPLATE = '''\
    best, who = probability.max(dim=...)             # for each class: how sure, and of which child
    better = ...
    return torch.where(better[...], ..., genomes), torch.where(better, ..., ...)
'''
# Children, classes, genes; in the first case a wrong axis goes unseen.
CASES = ((9, 9, 9), (20, 6, 3), (2, 7, 4), (1, 3, 3))


def check(answer) -> None:
    """Genomes and confidence: champions that are beaten, matched, and out of reach."""
    for count, classes, genes in CASES:
        before = a_generation(count, classes, genes)
        given = {name: value.clone() for name, value in before.items()}
        found = two_tensors(answer(*given.values()), "the genomes",
                            "their confidence")
        must_keep(given, before)
        genomes, confidence = crowned(*before.values())
        compare(found[0], genomes, genome_slips(*before.values()), OTHER_GENOMES)
        slips = confidence_slips(before["confidence"], before["probability"])
        compare(found[1], confidence, slips, OTHER_CONFIDENCE)


def a_generation(count: int, classes: int, genes: int) -> dict[str, Tensor]:
    """Champions less sure than the best child, more sure, and just as sure, in turn."""
    probability = torch.randn(count, classes).softmax(dim=1)
    factor = torch.tensor([0.3, 1.2, 1.0, 0.7]).repeat(classes)[:classes]
    return {"genomes": torch.rand(classes, genes), "confidence": probability.amax(0) * factor,
            "children": torch.rand(count, genes), "probability": probability}


def crowned(genomes: Tensor, confidence: Tensor, children: Tensor, probability: Tensor, *slip: str):
    """Children one after the other, with slips in it; without any it is the right answer."""
    genomes, confidence, was = genomes.clone(), confidence.clone(), confidence
    crowns = [0] * len(children)
    for child, sure in enumerate(probability):
        for k in range(len(genomes)):
            if ("its own" in slip and k != sure.argmax()) or ("one crown" in slip and crowns[child]):
                continue
            bar = was[k] if "old bar" in slip else confidence[k]
            if sure[k] < bar if "turned" in slip else sure[k] >= bar if "ties" in slip else sure[k] > bar:
                genomes[k], confidence[k] = children[child], sure[k]
                crowns[child] += 1
    return genomes, confidence


def first_better(genomes: Tensor, confidence: Tensor, children: Tensor, probability: Tensor) -> Tensor:
    better = probability > confidence
    return torch.where(better.any(0)[:, None], children[better.int().argmax(0)], genomes)


OTHER_GENOMES = ("These are other champions. Take one class k: which child has the highest probability of "
                 "it, and is that more than the champion's confidence?")
OTHER_CONFIDENCE = ("The genomes are right, but their confidence is not: a new champion brings its own, an "
                    "old one keeps it.")
SLIPS = {
    ("its own",): "A child competes only for the class that the model answers: it may win others as well.",
    ("one crown",): "A child wins one class at most: it may become the champion of several.",
    ("old bar",): "Children are compared with the old champion alone, so the last one better wins, not the "
                  "best: the bar must rise.",
    ("ties",): "A child that is only as sure takes the place: it must be more than the champion.",
    ("turned",): "The comparison is turned round: the child must be MORE sure of the class.",
    ("its own", "old bar"): "A child competes only for the class that the model answers, and the last wins.",
}


def genome_slips(
    genomes: Tensor, confidence: Tensor, children: Tensor, probability: Tensor
) -> Iterator[Slip]:
    """What typical slips would answer as the genomes."""
    (best, who), (across, which) = probability.max(0), probability.max(1)
    won = best > confidence
    for slip, message in SLIPS.items():
        yield message, lambda slip=slip: crowned(genomes, confidence, children, probability, *slip)[0]
    yield ("Champions give way also to worse children: keep those that no child beats.",
           lambda: children[who])
    yield "No child ever wins: nothing changes.", lambda: genomes
    yield ("Champions give way where the best child is less sure.",
           lambda: torch.where((best < confidence)[:, None], children[who], genomes))
    yield ("A child that is only as sure takes the place: it must be more than the champion. ",
           lambda: torch.where((best >= confidence)[:, None], children[who], genomes))
    yield ("The first child that beats a champion wins: the best of them must.",
           lambda: first_better(genomes, confidence, children, probability))
    yield ("The maximum runs along the wrong axis: for each CLASS, look for the best of all children.",
           lambda: torch.where((across > confidence)[:, None], children[which], genomes))
    yield ("The comparison picks genes, not champions: it has an entry for each ROW, so it needs one axis "
           "more.", lambda: torch.where(won, children[who], genomes))
    yield ("Child k competes for class k alone: every child competes for every class.",
           lambda: torch.where((probability.diagonal() > confidence)[:, None], children, genomes))
    yield ("Only one class gets a new champion: each class is decided on its own.",
           lambda: torch.where((torch.arange(len(best)) == best.argmax())[:, None] & won[:, None],
                               children[who], genomes))
    yield ("One child wins all classes, the surest of all: each class has a best child of its own.",
           lambda: children[across.argmax()].expand_as(genomes))
    yield ("One child wins wherever a champion is beaten: each class has a best child of its own.",
           lambda: torch.where(won[:, None], children[across.argmax()], genomes))


def confidence_slips(confidence: Tensor, probability: Tensor) -> Iterator[Slip]:
    """What typical slips would answer as the confidence of the right genomes."""
    best, answer = probability.amax(0), probability.amax(1)[probability.argmax(0)]
    yield ("The genomes are right, but the confidence is still the old champions': a new one brings its own.",
           lambda: confidence)
    yield ("The genomes are right, but the confidence is the best child's everywhere: a champion that stays "
           "keeps its own.", lambda: best)
    yield ("The genomes are right, but each has the lower of two confidences.",
           lambda: torch.minimum(best, confidence))
    yield ("The genomes are right, but the confidence is how sure the model is of its ANSWER: of class k it "
           "is asked for.", lambda: torch.where(best > confidence, answer, confidence))


BEST = "best, who = probability.max(dim=0)\nbetter = best > confidence\n"
NEW = "torch.where(better[:, None], children[who], genomes)"
SURER = "torch.maximum(best, confidence)"
LOOP = "genomes, new = genomes.clone(), confidence.clone()\nfor child, sure in zip(children, probability):\n"
EXERCISE = Exercise(
    id="13-5", title="Champions of every class", name="new_champions", cell=CELL, check=check,
    question="Why does a picture on its way to an 8 compete for the class 3 as well?",
    why="What began as one class's pattern may be a better start for another than anything that class found "
        "by itself; so each champion is a stepping stone for all, and few get stuck.",
    hints=Hints(
        nudge="In the table of probabilities, children down and classes across: where do you look for the "
              "best child for class 3?",
        method="Ask for the largest number of each column, and in which row it stands: that is the only "
               "child that can win this class. Where it beats the champion, take its genome and its number.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("worse ones crowned", "best, who = probability.max(dim=0)\nreturn children[who], best",
               "also to worse children"),
        Mutant("its own class only", f"{LOOP}    k = sure.argmax()\n    if sure[k] > new[k]:\n"
               "        genomes[k], new[k] = child, sure[k]\nreturn genomes, new",
               "that the model answers: it"),
        Mutant("one class at most", f"{LOOP}    for k in range(len(new)):\n        if sure[k] > new[k]:\n"
               "            genomes[k], new[k] = child, sure[k]\n            break\nreturn genomes, new",
               "wins one class at most"),
        Mutant("the last one better", f"{LOOP}    better = sure > confidence\n    genomes[better] = child\n"
               "    new[better] = sure[better]\nreturn genomes, new", "the bar must rise"),
        Mutant("ties to the child", BEST.replace(">", ">=") + f"return {NEW}, {SURER}", "only as sure"),
        Mutant("turned round", BEST.replace(">", "<") + f"return {NEW}, torch.minimum(best, confidence)",
               "best child is less sure"),
        Mutant("wrong axis", BEST.replace("dim=0", "dim=1") + f"return {NEW}, {SURER}",
               "along the wrong axis"),
        Mutant("genes picked", f"{BEST}return torch.where(better, children[who], genomes), {SURER}",
               "picks genes, not champions"),
        Mutant("old confidence", f"{BEST}return {NEW}, confidence", "still the old champions'"),
        Mutant("best child's confidence", f"{BEST}return {NEW}, best", "everywhere: a champion that stays"),
        Mutant("genomes alone", f"{BEST}return {NEW}", "Two tensors must come back"),
        Mutant("in place", f"{BEST}genomes[better] = children[who][better]\n"
               f"return genomes, {SURER}", "writes into genomes"),
    ),
    difficulty=2, importance=2, minutes=5,
)  # fmt: skip
