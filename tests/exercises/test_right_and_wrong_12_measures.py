"""12-4 to 12-6: right answers written differently pass, unlisted wrong ones are refused."""

import torch
from answers import right_and_wrong, with_any_seed

from course_lib.exercises.lesson_12 import success_rate
from course_lib.exercises.lesson_12.linear_minimum import a_case, minimum
from course_lib.measure.robustness import success

ROWS = ("a, b = model(x).argmax(1), model(x_adv).argmax(1)\nd = (x_adv - x).abs().flatten(1)\n"
        "v = x_adv.flatten(1)\n")
EDGE = ("w, gap = W[others] - W[c], logits[c] - logits[others]\nn = (w ** 2).sum(1)\n"
        "k = (gap / n.sqrt()).argmin()\n")
FAR = "far = lambda s: (noisy(s) - x).flatten(1).norm(dim=1)\n"
RIGHT = {
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
}  # fmt: skip
WRONG = {
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
}  # fmt: skip


test_right_in_another_way, test_unlisted_wrong_answers_are_refused = right_and_wrong(RIGHT, WRONG)
test_the_right_answers_pass_with_any_seed = with_any_seed(RIGHT)


def test_the_nearest_edge_is_reached_and_no_other_direction_is_shorter(as_in_a_check):
    W, b, x = a_case(6, 5)
    delta = minimum(W, b, x)
    top = (W @ (x + delta) + b).topk(2).values
    assert top[0] - top[1] < 1e-12
    inside = torch.nn.functional.normalize(torch.randn(2000, 5)) * delta.norm() * (1 - 1e-9)
    assert ((x + inside) @ W.T + b).argmax(1).unique().tolist() == [int((W @ x + b).argmax())]


def test_every_slip_of_the_share_is_another_and_without_any_it_is_the_library_s(as_in_a_check):
    made = [success_rate.a_case(*case) for case in success_rate.CASES]
    right = [success_rate.share(*case) for case in made]
    assert right == [success(*case[:4], eps=case[4]).rate for case in made]
    for slip in success_rate.SLIPS:
        assert right != [success_rate.share(*case, *slip) for case in made], slip
