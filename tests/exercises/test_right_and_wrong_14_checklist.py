"""14-5 to 14-7: right answers written differently pass, unlisted wrong ones are refused."""

from answers import right_and_wrong, with_any_seed

from course_lib.exercises.lesson_14.auac import SORTED
from course_lib.exercises.lesson_14.by_hand import NONE, with_rows
from course_lib.exercises.lesson_14.red_flags import FIFTH, FIRST, FOURTH, SECOND, THIRD, with_flags

RIGHT = {
    "14-5": {
        "trapezoid": f"{SORTED}return torch.trapezoid(a, e) / e[-1]",
        "scipy": "from scipy.integrate import trapezoid\ne, a = budgets.numpy(), accuracies.numpy()\n"
                 "o = e.argsort()\nreturn float(trapezoid(a[o], e[o]) / e.max())",
        "pairs": "points = sorted(zip(budgets.tolist(), accuracies.tolist()))\narea = 0\n"
                 "for (e0, a0), (e1, a1) in zip(points, points[1:]):\n    area += (e1 - e0) * (a0 + a1) / 2\n"
                 "return area / max(budgets.tolist())",
        "left and right": f"{SORTED}w = e.diff()\nreturn (w @ a[:-1] + w @ a[1:]) / (2 * e.max())",
        "share of the budget": f"{SORTED}return torch.trapz(a, e / e[-1]).item()",
        "many points": f"{SORTED}import numpy as np\ng = np.linspace(0, float(e[-1]), 2_000_001)\n"
                       "return float(np.interp(g, e.numpy(), a.numpy()).mean())",
        "falling order": "e, order = budgets.sort(descending=True)\n"
                         "return -torch.trapezoid(accuracies[order], e) / e[0]",
    },
    "14-6": {
        "differences": with_flags(first=FIRST.replace("n.pgd <= n.fgsm + 0.01", "n.pgd - n.fgsm <= 0.01"),
                                  second=SECOND.replace("n.white_box <= n.transfer + 0.01",
                                                        "n.transfer - n.white_box >= -0.01")),
        "red first": "red = {'PGD at least FGSM': n.pgd > n.fgsm + 0.01,\n"
            "       'white-box at least transfer': n.white_box > n.transfer + 0.01,\n"
            "       'accuracy at eps = 1 is 0': n.at_one > 0.01,\n"
            "       'more steps change nothing': not -0.01 <= n.pgd - n.longer_pgd <= 0.01,\n"
            "       'gradients are there': n.gradients < 0.95}\n"
            "return {question: flag(not r) for question, r in red.items()}",
        "points": with_flags(third=THIRD.replace("n.at_one <= 0.01", "100 * n.at_one <= 1"),
                             fifth=FIFTH.replace("n.gradients >= 0.95", "100 * n.gradients >= 95")),
        "words": "ok = lambda good: 'green' if good else 'red'\n" + with_flags().replace("flag(", "ok("),
        "a little room": with_flags().replace("0.01)", "0.01 + 1e-9)"),
        "two sides": with_flags(fourth='"more steps change nothing": flag(n.pgd - n.longer_pgd <= 0.01 and '
                                       'n.longer_pgd - n.pgd <= 0.01)'),
        "failures": with_flags(first=FIRST.replace("n.pgd <= n.fgsm + 0.01",
                                                   "1 - n.pgd >= 1 - n.fgsm - 0.011")),
    },
    "14-7": {
        "changed": "return {'adversarial training': row(*N, 'green', *3 * N), 'ensembles': row(*5 * N),\n"
                   "        'halftoning': row('red', *4 * N)}".replace("N", "['not reported']"),
        "another order": f"{NONE}return {{'halftoning': {{**blank, 'PGD at least FGSM': 'red'}}, "
                         "'ensembles': blank,\n        'adversarial training': row(no, 'green', no, no, no)}",
    },
}
WRONG = {
    "14-5": {
        "none": "return None", "curve": "return accuracies", "middle": "return accuracies.median()",
        "last": "return accuracies[-1]", "clean": "return accuracies.max()",
        "no zero in the sort": "e, o = budgets[1:].sort()\na = accuracies[1:][o]\n"
                               "return torch.trapezoid(a, e) / e[-1]",
        "Simpson": f"{SORTED}from scipy.integrate import simpson\n"
                   "return float(simpson(a.numpy(), x=e.numpy()) / e[-1])",
        "down to 0": f"{SORTED}e, a = torch.cat([e, e[-1:] * 2]), torch.cat([a, 0 * a[:1]])\n"
                     "return torch.trapezoid(a, e) / e[-1]",
        "rounded": f"{SORTED}return round((torch.trapezoid(a, e) / e[-1]).item(), 2)",
        "nan": "return float('nan')", "text": "return 'large'", "stretched": f"{SORTED}"
            "return torch.trapezoid(a, e) / (e[-1] - e[1])",
        "best so far": f"{SORTED}return torch.trapezoid(a.cummin(0).values, e) / e[-1]",
        "minimum of each strip": f"{SORTED}return (e.diff() * torch.minimum(a[1:], a[:-1])).sum() / e[-1]",
        "geometric": f"{SORTED}return (e.diff() * (a[1:] * a[:-1]).sqrt()).sum() / e[-1]",
        "sorted by accuracy": "a, o = accuracies.sort(descending=True)\n"
                              "return torch.trapezoid(a, budgets[o]) / budgets.max()",
        "divided by 1": f"{SORTED}return torch.trapezoid(a, e) / max(1, e[-1])",
        "divided by the mean": f"{SORTED}return torch.trapezoid(a, e) / e.mean() / 2",
    },
    "14-6": {
        "none": "return None", "a list": "return ['green'] * 5", "all green": "return dict.fromkeys((\n"
            "    'PGD at least FGSM', 'white-box at least transfer', 'accuracy at eps = 1 is 0',\n"
            "    'more steps change nothing', 'gradients are there'), 'green')",
        "misspelt": with_flags(first=FIRST.replace("PGD at", "PGD at the")),
        "upper case": with_flags(first=FIRST.replace("flag(", "str.upper(flag(") + ")"),
        "one more": with_flags(first=FIRST + ', "robust": flag(True)'),
        "FGSM for white-box": with_flags(second=SECOND.replace("n.white_box", "n.fgsm")),
        "longer for PGD": with_flags(first=FIRST.replace("n.pgd", "n.longer_pgd")),
        "transfer with PGD": with_flags(first=FIRST.replace("n.fgsm", "n.transfer")),
        "half a point": with_flags(third=THIRD.replace("0.01", "0.005")),
        "two points": with_flags(first=FIRST.replace("0.01", "0.02")),
        "chance": with_flags(third=THIRD.replace("0.01", "0.1")),
        "rounded": with_flags(third=THIRD.replace("n.at_one <= 0.01", "round(n.at_one) == 0")),
        "colours turned": with_flags().replace("flag(", "flag(not "),
        "95": with_flags(fifth=FIFTH.replace("0.95", "95")), "some": with_flags(fifth=FIFTH.replace(
            ">= 0.95", "> 0")),
        "strictly stronger": with_flags(first=FIRST.replace("<= n.fgsm + 0.01", "< n.fgsm")),
        "relative": with_flags(first=FIRST.replace("n.fgsm + 0.01", "1.01 * n.fgsm")),
        "at one against PGD": with_flags(third=THIRD.replace("<= 0.01", "<= n.pgd")),
        "white-box against longer": with_flags(fourth=FOURTH.replace("n.pgd", "n.white_box")),
        "only if evidence": with_flags(second=SECOND.replace("flag(", "flag(n.gradients >= 0.95 and ")),
        "tolerance on the wrong side": with_flags(first=FIRST.replace("+ 0.01", "- 0.01")),
    },
    "14-7": {
        "none": "return None", "a list": f"{NONE}return [blank] * 3",
        "one claim": f"{NONE}return {{'halftoning': blank}}",
        "all red": "return dict.fromkeys(('adversarial training', 'ensembles', 'halftoning'),\n"
                   "                     row(*['red'] * 5))",
        "all green": "return dict.fromkeys(('adversarial training', 'ensembles', 'halftoning'),\n"
                     "                     row(*['green'] * 5))",
        "source joins": with_rows(ensembles='row(no, "red", no, no, no)'),
        "FGSM alone": with_rows(training='row("green", "green", no, no, no)'),
        "no gradient, surely": with_rows(halftoning='row("red", no, no, no, "red")'),
        "gradients, surely": with_rows(training='row(no, "green", no, no, "green")'),
        "upper case": with_rows(halftoning='row("RED", no, no, no, no)'),
        "empty": "return {}", "five rows": f"{NONE}return {{q: blank for q in blank}}",
        "rows turned": with_rows(halftoning='row(no, "red", no, no, no)'),
        "eps = 1 at 0": with_rows(ensembles='row(no, no, "green", no, no)'),
    },
}

test_right_in_another_way, test_unlisted_wrong_answers_are_refused = right_and_wrong(RIGHT, WRONG)
test_the_right_answers_pass_with_any_seed = with_any_seed(RIGHT)
