"""Device, seeds, threads, scale."""

import random

import numpy as np
import pytest
import torch

from course_lib import runtime


@pytest.fixture(autouse=True)
def threads_as_before():
    """A run at class takes all cores; the tests that follow in this process must not: it makes them slow."""
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


def test_seed_everything_repeats_all_generators():
    def draw():
        g = runtime.seed_everything(5)
        return random.random(), np.random.rand(), torch.rand(1).item(), torch.rand(1, generator=g).item()

    first = draw()
    assert draw() == first and len(set(first)) >= 3
    runtime.seed_everything(6)
    assert random.random() != first[0]


@pytest.mark.parametrize("bad", [-1, 2**32, 1.5, True, "0"])
def test_bad_seed_is_named(bad):
    with pytest.raises(ValueError, match="seed"):
        runtime.seed_everything(bad)


def test_pick_and_seeds(monkeypatch):
    monkeypatch.setattr(runtime, "_current", None)
    run = runtime.start("class", 3)
    assert run.pick(smoke=1, quick=2, class_=3, full=4) == 3
    assert runtime.current() is run and run.judged and not runtime.start("smoke").judged
    assert len(set(run.seeds(5))) == 5
    assert not set(run.seeds(5)) & set(runtime.start("class", 4).seeds(5))


def test_unknown_scale_lists_the_scales():
    with pytest.raises(ValueError, match="smoke, quick, class, full; got 'huge'"):
        runtime.start("huge")


def test_threads(monkeypatch):
    monkeypatch.delenv("COURSE_THREADS", raising=False)
    assert runtime.threads_for("quick") == 1 and runtime.threads_for("full") >= 1
    monkeypatch.setenv("COURSE_THREADS", "2")
    assert runtime.threads_for("quick") == 2
    monkeypatch.setenv("COURSE_THREADS", "many")
    with pytest.raises(ValueError, match="COURSE_THREADS"):
        runtime.threads_for("quick")


def test_device_obeys_and_refuses(monkeypatch):
    assert runtime.device("cpu").type == "cpu"
    with pytest.raises(ValueError, match=r"'tpu' is not available.*cpu"):
        runtime.device("tpu")
    monkeypatch.setenv("COURSE_DEVICE", "cpu")
    assert runtime.device().type == "cpu"


def test_seeded_draws_the_same_and_leaves_no_trace():
    torch.manual_seed(1)
    state = torch.get_rng_state()
    with runtime.seeded("cpu", 5):
        first = torch.rand(3)
    with pytest.raises(RuntimeError), runtime.seeded(torch.device("cpu"), 5):
        again = torch.rand(3)
        raise RuntimeError
    assert torch.equal(first, again) and torch.equal(torch.get_rng_state(), state)
    assert not torch.equal(first, torch.rand(3))


def test_home_holds_the_lessons():
    assert (runtime.home() / "notebooks").is_dir()


def test_checkpoints_go_where_the_run_says(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_OUT", str(tmp_path))
    assert runtime.start("full", 2).folder == tmp_path
    monkeypatch.delenv("COURSE_OUT")
    assert runtime.start("full", 2).folder == runtime.home() / "runs" / "full-2"
