"""Items that are made when they are asked for are those of a list."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnnbench.data import lazy
from rnnbench.data.lazy import Chosen, Each, Joined, Lazy, each, take

ITEMS = st.lists(st.integers(0, 9), max_size=12)


class Counted(Lazy):
    """The items of a list, and how often some were taken at once."""

    def __init__(self, items):
        self.items = items
        self.taken = 0

    def __len__(self):
        return len(self.items)

    def take(self, numbers):
        self.taken += 1
        return [self.items[number] for number in numbers]


@given(st.lists(ITEMS, max_size=4), st.data())
def test_as_of_a_list(parts, data):
    expected = [item for part in parts for item in part]
    joined = Joined([Counted(part) if len(part) % 2 else part for part in parts])
    numbers = st.lists(st.integers(0, len(expected) - 1)) if expected else st.just([])
    chosen = data.draw(numbers)
    pairs = [
        (joined, expected),
        (Each(joined, lambda item, number: (number, item)), list(enumerate(expected))),
        (Chosen(joined, chosen), [expected[number] for number in chosen]),
    ]
    for found, wanted in pairs:
        assert list(found) == wanted
        assert len(found) == len(wanted)
        assert [found[number] for number in range(-len(wanted), len(wanted))] == wanted * 2
        span = slice(*data.draw(st.tuples(*[st.integers(-9, 9) | st.none()] * 2)))
        assert list(found[span]) == wanted[span]
        assert take(found, range(len(wanted))) == take(wanted, range(len(wanted))) == wanted
        with pytest.raises(IndexError):
            found[len(wanted)]


def test_a_pass_takes_many_at_once_and_a_change_is_made_late(monkeypatch):
    monkeypatch.setattr(lazy, "_PART", 4)
    items, made = Counted(list(range(10))), []
    changed = each(items, lambda item, number: made.append(number) or item + 1)
    assert made == []
    assert list(changed) == list(range(1, 11))
    assert items.taken == 3
    assert each([1, 2], lambda item, number: item + number) == [1, 3], "what is in memory is changed at once"
