"""13-1 to 13-6: right answers written differently pass, wrong ones that no mutant lists are refused."""

import pytest
import torch
from answers import cases, verdict

from course_lib.attacks.evolution import Populations, mirrored
from course_lib.attacks.fooling import Champions
from course_lib.attacks.pixel_map import pixel_map
from course_lib.exercises import registry
from course_lib.exercises.check import judge
from course_lib.exercises.lesson_13.flipping_pixels import a_case, oracle

LEAF = "v = x.detach().clone().requires_grad_()\n"
SEEN = "v = (x + mask * delta).requires_grad_()\ng = torch.autograd.grad(F.cross_entropy(model(v), y), v)[0]\n"
LOOPS = "found = []\nfor i in range(x.shape[0]):\n    for j in range(x.shape[1]):\n        for c in (0, 1):\n"
ASKED = "            if model(v[None, None]).argmax() != y:\n                found.append((i, j, c))\n"
ALL = "k = torch.arange(x.numel()).repeat(2)\nc = (torch.arange(2 * x.numel()) >= x.numel()).to(x)\n"
RIGHT = {
    "13-1": {
        "b first": "v = factor * b - factor * c + a", "add": "v = a.add(b - c, alpha=factor)",
        "in place": "b -= c\na += factor * b\nv = a", "addcmul": "v = a.addcmul(b - c, torch.tensor(factor))",
        "looked up": "v = members[three[:, 0]] + factor * (members[three[:, 1]] - members[three[:, 2]])",
        "rows": "v = torch.stack([members[i] + factor * (members[j] - members[k]) for i, j, k in three])",
        "numbers": "v = torch.tensor([[p + factor * (q - r) for p, q, r in zip(*row)] for row in zip(a, b, c)])",
        "weights": "v = torch.einsum('k,ikg->ig', torch.tensor([1, factor, -factor]), members[three])",
        "lerp": "v = a + torch.lerp(c, b, factor) - c", "mirrored already": "v = a + factor * (b - c)\nv = v.abs()",
    },
    "13-2": {
        "rows": "members, scores = parents.clone(), parent_scores.clone()\nfor i in range(len(parents)):\n"
                "    if child_scores[i] < parent_scores[i]:\n        members[i] = children[i]\n"
                "        scores[i] = child_scores[i]\nreturn members, scores",
        "mask": "better = child_scores < parent_scores\nmembers, scores = parents.clone(), parent_scores.clone()\n"
                "members[better], scores[better] = children[better], child_scores[better]\nreturn members, scores",
        "factors": "b = (child_scores < parent_scores).double()\nw = b[:, None]\nreturn [w * children + (1 - w) * "
                   "parents, b * child_scores + (1 - b) * parent_scores]",
        "fathers stay": "stays = parent_scores <= child_scores\nreturn torch.where(stays.unsqueeze(1), parents, "
                        "children), torch.minimum(parent_scores, child_scores)",
        "min of a stack": "scores, who = torch.stack([parent_scores, child_scores]).min(dim=0)\n"
                          "both = torch.stack([parents, children])\nreturn both[who, torch.arange(len(who))], scores",
        "zip": "pairs = [(c, t) if t < s else (p, s) for p, s, c, t in zip(parents, parent_scores, children, "
               "child_scores)]\nreturn tuple(torch.stack(part) for part in zip(*pairs))",
        "one table": "old = torch.cat([parents, parent_scores[:, None]], 1)\n"
                     "new = torch.cat([children, child_scores[:, None]], 1)\n"
                     "kept = torch.where(new[:, -1:] < old[:, -1:], new, old)\nreturn kept[:, :-1], kept[:, -1]",
    },
    "13-3": {
        "gradient by gradient": "total = torch.zeros_like(x)\nfor _ in range(n):\n    v = x.clone().requires_grad_()\n"
                                "    loss = F.cross_entropy(model(draw()(v)), y)\n"
                                "    total += torch.autograd.grad(loss, v)[0]\nreturn total / n",
        "one batch": f"{LEAF}seen = torch.cat([t(v) for t in [draw() for _ in range(n)]])\n"
                     "return torch.autograd.grad(F.cross_entropy(model(seen), y.repeat(n)), v)[0]",
        "stack": f"{LEAF}ts = [draw() for _ in range(n)]\n"
                 "loss = torch.stack([F.cross_entropy(model(t(v)), y) for t in ts]).mean()\n"
                 "return torch.autograd.grad(loss, v)[0]",
        "backward to x alone": f"{LEAF}for _ in range(n):\n"
                               "    (F.cross_entropy(model(draw()(v)), y) / n).backward(inputs=[v])\nreturn v.grad",
        "function": "def loss(v):\n    return sum(F.cross_entropy(model(draw()(v)), y) for _ in range(n)) / n\n"
                    "return torch.func.grad(loss)(x)",
        "by hand": f"{LEAF}p = [model(draw()(v)).log_softmax(1) for _ in range(n)]\n"
                   "own = sum(q[torch.arange(len(y)), y].mean() for q in p)\n"
                   "return -torch.autograd.grad(own, v)[0] / n",
        "mode put back": f"mode = model.training\nmodel.eval()\n{LEAF}"
                         "loss = sum(F.cross_entropy(model(draw()(v)), y) for _ in range(n))\n"
                         "model.train(mode)\nreturn torch.autograd.grad(loss, v)[0].div(n)",
        "a copy of the model": "import copy\nnet = copy.deepcopy(model)\n" + LEAF +
                               "(sum(F.cross_entropy(net(draw()(v)), y) for _ in range(n)) / n).backward()\n"
                               "return v.grad",
        "image by image": f"{LEAF}loss = 0\nfor _ in range(n):\n    t = draw()\n    for i in range(len(v)):\n"
                          "        loss = loss + F.cross_entropy(model(t(v[i:i + 1])), y[i:i + 1]) / len(v)\n"
                          "return torch.autograd.grad(loss / n, v)[0]",
        "x itself asked": "x.requires_grad_()\nloss = sum(F.cross_entropy(model(draw()(x)), y) for _ in range(n)) / n\n"
                          "return torch.autograd.grad(loss, x)[0]",
    },
    "13-4": {
        "gradient in delta": "d = delta.clone().requires_grad_()\nloss = F.cross_entropy(model(x + mask * d), y)\n"
                             "g = torch.autograd.grad(loss, d)[0]\n"
                             "return (mask * (delta + step_size * g.sign())).clamp(-x, 1 - x)",
        "where": f"{SEEN}v = torch.where(mask.bool(), v + step_size * g.sign(), x)\n"
                 "return v.detach().clamp(0, 1) - x",
        "sum of the losses": "v = (x + mask * delta).requires_grad_()\nloss = F.cross_entropy(model(v), y, "
                             "reduction='sum')\ng = torch.autograd.grad(loss, v)[0].sign()\n"
                             "return ((delta + step_size * g) * mask).detach().maximum(-x).minimum(1 - x)",
        "function": "g = torch.func.grad(lambda v: F.cross_entropy(model(v), y))(x + delta * mask)\n"
                    "return mask * ((x + delta + step_size * g.sign()).clamp(0, 1) - x)",
        "image by image": "new = torch.zeros_like(delta)\nfor i in range(len(x)):\n"
                          "    v = (x[i:i + 1] + mask * delta[i:i + 1]).requires_grad_()\n"
                          "    F.cross_entropy(model(v), y[i:i + 1]).backward(inputs=[v])\n"
                          "    new[i] = (v + step_size * mask * v.grad.sign()).clamp(0, 1)[0].detach() - x[i]\n"
                          "return new",
        "down minus the loss": "v = (x + mask * delta).requires_grad_()\n"
                               "g = torch.autograd.grad(-F.cross_entropy(model(v), y), v)[0]\n"
                               "return ((v - step_size * g.sign()).clamp(0, 1) - x).detach() * mask",
    },
    "13-5": {
        "one after the other": "genomes, confidence = genomes.clone(), confidence.clone()\n"
                               "for child, p in zip(children, probability):\n    for k in range(len(p)):\n"
                               "        if p[k] > confidence[k]:\n            genomes[k], confidence[k] = child, p[k]\n"
                               "return genomes, confidence",
        "together": "best, who = torch.cat([confidence[None], probability]).max(dim=0)\n"
                    "return torch.stack([genomes[k] if w == 0 else children[w - 1] for k, w in enumerate(who)]), best",
        "mask for each child": "genomes, confidence = genomes.clone(), confidence.clone()\n"
                               "for child, p in zip(children, probability):\n    won = p > confidence\n"
                               "    genomes[won] = child\n    confidence[won] = p[won]\nreturn genomes, confidence",
        "classes": "new, sure = [], []\nfor k in range(len(confidence)):\n    i = probability[:, k].argmax()\n"
                   "    wins = probability[i, k] > confidence[k]\n    new.append(children[i] if wins else genomes[k])\n"
                   "    sure.append(max(probability[i, k], confidence[k]))\nreturn torch.stack(new), torch.stack(sure)",
        "the old ones stay": "best = probability.amax(0)\nstay = confidence >= best\nwho = probability.argmax(0)\n"
                             "return [torch.where(stay.view(-1, 1), genomes, children[who]), best.maximum(confidence)]",
        "transposed": "p, g = probability.T, genomes.clone()\nwon = (p.max(1).values > confidence).nonzero()[:, 0]\n"
                      "g[won] = children[p[won].argmax(1)]\nreturn g, torch.maximum(p.max(1)[0], confidence)",
    },
    "13-6": {
        "a clone for a pixel": "found = []\nfor i in range(x.shape[0]):\n    for j in range(x.shape[1]):\n"
                               "        v = x.clone()\n" + "        for c in (0, 1):\n            v[i, j] = c\n"
                               f"{ASKED}return found",
        "put back": f"{LOOPS}            old, v = x[i, j].item(), x\n            v[i, j] = c\n{ASKED}"
                    "            v[i, j] = old\nreturn found",
        "one batch": f"{ALL}v = x.repeat(len(k), 1, 1, 1)\nv.flatten(1)[torch.arange(len(k)), k] = c\n"
                     "f = model(v).argmax(1) != y\n"
                     "return torch.stack([k // x.shape[1], k % x.shape[1], c.long()], 1)[f]",
        "set": "import itertools\nfound = set()\nwith torch.no_grad():\n"
               "    for i, j, c in itertools.product(*map(range, (*x.shape, 2))):\n        v = x.clone()\n"
               "        v[i, j] = c\n        if int(model(v.view(1, 1, *v.shape)).argmax()) != y:\n"
               "            found.add((i, j, c))\nreturn found",
        "generator": "return ((int(i), int(j), c) for i, j in torch.ones_like(x).nonzero() for c in (1, 0)\n"
                     "        if model(x.index_put((i, j), torch.tensor(c).to(x))[None, None]).argmax(1) != y)",
        "mask": f"{LOOPS}            m = torch.zeros_like(x)\n            m[i, j] = 1\n"
                f"            v = x * (1 - m) + c * m\n{ASKED}return found",
        "floats": f"{LOOPS.replace('(0, 1)', '(1., 0.)')}            v = x.clone()\n            v[i][j] = c\n{ASKED}"
                  "return torch.tensor(found)",
    },
}  # fmt: skip
CHILD = "better = child_scores < parent_scores\n"
WRONG = {
    "13-1": {
        "crossover": "v = torch.where(torch.rand_like(a) < 0.5, a, members) + factor * (b - c)",
        "noise": "v = a + factor * torch.randn_like(a)", "none": "v = None", "mean": "v = (a + b + c) / 3",
        "doubled": "v = a + 2 * factor * (b - c)", "cut": "v = (a + factor * (b - c)).clamp(0, 1)",
        "middle": "v = a + factor * ((b - c) / 2)", "numbers": "v = (three[:, :1] + factor * (b - c))",
        "one child": "v = (a + factor * (b - c))[:1]", "best": "v = members[0] + factor * (b - c)",
        "squared": "v = a + factor * (b - c) ** 2", "sign": "v = a + factor * (b - c).sign()",
        "three changed": "three += 1\nthree %= len(members)\nv = a + factor * (b - c)",
        "drawn anew": "a, b, c = members[torch.rand(len(members), len(members)).argsort(1)[:, :3]].unbind(1)\n"
                      "v = a + factor * (b - c)",
        "rows mixed": "v = a + factor * (b - c.flip(0))",
    },
    "13-2": {
        "nothing": "return parents, parent_scores", "mean": "return (parents + children) / 2, "
        "(parent_scores + child_scores) / 2", "only better": f"{CHILD}return children[better], child_scores[better]",
        "three": f"{CHILD}return parents, parent_scores, better", "flags": f"{CHILD}return better, child_scores",
        "unsqueezed": f"{CHILD}return torch.where(better[:, None], children, parents), torch.where(better[:, None], "
                      "child_scores, parent_scores)",
        "random": "better = torch.rand_like(child_scores) < 0.5\nreturn torch.where(better[:, None], children, "
                  "parents), torch.where(better, child_scores, parent_scores)",
        "much better only": "better = child_scores < parent_scores - 0.25\nreturn torch.where(better[:, None], "
                            "children, parents), torch.where(better, child_scores, parent_scores)",
        "below a half": "better = child_scores < 0.5\nreturn torch.where(better[:, None], children, parents), "
                        "torch.where(better, child_scores, parent_scores)",
        "the worst father": "members, scores = parents.clone(), parent_scores.clone()\n"
                            "for child, s in zip(children, child_scores):\n    i = scores.argmax()\n"
                            "    if s < scores[i]:\n        members[i], scores[i] = child, s\nreturn members, scores",
        "scores in place": f"{CHILD}members = torch.where(better[:, None], children, parents)\n"
                           "parent_scores[better] = child_scores[better]\nreturn members, parent_scores",
        "views of the fathers": "members = parents\nfor i in range(len(parents)):\n"
                                "    if child_scores[i] < parent_scores[i]:\n        members[i] = children[i]\n"
                                "return members, torch.minimum(parent_scores, child_scores)",
        "text": "return 'ab'", "one tensor": "return torch.stack([parent_scores, child_scores])",
    },
    "13-3": {
        "zero": "for _ in range(n):\n    draw()(x)\nreturn torch.zeros_like(x)",
        "n + 1": f"{LEAF}loss = sum(F.cross_entropy(model(draw()(v)), y) for _ in range(n + 1)) / n\n"
                 "return torch.autograd.grad(loss, v)[0]",
        "ten": f"{LEAF}loss = sum(F.cross_entropy(model(draw()(v)), y) for _ in range(10)) / 10\n"
               "return torch.autograd.grad(loss, v)[0]",
        "sign": f"{LEAF}loss = sum(F.cross_entropy(model(draw()(v)), y) for _ in range(n)) / n\n"
                "return torch.autograd.grad(loss, v)[0].sign()",
        "one view unused": f"{LEAF}ts = [draw() for _ in range(n)]\nloss = sum(F.cross_entropy(model(ts[0](v)), y) "
                           "for _ in ts) / n\nreturn torch.autograd.grad(loss, v)[0]",
        "through both": f"{LEAF}loss = sum(F.cross_entropy(model(draw()(draw()(v))), y) for _ in range(n)) / n\n"
                        "return torch.autograd.grad(loss, v)[0]",
        "detached": f"{LEAF}loss = sum(F.cross_entropy(model(draw()(v.detach())), y) for _ in range(n)) / n\n"
                    "return torch.autograd.grad(loss, v, allow_unused=True)[0]",
        "grads cleared": f"{LEAF}loss = sum(F.cross_entropy(model(draw()(v)), y) for _ in range(n)) / n\n"
                         "loss.backward()\nmodel.zero_grad()\nreturn v.grad",
        "frozen": f"model.requires_grad_(False)\n{LEAF}loss = sum(F.cross_entropy(model(draw()(v)), y) for _ in "
                  "range(n)) / n\nreturn torch.autograd.grad(loss, v)[0]",
        "eval left": f"model.eval()\n{LEAF}loss = sum(F.cross_entropy(model(draw()(v)), y) for _ in range(n)) / n\n"
                     "return torch.autograd.grad(loss, v)[0]",
        "over the images": f"{LEAF}loss = sum(F.cross_entropy(model(draw()(v)), y) for _ in range(n)) / n\n"
                           "return torch.autograd.grad(loss, v)[0].mean(0)",
        "x moved": "x += 0.1\nx = x.clone().requires_grad_()\n"
                   "return torch.autograd.grad(sum(F.cross_entropy(model(draw()(x)), y) for _ in range(n)) / n, x)[0]",
        "the answer's loss": f"{LEAF}total = 0\nfor _ in range(n):\n    z = model(draw()(v))\n"
                             "    total = total + F.cross_entropy(z, z.argmax(1))\n"
                             "return torch.autograd.grad(total / n, v)[0]",
        "logit": f"{LEAF}z = sum(model(draw()(v)).gather(1, y[:, None]).mean() for _ in range(n)) / n\n"
                 "return -torch.autograd.grad(z, v)[0]",
    },
    "13-4": {
        "nothing": "return delta", "masked only": "return mask * delta", "zero": "return 0 * delta",
        "no sign, no box": f"{SEEN}return (mask * (delta + step_size * g)).detach()",
        "cut before": f"{SEEN}return ((x + mask * delta).clamp(0, 1) + step_size * mask * g.sign() - x).detach()",
        "mask of the gradient lost": f"{SEEN}return ((x + delta + step_size * g.sign()).clamp(0, 1) - x).detach()",
        "mask turned": f"{SEEN}return (1 - mask) * ((v + step_size * g.sign()).clamp(0, 1) - x).detach()",
        "towards grey": f"{SEEN}return ((v + step_size * mask * g.sign()).clamp(0.1, 0.9) - x).detach() * mask",
        "delta in place": "delta.mul_(mask)\nreturn delta",
        "mask changed": f"{SEEN}mask *= 1 - mask\nreturn ((v + step_size * mask * g.sign()).clamp(0, 1) - x).detach()",
        "eval left": f"model.eval()\n{SEEN}return ((v + step_size * mask * g.sign()).clamp(0, 1) - x).detach()",
        "random sign": "s = torch.randn_like(x).sign()\nreturn (x + mask * (delta + step_size * s)).clamp(0, 1) - x",
        "one sign a picture": f"{SEEN}s = g.mean((2, 3), keepdim=True).sign()\n"
                              "return ((v + step_size * mask * s).clamp(0, 1) - x).detach()",
        "twice": f"{SEEN}return ((v + 2 * step_size * mask * g.sign()).clamp(0, 1) - x).detach()",
        "none": SEEN,
    },
    "13-5": {
        "nothing": "return genomes, confidence", "dictionary": "return dict(genomes=genomes, confidence=confidence)",
        "first child": "return children[:1].expand_as(genomes), probability[0]",
        "mean": "best, who = probability.max(0)\nreturn (genomes + children[who]) / 2, torch.maximum(best, confidence)",
        "least sure": "best, who = probability.min(0)\nw = best > confidence\n"
                      "return torch.where(w[:, None], children[who], genomes), torch.where(w, best, confidence)",
        "confidence in place": "best, who = probability.max(0)\nw = best > confidence\nconfidence[w] = best[w]\n"
                               "return torch.where(w[:, None], children[who], genomes), confidence",
        "bar not raised at once": "new = genomes.clone()\nfor child, p in zip(children, probability):\n"
                                  "    for k in range(len(p)):\n        if p[k] > confidence[k]:\n"
                                  "            new[k] = child\nreturn new, torch.maximum(probability.amax(0), confidence)",
        "surest child only": "i = probability.amax(1).argmax()\nw = probability[i] > confidence\nreturn torch.where("
                             "w[:, None], children[i], genomes), torch.where(w, probability[i], confidence)",
        "one by one": "k = probability.argmax(1)\ng, c = genomes.clone(), confidence.clone()\ng[k] = children\n"
                      "c[k] = probability.amax(1)\nreturn g, c",
        "above a half": "best, who = probability.max(0)\nw = best > 0.5\nreturn torch.where(w[:, None], children[who], "
                        "genomes), torch.where(w, best, confidence)",
        "numbers": "return probability.argmax(0), probability.amax(0)",
        "shared": "best, who = probability.max(0)\ng = genomes\nfor k in range(len(g)):\n"
                  "    if best[k] > confidence[k]:\n        g[k] = children[who[k]]\n"
                  "return g, torch.maximum(best, confidence)",
    },
    "13-6": {
        "empty": "return []", "text": "return 'none'", "number": "return 3", "pairs": "return [(0, 1)]",
        "old is a view": f"{LOOPS}            old, v = x[i, j], x\n            v[i, j] = c\n{ASKED}"
                         "            v[i, j] = old\nreturn found",
        "old is a view of a clone": f"w = x.clone()\n{LOOPS}            old, v = w[i, j], w\n            v[i, j] = c\n"
                                    f"{ASKED}            w[i, j] = old\nreturn found",
        "twice": f"{LOOPS}            v = x.clone()\n            v[i, j] = c\n{ASKED}return found + found",
        "all": "return [(i, j, c) for i in range(x.shape[0]) for j in range(x.shape[1]) for c in (0, 1)]",
        "square": f"n = min(x.shape)\n{LOOPS.replace('x.shape[0]', 'n').replace('x.shape[1]', 'n')}"
                  f"            v = x.clone()\n            v[i, j] = c\n{ASKED}return found",
        "grey too": f"{LOOPS.replace('(0, 1)', '(0, 0.5, 1)')}            v = x.clone()\n            v[i, j] = c\n{ASKED}"
                    "return found",
        "255": f"{LOOPS}            v = x.clone()\n            v[i, j] = 255 * c\n{ASKED}return found",
        "the row": f"{LOOPS}            v = x.clone()\n            v[i] = c\n{ASKED}return found",
        "added": f"{LOOPS}            v = x.clone()\n            v[i, j] += c\n{ASKED}return found",
        "the last row missing": f"{LOOPS.replace('x.shape[0]', 'x.shape[0] - 1')}            v = x.clone()\n"
                                f"            v[i, j] = c\n{ASKED}return found",
        "stops a row": f"{LOOPS}            v = x.clone()\n            v[i, j] = c\n{ASKED}                break\nreturn found",
        "model changed": f"model.train()\n{LOOPS}            v = x.clone()\n            v[i, j] = c\n"
                         "            found.append((i, j, c))\nreturn found",
        "least lead": f"{LOOPS}            v = x.clone()\n            v[i, j] = c\n"
                      "            if model(v[None, None]).softmax(1)[0, y] < 0.5:\n"
                      "                found.append((i, j, c))\nreturn found",
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


@pytest.mark.parametrize("k", range(3))
def test_the_right_answers_pass_with_any_seed(k, monkeypatch):
    seed = torch.manual_seed
    monkeypatch.setattr(torch, "manual_seed", lambda _: seed(100 + k))
    for name in RIGHT:
        found = judge(registry()[name], registry()[name].solution)
        assert (found.state, found.message) == ("right", ""), name


def test_the_attack_library_does_the_same():
    torch.manual_seed(0)
    parents, was, now = torch.rand(1, 9, 5), torch.rand(1, 9), torch.rand(1, 9)
    three = torch.rand(1, 9, 9).argsort(2)[:, :, :3]
    old = Populations(parents, was)
    children = mirrored(old.children(three))
    assert torch.allclose(registry()["13-1"].solution(parents[0], three[0]), children[0])
    new = old.after(children, now)
    found = registry()["13-2"].solution(parents[0], was[0], children[0], now[0])
    assert torch.equal(found[0], new.members[0]) and torch.equal(found[1], new.scores[0])
    champions = Champions(torch.rand(4, 5), torch.rand(4)).after(children[0], torch.rand(9, 4))
    again = torch.rand(9, 4)
    found = registry()["13-5"].solution(champions.genomes, champions.odds, children[0], again)
    after = champions.after(children[0], again)
    assert torch.equal(found[0], after.genomes) and torch.equal(found[1], after.odds)


def test_the_pixel_map_says_the_same_as_the_enumeration():
    torch.manual_seed(0)
    model, x, y = a_case(4, 6)
    truth = pixel_map(model, x[None, None], torch.tensor([y]))[0]  # colours, rows, columns
    flips = {(i, j, c) for c, i, j in (truth < 0).nonzero().tolist()}
    assert flips == oracle(model, x, y) == set(registry()["13-6"].solution(model, x, y))
