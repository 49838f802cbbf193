"""Balls: exact in every number type, as large as that type allows, projections the nearest points."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.attacks.ball import add_inside, ball_around, linf_box, project_l2, random_in_ball, unit

DTYPES = [torch.float64, torch.float32, torch.bfloat16, torch.float16]
sizes = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 8 / 255, 0.1, 0.3, 1e-9, 1.0]))


def images(seed, dtype, n=6):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 2, 5, generator=generator, dtype=torch.float64)
    x[0], x[1], x[2] = 0, 1, x[2] * 1e-7
    return x.to(dtype), torch.randn(n, 2, 5, generator=generator, dtype=torch.float64)


@settings(deadline=None)
@given(st.integers(0, 9999), sizes, st.sampled_from(DTYPES))
def test_no_rounding_leads_out_of_the_linf_ball(seed, eps, dtype):
    x, _ = images(seed, dtype)
    for v, side in zip(linf_box(x, eps), (-1.0, 1.0), strict=True):
        assert v.dtype == dtype and ((v.double() - x.double()).abs() <= eps).all()
        assert v.min() >= 0 and v.max() <= 1
        farther = torch.nextafter(v, torch.full_like(v, side * 2))
        size = (farther.double() - x.double()).abs()
        out = (size > eps * (1 - 1e-15)) | (farther < 0) | (farther > 1)  # the difference itself is rounded
        assert out.all(), "the box is smaller than it must be"


@settings(deadline=None)
@given(st.integers(0, 9999), st.floats(0, 5), st.sampled_from(DTYPES))
def test_no_rounding_leads_out_of_the_l2_ball(seed, eps, dtype):
    x, noise = images(seed, dtype)
    v = project_l2((x + noise).to(dtype), x, eps)
    assert v.dtype == dtype and v.min() >= 0 and v.max() <= 1
    assert ((v.double() - x.double()).flatten(1).norm(dim=1) <= eps).all()


def test_projections_are_the_nearest_points():
    x, noise = images(3, torch.float64)
    x = x * 0.2 + 0.4
    inside = x + 0.01 * noise / noise.abs().max()
    for norm, eps in (("linf", 0.05), ("l2", 0.2)):
        ball = ball_around(x, eps, norm)
        assert torch.allclose(ball.project(inside), inside, atol=1e-15)
    want = x + 0.2 * noise / noise.flatten(1).norm(dim=1).view(-1, 1, 1)
    assert torch.allclose(project_l2(x + noise, x, 0.2), want)
    assert torch.equal(ball_around(x, 0.05, "linf").project(x + 9 * noise.sign()), linf_box(x, 0.05)[1].where(
        noise > 0, linf_box(x, 0.05)[0]))


def test_adding_moves_no_pixel_farther_than_asked():
    for dtype in DTYPES:
        x, noise = images(5, dtype)
        v = add_inside(x, noise * 0.1)
        assert ((v.double() - x.double()).abs() <= (noise * 0.1).abs()).all() and v.dtype == dtype


def test_unit_steps_of_tiny_huge_and_no_gradients():
    g = torch.randn(4, 3, 3)
    for scale in (1e-38, 1e-20, 1.0, 1e30):
        assert torch.allclose(unit(g * scale).flatten(1).norm(dim=1), torch.ones(4), atol=1e-4)
    assert not unit(torch.zeros(2, 3)).any()


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_random_points_are_uniform_in_the_ball(norm):
    x = torch.zeros(20_000, 3, dtype=torch.float64)
    delta = random_in_ball(x, 0.5, norm, torch.Generator().manual_seed(0))
    size = delta.norm(torch.inf if norm == "linf" else 2, dim=1)
    assert size.max() <= 0.5
    shares = [(size <= 0.5 * r).double().mean() for r in (0.5, 0.8, 0.9)]
    assert shares == pytest.approx([0.5**3, 0.8**3, 0.9**3], abs=0.015)
    assert delta.mean(0).abs().max() < 0.01
