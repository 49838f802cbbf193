"""12-1 to 12-7: right answers written differently pass, wrong ones that no mutant lists are refused."""

import pytest
import torch
from answers import cases, verdict

from course_lib.attacks import fgsm
from course_lib.attacks.transfer import jacobian_step
from course_lib.exercises import registry
from course_lib.exercises.check import judge
from course_lib.exercises.lesson_12 import pgd, success_rate
from course_lib.exercises.lesson_12.linear_minimum import a_case, minimum
from course_lib.exercises.lesson_12.pgd import CUT, END, GRADIENT, START, STEP
from course_lib.exercises.lesson_12.small_nets import a_net, some_images
from course_lib.exercises.oracle import equal
from course_lib.measure.robustness import success

LOOP = f"{START}{GRADIENT}{STEP}{CUT}"
TARGET = "z = model(x)\n"
DOWN = "x_adv = (x - eps * g.sign()).clamp(0, 1)"
ROWS = ("a, b = model(x).argmax(1), model(x_adv).argmax(1)\nd = (x_adv - x).abs().flatten(1)\n"
        "v = x_adv.flatten(1)\n")
EDGE = ("w, gap = W[others] - W[c], logits[c] - logits[others]\nn = (w ** 2).sum(1)\n"
        "k = (gap / n.sqrt()).argmin()\n")
DOUBLE = "v = x.clone().requires_grad_()\nz = substitute(v)\n"
BACK = "v = (x + lam * g.sign()).clamp(0, 1)\nreturn torch.cat([x, v]), torch.cat([y, oracle(v)])"
FAR = "far = lambda s: (noisy(s) - x).flatten(1).norm(dim=1)\n"
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
        "quotient": "x_adv = (x + eps * g / g.abs()).clamp(0, 1)",
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
    "12-4": {
        "loop": "n = hit = 0\nfor i in range(len(x)):\n    if model(x[i:i + 1]).argmax() != y[i]:\n"
                "        continue\n"
                "    n += 1\n    near = abs(x_adv[i] - x[i]).max() <= eps + 1e-6\n"
                "    ok = near and x_adv[i].min() >= 0 and x_adv[i].max() <= 1\n"
                "    hit += int(ok and model(x_adv[i:i + 1]).argmax() != y[i])\nreturn hit / n",
        "tensor": f"{ROWS}ok = (d.amax(1) <= eps + 1e-6) & (v.amin(1) >= 0) & (v.amax(1) <= 1)\n"
                  "return ((a == y) & (b != y) & ok).sum() / (a == y).sum()",
        "selected": f"{ROWS}r = a == y\nok = (d.amax(1) <= eps + 1e-6) & ((v >= 0) & (v <= 1)).all(1)\n"
                    "return ((b != y) & ok)[r].double().mean()",
        "only the right": "r = model(x).argmax(1) == y\nx, y, x_adv = x[r], y[r], x_adv[r]\n"
                          "d = (x_adv - x).flatten(1).norm(p=torch.inf, dim=1)\n"
                          "ok = (d <= eps + 1e-6) & (x_adv.clamp(0, 1) == x_adv).flatten(1).all(1)\n"
                          "return float(((model(x_adv).argmax(1) != y) & ok).double().mean())",
        "slack in range": f"{ROWS}ok = (d <= eps + 1e-6).all(1) & (v >= -1e-6).all(1) & (v <= 1 + "
                          f"1e-6).all(1)\n"
                          "return ((a == y) & (b != a) & ok).sum().item() / (a == y).sum().item()",
        "products": f"{ROWS}r = (a == y).double()\nok = (d.amax(1) <= eps + 1e-6).double()\n"
                    "ok = ok * (v.amin(1) >= 0) * (v.amax(1) <= 1) * (b != y)\n"
                    "return (r * ok).sum() / r.sum()",
        "no_grad": "with torch.no_grad():\n    a, b = model(torch.cat([x, x_adv])).argmax(1).chunk(2)\n"
                   "bad = ((x_adv - x).abs() > eps + 1e-6) | (x_adv < 0) | (x_adv > 1)\n"
                   "bad = bad.any(3).any(2).any(1)\n"
                   "return ((a == y) & (b != y) & ~bad).sum() / (a == y).sum()",
        "numpy": f"{ROWS}r = (a == y).numpy()\nok = (d.amax(1).numpy() <= eps + 1e-6)\n"
                 "ok = ok & ((v >= 0) & (v <= 1)).all(1).numpy() & (b != y).numpy()\nreturn ok[r].mean()",
        "eval again": f"model.eval()\n{ROWS}ok = (d.amax(1) < eps + 2e-6) & ((v >= 0) & (v <= 1)).all(1)\n"
                      "return ((a == y) & (b != y) & ok).sum() / (a == y).sum()",
    },
    "12-5": {
        "loop": "best = None\nfor k in others:\n    w = W[k] - W[c]\n"
                "    d = (logits[c] - logits[k]) / (w @ w) * w\n"
                "    if best is None or d.norm() < best.norm():\n        best = d\nreturn best",
        "min": "every = [(logits[c] - logits[k]) * (W[k] - W[c]) / (W[k] - W[c]).norm() ** 2 for k in "
               "others]\n"
               "return min(every, key=torch.norm)",
        "unit normal": "w = W[others] - W[c]\nn = w.norm(dim=1)\nd = (logits[c] - logits[others]) / n\n"
                       "k = d.argmin()\nreturn d[k] * (w[k] / n[k])",
        "turned twice": "w = W[c] - W[others]\ngap = logits[others] - logits[c]\n"
                        "d = gap.abs() / w.norm(dim=1)\n"
                        "k = d.argmin()\nreturn gap[k] * w[k] / (w[k] @ w[k])",
        "all classes": "w, gap = W - W[c], logits[c] - logits\nd = gap / w.norm(dim=1)\nd[c] = torch.inf\n"
                       "k = d.argmin()\nreturn gap[k] / w[k].pow(2).sum() * w[k]",
        "pseudo-inverse": f"{EDGE}return torch.linalg.pinv(w[k][None])[:, 0] * gap[k]",
        "least squares": f"{EDGE}return torch.linalg.lstsq(w[k][None], gap[k][None, None], driver='gelsd')"
                         ".solution[:, 0]",
        "every, then the shortest": f"{EDGE}e = (gap / n)[:, None] * w\nreturn e[e.norm(dim=1).argmin()]",
        "squared distances": f"{EDGE}k = (gap ** 2 / n).argmin()\nreturn gap[k] / n[k] * w[k]",
    },
    "12-6": {
        "few numbers": "s = torch.zeros_like(size)\nfor k in range(1, 40):\n    t = s + 0.5 ** k\n"
                       "    s = torch.where((noisy(t) - x).flatten(1).norm(dim=1) < size, t, s)\n"
                       "return noisy(s)",
        "one by one": "out = []\nfor i in range(len(x)):\n    low, high = 0.0, 1.0\n"
                      "    while high - low > 1e-9:\n"
                      "        s = (low + high) / 2\n        v = (x[i] + s * signs[i]).clamp(0, 1)\n"
                      "        if (v - x[i]).norm() < size[i]:\n            low = s\n        else:\n"
                      "            high = s\n    out.append((x[i] + low * signs[i]).clamp(0, 1))\n"
                      "return torch.stack(out)",
        "stretched until it fits": f"{FAR}s = size / x[0].numel() ** 0.5\nfor _ in range(300):\n"
                                   "    s = (s * size / far(s).clamp(min=1e-12)).clamp(max=1)\n"
                                   "return noisy(s)",
        "in place": f"{FAR}low, high = 0 * size, 0 * size + 1\nfor _ in range(30):\n"
                    f"    s = (low + high) / 2\n"
                    "    small = far(s) < size\n    low[small], high[~small] = s[small], s[~small]\n"
                    "return noisy((low + high) / 2)",
        "a table": f"{FAR}grid = torch.linspace(0, 1, 20001)\n"
                   f"d = torch.stack([far(s.expand(len(x))) for s in "
                   "grid[::100]])\nk = (d < size).sum(0).clamp(min=1) - 1\nlow = grid[::100][k]\n"
                   "s = low\nfor step in grid[:101]:\n    t = low + step\n"
                   "    s = torch.where(far(t) <= size, t, s)\nfor _ in range(8):\n    e = 1e-7\n"
                   "    s = s + (size - far(s)) * e / (far(s + e) - far(s)).clamp(min=1e-12)\n"
                   "return noisy(s.clamp(0, 1))",
        "squares": "low, high = torch.zeros(len(x)), torch.full((len(x),), 1.0)\nfor _ in range(60):\n"
                   "    s = low + (high - low) / 2\n    d = ((noisy(s) - x) ** 2).sum((1, 2, 3))\n"
                   "    high = torch.where(d >= size ** 2, s, high)\n"
                   "    low = torch.where(d >= size ** 2, low, s)\n"
                   "return noisy(low)",
        "lerp": f"{FAR}a = torch.zeros(len(x))\nb = a + 1\nfor _ in range(35):\n"
                f"    s = torch.lerp(a, b, 0.5)\n"
                "    big = (far(s) > size).double()\n"
                "    a, b = big * a + (1 - big) * s, big * s + (1 - big) * b\n"
                "return (x + a.view(-1, 1, 1, 1) * signs).clip(0, 1)",
        "exact": "room = torch.where(signs > 0, 1 - x, x).flatten(1)\nout = []\n"
                 "for r, want in zip(room, size):\n"
                 "    r = r.sort().values\n    n = len(r)\n    s = r[-1]\n    done = 0.0\n"
                 "    for i, a in enumerate(r):\n        if done + (n - i) * a ** 2 >= want ** 2:\n"
                 "            s = ((want ** 2 - done) / (n - i)).clamp(min=0).sqrt()\n            break\n"
                 "        done = done + a ** 2\n    out.append(s)\nreturn noisy(torch.stack(out))",
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
        "double": "x_adv = (x + 2 * eps * g.sign()).clamp(0, 1)",
        "half": "x_adv = (x + eps * g.sign() / 2).clamp(0, 1)",
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
    "12-4": {
        "zero": "return 0.0",
        "one": "return 1.0",
        "nan": "return float('nan')",
        "none": "model(x)",
        "rows": f"{ROWS}return b != y",
        "any pixel": f"{ROWS}ok = (d <= eps + 1e-6).any(1) & ((v >= 0) & (v <= 1)).all(1)\n"
                     "return ((a == y) & (b != y) & ok).sum() / (a == y).sum()",
        "one sided": f"{ROWS}d = (x_adv - x).flatten(1)\n"
                     "ok = (d.amax(1) <= eps + 1e-6) & ((v >= 0) & (v <= 1)).all(1)\n"
                     "return ((a == y) & (b != y) & ok).sum() / (a == y).sum()",
        "pixels count": f"{ROWS}return ((d <= eps) & (v >= 0) & (v <= 1)).double().mean()",
        "clamped": "v = x_adv.clamp(0, 1)\na, b = model(x).argmax(1), model(v).argmax(1)\n"
                   "ok = (v - x).abs().flatten(1).amax(1) <= eps + 1e-6\n"
                   "return ((a == y) & (b != y) & ok).sum() / (a == y).sum()",
        "projected": "v = x_adv.clamp(x - eps, x + eps).clamp(0, 1)\n"
                     "a, b = model(x).argmax(1), model(v).argmax(1)\n"
                     "return ((a == y) & (b != y)).sum() / (a == y).sum()",
        "strictly": f"{ROWS}ok = (d.amax(1) < eps) & ((v > 0) & (v < 1)).all(1)\n"
                    "return ((a == y) & (b != y) & ok).sum() / (a == y).sum()",
        "large slack": f"{ROWS}ok = (d.amax(1) < eps + 0.5) & ((v >= 0) & (v <= 1)).all(1)\n"
                       "return ((a == y) & (b != y) & ok).sum() / (a == y).sum()",
        "of the fooled": f"{ROWS}ok = (d.amax(1) <= eps + 1e-6) & ((v >= 0) & (v <= 1)).all(1)\n"
                         "return ((a == y) & (b != y) & ok).sum() / (b != y).sum()",
        "train mode": f"model.train()\n{ROWS}return ((a == y) & (b != y)).sum() / (a == y).sum()",
        "x changed": f"x_adv.clamp_(0, 1)\n{ROWS}return ((a == y) & (b != y)).sum() / (a == y).sum()",
    },
    "12-5": {
        "zero": "return 0 * x", "none": EDGE, "gap as length": f"{EDGE}return gap[k] * w[k] / n[k] ** 0.5",
        "of the logits": f"{EDGE}return W[others[k]] * gap[k] / (W[others[k]] ** 2).sum()",
        "in place": f"{EDGE}x += gap[k] * w[k] / n[k]\nreturn x",
        "into the box": f"{EDGE}return (x + gap[k] * w[k] / n[k]).clamp(0, 1) - x",
        "no bias": "z = W @ x\nw, gap = W[others] - W[c], z[c] - z[others]\nn = (w ** 2).sum(1)\n"
                   "k = (gap / n.sqrt()).argmin()\nreturn gap[k] * w[k] / n[k]",
        "half way": f"{EDGE}return 0.5 * gap[k] * w[k] / n[k]",
        "overshoot": f"{EDGE}return 1.02 * gap[k] * w[k] / n[k]",
        "row": f"{EDGE}return (gap[k] * w[k] / n[k])[None]",
        "likeliest": f"{EDGE}k = logits[others].argmax()\n"
                                                                         "return gap[k] * w[k] / n[k]",
        "towards the mean": "w = W.mean(0) - W[c]\nreturn (logits[c] - logits.mean()) * w / (w @ w)",
        "list": f"{EDGE}return (gap[k] * w[k] / n[k]).tolist()",
        "k wrong": f"{EDGE}w = W - W[c]\nreturn gap[k] * w[k] / (w[k] @ w[k])",
        "nan": "w, gap = W - W[c], logits[c] - logits\nd = gap / w.norm(dim=1)\nk = d.argmin()\n"
               "return d[k] * w[k] / w[k].norm()",
    },
    "12-6": {
        "zero": "return x", "none": "noisy(size)", "most": "return noisy(torch.ones_like(size))",
        "Gaussian": "g = torch.randn_like(x)\n"
                    "return (x + g * (size / g.flatten(1).norm(dim=1)).view(-1, 1, 1, 1))"
                    ".clamp(0, 1)",
        "other signs": "signs = -signs\n" + "s = torch.zeros_like(size)\nfor k in range(1, 40):\n"
                       "    t = s + 0.5 ** k\n"
                       "    v = (x + t.view(-1, 1, 1, 1) * signs).clamp(0, 1)\n"
                       "    s = torch.where((v - x).flatten(1).norm(dim=1) < size, t, s)\n"
                       "return (x + s.view(-1, 1, 1, 1) * signs).clamp(0, 1)",
        "fewer pixels": "m = ((x > 0) & (x < 1)).double() * signs\n"
                        "return (x + m * (size / m.flatten(1).norm(dim=1).clamp(min=1)).view(-1, 1, 1, 1))",
        "largest": "s = torch.zeros_like(size)\nfor k in range(1, 40):\n    t = s + 0.5 ** k\n"
                   "    s = torch.where((noisy(t) - x).flatten(1).abs().amax(1) < size, t, s)\n"
                   "return noisy(s)",
        "L1": "s = torch.zeros_like(size)\nfor k in range(1, 40):\n    t = s + 0.5 ** k\n"
              "    s = torch.where((noisy(t) - x).flatten(1).abs().sum(1) < size, t, s)\nreturn noisy(s)",
        "never clipped at 1": "s = torch.zeros_like(size)\n"
                              "f = lambda s: (x + s.view(-1, 1, 1, 1) * signs).clamp(min=0)\n"
                              "for k in range(1, 40):\n    t = s + 0.5 ** k\n"
                              "    s = torch.where((f(t) - x).flatten(1).norm(dim=1) < size, t, s)\n"
                              "return f(s)",
        "s comes back": "return size / x[0].numel() ** 0.5",
        "tenth": f"{FAR}s = torch.zeros_like(size)\nfor _ in range(1000):\n"
                 "    s = torch.where(far(s) < size, s + 0.01, s)\nreturn noisy(s)",
        "size changed": "size *= 2\nreturn noisy(size)",
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


@cases(RIGHT)
def test_right_in_another_way(exercise_id, label):
    found = verdict(exercise_id, RIGHT[exercise_id][label])
    assert (found.state, found.message, found.detail) == ("right", "", "")


@cases(WRONG)
def test_unlisted_wrong_answers_are_refused(exercise_id, label):
    found = verdict(exercise_id, WRONG[exercise_id][label])
    assert found.state == "not yet" and found.message


def test_gradients_added_up_over_the_steps_are_told():
    body = (f"{START.replace('v.requires_grad_()', 'F.cross_entropy(model(v), y).backward()')}"
            "    model.zero_grad()\n    with torch.no_grad():\n        v += step_size * v.grad.sign()\n"
            "        v.copy_(v.clamp(x - eps, x + eps).clamp(0, 1))\n" + END)
    body = body.replace("x.clone()", "x.clone().requires_grad_()")
    assert "not cleared between" in verdict("12-2", body).message


@pytest.mark.parametrize("k", range(3))
def test_the_right_answers_pass_with_any_seed(k, monkeypatch):
    seed = torch.manual_seed
    monkeypatch.setattr(torch, "manual_seed", lambda _: seed(100 + k))
    for name in RIGHT:
        found = judge(registry()[name], registry()[name].solution)
        assert (found.state, found.message) == ("right", ""), name


@pytest.fixture
def as_in_a_check():
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def test_the_solutions_agree_with_the_library(as_in_a_check):
    model, x, y, x_adv, eps = success_rate.a_case(20, (1, 4, 4), 4, 0.3)
    answers = {name: registry()[name].solution for name in RIGHT}
    kept = {"eps": 0.1, "keep_failures": True}
    assert equal(answers["12-1"](model, x, y, 0.1), fgsm(model, x, y, **kept))
    assert equal(answers["12-3"](model, x, y, 0.1), fgsm(model, x, y, targeted=True, **kept))
    assert equal(answers["12-2"](model, x, y, 0.1, 0.1, 1), fgsm(model, x, y, **kept))
    assert answers["12-4"](model, x, y, x_adv, eps) == success(model, x, y, x_adv, eps=eps).rate
    new, _ = answers["12-7"](model, lambda v: y, x, y, 0.1)
    assert equal(new[20:], jacobian_step(model, x, y, step=0.1))


def test_the_nearest_edge_is_reached_and_no_other_direction_is_shorter(as_in_a_check):
    W, b, x = a_case(6, 5)
    delta = minimum(W, b, x)
    top = (W @ (x + delta) + b).topk(2).values
    assert top[0] - top[1] < 1e-12
    inside = torch.nn.functional.normalize(torch.randn(2000, 5)) * delta.norm() * (1 - 1e-9)
    assert ((x + inside) @ W.T + b).argmax(1).unique().tolist() == [int((W @ x + b).argmax())]


def same_as_right(slips, right, cases):
    """The slips that answer the same as the right answer in every case: there should be none."""
    return [slip for slip in slips if all(equal(torch.as_tensor(right(*case, *slip)),
                                                torch.as_tensor(right(*case))) for case in cases)]


def test_every_slip_is_another_answer(as_in_a_check):
    cases = [(a_net(shape, classes), some_images(n, shape), torch.randint(classes, (n,)), *numbers)
             for n, shape, classes, *numbers in pgd.CASES]
    assert same_as_right(pgd.SLIPS, pgd.climb, cases) == []
    cases = [success_rate.a_case(*case) for case in success_rate.CASES]
    assert same_as_right(success_rate.SLIPS, success_rate.share, cases) == []
