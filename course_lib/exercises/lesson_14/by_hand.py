"""14-7: the checklist filled in by hand, from what two sources print. Oracle: their printed figures."""

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.lesson_14.handed_over import QUESTIONS, flags

CELL = '''\
def by_hand() -> dict[str, dict[str, str]]:
    """The five questions of 14-6, put to three claims of two sources: "green", "red" or "not reported". A
    flag needs all the numbers of its question, printed, and measured on the net that the claim is about.
    Take them as they are printed: here no difference is too small to count.
    "adversarial training", the ensemble study: a net trained on fresh FGSM copies has accuracy 0.98 on clean
        images, 0.91 on FGSM copies made for the old net, 0.71 on FGSM copies made for itself; no eps.
    "ensembles", the same study: the source net has 0.09 on the FGSM copies made for it. On the same copies a
        single other net has 0.22; ensembles have 0.24 by the mean, 0.27, 0.30, 0.35 by the surest member (5,
        25, 50 nets), and 0.32, 0.45, 0.57 if bagged; 0.55 if the source net joins the last one; no eps.
    "halftoning", its abstract: top-5 accuracy 80.97 % under FGSM, 78.77 % under I-FGSM, 81.56 % under PGD.
        Whether those attacks go through the halftoning is not said."""

    def row(*words: str) -> dict[str, str]:
        return dict(zip(("PGD at least FGSM", "white-box at least transfer", "accuracy at eps = 1 is 0",
                         "more steps change nothing", "gradients are there"), words, strict=False))

    ### BEGIN SOLUTION
    no = "not reported"
    return {
        "adversarial training": row(no, "green", no, no, no),
        "ensembles": row(no, no, no, no, no),
        "halftoning": row("red", no, no, no, no),
    }
    ### END SOLUTION
'''
TEMPLATE = '''\
    return {
        "adversarial training": row("...", "...", "...", "...", "..."),
        "ensembles": row(...),
        "halftoning": row(...),
    }
'''
PGD, WHITE_BOX, AT_ONE, STEPS, GRADIENTS = QUESTIONS
TRAINING, ENSEMBLES, HALFTONING = CLAIMS = ("adversarial training", "ensembles", "halftoning")
NO, WORDS = "not reported", ("green", "red", "not reported")
REPORTED = {(TRAINING, WHITE_BOX): "green", (HALFTONING, PGD): "red"}
# Where to look, if a flag is set that nobody can know.
NOWHERE = {
    (TRAINING, PGD): "by which attack were all of these copies made?",
    (TRAINING, STEPS): "how many steps has FGSM?",
    (ENSEMBLES, PGD): "by which attack were all of these copies made?",
    (ENSEMBLES, WHITE_BOX): "for which net were the copies made that the ensembles see? And has anybody made "
                            "some for an ensemble? 0.09 is the source net's.",
    (ENSEMBLES, STEPS): "5, 25 and 50 are nets. How many steps has the attack?",
    (HALFTONING, WHITE_BOX): "for which net were the images made, the bare one or the defended one? Is that "
                             "said?",
    (HALFTONING, STEPS): "FGSM, I-FGSM and PGD are three attacks. This question wants one attack, at two "
                         "lengths.",
}
NOBODY = {
    AT_ONE: "which eps is printed, and is it 1?",
    GRADIENTS: "which printed figure is a share of images that have a gradient?",
}
MISSED = {
    (TRAINING, WHITE_BOX): "look again: some copies were made for another net, some for this one, and both "
                           "accuracies are printed.",
    (HALFTONING, PGD): "look again: both numbers are printed.",
}
TURNED = {
    (TRAINING, WHITE_BOX): "which copies leave less accuracy, those made for another net or for this one? Is "
                           "that what an attack that does its work would show?",
    (HALFTONING, PGD): "these are accuracies, of what is LEFT. Which of the two attacks leaves more? Here no "
                       "difference is too small to count.",
}


def check(answer) -> None:
    """Each flag by itself; the first that is wrong is told, by where to look."""
    found = answer()
    if found is None:
        raise Wrong("Nothing comes back: is a `return` missing?")
    if not isinstance(found, dict) or set(found) != set(CLAIMS):
        raise Wrong(f"A dict must come back with the three claims: {', '.join(CLAIMS)}.", repr(found)[:200])
    rows = {claim: flags(found[claim], WORDS, of=claim) for claim in CLAIMS}
    wrong = [(claim, question) for claim in CLAIMS for question in QUESTIONS
             if rows[claim][question] != REPORTED.get((claim, question), NO)]
    for claim, question in wrong:
        raise Wrong(f"{claim}, {question}: {where_to_look(claim, question, rows[claim][question])}",
                    f"{len(wrong)} of 15 differ from ours")


def where_to_look(claim: str, question: str, word: str) -> str:
    """What to read once more."""
    at = (claim, question)
    if at not in REPORTED:
        return NOWHERE.get(at) or NOBODY[question]
    return MISSED[at] if word == NO else TURNED[at]


NONE = 'no = "not reported"\nblank = row(no, no, no, no, no)\n'


def with_rows(training: str = 'row(no, "green", no, no, no)', ensembles: str = "blank",
              halftoning: str = 'row("red", no, no, no, no)') -> str:
    """The answer with other rows in it."""
    return (f'{NONE}return {{"adversarial training": {training}, "ensembles": {ensembles}, '
            f'"halftoning": {halftoning}}}')


EXERCISE = Exercise(
    id="14-7", title="What the sources leave open", name="by_hand", cell=CELL, check=check,
    question="By the one point of 14-6, 81.56 and 80.97 would pass as equal: which pair of the abstract's "
             "figures raises the flag all the same?",
    why="81.56 under PGD and 78.77 under I-FGSM: two attacks of many small steps, and the one that is "
        "thought the stronger leaves nearly three points more.",
    hints=Hints(
        nudge="For each question, put a finger on each number that it needs. Do all fingers find one?",
        method="An attack is white-box only if it was made for the very net that it is tried on; copies "
               "made for another net are transfer. More nets are not more steps. Where a number is missing, "
               "nobody can know, and that is the flag.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("nothing is reported", with_rows(training="blank", halftoning="blank"),
               "some copies were made for another net"),
        Mutant("source net for the ensembles", with_rows(ensembles='row(no, "green", no, no, no)'),
               "And has anybody made some"),
        Mutant("nets as steps", with_rows(ensembles='row(no, no, no, "red", no)'), "5, 25 and 50 are nets"),
        Mutant("three attacks as lengths", with_rows(halftoning='row("red", no, no, "red", no)'),
               "one attack, at two lengths"),
        Mutant("accuracy as success", with_rows(halftoning='row("green", no, no, no, no)'),
               "Which of the two attacks leaves more"),
        Mutant("halftoning not read", with_rows(halftoning="blank"), "PGD at least FGSM: look again"),
        Mutant("seen through the halftoning", with_rows(halftoning='row("red", "red", no, no, no)'),
               "the bare one or the defended one"),
        Mutant("white-box turned round", with_rows(training='row(no, "red", no, no, no)'),
               "which copies leave less"),
        Mutant("eps guessed", with_rows(training='row(no, "green", "red", no, no)'), "which eps is printed"),
        Mutant("a word of one's own", with_rows(ensembles='row("?", no, no, no, no)'),
               "must be one of these words"),
        Mutant("a flag too few", with_rows(ensembles="row(no, no, no, no)"), "has no flag: 'gradients"),
    ),
    difficulty=2, importance=2, minutes=6,
)  # fmt: skip
