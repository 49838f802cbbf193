"""14-1 to 14-4: right answers written differently pass, unlisted wrong ones are refused."""

from answers import right_and_wrong, with_any_seed

from course_lib.exercises.lesson_14.adversarial_loss import STEP, SUM
from course_lib.exercises.lesson_14.break_it import FRONT, LOOP, OPEN
from course_lib.exercises.lesson_14.break_it import STEP as CLIMB

OWN = ("class Own(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x):\n"
       "        return transform(x)\n    @staticmethod\n    def backward(ctx, g):\n        return {}\n"
       "return Own.apply(x)")
LIBRARY = "from course_lib import attacks\n"
RIGHT = {
    "14-1": {
        "over the members first": "y_hat = probabilities.amax(dim=0).argmax(dim=1)",
        "indexed": "y_hat = says[confidence.argmax(dim=0), torch.arange(says.shape[1])]",
        "flat": "p = probabilities.transpose(0, 1).flatten(1)\n"
                "y_hat = p.argmax(1) % probabilities.shape[2]",
        "loop": "y_hat = torch.stack([s[c.argmax()] for c, s in zip(confidence.T, says.T)])",
        "sorted": "y_hat = says.gather(0, confidence.argsort(0, descending=True))[0]",
        "masked": "y_hat = (says * (confidence == confidence.amax(0))).sum(0)",
        "one member after the other":
            "best, y_hat = confidence[0], says[0]\nfor c, s in zip(confidence, says):\n"
            "    y_hat = torch.where(c > best, s, y_hat)\n    best = torch.maximum(c, best)",
        "take_along_dim": "y_hat = says.take_along_dim(confidence.argmax(0, keepdim=True), 0).squeeze(0)",
    },
    "14-2": {
        "doubled batch, twice":
            f"{STEP}return 2 * F.cross_entropy(model(torch.cat([x, a])), torch.cat([y, y]))",
        "two means of one batch": f"{STEP}z = model(torch.cat([x, a]))\n"
                                  "return F.cross_entropy(z[:len(x)], y) + F.cross_entropy(z[len(x):], y)",
        "sum over images": f"{STEP}z = model(torch.cat([x, a]))\n"
                           "return F.cross_entropy(z, y.repeat(2), reduction='sum') / len(x)",
        "graph kept": "v = x.clone().requires_grad_()\nclean = F.cross_entropy(model(v), y)\n"
                      "(g,) = torch.autograd.grad(clean, v, retain_graph=True)\n"
                      "a = (x + eps * g.sign()).clamp(0, 1)\nreturn clean + F.cross_entropy(model(a), y)",
        "still attached, and a sign has slope 0": "v = x.clone().requires_grad_()\n"
            "(g,) = torch.autograd.grad(F.cross_entropy(model(v), y), v, create_graph=True)\n"
            f"a = (v + eps * g.sign()).clamp(0, 1)\n{SUM}",
        "backward to the pixels alone": "v = x.clone().requires_grad_()\n"
            "F.cross_entropy(model(v), y).backward(inputs=[v])\n"
            f"a = (x + eps * v.grad.sign()).clamp(0, 1)\n{SUM}",
        "backward, cleared": "v = x.clone().requires_grad_()\nF.cross_entropy(model(v), y).backward()\n"
            f"model.zero_grad()\na = (x + eps * v.grad.sign()).clamp(0, 1)\n{SUM}",
        "the attack in eval mode": f"t = model.training\nmodel.eval()\n{STEP}model.train(t)\n{SUM}",
        "an attacked copy": "import copy\nnet = copy.deepcopy(model)\nv = x.clone().requires_grad_()\n"
            f"F.cross_entropy(net(v), y).backward()\na = (x + eps * v.grad.sign()).clamp(0, 1)\n{SUM}",
        "library": f"{LIBRARY}a = attacks.fgsm(model, x, y, eps=eps, keep_failures=True)\n{SUM}",
        "function": "g = torch.func.grad(lambda v: F.cross_entropy(model(v), y))(x)\n"
                    f"a = (x + eps * g.sign()).clamp(0, 1).detach()\n{SUM}",
        "log probabilities": f"{STEP}i = torch.arange(len(x))\n"
            "return -(model(x).log_softmax(1)[i, y] + model(a).log_softmax(1)[i, y]).mean()",
    },
    "14-3": {
        "classical": "return x + (transform(x) - x).detach()",
        "the other way round": "t = transform(x).detach()\nreturn t + (x - x.detach())",
        "own function": OWN.format("g"),
        "no_grad": "with torch.no_grad():\n    way = transform(x) - x\nreturn x + way",
        "values put in": "y = x.clone()\ny.data = transform(x.detach()).clone()\nreturn y",
        "zero of its own": "return transform(x.detach()).detach() + x - x.detach()",
        "ones": "t = transform(x).detach()\nv = x.detach()\nreturn t + (x - v) * torch.ones_like(x)",
        "image by image, transform once": "t = transform(x).detach()\n"
            "return torch.stack([a + (b - a).detach() for a, b in zip(x, t)])",
    },
    "14-4": {
        "the net inside": f"{OPEN}return v",
        "the net inside, library": f"{LIBRARY}return attacks.pgd(defence.net, x, y, eps=eps, steps=10)",
        "failures kept":
            f"{LIBRARY}return attacks.pgd(defence.net, x, y, eps=eps, steps=10, keep_failures=True)",
        "squares": f"{LIBRARY}g = torch.Generator().manual_seed(0)\n"
                   "return attacks.square(defence, x, y, eps=eps, steps=500, generator=g)",
        "stand-in": f"{LIBRARY}class Open(nn.Module):\n    def __init__(self):\n"
            "        super().__init__()\n        self.net = defence.net\n    def forward(self, v):\n"
            "        return self.net(v + (defence.rounded(v) - v).detach())\n"
            "return attacks.pgd(Open(), x, y, eps=eps, steps=10, random_start=True)",
        "logit margin": f"{LOOP}    z = defence.net(v)\n    own = z.gather(1, y[:, None])[:, 0]\n"
            "    loss = (z.scatter(1, y[:, None], -torch.inf).amax(1) - own).sum()\n"
            f"{CLIMB}return v",
        "logits of the whole, straight through": f"{LOOP}    defence.rounded, keep = (lambda w: w), "
            f"defence.rounded\n    z = defence(v) / 1000\n    del defence.rounded\n"
            f"    loss = F.cross_entropy(z, y)\n{CLIMB}return v",
        "a copy disarmed": "import copy\nd = copy.deepcopy(defence)\nd.rounded = lambda v: v\n"
            + FRONT.replace("defence(v)", "d(v) / 1000") + "return v",
        "targets": f"{LOOP}    loss = -F.cross_entropy(defence.net(v), target)\n{CLIMB}return v".replace(
            "v = x.clone()", "z = defence.net(x)\ntarget = z.scatter(1, y[:, None], -torch.inf).argmax(1)\n"
            "v = x.clone()"),
        "backward, as no weight asks for a gradient":
            f"{LOOP}    F.cross_entropy(defence.net(v), y).backward()\n"
            "    v = (v.detach() + eps / 5 * v.grad.sign()).clamp(x - eps, x + eps).clamp(0, 1)\nreturn v",
        "ends of the ball": f"{OPEN}return (x + eps * (v - x).sign()).clamp(0, 1)",
    },
}
WRONG = {
    "14-1": {
        "median": "y_hat = probabilities.median(dim=0).values.argmax(dim=1)",
        "second surest": "y_hat = says.gather(0, confidence.argsort(0, descending=True)[1:2])[0]",
        "best half": "w = confidence >= confidence.median(0).values\n"
                     "y_hat = (w[..., None] * probabilities).sum(0).argmax(1)",
        "squares": "y_hat = probabilities.square().sum(0).argmax(1)",
        "best of two": "y_hat = torch.where(confidence[0] > confidence[-1], says[0], says[-1])",
        "one for all images": "y_hat = says[confidence.amax(1).argmax()]",
        "kept axis": "y_hat = says.gather(0, confidence.argmax(0)[None])",
        "members flipped": "y_hat = says.gather(0, confidence.flip(0).argmax(0)[None])[0]",
        "probabilities": "y_hat = probabilities.amax(0)", "none": "y_hat = None",
        "in place": "probabilities /= probabilities.amax(0)\ny_hat = says[0]",
        "threshold": "y_hat = torch.where(confidence.amax(0) > 0.9, probabilities.amax(0).argmax(1), "
                     "says.mode(0).values)",
        "largest class": "y_hat = says.amax(0)", "logits": "y_hat = probabilities.logit().mean(0).argmax(1)",
        "renormalised": "y_hat = (probabilities / probabilities.amax(2, keepdim=True)).sum(0).argmax(1)",
    },
    "14-2": {
        "nothing": "return None", "zero": "return 0 * F.cross_entropy(model(x), y)",
        "detached": f"{STEP}{SUM.replace('return ', 'return (')}).detach()",
        "no_grad": f"{STEP}with torch.no_grad():\n    {SUM}",
        "a copy's loss": f"import copy\nmodel = copy.deepcopy(model)\n{STEP}{SUM}",
        "two steps": STEP + STEP.replace("x.clone()", "a.clone()") + SUM,
        "PGD": f"{LIBRARY}a = attacks.pgd(model, x, y, eps=eps, keep_failures=True)\n{SUM}",
        "clean where it failed": f"{LIBRARY}a = attacks.fgsm(model, x, y, eps=eps)\n{SUM}",
        "noise": f"{STEP}a = (x + eps * torch.randn_like(x).sign()).clamp(0, 1)\n{SUM}",
        "targeted": STEP.replace("model(v), y)", "model(v), (y + 1) % model(x).shape[1])") + SUM,
        "mixed": f"{STEP}return F.cross_entropy(model((x + a) / 2), y)",
        "weighted": f"{STEP}return F.cross_entropy(model(x), y) + 0.5 * F.cross_entropy(model(a), y)",
        "hardest": f"{STEP}return torch.maximum(F.cross_entropy(model(x), y), F.cross_entropy(model(a), y))",
        "images": f"{STEP}return F.cross_entropy(model(x), y, reduction='none') + "
                  "F.cross_entropy(model(a), y, reduction='none')",
        "accuracy": f"{STEP}return (model(x).argmax(1) == y).double().mean() + 1",
        "train mode left": f"model.train()\n{STEP}{SUM}", "trained": f"{STEP}for p in model.parameters():\n"
            f"    p.data *= 0.9\n{SUM}",
        "frozen": f"model.requires_grad_(False)\n{STEP}{SUM}",
        "x itself": STEP.replace("v = x.clone()", "v = x") + SUM,
        "x in place": f"{STEP}x.copy_(a)\n{SUM}",
        "smoothed": f"{STEP}return F.cross_entropy(model(x), y) + F.cross_entropy(model(a), y, "
                    "label_smoothing=0.1)",
        "backward of the sum": f"{STEP}loss = F.cross_entropy(model(x), y) + F.cross_entropy(model(a), y)\n"
                               "loss.backward()\nreturn loss",
        "softmax twice": f"{STEP}return F.cross_entropy(model(x).softmax(1), y) + "
                         "F.cross_entropy(model(a).softmax(1), y)",
        "weights doubled": f"{STEP}b = F.cross_entropy(model(x), y) + F.cross_entropy(model(a), y)\n"
                           "return 2 * b - b.detach()",
    },
    "14-3": {
        "none": "return None", "never called": "return x * 1", "rounded itself": "return x.round()",
        "mean gradient": OWN.format("g.mean().expand_as(g)"), "sign": OWN.format("g.sign()"),
        "clipped": OWN.format("g.clamp(-1, 1) * 0.99"), "flipped pixels": OWN.format("g.flip(-1)"),
        "summed": OWN.format("g.sum() * torch.ones_like(g)"),
        "image means": OWN.format("g.mean(0, True) + 0 * g"),
        "leaf": "return transform(x.detach()).requires_grad_()", "negative": OWN.format("-g"),
        "soft": "t = transform(x).detach()\nreturn 0.9 * t + 0.1 * x",
        "tenth": "t = transform(x).detach()\nreturn t + 0.1 * (x - x.detach())",
        "in place": "x += (transform(x) - x).detach()\nreturn x",
        "one image": "return (x + (transform(x) - x).detach())[:1]",
        "numpy": "return torch.tensor(transform(x.detach()).numpy())",
        "x squared": "t = transform(x).detach()\nreturn t + (x ** 2 - x.detach() ** 2)",
        "image by image": "return torch.cat([a + (transform(a) - a).detach() for a in x.split(1)])",
        "only inside": OWN.format("g * (g > 0)"),
        "zero": OWN.format("0 * g"), "both": "return x + transform(x) - x.detach()",
    },
    "14-4": {
        "none": "return None", "zeros": "return torch.zeros_like(x)", "other digits": "return x.flip(0)",
        "grey": "return torch.full_like(x, 0.5)", "nan": "return x / 0 * 0", "one image": "return x[:1]",
        "factor alone": FRONT.replace("defence(v)", "defence(v) / 1000") + "return v",
        "factor alone, before the softmax": FRONT.replace("F.cross_entropy(defence(v), y)",
            "-(defence(v) / 1000).gather(1, y[:, None]).sum()") + "return v",
        "library PGD": f"{LIBRARY}return attacks.pgd(defence, x, y, eps=eps, steps=10, restarts=2)",
        "library FGSM": f"{LIBRARY}return attacks.fgsm(defence, x, y, eps=eps, keep_failures=True)",
        "FGSM of the net": f"{LIBRARY}return attacks.fgsm(defence.net, x, y, eps=eps, keep_failures=True)",
        "FGSM of the net, clean where it fails": f"{LIBRARY}return attacks.fgsm(defence.net, x, y, eps=eps)",
        "another net": f"{LIBRARY}from course_lib.train import stored_net\n"
            "return attacks.fgsm(stored_net('robust').double(), x, y, eps=eps, keep_failures=True)",
        "small steps": OPEN.replace("eps / 5", "eps / 200") + "return v",
        "eps of the exercise": OPEN.replace("x - eps, x + eps", "x - 0.2, x + 0.2") + "return v",
        "L2 ball": f"{LIBRARY}return attacks.pgd(defence.net, x, y, eps=4.0, steps=10, norm='l2')",
        "labels shifted": OPEN.replace("net(v), y)", "net(v), (y + 1) % 10)") + "return v",
        "towards y": f"{LIBRARY}return attacks.pgd(defence.net, x, y, eps=eps, steps=10, targeted=True, "
                     "keep_failures=True)",
        "black": "return (x - eps).clamp(0, 1)", "white": "return (x + eps).clamp(0, 1)",
        "inverted": "return 1 - x", "bytes": f"{OPEN}return (255 * v).byte()",
        "the net exchanged":
            "defence.net = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))\nreturn x.clone()",
        "forward replaced":
            "type(defence).forward = lambda self, v: torch.zeros(len(v), 10)\nreturn x.clone()",
        "rounding replaced": "type(defence).rounded = lambda self, v: v\n"
            + FRONT.replace("defence(v)", "defence(v) / 1000") + "return v",
        "hook left": "defence.register_forward_hook(lambda m, i, out: -out)\nreturn x.clone()",
        "a call of its own": "type(defence).__call__ = lambda self, v: torch.zeros(len(v), 10)\n"
            "return x.clone()",
        "another net by a property": "type(defence).net = property(lambda self: nn.Sequential(nn.Flatten(), "
            "nn.Linear(784, 10)))\nreturn x.clone()",
        "another class": "class Off(type(defence)):\n    def forward(self, v):\n"
            "        return torch.zeros(len(v), 10)\ndefence.__class__ = Off\nreturn x.clone()",
        "a forward of the instance": "defence.forward = lambda v: torch.zeros(len(v), 10)\nreturn x.clone()",
        "hook on a layer":
            "defence.net[0].register_forward_hook(lambda m, i, out: 0 * out)\nreturn x.clone()",
        "convolution replaced": "nn.Conv2d.forward = lambda self, v: torch.zeros(len(v), self.out_channels, "
            "*v.shape[2:])\nreturn x.clone()",
        "a layer's stride": "defence.net[0].padding = (0, 0)\nreturn x.clone()",
        "weights replaced": "defence.net[0].weight = nn.Parameter(-defence.net[0].weight)\nreturn x.clone()",
        "weights zeroed": "defence.net[-1].weight.data.zero_()\nreturn x.clone()",
        "train mode": f"defence.train()\n{OPEN}return v", "labels": "y += 1\ny %= 10\nreturn x.clone()",
        "x in place": f"{OPEN}x.copy_(v)\nreturn x", "asked for weights": f"defence.requires_grad_()\n{OPEN}"
            "return v",
        "argmax": "torch.Tensor.argmax = lambda *a, **k: torch.zeros(40).long()\nreturn x.clone()",
    },
}

test_right_in_another_way, test_unlisted_wrong_answers_are_refused = right_and_wrong(RIGHT, WRONG)
test_the_right_answers_pass_with_any_seed = with_any_seed(RIGHT)
