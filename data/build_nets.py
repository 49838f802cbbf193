"""Make data/nets.safetensors: trained nets that the widgets of lessons 12 and 13 attack at once.

    python data/build_nets.py [--out FILE]

Two `SmallCNN`s on the course's own 4,000 MNIST digits, 1,000 steps each: "plain", and "robust", which learns
from images that two steps of PGD changed by up to 0.2 (adversarial training). Half a minute on one thread.
FILE must not exist: the last bits of weights differ from processor to processor, and the pictures of the
lessons belong to the file that is there.
"""

import argparse
from functools import partial
from pathlib import Path

from safetensors.torch import save_file

from course_lib.attacks import pgd
from course_lib.runtime import home, start
from course_lib.train import ImageStudy, train_images

ATTACKS = {
    "plain": None,
    "robust": partial(pgd, eps=0.2, steps=2, step_size=0.15, random_start=True, keep_failures=True),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=home() / "data" / "nets.safetensors")
    out = parser.parse_args().out
    if out.exists():
        raise SystemExit(f"{out} is there already; move it away to make it anew")
    run, weights = start("quick", 0), {}
    for name, attack in ATTACKS.items():
        unit = train_images(ImageStudy(steps=1000), run.seed, attack=attack, name=name)
        print(f"{name}: accuracy {unit.accuracy:.3f}")
        weights |= {f"{name}.{key}": value for key, value in unit.model.state_dict().items()}
    save_file(weights, out)


if __name__ == "__main__":
    main()
