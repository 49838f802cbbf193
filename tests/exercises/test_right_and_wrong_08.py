"""08-1 to 08-5: right answers written differently pass, wrong ones that no mutant lists are refused."""

import pytest
import torch
from answers import right_and_wrong

from course_lib.blocks.selu import lecun_normal_
from course_lib.exercises import registry
from course_lib.exercises.check import judge

AFFINE = "q = 1 - p\na = ((1 - p) * (1 + p * floor ** 2)) ** -0.5\nb = -a * p * floor\n"
BELL = "w = torch.exp(-z ** 2 / (2 * var))\nw = w / w.sum()\nm = (w * f(z)).sum()\n"
RIGHT = {
    "08-1": {
        "exp minus one": "left = lam * alpha * (torch.exp(left_z) - 1)",
        "elu": "left = lam * F.elu(left_z, alpha)",
        "spread out": "left = lam * alpha * left_z.exp() - lam * alpha",
    },
    "08-2": {
        "no grad":
            "n = layer.weight[0].numel()\nwith torch.no_grad():\n    layer.weight.normal_(0, n ** -0.5)\n"
                   "    if layer.bias is not None:\n        layer.bias.zero_()",
        "kaiming linear": "nn.init.kaiming_normal_(layer.weight, nonlinearity='linear')\n"
                          "if layer.bias is not None:\n    layer.bias.data *= 0",
        "data": "w = layer.weight.data\nw.copy_(torch.randn_like(w) / w[0].numel() ** 0.5)\n"
                "if layer.bias is not None:\n    layer.bias.data.fill_(0)",
    },
    "08-3": {
        "other form":
            f"if not training:\n    return x\n{AFFINE}return a * torch.where(kept > 0, x, floor) + b",
        "copy at test time": f"if not training:\n    return x.clone()\n{AFFINE}"
                             "return a * (kept * (x - floor) + floor) + b",
    },
    "08-4": {
        "trapezium": "pdf = torch.exp(-z ** 2 / (2 * var)) / (2 * torch.pi * var) ** 0.5\n"
                     "m = torch.trapezoid(pdf * f(z), z)\n"
                     "return m.item(), torch.trapezoid(pdf * (f(z) - m) ** 2, z).item()",
        "distribution": "w = torch.distributions.Normal(0., std).log_prob(z).softmax(0)\nm = w @ f(z)\n"
                        "return torch.stack([m, w @ f(z) ** 2 - m ** 2])",
    },
    "08-5": {
        "in its own units": "floor = -1.7580993408473766 * s\nq, x = 1 - p, s * F.selu(z / s)\n"
                            "a = s / (q * ((1 - q) * floor ** 2 + s ** 2)) ** 0.5\n"
                            "return a * torch.where(kept, x, floor) - a * (1 - q) * floor",
        "through the friend": "return s * friends_layer(z / s, kept, p, 1.0)",
    },
}  # fmt: skip
WRONG = {
    "08-1": {
        "swapped": "left = right", "sign": "left = -lam * alpha * torch.expm1(left_z)",
        "detached": "left = lam * alpha * torch.expm1(left_z).detach()",
        "fixed constants": "left = 1.7580993408473766 * torch.expm1(left_z)",
        "clamped too": "left = (lam * alpha * torch.expm1(left_z)).clamp(min=-1)",
        "in place": "z *= 1.1\nleft = lam * alpha * torch.expm1(left_z)",
    },
    "08-2": {
        "nothing": "pass", "uniform": "b = (3 / layer.weight[0].numel()) ** 0.5\n"
                                      "nn.init.uniform_(layer.weight, -b, b)",
        "xavier": "nn.init.xavier_normal_(layer.weight)", "zeros": "nn.init.zeros_(layer.weight)",
        "constant": "nn.init.constant_(layer.weight, layer.weight[0].numel() ** -0.5)",
        "seeded": "torch.manual_seed(0)\nnn.init.normal_(layer.weight, 0, layer.weight[0].numel() ** -0.5)\n"
                  "if layer.bias is not None:\n    nn.init.zeros_(layer.bias)",
        "frozen": "nn.init.normal_(layer.weight, 0, layer.weight[0].numel() ** -0.5)\n"
                  "layer.weight.requires_grad_(False)",
    },
    "08-3": {
        "always off": "return x", "torch": "return F.alpha_dropout(x, p, training)",
        "detached": f"if not training:\n    return x\n{AFFINE}"
                    "return (a * (x * kept + floor * (1 - kept)) + b).detach()",
        "p for q": "if not training:\n    return x\na = (p + floor ** 2 * p * (1 - p)) ** -0.5\n"
                   "return a * (x * kept + floor * (1 - kept)) - a * p * floor",
        "scaled at test time": f"{AFFINE}if not training:\n    return (1 - p) * x\n"
                               "return a * (x * kept + floor * (1 - kept)) + b",
        "normalised by the batch": "if not training:\n    return x\ny = x * kept + floor * (1 - kept)\n"
                                   "return (y - y.mean()) / y.std()",
    },
    "08-4": {
        "constant": "return 0.0, 1.0", "as a list of three": f"{BELL}return [m, m, m]",
        "of z": "w = torch.exp(-z ** 2 / (2 * var))\nw = w / w.sum()\nreturn 0.0, float((w * z ** 2).sum())",
        "half the grid": f"z = z[z > 0]\n{BELL}return float(m), float((w * f(z) ** 2).sum() - m ** 2)",
        "text": "return 'a', 'b'", "nan": "return float('nan'), 1.0",
    },
    "08-5": {
        "identity": "return z", "torch": "return s * F.alpha_dropout(F.selu(z / s), p, True)",
        "floor at zero": "return torch.where(kept, s * F.selu(z / s), 0.0)",
        "mask inverted": "return s * friends_layer(z / s, ~kept, p, 1.0)",
        "other power": "return s ** 2 * friends_layer(z / s, kept, p, 1.0)",
    },
}  # fmt: skip


test_right_in_another_way, test_unlisted_wrong_answers_are_refused = right_and_wrong(RIGHT, WRONG)


def test_the_librarys_own_start_passes():
    def start(layer):
        lecun_normal_(layer.weight)
        if layer.bias is not None:
            torch.nn.init.zeros_(layer.bias)

    assert judge(registry()["08-2"], start).state == "right"


@pytest.mark.parametrize("k", range(5))
def test_a_right_start_passes_with_any_seed(k):
    torch.manual_seed(k)
    assert judge(registry()["08-2"], registry()["08-2"].solution).state == "right"
