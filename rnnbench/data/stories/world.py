"""A little world of people who walk about and carry things, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from rnnbench.data.generated.base import Choose

PEOPLE = ("Anna", "Boris", "Clara", "Dora", "Emil", "Fritz")
PLACES = ("attic", "cellar", "harbour", "library", "market", "station")
THINGS = ("book", "coin", "key", "lamp")
_GO = ("walked to", "ran to", "hurried to", "went back to")
_TAKE = ("took", "picked up", "fetched")
_LEAVE = ("put down", "left", "dropped")
# Of so many events, one is that something is taken or left, as far as that can be.
_HANDS = 3


@dataclass
class World:
    """What happened, sentence by sentence, and how things stand now.

    Args:
        sentences: What was told.
        place: Where each person is that has gone anywhere.
        went: The sentence in which each of them last went somewhere.
        holder: Who carries a thing.
        lies: Where a thing was left.
        why: For a thing that was taken or left: the sentence that says so and, where it lies, the one that says where.
        handled: The sentences in which each person took or left something.
    """

    sentences: list[str] = field(default_factory=list)
    place: dict[str, str] = field(default_factory=dict)
    went: dict[str, int] = field(default_factory=dict)
    holder: dict[str, str] = field(default_factory=dict)
    lies: dict[str, str] = field(default_factory=dict)
    why: dict[str, tuple[int, ...]] = field(default_factory=dict)
    handled: dict[str, list[int]] = field(default_factory=dict)

    def carried(self, person: str) -> list[str]:
        """What somebody carries, in the order in which it was taken."""
        return [thing for thing, holder in self.holder.items() if holder == person]

    def happen(self, choose: Choose, things: bool) -> None:
        """Something happens, and is told.

        Args:
            choose: Makes every choice.
            things: Whether things are taken and left, or people walk about only.
        """
        if things and self.place and not choose(range(_HANDS)):
            person = choose(list(self.place))
            if self._take(person, choose) if choose((True, False)) else self._leave(person, choose):
                return
        person = choose(PEOPLE)
        self._go(person, choose([one for one in PLACES if one != self.place.get(person)]), choose)

    def _go(self, person: str, place: str, choose: Choose) -> None:
        self.place[person], self.went[person] = place, len(self.sentences)
        self.sentences.append(f"{person} {choose(_GO)} the {place}.")

    def _take(self, person: str, choose: Choose) -> bool:
        here = self.place[person]
        near = [one for one in THINGS if one not in self.holder and self.lies.get(one, here) == here]
        if not near:
            return False
        thing = choose(near)
        self.lies.pop(thing, None)
        self.holder[thing] = person
        self._handled(person, thing, f"{person} {choose(_TAKE)} the {thing}.", ())
        return True

    def _leave(self, person: str, choose: Choose) -> bool:
        there = self.carried(person)
        if not there:
            return False
        thing = choose(there)
        del self.holder[thing]
        self.lies[thing] = self.place[person]
        self._handled(person, thing, f"{person} {choose(_LEAVE)} the {thing}.", (self.went[person],))
        return True

    def _handled(self, person: str, thing: str, sentence: str, where: tuple[int, ...]) -> None:
        self.why[thing] = (len(self.sentences), *where)
        self.handled.setdefault(person, []).append(len(self.sentences))
        self.sentences.append(sentence)
