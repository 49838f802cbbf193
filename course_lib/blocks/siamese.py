"""Two towers that look at one item each, and what compares their answers.

Bromley, Guyon, LeCun, Saeckinger, Shah: Signature Verification using a "Siamese" Time Delay Neural Network
(1993). Symbols: g a tower, u = g(x1) and v = g(x2) the embeddings of a pair, d their distance.
"""

import copy
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor, nn

Vectors = Float[Tensor, "batch features"]
Numbers = Float[Tensor, " batch"]


def wide(u: Tensor) -> Tensor:
    """Half precision as float32, everything else as it is: a distance of close points needs the digits."""
    return u.float() if u.dtype in (torch.float16, torch.bfloat16) else u


def unit_vectors(u: Float[Tensor, "*batch features"]) -> Float[Tensor, "*batch features"]:
    """u / |u|. A zero vector, which has no direction, stays zero; its gradient stays finite."""
    u = wide(u)
    squares = u.square().sum(-1, keepdim=True)
    return u * torch.where(squares > 0, squares, 1.0).rsqrt()


def squared_euclidean(u: Vectors, v: Vectors) -> Numbers:
    """|u - v|^2 for each row."""
    return (wide(u) - wide(v)).square().sum(-1)


def euclidean(u: Vectors, v: Vectors, eps: float = 1e-12) -> Numbers:
    """|u - v| for each row, as sqrt(|u - v|^2 + eps): at most sqrt(eps) = 1e-6 too long.

    The root of 0 has an infinite slope, and infinity times zero is NaN. With eps the gradient at u = v is 0.
    """
    return (squared_euclidean(u, v) + eps).sqrt()


def cosine(u: Vectors, v: Vectors) -> Numbers:
    """The cosine of the angle between u and v for each row, in [-1, 1]; 0 where one of them is zero."""
    return (unit_vectors(u) * unit_vectors(v)).sum(-1).clamp(-1, 1)


class PairHead(nn.Module):
    """A learned comparison: the logit of "same", w . [|u - v|, u * v] + b.

    Swapping u and v changes nothing. features: of one embedding.
    """

    def __init__(self, features: int):
        super().__init__()
        self.linear = nn.Linear(2 * features, 1)

    def forward(self, u: Vectors, v: Vectors) -> Numbers:
        return self.linear(torch.cat([(u - v).abs(), u * v], -1)).squeeze(-1)


class Siamese(nn.Module):
    """head(left(x1), right(x2)) for a pair (x1, x2).

    tower: answers [batch, features]. head: takes (u, v) and answers one number a pair; `euclidean` if None.
    shared: "all": left and right are one module. "none": right is a copy of its own, with other weights.
    A whole number n: the last n children of the tower are in both, the children before them are separate.
    A separate copy takes each weight tensor's entries in a new random order (torch's generator, no entry in
    its old place): another draw that follows the tower's own initialisation, whatever that was. Constants, as
    in batch norm, stay.

    With shared="all" both items of all pairs go through in ONE batch of 2b rows. That is quicker than two
    calls, and batch norm takes its mean over both sides: same statistics for x1 and x2. Otherwise each side
    goes through by itself, and a shared batch norm sees one side after the other.
    The state dict holds shared weights once, under "left.".
    Raises ValueError for another `shared`, or more children than the tower has.
    """

    def __init__(
        self, tower: nn.Module, head: Callable[[Tensor, Tensor], Tensor] | None = None, *,
        shared: str | int = "all",
    ):
        super().__init__()
        self.shared = shared
        self.left = tower
        self.right = tower if shared == "all" else _second(tower, shared)
        self.head = euclidean if head is None else head
        self.register_state_dict_post_hook(_leave_out_twins)
        self.register_load_state_dict_pre_hook(_put_in_twins)

    def embed(
        self, a: Float[Tensor, "first *item"], b: Float[Tensor, "second *item"]
    ) -> tuple[Float[Tensor, "first features"], Float[Tensor, "second features"]]:
        """(left(a), right(b)), in float32 where the towers answer in half precision."""
        if self.left is not self.right:
            return wide(self.left(a)), wide(self.right(b))
        z = wide(self.left(torch.cat([a, b])))
        return z[: len(a)], z[len(a) :]

    def forward(self, x: Float[Tensor, "batch 2 *item"]) -> Numbers:
        if x.dim() < 2 or x.shape[1] != 2:
            raise ValueError(f"x must hold two items a row, shape [batch, 2, ...]; got {tuple(x.shape)}")
        return self.head(*self.embed(x[:, 0], x[:, 1]))

    def extra_repr(self) -> str:
        return f"shared={self.shared!r}"


def _second(tower: nn.Module, shared: str | int) -> nn.Module:
    """A copy of the tower with shuffled weights; its last `shared` children are the tower's own."""
    children = list(tower.children())
    number = 0 if shared == "none" else shared
    if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= len(children):
        raise ValueError('shared must be "all", "none", or how many of the last children of the tower are in '
                         f"both, from 0 to {len(children)}; got {shared!r}")
    common = children[len(children) - number :]
    right = copy.deepcopy(tower, {id(child): child for child in common})
    kept = {id(p) for child in common for p in child.parameters()}
    with torch.no_grad():
        for p in right.parameters():
            if id(p) not in kept:
                order = torch.randperm(p.numel()).to(p.device)
                shuffled = p.flatten().clone()
                shuffled[order] = shuffled[order.roll(1)]  # one cycle, so no entry stays in its place
                p.copy_(shuffled.view_as(p))
    return right


def _twins(model: Siamese) -> list[str]:
    """Names of the right tower's tensors that are the left tower's: safetensors takes each only once."""
    names = []
    for kind in ("named_parameters", "named_buffers"):
        left = dict(getattr(model.left, kind)(remove_duplicate=False))
        right = getattr(model.right, kind)(remove_duplicate=False)
        names += [name for name, value in right if value is left.get(name)]
    return names


def _leave_out_twins(model: Siamese, state: dict, prefix: str, _) -> None:
    for name in _twins(model):
        state.pop(f"{prefix}right.{name}", None)


def _put_in_twins(model: Siamese, state: dict, prefix: str, *_) -> None:
    for name in _twins(model):
        if f"{prefix}left.{name}" in state:
            state.setdefault(f"{prefix}right.{name}", state[f"{prefix}left.{name}"])
