"""What our dilated layers cost beside torch's own, which they wrap. Ratios of times measured side by side.

Run by `make bench` (or `python tests/bench/dilated.py`); exits with 1 where a ratio is above 1.05.
"""

import sys

import torch
import torch.nn.functional as F
from torch import nn

from course_lib.blocks.dilated import CausalConv1d, ContextModule, RandomTemporalDilation
from course_lib.measure import seconds_of

MOST, TRIES = 1.05, 3


def pairs():
    """(name, ours, torch's) with equal weights."""
    context, images = ContextModule(32, (1, 1, 2, 4, 8, 1)), torch.rand(8, 32, 64, 64)
    stack = nn.Sequential()
    for layer in context.layers:
        stack.extend([layer, nn.ReLU()])
    stack.append(context.last)
    yield "context module", lambda: context(images), lambda: stack(images)

    causal, sound = CausalConv1d(64, 64, 3, 8), torch.rand(8, 64, 4096)
    torchs = nn.Conv1d(64, 64, 3, dilation=8)
    yield "causal convolution", lambda: causal(sound), lambda: torchs(F.pad(sound, (16, 0)))

    drawn = RandomTemporalDilation(32, 32, dilations=(2,), spatial=2).train()
    clip = torch.rand(2, 32, 16, 32, 32)
    conv = nn.Conv3d(32, 32, (3, 1, 1), padding=(2, 0, 0), dilation=(2, 1, 1))
    yield "random temporal dilation", lambda: drawn(clip), lambda: conv(clip)


def main() -> int:
    failed = False
    with torch.no_grad():
        for name, ours, theirs in pairs():
            for _ in range(TRIES):  # a busy machine may spoil one
                found = seconds_of({"ours": ours, "torch": theirs}, rounds=15)
                ratio = found["ours"] / found["torch"]
                if ratio <= MOST:
                    break
            print(f"{name:<26} {ratio:.3f} times torch's own (at most {MOST})")
            failed |= ratio > MOST
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
