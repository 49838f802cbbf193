"""The step to a plane inside the box, against a root finder and against random other steps."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from course_lib.attacks.minimal.planes import step_to_plane

ORDER = {"l2": 2, "linf": torch.inf}


def problem(seed, rows=20, pixels=9):
    g = torch.Generator().manual_seed(seed)
    x = torch.rand(rows, pixels, generator=g, dtype=torch.float64)
    x[:, :2] = torch.rand(rows, 2, generator=g).round()
    w = torch.randn(rows, pixels, generator=g, dtype=torch.float64)
    w[:, 2] = 0
    corners = torch.stack([(w * ((w > 0).double() - x)).sum(1), (w * ((w < 0).double() - x)).sum(1)])
    share = torch.rand(rows, generator=g, dtype=torch.float64)
    return x, w, corners[0] * share + corners[1] * (1 - share), corners


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.sampled_from(["l2", "linf"]))
def test_nothing_nearer_reaches_the_plane(seed, norm):
    x, w, gap, _ = problem(seed)
    r = step_to_plane(x, w, gap, norm)
    assert ((x + r).clamp(0, 1) - x - r).abs().max() < 1e-12
    assert torch.allclose((w * r).sum(1), gap, atol=1e-10)
    for k in range(len(x)):  # all steps of this shape are clip(x + t d) - x; the gap closes at one t
        d = w[k] * gap[k].sign() if norm == "l2" else (w[k] * gap[k].sign()).sign()

        def short(t, k=k, d=d):
            return float(w[k] @ ((x[k] + t * d).clamp(0, 1) - x[k]) - gap[k])

        t = brentq(short, 0, 1e6, xtol=1e-15)
        want = ((x[k] + t * d).clamp(0, 1) - x[k]).norm(ORDER[norm])
        assert r[k].norm(ORDER[norm]) == pytest.approx(float(want), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_among_random_points_of_the_plane_none_is_nearer(norm):
    x, w, gap, _ = problem(1, rows=4)
    size = step_to_plane(x, w, gap, norm).norm(ORDER[norm], dim=1)
    g = torch.Generator().manual_seed(0)
    for _ in range(500):
        other = step_to_plane(torch.rand(x.shape, generator=g, dtype=torch.float64), w, gap * 0, norm)
        z = other + torch.rand(x.shape, generator=g, dtype=torch.float64)
        z = z.clamp(0, 1)
        z = z + step_to_plane(z, w, gap + (w * (x - z)).sum(1), norm)  # now on the plane
        assert ((z - x).norm(ORDER[norm], dim=1) >= size - 1e-9).all()


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_a_plane_out_of_reach_sends_to_the_corner(norm):
    x, w, _, corners = problem(2)
    r = step_to_plane(x, w, 2 * corners[0], norm)
    assert torch.allclose((w * r).sum(1), corners[0])
    flat = step_to_plane(x, 0 * w, corners[0], norm)
    assert torch.equal(flat, torch.zeros_like(x)), "where nothing slopes nothing moves"
