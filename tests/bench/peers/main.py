"""Our attacks beside those of other libraries: same model, images, settings, thread and allocator.

Run by `make peers`, which makes an environment of its own for it. For each attack it prints true success and
mean norms beside the time, and judges the ratio of our time to a peer's by the lower end of its 95 %
interval. Exits with 1 if a limit is missed.
"""

import argparse
import sys

import numpy as np
import torch
from clock import bare_pass, seconds
from contests import CONTESTS, Contest
from peers import VERSIONS, Attack
from results import Result, speed, strength, table
from torch import Tensor
from tqdm.auto import trange
from victim import Counted, Victim, digits, resnet20

from course_lib.measure import distances, success

VICTIMS = {"digits": digits, "resnet20": resnet20}


def main() -> int:
    options = parsed()
    torch.set_num_threads(1)
    victim = VICTIMS[options.model](options.device)
    floor = bare_pass(victim)
    print(f"torch {torch.__version__}, " + ", ".join(f"{name} {v}" for name, v in VERSIONS.items()))
    print(f"{victim.name} on {options.device}, {options.rounds} interleaved rounds. A bare pass takes "
          f"{1e3 * floor[0]:.3f} ms a row forward and {1e3 * floor[1]:.3f} ms back to the pixels.")
    kept = [compare(CONTESTS[name](victim), victim, floor, options) for name in options.attacks]
    print("\nAll limits kept." if all(kept) else "\nNot all limits kept.")
    return 0 if all(kept) else 1


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("attacks", nargs="*", default=list(CONTESTS), metavar="attack",
                        help=f"which ones, all if none is named: {', '.join(CONTESTS)}")
    parser.add_argument("--rounds", type=int, default=15, help="interleaved rounds, 15 unless told otherwise")
    parser.add_argument("--images", type=int, help="of every attack; each has its own number unless told")
    parser.add_argument("--device", default="cpu", help="cpu, or cuda (then by the wall clock)")
    parser.add_argument("--model", choices=VICTIMS, default="digits", help="digits, or resnet20 for a GPU")
    options = parser.parse_args()
    if unknown := set(options.attacks) - set(CONTESTS):
        parser.error(f"no attack {', '.join(sorted(unknown))}; there are {', '.join(CONTESTS)}")
    return options


def compare(contest: Contest, victim: Victim, floor: tuple[float, float], options) -> bool:
    """Print one contest; whether all its limits are kept."""
    count = options.images or contest.images
    x, y = victim.x[:count], victim.y[:count]
    results = {name: look(attack, contest, victim, x, y) for name, attack in contest.entries.items()}
    times = timed(contest, victim, x, y, options.rounds)
    limit = floor[0] * results["ours"].forward_rows + floor[1] * results["ours"].back_rows
    print(f"\n{contest.title}; {len(x)} images; limit {limit:.2f} s: our rows x a bare pass")
    table(results, times, limit)
    if contest.note:
        print(f"  {contest.note}")
    return all([*speed(contest, times), *strength(contest, results)])


def look(attack: Attack, contest: Contest, victim: Victim, x: Tensor, y: Tensor) -> Result:
    """What the attack achieves, and the rows that it needs; a warm-up too."""
    counted = Counted(victim.model).eval()
    seed(0)
    x_adv = attack(counted, x.clone(), y.clone()).detach()
    fooled = success(victim.model, x, y, x_adv, eps=contest.eps).fooled
    norms = {norm: distances(x, x_adv, norm) for norm in contest.norms}
    return Result(counted.forward_rows, counted.back_rows, fooled, norms)


def timed(contest: Contest, victim: Victim, x: Tensor, y: Tensor, rounds: int) -> dict[str, list[float]]:
    """Seconds of each attack in each round, in another order each time."""
    times = {name: [] for name in contest.entries}
    names = list(times)
    for k in trange(rounds, desc=contest.title.split(",")[0], leave=False, disable=None):
        for name in names[k % len(names):] + names[:k % len(names)]:
            if k == 0 or name not in contest.once:
                seed(k)
                attack, copies = contest.entries[name], (x.clone(), y.clone())
                work = lambda attack=attack, copies=copies: attack(victim.model, *copies)  # noqa: E731
                times[name].append(seconds(work, x.device))
    return times


def seed(number: int) -> None:
    """For the peers, which draw from the global generators."""
    torch.manual_seed(number)
    np.random.seed(number)


if __name__ == "__main__":
    sys.exit(main())
