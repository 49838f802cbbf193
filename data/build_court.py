"""Make data/court.json: what three attackers leave of fourteen defences, for the betting court of lesson 14.

    python data/build_court.py [--out FILE]

One net of each kind, seed 0, on the course's own 4,000 MNIST digits, 400 steps of 64; ten nets in an
ensemble; 100 test digits, the same at each eps. About a quarter of an hour on one thread. FILE must not
exist.
"""

import argparse
import json
from pathlib import Path

import torch
from tqdm import tqdm

from course_lib.defences.catalogue import CATALOGUE, Material
from course_lib.defences.evaluate import KNOWLEDGE, evaluate
from course_lib.runtime import home, start
from course_lib.train import ImageStudy, train_images
from course_lib.train.many import fit_many

EPS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0)
IMAGES, MEMBERS, SOURCE = 100, 10, 1000  # SOURCE: seed of the net that blind attackers make their images for
DEFENDANTS = ("none", "mean", "max", "joined", "halftone", "denoise", "noise", "gccs", "detector", "rounded",
              "saturated", "fgsm", "pgd", "sat")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=home() / "data" / "court.json")
    out = parser.parse_args().out
    if out.exists():
        raise SystemExit(f"{out} is there already; move it away to make it anew")
    run, study = start("quick", 0), ImageStudy()
    plain, source = (train_images(study, seed).model.eval() for seed in (run.seed, SOURCE))
    members = fit_many(study.net, *study.images("train"), count=MEMBERS, steps=study.steps,
                       batch_size=study.batch_size, lr=study.lr, seed=run.seed)
    material = Material(study, run.seed, plain, source, tuple(member.model for member in members))
    x, y = (part[:IMAGES] for part in study.images("test"))
    accuracy = {knowledge: [] for knowledge in KNOWLEDGE}
    for name in tqdm(DEFENDANTS):
        defence = CATALOGUE[name].make(material)
        for knowledge, rows in accuracy.items():
            rows.append([round(evaluate(
                defence, knowledge, x, y, eps=eps, source=source, draws=5, queries=100,
                generator=torch.Generator().manual_seed(run.seed)).accuracy, 4) for eps in EPS])
    defences = [{"id": name, "name": CATALOGUE[name].name, "row": CATALOGUE[name].row,
                 "promise": CATALOGUE[name].promise} for name in DEFENDANTS]
    verdicts = {"eps": EPS, "images": IMAGES, "defences": defences, "accuracy": accuracy}
    out.write_text(json.dumps(verdicts, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
