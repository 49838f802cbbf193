"""Make data/depth_curves.npz: the training curves that lesson 03's widgets show at once.

    python data/build_depth_curves.py [--out FILE]

Trains like the lesson's quick study (2,000 MNIST digits at 14x14, width 8), for 50 steps, at every depth
8, 14, ..., 44, plain and residual, with and without batch norm, three seeds each; and then, for each depth,
trains on the nets that `grow` makes from a trained 8-layer net. About ten minutes on one thread.

Arrays that FILE holds already stay as they are, bit for bit; only missing ones are made and added (the last
bit of a loss differs from processor to processor). To make all of them anew, move the file away.

Arrays (float16): `loss` (depth, kind, norm, seed, step) and `grown` (depth, kind, seed, step); nan from the
step where a run diverged. `inserted` (depth, kind, seed; float32): the loss of the 8-layer nets right after
layers were put in, on the lesson's 200 digits; seconds. `depths` and `kinds` name the axes; norm is
(False, True).
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
from course_lib.widgets.depth import losses_after_growing

DEPTHS, KINDS, SEEDS, STEPS, MORE_STEPS = (8, 14, 20, 26, 32, 38, 44), ("plain", "residual"), 3, 50, 40
STUDY = DepthStudy("mnist", side=14, images=2000, width=8, depths=DEPTHS, steps=STEPS, seeds=SEEDS)


def trained(run, train, test) -> dict[str, np.ndarray]:
    """`loss` and `grown`: the long part."""
    loss = np.full((len(DEPTHS), 2, 2, SEEDS, STEPS), np.nan, np.float16)
    grown = np.full((len(DEPTHS), 2, SEEDS, MORE_STEPS), np.nan, np.float16)
    for s, seed in enumerate(run.seeds(SEEDS)):
        for k, kind in enumerate(KINDS):
            for d, depth in enumerate(DEPTHS):
                for norm in (False, True):
                    try:
                        unit = train_unit(STUDY, kind, depth, seed, train, test, norm=norm)
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
    return {"loss": loss, "grown": grown}


def inserted(run, train, test) -> dict[str, np.ndarray]:
    """`inserted`: trained 8-layer nets with new layers, as lesson 03's first explorer measures them."""
    after = np.empty((len(DEPTHS), 2, SEEDS), np.float32)
    for s, seed in enumerate(run.seeds(SEEDS)):
        for k, kind in enumerate(KINDS):
            model = train_unit(STUDY, kind, DEPTHS[0], seed, train, test).model
            after[:, k, s] = losses_after_growing(model, train.subset(200), DEPTHS)
            print(seed, kind, "after inserting:", *after[:, k, s].round(3), flush=True)
    return {"inserted": after}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("depth_curves.npz"))
    out = parser.parse_args().out
    arrays = {"depths": np.array(DEPTHS), "kinds": np.array(KINDS)}
    if out.exists():
        with np.load(out) as file:
            arrays |= {name: file[name] for name in file.files}
    missing = [make for name, make in (("loss", trained), ("inserted", inserted)) if name not in arrays]
    if not missing:
        raise SystemExit(f"{out} is complete; move it away to make it anew")
    run = start("quick")
    train, test = STUDY.load("train", run.device), STUDY.load("test", run.device)
    for make in missing:
        arrays |= make(run, train, test)
    np.savez_compressed(out, **arrays)
    print(f"{out}: {', '.join(arrays)}, {out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
