"""Against answers that go with everything: hypotheses in the order of what they share with what is answered.

J. Li, M. Galley, C. Brockett, J. Gao and B. Dolan, A Diversity-Promoting Objective Function for Neural Conversation
Models, NAACL 2016. Both objectives re-rank what a search has found: hypotheses of a source are compared with each other
alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from rnnbench.decode.beam import Hypothesis


def against_language(
    found: Sequence[Hypothesis], language: Sequence[Sequence[float]], weight: float, first: int, reward: float
) -> list[Hypothesis]:
    """MMI-antiLM: what is likely without a source counts less.

        score(T) = log p(T | S) - weight sum over k <= first of log p(t_k | t_1 ... t_(k-1)) + reward |T|

    Only the first tokens are punished: later ones follow from these, and without a source they hold the grammar.

    Args:
        found: N hypotheses.
        language: Log-probability of every token of each by a language model, the end included.
        weight: Lambda, 0 leaves the order as it is but for the reward.
        first: How many tokens count.
        reward: Gamma, for every token but the end.
    """
    others = [-weight * sum(of_tokens[:first]) for of_tokens in language]
    return _ranked(found, [one.log_probability + other for one, other in zip(found, others, strict=True)], reward)


def bidirectional(found: Sequence[Hypothesis], back: Sequence[float], weight: float, reward: float) -> list[Hypothesis]:
    """MMI-bidi: what lets the source be guessed counts more.

        score(T) = (1 - weight) log p(T | S) + weight log p(S | T) + reward |T|

    Args:
        found: N hypotheses.
        back: log p(S | T) of each by a reversed model.
        weight: Lambda, in [0, 1].
        reward: Gamma, for every token but the end.
    """
    scores = [(1 - weight) * one.log_probability + weight * other for one, other in zip(found, back, strict=True)]
    return _ranked(found, scores, reward)


def _ranked(found: Sequence[Hypothesis], scores: Sequence[float], reward: float) -> list[Hypothesis]:
    scored = [one._replace(score=score + reward * len(one.tokens)) for one, score in zip(found, scores, strict=True)]
    # Stable: of equal ones the likelier comes first, as the search had them.
    return sorted(scored, key=lambda one: -one.score)
