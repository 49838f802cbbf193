"""13-1 to 13-6: right answers written differently pass, wrong ones that no mutant lists are refused."""

from answers import right_and_wrong, with_any_seed

LEAF = "v = x.detach().clone().requires_grad_()\n"
MEAN = "loss = sum(F.cross_entropy(model(draw()(v)), y) for _ in range(n)) / n\n"
GRAD = "return torch.autograd.grad(loss, v)[0]"
SEEN = ("v = (x + mask * delta).requires_grad_()\ng = torch.autograd.grad(F.cross_entropy(model(v), y), "
        "v)[0]\n")
STEP = "return ((v + step_size * mask * g.sign()).clamp(0, 1) - x).detach()"
CHILD = "better = child_scores < parent_scores\n"
CHOSEN = ("return torch.where(better[:, None], children, parents), torch.where(better, child_scores, "
          "parent_scores)")
BEST = "best, who = probability.max(0)\n"
LOOPS = ("found = []\nfor i in range(x.shape[0]):\n    for j in range(x.shape[1]):\n        for c in (0, "
         "1):\n")
ONE = "            v = x.clone()\n            v[i, j] = c\n"
ASKED = "            if model(v[None, None]).argmax() != y:\n                found.append((i, j, c))\n"
CLONES = "members, scores = parents.clone(), parent_scores.clone()\n"
RIGHT = {
    "13-1": {
        "in place": "b -= c\na += factor * b\nv = a",
        "addcmul": "v = a.addcmul(b - c, torch.tensor(factor))",
        "looked up": "v = members[three[:, 0]] + factor * (members[three[:, 1]] - members[three[:, 2]])",
        "rows": "v = torch.stack([members[i] + factor * (members[j] - members[k]) for i, j, k in three])",
        "weights": "v = torch.einsum('k,ikg->ig', torch.tensor([1, factor, -factor]), members[three])",
        "lerp": "v = a + torch.lerp(c, b, factor) - c",
        "mirrored already": "v = a + factor * (b - c)\nv = v.abs()",
    },
    "13-2": {
        "rows":
            f"{CLONES}for i in range(len(parents)):\n    if child_scores[i] < parent_scores[i]:\n"
            "        members[i] = children[i]\n        scores[i] = child_scores[i]\nreturn members, scores",
        "mask":
            f"{CHILD}{CLONES}members[better], scores[better] = children[better], child_scores[better]\n"
            "return members, scores",
        "factors":
            "b = (child_scores < parent_scores).double()\nw = b[:, None]\nreturn [w * children + (1 - w) "
            "* parents, b * child_scores + (1 - b) * parent_scores]",
        "fathers stay":
            "stays = parent_scores <= child_scores\nreturn torch.where(stays.unsqueeze(1), parents, "
            "children), torch.minimum(parent_scores, child_scores)",
        "min of a stack":
            "scores, who = torch.stack([parent_scores, child_scores]).min(dim=0)\nboth = "
            "torch.stack([parents, children])\nreturn both[who, torch.arange(len(who))], scores",
        "one table":
            "old = torch.cat([parents, parent_scores[:, None]], 1)\nnew = torch.cat([children, "
            "child_scores[:, None]], 1)\nkept = torch.where(new[:, -1:] < old[:, -1:], new, old)\nreturn "
            "kept[:, :-1], kept[:, -1]",
    },
    "13-3": {
        "gradient by gradient":
            "total = torch.zeros_like(x)\nfor _ in range(n):\n    v = x.clone().requires_grad_()\n"
            "    loss = F.cross_entropy(model(draw()(v)), y)\n    total += torch.autograd.grad(loss, "
            "v)[0]\nreturn total / n",
        "one batch":
            f"{LEAF}seen = torch.cat([t(v) for t in [draw() for _ in range(n)]])\nreturn "
            "torch.autograd.grad(F.cross_entropy(model(seen), y.repeat(n)), v)[0]",
        "stack":
            f"{LEAF}ts = [draw() for _ in range(n)]\nloss = torch.stack([F.cross_entropy(model(t(v)), y) "
            f"for t in ts]).mean()\n{GRAD}",
        "backward to x alone":
            f"{LEAF}for _ in range(n):\n    (F.cross_entropy(model(draw()(v)), y) / "
            "n).backward(inputs=[v])\nreturn v.grad",
        "function":
            "def loss(v):\n    return sum(F.cross_entropy(model(draw()(v)), y) for _ in range(n)) / n\n"
            "return torch.func.grad(loss)(x)",
        "mode put back":
            f"mode = model.training\nmodel.eval()\n{LEAF}loss = sum(F.cross_entropy(model(draw()(v)), y) "
            f"for _ in range(n))\nmodel.train(mode)\n{GRAD}.div(n)",
        "a copy of the model":
            f"import copy\nnet = copy.deepcopy(model)\n{LEAF}(sum(F.cross_entropy(net(draw()(v)), y) for _ "
            "in range(n)) / n).backward()\nreturn v.grad",
        "image by image":
            f"{LEAF}loss = 0\nfor _ in range(n):\n    t = draw()\n    for i in range(len(v)):\n"
            "        loss = loss + F.cross_entropy(model(t(v[i:i + 1])), y[i:i + 1]) / len(v)\nreturn "
            "torch.autograd.grad(loss / n, v)[0]",
        "x itself asked":
            "x.requires_grad_()\nloss = sum(F.cross_entropy(model(draw()(x)), y) for _ in range(n)) / n\n"
            "return torch.autograd.grad(loss, x)[0]",
    },
    "13-4": {
        "gradient in delta":
            "d = delta.clone().requires_grad_()\nloss = F.cross_entropy(model(x + mask * d), y)\ng = "
            "torch.autograd.grad(loss, d)[0]\nreturn (mask * (delta + step_size * g.sign())).clamp(-x, 1 "
            "- x)",
        "where":
            f"{SEEN}v = torch.where(mask.bool(), v + step_size * g.sign(), x)\nreturn v.detach().clamp(0, "
            "1) - x",
        "function":
            "g = torch.func.grad(lambda v: F.cross_entropy(model(v), y))(x + delta * mask)\nreturn mask * "
            "((x + delta + step_size * g.sign()).clamp(0, 1) - x)",
        "image by image":
            "new = torch.zeros_like(delta)\nfor i in range(len(x)):\n    v = (x[i:i + 1] + mask * "
            "delta[i:i + 1]).requires_grad_()\n    F.cross_entropy(model(v), y[i:i + "
            "1]).backward(inputs=[v])\n    new[i] = (v + step_size * mask * v.grad.sign()).clamp(0, "
            "1)[0].detach() - x[i]\nreturn new",
        "down minus the loss":
            "v = (x + mask * delta).requires_grad_()\ng = torch.autograd.grad(-F.cross_entropy(model(v), "
            "y), v)[0]\nreturn ((v - step_size * g.sign()).clamp(0, 1) - x).detach() * mask",
    },
    "13-5": {
        "one after the other":
            "genomes, confidence = genomes.clone(), confidence.clone()\nfor child, p in zip(children, "
            "probability):\n    for k in range(len(p)):\n        if p[k] > confidence[k]:\n"
            "            genomes[k], confidence[k] = child, p[k]\nreturn genomes, confidence",
        "together":
            "best, who = torch.cat([confidence[None], probability]).max(dim=0)\nreturn "
            "torch.stack([genomes[k] if w == 0 else children[w - 1] for k, w in enumerate(who)]), best",
        "classes":
            "new, sure = [], []\nfor k in range(len(confidence)):\n    i = probability[:, k].argmax()\n"
            "    wins = probability[i, k] > confidence[k]\n    new.append(children[i] if wins else "
            "genomes[k])\n    sure.append(max(probability[i, k], confidence[k]))\nreturn "
            "torch.stack(new), torch.stack(sure)",
        "transposed":
            "p, g = probability.T, genomes.clone()\nwon = (p.max(1).values > confidence).nonzero()[:, 0]\n"
            "g[won] = children[p[won].argmax(1)]\nreturn g, torch.maximum(p.max(1)[0], confidence)",
    },
    "13-6": {
        "a clone for a pixel":
            "found = []\nfor i in range(x.shape[0]):\n    for j in range(x.shape[1]):\n        v = "
            f"x.clone()\n        for c in (0, 1):\n            v[i, j] = c\n{ASKED}return found",
        "put back":
            f"{LOOPS}            old, v = x[i, j].item(), x\n            v[i, j] = c\n{ASKED}"
            "            v[i, j] = old\nreturn found",
        "one batch":
            "k = torch.arange(x.numel()).repeat(2)\nc = (torch.arange(2 * x.numel()) >= x.numel()).to(x)\n"
            "v = x.repeat(len(k), 1, 1, 1)\nv.flatten(1)[torch.arange(len(k)), k] = c\nf = "
            "model(v).argmax(1) != y\nreturn torch.stack([k // x.shape[1], k % x.shape[1], c.long()], "
            "1)[f]",
        "generator":
            "return ((int(i), int(j), c) for i, j in torch.ones_like(x).nonzero() for c in (1, 0)\n"
            "        if model(x.index_put((i, j), torch.tensor(c).to(x))[None, None]).argmax(1) != y)",
        "mask":
            f"{LOOPS}            m = torch.zeros_like(x)\n            m[i, j] = 1\n            v = x * (1 "
            f"- m) + c * m\n{ASKED}return found",
        "floats":
            "found = []\nfor i in range(x.shape[0]):\n    for j in range(x.shape[1]):\n        for c in "
            f"(1., 0.):\n            v = x.clone()\n            v[i][j] = c\n{ASKED}return "
            "torch.tensor(found)",
    },
}  # fmt: skip
WRONG = {
    "13-1": {
        "crossover": "v = torch.where(torch.rand_like(a) < 0.5, a, members) + factor * (b - c)",
        "none": "v = None", "mean": "v = (a + b + c) / 3", "cut": "v = (a + factor * (b - c)).clamp(0, 1)",
        "one child": "v = (a + factor * (b - c))[:1]", "best": "v = members[0] + factor * (b - c)",
        "three changed": "three += 1\nthree %= len(members)\nv = a + factor * (b - c)",
        "drawn anew":
            "a, b, c = members[torch.rand(len(members), len(members)).argsort(1)[:, :3]].unbind(1)\nv = a "
            "+ factor * (b - c)",
        "rows mixed": "v = a + factor * (b - c.flip(0))",
    },
    "13-2": {
        "nothing": "return parents, parent_scores",
        "mean": "return (parents + children) / 2, (parent_scores + child_scores) / 2",
        "only better": f"{CHILD}return children[better], child_scores[better]",
        "unsqueezed":
            f"{CHILD}return torch.where(better[:, None], children, parents), torch.where(better[:, None], "
            "child_scores, parent_scores)",
        "much better only": f"better = child_scores < parent_scores - 0.25\n{CHOSEN}",
        "below a half": f"better = child_scores < 0.5\n{CHOSEN}",
        "the worst father":
            f"{CLONES}for child, s in zip(children, child_scores):\n    i = scores.argmax()\n    if s < "
            "scores[i]:\n        members[i], scores[i] = child, s\nreturn members, scores",
        "scores in place":
            f"{CHILD}members = torch.where(better[:, None], children, parents)\nparent_scores[better] = "
            "child_scores[better]\nreturn members, parent_scores",
        "one tensor": "return torch.stack([parent_scores, child_scores])",
    },
    "13-3": {
        "zero": "for _ in range(n):\n    draw()(x)\nreturn torch.zeros_like(x)",
        "n + 1": f"{LEAF}loss = sum(F.cross_entropy(model(draw()(v)), y) for _ in range(n + 1)) / n\n{GRAD}",
        "through both":
            f"{LEAF}loss = sum(F.cross_entropy(model(draw()(draw()(v))), y) for _ in range(n)) / n\n{GRAD}",
        "detached":
            f"{LEAF}loss = sum(F.cross_entropy(model(draw()(v.detach())), y) for _ in range(n)) / n\n"
            "return torch.autograd.grad(loss, v, allow_unused=True)[0]",
        "grads cleared": f"{LEAF}{MEAN}loss.backward()\nmodel.zero_grad()\nreturn v.grad",
        "frozen": f"model.requires_grad_(False)\n{LEAF}{MEAN}{GRAD}",
        "eval left": f"model.eval()\n{LEAF}{MEAN}{GRAD}", "over the images": f"{LEAF}{MEAN}{GRAD}.mean(0)",
        "x moved":
            "x += 0.1\nx = x.clone().requires_grad_()\nreturn "
            "torch.autograd.grad(sum(F.cross_entropy(model(draw()(x)), y) for _ in range(n)) / n, x)[0]",
        "the answer's loss":
            f"{LEAF}total = 0\nfor _ in range(n):\n    z = model(draw()(v))\n    total = total + "
            "F.cross_entropy(z, z.argmax(1))\nreturn torch.autograd.grad(total / n, v)[0]",
        "logit":
            f"{LEAF}z = sum(model(draw()(v)).gather(1, y[:, None]).mean() for _ in range(n)) / n\nreturn "
            "-torch.autograd.grad(z, v)[0]",
    },
    "13-4": {
        "nothing": "return delta",
        "no sign, no box": f"{SEEN}return (mask * (delta + step_size * g)).detach()",
        "cut before":
            f"{SEEN}return ((x + mask * delta).clamp(0, 1) + step_size * mask * g.sign() - x).detach()",
        "mask of the gradient lost":
            f"{SEEN}return ((x + delta + step_size * g.sign()).clamp(0, 1) - x).detach()",
        "mask turned": f"{SEEN}return (1 - mask) * ((v + step_size * g.sign()).clamp(0, 1) - x).detach()",
        "towards grey":
            f"{SEEN}return ((v + step_size * mask * g.sign()).clamp(0.1, 0.9) - x).detach() * mask",
        "mask changed": f"{SEEN}mask *= 1 - mask\n{STEP}", "eval left": f"model.eval()\n{SEEN}{STEP}",
        "one sign a picture":
            f"{SEEN}s = g.mean((2, 3), keepdim=True).sign()\nreturn ((v + step_size * mask * s).clamp(0, "
            "1) - x).detach()",
        "twice": f"{SEEN}return ((v + 2 * step_size * mask * g.sign()).clamp(0, 1) - x).detach()",
    },
    "13-5": {
        "nothing": "return genomes, confidence",
        "mean": f"{BEST}return (genomes + children[who]) / 2, torch.maximum(best, confidence)",
        "least sure":
            "best, who = probability.min(0)\nw = best > confidence\nreturn torch.where(w[:, None], "
            "children[who], genomes), torch.where(w, best, confidence)",
        "confidence in place":
            f"{BEST}w = best > confidence\nconfidence[w] = best[w]\nreturn torch.where(w[:, None], "
            "children[who], genomes), confidence",
        "bar not raised at once":
            "new = genomes.clone()\nfor child, p in zip(children, probability):\n    for k in "
            "range(len(p)):\n        if p[k] > confidence[k]:\n            new[k] = child\nreturn new, "
            "torch.maximum(probability.amax(0), confidence)",
        "surest child only":
            "i = probability.amax(1).argmax()\nw = probability[i] > confidence\nreturn torch.where(w[:, "
            "None], children[i], genomes), torch.where(w, probability[i], confidence)",
        "one by one":
            "k = probability.argmax(1)\ng, c = genomes.clone(), confidence.clone()\ng[k] = children\nc[k] "
            "= probability.amax(1)\nreturn g, c",
        "above a half":
            f"{BEST}w = best > 0.5\nreturn torch.where(w[:, None], children[who], genomes), torch.where(w, "
            "best, confidence)",
    },
    "13-6": {
        "empty": "return []", "text": "return 'none'",
        "old is a view":
            f"{LOOPS}            old, v = x[i, j], x\n            v[i, j] = c\n{ASKED}            v[i, j] "
            "= old\nreturn found",
        "twice": f"{LOOPS}{ONE}{ASKED}return found + found",
        "square":
            "n = min(x.shape)\nfound = []\nfor i in range(n):\n    for j in range(n):\n        for c in "
            f"(0, 1):\n{ONE}{ASKED}return found",
        "grey too":
            "found = []\nfor i in range(x.shape[0]):\n    for j in range(x.shape[1]):\n        for c in "
            f"(0, 0.5, 1):\n{ONE}{ASKED}return found",
        "255": f"{LOOPS}            v = x.clone()\n            v[i, j] = 255 * c\n{ASKED}return found",
        "the row": f"{LOOPS}            v = x.clone()\n            v[i] = c\n{ASKED}return found",
        "added": f"{LOOPS}            v = x.clone()\n            v[i, j] += c\n{ASKED}return found",
        "stops a row": f"{LOOPS}{ONE}{ASKED}                break\nreturn found",
        "model changed": f"model.train()\n{LOOPS}{ONE}            found.append((i, j, c))\nreturn found",
        "least lead":
            f"{LOOPS}{ONE}            if model(v[None, None]).softmax(1)[0, y] < 0.5:\n"
            "                found.append((i, j, c))\nreturn found",
    },
}  # fmt: skip


test_right_in_another_way, test_unlisted_wrong_answers_are_refused = right_and_wrong(RIGHT, WRONG)
test_the_right_answers_pass_with_any_seed = with_any_seed(RIGHT)
