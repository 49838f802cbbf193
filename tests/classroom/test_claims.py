"""claim(): three verdicts, a text without numbers, and numbers where the ledger finds them."""

import json
import re

import numpy as np
import pytest
import torch

from course_lib import runtime
from course_lib.classroom import claims
from course_lib.classroom.claims import claim, record
from course_lib.measure.statistics import estimate
from course_lib.runtime import start

EVIDENCE = {"gap": 0.12345, "loss": estimate([1.0, 1.1, 1.2]), "depths": [8, 44], "kind": "plain"}


@pytest.fixture
def shown(monkeypatch):
    found = []
    monkeypatch.setattr(claims, "display", found.append)
    monkeypatch.setattr(runtime, "_current", None)
    threads = torch.get_num_threads()
    yield found
    torch.set_num_threads(threads)


def bundle(shown):
    data, metadata = shown[-1]._repr_mimebundle_()
    return data["text/plain"], data["text/html"], metadata[claims.METADATA_KEY]


@pytest.mark.parametrize(
    ("holds", "verdict"), [(True, "holds"), (False, "does not hold"), (None, "undecided")]
)
def test_three_verdicts(shown, holds, verdict):
    start("quick", 3)
    claim("S4-20", "Deeper plain nets train worse", holds=holds, evidence=EVIDENCE, source="fig. 1")
    text, html, record = bundle(shown)
    assert text == f"S4-20: Deeper plain nets train worse: {verdict}"
    assert verdict in html
    assert (record["verdict"], record["scale"], record["seed"]) == (verdict, "quick", 3)
    assert record["source"] == "fig. 1" and record["threads"] >= 1 and record["device"]


def test_nothing_is_judged_at_smoke(shown):
    start("smoke", 0)
    claim("S4-20", "Deeper plain nets train worse", holds=True, evidence=EVIDENCE)
    assert bundle(shown)[2]["verdict"] == "not judged"
    record("S4-22", "plain 20", evidence=EVIDENCE)
    assert bundle(shown)[2]["verdict"] == "not judged"


def test_a_measurement_is_recorded_without_a_verdict(shown):
    start("quick", 0)
    record("S4-22", "plain 20", evidence=EVIDENCE)
    text, _, kept = bundle(shown)
    assert text == "S4-22: plain 20: measured"
    assert kept["verdict"] == "measured" and kept["evidence"]["gap"] == 0.12345


def test_numbers_stand_only_in_the_marked_line(shown):
    start("quick", 0)
    claim("S4-20", "Deeper plain nets train worse", holds=True, evidence=EVIDENCE, source="0.57")
    text, html, _ = bundle(shown)
    spans = re.findall(r'<span class="course-numbers">(.*?)</span>', html)
    assert len(spans) == 1 and "0.123" in spans[0] and "0.57" in spans[0]
    assert not re.search(r"0\.\d|seeds", text + html.replace(spans[0], ""))


def test_the_record_is_json_that_keeps_the_numbers(shown):
    start("quick", 0)
    claim("S4-20", "x", holds=True, evidence={**EVIDENCE, "one": estimate([1.0]), "t": torch.tensor(0.5),
                                               "n": np.float32(2)})
    record = bundle(shown)[2]
    kept = json.loads(json.dumps(record, allow_nan=False))["evidence"]
    assert kept["gap"] == 0.12345 and kept["depths"] == [8, 44] and kept["t"] == 0.5 and kept["n"] == 2
    assert kept["loss"]["mean"] == pytest.approx(1.1) and kept["loss"]["n"] == 3
    assert kept["one"]["low"] is None


def test_markup_in_a_sentence_stays_text(shown):
    claim("S4-20", "if a < b & c", holds=True, evidence={"</span><b>": "</span>"})
    html = bundle(shown)[1]
    assert "a &lt; b &amp; c" in html
    assert html.count("<span") == html.count("</span>") == 1


def test_an_unknown_row_is_an_error(shown):
    with pytest.raises(KeyError, match=r"S9-99.*syllabus"):
        claim("S9-99", "x", holds=True, evidence=EVIDENCE)
    assert shown == []


@pytest.mark.parametrize("holds", [1, 0, "yes", np.bool_(True), torch.tensor(True)])
def test_only_true_false_and_none_are_verdicts(shown, holds):
    with pytest.raises(TypeError, match="bool"):
        claim("S4-20", "x", holds=holds, evidence=EVIDENCE)


def test_a_claim_without_evidence_is_an_error(shown):
    with pytest.raises(ValueError, match="evidence"):
        claim("S4-20", "x", holds=True, evidence={})
