"""Several nets that answer as one: by their mean probability, or by the most confident of them.

With p_k(c) the probability that member k gives class c:
    mean: argmax_c of mean_k p_k(c)
    max:  k* = argmax_k max_c p_k(c), then argmax_c p_k*(c); that is argmax_c of max_k p_k(c)
The two forms of "max" can differ only where two members are equally sure of two classes; the second breaks
such a tie by the class instead of the member, and is what is computed.

Nothing is hidden from an attacker: the scores are the decision rule, and gradients go through. In "max" each
class has the slope of the member that is surest of it, so to fool the ensemble is to make one member surer of
a wrong class than every member is of the right one. That such attacks work: He et al.: Adversarial Example
Defenses: Ensembles of Weak Defenses are not Strong (2017), arXiv 1706.04701.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

Images = Float[Tensor, "images ..."]
Scores = Float[Tensor, "images classes"]
RULES = ("mean", "max")


class Ensemble(nn.Module):
    """Members that answer as one. To let the attacked net join them: `Ensemble([*members, source], rule)`.

    members: modules, pixels -> logits [images, classes]; they are registered, and stay in the mode they are
    in. rule: "mean" or "max".
    forward answers scores [images, classes] that can stand for logits: their argmax is the decision.
        mean: log of the mean probability, so that softmax gives the mean probability back
        max:  log-odds of the largest probability. In log(p) two members that are both sure to 7 digits
              would be equal; log-odds tell them apart, and keep a slope for who attacks them.
    Each row is shifted so that its largest score is 0, which keeps near-ties apart in float32.
    Raises ValueError for no member, an unknown rule, or members that differ in their classes.
    """

    def __init__(self, members: Sequence[nn.Module], rule: str = "mean"):
        super().__init__()
        if not len(members):
            raise ValueError("members must hold at least one net")
        if rule not in RULES:
            raise ValueError(f"rule must be one of {', '.join(RULES)}; got {rule!r}")
        self.members, self.rule = nn.ModuleList(members), rule

    def forward(self, x: Images) -> Scores:
        z = self.logits(x)
        scores = mean_log_p(wide(z)) if self.rule == "mean" else log_odds(wide(z)).amax(0)
        scores = scores - scores.detach().amax(1, keepdim=True)
        return scores.to(torch.promote_types(z.dtype, torch.float32))

    def logits(self, x: Images) -> Float[Tensor, "members images classes"]:
        """What each member says."""
        answers = [member(x.clone()) for member in self.members]  # a member may begin with an in-place layer
        if len({z.shape for z in answers}) > 1:
            shapes = ", ".join(str(tuple(z.shape)) for z in answers)
            raise ValueError(f"members must answer logits of one shape, got {shapes}")
        return torch.stack(answers)

    @torch.no_grad()
    def votes(self, x: Images) -> Int[Tensor, "members images"]:
        """The class that each member would answer."""
        return self.logits(x).argmax(2)

    @torch.no_grad()
    def winner(self, x: Images) -> Int[Tensor, " images"]:
        """Which member decides, the first of equals. Raises ValueError for rule "mean", where all do."""
        if self.rule != "max":
            raise ValueError("one member decides only by rule 'max'")
        odds = log_odds(wide(self.logits(x)))
        answer = odds.amax(0).argmax(1)
        return odds[:, torch.arange(len(answer)), answer].argmax(0)


def mean_log_p(z: Float[Tensor, "members images classes"]) -> Scores:
    """log of mean_k p_k(c)."""
    return z.log_softmax(2).logsumexp(0) - math.log(len(z))


def log_odds(z: Float[Tensor, "... classes"]) -> Float[Tensor, "... classes"]:
    """log(p / (1 - p)) of each class: its logit minus the logsumexp of the others. It grows with p."""
    own = torch.eye(z.shape[-1], dtype=torch.bool, device=z.device)
    others = z.unsqueeze(-2).masked_fill(own, -torch.inf).logsumexp(-1)
    return z - others


def wide(z: Tensor) -> Tensor:
    """float64 where there is such a thing: 1 - 1e-9 is a number there, and 1 in float32."""
    return z.float() if z.device.type == "mps" else z.double()
