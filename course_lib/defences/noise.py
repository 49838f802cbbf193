"""Noise inside the net, as large as the activations themselves: a stochastic student of a plain teacher.

Tan, Elovici, Binder: Adaptive Noise Injection for Training Stochastic Student Networks from Deterministic
Teachers, ICPR 2020, doi 10.1109/ICPR48806.2021.9412385. From its abstract: noise by the statistics of the
mini-batch, a student that starts from the teacher. The rest is a reconstruction.

    student = stochastic_student(teacher, scale=0.5)
    torch.manual_seed(seed)  # the noise is drawn from torch's global generator
    fit(student, x, y, steps=..., optimizer="adam", lr=...)
"""

import copy

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_lib.attacks.checks import check_count, check_size

Activations = Float[Tensor, "images channels *places"]


class AdaptiveNoise(nn.Module):
    """a + scale * std(a) * e with e drawn anew at every call, also in eval mode: that is the defence.

    std is one number a channel. In train mode it is that of the batch (no gradient goes through it), and a
    running mean is kept, as batch norm does; eval mode uses the running mean, so that no image's noise
    depends on the other images judged with it. e comes from torch's global generator.
    Raises ValueError for a scale below 0, and in eval mode before the first batch in train mode.
    """

    def __init__(self, channels: int, scale: float = 0.5):
        check_count("channels", channels)
        check_size("scale", scale, zero=True)
        super().__init__()
        self.scale = scale
        self.register_buffer("std", torch.zeros(channels))
        self.register_buffer("batches", torch.zeros((), dtype=torch.long))

    def forward(self, a: Activations) -> Activations:
        if self.training:
            std = self._observe(a)
        elif self.batches == 0:
            raise ValueError("AdaptiveNoise has seen no batch in train mode and knows no size of noise yet; "
                             "train the net with fit first")
        else:
            std = self.std
        return a + self.scale * std.to(a.dtype).view(-1, *[1] * (a.dim() - 2)) * torch.randn_like(a)

    @torch.no_grad()
    def _observe(self, a: Activations) -> Float[Tensor, " channels"]:
        """The batch's standard deviation; the running mean takes a tenth of it, at first an even share."""
        std = a.detach().transpose(0, 1).flatten(1).float().std(1, correction=0)
        self.batches += 1
        self.std.lerp_(std.to(self.std), (1 / self.batches).clamp(min=0.1).to(self.std))
        return std

    def extra_repr(self) -> str:
        return f"{len(self.std)}, scale={self.scale:g}"


def stochastic_student(teacher: nn.Sequential, scale: float = 0.5) -> nn.Sequential:
    """A copy of the teacher with `AdaptiveNoise` after each relu, in train mode, all weights free to learn.

    The teacher is left as it was. Fine-tune the student with `fit` before it is judged.
    Raises ValueError unless the teacher is a chain of layers with a relu that follows a convolution or a
    linear layer.
    """
    student, channels = nn.Sequential(), None
    for layer in teacher if isinstance(teacher, nn.Sequential) else ():
        student.append(copy.deepcopy(layer))
        channels = getattr(layer, "out_channels", getattr(layer, "out_features", channels))
        if isinstance(layer, nn.ReLU) and channels:
            student.append(AdaptiveNoise(channels, scale))
    if not any(isinstance(layer, AdaptiveNoise) for layer in student):
        raise ValueError("teacher must be an nn.Sequential with a relu behind a convolution or a linear "
                         f"layer, as a SmallCNN; got {type(teacher).__name__}")
    weight = next(student.parameters())
    return student.to(weight.device).requires_grad_(True).train()
