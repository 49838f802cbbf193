"""Images to choose from: named once each, and a model's answers that leave it as it was."""

import numpy as np
import pytest
import torch

from course_lib.widgets.samples import check_samples, options, probabilities

X, Y = torch.rand(3, 1, 8, 8, generator=torch.Generator().manual_seed(0)), torch.tensor([7, 2, 7])


def test_options_have_a_text_each():
    assert options(Y) == {"7": 0, "2": 1, "7, no. 2": 2}


def test_a_model_answers_in_eval_mode_and_stays_in_its_own():
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 4), torch.nn.Dropout(0.9)).train()
    p = probabilities(model, X)
    assert p.shape == (3, 4) and np.allclose(p.sum(1), 1) and model.training
    assert np.array_equal(p, model[:2](X).softmax(1).detach().numpy())


@pytest.mark.parametrize(("x", "y", "named"), [
    (X.numpy(), Y, "x must be a tensor"), (X, [7, 2, 7], "y must be a tensor"),
    (X[0], Y, "x must hold 1 to 20 grey images"), (X.expand(3, 3, 8, 8), Y, "grey"),
    (X[:0], Y[:0], "1 to 20"), (X.repeat(7, 1, 1, 1), Y.repeat(7), "1 to 20"), (X, Y[:2], "y must hold one"),
])
def test_what_does_not_fit_is_named(x, y, named):
    with pytest.raises((TypeError, ValueError), match=named):
        check_samples(x, y)
