"""Make data/depth_curves.npz: the training curves that lesson 03's widget shows at once.

    python data/build_depth_curves.py [--out FILE]

Trains like the lesson's quick study (2,000 MNIST digits at 14x14, width 8), for 50 steps, at every depth
8, 14, ..., 44, plain and residual, with and without batch norm, three seeds each; and then, for each depth,
trains on the nets that `grow` makes from a trained 8-layer net. About ten minutes on one thread.

Arrays (float16): `loss` (depth, kind, norm, seed, step) and `grown` (depth, kind, seed, step); nan from the
step where a run diverged. `depths`, `kinds` name the axes; norm is (False, True).
"""

import argparse
import copy
from pathlib import Path

import numpy as np
import torch
from torch import nn

from course_lib.nets import grow
from course_lib.runtime import start
from course_lib.train import DepthStudy, TrainingDiverged, fit, one_cycle, train_unit

DEPTHS, KINDS, SEEDS, STEPS, MORE_STEPS = (8, 14, 20, 26, 32, 38, 44), ("plain", "residual"), 3, 50, 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("depth_curves.npz"))
    out = parser.parse_args().out
    if out.exists():
        raise SystemExit(f"{out} is there already; move it away to make it anew")
    run = start("quick")
    study = DepthStudy("mnist", side=14, images=2000, width=8, depths=DEPTHS, steps=STEPS, seeds=SEEDS)
    train, test = study.load("train", run.device), study.load("test", run.device)
    loss = np.full((len(DEPTHS), 2, 2, SEEDS, STEPS), np.nan, np.float16)
    grown = np.full((len(DEPTHS), 2, SEEDS, MORE_STEPS), np.nan, np.float16)
    for s, seed in enumerate(run.seeds(SEEDS)):
        for k, kind in enumerate(KINDS):
            for d, depth in enumerate(DEPTHS):
                for norm in (False, True):
                    try:
                        unit = train_unit(study, kind, depth, seed, train, test, norm=norm)
                    except TrainingDiverged as error:
                        print(kind, depth, "norm" if norm else "no norm", seed, error, flush=True)
                        continue
                    loss[d, k, int(norm), s] = unit.history.loss
                    if depth == DEPTHS[0] and norm:
                        shallow = unit.model
                deeper = nn.Sequential(copy.deepcopy(shallow[0]), grow(shallow[1], depth))
                torch.manual_seed(seed)
                history = fit(deeper, train.x, train.y, steps=MORE_STEPS, lr=0.003, optimizer="adam",
                              schedule=one_cycle(MORE_STEPS), seed=seed + 1)
                grown[d, k, s] = history.loss
                ends = *loss[d, k, :, s, -10:].mean(-1), grown[d, k, s, -10:].mean()
                print(seed, kind, depth, "no norm, norm, grown:", *ends, flush=True)
    np.savez_compressed(out, loss=loss, grown=grown, depths=DEPTHS, kinds=KINDS)


if __name__ == "__main__":
    main()
