"""What every decoder of captions is."""

from __future__ import annotations

from torch import Tensor

from rnnbench.nn.decoder import Decoder


class CaptionDecoder(Decoder):
    """A decoder that may add something to the loss."""

    def penalty(
        self, made: Tensor, attention: Tensor | None, nats: Tensor, valid: Tensor, regions: Tensor
    ) -> Tensor | None:
        """What this decoder adds to the loss of a batch.

        Args:
            made: What `read` made ``(N, T, P)``.
            attention: Its weights ``(N, T, S)``.
            nats: Negative log-likelihood of every token ``(N, T)``, zero past each length.
            valid: Which tokens there are ``(N, T)`` (bool).
            regions: How many regions each caption's image has ``(N,)`` int64.

        Returns:
            A mean over tokens ``()``, so that captions together lose what they lose apart; what belongs to a caption
            counts for each of its tokens. None for nothing.
        """
        return None
