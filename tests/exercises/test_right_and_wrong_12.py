"""12-1 to 12-3, 12-7: right answers written differently pass, unlisted wrong ones are refused."""

import torch
from answers import right_and_wrong, verdict, with_any_seed

from course_lib.attacks import fgsm
from course_lib.attacks.transfer import jacobian_step
from course_lib.exercises import registry
from course_lib.exercises.lesson_12 import pgd
from course_lib.exercises.lesson_12.pgd import CUT, END, GRADIENT, START, STEP
from course_lib.exercises.lesson_12.small_nets import a_net, some_images
from course_lib.exercises.oracle import equal

LOOP = f"{START}{GRADIENT}{STEP}{CUT}"
TARGET = "z = model(x)\n"
DOWN = "x_adv = (x - eps * g.sign()).clamp(0, 1)"
DOUBLE = "v = x.clone().requires_grad_()\nz = substitute(v)\n"
BACK = "v = (x + lam * g.sign()).clamp(0, 1)\nreturn torch.cat([x, v]), torch.cat([y, oracle(v)])"
RIGHT = {
    "12-1": {
        "torch.sign": "x_adv = torch.clamp(x + eps * torch.sign(g), 0.0, 1.0)",
        "where": "x_adv = torch.where(g > 0, x + eps, torch.where(g < 0, x - eps, x)).clamp(0, 1)",
        "loss again": "F.cross_entropy(model(x), y, reduction='sum').backward(inputs=[x])\n"
                      "x_adv = (x + eps * x.grad.sign()).clamp(0, 1)",
        "min and max": "x_adv = torch.minimum(torch.maximum(x + g.sign() * eps, 0 * x), torch.ones_like(x))",
        "delta": "delta = g.sign() * eps\ndelta = (x + delta).clamp(0, 1) - x\nx_adv = x + delta",
        "backward, cleared": "F.cross_entropy(model(x), y).backward()\nmodel.zero_grad()\n"
                             "x_adv = (x + eps * x.grad.sign()).clamp(0, 1)",
        "no_grad": "with torch.no_grad():\n    x_adv = x + eps * g.sign()\n    x_adv.clamp_(0, 1)",
        "hardtanh": "x_adv = F.hardtanh(x + eps * g.sign(), 0, 1)",
        "each image": "x_adv = torch.stack([(a + eps * b.sign()).clip(0, 1) for a, b in zip(x, g)])",
    },
    "12-2": {
        "delta": "t = model.training\nmodel.eval()\nd = torch.zeros_like(x)\nfor _ in range(steps):\n"
                 "    d = d.detach().requires_grad_()\n    loss = F.cross_entropy(model(x + d), y)\n"
                 "    g = torch.autograd.grad(loss, d)[0]\n"
                 "    d = (d.detach() + step_size * g.sign()).clamp(-eps, eps)\n"
                 "    d = (x + d).clamp(0, 1) - x\n"
                 "model.train(t)\nreturn x + d",
        "backward, cleared": f"{START}    F.cross_entropy(model(v), y).backward()\n    g = v.grad\n"
                             f"    model.zero_grad()\n    v = v.detach()\n{STEP}{CUT}{END}",
        "zeros left": f"{START}    F.cross_entropy(model(v), y).backward()\n    g = v.grad\n"
                      f"    model.zero_grad(set_to_none=False)\n    v = v.detach()\n{STEP}{CUT}{END}",
        "a box": "low, high = (x - eps).clamp(min=0), (x + eps).clamp(max=1)\n"
                 f"{LOOP.replace(CUT, '    v = torch.max(torch.min(v, high), low)' + chr(10))}{END}",
        "range first": LOOP.replace(CUT, "    v = v.clamp(0, 1).clamp(x - eps, x + eps)\n") + END,
        "sum": LOOP.replace("model(v), y)", "model(v), y, reduction='sum')") + END,
        "a copy": "import copy\nnet = copy.deepcopy(model).eval()\nv = x.clone()\nfor _ in range(steps):\n"
                  "    v.requires_grad_()\n    F.cross_entropy(net(v), y).backward()\n"
                  f"    g = v.grad\n    v = v.detach()\n{STEP}{CUT}return v",
        "in place on its own": "t = model.training\nmodel.eval()\nv = x.detach().clone()\n"
                               "for _ in range(steps):\n"
                               "    v.requires_grad_(True)\n    g, = torch.autograd.grad("
                               "F.nll_loss(F.log_softmax(model(v), 1), y), [v])\n    with torch.no_grad():\n"
                               "        v += step_size * g.sign()\n        v -= x\n"
                               "        v.clamp_(-eps, eps)\n"
                               "        v += x\n        v.clamp_(0, 1)\n    v.requires_grad_(False)\n"
                               "model.train(t)\nreturn v",
        "one by one": "t = model.training\nmodel.eval()\nout = []\nfor a, c in zip(x.split(1), y.split(1)):\n"
                      "    v = a.clone()\n    for _ in range(steps):\n        v.requires_grad_()\n"
                      "        g = torch.autograd.grad(F.cross_entropy(model(v), c), v)[0]\n"
                      "        v = (v.detach() + step_size * g.sign()).clamp(a - eps, a + eps).clamp(0, 1)\n"
                      "    out.append(v)\nmodel.train(t)\nreturn torch.cat(out)",
        "modes kept": "modes = [m.training for m in model.modules()]\nmodel.eval()\ntry:\n    v = x.clone()\n"
                      "    for _ in range(steps):\n        v = v.detach().requires_grad_()\n"
                      "        p = model(v).softmax(1).gather(1, y[:, None]).log()\n"
                      "        g = torch.autograd.grad(-p.sum(), v)[0]\n"
                      "        v = (v + step_size * g.sign()).clamp(x - eps, x + eps).clamp(0, 1)\nfinally:\n"
                      "    for m, t in zip(model.modules(), modes):\n        m.training = t\nreturn v",
        "functional": "t = model.training\nmodel.eval()\n"
                      "f = torch.func.grad(lambda v: F.cross_entropy(model(v), y))\nv = x\n"
                      "for _ in range(steps):\n    v = v + step_size * f(v).sign()\n"
                      "    v = v.clamp(x - eps, x + eps).clamp(0, 1)\nmodel.train(t)\nreturn v",
        "frozen meanwhile": f"[p.requires_grad_(False) for p in model.parameters()]\n{LOOP}"
                            f"[p.requires_grad_(True) for p in model.parameters()]\n{END}",
    },
    "12-3": {
        "minus the loss": "g = torch.autograd.grad(-F.cross_entropy(model(x), target), x)[0]\n"
                          "x_adv = (x + eps * g.sign()).clamp(0, 1)",
        "log p": "p = model(x).log_softmax(1).gather(1, target[:, None]).sum()\n"
                 "(g,) = torch.autograd.grad(p, x)\n"
                 "x_adv = (x + eps * g.sign()).clamp(0, 1)",
        "p": "p = model(x).softmax(1)[torch.arange(len(x)), target]\n(g,) = torch.autograd.grad(p.sum(), x)\n"
             "x_adv = torch.clamp(x + eps * g.sign(), 0, 1)",
        "sum": "F.cross_entropy(model(x), target, reduction='sum').backward(inputs=x)\n"
               "x_adv = (x - eps * x.grad.sign()).clamp(0, 1)",
        "backward, cleared": "F.cross_entropy(model(x), target).backward()\nmodel.zero_grad()\n"
                             "x_adv = (x - eps * x.grad.sign()).clamp(0, 1)",
        "one hot": "want = F.one_hot(target, model(x).shape[1]).double()\n"
                   f"(g,) = torch.autograd.grad(F.cross_entropy(model(x), want), x)\n{DOWN}",
        "nll": f"(g,) = torch.autograd.grad(nn.NLLLoss()(model(x).log_softmax(-1), target), x)\n{DOWN}",
    },
    "12-7": {
        "log p": f"{DOUBLE}p = z.log_softmax(1)[torch.arange(len(y)), y]\n"
                 f"(g,) = torch.autograd.grad(p.sum(), v)\n"
                 f"{BACK}",
        "minus the loss": f"{DOUBLE}g = -torch.autograd.grad(F.cross_entropy(z, y), v)[0]\n{BACK}",
        "down the loss": f"{DOUBLE}(g,) = torch.autograd.grad(F.cross_entropy(z, y), v)\n"
                         + BACK.replace("x + lam", "x - lam"),
        "log odds": f"{DOUBLE}a = z.gather(1, y[:, None])[:, 0]\n"
                    "r = z.scatter(1, y[:, None], -torch.inf).logsumexp(1)\n"
                    f"(g,) = torch.autograd.grad((a - r).sum(), v)\n{BACK}",
        "backward, cleared": f"{DOUBLE}z.softmax(1).gather(1, y[:, None]).mean().backward()\n"
                             f"substitute.zero_grad()\ng = v.grad\n{BACK}",
        "loop": "new = []\nfor a, c in zip(x, y):\n    v = a[None].clone().requires_grad_()\n"
                "    p = substitute(v).softmax(1)[0, c]\n    g = torch.autograd.grad(p, v)[0]\n"
                "    new.append((a + lam * g[0].sign()).clamp(0, 1))\nv = torch.stack(new)\n"
                "return torch.cat([x, v]), torch.cat([y, oracle(v)])",
        "asked one by one": f"{DOUBLE}p = z.softmax(1).gather(1, y[:, None])\n"
                            f"(g,) = torch.autograd.grad(p.sum(), v)"
                            "\nv = torch.clamp(x + lam * torch.sign(g), 0, 1)\n"
                            "new = torch.cat([oracle(a[None]) for a in v])\n"
                            "return [torch.vstack([x, v]), torch.hstack([y, new])]",
        "jacobian": "J = torch.autograd.functional.jacobian(lambda v: substitute(v).softmax(1).sum(0), x)\n"
                    f"g = J[y, torch.arange(len(y))]\n{BACK}",
        "one hot": f"{DOUBLE}p = (z.softmax(1) * F.one_hot(y, z.shape[1])).sum()\n"
                   f"(g,) = torch.autograd.grad(p, v)\n{BACK}",
    },
}  # fmt: skip
WRONG = {
    "12-1": {
        "quotient, 0 / 0": "x_adv = (x + eps * g / g.abs()).clamp(0, 1)",
        "up or down": "x_adv = torch.where(g > 0, x + eps, x - eps).clamp(0, 1)",
        "up else": "x_adv = torch.where(g < 0, x - eps, x + eps).clamp(0, 1)",
        "double": "x_adv = (x + 2 * eps * g.sign()).clamp(0, 1)",
        "half": "x_adv = (x + eps * g.sign() / 2).clamp(0, 1)",
        "range of x": "x_adv = (x + eps * g.sign()).clamp(x.min(), x.max())",
        "tanh": "x_adv = (x + eps * g.tanh()).clamp(0, 1)", "abs": "x_adv = (x + eps * g.abs()).clamp(0, 1)",
        "one sided": "x_adv = (x + eps * (g > 0)).clamp(0, 1)", "none": "x_adv = None",
        "of the mean": "x_adv = (x + eps * g.mean().sign()).clamp(0, 1)",
        "wrapped": "x_adv = (x + eps * g.sign()) % 1", "sigmoid": "x_adv = torch.sigmoid(x + eps * g.sign())",
        "rescaled": "v = x + eps * g.sign()\nx_adv = (v - v.min()) / (v.max() - v.min())",
        "rounded": "x_adv = ((x + eps * g.sign()).clamp(0, 1) * 255).round() / 255",
        "labels": "y += 0 * y\ny[0] = 1 - y[0]\nx_adv = (x + eps * g.sign()).clamp(0, 1)",
        "one image": "x_adv = (x[:1] + eps * g[:1].sign()).clamp(0, 1)",
        "zeros moved": "x_adv = (x + eps * (2 * (g >= 0) - 1)).clamp(eps, 1 - eps)",
        "train mode": "model.train()\n"
                      "x_adv = (x + eps * torch.autograd.grad(F.cross_entropy(model(x), y), x)[0]"
                      ".sign()).clamp(0, 1)",
        "largest logit": "x_adv = (x + eps * torch.autograd.grad(-model(x).amax(1).sum(), "
                         "x)[0].sign()).clamp(0, 1)",
    },
    "12-2": {
        "never": "return x", "perfect": f"{LOOP}{END}.detach() * 0 + 1", "none": LOOP + "model.train(t)",
        "L2 ball": f"{START}{GRADIENT}{STEP}    d = v - x\n"
                   f"    n = d.flatten(1).norm(dim=1).view(-1, 1, 1, 1)\n"
                   f"    v = (x + d * (eps / n).clamp(max=1)).clamp(0, 1)\n{END}",
        "fooled stay": f"{START}{GRADIENT}    ok = (model(v).argmax(1) == y).view(-1, 1, 1, 1)\n"
                       f"    v = v + ok * step_size * g.sign()\n{CUT}{END}",
        "momentum": "m = 0\n" + LOOP.replace("    v = v.detach()\n", "    v = v.detach()\n"
                    "    m = g = m + g\n") + END,
        "smaller steps": f"{START}{GRADIENT}{STEP}{CUT}    step_size = step_size / 2\n{END}",
        "ball of 2 eps": LOOP.replace("x - eps, x + eps", "x - 2 * eps, x + 2 * eps") + END,
        "the copy in train mode": "import copy\nt, model = model, copy.deepcopy(model)\nv = x.clone()\n"
                                  f"for _ in range(steps):\n    v.requires_grad_()\n"
                                  f"{GRADIENT}{STEP}{CUT}return v",
        "the best on the way": "best, top = x, torch.full((len(x),), -torch.inf)\n"
                               f"{START.replace('    v.req', '    v = v.detach()' + chr(10) + '    v.req')}"
                               f"{GRADIENT}{STEP}{CUT}    with torch.no_grad():\n"
                               "        loss = F.cross_entropy(model(v), y, reduction='none')\n"
                               "    best = torch.where((loss > top).view(-1, 1, 1, 1), v, best)\n"
                               "    top = torch.maximum(top, loss)\nmodel.train(t)\nreturn best",
        "weights frozen": f"[p.requires_grad_(False) for p in model.parameters()]\n{LOOP}{END}",
        "x asks": LOOP.replace("x.clone()", "x.requires_grad_()") + END,
        "targeted": LOOP.replace("(model(v), y)", "(model(v), 1 - y.clamp(max=1))") + END,
        "the model's label": LOOP.replace("(model(v), y)", "(model(v), model(v).argmax(1))") + END,
        "statistics put back": "b = {k: v.clone() for k, v in model.state_dict().items()}\n"
                               f"{START.replace('model.eval()', 'pass')}{GRADIENT}{STEP}{CUT}"
                               "model.load_state_dict(b)\nreturn v",
        "integers": f"{LOOP}v = (v * 255).floor() / 255\n{END}",
        "weights moved": f"{LOOP}model[0].bias.data += 1e-3\n{END}",
        "only batch norm": LOOP.replace("model.eval()", "model[1].eval()") + END,
    },
    "12-3": {
        "another": "(g,) = torch.autograd.grad(F.cross_entropy(model(x), (target + 1) % 2), x)\n" + DOWN,
        "twice": "(g,) = torch.autograd.grad(F.cross_entropy(model(x), target), x)\n"
                 "x_adv = (x - 2 * eps * g.sign())"
                 ".clamp(0, 1)", "nothing": "x_adv = x", "none": "x_adv = x * torch.nan",
        "margin": f"{TARGET}l = z.gather(1, target[:, None])[:, 0] - z.amax(1)\n"
                  "(g,) = torch.autograd.grad(l.sum(), x)\nx_adv = (x + eps * g.sign()).clamp(0, 1)",
        "both": f"{TARGET}l = F.cross_entropy(z, target) - F.cross_entropy(z, z.argmax(1))\n"
                f"(g,) = torch.autograd.grad(l, x)\n{DOWN}",
        "lowest": f"{TARGET}(g,) = torch.autograd.grad(F.cross_entropy(z, z.argmin(1)), x)\n{DOWN}",
        "only wrong ones": f"{TARGET}(g,) = torch.autograd.grad(F.cross_entropy(z, target), x)\n"
                           f"g = g * (z.argmax(1) != target).view(-1, 1, 1, 1)\n{DOWN}",
        "the target changed": f"target[:] = 0\n"
                              f"{TARGET}(g,) = torch.autograd.grad(F.cross_entropy(z, target), x)\n{DOWN}",
        "mean label": f"{TARGET}(g,) = torch.autograd.grad(F.cross_entropy(z, z.softmax(1)), x)\n{DOWN}",
    },
    "12-7": {
        "nothing": "return x, y", "none": DOUBLE, "images only": f"{DOUBLE}return torch.cat([x, x])",
        "noise": "v = (x + lam * torch.randn_like(x).sign()).clamp(0, 1)\n"
                 "return torch.cat([x, v]), torch.cat([y, oracle(v)])",
        "floats": f"{DOUBLE}(g,) = torch.autograd.grad(z.softmax(1).gather(1, y[:, None]).sum(), v)\n"
                  + BACK.replace("oracle(v)", "oracle(v) * 1.0"),
        "new first": f"{DOUBLE}(g,) = torch.autograd.grad(z.softmax(1).gather(1, y[:, None]).sum(), v)\n"
                     + BACK.replace("[x, v]", "[v, x]").replace("[y, oracle(v)]", "[oracle(v), y]"),
        "labels turned": f"{DOUBLE}(g,) = torch.autograd.grad(z.softmax(1).gather(1, y[:, None]).sum(), v)\n"
                         + BACK.replace("[y, oracle(v)]", "[oracle(v), y]"),
        "likeliest": f"{DOUBLE}(g,) = torch.autograd.grad(z.softmax(1).amax(1).sum(), v)\n{BACK}",
        "all probabilities": f"{DOUBLE}(g,) = torch.autograd.grad((z.softmax(1) ** 2).sum(), v)\n{BACK}",
        "minus p": f"{DOUBLE}(g,) = torch.autograd.grad(-z.softmax(1).gather(1, y[:, None]).sum(), v)\n"
                   f"{BACK}",
        "asks first": f"oracle(x)\n"
                      f"{DOUBLE}(g,) = torch.autograd.grad(z.softmax(1).gather(1, y[:, None]).sum(), v)\n"
                      f"{BACK}",
        "trains": f"{DOUBLE}(g,) = torch.autograd.grad(z.softmax(1).gather(1, y[:, None]).sum(), v)\n"
                  f"with torch.no_grad():\n    for p in substitute.parameters():\n        p -= 0.1\n{BACK}",
        "train mode": f"substitute.train()\n"
                      f"{DOUBLE}(g,) = torch.autograd.grad(z.softmax(1).gather(1, y[:, None])"
                      f".sum(), v)\n{BACK}",
        "one image": "v = x[:1].clone().requires_grad_()\n(g,) = torch.autograd.grad(substitute(v).softmax(1)"
                     "[:, y[0]].sum(), v)\nv = (x[:1] + lam * g.sign()).clamp(0, 1)\n"
                     "return torch.cat([x, v]), torch.cat([y, oracle(v)])",
        "no batch": f"{DOUBLE}(g,) = torch.autograd.grad(z.softmax(1).gather(1, y[:, None]).sum(), v)\n"
                    "v = (x + lam * g.sign()).clamp(0, 1)\n"
                    "return torch.cat([x, v]), torch.cat([y, torch.stack([oracle(a) for a in v])])",
    },
}  # fmt: skip


test_right_in_another_way, test_unlisted_wrong_answers_are_refused = right_and_wrong(RIGHT, WRONG)
test_the_right_answers_pass_with_any_seed = with_any_seed(RIGHT)


def test_gradients_added_up_over_the_steps_are_told():
    body = (f"{START.replace('v.requires_grad_()', 'F.cross_entropy(model(v), y).backward()')}"
            "    model.zero_grad()\n    with torch.no_grad():\n        v += step_size * v.grad.sign()\n"
            "        v.copy_(v.clamp(x - eps, x + eps).clamp(0, 1))\n" + END)
    body = body.replace("x.clone()", "x.clone().requires_grad_()")
    assert "not cleared between" in verdict("12-2", body).message


def test_the_solutions_agree_with_the_library(as_in_a_check):
    model, x, y = a_net((1, 4, 4), 4), some_images(20, (1, 4, 4)), torch.randint(4, (20,))
    answers = {name: registry()[name].solution for name in RIGHT}
    kept = {"eps": 0.1, "keep_failures": True}
    assert equal(answers["12-1"](model, x, y, 0.1), fgsm(model, x, y, **kept))
    assert equal(answers["12-2"](model, x, y, 0.1, 0.1, 1), fgsm(model, x, y, **kept))
    assert equal(answers["12-3"](model, x, y, 0.1), fgsm(model, x, y, targeted=True, **kept))
    new, _ = answers["12-7"](model, lambda v: y, x, y, 0.1)
    assert equal(new[20:], jacobian_step(model, x, y, step=0.1))


def test_every_slip_of_pgd_is_another_answer(as_in_a_check):
    nets = [(a_net(shape, classes), some_images(n, shape), torch.randint(classes, (n,)), *numbers)
            for n, shape, classes, *numbers in pgd.CASES]
    for slip in pgd.SLIPS:
        assert not all(equal(pgd.climb(*case, *slip), pgd.climb(*case)) for case in nets), slip
