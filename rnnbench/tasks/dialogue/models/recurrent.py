"""The recurrent encoder-decoder over turns."""

from __future__ import annotations

from rnnbench.tasks.base.pairs.recurrent import EncoderDecoder
from rnnbench.tasks.dialogue.data import DialogueData
from rnnbench.tasks.dialogue.model import DialogueModel


class Responder(EncoderDecoder[DialogueData], DialogueModel):
    """An encoder over the turns before a reply, and a decoder that writes the reply token by token.

    O. Vinyals and Q. V. Le, A Neural Conversational Model, ICML Deep Learning Workshop 2015.
    """
