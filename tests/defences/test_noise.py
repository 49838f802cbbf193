"""Adaptive noise: its size by the formula in both modes, and the student that starts from its teacher."""

import pytest
import torch
from torch import nn

from course_lib.defences.noise import AdaptiveNoise, stochastic_student
from course_lib.nets import SmallCNN
from course_lib.train.fit import fit


def activations(n=400, seed=0):
    """Three channels of standard deviation 0.5, 2 and 0."""
    a = torch.randn(n, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
    return a * torch.tensor([0.5, 2.0, 0.0]).view(3, 1, 1) + 1


def test_noise_is_scale_times_the_standard_deviation_of_each_channel():
    torch.manual_seed(0)
    layer, a = AdaptiveNoise(3, scale=0.3), activations()
    noise = (layer(a) - a).transpose(0, 1).flatten(1)
    assert torch.allclose(noise.std(1), 0.3 * torch.tensor([0.5, 2.0, 0.0]), rtol=0.02)
    assert noise.mean(1).abs().max() < 0.02
    assert torch.allclose(layer.std, a.transpose(0, 1).flatten(1).std(1, correction=0))


def test_in_eval_mode_it_draws_anew_and_no_image_depends_on_the_others():
    layer, a = AdaptiveNoise(3), activations()
    layer(a)
    layer.eval()
    assert not torch.equal(layer(a), layer(a))
    answers = []
    for rest in (a[1:10], 100 * a[1:10]):
        torch.manual_seed(1)
        answers.append(layer(torch.cat([a[:1], rest]))[0])
    assert torch.equal(*answers)
    torch.manual_seed(2)
    alone = torch.stack([(layer(a[:1]) - a[:1])[0, 1] for _ in range(50)])
    assert alone.std() == pytest.approx(0.5 * 2, rel=0.05)


def test_the_running_mean_first_shares_evenly_then_forgets():
    layer = AdaptiveNoise(1)
    for size in (1.0, 2.0, 6.0):
        layer(size * torch.tensor([[-1.0], [1.0]]))
    assert layer.std.item() == pytest.approx(3)
    for _ in range(60):
        layer(5 * torch.tensor([[-1.0], [1.0]]))
    assert layer.std.item() == pytest.approx(5, abs=0.01)
    before = layer.std.clone()
    layer.eval()(torch.zeros(4, 1))
    assert torch.equal(layer.std, before)


def test_scale_0_is_the_teacher_and_gradients_go_through():
    teacher = SmallCNN(side=8, width=2).eval().requires_grad_(False)
    before = [p.clone() for p in teacher.parameters()]
    student, x = stochastic_student(teacher, scale=0), torch.rand(4, 1, 8, 8, requires_grad=True)
    assert torch.equal(student(x), teacher(x))
    assert [layer.std.numel() for layer in student if isinstance(layer, AdaptiveNoise)] == [2, 4]
    assert all(p.requires_grad for p in student.parameters()) and student.training
    torch.autograd.grad(stochastic_student(teacher)(x).sum(), x)
    fit(student, torch.rand(16, 1, 8, 8), torch.arange(16) % 10, steps=3, batch_size=8)
    assert not torch.equal(next(student.parameters()), before[0])
    assert all(torch.equal(p, old) and not p.requires_grad and p.grad is None
               for p, old in zip(teacher.parameters(), before, strict=True))


def test_a_trained_student_is_right_and_differs_from_call_to_call():
    g = torch.Generator().manual_seed(0)
    y = torch.arange(200) % 2
    x = (0.3 * torch.rand(200, 1, 8, 8, generator=g) + 0.6 * y.view(-1, 1, 1, 1)).clamp(0, 1)
    torch.manual_seed(0)
    student = stochastic_student(SmallCNN(side=8, width=4, classes=2))
    fit(student, x, y, steps=60, batch_size=32, lr=0.02, optimizer="adam")
    student.eval()
    with torch.no_grad():
        first, second = student(x), student(x)
    assert not torch.equal(first, second)
    assert (first.argmax(1) == y).float().mean() > 0.95


def test_what_cannot_work_is_said():
    with pytest.raises(ValueError, match="no batch in train mode"):
        stochastic_student(SmallCNN(side=8)).eval()(torch.rand(1, 1, 8, 8))
    with pytest.raises(ValueError, match="scale must be"):
        AdaptiveNoise(3, scale=-1)
    with pytest.raises(ValueError, match="teacher must be"):
        stochastic_student(nn.Linear(3, 2))
    with pytest.raises(ValueError, match="teacher must be"):
        stochastic_student(nn.Sequential(nn.Flatten(), nn.Linear(3, 2)))
