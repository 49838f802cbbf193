"""Federated averaging: several owners of data train one net, and only weights travel.

    in each round, every client k trains a copy of w on its own n_k images; then  w <- sum_k (n_k / n) w_k

McMahan et al.: Communication-Efficient Learning of Deep Networks from Decentralized Data (2016),
arXiv 1602.05629. Nothing here keeps the weights from telling about the images: that needs more.
"""

import copy
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_lib.train.fit import fit
from course_lib.train.schedules import Schedule, constant

Client = tuple[Float[Tensor, "images ..."], Int[Tensor, " images"]]


def federated_average(models: Sequence[nn.Module], sizes: Sequence[float]) -> dict[str, Tensor]:
    """The state sum_k (n_k / n) w_k, for `load_state_dict`: parameters and floating buffers.

    Integer buffers, such as batch norm's count of batches, are those of the first model.
    models: of one shape. sizes: n_k, the images of each. Raises ValueError if there are no models, not one
    size for each, a size below 0, none above it, or models of other shapes.
    """
    if not len(models) or len(models) != len(sizes):
        raise ValueError(f"models and sizes must be equally many, one at least: got {len(models)} and "
                         f"{len(sizes)}")
    if min(sizes) < 0 or not 0 < sum(sizes) < float("inf"):
        raise ValueError(f"sizes must be numbers of 0 or more, one above 0, got {list(sizes)}")
    states = [model.state_dict() for model in models]
    shapes = [{name: value.shape for name, value in state.items()} for state in states]
    if any(shape != shapes[0] for shape in shapes):
        raise ValueError("models must all have the same parameters and buffers")
    shares = [size / sum(sizes) for size in sizes]
    return {name: _mean([state[name] for state in states], shares) for name in states[0]}


def _mean(values: list[Tensor], shares: list[float]) -> Tensor:
    if not values[0].is_floating_point():
        return values[0].clone()
    if values[0].device.type == "mps":  # it has no float64
        return sum(share * value for share, value in zip(shares, values, strict=True))
    total = sum(share * value.double() for share, value in zip(shares, values, strict=True))
    return total.to(values[0].dtype)


def fit_federated(
    model: nn.Module, clients: Sequence[Client], *, rounds: int, local_steps: int, lr: float = 0.1,
    schedule: Schedule | None = None, batch_size: int | None = 64, momentum: float = 0.0, seed: int = 0,
    **more,
) -> Float[np.ndarray, "rounds clients"]:
    """Train `model` in place by federated averaging; answers each client's last local loss in each round.

    clients: (x, y) of each. local_steps: updates of each client in a round, of a fresh optimiser.
    schedule: round -> factor of lr, 1 if None. batch_size: at most so many images, fewer for a client that
    has fewer; None for all of a client's. more: of `fit`.
    momentum: local steps drive clients of different classes apart, and momentum adds to it (digits in 4
    disjoint sets of classes, 10 rounds of 15 steps at lr 0.1: accuracy 0.82 without, 0.10 with 0.9).
    The first round of the first client draws as `fit` does with this seed, so one client in one round is
    plain `fit`. One local step on all images without momentum is one step on the pooled images.
    Raises ValueError for bad arguments.
    """
    if not len(clients):
        raise ValueError("clients must hold one (x, y) at least")
    if rounds < 1:
        raise ValueError(f"rounds must be at least 1, got {rounds}")
    if "checkpoint" in more:
        raise ValueError("checkpoint cannot be used here: all clients would write the same file")
    schedule = schedule or constant()
    sizes = [len(x) for x, _ in clients]
    losses = np.zeros((rounds, len(clients)))
    for r in range(rounds):
        local = [copy.deepcopy(model) for _ in clients]
        for k, (net, (x, y)) in enumerate(zip(local, clients, strict=True)):
            draw = seed + 10_007 * (r * len(clients) + k)
            history = fit(net, x, y, steps=local_steps, lr=lr * schedule(r), schedule=constant(), seed=draw,
                          momentum=momentum, batch_size=min(batch_size or len(x), len(x)), **more)
            losses[r, k] = history.loss[-1]
        model.load_state_dict(federated_average(local, sizes))
    return losses


def split_by_label(
    x: Float[Tensor, "images ..."], y: Int[Tensor, " images"], clients: int, seed: int = 0, *,
    own: float = 0.9,
) -> list[Client]:
    """Share images among clients so that each sees mostly some classes; every image goes to one of them.

    own: share of a class's images that go to its own client, the others go to any of the rest. Classes are
    dealt to the clients in a random order, as evenly as they go.
    Raises ValueError for fewer than 1 client or more than classes, or an `own` outside [0, 1].
    """
    classes = y.unique()
    if not 1 <= clients <= len(classes):
        raise ValueError(f"clients must be between 1 and the number of classes {len(classes)}, got {clients}")
    if not 0 <= own <= 1:
        raise ValueError(f"own must be in [0, 1], got {own}")
    generator = torch.Generator().manual_seed(seed)
    home = torch.empty(int(classes.max()) + 1, dtype=torch.long)
    dealt = classes.cpu()[torch.randperm(len(classes), generator=generator)]
    home[dealt] = torch.arange(len(classes)) % clients
    away = torch.rand(len(y), generator=generator) >= own
    step = torch.randint(1, max(clients, 2), (len(y),), generator=generator)
    owner = ((home[y.cpu()] + away * step) % clients).to(y.device)
    return [(x[owner == k], y[owner == k]) for k in range(clients)]
