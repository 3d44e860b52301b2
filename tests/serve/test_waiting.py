"""Whoever waits gets the answer to what was asked, whoever waits beside."""

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnnbench.serve.waiting import Waiting


def answers(waiting, questions):
    return [future.result(10) for future in [waiting.ask(one) for one in questions]]


@settings(max_examples=50)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 5)), max_size=30), st.integers(1, 9))
def test_everyone_gets_the_own_answer_and_no_batch_is_too_large(questions, most):
    seen, first = [], threading.Event()

    def answer(some):
        first.wait(10)  # so that all others wait
        seen.append(some)
        return [(kind, size, "answered") for kind, size in some]

    waiting = Waiting(answer, lambda a, b: a[0] == b[0], lambda one: one[1], most)
    futures = [waiting.ask(one) for one in questions]
    first.set()
    assert [future.result(10) for future in futures] == [(*one, "answered") for one in questions]
    waiting.close()
    assert sorted(one for some in seen for one in some) == sorted(questions)
    for some in seen:
        assert len({kind for kind, _ in some}) == 1
        assert sum(size for _, size in some) <= most or len(some) == 1
    # The first of each batch is the first that waited.
    left = list(questions)
    for some in seen:
        assert some[0] == left[0]
        for one in some:
            left.remove(one)
    assert (waiting.answered, waiting.batches) == (len(questions), len(seen))


def test_what_fails_fails_those_that_asked_and_no_one_after_them(capsys):
    def answer(some):
        if "bad" in some:
            raise ZeroDivisionError("no")
        return [ValueError("mine") if one == "wrong" else one.upper() for one in some]

    waiting = Waiting(answer, lambda a, b: True, lambda one: 1, 1)
    futures = [waiting.ask(one) for one in ("a", "bad", "wrong", "b")]
    assert futures[0].result(10) == "A"
    with pytest.raises(ZeroDivisionError):
        futures[1].result(10)
    with pytest.raises(ValueError, match="mine"):
        futures[2].result(10)
    assert futures[3].result(10) == "B"
    waiting.close()
    assert "ZeroDivisionError: no" in capsys.readouterr().err


def test_an_end_comes_after_all_that_waits():
    def answer(some):
        time.sleep(0.02)
        return some

    waiting = Waiting(answer, lambda a, b: False, lambda one: 1, 1)
    futures = [waiting.ask(number) for number in range(10)]
    waiting.close()
    assert [future.result(0) for future in futures] == list(range(10))
