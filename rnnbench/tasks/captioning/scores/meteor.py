"""METEOR of English captions, by the program of the COCO evaluation where it is installed."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
from collections.abc import Sequence

# Matches no word. The program answers nothing at all to an empty caption.
_NOTHING = "∅"


def meteor(captions: Sequence[str], references: Sequence[Sequence[str]]) -> float | None:
    """METEOR 1.5, from 0 to 100 (M. Denkowski and A. Lavie, Meteor Universal, WMT 2014).

    Args:
        captions: A caption for each of N images, words parted by spaces.
        references: The captions of each image in the data, at least one.

    Returns:
        The score of the corpus; None where the package ``pycocoevalcap`` (``pip install 'rnnbench[coco]'``) or Java is
        missing.
    """
    if shutil.which("java") is None or importlib.util.find_spec("pycocoevalcap") is None:
        return None
    scorer = importlib.import_module("pycocoevalcap.meteor.meteor").Meteor()
    try:
        truth = {i: [text for text in texts if text] for i, texts in enumerate(references)}
        score, _ = scorer.compute_score(truth, {i: [text or _NOTHING] for i, text in enumerate(captions)})
        return 100 * float(score)
    finally:
        process = scorer.meteor_p
        process.kill()
        # Closes its pipes, too.
        process.communicate()
