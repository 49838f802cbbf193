"""The shortest way to a plane that stays inside the box of pixels [0, 1]."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def step_to_plane(
    x: Float[Tensor, "rows pixels"], w: Float[Tensor, "rows pixels"], gap: Float[Tensor, " rows"], norm: str
) -> Float[Tensor, "rows pixels"]:
    """The shortest r, in norm "l2" or "linf", with <w, r> = gap and x + r in [0, 1].

    Where no such r exists: the corner of the box that comes nearest to the plane.

    All pixels start at once in the direction that closes the gap, with speed |w| (l2) or 1 (linf), and stop
    at their wall. The time at which the gap is closed is found among the sorted times of the stops.
    """
    towards = w * gap.sign()[:, None]
    room = torch.where(towards > 0, 1 - x, x)
    speed = w.abs() if norm == "l2" else (w != 0).to(x.dtype)
    stop = torch.where(speed > 0, room / speed.clamp(min=torch.finfo(x.dtype).tiny), 0)
    stops, order = stop.sort(1)
    pull = (w.abs() * speed).gather(1, order)  # how much of the gap a pixel closes in a unit of time
    done = F.pad((pull * stops).cumsum(1), (1, 0))  # closed by the first 0, 1, ... pixels that stop
    going = pull.sum(1, keepdim=True) - F.pad(pull.cumsum(1), (1, 0))  # pull of the others
    left = gap.abs()[:, None]
    k = torch.searchsorted(done[:, 1:] + stops * going[:, 1:], left)  # so many stop before the gap is closed
    earliest = F.pad(stops, (1, 0)).gather(1, k)
    latest = F.pad(stops, (0, 1), value=torch.inf).gather(1, k)
    time = (left - done.gather(1, k)) / going.gather(1, k)
    time = torch.where(k < x.shape[1], time.clamp(earliest, latest), torch.inf)
    return towards.sign() * torch.where(speed > 0, torch.minimum(speed * time, room), 0)
