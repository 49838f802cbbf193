"""Asking in parts, scores that are not rounded away, and numbers drawn for everybody."""

import pytest
import torch
from torch import nn
from toy_models import Watched, images_for, small_net

from course_lib.attacks.pixels import one_pixel
from course_lib.attacks.queries import Questions, clearly_fooled, lead, log_odds, score, uniform


@pytest.mark.parametrize("chunk, passes", [(5, [5, 5, 2]), (12, [12]), (None, [12])])
def test_each_row_is_asked_about_once_in_parts(chunk, passes):
    model = Watched(small_net().eval()).eval()
    x, _ = images_for(model.model)
    logits = Questions(model, chunk, x.device).about(x)
    assert model.rows == passes
    assert not logits.requires_grad
    with torch.no_grad():
        assert torch.allclose(logits, model.model(x), atol=1e-12)


def test_images_are_made_when_their_turn_comes():
    made = []

    def make(rows):
        made.append((rows.start, rows.stop))
        return torch.zeros(rows.stop - rows.start, 1, 4, 4)

    questions = Questions(lambda x: x.flatten(1), 4, torch.device("cpu"))
    assert questions.made(10, make).shape == (10, 16)
    assert made == [(0, 4), (4, 8), (8, 10)]
    read = questions.made(10, make, lambda logits, rows: logits.sum(1) + torch.arange(rows.start, rows.stop))
    assert read.tolist() == list(range(10))


class Viewer(nn.Module):
    """Calls .view behind a convolution, as many nets for digits do."""

    def __init__(self):
        super().__init__()
        self.conv, self.last = nn.Conv2d(1, 2, 3), nn.Linear(32, 5)

    def forward(self, x):
        return self.last(self.conv(x).view(len(x), 32))


def test_an_attack_on_a_model_that_views():
    torch.manual_seed(0)
    model = Watched(Viewer().double())
    x, y = images_for(model.model)
    one_pixel(model, x, (y + 1) % 5)
    assert model.rows == [12, 12]


def test_log_odds_are_those_of_softmax_and_not_rounded():
    logits = torch.randn(7, 4, dtype=torch.float64)
    y = torch.arange(7) % 4
    p = logits.softmax(1).gather(1, y[:, None])[:, 0]
    assert torch.allclose(log_odds(logits, y), p.logit())
    sure = torch.tensor([[300.0, 0, 0], [200.0, 0, 0]])
    odds = log_odds(sure, torch.zeros(2, dtype=torch.int64))
    assert odds[0] - odds[1] == pytest.approx(100) and sure.softmax(1)[0, 0] == sure.softmax(1)[1, 0]


def test_lead_and_its_sign():
    logits, y = torch.tensor([[3.0, 1, 2], [3.0, 1, 2]]), torch.tensor([0, 1])
    assert lead(logits, y).tolist() == [1, -2]
    assert clearly_fooled(logits, y).tolist() == [False, True]
    assert clearly_fooled(logits, y, targeted=True).tolist() == [True, False]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_a_lead_of_rounding_fools_nobody(dtype):
    for steps, want in ((1, False), (1000, True)):
        logits = torch.tensor([[1.0, 1.0 + steps * torch.finfo(dtype).eps]], dtype=dtype)
        assert clearly_fooled(logits, torch.tensor([0])).item() is want
        assert clearly_fooled(logits, torch.tensor([1]), targeted=True).item() is want


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_answers_that_are_not_finite_fool_nobody_and_score_worst(bad):
    logits, y = torch.tensor([[1.0, bad, 5.0]]), torch.tensor([0])
    for targeted, label in ((False, y), (True, y + 1), (True, y + 2)):
        assert not clearly_fooled(logits, label, targeted)
    worst = score(torch.tensor([torch.nan, torch.inf, -torch.inf, 1.0]), False)
    assert worst.tolist() == [torch.inf] * 3 + [1]
    assert score(torch.tensor([2.0]), True) == -2


def test_drawn_numbers():
    like = torch.zeros(1, dtype=torch.float64)
    u = uniform((3, 1000), like, torch.Generator().manual_seed(0))
    assert u.dtype == torch.float64 and u.min() >= 0 and u.max() < 1 and abs(u.mean() - 0.5) < 0.03
    assert torch.equal(u, uniform((3, 1000), like, torch.Generator().manual_seed(0)))
    assert uniform((2,), like.bfloat16(), None).dtype == torch.float32
