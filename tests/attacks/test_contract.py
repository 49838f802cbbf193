"""All attacks keep the contract; and the suite that says so is not fooled itself."""

import pytest
import torch
import torch.nn.functional as F
from attack_table import CASES, Case
from contract_checks import CHECKS, complaints


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_contract(case, check):
    CHECKS[check](case)


def signs(model, x, y, eps):
    """A gradient in the wild: whatever mode the model is in, and into the weights too."""
    v = x.detach().clone().requires_grad_()
    F.cross_entropy(model(v), y).backward()
    return eps * v.grad.sign()


def nothing(model, x, y, *, eps, **more):
    return x.clone()


def black(model, x, y, *, eps, **more):
    return torch.zeros_like(x)


def careless(model, x, y, *, eps, **more):
    return (x + signs(model, x, y, eps)).clamp(0, 1)


def unclamped(model, x, y, *, eps, **more):
    return x + signs(model, x, y, eps)


def twice_as_far(model, x, y, *, eps, **more):
    return (x + signs(model, x, y, 2 * eps)).clamp(0, 1)


def downhill(model, x, y, *, eps, **more):
    return (x - signs(model, x, y, eps)).clamp(0, 1)


def in_place(model, x, y, *, eps, **more):
    x.data += signs(model, x, y, eps)
    return x.data.clamp_(0, 1)


@pytest.mark.parametrize("attack, named", [
    (nothing, {"most_images_are_fooled"}),
    (black, {"ball_range_shape_and_dtype", "a_failure_gives_the_clean_image"}),
    (careless, {"the_model_is_left_as_it_was", "a_failure_gives_the_clean_image", "chunks_bound_the_rows",
                "the_model_is_left_as_it_was_after_a_stop", "bad_input_is_named"}),
    (unclamped, {"ball_range_shape_and_dtype"}),
    (twice_as_far, {"ball_range_shape_and_dtype"}),
    (downhill, {"most_images_are_fooled"}),
    (in_place, {"inputs_are_left_as_they_were"}),
], ids=lambda value: getattr(value, "__name__", ""))
def test_the_suite_notices(attack, named):
    assert named <= set(complaints(Case("", attack, {"eps": 0.1}, "linf")))


def test_black_images_fail_without_a_ball_too():
    found = complaints(Case("", black, {"eps": 0.1}))
    assert {"a_failure_gives_the_clean_image", "the_perturbation_is_smaller_than_a_new_picture"} <= set(found)
