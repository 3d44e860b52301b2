import pytest

import rnnbench.bench.timing
from rnnbench.bench.timing import geometric_mean, ratio, time_in_turns


@pytest.fixture
def clock(monkeypatch):
    """A clock that only steps advance."""

    class Clock:
        now = 0.0

        def perf_counter(self):
            return self.now

    one = Clock()
    monkeypatch.setattr(rnnbench.bench.timing, "time", one)
    return one


def takes(clock, seconds, name="", calls=None):
    def step():
        clock.now += seconds
        if calls is not None:
            calls.append(name)

    return step


def test_steps_take_turns_and_every_other_call_does_not_count(clock):
    calls = []
    steps = {"a": takes(clock, 1.0, "a", calls), "b": takes(clock, 2.0, "b", calls)}
    assert time_in_turns(steps, 3, 1000.0) == {"a": [1.0] * 3, "b": [2.0] * 3}
    assert calls == ["a", "a", "b", "b"] * 3


@pytest.mark.parametrize(("each", "rounds"), [(0.03125, 10), (0.125, 5), (1.0, 3), (2.0, 3), (8.0, 1)])
def test_rounds_end_when_time_is_up(clock, each, rounds):
    assert len(time_in_turns({"a": takes(clock, each)}, 10, 1.0)["a"]) == rounds


def test_a_ratio_is_the_median_of_ratios_within_rounds():
    times = {"a": [1.0, 10.0, 3.0], "b": [2.0, 2.0, 2.0], "never": []}
    assert ratio(times, "a", "b") == 1.5
    assert ratio(times, "a", "never") is None
    assert ratio(times, "a", "unknown") is None


def test_geometric_mean():
    assert geometric_mean([0.5, 2.0, None]) == pytest.approx(1.0)
    assert geometric_mean([None]) is None
