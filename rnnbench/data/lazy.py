"""Sequences whose items are made when they are asked for, so that no more of them is in memory than is looked at."""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar, overload

if TYPE_CHECKING:  # verbs that only read files start without it
    import numpy as np
    from numpy.typing import NDArray

Numbers: TypeAlias = "Sequence[int] | NDArray[np.int64]"
"""Which items, from 0."""

T = TypeVar("T")
U = TypeVar("U")

# Items of a pass that are in memory at a time.
_PART = 4096


class Lazy(Sequence[T]):
    """Items that are made when they are asked for, anew every time; cheapest when many are asked for at once."""

    @abstractmethod
    def take(self, numbers: Numbers) -> list[T]:
        """Some of the items.

        Args:
            numbers: Which, in any order, each between 0 and the length.
        """

    def __iter__(self) -> Iterator[T]:
        """All of them, part by part."""
        for start in range(0, len(self), _PART):
            yield from self.take(range(start, min(start + _PART, len(self))))

    @overload
    def __getitem__(self, number: int) -> T: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[T]: ...

    def __getitem__(self, number: int | slice) -> T | Sequence[T]:
        """An item, or some of them, which are not made before they are asked for either."""
        if isinstance(number, slice):
            return Chosen(self, range(len(self))[number])
        return self.take([range(len(self))[number]])[0]


def take(items: Sequence[T], numbers: Numbers) -> list[T]:
    """Some items of any sequence; see `Lazy.take`."""
    return items.take(numbers) if isinstance(items, Lazy) else [items[number] for number in numbers]


def each(items: Sequence[T], make: Callable[[T, int], U]) -> Sequence[U]:
    """What is made of each item: at once where all are in memory, or else when it is asked for.

    Args:
        items: The items.
        make: Makes it of an item and its number.
    """
    return Each(items, make) if isinstance(items, Lazy) else [make(item, i) for i, item in enumerate(items)]


class Each(Lazy[U], Generic[T, U]):
    """What is made of each item.

    Args:
        items: The items.
        make: Makes it of an item and its number.
    """

    def __init__(self, items: Sequence[T], make: Callable[[T, int], U]) -> None:
        self._items = items
        self._make = make

    def __len__(self) -> int:
        return len(self._items)

    def take(self, numbers: Numbers) -> list[U]:
        """See `Lazy.take`."""
        return [self._make(item, int(number)) for item, number in zip(take(self._items, numbers), numbers, strict=True)]


class Chosen(Lazy[T]):
    """Some items, in any order.

    Args:
        items: The items.
        numbers: Which.
    """

    def __init__(self, items: Sequence[T], numbers: Numbers) -> None:
        self._items = items
        self._numbers = numbers

    def __len__(self) -> int:
        return len(self._numbers)

    def take(self, numbers: Numbers) -> list[T]:
        """See `Lazy.take`."""
        return take(self._items, [int(self._numbers[number]) for number in numbers])


class Joined(Lazy[T]):
    """The items of several sequences, one after the other.

    Args:
        parts: The sequences.
    """

    def __init__(self, parts: Sequence[Sequence[T]]) -> None:
        self._parts = parts
        self._ends = list(accumulate(map(len, parts)))

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    def take(self, numbers: Numbers) -> list[T]:
        """See `Lazy.take`."""
        wanted: dict[int, list[tuple[int, int]]] = defaultdict(list)
        for place, number in enumerate(numbers):
            part = bisect_right(self._ends, number)
            wanted[part].append((place, int(number) - (self._ends[part - 1] if part else 0)))
        found: dict[int, T] = {}
        for part, asked in wanted.items():
            items = take(self._parts[part], [number for _, number in asked])
            found.update(zip((place for place, _ in asked), items, strict=True))
        return [found[place] for place in range(len(numbers))]
