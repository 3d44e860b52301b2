"""Dialogues in a café made by a grammar: what was said long ago is asked for, and one dull answer fits everything."""

from __future__ import annotations

from rnnbench.data.generated.base import Choose, Generated, check_sizes
from rnnbench.data.source import Row, Split

_SEED = 31

_NAMES = (
    "anna", "ben", "clara", "david", "emma", "felix", "greta", "henry", "ida", "jonas", "karla", "leo", "mona", "nils",
    "olga", "paul",
)  # fmt: skip
_DRINKS = {
    "tea": ("milk", "lemon"), "coffee": ("milk", "sugar"), "cocoa": ("cream", "cinnamon"), "juice": ("ice", "mint"),
    "water": ("ice", "lemon"), "chai": ("honey", "milk"),
}  # fmt: skip
_CAKES = ("apple pie", "carrot cake", "cheese cake", "plum cake", "waffle", "brownie")
_VIEWS = {
    "the weather": "it will rain tonight", "the music": "my brother plays the piano",
    "the new bridge": "it took six years", "football": "our team lost again",
    "the cinema": "the last film was too long", "the train": "it is late every day",
    "the garden": "the roses need water", "the museum": "it is closed on monday", "the sea": "it is too cold for me",
    "the mayor": "she comes here for lunch", "the market": "the fish is fresh", "the winter": "i miss the sun",
}  # fmt: skip
_DULL = "i do not know."
_GREETINGS = ("hello, i am {name}.", "good morning, my name is {name}.", "hi, {name} is my name.")
_ORDERS = ("a {drink} and a {cake}, please.", "i would like a {drink} and a {cake}.", "a {cake} and a {drink}.")
_CHOICES = ("with {extra}.", "with {extra}, please.", "{extra}.")
_QUESTIONS = ("what do you think of {topic}?", "and what about {topic}?", "tell me about {topic}.")
_REMARKS = ("{view}.", "well, {view}.", "you know, {view}.")
_THANKS = ("thank you.", "thanks a lot.", "that is all.")
# In so many of so many cases the waiter has nothing to say: oftener than any single other answer.
_SILENT, _OF = 2, 5


class GeneratedDialogues(Generated):
    """A guest orders in a café, from a grammar: ten turns of two speakers, the same on every machine.

    The waiter repeats what was ordered three turns before, and at the end knows the guest's name, last said eight turns
    before: so it takes one, three or eight turns of context to know what is said next. Asked for an opinion, the waiter
    has one on every topic, which is said in three ways, but in two of five cases does not know: the likeliest answer to
    every such question, and the dullest. No dialogue stands there twice.

    Args:
        train: Number of dialogues in training.
        held_out: Number of dialogues in validation and in test, each.
    """

    def __init__(self, train: int = 800, held_out: int = 100) -> None:
        check_sizes(train=train, held_out=held_out)
        # Held out first: they stay what they are when there is more to train on.
        super().__init__("generated_dialogues", _SEED, {"test": held_out, "validation": held_out, "train": train})

    def draw(self, split: Split, number: int, choose: Choose) -> Row:
        """A dialogue as ``turns``."""
        name, drink, cake, topic = choose(_NAMES), choose(list(_DRINKS)), choose(_CAKES), choose(list(_VIEWS))
        one, other = _DRINKS[drink]
        extra = choose((one, other))
        said = {"name": name, "drink": drink, "cake": cake, "extra": extra, "topic": topic, "view": _VIEWS[topic]}
        answer = _DULL if choose(range(_OF)) < _SILENT else choose(_REMARKS)
        turns = (
            choose(_GREETINGS),
            "hello {name}, what would you like?",
            choose(_ORDERS),
            f"the {{drink}} with {one} or with {other}?",
            choose(_CHOICES),
            "a {drink} with {extra} and a {cake}.",
            choose(_QUESTIONS),
            answer,
            choose(_THANKS),
            "a {drink} with {extra} and a {cake} for {name}.",
        )
        return {"turns": [turn.format(**said) for turn in turns]}

    def text(self, row: Row) -> str:
        """All turns."""
        return "\n".join(row["turns"])
