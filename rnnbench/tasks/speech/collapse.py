"""Whether a recogniser says the same of whatever it hears."""

from __future__ import annotations

from collections.abc import Sequence

_FEWEST = 10


def collapse(texts: Sequence[tuple[str, str]], blank: float, unit: str) -> str | None:
    """A notice of outputs that hardly depend on the sound; None where they do.

    A network trained with CTC first learns to say nothing, and with too few examples of each token, as words have them,
    stays there or with the most frequent one.

    Args:
        texts: What was said and what was recognised in each recording.
        blank: Share of the steps whose best token is the blank.
        unit: What a token is.
    """
    said, recognised = ({pair[i] for pair in texts} for i in (0, 1))
    # A few different outputs are right where few different things were said.
    if len(texts) < _FEWEST or len(recognised) > 2 or len(said) <= 2 * len(recognised):
        return None
    shown = " and ".join(repr(text) for text in sorted(recognised))
    advice = "train longer, or lower --model.optimizer.lr"
    if unit == "word":
        advice = "words are rare; try characters: --data.unit char"
    return (
        f"of {len(texts):,} recordings with {len(said):,} different transcripts, all are recognised as {shown}"
        f" (blank in {blank:.0%} of the steps); {advice}"
    )
