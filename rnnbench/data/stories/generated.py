"""Stories made by a grammar, of the kinds of six of bAbI's tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple, get_args

from rnnbench.data.generated.base import Choose, Generated, check_sizes
from rnnbench.data.source import Row, Split
from rnnbench.data.stories.world import PEOPLE, PLACES, World
from rnnbench.errors import UserError, did_you_mean
from rnnbench.ranges import Range

Kind = Literal["one_fact", "two_facts", "yes_no", "counting", "lists", "deduction"]

_SEED = 21
_NUMBERS = ("none", "one", "two", "three", "four")
_NOTHING = "nothing"
_SHORTEST = 2
_LENGTH = Range(least=_SHORTEST, most=100)
_ANIMALS = {"bear": "bears", "fox": "foxes", "hare": "hares", "owl": "owls"}
_NAMES = ("Grace", "Hugo", "Ida", "Jonas")


class _Asked(NamedTuple):
    question: str
    answer: str
    supporting: Sequence[int]


class GeneratedStories(Generated):
    """Short stories with a question each, from a grammar; which sentences the answer follows from is known.

    The same on every machine. The kinds are those of bAbI's tasks 1 (``one_fact``: where is somebody), 2
    (``two_facts``: where is a thing that somebody took or left), 6 (``yes_no``), 7 (``counting``: how many things does
    somebody carry), 8 (``lists``: which) and 15 (``deduction``: what is an animal of a kind afraid of), with words of
    their own. No story stands there twice.

    Args:
        kinds: The kinds, in turn.
        length: Most sentences of a story; those of ``deduction`` always have eight.
        train: Number of questions in training.
        held_out: Number of questions in validation and in test, each.
    """

    def __init__(
        self,
        kinds: Sequence[Kind] = get_args(Kind),
        length: Annotated[int, _LENGTH] = 8,
        train: int = 6000,
        held_out: int = 600,
    ) -> None:
        for kind in kinds:
            if kind not in get_args(Kind):
                hint = did_you_mean(kind, get_args(Kind))
                raise UserError(f"there is no kind {kind!r}", where="--data.source.kinds", hint=hint)
        if not kinds:
            raise UserError("no kind is named", where="--data.source.kinds", hint="such as [one_fact, yes_no]")
        check_sizes(train=train, held_out=held_out)
        # Held out first: they stay what they are when there is more to train on.
        super().__init__("generated_stories", _SEED, {"test": held_out, "validation": held_out, "train": train})
        self.kinds = kinds
        self.length = length

    def draw(self, split: Split, number: int, choose: Choose) -> Row | None:
        """A ``story`` with ``task``, ``question``, ``answer`` and ``supporting``; None where nothing can be asked."""
        kind = self.kinds[number % len(self.kinds)]
        if kind == "deduction":
            sentences, asked = _deduction(choose)
        else:
            world = World()
            for _ in range(choose(range(_SHORTEST, self.length + 1))):
                world.happen(choose, things=kind not in ("one_fact", "yes_no"))
            sentences, found = world.sentences, _ask(kind, world, choose)
            if found is None:
                return None
            asked = found
        return {"task": kind, "story": sentences, **asked._asdict(), "supporting": list(asked.supporting)}

    def text(self, row: Row) -> str:
        """The story and the question."""
        return "\n".join([*row["story"], row["question"]])


def _ask(kind: Kind, world: World, choose: Choose) -> _Asked | None:
    """A question whose answer follows from what was told; None where there is no such."""
    if kind == "two_facts":
        if not world.why:
            return None
        thing = choose(list(world.why))
        holder = world.holder.get(thing)
        place = world.lies[thing] if holder is None else world.place[holder]
        supporting = world.why[thing] if holder is None else (world.why[thing][0], world.went[holder])
        return _Asked(f"Where is the {thing}?", place, supporting)
    person = choose(list(world.place))
    if kind == "one_fact":
        return _Asked(f"Where is {person}?", world.place[person], [world.went[person]])
    if kind == "yes_no":
        there = choose((True, False))
        place = world.place[person] if there else choose([one for one in PLACES if one != world.place[person]])
        return _Asked(f"Is {person} in the {place}?", "yes" if there else "no", [world.went[person]])
    if not world.handled:
        return None
    person = choose([one for one in PEOPLE if one in world.handled])
    things = world.carried(person)
    if kind == "counting":
        question, answer = f"How many things does {person} carry?", _NUMBERS[len(things)]
    else:
        question, answer = f"What does {person} carry?", ",".join(things) or _NOTHING
    return _Asked(question, answer, world.handled[person])


def _deduction(choose: Choose) -> tuple[list[str], _Asked]:
    """Which animals of a kind are afraid of which, and of which kind four of them are."""
    kinds = list(_ANIMALS)
    fears = {kind: choose([one for one in kinds if one != kind]) for kind in kinds}
    of_kind = {name: choose(kinds) for name in _NAMES}
    told = {kind: f"{_ANIMALS[kind].capitalize()} are afraid of {_ANIMALS[other]}." for kind, other in fears.items()}
    told |= {name: f"{name} is {'an' if kind == 'owl' else 'a'} {kind}." for name, kind in of_kind.items()}
    left, order = list(told), []
    while left:
        order.append(choose(left))
        left.remove(order[-1])
    name = choose(_NAMES)
    supporting = [order.index(name), order.index(of_kind[name])]
    return [told[one] for one in order], _Asked(f"What is {name} afraid of?", fears[of_kind[name]], supporting)
