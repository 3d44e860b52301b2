"""Which tags of words and entities may follow each other."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from rnnbench.data.text.spans import Scheme
from rnnbench.nn.crf import Legal

_OPEN = "BIM"
_CONTINUING = "IME"


def legal(tags: Sequence[str], scheme: Scheme) -> Legal:
    """Which tags may follow each other, start and end a sequence.

    Args:
        tags: The tags in the order of ids.
        scheme: How spans are written; in BIO a span may end anywhere.
    """
    must_go_on = [scheme != "bio" and tag[0] in _OPEN for tag in tags]
    goes_on = [tag[0] in _CONTINUING for tag in tags]

    def may_follow(i: int, j: int) -> bool:
        if goes_on[j]:
            return tags[i][0] in _OPEN and tags[i][1:] == tags[j][1:]
        return not must_go_on[i]

    return Legal(
        torch.tensor([[may_follow(i, j) for j in range(len(tags))] for i in range(len(tags))]),
        ~torch.tensor(goes_on),
        ~torch.tensor(must_go_on),
    )
