"""Make data/hunter.npz: the digits of lesson 13's pixel hunter, their truth maps and searches to watch.

    python data/build_hunter.py [--out FILE]

Six of the first 200 digits of the course's MNIST test set that the stored net "plain" reads rightly; `choose`
says which. One pixel is judged by enumeration, more pixels by differential evolution with MEMBERS members and
STEPS generations. About eight minutes on one thread. FILE must not exist.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from tqdm.auto import tqdm

from course_lib.attacks import pixel_map
from course_lib.data import load
from course_lib.runtime import home
from course_lib.train import stored_net
from course_lib.widgets.replay import Replay, record

DIGITS, MEMBERS, STEPS, SEED, SURE = 200, 50, 60, 13, 2 / 3


def search(model, x, y, pixels: int) -> Replay:
    """Every digit and every number of pixels has the same draws."""
    return record(model, x[None], y[None], pixels=pixels, steps=STEPS, population=MEMBERS,
                  generator=torch.Generator().manual_seed(SEED))


def choose(right: np.ndarray, lead: np.ndarray, worst: np.ndarray, count: np.ndarray, sure: np.ndarray,
           flips: dict[int, np.ndarray]) -> list[int]:
    """The six digits, in the order of the game.

    right: are they read rightly? lead: of the true class. worst, count: the least lead that one pixel leaves,
    and how many one-pixel images flip. sure: probability of the true class. flips: pixels -> who is flipped.
    """
    one, three, five = (right & flips[k] for k in (1, 3, 5))
    enumerated = right & (count > 0)

    def most(of: np.ndarray, among: np.ndarray) -> int:
        return int(np.where(among, of, -np.inf).argmax())

    return [
        most(count, enumerated & (sure >= SURE)),  # most one-pixel images flip it, though the net was sure
        most(lead, enumerated & one),  # the surest that a single pixel flips
        most(-worst, three & ~enumerated & ~one),  # three pixels flip it, and one nearly
        most(lead, three & ~enumerated & ~one),  # the surest of those
        most(lead, five & ~three & ~enumerated),  # the surest that five pixels flip, not three
        most(lead, right & ~one & ~three & ~five & ~enumerated),  # the surest that none of these flips
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=home() / "data" / "hunter.npz")
    out = parser.parse_args().out
    if out.exists():
        raise SystemExit(f"{out} is there already; move it away to make it anew")
    model, digits = stored_net("plain"), load("mnist", "test", size="small")
    x, y = digits.x[:DIGITS], digits.y[:DIGITS]
    logits = model(x)
    right = (logits.argmax(1) == y).numpy()
    others = logits.scatter(1, y[:, None], -torch.inf).amax(1)
    lead = (logits.gather(1, y[:, None])[:, 0] - others).numpy()
    sure = logits.softmax(1).gather(1, y[:, None])[:, 0].numpy()
    maps = pixel_map(model, x, y, progress=True).numpy()
    worst, count = maps.min((1, 2, 3)), (maps < 0).sum((1, 2, 3))
    print(f"{right.sum()} of {DIGITS} read rightly, one pixel flips {(right & (count > 0)).sum()} of them")
    flips = {}
    for pixels in (1, 3, 5):
        flips[pixels] = np.array([ok and search(model, x[i], y[i], pixels).flips
                                  for i, ok in enumerate(tqdm(right, leave=False))])
        print(f"evolution flips {flips[pixels].sum()} with {pixels} pixels: {flips[pixels].nonzero()[0]}")
    places = choose(right, lead, worst, count, sure, flips)
    arrays = {"places": np.array(places), "maps": maps[places]}
    for n, i in enumerate(places):
        for pixels in range(1, 6):
            replay = search(model, x[i], y[i], pixels)
            arrays |= {f"{key}_{n}_{pixels}": value for key, value in vars(replay).items()}
            print(f"test digit {i}, a {y[i]} ({sure[i]:.0%}, {count[i]} one-pixel images): {pixels} pixels, "
                  f"{len(replay.scores)} generations, {'flipped' if replay.flips else 'not flipped'}")
    np.savez_compressed(out, **arrays)


if __name__ == "__main__":
    main()
