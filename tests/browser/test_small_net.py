"""The net that runs inside the pixel hunter's page answers as torch does."""

import numpy as np
import pytest
import torch

from course_lib.data import load
from course_lib.widgets.page import script
from course_lib.widgets.pixel_hunter import PixelHunter, pixel_hunter

pytestmark = pytest.mark.browser
LOGITS = """async ([source, content, images]) => {
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const { decode, logits } = await import(address);
    const weights = decode(content);
    return images.map(image => logits(weights, new Float32Array(image)));
}"""


@pytest.fixture(scope="module")
def hunter():
    return pixel_hunter()


def test_the_net_in_the_browser_answers_as_torch(page, hunter):
    sheet, errors = page
    images = torch.cat([load("mnist", "test", size="small").x[:12], hunter.x,
                        torch.zeros(1, 1, 28, 28), torch.ones(1, 1, 28, 28),
                        torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(0))])
    source, content = script(*PixelHunter.scripts, PixelHunter.front), {"weights": hunter.content["weights"]}
    given = [source, content, images.flatten(1).tolist()]
    with torch.no_grad():
        assert np.abs(np.array(sheet.evaluate(LOGITS, given)) - hunter.model(images).numpy()).max() < 1e-4
    assert errors == []
