"""What every attack promises, as checks of one `Case`. Run on all of them by test_contract.py.

They measure by themselves, with nothing of course_lib.
"""

import contextlib
import warnings

import pytest
import torch
from toy_models import CLASSES, Unfoolable, Watched, answers, images_for, linear, small_net

DTYPES = (torch.float64, torch.float32, torch.bfloat16)


def check_most_images_are_fooled(case):
    for model in (linear(), small_net(1), small_net(2)):
        x, y = images_for(model)
        x_adv = case(model, x, y)
        assert (answers(model, x_adv) != y).double().mean() >= 0.5, "too few images are fooled"


def check_ball_range_shape_and_dtype(case):
    for dtype in DTYPES:
        for seed in range(3):
            model = small_net(seed, dtype)
            x, y = images_for(model, seed=seed)
            x_adv = case(model, x, y)
            assert (x_adv.shape, x_adv.dtype, x_adv.device) == (x.shape, x.dtype, x.device)
            assert not x_adv.requires_grad and x_adv.data_ptr() != x.data_ptr()
            assert x_adv.min() >= 0 and x_adv.max() <= 1, f"outside [0, 1] in {dtype}"
            if case.norm:
                order = {"linf": torch.inf, "l2": 2}[case.norm]
                size = (x_adv.double() - x.double()).flatten(1).norm(order, dim=1)
                assert (size <= case.options["eps"]).all(), f"outside the ball in {dtype}"


def check_a_failure_gives_the_clean_image(case):
    for model in (small_net(0), small_net(1), Unfoolable()):
        x, y = images_for(model)
        x_adv = case(model, x, y)
        failed = answers(model, x_adv) == y
        assert torch.equal(x_adv[failed], x[failed]), "an image that fools nobody was changed"
    assert failed.all()


def check_the_perturbation_is_smaller_than_a_new_picture(case):
    """Of the images fooled: nearer to the clean image than black, white and grey are."""
    model = small_net(2)
    x, y = images_for(model)
    x_adv = case(model, x, y)
    hit = answers(model, x_adv) != y
    size = (x_adv - x)[hit].flatten(1).norm(dim=1)
    for level in (0, 0.5, 1):
        assert (size < (level - x)[hit].flatten(1).norm(dim=1)).all(), "too large a change"


def check_the_model_is_left_as_it_was(case):
    for mode in (True, False):
        model = Watched(small_net())
        model.train(mode)
        model.model[1].train(not mode)
        before = state_of(model)
        case(model, *images_for(model.model))
        assert state_of(model) == before


def check_the_model_is_left_as_it_was_after_a_stop(case):
    for at in (1, 2):
        for stop in (RuntimeError("stopped"), KeyboardInterrupt()):
            model = Watched(small_net(), at, stop)
            before = state_of(model)
            with pytest.raises(type(stop)):
                case(model, *images_for(model.model))
            assert state_of(model) == before


def check_inputs_are_left_as_they_were(case):
    model = small_net()
    x, y = images_for(model)
    x.requires_grad_()
    kept = x.detach().clone(), y.clone()
    case(model, x, y)
    assert torch.equal(x.detach(), kept[0]) and torch.equal(y, kept[1])
    assert x.grad is None and x.requires_grad


def check_a_generator_decides_everything(case):
    model = small_net()
    x, y = images_for(model)
    torch.manual_seed(1)
    first, state = case(model, x, y), torch.get_rng_state()
    torch.manual_seed(2)
    assert torch.equal(case(model, x, y), first)
    torch.manual_seed(1)
    assert torch.equal(torch.get_rng_state(), state), "the global generator was used"


def check_neither_batch_nor_order_matters(case):
    if case.random:
        return
    model = small_net()
    x, y = images_for(model)
    whole = case(model, x, y)
    alone = torch.cat([case(model, x[k : k + 1], y[k : k + 1]) for k in range(len(x))])
    assert torch.allclose(whole, alone, atol=1e-7), "one by one is not as all together"
    turned = case(model, x.flip(0), y.flip(0)).flip(0)
    assert torch.allclose(whole, turned, atol=1e-7), "the order of the images matters"


def check_chunks_bound_the_rows(case):
    model = Watched(small_net())
    x, y = images_for(model.model)
    case(model, x, y, chunk=5)
    assert max(model.rows) <= 5, f"{max(model.rows)} rows in one pass for chunk=5"
    if not case.random:
        assert torch.allclose(case(model, x, y, chunk=5), case(model, x, y), atol=1e-7)


def check_it_works_where_gradients_are_off(case):
    model = small_net()
    x, y = images_for(model)
    want = case(model, x, y)
    with torch.no_grad():
        assert torch.equal(case(model, x, y), want)
    with torch.inference_mode():
        assert torch.equal(case(model, x.clone(), y.clone()), want)
        assert torch.is_inference_mode_enabled()


def check_odd_batches(case):
    model = small_net()
    x, y = images_for(model)
    assert case(model, x[:0], y[:0]).shape == x[:0].shape
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for odd in (x[:1], x.transpose(2, 3), x[::2], x[:1].expand(3, -1, -1, -1)):
            assert case(model, odd, answers(model, odd)).shape == odd.shape
        wrong = (y + 1) % CLASSES
        assert (answers(model, case(model, x, wrong)) != wrong).all(), "wrong already, and then right"
        for narrow in (torch.int32, torch.uint8):
            assert torch.equal(case(model, x, y.to(narrow)), case(model, x, y))


def check_a_progress_bar(case):
    model = small_net()
    x, y = images_for(model)
    assert torch.equal(case(model, x, y, progress=True), case(model, x, y))


def check_bad_input_is_named(case):
    model = small_net()
    x, y = images_for(model)
    with_nan = x.clone()
    with_nan[0] = torch.nan
    for message, arguments in (
        ("model must", (lambda x: x, x, y)),
        ("x must", (model, x.numpy(), y)),
        ("x must .*float32", (model, x.float(), y)),
        (r"x must lie in \[0, 1\]", (model, x * 2, y)),
        (r"x must lie in \[0, 1\]", (model, x - 0.1, y)),
        ("x holds .*not finite", (model, with_nan, y)),
        ("x must be a batch", (model, x[:, 0, 0, 0], y)),
        ("y must be a tensor", (model, x, y.tolist())),
        ("y must hold one label an image", (model, x, y[:-1])),
        ("y must hold one label an image", (model, x, y[:, None])),
        ("y must hold whole", (model, x, y.double())),
        ("y must hold labels", (model, x, y - 9)),
        ("y must hold labels from 0 to 4, got 5", (model, x, torch.full_like(y, 5))),
    ):
        with pytest.raises((ValueError, TypeError), match=message):
            case(*arguments)
    bad = {"chunk": (0, -1, 2.5), "generator": (3,)}
    if "eps" in case.options:
        bad["eps"] = (-0.1, float("nan"), float("inf"), "0.1") + (1.5, 8) * (case.norm == "linf")
    if "steps" in case.options:
        bad["steps"] = (0, -1, 2.5, True)
    for name, values in bad.items():
        for value in values:
            with pytest.raises((ValueError, TypeError), match=f"^{name} must"):
                case(model, x, y, **{name: value})


def state_of(model):
    """Everything that an attack may not change, in a form that can be compared."""
    for p in model.model[0].parameters():
        p.requires_grad_(False)
    weights = list(model.parameters())
    if not any(p.grad is not None for p in weights):
        weights[-1].grad = torch.ones_like(weights[-1])
    return (
        [m.training for m in model.modules()],
        [t.tolist() for t in model.state_dict().values()],
        [(p.requires_grad, None if p.grad is None else p.grad.tolist()) for p in weights],
        [len(m._forward_hooks) + len(m._backward_hooks) for m in model.modules()],
    )


CHECKS = {name.removeprefix("check_"): f for name, f in list(globals().items()) if name.startswith("check_")}


def complaints(case):
    """The names of the checks that a case does not pass."""
    found = []
    for name, check in CHECKS.items():
        try:
            with contextlib.redirect_stderr(None):
                check(case)
        except (Exception, pytest.fail.Exception):
            found.append(name)
    return found
