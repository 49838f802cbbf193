"""10-1 to 10-4, 10-8: right answers written differently pass, wrong ones that no mutant lists are refused."""

import pytest
import torch
from answers import right_and_wrong, with_any_seed

from course_lib.exercises import registry
from course_lib.exercises.check import judge
from course_lib.exercises.lesson_10.batch_hard import CASES, SLIPS, hard, points
from course_lib.exercises.oracle import equal

NET = "z = self.tower(torch.cat([a, b]))\n"
ROOT = "s = ((u - v) ** 2).sum(1)\n"
HARD = ("me = torch.eye(len(z), dtype=torch.bool)\np = d.masked_fill(~same | me, -torch.inf).amax(1)\n"
        "n = d.masked_fill(same, torch.inf).amin(1)\nok = p.isfinite() & n.isfinite()\n")
RIGHT = {
    "10-1": {
        "where": "each = torch.where(y == 1, d.square(), F.relu(lack).square())",
        "where over": "each = torch.where(y > 0.5, d, lack.clamp(min=0)) ** 2",
        "maximum": "each = y * d * d + (1 - y) * torch.maximum(lack, torch.zeros_like(lack)).pow(2)",
        "mask": "each = y * d ** 2 + (1 - y) * (lack > 0) * lack ** 2",
        "boolean": "each = (y == 1) * d ** 2 + (y == 0) * (d < margin) * (margin - d) ** 2",
        "lerp": "each = torch.lerp(lack.clamp_min(0) ** 2, d ** 2, y)",
        "stack": "each = torch.stack([F.relu(lack) ** 2, d ** 2]).gather(0, y.long()[None])",
        "list": "each = torch.stack([a ** 2 if s else max(margin - a, 0 * a) ** 2 for a, s in zip(d, y)])",
        "scaled": "each = margin ** 2 * (y * (d / margin) ** 2 + (1 - y) * F.relu(1 - d / margin) ** 2)",
        "in place on its own": "each = F.relu(lack)\neach = each * each * (1 - y)\neach += y * d ** 2",
        "of the sum": "each = (y * d + (1 - y) * lack).clamp(min=0) ** 2",
        "hinge": "each = ((1 - y) * lack.relu() + y * d) ** 2",
        "huber free": "each = -(y * -d ** 2 - (1 - y) * lack.clamp(min=0) ** 2)",
    },
    "10-2": {
        "norm": "return (u - v).norm(dim=1)",
        "vector_norm": "return torch.linalg.vector_norm(u - v, dim=-1)",
        "pairwise_distance": "return F.pairwise_distance(u, v)",
        "clamped": f"{ROOT}return s.clamp(min=1e-12).sqrt()",
        "larger": f"{ROOT}return (s + 1e-8).sqrt()",
        "smaller": f"{ROOT}return torch.sqrt(s + 1e-30)",
        "power": f"{ROOT}return (s + 1e-12) ** 0.5",
        "where, twice": f"{ROOT}zero = s == 0\nreturn torch.where(zero, 0.0, torch.where(zero, 1.0, "
                        f"s).sqrt())",
        "einsum": "g = u - v\nreturn (torch.einsum('ij,ij->i', g, g) + 1e-12).sqrt()",
        "cdist": "return torch.cdist(u[:, None], v[:, None])[:, 0, 0]",
        "loop": "return torch.stack([((a - b).pow(2).sum() + 1e-12).sqrt() for a, b in zip(u, v)])",
        "lifted back": f"{ROOT}return (s + 1e-8).sqrt() - 1e-4",
        "hypot": f"{ROOT}return torch.linalg.norm(u.sub(v), ord=2, dim=1)",
    },
    "10-3": {
        "slices": f"{NET}n = len(a)\nreturn z[:n], z[n:]",
        "split": f"{NET}return z.split(len(a))",
        "unflatten": f"{NET}return z.unflatten(0, (2, -1))",
        "list": f"{NET}return [z[: len(z) // 2], z[len(z) // 2:]]",
        "b first": "v, u = self.tower(torch.cat([b, a])).chunk(2)\nreturn u, v",
        "stacked": "z = self.tower(torch.stack([a, b]).flatten(0, 1))\nreturn torch.tensor_split(z, 2)",
        "vstack": "z = self.tower(torch.concatenate((a, b), dim=0))\nreturn tuple(z.view(2, len(a), -1))",
        "interleaved": "z = self.tower(torch.stack([a, b], 1).flatten(0, 1))\nreturn z[::2], z[1::2]",
        "dealt back": "n = len(a)\nx = torch.cat([a, b]).reshape(2 * n, *a.shape[1:])\nz = self.tower(x)\n"
                      "return z.narrow(0, 0, n), z.narrow(0, n, n)",
        "forward": "both = self.tower.forward(torch.cat([a, b]))\nreturn both[:a.shape[0]], "
                   "both[a.shape[0]:]",
        "generator": f"{NET}return (half for half in z.chunk(2))",
    },
    "10-4": {
        "where": "me = torch.eye(len(z), dtype=torch.bool)\np = torch.where(same & ~me, d, "
                 "-1.0).max(1).values\n"
                 "n = torch.where(same, 1e9, d).min(1).values\nok = (p >= 0) & (n < 1e9)\n"
                 "return F.relu(p - n + margin)[ok].mean()",
        "loops": "paid = []\nfor i in range(len(z)):\n"
                 "    p = [d[i, j] for j in range(len(z)) if same[i, j] and i != j]\n"
                 "    n = [d[i, j] for j in range(len(z)) if not same[i, j]]\n    if p and n:\n"
                 "        paid.append(F.relu(margin + max(p) - min(n)))\nreturn sum(paid) / len(paid)",
        "indices": "i = torch.arange(len(z))\nhas = (same.sum(1) > 1) & ~same.all(1)\n"
                   "p = (d * same).argmax(1)\nn = (d + 1e6 * same).argmin(1)\n"
                   "return (margin + d[i, p] - d[i, n])[has].clamp(min=0).mean()",
        "sum over count": f"{HARD}return (F.relu(margin + p - n) * ok).sum() / ok.sum()",
        "times same": "p = (d * same).amax(1)\nn = (d + 1e6 * same).amin(1)\n"
                      "ok = (same.sum(1) > 1) & ~same.all(1)\nreturn (margin + p - "
                      "n)[ok].clamp(min=0).mean()",
        "fill_diagonal": "other = same.clone().fill_diagonal_(False)\n"
                         "p = d.masked_fill(~other, -9e9).max(1)[0]\nn = d.masked_fill(same, 9e9).min(1)[0]\n"
                         "ok = other.any(1) & (~same).any(1)\nreturn (p - n + margin)[ok].relu().mean()",
        "cdist": f"d = torch.cdist(z, z)\n{HARD}return (margin + p - n)[ok].clamp(min=0).mean()",
        "maximum": f"{HARD}return torch.maximum(margin + p - n, torch.zeros_like(p))[ok].mean()",
        "torch's own": f"{HARD}a = p[ok]\nreturn F.margin_ranking_loss(n[ok], a, torch.ones_like(a), margin)",
        "sorted": "me = torch.eye(len(z), dtype=torch.bool)\np = d.masked_fill(~same | me, "
                  "-9).sort(1)[0][:, -1]\n"
                  "n = d.masked_fill(same, 1e6).sort(1)[0][:, 0]\nok = (p > -9) & (n < 1e6)\n"
                  "return (margin + p - n)[ok].clamp(min=0).mean()",
        "triplet_margin": f"{HARD}i = torch.nonzero(ok)[:, 0]\nm = d.masked_fill(~same, -1)[i].argmax(1)\n"
                          "k = d.masked_fill(same, 1e9)[i].argmin(1)\n"
                          "return F.triplet_margin_loss(z[i], z[m], z[k], margin, eps=0.0)",
    },
    "10-8": {
        "hstack": "return torch.hstack([abs(u - v), u * v])",
        "dim -1": "return torch.cat(((v - u).abs(), v * u), dim=-1)",
        "max minus min": "return torch.cat([torch.maximum(u, v) - torch.minimum(u, v), u * v], 1)",
        "column stack": "return torch.column_stack([(u - v).abs(), u.mul(v)])",
        "empty": "out = u.new_empty(len(u), 2 * u.shape[1])\nout[:, :u.shape[1]] = (u - v).abs()\n"
                 "out[:, u.shape[1]:] = u * v\nreturn out",
        "where": "g = u - v\nreturn torch.cat([torch.where(g > 0, g, -g), u * v], 1)",
        "two relus": "return torch.cat([F.relu(u - v) + F.relu(v - u), u * v], 1)",
        "l1_loss": "return torch.cat([F.l1_loss(u, v, reduction='none'), u * v], 1)",
        "stack, flatten": "return torch.stack([(u - v).abs(), u * v], 1).flatten(1)",
        "rows": "return torch.stack([torch.cat([(a - b).abs(), a * b]) for a, b in zip(u, v)])",
        "root with epsilon": "return torch.cat([((u - v) ** 2 + 1e-24).sqrt(), u * v], 1)",
        "polarised": "return torch.cat([(u - v).abs(), ((u + v) ** 2 - (u - v) ** 2) / 4], 1)",
        "sign": "g = u - v\nreturn torch.cat([g * g.sign(), u * v], 1)",
    },
}  # fmt: skip
WRONG = {
    "10-1": {
        "log": "each = F.binary_cross_entropy_with_logits(-d, y, reduction='none')", "zero": "each = 0 * d",
        "absolute": "each = (lack - d) ** 2",
        "softplus": "each = y * d ** 2 + (1 - y) * F.softplus(lack) ** 2", "none": "each = None",
        "detached": "each = y * d ** 2 + (1 - y) * lack.detach().clamp(min=0) ** 2",
        "fourth": "each = y * d ** 4 + (1 - y) * lack.clamp(min=0) ** 4",
        "clamped above": "each = y * d.clamp(max=1) ** 2 + (1 - y) * lack.clamp(min=0) ** 2",
        "square first": "each = y * d ** 2 + (1 - y) * (lack ** 2).clamp(min=0)",
        "y squared away": "each = y * (d ** 2) + 1 - y * lack.clamp(min=0) ** 2",
        "in place": "d *= 0.5\neach = y * d ** 2 + (1 - y) * lack.clamp(min=0) ** 2",
        "over similar": "each = d[y == 1] ** 2",
        "balanced": "each = (y * d ** 2) / y.sum() + (1 - y) * lack.clamp(min=0) ** 2",
        "labels changed": "y[0] = 1\neach = y * d ** 2 + (1 - y) * lack.clamp(min=0) ** 2",
        "margin 1": "each = y * d ** 2 + (1 - y) * (1 - d).clamp(min=0) ** 2",
    },
    "10-2": {
        "outside": f"{ROOT}return s.sqrt() + 1e-12", "where": f"{ROOT}return torch.where(s > 0, s.sqrt(), "
                                                              f"0.0)",
        "nan_to_num": f"{ROOT}return torch.nan_to_num(s.sqrt())", "cosine": "return "
                                                                            "F.cosine_similarity(u, v)",
        "largest": "return (u - v).abs().amax(1)", "1e-6": f"{ROOT}return (s + 1e-6).sqrt()",
        "under the square": "return ((u - v + 1e-3) ** 2).sum(1).sqrt()", "none": "((u - v) ** 2).sum(1)",
        "no grad": f"{ROOT}with torch.no_grad():\n    return (s + 1e-12).sqrt()",
        "clamped root": f"{ROOT}return s.sqrt().clamp(min=1e-6)", "p 3": "return (u - v).norm(p=3, dim=1)",
        "numpy": "import numpy as np\nreturn torch.tensor(np.linalg.norm((u - v).detach().numpy(), axis=1))",
        "in place": "u -= v\nreturn u.norm(dim=1)", "integers": "return (u - v).norm(dim=1).round()",
        "mean": "return (u - v).norm(dim=1).mean()", "float32 only": f"{ROOT}return (s.float() + "
                                                                     f"1e-6).sqrt()",
        "cut": "return (u - v).norm(dim=1).clamp(max=10)", "half": f"{ROOT}return (s / 2 + 1e-12).sqrt()",
    },
    "10-3": {
        "tower of itself": "z = self.tower(a)\nreturn z, z", "same": "return a, b",
        "difference in": "z = self.tower(a - b)\nreturn z, -z", "tensor": f"{NET}return z",
        "columns": "return self.tower(torch.cat([a, b], 1)).chunk(2)", "three": f"{NET}return z.chunk(3)",
        "no grad": f"with torch.no_grad():\n    {NET}return z.chunk(2)",
        "normed": f"{NET}return F.normalize(z, dim=1).chunk(2)", "none": f"{NET}",
        "by columns": f"{NET}return z.chunk(2, dim=1)", "off by one": f"{NET}return z[:len(a) - 1], "
                                                                      f"z[len(a):]",
        "run twice": f"self.tower(a)\n{NET}return z.chunk(2)", "halves of a": "return self.tower(a).chunk(2)",
        "reset": "for p in self.tower.parameters():\n    p.data.zero_()\n" + f"{NET}return z.chunk(2)",
        "second copied": "import copy\nu, _ = self.tower(torch.cat([a, b])).chunk(2)\n"
                         "_, v = copy.deepcopy(self.tower)(torch.cat([a, b])).chunk(2)\nreturn u, v",
        "functional": f"{NET}return z[:len(a)], z[len(a):].data", "in place": f"a *= 2\n{NET}return "
                                                                              f"z.chunk(2)",
        "with distance": f"{NET}u, v = z.chunk(2)\nreturn u, v, (u - v).norm(dim=1)",
        "one by one": "z = [self.tower(x) for x in torch.cat([a, b]).split(1)]\n"
                      "return torch.cat(z).chunk(2)",
    },
    "10-4": {
        "zero": "return z.sum() * 0", "all pairs": "return (margin + d - d.T).clamp(min=0).mean()",
        "plain number": f"{HARD}return F.relu(margin + p - n)[ok].mean().item()",
        "detached": f"{HARD}return F.relu(margin + p - n.detach())[ok].mean()",
        "each": f"{HARD}return F.relu(margin + p - n)[ok]", "soft": f"{HARD}return F.softplus(p - "
                                                                    f"n)[ok].mean()",
        "squares": f"{HARD}return F.relu(margin + p ** 2 - n ** 2)[ok].mean()",
        "margin 1": f"{HARD}return F.relu(1 + p - n)[ok].mean()", "none": HARD,
        "nan": f"{HARD}return F.relu(margin + p - n).mean() * torch.nan",
        "one class": f"{HARD}return F.relu(margin + p - n)[y == y[0]].mean()",
        "over items": f"{HARD}return F.relu(margin + p - n)[ok].sum() / len(z)",
        "columns": f"{HARD}return F.relu(margin + p.max() - n.min())",
        "median": f"{HARD}return F.relu(margin + p - n)[ok].median()",
        "batch in place": f"z.data.zero_()\n{HARD}return F.relu(margin + p - n)[ok].mean()",
    },
    "10-8": {
        "one side": "return torch.cat([u, u], 1)", "sum": "return torch.cat([u + v, u * v], 1)",
        "euclid": "return (u - v).norm(dim=1)", "abs late": "return torch.cat([u - v, u * v], 1).abs()",
        "abs early": "return torch.cat([u.abs() - v.abs(), u * v], 1)", "mean": "return ((u + v) / 2)",
        "detached": "return torch.cat([(u - v).abs(), u.detach() * v], 1)", "none": "torch.cat([u, v], 1)",
        "tuple": "return (u - v).abs(), u * v", "matmul": "return torch.cat([(u - v).abs(), u @ v.T], 1)",
        "in place": "u -= v\nreturn torch.cat([u.abs(), u * v], 1)",
        "quotient": "return torch.cat([(u - v).abs(), u / v], 1)", "max": "return torch.maximum(u, v)",
        "clamped": "return torch.cat([(u - v).clamp(min=0), u * v], 1)",
        "normed": "return torch.cat([(u - v).abs(), F.normalize(u) * F.normalize(v)], 1)",
        "layer": "return nn.Linear(2 * u.shape[1], 1)(torch.cat([(u - v).abs(), u * v], 1))",
    },
}  # fmt: skip


test_right_in_another_way, test_unlisted_wrong_answers_are_refused = right_and_wrong(RIGHT, WRONG)


def test_a_net_that_builds_a_second_tower_is_told_so():
    import copy

    class TwinNet(registry()["10-3"].solution):
        def __init__(self, tower):
            super().__init__(tower)
            self.other = copy.deepcopy(tower)

    found = judge(registry()["10-3"], TwinNet)
    assert "more parameters than its tower" in found.message


def test_a_net_of_a_copy_and_a_hidden_tower_are_told_so():
    import copy

    class Copied(registry()["10-3"].solution):
        def __init__(self, tower):
            super().__init__(copy.deepcopy(tower))

    class Hidden(torch.nn.Module):
        def __init__(self, tower):
            super().__init__()
            self.towers = [tower]

        def forward(self, a, b):
            return self.towers[0](torch.cat([a, b])).chunk(2)

    Copied.__name__ = Hidden.__name__ = "TwinNet"
    assert "is this a copy" in judge(registry()["10-3"], Copied).message
    assert "no parameters" in judge(registry()["10-3"], Hidden).message


test_the_right_answers_pass_with_any_seed = with_any_seed(RIGHT)


@pytest.mark.parametrize("slip", SLIPS, ids=" and ".join)
def test_the_triplet_loss_with_a_slip_is_another_and_without_any_that_of_the_solution(slip):
    torch.manual_seed(0)
    cases = [(points(y), y, margin) for y, margin in ((torch.tensor(labels), m) for labels, m in CASES)]
    assert all(equal(registry()["10-4"].solution(*case), hard(*case)) for case in cases)
    assert any(not equal(hard(*case, *slip), hard(*case)) for case in cases)
