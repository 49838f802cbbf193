"""What came out of a contest, as a table, and whether the limits are kept."""

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from contests import Contest
from judge import ratio_of
from torch import Tensor

SLACK_IMAGES, SLACK_NORM = 2, 1.01
Times = dict[str, list[float]]  # name of an attack -> its seconds in each round


@dataclass(frozen=True)
class Result:
    """Of one attack: rows through the model, who is truly fooled, and how far each image moved, by norm."""

    forward_rows: int
    back_rows: int
    fooled: Tensor
    norms: dict[str, Tensor]


def table(results: dict[str, Result], times: Times, limit: float) -> None:
    """Print a row for each attack. limit: the seconds that no attack can do without."""
    norms, all_fool = list(results["ours"].norms), fooled_by_all(results)
    print(f"  {'':15}{'s':>7}{'x limit':>9}{'rows fwd':>10}{'back':>8}{'success':>9}"
          + "".join(f"{norm:>8}" for norm in norms) + f" (means of the {int(all_fool.sum())} that all fool)")
    for name, r in results.items():
        spent = statistics.median(times[name])
        means = "".join(f"{r.norms[norm][r.fooled & all_fool].mean():8.3f}" for norm in norms)
        print(f"  {name:15}{spent:7.2f}{spent / limit:9.2f}{r.forward_rows:10,}{r.back_rows:8,}"
              f"{r.fooled.double().mean():9.3f}{means}")


def fooled_by_all(results: dict[str, Result]) -> Tensor:
    """The images that are fooled by every attack that fools any."""
    some = [r.fooled for r in results.values() if r.fooled.any()]
    return torch.stack(some).all(0) if some else results["ours"].fooled


def speed(contest: Contest, times: Times) -> Iterator[bool]:
    """Whether each limit on our time is kept, printed too."""
    for ours, theirs, most in contest.limits:
        ratio = ratio_of(times[ours], times[theirs])
        yield said(ratio.low <= most, f"{ours} / {theirs} {ratio}, at most {most:.2f}")


def strength(contest: Contest, results: dict[str, Result]) -> Iterator[bool]:
    """Whether ours is as strong as the best peer beside whom a limit stands, within noise, printed too."""
    ours, rivals = results["ours"], [results[theirs] for _, theirs, _ in contest.limits]
    count, most = int(ours.fooled.sum()), max(int(r.fooled.sum()) for r in rivals)
    yield said(count >= most - SLACK_IMAGES, f"ours fools {count} images, the best peer {most}")
    rivals = [r for r in rivals if r.fooled.any()]
    if contest.small and rivals:
        all_fool = fooled_by_all(results)
        mean, *others = (float(r.norms[contest.small][all_fool].mean()) for r in (ours, *rivals))
        yield said(mean <= SLACK_NORM * min(others),
                   f"ours has a mean {contest.small} of {mean:.3f}, the best peer of {min(others):.3f}")


def said(kept: bool, words: str) -> bool:
    """kept, after it was printed."""
    print(("  met     " if kept else "  MISSED  ") + words)
    return kept
